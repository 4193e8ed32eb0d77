//! The activation code of the help desk, where first use is not trusted.

use super::activation::{Later, Leave};
use super::{View, code};
use crate::render::contact::{self, Contact};
use crate::render::frame::LocalPath;
use crate::render::problem::WordsError;
use crate::render::secret_text::SecretText;
use crate::render::words::{Say, Words};
use serde_json::{Value, json};

/// Asks for the activation code before any QR code is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Reference of the waiting login; empty for a session.
    pub reference: String,
    /// Value of the `csrf` fields.
    pub csrf: SecretText,
    /// Folded user id.
    pub user_id: String,
    /// What was wrong with the last code.
    pub error: Option<ProofError>,
    /// Where the activation may be put off.
    pub later: Option<Later>,
    /// How this page is left.
    pub leave: Leave,
    /// Whom to ask.
    pub contacts: Vec<Contact>,
}

/// What was wrong with an activation code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofError {
    /// Not the code that was handed out, or its day is over.
    Wrong,
    /// Not eight digits.
    Malformed,
    /// The growing delay is not over.
    TooMany {
        /// Seconds to wait.
        seconds: u32,
    },
    /// No more attempts in this lane.
    Exhausted,
}

impl Proof {
    pub(super) fn view(&self, words: &Words) -> Result<View, WordsError> {
        let error = self
            .error
            .map(|error| self.error_view(error, words))
            .transpose()?;
        let contact = contact::spoken(&self.contacts, words)?;
        let body = json!({
            "reference": self.reference,
            "csrf": self.csrf.expose(),
            "user_id": self.user_id,
            "error": error,
            "clock": null,
            "get": Say::key("proof.get").with("contact", contact),
            "later": self.later.as_ref().map(Later::view),
            "leave": self.leave.view(),
            "contacts": contact::views(&self.contacts),
        });
        Ok(View::new(Say::key("activation.title"), body))
    }

    fn error_view(&self, error: ProofError, words: &Words) -> Result<Value, WordsError> {
        let said = |what, advice| code::error(Say::key(what), Some(Say::key(advice)));
        Ok(match error {
            ProofError::Wrong => said("proof.wrong", "proof.wrong_advice"),
            ProofError::Malformed => said("proof.malformed", "proof.malformed_advice"),
            ProofError::TooMany { seconds } => code::wait(seconds),
            ProofError::Exhausted => code::exhausted(false, &self.contacts, words)?,
        })
    }

    pub(super) fn samples() -> Vec<(String, Self)> {
        // A parse that fails would leave the samples out, and the snapshots would tell.
        let Some(action) = LocalPath::parse("/eproc4/gerbang/activation/cancel") else {
            return Vec::new();
        };
        let plain = Self {
            reference: "AAECAwQFBgc".to_owned(),
            csrf: SecretText::new("c3JmLXNhbXBsZQ".to_owned()),
            user_id: "PPK2".to_owned(),
            error: None,
            later: None,
            leave: Leave::Logout { action },
            contacts: Contact::samples(),
        };
        let error = |name: &str, error| {
            let error = Some(error);
            let sample = Self {
                error,
                ..plain.clone()
            };
            (format!("proof_{name}"), sample)
        };
        let later = Self {
            later: Some(Later::default()),
            contacts: Vec::new(),
            ..plain.clone()
        };
        vec![
            ("proof_first".to_owned(), plain.clone()),
            ("proof_later".to_owned(), later),
            error("wrong", ProofError::Wrong),
            error("malformed", ProofError::Malformed),
            error("too_many", ProofError::TooMany { seconds: 600 }),
            error("exhausted", ProofError::Exhausted),
        ]
    }
}
