//! "Nanti saja": where activation is only encouraged, it may be put off.

use crate::domain::audit::AuditEvent;
use crate::domain::enforcement::{Offer, Requirement};
use crate::domain::enrollment::Activation;
use crate::domain::login::{Need, WaitingLogin};
use crate::flow::accept::{AcceptOutcome, Acceptance, Accepted};
use crate::flow::activate::Holder;
use crate::flow::{Client, Engine, FlowError};
use crate::store::Expect;
use crate::store::records::Stored;

/// What "nanti saja" did.
pub enum PutOffOutcome {
    /// The login goes on with the password alone.
    Accepted(Accepted),
    /// It cannot be put off any more.
    NotAllowed,
    /// The login is over: password again.
    Closed,
    /// The upstream cannot say whose session it is: to be tried again.
    UpstreamBusy,
}

impl Engine {
    /// Whether and how often the activation of this login may still be put off, by the policy of this
    /// moment.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn offer(&self, login: &WaitingLogin) -> Result<Option<Offer>, FlowError> {
        if login.need != Need::Activate {
            return Ok(None);
        }
        let account = self.account(&login.identity).await?;
        Ok(
            match self.decide(&login.identity, &account).await?.requirement {
                Requirement::Offer(offer) => Some(offer),
                // Not asked for any more since the password was typed.
                Requirement::Nothing => Some(Offer::default()),
                Requirement::Activate | Requirement::Verify => None,
            },
        )
    }

    /// Puts the activation off and lets the login go on, counted in one durable step.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails: nothing was released.
    pub async fn put_off(
        &self,
        login: &Stored<WaitingLogin>,
        client: &Client,
    ) -> Result<PutOffOutcome, FlowError> {
        let reference = login.value.reference;
        let digest = crate::seal::digest(&[&reference.0, b"put-off"]);
        if let Some(again) = self.same_acceptance(&login.value, &digest) {
            return Ok(PutOffOutcome::Accepted(again));
        }
        let holder = Holder::Login(Box::new(login.clone()));
        if !self.may_activate(&holder) {
            return Ok(PutOffOutcome::Closed);
        }
        self.check_clock_for_policy()?;
        let identity = &login.value.identity;
        let records = self.records()?;
        let (account, account_expect) = self.account_for_update(&identity.account).await?;
        let (mut standing, expect) = self.standing_for_update(&identity.account).await?;
        match self.decide_with(identity, &account, &standing).requirement {
            Requirement::Offer(_) => {
                standing.skips = standing.skips.saturating_add(1);
                standing.last_skip = Some(self.now());
            }
            Requirement::Nothing => {}
            Requirement::Activate | Requirement::Verify => return Ok(PutOffOutcome::NotAllowed),
        }
        let key = records.account_key(&identity.account);
        let writes = records
            .draft()
            .put(&key, expect, &standing)
            // Unchanged: whoever binds an authenticator at this moment spoils it.
            .put(&key, account_expect, &account)
            .delete::<Activation>(&holder.key(), Expect::Any);
        let acceptance = Acceptance {
            login: login.clone(),
            factor: None,
            account_epoch: account.epoch,
            writes,
            code_digest: digest,
            codes: None,
            event: AuditEvent::PutOff {
                skips: standing.skips,
            },
            client,
        };
        Ok(match self.accept(acceptance).await? {
            AcceptOutcome::Accepted(accepted) => PutOffOutcome::Accepted(accepted),
            AcceptOutcome::UpstreamBusy => PutOffOutcome::UpstreamBusy,
            AcceptOutcome::Overtaken => match self.accepted_meanwhile(reference, &digest).await? {
                Some(again) => PutOffOutcome::Accepted(again),
                None => PutOffOutcome::NotAllowed,
            },
            AcceptOutcome::Gone => {
                self.abandon_login(&login.value, "gone", client).await;
                PutOffOutcome::Closed
            }
        })
    }
}
