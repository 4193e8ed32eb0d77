//! The beginning of a request's body, read before the verdict: a password in it makes the request a
//! known login, whatever its path.

use super::context::Context;
use super::door::Entered;
use super::gateway::Gateway;
use crate::profile::{BodyScan, Classified, Lane};
use crate::render::Notice;
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use pingora::Result;
use pingora::protocols::http::server::Session as Downstream;
use pingora::proxy::Session;

/// Body of a request as far as it was read before the verdict.
#[derive(Default)]
pub(super) struct Early {
    /// What was read.
    pub(super) bytes: Bytes,
    /// Whether that was all.
    pub(super) complete: bool,
    /// A password field was seen in it.
    pub(super) password: bool,
}

impl Gateway {
    /// Reads a body whole; `None` when it is larger than `limit` bytes.
    pub(super) async fn whole_body(
        &self,
        session: &mut Session,
        entered: &Entered,
        limit: usize,
    ) -> Result<Option<Bytes>> {
        if entered.announces_more_than(limit) {
            return Ok(None);
        }
        self.continue_if_expected(session, entered).await?;
        let mut body = BytesMut::new();
        while let Some(piece) = session.read_request_body().await? {
            if body.len() + piece.len() > limit {
                return Ok(None);
            }
            body.extend_from_slice(&piece);
        }
        Ok(Some(body.freeze()))
    }

    /// The upstream never answers `Expect: 100-continue` (spse44.md section 10): the gateway does.
    pub(super) async fn continue_if_expected(
        &self,
        session: &mut Session,
        entered: &Entered,
    ) -> Result<()> {
        if entered.expects_continue
            && let Downstream::H1(h1) = session.as_downstream_mut()
        {
            h1.write_continue_response().await?;
        }
        Ok(())
    }

    /// Reads the beginning of a body that may hold a password; the rest is looked through as it
    /// streams. pingora sends on what was read here from its retry buffer.
    pub(super) async fn early_body(
        &self,
        session: &mut Session,
        ctx: &mut Context,
        entered: &Entered,
        class: &Classified,
    ) -> Result<std::result::Result<Early, Notice>> {
        if !entered.has_body() {
            return Ok(Ok(Early {
                complete: true,
                ..Early::default()
            }));
        }
        let limit = self.limits.login_body_bytes_max;
        if class.login && entered.announces_more_than(limit) {
            return Ok(Err(Notice::TooLarge));
        }
        let sealed = ctx.asked.as_ref().is_some_and(|asked| asked.sealed);
        let header = session.req_header();
        let get = |name| header.headers.get(name).map(http::HeaderValue::as_bytes);
        let scan = BodyScan::new(
            &self.engine.profile(),
            get(CONTENT_TYPE),
            get(CONTENT_ENCODING),
        );
        let scan = match scan {
            Ok(scan) => scan,
            // A token's bodies are its own; without a seal no session goes with them, so nobody
            // logs in there.
            Err(_) if class.lane == Lane::Exempt && !class.login && !sealed => {
                return Ok(Ok(Early::default()));
            }
            Err(_) => return Ok(Err(Notice::UnsupportedMedia)),
        };
        self.continue_if_expected(session, entered).await?;
        session.as_downstream_mut().enable_retry_buffering();
        let (early, scan) = read_early(session, entered, class.login, scan, limit).await?;
        let login = early.password || class.login;
        if login && !early.complete {
            return Ok(Err(Notice::TooLarge));
        }
        if !login && session.as_downstream().retry_buffer_truncated() {
            return Ok(Err(Notice::TooLarge));
        }
        ctx.scan = Some(Box::new(scan));
        Ok(Ok(early))
    }
}

/// Reads the whole body where it is small or may be a login, else its first piece: the retry buffer
/// holds 64 KiB, and one read may bring as much.
async fn read_early(
    session: &mut Session,
    entered: &Entered,
    login: bool,
    mut scan: BodyScan,
    limit: usize,
) -> Result<(Early, BodyScan)> {
    let small = entered
        .facts
        .content_length
        .is_some_and(|n| n <= limit as u64);
    let mut bytes = BytesMut::new();
    let mut password = false;
    let complete = loop {
        let Some(piece) = session.read_request_body().await? else {
            break true;
        };
        bytes.extend_from_slice(&piece);
        password |= scan.feed(&piece);
        if session.as_downstream_mut().is_body_done() {
            break true;
        }
        let wanted = small || login || password;
        if !wanted || bytes.len() > limit {
            break false;
        }
    };
    let complete = complete && (bytes.len() <= limit || !(login || password));
    Ok((
        Early {
            bytes: bytes.freeze(),
            complete,
            password,
        },
        scan,
    ))
}
