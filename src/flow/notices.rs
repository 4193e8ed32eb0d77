//! The port by which owners and admins are told things (mail and admin notices fill it later).

use crate::domain::audit::AuditEvent;
use crate::primitives::AccountId;

/// Something that an owner or an admin should hear of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// Whose account.
    pub account: AccountId,
    /// What happened.
    pub event: AuditEvent,
    /// From where.
    pub client: String,
}

/// Takes notices; it must not block, and its failure never fails a login.
pub trait Notices: Send + Sync {
    /// Takes one.
    fn notify(&self, notice: Notice);

    /// Takes one that is about the gateway itself, for those who run it.
    fn tell_operator(&self, event: &AuditEvent);
}

/// Writes notices to the log: all that can be done before mail is configured. Whose account it is
/// stands in the audit record alone: logs travel further than the store.
#[derive(Debug, Default)]
pub struct LogNotices;

impl Notices for LogNotices {
    fn notify(&self, notice: Notice) {
        tracing::info!(
            client = %notice.client,
            event = ?notice.event,
            "notice for the account's owner"
        );
    }

    fn tell_operator(&self, event: &AuditEvent) {
        tracing::warn!(?event, "notice for the operator");
    }
}
