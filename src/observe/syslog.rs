//! The audit log as syslog messages (RFC 5424).
//!
//! Written here and not by a crate: those that there are leave the escaping of values to the
//! caller, know no octet counting, and bring libraries for times and host names.

mod transport;

use super::plain::plain;
use super::{AuditOut, OutError};
use crate::config::SyslogTarget;
use crate::domain::audit::AuditRecord;
use crate::primitives::UnixSeconds;
use crate::seal::Head;
use serde_json::Value;
use std::fmt::Write;
use transport::Transport;

/// Security and authorization messages, `authpriv` (RFC 5424 section 6.2.1).
const FACILITY: u8 = 10;
/// Severities (RFC 5424 section 6.2.1).
const WARNING: u8 = 4;
const NOTICE: u8 = 5;
const INFORMATIONAL: u8 = 6;
/// The element of structured data: 32473 is the number for examples and for who has none of his
/// own (RFC 5612).
const ELEMENT: &str = "gerbang@32473";
/// Longest name of a parameter, and longest MSGID (RFC 5424 section 6).
const NAME_CHARS_MAX: usize = 32;
/// Longest value of a parameter in characters; what is longer is cut. A message then fits the
/// datagrams that every receiver should take (RFC 5426 section 3.2).
const VALUE_CHARS_MAX: usize = 256;
/// Longest host name (RFC 5424 section 6).
const HOST_CHARS_MAX: usize = 255;

/// What a head says of where it comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Origin {
    /// Name of this machine, or `-`.
    pub host: String,
    /// Number of this process.
    pub process: u32,
}

impl Origin {
    /// This machine and this process.
    pub fn of_system() -> Self {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        Self {
            host: printable(host.trim(), HOST_CHARS_MAX),
            process: std::process::id(),
        }
    }
}

/// Sends the audit log to a syslog daemon.
#[derive(Debug)]
pub struct Syslog {
    name: String,
    origin: Origin,
    transport: Transport,
}

impl Syslog {
    /// To this place; it is connected at the first message.
    pub fn new(target: SyslogTarget, origin: Origin) -> Self {
        Self {
            name: format!("syslog:{target}"),
            origin,
            transport: Transport::new(target),
        }
    }

    fn send(&mut self, message: &str) -> Result<(), OutError> {
        self.transport
            .send(message.as_bytes())
            .map_err(OutError::while_doing("sending a syslog message"))
    }
}

impl AuditOut for Syslog {
    fn name(&self) -> &str {
        &self.name
    }

    fn write(&mut self, sequence: u64, record: &AuditRecord) -> Result<(), OutError> {
        let message = record_message(&self.origin, sequence, record);
        self.send(&message)
    }

    fn write_head(&mut self, head: &Head) -> Result<(), OutError> {
        let message = head_message(&self.origin, head);
        self.send(&message)
    }

    /// Nothing in syslog tells that a message has arrived (RFC 6587 section 3.1).
    fn flush(&mut self) -> Result<(), OutError> {
        Ok(())
    }
}

fn record_message(origin: &Origin, sequence: u64, record: &AuditRecord) -> String {
    let kind = record.event.kind();
    let mut message = header(origin, severity(kind), record.at, kind);
    let _ = write!(message, "[{ELEMENT}");
    parameter(&mut message, "seq", &sequence.to_string());
    parameter(&mut message, "kind", kind);
    // Our own records hold no map with odd keys, so they can be written as JSON.
    let fields = serde_json::to_value(record).unwrap_or_default();
    for (name, value) in fields.as_object().into_iter().flatten() {
        match name.as_str() {
            "at" => {}
            "event" => {
                let event = value.as_object().into_iter().flatten();
                for (name, value) in event.filter(|(name, _)| *name != "kind") {
                    let own = fields.get(name).is_some() || name == "seq";
                    let prefix = if own { "event." } else { "" };
                    parameters(&mut message, &format!("{prefix}{name}"), value);
                }
            }
            _ => parameters(&mut message, name, value),
        }
    }
    message.push_str("] ");
    message.push_str(&sentence(kind));
    message
}

fn head_message(origin: &Origin, head: &Head) -> String {
    let mut message = header(origin, NOTICE, head.at, "audit-head");
    let _ = write!(message, "[{ELEMENT}");
    parameter(&mut message, "seq", &head.sequence.to_string());
    parameter(&mut message, "kind", "audit-head");
    message.push_str("] ");
    message.push_str(&head.to_line());
    message
}

