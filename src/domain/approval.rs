//! Approval on the phone: the login that waits, what its phone may say to it, and how often an account is
//! asked.
//!
//! The phone has to name the number that the waiting page shows: a bare "Ya" is what attackers tire
//! people into (NIST SP 800-63B-4 section 3.1.3; CISA, Implementing Number Matching in MFA Applications,
//! 2022). Whoever has the password alone can open a few requests in his own lane and no more; the owner's
//! known browser has a lane of its own, and a code is always taken besides (invariant I11).

use crate::domain::throttle::Lane;
use crate::primitives::{
    AccountId, ApprovalNumber, BrowserName, ChallengeId, DeviceId, UnixSeconds, WaitingRef,
};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use subtle::ConstantTimeEq;

/// Life of a request in seconds.
pub const CHALLENGE_SECONDS: u64 = 120;
/// For so many seconds the page that waits may take up what the phone said.
pub const TAKE_UP_SECONDS: u64 = 120;
/// Numbers that may be tried on one request.
pub const TRIES_MAX: u8 = 3;
/// Requests of one lane within [`RECENT_SECONDS`].
pub const RECENT_MAX: usize = 3;
/// See [`RECENT_MAX`].
pub const RECENT_SECONDS: u64 = 600;
/// Requests within a day from browsers in which the account was never accepted.
pub const DAY_MAX: usize = 10;
/// That day in seconds.
const DAY_SECONDS: u64 = 86_400;
/// After "bukan saya" the lane that it was said to asks for nothing for so many seconds.
pub const PAUSE_SECONDS: u64 = 1_800;

/// What the phone has to do, by role; the weaker first.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Confirm {
    /// Say "Ya", as in SPSE 4.5.
    Tap,
    /// Name the number that the waiting page shows.
    #[default]
    Number,
}

impl Confirm {
    /// Every value with the word that files use for it.
    pub const WORDS: [(&'static str, Self); 2] = [("number", Self::Number), ("tap", Self::Tap)];

    /// The word that files use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Tap => "tap",
        }
    }
}

/// A request for approval, kept in the login that waits for it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Approval {
    /// What the phone's answer has to be about.
    pub id: ChallengeId,
    /// The phone that is asked; a phone bound later may not answer.
    pub device: DeviceId,
    /// What the waiting page shows.
    pub number: ApprovalNumber,
    /// What the phone has to do.
    pub confirm: Confirm,
    /// From which browser the login comes.
    pub lane: Lane,
    /// Its address and what it calls itself, for the phone to show.
    pub from: Whence,
    /// Since when.
    pub asked: UnixSeconds,
    /// Numbers that were tried.
    pub tries: u8,
    /// What became of it.
    pub state: Answered,
}

/// Where a login comes from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Whence {
    /// Address of the client.
    pub address: IpAddr,
    /// What its User-Agent says.
    pub browser: BrowserName,
}

/// What became of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
pub enum Answered {
    /// Nothing yet.
    Open,
    /// The phone said yes; the page that waits has not taken it up yet.
    Approved {
        /// When.
        at: UnixSeconds,
    },
    /// The phone said no.
    Denied,
}

/// What a yes did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Yes {
    /// Approved, now or by the same answer a moment ago.
    Approved,
    /// Another number than the page shows.
    Wrong {
        /// Numbers that may still be tried.
        left: u8,
    },
    /// Too late, answered otherwise, or tried too often.
    Over,
}

impl Approval {
    /// Seconds for which the phone may still answer; 0 when it is over.
    pub fn seconds_left(&self, now: UnixSeconds) -> u64 {
        match self.state {
            Answered::Open if self.tries < TRIES_MAX => {
                let until = self.asked.plus(CHALLENGE_SECONDS);
                // A clock that went back stretches nothing.
                until.since(now).min(CHALLENGE_SECONDS)
            }
            Answered::Open | Answered::Approved { .. } | Answered::Denied => 0,
        }
    }

    /// The phone says yes; `number` is what was typed, and plays no part where a tap is enough.
    pub fn approve(&mut self, number: Option<&ApprovalNumber>, now: UnixSeconds) -> Yes {
        if self.may_be_taken_up(now) {
            return Yes::Approved;
        }
        if self.seconds_left(now) == 0 {
            return Yes::Over;
        }
        let fits = match self.confirm {
            Confirm::Tap => true,
            Confirm::Number => number.is_some_and(|typed| {
                bool::from(
                    typed
                        .expose()
                        .as_bytes()
                        .ct_eq(self.number.expose().as_bytes()),
                )
            }),
        };
        if fits {
            self.state = Answered::Approved { at: now };
            return Yes::Approved;
        }
        self.tries = self.tries.saturating_add(1);
        Yes::Wrong {
            left: TRIES_MAX.saturating_sub(self.tries),
        }
    }

