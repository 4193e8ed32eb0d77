//! State of the account: enable and disable.

use super::View;
use super::recovery::RecoveryCount;
use crate::render::contact::{self, Contact};
use crate::render::frame::LocalPath;
use crate::render::problem::WordsError;
use crate::render::secret_text::SecretText;
use crate::render::words::{Say, Words};
use serde_json::{Value, json};

/// The status page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Nobody is logged in here.
    NotLoggedIn {
        /// Where a login begins.
        login: LocalPath,
    },
    /// An accepted session.
    LoggedIn(Box<AccountStatus>),
}

/// What the status page shows of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountStatus {
    /// Value of the `csrf` fields.
    pub csrf: SecretText,
    /// Folded user id.
    pub user_id: String,
    /// Role as the application names it.
    pub role: String,
    /// `None` when TOTP is not active.
    pub active: Option<ActiveSince>,
    /// Whether an address can be registered.
    pub by_mail: bool,
    /// Whether another phone may be bound from this session.
    pub replace: bool,
    /// What the policy means for this account.
    pub rule: Rule,
    /// What went wrong with the last disable.
    pub error: Option<DisableError>,
    /// The server's wall clock with its zone as text; shown next to an error.
    pub clock: Option<String>,
    /// Whom to ask.
    pub contacts: Vec<Contact>,
}

/// An active binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveSince {
    /// Date with its zone, as text.
    pub since: String,
    /// The phone that may approve logins, by its browser.
    pub phone: Option<String>,
    /// Letter of the entry in the app.
    pub entry: String,
    /// Its recovery codes; `None` when none were ever made.
    pub recovery: Option<RecoveryCount>,
}

/// The policy for one account. `observe` shows the user nothing and counts as [`Rule::Off`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// The password alone.
    Off,
    /// Whoever enables it must use it.
    Optional,
    /// The same, and whoever has not is asked to.
    Encouraged,
    /// Activation before anything else.
    Required,
}

/// Why a disable was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisableError {
    /// Not the code.
    Wrong,
    /// Not six digits.
    Malformed,
    /// Accepted before.
    Used {
        /// Seconds until the app shows the next code.
        seconds: u32,
    },
    /// A code of an earlier step.
    Late,
    /// The growing delay is not over.
    TooMany {
        /// Seconds to wait.
        seconds: u32,
    },
    /// No more attempts in this lane.
    Exhausted,
}

impl Status {
    pub(super) fn view(&self, words: &Words) -> Result<View, WordsError> {
        let title = Say::key("common.totp");
        match self {
            Self::NotLoggedIn { login } => Ok(View::new(
                title,
                json!({ "account": null, "login": login.as_str() }),
            )),
            Self::LoggedIn(account) => Ok(View::new(title, account.view(words)?)),
        }
    }

    pub(super) fn samples() -> Vec<(String, Self)> {
        let page = |(name, account): (&str, AccountStatus)| {
            (format!("status_{name}"), Self::LoggedIn(Box::new(account)))
        };
        let plain = AccountStatus::sample();
        let mut samples: Vec<_> = plain.samples().into_iter().map(page).collect();
        samples.extend(plain.error_samples().into_iter().map(page));
        samples.extend(LocalPath::parse("/eproc4/").map(|login| {
            (
                "status_not_logged_in".to_owned(),
                Self::NotLoggedIn { login },
            )
        }));
        samples
    }
}

impl AccountStatus {
    fn view(&self, words: &Words) -> Result<Value, WordsError> {
        let active = self.active.as_ref();
        let entry = active.map_or("", |active| &active.entry);
        let error = self
            .error
            .map(|error| error.view(&self.contacts, words))
            .transpose()?;
        let rule = match self.rule {
            Rule::Off => "status.rule_off",
            Rule::Optional => "status.rule_optional",
            Rule::Encouraged => "status.rule_encouraged",
            Rule::Required => "status.rule_required",
        };
        Ok(json!({
            "login": null,
            "csrf": self.csrf.expose(),
            "account": {
                "user_id": self.user_id,
                "role": self.role,
                "active": active.map(|active| json!({
                    "since": active.since,
                    "phone": active.phone,
                    "entry": active.entry,
                    "recovery": active.recovery.as_ref().map(RecoveryCount::view),
                })),
                "replace": self.replace,
                "by_mail": self.by_mail,
                "rule": Say::key(rule),
                "asks_again": self.rule == Rule::Required,
                "can_enable": self.rule != Rule::Off,
            },
            "error": error,
            "clock": self.clock,
            "code_label": Say::key("acceptor.code_label").with("entry", entry),
            "focus_code": self.error.is_some(),
            "contacts": contact::views(&self.contacts),
        }))
    }

    fn sample() -> Self {
        let active = ActiveSince {
            since: "2 Januari 2027 10.32 WIB".to_owned(),
            phone: Some("Chrome (Android)".to_owned()),
            entry: "B".to_owned(),
            recovery: Some(RecoveryCount::sample(7)),
        };
        Self {
            csrf: SecretText::new("c3JmLXNhbXBsZQ".to_owned()),
            user_id: "PPK2".to_owned(),
            role: "Pejabat Pembuat Komitmen".to_owned(),
            active: Some(active),
            by_mail: false,
            replace: false,
            rule: Rule::Required,
            error: None,
            clock: None,
            contacts: Contact::samples().into_iter().take(1).collect(),
        }
    }

    fn samples(&self) -> Vec<(&'static str, Self)> {
        let ruled = |rule| Self {
            rule,
            ..self.clone()
        };
        let idle = |rule| Self {
            active: None,
            rule,
            contacts: Vec::new(),
            ..self.clone()
        };
        let coded = |recovery, replace| Self {
            active: self
                .active
                .clone()
                .map(|active| ActiveSince { recovery, ..active }),
            by_mail: true,
            replace,
            ..self.clone()
        };
        vec![
            ("active_required", self.clone()),
            ("active_optional", ruled(Rule::Optional)),
            ("active_off", ruled(Rule::Off)),
            ("idle_required", idle(Rule::Required)),
            ("idle_optional", idle(Rule::Optional)),
            ("idle_encouraged", idle(Rule::Encouraged)),
            ("idle_off", idle(Rule::Off)),
            ("replace", coded(Some(RecoveryCount::sample(2)), true)),
            ("never", coded(None, false)),
        ]
    }

    fn error_samples(&self) -> Vec<(&'static str, Self)> {
        let error = |error, clock: Option<&str>| Self {
            error: Some(error),
            clock: clock.map(str::to_owned),
            ..self.clone()
        };
        vec![
            ("wrong", error(DisableError::Wrong, Some("10.32.05 WIB"))),
            ("malformed", error(DisableError::Malformed, None)),
            ("used", error(DisableError::Used { seconds: 17 }, None)),
            ("late", error(DisableError::Late, None)),
            (
                "too_many",
                error(DisableError::TooMany { seconds: 45 }, None),
            ),
            ("exhausted", error(DisableError::Exhausted, None)),
        ]
    }
}
