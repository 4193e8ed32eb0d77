//! For tests: a store whose contents are not what was written, and whose commits fail on demand.

use super::{
    Batch, CommitError, Committed, Kind, LogEnd, MemoryStore, Store, StoreError, Versioned,
};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::Mutex;

type Name = (Kind, Vec<u8>);

/// In front of a store: what was put here stands in the place of what was written.
pub(crate) struct Tampered {
    inner: MemoryStore,
    changed: Mutex<BTreeMap<Name, Option<Versioned>>>,
    end: Mutex<Option<LogEnd>>,
    refusal: Mutex<Option<StoreError>>,
}

impl Tampered {
    pub(crate) fn new(inner: MemoryStore) -> Self {
        Self {
            inner,
            changed: Mutex::default(),
            end: Mutex::default(),
            refusal: Mutex::default(),
        }
    }

    pub(crate) fn put(&self, kind: Kind, key: &[u8], stored: Option<Versioned>) {
        let name = (kind, key.to_vec());
        self.changed.lock().unwrap().insert(name, stored);
    }

    /// Rewrites what the store notes of the end of its log.
    pub(crate) fn end_at(&self, end: LogEnd) {
        *self.end.lock().unwrap() = Some(end);
    }

    /// Every commit fails with this from now on.
    pub(crate) fn refuse(&self, error: StoreError) {
        *self.refusal.lock().unwrap() = Some(error);
    }

    /// As it was written, and taking commits.
    pub(crate) fn heal(&self) {
        self.changed.lock().unwrap().clear();
        *self.end.lock().unwrap() = None;
        *self.refusal.lock().unwrap() = None;
    }
}

#[async_trait]
impl Store for Tampered {
    async fn get(&self, kind: Kind, key: &[u8]) -> Result<Option<Versioned>, StoreError> {
        let changed = self
            .changed
            .lock()
            .unwrap()
            .get(&(kind, key.to_vec()))
            .cloned();
        match changed {
            Some(changed) => Ok(changed),
            None => self.inner.get(kind, key).await,
        }
    }

    async fn scan(
        &self,
        kind: Kind,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Versioned)>, StoreError> {
        if self.changed.lock().unwrap().is_empty() {
            return self.inner.scan(kind, prefix, after, limit).await;
        }
        let page = self.inner.scan(kind, prefix, after, 1_000).await?;
        let mut page: BTreeMap<_, _> = page.into_iter().collect();
        for ((changed_kind, key), stored) in &*self.changed.lock().unwrap() {
            let here = *changed_kind == kind
                && key.starts_with(prefix)
                && after.is_none_or(|after| key.as_slice() > after);
            match stored {
                Some(stored) if here => drop(page.insert(key.clone(), stored.clone())),
                None if here => drop(page.remove(key)),
                _ => {}
            }
        }
        Ok(page.into_iter().take(limit).collect())
    }

    async fn commit(&self, batch: Batch) -> Result<Committed, CommitError> {
        let refusal = self.refusal.lock().unwrap().clone();
        match refusal {
            Some(error) => Err(error.into()),
            None => self.inner.commit(batch).await,
        }
    }

    async fn log_end(&self) -> Result<LogEnd, StoreError> {
        let end = *self.end.lock().unwrap();
        match end {
            Some(end) => Ok(end),
            None => self.inner.log_end().await,
        }
    }
}
