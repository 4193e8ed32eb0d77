//! The acceptor: judging a code for a waiting login. Counted durably before the comparison
//! (invariant I6), accepted once (I5).

use crate::authenticator::Factor;
use crate::authenticator::totp::{self, Verdict};
use crate::domain::audit::AuditEvent;
use crate::domain::login::{Need, Outcome, WaitingLogin};
use crate::domain::throttle::{Admission, Attempts, Lane};
use crate::domain::upstream_session::State;
use crate::flow::accept::{AcceptOutcome, Acceptance, Accepted, code_digest};
use crate::flow::{Client, Engine, FlowError};
use crate::primitives::{AccountId, OtpCode, Ticket, WaitingRef};
use crate::store::Expect;
use crate::store::records::{RecordError, Stored};

/// How often a read-compare-write is tried again when somebody else wrote first.
pub(super) const TRIES: u32 = 5;

/// What a typed code did.
pub enum VerifyOutcome {
    /// Accepted, now or the same a moment ago.
    Accepted(Accepted),
    /// Refused.
    Refused(CodeRefusal),
    /// The login is over: password again.
    Closed,
    /// No waiting login with this ticket.
    TicketUnknown,
    /// The upstream cannot say whose session it is: the same code may be sent again.
    UpstreamBusy,
}

/// Why a code was refused; each has its own sentence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CodeRefusal {
    /// Not six digits; not counted.
    Malformed,
    /// Fits no step.
    Wrong,
    /// Accepted before.
    Used {
        /// Seconds until the app shows the next one.
        wait_seconds: u64,
    },
    /// Was good some minutes ago.
    Late,
    /// Too many failures: not yet.
    Wait {
        /// Seconds until the next attempt.
        seconds: u64,
    },
    /// This lane takes no more codes.
    Exhausted,
}

impl CodeRefusal {
    /// One word, for the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Wrong => "wrong",
            Self::Used { .. } => "used",
            Self::Late => "late",
            Self::Wait { .. } => "wait",
            Self::Exhausted => "exhausted",
        }
    }
}

/// An attempt that was counted and compared.
pub(crate) enum Compared {
    Good {
        account: crate::domain::enrollment::Account,
        expect: Expect,
    },
    Refused(CodeRefusal),
    /// The account has no binding any more.
    Unbound,
}

impl Engine {
    /// Judges a code typed on the acceptor.
    ///
    /// # Errors
    /// [`FlowError`] when the store or the clock fails: nothing was accepted.
    pub async fn verify(
        &self,
        reference: WaitingRef,
        ticket: &Ticket,
        typed: &str,
        lane: Lane,
        client: &Client,
    ) -> Result<VerifyOutcome, FlowError> {
        let Some(login) = self.waiting_login(reference, ticket).await? else {
            return Ok(VerifyOutcome::TicketUnknown);
        };
        self.check_clock()?;
        let Some(code) = OtpCode::parse(typed) else {
            return Ok(VerifyOutcome::Refused(CodeRefusal::Malformed));
        };
        let digest = code_digest(reference, &code);
        if let Some(again) = self.same_acceptance(&login.value, &digest) {
            return Ok(VerifyOutcome::Accepted(again));
        }
        let left = login.value.seconds_left(self.settings.login, self.now());
        if left == 0 || login.value.need != Need::Verify {
            return Ok(self.close(login, client).await);
        }
        if !self.still_waits(&login.value) {
            return Ok(self.close(login, client).await);
        }
        let entry = login
            .value
            .keys
            .first()
            .and_then(|key| self.table.find(*key));
        // A page reloaded after a wrong code sends it again: neither compared nor counted.
        if let Some(entry) = &entry
            && let Some(refusal) = entry.same_refusal(&digest, self.now())
        {
            return Ok(VerifyOutcome::Refused(refusal));
        }
        let account = &login.value.identity.account;
        match self
            .compare(account, &login.value.identity.role, &code, lane, client)
            .await?
        {
            Compared::Refused(refusal) => {
                if let (Some(entry), CodeRefusal::Wrong | CodeRefusal::Late) = (&entry, refusal) {
                    entry.remember_refusal(digest, refusal, self.now());
                }
                Ok(match self.accepted_meanwhile(reference, &digest).await? {
                    Some(again) => VerifyOutcome::Accepted(again),
                    None => VerifyOutcome::Refused(refusal),
                })
            }
            Compared::Unbound => Ok(self.close(login, client).await),
            Compared::Good { account, expect } => {
                let records = self.records()?;
                let attempts = records.attempts_key(&account.id, Factor::Totp, lane);
                let writes = records
                    .draft()
                    .put(&records.account_key(&account.id), expect, &account)
                    .delete::<Attempts>(&attempts, Expect::Any);
                let acceptance = Acceptance {
                    factor: Some(Factor::Totp),
                    account_epoch: account.epoch,
                    writes,
                    code_digest: digest,
                    event: AuditEvent::LoginAccepted {
                        factor: Factor::Totp,
                        lane,
                    },
                    client,
                    login,
                };
                self.finish(acceptance, lane, ticket).await
            }
        }
    }

