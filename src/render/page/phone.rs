//! The phone's own authenticator: a page that a script fills.

use super::View;
use crate::render::words::Say;
use serde_json::json;

/// The app. Everything in it is known to the phone alone, so that the page is the same for everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phone {
    /// Public key of the operator, by which phones are woken; empty where none are.
    pub push: String,
}

impl Phone {
    pub(super) fn view(&self) -> View {
        View {
            app: true,
            ..View::new(Say::key("phone.title"), json!({ "push": self.push }))
        }
    }

    pub(super) fn samples() -> Vec<(String, Self)> {
        let push = "BE_Sk4jRC4hw6JkkTlGgYC9UnfH60vE8Smn-89Lgc1TtQwMmugLnaRkgJrXvEgsUjGTqgqbZYZCK-BuYs36Ls-8";
        vec![
            (
                "phone".to_owned(),
                Self {
                    push: String::new(),
                },
            ),
            (
                "phone_push".to_owned(),
                Self {
                    push: push.to_owned(),
                },
            ),
        ]
    }
}

/// What a notification says.
pub(in crate::render) fn wake_words() -> [(&'static str, Say); 2] {
    [
        ("title", Say::key("phone.wake.title")),
        ("body", Say::key("phone.wake.body")),
    ]
}
