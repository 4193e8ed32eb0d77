//! The help page: what it is, how it goes step by step, what users ask, what they see when something
//! goes wrong, and whom to ask.
//!
//! What the page says where is a table: `chapters.rs` (steps and their pictures) and `troubles.rs`.

mod chapters;
mod troubles;

use super::View;
use crate::render::contact::{self, Contact};
use crate::render::problem::WordsError;
use crate::render::words::{Say, Words};
use serde_json::{Value, json};

/// Everything that depends on the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Help {
    /// Every contact of the site.
    pub desks: Vec<Desk>,
    /// Whom everybody may ask.
    pub contacts: Vec<Contact>,
    /// Whether letters are sent, so that a reset by e-mail is possible.
    pub by_mail: bool,
}

/// A contact and whom it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desk {
    /// Only users of this type, by the name that the profile has for it.
    pub user_type: Option<String>,
    /// Only users in this role.
    pub role: Option<String>,
    /// Whom they ask.
    pub contact: Contact,
}

impl Desk {
    fn view(&self) -> Value {
        let name = |name: &Option<String>, key: &'static str| {
            let say = |name: &String| Say::key(key).with("name", name);
            name.as_ref().map(say)
        };
        let everybody = self.user_type.is_none() && self.role.is_none();
        json!({
            "role": name(&self.role, "help.desk_role"),
            "user_type": name(&self.user_type, "help.desk_type"),
            "everybody": everybody,
            "contact": self.contact.view(),
        })
    }
}

/// Questions of the ministries' guides, in their order; what is said besides is true of this gateway.
const QUESTIONS: [&str; 4] = ["devices", "other_phone", "uninstalled", "disable"];

impl Help {
    pub(super) fn view(&self, words: &Words) -> Result<View, WordsError> {
        let contact = contact::spoken(&self.contacts, words)?;
        let desks: Vec<Value> = self.desks.iter().map(Desk::view).collect();
        let body = json!({
            "chapters": chapters::views(self.by_mail, &contact, words)?,
            "questions": self.questions(&contact),
            "troubles": troubles::views(self.by_mail, &contact),
            "desks": desks,
        });
        Ok(View::new(Say::key("help.title"), body))
    }

    fn questions(&self, contact: &str) -> Vec<Value> {
        let said = |id: &str, answer: Say, also: Option<Say>| {
            json!({
                "id": format!("faq-{}", id.replace('_', "-")),
                "question": Say::key(format!("faq.{id}.question")),
                "answer": answer,
                "also": also,
            })
        };
        let mut all: Vec<Value> = QUESTIONS
            .iter()
            .map(|id| {
                let also = Say::key(format!("faq.{id}.also"));
                said(id, Say::key(format!("faq.{id}.answer")), Some(also))
            })
            .collect();
        let address = self
            .contacts
            .iter()
            .find_map(|contact| contact.email.as_ref());
        let answer = match address {
            Some(email) => Say::key("faq.no_mail.answer").with("email", email),
            None => Say::key("faq.no_mail.answer_desk").with("contact", contact),
        };
        let also = match self.by_mail {
            true => "faq.no_mail.also",
            false => "faq.no_mail.also_desk",
        };
        all.push(said("no_mail", answer, Some(Say::key(also))));
        all
    }

    pub(super) fn samples() -> Vec<(String, Self)> {
        let contacts = Contact::samples();
        let everybody = contacts.iter().take(1).cloned().collect();
        let subjects = [
            (None, None),
            (Some("type-a"), Some("Role A")),
            (Some("type-b"), None),
        ];
        let desk = |(contact, (user_type, role)): (&Contact, (Option<&str>, Option<&str>))| Desk {
            user_type: user_type.map(str::to_owned),
            role: role.map(str::to_owned),
            contact: contact.clone(),
        };
        let full = Self {
            desks: contacts.iter().zip(subjects).map(desk).collect(),
            contacts: everybody,
            by_mail: true,
        };
        let bare = Self {
            desks: Vec::new(),
            contacts: Vec::new(),
            by_mail: false,
        };
        vec![
            ("help_full".to_owned(), full),
            ("help_bare".to_owned(), bare),
        ]
    }
}