    async fn finish(
        &self,
        acceptance: Acceptance<'_>,
        lane: Lane,
        ticket: &Ticket,
    ) -> Result<VerifyOutcome, FlowError> {
        let digest = acceptance.code_digest;
        let client = acceptance.client;
        let login = acceptance.login.clone();
        let reference = login.value.reference;
        let accepted = self.accept(acceptance).await;
        if !matches!(accepted, Ok(AcceptOutcome::Accepted(_))) {
            // The code was right, so it was no guess: an upstream that is slow must not use up the
            // attempts of its users.
            self.uncount_attempt(&login.value.identity.account, lane)
                .await?;
        }
        Ok(match accepted? {
            AcceptOutcome::Accepted(accepted) => VerifyOutcome::Accepted(accepted),
            AcceptOutcome::UpstreamBusy => VerifyOutcome::UpstreamBusy,
            AcceptOutcome::Gone => self.close(login, client).await,
            // The same request twice (double click), or the code was used for another login.
            AcceptOutcome::Overtaken => match self.waiting_login(reference, ticket).await? {
                None => VerifyOutcome::Closed,
                Some(now) => match self.same_acceptance(&now.value, &digest) {
                    Some(again) => VerifyOutcome::Accepted(again),
                    None if matches!(now.value.outcome, Outcome::Waiting) => {
                        let wait = totp::STEP_SECONDS - self.now().0 % totp::STEP_SECONDS;
                        VerifyOutcome::Refused(CodeRefusal::Used { wait_seconds: wait })
                    }
                    None => VerifyOutcome::Closed,
                },
            },
        })
    }

    async fn close(&self, login: Stored<WaitingLogin>, client: &Client) -> VerifyOutcome {
        if matches!(login.value.outcome, Outcome::Waiting) {
            self.abandon_login(&login.value, "closed", client).await;
        }
        VerifyOutcome::Closed
    }

    /// The acceptance of the same code by the same request sent twice: the other one may have used
    /// the code up between the first look at the login and the comparison.
    pub(crate) async fn accepted_meanwhile(
        &self,
        reference: WaitingRef,
        digest: &[u8; 32],
    ) -> Result<Option<Accepted>, FlowError> {
        let records = self.records()?;
        let Some(login) = records.get::<WaitingLogin>(&reference.0).await? else {
            return Ok(None);
        };
        let Some(entry) = login
            .value
            .keys
            .first()
            .and_then(|key| self.table.find(*key))
        else {
            return Ok(None);
        };
        // Whoever accepts holds this until the session is there.
        let _order = entry.durable.lock().await;
        let now = records.get::<WaitingLogin>(&reference.0).await?;
        Ok(now.and_then(|login| self.same_acceptance(&login.value, digest)))
    }

