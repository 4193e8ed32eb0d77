//! What the gateway shows to others of what it does: the audit log as JSON lines and as syslog
//! messages, and numbers for Prometheus.
//!
//! | file | what it is |
//! |---|---|
//! | `audit_out.rs` | the trait [`AuditOut`] and the outputs that a configuration asks for |
//! | `json_lines.rs` | a file that may be rotated, or standard output |
//! | `syslog.rs` | RFC 5424: head, structured data, sentence |
//! | `syslog/transport.rs` | unix datagram, UDP, TCP with octet counting |
//! | `plain.rs` | what keeps control characters out of both |
//! | `metrics.rs`, `cells.rs`, `labels.rs` | what is counted, and by which words |
//! | `readings.rs`, `process.rs`, `exposition.rs` | what is only looked up; the text |
//!
//! The outputs block: `flow/keeper.rs` calls them where that hurts nobody. User ids stand in what they
//! write (that is its purpose), and never in the ordinary log.
//!
//! Counting never waits, never allocates and never fails: plain relaxed atomics, made once at start.
//! Only whoever scrapes pays for text. Label values come from lists in this room and the profile's
//! roles, never from a request (invariant I10): what is in no list counts as `other`, so that nobody
//! can make series. No crate for it: `prometheus-client` writes OpenMetrics instead of the text format
//! 0.0.4 and looks labels up under a lock; `prometheus` brings a registry, a lock and a second set of
//! clocks. What is needed is an array of atomics and a printer.
//!
//! May import: primitives, clock, authenticator, profile, domain, config, and `seal` for heads.
//!
//! To add an output: a file with an implementation of [`AuditOut`], its key in `config/audit.rs`,
//! its line in [`outputs`]. To add a number: a field in `metrics.rs` with its words, a method named
//! after what happened, a line in `exposition.rs` (for what is only looked up: a field of
//! `Readings`), a row in `README.md`.

mod audit_out;
mod cells;
mod exposition;
mod json_lines;
mod labels;
mod metrics;
mod plain;
mod process;
mod readings;
mod syslog;
#[cfg(test)]
mod tests;

pub use audit_out::{AuditOut, OutError, outputs};
pub use exposition::CONTENT_TYPE;
pub use json_lines::JsonLines;
pub use labels::{
    AdminAnswer, CookieDrop, Denied, Judged, Login, Mailed, ProbeKind, Pushed, RequestKind,
};
pub use metrics::Metrics;
pub use readings::{Readings, SessionCounts, StoreReading, UpstreamCounts};
pub use syslog::{Origin, Syslog};
