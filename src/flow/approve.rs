//! What a phone says to the logins of its account that wait, and how the page that waits takes it up.
//!
//! A yes releases nothing by itself: it is written into the waiting login, and the browser that holds the
//! login's ticket takes it up, on the same way that a code goes ([`super::accept`]). So it opens the login
//! that it was said to, in the browser that waits for it, and nothing else.

use crate::authenticator::Factor;
use crate::domain::approval::{Approval, Requests, TAKE_UP_SECONDS, Yes};
use crate::domain::audit::AuditEvent;
use crate::domain::login::{Need, Outcome, WaitingLogin};
use crate::domain::throttle::{Admission, Attempts, admit};
use crate::flow::phone::Phone;
use crate::flow::{Client, Engine, FlowError, TRIES};
use crate::primitives::{ApprovalNumber, ChallengeId};
use crate::store::Expect;
use crate::store::records::{Draft, RecordError, Stored};

/// What a yes or a no did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Said {
    /// It counts.
    Taken,
    /// Another number than the page shows; so many may still be tried.
    Wrong {
        /// How many.
        left: u8,
    },
    /// After wrong numbers: not yet.
    Wait {
        /// Until when, in seconds.
        seconds: u64,
    },
    /// Too many wrong numbers: the login needs a code.
    Exhausted,
    /// There is no such login any more.
    Over,
}

/// Why somebody says no.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Denial {
    /// Somebody else has the password.
    NotMe,
    /// He pressed the wrong button.
    Mistake,
}

