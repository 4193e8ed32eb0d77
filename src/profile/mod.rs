//! What is known of the upstream application: its paths, its login, its session cookie, and how its
//! pages name who is logged in. Everything comes from one TOML file; this room holds no word of any
//! application outside of tests.
//!
//! May import: `primitives`. Pure: no clock, no I/O, no async.
//!
//! One file per question:
//!
//! | question | file |
//! |---|---|
//! | may this path be looked at, and how is it spelled? | [`path`] |
//! | what is this request? | [`classify`] |
//! | does its body hand in a password? | [`evidence`] |
//! | is this answer's cookie evidence of a login? | [`session_cookie`] |
//! | may this cookie pass? | [`cookies`] |
//! | who does this page say is logged in? | [`identity`] |
//! | does a page for logged-in users stream by? | [`marker`] |
//! | is this answer a full page? | [`page_kind`] |
//! | where does this redirect lead? | [`location`] |
//! | does the login's form still fit? | [`login_form`] |
//! | where in a page does a link of ours belong? | [`link`] |
//!
//! **To add an application:** write `config/profiles/<name>.toml` after the one that is there, each
//! fact with where it is from, and name the file in the configuration (`profile = "./x.toml"`); for
//! one that the program carries itself add it to [`BUILTIN`]. `gerbang check` tells every problem
//! at once. **To add a key:** a field in `raw.rs`, its check under `check/`, its use here.

mod charset;
mod check;
mod classify;
mod cookies;
mod evidence;
mod fields;
mod header_block;
mod identity;
mod link;
mod location;
mod login_form;
mod marker;
mod page_kind;
pub mod path;
mod pattern;
mod raw;
mod read;
mod session_cookie;
mod users;

pub use classify::{Classified, Lane};
pub use cookies::CookieClass;
pub use evidence::{BodyScan, UnreadableBody};
pub use identity::{PageVerdict, PageView, ProbePage, ProbeVerdict};
pub use link::{LinkWriter, SEARCHED_BYTES_MAX};
pub use login_form::FormVerdict;
pub use marker::{ID_BYTES_MAX, MarkerHit, MarkerScan};
pub use page_kind::{PREAMBLE_BYTES_MAX, PageKind, page_kind};
pub use path::{PathProblem, is_canonical, refuse};
pub use read::Problem;
pub use session_cookie::{CookieKind, SessionCookie, SignedPairs};

use crate::primitives::account::NameError;
use crate::primitives::{Role, UserId, UserType};
use classify::{Paths, Requests};
use cookies::CookieNames;
use fields::FieldNames;
use header_block::HeaderBlock;
use link::Links;
use marker::Marker;
use std::sync::Arc;
use users::{Folding, Users};

/// Profiles that the program carries itself: name and text.
pub const BUILTIN: [(&str, &str); 1] = [(
    "spse-4.4",
    include_str!("../../config/profiles/spse-4.4.toml"),
)];

/// `[limits]`: what the upstream can bear and how long it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest time that the upstream works on one request, in seconds.
    pub longest_answer_seconds: u64,
    /// Longest time for which a session cookie of the upstream is good after it was issued, in
    /// seconds.
    pub session_longest_life_seconds: u64,
    /// Longest request line that the upstream reads, in bytes.
    pub request_line_bytes: usize,
    /// Longest header section that the upstream reads, in bytes.
    pub header_bytes: usize,
    /// Longest body of a known login, in bytes.
    pub login_body_bytes: usize,
}

/// A request of the gateway's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnRequest {
    /// Method.
    pub method: String,
    /// Path with context.
    pub path: String,
}

