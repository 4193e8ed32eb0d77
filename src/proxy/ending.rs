//! How the process ends: nothing is accepted any more, requests of the connections that are open are answered
//! and their connections closed, and once the last one has closed the process goes, without sleeping out its
//! grace.
//!
//! Where a service manager holds the listening sockets ([`super::HandedOver`]), connections that come
//! meanwhile wait in the kernel for the process that follows.

use crate::observe::Metrics;
use async_trait::async_trait;
use pingora::server::{ShutdownSignal, ShutdownSignalWatch, UnixShutdownSignalWatch};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// For so long open connections may still bring a request, whose answer tells of the end: what is closed while
/// it is used looks like a failure.
const LAST_ANSWERS: Duration = Duration::from_secs(1);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);
/// So many looks in a row that find nobody: what was accepted last is not counted at once.
const LOOKS: u32 = 5;

/// Whether the process is ending, and who is still at work.
#[derive(Clone, Debug)]
pub(super) struct Ending {
    begun: Arc<AtomicBool>,
    workers: Arc<AtomicUsize>,
    metrics: Arc<Metrics>,
}

impl Ending {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self {
            begun: Arc::default(),
            workers: Arc::default(),
            metrics,
        }
    }

    /// For so many seconds a connection may be kept; `None` for none.
    pub(super) fn kept(&self, seconds: u64) -> Option<u64> {
        (!self.begun.load(Ordering::Relaxed)).then_some(seconds)
    }

    /// Somebody works beside the requests, until the guard is dropped.
    pub(super) fn worker(&self) -> AtWork {
        self.workers.fetch_add(1, Ordering::SeqCst);
        AtWork(self.workers.clone())
    }

    /// Waits for the last requests of connections that are open; what is silent then is closed.
    pub(super) async fn last_answers(&self) {
        // An error: somebody is still connected.
        let _ = timeout(LAST_ANSWERS, looks(|| !self.is_connected())).await;
    }

    fn is_connected(&self) -> bool {
        self.metrics.open_connections() > 0
    }

    /// Resolves once nobody is connected and nobody works; `false` when somebody still is after `grace`.
    pub(super) async fn all_gone(&self, grace: Duration) -> bool {
        let nobody = || !self.is_connected() && self.workers.load(Ordering::SeqCst) == 0;
        let gone = timeout(grace, looks(nobody)).await.is_ok();
        if !gone {
            let connections = self.metrics.open_connections();
            tracing::warn!(connections, "the grace is over: what is under way is cut");
        }
        gone
    }
}

/// See [`Ending::worker`].
#[derive(Debug)]
pub(super) struct AtWork(Arc<AtomicUsize>);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The signals of the process: SIGTERM and SIGQUIT end it gently, SIGINT at once.
pub(super) struct Signals(pub(super) Ending);

#[async_trait]
impl ShutdownSignalWatch for Signals {
    async fn recv(&self) -> ShutdownSignal {
        match UnixShutdownSignalWatch.recv().await {
            ShutdownSignal::FastShutdown => ShutdownSignal::FastShutdown,
            // No process takes listeners over by pingora's own way: two cannot have the store.
            ShutdownSignal::GracefulTerminate | ShutdownSignal::GracefulUpgrade => {
                self.0.begun.store(true, Ordering::Relaxed);
                ShutdownSignal::GracefulTerminate
            }
        }
    }
}

/// Resolves once it is true for a while.
async fn looks(is_so: impl Fn() -> bool) {
    let mut found = 0;
    while found < LOOKS {
        sleep(LOOK).await;
        found = if is_so() { found + 1 } else { 0 };
    }
}
