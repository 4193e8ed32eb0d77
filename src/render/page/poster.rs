//! One sheet of paper for the wall: three steps, and where the rest stands.

use super::View;
use crate::render::announcement::Announcement;
use crate::render::contact::{self, Contact};
use crate::render::problem::WordsError;
use crate::render::qr::qr_svg;
use crate::render::words::{Say, Words};
use serde_json::json;

/// The sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Poster {
    /// Public address of the help page. `None`: it is told in words, and there is no QR code.
    pub address: Option<String>,
    /// Path of the help page on this site.
    pub path: String,
    /// Whom everybody may ask.
    pub contacts: Vec<Contact>,
    /// What is announced to everybody.
    pub announcement: Option<Announcement>,
}

impl Poster {
    pub(super) fn view(&self, words: &Words) -> Result<View, WordsError> {
        // An address too long for a QR code still stands there in letters.
        let qr = self.address.as_ref().and_then(|text| qr_svg(text).ok());
        // What the activation page says is not said anew.
        let apps = words.say(&Say::key("activation.apps_android_list"))?;
        let body = json!({
            "apps": apps,
            "address": self.address,
            "path": self.path,
            "qr": qr,
            "contacts": contact::views(&self.contacts),
            "announcement": Announcement::view_of(self.announcement.as_ref(), &self.contacts, words)?,
        });
        Ok(View::new(Say::key("poster.title"), body))
    }

    pub(super) fn samples() -> Vec<(String, Self)> {
        let path = "/eproc4/gerbang/bantuan";
        let full = Self {
            address: Some(format!("https://lpse.contoh.go.id{path}")),
            path: path.to_owned(),
            contacts: Contact::samples().into_iter().take(1).collect(),
            announcement: Some(Announcement::sample()),
        };
        let bare = Self {
            address: None,
            contacts: Vec::new(),
            announcement: None,
            ..full.clone()
        };
        vec![
            ("poster_full".to_owned(), full),
            ("poster_bare".to_owned(), bare),
        ]
    }
}
