//! Upstream sessions in memory: one look-up on the request path, no entry for a free session that
//! never was in doubt.

use crate::authenticator::totp;
use crate::domain::jar::Jar;
use crate::domain::upstream_session::{State, StoredState, Tracked};
use crate::flow::again::LastAnswer;
use crate::flow::compare::CodeRefusal;
use crate::flow::judge::Due;
use crate::primitives::{UnixSeconds, UpstreamKey};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Requests of one session that may wait for a verdict at once: a browser's double click and some
/// scripts, not a flood.
const WAITERS_PER_SESSION: usize = 16;

/// All upstream sessions that are not simply free.
pub struct Table {
    entries: papaya::HashMap<UpstreamKey, Arc<Entry>>,
    generation: AtomicU64,
    /// Taken where an entry is made or forgotten, so that no mark lands on a forgotten one.
    making: Mutex<()>,
}

/// To which waiting login a request led, and the session that waits.
pub(super) type Led = (Due, UpstreamKey);

/// One upstream session.
pub struct Entry {
    tracked: Mutex<Tracked>,
    jar: Mutex<Jar>,
    changed: watch::Sender<u64>,
    /// Serialises durable writes of this session's state, so that their order is the order of the
    /// transitions.
    pub durable: tokio::sync::Mutex<()>,
    /// The waiting login that a request led to a moment ago, by the digest of that request: a
    /// double click gets the same way.
    recent: Mutex<LastAnswer<Led>>,
    /// The code that was refused last for the login that waits here, by its digest.
    refused: Mutex<Option<([u8; 32], CodeRefusal, UnixSeconds)>>,
    /// Requests of this session that wait for a verdict.
    pub waiting: tokio::sync::Semaphore,
    /// One probe at a time per session.
    pub probing: tokio::sync::Semaphore,
    /// What nobody knows is asked for one by one in a visitor's session ([`super::turn`]).
    pub asking: Arc<tokio::sync::Semaphore>,
}

impl Default for Table {
    fn default() -> Self {
        // Generation 0 is what a session without an entry has.
        Self {
            entries: papaya::HashMap::new(),
            generation: AtomicU64::new(1),
            making: Mutex::new(()),
        }
    }
}

impl Table {
    /// A generation that no session ever had.
    pub fn fresh_generation(&self) -> u64 {
        self.generation.fetch_add(1, Ordering::Relaxed)
    }

    /// The entry, if the session has one.
    pub fn find(&self, key: UpstreamKey) -> Option<Arc<Entry>> {
        self.entries.pin().get(&key).cloned()
    }

    /// State and generation; a session without an entry is free.
    pub fn standing(&self, key: UpstreamKey) -> (State, u64) {
        self.entries
            .pin()
            .get(&key)
            .map_or((State::Free, 0), |entry| {
                let tracked = entry.tracked();
                (tracked.state, tracked.generation)
            })
    }

    /// The entry, made when there is none.
    pub fn entry(&self, key: UpstreamKey, now: UnixSeconds) -> Arc<Entry> {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = self.entries.pin();
        entries
            .get_or_insert_with(key, || Arc::new(Entry::new(Tracked::free(now))))
            .clone()
    }

    /// Puts what the store knew, at start.
    pub fn restore(&self, key: UpstreamKey, stored: &StoredState) {
        let entry = Entry::new(Tracked::restored(stored, self.fresh_generation()));
        entry.keep_jar(&stored.jar);
        self.entries.pin().insert(key, Arc::new(entry));
    }

    /// All entries at this moment.
    pub fn all(&self) -> Vec<(UpstreamKey, Arc<Entry>)> {
        self.entries
            .pin()
            .iter()
            .map(|(key, entry)| (*key, entry.clone()))
            .collect()
    }

    /// The state of every entry, one after the other.
    pub fn each_state(&self, mut see: impl FnMut(State)) {
        for entry in self.entries.pin().values() {
            see(entry.tracked().state);
        }
    }

    /// Forgets an entry that nobody holds any more: a free one, or a tombstone past its time.
    pub fn forget(&self, key: UpstreamKey) {
        let _making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        self.entries
            .pin()
            .remove_if(&key, |_, entry| {
                // One count is the map's own; a request under way compares generations through its own.
                Arc::strong_count(entry) == 1
            })
            .ok();
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Entry {
    fn new(tracked: Tracked) -> Self {
        Self {
            changed: watch::Sender::new(tracked.generation),
            tracked: Mutex::new(tracked),
            jar: Mutex::new(Jar::default()),
            durable: tokio::sync::Mutex::new(()),
            recent: Mutex::default(),
            refused: Mutex::new(None),
            waiting: tokio::sync::Semaphore::new(WAITERS_PER_SESSION),
            probing: tokio::sync::Semaphore::new(1),
            asking: Arc::new(tokio::sync::Semaphore::new(1)),
        }
    }

    /// A copy of what is known.
    pub fn tracked(&self) -> Tracked {
        *self.lock()
    }

    /// Changes it and wakes who waits for a verdict.
    pub fn change<T>(&self, change: impl FnOnce(&mut Tracked) -> T) -> T {
        let mut tracked = self.lock();
        let result = change(&mut tracked);
        drop(tracked);
        self.changed
            .send_modify(|count| *count = count.wrapping_add(1));
        result
    }

    /// Wakes at every change from now on.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// The upstream's cookies of this session, as last seen.
    pub fn jar(&self) -> Jar {
        self.jar
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Remembers the cookies; an empty jar is no news.
    pub fn keep_jar(&self, jar: &Jar) {
        if !jar.is_empty() {
            self.jar
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone_from(jar);
        }
    }

    /// Remembers to which waiting login a request led.
    pub(super) fn remember_due(&self, digest: [u8; 32], led: Led, now: UnixSeconds) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.keep(digest, led, now);
    }

    /// Where the very same request led a moment ago.
    pub(super) fn recent_due(&self, digest: [u8; 32], now: UnixSeconds) -> Option<Led> {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.to(digest, now).cloned()
    }

    /// Remembers that a code was refused.
    pub fn remember_refusal(&self, digest: [u8; 32], refusal: CodeRefusal, now: UnixSeconds) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        *refused = Some((digest, refusal, now));
    }

    /// What the very same code got in the same step of the authenticator.
    pub fn same_refusal(&self, digest: &[u8; 32], now: UnixSeconds) -> Option<CodeRefusal> {
        let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused
            .as_ref()
            .filter(|(known, _, at)| known == digest && totp::step_at(*at) == totp::step_at(now))
            .map(|(_, refusal, _)| *refusal)
    }

    fn lock(&self) -> MutexGuard<'_, Tracked> {
        // Nothing panics while it is held; were it to, the value is still whole (it is `Copy`).
        self.tracked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
