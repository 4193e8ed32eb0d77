//! A store that fails on purpose: at the n-th call, before or after it took effect.

use async_trait::async_trait;
use gerbang::seal::{AuditChain, MasterKey};
use gerbang::store::{
    Batch, CommitError, Committed, Kind, LogEnd, MemoryStore, Store, StoreError, Versioned,
};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The n-th call fails, nothing is written, everything later works.
    Once,
    /// The n-th call fails although a commit took effect: the answer was lost.
    OnceAfter,
    /// The n-th call and all after it fail until the store heals.
    FromHere,
    /// The same, and the n-th commit took effect.
    FromHereAfter,
}

impl Fault {
    pub(super) const ALL: [Self; 4] = [
        Self::Once,
        Self::OnceAfter,
        Self::FromHere,
        Self::FromHereAfter,
    ];

    fn lasts(self) -> bool {
        matches!(self, Self::FromHere | Self::FromHereAfter)
    }

    fn after(self) -> bool {
        matches!(self, Self::OnceAfter | Self::FromHereAfter)
    }
}

/// In front of a memory store that outlives restarts.
pub(super) struct ChaosStore {
    pub(super) inner: Arc<MemoryStore>,
    plan: Mutex<Option<(u64, Fault)>>,
    calls: AtomicU64,
    failed: AtomicU64,
}

/// What becomes of one call.
enum Fate {
    Works,
    Fails,
    FailsAfter,
}

impl ChaosStore {
    pub(super) fn new(master: &MasterKey) -> Self {
        let chain = AuditChain::new(master).unwrap();
        Self {
            inner: Arc::new(MemoryStore::new(7, chain)),
            plan: Mutex::default(),
            calls: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// From now on the call number `n` (from 0) fails.
    pub(super) fn arm(&self, n: u64, fault: Fault) {
        self.calls.store(0, Ordering::SeqCst);
        self.failed.store(0, Ordering::SeqCst);
        *self.plan.lock().unwrap() = Some((n, fault));
    }

    /// Everything works again. Returns how many calls failed.
    pub(super) fn heal(&self) -> u64 {
        *self.plan.lock().unwrap() = None;
        self.failed.load(Ordering::SeqCst)
    }

    fn fate(&self) -> Fate {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let Some((n, fault)) = *self.plan.lock().unwrap() else {
            return Fate::Works;
        };
        if call != n && !(fault.lasts() && call > n) {
            return Fate::Works;
        }
        self.failed.fetch_add(1, Ordering::SeqCst);
        if call == n && fault.after() {
            Fate::FailsAfter
        } else {
            Fate::Fails
        }
    }
}

/// An outcome that stays open, as after a disk that did not answer in time.
const LOST: StoreError = StoreError::Stalled;

#[async_trait]
impl Store for ChaosStore {
    async fn get(&self, kind: Kind, key: &[u8]) -> Result<Option<Versioned>, StoreError> {
        match self.fate() {
            Fate::Works => self.inner.get(kind, key).await,
            Fate::Fails | Fate::FailsAfter => Err(LOST),
        }
    }

    async fn scan(
        &self,
        kind: Kind,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Versioned)>, StoreError> {
        match self.fate() {
            Fate::Works => self.inner.scan(kind, prefix, after, limit).await,
            Fate::Fails | Fate::FailsAfter => Err(LOST),
        }
    }

    async fn commit(&self, batch: Batch) -> Result<Committed, CommitError> {
        match self.fate() {
            Fate::Works => self.inner.commit(batch).await,
            Fate::Fails => Err(LOST.into()),
            Fate::FailsAfter => {
                self.inner.commit(batch).await?;
                Err(LOST.into())
            }
        }
    }

    async fn log_end(&self) -> Result<LogEnd, StoreError> {
        match self.fate() {
            Fate::Works => self.inner.log_end().await,
            Fate::Fails | Fate::FailsAfter => Err(LOST),
        }
    }
}
