//! Waking a phone: when its account is asked, a message goes to the push service of its browser, where
//! the operator gave a key and the owner said yes. Nobody waits for it, and nothing depends on it: the
//! app shows the same login when it is opened.

use crate::domain::enrollment::Account;
use crate::domain::push::{Endpoint, Subscription, Wakeable};
use crate::flow::phone::Phone;
use crate::flow::{Engine, FlowError};
use crate::observe::Pushed;
use crate::primitives::{AccountId, DeviceId};
use crate::store::Expect;
use crate::store::records::RecordError;
use async_trait::async_trait;
use std::sync::Weak;

/// Between two changes of one phone's wish, in seconds.
const PAUSE_SECONDS: u64 = 2;

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

/// What became of a phone's wish.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wish {
    /// It counts.
    Taken,
    /// No phone is woken here, or not by this service.
    Refused,
    /// Changed a moment ago: not yet.
    Wait {
        /// For so many seconds.
        seconds: u64,
    },
}

impl Engine {
    /// A phone says where its browser can be woken, or that it does not want to be.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn subscribe(
        &self,
        phone: &Phone,
        wanted: Option<Subscription>,
    ) -> Result<Wish, FlowError> {
        if let Some(wanted) = &wanted
            && !self
                .waker
                .as_ref()
                .is_some_and(|waker| waker.takes(&wanted.endpoint))
        {
            return Ok(Wish::Refused);
        }
        let records = self.records()?;
        let key = records.account_key(&phone.account.id);
        let found = records.get::<Wakeable>(&key).await?;
        let expect = found
            .as_ref()
            .map_or(Expect::Absent, |kept| Expect::Version(kept.version));
        let now = self.now();
        let kept = found
            .map(|kept| kept.value)
            .filter(|kept| kept.device == phone.device.id);
        if kept.as_ref().and_then(|kept| kept.to.as_ref()) == wanted.as_ref() {
            return Ok(Wish::Taken);
        }
        let since = kept.map_or(u64::MAX, |kept| now.since(kept.changed));
        if since < PAUSE_SECONDS {
            let seconds = PAUSE_SECONDS - since;
            return Ok(Wish::Wait { seconds });
        }
        let changed = Wakeable {
            account: phone.account.id.clone(),
            device: phone.device.id,
            to: wanted,
            changed: now,
        };
        let draft = records.draft().put(&key, expect, &changed);
        match records.commit(draft).await {
            Ok(()) => Ok(Wish::Taken),
            // By the same phone, in the same moment.
            Err(RecordError::Conflict) => Ok(Wish::Wait {
                seconds: PAUSE_SECONDS,
            }),
            Err(error) => Err(error.into()),
        }
    }

    /// Wakes the phone of an account that has just been asked. Whoever logs in does not wait for it.
    pub(crate) fn wake_phone(&self, account: &Account) {
        let Some(waker) = self.waker.clone() else {
            return;
        };
        let device = account.device().map(|device| device.id);
        let engine = self.me.get().and_then(Weak::upgrade);
        let (Some(device), Some(engine)) = (device, engine) else {
            return;
        };
        let account = account.id.clone();
        tokio::spawn(async move {
            if let Err(error) = engine.send_push(&*waker, &account, device).await {
                tracing::warn!(%error, "a phone was not woken");
            }
        });
    }

    async fn send_push(
        &self,
        waker: &dyn Waker,
        account: &AccountId,
        device: DeviceId,
    ) -> Result<(), FlowError> {
        let records = self.records()?;
        let key = records.account_key(account);
        let Some(kept) = records.get::<Wakeable>(&key).await? else {
            return Ok(());
        };
        let Wakeable {
            to, device: its, ..
        } = &kept.value;
        let Some(to) = to.as_ref().filter(|_| *its == device) else {
            return Ok(());
        };
        let how = match waker.wake(to).await {
            Ok(()) => Pushed::Sent,
            Err(NotWoken::Busy) => Pushed::Busy,
            Err(NotWoken::Failed(why)) => {
                tracing::warn!(service = ?to.endpoint, %why, "a phone was not woken");
                Pushed::Failed
            }
            Err(NotWoken::Gone) => {
                let expect = Expect::Version(kept.version);
                let draft = records.draft().delete::<Wakeable>(&key, expect);
                match records.commit(draft).await {
                    // A newer one came meanwhile.
                    Ok(()) | Err(RecordError::Conflict) => {}
                    Err(error) => return Err(error.into()),
                }
                Pushed::Gone
            }
        };
        self.metrics.pushed(how);
        Ok(())
    }
}
