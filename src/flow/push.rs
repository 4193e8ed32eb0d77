//! Waking a phone: when its account is asked, a message goes to the push service of its browser, where
//! the operator gave a key and the owner said yes. Nobody waits for it, and nothing depends on it: the
//! app shows the same login when it is opened.

use crate::domain::enrollment::{Account, Device};
use crate::domain::push::{Endpoint, Subscription};
use crate::flow::phone::Phone;
use crate::flow::{Engine, FlowError, TRIES};
use crate::observe::Pushed;
use crate::primitives::{AccountId, DeviceId};
use crate::store::records::RecordError;
use async_trait::async_trait;
use std::sync::{Arc, Weak};

/// Takes messages to push services.
#[async_trait]
pub trait Waker: Send + Sync {
    /// The operator's public key, as browsers want it.
    fn key(&self) -> &str;

    /// Whether the service behind this address is spoken to.
    fn takes(&self, endpoint: &Endpoint) -> bool;

    /// Leaves a message.
    ///
    /// # Errors
    /// [`NotWoken`].
    async fn wake(&self, to: &Subscription) -> Result<(), NotWoken>;
}

/// Why a message was not left.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NotWoken {
    /// The browser is not subscribed any more.
    Gone,
    /// Too many messages are on their way.
    Busy,
    /// The service or the way to it; the text is for the operator.
    Failed(String),
}

impl Engine {
    /// A phone says where its browser can be woken, or that it does not want to be. `false` when no phone
    /// is woken here, or not by this service.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn subscribe(
        &self,
        phone: &Phone,
        wanted: Option<&Subscription>,
    ) -> Result<bool, FlowError> {
        let waker = self.waker.as_ref();
        let taken =
            wanted.is_none_or(|wanted| waker.is_some_and(|waker| waker.takes(&wanted.endpoint)));
        if taken {
            let id = (&phone.account.id, phone.device.id);
            self.change_push(id, |device| {
                device.push = wanted.cloned().map(Box::new);
            })
            .await?;
        }
        Ok(taken)
    }

    /// Wakes the phone of an account that has just been asked.
    pub(crate) fn wake_phone(&self, account: &Account) {
        let Some(waker) = self.waker.clone() else {
            return;
        };
        let to = account.device().and_then(|device| {
            let to = device.push.as_deref()?.clone();
            Some((device.id, to))
        });
        let (Some((device, to)), Some(engine)) = (to, self.me.get().and_then(Weak::upgrade)) else {
            return;
        };
        let account = account.id.clone();
        tokio::spawn(async move { engine.send_push(waker, (account, device), to).await });
    }

    async fn send_push(
        self: Arc<Self>,
        waker: Arc<dyn Waker>,
        (account, device): (AccountId, DeviceId),
        to: Subscription,
    ) {
        let how = match waker.wake(&to).await {
            Ok(()) => Pushed::Sent,
            Err(NotWoken::Busy) => Pushed::Busy,
            Err(NotWoken::Failed(why)) => {
                tracing::warn!(service = ?to.endpoint, %why, "a phone was not woken");
                Pushed::Failed
            }
            Err(NotWoken::Gone) => {
                let forgotten = self.change_push((&account, device), |device| {
                    // A newer one may have come meanwhile.
                    device.push.take_if(|now| **now == to);
                });
                if let Err(error) = forgotten.await {
                    tracing::warn!(%error, "a subscription that ended is still kept");
                }
                Pushed::Gone
            }
        };
        self.metrics.pushed(how);
    }

    async fn change_push(
        &self,
        (account, device): (&AccountId, DeviceId),
        change: impl Fn(&mut Device),
    ) -> Result<(), FlowError> {
        let records = self.records()?;
        let key = records.account_key(account);
        for _ in 0..TRIES {
            let fresh = || Account::new(account.clone());
            let (mut kept, expect) = records.for_update(&key, fresh).await?;
            let bound = kept
                .binding
                .as_mut()
                .and_then(|one| one.device.as_deref_mut());
            let Some(bound) = bound.filter(|bound| bound.id == device) else {
                // Another phone meanwhile, or none.
                return Ok(());
            };
            let before = bound.push.clone();
            change(bound);
            if bound.push == before {
                return Ok(());
            }
            match records
                .commit(records.draft().put(&key, expect, &kept))
                .await
            {
                Ok(()) => return Ok(()),
                Err(RecordError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(FlowError::Store(None))
    }
}
