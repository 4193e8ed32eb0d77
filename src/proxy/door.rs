//! The door: what a request is, and what is refused before anything is decided.

use super::coding;
use super::context::{Asked, Context};
use super::gateway::Gateway;
use super::head::{self, HeadFacts};
use super::intake;
use crate::flow::Client;
use crate::flow::admit::Cookies;
use crate::observe::CookieDrop;
use crate::pages::cookies::CookieProblem;
use crate::pages::{Reply, notice, reply};
use crate::profile::{self, CookieClass};
use crate::render::{BadRequest, Lang, Notice};
use http::HeaderValue;
use http::header::{ACCEPT_ENCODING, ACCEPT_LANGUAGE, AUTHORIZATION, EXPECT, HOST};
use pingora::http::RequestHeader;
use pingora::protocols::http::server::Session as Downstream;
use pingora::proxy::Session;
use std::net::IpAddr;

/// What the door lets in.
pub(super) struct Entered {
    /// Method, as text.
    pub(super) method: String,
    /// Path without query.
    pub(super) path: Vec<u8>,
    /// Query without the question mark.
    pub(super) query: Option<Vec<u8>>,
    /// Framing.
    pub(super) facts: HeadFacts,
    /// The client waits for a 100 before it sends the body.
    pub(super) expects_continue: bool,
}

impl Entered {
    /// Whether a body follows the head.
    pub(super) fn has_body(&self) -> bool {
        self.facts.chunked || self.facts.content_length.unwrap_or(0) > 0
    }

    /// Whether the head announces a body of more than `limit` bytes.
    pub(super) fn announces_more_than(&self, limit: usize) -> bool {
        self.facts
            .content_length
            .is_some_and(|bytes| bytes > limit as u64)
    }
}

/// Refused at the door: the answer, and the connection closes behind it.
pub(super) struct TurnedAway(pub(super) Box<Reply>);

impl Gateway {
    /// Looks at a request. On success `ctx.asked` is set.
    pub(super) fn enter(
        &self,
        session: &mut Session,
        ctx: &mut Context,
    ) -> Result<Entered, TurnedAway> {
        let request_id = self.request_id();
        let accept_language = session.req_header().headers.get(ACCEPT_LANGUAGE).cloned();
        let navigation = intake::is_navigation(&session.req_header().headers);
        let away = |notice: Notice| {
            TurnedAway(Box::new(notice::refuse(
                &self.pages,
                notice,
                &request_id,
                lang_of(accept_language.as_ref()),
                navigation,
            )))
        };
        let facts = match session.as_downstream() {
            Downstream::H1(h1) => {
                let raw = h1.get_headers_raw_bytes();
                if raw.len() > self.limits.header_bytes_max {
                    return Err(away(Notice::HeadTooLong));
                }
                head::check(&raw)
            }
            _ => return Err(away(Notice::BadRequest(BadRequest::Malformed))),
        };
        let facts = facts.map_err(|_| away(Notice::BadRequest(BadRequest::Malformed)))?;
        let header = session.req_header();
        let host = header
            .headers
            .get(HOST)
            .map(|v| v.as_bytes().to_vec())
            .unwrap_or_default();
        if !self.serves_host(&host) {
            return Err(away(Notice::UnknownHost));
        }
        let target = origin_form(header.raw_path(), &host)
            .ok_or_else(|| away(Notice::BadRequest(BadRequest::Address)))?;
        if target.len() + header.method.as_str().len() + " HTTP/1.1 ".len()
            > self.engine.profile().limits().request_line_bytes
        {
            return Err(away(Notice::UriTooLong));
        }
        let (path, query) = split_target(&target);
        if profile::refuse(&path).is_some() {
            return Err(away(Notice::BadRequest(BadRequest::Address)));
        }
        let client = self.client_of(session, &host, request_id.clone());
        let header = session.req_header();
        let expects_continue = header
            .headers
            .get(EXPECT)
            .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"100-continue"));
        let method = header.method.as_str().to_owned();
        ctx.asked = Some(Box::new(Asked {
            target,
            client,
            navigation,
            accept_language,
            passing_cookies: Vec::new(),
            surplus_tickets: Vec::new(),
            sealed: false,
            safe: method == "GET" || method == "HEAD",
            takes_gzip: takes_gzip(header),
            same_for_all: false,
        }));
        Ok(Entered {
            method,
            path,
            query,
            facts,
            expects_continue,
        })
    }

    /// The rest of a path of an own page.
    pub(super) fn own_path(&self, path: &[u8]) -> Option<String> {
        let rest = path.strip_prefix(self.pages.frame.base.as_bytes())?;
        let own = rest.is_empty() || rest.first() == Some(&b'/');
        own.then(|| String::from_utf8_lossy(rest).into_owned())
    }

    fn client_of(&self, session: &Session, host: &[u8], request_id: String) -> Client {
        let peer = session
            .client_addr()
            .and_then(|a| a.as_inet())
            .map(std::net::SocketAddr::ip);
        // A unix listener has no address: whoever reaches it is on this machine.
        let peer = peer.unwrap_or(IpAddr::from([127, 0, 0, 1]));
        let headers = &session.req_header().headers;
        let address = intake::client_address(peer, headers, &self.trusted_proxies);
        intake::client(
            address,
            headers,
            host,
            self.engine.settings.https,
            request_id,
        )
    }

    /// Parts the cookies of a request; what is not ours, stamped, readable or made by scripts in
    /// the page is dropped and counted by why.
    pub(super) fn cookies<'h>(
        &self,
        lines: &'h [HeaderValue],
        ctx: &mut Context,
    ) -> Result<Cookies<'h>, TurnedAway> {
        let lines = lines.iter().map(HeaderValue::as_bytes);
        let cookies = self.pages.cookies.read(lines).map_err(|problem| {
            let answer = self.refusal(
                ctx,
                match problem {
                    CookieProblem::Ambiguous => Notice::BadRequest(BadRequest::Cookie),
                    CookieProblem::TooLarge => Notice::HeadTooLong,
                },
            );
            let answer = match problem {
                CookieProblem::Ambiguous => {
                    reply::with_cookie(answer, &self.pages.cookies.clear_seal())
                }
                CookieProblem::TooLarge => answer,
            };
            TurnedAway(Box::new(answer))
        })?;
        let mut passing = Vec::new();
        for (name, value) in &cookies.others {
            match self.engine.profile().cookie_class(name) {
                CookieClass::Readable | CookieClass::ScriptMade if is_plain(name, value) => {
                    if !passing.is_empty() {
                        passing.extend_from_slice(b"; ");
                    }
                    passing.extend_from_slice(name);
                    passing.push(b'=');
                    passing.extend_from_slice(value);
                }
                CookieClass::Readable | CookieClass::ScriptMade => {
                    self.engine.metrics.dropped_cookie(CookieDrop::Malformed);
                }
                // Believed with a stamp only, which the flows look at.
                CookieClass::Session | CookieClass::Unlisted => {}
            }
        }
        if let Some(asked) = &mut ctx.asked {
            asked.passing_cookies = passing;
            asked.sealed = cookies.seal.is_some();
            asked.surplus_tickets.clone_from(&cookies.surplus);
        }
        Ok(cookies)
    }

    /// A refusal in the client's language, as page or JSON.
    pub(super) fn refusal(&self, ctx: &Context, notice: Notice) -> Reply {
        match &ctx.asked {
            Some(asked) => notice::refuse(
                &self.pages,
                notice,
                &asked.client.request_id,
                lang_of(asked.accept_language.as_ref()),
                asked.navigation,
            ),
            None => notice::refuse(&self.pages, notice, "-", Lang::Id, true),
        }
    }
}

