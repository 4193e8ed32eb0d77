//! The rules of a batch, pure: what it needs to find, what it changes, which numbers it gets.
//! Both stores take them from here, so that they cannot differ.

use super::engine::{
    Batch, Committed, Expect, FORMAT_KEY, INSTANCE_KEY, Kind, Op, Versioned, split_entry,
};
use super::error::{CommitError, StoreError};
use super::totals::Totals;
use crate::seal::{AuditChain, Link, LinkOf, digest};
use std::collections::BTreeMap;
use std::ops::Bound;

/// The format that this version writes, and the only one that it opens. In format 1 the audit log
/// was not linked.
pub const FORMAT: u32 = 2;

/// A key with the byte of its kind in front: records of one kind lie together, in key order.
pub(super) type Name = Vec<u8>;

/// Records by name.
pub(super) type Records = BTreeMap<Name, Versioned>;

/// What a group of batches changes: the new record, or `None` for a deletion.
pub(super) type Changes = BTreeMap<Name, Option<Versioned>>;

/// The name of the [`Totals`] in a store: below every kind.
pub(super) const TOTALS_NAME: &[u8] = b"\0totals";

/// The name of a record.
pub(super) fn name(kind: Kind, key: &[u8]) -> Name {
    let mut name = Vec::with_capacity(1 + key.len());
    name.push(kind.byte());
    name.extend_from_slice(key);
    name
}

/// Where a scan begins.
pub(super) fn scan_start(kind: Kind, prefix: &[u8], after: Option<&[u8]>) -> Bound<Name> {
    match after {
        Some(after) if after >= prefix => Bound::Excluded(name(kind, after)),
        _ => Bound::Included(name(kind, prefix)),
    }
}

/// One page of records.
pub(super) fn scan(
    records: &Records,
    kind: Kind,
    prefix: &[u8],
    after: Option<&[u8]>,
    limit: usize,
) -> Vec<(Vec<u8>, Versioned)> {
    let common = name(kind, prefix);
    records
        .range((scan_start(kind, prefix, after), Bound::Unbounded))
        .take_while(|(name, _)| name.starts_with(&common))
        .take(limit)
        .map(|(name, record)| (name[1..].to_vec(), record.clone()))
        .collect()
}

/// Reads the audit log, which is not among the records in memory.
pub(super) trait Log {
    /// The entry with this number, if there is one.
    fn entry(&self, sequence: u64) -> Result<Option<Versioned>, StoreError>;
}

/// Of a store that keeps its log among its records.
impl Log for Records {
    fn entry(&self, sequence: u64) -> Result<Option<Versioned>, StoreError> {
        Ok(self
            .get(&name(Kind::Audit, &sequence.to_be_bytes()))
            .cloned())
    }
}

/// A group of batches on top of records that are durable.
pub(super) struct Stage<'a> {
    durable: &'a Records,
    log: &'a dyn Log,
    chain: &'a AuditChain,
    changes: Changes,
    totals: Totals,
}

impl<'a> Stage<'a> {
    /// Nothing staged yet.
    pub(super) fn new(
        durable: &'a Records,
        totals: Totals,
        log: &'a dyn Log,
        chain: &'a AuditChain,
    ) -> Self {
        Self {
            durable,
            log,
            chain,
            changes: Changes::new(),
            totals,
        }
    }

    /// What was staged.
    pub(super) fn finish(self) -> (Changes, Totals) {
        (self.changes, self.totals)
    }

    /// Stages a whole batch, or nothing of it. The batch has passed
    /// [`check_batch`](super::check::check_batch).
    pub(super) fn stage(&mut self, batch: Batch) -> Result<Committed, CommitError> {
        // Of each entry that is redacted, what stays of it.
        let mut kept = BTreeMap::new();
        for (op, it) in batch.0.iter().enumerate() {
            let (kind, fits) = match it {
                Op::Put {
                    kind, key, expect, ..
                }
                | Op::Delete { kind, key, expect } => {
                    (*kind, holds(*expect, self.current(&name(*kind, key))))
                }
                Op::Append { kind, .. } => (*kind, true),
                Op::Redact {
                    sequence, digest, ..
                } => {
                    let entry = self.entry_with(*sequence, digest)?;
                    (
                        Kind::Audit,
                        entry.map(|it| kept.insert(*sequence, it)).is_some(),
                    )
                }
            };
            if !fits {
                return Err(CommitError::Conflict { kind, op });
            }
        }
        let changes_something = batch.0.iter().any(|op| match op {
            Op::Put { .. } | Op::Append { .. } | Op::Redact { .. } => true,
            Op::Delete { kind, key, .. } => self.current(&name(*kind, key)).is_some(),
        });
        let version = self.totals.commit.checked_add(u64::from(changes_something));
        let version = version.ok_or(StoreError::Corrupt("no commit numbers are left"))?;
        self.totals.commit = version;
        let mut sequences = Vec::new();
        for op in batch.0 {
            match op {
                Op::Put {
                    kind, key, bytes, ..
                } => {
                    self.put(name(kind, &key), Versioned { version, bytes });
                }
                Op::Delete { kind, key, .. } => self.delete(name(kind, &key)),
                Op::Append { kind, bytes, index } => {
                    sequences.push(self.append(kind, Versioned { version, bytes }, index));
                }
                Op::Redact {
                    sequence, bytes, ..
                } => {
                    if let Some((link, version)) = kept.remove(&sequence) {
                        self.put_entry(sequence, link, Versioned { version, bytes });
                    }
                }
            }
        }
        Ok(Committed { version, sequences })
    }

