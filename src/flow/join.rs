//! A phone joins an activation: it opens the link of the page, gets the shared secret, sends back a code
//! that it calculated. What binds it is the page, by the ticket or the session of its browser
//! ([`super::bind`]): the link alone binds nothing, and who photographs it gets no session by it.

use crate::authenticator::device::DeviceKey;
use crate::domain::enrollment::{Activation, Binding, Entry};
use crate::domain::invitation::{Invitation, Joined, Joining};
use crate::entropy;
use crate::flow::{Client, Engine, FlowError, TRIES};
use crate::primitives::{AccountId, BrowserName, InviteToken, OtpCode, PhoneHandle};
use crate::store::Expect;
use crate::store::records::{RecordError, Stored};

/// What a phone gets that joins.
#[derive(Debug)]
pub struct Offer {
    /// Its name for the gateway from now on.
    pub handle: PhoneHandle,
    /// Whose account.
    pub account: AccountId,
    /// The secret and its letter.
    pub entry: Entry,
}

/// An invitation with the entry of the activation that it belongs to.
struct Invited {
    invitation: Stored<Invitation>,
    entry: Entry,
}

impl Engine {
    /// A phone opens the link. `None` when the link is over, or another phone has it.
    ///
    /// # Errors
    /// [`FlowError`] when the store or the clock fails.
    pub async fn join(
        &self,
        token: &InviteToken,
        key: DeviceKey,
        client: &Client,
    ) -> Result<Option<Offer>, FlowError> {
        self.check_clock()?;
        let records = self.records()?;
        for _ in 0..TRIES {
            let Some(Invited { invitation, entry }) = self.invited(token).await? else {
                return Ok(None);
            };
            let id = entropy::device_id(&*self.entropy)?;
            let mut changed = invitation.value.clone();
            if !changed.claim((id, key), BrowserName::of(&client.user_agent), self.now()) {
                return Ok(None);
            }
            let Some(device) = changed.device() else {
                return Ok(None);
            };
            let offer = Offer {
                handle: PhoneHandle {
                    account: records.account_handle(&changed.account),
                    device: device.id,
                },
                account: changed.account.clone(),
                entry,
            };
            if changed == invitation.value {
                // A lost answer.
                return Ok(Some(offer));
            }
            match self.write_invitation(token, &invitation, &changed).await {
                Ok(()) => return Ok(Some(offer)),
                Err(RecordError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    /// The phone that has the link sends a code. Whoever waits for it on the page is woken.
    ///
    /// # Errors
    /// [`FlowError`] when the store or the clock fails.
    pub async fn confirm_join(
        &self,
        token: &InviteToken,
        key: DeviceKey,
        code: &OtpCode,
    ) -> Result<Joined, FlowError> {
        self.check_clock()?;
        for _ in 0..TRIES {
            let Some(Invited { invitation, entry }) = self.invited(token).await? else {
                return Ok(Joined::Over);
            };
            let mut changed = invitation.value.clone();
            if changed.device().is_none_or(|device| device.key != key) {
                return Ok(Joined::Over);
            }
            let joined = changed.confirm(&entry.secret, code, self.now());
            if changed == invitation.value {
                return Ok(joined);
            }
            match self.write_invitation(token, &invitation, &changed).await {
                Ok(()) => {
                    self.wakes.wake(&changed.activation);
                    return Ok(joined);
                }
                Err(RecordError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Joined::Over)
    }

    /// The binding that a phone has earned in this activation, if one has.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn joined(&self, activation: &Activation) -> Result<Option<Binding>, FlowError> {
        let records = self.records()?;
        for entry in activation.entries.iter().rev() {
            let found = records.get::<Invitation>(&entry.invite.digest()).await?;
            let Some(Stored { value, .. }) = found else {
                continue;
            };
            if let Joining::Confirmed {
                device,
                step,
                drift_steps,
            } = value.state
            {
                return Ok(Some(Binding {
                    device: Some(Box::new(device)),
                    ..entry.binding((step, drift_steps), self.now())
                }));
            }
        }
        Ok(None)
    }

    async fn invited(&self, token: &InviteToken) -> Result<Option<Invited>, FlowError> {
        let records = self.records()?;
        let Some(invitation) = records.get::<Invitation>(&token.digest()).await? else {
            return Ok(None);
        };
        let key = &invitation.value.activation;
        let now = self.now();
        let Some(activation) = records.get::<Activation>(key).await? else {
            return Ok(None);
        };
        let over = activation.value.is_over(self.settings.activation, now);
        if over || !self.is_held(key).await? {
            return Ok(None);
        }
        let mut entries = activation.value.entries.into_iter();
        let entry = entries.find(|entry| entry.invite == *token);
        Ok(entry.map(|entry| Invited { invitation, entry }))
    }

    async fn write_invitation(
        &self,
        token: &InviteToken,
        before: &Stored<Invitation>,
        changed: &Invitation,
    ) -> Result<(), RecordError> {
        let records = self.records().map_err(|_| RecordError::Conflict)?;
        let expect = Expect::Version(before.version);
        let draft = records.draft().put(&token.digest(), expect, changed);
        records.commit(draft).await
    }
}
