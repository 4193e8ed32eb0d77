//! After a successful disable.

use super::View;
use crate::render::secret_text::SecretText;
use crate::render::words::Say;
use serde_json::json;

/// The disable is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disabled {
    /// Folded user id.
    pub user_id: String,
    /// Letter of the entry that may be deleted in the app.
    pub entry: String,
    /// Under `required`: the next login asks for an activation (FAQ 4 of the guides).
    pub asks_again: bool,
    /// The activation code that the next activation asks for, in groups; shown this once.
    pub code: Option<SecretText>,
}

impl Disabled {
    pub(super) fn view(&self) -> View {
        let body = json!({
            "user_id": self.user_id,
            "entry": self.entry,
            "asks_again": self.asks_again,
            "code": self.code.as_ref().map(SecretText::expose),
        });
        View::new(Say::key("disabled.title"), body)
    }

    pub(super) fn samples() -> Vec<(String, Self)> {
        let page = |asks_again| Self {
            user_id: "PPK2".to_owned(),
            entry: "B".to_owned(),
            asks_again,
            code: None,
        };
        vec![
            (
                "disabled_code".to_owned(),
                Self {
                    code: Some(SecretText::new("8765 4321".to_owned())),
                    ..page(true)
                },
            ),
            ("disabled_required".to_owned(), page(true)),
            ("disabled_optional".to_owned(), page(false)),
        ]
    }
}
