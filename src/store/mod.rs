//! The durable store: an engine that keeps small versioned records, changes them by
//! compare-and-swap in all-or-nothing batches, and answers only when the change is on the disk.
//!
//! | file | what it is |
//! |---|---|
//! | `engine.rs`, `error.rs` | the trait [`Store`], its types, limits and errors: all that other rooms see |
//! | `check.rs` | what callers hand in, against the limits |
//! | `ledger.rs` | the rules of a batch, pure: expectations, versions, sequence numbers, links, totals |
//! | `totals.rs` | what a store knows of itself: counts and a sum |
//! | `writer.rs` | the single durable writer: group, apply, flush, fsync, acknowledge |
//! | `disk.rs` | the files next to and below sled that must be fsynced, and the high-water mark |
//! | `sled.rs` | [`SledStore`], the embedded default, and the only file that names the crate |
//! | `open.rs` | creating and opening its directory, and what is checked before it may be used |
//! | `memory.rs` | [`MemoryStore`], for tests |
//! | `tampered.rs` | in front of `memory.rs`, for tests of what goes wrong |
//! | `reminder.rs` | the note beside the store that ends of sessions could not be written |
//! | `conformance.rs` and its folder | what every store must do; run for each from `tests/it/stores.rs` |
//!
//! Three promises bind (invariants I5 to I8):
//!
//! - **No false acknowledgement.** `commit` returns `Ok` after flush *and* fsync. sled's own
//!   `flush` stops at `sync_file_range`, so the files are fsynced here, by handles of our own.
//! - **Nobody acts on what is not durable.** A reader sees a commit only after its fsync, and the
//!   loser of a compare-and-swap hears of it only after the winner's commit is durable. Records
//!   are read from memory, which is changed after the fsync; the audit log is read from the disk
//!   up to the last durable sequence number.
//! - **A store is never replaced by an empty one**, and never by an older self: opening checks the
//!   number and a sum over all records, and a mark of the last acknowledged commit.
//!
//! May import: `primitives` and what lies below it, and `seal` for links and sealed records.
//!
//! To add a store: a file with an implementation of [`Store`] that takes its rules from `ledger`,
//! and its line in `tests/it/stores.rs`; it is done when the conformance suite passes.

mod check;
pub mod conformance;
mod disk;
mod engine;
mod error;
mod ledger;
mod memory;
mod open;
pub mod records;
mod reminder;
mod sled;
#[cfg(test)]
pub(crate) mod tampered;
mod totals;
mod writer;

pub use engine::{
    BATCH_BYTES_MAX, BATCH_OPS_MAX, Batch, Committed, Expect, FORMAT_KEY, INSTANCE_KEY,
    KEY_BYTES_MAX, Kind, LogEnd, Op, SCAN_RECORDS_MAX, Stats, Store, VALUE_BYTES_MAX, Versioned,
    instance, split_entry,
};
pub use error::{CommitError, Limit, Misuse, StoreError};
pub use ledger::FORMAT;
pub use memory::MemoryStore;
pub use open::{Mode, OpenError};
pub use reminder::Reminder;
pub use sled::SledStore;
