//! The code that was mailed to an address which its owner typed, and what comes of it.

use crate::domain::audit::AuditEvent;
use crate::domain::directory::{Entry, PENDING_TRIES, Pending};
use crate::domain::mail::AddressChange;
use crate::flow::address::with_kept;
use crate::flow::own_address::digest_of;
use crate::flow::sessions::LiveSession;
use crate::flow::{Client, Engine, FlowError, TRIES};
use crate::primitives::{AccountId, ActivationCode, Identity};
use crate::store::records::RecordError;
use subtle::ConstantTimeEq;

/// What a code that was mailed to the address did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConfirmOutcome {
    /// The address is registered.
    Done,
    /// Not eight digits; not counted.
    Malformed,
    /// Not the code.
    Wrong,
    /// Nothing waits for a code (any more).
    Over,
    /// The LPSE has registered an address meanwhile, or whether it has cannot be told now: nothing was
    /// looked at.
    NotHere,
}

impl Engine {
    /// Judges the code that was mailed to an address, and registers it. Counted before it is compared
    /// (invariant I6).
    ///
    /// # Errors
    /// [`FlowError`] when the store fails: nothing was registered.
    pub async fn confirm_address(
        &self,
        session: &LiveSession,
        typed: &str,
        client: &Client,
    ) -> Result<ConfirmOutcome, FlowError> {
        self.check_clock()?;
        let Some(identity) = self.may_register(session).await? else {
            return Ok(ConfirmOutcome::Over);
        };
        let Some(code) = ActivationCode::parse(typed) else {
            return Ok(ConfirmOutcome::Malformed);
        };
        let mut last = session.registering.lock().await;
        let digest = digest_of(session, b"confirmed", &[code.expose().as_bytes()]);
        if last.to(digest, self.now()).is_some() {
            return Ok(ConfirmOutcome::Done);
        }
        if !self.is_left_to_owner(&identity.account).await? {
            return Ok(ConfirmOutcome::NotHere);
        }
        let Some(pending) = self.count_typed(&identity.account).await? else {
            return Ok(ConfirmOutcome::Over);
        };
        let records = self.records()?;
        let own = records.address_code(&identity.account, &pending.nonce);
        let fits: bool = own
            .expose()
            .as_bytes()
            .ct_eq(code.expose().as_bytes())
            .into();
        if !fits {
            return Ok(match pending.tries < PENDING_TRIES {
                true => ConfirmOutcome::Wrong,
                false => ConfirmOutcome::Over,
            });
        }
        let outcome = self.register_own(&identity, pending, client).await?;
        if outcome == ConfirmOutcome::Done {
            last.keep(digest, (), self.now());
        }
        Ok(outcome)
    }

    async fn register_own(
        &self,
        identity: &Identity,
        pending: Pending,
        client: &Client,
    ) -> Result<ConfirmOutcome, FlowError> {
        let records = self.records()?;
        let id = &identity.account;
        let key = records.account_key(id);
        for _ in 0..TRIES {
            let (kept, kept_expect) = self.kept_addresses(id).await?;
            if kept.outranks_database() {
                return Ok(ConfirmOutcome::NotHere);
            }
            let (mut account, expect) = self.account_for_update(id).await?;
            let Some(own) = account.binding.as_mut().map(|binding| &mut binding.own) else {
                return Ok(ConfirmOutcome::Over);
            };
            let waits = own.pending.take().map(|waits| waits.nonce);
            if waits != Some(pending.nonce) {
                return Ok(ConfirmOutcome::Over);
            }
            let new = Entry {
                email: pending.email.clone(),
                since: self.now(),
            };
            let old = own.confirmed.replace(new).map(|old| old.email);
            let who = Some((id, identity.role.as_str()));
            let event = self.audit(client, who, AuditEvent::AddressConfirmed);
            // The LPSE may register one at this moment: then this one must not stand behind it.
            let draft = with_kept(records.draft(), &key, kept_expect, &kept);
            let mut draft = draft.put(&key, expect, &account).audit(&event);
            if old.as_ref() != Some(&pending.email) {
                // What was mailed to another address is worth nothing from here on.
                draft = self.without_mailed(draft, id).await?;
                // The old address, where there was one, and the new one are told.
                let whose = (id, Some(&identity.role));
                draft = self.with_told(draft, whose, old, AddressChange::OwnReplaced)?;
                let new = Some(pending.email.clone());
                draft = self.with_told(draft, whose, new, AddressChange::OwnRegistered)?;
            }
            match records.commit(draft).await {
                Ok(()) => {
                    self.outbox.ring();
                    return Ok(ConfirmOutcome::Done);
                }
                Err(RecordError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(RecordError::Conflict.into())
    }

    /// Counts a code that is typed for an address; `None` where none waits.
    async fn count_typed(&self, id: &AccountId) -> Result<Option<Pending>, FlowError> {
        let records = self.records()?;
        let key = records.account_key(id);
        for _ in 0..TRIES {
            let (mut account, expect) = self.account_for_update(id).await?;
            let own = account.binding.as_mut().map(|binding| &mut binding.own);
            let Some((own, pending)) = own.and_then(|own| {
                let pending = own.pending(self.now())?.clone();
                Some((own, pending))
            }) else {
                return Ok(None);
            };
            let tries = pending.tries.saturating_add(1);
            let counted = Pending { tries, ..pending };
            own.pending = Some(counted.clone());
            match records
                .commit(records.draft().put(&key, expect, &account))
                .await
            {
                Ok(()) => return Ok(Some(counted)),
                Err(RecordError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(RecordError::Conflict.into())
    }
}
