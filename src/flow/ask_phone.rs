//! Asking the phone: a waiting login of an account that has one gets a number to be named on it.
//!
//! It is asked when the acceptor is shown, since without its page nobody could name the number, and again
//! where more time is asked for. The quotas of the lane bound it ([`Requests`]); where they are used up
//! the acceptor takes codes as ever.

use crate::domain::approval::{Answered, Approval, CHALLENGE_SECONDS, Whence};
use crate::domain::enrollment::Account;
use crate::domain::login::{Need, Outcome, WaitingLogin};
use crate::domain::requests::{Request, Requests, Rest};
use crate::domain::throttle::Lane;
use crate::entropy;
use crate::flow::{Client, Engine, FlowError, TRIES};
use crate::primitives::{AccountId, BrowserName, Identity};
use crate::store::Expect;
use crate::store::records::{RecordError, Stored};

impl Engine {
    /// The login with its request to the phone: the one that runs, or a new one where there is none yet.
    /// `again` asks anew where the last one is over.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn ask_phone(
        &self,
        mut login: Stored<WaitingLogin>,
        (lane, again): (Lane, bool),
        client: &Client,
    ) -> Result<Stored<WaitingLogin>, FlowError> {
        let records = self.records()?;
        for _ in 0..TRIES {
            let now = self.now();
            let value = &login.value;
            let waits = value.outcome == Outcome::Waiting
                && value.need == Need::Verify
                && value.seconds_left(self.settings.login, now) > 0;
            let asked = value.approval.as_ref();
            let due = asked.is_none_or(|asked| again && is_over(asked, now));
            if !waits || !due {
                return Ok(login);
            }
            let account = self.account(&value.identity).await?;
            let key = records.account_key(&account.id);
            let fresh = || Requests::new(account.id.clone());
            let (mut requests, expect) = records.for_update(&key, fresh).await?;
            let Some(approval) = self.new_approval(&value.identity, &account, lane, client)? else {
                return Ok(login);
            };
            let request = Request {
                at: now,
                challenge: approval.id,
                login: value.reference,
                address: client.address,
                said: None,
            };
            if requests.ask(lane, request).is_err() {
                return Ok(login);
            }
            // The page stays open as long as the phone may answer.
            let until = now.plus(CHALLENGE_SECONDS);
            let changed = WaitingLogin {
                approval: Some(Box::new(approval)),
                window_until: value.window_until.max(until),
                ..value.clone()
            };
            let reference = value.reference;
            let draft = records.draft().put(&key, expect, &requests).put(
                &reference.0,
                Expect::Version(login.version),
                &changed,
            );
            let written = records.commit(draft).await;
            match written {
                Ok(()) | Err(RecordError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
            // With its new version, or as somebody else left it.
            match records.get::<WaitingLogin>(&reference.0).await? {
                Some(now) => login = now,
                None => return Ok(login),
            }
            if written.is_ok() {
                self.wake_phone(&account);
                return Ok(login);
            }
        }
        Ok(login)
    }

    /// Until when the phone of this account is not asked by this lane, if so.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn phone_rests(
        &self,
        account: &AccountId,
        lane: Lane,
    ) -> Result<Option<Rest>, FlowError> {
        let records = self.records()?;
        let key = records.account_key(account);
        let requests = records.get::<Requests>(&key).await?;
        Ok(requests.and_then(|stored| stored.value.rest(lane, self.now())))
    }

    fn new_approval(
        &self,
        who: &Identity,
        account: &Account,
        lane: Lane,
        client: &Client,
    ) -> Result<Option<Approval>, FlowError> {
        let Some(device) = account.device() else {
            return Ok(None);
        };
        Ok(Some(Approval {
            id: entropy::challenge_id(&*self.entropy)?,
            device: device.id,
            number: entropy::approval_number(&*self.entropy)?,
            confirm: self.approval_by(who),
            lane,
            from: Whence {
                address: client.address,
                browser: BrowserName::of(&client.user_agent),
            },
            asked: self.now(),
            tries: 0,
            state: Answered::Open,
        }))
    }
}

/// Whether nothing more comes of it: too late, tried too often, or said yes to and not taken up.
fn is_over(asked: &Approval, now: crate::primitives::UnixSeconds) -> bool {
    asked.seconds_left(now) == 0 && !asked.may_be_taken_up(now)
}
