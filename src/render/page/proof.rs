//! The activation code of the help desk, where first use is not trusted.

use super::activation::{Later, Leave};
use super::{View, code};
use crate::render::announcement::Announcement;
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
    /// The code that the browser holds, after a reset that was confirmed there.
    pub code: Option<SecretText>,
    /// Whether and how a code goes by mail.
    pub mail: Option<ProofMail>,
    /// Where the activation may be put off.
    pub later: Option<Later>,
    /// What the operator announces to this role.
    pub announcement: Option<Announcement>,
    /// How this page is left.
    pub leave: Leave,
    /// Whom to ask.
    pub contacts: Vec<Contact>,
}

/// A code by mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProofMail {
    /// It may be asked for.
    Offer,
    /// It goes to this address, of which the most is hidden.
    Sent(String),
    /// The day has had its letters; the last one went to this address.
    TooMany(String),
    /// No address is registered.
    NoAddress,
    /// It cannot be told now whether there is one.
    Unsure,
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
            .map(|error| error.view(&self.contacts, words))
            .transpose()?;
        let contact = contact::spoken(&self.contacts, words)?;
        let body = json!({
            "reference": self.reference,
            "csrf": self.csrf.expose(),
            "user_id": self.user_id,
            "error": error,
            "clock": null,
            "code": self.code.as_ref().map(SecretText::expose),
            "mail": self.mail.as_ref().map(|mail| mail.view(&contact)),
            "get": Say::key("proof.get").with("contact", &contact),
            "announcement": Announcement::view_of(self.announcement.as_ref(), &self.contacts, words)?,
            "later": self.later.as_ref().map(Later::view),
            "leave": self.leave.view(),
            "contacts": contact::views(&self.contacts),
        });
        Ok(View::new(Say::key("activation.title"), body))
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
            code: None,
            mail: None,
            later: None,
            announcement: None,
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
            announcement: Some(Announcement::sample()),
            contacts: Vec::new(),
            ..plain.clone()
        };
        let mail = |name: &str, mail| {
            let sample = Self {
                mail: Some(mail),
                contacts: plain.contacts.iter().take(1).cloned().collect(),
                ..plain.clone()
            };
            (format!("proof_mail_{name}"), sample)
        };
        let address = || "b***@example.go.id".to_owned();
        let filled = Self {
            code: Some(SecretText::new("1234 5678".to_owned())),
            ..plain.clone()
        };
        vec![
            ("proof_filled".to_owned(), filled),
            mail("offer", ProofMail::Offer),
            mail("sent", ProofMail::Sent(address())),
            mail("too_many", ProofMail::TooMany(address())),
            mail("none", ProofMail::NoAddress),
            mail("unsure", ProofMail::Unsure),
            ("proof_first".to_owned(), plain.clone()),
            ("proof_later".to_owned(), later),
            error("wrong", ProofError::Wrong),
            error("malformed", ProofError::Malformed),
            error("too_many", ProofError::TooMany { seconds: 600 }),
            error("exhausted", ProofError::Exhausted),
        ]
    }
}

impl ProofMail {
    fn view(&self, contact: &str) -> Value {
        let said = match self {
            Self::Offer => return json!({"offer": true, "sent": false, "said": null}),
            Self::Sent(email) => Say::key("proof.mail_sent").with("email", email),
            Self::TooMany(email) => Say::key("proof.mail_too_many")
                .with("email", email)
                .with("contact", contact),
            Self::NoAddress => Say::key("proof.mail_none").with("contact", contact),
            Self::Unsure => Say::key("proof.mail_unsure").with("contact", contact),
        };
        json!({
            "offer": matches!(self, Self::Unsure),
            "sent": matches!(self, Self::Sent(_)),
            "said": said,
        })
    }
}

impl ProofError {
    /// The error box, on every page that takes an activation code.
    pub(super) fn view(self, contacts: &[Contact], words: &Words) -> Result<Value, WordsError> {
        let said = |what, advice| code::error(Say::key(what), Some(Say::key(advice)));
        Ok(match self {
            Self::Wrong => said("proof.wrong", "proof.wrong_advice"),
            Self::Malformed => said("proof.malformed", "proof.malformed_advice"),
            Self::TooMany { seconds } => code::wait(seconds),
            Self::Exhausted => code::exhausted(false, contacts, words)?,
        })
    }
}
