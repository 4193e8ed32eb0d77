//! The gate: the only place that makes a [`Permit`], and nothing goes upstream without one
//! (invariant I2). Two pure functions: [`request_verdict`] before a request goes up,
//! [`answer_verdict`] before an answer comes down.

mod answers;

pub use answers::{AnswerFacts, AnswerVerdict, BodyFacts, Evidence, answer_verdict};

use crate::domain::upstream_session::State;
use crate::primitives::{GatewaySessionId, UpstreamKey, WaitingRef};
use crate::profile::{Classified, Lane};

/// Leave to send one request upstream. It says whose session goes with it and how its answer is
/// watched; only this file can make one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Permit {
    bind: Bind,
    watch: Watch,
}

impl Permit {
    /// Whose session goes with the request.
    pub fn bind(&self) -> &Bind {
        &self.bind
    }

    /// How the answer is watched.
    pub fn watch(&self) -> Watch {
        self.watch
    }

    /// The same request as a fresh visitor's, whose cookie the browser does not get: less than what
    /// was allowed.
    pub fn without_session(&self) -> Self {
        Self {
            bind: Bind::Bare { hand_out: false },
            watch: self.watch,
        }
    }

    /// For the gateway's own probe or logout of a session in its keeping: the answer goes to
    /// nobody, it is only read.
    pub fn own_errand() -> Self {
        Self {
            bind: Bind::Bare { hand_out: false },
            watch: Watch::OwnErrand,
        }
    }
}

/// Whose session goes upstream with a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Bind {
    /// Nobody's: a fresh visitor.
    Bare {
        /// Whether the browser gets the fresh visitor's cookie. Not while its own session is in
        /// doubt or waits: it would lose it.
        hand_out: bool,
    },
    /// An anonymous session that we stamped.
    Anonymous {
        /// Which.
        key: UpstreamKey,
        /// Its generation when the request began.
        generation: u64,
    },
    /// The owner of an accepted session.
    Owner {
        /// Which.
        session: GatewaySessionId,
    },
}

/// How an answer is watched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Watch {
    /// A static file: goes up bare, sets nothing.
    Static,
    /// Authorised by a token of its own (Apendo): only the session cookie is watched.
    Exempt,
    /// On the profile's exact list of what the public asks for.
    Listed,
    /// A safe request for something else: whatever is no full page is probed first.
    Guarded,
    /// May log in: always judged.
    Candidate,
    /// A known login: carried out by the gateway itself, always judged.
    Login,
    /// An accepted user's ordinary request.
    Owner,
    /// An accepted user's safe request for something that is neither public nor known to be private:
    /// where it leads to a private page it may have logged somebody else in.
    OwnerUnlisted,
    /// The gateway's own probe or logout.
    OwnErrand,
}

/// What the request line, headers and small body say.
#[derive(Clone, Copy, Debug)]
pub struct RequestFacts<'a> {
    /// The profile's word on method, path and query.
    pub class: &'a Classified,
    /// Neither GET, HEAD nor OPTIONS.
    pub is_unsafe: bool,
    /// A password field was seen in the body.
    pub password_in_body: bool,
    /// A header that overrides the method was sent.
    pub override_header: bool,
    /// A person's navigation, as opposed to a script's request.
    pub navigation: bool,
    /// For private pages: a login that waits and whose ticket came with the request, whatever became
    /// of the session in which it was typed (its id may have changed with the login).
    pub waiting: Option<WaitingRef>,
}

/// Which session the request came with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Presented {
    /// No cookie of ours, or one that opens nothing any more.
    Nothing,
    /// A stamped anonymous cookie.
    Stamped {
        /// Session.
        key: UpstreamKey,
        /// Its state.
        state: State,
        /// Its generation.
        generation: u64,
        /// Whether the browser also holds the ticket of the login that waits on it.
        has_ticket: bool,
    },
    /// A seal of a live accepted session.
    Sealed {
        /// Session.
        session: GatewaySessionId,
        /// Somebody else may have logged in inside it.
        held: bool,
    },
}

/// What becomes of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RequestVerdict {
    /// Streamed through the proxy.
    Forward(Permit),
    /// Sent by the gateway's own client, streamed back after a look at its first bytes.
    Relay(Permit),
    /// A known login: read whole, marked, sent by a task that outlives the browser.
    Carry(Permit),
    /// Marked suspect first, then streamed, held at the header of its answer.
    MarkThenForward(Permit),
    /// The owner logs out: both sides end.
    Logout(GatewaySessionId),
    /// Wait for the verdict on the session, then ask again.
    Wait,
    /// A navigation while a login waits in this browser: to its page.
    ToWaitingLogin(WaitingRef),
    /// The same for a script: 401.
    SecondFactorDue(WaitingRef),
    /// Refused before anything is decided.
    Refuse(Refusal),
}

/// Why a request is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// A header or parameter that overrides the method.
    MethodOverride,
    /// A method that the profile does not allow there.
    Method,
}

