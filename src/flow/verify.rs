//! The acceptor: judging a code for a waiting login. Counted durably before the comparison
//! (invariant I6), accepted once (I5).

use crate::domain::audit::AuditEvent;
use crate::domain::enrollment::Account;
use crate::domain::login::{Need, Outcome, WaitingLogin};
use crate::domain::throttle::{Attempts, Lane};
use crate::domain::upstream_session::State;
use crate::flow::accept::{AcceptOutcome, Acceptance, Accepted, code_digest};
use crate::flow::compare::{Code, Compared};
pub use crate::flow::compare::{CodeRefusal, Typed};
use crate::flow::{Client, Engine, FlowError, TRIES};
use crate::primitives::{Ticket, WaitingRef};
use crate::store::Expect;
use crate::store::records::Stored;

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

/// A code that is being judged for a waiting login.
struct Attempt<'a> {
    code: Code,
    digest: [u8; 32],
    ticket: &'a Ticket,
    lane: Lane,
    client: &'a Client,
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
        typed: Typed<'_>,
        lane: Lane,
        client: &Client,
    ) -> Result<VerifyOutcome, FlowError> {
        let Some(login) = self.waiting_login(reference, ticket).await? else {
            return Ok(VerifyOutcome::TicketUnknown);
        };
        self.check_clock()?;
        let Some(code) = typed.parse() else {
            return Ok(VerifyOutcome::Refused(CodeRefusal::Malformed));
        };
        let attempt = Attempt {
            digest: code_digest(reference, code.bytes()),
            code,
            ticket,
            lane,
            client,
        };
        if let Some(again) = self.same_acceptance(&login.value, &attempt.digest) {
            return Ok(VerifyOutcome::Accepted(again));
        }
        let left = login.value.seconds_left(self.settings.login, self.now());
        if left == 0 || login.value.need != Need::Verify || !self.still_waits(&login.value) {
            return Ok(self.close(&login.value, client).await);
        }
        self.verify_waiting(login, &attempt).await
    }

    async fn verify_waiting(
        &self,
        login: Stored<WaitingLogin>,
        attempt: &Attempt<'_>,
    ) -> Result<VerifyOutcome, FlowError> {
        let digest = attempt.digest;
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
        let login = match self.counted_in_login(login, attempt.code.factor()).await? {
            Ok(login) => login,
            Err(refusal) => return Ok(VerifyOutcome::Refused(refusal)),
        };
        let Attempt { code, lane, .. } = attempt;
        let identity = &login.value.identity;
        match self.compare(identity, code, *lane, attempt.client).await? {
            Compared::Refused(refusal) => {
                if let (Some(entry), CodeRefusal::Wrong | CodeRefusal::Late) = (&entry, refusal) {
                    entry.remember_refusal(digest, refusal, self.now());
                }
                let reference = login.value.reference;
                Ok(match self.accepted_meanwhile(reference, &digest).await? {
                    Some(again) => VerifyOutcome::Accepted(again),
                    None => VerifyOutcome::Refused(refusal),
                })
            }
            Compared::Unbound => Ok(self.close(&login.value, attempt.client).await),
            Compared::Good { account, expect } => {
                let identity = identity.clone();
                let accepted = self.accept_code(login, (*account, expect), attempt).await;
                if !matches!(accepted, Ok(VerifyOutcome::Accepted(_))) {
                    // The code was right, so it was no guess: an upstream that is slow must not use
                    // up the attempts of its users.
                    let factor = attempt.code.factor();
                    self.uncount_attempt(&identity.account, factor, *lane)
                        .await?;
                }
                accepted
            }
        }
    }

    /// Carries the acceptance of a good code out. Where somebody else wrote first, the code is judged
    /// again by what stands there now: another login may have used it, or only changed something else.
    async fn accept_code(
        &self,
        mut login: Stored<WaitingLogin>,
        mut good: (Account, Expect),
        attempt: &Attempt<'_>,
    ) -> Result<VerifyOutcome, FlowError> {
        let reference = login.value.reference;
        for _ in 0..TRIES {
            let (account, expect) = good;
            let acceptance = self.acceptance(&login, (&account, expect), attempt)?;
            match self.accept(acceptance).await? {
                AcceptOutcome::Accepted(accepted) => {
                    return Ok(VerifyOutcome::Accepted(accepted));
                }
                AcceptOutcome::UpstreamBusy => return Ok(VerifyOutcome::UpstreamBusy),
                AcceptOutcome::Gone => return Ok(self.close(&login.value, attempt.client).await),
                AcceptOutcome::Overtaken => {}
            }
            let Some(now) = self.waiting_login(reference, attempt.ticket).await? else {
                return Ok(VerifyOutcome::Closed);
            };
            // The same request twice (double click).
            if let Some(again) = self.same_acceptance(&now.value, &attempt.digest) {
                return Ok(VerifyOutcome::Accepted(again));
            }
            if !matches!(now.value.outcome, Outcome::Waiting) {
                return Ok(VerifyOutcome::Closed);
            }
            login = now;
            good = match self.judged(&account.id, &attempt.code).await? {
                Compared::Good { account, expect } => (*account, expect),
                Compared::Refused(refusal) => return Ok(VerifyOutcome::Refused(refusal)),
                Compared::Unbound => return Ok(self.close(&login.value, attempt.client).await),
            };
        }
        Ok(VerifyOutcome::Refused(CodeRefusal::Wait { seconds: 1 }))
    }

    /// The durable step of a good code: the account with what it used up, and its counter cleared.
    fn acceptance<'a>(
        &self,
        login: &Stored<WaitingLogin>,
        (account, expect): (&Account, Expect),
        attempt: &Attempt<'a>,
    ) -> Result<Acceptance<'a>, FlowError> {
        let records = self.records()?;
        let (factor, lane) = (attempt.code.factor(), attempt.lane);
        let attempts = records.attempts_key(&account.id, factor, lane);
        let left = matches!(attempt.code, Code::Recovery(_)).then(|| account.recovery_left());
        Ok(Acceptance {
            login: login.clone(),
            factor: Some(factor),
            account_epoch: account.epoch,
            writes: records
                .draft()
                .put(&records.account_key(&account.id), expect, account)
                .delete::<Attempts>(&attempts, Expect::Any),
            code_digest: attempt.digest,
            event: AuditEvent::LoginAccepted {
                factor,
                lane,
                left: left.and_then(|left| u64::try_from(left).ok()),
            },
            codes: None,
            client: attempt.client,
        })
    }

    pub(super) async fn close(&self, login: &WaitingLogin, client: &Client) -> VerifyOutcome {
        if matches!(login.outcome, Outcome::Waiting) {
            self.abandon_login(login, "closed", client).await;
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

    /// Whether the upstream session of a waiting login still waits for it, or was just accepted.
    pub(super) fn still_waits(&self, login: &WaitingLogin) -> bool {
        login
            .keys
            .first()
            .is_some_and(|key| match self.table.standing(*key).0 {
                State::Awaiting(waiting) => waiting == login.reference,
                State::Accepted(_) | State::Held(_) => true,
                State::Free | State::Suspect | State::Ended => false,
            })
    }
}
