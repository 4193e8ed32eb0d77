//! The audit log in other people's hands: what somebody does to it behind the store's back, and
//! what verifying says then.

mod property;
mod retention;
mod verify;

use super::*;
use crate::domain::audit::{AuditEvent, sample};
use crate::domain::retention::Retention;
use crate::entropy::SystemEntropy;
use crate::seal::{Link, MasterKey};
use crate::store::tampered::Tampered;
use crate::store::{LogEnd, MemoryStore, Versioned, split_entry};
use std::collections::BTreeMap;

/// When the first record was written.
const START: UnixSeconds = UnixSeconds(1_800_000_000);
const DAY: u64 = 86_400;

/// A store that somebody can reach into, and the records over it.
struct Vault {
    store: Arc<Tampered>,
    records: Records,
}

fn seal(key: u8) -> Arc<RecordSeal> {
    let entropy = Arc::new(SystemEntropy::default());
    Arc::new(RecordSeal::new(&MasterKey::new([key; 32]), entropy).unwrap())
}

impl Vault {
    fn new() -> Self {
        let seal = seal(7);
        let store = MemoryStore::new(1, seal.chain().clone());
        let store = Arc::new(Tampered::new(store));
        let records = Records::new(store.clone(), seal);
        Self { store, records }
    }

    /// With so many records, one a day, of two accounts and of nobody.
    async fn with(records: u64) -> Self {
        let vault = Self::new();
        for n in 0..records {
            vault.append(n, START.plus(n * DAY)).await;
        }
        vault
    }

    async fn append(&self, n: u64, at: UnixSeconds) {
        // The first nine: how often each comes does not depend on how many there are.
        let kinds = sample::records(at);
        let mut record = kinds[n as usize % 9].clone();
        record.at = at;
        record.account = match n % 3 {
            0 => sample::account("PPK1"),
            1 => sample::account("PPK2"),
            _ => None,
        };
        let draft = self.records.draft().audit(&record);
        self.records.commit(draft).await.unwrap();
    }

    async fn stored(&self, sequence: u64) -> Versioned {
        let key = sequence.to_be_bytes();
        self.store.get(Kind::Audit, &key).await.unwrap().unwrap()
    }

    /// Puts something in the place of a record, or takes it away.
    fn put(&self, sequence: u64, stored: Option<Versioned>) {
        self.store.put(Kind::Audit, &sequence.to_be_bytes(), stored);
    }

    async fn end(&self) -> LogEnd {
        self.records.audit_end().await.unwrap()
    }

    async fn fault(&self) -> Option<Fault> {
        self.fault_with(&[]).await
    }

    async fn fault_with(&self, heads: &[LogEnd]) -> Option<Fault> {
        let retention = Retention::new(0, BTreeMap::new());
        let report = self.records.audit_verify(heads, &retention);
        report.await.unwrap().fault
    }

    async fn redact(&self, retention: &Retention, now: UnixSeconds, limit: usize) -> Redaction {
        let done = self.records.redact_old(retention, now, limit);
        done.await.unwrap()
    }
}
