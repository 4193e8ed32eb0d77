//! Counters, gauges and histograms: atomics with their words.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// A word that stands for everything outside of a list. Where a list may be left, it is its last.
pub(super) const OTHER: &str = "other";

/// Counters for every combination of two labels; for one label `B` is 1 and its word empty.
#[derive(Debug)]
pub(super) struct Table<const A: usize, const B: usize> {
    pub(super) first: [&'static str; A],
    pub(super) second: [&'static str; B],
    counts: [[AtomicU64; B]; A],
}

impl<const A: usize, const B: usize> Table<A, B> {
    pub(super) fn new(first: [&'static str; A], second: [&'static str; B]) -> Self {
        Self {
            first,
            second,
            counts: std::array::from_fn(|_| std::array::from_fn(|_| AtomicU64::new(0))),
        }
    }

    /// Counts one; what is in no list counts as the list's last word.
    pub(super) fn count(&self, first: &str, second: &str) {
        let (a, b) = (place(&self.first, first), place(&self.second, second));
        if let Some(cell) = self.counts.get(a).and_then(|row| row.get(b)) {
            cell.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Every combination with its count.
    pub(super) fn read(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        self.counts.iter().zip(self.first).flat_map(|(row, first)| {
            row.iter()
                .zip(self.second)
                .map(move |(cell, second)| (first, second, cell.load(Ordering::Relaxed)))
        })
    }
}

/// A column without a label.
pub(super) const NO_LABEL: [&str; 1] = [""];

/// The place of a word, or the last place. Lists are short: this is quicker than any map.
pub(super) fn place(words: &[&str], word: &str) -> usize {
    let found = words.iter().position(|known| *known == word);
    found.unwrap_or(words.len().saturating_sub(1))
}

/// One counter.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How many of something there are now.
#[derive(Debug, Default)]
pub(super) struct Level(AtomicI64);

impl Level {
    pub(super) fn add(&self, change: i64) {
        self.0.fetch_add(change, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A share between 0 and 1, or not known yet.
#[derive(Debug)]
pub(super) struct Share(AtomicU64);

impl Share {
    pub(super) fn unknown() -> Self {
        Self(AtomicU64::new(f64::NAN.to_bits()))
    }

    pub(super) fn set(&self, share: Option<f64>) {
        let bits = share.unwrap_or(f64::NAN).to_bits();
        self.0.store(bits, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Option<f64> {
        let share = f64::from_bits(self.0.load(Ordering::Relaxed));
        (!share.is_nan()).then_some(share)
    }
}

/// Upper ends of the buckets of durations, in seconds: a local answer, a disk, a slow upstream.
pub(super) const BUCKETS: [(&str, u64); 12] = [
    // As they are written, and in microseconds.
    ("0.001", 1_000),
    ("0.0025", 2_500),
    ("0.005", 5_000),
    ("0.01", 10_000),
    ("0.025", 25_000),
    ("0.05", 50_000),
    ("0.1", 100_000),
    ("0.25", 250_000),
    ("0.5", 500_000),
    ("1", 1_000_000),
    ("2.5", 2_500_000),
    ("10", 10_000_000),
];

/// Durations.
#[derive(Debug, Default)]
pub(super) struct Durations {
    /// Not yet summed up; the last is what is longer than all buckets.
    counts: [AtomicU64; BUCKETS.len() + 1],
    micros: AtomicU64,
}

/// What a histogram holds.
pub(super) struct DurationsRead {
    /// Up to the end of each bucket, summed up.
    pub(super) up_to: [u64; BUCKETS.len()],
    pub(super) count: u64,
    pub(super) seconds: f64,
}

impl Durations {
    pub(super) fn note(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let at = BUCKETS.iter().position(|(_, end)| micros <= *end);
        if let Some(cell) = self.counts.get(at.unwrap_or(BUCKETS.len())) {
            cell.fetch_add(1, Ordering::Relaxed);
        }
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// The count is the sum of the buckets, so that a scrape in the middle of a note fits together.
    pub(super) fn read(&self) -> DurationsRead {
        let mut sum = 0;
        let mut up_to = [0; BUCKETS.len()];
        for (cell, total) in self.counts.iter().zip(up_to.iter_mut()) {
            sum += cell.load(Ordering::Relaxed);
            *total = sum;
        }
        let longer = self.counts.last().map_or(0, |c| c.load(Ordering::Relaxed));
        DurationsRead {
            up_to,
            count: sum + longer,
            seconds: Duration::from_micros(self.micros.load(Ordering::Relaxed)).as_secs_f64(),
        }
    }
}
