//! Whom to ask. Which contact belongs to which role is the configuration's business.

use super::problem::WordsError;
use super::words::{Say, Words};
use serde_json::{Value, json};

/// Somebody at the LPSE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// Name as shown, for example `Helpdesk LPSE Kabupaten Contoh`.
    pub name: String,
    /// E-mail address.
    pub email: Option<String>,
    /// Phone number as people write it.
    pub phone: Option<String>,
    /// What they want to be told, and which way, in the operator's words; its line ends are kept.
    pub how: Option<String>,
}

impl Contact {
    /// All that is known of it.
    pub(super) fn view(&self) -> Value {
        self.view_with(self.how.as_ref(), false)
    }

    /// For a page that is about something else: what is to be told stands on the help page, unless
    /// there is no other way to reach them.
    fn short_view(&self) -> Value {
        let reachable = self.email.is_some() || self.phone.is_some();
        let how = self.how.as_ref().filter(|_| !reachable);
        self.view_with(how, self.how.is_some() && reachable)
    }

    fn view_with(&self, how: Option<&String>, more: bool) -> Value {
        let digits = |phone: &String| -> String {
            phone
                .chars()
                .filter(|c| c.is_ascii_digit() || *c == '+')
                .collect()
        };
        json!({
            "name": self.name,
            "email": self.email,
            "phone": self.phone,
            "phone_digits": self.phone.as_ref().map(digits),
            "how": how,
            "more": more,
        })
    }

    pub(super) fn samples() -> Vec<Self> {
        vec![
            Self {
                name: "Helpdesk LPSE Kabupaten Contoh".to_owned(),
                email: Some("helpdesk@lpse.contoh.go.id".to_owned()),
                phone: Some("(0361) 123-4567".to_owned()),
                how: Some("Sebutkan nama dan user id.\nLampirkan screenshot.".to_owned()),
            },
            Self {
                name: "Administrator Agensi".to_owned(),
                email: None,
                phone: None,
                how: Some("Hubungi administrator satuan kerja Anda.".to_owned()),
            },
            Self {
                name: "Admin LPSE".to_owned(),
                email: Some("admin@lpse.contoh.go.id".to_owned()),
                phone: None,
                how: None,
            },
        ]
    }
}

/// Contacts on a page that is about something else.
pub(super) fn views(contacts: &[Contact]) -> Vec<Value> {
    contacts.iter().map(Contact::short_view).collect()
}

/// Contacts where the user is sent to them: with what they want to be told.
pub(super) fn full_views(contacts: &[Contact]) -> Vec<Value> {
    contacts.iter().map(Contact::view).collect()
}

/// The first contact inside a sentence: name with address or number, else "the staff".
pub(super) fn spoken(contacts: &[Contact], words: &Words) -> Result<String, WordsError> {
    let Some(first) = contacts.first() else {
        return words.say(&Say::key("contact.officer"));
    };
    Ok(match first.email.as_ref().or(first.phone.as_ref()) {
        Some(reach) => format!("{} ({reach})", first.name),
        None => first.name.clone(),
    })
}