    /// The phone says no; `false` when there is nothing any more to say it to.
    pub fn deny(&mut self, now: UnixSeconds) -> bool {
        let open = self.seconds_left(now) > 0 || self.may_be_taken_up(now);
        if open {
            self.state = Answered::Denied;
        }
        open
    }

    /// Whether the page that waits may take a yes up.
    pub fn may_be_taken_up(&self, now: UnixSeconds) -> bool {
        match self.state {
            Answered::Approved { at } => now.since(at) < TAKE_UP_SECONDS,
            Answered::Open | Answered::Denied => false,
        }
    }
}

/// How often an account was asked, and for which logins: what its phone looks through, and what keeps
/// somebody who has the password from asking it all day.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Requests {
    /// Whose.
    pub id: AccountId,
    known: Vec<Request>,
    unknown: Vec<Request>,
    #[serde(default)]
    paused_known: Option<UnixSeconds>,
    #[serde(default)]
    paused_unknown: Option<UnixSeconds>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Request {
    at: UnixSeconds,
    login: WaitingRef,
}

impl Requests {
    /// Of an account that was never asked.
    pub fn new(id: AccountId) -> Self {
        Self {
            id,
            known: vec![],
            unknown: vec![],
            paused_known: None,
            paused_unknown: None,
        }
    }

    /// Counts one more request, if the lane has room for it.
    pub fn ask(&mut self, lane: Lane, login: WaitingRef, now: UnixSeconds) -> bool {
        let (requests, paused, span) = match lane {
            Lane::KnownBrowser => (&mut self.known, self.paused_known, RECENT_SECONDS),
            Lane::Unknown => (&mut self.unknown, self.paused_unknown, DAY_SECONDS),
        };
        requests.retain(|request| within(request.at, span, now));
        let recent = requests.iter();
        let recent = recent.filter(|request| within(request.at, RECENT_SECONDS, now));
        let paused = paused.is_some_and(|since| within(since, PAUSE_SECONDS, now));
        if paused || recent.count() >= RECENT_MAX || requests.len() >= DAY_MAX {
            return false;
        }
        requests.push(Request { at: now, login });
        true
    }

    /// "Bukan saya" was said to a request of this lane.
    pub fn pause(&mut self, lane: Lane, now: UnixSeconds) {
        match lane {
            Lane::KnownBrowser => self.paused_known = Some(now),
            Lane::Unknown => self.paused_unknown = Some(now),
        }
    }

    /// Whether nothing in it counts any more.
    pub fn is_forgotten(&self, now: UnixSeconds) -> bool {
        let asked = [&self.known[..], &self.unknown[..]].concat();
        let paused = [self.paused_known, self.paused_unknown];
        let paused = paused.iter().flatten();
        asked.iter().all(|one| !within(one.at, DAY_SECONDS, now))
            && paused
                .clone()
                .all(|since| !within(*since, PAUSE_SECONDS, now))
    }

    /// Logins whose request may still be open, newest first.
    pub fn open(&self, now: UnixSeconds) -> Vec<WaitingRef> {
        self.asked_within(CHALLENGE_SECONDS, now)
    }

    /// Logins whose request may still be answered, or was answered and may be sent again.
    pub fn recent(&self, now: UnixSeconds) -> Vec<WaitingRef> {
        self.asked_within(CHALLENGE_SECONDS + TAKE_UP_SECONDS, now)
    }

    fn asked_within(&self, seconds: u64, now: UnixSeconds) -> Vec<WaitingRef> {
        let mut open: Vec<Request> = [&self.known[..], &self.unknown[..]].concat();
        open.retain(|request| within(request.at, seconds, now));
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
}

/// Whether something of `at` counts. One whose time lies ahead does: a clock that went back gives nothing
/// away.
fn within(at: UnixSeconds, seconds: u64, now: UnixSeconds) -> bool {
    now.since(at) < seconds
}

#[cfg(test)]
#[path = "approval/tests.rs"]
mod tests;
