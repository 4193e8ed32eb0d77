//! What a request is, by method, path and query alone.

use super::Profile;
use super::path;
use super::pattern::PatternSet;

/// How a request travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// A file that the upstream serves without session and cookies.
    Static,
    /// Authorised by something else than the session, such as an access token in the query.
    Exempt,
    /// A page or list for everybody, by exact path and method.
    Public,
    /// Everything else.
    Other,
}

/// What a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Classified {
    /// Given to canonical paths only, never to a request with a method override or a login.
    pub lane: Lane,
    /// May hand in a password by its path and method or by its query. The body is [`super::BodyScan`]'s.
    pub login: bool,
    /// A way out.
    pub logout: bool,
    /// A page for logged-in users.
    pub private_page: bool,
    /// A form of the login, asked for by GET or HEAD.
    pub login_page: bool,
    /// An address under which guides and posters print the reset of the second factor; the application
    /// itself does not know it.
    pub reset_address: bool,
    /// The query would make the upstream take another method: to be refused.
    pub method_override: bool,
    /// The upstream knows the method here; else 405.
    pub method_allowed: bool,
    /// On the public list, and its answer holds nothing of the session that went up with it.
    pub same_for_all: bool,
}

/// `[paths]`, `[[public]]`, and the paths of `[login]` and `[logout]`. Sets called `_folded` are for
/// paths after [`path::folded`].
#[derive(Debug)]
pub(super) struct Paths {
    pub(super) static_files: PatternSet,
    pub(super) exempt: PatternSet,
    pub(super) tus: PatternSet,
    pub(super) public: Vec<PublicList>,
    /// Folded.
    pub(super) private: PatternSet,
    pub(super) login_folded: PatternSet,
    /// Folded.
    pub(super) login_pages: PatternSet,
    pub(super) logout_folded: PatternSet,
    /// Folded: where users look for the reset.
    pub(super) reset: PatternSet,
    /// First segments of all paths of the application, folded.
    pub(super) first_segments: Vec<Vec<u8>>,
}

/// One `[[public]]`.
#[derive(Debug)]
pub(super) struct PublicList {
    pub(super) methods: Vec<String>,
    pub(super) paths: PatternSet,
    pub(super) same_for_all: bool,
}

/// `[requests]`.
#[derive(Debug)]
pub(super) struct Requests {
    pub(super) methods: Vec<String>,
    pub(super) tus_methods: Vec<String>,
    /// In lower case, `-` for `_`.
    pub(super) override_headers: Vec<String>,
    /// In lower case.
    pub(super) override_query_keys: Vec<String>,
    pub(super) upgrades: Vec<String>,
    pub(super) script_headers: Vec<String>,
}

/// Methods that only ask (RFC 9110 section 9.2.1).
fn is_safe(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS")
}

fn is_read(method: &str) -> bool {
    matches!(method, "GET" | "HEAD")
}

impl Profile {
    /// Classifies a request. `raw_path` as it came, without query; `query` without `?`.
    /// Paths that [`path::refuse`] refuses get [`Lane::Other`].
    pub fn classify(&self, method: &str, raw_path: &[u8], query: Option<&[u8]>) -> Classified {
        let query = query.unwrap_or_default();
        let folded = path::folded(raw_path);
        let below_folded = self.below_context_folded(&folded);
        let is = |set: &PatternSet| below_folded.is_some_and(|below| set.matches(below));
        let method_override = self.overrides_method(query);
        let logout = is(&self.paths.logout_folded);
        let login_path = is(&self.paths.login_folded) && !logout;
        let login =
            self.fields.found_in(query) || (login_path && (method_override || !is_safe(method)));
        let below = self
            .below_context(raw_path)
            .filter(|_| path::is_canonical(raw_path));
        let plain = below.filter(|_| !method_override && !login);
        let lane = plain.map_or(Lane::Other, |below| self.lane(method, below));
        let listed = plain.filter(|_| lane == Lane::Public);
        Classified {
            lane,
            login,
            logout,
            private_page: is(&self.paths.private),
            login_page: is_read(method) && is(&self.paths.login_pages),
            reset_address: is(&self.paths.reset),
            method_override,
            method_allowed: self.allows_method(method, below),
            same_for_all: listed.is_some_and(|below| self.is_same_for_all(method, below)),
        }
    }

