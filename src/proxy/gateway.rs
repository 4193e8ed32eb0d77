//! pingora's phases, in their order: each builds a view, asks, applies.

use super::client::header_bytes;
use super::context::Context;
use super::ending::Ending;
use super::failure::{is_broken_request, notice_of};
use super::hsts::{Hsts, hsts};
use super::release::failed;
use super::respond::respond_and_close;
use super::shape::{Shape, unchunked, unpacker};
use super::{OwnClient, answer};
use crate::config::Site;
use crate::domain::gate::{AnswerVerdict, Evidence, Permit, Watch, answer_verdict};
use crate::domain::jar::Jar;
use crate::flow::Engine;
use crate::flow::mark::MarkError;
use crate::pages::Pages;
use crate::render::{BadRequest, Notice};
use async_trait::async_trait;
use bytes::Bytes;
use ipnet::IpNet;
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::modules::http::HttpModules;
use pingora::proxy::{FailToProxy, ProxyHttp, Session};
use pingora::upstreams::peer::HttpPeer;
use pingora::{Error, ErrorSource, ErrorType, Result};
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Limits of the door.
#[derive(Clone, Copy, Debug)]
pub struct DoorLimits {
    /// Largest head of a request, in bytes.
    pub header_bytes_max: usize,
    /// Largest body of an own form, in bytes.
    pub form_body_bytes_max: usize,
    /// Largest body of a known login, in bytes.
    pub login_body_bytes_max: usize,
    /// Idle connections are closed after so many seconds.
    pub keepalive_seconds: u64,
    /// Between two reads of a body, or for one piece of an answer to be taken.
    pub body_timeout: Duration,
    /// For the rest of a body after an early answer.
    pub drain_timeout: Duration,
    /// For so long browsers are told to come over https alone; 0 for not at all.
    pub hsts_seconds: u64,
}

/// The proxy.
pub struct Gateway {
    /// The use cases.
    pub engine: Arc<Engine>,
    /// The own pages.
    pub pages: Arc<Pages>,
    /// The gateway's own client.
    pub own_client: Arc<OwnClient>,
    /// Peer of the upstream, with its timeouts; given out against a permit only.
    peer: HttpPeer,
    /// Site, for its hosts.
    pub site: Site,
    /// Networks whose X-Forwarded-For is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Limits of the door.
    pub limits: DoorLimits,
    /// Whether the process is ending.
    pub(super) ending: Ending,
    /// Part of every request id of this process.
    run: String,
    requests: AtomicU64,
    /// The first Host value that was found to be ours: nearly every request has this one.
    usual_host: OnceLock<Vec<u8>>,
}

impl Gateway {
    /// Puts the parts together.
    pub fn new(
        pages: Arc<Pages>,
        own_client: Arc<OwnClient>,
        peer: HttpPeer,
        site: Site,
        trusted_proxies: Vec<IpNet>,
        limits: DoorLimits,
    ) -> Self {
        let engine = pages.engine.clone();
        // Tells two runs apart in the log; needs not be secret.
        let run = format!("{:06x}", engine.now().0 & 0xff_ffff);
        Self {
            ending: Ending::new(engine.metrics.clone()),
            engine,
            pages,
            own_client,
            peer,
            site,
            trusted_proxies,
            limits,
            run,
            requests: AtomicU64::new(1),
            usual_host: OnceLock::new(),
        }
    }

    /// A new request id.
    pub(super) fn request_id(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let mut id = String::with_capacity(self.run.len() + 1 + 16);
        // A string takes whatever is written to it.
        let _ = write!(id, "{}-{number:x}", self.run);
        id
    }

    /// Whether a request with this Host value is for us.
    pub(super) fn serves_host(&self, host: &[u8]) -> bool {
        if self.usual_host.get().is_some_and(|usual| usual == host) {
            return true;
        }
        let ours = std::str::from_utf8(host).is_ok_and(|host| self.site.serves_host(host));
        if ours {
            self.usual_host.get_or_init(|| host.to_vec());
        }
        ours
    }

    /// The upstream, against a permit (invariant I2).
    fn peer_for(&self, _permit: &Permit) -> Box<HttpPeer> {
        Box::new(self.peer.clone())
    }

    /// Notes that something else is to be answered, and stops pingora here.
    pub(super) fn instead(ctx: &mut Context, reply: crate::pages::Reply) -> Box<Error> {
        ctx.instead = Some(Box::new(reply));
        failed("another answer goes down")
    }
}

