//! The words of labels, as types: no other can be counted.

/// A request by how it travels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RequestKind {
    /// Refused before anything was decided.
    Refused,
    /// For the gateway's own pages.
    Own,
    /// A known login.
    Login,
    /// A file without session and cookies.
    Static,
    /// Authorised by something else than the session.
    Exempt,
    /// On the list for everybody.
    Public,
    /// Everything else.
    Other,
}

/// How a login went on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Login {
    /// A second factor is due.
    Waiting,
    /// Released: the policy asks for nothing.
    Released,
    /// Released under a ceiling that only observes, though a second factor would be due.
    Observed,
    /// Its second factor was accepted.
    Accepted,
    /// It ended without one.
    Abandoned,
}

/// What was judged, by what the upstream said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Judged {
    /// Somebody is logged in.
    Somebody,
    /// Nobody.
    Nobody,
    /// It could not be read.
    Unknown,
}

/// Whose budget a probe was made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProbeKind {
    /// Known logins and owners.
    Known,
    /// Everything else.
    Blind,
}

/// What was kept from somebody without his second factor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Denied {
    /// A request for a page of logged-in users was led to the second factor.
    Page,
    /// An answer was withheld at its header.
    Answer,
    /// A page was cut where it names a user.
    Tripwire,
}

/// Why a cookie did not go up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CookieDrop {
    /// In no list of the profile.
    Unlisted,
    /// Its name or value is written as two parsers may read differently.
    Malformed,
    /// The application's session cookie without a good stamp.
    Stamp,
    /// A seal that opens nothing.
    Seal,
}

/// What became of a try to send a letter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mailed {
    /// The mail server answers for it.
    Sent,
    /// It is tried again.
    Later,
    /// It is given up.
    Dead,
    /// It was not to be sent: no address, nothing to say any more, no room.
    Moot,
    /// The mail server was down; no letter is at fault.
    Down,
}

/// What became of a message that wakes a phone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pushed {
    /// The push service has it.
    Sent,
    /// The browser is not subscribed any more.
    Gone,
    /// Too many were on their way.
    Busy,
    /// The service refused it or was not there.
    Failed,
}

/// What the admin listener answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AdminAnswer {
    /// What was asked for.
    Served,
    /// Refused: host, method, address, size.
    Refused,
}

macro_rules! words {
    ($($kind:ident { $($variant:ident => $word:literal),+ $(,)? })+) => { $(
        impl $kind {
            /// The label's words.
            pub(super) const WORDS: [&'static str; [$($word),+].len()] = [$($word),+];

            /// The label's value.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    )+ };
}

words! {
    RequestKind {
        Refused => "refused", Own => "own", Login => "login", Static => "static",
        Exempt => "exempt", Public => "public", Other => "other",
    }
    Login {
        Waiting => "waiting", Released => "released", Observed => "observed",
        Accepted => "accepted", Abandoned => "abandoned",
    }
    Judged { Somebody => "somebody", Nobody => "nobody", Unknown => "unknown" }
    ProbeKind { Known => "known", Blind => "blind" }
    Denied { Page => "page", Answer => "answer", Tripwire => "tripwire" }
    CookieDrop {
        Unlisted => "unlisted", Malformed => "malformed", Stamp => "stamp", Seal => "seal",
    }
    Mailed {
        Sent => "sent", Later => "later", Dead => "dead", Moot => "moot", Down => "down",
    }
    Pushed { Sent => "sent", Gone => "gone", Busy => "busy", Failed => "failed" }
    AdminAnswer { Served => "served", Refused => "refused" }
}
