//! The reset by mail: asking for it, what is behind the link, "bukan saya".

use super::View;
use crate::render::contact::{self, Contact};
use crate::render::problem::WordsError;
use crate::render::puzzle::{HEIGHT, NOISE_BYTES, WIDTH, puzzle_path};
use crate::render::secret_text::SecretText;
use crate::render::words::{Say, Words};
use serde_json::json;

/// Asks for a reset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetRequest {
    /// Value of the `csrf` field.
    pub csrf: SecretText,
    /// The puzzle, sealed.
    pub puzzle: String,
    /// Path data of its picture.
    pub picture: String,
    /// The numbers of its sum, from one to ten.
    pub sum: [u8; 2],
    /// User types as the profile names them, and which one is chosen.
    pub types: Vec<(String, bool)>,
    /// As typed.
    pub user_id: String,
    /// As typed.
    pub email: String,
    /// What was wrong.
    pub error: Option<ResetError>,
    /// Whom to ask.
    pub contacts: Vec<Contact>,
}

/// What was wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetError {
    /// No user id.
    UserId,
    /// None that there could be.
    BadUserId,
    /// No address.
    Email,
    /// No user type.
    UserType,
    /// The Kode Keamanan is wrong, used or too old.
    Puzzle,
    /// Too many requests, from there or from everybody.
    TooMany {
        /// Seconds to wait.
        seconds: u32,
    },
}

/// A request was taken; says nothing about the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetTaken {
    /// The address as typed.
    pub email: String,
    /// Whom to ask.
    pub contacts: Vec<Contact>,
}

/// Behind the link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetConfirm {
    /// Value of the `csrf` field.
    pub csrf: SecretText,
    /// The token of the link.
    pub token: SecretText,
    /// Folded user id.
    pub user_id: String,
}

/// It is confirmed: the code for the next login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetDone {
    /// Folded user id.
    pub user_id: String,
    /// Eight digits in two groups.
    pub code: SecretText,
    /// Until when it is good, date and time for people.
    pub until: String,
    /// Whether there is an authenticator that goes on until then.
    pub bound: bool,
}

/// "Bukan saya", before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetDeny {
    /// How far it is.
    pub denial: Denial,
    /// Whom to ask.
    pub contacts: Vec<Contact>,
}

/// How far a "bukan saya" is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denial {
    /// It is asked for.
    Ask {
        /// Value of the `csrf` field.
        csrf: SecretText,
        /// The token of the link.
        token: SecretText,
    },
    /// The reset is cancelled.
    Done,
    /// The code of the reset was used before.
    TooLate,
}

/// A type as people read it: each part of its name begins with a capital.
fn type_label(name: &str) -> String {
    let capital = |part: &str| {
        let mut signs = part.chars();
        let first = signs.next().map(char::to_uppercase);
        first.into_iter().flatten().chain(signs).collect::<String>()
    };
    name.split('-').map(capital).collect::<Vec<_>>().join("-")
}

impl ResetError {
    fn key(self) -> &'static str {
        match self {
            Self::UserId => "reset.no_user_id",
            Self::BadUserId => "reset.bad_user_id",
            Self::Email => "reset.no_email",
            Self::UserType => "reset.no_type",
            Self::Puzzle => "reset.wrong_puzzle",
            Self::TooMany { .. } => "reset.too_many",
        }
    }

    fn say(self) -> Say {
        let say = Say::key(self.key());
        match self {
            Self::TooMany { seconds } => say.with("minutes", seconds.div_ceil(60)),
            _ => say,
        }
    }

    fn field(self) -> &'static str {
        match self {
            Self::UserId | Self::BadUserId => "user_id",
            Self::Email => "email",
            Self::UserType => "type",
            Self::Puzzle => "answer",
            Self::TooMany { .. } => "",
        }
    }
}

/// What stands for randomness in the samples.
const NOISE: [u8; NOISE_BYTES] = {
    let mut noise = [0; NOISE_BYTES];
    let mut at = 0;
    while at < NOISE_BYTES {
        noise[at] = (at * 89 % 256).to_le_bytes()[0];
        at += 1;
    }
    noise
};

impl ResetRequest {
    pub(super) fn view(&self, words: &Words) -> Result<View, WordsError> {
        let contact = contact::spoken(&self.contacts, words)?;
        let number = |of: u8| words.say(&Say::key(format!("number.n{of}")));
        let [first, second] = self.sum;
        let wrong = |field: &str| self.error.is_some_and(|error| error.field() == field);
        let types = self.types.iter().map(
            |(name, chosen)| json!({"value": name, "label": type_label(name), "chosen": chosen}),
        );
        let body = json!({
            "csrf": self.csrf.expose(),
            "puzzle": self.puzzle,
            "picture": {"path": self.picture, "width": WIDTH, "height": HEIGHT},
            "sum": Say::key("reset.sum").with("a", number(first)?).with("b", number(second)?),
            "types": types.collect::<Vec<_>>(),
            "user_id": self.user_id,
            "email": self.email,
            "error": self.error.map(ResetError::say),
            "wrong": {
                "user_id": wrong("user_id"),
                "email": wrong("email"),
                "type": wrong("type"),
                "answer": wrong("answer"),
            },
            "forgotten": Say::key("reset.forgotten").with("contact", contact),
            "contacts": contact::views(&self.contacts),
        });
        Ok(View::new(Say::key("reset.title"), body))
    }

