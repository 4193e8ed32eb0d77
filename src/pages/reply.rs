//! Building answers: one place for the security headers of every own page.

use super::Reply;
use crate::render::SecretText;
use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, LOCATION, SET_COOKIE};
use http::{HeaderName, HeaderValue, Response, StatusCode};

/// Nothing from anywhere else, nothing inline; forms go home only; nobody frames us.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; \
    script-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Headers of every own answer. `no-store`: pages carry secrets, and the back button must ask anew.
const SECURITY: [(&str, &str); 7] = [
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("cache-control", "no-store"),
];

/// An HTML page.
pub fn html(status: StatusCode, body: String) -> Reply {
    build(status, "text/html; charset=utf-8", Bytes::from(body))
}

/// A text to be kept as a file (RFC 6266); `name` is plain.
pub fn attachment(name: &str, text: &SecretText) -> Reply {
    let body = Bytes::copy_from_slice(text.expose().as_bytes());
    let reply = build(StatusCode::OK, "text/plain; charset=utf-8", body);
    let how = format!("attachment; filename=\"{name}\"");
    with_header(reply, CONTENT_DISPOSITION, &how)
}

/// A JSON answer for scripts.
pub fn json(status: StatusCode, body: String) -> Reply {
    build(status, "application/json; charset=utf-8", Bytes::from(body))
}

/// A page whose script asks whether its phone has said something.
pub fn that_listens(reply: Reply) -> Reply {
    let policy = format!("{CONTENT_SECURITY_POLICY}; connect-src 'self'");
    with_header(reply, http::header::CONTENT_SECURITY_POLICY, &policy)
}

/// The head of a stream of events for scripts; servers between must not hold it back.
pub fn events() -> Reply {
    let reply = build(StatusCode::OK, "text/event-stream", Bytes::new());
    with_header(reply, HeaderName::from_static("x-accel-buffering"), "no")
}

/// Another address, by GET (RFC 9110 section 15.4.4).
pub fn see_other(location: &str) -> Reply {
    let mut reply = build(
        StatusCode::SEE_OTHER,
        "text/plain; charset=utf-8",
        Bytes::new(),
    );
    // Addresses are our own or were checked as local paths; what is no header value goes home.
    let location = HeaderValue::from_str(location).unwrap_or(HeaderValue::from_static("/"));
    reply.headers_mut().insert(LOCATION, location);
    reply
}

/// Adds a Set-Cookie header.
#[must_use]
pub fn with_cookie(mut reply: Reply, cookie: &str) -> Reply {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        reply.headers_mut().append(SET_COOKIE, value);
    }
    reply
}

/// What browsers drop when a session is over. They keep whole pages for the back button, even such
/// as forbid to be stored (W3C Clear Site Data section 3.1; over https and on loopback).
pub const CLEAR_SITE_DATA: &str = "\"cache\"";

/// Tells the browser to forget the pages of a session that is over.
#[must_use]
pub fn with_pages_forgotten(reply: Reply) -> Reply {
    let name = HeaderName::from_static("clear-site-data");
    with_header(reply, name, CLEAR_SITE_DATA)
}

/// Adds a header.
#[must_use]
pub fn with_header(mut reply: Reply, name: HeaderName, value: &str) -> Reply {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(name, value);
    }
    reply
}

fn build(status: StatusCode, content_type: &'static str, body: Bytes) -> Reply {
    let mut reply = Response::new(body);
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    for (name, value) in SECURITY {
        headers.insert(
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        );
    }
    reply
}
