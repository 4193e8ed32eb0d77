//! A login by recovery code: the page that takes it, and the one that says what is left.

use super::recovery::few;
use super::{View, code};
use crate::render::contact::{self, Contact};
use crate::render::frame::LocalPath;
use crate::render::problem::WordsError;
use crate::render::secret_text::SecretText;
use crate::render::words::{Say, Words};
use serde_json::{Value, json};

/// Takes a recovery code instead of the app's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recover {
    /// Reference of the waiting login (`r` of the forms).
    pub reference: String,
    /// Value of the `csrf` fields.
    pub csrf: SecretText,
    /// Folded user id.
    pub user_id: String,
    /// Seconds until the login closes.
    pub seconds_left: u32,
    /// What was wrong with the last code.
    pub error: Option<RecoverError>,
    /// Back to the app's code.
    pub back: LocalPath,
    /// Whom to ask.
    pub contacts: Vec<Contact>,
}

/// What was wrong with a recovery code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecoverError {
    /// Of no set, or of an old one.
    Wrong,
    /// A slip of the finger; not counted.
    Malformed,
    /// Each is good once.
    Used,
    /// The growing delay is not over.
    TooMany {
        /// Seconds to wait.
        seconds: u32,
    },
    /// The upstream did not confirm the session in time; nothing is lost.
    UpstreamBusy,
}

/// Somebody is in by a recovery code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recovered {
    /// Value of the `csrf` fields.
    pub csrf: SecretText,
    /// Folded user id.
    pub user_id: String,
    /// Codes that are left.
    pub left: usize,
    /// Few enough to warn.
    pub few: bool,
    /// Where the upstream had sent the user.
    pub continue_to: LocalPath,
}

impl Recover {
    pub(super) fn view(&self, words: &Words) -> Result<View, WordsError> {
        let (minutes, seconds) = code::split(self.seconds_left);
        let contact = contact::spoken(&self.contacts, words)?;
        let body = json!({
            "reference": self.reference,
            "csrf": self.csrf.expose(),
            "user_id": self.user_id,
            "seconds_left": self.seconds_left,
            "minutes": minutes,
            "seconds": seconds,
            "error": self.error.map(RecoverError::view),
            "clock": null,
            "back": self.back.as_str(),
            "help": Say::key("recover.help").with("contact", contact),
            "contacts": contact::views(&self.contacts),
        });
        let view = View::new(Say::key("recover.title"), body);
        Ok(view.reload_after(Some(self.seconds_left)))
    }

    pub(super) fn samples() -> Vec<(String, Self)> {
        // A parse that fails would leave the samples out, and the snapshots would tell.
        let Some(back) = LocalPath::parse("/eproc4/gerbang/acceptor?r=AAECAwQFBgc") else {
            return Vec::new();
        };
        let plain = Self {
            reference: "AAECAwQFBgc".to_owned(),
            csrf: SecretText::new("c3JmLXNhbXBsZQ".to_owned()),
            user_id: "PPK2".to_owned(),
            seconds_left: 568,
            error: None,
            back,
            contacts: Contact::samples().into_iter().take(1).collect(),
        };
        let error = |name: &str, error| {
            let sample = Self {
                error: Some(error),
                contacts: Vec::new(),
                ..plain.clone()
            };
            (format!("recover_{name}"), sample)
        };
        vec![
            ("recover_open".to_owned(), plain.clone()),
            error("wrong", RecoverError::Wrong),
            error("malformed", RecoverError::Malformed),
            error("used", RecoverError::Used),
            error("too_many", RecoverError::TooMany { seconds: 60 }),
            error("upstream_busy", RecoverError::UpstreamBusy),
        ]
    }
}

impl RecoverError {
    fn view(self) -> Value {
        let said = |what, advice| code::error(Say::key(what), Some(Say::key(advice)));
        match self {
            Self::Wrong => said("recover.wrong", "recover.wrong_advice"),
            Self::Malformed => said("recover.malformed", "recover.malformed_advice"),
            Self::Used => said("recover.used", "recover.used_advice"),
            Self::TooMany { seconds } => code::wait(seconds),
            Self::UpstreamBusy => code::busy(),
        }
    }
}

impl Recovered {
    pub(super) fn view(&self) -> View {
        let body = json!({
            "csrf": self.csrf.expose(),
            "user_id": self.user_id,
            "left": self.left,
            "few": self.few.then(|| few(self.left)),
            "continue_to": self.continue_to.as_str(),
        });
        View::new(Say::key("recovered.title"), body)
    }

    pub(super) fn samples() -> Vec<(String, Self)> {
        let Some(continue_to) = LocalPath::parse("/eproc4/home") else {
            return Vec::new();
        };
        let page = |left| Self {
            csrf: SecretText::new("c3JmLXNhbXBsZQ".to_owned()),
            user_id: "PPK2".to_owned(),
            left,
            few: left <= 3,
            continue_to: continue_to.clone(),
        };
        vec![
            ("recovered_many".to_owned(), page(9)),
            ("recovered_few".to_owned(), page(3)),
            ("recovered_last".to_owned(), page(0)),
        ]
    }
}