    fn lane(&self, method: &str, below: &[u8]) -> Lane {
        if is_read(method) && self.paths.static_files.matches(below) {
            Lane::Static
        } else if self.paths.exempt.matches(below) {
            Lane::Exempt
        } else if self.is_public(method, below) {
            Lane::Public
        } else {
            Lane::Other
        }
    }

    fn is_public(&self, method: &str, below: &[u8]) -> bool {
        self.public_lists(method, below).next().is_some()
    }

    /// Every list that names it says so.
    fn is_same_for_all(&self, method: &str, below: &[u8]) -> bool {
        self.public_lists(method, below)
            .all(|list| list.same_for_all)
    }

    fn public_lists<'p>(
        &'p self,
        method: &'p str,
        below: &'p [u8],
    ) -> impl Iterator<Item = &'p PublicList> {
        let lists = self.paths.public.iter();
        lists.filter(move |list| {
            list.methods.iter().any(|m| m == method) && list.paths.matches(below)
        })
    }

    fn allows_method(&self, method: &str, below: Option<&[u8]>) -> bool {
        let known = |list: &[String]| list.iter().any(|m| m == method);
        known(&self.requests.methods)
            || (known(&self.requests.tus_methods)
                && below.is_some_and(|below| self.paths.tus.matches(below)))
    }

    /// True when the upstream would read another method out of the query.
    fn overrides_method(&self, query: &[u8]) -> bool {
        if query.is_empty() {
            return false;
        }
        self.override_words.found_in(query) || self.has_override_key(query)
    }

    fn has_override_key(&self, query: &[u8]) -> bool {
        let keys = &self.requests.override_query_keys;
        if keys.is_empty() {
            return false;
        }
        // An encoded separator counts too: what decodes first and splits later sees a key there.
        let decoded = path::fully_decoded(query);
        decoded.split(|b| b"&;?".contains(b)).any(|pair| {
            let key = pair
                .split(|&b| b == b'=')
                .next()
                .unwrap_or(pair)
                .trim_ascii();
            keys.iter()
                .any(|known| key.eq_ignore_ascii_case(known.as_bytes()))
        })
    }

    /// True for the name of a header by which the upstream, or something in front of it, would take
    /// another method. Case does not matter, and `_` is `-`.
    pub fn override_header(&self, name: &str) -> bool {
        // Without a copy: asked for every header of every request.
        let folded = |byte: u8| match byte {
            b'_' => b'-',
            other => other.to_ascii_lowercase(),
        };
        let is = |known: &String| {
            known.len() == name.len() && name.bytes().map(folded).eq(known.bytes())
        };
        self.requests.override_headers.iter().any(is)
    }

    /// True when an own prefix such as `gerbang` (below the context) could be the application's: its
    /// first segment is one that the application uses.
    pub fn conflicts_with_prefix(&self, prefix: &str) -> bool {
        let first = prefix
            .trim_start_matches('/')
            .split('/')
            .next()
            .unwrap_or(prefix);
        let first = path::folded(first.as_bytes());
        first.is_empty()
            || self
                .paths
                .first_segments
                .iter()
                .any(|known| *known == *first)
    }

    /// What stands behind the context; `None` outside of it.
    pub(super) fn below_context<'p>(&self, raw_path: &'p [u8]) -> Option<&'p [u8]> {
        below(raw_path, self.context.as_bytes())
    }

    /// The same for a path after [`path::folded`].
    pub(super) fn below_context_folded<'p>(&self, folded: &'p [u8]) -> Option<&'p [u8]> {
        below(folded, &self.context_folded)
    }
}

fn below<'p>(path: &'p [u8], context: &[u8]) -> Option<&'p [u8]> {
    path.strip_prefix(context)
        .filter(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

#[cfg(test)]
mod tests;
