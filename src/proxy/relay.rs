//! Guarded pages: a visitor's safe request for something that is not on the public list. The
//! gateway's own client asks, because the first bytes of the body decide whether the answer is
//! probed before it goes down (evidence 4), and pingora's body filters cannot wait.

use super::admit::Admitted;
use super::answer;
use super::carry::refusal_of;
use super::client::Answering;
use super::context::Context;
use super::gateway::Gateway;
use crate::domain::gate::{AnswerVerdict, BodyFacts, answer_verdict};
use crate::flow::judge::Case;
use crate::pages::notice;
use crate::profile::{PageKind, page_kind};
use crate::render::Notice;
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, LOCATION, TRANSFER_ENCODING};
use pingora::Result;
use pingora::proxy::Session;
use std::time::Duration;
use tokio::time::timeout;

/// Between two pieces of a relayed body.
const PIECE_SECONDS: u64 = 120;

impl Gateway {
    /// Relays a guarded request.
    pub(super) async fn relay(
        &self,
        session: &mut Session,
        ctx: &mut Context,
    ) -> Result<Admitted> {
        let Some(permit) = ctx.permit.clone() else { return Ok(Admitted::Answered) };
        let request = self.own_request(session, ctx, Bytes::new());
        let begun = timeout(request.deadline, self.own_client.begin(&permit, &request)).await;
        let mut answering = match begun {
            Ok(Ok(answering)) => answering,
            Ok(Err(error)) => {
                let reply = refusal_of(error, self, ctx);
                return self.answer(session, reply).await;
            }
            Err(_) => {
                let reply = self.refusal(ctx, Notice::UpstreamSlow);
                return self.answer(session, reply).await;
            }
        };
        let head = session.req_header().method == http::Method::HEAD;
        let mut first = BytesMut::new();
        let mut complete = false;
        let page = if answer::body_facts(&answering.header, head) == BodyFacts::Html {
            match first_bytes(&mut answering, &mut first, &mut complete).await {
                Ok(kind) => Some(kind),
                Err(error) => {
                    let reply = refusal_of(error, self, ctx);
                    return self.answer(session, reply).await;
                }
            }
        } else {
            None
        };
        let seen = answer::read(&self.engine, &answering.header, &ctx.jar(), head, page);
        let mut header = answering.header.clone();
        let handing = match answer_verdict(&permit, seen.facts) {
            AnswerVerdict::Release | AnswerVerdict::ReleaseWithTripwire => {
                self.handing(&permit, ctx)
            }
            AnswerVerdict::Unreadable | AnswerVerdict::NoUpgrade => {
                let reply = self.refusal(ctx, Notice::UpstreamUnreadable);
                return self.answer(session, reply).await;
            }
            AnswerVerdict::Judge(evidence) => {
                let Some(asked) = &ctx.asked else { return Ok(Admitted::Answered) };
                let location = header.headers.get(LOCATION).map(http::HeaderValue::as_bytes);
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
                let concluded = match self.engine.conclude(case).await {
                    Ok(conclusion) => self.after(conclusion, ctx, &seen.jar),
                    Err(error) => Err(Box::new(self.refusal(ctx, notice::of_flow_error(&error)))),
                };
                match concluded {
                    Ok((handing, guard)) => {
                        ctx.guard = guard;
                        handing
                    }
                    Err(reply) => return self.answer(session, *reply).await,
                }
            }
        };
        if !ctx.guard.holds(&self.engine) {
            let reply = self.busy(ctx);
            return self.answer(session, reply).await;
        }
        self.watch_page(&header, ctx, &handing);
        // The first bytes are judged before the header goes down: a page that trips says so cleanly.
        let first = (!first.is_empty()).then(|| first.freeze());
        let first = match self.filtered(ctx, first, complete) {
            Ok(first) => first,
            Err(reply) => return self.answer(session, reply).await,
        };
        self.rewrite(&mut header, &handing, ctx, &seen.jar)?;
        header.remove_header(&http::header::CONNECTION);
        if !head && !header.headers.contains_key(CONTENT_LENGTH) {
            header.insert_header(TRANSFER_ENCODING, "chunked")?;
        }
        let bodiless = head || matches!(header.status.as_u16(), 204 | 304);
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
    ) -> Result<Admitted> {
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
async fn first_bytes(
    answering: &mut Answering,
    first: &mut BytesMut,
    complete: &mut bool,
) -> std::result::Result<PageKind, crate::flow::upstream::UpstreamError> {
    loop {
        let kind = page_kind(first, *complete);
        if kind != PageKind::NeedMore || *complete {
            return Ok(kind);
        }
        let next = timeout(Duration::from_secs(PIECE_SECONDS), answering.next()).await;
        match next.map_err(|_| crate::flow::upstream::UpstreamError::TimedOut)?? {
            Some(piece) => first.extend_from_slice(&piece),
            None => *complete = true,
        }
    }
}