#[async_trait]
impl ProxyHttp for Gateway {
    type CTX = Context;

    fn new_ctx(&self) -> Context {
        Context::default()
    }

    fn init_downstream_modules(&self, modules: &mut HttpModules) {
        // No other: what is packed, and with what, is decided in `shape.rs`.
        if let Some(value) = hsts(self.limits.hsts_seconds) {
            modules.add_module(Box::new(Hsts(value)));
        }
    }

    async fn request_filter(&self, session: &mut Session, ctx: &mut Context) -> Result<bool> {
        session.set_keepalive(self.ending.kept(self.limits.keepalive_seconds));
        let limits = self.limits;
        let downstream = session.as_downstream_mut();
        downstream.set_read_timeout(Some(limits.body_timeout));
        // Per piece, not as a rate: a phone in a tunnel may pause.
        downstream.set_write_timeout(Some(limits.body_timeout));
        downstream.set_total_drain_timeout(Some(limits.drain_timeout));
        // Judging is large: what waits afterwards, for minutes, must not hold its place.
        match Box::pin(self.admit(session, ctx)).await? {
            super::admit::Admitted::Forward => return Ok(false),
            super::admit::Admitted::Answered => {}
            super::admit::Admitted::Listens(watch) => self.tell(session, *watch).await?,
        }
        Ok(true)
    }

    async fn request_body_filter(
        &self,
        _session: &mut Session,
        body: &mut Option<Bytes>,
        _end: bool,
        ctx: &mut Context,
    ) -> Result<()> {
        let Some(piece) = body.as_ref() else {
            return Ok(());
        };
        self.touch(ctx);
        ctx.body_bytes = ctx.body_bytes.saturating_add(piece.len() as u64);
        if ctx.password_seen {
            return Ok(());
        }
        let found = ctx.scan.as_mut().is_some_and(|scan| scan.feed(piece));
        if !found {
            return Ok(());
        }
        // Found while it streams: marked before the piece goes on.
        ctx.password_seen = true;
        let Some(key) = ctx.key() else { return Ok(()) };
        if ctx.open_mark.is_some() {
            return Ok(());
        }
        let Some(_turn) = self.engine.turn(key).await else {
            let reply = self.busy(ctx);
            return Err(Self::instead(ctx, reply));
        };
        match self
            .engine
            .mark_found(key, &ctx.jar(), ctx.guard.began())
            .await
        {
            Ok(()) => {
                ctx.open_mark = Some(key);
                Ok(())
            }
            Err(MarkError::Store(error)) => {
                self.engine.settle_lost(key);
                let reply = self.refusal(ctx, crate::pages::notice::of_flow_error(&error));
                Err(Self::instead(ctx, reply))
            }
            Err(MarkError::Busy | MarkError::Refused | MarkError::Stale) => {
                let reply = self.busy(ctx);
                Err(Self::instead(ctx, reply))
            }
        }
    }

    async fn upstream_peer(
        &self,
        _session: &mut Session,
        ctx: &mut Context,
    ) -> Result<Box<HttpPeer>> {
        match &ctx.permit {
            Some(permit) => Ok(self.peer_for(permit)),
            None => Err(failed("no permit")),
        }
    }

    async fn upstream_request_filter(
        &self,
        _session: &mut Session,
        request: &mut RequestHeader,
        ctx: &mut Context,
    ) -> Result<()> {
        let (Some(asked), Some(permit)) = (&ctx.asked, &ctx.permit) else {
            return Err(failed("no permit"));
        };
        if !ctx.guard.may_send(&self.engine) {
            let reply = self.busy(ctx);
            return Err(Self::instead(ctx, reply));
        }
        if request.raw_path() != asked.target.as_slice() {
            request.set_raw_path(&asked.target)?;
        }
        self.forwarded(request, asked, permit, ctx)?;
        if header_bytes(request) > self.engine.profile().limits().header_bytes {
            if let Some(key) = ctx.open_mark.take() {
                // Nothing went up, so nothing is in doubt.
                let _ = self.engine.settle_same(key).await;
            }
            let reply = self.refusal(ctx, Notice::HeadTooLong);
            return Err(Self::instead(ctx, reply));
        }
        Ok(())
    }

