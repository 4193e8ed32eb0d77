//! What an answer of the upstream says, read from its header (and for HTML from its first bytes).

use crate::domain::gate::{AnswerFacts, BodyFacts};
use crate::domain::jar::Jar;
use crate::flow::Engine;
use crate::flow::probe::set_cookie_pair;
use crate::profile::{CookieClass, PageKind};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, SET_COOKIE};
use pingora::http::ResponseHeader;

/// An answer, read.
pub(super) struct Seen {
    /// For the gate.
    pub(super) facts: AnswerFacts,
    /// The upstream's cookies after it.
    pub(super) jar: Jar,
}

/// Reads an answer's header. `page` is what its first bytes showed, where they were looked at.
pub(super) fn read(
    engine: &Engine,
    header: &ResponseHeader,
    sent: &Jar,
    head_request: bool,
    page: Option<PageKind>,
) -> Seen {
    let mut jar = sent.clone();
    let (mut differs, mut sets) = (false, false);
    for value in header.headers.get_all(SET_COOKIE) {
        let Some((name, value)) = set_cookie_pair(value.as_bytes()) else {
            continue;
        };
        let before = sent.get(name);
        let deletes = value.is_empty() && before.is_some();
        match engine.profile().cookie_class(name) {
            CookieClass::Session => {
                let profile = engine.profile();
                let cookie = profile.session_cookie();
                differs |= deletes || (!value.is_empty() && cookie.differs(before, value));
                sets |= !value.is_empty();
            }
            CookieClass::Unlisted => {
                differs |= deletes || (!value.is_empty() && before != Some(value));
            }
            CookieClass::Readable | CookieClass::ScriptMade => continue,
        }
        jar.set(name, value);
    }
    let status = header.status.as_u16();
    let location = header
        .headers
        .get(LOCATION)
        .map(http::HeaderValue::as_bytes);
    let redirects = header.status.is_redirection() && location.is_some();
    let to_private = redirects
        && location.is_some_and(|location| engine.profile().is_private_location(location));
    let looks_logged_out = matches!(status, 401 | 403)
        || (header.status.is_redirection()
            && location.is_some_and(|location| engine.profile().leads_out(location)));
    let body = match page {
        Some(PageKind::FullPage) => BodyFacts::FullPage,
        Some(PageKind::Fragment | PageKind::NeedMore) => BodyFacts::Fragment,
        None => body_facts(header, head_request),
    };
    Seen {
        facts: AnswerFacts {
            status,
            redirects,
            to_private,
            looks_logged_out,
            session_differs: differs,
            sets_session: sets,
            body,
        },
        jar,
    }
}

/// Whether a header announces no body.
pub(super) fn is_empty(header: &ResponseHeader) -> bool {
    let length = header.headers.get(CONTENT_LENGTH);
    length.is_some_and(|length| length.as_bytes() == b"0")
}

/// Whether a browser may take a body for HTML, whatever its coding.
pub(super) fn may_be_html(header: &ResponseHeader) -> bool {
    let kind = header.headers.get(CONTENT_TYPE);
    kind.is_none_or(|kind| {
        memchr::memmem::find(&kind.as_bytes().to_ascii_lowercase(), b"html").is_some()
    })
}

/// What kind of body a header announces.
pub(super) fn body_facts(header: &ResponseHeader, head_request: bool) -> BodyFacts {
    let status = header.status.as_u16();
    if head_request || is_empty(header) || status == 204 || status == 304 {
        return BodyFacts::Empty;
    }
    let content_type = header
        .headers
        .get(CONTENT_TYPE)
        .map(http::HeaderValue::as_bytes);
    // Without a type a browser looks at the bytes itself: it counts as HTML.
    let Some(content_type) = content_type else {
        return readable_html(header, b"");
    };
    let lower = content_type.to_ascii_lowercase();
    let html = memchr::memmem::find(&lower, b"html").is_some();
    if html {
        readable_html(header, &lower)
    } else {
        BodyFacts::Other
    }
}

fn readable_html(header: &ResponseHeader, content_type: &[u8]) -> BodyFacts {
    let coding = header
        .headers
        .get(CONTENT_ENCODING)
        .map(http::HeaderValue::as_bytes);
    let plain = coding.is_none_or(|c| c.is_empty() || c.eq_ignore_ascii_case(b"identity"));
    // A part of a page may leave out the very piece that names its user.
    let whole = header.status.as_u16() != 206;
    if plain && whole && charset_is_readable(content_type) {
        BodyFacts::Html
    } else {
        BodyFacts::UnreadableHtml
    }
}

/// Whether ASCII bytes mean themselves in the charset that a content type names.
fn charset_is_readable(content_type: &[u8]) -> bool {
    let Some(at) = memchr::memmem::find(content_type, b"charset=") else {
        return true;
    };
    let rest = content_type
        .get(at + b"charset=".len()..)
        .unwrap_or_default();
    let end = rest.iter().position(|b| *b == b';').unwrap_or(rest.len());
    let name = rest.get(..end).unwrap_or_default().trim_ascii();
    let name = name
        .strip_prefix(b"\"")
        .and_then(|n| n.strip_suffix(b"\""))
        .unwrap_or(name);
    matches!(
        name,
        b"utf-8" | b"utf8" | b"us-ascii" | b"iso-8859-1" | b"windows-1252"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(status: u16, pairs: &[(&'static str, &str)]) -> ResponseHeader {
        let mut header = ResponseHeader::build(status, None).unwrap();
        for (name, value) in pairs {
            header.append_header(*name, *value).unwrap();
        }
        header
    }

    #[test]
    fn bodies_are_told_apart() {
        use BodyFacts::{Empty, Html, Other, UnreadableHtml};
        for (status, pairs, facts) in [
            (
                200,
                &[("content-type", "text/html; charset=UTF-8")][..],
                Html,
            ),
            (200, &[("content-type", "text/html")], Html),
            (200, &[], Html),
            (200, &[("content-type", "application/xhtml+xml")], Html),
            (
                200,
                &[("content-type", "text/html; charset=utf-16")],
                UnreadableHtml,
            ),
            (
                200,
                &[("content-type", "text/html; charset=\"utf-7\"")],
                UnreadableHtml,
            ),
            (
                200,
                &[("content-type", "text/html"), ("content-encoding", "gzip")],
                UnreadableHtml,
            ),
            (206, &[("content-type", "text/html")], UnreadableHtml),
            (200, &[("content-type", "application/json")], Other),
            (
                200,
                &[("content-type", "text/html"), ("content-length", "0")],
                Empty,
            ),
            (304, &[("content-type", "text/html")], Empty),
        ] {
            assert_eq!(
                body_facts(&header(status, pairs), false),
                facts,
                "{status} {pairs:?}"
            );
        }
        assert_eq!(
            body_facts(&header(200, &[("content-type", "text/html")]), true),
            Empty
        );
    }
}
