//! Why a store did not do what it was asked.

use super::engine::Kind;
use std::io;

/// A limit that was passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    /// [`KEY_BYTES_MAX`](super::KEY_BYTES_MAX)
    Key,
    /// [`VALUE_BYTES_MAX`](super::VALUE_BYTES_MAX)
    Value,
    /// [`BATCH_OPS_MAX`](super::BATCH_OPS_MAX)
    Ops,
    /// [`BATCH_BYTES_MAX`](super::BATCH_BYTES_MAX)
    Batch,
    /// [`SCAN_RECORDS_MAX`](super::SCAN_RECORDS_MAX)
    Scan,
}

/// A batch that means nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Misuse {
    /// A put or delete in a log.
    AppendOnly,
    /// An append to what is no log.
    NotALog,
    /// The same key in two operations.
    SameKeyTwice,
    /// The records that the store keeps about itself.
    Reserved,
}

/// Why a store did not do what it was asked. All but `TooLarge` and `Misuse` mean: fail closed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum StoreError {
    /// The operating system refused. The store has stopped; the outcome of this commit is open.
    #[error("the store failed while it was {doing}: {kind}")]
    Io {
        /// What it was doing.
        doing: &'static str,
        /// What the system said.
        kind: io::ErrorKind,
    },
    /// What is on the disk is not what was written.
    #[error("the store is corrupt: {0}")]
    Corrupt(&'static str),
    /// Too little room on the disk; nothing was written. Goes on as soon as there is room.
    #[error("too little room on the disk for the store")]
    Full,
    /// An earlier write failed, so nothing more can be promised before a restart.
    #[error("the store has stopped after a failed write; restart once the cause is removed")]
    Stopped,
    /// The disk did not answer in time; the outcome of this commit is open.
    #[error("the disk did not answer in time")]
    Stalled,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// Larger than a limit; nothing was written.
    #[error("beyond a limit of the store: {0:?}")]
    TooLarge(Limit),
    /// A mistake of the caller; nothing was written.
    #[error("not a thing that a store can do: {0:?}")]
    Misuse(Misuse),
}

/// Why a batch was not applied.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CommitError {
    /// An expectation did not hold; nothing was changed.
    #[error("somebody else changed the {kind:?} record of operation {op} first")]
    Conflict {
        /// The kind of the record.
        kind: Kind,
        /// The place of the operation in the batch, from 0 (keys may be personal: they do not
        /// stand in errors).
        op: usize,
    },
    /// The store could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}
