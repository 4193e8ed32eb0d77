//! The phone's own authenticator: a page that a script fills.

use super::View;
use crate::render::words::Say;
use serde_json::json;

/// The app. Everything in it is known to the phone alone, so that the page is the same for everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Phone;

impl Phone {
    pub(super) fn view(self) -> View {
        View {
            app: true,
            ..View::new(Say::key("phone.title"), json!({}))
        }
    }

    pub(super) fn samples() -> Vec<(String, Self)> {
        vec![("phone".to_owned(), Self)]
    }
}