impl Engine {
    /// Logins of a phone's account that wait for its answer, the newest first.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn calls(&self, phone: &Phone) -> Result<Vec<WaitingLogin>, FlowError> {
        let records = self.records()?;
        let now = self.now();
        let key = records.account_key(&phone.account.id);
        let Some(requests) = records.get::<Requests>(&key).await? else {
            return Ok(vec![]);
        };
        let mut calls = Vec::new();
        for reference in requests.value.open(now) {
            let found = records.get::<WaitingLogin>(&reference.0).await?;
            let login = found.map(|stored| stored.value);
            calls.extend(login.filter(|login| {
                let asked = asked_of(login, phone);
                let waits = login.seconds_left(self.settings.login, now) > 0;
                waits && asked.is_some_and(|asked| asked.seconds_left(now) > 0)
            }));
        }
        Ok(calls)
    }

    /// The phone says yes, with the number that was typed or scanned. Wrong numbers count on the account's
    /// lane, in the same durable step that compares them (invariant I6).
    ///
    /// # Errors
    /// [`FlowError`] when the store fails: nothing was approved.
    pub async fn approve(
        &self,
        phone: &Phone,
        challenge: ChallengeId,
        number: Option<&ApprovalNumber>,
        client: &Client,
    ) -> Result<Said, FlowError> {
        let records = self.records()?;
        for _ in 0..TRIES {
            let Some((login, mut approval)) = self.called(phone, challenge).await? else {
                return Ok(Said::Over);
            };
            let now = self.now();
            if approval.seconds_left(now) == 0 && !approval.may_be_taken_up(now) {
                return Ok(Said::Over);
            }
            let key = records.attempts_key(&phone.account.id, Factor::Device, approval.lane);
            let (attempts, expect) = records.for_update(&key, Attempts::default).await?;
            let counted = match admit(attempts, Factor::Device, now) {
                _ if approval.may_be_taken_up(now) => attempts,
                Admission::Count(counted) => counted,
                Admission::Wait { seconds } => return Ok(Said::Wait { seconds }),
                Admission::Exhausted => return Ok(Said::Exhausted),
            };
            let before = approval.clone();
            let yes = approval.approve(number, now);
            if approval == before {
                // Said before, or too late.
                return Ok(said(yes));
            }
            let draft = match yes {
                Yes::Approved => records.draft().delete::<Attempts>(&key, expect),
                Yes::Wrong { .. } | Yes::Over => {
                    let role = login.value.identity.role.as_str();
                    let event = AuditEvent::CodeRefused {
                        factor: Factor::Device,
                        lane: approval.lane,
                        reason: "wrong".to_owned(),
                        failures: counted.failures,
                    };
                    let who = Some((&phone.account.id, role));
                    let draft = records.draft().put(&key, expect, &counted);
                    draft.audit(&self.audit(client, who, event))
                }
            };
            if self.write_answer(draft, &login, approval).await? {
                return Ok(said(yes));
            }
        }
        Ok(Said::Wait { seconds: 1 })
    }

    /// The phone says no: the login ends. After "bukan saya" its lane rests, and the owner and the admins
    /// are told.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails: the login waits on.
    pub async fn deny(
        &self,
        phone: &Phone,
        challenge: ChallengeId,
        denial: Denial,
        client: &Client,
    ) -> Result<Said, FlowError> {
        let records = self.records()?;
        let key = records.account_key(&phone.account.id);
        for _ in 0..TRIES {
            let Some((login, mut approval)) = self.called(phone, challenge).await? else {
                return Ok(Said::Over);
            };
            let now = self.now();
            if !approval.deny(now) {
                return Ok(Said::Over);
            }
            let not_me = denial == Denial::NotMe;
            let event = AuditEvent::LoginDenied {
                not_me,
                asker: approval.from.address.to_string(),
            };
            let who = (&phone.account.id, login.value.identity.role.as_str());
            let draft = records.draft().audit(&self.audit(client, Some(who), event));
            let draft = if not_me {
                let fresh = || Requests::new(phone.account.id.clone());
                let (mut requests, expect) = records.for_update(&key, fresh).await?;
                requests.pause(approval.lane, now);
                draft.put(&key, expect, &requests)
            } else {
                draft
            };
            if self.write_answer(draft, &login, approval).await? {
                self.abandon_login(&login.value, "denied", client).await;
                return Ok(Said::Taken);
            }
        }
        Ok(Said::Wait { seconds: 1 })
    }

    /// The login that this phone was asked about, with the request.
    async fn called(
        &self,
        phone: &Phone,
        challenge: ChallengeId,
    ) -> Result<Option<(Stored<WaitingLogin>, Approval)>, FlowError> {
        let records = self.records()?;
        let key = records.account_key(&phone.account.id);
        let Some(requests) = records.get::<Requests>(&key).await? else {
            return Ok(None);
        };
        for reference in requests.value.recent(self.now()) {
            let Some(login) = records.get::<WaitingLogin>(&reference.0).await? else {
                continue;
            };
            if login.value.seconds_left(self.settings.login, self.now()) == 0 {
                continue;
            }
            let asked = asked_of(&login.value, phone);
            if let Some(asked) = asked.filter(|asked| asked.id == challenge) {
                let asked = asked.clone();
                return Ok(Some((login, asked)));
            }
        }
        Ok(None)
    }

    /// Writes an answer into the login that waits, with what belongs to it, and wakes its page; `false`
    /// when somebody else wrote first.
    async fn write_answer(
        &self,
        draft: Draft,
        login: &Stored<WaitingLogin>,
        approval: Approval,
    ) -> Result<bool, FlowError> {
        // What was said in the last second is taken up all the same.
        let now = self.now();
        let until = login.value.window_until;
        let window_until = match approval.may_be_taken_up(now) {
            true => until.max(now.plus(TAKE_UP_SECONDS)),
            false => until,
        };
        let changed = WaitingLogin {
            approval: Some(Box::new(approval)),
            window_until,
            ..login.value.clone()
        };
        let key = login.value.reference.0;
        let draft = draft.put(&key, Expect::Version(login.version), &changed);
        match self.records()?.commit(draft).await {
            Ok(()) => {
                self.wakes.wake(&key);
                Ok(true)
            }
            Err(RecordError::Conflict) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

/// What this phone was asked about a login that waits.
fn asked_of<'l>(login: &'l WaitingLogin, phone: &Phone) -> Option<&'l Approval> {
    let asked = login.approval.as_deref()?;
    let its = asked.device == phone.device.id
        && login.identity.account == phone.account.id
        && login.need == Need::Verify
        && login.outcome == Outcome::Waiting;
    its.then_some(asked)
}

fn said(yes: Yes) -> Said {
    match yes {
        Yes::Approved => Said::Taken,
        Yes::Wrong { left } => Said::Wrong { left },
        Yes::Over => Said::Over,
    }
}
