//! Guarded pages: a visitor's safe request for something that is not on the public list. The
//! gateway's own client asks, because the first bytes of the body decide whether the answer is
//! probed before it goes down (evidence 4), and pingora's body filters cannot wait.

use super::admit::Admitted;
use super::answer;
use super::carry::refusal_of;
use super::client::Answering;
use super::context::Context;
use super::gateway::Gateway;
use super::judging::Cut;
use super::release::Handing;
use super::shape::{unchunked, unpacker};
use crate::domain::gate::{AnswerVerdict, Bind, BodyFacts, Evidence, Permit, answer_verdict};
use crate::domain::jar::Jar;
use crate::flow::admit::Carried;
use crate::flow::judge::Case;
use crate::flow::turn::Turn;
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

/// What goes down of it.
struct Released {
    handing: Handing,
    jar: Jar,
    first: Option<Bytes>,
}

impl Gateway {
    /// Guarded requests of one session follow each other. Where one hangs, the next goes without
    /// the session, as a fresh visitor's.
    pub(super) async fn ask_in_turn(
        &self,
        session: &mut Session,
        ctx: &mut Context,
        permit: Permit,
        carried: Carried,
    ) -> pingora::Result<Option<Admitted>> {
        let Bind::Anonymous { key, .. } = *permit.bind() else {
            self.go_up(ctx, permit, carried, false);
            return self.relay(session, ctx, None).await.map(Some);
        };
        let turn = self.engine.turn(key).await;
        let permit = match &turn {
            Some(_) => permit,
            None => permit.without_session(),
        };
        self.go_up(ctx, permit, carried, false);
        if !ctx.guard.may_send(&self.engine) {
            ctx.session = None;
            return Ok(None);
        }
        self.relay(session, ctx, turn).await.map(Some)
    }

    /// Relays a guarded request. The turn ends when it is known whose the answer is.
    async fn relay(
        &self,
        session: &mut Session,
        ctx: &mut Context,
        turn: Option<Turn>,
    ) -> pingora::Result<Admitted> {
        let head = session.req_header().method == http::Method::HEAD;
        let mut begun = match self.begin_relay(session, ctx, head).await {
            Ok(begun) => begun,
            Err(error) => {
                let reply = self.relay_lost(ctx, error).await;
                drop(turn);
                return self.answer(session, *reply).await;
            }
        };
        let released = self.judge_relay(ctx, &mut begun, head).await;
        drop(turn);
        match released {
            Ok(released) => self.release_relay(session, ctx, begun, released).await,
            Err(reply) => self.answer(session, *reply).await,
        }
    }

    async fn begin_relay(
        &self,
        session: &Session,
        ctx: &Context,
        head: bool,
    ) -> Result<Begun, UpstreamError> {
        let permit = ctx.permit.as_ref().ok_or(UpstreamError::Withdrawn)?;
        let request = self.own_request(session, ctx, Bytes::new());
        let begun = timeout(
            request.deadline,
            self.own_client
                .begin(permit, &request, || ctx.guard.may_send(&self.engine)),
        )
        .await;
        let mut answering = begun.unwrap_or(Err(UpstreamError::TimedOut))?;
        let unzip = unpacker(&mut answering.header, permit, head);
        answering.unpack(unzip);
        let mut begun = Begun {
            answering,
            first: BytesMut::new(),
            complete: false,
            page: None,
        };
        if answer::body_facts(&begun.answering.header, head) == BodyFacts::Html {
            begun.page = Some(first_bytes(&mut begun).await?);
        }
        Ok(begun)
    }

    /// A request that went up and whose answer was not seen to its judgement: it may have logged
    /// somebody in, or still be doing so, and no probe could clear that.
    async fn relay_lost(&self, ctx: &Context, error: UpstreamError) -> Box<Reply> {
        let sent = matches!(error, UpstreamError::TimedOut | UpstreamError::Broken);
        if sent && let Some(key) = ctx.key() {
            let marked = self
                .engine
                .mark_found(key, &ctx.jar(), ctx.guard.began())
                .await;
            if marked.is_ok() {
                self.engine.settle_lost(key);
            }
        }
        Box::new(refusal_of(error, self, ctx))
    }

