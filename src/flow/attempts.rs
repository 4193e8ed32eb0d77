//! Attempts of an account's lane: counted durably before anything is compared (invariant I6).

use crate::authenticator::Factor;
use crate::domain::throttle::{Admission, Attempts, Lane, admit};
use crate::flow::verify::{CodeRefusal, TRIES};
use crate::flow::{Engine, FlowError};
use crate::primitives::AccountId;
use crate::store::Expect;
use crate::store::records::RecordError;

impl Engine {
    pub(super) async fn uncount_attempt(
        &self,
        id: &AccountId,
        lane: Lane,
    ) -> Result<(), FlowError> {
        let records = self.records()?;
        let key = records.attempts_key(id, Factor::Totp, lane);
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
            let admission = admit(attempts, self.now());
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
        Ok(match admit(attempts, self.now()) {
            Admission::Count(_) => None,
            Admission::Wait { seconds } => Some(CodeRefusal::Wait { seconds }),
            Admission::Exhausted => Some(CodeRefusal::Exhausted),
        })
    }
}
