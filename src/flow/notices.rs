//! What owners and operators are told, made of the audit log: every event worth a letter stands there
//! already, durable, in the commit of what happened. A cursor says how far it was read, and moves in
//! the same commit in which the letters are written; so none is lost and none is written twice, also
//! over kill -9.

use crate::authenticator::Factor;
use crate::domain::audit::{AuditEvent, AuditRecord};
use crate::domain::mail::{Letter, NOTICE_SECONDS, News, OperatorNews};
use crate::domain::throttle::Lane;
use crate::flow::{Engine, FlowError};
use crate::primitives::{Role, UnixSeconds};
use crate::store::Expect;
use crate::store::records::{AuditEntry, MAIL_CURSOR, MailCursor};

/// Audit records that are read in one commit: each may become a letter, and an engine takes 64 writes.
const PAGE_RECORDS: usize = 50;
/// Failures of a lane at which the owner is told: a slip of the finger is no news, and a letter for each
/// would fill his mailbox at the will of whoever has the password.
const FAILURES_TOLD: [u32; 3] = [3, 10, 20];

/// Whom an event concerns, and what he is told.
fn letter_of(record: &AuditRecord, has_operator: bool) -> Option<Letter> {
    let operator = |news| {
        has_operator.then_some(Letter::Operator {
            news,
            at: record.at,
        })
    };
    let news = match &record.event {
        AuditEvent::Activated { entry, replaced } => News::Activated {
            entry: entry.clone(),
            replaced: *replaced,
        },
        AuditEvent::Disabled { .. } => News::Disabled,
        AuditEvent::Reset { .. } => News::Reset,
        AuditEvent::LoginAccepted {
            left: Some(left), ..
        } => News::RecoveryUsed { left: *left },
        AuditEvent::RecoveryMade { .. } => News::RecoveryMade,
        // Whoever types a code in a browser that was never accepted before is in a new one.
        AuditEvent::LoginAccepted {
            lane: Lane::Unknown,
            ..
        } => News::NewBrowser,
        AuditEvent::CodeRefused {
            factor: Factor::Totp | Factor::ActivationCode,
            failures,
            ..
        } if FAILURES_TOLD.contains(failures) => News::CodesWrong {
            failures: *failures,
        },
        AuditEvent::ProfileDrifted { .. } => return operator(OperatorNews::ProfileDrifted),
        AuditEvent::ProfileFits => return operator(OperatorNews::ProfileFits),
        AuditEvent::ResetDenied { asker, late } => {
            return operator(OperatorNews::ResetDenied {
                account: record.account.clone()?,
                client: asker.clone(),
                late: *late,
            });
        }
        AuditEvent::LoginWaiting { .. }
        | AuditEvent::LoginReleased { .. }
        | AuditEvent::LoginAccepted { .. }
        | AuditEvent::CodeRefused { .. }
        | AuditEvent::LoginAbandoned { .. }
        | AuditEvent::SessionEnded { .. }
        | AuditEvent::IdentityChanged { .. }
        | AuditEvent::PutOff { .. }
        | AuditEvent::CodeTyped
        | AuditEvent::PolicyChanged { .. }
        | AuditEvent::PolicySettled { .. }
        | AuditEvent::GlassFile { .. }
        | AuditEvent::CodeIssued { .. }
        | AuditEvent::SessionsEnded { .. }
        | AuditEvent::Exempted { .. }
        | AuditEvent::Unlocked { .. }
        | AuditEvent::ResetMailed
        | AuditEvent::ResetConfirmed
        | AuditEvent::CodeMailed { .. }
        | AuditEvent::AddressTyped
        | AuditEvent::AddressConfirmed
        | AuditEvent::EmailSet { .. }
        | AuditEvent::DirectoryImported { .. }
        | AuditEvent::ClockAccepted { .. } => return None,
    };
    Some(Letter::Notice {
        account: record.account.clone()?,
        role: record.role.as_deref().and_then(|r| Role::parse(r).ok()),
        news,
        at: record.at,
        client: record.client.clone(),
    })
}

impl Engine {
    /// Writes down as letters what the audit log has told since the last time.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub(super) async fn write_notices(&self, has_operator: bool) -> Result<(), FlowError> {
        while self.write_some_notices(has_operator).await? {}
        Ok(())
    }

    async fn write_some_notices(&self, has_operator: bool) -> Result<bool, FlowError> {
        let records = self.records()?;
        let end = records.audit_end().await?.sequence;
        // What happened before there was mail is no news.
        let fresh = || MailCursor { last: end };
        let (mut cursor, expect) = records.for_update(MAIL_CURSOR, fresh).await?;
        if expect != Expect::Absent && cursor.last == end {
            return Ok(false);
        }
        // A log that got shorter is the keeper's to tell.
        let page = match cursor.last < end {
            true => records.audit_after(cursor.last, PAGE_RECORDS).await?,
            false => Vec::new(),
        };
        cursor.last = page.last().map_or(end, |(sequence, _)| *sequence);
        let mut draft = records.draft().put(MAIL_CURSOR, expect, &cursor);
        for (_, entry) in &page {
            if let Some(letter) = self.news_of(entry, has_operator) {
                draft = self.with_letter(draft, letter)?;
            }
        }
        records.commit(draft).await?;
        Ok(cursor.last < end)
    }

    fn news_of(&self, entry: &AuditEntry, has_operator: bool) -> Option<Letter> {
        let AuditEntry::Record(record) = entry else {
            return None;
        };
        let old = |at: UnixSeconds| self.now().since(at) >= NOTICE_SECONDS;
        letter_of(record, has_operator).filter(|_| !old(record.at))
    }
}

#[cfg(test)]
mod tests;
