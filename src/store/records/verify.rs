//! Verifying the audit log: every link from the first record to the last durable one, every record
//! opened, the index, and heads that were kept elsewhere.

use super::audit::{AuditEntry, INDEX_BYTES};
use super::{RecordError, Records};
use crate::domain::retention::Retention;
use crate::seal::{Head, Link, LinkOf};
use crate::store::{Kind, LogEnd, SCAN_RECORDS_MAX, Versioned, split_entry};

/// What was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditReport {
    /// Up to where the log is sound.
    pub sound: LogEnd,
    /// How many of these are stubs of records whose time was over.
    pub redacted: u64,
    /// Where the log ends.
    pub end: LogEnd,
    /// The first thing that is wrong, if anything is.
    pub fault: Option<Fault>,
}

/// What is wrong with an audit log.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Fault {
    /// A record is not there.
    #[error("record {sequence} is missing")]
    Missing {
        /// Which.
        sequence: u64,
    },
    /// Something lies in the log that has no number.
    #[error("behind record {after} lies something that is no record")]
    Stranger {
        /// Behind which.
        after: u64,
    },
    /// The link is not the one that this record and those before it make: something here was
    /// changed, replaced or moved.
    #[error("record {sequence} was changed or moved: its link does not fit")]
    WrongLink {
        /// Which.
        sequence: u64,
    },
    /// The link fits, and yet the record does not open or cannot be read.
    #[error("record {sequence} cannot be opened")]
    Unreadable {
        /// Which.
        sequence: u64,
    },
    /// A record was taken out before its time.
    #[error("record {sequence} was taken out when it was younger than its kind is kept")]
    RedactedTooEarly {
        /// Which.
        sequence: u64,
    },
    /// The index does not lead to a record of an account.
    #[error("the index does not lead to record {sequence}")]
    IndexLacks {
        /// Which.
        sequence: u64,
    },
    /// The index leads to a record that is not of that account.
    #[error("the index leads to record {sequence} from an account that it is not of")]
    IndexInvents {
        /// Which; 0 when it leads nowhere.
        sequence: u64,
    },
    /// The log ends before a head that is known.
    #[error(
        "the log ends at record {end}, but a head says that it had {head}: its end was cut off"
    )]
    EndsBefore {
        /// The last record.
        end: u64,
        /// What the head says.
        head: u64,
    },
    /// Another record stands where a head was.
    #[error("record {sequence} is not the one that a head names: the log was replaced")]
    OtherThanHead {
        /// Which.
        sequence: u64,
    },
    /// The store's own note of the last link is another one.
    #[error("the store notes another last link than that of record {sequence}")]
    WrongEnd {
        /// The last record.
        sequence: u64,
    },
}

/// The walk along the log.
struct Walk<'a> {
    records: &'a Records,
    retention: &'a Retention,
    /// Heads that are still ahead, the next one last.
    heads: Vec<LogEnd>,
    end: LogEnd,
    sound: LogEnd,
    redacted: u64,
    indexed: u64,
}

impl From<&Head> for LogEnd {
    fn from(head: &Head) -> Self {
        Self {
            sequence: head.sequence,
            link: head.link,
        }
    }
}

impl Records {
    /// Verifies the whole log up to its durable end, page by page, also while it is written to.
    ///
    /// `heads` are ends that were sent elsewhere and whose signature was verified. `retention` is
    /// how long kinds are to be kept: a stub of a record that was younger when it was taken out is
    /// reported, so give the shortest times that were in force since.
    ///
    /// # Errors
    /// [`RecordError`] when the engine fails; what is wrong with the log is in the report.
    pub async fn audit_verify(
        &self,
        heads: &[LogEnd],
        retention: &Retention,
    ) -> Result<AuditReport, RecordError> {
        let mut heads = heads.to_vec();
        heads.sort_by_key(|head| std::cmp::Reverse(head.sequence));
        let start = LogEnd {
            sequence: 0,
            link: Link::ZERO,
        };
        let mut walk = Walk {
            records: self,
            retention,
            heads,
            end: self.store.log_end().await?,
            sound: start,
            redacted: 0,
            indexed: 0,
        };
        let fault = walk.first_fault().await?;
        Ok(AuditReport {
            sound: walk.sound,
            redacted: walk.redacted,
            end: walk.end,
            fault,
        })
    }
}

