//! Judging an answer that may have logged somebody in: mark, probe, conclude.

use crate::domain::enforcement::{Decision, Requirement};
use crate::domain::gate::Evidence;
use crate::domain::jar::Jar;
use crate::domain::login::Need;
use crate::domain::policy_file::Unread;
use crate::domain::upstream_session::State;
use crate::flow::demand::Asked;
use crate::flow::mark::MarkError;
use crate::flow::probe::{Budget, Verdict};
use crate::flow::sessions::LiveSession;
use crate::flow::{Client, Engine, FlowError};
use crate::primitives::{Identity, Ticket, UpstreamKey, WaitingRef};
use std::sync::Arc;

/// An answer to be judged.
pub struct Case<'a> {
    /// Why.
    pub evidence: Evidence,
    /// Whose request it answers.
    pub client: &'a Client,
    /// The upstream session that went up with the request.
    pub sent: Option<UpstreamKey>,
    /// The upstream's cookies that went up.
    pub sent_jar: Jar,
    /// The same after the answer's Set-Cookie headers.
    pub jar: Jar,
    /// The accepted session in which it happened.
    pub owner: Option<Arc<LiveSession>>,
    /// Whether `sent` was marked before the request went up.
    pub marked: bool,
    /// Generation of a visitor's session when his request began: an answer that comes after the
    /// session moved on leads nowhere. `None` for marked requests and owners.
    pub began: Option<u64>,
    /// Where the user goes once accepted: path and query.
    pub target: String,
    /// Digest of the very request, for known logins: sent once more it leads to the same waiting
    /// login.
    pub request: Option<[u8; 32]>,
}

/// What becomes of it.
pub enum Conclusion {
    /// Nobody is logged in: goes down with stamped cookies. `ended` when an accepted session was
    /// found to be over upstream.
    Anonymous {
        /// An accepted session ended with it.
        ended: bool,
    },
    /// The owner of the session is still who he was: goes down, re-sealed.
    SameOwner {
        /// Session whose cookies are sealed again.
        session: Arc<LiveSession>,
        /// Its upstream session now.
        key: UpstreamKey,
    },
    /// Logged in, and the policy asks for nothing: goes down with a new seal.
    Released {
        /// The new session.
        session: Arc<LiveSession>,
        /// Its upstream session.
        key: UpstreamKey,
    },
    /// A second factor is due: nothing goes down but the way to it.
    SecondFactor(Due),
    /// Not known who is logged in: nothing goes down.
    InDoubt,
    /// The session takes no logins (it waits, or is over): nothing goes down.
    Refused,
}

/// The way to a waiting login.
#[derive(Debug, Clone)]
pub struct Due {
    /// Its reference.
    pub reference: WaitingRef,
    /// Its bearer value, for the cookie.
    pub ticket: Ticket,
    /// What is due.
    pub need: Need,
}

impl Engine {
    /// Judges one answer. Nothing of it may go down before this returns.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails: then nothing goes down either.
    pub async fn conclude(&self, case: Case<'_>) -> Result<Conclusion, FlowError> {
        // No session went up and none came down: there is nothing to be logged in with.
        let Some(new) = self.key_of(&case.jar).or(case.sent) else {
            return Ok(Conclusion::Anonymous { ended: false });
        };
        if let Some(conclusion) = self.look_for_owner(&case, new).await {
            return Ok(conclusion);
        }
        let concluded = self.conclude_marked(&case, new).await;
        if concluded.is_err() {
            match &case.owner {
                // Held: whoever is in there is asked for again, so that a store that failed for a
                // moment costs nobody his session.
                Some(owner) if case.sent == Some(new) => {
                    self.ask_again(&case, owner.clone(), new);
                }
                // Nobody works on it any more: in doubt, until it is ended.
                _ => self.lose_all(&case, new),
            }
        }
        concluded
    }

    async fn conclude_marked(
        &self,
        case: &Case<'_>,
        new: UpstreamKey,
    ) -> Result<Conclusion, FlowError> {
        if let Some(refused) = self.mark_case(case, new).await? {
            return Ok(refused);
        }
        let verdict = self.verdict_on(case, new).await;
        self.count_judged(case.evidence, &verdict);
        tracing::info!(
            request.id = %case.client.request_id,
            session = ?new,
            evidence = case.evidence.as_str(),
            verdict = verdict.judged().word(),
            "an answer was judged"
        );
        let what = format!(
            "an answer was judged: evidence {}, session {new:?}, the probe says {}",
            case.evidence.as_str(),
            verdict.judged().word()
        );
        self.traces.note(&case.client.request_id, self.now(), what);
        match verdict {
            Verdict::Nobody => self.conclude_nobody(case, new).await,
            Verdict::Somebody(identity) => self.conclude_somebody(case, new, identity).await,
            Verdict::Unknown(_) => self.conclude_unknown(case, new).await,
        }
    }