    /// The acceptance that the same ticket and code already have.
    pub(crate) fn same_acceptance(
        &self,
        login: &WaitingLogin,
        digest: &[u8; 32],
    ) -> Option<Accepted> {
        let session = self.sessions.find(login.repeated(digest, self.now())?)?;
        if session.is_ended() {
            return None;
        }
        let key = *login.keys.first()?;
        Some(Accepted {
            session,
            key,
            target: login.target.clone(),
        })
    }

    /// Counts one attempt durably, then compares. On success the account is returned with the
    /// accepted step in it, still to be written; the counter is cleared in the same write.
    pub(crate) async fn compare(
        &self,
        id: &AccountId,
        role: &crate::primitives::Role,
        code: &OtpCode,
        lane: Lane,
        client: &Client,
    ) -> Result<Compared, FlowError> {
        let pause = self.slowdown.pause(client.address, self.now().0);
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        let (_, expect) = self.account_for_update(id).await?;
        if expect == Expect::Absent {
            return Ok(Compared::Unbound);
        }
        let failures = match self.count_attempt(id, Factor::Totp, lane).await? {
            Admission::Count(attempts) => attempts.failures,
            Admission::Wait { seconds } => {
                return Ok(Compared::Refused(CodeRefusal::Wait { seconds }));
            }
            Admission::Exhausted => return Ok(Compared::Refused(CodeRefusal::Exhausted)),
        };
        // Read after counting: whatever was accepted meanwhile is known to the comparison.
        let (mut account, expect) = self.account_for_update(id).await?;
        let Some(binding) = account.binding.as_mut() else {
            return Ok(Compared::Unbound);
        };
        let refusal = match totp::verify(&binding.credential, code, self.now()) {
            Verdict::Accepted { step, drift_steps } => {
                self.metrics.code_fits(drift_steps);
                binding.credential.last_step = Some(step);
                binding.credential.drift_steps = drift_steps;
                return Ok(Compared::Good { account, expect });
            }
            Verdict::Used { wait_seconds } => CodeRefusal::Used { wait_seconds },
            Verdict::Late => CodeRefusal::Late,
            Verdict::Wrong => CodeRefusal::Wrong,
        };
        self.slowdown.note_failure(client.address, self.now().0);
        let event = AuditEvent::CodeRefused {
            factor: Factor::Totp,
            lane,
            reason: refusal.as_str().to_owned(),
            failures,
        };
        self.note_refusal((id, role.as_str()), event, client)
            .await?;
        Ok(Compared::Refused(refusal))
    }

    /// Whether the upstream session of a waiting login still waits for it, or was just accepted.
    fn still_waits(&self, login: &WaitingLogin) -> bool {
        login
            .keys
            .first()
            .is_some_and(|key| match self.table.standing(*key).0 {
                State::Awaiting(waiting) => waiting == login.reference,
                State::Accepted(_) | State::Held(_) => true,
                State::Free | State::Suspect | State::Ended => false,
            })
    }

    /// Writes down that a code was refused.
    pub(super) async fn note_refusal(
        &self,
        who: (&AccountId, &str),
        event: AuditEvent,
        client: &Client,
    ) -> Result<(), FlowError> {
        let records = self.records()?;
        let record = self.audit(client, Some(who), event);
        records.commit(records.draft().audit(&record)).await?;
        Ok(())
    }

    /// Extends the acceptor's window.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn extend(&self, reference: WaitingRef, ticket: &Ticket) -> Result<bool, FlowError> {
        for _ in 0..TRIES {
            let Some(mut login) = self.waiting_login(reference, ticket).await? else {
                return Ok(false);
            };
            if !login.value.extend(self.settings.login, self.now()) {
                return Ok(false);
            }
            let records = self.records()?;
            let expect = Expect::Version(login.version);
            match records
                .commit(records.draft().put(&reference.0, expect, &login.value))
                .await
            {
                Ok(()) => return Ok(true),
                Err(RecordError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(false)
    }
}
