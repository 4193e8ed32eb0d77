//! The store of the tests: the same rules, nothing on a disk.

use super::check::{check_batch, check_key, check_scan};
use super::engine::{Batch, Committed, Kind, LogEnd, Store, Versioned};
use super::error::{CommitError, StoreError};
use super::ledger::{self, Records, Stage};
use super::totals::Totals;
use crate::seal::AuditChain;
use async_trait::async_trait;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Keeps everything in memory and forgets it when it is dropped.
pub struct MemoryStore {
    inner: Mutex<Inner>,
    chain: AuditChain,
}

struct Inner {
    records: Records,
    totals: Totals,
}

impl MemoryStore {
    /// A new store with these 64 random bits as its instance, and the chain of its audit log.
    pub fn new(instance: u64, chain: AuditChain) -> Self {
        let (changes, totals) = ledger::genesis(instance);
        let mut records = Records::new();
        ledger::apply(&mut records, changes);
        Self {
            inner: Mutex::new(Inner { records, totals }),
            chain,
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Nothing under this lock leaves it half done when it panics: changes are staged first.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn get(&self, kind: Kind, key: &[u8]) -> Result<Option<Versioned>, StoreError> {
        check_key(key)?;
        Ok(self.inner().records.get(&ledger::name(kind, key)).cloned())
    }

    async fn scan(
        &self,
        kind: Kind,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Versioned)>, StoreError> {
        check_scan(prefix, after, limit)?;
        Ok(ledger::scan(
            &self.inner().records,
            kind,
            prefix,
            after,
            limit,
        ))
    }

    async fn commit(&self, batch: Batch) -> Result<Committed, CommitError> {
        check_batch(&batch)?;
        let inner = &mut *self.inner();
        let mut stage = Stage::new(
            &inner.records,
            inner.totals.clone(),
            &inner.records,
            &self.chain,
        );
        let committed = stage.stage(batch)?;
        let (changes, totals) = stage.finish();
        ledger::apply(&mut inner.records, changes);
        inner.totals = totals;
        Ok(committed)
    }

    async fn log_end(&self) -> Result<LogEnd, StoreError> {
        Ok(self.inner().totals.log_end())
    }
}
