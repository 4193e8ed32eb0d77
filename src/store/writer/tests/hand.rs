//! A disk in a test's hand.

use super::super::super::engine::Versioned;
use super::*;
use std::sync::atomic::AtomicBool;
use std::sync::{Condvar, MutexGuard};

/// What a test does to the disk, and sees of it.
#[derive(Default)]
pub(super) struct Hand {
    /// While true, a sync does not come back.
    held: Mutex<bool>,
    moved: Condvar,
    pub(super) full: AtomicBool,
    pub(super) fail_read: AtomicBool,
    pub(super) fail_write: AtomicBool,
    pub(super) fail_sync: AtomicBool,
    pub(super) fail_mark: AtomicBool,
    pub(super) panic: AtomicBool,
    pub(super) writes: AtomicU64,
    pub(super) syncs: AtomicU64,
    pub(super) marked: AtomicU64,
}

impl Hand {
    pub(super) fn hold(&self, held: bool) {
        *self.lock() = held;
        self.moved.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.held.lock().unwrap()
    }

    /// Waits until the writer has arrived in the n-th sync.
    pub(super) async fn in_sync(&self, n: u64) {
        while self.syncs.load(Ordering::SeqCst) < n {
            tokio::task::yield_now().await;
        }
    }
}

pub(super) struct TestDisk(pub(super) Arc<Hand>);

pub(super) const IO: StoreError = StoreError::Io {
    doing: "testing",
    kind: std::io::ErrorKind::Other,
};

fn unless(flag: &AtomicBool) -> Result<(), StoreError> {
    if flag.load(Ordering::SeqCst) {
        Err(IO)
    } else {
        Ok(())
    }
}

impl Log for TestDisk {
    fn entry(&self, _: u64) -> Result<Option<Versioned>, StoreError> {
        unless(&self.0.fail_read).map(|()| None)
    }
}

impl Disk for TestDisk {
    fn has_room(&self) -> Result<bool, StoreError> {
        Ok(!self.0.full.load(Ordering::SeqCst))
    }

    fn write(&mut self, _: &Changes, _: &Totals) -> Result<(), StoreError> {
        self.0.writes.fetch_add(1, Ordering::SeqCst);
        assert!(!self.0.panic.load(Ordering::SeqCst), "as asked");
        unless(&self.0.fail_write)
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.0.syncs.fetch_add(1, Ordering::SeqCst);
        let held = self.0.lock();
        drop(self.0.moved.wait_while(held, |held| *held).unwrap());
        unless(&self.0.fail_sync)
    }

    fn mark(&mut self, commit: u64) -> Result<(), StoreError> {
        self.0.marked.store(commit, Ordering::SeqCst);
        unless(&self.0.fail_mark)
    }
}
