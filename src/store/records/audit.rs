//! Reading the audit log: of one account, and from a place on.

use super::{Draft, Record, RecordError, Records, context};
use crate::domain::audit::AuditRecord;
use crate::primitives::{AccountId, UnixSeconds};
use crate::seal::digest;
use crate::store::{Kind, LogEnd, Op, SCAN_RECORDS_MAX, Versioned, split_entry};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// Most records that [`Records::audit_of`] gives.
const RECORDS_OF_ACCOUNT_MAX: usize = 1_000;

/// Bytes of the hash under which an account's records are found.
pub(super) const INDEX_BYTES: usize = 16;

/// What stands at a place of the audit log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AuditEntry {
    /// A record.
    Record(Box<AuditRecord>),
    /// What is left of one whose time was over.
    Redacted(Stub),
    /// Something that this key does not open, or that this version cannot read.
    Unreadable,
}

/// What is left of a record whose time was over: enough to verify the chain, and to see that it
/// was time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Stub {
    /// SHA-256 over the sealed bytes that stood here; the chain is over this.
    pub digest: [u8; 32],
    /// What had happened ([`AuditEvent::kind`](crate::domain::audit::AuditEvent::kind)).
    pub kind: String,
    /// When it had happened.
    pub at: UnixSeconds,
    /// When it was replaced.
    pub redacted_at: UnixSeconds,
    /// Why.
    pub reason: StubReason,
    /// Under which hash of an account it stands in the index.
    pub index: Option<[u8; INDEX_BYTES]>,
}

/// Why a record was replaced.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StubReason {
    /// Its time was over.
    Retention,
}

/// How far each output of the audit log has come.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct OutCursors {
    /// By the name of the output: the last sequence number that it took.
    pub last: BTreeMap<String, u64>,
}
impl Record for OutCursors {
    const KIND: Kind = Kind::Meta;
}

/// How far the audit log was read for what is to be told by mail.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct MailCursor {
    /// The last sequence number.
    pub last: u64,
}
impl Record for MailCursor {
    const KIND: Kind = Kind::Meta;
}

/// Key of the one [`MailCursor`].
pub const MAIL_CURSOR: &[u8] = b"mail-cursor";

/// Key of the one [`OutCursors`].
pub const OUT_CURSORS: &[u8] = b"audit-out";

/// An entry of the log taken apart, opened, with what its link is made of.
pub(super) struct Opened {
    pub(super) entry: AuditEntry,
    /// Over which digest its link must be.
    pub(super) linked_digest: [u8; 32],
    /// Over the bytes that stand there.
    pub(super) digest: [u8; 32],
}

impl Records {
    /// The newest records of an account, at most 1,000, the oldest of them first. Those whose time
    /// is over are left out.
    ///
    /// # Errors
    /// [`RecordError`] when the engine fails or a record does not open.
    pub async fn audit_of(&self, account: &AccountId) -> Result<Vec<AuditRecord>, RecordError> {
        let prefix = self.account_key(account);
        let mut newest = VecDeque::new();
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = self.store.scan(
                Kind::AuditByAccount,
                &prefix,
                after.as_deref(),
                SCAN_RECORDS_MAX,
            );
            let page = page.await?;
            let last = page.len() < SCAN_RECORDS_MAX;
            newest.extend(page.into_iter().map(|(key, _)| key));
            while newest.len() > RECORDS_OF_ACCOUNT_MAX {
                newest.pop_front();
            }
            if last {
                break;
            }
            after = newest.back().cloned();
        }
        let mut out = Vec::with_capacity(newest.len());
        for key in newest {
            let sequence = key.get(prefix.len()..).unwrap_or_default();
            let Some(found) = self.store.get(Kind::Audit, sequence).await? else {
                continue;
            };
            match self.audit_entry(sequence, &found) {
                AuditEntry::Record(record) => out.push(*record),
                AuditEntry::Redacted(_) => {}
                AuditEntry::Unreadable => return Err(RecordError::Unreadable(Kind::Audit)),
            }
        }
        Ok(out)
    }

    /// Up to `limit` entries behind the place `sequence`, in their order; fewer mean the end.
    /// `limit` is at most [`SCAN_RECORDS_MAX`]. An entry that does not open stands among them
    /// as such: it must not hide those behind it.
    ///
    /// # Errors
    /// [`RecordError`] when the engine fails.
    pub async fn audit_after(
        &self,
        sequence: u64,
        limit: usize,
    ) -> Result<Vec<(u64, AuditEntry)>, RecordError> {
        let after = sequence.to_be_bytes();
        let page = self.store.scan(Kind::Audit, b"", Some(&after), limit);
        let entries = page.await?.into_iter().filter_map(|(key, found)| {
            let entry = self.audit_entry(&key, &found);
            Some((u64::from_be_bytes(key.try_into().ok()?), entry))
        });
        Ok(entries.collect())
    }

    /// Where the audit log ends, as far as it is durable.
    ///
    /// # Errors
    /// [`RecordError`] when the engine fails.
    pub async fn audit_end(&self) -> Result<LogEnd, RecordError> {
        Ok(self.store.log_end().await?)
    }

    fn audit_entry(&self, sequence: &[u8], found: &Versioned) -> AuditEntry {
        match split_entry(&found.bytes) {
            Some((_, sealed)) => self.open_entry(sequence, sealed).entry,
            None => AuditEntry::Unreadable,
        }
    }

    /// Opens what stands behind the link of the entry with the key `sequence`.
    pub(super) fn open_entry(&self, sequence: &[u8], sealed: &[u8]) -> Opened {
        let own = digest(&[sealed]);
        let opened = |entry, linked_digest| Opened {
            entry,
            linked_digest,
            digest: own,
        };
        if let Some(plain) = self.seal.open(&context(Kind::Audit, b""), sealed) {
            let record = serde_json::from_slice(&plain);
            return opened(
                record.map_or(AuditEntry::Unreadable, AuditEntry::Record),
                own,
            );
        }
        let stub = self.seal.open(&stub_context(sequence), sealed);
        match stub.and_then(|plain| serde_json::from_slice::<Stub>(&plain).ok()) {
            Some(stub) => {
                let linked = stub.digest;
                opened(AuditEntry::Redacted(stub), linked)
            }
            None => opened(AuditEntry::Unreadable, own),
        }
    }

    /// Under which hash of an account an entry must stand in the index.
    pub(super) fn index_of(&self, entry: &AuditEntry) -> Option<[u8; INDEX_BYTES]> {
        match entry {
            AuditEntry::Record(record) => {
                let account = record.account.as_ref()?;
                Some(self.seal.fingerprint(&account.key()))
            }
            AuditEntry::Redacted(stub) => stub.index,
            AuditEntry::Unreadable => None,
        }
    }
}

impl Draft {
    /// Puts a stub in the place of the audit record whose sealed bytes have its digest.
    #[must_use]
    pub(super) fn redact(mut self, sequence: u64, stub: &Stub) -> Self {
        let json = serde_json::to_vec(stub).map_err(|_| crate::seal::SealError);
        let context = stub_context(&sequence.to_be_bytes());
        match json.and_then(|json| self.seal.seal(&context, &json)) {
            Ok(bytes) => self.batch.0.push(Op::Redact {
                sequence,
                digest: stub.digest,
                bytes,
            }),
            Err(error) => self.error = Some(error),
        }
        self
    }
}

/// A stub opens in its own place alone, and never as a record.
fn stub_context(sequence: &[u8]) -> Vec<u8> {
    context(Kind::Audit, &[b"stub", sequence].concat())
}