    pub(super) fn samples() -> Vec<(String, Self)> {
        let plain = Self {
            csrf: SecretText::new("c3JmLXNhbXBsZQ".to_owned()),
            puzzle: "c2VhbGVk".to_owned(),
            picture: puzzle_path(b"AC9AD", &NOISE),
            sum: [1, 2],
            types: vec![("pro-vider".to_owned(), false), ("other".to_owned(), true)],
            user_id: "PPK2".to_owned(),
            email: "budi@example.id".to_owned(),
            error: None,
            contacts: Contact::samples(),
        };
        let mut all = vec![(
            "reset_first".to_owned(),
            Self {
                user_id: String::new(),
                email: String::new(),
                ..plain.clone()
            },
        )];
        for (name, error, sum) in [
            ("user_id", ResetError::UserId, [3, 4]),
            ("bad_user_id", ResetError::BadUserId, [3, 4]),
            ("email", ResetError::Email, [5, 6]),
            ("type", ResetError::UserType, [7, 8]),
            ("puzzle", ResetError::Puzzle, [9, 10]),
            ("too_many", ResetError::TooMany { seconds: 500 }, [9, 10]),
        ] {
            let error = Some(error);
            let sample = Self {
                error,
                sum,
                ..plain.clone()
            };
            all.push((format!("reset_wrong_{name}"), sample));
        }
        all
    }
}

impl ResetTaken {
    pub(super) fn view(&self, words: &Words) -> Result<View, WordsError> {
        let contact = contact::spoken(&self.contacts, words)?;
        let body = json!({
            "taken": Say::key("reset.taken").with("email", &self.email),
            "not_come": Say::key("reset.not_come").with("contact", contact),
            "contacts": contact::views(&self.contacts),
        });
        Ok(View::new(Say::key("reset.title"), body))
    }

    pub(super) fn samples() -> Vec<(String, Self)> {
        let sample = Self {
            email: "budi@example.id".to_owned(),
            contacts: Contact::samples(),
        };
        vec![("reset_taken".to_owned(), sample)]
    }
}

impl ResetConfirm {
    pub(super) fn view(&self) -> View {
        let body = json!({
            "csrf": self.csrf.expose(),
            "token": self.token.expose(),
            "user_id": self.user_id,
        });
        View::new(Say::key("reset_confirm.title"), body)
    }

    pub(super) fn samples() -> Vec<(String, Self)> {
        let sample = Self {
            csrf: SecretText::new("c3JmLXNhbXBsZQ".to_owned()),
            token: SecretText::new("dG9rZW4".to_owned()),
            user_id: "PPK2".to_owned(),
        };
        vec![("reset_confirm".to_owned(), sample)]
    }
}

impl ResetDone {
    pub(super) fn view(&self) -> View {
        let body = json!({
            "user_id": self.user_id,
            "code": self.code.expose(),
            "until": Say::key("reset_done.until").with("until", &self.until),
            "what": Say::key(if self.bound { "reset_done.what" } else { "reset_done.what_first" }),
            "next": Say::key(if self.bound { "reset_done.next" } else { "reset_done.next_first" }),
        });
        View::new(Say::key("reset_done.title"), body)
    }

    pub(super) fn samples() -> Vec<(String, Self)> {
        let sample = Self {
            user_id: "PPK2".to_owned(),
            code: SecretText::new("1234 5678".to_owned()),
            until: "23 November 2026 10:15 WIB".to_owned(),
            bound: true,
        };
        let first = Self {
            bound: false,
            ..sample.clone()
        };
        vec![
            ("reset_done".to_owned(), sample),
            ("reset_done_first".to_owned(), first),
        ]
    }
}

impl ResetDeny {
    pub(super) fn view(&self, words: &Words) -> Result<View, WordsError> {
        let contact = contact::spoken(&self.contacts, words)?;
        let ask = match &self.denial {
            Denial::Ask { csrf, token } => {
                Some(json!({"csrf": csrf.expose(), "token": token.expose()}))
            }
            Denial::Done | Denial::TooLate => None,
        };
        let body = json!({
            "ask": ask,
            "late": self.denial == Denial::TooLate,
            "advice": Say::key("reset_deny.advice").with("contact", contact),
            "contacts": contact::views(&self.contacts),
        });
        Ok(View::new(Say::key("reset_deny.title"), body))
    }

    pub(super) fn samples() -> Vec<(String, Self)> {
        let secret = |text: &str| SecretText::new(text.to_owned());
        let ask = Denial::Ask {
            csrf: secret("c3JmLXNhbXBsZQ"),
            token: secret("dG9rZW4"),
        };
        let page = |name: &str, denial| {
            let contacts = Contact::samples();
            (name.to_owned(), Self { denial, contacts })
        };
        vec![
            page("reset_deny", ask),
            page("reset_denied", Denial::Done),
            page("reset_denied_late", Denial::TooLate),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_by_people() {
        assert_eq!(type_label("non-provider"), "Non-Provider");
        assert_eq!(type_label("x"), "X");
        assert_eq!(type_label(""), "");
    }
}
