//! Registered e-mail addresses: where an account's owner is reached, and how far that is trusted.
//!
//! An address that the LPSE registered may prove who asks for a code or a reset. One that the owner typed
//! serves only as long as the authenticator is bound with which he typed it: it hears of what happens, and a
//! reset goes there, but it lets nobody begin a first activation.

use crate::domain::policy::Signature;
use crate::domain::reset::{Letters, Nonce};
use crate::primitives::{AccountId, EmailAddress, UnixSeconds};
use serde::{Deserialize, Serialize};

/// Who says that an address belongs to an account, the most trusted last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The owner, who typed a current code of his authenticator and one that was mailed there.
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

/// How long an address waits to be confirmed, in seconds.
pub const PENDING_SECONDS: u64 = 30 * 60;
/// How many codes may be typed for it.
pub const PENDING_TRIES: u32 = 5;

/// An address that the owner typed, until he types the code that was mailed there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Pending {
    /// The address.
    pub email: EmailAddress,
    /// What the code is made of.
    pub nonce: Nonce,
    /// First second in which it is forgotten.
    pub until: UnixSeconds,
    /// Codes that were typed, each counted before it was compared.
    pub tries: u32,
}

/// What the owner typed. It is kept with the authenticator whose code he typed it with, so that it ends
/// with that: an address of whoever had bound the account before must not get the links of the next one.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct OwnAddress {
    /// Confirmed by a code that was mailed there.
    pub confirmed: Option<Entry>,
    /// Not confirmed yet.
    pub pending: Option<Pending>,
}

impl OwnAddress {
    /// The address that waits for its code.
    pub fn pending(&self, now: UnixSeconds) -> Option<&Pending> {
        let waits = |pending: &&Pending| now < pending.until && pending.tries < PENDING_TRIES;
        self.pending.as_ref().filter(waits)
    }
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
    /// Confirmations of the owner's own address that were mailed within the last day, over all
    /// authenticators: a new one brings no new letters for a stranger's mailbox.
    #[serde(default)]
    pub mails: Letters,
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
            mails: Letters::default(),
        }
    }

    /// The most trusted address, with what the database says and what the owner confirmed.
    pub fn best(&self, database: Option<EmailAddress>, own: Option<&Entry>) -> Option<Address> {
        let of = |entry: Option<&Entry>, source| {
            entry.map(|entry| Address {
                email: entry.email.clone(),
                source,
            })
        };
        let help_desk = self.help_desk.as_ref().map(|(entry, _)| entry);
        let database = database.map(|email| Address {
            email,
            source: Source::Database,
        });
        of(help_desk, Source::HelpDesk)
            .or_else(|| of(self.list.as_ref(), Source::List))
            .or(database)
            .or_else(|| of(own, Source::Own))
    }

    /// Whether the database need not be asked.
    pub fn outranks_database(&self) -> bool {
        self.help_desk.is_some() || self.list.is_some()
    }

    /// Whether nothing is left of it.
    pub fn is_empty(&self) -> bool {
        self.help_desk.is_none() && self.list.is_none() && self.mails.is_empty()
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
        assert_eq!(known.best(None, None), None);
        let own = entry("own@x.id");
        let best = |known: &Registered| {
            let found = known.best(Some(email("db@x.id")), Some(&own)).unwrap();
            (found.email.as_str().to_owned(), found.source)
        };
        assert_eq!(known.best(None, Some(&own)).unwrap().source, Source::Own);
        assert_eq!(best(&known), ("db@x.id".into(), Source::Database));
        assert!(!known.outranks_database());
        known.list = Some(entry("list@x.id"));
        assert_eq!(best(&known), ("list@x.id".into(), Source::List));
        known.help_desk = Some((entry("desk@x.id"), Signature::default()));
        assert_eq!(best(&known), ("desk@x.id".into(), Source::HelpDesk));
        assert!(known.outranks_database() && !known.is_empty());
    }

    #[test]
    fn what_waits_is_forgotten_in_time_and_behind_five_codes() {
        let mut own = OwnAddress::default();
        assert_eq!(own.pending(UnixSeconds(1)), None);
        own.pending = Some(Pending {
            email: email("own@x.id"),
            nonce: [1; 16],
            until: UnixSeconds(100),
            tries: PENDING_TRIES - 1,
        });
        assert!(own.pending(UnixSeconds(99)).is_some());
        assert!(own.pending(UnixSeconds(100)).is_none());
        own.pending.as_mut().unwrap().tries += 1;
        assert!(own.pending(UnixSeconds(1)).is_none());
    }

    #[test]
    fn an_address_that_its_owner_typed_proves_nothing_by_itself() {
        let proofs = [
            Source::Own,
            Source::Database,
            Source::List,
            Source::HelpDesk,
        ];
        assert_eq!(proofs.map(Source::is_proof), [false, true, true, true]);
    }
}
