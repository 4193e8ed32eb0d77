//! The single durable writer.
//!
//! One thread owns the disk. It takes what waits, checks and applies the batches in their order,
//! makes all of them durable with one flush and fsync, shows them to the readers, and only then
//! answers everybody: those who committed and those who lost against them.
//!
//! A write, flush or fsync that fails is final. After a failed fsync the kernel may drop the pages
//! it could not write and report success the next time ("fsyncgate"), so a second try proves
//! nothing. The store stops: everybody waiting and everybody later gets an error, readers go on
//! with what is durable, and only a restart, which reads the disk, begins anew.

use super::engine::{Batch, Committed};
use super::error::{CommitError, StoreError};
use super::ledger::{self, Changes, Log, Records, Stage};
use super::totals::{self, Totals};
use crate::seal::AuditChain;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Most requests that share one fsync: enough for every login that can arrive while the disk is
/// busy with the one before.
const GROUP_REQUESTS_MAX: usize = 256;

/// From this many bytes on a group is closed. sled may use a freed part of its file again before
/// what replaced it was fsynced, once more than half a megabyte lies between two fsyncs.
const GROUP_BYTES_MAX: usize = 256 * 1024;

/// How many requests may wait; who comes then waits to be let in, up to [`COMMIT_WAIT_MAX`].
const QUEUE_REQUESTS_MAX: usize = 1_024;

/// How long a caller waits. A disk that hangs must not hang logins: they get a 503 instead.
/// (sled 0.34 can also wait for itself for ever when a write fails at the wrong moment.)
const COMMIT_WAIT_MAX: Duration = Duration::from_secs(10);

/// What the writer needs of a disk. Tests put one in front that fails on purpose.
pub(super) trait Disk: Log + Send + 'static {
    /// Whether there is room for a group. Without it the group is refused, and nothing is lost.
    fn has_room(&self) -> Result<bool, StoreError>;

    /// Writes a group as a whole: after a crash all of it is there, or nothing.
    fn write(&mut self, changes: &Changes, totals: &Totals) -> Result<(), StoreError>;

    /// Returns when everything written has reached the medium.
    fn sync(&mut self) -> Result<(), StoreError>;

    /// Notes, with no promise, which commit is about to be acknowledged.
    fn mark(&mut self, commit: u64) -> Result<(), StoreError>;
}

/// What is durable, and so may be seen.
pub(super) struct Durable {
    /// All records but those of logs.
    pub(super) records: Records,
    /// The numbers that belong to them.
    pub(super) totals: Totals,
}

/// What the writer and the readers share.
pub(super) struct Shared {
    durable: RwLock<Durable>,
    stopped: OnceLock<StoreError>,
    /// The number of the group that the writer has in hand, from 1; 0 when it is idle.
    running: AtomicU64,
    /// The group behind which somebody has waited in vain.
    stalled: AtomicU64,
}

impl Shared {
    /// Reads what is durable. Held for look-ups in memory only.
    pub(super) fn durable(&self) -> RwLockReadGuard<'_, Durable> {
        // Only the writer changes it, in `publish`; if that panicked, the store has stopped and
        // what a reader finds was durable before, or is now.
        self.durable.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the store stopped, if it did.
    pub(super) fn stopped(&self) -> Option<StoreError> {
        self.stopped.get().cloned()
    }

    /// Whether the disk hangs: then nobody else needs to find out by waiting.
    fn hangs(&self) -> bool {
        let stalled = self.stalled.load(Ordering::SeqCst);
        stalled != 0 && stalled == self.running.load(Ordering::SeqCst)
    }

    fn publish(&self, changes: Changes, totals: Totals) {
        let mut durable = self.durable.write().unwrap_or_else(PoisonError::into_inner);
        let records = changes.into_iter();
        let records =
            records.filter(|(name, _)| totals::kind_of(name).is_some_and(|k| !k.1.is_log()));
        ledger::apply(&mut durable.records, records.collect());
        durable.totals = totals;
    }

    fn stop(&self, why: StoreError) {
        if self.stopped.set(why.clone()).is_ok() {
            tracing::error!(error = %why, "The store has stopped; nothing is written any more");
        }
    }
}

struct Request {
    batch: Batch,
    answer: oneshot::Sender<Result<Committed, CommitError>>,
}

/// The door to the writer's thread.
pub(super) struct Writer {
    shared: Arc<Shared>,
    sender: Mutex<Option<mpsc::Sender<Request>>>,
    thread: Mutex<Option<JoinHandle<Result<(), StoreError>>>>,
}

