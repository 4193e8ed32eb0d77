//! Before a request goes up: what did it come with, and what becomes of it?

use crate::domain::enforcement::Requirement;
use crate::domain::gate::Evidence;
use crate::domain::gate::{Presented, RequestFacts, RequestVerdict, request_verdict};
use crate::domain::jar::Jar;
use crate::domain::login::Need;
use crate::domain::policy_file::Unread;
use crate::domain::session::Liveness;
use crate::domain::standing::Standing;
use crate::domain::upstream_session::State;
use crate::flow::demand::Asked;
use crate::flow::judge::{Case, Due};
use crate::flow::probe::{Budget, Verdict};
use crate::flow::sessions::LiveSession;
use crate::flow::table::Entry;
use crate::flow::{Client, Engine, FlowError};
use crate::observe::CookieDrop;
use crate::primitives::{GatewaySessionId, Ticket, UnixSeconds, UpstreamKey, WaitingRef};
use crate::profile::CookieClass;
use crate::seal::{Purpose, SealError};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// A stamp from the future was made under a clock that is wrong now or was wrong then.
const ISSUED_AHEAD_SECONDS: u64 = 120;
/// Longest value of the seal's cookie: browsers keep 4,096 bytes of name and value.
const SEALED_CHARS_MAX: usize = 4_000;

/// The cookies of a request, parted by whose they are; nothing is believed yet.
#[derive(Debug, Default)]
pub struct Cookies<'r> {
    /// The accepted session's seal.
    pub seal: Option<&'r [u8]>,
    /// The known browser's seal.
    pub known: Option<&'r [u8]>,
    /// The code of a reset that was confirmed in this browser.
    pub reset: Option<&'r [u8]>,
    /// Tickets of waiting logins, by reference.
    pub tickets: Vec<(WaitingRef, Ticket)>,
    /// Tickets beyond what is kept, the oldest: the browser is told to forget them.
    pub surplus: Vec<WaitingRef>,
    /// Everything else, in order.
    pub others: Vec<(&'r [u8], &'r [u8])>,
}

/// What a request came with, once checked.
pub struct Carried {
    /// For the gate.
    pub presented: Presented,
    /// Cookies that may go up with the session.
    pub jar: Jar,
    /// Upstream session of the jar.
    pub key: Option<UpstreamKey>,
    /// Entry of that session, held while the request is under way.
    pub entry: Option<Arc<Entry>>,
    /// The accepted session.
    pub owner: Option<Arc<LiveSession>>,
    /// A seal that opens nothing any more: the browser is told to forget it.
    pub stale_seal: bool,
}

/// What is sealed into the accepted session's cookie.
pub struct SealedSession {
    /// Which.
    pub session: GatewaySessionId,
    /// Its upstream session.
    pub key: UpstreamKey,
    /// The upstream's cookies.
    pub jar: Jar,
}

impl SealedSession {
    /// Bytes to be sealed: two ids of 16 bytes, then the jar.
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.session.0[..], &self.key.0, &self.jar.to_bytes()].concat()
    }

    /// Reads them back.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (session, rest) = bytes.split_at_checked(16)?;
        let (key, jar) = rest.split_at_checked(16)?;
        Some(Self {
            session: GatewaySessionId(session.try_into().ok()?),
            key: UpstreamKey(key.try_into().ok()?),
            jar: Jar::from_bytes(jar)?,
        })
    }
}

/// Whether an accepted session may go on under the policy in force.
pub enum Allowed {
    /// Yes.
    Yes,
    /// Its second factor is due first.
    Due(Due),
    /// It is over: the request is looked at again without it.
    Over,
}

impl Engine {
    /// Checks what a request came with. The seal wins over a stamped cookie, so that late anonymous
    /// answers and other contexts on the host cannot push a user out (design.md section 2).
    pub fn carried(&self, cookies: &Cookies<'_>) -> Carried {
        let now = self.now();
        let sealed = cookies.seal.map(|text| self.open_seal(text, now));
        match sealed {
            Some(Some(carried)) => carried,
            Some(None) => {
                self.metrics.dropped_cookie(CookieDrop::Seal);
                Carried {
                    stale_seal: true,
                    ..self.stamped(cookies, now)
                }
            }
            None => self.stamped(cookies, now),
        }
    }

