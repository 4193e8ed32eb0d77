//! Disable: the owner removes the binding from inside his session, with a current code.

use crate::domain::audit::AuditEvent;
use crate::domain::enrollment::entry_letter;
use crate::domain::policy::Signature;
use crate::flow::account_change::AccountChange;
use crate::flow::again::LastAnswer;
use crate::flow::compare::{Code, CodeRefusal, Compared};
use crate::flow::sessions::LiveSession;
use crate::flow::{Client, Engine, FlowError};
use crate::primitives::{ActivationCode, OtpCode};
use std::sync::Arc;

/// What a typed code did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DisableOutcome {
    /// The binding is gone; this session goes on, the others ended.
    Disabled {
        /// Entry that it was.
        entry: String,
        /// Where first use is not trusted any more: what the next activation asks for, shown once.
        code: Option<ActivationCode>,
    },
    /// Refused; nothing changed.
    Refused(CodeRefusal),
    /// There is nothing to disable.
    NotActive,
}

impl Engine {
    /// Judges a code typed on the status page and removes the binding. The same code sent again at
    /// once gets the same answer.
    ///
    /// # Errors
    /// [`FlowError`] when the store or the clock fails: nothing changed.
    pub async fn disable(
        &self,
        session: &Arc<LiveSession>,
        typed: &str,
        client: &Client,
    ) -> Result<DisableOutcome, FlowError> {
        let Some(code) = OtpCode::parse(typed) else {
            return Ok(DisableOutcome::Refused(CodeRefusal::Malformed));
        };
        let digest = session.code_digest(code.expose().as_bytes());
        let mut last = session.disabling.lock().await;
        let now = self.now();
        if let Some(again) = last.to(digest, now) {
            return Ok(again.clone());
        }
        let outcome = self.disable_once(session, &code, client).await?;
        *last = LastAnswer::default();
        if let DisableOutcome::Disabled { .. } = outcome {
            last.keep(digest, outcome.clone(), now);
        }
        Ok(outcome)
    }

    /// Judges the code and removes the binding.
    ///
    /// # Errors
    /// [`FlowError`] when the store or the clock fails: nothing changed.
    async fn disable_once(
        &self,
        session: &Arc<LiveSession>,
        code: &OtpCode,
        client: &Client,
    ) -> Result<DisableOutcome, FlowError> {
        let Some(identity) = session.record().identity.clone() else {
            return Ok(DisableOutcome::NotActive);
        };
        self.check_clock()?;
        let lane = session.lane();
        let compared = self
            .compare(&identity, &Code::Otp(code.clone()), lane, client)
            .await?;
        let (mut account, expect) = match compared {
            Compared::Refused(refusal) => return Ok(DisableOutcome::Refused(refusal)),
            Compared::Unbound => return Ok(DisableOutcome::NotActive),
            Compared::Good { account, expect } => (*account, expect),
        };
        let ended = account.own_address().map(|own| own.email.clone());
        let entry = account
            .binding
            .take()
            .map(|b| entry_letter(b.generation))
            .unwrap_or_default();
        account.epoch = account.epoch.saturating_add(1);
        let event = AuditEvent::Disabled {
            entry: entry.clone(),
        };
        // He has just proved himself: changing phones must not send him to the counter.
        let (mut standing, standing_expect) = self.standing_for_update(&account.id).await?;
        // What was mailed for this authenticator ends with it. Written in any case, so that a "Ya" of this
        // moment is judged anew.
        standing.mailed = None;
        let proof_due = {
            let decision = self.decide_with(&identity, &account, &standing);
            decision.in_force.proof_due
        };
        let (standing, code) = if proof_due {
            let signature = Signature {
                by: vec![identity.account.user_id.as_str().to_owned()],
                reason: "disabled by the owner".to_owned(),
            };
            let (standing, code) = self.granted(standing, signature)?;
            (standing, Some(code))
        } else {
            (standing, None)
        };
        let changed = AccountChange {
            account,
            expect,
            standing: Some((standing, standing_expect)),
            ended,
            event: event.clone(),
        };
        // This session keeps the factor that it was accepted with: it stays until it ends, and the
        // next login asks for a new activation where the policy requires one (FAQ 4).
        let factor = session
            .factor()
            .or(Some(crate::authenticator::Factor::Totp));
        if !self
            .change_from_session(session, changed, factor, client)
            .await?
        {
            let wait_seconds = crate::authenticator::totp::STEP_SECONDS;
            return Ok(DisableOutcome::Refused(CodeRefusal::Used { wait_seconds }));
        }
        self.end_others(&identity.account, session.id(), "disabled", client)
            .await;
        Ok(DisableOutcome::Disabled { entry, code })
    }
}
