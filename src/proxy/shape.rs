//! What becomes of a body on its way down, beside the tripwire: it is unpacked where it has to be read,
//! a link to an own page is written into it, and it is packed again where that is safe.
//!
//! **What is packed, and why no more.** Who watches the line learns the length of an answer, and with it
//! a secret in it, sign by sign, if he can make the browser ask again and again for a page that holds
//! both the secret and something of his (BREACH). So nothing that depends on a session or a person is
//! ever packed: not in an accepted session, not for a visitor whose session cookie went up (its pages
//! hold the token of his forms, which may outlive his login), not where any other cookie or an
//! Authorization went up. What is left was made without knowing who asks: whatever secret stands in it
//! was made for this one answer. Besides, what the profile vouches for (`same_for_all`). Files keep the
//! coding that they and the browser agreed upon; own pages are never packed.

use super::answer;
use super::coding::{self, Broken, Unzip, Zip};
use super::context::{Asked, Context};
use super::gateway::Gateway;
use super::release::Handing;
use crate::domain::gate::{Bind, BodyFacts, Permit, Watch};
use crate::profile::LinkWriter;
use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH,
    CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, LAST_MODIFIED, TRANSFER_ENCODING, VARY,
};
use pingora::Result;
use pingora::http::ResponseHeader;
use pingora::proxy::Session;

/// What is shorter gains nothing, in bytes.
const PACKED_BYTES_MIN: usize = 1024;

/// Text, by the beginning of its type. An event stream is none: it must not wait.
const TEXTS: [&str; 10] = [
    "text/html",
    "text/plain",
    "text/css",
    "text/csv",
    "text/xml",
    "text/javascript",
    "application/json",
    "application/javascript",
    "application/xml",
    "application/xhtml+xml",
];

/// Sums over bytes that are not the ones that go down.
const SUMS: [HeaderName; 4] = [
    HeaderName::from_static("content-md5"),
    HeaderName::from_static("digest"),
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("repr-digest"),
];

/// What is done with one body.
#[derive(Default)]
pub struct Shape {
    unzip: Option<Box<Unzip>>,
    link: Option<Box<LinkWriter>>,
    zip: Option<Box<Zip>>,
}

impl Shape {
    /// Of a body that may have to be unpacked first.
    pub(super) fn of(unzip: Option<Unzip>) -> Self {
        Self {
            unzip: unzip.map(Box::new),
            ..Self::default()
        }
    }

    /// A piece as it is to be read.
    pub(super) fn unpacked(
        &mut self,
        piece: Option<Bytes>,
        end: bool,
    ) -> std::result::Result<Option<Bytes>, Broken> {
        match &mut self.unzip {
            Some(unzip) => unzip.feed(piece.as_ref(), end),
            None => Ok(piece),
        }
    }

    /// What was read, as it goes down.
    pub(super) fn finished(
        &mut self,
        piece: Option<Bytes>,
        end: bool,
    ) -> std::result::Result<Option<Bytes>, Broken> {
        let piece = match &mut self.link {
            Some(link) => link.feed(piece, end),
            None => piece,
        };
        match &mut self.zip {
            Some(zip) => zip.feed(piece.as_ref(), end),
            None => Ok(piece),
        }
    }
}

impl Gateway {
    /// Decides what becomes of a body, once it is known whose the answer is.
    pub(super) async fn shape(
        &self,
        header: &ResponseHeader,
        ctx: &mut Context,
        handing: &Handing,
    ) {
        let link = self.link_for(header, ctx, handing).await;
        ctx.shape.link = link.map(Box::new);
        ctx.shape.zip = may_pack(header, ctx, handing).then(|| Box::new(Zip::new()));
    }

    /// The link that a page gets, if any.
    async fn link_for(
        &self,
        header: &ResponseHeader,
        ctx: &Context,
        handing: &Handing,
    ) -> Option<LinkWriter> {
        let asked = ctx.asked.as_ref().filter(|asked| asked.safe)?;
        let page = header.status.as_u16() == 200
            && answer::body_facts(header, false) == BodyFacts::Html
            && is_open(header);
        if !page {
            return None;
        }
        let profile = self.engine.profile();
        if profile.has_reset_link(asked.path()) {
            let wanted = self.engine.asks_anybody();
            return wanted.then(|| profile.reset_link(&self.engine.reset_page()))?;
        }
        match handing {
            Handing::Owner { session, .. } if profile.has_status_link() => {
                let bound = self.engine.status_link(session).await?;
                profile.status_link(bound, &self.engine.status_page())
            }
            Handing::Owner { .. } | Handing::Visitor { .. } => None,
        }
    }

