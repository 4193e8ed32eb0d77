//! A logout link asks first: a GET changes nothing.

use super::View;
use crate::render::frame::LocalPath;
use crate::render::secret_text::SecretText;
use crate::render::words::Say;
use serde_json::json;

/// Asks before the logout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfirmLogout {
    /// Value of the `csrf` field.
    pub csrf: SecretText,
    /// Folded user id.
    pub user_id: String,
    /// Where Batal leads.
    pub back: LocalPath,
}

impl ConfirmLogout {
    pub(super) fn view(&self) -> View {
        let body = json!({
            "csrf": self.csrf.expose(),
            "user_id": self.user_id,
            "back": self.back.as_str(),
        });
        View::new(Say::key("common.logout"), body)
    }

    pub(super) fn samples() -> Vec<(String, Self)> {
        let page = |back| Self {
            csrf: SecretText::new("c3JmLXNhbXBsZQ".to_owned()),
            user_id: "PPK2".to_owned(),
            back,
        };
        LocalPath::parse("/eproc4/home")
            .map(|back| ("confirm_logout".to_owned(), page(back)))
            .into_iter()
            .collect()
    }
}