/// One upstream application at one context, checked.
#[derive(Debug)]
pub struct Profile {
    name: String,
    context: String,
    /// After [`path::folded`].
    context_folded: Vec<u8>,
    limits: Limits,
    session_cookie: SessionCookie,
    cookie_names: CookieNames,
    requests: Requests,
    paths: Paths,
    /// Fields whose name is evidence of a login.
    fields: Arc<FieldNames>,
    /// Words that override the method wherever they stand in a query.
    override_words: FieldNames,
    logout: OwnRequest,
    users: Arc<Users>,
    header_block: HeaderBlock,
    marker: Arc<Marker>,
    probe_pages: Vec<ProbePage>,
    /// Pages of the login without placeholders, with context.
    login_form_pages: Vec<String>,
    /// How many pages must show a sign of nobody.
    nobody_pages: usize,
    links: Links,
}

impl Profile {
    /// Reads and checks a profile for a site at `context` (`""` or `/eproc4`, without a slash at the
    /// end), below which all its paths lie.
    ///
    /// # Errors
    /// Every problem of the file and the context, not only the first.
    pub fn parse(text: &str, context: &str) -> Result<Self, Vec<Problem>> {
        check::profile(text, context)
    }

    /// The profile of SPSE 4.4.
    ///
    /// # Errors
    /// Problems with `context`; the file itself has none (tested).
    pub fn builtin(context: &str) -> Result<Self, Vec<Problem>> {
        let [(_, text)] = BUILTIN;
        Self::parse(text, context)
    }

    /// Name of the profile, for logs.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Context path of the site, without a slash at the end.
    pub fn context(&self) -> &str {
        &self.context
    }

    /// What the upstream can bear.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// [`Limits::session_longest_life_seconds`].
    pub fn session_longest_life_seconds(&self) -> u64 {
        self.limits.session_longest_life_seconds
    }

    /// [`Limits::longest_answer_seconds`].
    pub fn longest_answer_seconds(&self) -> u64 {
        self.limits.longest_answer_seconds
    }

    /// The upstream's session cookie.
    pub fn session_cookie(&self) -> &SessionCookie {
        &self.session_cookie
    }

    /// What kind of cookie a name stands for, with regard to case.
    pub fn cookie_class(&self, name: &[u8]) -> CookieClass {
        self.cookie_names.class(name)
    }

    /// True for the session cookie's name in another case: never to be sent upstream, where
    /// somebody might read it.
    pub fn case_variant_of_session(&self, name: &[u8]) -> bool {
        self.cookie_names.case_variant_of_session(name)
    }

    /// The request that ends a session of the upstream.
    pub fn logout_request(&self) -> &OwnRequest {
        &self.logout
    }

    /// Protocols to which a connection may be upgraded, in lower case.
    pub fn upgrades(&self) -> &[String] {
        &self.requests.upgrades
    }

    /// Names of the application's own answer headers that its scripts read, in lower case.
    pub fn script_headers(&self) -> &[String] {
        &self.requests.script_headers
    }

    /// A user id, trimmed and folded as the upstream reads it.
    ///
    /// # Errors
    /// [`NameError`] when it is no name.
    pub fn fold_user_id(&self, raw: &str) -> Result<UserId, NameError> {
        self.users.fold_id(raw)
    }

    /// The user type that a role belongs to; the default type for a role that is not listed.
    pub fn user_type_of(&self, role: &Role) -> UserType {
        self.users.type_of(role).clone()
    }

    /// Whether sessions of another profile may go on under this one: the same cookie, the same
    /// context, and no longer heads than the upstream client was made for.
    pub fn goes_on_from(&self, other: &Self) -> bool {
        self.context == other.context
            && self.session_cookie.name == other.session_cookie.name
            && self.limits.header_bytes == other.limits.header_bytes
    }

    /// All user types.
    pub fn user_types(&self) -> &[UserType] {
        &self.users.types
    }

    /// User types for whom nothing becomes stricter in a freeze of the policy.
    pub fn freeze_types(&self) -> &[UserType] {
        &self.users.freeze_types
    }

    /// All roles that are listed, in the order of the alphabet.
    pub fn roles(&self) -> &[Role] {
        &self.users.roles
    }
}

#[cfg(test)]
mod tests;
