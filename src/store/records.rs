//! Typed, sealed, versioned records over a [`Store`] engine.
//!
//! A value is sealed with its kind and key as associated data, so that a record put in another's
//! place does not open; keys of accounts are keyed hashes, so that the store shows no user ids.
//! Inside the seal: one byte of format, then JSON. What is done with the audit log as a whole stands
//! in the folder: reading it, verifying its chain, retention; and what the key makes of an account.

mod audit;
mod derived;
mod redact;
mod verify;

pub use audit::{AuditEntry, MAIL_CURSOR, MailCursor, OUT_CURSORS, OutCursors, Stub};
pub use redact::Redaction;
pub use verify::{AuditReport, Fault};

use crate::domain::audit::AuditRecord;
use crate::domain::directory::Registered;
use crate::domain::enrollment::{Account, Activation};
use crate::domain::invitation::Invitation;
use crate::domain::login::WaitingLogin;
use crate::domain::mail::Outbound;
use crate::domain::policy::PolicyState;
use crate::domain::push::Wakeable;
use crate::domain::requests::Requests;
use crate::domain::reset::ResetCase;
use crate::domain::session::GatewaySession;
use crate::domain::standing::{Seen, Standing};
use crate::domain::throttle::Attempts;
use crate::domain::upstream_session::StoredState;
use crate::primitives::UnixSeconds;
use crate::seal::{RecordSeal, SealError};
use crate::store::{Batch, CommitError, Expect, Kind, Op, Stats, Store, StoreError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A kind of value with a place in the store.
pub trait Record: Serialize + DeserializeOwned {
    /// Where it lives.
    const KIND: Kind;
    /// Format of the JSON inside; another number is not read.
    const FORMAT: u8 = 1;
}

impl Record for Account {
    const KIND: Kind = Kind::Account;
}
impl Record for Attempts {
    const KIND: Kind = Kind::Attempts;
}
impl Record for StoredState {
    const KIND: Kind = Kind::Upstream;
}
impl Record for GatewaySession {
    const KIND: Kind = Kind::Session;
}
impl Record for WaitingLogin {
    const KIND: Kind = Kind::Waiting;
}
impl Record for Activation {
    const KIND: Kind = Kind::Pending;
}
impl Record for Seen {
    const KIND: Kind = Kind::Seen;
}
impl Record for Standing {
    const KIND: Kind = Kind::Standing;
}
impl Record for Registered {
    const KIND: Kind = Kind::Directory;
}
impl Record for ResetCase {
    const KIND: Kind = Kind::Reset;
}
impl Record for Invitation {
    const KIND: Kind = Kind::Invitation;
}
impl Record for Requests {
    const KIND: Kind = Kind::Requests;
}
impl Record for Wakeable {
    const KIND: Kind = Kind::Wakeable;
}
impl Record for Outbound {
    const KIND: Kind = Kind::Mail;
}
impl Record for PolicyState {
    const KIND: Kind = Kind::Meta;
}

/// What a link in a mail is for; one never does for the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LinkPurpose {
    /// To confirm a reset.
    Confirm,
    /// To say "bukan saya".
    Deny,
}

impl LinkPurpose {
    fn tag(self) -> &'static [u8] {
        match self {
            Self::Confirm => b"confirm",
            Self::Deny => b"deny",
        }
    }
}

/// Key of the one [`PolicyState`].
pub const POLICY: &[u8] = b"policy";

/// Proof that the key fits the store: written when the store is made, opened at every start.
#[derive(Serialize, Deserialize, PartialEq, Eq, Debug, Clone)]
pub struct KeyCheck {
    /// Highest wall-clock time ever seen.
    pub clock_high: UnixSeconds,
}
impl Record for KeyCheck {
    const KIND: Kind = Kind::Meta;
}

/// Key of the one [`KeyCheck`].
pub const KEY_CHECK: &[u8] = b"key-check";

/// A record and the version to expect when it is written again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<R> {
    /// The value.
    pub value: R,
    /// Its version.
    pub version: u64,
}

/// Why records could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The engine failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// Somebody else wrote first.
    #[error("somebody else wrote first")]
    Conflict,
    /// A record that this key does not open, or in an unknown format.
    #[error("a record of kind {0:?} cannot be opened")]
    Unreadable(Kind),
    /// Nothing could be sealed.
    #[error("a record could not be sealed")]
    Seal(#[from] SealError),
}

impl From<CommitError> for RecordError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Conflict { .. } => Self::Conflict,
            CommitError::Store(error) => Self::Store(error),
        }
    }
}

/// The typed store.
#[derive(Clone)]
pub struct Records {
    store: Arc<dyn Store>,
    seal: Arc<RecordSeal>,
}

impl Records {
    /// Over an engine, with the key of this site's records.
    pub fn new(store: Arc<dyn Store>, seal: Arc<RecordSeal>) -> Self {
        Self { store, seal }
    }

    /// What the engine holds, for metrics.
    pub fn stats(&self) -> Option<Stats> {
        self.store.stats()
    }

