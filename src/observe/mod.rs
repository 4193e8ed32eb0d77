//! What the operator sees of the gateway's work: numbers for Prometheus.
//!
//! May import: `primitives`, `clock`, `authenticator`, `profile`, `domain`, `config`. Counting never
//! waits, never allocates and never fails: plain relaxed atomics, made once at start. Only whoever
//! scrapes pays for text.
//!
//! No crate for it: `prometheus-client` writes OpenMetrics instead of the text format 0.0.4 and looks
//! labels up under a lock; `prometheus` brings a registry, a lock and a second set of clocks. What is
//! needed is an array of atomics and a printer.
//!
//! Label values come from lists in this room and the profile's roles, never from a request
//! (invariant I10): what is in no list counts as `other`, so that nobody can make series.
//!
//! To add a number: a field in `metrics.rs` with its words, a method named after what happened, a
//! line in `exposition.rs` (for what is only looked up: a field of `Readings`), a row in `README.md`.

mod cells;
mod exposition;
mod labels;
mod metrics;
mod process;
mod readings;
#[cfg(test)]
mod tests;

pub use exposition::CONTENT_TYPE;
pub use labels::{AdminAnswer, CookieDrop, Denied, Judged, Login, ProbeKind, RequestKind};
pub use metrics::Metrics;
pub use readings::{Readings, SessionCounts, StoreReading, UpstreamCounts};
