//! `[[contact]]`: whom a user asks who cannot go on. Every refusal page names one.

use super::policy::{NameUse, read_subject, twice};
use super::reader::{At, Reader, Section};
use crate::domain::policy_file::Subject;
use crate::primitives::EmailAddress;

/// Longest text about a contact in characters.
const TEXT_CHARS_MAX: usize = 2000;

/// Somebody who helps some users.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Contact {
    /// Whom this contact is for.
    pub subject: Subject,
    /// A person or an office, like `Admin PPE LPSE Kabupaten Contoh`.
    pub name: String,
    /// Address to write to.
    pub email: Option<String>,
    /// Number to call, as people write it.
    pub phone: Option<String>,
    /// What to do and to bring, in the users' language.
    pub how: Option<String>,
}

/// All contacts of a site.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Contacts {
    listed: Vec<Contact>,
    fallback: Contact,
}

impl Contacts {
    /// The contact for an account: by role and type before by role before by type before the one
    /// for everybody; a placeholder (`petugas LPSE`) when nobody is named.
    pub fn contact_for(&self, user_type: Option<&str>, role: Option<&str>) -> &Contact {
        let found = Subject::closest(&self.listed, |contact| &contact.subject, user_type, role);
        found.unwrap_or(&self.fallback)
    }

    /// Those that the configuration names, in its order.
    pub fn listed(&self) -> &[Contact] {
        &self.listed
    }
}

pub(super) fn read(reader: &mut Reader, names: &mut Vec<NameUse>) -> Contacts {
    let mut listed: Vec<At<Contact>> = Vec::new();
    for table in reader.tables(&Section::top(), "contact") {
        let subject = read_subject(reader, &table.value, names);
        let name = read_text(reader, &table.value, "name", TEXT_CHARS_MAX);
        let email = read_email(reader, &table.value);
        let phone = read_text(reader, &table.value, "phone", TEXT_CHARS_MAX);
        let how = read_text(reader, &table.value, "how", TEXT_CHARS_MAX);
        if name.is_none() && reader.written(&table.value, "name").is_none() {
            reader.problem(&table.place, "has no `name`");
        }
        let ways = ["email", "phone", "how"];
        if !ways
            .iter()
            .any(|way| reader.written(&table.value, way).is_some())
        {
            let message = "says nowhere how to be reached: add `email`, `phone` or `how`";
            reader.problem(&table.place, message);
        }
        let (Some(subject), Some(name)) = (subject, name) else {
            continue;
        };
        if let Some(earlier) = listed.iter().find(|other| other.value.subject == subject) {
            let message = twice(&earlier.place);
            reader.problem(&table.place, message);
        }
        let value = Contact {
            subject,
            name,
            email,
            phone,
            how,
        };
        listed.push(At {
            value,
            place: table.place,
        });
    }
    let listed: Vec<Contact> = listed.into_iter().map(|contact| contact.value).collect();
    if !listed
        .iter()
        .any(|contact| contact.subject == Subject::default())
    {
        let place = Section::top().place("contact");
        let message = "no contact is for everybody; users that no other fits read `petugas LPSE`";
        reader.warning(&place, message);
    }
    Contacts {
        listed,
        fallback: placeholder(),
    }
}

fn placeholder() -> Contact {
    Contact {
        subject: Subject::default(),
        name: "petugas LPSE".into(),
        email: None,
        phone: None,
        how: None,
    }
}

/// Text for users to read, if the key is there.
pub(super) fn read_text(
    reader: &mut Reader,
    table: &Section,
    name: &str,
    chars_max: usize,
) -> Option<String> {
    let text = reader.text(table, name)?;
    let trimmed = text.value.trim();
    let message = if trimmed.is_empty() {
        "is empty".to_owned()
    } else if trimmed.chars().count() > chars_max {
        format!("is longer than {chars_max} characters")
    } else if trimmed.chars().any(|c| c.is_control() && c != '\n') {
        "holds a control character".to_owned()
    } else {
        return Some(trimmed.to_owned());
    };
    reader.problem(&text.place, message);
    None
}

fn read_email(reader: &mut Reader, table: &Section) -> Option<String> {
    address(reader, table, "email").map(|address| address.value.as_str().to_owned())
}

/// One e-mail address, if the key is there.
pub(super) fn address(
    reader: &mut Reader,
    section: &Section,
    name: &str,
) -> Option<At<EmailAddress>> {
    let text = reader.text(section, name)?;
    match EmailAddress::parse(&text.value) {
        Ok(value) => Some(At {
            value,
            place: text.place,
        }),
        Err(_) => {
            let message = format!(
                "{:?} must be one address like ppe@example.go.id",
                text.value
            );
            reader.problem(&text.place, message);
            None
        }
    }
}
