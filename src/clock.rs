//! The only place that reads the system's clock (invariant I12).

use crate::primitives::UnixSeconds;
use std::sync::atomic::{AtomicU64, Ordering};

/// Gives the time.
pub trait Clock: Send + Sync {
    /// Wall-clock time.
    fn now(&self) -> UnixSeconds;
}

/// The system's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the clock"
    )]
    fn now(&self) -> UnixSeconds {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        // A clock before 1970 counts as 0: everything that asks then sees a clock that went back.
        UnixSeconds(since.map_or(0, |d| d.as_secs()))
    }
}

/// Measures how long something took, for metrics and signs of life. Nothing is decided by it that a
/// user could see: that is what [`Clock`] is for.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts now.
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// Time since then; it does not jump when the system's time is set.
    pub fn elapsed(&self) -> std::time::Duration {
        self.0.elapsed()
    }
}

/// A clock that is moved by hand, for tests.
#[derive(Debug, Default)]
pub struct ManualClock(AtomicU64);

impl ManualClock {
    /// Starts at `now`.
    pub fn new(now: UnixSeconds) -> Self {
        Self(AtomicU64::new(now.0))
    }

    /// Goes on by `seconds`.
    pub fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Jumps, also backwards.
    pub fn set(&self, now: UnixSeconds) {
        self.0.store(now.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> UnixSeconds {
        UnixSeconds(self.0.load(Ordering::SeqCst))
    }
}
