//! Who waits on an own page for something that happens elsewhere: a phone that joins or answers.
//!
//! A wake says only "look again": what happened stands in the store. One that comes before somebody
//! listens is not missed, since whoever listens looks first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// How many may listen to the same: one page in a few tabs.
const LISTENERS_MAX: usize = 4;

/// Everybody who waits, by the key of what he waits for.
pub struct Wakes {
    all: Arc<Mutex<Waiting>>,
    room: Arc<Semaphore>,
    room_max: usize,
}

#[derive(Default)]
struct Waiting {
    senders: HashMap<Vec<u8>, watch::Sender<()>>,
    ended: bool,
}

/// Waits for one thing; forgotten when dropped.
pub struct Wake {
    key: Vec<u8>,
    changes: watch::Receiver<()>,
    all: Arc<Mutex<Waiting>>,
    _room: OwnedSemaphorePermit,
}

impl Wakes {
    /// With room for so many at once.
    pub fn new(room_max: usize) -> Self {
        Self {
            all: Arc::default(),
            room: Arc::new(Semaphore::new(room_max)),
            room_max,
        }
    }

    /// Listens from now on; `None` where too many do, to this key or in all.
    pub fn listen(&self, key: &[u8]) -> Option<Wake> {
        let room = self.room.clone().try_acquire_owned().ok()?;
        let mut all = lock(&self.all);
        let listening = |sender: &watch::Sender<()>| sender.receiver_count() >= LISTENERS_MAX;
        if all.senders.get(key).is_some_and(listening) {
            return None;
        }
        let sender = all.senders.entry(key.to_vec()).or_default();
        Some(Wake {
            key: key.to_vec(),
            changes: sender.subscribe(),
            all: self.all.clone(),
            _room: room,
        })
    }

    /// Something happened to it.
    pub fn wake(&self, key: &[u8]) {
        if let Some(sender) = lock(&self.all).senders.get(key) {
            sender.send_replace(());
        }
    }

    /// The process ends: nobody waits any longer.
    pub fn end(&self) {
        let mut all = lock(&self.all);
        all.ended = true;
        for sender in all.senders.values() {
            sender.send_replace(());
        }
    }

    /// Whether the process ends.
    pub fn is_ending(&self) -> bool {
        lock(&self.all).ended
    }

    /// How many listen.
    pub fn listeners(&self) -> usize {
        self.room_max.saturating_sub(self.room.available_permits())
    }
}

impl Wake {
    /// Resolves when something has happened since the last time.
    pub async fn changed(&mut self) {
        if self.changes.changed().await.is_err() {
            // The sender lives as long as somebody listens: this cannot happen, and must not spin.
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Wake {
    fn drop(&mut self) {
        let mut all = lock(&self.all);
        // This one is still counted.
        let last = |sender: &watch::Sender<()>| sender.receiver_count() <= 1;
        if all.senders.get(&self.key).is_some_and(last) {
            all.senders.remove(&self.key);
        }
    }
}

fn lock(all: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wake_reaches_whoever_listens_and_nobody_else() {
        let wakes = Wakes::new(3);
        let listen = |key: &[u8]| wakes.listen(key).unwrap();
        let (mut first, mut second, other) = (listen(b"a"), listen(b"a"), listen(b"b"));
        assert!(wakes.listen(b"a").is_none(), "no room");
        wakes.wake(b"a");
        first.changed().await;
        second.changed().await;
        assert!(!other.changes.has_changed().unwrap());
        wakes.wake(b"nobody");
        assert_eq!(wakes.listeners(), 3);
        drop((first, other));
        assert_eq!(lock(&wakes.all).senders.len(), 1);
        wakes.wake(b"a");
        second.changed().await;
        drop(second);
        assert_eq!(wakes.listeners(), 0);
        assert!(lock(&wakes.all).senders.is_empty());
    }

    #[tokio::test]
    async fn one_page_takes_no_room_from_the_others() {
        let wakes = Wakes::new(10);
        let tabs: Vec<Wake> = (0..20).filter_map(|_| wakes.listen(b"a")).collect();
        assert_eq!(tabs.len(), LISTENERS_MAX);
        assert!(wakes.listen(b"b").is_some());
        drop(tabs);
        assert!(wakes.listen(b"a").is_some());
    }

    #[tokio::test]
    async fn the_end_of_the_process_wakes_everybody() {
        let wakes = Wakes::new(2);
        let listen = |key: &[u8]| wakes.listen(key).unwrap();
        let (mut first, mut second) = (listen(b"a"), listen(b"b"));
        assert!(!wakes.is_ending());
        wakes.end();
        first.changed().await;
        second.changed().await;
        assert!(wakes.is_ending());
    }
}
