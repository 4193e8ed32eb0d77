//! `[[announcement]]`: what users read of the rule that asks them for a second factor.

use super::contacts::read_text;
use super::policy::{NameUse, read_subject, twice};
use super::reader::{At, Reader, Section};
use crate::domain::policy_file::Subject;
use crate::primitives::LocalDate;

/// Longest text of one in characters: it stands above a QR code on a small screen.
const TEXT_CHARS_MAX: usize = 500;
/// Longest name of a rule or letter in characters.
const BASIS_CHARS_MAX: usize = 200;

/// What some users read before they activate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Announcement {
    /// Whom it is for.
    pub subject: Subject,
    /// The letter or rule that it stands on, like `Surat Edaran Bupati Nomor 12 Tahun 2026`.
    pub legal_basis: Option<String>,
    /// From when on it holds.
    pub date: Option<LocalDate>,
    /// What there is to say besides, in the users' language.
    pub text: Option<String>,
}

/// All announcements of a site.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Announcements {
    listed: Vec<Announcement>,
}

impl Announcements {
    /// The announcement for an account, the closest one as with contacts; `None` where none is made.
    pub fn announcement_for(
        &self,
        user_type: Option<&str>,
        role: Option<&str>,
    ) -> Option<&Announcement> {
        Subject::closest(&self.listed, |one| &one.subject, user_type, role)
    }
}

pub(super) fn read(reader: &mut Reader, names: &mut Vec<NameUse>) -> Announcements {
    let mut listed: Vec<At<Announcement>> = Vec::new();
    for table in reader.tables(&Section::top(), "announcement") {
        let subject = read_subject(reader, &table.value, names);
        let legal_basis = read_text(reader, &table.value, "legal_basis", BASIS_CHARS_MAX);
        let date = read_date(reader, &table.value);
        let text = read_text(reader, &table.value, "text", TEXT_CHARS_MAX);
        let mut written = |name| reader.written(&table.value, name).is_some();
        if !written("legal_basis") && !written("date") {
            let message = "announces nothing: add `legal_basis`, `date` or both";
            reader.problem(&table.place, message);
        }
        let Some(subject) = subject else { continue };
        if let Some(earlier) = listed.iter().find(|other| other.value.subject == subject) {
            let message = twice(&earlier.place);
            reader.problem(&table.place, message);
        }
        let value = Announcement {
            subject,
            legal_basis,
            date,
            text,
        };
        listed.push(At {
            value,
            place: table.place,
        });
    }
    Announcements {
        listed: listed.into_iter().map(|one| one.value).collect(),
    }
}

fn read_date(reader: &mut Reader, table: &Section) -> Option<LocalDate> {
    let text = reader.text(table, "date")?;
    let date = LocalDate::parse(text.value.trim());
    if date.is_none() {
        let message = format!("{:?} must be a day like \"2027-01-02\"", text.value);
        reader.problem(&text.place, message);
    }
    date
}
