//! The gate: the only place that makes a [`Permit`], and nothing goes upstream without one
//! (invariant I2). Two pure functions: [`request_verdict`] before a request goes up,
//! [`answer_verdict`] before an answer comes down.

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
    match presented {
        Presented::Sealed { session, held } => for_owner(facts, session, held),
        Presented::Stamped {
            state: State::Suspect,
            ..
        } => in_doubt(facts),
        Presented::Stamped {
            state: State::Awaiting(login),
            has_ticket: true,
            ..
        } => while_waiting(facts, login),
        Presented::Stamped {
            key,
            state: State::Free,
            generation,
            ..
        } => for_visitor(facts, Bind::Anonymous { key, generation }),
        // A waiting login of another browser, an accepted session without its seal, one that is
        // over: whoever shows only the stamp starts afresh.
        Presented::Nothing
        | Presented::Stamped {
            state: State::Awaiting(_) | State::Accepted(_) | State::Held(_) | State::Ended,
            ..
        } => for_visitor(facts, Bind::Bare { hand_out: true }),
    }
}

fn is_login(facts: RequestFacts<'_>) -> bool {
    facts.class.login || facts.password_in_body
}

fn for_owner(facts: RequestFacts<'_>, session: GatewaySessionId, held: bool) -> RequestVerdict {
    // While somebody else may have logged in inside the session, nothing is changed in his name.
    if held && (facts.is_unsafe || is_login(facts)) {
        return RequestVerdict::Wait;
    }
    let bind = Bind::Owner { session };
    if is_login(facts) {
        return RequestVerdict::Carry(Permit {
            bind,
            watch: Watch::Login,
        });
    }
    if facts.class.logout {
        return RequestVerdict::Logout(session);
    }
    if facts.class.lane == Lane::Static && !facts.is_unsafe {
        return forward(Bind::Bare { hand_out: false }, Watch::Static);
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
        || facts.class.login_page
        || (facts.is_unsafe && !matches!(facts.class.lane, Lane::Public | Lane::Exempt));
    match (asks_for_more, facts.navigation) {
        (true, true) => RequestVerdict::ToWaitingLogin(login),
        (true, false) => RequestVerdict::SecondFactorDue(login),
        (false, _) => bare_without_cookie(facts),
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

/// What the header of an answer says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AnswerFacts {
    /// Status code.
    pub status: u16,
    /// A redirect to a page for logged-in users.
    pub to_private: bool,
    /// The session cookie differs in substance from the one sent, or another session-bearing
    /// cookie has a new value.
    pub session_differs: bool,
    /// The answer sets a session cookie.
    pub sets_session: bool,
    /// The body.
    pub body: BodyFacts,
}

/// What kind of body comes with an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BodyFacts {
    /// None (HEAD, 204, 304, a redirect without one).
    Empty,
    /// An HTML page from its beginning to its end: the tripwire sees its header block.
    FullPage,
    /// HTML whose beginning has not been seen.
    Html,
    /// HTML that is no full page.
    Fragment,
    /// HTML in a coding or charset that cannot be read.
    UnreadableHtml,
    /// Anything else.
    Other,
}

/// What becomes of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AnswerVerdict {
    /// Goes down as it is.
    Release,
    /// Goes down; the byte search for the header block runs along.
    ReleaseWithTripwire,
    /// Held until the probe has spoken.
    Judge(Evidence),
    /// Cannot be read, so it cannot be shown: 502.
    Unreadable,
    /// An upgrade that the profile does not know: 502.
    NoUpgrade,
}

/// Why an answer is judged (design.md section 3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Evidence {
    /// 1: a known login request.
    KnownLogin,
    /// 2: an unsafe request that is not on the public list.
    Candidate,
    /// 2: a redirect to a page for logged-in users.
    PrivateRedirect,
    /// 3: the session cookie differs in substance.
    SessionChanged,
    /// 4: a dynamic answer that is no full page, from a path that is not on the public list.
    PartialAnswer,
}

impl Evidence {
    /// One word for log and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::KnownLogin => "known-login",
            Self::Candidate => "candidate",
            Self::PrivateRedirect => "private-redirect",
            Self::SessionChanged => "session-changed",
            Self::PartialAnswer => "partial-answer",
        }
    }
}

/// Decides what becomes of an answer. Pure.
pub fn answer_verdict(permit: &Permit, facts: AnswerFacts) -> AnswerVerdict {
    if facts.status == 101 {
        return AnswerVerdict::NoUpgrade;
    }
    match permit.watch {
        Watch::Static => AnswerVerdict::Release,
        Watch::Login => AnswerVerdict::Judge(Evidence::KnownLogin),
        Watch::Candidate => AnswerVerdict::Judge(Evidence::Candidate),
        Watch::OwnErrand => AnswerVerdict::Unreadable,
        Watch::Owner => owner_answer(facts),
        Watch::Exempt | Watch::Listed | Watch::Guarded => visitor_answer(permit, facts),
    }
}

fn owner_answer(facts: AnswerFacts) -> AnswerVerdict {
    if facts.session_differs {
        return AnswerVerdict::Judge(Evidence::SessionChanged);
    }
    page_answer(facts.body)
}

fn visitor_answer(permit: &Permit, facts: AnswerFacts) -> AnswerVerdict {
    if facts.session_differs {
        return AnswerVerdict::Judge(Evidence::SessionChanged);
    }
    if facts.to_private && permit.watch != Watch::Exempt {
        return AnswerVerdict::Judge(Evidence::PrivateRedirect);
    }
    let has_session = facts.sets_session || matches!(permit.bind, Bind::Anonymous { .. });
    let partial = matches!(facts.body, BodyFacts::Fragment | BodyFacts::Other);
    if permit.watch == Watch::Guarded && has_session && partial {
        return AnswerVerdict::Judge(Evidence::PartialAnswer);
    }
    page_answer(facts.body)
}

fn page_answer(body: BodyFacts) -> AnswerVerdict {
    match body {
        BodyFacts::UnreadableHtml => AnswerVerdict::Unreadable,
        BodyFacts::FullPage | BodyFacts::Html | BodyFacts::Fragment => {
            AnswerVerdict::ReleaseWithTripwire
        }
        BodyFacts::Empty | BodyFacts::Other => AnswerVerdict::Release,
    }
}

#[cfg(test)]
mod tests;
