//! What a phone says to the logins of its account that wait, and how the page that waits takes it up.
//!
//! A yes releases nothing by itself: it is written into the waiting login, and the browser that holds the
//! login's ticket takes it up, on the same way that a code goes ([`super::accept`]). So it opens the login
//! that it was said to, in the browser that waits for it, and nothing else.

use crate::authenticator::Factor;
use crate::domain::approval::{Approval, TAKE_UP_SECONDS, Yes};
use crate::domain::audit::AuditEvent;
use crate::domain::login::{Need, Outcome, WaitingLogin};
use crate::domain::requests::{Request, Requests, Word};
use crate::domain::throttle::{Admission, Attempts, Lane, admit};
use crate::flow::phone::Phone;
use crate::flow::sessions::LiveSession;
use crate::flow::{Client, Engine, FlowError, TRIES};
use crate::primitives::{ApprovalNumber, ChallengeId, Role, UnixSeconds};
use crate::store::Expect;
use crate::store::records::{Draft, RecordError, Stored};
use std::sync::Arc;

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

/// What an answer of the phone is about.
struct Called {
    /// All requests of its account.
    requests: Stored<Requests>,
    /// From which browser the login came.
    lane: Lane,
    /// This one.
    request: Request,
    /// The login, while it is kept.
    login: Option<Stored<WaitingLogin>>,
    /// The request in it, where it still waits for this phone.
    approval: Option<Approval>,
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
            let Some(called) = self.called(phone, challenge).await? else {
                return Ok(Said::Over);
            };
            let Some((login, mut approval)) = called.waits() else {
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
                Yes::Approved => {
                    let draft = records.draft().delete::<Attempts>(&key, expect);
                    called.note(
                        draft,
                        &records.account_key(&phone.account.id),
                        Word::Yes,
                        None,
                    )
                }
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
    /// are told; a session that the login became by a code meanwhile ends as well.
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
        for _ in 0..TRIES {
            let Some(called) = self.called(phone, challenge).await? else {
                return Ok(Said::Over);
            };
            match called.request.said {
                // Its answer was lost.
                Some(Word::No) => return Ok(Said::Taken),
                Some(Word::LateNo) => return Ok(Said::Over),
                Some(Word::Yes) | None => {}
            }
            let said = match called.waits() {
                Some((login, approval)) if approval.may_be_denied(self.now()) => {
                    self.deny_waiting((phone, denial), &called, (&login, approval), client)
                        .await?
                }
                _ if denial == Denial::Mistake => return Ok(Said::Over),
                _ => self.deny_late(phone, &called, client).await?,
            };
            if let Some(said) = said {
                return Ok(said);
            }
        }
        Ok(Said::Wait { seconds: 1 })
    }

    /// No to a login that waits; `None` when somebody else wrote first.
    async fn deny_waiting(
        &self,
        (phone, denial): (&Phone, Denial),
        called: &Called,
        (login, mut approval): (&Stored<WaitingLogin>, Approval),
        client: &Client,
    ) -> Result<Option<Said>, FlowError> {
        let role = Some(&login.value.identity.role);
        let draft = self.denial(phone, called, (denial, false, role), client)?;
        approval.deny(self.now());
        if !self.write_answer(draft, login, approval).await? {
            return Ok(None);
        }
        self.abandon_login(&login.value, "denied", client).await;
        Ok(Some(Said::Taken))
    }

    /// "Bukan saya" to a login that waits no more.
    async fn deny_late(
        &self,
        phone: &Phone,
        called: &Called,
        client: &Client,
    ) -> Result<Option<Said>, FlowError> {
        let keys = called.login.iter().flat_map(|login| &login.value.keys);
        for key in keys {
            // An acceptance that is being written holds this until its session can be found.
            drop(self.table.entry(*key, self.now()).durable.lock().await);
        }
        let session = self.session_of(phone, called.request);
        let identity = session.as_ref().and_then(|s| s.record().identity.clone());
        let role = identity.as_ref().map(|identity| &identity.role);
        let late = session.is_none();
        let draft = self.denial(phone, called, (Denial::NotMe, late, role), client)?;
        match self.records()?.commit(draft).await {
            Ok(()) => {}
            Err(RecordError::Conflict) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        let Some(session) = session else {
            return Ok(Some(Said::Over));
        };
        self.end_session(&session, "denied", client).await;
        Ok(Some(Said::Taken))
    }

    /// What is written for a no, whatever it ends.
    fn denial(
        &self,
        phone: &Phone,
        called: &Called,
        (denial, late, role): (Denial, bool, Option<&Role>),
        client: &Client,
    ) -> Result<Draft, FlowError> {
        let records = self.records()?;
        let not_me = denial == Denial::NotMe;
        let event = AuditEvent::LoginDenied {
            not_me,
            late,
            asker: called.request.address.to_string(),
        };
        let who = Some((&phone.account.id, role.map_or("", Role::as_str)));
        let word = if late { Word::LateNo } else { Word::No };
        let key = records.account_key(&phone.account.id);
        let pause = not_me.then(|| self.now());
        let draft = called.note(records.draft(), &key, word, pause);
        Ok(draft.audit(&self.audit(client, who, event)))
    }

    /// The session that a login of this request became, if it lives.
    fn session_of(&self, phone: &Phone, request: Request) -> Option<Arc<LiveSession>> {
        let mut sessions = self.sessions.of_account(&phone.account.id).into_iter();
        sessions.find(|session| session.record().login == Some(request.login))
    }

    /// What this phone was asked.
    async fn called(
        &self,
        phone: &Phone,
        challenge: ChallengeId,
    ) -> Result<Option<Called>, FlowError> {
        let records = self.records()?;
        let now = self.now();
        let key = records.account_key(&phone.account.id);
        let Some(requests) = records.get::<Requests>(&key).await? else {
            return Ok(None);
        };
        let Some((lane, request)) = requests.value.find(challenge, now) else {
            return Ok(None);
        };
        let login = records.get::<WaitingLogin>(&request.login.0).await?;
        let waits = login.as_ref().map(|login| &login.value);
        let waits = waits.filter(|login| login.seconds_left(self.settings.login, now) > 0);
        let approval = waits.and_then(|login| asked_of(login, phone));
        let approval = approval.filter(|asked| asked.id == challenge).cloned();
        Ok(Some(Called {
            requests,
            lane,
            request,
            login,
            approval,
        }))
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

impl Called {
    fn waits(&self) -> Option<(Stored<WaitingLogin>, Approval)> {
        Some((self.login.clone()?, self.approval.clone()?))
    }

    /// Keeps what the phone said beside its request; the lane rests from `pause` on.
    fn note(&self, draft: Draft, key: &[u8], said: Word, pause: Option<UnixSeconds>) -> Draft {
        let mut requests = self.requests.value.clone();
        requests.note(self.request.challenge, said);
        if let Some(now) = pause {
            requests.pause(self.lane, now);
        }
        draft.put(key, Expect::Version(self.requests.version), &requests)
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
