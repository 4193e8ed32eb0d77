//! Registered e-mail addresses: where an account's owner is reached, and how far that is trusted.
//!
//! An address that the LPSE registered may prove who asks for a code or a reset. One that was typed by
//! whoever held the password at an activation may not: it only hears of what happens.

use crate::domain::policy::Signature;
use crate::primitives::{AccountId, EmailAddress, UnixSeconds};
use serde::{Deserialize, Serialize};

/// Who says that an address belongs to an account, the most trusted last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Whoever activated, and read a mail there.
    Own,
    /// The application's own database.
    Database,
    /// A list that the LPSE imported.
    List,
    /// The help desk, with a letter before it.
    HelpDesk,
}

impl Source {
    /// One word, for lists and the audit log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Database => "database",
            Self::List => "list",
            Self::HelpDesk => "help-desk",
        }
    }

    /// Whether a code that is mailed there proves anything about whoever has the password.
    pub fn is_proof(self) -> bool {
        self > Self::Own
    }
}

/// An address and since when it stands there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// The address.
    pub email: EmailAddress,
    /// Since when.
    pub since: UnixSeconds,
}

/// What is kept of an account's addresses. What the database says is asked when it is needed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Registered {
    /// Whose.
    pub id: AccountId,
    /// Set by the help desk, and by whom and why.
    pub help_desk: Option<(Entry, Signature)>,
    /// From a list.
    pub list: Option<Entry>,
    /// Typed at an activation and confirmed.
    pub own: Option<Entry>,
}

/// An address that was found, and who says so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Address {
    /// Where to.
    pub email: EmailAddress,
    /// Who says so.
    pub source: Source,
}

impl Registered {
    /// Of an account of which no address is known.
    pub fn new(id: AccountId) -> Self {
        Self {
            id,
            help_desk: None,
            list: None,
            own: None,
        }
    }

    /// The most trusted address, with what the database says.
    pub fn best(&self, database: Option<EmailAddress>) -> Option<Address> {
        let of = |entry: &Option<Entry>, source| {
            entry.as_ref().map(|entry| Address {
                email: entry.email.clone(),
                source,
            })
        };
        let help_desk = self.help_desk.as_ref().map(|(entry, _)| entry.clone());
        let database = database.map(|email| Address {
            email,
            source: Source::Database,
        });
        of(&help_desk, Source::HelpDesk)
            .or_else(|| of(&self.list, Source::List))
            .or(database)
            .or_else(|| of(&self.own, Source::Own))
    }

    /// Whether the database need not be asked.
    pub fn outranks_database(&self) -> bool {
        self.help_desk.is_some() || self.list.is_some()
    }

    /// Whether nothing is left of it.
    pub fn is_empty(&self) -> bool {
        self.help_desk.is_none() && self.list.is_none() && self.own.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::{UserId, UserType};

    fn email(text: &str) -> EmailAddress {
        EmailAddress::parse(text).unwrap()
    }

    fn entry(text: &str) -> Entry {
        Entry {
            email: email(text),
            since: UnixSeconds(1),
        }
    }

    #[test]
    fn the_most_trusted_address_wins() {
        let mut known = Registered::new(AccountId {
            user_type: UserType::parse("t").unwrap(),
            user_id: UserId::parse("U").unwrap(),
        });
        assert!(known.is_empty());
        assert_eq!(known.best(None), None);
        let best = |known: &Registered| {
            let found = known.best(Some(email("db@x.id"))).unwrap();
            (found.email.as_str().to_owned(), found.source)
        };
        known.own = Some(entry("own@x.id"));
        assert_eq!(known.best(None).unwrap().source, Source::Own);
        assert_eq!(best(&known), ("db@x.id".into(), Source::Database));
        assert!(!known.outranks_database());
        known.list = Some(entry("list@x.id"));
        assert_eq!(best(&known), ("list@x.id".into(), Source::List));
        known.help_desk = Some((entry("desk@x.id"), Signature::default()));
        assert_eq!(best(&known), ("desk@x.id".into(), Source::HelpDesk));
        assert!(known.outranks_database() && !known.is_empty());
    }

    #[test]
    fn an_address_that_the_password_typed_proves_nothing() {
        let proofs = [
            Source::Own,
            Source::Database,
            Source::List,
            Source::HelpDesk,
        ];
        assert_eq!(proofs.map(Source::is_proof), [false, true, true, true]);
    }
}
