//! What a store is to the rest of the house: the trait, its records and its limits.

use super::error::{CommitError, StoreError};
use crate::seal::Link;
use crate::seal::chain::LINK_BYTES;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::fmt;

/// Longest key, in bytes. Keys are hashes and short identifiers; a folded user id and a site
/// name fit several times.
pub const KEY_BYTES_MAX: usize = 512;

/// Longest value, in bytes. The largest record is a session with the upstream's cookies, some
/// ten kilobytes; beyond this a value is a mistake or an attack.
pub const VALUE_BYTES_MAX: usize = 256 * 1024;

/// Most operations in one batch. A login touches about six records; one batch that writes
/// hundreds would make every other login wait for it.
pub const BATCH_OPS_MAX: usize = 64;

/// Most bytes of keys and values in one batch, for the same reason: 1 MiB takes any real batch
/// and keeps what is written between two fsyncs small.
pub const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// Most records that one scan may ask for: a page of a list, never a whole store at once.
pub const SCAN_RECORDS_MAX: usize = 1_000;

/// Bytes of a sequence number at the end of a key of the index of a log.
pub(super) const SEQUENCE_BYTES: usize = 8;

/// Key of the [`Kind::Meta`] record that holds the store's instance: 64 random bits, big-endian,
/// drawn when it was created. A restored or new store has another one.
pub const INSTANCE_KEY: &[u8] = b"instance";

/// Key of the [`Kind::Meta`] record that holds the format, a big-endian `u32`.
pub const FORMAT_KEY: &[u8] = b"format";

/// What a record is about. The number stands in the first byte of every stored key and never
/// changes its meaning; a retired one is never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Kind {
    /// About the store and the gateway itself.
    Meta = 1,
    /// An account and its second factors.
    Account = 2,
    /// Attempts of an account, by factor and lane.
    Attempts = 3,
    /// The state of an upstream session.
    Upstream = 4,
    /// An accepted gateway session.
    Session = 5,
    /// A login that waits for its second factor.
    Waiting = 6,
    /// The audit log. Written by [`Op::Append`] and [`Op::Redact`] alone; the key is the sequence
    /// number, the value what [`split_entry`] takes apart.
    Audit = 7,
    /// Index of the audit log. Written by [`Op::Append`] alone; the key is the index followed by
    /// the sequence number, the value is empty.
    AuditByAccount = 8,
    /// An activation under way.
    Pending = 9,
    /// Throttling that belongs to no account.
    Throttle = 10,
    /// When and as what an account logged in.
    Seen = 11,
    /// What the help desk keeps of an account: exemption, skips, activation code.
    Standing = 12,
    /// A letter of the outbox.
    Mail = 13,
    /// The registered addresses of an account.
    Directory = 14,
    /// A reset by mail.
    Reset = 15,
    /// What lets a phone join an activation.
    Invitation = 16,
    /// How often an account was asked for an approval.
    Requests = 17,
    /// Where the phone of an account can be woken.
    Wakeable = 18,
}

impl Kind {
    /// Every kind, by number; new ones stand at the end.
    pub const ALL: [Self; 18] = [
        Self::Meta,
        Self::Account,
        Self::Attempts,
        Self::Upstream,
        Self::Session,
        Self::Waiting,
        Self::Audit,
        Self::AuditByAccount,
        Self::Pending,
        Self::Throttle,
        Self::Seen,
        Self::Standing,
        Self::Mail,
        Self::Directory,
        Self::Reset,
        Self::Invitation,
        Self::Requests,
        Self::Wakeable,
    ];

    /// The byte in the key.
    pub fn byte(self) -> u8 {
        self as u8
    }

    /// Whether records of this kind are only ever appended, by the store's own numbering.
    pub fn is_log(self) -> bool {
        matches!(self, Self::Audit | Self::AuditByAccount)
    }
}

impl Kind {
    /// A word for it, for metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Account => "account",
            Self::Attempts => "attempts",
            Self::Upstream => "upstream",
            Self::Session => "session",
            Self::Waiting => "waiting",
            Self::Audit => "audit",
            Self::AuditByAccount => "audit-by-account",
            Self::Pending => "pending",
            Self::Throttle => "throttle",
            Self::Seen => "seen",
            Self::Standing => "standing",
            Self::Mail => "mail",
            Self::Directory => "directory",
            Self::Reset => "reset",
            Self::Invitation => "invitation",
            Self::Requests => "requests",
            Self::Wakeable => "wakeable",
        }
    }
}

/// What a store holds, for metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Durable records of each kind.
    pub records: BTreeMap<Kind, u64>,
    /// Commits since the store was created.
    pub commits: u64,
    /// Sequence number of the last entry of the audit log; 0 before the first.
    pub audit_sequence: u64,
    /// Bytes that its files take on the disk.
    pub bytes_on_disk: u64,
    /// Whether it has stopped after a failed write.
    pub stopped: bool,
}

/// A record as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Versioned {
    /// Number of the commit that wrote it. Commits are numbered store-wide and durably from 1
    /// (the store's creation), so a version is never seen twice, not even for a key that was
    /// deleted and written again. An entry of the audit log keeps for ever the number of the
    /// commit that appended it: its link depends on it.
    pub version: u64,
    /// The value, to be sealed and opened by the caller.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Versioned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Invariant I10: a value never prints.
        write!(
            f,
            "Versioned(version {}, {} bytes)",
            self.version,
            self.bytes.len()
        )
    }
}

