//! States of an upstream session and the only ways between them (design.md section 3).
//!
//! `free` → **suspect** (before a request goes up that may log in) → `free` again (the probe says
//! nobody) or **awaiting** (somebody, second factor due) → **accepted** → **ended**. Evidence on an
//! accepted session makes it **held**. What tightens takes effect in memory at once and is then made
//! durable; what loosens is made durable first. `free` has no record: absence means free.

use crate::domain::jar::Jar;
use crate::primitives::{GatewaySessionId, UnixSeconds, WaitingRef};
use serde::{Deserialize, Serialize};

/// How an upstream session stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum State {
    /// Nothing is known against it: an anonymous visitor.
    Free,
    /// Something that may log in went up; no verdict yet.
    Suspect,
    /// Somebody is logged in upstream; his second factor is due.
    Awaiting(WaitingRef),
    /// Released to this gateway session.
    Accepted(GatewaySessionId),
    /// Released, but somebody else may have logged in inside it: answers wait.
    Held(GatewaySessionId),
    /// Over for good; stays as a tombstone.
    Ended,
}

/// What is stored of one upstream session.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct StoredState {
    /// How it stands.
    pub state: State,
    /// Since when.
    pub since: UnixSeconds,
    /// The upstream's cookies, for the own logout.
    pub jar: Jar,
    /// The own logout is still owed.
    pub logout_owed: bool,
}

/// One upstream session in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tracked {
    /// How it stands.
    pub state: State,
    /// Changes with every change of state that matters to a request under way; never reused.
    pub generation: u64,
    /// Requests that may log in and have no verdict yet.
    pub open_candidates: u32,
    /// A candidate went up and its end was never seen (hang-up, time-out, crash): a login may
    /// still be under way in there, so no probe may clear it any more.
    pub tainted: bool,
    /// Since when the state holds.
    pub since: UnixSeconds,
}

/// What a mark did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Marked {
    /// Now suspect or held, and to be made durable before anything goes up.
    Marked {
        /// Generation to settle with.
        generation: u64,
    },
    /// Another login is under way: wait for its verdict.
    Busy,
    /// The state takes no candidates (awaiting, ended).
    Refused,
}

/// What a settled candidate means for its session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Settled {
    /// The last open candidate: the session is as it was before.
    Restored(State),
    /// Others are still open, or one was lost: it stays as it is.
    StillInDoubt,
    /// The state moved on meanwhile (awaiting, ended): nothing to restore.
    Overtaken,
}

impl Tracked {
    /// A free session.
    pub fn free(now: UnixSeconds) -> Self {
        Self {
            state: State::Free,
            generation: 0,
            open_candidates: 0,
            tainted: false,
            since: now,
        }
    }

    /// What a stored state means after a restart: whatever was open then is lost now.
    pub fn restored(stored: &StoredState, generation: u64) -> Self {
        let tainted = matches!(stored.state, State::Suspect | State::Held(_));
        Self {
            state: stored.state,
            generation,
            open_candidates: 0,
            tainted,
            since: stored.since,
        }
    }

    /// Marks before a request goes up that may log in. `generation` is a fresh one.
    pub fn mark(&mut self, generation: u64, now: UnixSeconds) -> Marked {
        match self.state {
            State::Free => {
                *self = Self {
                    state: State::Suspect,
                    generation,
                    open_candidates: 1,
                    tainted: false,
                    since: now,
                };
                Marked::Marked { generation }
            }
            State::Accepted(session) => {
                // The generation stays: the owner's answers under way wait, they are not lost.
                self.state = State::Held(session);
                self.open_candidates = 1;
                self.tainted = false;
                self.since = now;
                Marked::Marked {
                    generation: self.generation,
                }
            }
            State::Suspect | State::Held(_) => Marked::Busy,
            State::Awaiting(_) | State::Ended => Marked::Refused,
        }
    }

    /// Evidence found in an answer or a body under way: like [`Tracked::mark`], but it joins what
    /// is already in doubt.
    pub fn mark_found(&mut self, generation: u64, now: UnixSeconds) -> Marked {
        match self.state {
            State::Suspect | State::Held(_) => {
                self.open_candidates = self.open_candidates.saturating_add(1);
                Marked::Marked {
                    generation: self.generation,
                }
            }
            State::Free | State::Accepted(_) | State::Awaiting(_) | State::Ended => {
                self.mark(generation, now)
            }
        }
    }

    /// A probe after the whole answer said: nobody (suspect), or the same user (held).
    pub fn settle_same(&mut self, generation: u64, now: UnixSeconds) -> Settled {
        let before = match self.state {
            State::Suspect => State::Free,
            State::Held(session) => State::Accepted(session),
            State::Free | State::Awaiting(_) | State::Accepted(_) | State::Ended => {
                return Settled::Overtaken;
            }
        };
        self.open_candidates = self.open_candidates.saturating_sub(1);
        if self.open_candidates > 0 || self.tainted {
            return Settled::StillInDoubt;
        }
        self.state = before;
        self.since = now;
        if before == State::Free {
            self.generation = generation;
        }
        Settled::Restored(before)
    }

    /// A candidate whose end was never seen, or whose probe knew nothing.
    pub fn settle_lost(&mut self, now: UnixSeconds) {
        if matches!(self.state, State::Suspect | State::Held(_)) {
            self.open_candidates = self.open_candidates.saturating_sub(1);
            self.tainted = true;
            self.since = now;
        }
    }

    /// A probe said: somebody, and his second factor is due. From an accepted session that is
    /// another user, or a stricter policy. `false` when the session is over.
    pub fn wait_for(&mut self, login: WaitingRef, generation: u64, now: UnixSeconds) -> bool {
        if self.state == State::Ended {
            return false;
        }
        *self = Self {
            state: State::Awaiting(login),
            generation,
            open_candidates: 0,
            tainted: false,
            since: now,
        };
        true
    }

    /// The second factor of this very waiting login was accepted.
    pub fn accept(
        &mut self,
        login: WaitingRef,
        session: GatewaySessionId,
        generation: u64,
        now: UnixSeconds,
    ) -> bool {
        if self.state != State::Awaiting(login) {
            return false;
        }
        self.become_accepted(session, generation, now);
        true
    }

    /// Released without a second factor, because the policy asks for none: from doubt, by the
    /// verdict of a probe, or for a further upstream id of a session.
    pub fn release(
        &mut self,
        session: GatewaySessionId,
        generation: u64,
        now: UnixSeconds,
    ) -> bool {
        if matches!(self.state, State::Ended | State::Awaiting(_)) {
            return false;
        }
        self.become_accepted(session, generation, now);
        true
    }

    fn become_accepted(&mut self, session: GatewaySessionId, generation: u64, now: UnixSeconds) {
        *self = Self {
            state: State::Accepted(session),
            generation,
            open_candidates: 0,
            tainted: false,
            since: now,
        };
    }

    /// Over for good. `false` when it was already.
    pub fn end(&mut self, generation: u64, now: UnixSeconds) -> bool {
        if self.state == State::Ended {
            return false;
        }
        *self = Self {
            state: State::Ended,
            generation,
            open_candidates: 0,
            tainted: false,
            since: now,
        };
        true
    }

    /// Whether it is in doubt, nobody works on it any more, and it has been so for as long as the
    /// upstream may take to answer: then it is to be ended.
    pub fn is_abandoned(&self, longest_answer_seconds: u64, now: UnixSeconds) -> bool {
        matches!(self.state, State::Suspect | State::Held(_))
            && self.open_candidates == 0
            && now.since(self.since) >= longest_answer_seconds
    }
}

#[cfg(test)]
mod tests;