    fn current(&self, name: &[u8]) -> Option<&Versioned> {
        match self.changes.get(name) {
            Some(change) => change.as_ref(),
            None => self.durable.get(name),
        }
    }

    /// Link and version of an entry whose bytes have this digest.
    fn entry_with(
        &self,
        sequence: u64,
        wanted: &[u8; 32],
    ) -> Result<Option<(Link, u64)>, StoreError> {
        let staged = self
            .changes
            .get(&name(Kind::Audit, &sequence.to_be_bytes()));
        let entry = match staged {
            Some(staged) => staged.clone(),
            None => self.log.entry(sequence)?,
        };
        Ok(entry.and_then(|entry| {
            let (link, bytes) = split_entry(&entry.bytes)?;
            (digest(&[bytes]) == *wanted).then_some((link, entry.version))
        }))
    }

    fn put_entry(&mut self, sequence: u64, link: Link, entry: Versioned) {
        let bytes = [&link.0, entry.bytes.as_slice()].concat();
        let name = name(Kind::Audit, &sequence.to_be_bytes());
        self.changes
            .insert(name, Some(Versioned { bytes, ..entry }));
    }

    fn forget(&mut self, name: &[u8]) {
        // Field by field, so that the totals can change while the record is borrowed.
        let old = self
            .changes
            .get(name)
            .map_or_else(|| self.durable.get(name), Option::as_ref);
        if let Some(old) = old {
            self.totals.remove(name, old);
        }
    }

    fn put(&mut self, name: Name, record: Versioned) {
        self.forget(&name);
        self.totals.add(&name, &record);
        self.changes.insert(name, Some(record));
    }

    fn delete(&mut self, name: Name) {
        self.forget(&name);
        self.changes.insert(name, None);
    }

    fn append(&mut self, kind: Kind, record: Versioned, index: Option<Vec<u8>>) -> u64 {
        let sequence = self.totals.next_sequence;
        self.totals.next_sequence += 1;
        if let Some(mut key) = index {
            key.extend_from_slice(&sequence.to_be_bytes());
            let entry = Versioned {
                version: record.version,
                bytes: Vec::new(),
            };
            let name = name(Kind::AuditByAccount, &key);
            self.totals.add(&name, &entry);
            self.changes.insert(name, Some(entry));
        }
        let of = LinkOf {
            sequence,
            commit: record.version,
            digest: &digest(&[&record.bytes]),
        };
        self.totals.link = self.chain.link(self.totals.link, of);
        self.totals
            .add(&name(kind, &sequence.to_be_bytes()), &record);
        self.put_entry(sequence, self.totals.link, record);
        sequence
    }
}

fn holds(expect: Expect, current: Option<&Versioned>) -> bool {
    match expect {
        Expect::Any => true,
        Expect::Absent => current.is_none(),
        Expect::Version(version) => current.is_some_and(|record| record.version == version),
    }
}

/// Carries changes into records.
pub(super) fn apply(records: &mut Records, changes: Changes) {
    for (name, change) in changes {
        match change {
            Some(record) => records.insert(name, record),
            None => records.remove(&name),
        };
    }
}

/// The first commit of a store: what it says of itself.
pub(super) fn genesis(instance: u64) -> (Changes, Totals) {
    let mut totals = Totals {
        commit: 1,
        ..Totals::empty()
    };
    let mut changes = Changes::new();
    for (key, bytes) in [
        (INSTANCE_KEY, instance.to_be_bytes().to_vec()),
        (FORMAT_KEY, FORMAT.to_be_bytes().to_vec()),
    ] {
        let (name, record) = (name(Kind::Meta, key), Versioned { version: 1, bytes });
        totals.add(&name, &record);
        changes.insert(name, Some(record));
    }
    (changes, totals)
}