/// `<PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID ` (RFC 5424 section 6).
fn header(origin: &Origin, severity: u8, at: UnixSeconds, kind: &str) -> String {
    format!(
        "<{}>1 {} {} gerbang {} {} ",
        FACILITY * 8 + severity,
        at.to_rfc3339(),
        printable(&origin.host, HOST_CHARS_MAX),
        origin.process,
        printable(kind, NAME_CHARS_MAX)
    )
}

/// What somebody should look at, what is worth noting, and everyday life.
fn severity(kind: &str) -> u8 {
    match kind {
        "code-refused" | "identity-changed" | "glass-file" | "clock-accepted"
        | "profile-drifted" | "reset-denied" | "login-denied" => WARNING,
        "activated" | "disabled" | "recovery-made" | "login-accepted" | "login-released"
        | "put-off" | "code-typed" | "policy-changed" | "policy-settled" | "reset"
        | "code-issued" | "sessions-ended" | "exempted" | "unlocked" | "email-set"
        | "directory-imported" | "reset-mailed" | "reset-confirmed" | "code-mailed"
        | "address-typed" | "address-confirmed" => NOTICE,
        _ => INFORMATIONAL,
    }
}

/// What happened, for people. A kind without a sentence of its own is said by its label.
fn sentence(kind: &str) -> String {
    let sentence = match kind {
        "login-waiting" => "The password was accepted and a second factor is due.",
        "login-released" => "A login went on without a second factor, as the policy allows.",
        "login-accepted" => "A second factor was accepted.",
        "code-refused" => "A code was refused.",
        "login-abandoned" => "A login ended without a second factor.",
        "login-denied" => "A phone said no to a login, which ended.",
        "activated" => "An authenticator was activated.",
        "disabled" => "An authenticator was removed by its owner.",
        "recovery-made" => "New recovery codes were made by their owner.",
        "session-ended" => "A session ended.",
        "identity-changed" => "Somebody else appeared inside an accepted session.",
        "put-off" => "An activation was put off.",
        "reset-mailed" => "A link to reset the second factor was mailed.",
        "reset-confirmed" => "A reset was confirmed behind its link.",
        "reset-denied" => "The owner did not ask for a reset, which was cancelled.",
        "code-mailed" => "An activation code was mailed after the password.",
        "address-typed" => "The owner typed an address of his own, and a code goes there.",
        "address-confirmed" => "The owner confirmed an address of his own by a mailed code.",
        "email-set" => "The help desk set the registered address of an account.",
        "directory-imported" => "A list of registered addresses was taken over.",
        "code-typed" => "An activation code was typed after the password.",
        "policy-changed" => "The policy was changed.",
        "policy-settled" => "A planned change of the policy came to its time.",
        "glass-file" => "Glass was broken, or mended, by a file of root.",
        "reset" => "The help desk took a second factor away.",
        "code-issued" => "The help desk handed an activation code out.",
        "sessions-ended" => "An admin ended sessions.",
        "exempted" => "An exemption was given, changed or ended.",
        "unlocked" => "Counters of wrong codes were cleared.",
        "clock-accepted" => "The clock was accepted as right.",
        "profile-drifted" => "The login forms do not fit the profile any more.",
        "profile-fits" => "The login forms fit the profile again.",
        other => return format!("Recorded: {}.", plain(&other.replace('-', " "))),
    };
    sentence.to_owned()
}

/// The parameters of a field: one, or one for each of its parts.
fn parameters(message: &mut String, name: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::String(text) => parameter(message, name, text),
        Value::Object(parts) => {
            for (part, value) in parts {
                parameters(message, &format!("{name}.{part}"), value);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                parameters(message, &format!("{name}.{at}"), item);
            }
        }
        Value::Bool(_) | Value::Number(_) => {
            parameter(message, name, &value.to_string());
        }
    }
}

/// ` NAME="VALUE"`, with quote, backslash and bracket escaped (RFC 5424 section 6.3.3).
fn parameter(message: &mut String, name: &str, value: &str) {
    let is_name = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let name: String = name.chars().filter(is_name).take(NAME_CHARS_MAX).collect();
    let _ = write!(message, " {name}=\"");
    let cut: String = value.chars().take(VALUE_CHARS_MAX).collect();
    for c in plain(&cut).chars() {
        if matches!(c, '"' | '\\' | ']') {
            message.push('\\');
        }
        message.push(c);
    }
    if cut.len() < value.len() {
        message.push('…');
    }
    message.push('"');
}

/// PRINTUSASCII of the RFC; `-` when nothing is left.
fn printable(text: &str, chars_max: usize) -> String {
    let printable = text.chars().filter(char::is_ascii_graphic);
    let kept: String = printable.take(chars_max).collect();
    if kept.is_empty() { "-".into() } else { kept }
}

#[cfg(test)]
mod tests;
