//! Guarded pages: a visitor's safe request for something that is not on the public list. The
//! gateway's own client asks, because the first bytes of the body decide whether the answer is
//! probed before it goes down (evidence 4), and pingora's body filters cannot wait.

use super::admit::Admitted;
use super::answer;
use super::carry::refusal_of;
use super::client::Answering;
use super::context::Context;
use super::gateway::Gateway;
use super::release::Handing;
use crate::domain::gate::{AnswerVerdict, BodyFacts, answer_verdict};
use crate::domain::jar::Jar;
use crate::flow::judge::Case;
use crate::flow::upstream::UpstreamError;
use crate::pages::{Reply, notice};
use crate::profile::{PageKind, page_kind};
use crate::render::Notice;
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, LOCATION, TRANSFER_ENCODING};
use pingora::proxy::Session;
use std::time::Duration;
use tokio::time::timeout;

/// Between two pieces of a relayed body.
const PIECE_SECONDS: u64 = 120;

/// A guarded answer of which the beginning was read.
struct Begun {
    answering: Answering,
    first: BytesMut,
    complete: bool,
    page: Option<PageKind>,
}

impl Gateway {
    /// Relays a guarded request.
    pub(super) async fn relay(
        &self,
        session: &mut Session,
        ctx: &mut Context,
    ) -> pingora::Result<Admitted> {
        let head = session.req_header().method == http::Method::HEAD;
        let begun = match self.begin_relay(session, ctx, head).await {
            Ok(begun) => begun,
            Err(reply) => return self.answer(session, *reply).await,
        };
        match self.judge_relay(ctx, &begun, head).await {
            Ok((handing, jar)) => {
                self.release_relay(session, ctx, begun, (&handing, &jar))
                    .await
            }
            Err(reply) => self.answer(session, *reply).await,
        }
    }

    async fn begin_relay(
        &self,
        session: &Session,
        ctx: &Context,
        head: bool,
    ) -> Result<Begun, Box<Reply>> {
        let permit = ctx
            .permit
            .as_ref()
            .ok_or_else(|| Box::new(self.busy(ctx)))?;
        let request = self.own_request(session, ctx, Bytes::new());
        let begun = timeout(request.deadline, self.own_client.begin(permit, &request)).await;
        let fails = |error| Box::new(refusal_of(error, self, ctx));
        let answering = begun
            .unwrap_or(Err(UpstreamError::TimedOut))
            .map_err(fails)?;
        let mut begun = Begun {
            answering,
            first: BytesMut::new(),
            complete: false,
            page: None,
        };
        if answer::body_facts(&begun.answering.header, head) == BodyFacts::Html {
            begun.page = Some(first_bytes(&mut begun).await.map_err(fails)?);
        }
        Ok(begun)
    }

    /// Whether and how the answer goes down.
    async fn judge_relay(
        &self,
        ctx: &mut Context,
        begun: &Begun,
        head: bool,
    ) -> Result<(Handing, Jar), Box<Reply>> {
        let Some(permit) = ctx.permit.clone() else {
            return Err(Box::new(self.busy(ctx)));
        };
        let header = &begun.answering.header;
        let seen = answer::read(&self.engine, header, &ctx.jar(), head, begun.page);
        let handing = match answer_verdict(&permit, seen.facts) {
            AnswerVerdict::Release | AnswerVerdict::ReleaseWithTripwire => {
                self.handing(&permit, ctx)
            }
            AnswerVerdict::Unreadable | AnswerVerdict::NoUpgrade => {
                return Err(Box::new(self.refusal(ctx, Notice::UpstreamUnreadable)));
            }
            AnswerVerdict::Judge(evidence) => {
                let Some(asked) = &ctx.asked else {
                    return Err(Box::new(self.busy(ctx)));
                };
                let location = header
                    .headers
                    .get(LOCATION)
                    .map(http::HeaderValue::as_bytes);
                let case = Case {
                    evidence,
                    client: &asked.client,
                    sent: ctx.key(),
                    sent_jar: ctx.jar(),
                    jar: seen.jar.clone(),
                    owner: None,
                    marked: false,
                    target: self.target_of(location, asked),
                };
                let concluded = self.engine.conclude(case).await;
                let conclusion = concluded
                    .map_err(|error| Box::new(self.refusal(ctx, notice::of_flow_error(&error))))?;
                let (handing, guard) = self.after(conclusion, ctx, &seen.jar)?;
                ctx.guard = guard;
                handing
            }
        };
        if !ctx.guard.holds(&self.engine) {
            return Err(Box::new(self.busy(ctx)));
        }
        Ok((handing, seen.jar))
    }

    async fn release_relay(
        &self,
        session: &mut Session,
        ctx: &mut Context,
        begun: Begun,
        (handing, jar): (&Handing, &Jar),
    ) -> pingora::Result<Admitted> {
        let Begun {
            answering,
            first,
            complete,
            ..
        } = begun;
        let mut header = answering.header.clone();
        let head = session.req_header().method == http::Method::HEAD;
        self.watch_page(&header, ctx, handing);
        // The first bytes are judged before the header goes down: a page that trips says so cleanly.
        let first = (!first.is_empty()).then(|| first.freeze());
        let first = match self.filtered(ctx, first, complete) {
            Ok(first) => first,
            Err(reply) => return self.answer(session, *reply).await,
        };
        self.rewrite(&mut header, handing, ctx, jar)?;
        header.remove_header(&http::header::CONNECTION);
        let bodiless = head || matches!(header.status.as_u16(), 204 | 304);
        if !bodiless && !header.headers.contains_key(CONTENT_LENGTH) {
            header.insert_header(TRANSFER_ENCODING, "chunked")?;
        }
        session.write_response_header(header, bodiless).await?;
        if bodiless {
            self.own_client.release(answering).await;
            return Ok(Admitted::Answered);
        }
        self.stream(session, ctx, answering, first, complete).await
    }

    async fn stream(
        &self,
        session: &mut Session,
        ctx: &mut Context,
        mut answering: Answering,
        first: Option<Bytes>,
        mut complete: bool,
    ) -> pingora::Result<Admitted> {
        if let Some(first) = first {
            session.write_response_body(Some(first), complete).await?;
        } else if complete {
            session.write_response_body(None, true).await?;
        }
        while !complete {
            let next = timeout(Duration::from_secs(PIECE_SECONDS), answering.next()).await;
            let Ok(Ok(piece)) = next else {
                return Err(super::release::failed("a relayed answer broke off"));
            };
            complete = piece.is_none();
            let Ok(piece) = self.filtered(ctx, piece, complete) else {
                return Err(super::release::failed("a page names the wrong user"));
            };
            if piece.is_some() || complete {
                session.write_response_body(piece, complete).await?;
            }
        }
        self.own_client.release(answering).await;
        Ok(Admitted::Answered)
    }
}

/// Reads until it is known whether an HTML answer is a full page.
async fn first_bytes(begun: &mut Begun) -> Result<PageKind, UpstreamError> {
    loop {
        let kind = page_kind(&begun.first, begun.complete);
        if kind != PageKind::NeedMore || begun.complete {
            return Ok(kind);
        }
        let next = timeout(Duration::from_secs(PIECE_SECONDS), begun.answering.next()).await;
        match next.map_err(|_| UpstreamError::TimedOut)?? {
            Some(piece) => begun.first.extend_from_slice(&piece),
            None => begun.complete = true,
        }
    }
}
