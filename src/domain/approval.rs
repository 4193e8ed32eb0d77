//! Approval on the phone: the login that waits, and what its phone may say to it. How often an account is
//! asked is another matter ([`super::requests`]).
//!
//! The phone has to name the number that the waiting page shows: a bare "Ya" is what attackers tire
//! people into (NIST SP 800-63B-4 section 3.1.3; CISA, Implementing Number Matching in MFA Applications,
//! 2022).

use crate::domain::throttle::Lane;
use crate::primitives::{ApprovalNumber, BrowserName, ChallengeId, DeviceId, UnixSeconds};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use subtle::ConstantTimeEq;

/// Life of a request in seconds, and again from each time that its page asks for more.
pub const CHALLENGE_SECONDS: u64 = 120;
/// For so many seconds the page that waits may take up what the phone said.
pub const TAKE_UP_SECONDS: u64 = 120;
/// Numbers that may be tried on one request.
pub const TRIES_MAX: u8 = 3;

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
    /// Since when, or since its page asked for more time.
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

    /// The page that waits asks for more time: the same number, for as long as a new one. Tries that were
    /// made count on. `false` when nothing more can come of it.
    pub fn prolong(&mut self, now: UnixSeconds) -> bool {
        let open = self.seconds_left(now) > 0;
        if open {
            self.asked = now;
        }
        open
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

    /// Whether there is anything yet to say no to.
    pub fn may_be_denied(&self, now: UnixSeconds) -> bool {
        self.seconds_left(now) > 0 || self.may_be_taken_up(now)
    }

    /// The phone says no; `false` when there is nothing any more to say it to.
    pub fn deny(&mut self, now: UnixSeconds) -> bool {
        let open = self.may_be_denied(now);
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

#[cfg(test)]
#[path = "approval/tests.rs"]
mod tests;
