//! The activation code: eight digits that the help desk hands out, typed after the password where
//! first use is not trusted. It opens nothing by itself: it only lets an activation begin.

use crate::authenticator::Factor;
use crate::domain::audit::AuditEvent;
use crate::domain::policy::Signature;
use crate::domain::standing::{GRANT_SECONDS, Grant, Standing};
use crate::domain::throttle::{Admission, Attempts, Lane};
use crate::entropy;
use crate::flow::activate::{ActivationState, Holder};
use crate::flow::compare::CodeRefusal;
use crate::flow::{Client, Engine, FlowError};
use crate::primitives::{AccountId, ActivationCode};
use crate::store::Expect;
use subtle::ConstantTimeEq;

/// What a typed activation code did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProofOutcome {
    /// The activation has begun.
    Allowed,
    /// Refused; nothing changed.
    Refused(CodeRefusal),
    /// The login or session is over, or has nothing to activate.
    Closed,
}

impl Engine {
    /// Judges an activation code. It is counted before it is compared (invariant I6), and used up
    /// only by the binding: whoever does not finish may type it again within its day.
    ///
    /// # Errors
    /// [`FlowError`] when the store or the clock fails: nothing was allowed.
    pub async fn prove(
        &self,
        holder: &Holder,
        typed: &str,
        lane: Lane,
        client: &Client,
    ) -> Result<ProofOutcome, FlowError> {
        self.check_clock()?;
        let Some(identity) = holder.identity().filter(|_| self.may_activate(holder)) else {
            return Ok(ProofOutcome::Closed);
        };
        let Some(code) = ActivationCode::parse(typed) else {
            return Ok(ProofOutcome::Refused(CodeRefusal::Malformed));
        };
        match self.activation(holder).await? {
            ActivationState::ProofDue => {}
            // Typed already, or not due any more.
            ActivationState::Running(_) => return Ok(ProofOutcome::Allowed),
            ActivationState::Over => return Ok(ProofOutcome::Closed),
        }
        let pause = self.slowdown.pause(client.address, self.now().0);
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        let id = &identity.account;
        let counted = self.count_attempt(id, Factor::ActivationCode, lane).await?;
        let failures = match counted {
            Admission::Count(attempts) => attempts.failures,
            Admission::Wait { seconds } => {
                return Ok(ProofOutcome::Refused(CodeRefusal::Wait { seconds }));
            }
            Admission::Exhausted => return Ok(ProofOutcome::Refused(CodeRefusal::Exhausted)),
        };
        let records = self.records()?;
        let (standing, _) = self.standing_for_update(id).await?;
        let digest = records.grant_digest(id, &code);
        let good = standing.grant(self.now());
        let who = (id, identity.role.as_str());
        if good.is_some_and(|grant| bool::from(grant.digest.ct_eq(&digest))) {
            let begun = self.activation_with(holder, false, Some(digest)).await?;
            if !matches!(begun, ActivationState::Running(_)) {
                return Ok(ProofOutcome::Closed);
            }
            let attempts = records.attempts_key(id, Factor::ActivationCode, lane);
            let draft = records
                .draft()
                .delete::<Attempts>(&attempts, Expect::Any)
                .audit(&self.audit(client, Some(who), AuditEvent::CodeTyped));
            records.commit(draft).await?;
            return Ok(ProofOutcome::Allowed);
        }
        self.slowdown.note_failure(client.address, self.now().0);
        let event = AuditEvent::CodeRefused {
            factor: Factor::ActivationCode,
            lane,
            reason: CodeRefusal::Wrong.as_str().to_owned(),
            failures,
        };
        self.note_refusal(who, event, client).await?;
        Ok(ProofOutcome::Refused(CodeRefusal::Wrong))
    }

    /// A new activation code for an account; the one before it is no good any more, and neither are
    /// the failures that were counted on it. Only the returned value ever shows it.
    pub(crate) fn granted(
        &self,
        mut standing: Standing,
        signature: Signature,
    ) -> Result<(Standing, ActivationCode), FlowError> {
        let code = entropy::activation_code(&*self.entropy)?;
        standing.grant = Some(Grant {
            digest: self.records()?.grant_digest(&standing.id, &code),
            until: self.now().plus(GRANT_SECONDS),
            signature,
        });
        Ok((standing, code))
    }

    /// Keys of the counters of an account's activation code.
    pub(crate) fn code_counters(&self, id: &AccountId) -> Result<[Vec<u8>; 2], FlowError> {
        let records = self.records()?;
        let key = |lane| records.attempts_key(id, Factor::ActivationCode, lane);
        Ok([key(Lane::KnownBrowser), key(Lane::Unknown)])
    }
}
