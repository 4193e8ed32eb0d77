//! After a successful activation.

use super::View;
use super::recovery::RecoveryList;
use crate::render::frame::LocalPath;
use crate::render::words::Say;
use serde_json::json;

/// The activation is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activated {
    /// Folded user id.
    pub user_id: String,
    /// Letter of the new entry in the app.
    pub entry: String,
    /// Letter of the entry that it replaces.
    pub replaced: Option<String>,
    /// The recovery codes that were made with it; `None` once they were shown.
    pub codes: Option<RecoveryList>,
    /// Whether an address can be registered.
    pub by_mail: bool,
    /// The phone that may approve logins, by its browser.
    pub phone: Option<String>,
    /// Where the link Beranda leads: where the upstream had sent the user.
    pub continue_to: LocalPath,
}

impl Activated {
    pub(super) fn view(&self) -> View {
        let body = json!({
            "user_id": self.user_id,
            "entry": self.entry,
            "replaced": self.replaced,
            "codes": self.codes.as_ref().map(RecoveryList::view),
            "by_mail": self.by_mail,
            "phone": self.phone,
            "continue_to": self.continue_to.as_str(),
        });
        View::new(Say::key("activated.title"), body)
    }

    pub(super) fn samples() -> Vec<(String, Self)> {
        let first = LocalPath::parse("/eproc4/home").map(|continue_to| Self {
            user_id: "PPK2".to_owned(),
            entry: "A".to_owned(),
            replaced: None,
            codes: Some(RecoveryList::sample()),
            by_mail: true,
            phone: None,
            continue_to,
        });
        let sample = |(name, page): (&str, Option<Self>)| page.map(|page| (name.to_owned(), page));
        let again = first.clone().map(|page| Self {
            entry: "B".to_owned(),
            replaced: Some("A".to_owned()),
            phone: Some("Chrome (Android)".to_owned()),
            ..page
        });
        let reloaded = first.clone().map(|page| Self {
            codes: None,
            by_mail: false,
            ..page
        });
        [
            ("activated_first", first),
            ("activated_again", again),
            ("activated_reloaded", reloaded),
        ]
        .into_iter()
        .filter_map(sample)
        .collect()
    }
}