    /// The header of a body that is changed. For HEAD as for GET, whose header it stands for: no
    /// length is told, since only the body shows whether a link has its place in it.
    pub(super) fn frame(&self, header: &mut ResponseHeader, ctx: &Context) -> Result<()> {
        let Shape { link, zip, .. } = &ctx.shape;
        if link.is_none() && zip.is_none() {
            return Ok(());
        }
        forget_bytes(header);
        if link.is_some() {
            // The link changes when the page does not: it must not be asked for with a date.
            header.remove_header(&LAST_MODIFIED);
        }
        if zip.is_some() {
            header.insert_header(CONTENT_ENCODING, "gzip")?;
            header.append_header(VARY, "Accept-Encoding")?;
        }
        Ok(())
    }
}

/// What unpacks a gzip page that comes although `identity` was asked for, or to a script; from here
/// on its header says that it is plain.
pub(super) fn unpacker(header: &mut ResponseHeader, permit: &Permit, head: bool) -> Option<Unzip> {
    let packed = header
        .headers
        .get(CONTENT_ENCODING)
        .is_some_and(|coding| coding::is_gzip(coding.as_bytes()));
    let whole = !head && !matches!(header.status.as_u16(), 101 | 204 | 206 | 304);
    let read = permit.watch() != Watch::Static && answer::may_be_html(header);
    if !packed || !whole || !read || answer::is_empty(header) {
        return None;
    }
    header.remove_header(&CONTENT_ENCODING);
    forget_bytes(header);
    Some(Unzip::new())
}

/// Removes what a header says of bytes that are not the ones that go down.
fn forget_bytes(header: &mut ResponseHeader) {
    for name in [CONTENT_LENGTH, ETAG, ACCEPT_RANGES].iter().chain(&SUMS) {
        header.remove_header(name);
    }
}

/// HTTP/1.0 knows no chunks: what has no length ends with the connection.
pub(super) fn unchunked(session: &mut Session, header: &mut ResponseHeader) {
    let old = session.req_header().version == http::Version::HTTP_10;
    if old && header.headers.contains_key(TRANSFER_ENCODING) {
        header.remove_header(&TRANSFER_ENCODING);
        session.set_keepalive(None);
    }
}

/// Whether an answer is a page to be shown, which nobody forbids to be changed.
fn is_open(header: &ResponseHeader) -> bool {
    let says = |name: HeaderName, word: &[u8]| {
        let mut values = header.headers.get_all(name).iter();
        values.any(|value| {
            let value = value.as_bytes().to_ascii_lowercase();
            memchr::memmem::find(&value, word).is_some()
        })
    };
    !says(CACHE_CONTROL, b"no-transform")
        && !says(CONTENT_DISPOSITION, b"attachment")
        && !header.headers.contains_key(CONTENT_RANGE)
}

/// Whether an answer may be packed: see the top of this file.
fn may_pack(header: &ResponseHeader, ctx: &Context, handing: &Handing) -> bool {
    let (Some(asked), Some(permit), Handing::Visitor { .. }) = (&ctx.asked, &ctx.permit, handing)
    else {
        return false;
    };
    asked.takes_gzip
        && holds_no_secret(asked, permit, ctx)
        && header.status.as_u16() == 200
        && is_open(header)
        && is_long_text(header)
}

fn holds_no_secret(asked: &Asked, permit: &Permit, ctx: &Context) -> bool {
    let nobodys = matches!(permit.bind(), Bind::Bare { .. }) && ctx.cookie_line().is_empty();
    match permit.watch() {
        Watch::Listed => asked.same_for_all || (nobodys && asked.safe),
        Watch::Guarded => nobodys,
        Watch::Static
        | Watch::Exempt
        | Watch::Candidate
        | Watch::Login
        | Watch::Owner
        | Watch::OwnerUnlisted
        | Watch::OwnErrand => false,
    }
}

/// Text, not packed yet, long enough, and nothing that may be asked for in parts or by its tag.
fn is_long_text(header: &ResponseHeader) -> bool {
    let value = |name: HeaderName| {
        let value = header.headers.get(name);
        value.map(|value| value.as_bytes().to_ascii_lowercase())
    };
    let text = value(CONTENT_TYPE)
        .is_some_and(|kind| TEXTS.iter().any(|text| kind.starts_with(text.as_bytes())));
    let length = value(CONTENT_LENGTH).map(|length| {
        let length = std::str::from_utf8(&length).unwrap_or_default();
        length.trim().parse::<usize>().unwrap_or(0)
    });
    text && length.is_none_or(|length| length >= PACKED_BYTES_MIN)
        && value(CONTENT_ENCODING).is_none()
        && value(ETAG).is_none()
}
