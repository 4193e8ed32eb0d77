//! The authenticator is lost: the page that takes an activation code after the password.

use super::proof::ProofError;
use super::{View, code};
use crate::render::contact::{self, Contact};
use crate::render::frame::LocalPath;
use crate::render::problem::WordsError;
use crate::render::secret_text::SecretText;
use crate::render::words::{Say, Words};
use serde_json::json;

/// Takes an activation code where a code of the authenticator is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Reference of the waiting login (`r` of the forms).
    pub reference: String,
    /// Value of the `csrf` fields.
    pub csrf: SecretText,
    /// Folded user id.
    pub user_id: String,
    /// Seconds until the login closes.
    pub seconds_left: u32,
    /// The code that the browser holds, after a reset that was confirmed there.
    pub code: Option<SecretText>,
    /// Whether a reset can be asked for by mail here.
    pub by_mail: bool,
    /// What was wrong with the last code.
    pub error: Option<ProofError>,
    /// Back to the code of the authenticator.
    pub back: LocalPath,
    /// Whom to ask.
    pub contacts: Vec<Contact>,
}

impl Lost {
    pub(super) fn view(&self, words: &Words) -> Result<View, WordsError> {
        let (minutes, seconds) = code::split(self.seconds_left);
        let contact = contact::spoken(&self.contacts, words)?;
        let error = self.error.map(|error| error.view(&self.contacts, words));
        let body = json!({
            "reference": self.reference,
            "csrf": self.csrf.expose(),
            "user_id": self.user_id,
            "seconds_left": self.seconds_left,
            "minutes": minutes,
            "seconds": seconds,
            "code": self.code.as_ref().map(SecretText::expose),
            "by_mail": self.by_mail,
            // Without mail there is no code that fits here: the help desk's comes with a reset.
            "form": self.by_mail || self.error.is_some(),
            "error": error.transpose()?,
            // A browser in which a reset was confirmed has attempts of its own.
            "by_link": self.by_mail && matches!(
                self.error,
                Some(ProofError::TooMany { .. } | ProofError::Exhausted)
            ),
            "clock": null,
            "back": self.back.as_str(),
            "desk": Say::key("lost.desk").with("contact", contact),
            "contacts": contact::views(&self.contacts),
        });
        let view = View::new(Say::key("lost.title"), body);
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
            code: None,
            by_mail: true,
            error: None,
            back,
            contacts: Contact::samples().into_iter().take(1).collect(),
        };
        let filled = Self {
            code: Some(SecretText::new("1234 5678".to_owned())),
            ..plain.clone()
        };
        let at_desk = Self {
            by_mail: false,
            ..plain.clone()
        };
        let wrong = Self {
            error: Some(ProofError::Wrong),
            ..at_desk.clone()
        };
        let waits = Self {
            error: Some(ProofError::TooMany { seconds: 30 }),
            ..plain.clone()
        };
        vec![
            ("lost_waits".to_owned(), waits),
            ("lost_open".to_owned(), plain),
            ("lost_filled".to_owned(), filled),
            ("lost_at_desk".to_owned(), at_desk),
            ("lost_wrong".to_owned(), wrong),
        ]
    }
}
