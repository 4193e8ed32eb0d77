//! What the operator announces: from when on a second factor is asked for, and on what ground.

use super::contact::{self, Contact};
use super::problem::WordsError;
use super::words::{Say, Words};
use serde_json::{Value, json};

/// An announcement for some users or for everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// From when on, as text.
    pub date: Option<String>,
    /// The letter or rule that it stands on.
    pub legal_basis: Option<String>,
    /// What there is to say besides; its line ends are kept.
    pub text: Option<String>,
}

impl Announcement {
    /// The same for a page that may have none.
    pub(super) fn view_of(
        announcement: Option<&Self>,
        contacts: &[Contact],
        words: &Words,
    ) -> Result<Option<Value>, WordsError> {
        announcement
            .map(|announced| announced.view(contacts, words))
            .transpose()
    }

    /// With whom to ask about it.
    fn view(&self, contacts: &[Contact], words: &Words) -> Result<Value, WordsError> {
        let holds = match (&self.date, &self.legal_basis) {
            (Some(date), Some(basis)) => Some(
                Say::key("announcement.from_on")
                    .with("date", date)
                    .with("basis", basis),
            ),
            (Some(date), None) => Some(Say::key("announcement.from").with("date", date)),
            (None, Some(basis)) => Some(Say::key("announcement.on").with("basis", basis)),
            (None, None) => None,
        };
        let contact = contact::spoken(contacts, words)?;
        Ok(json!({
            "holds": holds,
            "text": self.text,
            "ask": Say::key("announcement.ask").with("contact", contact),
        }))
    }

    pub(super) fn sample() -> Self {
        Self {
            date: Some("02-01-2027".to_owned()),
            legal_basis: Some("Surat Edaran Nomor 12 Tahun 2026".to_owned()),
            text: Some("Pendampingan setiap hari kerja.\nBawa HP Anda.".to_owned()),
        }
    }
}