impl Writer {
    /// Starts the thread on top of what was loaded from the disk.
    pub(super) fn start(
        disk: impl Disk,
        durable: Durable,
        chain: AuditChain,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            durable: RwLock::new(durable),
            stopped: OnceLock::new(),
            running: AtomicU64::new(0),
            stalled: AtomicU64::new(0),
        });
        let (sender, receiver) = mpsc::channel(QUEUE_REQUESTS_MAX);
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || run(disk, &theirs, &chain, receiver))?;
        let sender = Mutex::new(Some(sender));
        Ok(Self {
            shared,
            sender,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// What is durable.
    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Whether it was closed.
    pub(super) fn is_closed(&self) -> bool {
        self.sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_none()
    }

    /// Hands in a batch that passed the checks and waits for its fate.
    pub(super) async fn commit(&self, batch: Batch) -> Result<Committed, CommitError> {
        let sender = self
            .sender
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let sender = sender.ok_or(StoreError::Closed)?;
        if self.shared.stopped().is_some() {
            return Err(StoreError::Stopped.into());
        }
        if self.shared.hangs() {
            return Err(StoreError::Stalled.into());
        }
        let submitted = async {
            let (answer, fate) = oneshot::channel();
            // Either end is gone only when the thread has died; then the store has stopped.
            let sent = sender.send(Request { batch, answer }).await;
            drop(sender);
            sent.map_err(|_| StoreError::Stopped)?;
            fate.await.map_err(|_| StoreError::Stopped)?
        };
        let fate = tokio::time::timeout(COMMIT_WAIT_MAX, submitted).await;
        fate.unwrap_or_else(|_| {
            let running = self.shared.running.load(Ordering::SeqCst);
            self.shared.stalled.store(running, Ordering::SeqCst);
            Err(StoreError::Stalled.into())
        })
    }

    /// Lets in nobody more, finishes what waits, and ends the thread. Blocks.
    pub(super) fn close(&self) -> Result<(), StoreError> {
        drop(
            self.sender
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match thread.map(JoinHandle::join) {
            None => Err(StoreError::Closed),
            Some(ended) => ended.unwrap_or(Err(StoreError::Stopped)),
        }
    }
}

/// A panic of the disk's library stops the store as any failure does.
struct StopOnPanic<'a>(&'a Shared);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0
                .stop(StoreError::Corrupt("the disk's library panicked"));
        }
    }
}

fn run(
    mut disk: impl Disk,
    shared: &Shared,
    chain: &AuditChain,
    mut requests: mpsc::Receiver<Request>,
) -> Result<(), StoreError> {
    let _guard = StopOnPanic(shared);
    let mut number = 0;
    while let Some(first) = requests.blocking_recv() {
        let group = gather(first, &mut requests);
        if shared.stopped().is_some() {
            refuse(group, &StoreError::Stopped);
        } else {
            number += 1;
            shared.running.store(number, Ordering::SeqCst);
            commit_group(&mut disk, shared, chain, group);
            shared.running.store(0, Ordering::SeqCst);
        }
    }
    match shared.stopped() {
        Some(why) => Err(why),
        None => disk.sync(),
    }
}

fn gather(first: Request, requests: &mut mpsc::Receiver<Request>) -> Vec<Request> {
    let mut bytes = first.batch.bytes();
    let mut group = vec![first];
    while group.len() < GROUP_REQUESTS_MAX && bytes < GROUP_BYTES_MAX {
        let Ok(next) = requests.try_recv() else { break };
        bytes += next.batch.bytes();
        group.push(next);
    }
    group
}

fn commit_group(disk: &mut impl Disk, shared: &Shared, chain: &AuditChain, group: Vec<Request>) {
    let (changes, totals, fates) = stage(disk, shared, chain, group);
    // Behind the fates, so that on a panic the store has stopped before anybody hears of it.
    let _guard = StopOnPanic(shared);
    // Losers against durable records wait for nothing.
    if changes.is_empty() {
        return answer(fates);
    }
    match disk.has_room() {
        Ok(true) => {}
        // Also the losers: what they lost against was not written either.
        Ok(false) => return refuse_fates(fates, &StoreError::Full),
        Err(why) => return refuse_fates(fates, &why),
    }
    let durable = disk
        .write(&changes, &totals)
        .and_then(|()| disk.sync())
        .and_then(|()| disk.mark(totals.commit));
    match durable {
        Ok(()) => {
            shared.publish(changes, totals);
            answer(fates);
        }
        Err(why) => {
            shared.stop(why.clone());
            refuse_fates(fates, &why);
        }
    }
}

type Fate = (
    oneshot::Sender<Result<Committed, CommitError>>,
    Result<Committed, CommitError>,
);

fn stage(
    disk: &impl Disk,
    shared: &Shared,
    chain: &AuditChain,
    group: Vec<Request>,
) -> (Changes, Totals, Vec<Fate>) {
    let durable = shared.durable();
    let mut stage = Stage::new(&durable.records, durable.totals.clone(), disk, chain);
    let fates = group
        .into_iter()
        .map(|it| (it.answer, stage.stage(it.batch)))
        .collect();
    let (changes, totals) = stage.finish();
    (changes, totals, fates)
}

// Whoever no longer listens has dropped his future: his batch stays committed.
fn answer(fates: Vec<Fate>) {
    for (to, fate) in fates {
        let _ = to.send(fate);
    }
}

fn refuse_fates(fates: Vec<Fate>, why: &StoreError) {
    answer(
        fates
            .into_iter()
            .map(|(to, _)| (to, Err(why.clone().into())))
            .collect(),
    );
}

fn refuse(group: Vec<Request>, why: &StoreError) {
    answer(
        group
            .into_iter()
            .map(|it| (it.answer, Err(why.clone().into())))
            .collect(),
    );
}

#[cfg(test)]
mod tests;
