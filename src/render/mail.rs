//! Mails: typed contents, one template for all of them as text and as a page. A mail is a letter on the
//! paper of the LPSE: a heading, whom it is for, sentences, facts, at most one code or one button.

mod content;

use content::Fact;
pub use content::{Denied, MailContent};

use super::contact::{self, Contact};
use super::problem::WordsError;
use super::secret_text::SecretText;
use super::words::{Say, Words};
use crate::primitives::Lang;
use serde_json::{Value, json};

/// What stands around every mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letterhead {
    /// Language of the mail.
    pub lang: Lang,
    /// `site.name`.
    pub site_name: String,
    /// A training site: sender and text say so.
    pub training: bool,
    /// Address that the mail goes to, as it is written in it.
    pub email: String,
    /// Whom to ask.
    pub contacts: Vec<Contact>,
}

/// A mail in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Name of the sender.
    pub from: String,
    /// Name of the recipient.
    pub to: String,
    /// Subject.
    pub subject: String,
    /// As text.
    pub text: String,
    /// As a page.
    pub html: String,
}

/// What the template says.
pub(super) struct MailView {
    pub(super) subject: Say,
    pub(super) what: Say,
    pub(super) facts: Vec<Fact>,
    pub(super) code: Option<SecretText>,
    pub(super) button: Option<Link>,
    pub(super) deny: Option<Link>,
    pub(super) closing: Vec<Say>,
}

/// A link and what is said about it.
pub(super) struct Link {
    pub(super) label: Say,
    pub(super) link: String,
}

impl MailView {
    pub(super) fn new(subject: &'static str, what: &'static str) -> Self {
        Self {
            subject: Say::key(subject),
            what: Say::key(what),
            facts: Vec::new(),
            code: None,
            button: None,
            deny: None,
            closing: Vec::new(),
        }
    }

    /// The template's data.
    pub(super) fn data(&self, head: &Letterhead) -> Value {
        let facts = |fact: &Fact| json!({"label": fact.label(), "value": fact.value()});
        let link = |link: &Link| json!({"label": link.label, "link": link.link});
        json!({
            "lang": head.lang.code(),
            "site_name": head.site_name,
            "training": head.training,
            "email": head.email,
            "subject": self.subject,
            "what": self.what,
            "facts": self.facts.iter().map(facts).collect::<Vec<_>>(),
            "code": self.code.as_ref().map(SecretText::expose),
            "button": self.button.as_ref().map(link),
            "deny": self.deny.as_ref().map(link),
            "closing": self.closing,
            "contacts": contact::full_views(&head.contacts),
        })
    }
}

/// Name of the sender: the LPSE, and on a training site what it is.
pub(super) fn sender(head: &Letterhead, words: &Words) -> Result<String, WordsError> {
    if !head.training {
        return Ok(head.site_name.clone());
    }
    let bare = head.site_name.strip_prefix("LPSE ");
    let name = bare.unwrap_or(&head.site_name);
    words.say(&Say::key("mail.training_sender").with("name", name))
}

impl Letterhead {
    pub(super) fn samples(lang: Lang) -> [Self; 2] {
        let plain = Self {
            lang,
            site_name: "LPSE Kabupaten Contoh".to_owned(),
            training: false,
            email: "budi@example.id".to_owned(),
            contacts: Contact::samples(),
        };
        let training = Self {
            training: true,
            contacts: Vec::new(),
            ..plain.clone()
        };
        [plain, training]
    }
}