    /// Reads one record.
    ///
    /// # Errors
    /// [`RecordError`] when the engine fails or the record does not open.
    pub async fn get<R: Record>(&self, key: &[u8]) -> Result<Option<Stored<R>>, RecordError> {
        match self.store.get(R::KIND, key).await? {
            None => Ok(None),
            Some(found) => {
                let value = self.open(key, &found.bytes)?;
                Ok(Some(Stored {
                    value,
                    version: found.version,
                }))
            }
        }
    }

    /// Reads one record to be written again: it and what to expect then. Where there is none, `fresh`
    /// makes the first.
    ///
    /// # Errors
    /// As [`Records::get`].
    pub async fn for_update<R: Record>(
        &self,
        key: &[u8],
        fresh: impl FnOnce() -> R,
    ) -> Result<(R, Expect), RecordError> {
        Ok(match self.get::<R>(key).await? {
            Some(stored) => (stored.value, Expect::Version(stored.version)),
            None => (fresh(), Expect::Absent),
        })
    }

    /// Reads all records of a kind, page by page.
    ///
    /// # Errors
    /// [`RecordError`] when the engine fails or a record does not open.
    pub async fn all<R: Record>(&self) -> Result<Vec<(Vec<u8>, Stored<R>)>, RecordError> {
        const PAGE: usize = 500;
        let mut out: Vec<(Vec<u8>, Stored<R>)> = Vec::new();
        loop {
            let after = out.last().map(|(key, _)| key.clone());
            let page = self
                .store
                .scan(R::KIND, b"", after.as_deref(), PAGE)
                .await?;
            let last = page.len() < PAGE;
            for (key, found) in page {
                let value = self.open(&key, &found.bytes)?;
                out.push((
                    key,
                    Stored {
                        value,
                        version: found.version,
                    },
                ));
            }
            if last {
                return Ok(out);
            }
        }
    }

    fn open<R: Record>(&self, key: &[u8], bytes: &[u8]) -> Result<R, RecordError> {
        let unreadable = || RecordError::Unreadable(R::KIND);
        let plain = self
            .seal
            .open(&context(R::KIND, key), bytes)
            .ok_or_else(unreadable)?;
        let (format, json) = plain.split_first().ok_or_else(unreadable)?;
        if *format != R::FORMAT {
            return Err(unreadable());
        }
        serde_json::from_slice(json).map_err(|_| unreadable())
    }

    /// Begins a set of writes that happen together or not at all.
    pub fn draft(&self) -> Draft {
        Draft {
            seal: self.seal.clone(),
            batch: Batch::default(),
            error: None,
        }
    }

    /// Writes a draft durably.
    ///
    /// # Errors
    /// [`RecordError::Conflict`] when an expectation failed, else what the engine or seal said.
    pub async fn commit(&self, draft: Draft) -> Result<(), RecordError> {
        if let Some(error) = draft.error {
            return Err(error.into());
        }
        if draft.batch.0.is_empty() {
            return Ok(());
        }
        self.store.commit(draft.batch).await?;
        Ok(())
    }
}

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Records(..)")
    }
}

/// Writes that happen together.
pub struct Draft {
    seal: Arc<RecordSeal>,
    batch: Batch,
    error: Option<SealError>,
}

impl Draft {
    /// Puts a record.
    #[must_use]
    pub fn put<R: Record>(mut self, key: &[u8], expect: Expect, value: &R) -> Self {
        let mut plain = vec![R::FORMAT];
        // Serialising our own records into memory cannot fail: no maps with odd keys, no I/O.
        let json = serde_json::to_vec(value).map(zeroize::Zeroizing::new);
        let sealed = json.map_err(|_| SealError).and_then(|json| {
            plain.extend_from_slice(&json);
            let plain = zeroize::Zeroizing::new(std::mem::take(&mut plain));
            self.seal.seal(&context(R::KIND, key), &plain)
        });
        match sealed {
            Ok(bytes) => {
                let key = key.to_vec();
                self.batch.0.push(Op::Put {
                    kind: R::KIND,
                    key,
                    expect,
                    bytes,
                });
            }
            Err(error) => self.error = Some(error),
        }
        self
    }

    /// Deletes a record.
    #[must_use]
    pub fn delete<R: Record>(mut self, key: &[u8], expect: Expect) -> Self {
        self.batch.0.push(Op::Delete {
            kind: R::KIND,
            key: key.to_vec(),
            expect,
        });
        self
    }

    /// Appends an audit record, with an index entry for its account.
    #[must_use]
    pub fn audit(mut self, record: &AuditRecord) -> Self {
        let index = record
            .account
            .as_ref()
            .map(|id| self.seal.fingerprint(&id.key()).to_vec());
        let json = serde_json::to_vec(record).map_err(|_| SealError);
        match json.and_then(|json| self.seal.seal(&context(Kind::Audit, b""), &json)) {
            Ok(bytes) => self.batch.0.push(Op::Append {
                kind: Kind::Audit,
                bytes,
                index,
            }),
            Err(error) => self.error = Some(error),
        }
        self
    }
}

fn context(kind: Kind, key: &[u8]) -> Vec<u8> {
    let mut context = vec![kind as u8];
    context.extend_from_slice(key);
    context
}

#[cfg(test)]
mod tests;