/// What must be true of a record for the batch to be applied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expect {
    /// Nothing.
    Any,
    /// There is no such record.
    Absent,
    /// The record is there with this version.
    Version(u64),
}

/// One change.
#[derive(Clone, PartialEq, Eq)]
pub enum Op {
    /// Writes a record.
    Put {
        /// Its kind; no log.
        kind: Kind,
        /// Its key.
        key: Vec<u8>,
        /// What it must find.
        expect: Expect,
        /// Its value.
        bytes: Vec<u8>,
    },
    /// Deletes a record. With [`Expect::Any`] a missing one is no conflict; with
    /// [`Expect::Absent`] it is the check of absence and changes nothing.
    Delete {
        /// Its kind; no log.
        kind: Kind,
        /// Its key.
        key: Vec<u8>,
        /// What it must find.
        expect: Expect,
    },
    /// Appends to a log. The store gives the next sequence number: from 1, growing, without gaps;
    /// and the link behind the entry before.
    Append {
        /// The log: [`Kind::Audit`].
        kind: Kind,
        /// The entry.
        bytes: Vec<u8>,
        /// Under which index it is found in [`Kind::AuditByAccount`]. Use indexes of one length
        /// (a hash), so that none is the beginning of another.
        index: Option<Vec<u8>>,
    },
    /// Puts other bytes in the place of an entry of the audit log; its link, its number and its
    /// index stay. A conflict when the entry is missing or is not what was expected.
    ///
    /// A reader may see it a moment before it is durable, and see the old entry again after a
    /// crash: either is whole in itself.
    Redact {
        /// Which entry.
        sequence: u64,
        /// SHA-256 over the bytes that it must have.
        digest: [u8; 32],
        /// What is put there.
        bytes: Vec<u8>,
    },
}

impl fmt::Debug for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Invariant I10: neither keys (user ids) nor values print.
        match self {
            Self::Put {
                kind,
                expect,
                bytes,
                ..
            } => {
                write!(f, "Put({kind:?}, {expect:?}, {} bytes)", bytes.len())
            }
            Self::Delete { kind, expect, .. } => write!(f, "Delete({kind:?}, {expect:?})"),
            Self::Append { kind, bytes, .. } => {
                write!(f, "Append({kind:?}, {} bytes)", bytes.len())
            }
            Self::Redact {
                sequence, bytes, ..
            } => write!(f, "Redact({sequence}, {} bytes)", bytes.len()),
        }
    }
}

/// Changes that are applied all together or not at all. No key may occur twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch(pub Vec<Op>);

/// What a batch got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The version of every record that the batch put. A batch that changes nothing has the
    /// number of the commit before it.
    pub version: u64,
    /// The sequence numbers of its [`Op::Append`]s, in their order.
    pub sequences: Vec<u64>,
}

/// Where the audit log ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LogEnd {
    /// Sequence number of the newest entry; 0 when there is none.
    pub sequence: u64,
    /// Its link; [`Link::ZERO`] when there is none.
    pub link: Link,
}

/// Takes a stored entry of the audit log apart: its link, and the bytes that were appended.
pub fn split_entry(stored: &[u8]) -> Option<(Link, &[u8])> {
    let (link, bytes) = stored.split_first_chunk::<LINK_BYTES>()?;
    Some((Link(*link), bytes))
}

/// A durable, versioned, ordered set of records.
///
/// All methods may be called from many tasks at once. A caller who drops the future of `commit`
/// after it was submitted undoes nothing and blocks nobody.
#[async_trait]
pub trait Store: Send + Sync {
    /// One record, `None` when there is none. Never one whose commit is not durable.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn get(&self, kind: Kind, key: &[u8]) -> Result<Option<Versioned>, StoreError>;

    /// Up to `limit` records whose key begins with `prefix`, in ascending order, beginning behind
    /// the key `after`. What it returns was true at one moment; fewer than `limit` means the end.
    ///
    /// # Errors
    /// [`StoreError`]; a limit above [`SCAN_RECORDS_MAX`] is [`Limit::Scan`](super::Limit::Scan).
    async fn scan(
        &self,
        kind: Kind,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Versioned)>, StoreError>;

    /// Applies a batch. When it returns `Ok`, the batch survives kill -9 and power loss.
    ///
    /// # Errors
    /// [`CommitError::Conflict`]: nothing was changed, and what stood in the way is durable.
    /// [`CommitError::Store`]: [`StoreError::Io`] and [`StoreError::Stalled`] leave open whether
    /// the batch will be there after a restart; every other error says that it will not.
    async fn commit(&self, batch: Batch) -> Result<Committed, CommitError>;

    /// Where the audit log ends, as far as it is durable.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn log_end(&self) -> Result<LogEnd, StoreError>;

    /// What it holds, for metrics; `None` where that is not known. May look at the disk's directory,
    /// never at its data.
    fn stats(&self) -> Option<Stats> {
        None
    }
}

/// The instance of a store ([`INSTANCE_KEY`]).
///
/// # Errors
/// [`StoreError`]; [`StoreError::Corrupt`] when the record is missing or misshapen.
pub async fn instance(store: &dyn Store) -> Result<u64, StoreError> {
    let record = store.get(Kind::Meta, INSTANCE_KEY).await?;
    let bytes = record.and_then(|record| record.bytes.try_into().ok());
    bytes
        .map(u64::from_be_bytes)
        .ok_or(StoreError::Corrupt("the instance record"))
}