    /// A look before any mark for an owner whose answer looks logged out or leads to a page of
    /// somebody: most such answers are plain refusals and plain links, and neither a store that
    /// fails nor an upstream that is slow may cost him his session for them.
    async fn look_for_owner(&self, case: &Case<'_>, new: UpstreamKey) -> Option<Conclusion> {
        let looks = matches!(
            case.evidence,
            Evidence::IdentityLost | Evidence::PrivateRedirect
        );
        let owner = case.owner.as_ref().filter(|_| looks)?;
        if owner.account().is_none() && self.only_watches() {
            // Let in unread while the operator only watches: there is nobody to compare with.
            return Some(Conclusion::SameOwner {
                session: owner.clone(),
                key: new,
            });
        }
        match self.verdict_on(case, new).await {
            Verdict::Somebody(who) if Some(&who.account) == owner.account() => {
                Some(Conclusion::SameOwner {
                    session: owner.clone(),
                    key: new,
                })
            }
            Verdict::Nobody => {
                self.end_session(owner, "upstream-ended", case.client).await;
                Some(Conclusion::Anonymous { ended: true })
            }
            // Neither kind of answer shows anything of anybody, and every full page is compared.
            Verdict::Unknown(_) if case.sent == Some(new) => Some(Conclusion::SameOwner {
                session: owner.clone(),
                key: new,
            }),
            Verdict::Somebody(_) | Verdict::Unknown(_) => None,
        }
    }

    async fn mark_case(
        &self,
        case: &Case<'_>,
        new: UpstreamKey,
    ) -> Result<Option<Conclusion>, FlowError> {
        let mut due = Vec::new();
        if let Some(sent) = case.sent
            && !case.marked
        {
            due.push((sent, &case.sent_jar, case.began));
        }
        if case.sent != Some(new) {
            due.push((new, &case.jar, None));
        }
        for (key, jar, began) in due {
            match self.mark_found(key, jar, began).await {
                Ok(()) => {}
                Err(MarkError::Store(error)) => return Err(error),
                Err(MarkError::Stale) => {
                    self.conclude_stale(case, key).await;
                    return Ok(Some(Conclusion::Refused));
                }
                Err(MarkError::Busy | MarkError::Refused) => {
                    self.lose_all(case, new);
                    return Ok(Some(Conclusion::Refused));
                }
            }
        }
        Ok(None)
    }

    /// An answer that began before its session moved on. It leads to no waiting login and to no
    /// session, whoever is logged in by now; but it may itself have logged somebody in.
    async fn conclude_stale(&self, case: &Case<'_>, key: UpstreamKey) {
        let state = self.table.standing(key).0;
        if case.evidence == Evidence::PartialAnswer && state == State::Suspect {
            // A script's late answer must not spoil the login that is under way.
            return;
        }
        match state {
            State::Suspect => {
                if self.mark_found(key, &case.sent_jar, None).await.is_ok() {
                    self.settle_lost(key);
                }
            }
            State::Accepted(session) | State::Held(session) => {
                let Some(owner) = self.sessions.find(session) else {
                    return;
                };
                let verdict = self
                    .probe(&case.sent_jar, case.client, None, Budget::Blind)
                    .await;
                let same = matches!(&verdict, Verdict::Somebody(who) if Some(&who.account) == owner.account());
                if !same {
                    self.end_session(&owner, "other-user", case.client).await;
                }
            }
            State::Free | State::Awaiting(_) | State::Ended => {}
        }
    }

    async fn verdict_on(&self, case: &Case<'_>, new: UpstreamKey) -> Verdict {
        let budget = match case.evidence {
            // An owner must not be held because strangers are many.
            _ if case.owner.is_some() => Budget::Known,
            Evidence::KnownLogin | Evidence::NamesUser => Budget::Known,
            Evidence::Candidate
            | Evidence::PrivateRedirect
            | Evidence::SessionChanged
            | Evidence::PartialAnswer
            | Evidence::IdentityLost => Budget::Blind,
        };
        let entry = self.table.find(new);
        let verdict = self
            .probe(&case.jar, case.client, entry.as_deref(), budget)
            .await;
        // The id changed: the old one may be logged in as well.
        if verdict == Verdict::Nobody
            && let Some(old) = case.sent.filter(|old| *old != new)
        {
            let entry = self.table.find(old);
            return self
                .probe(&case.sent_jar, case.client, entry.as_deref(), budget)
                .await;
        }
        verdict
    }