/// Name and value as RFC 6265 section 4.1.1 has them: what two parsers may part differently does
/// not go up.
fn is_plain(name: &[u8], value: &[u8]) -> bool {
    let plain = |b: &u8| b.is_ascii_graphic() && !matches!(b, b'"' | b',' | b';' | b'\\');
    name.iter().all(|b| plain(b) && *b != b'=') && value.iter().all(plain)
}

fn lang_of(accept_language: Option<&HeaderValue>) -> Lang {
    Lang::choose(None, accept_language.and_then(|value| value.to_str().ok()))
}

/// Whether an answer may go down packed, as far as the client is concerned.
fn takes_gzip(header: &RequestHeader) -> bool {
    let mut accepted = header.headers.get_all(ACCEPT_ENCODING).iter();
    header.version == http::Version::HTTP_11
        && !header.headers.contains_key(AUTHORIZATION)
        && accepted.any(|accepted| coding::takes_gzip(accepted.as_bytes()))
}

/// The target in origin form: an absolute one must name the very host of the Host header.
fn origin_form(raw: &[u8], host: &[u8]) -> Option<Vec<u8>> {
    if raw.first() == Some(&b'/') {
        return Some(raw.to_vec());
    }
    let rest = raw
        .strip_prefix(b"http://")
        .or_else(|| raw.strip_prefix(b"https://"))?;
    let at = memchr::memchr(b'/', rest).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(at);
    if !authority.eq_ignore_ascii_case(host) {
        return None;
    }
    Some(if path.is_empty() {
        b"/".to_vec()
    } else {
        path.to_vec()
    })
}

fn split_target(target: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
    match memchr::memchr(b'?', target) {
        Some(at) => {
            let (path, query) = target.split_at(at);
            (
                path.to_vec(),
                Some(query.get(1..).unwrap_or_default().to_vec()),
            )
        }
        None => (target.to_vec(), None),
    }
}
