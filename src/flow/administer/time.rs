//! `clock accept`: a clock that had jumped ahead is right again.

use super::Desk;
use crate::authenticator::totp::step_at;
use crate::domain::audit::AuditEvent;
use crate::domain::enrollment::Account;
use crate::domain::office::{Answer, OfficeError};
use crate::domain::policy::Signature;
use crate::primitives::TimeStep;
use crate::store::Expect;
use crate::store::records::{KEY_CHECK, KeyCheck, RecordError};
use std::sync::atomic::Ordering;

/// How many steps past this one count as used by whoever logged in while the clock was ahead.
const STEPS_BURNT: u64 = 1;

impl Desk<'_> {
    /// Takes the time as right. Codes are judged again; accounts that used one while the clock was
    /// ahead wait two steps at most, and no code that could have been seen until now is good for
    /// them. Sessions that began in the future end: their timeouts would never come.
    pub(super) async fn accept_clock(
        &self,
        signature: Signature,
        dry_run: bool,
    ) -> Result<Answer, OfficeError> {
        let signature = self.signed(signature)?;
        let engine = self.engine;
        let now = engine.now();
        let before = engine.clock_high.load(Ordering::Relaxed).max(now.0);
        let before = crate::primitives::UnixSeconds(before);
        let records = engine.records()?;
        let latest = TimeStep(step_at(now).0 + STEPS_BURNT);
        let ahead: Vec<_> = records
            .all::<Account>()
            .await?
            .into_iter()
            .filter(|(_, stored)| {
                let binding = stored.value.binding.as_ref();
                binding
                    .and_then(|b| b.credential.last_step)
                    .is_some_and(|step| step > latest)
            })
            .collect();
        let future: Vec<_> = engine
            .sessions
            .all()
            .into_iter()
            .filter(|session| session.record().created > now)
            .collect();
        let lines = vec![
            format!(
                "the highest time ever seen is {} s ahead",
                before.since(now)
            ),
            format!("{} accounts used a code in the future", ahead.len()),
            format!("{} sessions that began in the future end", future.len()),
        ];
        if dry_run {
            return Ok(Answer::Done { lines, dry_run });
        }
        let event = AuditEvent::ClockAccepted {
            before,
            now,
            reason: signature.reason.clone(),
        };
        // First of all: nothing of the rest happens without its record.
        let record = self.record(None, &signature, event);
        records.commit(records.draft().audit(&record)).await?;
        for (key, stored) in ahead {
            let mut account = stored.value;
            if let Some(binding) = &mut account.binding {
                binding.credential.last_step = Some(latest);
            }
            let expect = Expect::Version(stored.version);
            match records
                .commit(records.draft().put(&key, expect, &account))
                .await
            {
                // Its owner was faster; he is asked to wait, no more.
                Ok(()) | Err(RecordError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        for session in future {
            engine
                .end_session(&session, "clock", &self.client(&signature))
                .await;
        }
        let check = KeyCheck { clock_high: now };
        let draft = records.draft().put(KEY_CHECK, Expect::Any, &check);
        records.commit(draft).await?;
        engine.clock_high.store(now.0, Ordering::Relaxed);
        Ok(Answer::Done { lines, dry_run })
    }
}
