//! What is remembered of one request between pingora's phases.

use crate::domain::gate::Permit;
use crate::domain::jar::Jar;
use crate::domain::upstream_session::State;
use crate::flow::sessions::{LiveSession, UnderWay};
use crate::flow::table::Entry;
use crate::flow::{Client, Engine};
use crate::pages::Reply;
use crate::primitives::{UpstreamKey, WaitingRef};
use crate::profile::BodyScan;
use crate::proxy::shape::Shape;
use crate::proxy::tripwire::Tripwire;
use http::HeaderValue;
use std::sync::Arc;

/// One request.
#[derive(Default)]
pub struct Context {
    /// What the door found out; `None` until then.
    pub asked: Option<Box<Asked>>,
    /// Leave to send it upstream (invariant I2): without one there is no peer.
    pub permit: Option<Permit>,
    /// The session that goes up with it.
    pub session: Option<Box<SessionUp>>,
    /// Looks for a password field in the body as it streams.
    pub scan: Option<Box<BodyScan>>,
    /// A password field was seen in the body.
    pub password_seen: bool,
    /// The session was marked for this request, and no verdict has been reached yet.
    pub open_mark: Option<UpstreamKey>,
    /// Watches the page that streams down.
    pub tripwire: Option<Box<Tripwire>>,
    /// What else is done with the body that streams down.
    pub shape: Shape,
    /// Nothing more goes down when the session's state changed since the request began.
    pub guard: Guard,
    /// Answer to be given instead of the upstream's.
    pub instead: Option<Box<Reply>>,
    /// Bytes of the request body seen so far.
    pub body_bytes: u64,
}

/// What the request is.
pub struct Asked {
    /// Path and query in origin form, bytes as decided on.
    pub target: Vec<u8>,
    /// Who asks.
    pub client: Client,
    /// A person's navigation.
    pub navigation: bool,
    /// What the language of refusals is chosen by; few requests need it.
    pub accept_language: Option<HeaderValue>,
    /// Cookie line for the upstream but for the session's own cookies.
    pub passing_cookies: Vec<u8>,
    /// Tickets of waiting logins that the browser should forget.
    pub surplus_tickets: Vec<WaitingRef>,
    /// It came with a seal, good or not.
    pub sealed: bool,
    /// GET or HEAD: may be sent again by the browser.
    pub safe: bool,
    /// The client takes gzip, speaks HTTP/1.1 and names nobody by an Authorization.
    pub takes_gzip: bool,
    /// The profile says that the answer holds nothing of the session that goes up.
    pub same_for_all: bool,
}

impl Asked {
    /// The target without its query.
    pub fn path(&self) -> &[u8] {
        let end = memchr::memchr(b'?', &self.target);
        self.target
            .get(..end.unwrap_or(self.target.len()))
            .unwrap_or_default()
    }
}

/// The session that goes up with a request.
pub struct SessionUp {
    /// Its cookies.
    pub jar: Jar,
    /// Which.
    pub key: Option<UpstreamKey>,
    /// Held while the request is under way, so that generations can be compared.
    pub entry: Option<Arc<Entry>>,
    /// The accepted session; holds it open.
    pub under_way: Option<UnderWay>,
    /// A seal that opens nothing any more is to be cleared.
    pub stale_seal: bool,
}

/// What the rest of an answer depends on.
#[derive(Default)]
pub enum Guard {
    /// Nobody's session.
    #[default]
    Nothing,
    /// An anonymous session must still be in the state and generation in which the request began.
    Visitor {
        /// Which.
        key: UpstreamKey,
        /// Its state: free, or suspect for the request that made it so.
        state: State,
        /// Its generation.
        generation: u64,
    },
    /// An accepted session must not be over.
    Owner {
        /// Which.
        session: Arc<LiveSession>,
        /// Its upstream session.
        key: UpstreamKey,
    },
}

impl Guard {
    /// For a visitor's session as it stands now.
    pub fn visitor(engine: &Engine, key: UpstreamKey) -> Self {
        let (state, generation) = engine.table.standing(key);
        Self::Visitor {
            key,
            state,
            generation,
        }
    }

    /// Whether the request may still go up.
    pub fn may_send(&self, engine: &Engine) -> bool {
        match self {
            Self::Nothing => true,
            Self::Visitor {
                key,
                state,
                generation,
            } => engine.table.standing(*key) == (*state, *generation),
            // Not while it is held: it would be carried out as whoever logs in now.
            Self::Owner { session, key } => {
                !session.is_ended()
                    && engine.table.standing(*key).0 == State::Accepted(session.id())
            }
        }
    }

    /// Whether more of the answer may go down.
    pub fn holds(&self, engine: &Engine) -> bool {
        match self {
            Self::Nothing => true,
            Self::Visitor {
                key,
                state,
                generation,
            } => *state == State::Free && engine.table.standing(*key) == (State::Free, *generation),
            Self::Owner { session, .. } => !session.is_ended(),
        }
    }

    /// The session that it is about.
    pub fn key(&self) -> Option<UpstreamKey> {
        match self {
            Self::Nothing => None,
            Self::Visitor { key, .. } | Self::Owner { key, .. } => Some(*key),
        }
    }

    /// Generation in which a visitor's request began, unless it made its session suspect itself.
    pub fn began(&self) -> Option<u64> {
        match self {
            Self::Visitor {
                state: State::Free,
                generation,
                ..
            } => Some(*generation),
            Self::Visitor { .. } | Self::Owner { .. } | Self::Nothing => None,
        }
    }
}

impl Context {
    /// The accepted session in which the request is made.
    pub fn owner(&self) -> Option<&Arc<LiveSession>> {
        self.session
            .as_ref()?
            .under_way
            .as_ref()
            .map(UnderWay::session)
    }

    /// The upstream session that went up.
    pub fn key(&self) -> Option<UpstreamKey> {
        self.session.as_ref()?.key
    }

    /// The one Cookie line for the upstream: the session's cookies, then those that pass.
    pub fn cookie_line(&self) -> Vec<u8> {
        let session = self.session.as_ref().map(|up| up.jar.to_cookie_line());
        let mut line = session.unwrap_or_default();
        let asked = self.asked.as_ref();
        let passing = asked.map_or(&[][..], |asked| &asked.passing_cookies);
        if !line.is_empty() && !passing.is_empty() {
            line.extend_from_slice(b"; ");
        }
        line.extend_from_slice(passing);
        line
    }

    /// Its cookies.
    pub fn jar(&self) -> Jar {
        self.session
            .as_ref()
            .map(|session| session.jar.clone())
            .unwrap_or_default()
    }
}
