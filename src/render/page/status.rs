//! State of the account: enable and disable.

use super::{View, code};
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
    /// Letter of the entry in the app.
    pub entry: String,
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
        let active = ActiveSince {
            since: "2 Januari 2027 10.32 WIB".to_owned(),
            entry: "B".to_owned(),
        };
        let plain = AccountStatus {
            csrf: SecretText::new("c3JmLXNhbXBsZQ".to_owned()),
            user_id: "PPK2".to_owned(),
            role: "Pejabat Pembuat Komitmen".to_owned(),
            active: Some(active),
            rule: Rule::Required,
            error: None,
            clock: None,
            contacts: Contact::samples().into_iter().take(1).collect(),
        };
        let page = |name: &str, account: AccountStatus| {
            (format!("status_{name}"), Self::LoggedIn(Box::new(account)))
        };
        let error = |name: &str, error, clock: Option<&str>| {
            let clock = clock.map(str::to_owned);
            page(
                name,
                AccountStatus {
                    error: Some(error),
                    clock,
                    ..plain.clone()
                },
            )
        };
        let idle = |rule| AccountStatus {
            active: None,
            rule,
            contacts: Vec::new(),
            ..plain.clone()
        };
        let mut samples = vec![
            page("active_required", plain.clone()),
            page(
                "active_optional",
                AccountStatus {
                    rule: Rule::Optional,
                    ..plain.clone()
                },
            ),
            page(
                "active_off",
                AccountStatus {
                    rule: Rule::Off,
                    ..plain.clone()
                },
            ),
            page("idle_required", idle(Rule::Required)),
            page("idle_optional", idle(Rule::Optional)),
            page("idle_encouraged", idle(Rule::Encouraged)),
            page("idle_off", idle(Rule::Off)),
            error("wrong", DisableError::Wrong, Some("10.32.05 WIB")),
            error("malformed", DisableError::Malformed, None),
            error("used", DisableError::Used { seconds: 17 }, None),
            error("late", DisableError::Late, None),
            error("too_many", DisableError::TooMany { seconds: 45 }, None),
            error("exhausted", DisableError::Exhausted, None),
        ];
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
            .map(|error| self.error_view(error, words))
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
                    "entry": active.entry,
                })),
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

    fn error_view(&self, error: DisableError, words: &Words) -> Result<Value, WordsError> {
        Ok(match error {
            DisableError::Wrong => code::error(code::wrong(), None),
            DisableError::Malformed => code::malformed(),
            DisableError::Used { seconds } => code::used(seconds),
            DisableError::Late => code::late(),
            DisableError::TooMany { seconds } => code::wait(seconds),
            DisableError::Exhausted => code::exhausted(false, &self.contacts, words)?,
        })
    }
}
