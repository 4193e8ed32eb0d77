//! How often an account's phone is asked, about which logins, and what it said to them.
//!
//! Whoever has the password alone can open a few requests in his own lane and no more; the owner's known
//! browser has a lane of its own, and a code is always taken besides (invariant I11). A request that the
//! phone said yes to is nobody's attempt to tire anybody, and uses nothing up.

use crate::domain::throttle::Lane;
use crate::primitives::{AccountId, ChallengeId, UnixSeconds, WaitingRef};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Requests of one lane within [`RECENT_SECONDS`].
pub const RECENT_MAX: usize = 3;
/// See [`RECENT_MAX`]. For so long a request is found by what the phone says to it; no login waits longer.
pub const RECENT_SECONDS: u64 = 600;
/// Requests within a day from browsers in which the account was never accepted.
pub const DAY_MAX: usize = 10;
/// That day in seconds.
const DAY_SECONDS: u64 = 86_400;
/// After "bukan saya" the lane that it was said to asks for nothing for so many seconds.
pub const PAUSE_SECONDS: u64 = 1_800;

/// The requests of an account, by lane.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Requests {
    /// Whose.
    pub id: AccountId,
    known: Asked,
    unknown: Asked,
}

/// The requests of one lane, oldest first.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
struct Asked {
    requests: Vec<Request>,
    /// Since when it rests.
    paused: Option<UnixSeconds>,
}

/// One time that the phone was asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Request {
    /// When.
    pub at: UnixSeconds,
    /// What the phone's answer names.
    pub challenge: ChallengeId,
    /// The login that waits for it.
    pub login: WaitingRef,
    /// Where that comes from.
    pub address: IpAddr,
    /// What the phone said.
    pub said: Option<Word>,
}

/// What a phone said to a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// Yes.
    Yes,
    /// No, which ended the login or the session that it had become.
    No,
    /// No, when there was nothing left to be ended.
    LateNo,
}

/// A lane is not asked again before this time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rest {
    /// When it may be.
    pub until: UnixSeconds,
}

impl Requests {
    /// Of an account that was never asked.
    pub fn new(id: AccountId) -> Self {
        Self {
            id,
            known: Asked::default(),
            unknown: Asked::default(),
        }
    }

    /// Counts one more request.
    ///
    /// # Errors
    /// [`Rest`] when the lane has no room for it; nothing was counted.
    pub fn ask(&mut self, lane: Lane, request: Request) -> Result<(), Rest> {
        let now = request.at;
        if let Some(rest) = self.rest(lane, now) {
            return Err(rest);
        }
        let requests = &mut self.lane(lane).requests;
        requests.retain(|request| request.is_kept(lane, now));
        requests.push(request);
        Ok(())
    }

    /// Whether a lane has no room, and until when.
    pub fn rest(&self, lane: Lane, now: UnixSeconds) -> Option<Rest> {
        let Asked { requests, paused } = match lane {
            Lane::KnownBrowser => &self.known,
            Lane::Unknown => &self.unknown,
        };
        let paused = paused.filter(|since| within(*since, PAUSE_SECONDS, now));
        let paused = paused.map(|since| since.plus(PAUSE_SECONDS));
        let day = match lane {
            Lane::KnownBrowser => None,
            Lane::Unknown => room(requests, DAY_MAX, DAY_SECONDS, now),
        };
        let recent = room(requests, RECENT_MAX, RECENT_SECONDS, now);
        let until = [paused, recent, day].into_iter().flatten().max();
        until.map(|until| Rest { until })
    }

    /// "Bukan saya" was said to a request of this lane.
    pub fn pause(&mut self, lane: Lane, now: UnixSeconds) {
        self.lane(lane).paused = Some(now);
    }

    /// The request that a phone answers, while anything may come of it.
    pub fn find(&self, challenge: ChallengeId, now: UnixSeconds) -> Option<(Lane, Request)> {
        let known = self.known.requests.iter().map(|r| (Lane::KnownBrowser, *r));
        let unknown = self.unknown.requests.iter().map(|r| (Lane::Unknown, *r));
        let mut all = known.chain(unknown);
        all.find(|(_, r)| r.challenge == challenge && within(r.at, RECENT_SECONDS, now))
    }

    /// Keeps what the phone said to a request.
    pub fn note(&mut self, challenge: ChallengeId, said: Word) {
        let Self { known, unknown, .. } = self;
        let all = known.requests.iter_mut().chain(&mut unknown.requests);
        for request in all.filter(|request| request.challenge == challenge) {
            request.said = Some(said);
        }
    }

    /// Logins whose request may still be open, the one asked last first.
    pub fn open(&self, now: UnixSeconds) -> Vec<WaitingRef> {
        let mut open = [&self.known.requests[..], &self.unknown.requests[..]].concat();
        open.retain(|request| request.said.is_none() && within(request.at, RECENT_SECONDS, now));
        // Of one second the last one that was asked comes first.
        open.reverse();
        open.sort_by_key(|request| std::cmp::Reverse(request.at));
        let mut logins: Vec<WaitingRef> = Vec::with_capacity(open.len());
        for request in open {
            if !logins.contains(&request.login) {
                logins.push(request.login);
            }
        }
        logins
    }

    /// Whether nothing in it counts any more.
    pub fn is_forgotten(&self, now: UnixSeconds) -> bool {
        [&self.known, &self.unknown].into_iter().all(|asked| {
            let mut requests = asked.requests.iter();
            requests.all(|request| !within(request.at, DAY_SECONDS, now))
                && asked
                    .paused
                    .is_none_or(|since| !within(since, PAUSE_SECONDS, now))
        })
    }

    fn lane(&mut self, lane: Lane) -> &mut Asked {
        match lane {
            Lane::KnownBrowser => &mut self.known,
            Lane::Unknown => &mut self.unknown,
        }
    }
}

impl Request {
    fn counts(&self) -> bool {
        self.said != Some(Word::Yes)
    }

    /// Whether a quota or an answer may still be about it.
    fn is_kept(&self, lane: Lane, now: UnixSeconds) -> bool {
        let day = lane == Lane::Unknown && self.counts();
        let seconds = if day { DAY_SECONDS } else { RECENT_SECONDS };
        within(self.at, seconds, now)
    }
}

/// When there is room for one more, where there are `max` requests or more within a span of seconds.
fn room(requests: &[Request], max: usize, span: u64, now: UnixSeconds) -> Option<UnixSeconds> {
    let mut counted: Vec<UnixSeconds> = requests
        .iter()
        .filter(|request| request.counts() && within(request.at, span, now))
        .map(|request| request.at)
        .collect();
    counted.sort_unstable();
    let oldest = counted.len().checked_sub(max)?;
    counted.get(oldest).map(|at| at.plus(span))
}

/// Whether something of `at` counts. One whose time lies ahead does: a clock that went back gives nothing
/// away.
fn within(at: UnixSeconds, seconds: u64, now: UnixSeconds) -> bool {
    now.since(at) < seconds
}

#[cfg(test)]
#[path = "requests/tests.rs"]
mod tests;
