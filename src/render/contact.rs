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
    /// What they want to be told, and which way.
    pub how: Option<ContactHow>,
}

/// The ways to ask that the guides name (texts of the ministries and KPU).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactHow {
    /// Administrators, verifiers, help desk and auditors: the Admin PPE, by e-mail.
    AdminPpe {
        /// Name of the LPSE.
        lpse: String,
    },
    /// Officials: the Administrator Agensi of their own unit.
    AgencyAdmin,
    /// Providers whose reset fails: a ticket in LPSE SUPPORT.
    LpseSupport {
        /// Name of the LPSE.
        lpse: String,
    },
    /// Officials whose e-mail is unknown or whose reset fails: a form by e-mail.
    Form {
        /// Where the form is, shown as text.
        url: String,
        /// Where it goes.
        helpdesk: String,
    },
}

impl ContactHow {
    fn say(&self) -> Say {
        match self {
            Self::AdminPpe { lpse } => Say::key("contact.by_admin_ppe").with("lpse", lpse),
            Self::AgencyAdmin => Say::key("contact.by_agency_admin"),
            Self::LpseSupport { lpse } => Say::key("contact.by_lpse_support").with("lpse", lpse),
            Self::Form { url, helpdesk } => Say::key("contact.by_form")
                .with("url", url)
                .with("helpdesk", helpdesk),
        }
    }
}

impl Contact {
    fn view(&self) -> Value {
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
            "how": self.how.as_ref().map(ContactHow::say),
        })
    }

    pub(super) fn samples() -> Vec<Self> {
        let name = "LPSE Kabupaten Contoh".to_owned();
        vec![
            Self {
                name: format!("Helpdesk {name}"),
                email: Some("helpdesk@lpse.contoh.go.id".to_owned()),
                phone: Some("(0361) 123-4567".to_owned()),
                how: Some(ContactHow::AdminPpe { lpse: name.clone() }),
            },
            Self {
                name: "Administrator Agensi".to_owned(),
                email: None,
                phone: None,
                how: Some(ContactHow::AgencyAdmin),
            },
            Self {
                name: "LPSE SUPPORT".to_owned(),
                email: None,
                phone: None,
                how: Some(ContactHow::LpseSupport { lpse: name }),
            },
            Self {
                name: "Admin PPE".to_owned(),
                email: Some("admin.ppe@lpse.contoh.go.id".to_owned()),
                phone: None,
                how: Some(ContactHow::Form {
                    url: "https://lpse.contoh.go.id/eproc4/publik/special".to_owned(),
                    helpdesk: "helpdesk@lpse.contoh.go.id".to_owned(),
                }),
            },
        ]
    }
}

pub(super) fn views(contacts: &[Contact]) -> Vec<Value> {
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