    fn open_seal(&self, text: &[u8], now: UnixSeconds) -> Option<Carried> {
        let plain = self.seals.open(Purpose::Accepted, text)?;
        let mut sealed = SealedSession::from_bytes(&plain)?;
        let owner = self.sessions.find(sealed.session)?;
        if owner.is_ended() || owner.liveness(self.settings.session, now) != Liveness::Live {
            return None;
        }
        let entry = self.table.find(sealed.key)?;
        let held = match entry.tracked().state {
            State::Accepted(session) if session == sealed.session => false,
            State::Held(session) if session == sealed.session => true,
            State::Free
            | State::Suspect
            | State::Awaiting(_)
            | State::Accepted(_)
            | State::Held(_)
            | State::Ended => return None,
        };
        if sealed.jar.is_empty() {
            // Too large for a cookie: it stayed in the record.
            sealed.jar = owner.jar();
        }
        Some(Carried {
            presented: Presented::Sealed {
                session: sealed.session,
                held,
            },
            jar: sealed.jar,
            key: Some(sealed.key),
            entry: Some(entry),
            owner: Some(owner),
            stale_seal: false,
        })
    }

    fn stamped(&self, cookies: &Cookies<'_>, now: UnixSeconds) -> Carried {
        let life = self.profile().session_longest_life_seconds();
        let mut jar = Jar::default();
        for (name, stamped) in &cookies.others {
            let unstamped = match self.profile().cookie_class(name) {
                CookieClass::Session => CookieDrop::Stamp,
                CookieClass::Unlisted => CookieDrop::Unlisted,
                CookieClass::Readable | CookieClass::ScriptMade => continue,
            };
            if let Some((value, issued)) = self.seals.unstamp(name, stamped)
                && now.since(issued) < life
                && issued.since(now) <= ISSUED_AHEAD_SECONDS
                && jar.get(name).is_none()
            {
                // Of several good ones the first counts, as for the upstream.
                jar.set(name, value);
            } else {
                self.metrics.dropped_cookie(unstamped);
            }
        }
        let Some(key) = self.key_of(&jar) else {
            return Carried {
                presented: Presented::Nothing,
                jar: Jar::default(),
                key: None,
                entry: None,
                owner: None,
                stale_seal: false,
            };
        };
        let entry = self.table.find(key);
        let (state, generation) = entry.as_ref().map_or((State::Free, 0), |entry| {
            let tracked = entry.tracked();
            // Given up: closed for good, and the browser starts afresh instead of being stuck.
            let state = if tracked.is_given_up() {
                State::Ended
            } else {
                tracked.state
            };
            (state, tracked.generation)
        });
        let has_ticket = match state {
            State::Awaiting(login) => cookies.tickets.iter().any(|(at, _)| *at == login),
            _ => false,
        };
        Carried {
            presented: Presented::Stamped {
                key,
                state,
                generation,
                has_ticket,
            },
            jar,
            key: Some(key),
            entry,
            owner: None,
            stale_seal: false,
        }
    }

    /// The owner of a session asks for a form of the login: does the upstream still know him? If it
    /// says nobody, the session ends here, so that the login that follows is a fresh visitor's and
    /// has to be typed once only (threats.md row 58). Whether it ended.
    pub async fn ended_upstream(&self, carried: &Carried, client: &Client) -> bool {
        let Some(owner) = &carried.owner else {
            return false;
        };
        let entry = carried.entry.as_deref();
        if self.probe(&carried.jar, client, entry, Budget::Blind).await != Verdict::Nobody {
            return false;
        }
        self.end_session(owner, "upstream-ended", client).await;
        true
    }

