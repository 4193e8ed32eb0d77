//! What owners and operators are told, made of the audit log: every event worth a letter stands there
//! already, durable, in the commit of what happened. A cursor says how far it was read, and moves in
//! the same commit in which the letters are written; so none is lost and none is written twice, also
//! over kill -9.

use crate::authenticator::Factor;
use crate::domain::audit::{AuditEvent, AuditRecord};
use crate::domain::mail::{Letter, NOTICE_SECONDS, News, OperatorNews};
use crate::domain::throttle::Lane;
use crate::flow::{Engine, FlowError};
use crate::primitives::Role;
use crate::store::Expect;
use crate::store::records::{AuditEntry, MAIL_CURSOR, MailCursor};

/// Audit records that are read in one commit: each may become two letters, and an engine takes 64 writes.
const PAGE_RECORDS: usize = 30;
/// Failures of a lane at which the owner is told: a slip of the finger is no news, and a letter for each
/// would fill his mailbox at the will of whoever has the password.
const FAILURES_TOLD: [u32; 3] = [3, 10, 20];

/// Whom an event concerns, and what they are told: its owner, those who run the gateway, or both.
fn letters_of(record: &AuditRecord, has_operator: bool) -> Vec<Letter> {
    let for_owner = owner_news(record).and_then(|(news, client)| {
        Some(Letter::Notice {
            account: record.account.clone()?,
            role: record.role.as_deref().and_then(|r| Role::parse(r).ok()),
            news,
            at: record.at,
            client: client.to_owned(),
        })
    });
    let for_operator = operator_news(record).filter(|_| has_operator);
    let for_operator = for_operator.map(|news| Letter::Operator {
        news,
        at: record.at,
    });
    for_owner.into_iter().chain(for_operator).collect()
}

/// What those who run the gateway are told.
fn operator_news(record: &AuditRecord) -> Option<OperatorNews> {
    match &record.event {
        AuditEvent::ProfileDrifted { .. } => Some(OperatorNews::ProfileDrifted),
        AuditEvent::ProfileFits => Some(OperatorNews::ProfileFits),
        AuditEvent::ResetDenied { asker, late } => Some(OperatorNews::ResetDenied {
            account: record.account.clone()?,
            client: asker.clone(),
            late: *late,
        }),
        AuditEvent::LoginDenied {
            not_me: true,
            late,
            asker,
        } => Some(OperatorNews::LoginDenied {
            account: record.account.clone()?,
            client: asker.clone(),
            late: *late,
        }),
        _ => None,
    }
}

/// What the owner of the account is told, and the address of the client that it is about.
fn owner_news(record: &AuditRecord) -> Option<(News, &str)> {
    let news = match &record.event {
        AuditEvent::Activated {
            entry,
            replaced,
            phone,
        } => News::Activated {
            entry: entry.clone(),
            replaced: *replaced,
            phone: phone.clone(),
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
        AuditEvent::LoginDenied {
            not_me: true,
            late,
            asker,
        } => {
            // Not the phone's address: that of whoever has the password.
            return Some((News::LoginDenied { late: *late }, asker));
        }
        _ => return None,
    };
    Some((news, &record.client))
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
            for letter in self.news_of(entry, has_operator) {
                draft = self.with_letter(draft, letter)?;
            }
        }
        records.commit(draft).await?;
        Ok(cursor.last < end)
    }

    fn news_of(&self, entry: &AuditEntry, has_operator: bool) -> Vec<Letter> {
        match entry {
            AuditEntry::Record(record) if self.now().since(record.at) < NOTICE_SECONDS => {
                letters_of(record, has_operator)
            }
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