    /// Whether and how the answer goes down.
    async fn judge_relay(
        &self,
        ctx: &mut Context,
        begun: &mut Begun,
        head: bool,
    ) -> Result<Released, Box<Reply>> {
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
                // Cannot be shown, but who is logged in now can be asked.
                let evidence = Evidence::PartialAnswer;
                self.engine.metrics.denied(crate::observe::Denied::Answer);
                self.conclude_relay(ctx, begun, evidence, &seen.jar).await?;
                return Err(Box::new(self.refusal(ctx, Notice::UpstreamUnreadable)));
            }
            AnswerVerdict::Judge(evidence) => {
                self.conclude_relay(ctx, begun, evidence, &seen.jar).await?
            }
        };
        if !ctx.guard.holds(&self.engine) {
            return Err(Box::new(self.busy(ctx)));
        }
        self.watch_page(&begun.answering.header, ctx, &handing);
        self.shape(&begun.answering.header, ctx, &handing).await;
        match self.watched_first(ctx, begun).await {
            Ok(first) => Ok(Released {
                handing,
                jar: seen.jar,
                first,
            }),
            Err(Beginning::Failed(error)) => Err(self.relay_lost(ctx, error).await),
            Err(Beginning::Cut(Cut::Moved)) => Err(Box::new(self.busy(ctx))),
            Err(Beginning::Cut(Cut::Broken)) => {
                Err(self.relay_lost(ctx, UpstreamError::Broken).await)
            }
            Err(Beginning::Cut(Cut::Tripped(tripped))) => {
                // Not a byte went down yet: whoever the page names is asked for his second factor.
                let evidence = Evidence::NamesUser;
                self.conclude_relay(ctx, begun, evidence, &seen.jar).await?;
                // Nobody is logged in, and yet the page names somebody: it cannot be shown.
                self.tripped(&tripped, ctx);
                Err(Box::new(self.refusal(ctx, Notice::UpstreamUnreadable)))
            }
        }
    }

    async fn conclude_relay(
        &self,
        ctx: &mut Context,
        begun: &Begun,
        evidence: Evidence,
        jar: &Jar,
    ) -> Result<Handing, Box<Reply>> {
        let Some(asked) = &ctx.asked else {
            return Err(Box::new(self.busy(ctx)));
        };
        let headers = &begun.answering.header.headers;
        let location = headers.get(LOCATION).map(http::HeaderValue::as_bytes);
        let case = Case {
            evidence,
            client: &asked.client,
            sent: ctx.key(),
            sent_jar: ctx.jar(),
            jar: jar.clone(),
            owner: None,
            marked: false,
            began: ctx.guard.began(),
            target: self.target_of(location, asked),
            request: None,
        };
        let concluded = self.engine.conclude(case).await;
        let conclusion = concluded
            .map_err(|error| Box::new(self.refusal(ctx, notice::of_flow_error(&error))))?;
        let (handing, guard) = self.after(conclusion, ctx, jar)?;
        ctx.guard = guard;
        Ok(handing)
    }

    /// The beginning of the body, as far as the tripwire holds it back.
    async fn watched_first(
        &self,
        ctx: &mut Context,
        begun: &mut Begun,
    ) -> Result<Option<Bytes>, Beginning> {
        let first = begun.first.split().freeze();
        let mut piece = (!first.is_empty()).then_some(first);
        loop {
            let held = piece.is_some();
            let fed = self.fed(ctx, piece.take(), begun.complete);
            match fed.map_err(Beginning::Cut)? {
                Some(first) => return Ok(Some(first)),
                None if begun.complete || !held => return Ok(None),
                None => {}
            }
            piece = next_piece(&mut begun.answering).await?;
            begun.complete = piece.is_none();
        }
    }

    async fn release_relay(
        &self,
        session: &mut Session,
        ctx: &mut Context,
        begun: Begun,
        released: Released,
    ) -> pingora::Result<Admitted> {
        let Begun {
            answering,
            complete,
            ..
        } = begun;
        let Released {
            handing,
            jar,
            first,
        } = released;
        let mut header = answering.header.clone();
        let head = session.req_header().method == http::Method::HEAD;
        self.rewrite(&mut header, &handing, ctx, &jar)?;
        self.frame(&mut header, ctx)?;
        header.remove_header(&http::header::CONNECTION);
        let bodiless = head || matches!(header.status.as_u16(), 204 | 304);
        if !bodiless && !header.headers.contains_key(CONTENT_LENGTH) {
            header.insert_header(TRANSFER_ENCODING, "chunked")?;
        }
        unchunked(session, &mut header);
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
            let Ok(piece) = next_piece(&mut answering).await else {
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
        match next_piece(&mut begun.answering).await? {
            Some(piece) => begun.first.extend_from_slice(&piece),
            None => begun.complete = true,
        }
    }
}

async fn next_piece(answering: &mut Answering) -> Result<Option<Bytes>, UpstreamError> {
    timeout(Duration::from_secs(PIECE_SECONDS), answering.next())
        .await
        .map_err(|_| UpstreamError::TimedOut)?
}

/// Why the beginning of an answer cannot go down.
enum Beginning {
    Failed(UpstreamError),
    Cut(Cut),
}

impl From<UpstreamError> for Beginning {
    fn from(error: UpstreamError) -> Self {
        Self::Failed(error)
    }
}
