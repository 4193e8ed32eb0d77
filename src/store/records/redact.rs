//! Retention: what was kept long enough is replaced by a stub, a little at a time.
//!
//! Each class of equally long kept kinds has a place up to which the log was looked through, so
//! that a call goes on where the last one stopped and no record is looked at twice by a class.

use super::audit::{AuditEntry, StubReason};
use super::{Record, RecordError, Records, Stub};
use crate::domain::retention::{Retention, RetentionClass};
use crate::primitives::UnixSeconds;
use crate::store::{Kind, split_entry};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Entries in one step: each may become an operation, and the places are one more of the 64.
const STEP_ENTRIES: usize = 50;

/// Key of the one [`Looked`].
const LOOKED: &[u8] = b"audit-retention";

/// Up to where each class has looked through the log.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
struct Looked {
    /// By [`RetentionClass::label`]: the last sequence number.
    last: BTreeMap<String, u64>,
}
impl Record for Looked {
    const KIND: Kind = Kind::Meta;
}

/// What one call did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Redaction {
    /// Entries that were old enough for their class and were looked at.
    pub looked: usize,
    /// Records that became stubs.
    pub redacted: usize,
}

impl Records {
    /// Replaces records that were kept long enough at `now`. Looks at `limit` entries at most, the
    /// oldest first; call it again and again. What does not open stays where it is.
    ///
    /// # Errors
    /// [`RecordError`]; what was done before stays done.
    pub async fn redact_old(
        &self,
        retention: &Retention,
        now: UnixSeconds,
        limit: usize,
    ) -> Result<Redaction, RecordError> {
        let mut done = Redaction::default();
        for class in retention.classes() {
            while done.looked < limit {
                let entries = STEP_ENTRIES.min(limit - done.looked);
                let step = self.redact_step(retention, &class, now, entries).await?;
                done.looked += step.looked;
                done.redacted += step.redacted;
                if step.looked < entries {
                    break;
                }
            }
        }
        Ok(done)
    }

    async fn redact_step(
        &self,
        retention: &Retention,
        class: &RetentionClass,
        now: UnixSeconds,
        entries: usize,
    ) -> Result<Redaction, RecordError> {
        let (mut looked, expect) = self.for_update(LOOKED, Looked::default).await?;
        let before = looked.last.get(&class.label).copied().unwrap_or_default();
        let mut last = before;
        let mut done = Redaction::default();
        let mut draft = self.draft();
        let after = before.to_be_bytes();
        let page = self.store.scan(Kind::Audit, b"", Some(&after), entries);
        for (key, found) in page.await? {
            let Ok(sequence) = key.as_slice().try_into().map(u64::from_be_bytes) else {
                break;
            };
            let Some((_, sealed)) = split_entry(&found.bytes) else {
                break;
            };
            let opened = self.open_entry(&key, sealed);
            if let AuditEntry::Record(record) = &opened.entry {
                if !class.is_over(record.at, now) {
                    break;
                }
                let kind = record.event.kind();
                if retention.days(kind) == class.days {
                    let stub = Stub {
                        digest: opened.digest,
                        kind: kind.to_owned(),
                        at: record.at,
                        redacted_at: now,
                        reason: StubReason::Retention,
                        index: self.index_of(&opened.entry),
                    };
                    draft = draft.redact(sequence, &stub);
                    done.redacted += 1;
                }
            }
            last = sequence;
            done.looked += 1;
        }
        if last != before {
            let labels: Vec<String> = retention.classes().into_iter().map(|it| it.label).collect();
            looked.last.retain(|label, _| labels.contains(label));
            looked.last.insert(class.label.clone(), last);
            self.commit(draft.put(LOOKED, expect, &looked)).await?;
        }
        Ok(done)
    }
}