    /// Whether the policy in force still lets this session go on. A stricter policy reaches it at
    /// its next request (threats.md row 45).
    ///
    /// # Errors
    /// [`FlowError`] when the store fails: then nothing may go up.
    pub async fn still_allowed(
        &self,
        carried: &Carried,
        client: &Client,
    ) -> Result<Allowed, FlowError> {
        let Some(owner) = &carried.owner else {
            return Ok(Allowed::Yes);
        };
        let now = self.now();
        let token = self.policy_token();
        if owner.meets_policy(token, now) {
            return Ok(Allowed::Yes);
        }
        let round = owner.policy_round();
        let identity = owner.record().identity.clone();
        let mut again_at = None;
        let decision = match &identity {
            _ if owner.factor().is_some() => None,
            Some(who) => {
                let account = self.account(who).await?;
                // How often it may be put off is asked at logins: the last "nanti saja" is good for the
                // session that it opened.
                let standing = Standing {
                    skips: 0,
                    ..self.standing(who).await?
                };
                again_at = standing.facts().exempt_until;
                Some(self.decide_with(who, &account, &standing))
            }
            // Let pass unread: known only as "somebody". It goes on as long as that holds.
            None if self.drift() && self.unread_of(None) == Unread::Open => None,
            None => Some(self.decide_unread()),
        };
        let asked = decision.is_some();
        let Some(decision) = decision.filter(|decision| decision.requirement.stops()) else {
            if asked {
                self.check_clock_for_policy()?;
            }
            owner.note_policy(token, again_at.filter(|at| now < *at), round);
            return Ok(Allowed::Yes);
        };
        let (Some(identity), Some(key)) = (identity, carried.key) else {
            self.end_session(owner, "policy", client).await;
            return Ok(Allowed::Over);
        };
        let case = Case {
            evidence: Evidence::SessionChanged,
            client,
            sent: Some(key),
            sent_jar: carried.jar.clone(),
            jar: carried.jar.clone(),
            owner: Some(owner.clone()),
            marked: true,
            began: None,
            target: self.home(),
            request: None,
        };
        let asked = Asked {
            need: if decision.requirement == Requirement::Verify {
                Need::Verify
            } else {
                Need::Activate
            },
            mode: decision.in_force.mode,
            proof_due: decision.in_force.proof_due,
        };
        let due = self.demand(&case, key, identity, asked).await?;
        Ok(due.map_or(Allowed::Over, Allowed::Due))
    }

    /// Address of the upstream's page for logged-in users.
    pub fn home(&self) -> String {
        let profile = self.profile();
        let first = profile.probe_pages().first();
        first.map_or_else(
            || format!("{}/", self.profile().context()),
            |page| page.path.clone(),
        )
    }

    /// The gate's word on a request.
    pub fn admit(&self, facts: RequestFacts<'_>, presented: Presented) -> RequestVerdict {
        request_verdict(facts, presented)
    }

    /// Waits until the verdict on a session may have come. `false`: too many wait already, or it
    /// did not come in time.
    pub async fn wait_for_verdict(&self, entry: &Entry) -> bool {
        let (Ok(_turn), Ok(_own)) = (
            self.budgets.waiters.try_acquire(),
            entry.waiting.try_acquire(),
        ) else {
            return false;
        };
        let mut changes = entry.changes();
        let wait = Duration::from_secs(self.settings.verdict_wait_seconds);
        timeout(wait, async {
            while in_doubt(entry) {
                if changes.changed().await.is_err() {
                    return false;
                }
            }
            true
        })
        .await
        .unwrap_or(false)
    }

    /// The seal for an accepted session. What would not fit a cookie stays in the record.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn sealed_cookie(
        &self,
        session: &LiveSession,
        key: UpstreamKey,
        jar: &Jar,
    ) -> Result<String, SealError> {
        session.keep_jar(jar);
        let seal = |jar: Jar| {
            let sealed = SealedSession {
                session: session.id(),
                key,
                jar,
            };
            self.seals.seal(Purpose::Accepted, &sealed.to_bytes())
        };
        let sealed = seal(jar.clone())?;
        if sealed.len() <= SEALED_CHARS_MAX {
            Ok(sealed)
        } else {
            seal(Jar::default())
        }
    }
}

fn in_doubt(entry: &Entry) -> bool {
    matches!(entry.tracked().state, State::Suspect | State::Held(_))
}