    async fn upstream_response_filter(
        &self,
        session: &mut Session,
        header: &mut ResponseHeader,
        ctx: &mut Context,
    ) -> Result<()> {
        if header.status.is_informational() && header.status.as_u16() != 101 {
            return Ok(());
        }
        let Some(permit) = ctx.permit.clone() else {
            return Err(failed("no permit"));
        };
        self.touch(ctx);
        if let Some(under_way) = ctx.session.as_ref().and_then(|up| up.under_way.as_ref()) {
            under_way.answer_began();
        }
        let head = session.req_header().method == http::Method::HEAD;
        ctx.shape = Shape::of(unpacker(header, &permit, head));
        let none = Jar::default();
        let sent = ctx.session.as_ref().map_or(&none, |up| &up.jar);
        let seen = answer::read(&self.engine, header, sent, head, None);
        if matches!(permit.watch(), Watch::Owner | Watch::OwnerUnlisted) {
            self.wait_while_held(ctx).await?;
        }
        let verdict = if ctx.password_seen {
            AnswerVerdict::Judge(Evidence::KnownLogin)
        } else {
            answer_verdict(&permit, seen.facts)
        };
        match verdict {
            AnswerVerdict::Judge(evidence) => self.judge(evidence, header, ctx, seen.jar).await,
            AnswerVerdict::Unreadable | AnswerVerdict::NoUpgrade => {
                self.engine.metrics.denied(crate::observe::Denied::Answer);
                tracing::warn!(
                    status = header.status.as_u16(),
                    "an answer that cannot be judged was withheld"
                );
                let reply = self.refusal(ctx, Notice::UpstreamUnreadable);
                Err(Self::instead(ctx, reply))
            }
            AnswerVerdict::Release | AnswerVerdict::ReleaseWithTripwire => {
                let handing = self.handing(&permit, ctx);
                if !ctx.guard.holds(&self.engine) {
                    let reply = self.busy(ctx);
                    return Err(Self::instead(ctx, reply));
                }
                if verdict == AnswerVerdict::ReleaseWithTripwire {
                    self.watch_page(header, ctx, &handing);
                }
                self.shape(header, ctx, &handing).await;
                self.rewrite(header, &handing, ctx, &seen.jar)?;
                self.guard_rest(ctx, &permit, &seen);
                self.frame(header, ctx)
            }
        }
    }

    async fn response_filter(
        &self,
        session: &mut Session,
        header: &mut ResponseHeader,
        _ctx: &mut Context,
    ) -> Result<()> {
        unchunked(session, header);
        Ok(())
    }

    fn response_body_filter(
        &self,
        _session: &mut Session,
        body: &mut Option<Bytes>,
        end: bool,
        ctx: &mut Context,
    ) -> Result<Option<Duration>> {
        match self.filtered(ctx, body.take(), end) {
            Ok(piece) => {
                *body = piece;
                Ok(None)
            }
            Err(reply) => Err(Self::instead(ctx, *reply)),
        }
    }

    async fn fail_to_proxy(
        &self,
        session: &mut Session,
        error: &Error,
        ctx: &mut Context,
    ) -> FailToProxy {
        let written = session.response_written().is_some();
        let broken = is_broken_request(error);
        let dead = error.esource() == &ErrorSource::Downstream && ctx.instead.is_none() && !broken;
        let reply = match ctx.instead.take() {
            Some(reply) => *reply,
            None if broken => self.refusal(ctx, Notice::BadRequest(BadRequest::Malformed)),
            None => self.refusal(ctx, notice_of(error)),
        };
        let code = reply.status().as_u16();
        if !written && !dead {
            let _ = respond_and_close(session, reply).await;
        }
        FailToProxy {
            error_code: if dead { 0 } else { code },
            can_reuse_downstream: false,
        }
    }

    async fn logging(&self, _session: &mut Session, error: Option<&Error>, ctx: &mut Context) {
        self.touch(ctx);
        if let Some(key) = ctx.open_mark.take() {
            // It went up and its end was never judged: in doubt, never free.
            self.engine.settle_lost(key);
        }
        if let (Some(error), Some(asked)) = (error, &ctx.asked)
            && error.etype() != &ErrorType::Custom("gerbang")
        {
            tracing::info!(
                request.id = %asked.client.request_id,
                error.kind = error.etype().as_str(),
                error.source = error.esource().as_str(),
                "a request was not answered to its end"
            );
        }
    }

    fn suppress_error_log(&self, _session: &Session, _ctx: &Context, _error: &Error) -> bool {
        // pingora's line holds the address with its query (invariant I10); `logging` says enough.
        true
    }

    fn request_summary(&self, _session: &Session, _ctx: &Context) -> String {
        String::new()
    }
}
