//! What takes the audit log.

use super::{JsonLines, Origin, Syslog};
use crate::config::Audit;
use crate::domain::audit::AuditRecord;
use crate::seal::Head;
use std::io;

/// Takes the audit log, record by record. It blocks.
///
/// Whoever writes to it goes on from where it last flushed: after a failure the same records come
/// again, and a reader tells them by their sequence numbers.
pub trait AuditOut: Send {
    /// Its name, the same for as long as it writes to the same place.
    fn name(&self) -> &str;

    /// Writes one record.
    ///
    /// # Errors
    /// [`OutError`]; it may have been written in part.
    fn write(&mut self, sequence: u64, record: &AuditRecord) -> Result<(), OutError>;

    /// Writes a signed head of the log.
    ///
    /// # Errors
    /// [`OutError`].
    fn write_head(&mut self, head: &Head) -> Result<(), OutError>;

    /// Returns when everything written is in other hands, as far as this output can know.
    ///
    /// # Errors
    /// [`OutError`]; what was written since the last flush has to be written again.
    fn flush(&mut self) -> Result<(), OutError>;
}

/// An output failed.
#[derive(Debug, thiserror::Error)]
#[error("the audit output failed while {doing}: {error}")]
pub struct OutError {
    /// What it was doing.
    pub doing: &'static str,
    /// What the system said.
    pub error: io::Error,
}

impl OutError {
    /// Names what was being done.
    pub(super) fn while_doing(doing: &'static str) -> impl Fn(io::Error) -> Self {
        move |error| Self { doing, error }
    }
}

/// The outputs that a configuration asks for. Nothing is opened yet: an output that is not there
/// must not keep the gateway from starting.
pub fn outputs(config: &Audit) -> Vec<Box<dyn AuditOut>> {
    let mut outputs: Vec<Box<dyn AuditOut>> = Vec::new();
    if let Some(file) = &config.file {
        outputs.push(Box::new(JsonLines::new(file.clone())));
    }
    if let Some(target) = &config.syslog {
        outputs.push(Box::new(Syslog::new(target.clone(), Origin::of_system())));
    }
    outputs
}