impl Walk<'_> {
    async fn first_fault(&mut self) -> Result<Option<Fault>, RecordError> {
        if let Some(fault) = self.compare_heads() {
            return Ok(Some(fault));
        }
        while self.sound.sequence < self.end.sequence {
            let after = self.sound.sequence.to_be_bytes();
            let page = self
                .records
                .store
                .scan(Kind::Audit, b"", Some(&after), SCAN_RECORDS_MAX)
                .await?;
            if page.is_empty() {
                let sequence = self.sound.sequence + 1;
                return Ok(Some(Fault::Missing { sequence }));
            }
            for (key, found) in page {
                if self.sound.sequence == self.end.sequence {
                    break;
                }
                if let Some(fault) = self.step(&key, &found).await? {
                    return Ok(Some(fault));
                }
            }
        }
        if self.sound.link != self.end.link {
            let sequence = self.end.sequence;
            return Ok(Some(Fault::WrongEnd { sequence }));
        }
        if let Some(head) = self.heads.first() {
            return Ok(Some(Fault::EndsBefore {
                end: self.end.sequence,
                head: head.sequence,
            }));
        }
        self.invented_index().await
    }

    async fn step(&mut self, key: &[u8], found: &Versioned) -> Result<Option<Fault>, RecordError> {
        let sequence = self.sound.sequence + 1;
        match key.try_into().map(u64::from_be_bytes) {
            Ok(there) if there == sequence => {}
            Ok(_) => return Ok(Some(Fault::Missing { sequence })),
            Err(_) => {
                let after = self.sound.sequence;
                return Ok(Some(Fault::Stranger { after }));
            }
        }
        let Some((link, sealed)) = split_entry(&found.bytes) else {
            return Ok(Some(Fault::WrongLink { sequence }));
        };
        let opened = self.records.open_entry(key, sealed);
        let of = LinkOf {
            sequence,
            commit: found.version,
            digest: &opened.linked_digest,
        };
        if self.records.seal.chain().link(self.sound.link, of) != link {
            return Ok(Some(Fault::WrongLink { sequence }));
        }
        match &opened.entry {
            AuditEntry::Unreadable => return Ok(Some(Fault::Unreadable { sequence })),
            AuditEntry::Redacted(stub) => {
                let over = self
                    .retention
                    .is_over(&stub.kind, stub.at, stub.redacted_at);
                if !over {
                    return Ok(Some(Fault::RedactedTooEarly { sequence }));
                }
            }
            AuditEntry::Record(_) => {}
        }
        if let Some(index) = self.records.index_of(&opened.entry) {
            let key = [&index[..], &sequence.to_be_bytes()].concat();
            let entry = self.records.store.get(Kind::AuditByAccount, &key).await?;
            if entry.is_none_or(|entry| !fits(&entry, found)) {
                return Ok(Some(Fault::IndexLacks { sequence }));
            }
            self.indexed += 1;
        }
        self.sound = LogEnd { sequence, link };
        self.redacted += u64::from(matches!(opened.entry, AuditEntry::Redacted(_)));
        Ok(self.compare_heads())
    }

    /// Compares the heads of the place that was reached.
    fn compare_heads(&mut self) -> Option<Fault> {
        let sequence = self.sound.sequence;
        while let Some(head) = self.heads.last().filter(|head| head.sequence == sequence) {
            if head.link != self.sound.link {
                return Some(Fault::OtherThanHead { sequence });
            }
            self.heads.pop();
        }
        None
    }

    /// Every record of an account was found in the index: if it holds no more than these, it
    /// invents none.
    async fn invented_index(&self) -> Result<Option<Fault>, RecordError> {
        let mut after: Option<Vec<u8>> = None;
        let mut entries = 0;
        let mut suspect = None;
        loop {
            let page = self.index_page(after.as_deref()).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            for (key, _) in &page {
                match key.split_first_chunk::<INDEX_BYTES>() {
                    Some((_, sequence)) if sequence.len() == size_of::<u64>() => {
                        // Younger than this walk.
                        if sequence > self.end.sequence.to_be_bytes().as_slice() {
                            continue;
                        }
                        entries += 1;
                    }
                    _ => suspect = Some(Fault::IndexInvents { sequence: 0 }),
                }
            }
        }
        if suspect.is_none() && entries > self.indexed {
            suspect = self.name_invented_index().await?;
        }
        Ok(suspect)
    }

    /// The entries of the index behind this one.
    async fn index_page(
        &self,
        after: Option<&[u8]>,
    ) -> Result<Vec<(Vec<u8>, Versioned)>, RecordError> {
        let store = &self.records.store;
        let page = store.scan(Kind::AuditByAccount, b"", after, SCAN_RECORDS_MAX);
        Ok(page.await?)
    }

    /// The slow way, once it is known that there is one: each entry of the index with its record.
    async fn name_invented_index(&self) -> Result<Option<Fault>, RecordError> {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let page = self.index_page(after.as_deref()).await?;
            let Some((last, _)) = page.last() else {
                return Ok(Some(Fault::IndexInvents { sequence: 0 }));
            };
            after = Some(last.clone());
            for (key, _) in &page {
                let Some((index, sequence)) = key.split_first_chunk::<INDEX_BYTES>() else {
                    continue;
                };
                let found = self.records.store.get(Kind::Audit, sequence).await?;
                let entry = found.as_ref().and_then(|found| split_entry(&found.bytes));
                let entry =
                    entry.map(|(_, sealed)| self.records.open_entry(sequence, sealed).entry);
                let own = entry.and_then(|entry| self.records.index_of(&entry));
                if own != Some(*index) {
                    let sequence = sequence.try_into().map_or(0, u64::from_be_bytes);
                    return Ok(Some(Fault::IndexInvents { sequence }));
                }
            }
        }
    }
}

/// Whether an entry of the index is as the store wrote it, in the same commit as its record.
fn fits(index: &Versioned, record: &Versioned) -> bool {
    index.bytes.is_empty() && index.version == record.version
}
