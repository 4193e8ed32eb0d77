//! Taking up what the phone said: the page that waits, by the ticket of its browser, gets the session.

use crate::authenticator::Factor;
use crate::domain::audit::AuditEvent;
use crate::domain::login::Need;
use crate::flow::accept::{AcceptOutcome, Acceptance, code_digest};
use crate::flow::verify::VerifyOutcome;
use crate::flow::{Client, Engine, FlowError, TRIES};
use crate::primitives::{Ticket, WaitingRef};

impl Engine {
    /// Takes up what the phone said to this login, for the browser that holds its ticket: the same way
    /// that a code goes. The phone must still be the account's. `None` when it has not said yes.
    ///
    /// # Errors
    /// [`FlowError`] when the store or the clock fails: nothing was accepted.
    pub async fn take_up(
        &self,
        reference: WaitingRef,
        ticket: &Ticket,
        client: &Client,
    ) -> Result<Option<VerifyOutcome>, FlowError> {
        self.check_clock()?;
        for _ in 0..TRIES {
            let Some(login) = self.waiting_login(reference, ticket).await? else {
                return Ok(Some(VerifyOutcome::TicketUnknown));
            };
            let Some(approval) = login.value.approval.clone() else {
                return Ok(None);
            };
            let digest = code_digest(reference, &approval.id.0);
            if let Some(again) = self.same_acceptance(&login.value, &digest) {
                return Ok(Some(VerifyOutcome::Accepted(again)));
            }
            let left = login.value.seconds_left(self.settings.login, self.now());
            if login.value.need != Need::Verify {
                // It goes on by an activation.
                return Ok(None);
            }
            if left == 0 || !self.still_waits(&login.value) {
                return Ok(Some(self.close(&login.value, client).await));
            }
            if !approval.may_be_taken_up(self.now()) {
                return Ok(None);
            }
            let identity = &login.value.identity;
            let (account, expect) = self.account_for_update(&identity.account).await?;
            if account.device().is_none_or(|d| d.id != approval.device) {
                // Another phone, or none, since it was asked.
                return Ok(None);
            }
            let records = self.records()?;
            let key = records.account_key(&account.id);
            let acceptance = Acceptance {
                factor: Some(Factor::Device),
                account_epoch: account.epoch,
                writes: records.draft().put(&key, expect, &account),
                code_digest: digest,
                event: AuditEvent::LoginAccepted {
                    factor: Factor::Device,
                    lane: approval.lane,
                    left: None,
                },
                codes: None,
                client,
                login: login.clone(),
            };
            match self.accept(acceptance).await? {
                AcceptOutcome::Accepted(accepted) => {
                    return Ok(Some(VerifyOutcome::Accepted(accepted)));
                }
                AcceptOutcome::UpstreamBusy => return Ok(Some(VerifyOutcome::UpstreamBusy)),
                AcceptOutcome::Gone => return Ok(Some(self.close(&login.value, client).await)),
                AcceptOutcome::Overtaken => {}
            }
        }
        Ok(Some(VerifyOutcome::UpstreamBusy))
    }
}
