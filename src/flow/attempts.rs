//! Attempts of an account's lane: counted durably before anything is compared (invariant I6).

use crate::authenticator::Factor;
use crate::domain::login::WaitingLogin;
use crate::domain::throttle::{Admission, Attempts, Lane, admit, pace};
use crate::flow::compare::CodeRefusal;
use crate::flow::{Engine, FlowError, TRIES};
use crate::primitives::AccountId;
use crate::store::Expect;
use crate::store::records::{RecordError, Stored};

impl Engine {
    pub(super) async fn uncount_attempt(
        &self,
        id: &AccountId,
        factor: Factor,
        lane: Lane,
    ) -> Result<(), FlowError> {
        let records = self.records()?;
        let key = records.attempts_key(id, factor, lane);
        for _ in 0..TRIES {
            let Some(stored) = records.get::<Attempts>(&key).await? else {
                return Ok(());
            };
            let failures = stored.value.failures.saturating_sub(1);
            let attempts = Attempts {
                failures,
                ..stored.value
            };
            let expect = Expect::Version(stored.version);
            match records
                .commit(records.draft().put(&key, expect, &attempts))
                .await
            {
                Ok(()) => return Ok(()),
                Err(RecordError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    pub(super) async fn count_attempt(
        &self,
        id: &AccountId,
        factor: Factor,
        lane: Lane,
    ) -> Result<Admission, FlowError> {
        let records = self.records()?;
        let key = records.attempts_key(id, factor, lane);
        for _ in 0..TRIES {
            let (attempts, expect) = records.for_update(&key, Attempts::default).await?;
            let admission = admit(attempts, factor, self.now());
            let Admission::Count(next) = admission else {
                return Ok(admission);
            };
            match records
                .commit(records.draft().put(&key, expect, &next))
                .await
            {
                Ok(()) => return Ok(Admission::Count(next)),
                Err(RecordError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        // So many attempts at once are no person: the next second is soon enough.
        Ok(Admission::Wait { seconds: 1 })
    }

    /// Counts a recovery code in the waiting login that it is typed into: its growing delays slow
    /// whoever guesses, and nobody else (invariant I11). The login as it stands then, or the refusal.
    pub(super) async fn counted_in_login(
        &self,
        mut login: Stored<WaitingLogin>,
        factor: Factor,
    ) -> Result<Result<Stored<WaitingLogin>, CodeRefusal>, FlowError> {
        if factor != Factor::Recovery {
            return Ok(Ok(login));
        }
        let records = self.records()?;
        let key = login.value.reference.0;
        for _ in 0..TRIES {
            login.value.recovery = match pace(login.value.recovery, self.now()) {
                Admission::Count(next) => next,
                Admission::Wait { seconds } => return Ok(Err(CodeRefusal::Wait { seconds })),
                Admission::Exhausted => return Ok(Err(CodeRefusal::Exhausted)),
            };
            let expect = Expect::Version(login.version);
            let draft = records.draft().put(&key, expect, &login.value);
            let written = records.commit(draft).await;
            // With its new version, or as somebody else left it.
            let now = records.get::<WaitingLogin>(&key).await?;
            match written {
                Ok(()) | Err(RecordError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
            let Some(now) = now else { break };
            login = now;
            if written.is_ok() {
                return Ok(Ok(login));
            }
        }
        Ok(Err(CodeRefusal::Wait { seconds: 1 }))
    }

    /// How long the next recovery code of this login has to wait, if it has.
    pub fn recovery_wait(&self, login: &WaitingLogin) -> Option<CodeRefusal> {
        match pace(login.recovery, self.now()) {
            Admission::Wait { seconds } => Some(CodeRefusal::Wait { seconds }),
            Admission::Count(_) | Admission::Exhausted => None,
        }
    }

    /// Why no code is taken at this moment for an account from a lane; `None` when one is.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn lane_closed(
        &self,
        id: &AccountId,
        factor: Factor,
        lane: Lane,
    ) -> Result<Option<CodeRefusal>, FlowError> {
        let records = self.records()?;
        let key = records.attempts_key(id, factor, lane);
        let stored = records.get::<Attempts>(&key).await?;
        let attempts = stored.map(|stored| stored.value).unwrap_or_default();
        Ok(match admit(attempts, factor, self.now()) {
            Admission::Count(_) => None,
            Admission::Wait { seconds } => Some(CodeRefusal::Wait { seconds }),
            Admission::Exhausted => Some(CodeRefusal::Exhausted),
        })
    }
}
