//! Before an answer comes down: what it says, and what becomes of it.

use super::{Bind, Permit, Watch};

/// What the header of an answer says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AnswerFacts {
    /// Status code.
    pub status: u16,
    /// A redirect.
    pub redirects: bool,
    /// A redirect to a page for logged-in users.
    pub to_private: bool,
    /// A refusal or a redirect such as the upstream gives to those who are not logged in.
    pub looks_logged_out: bool,
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
    /// An answer to an owner that looks as if nobody were logged in any more.
    IdentityLost,
    /// 4: a dynamic answer that is no full page, from a path that is not on the public list.
    PartialAnswer,
    /// 5: the header block of a page names a user, and nobody should be logged in.
    NamesUser,
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
            Self::NamesUser => "names-user",
            Self::IdentityLost => "identity-lost",
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
        Watch::OwnerUnlisted if facts.to_private => AnswerVerdict::Judge(Evidence::PrivateRedirect),
        Watch::OwnerUnlisted => owner_answer(facts),
        Watch::Exempt | Watch::Listed | Watch::Guarded => visitor_answer(permit, facts),
    }
}

fn owner_answer(facts: AnswerFacts) -> AnswerVerdict {
    if facts.session_differs {
        return AnswerVerdict::Judge(Evidence::SessionChanged);
    }
    if facts.looks_logged_out {
        return AnswerVerdict::Judge(Evidence::IdentityLost);
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
    // Nothing that shows who is logged in now: a piece, a file, a redirect, an answer to HEAD.
    let partial = matches!(
        facts.body,
        BodyFacts::Fragment | BodyFacts::Other | BodyFacts::Empty
    );
    if permit.watch == Watch::Guarded && has_session && (partial || facts.redirects) {
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
