//! The address that an owner registers himself.

use super::status::DisableError;
use super::{View, code};
use crate::render::contact::{self, Contact};
use crate::render::problem::WordsError;
use crate::render::secret_text::SecretText;
use crate::render::words::{Say, Words};
use serde_json::{Value, json};

/// The page of an account's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Value of the `csrf` fields.
    pub csrf: SecretText,
    /// Folded user id.
    pub user_id: String,
    /// Letter of the entry in the app whose code is asked for.
    pub entry: String,
    /// What is registered.
    pub registered: Registration,
    /// The address that waits for its code, whole: its owner typed it here.
    pub pending: Option<String>,
    /// As typed.
    pub email: String,
    /// Said above everything: it was confirmed a moment ago.
    pub done: bool,
    /// What was wrong.
    pub error: Option<AddressError>,
    /// The server's wall clock with its zone as text; shown next to an error.
    pub clock: Option<String>,
    /// Whom to ask.
    pub contacts: Vec<Contact>,
}

/// What is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registration {
    /// Nothing.
    None,
    /// By the owner himself; the most of it is hidden.
    Own(String),
    /// By the LPSE; the most of it is hidden. The owner cannot change it here.
    Lpse(String),
    /// It cannot be told now.
    Unsure,
}

/// What was wrong with an address or one of its codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressError {
    /// No address.
    Email,
    /// The code of the authenticator.
    Code(DisableError),
    /// The day has had its letters.
    TooMany,
    /// No letter can be written now.
    Busy,
    /// Not the code that was mailed.
    Wrong,
    /// Not eight digits.
    Malformed,
    /// Nothing waits for a code any more.
    Over,
}

impl AddressError {
    /// Whether it belongs to the field of the mailed code.
    fn is_of_confirmation(self) -> bool {
        matches!(self, Self::Wrong | Self::Malformed)
    }

    fn view(self, contacts: &[Contact], words: &Words) -> Result<Value, WordsError> {
        let said =
            |key, advice: Option<&'static str>| code::error(Say::key(key), advice.map(Say::key));
        Ok(match self {
            Self::Email => said("reset.no_email", None),
            Self::Code(error) => error.view(contacts, words)?,
            Self::TooMany => said("address.too_many", None),
            Self::Busy => said("address.busy", None),
            Self::Wrong => said("address.wrong", Some("address.wrong_advice")),
            Self::Malformed => said("address.malformed", None),
            Self::Over => said("address.over", None),
        })
    }
}

impl Address {
    pub(super) fn view(&self, words: &Words) -> Result<View, WordsError> {
        let contact = contact::spoken(&self.contacts, words)?;
        let error = self.error.map(|error| error.view(&self.contacts, words));
        let error = error.transpose()?;
        // Its field is there only while something waits.
        let of_confirmation = self.error.is_some_and(AddressError::is_of_confirmation);
        let confirming = of_confirmation && self.pending.is_some();
        let at_code = matches!(self.error, Some(AddressError::Code(_)));
        let (known, open) = match &self.registered {
            Registration::None => (Say::key("address.none"), true),
            Registration::Own(email) => (Say::key("address.is").with("email", email), true),
            Registration::Lpse(email) => (Say::key("address.is").with("email", email), false),
            Registration::Unsure => (Say::key("address.unsure"), false),
        };
        let pending = self.pending.as_ref();
        let body = json!({
            "csrf": self.csrf.expose(),
            "user_id": self.user_id,
            "known": known,
            "known_on": !matches!(self.registered, Registration::None | Registration::Unsure),
            "lpse": matches!(self.registered, Registration::Lpse(_))
                .then(|| Say::key("address.lpse").with("contact", &contact)),
            "open": open,
            "pending": pending.map(|email| Say::key("address.pending").with("email", email)),
            "email": self.email,
            "wrong_email": self.error == Some(AddressError::Email),
            "done": self.done,
            // The partial of the authenticator's code shows the error of its field.
            "error": if at_code { error.clone() } else { None },
            "confirm_error": if confirming { error.clone() } else { None },
            "other_error": if at_code || confirming { None } else { error },
            "clock": self.clock,
            "code_label": Say::key("acceptor.code_label").with("entry", &self.entry),
            "focus_code": at_code,
            // Its form is what the error is about.
            "form_open": self.error.is_some() && !confirming,
            "form_name": match (pending, &self.registered) {
                (Some(_), _) => Some(Say::key("address.other")),
                (None, Registration::Own(_)) => Some(Say::key("address.change")),
                (None, _) => None,
            },
            "contacts": contact::views(&self.contacts),
        });
        Ok(View::new(Say::key("address.title"), body))
    }

    pub(super) fn samples() -> Vec<(String, Self)> {
        let plain = Self {
            csrf: SecretText::new("c3JmLXNhbXBsZQ".to_owned()),
            user_id: "PPK2".to_owned(),
            entry: "B".to_owned(),
            registered: Registration::None,
            pending: None,
            email: String::new(),
            done: false,
            error: None,
            clock: None,
            contacts: Contact::samples().into_iter().take(1).collect(),
        };
        let address = || "b***@example.id".to_owned();
        let typed = || "budi@example.id".to_owned();
        let at = |name: &str, registered| {
            let sample = Self {
                registered,
                ..plain.clone()
            };
            (format!("address_{name}"), sample)
        };
        let error = |name: &str, error, pending: bool| {
            let sample = Self {
                error: Some(error),
                pending: pending.then(typed),
                email: if pending { String::new() } else { typed() },
                ..plain.clone()
            };
            (format!("address_{name}"), sample)
        };
        let pending = Self {
            pending: Some(typed()),
            ..plain.clone()
        };
        let done = Self {
            done: true,
            registered: Registration::Own(address()),
            ..plain.clone()
        };
        vec![
            at("none", Registration::None),
            at("own", Registration::Own(address())),
            at("lpse", Registration::Lpse(address())),
            at("unsure", Registration::Unsure),
            ("address_pending".to_owned(), pending),
            ("address_done".to_owned(), done),
            error("no_email", AddressError::Email, false),
            error("code", AddressError::Code(DisableError::Wrong), false),
            error("too_many", AddressError::TooMany, false),
            error("busy", AddressError::Busy, false),
            error("wrong", AddressError::Wrong, true),
            error("malformed", AddressError::Malformed, true),
            error("over", AddressError::Over, false),
        ]
    }
}