/// Decides what becomes of a request. Pure.
pub fn request_verdict(facts: RequestFacts<'_>, presented: Presented) -> RequestVerdict {
    if facts.class.method_override || facts.override_header {
        return RequestVerdict::Refuse(Refusal::MethodOverride);
    }
    if !facts.class.method_allowed {
        return RequestVerdict::Refuse(Refusal::Method);
    }
    let waiting = facts
        .waiting
        .filter(|_| facts.class.private_page && !facts.is_unsafe && !is_login(facts));
    match (presented, waiting) {
        (Presented::Sealed { session, held }, _) => for_owner(facts, session, held),
        (
            Presented::Stamped {
                state: State::Suspect,
                ..
            },
            _,
        ) => in_doubt(facts),
        (_, Some(login)) => to_waiting(facts, login),
        (
            Presented::Stamped {
                state: State::Awaiting(login),
                has_ticket: true,
                ..
            },
            None,
        ) => while_waiting(facts, login),
        (
            Presented::Stamped {
                key,
                state: State::Free,
                generation,
                ..
            },
            None,
        ) => for_visitor(facts, Bind::Anonymous { key, generation }),
        // A waiting login of another browser, an accepted session without its seal, one that is
        // over: whoever shows only the stamp starts afresh.
        (
            Presented::Nothing
            | Presented::Stamped {
                state: State::Awaiting(_) | State::Accepted(_) | State::Held(_) | State::Ended,
                ..
            },
            None,
        ) => for_visitor(facts, Bind::Bare { hand_out: true }),
    }
}

fn is_login(facts: RequestFacts<'_>) -> bool {
    facts.class.login || facts.password_in_body
}

fn for_owner(facts: RequestFacts<'_>, session: GatewaySessionId, held: bool) -> RequestVerdict {
    // While somebody else may have logged in inside the session, nothing is carried out in his
    // name, by whatever method: the upstream's catch-all routes take GET as well.
    if held && (facts.class.lane != Lane::Static || facts.is_unsafe || is_login(facts)) {
        return RequestVerdict::Wait;
    }
    let bind = Bind::Owner { session };
    if is_login(facts) {
        return RequestVerdict::Carry(Permit {
            bind,
            watch: Watch::Login,
        });
    }
    // By GET nothing changes here: a link from elsewhere must log nobody out on both sides.
    if facts.class.logout && facts.is_unsafe {
        return RequestVerdict::Logout(session);
    }
    if facts.class.lane == Lane::Static && !facts.is_unsafe {
        return forward(Bind::Bare { hand_out: false }, Watch::Static);
    }
    let unlisted = facts.class.lane == Lane::Other && !facts.class.private_page;
    if unlisted && !facts.is_unsafe {
        return forward(bind, Watch::OwnerUnlisted);
    }
    forward(bind, Watch::Owner)
}

fn in_doubt(facts: RequestFacts<'_>) -> RequestVerdict {
    if facts.is_unsafe && facts.class.lane != Lane::Exempt || is_login(facts) {
        return RequestVerdict::Wait;
    }
    bare_without_cookie(facts)
}

fn while_waiting(facts: RequestFacts<'_>, login: WaitingRef) -> RequestVerdict {
    let asks_for_more = is_login(facts)
        || facts.class.private_page
        || (facts.is_unsafe && !matches!(facts.class.lane, Lane::Public | Lane::Exempt));
    if asks_for_more {
        return to_waiting(facts, login);
    }
    // Who opens the login once more gets a form that works, with a session of its own: another
    // account in a second tab, or the same one begun anew. What waits keeps waiting by its ticket.
    let hand_out = facts.class.login_page;
    for_visitor(facts, Bind::Bare { hand_out })
}

fn to_waiting(facts: RequestFacts<'_>, login: WaitingRef) -> RequestVerdict {
    if facts.navigation {
        RequestVerdict::ToWaitingLogin(login)
    } else {
        RequestVerdict::SecondFactorDue(login)
    }
}

/// As a fresh visitor, whose cookie the browser does not get: it would lose its own session.
fn bare_without_cookie(facts: RequestFacts<'_>) -> RequestVerdict {
    for_visitor(facts, Bind::Bare { hand_out: false })
}

fn for_visitor(facts: RequestFacts<'_>, bind: Bind) -> RequestVerdict {
    if is_login(facts) {
        return RequestVerdict::Carry(Permit {
            bind,
            watch: Watch::Login,
        });
    }
    match (facts.class.lane, facts.is_unsafe) {
        (Lane::Static, false) => forward(Bind::Bare { hand_out: false }, Watch::Static),
        // A token authorises it, so it needs no session: none goes up, and nothing under that
        // prefix can be opened by one that is not accepted.
        (Lane::Exempt, _) => {
            let hand_out = bind == Bind::Bare { hand_out: true };
            forward(Bind::Bare { hand_out }, Watch::Exempt)
        }
        (Lane::Public, _) => forward(bind, Watch::Listed),
        (Lane::Static | Lane::Other, true) => RequestVerdict::MarkThenForward(Permit {
            bind,
            watch: Watch::Candidate,
        }),
        (Lane::Other, false) => RequestVerdict::Relay(Permit {
            bind,
            watch: Watch::Guarded,
        }),
    }
}

fn forward(bind: Bind, watch: Watch) -> RequestVerdict {
    RequestVerdict::Forward(Permit { bind, watch })
}

#[cfg(test)]
mod tests;