    async fn conclude_nobody(
        &self,
        case: &Case<'_>,
        new: UpstreamKey,
    ) -> Result<Conclusion, FlowError> {
        let mut ended = false;
        if let Some(owner) = &case.owner {
            // The upstream session of an accepted user is over: so is ours.
            self.end_session(owner, "upstream-ended", case.client).await;
            ended = true;
        }
        if let Some(old) = case.sent.filter(|old| *old != new) {
            self.end_upstream(old, &case.sent_jar).await;
        }
        if case.owner.is_none() || case.sent != Some(new) {
            self.settle_same(new).await?;
        }
        Ok(Conclusion::Anonymous { ended })
    }

    async fn conclude_somebody(
        &self,
        case: &Case<'_>,
        new: UpstreamKey,
        identity: Identity,
    ) -> Result<Conclusion, FlowError> {
        let account = self.account(&identity).await?;
        let decision = self.decide(&identity, &account).await?;
        if let Some(owner) = &case.owner
            && owner.account() == Some(&identity.account)
            && (owner.factor().is_some() || !decision.requirement.stops())
        {
            return self.conclude_same_owner(case, owner, new).await;
        }
        if let Some(owner) = &case.owner {
            self.note_identity_change(owner, &identity, case.client)
                .await;
        }
        let need = match decision.requirement {
            Requirement::Nothing => {
                return self
                    .release(case, new, Some(identity), &account, decision)
                    .await;
            }
            Requirement::Offer(_) | Requirement::Activate => Need::Activate,
            Requirement::Verify => Need::Verify,
        };
        let asked = Asked {
            need,
            mode: decision.in_force.mode,
            proof_due: decision.in_force.proof_due,
        };
        let due = self.demand(case, new, identity, asked).await?;
        Ok(due.map_or(Conclusion::Refused, Conclusion::SecondFactor))
    }

    async fn conclude_same_owner(
        &self,
        case: &Case<'_>,
        owner: &Arc<LiveSession>,
        new: UpstreamKey,
    ) -> Result<Conclusion, FlowError> {
        if owner.is_ended() {
            return Ok(Conclusion::Refused);
        }
        if case.sent == Some(new) {
            self.settle_same(new).await?;
        } else {
            self.adopt_key(owner, new, &case.jar).await?;
            if let Some(old) = case.sent {
                self.end_upstream(old, &case.sent_jar).await;
            }
        }
        Ok(Conclusion::SameOwner {
            session: owner.clone(),
            key: new,
        })
    }

    async fn conclude_unknown(
        &self,
        case: &Case<'_>,
        new: UpstreamKey,
    ) -> Result<Conclusion, FlowError> {
        if self.only_watches() || self.lets_unread_pass(case) {
            // The operator only watches, or the application was updated and he said beforehand that
            // such logins go on: a page that does not fit the profile stops nobody.
            let decision = Decision {
                requirement: Requirement::Nothing,
                ..self.decide_unread()
            };
            return match &case.owner {
                Some(owner) => self.conclude_same_owner(case, owner, new).await,
                None => self.release_unread(case, new, decision).await,
            };
        }
        match &case.owner {
            // The owner's session is held meanwhile: it is asked again, not given up.
            Some(owner) if case.sent == Some(new) => self.ask_again(case, owner.clone(), new),
            _ => self.lose_all(case, new),
        }
        Ok(Conclusion::InDoubt)
    }

    /// Whether the profile is known not to fit any more, and the policy lets logins pass then that
    /// cannot be read: by the role of whose session it is, for a visitor by the default.
    fn lets_unread_pass(&self, case: &Case<'_>) -> bool {
        let owner = case.owner.as_ref();
        let who = owner.and_then(|owner| owner.record().identity.as_ref());
        self.drift() && self.unread_of(who) == Unread::Open
    }

    pub(crate) fn lose_all(&self, case: &Case<'_>, new: UpstreamKey) {
        self.settle_lost(new);
        if let Some(old) = case.sent.filter(|old| *old != new) {
            self.settle_lost(old);
        }
    }
}
