//! What the gateway shows to others of what it does: here, the audit log as JSON lines and as
//! syslog messages.
//!
//! | file | what it is |
//! |---|---|
//! | `audit_out.rs` | the trait [`AuditOut`] and the outputs that a configuration asks for |
//! | `json_lines.rs` | a file that may be rotated, or standard output |
//! | `syslog.rs` | RFC 5424: head, structured data, sentence |
//! | `syslog/transport.rs` | unix datagram, UDP, TCP with octet counting |
//! | `plain.rs` | what keeps control characters out of both |
//!
//! Everything here blocks: `flow/keeper.rs` calls it where that hurts nobody. User ids stand in
//! what is written (that is its purpose), and never in the ordinary log.
//!
//! May import: primitives, domain, config, and `seal` for heads.
//!
//! To add an output: a file with an implementation of [`AuditOut`], its key in `config/audit.rs`,
//! its line in [`outputs`].

mod audit_out;
mod json_lines;
mod plain;
mod syslog;

pub use audit_out::{AuditOut, OutError, outputs};
pub use json_lines::JsonLines;
pub use syslog::{Origin, Syslog};
