//! A store with a watch on it: how long its commits take and how they end.

use crate::clock::Stopwatch;
use crate::observe::Metrics;
use crate::store::{
    Batch, CommitError, Committed, Kind, LogEnd, Stats, Store, StoreError, Versioned,
};
use async_trait::async_trait;
use std::sync::Arc;

/// In front of any store.
pub struct WatchedStore {
    inner: Arc<dyn Store>,
    metrics: Arc<Metrics>,
}

impl WatchedStore {
    /// Watches `inner`.
    pub fn new(inner: Arc<dyn Store>, metrics: Arc<Metrics>) -> Self {
        Self { inner, metrics }
    }
}

#[async_trait]
impl Store for WatchedStore {
    async fn get(&self, kind: Kind, key: &[u8]) -> Result<Option<Versioned>, StoreError> {
        self.inner.get(kind, key).await
    }

    async fn scan(
        &self,
        kind: Kind,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Versioned)>, StoreError> {
        self.inner.scan(kind, prefix, after, limit).await
    }

    async fn commit(&self, batch: Batch) -> Result<Committed, CommitError> {
        let watch = Stopwatch::start();
        let committed = self.inner.commit(batch).await;
        self.metrics.commit(word(&committed), watch.elapsed());
        if let Ok(Committed { sequences, .. }) = &committed
            && let Some(last) = sequences.last()
        {
            self.metrics.audit_reached(*last);
        }
        committed
    }

    async fn log_end(&self) -> Result<LogEnd, StoreError> {
        self.inner.log_end().await
    }

    fn stats(&self) -> Option<Stats> {
        self.inner.stats()
    }
}

fn word(committed: &Result<Committed, CommitError>) -> &'static str {
    match committed {
        Ok(_) => "ok",
        Err(CommitError::Conflict { .. }) => "conflict",
        Err(CommitError::Store(error)) => match error {
            StoreError::Full => "full",
            StoreError::Io { .. } | StoreError::Stopped | StoreError::Corrupt(_) => "stopped",
            StoreError::Stalled => "stalled",
            StoreError::Closed | StoreError::TooLarge(_) | StoreError::Misuse(_) => "other",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::UnixSeconds;
    use crate::seal::{AuditChain, MasterKey};
    use crate::store::tampered::Tampered;
    use crate::store::{Expect, MemoryStore, Op};

    fn put(expect: Expect) -> Batch {
        Batch(vec![Op::Put {
            kind: Kind::Meta,
            key: b"x".to_vec(),
            expect,
            bytes: vec![1],
        }])
    }

    #[tokio::test]
    async fn the_end_of_every_commit_is_seen() {
        let metrics = Arc::new(Metrics::new(UnixSeconds(0), []));
        let chain = AuditChain::new(&MasterKey::new([7; 32])).unwrap();
        let broken = Arc::new(Tampered::new(MemoryStore::new(7, chain)));
        let store = WatchedStore::new(broken.clone(), metrics.clone());
        assert_eq!(metrics.last_commit(), "ok", "before the first");
        let failed = |kind| StoreError::Io { doing: "x", kind };
        for (error, word) in [
            (StoreError::Full, "full"),
            (failed(std::io::ErrorKind::Other), "stopped"),
            (StoreError::Stopped, "stopped"),
            (StoreError::Corrupt("x"), "stopped"),
            (StoreError::Stalled, "stalled"),
            (StoreError::Closed, "other"),
        ] {
            broken.refuse(error);
            assert!(store.commit(put(Expect::Any)).await.is_err());
            assert_eq!(metrics.last_commit(), word);
        }
        broken.heal();
        assert!(store.commit(put(Expect::Any)).await.is_ok());
        assert_eq!(metrics.last_commit(), "ok");
        assert!(store.commit(put(Expect::Absent)).await.is_err());
        assert_eq!(metrics.last_commit(), "conflict");
        assert!(store.get(Kind::Meta, b"x").await.unwrap().is_some());
        let found = store.scan(Kind::Meta, b"x", None, 10).await.unwrap();
        assert_eq!(found.len(), 1);
        let append = Op::Append {
            kind: Kind::Audit,
            bytes: vec![1],
            index: None,
        };
        store.commit(Batch(vec![append])).await.unwrap();
        let text = metrics.text(&crate::observe::Readings::default());
        assert!(text.contains("gerbang_audit_last_sequence 1\n"), "{text}");
    }
}
