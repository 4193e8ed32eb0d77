//! Recovery codes: the list that is shown once, how many are left, and the page that makes new ones.

use super::status::DisableError;
use super::{View, code};
use crate::render::contact::{self, Contact};
use crate::render::problem::WordsError;
use crate::render::secret_text::SecretText;
use crate::render::words::{Say, Words};
use serde_json::{Value, json};

/// The page of an account's recovery codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Value of the `csrf` field.
    pub csrf: SecretText,
    /// Folded user id.
    pub user_id: String,
    /// Letter of the entry in the app whose code is asked for.
    pub entry: String,
    /// How many there are; `None` when none were ever made.
    pub count: Option<RecoveryCount>,
    /// What went wrong with the last code.
    pub error: Option<DisableError>,
    /// The server's wall clock with its zone as text; shown next to an error.
    pub clock: Option<String>,
    /// Whom to ask.
    pub contacts: Vec<Contact>,
}

/// How many recovery codes an account has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryCount {
    /// Still good.
    pub left: usize,
    /// In the whole set.
    pub size: usize,
    /// Few enough to warn.
    pub few: bool,
    /// When they were made: date with its zone, as text.
    pub made: String,
}

/// New recovery codes, shown once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryCodes {
    /// Folded user id.
    pub user_id: String,
    /// The codes.
    pub list: RecoveryList,
}

/// The codes as they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryList {
    /// Value of the `csrf` field of the form that sends them back for the file.
    pub csrf: SecretText,
    /// The codes in groups.
    pub codes: Vec<SecretText>,
    /// When they were made: date with its zone, as text.
    pub made: String,
}

impl RecoveryCount {
    pub(super) fn view(&self) -> Value {
        json!({
            "shown": Say::key("recovery.count").with("left", self.left).with("size", self.size),
            "made": self.made,
            "few": self.few.then(|| few(self.left)),
        })
    }

    pub(super) fn sample(left: usize) -> Self {
        Self {
            left,
            size: 10,
            few: left <= 3,
            made: "2 Januari 2027 10.32 WIB".to_owned(),
        }
    }
}

/// That there are few left.
pub(super) fn few(left: usize) -> Say {
    match left {
        0 => Say::key("recovery.none_left"),
        left => Say::key("recovery.few").with("left", left),
    }
}

impl RecoveryList {
    pub(super) fn view(&self) -> Value {
        let codes: Vec<&str> = self.codes.iter().map(SecretText::expose).collect();
        json!({
            "csrf": self.csrf.expose(),
            "all": codes.join(","),
            "each": codes,
            "made": self.made,
        })
    }

    pub(super) fn sample() -> Self {
        let code = |n: usize| {
            let text = format!("7ZK{n}-0M4X-9QAV-{n}T2B-HC5R-{n}WPE-0GJ{n}");
            SecretText::new(text)
        };
        Self {
            csrf: SecretText::new("c3JmLXNhbXBsZQ".to_owned()),
            codes: (0..10).map(code).collect(),
            made: "2 Januari 2027 10.32 WIB".to_owned(),
        }
    }

    /// What the file says: no more than the page.
    pub(in crate::render) fn lines(
        &self,
        words: &Words,
        site: &str,
        user_id: &str,
    ) -> Result<Vec<String>, WordsError> {
        let say = |key: &'static str| words.say(&Say::key(key));
        let mut lines = vec![
            site.to_owned(),
            say("recovery.title")?,
            String::new(),
            format!("{}: {user_id}", say("common.user_id")?),
            format!("{}: {}", say("recovery.made")?, self.made),
            String::new(),
        ];
        for (at, code) in self.codes.iter().enumerate() {
            lines.push(format!("{:>2}. {}", at + 1, code.expose()));
        }
        lines.push(String::new());
        for key in ["recovery_codes.once", "recovery_codes.keep"] {
            lines.push(say(key)?);
        }
        Ok(lines)
    }
}

impl RecoveryCodes {
    pub(super) fn view(&self) -> View {
        let body = json!({
            "user_id": self.user_id,
            "codes": self.list.view(),
        });
        View::new(Say::key("recovery_codes.title"), body)
    }

    pub(super) fn samples() -> Vec<(String, Self)> {
        let page = Self {
            user_id: "PPK2".to_owned(),
            list: RecoveryList::sample(),
        };
        vec![("recovery_codes".to_owned(), page)]
    }
}

impl Recovery {
    pub(super) fn view(&self, words: &Words) -> Result<View, WordsError> {
        let error = self
            .error
            .map(|error| error.view(&self.contacts, words))
            .transpose()?;
        let body = json!({
            "csrf": self.csrf.expose(),
            "user_id": self.user_id,
            "count": self.count.as_ref().map(RecoveryCount::view),
            "error": error,
            "clock": self.clock,
            "code_label": Say::key("acceptor.code_label").with("entry", &self.entry),
            "focus_code": self.error.is_some(),
            "contacts": contact::views(&self.contacts),
        });
        Ok(View::new(Say::key("recovery.title"), body))
    }

    pub(super) fn samples() -> Vec<(String, Self)> {
        let plain = Self {
            csrf: SecretText::new("c3JmLXNhbXBsZQ".to_owned()),
            user_id: "PPK2".to_owned(),
            entry: "B".to_owned(),
            count: Some(RecoveryCount::sample(7)),
            error: None,
            clock: None,
            contacts: Contact::samples().into_iter().take(1).collect(),
        };
        let count = |count: Option<RecoveryCount>| Self {
            count,
            contacts: Vec::new(),
            ..plain.clone()
        };
        let wrong = Self {
            error: Some(DisableError::Wrong),
            clock: Some("10.32.05 WIB".to_owned()),
            ..plain.clone()
        };
        vec![
            ("recovery_some".to_owned(), plain.clone()),
            (
                "recovery_few".to_owned(),
                count(Some(RecoveryCount::sample(2))),
            ),
            (
                "recovery_none".to_owned(),
                count(Some(RecoveryCount::sample(0))),
            ),
            ("recovery_never".to_owned(), count(None)),
            ("recovery_wrong".to_owned(), wrong),
        ]
    }
}

impl DisableError {
    /// What was wrong with a code that is asked for inside a session.
    pub(super) fn view(self, contacts: &[Contact], words: &Words) -> Result<Value, WordsError> {
        Ok(match self {
            Self::Wrong => code::error(code::wrong(), None),
            Self::Malformed => code::malformed(),
            Self::Used { seconds } => code::used(seconds),
            Self::Late => code::late(),
            Self::TooMany { seconds } => code::wait(seconds),
            Self::Exhausted => code::exhausted(false, contacts, words)?,
        })
    }
}
