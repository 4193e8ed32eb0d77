//! One at a time: in a visitor's session whatever is not on the public list may log somebody in, by
//! whatever address, and what runs beside it would be carried out in that user's name before anybody
//! could know. So such requests follow each other, each after the verdict on the one before.

use crate::flow::Engine;
use crate::flow::table::Entry;
use crate::primitives::UpstreamKey;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

/// How long a known login waits for what was asked before it.
const LOGIN_SECONDS: u64 = 3;

/// The turn of one request; ends when dropped.
pub struct Turn {
    _entry: Arc<Entry>,
    _permit: OwnedSemaphorePermit,
}

impl Engine {
    /// Waits for the turn in a session. `None`: what is under way there was not answered in time, or
    /// too many wait already. Then nothing may go up with that session that could be carried out as
    /// whoever is logging in there.
    pub async fn turn(&self, key: UpstreamKey) -> Option<Turn> {
        self.turn_within(key, self.settings.verdict_wait_seconds)
            .await
    }

    /// The same for a known login, which goes up in the end, turn or not: where something hangs, or
    /// a page keeps a request open all the time, nobody may be kept out by it. What is under way
    /// was sent seconds before the login then, and its answer is withheld after it.
    pub async fn turn_of_login(&self, key: UpstreamKey) -> Option<Turn> {
        let seconds = LOGIN_SECONDS.min(self.settings.verdict_wait_seconds);
        self.turn_within(key, seconds).await
    }

    async fn turn_within(&self, key: UpstreamKey, seconds: u64) -> Option<Turn> {
        let entry = self.table.entry(key, self.now());
        let permit = match entry.asking.clone().try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => self.queued(&entry, seconds).await?,
        };
        Some(Turn {
            _entry: entry,
            _permit: permit,
        })
    }

    async fn queued(&self, entry: &Entry, seconds: u64) -> Option<OwnedSemaphorePermit> {
        let (Ok(_turn), Ok(_own)) = (
            self.budgets.turns.try_acquire(),
            entry.waiting.try_acquire(),
        ) else {
            return None;
        };
        let wait = Duration::from_secs(seconds);
        timeout(wait, entry.asking.clone().acquire_owned())
            .await
            .ok()?
            .ok()
    }
}
