//! From the door to the verdict, and what is done with it.

use super::context::{Context, SessionUp};
use super::door::{Entered, TurnedAway};
use super::gateway::Gateway;
use super::release::second_factor_due;
use super::respond::respond_and_close;
use crate::domain::gate::{Bind, Permit, Presented, Refusal, RequestFacts, RequestVerdict, Watch};
use crate::flow::admit::{Carried, Cookies};
use crate::flow::mark::MarkError;
use crate::pages::{PageRequest, notice, reply};
use crate::profile::{BodyScan, Classified, Lane};
use crate::render::{BadRequest, Notice};
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use pingora::Result;
use pingora::protocols::http::server::Session as Downstream;
use pingora::proxy::Session;

/// How often a request is judged again after it waited.
const ROUNDS_MAX: u32 = 5;

/// What `request_filter` tells pingora.
pub(super) enum Admitted {
    /// On to the upstream, with a permit.
    Forward,
    /// Answered here.
    Answered,
}

/// Body of a request as far as it was read before the verdict.
struct Early {
    bytes: Bytes,
    complete: bool,
    password: bool,
}

impl Gateway {
    /// Judges a request and carries out what does not go through pingora's proxying.
    pub(super) async fn admit(
        &self,
        session: &mut Session,
        ctx: &mut Context,
    ) -> Result<Admitted> {
        let entered = match self.enter(session, ctx) {
            Ok(entered) => entered,
            Err(TurnedAway(reply)) => {
                respond_and_close(session, *reply).await?;
                return Ok(Admitted::Answered);
            }
        };
        if let Some(answered) = self.outside(session, ctx, &entered).await? {
            return Ok(answered);
        }
        // Cookies are read from a copy of the head: the session is written to later.
        let header = session.req_header().clone();
        let cookies = match self.cookies(&header, ctx) {
            Ok(cookies) => cookies,
            Err(TurnedAway(reply)) => {
                respond_and_close(session, *reply).await?;
                return Ok(Admitted::Answered);
            }
        };
        let own = self.own_path(&entered.path);
        if let Some(path) = own {
            return self.own_page(session, ctx, &entered, &path, cookies).await;
        }
        let query = entered.query.as_deref();
        let class = self.engine.profile.classify(&entered.method, &entered.path, query);
        let early = match self.early_body(session, ctx, &entered, &class).await? {
            Ok(early) => early,
            Err(notice) => {
                let reply = self.refusal(ctx, notice);
                respond_and_close(session, reply).await?;
                return Ok(Admitted::Answered);
            }
        };
        self.judge_request(session, ctx, &entered, &class, cookies, early).await
    }

    /// Whatever lies outside the context is not ours to serve.
    async fn outside(
        &self,
        session: &mut Session,
        ctx: &Context,
        entered: &Entered,
    ) -> Result<Option<Admitted>> {
        let context = self.engine.profile.context().as_bytes();
        let below = entered.path.strip_prefix(context).is_some_and(|rest| {
            rest.is_empty() || rest.first() == Some(&b'/')
        });
        if below {
            return Ok(None);
        }
        let reply = if entered.path == b"/" {
            reply::see_other(&self.pages.frame.home)
        } else {
            self.refusal(ctx, Notice::NotFound)
        };
        respond_and_close(session, reply).await?;
        Ok(Some(Admitted::Answered))
    }

    fn own_path(&self, path: &[u8]) -> Option<String> {
        let rest = path.strip_prefix(self.pages.frame.base.as_bytes())?;
        let own = rest.is_empty() || rest.first() == Some(&b'/');
        own.then(|| String::from_utf8_lossy(rest).into_owned())
    }

    async fn own_page(
        &self,
        session: &mut Session,
        ctx: &mut Context,
        entered: &Entered,
        path: &str,
        cookies: Cookies<'_>,
    ) -> Result<Admitted> {
        let limit = self.limits.form_body_bytes_max;
        let Some(body) = self.whole_body(session, entered, limit).await? else {
            let reply = self.refusal(ctx, Notice::TooLarge);
            respond_and_close(session, reply).await?;
            return Ok(Admitted::Answered);
        };
        let Some(asked) = &ctx.asked else { return Ok(Admitted::Answered) };
        let carried = self.engine.carried(&cookies);
        if let Some(due) = self.policy_due(&carried, ctx).await {
            return self.answer(session, due).await;
        }
        let this_path = String::from_utf8_lossy(&asked.target).into_owned();
        let query = entered.query.as_ref().map(|q| String::from_utf8_lossy(q).into_owned());
        // Holds the session open while its page is made.
        let _under_way = carried.owner.as_ref().map(|owner| owner.begin(false, self.engine.now()));
        let header = session.req_header().clone();
        let request = PageRequest {
            method: header.method.clone(),
            path,
            this_path: &this_path,
            query: query.as_deref(),
            headers: &header.headers,
            body,
            cookies,
            carried,
            client: &asked.client,
        };
        let reply = crate::pages::route(&self.pages, &request).await;
        self.answer(session, reply).await
    }

    /// A stricter policy reaches a session at its next request: the way to its waiting login.
    async fn policy_due(&self, carried: &Carried, ctx: &Context) -> Option<crate::pages::Reply> {
        let asked = ctx.asked.as_ref()?;
        match self.engine.still_allowed(carried, &asked.client).await {
            Ok(None) => None,
            Ok(Some(due)) => {
                let answer = self.second_factor(&due, ctx);
                Some(reply::with_cookie(answer, &self.pages.cookies.clear_seal()))
            }
            Err(error) => Some(self.refusal(ctx, notice::of_flow_error(&error))),
        }
    }

    async fn whole_body(
        &self,
        session: &mut Session,
        entered: &Entered,
        limit: usize,
    ) -> Result<Option<Bytes>> {
        if entered.facts.content_length.is_some_and(|n| n > limit as u64) {
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
    async fn continue_if_expected(&self, session: &mut Session, entered: &Entered) -> Result<()> {
        if entered.expects_continue
            && let Downstream::H1(h1) = session.as_downstream_mut()
        {
            h1.write_continue_response().await?;
        }
        Ok(())
    }

    /// Reads the beginning of a body that may hold a password. pingora sends it on from its retry
    /// buffer (64 KiB; what is read here stays below).
    async fn early_body(
        &self,
        session: &mut Session,
        ctx: &mut Context,
        entered: &Entered,
        class: &Classified,
    ) -> Result<std::result::Result<Early, Notice>> {
        let none = Early { bytes: Bytes::new(), complete: true, password: false };
        let has_body = entered.facts.chunked || entered.facts.content_length.unwrap_or(0) > 0;
        if !has_body {
            return Ok(Ok(none));
        }
        let limit = self.limits.login_body_bytes_max;
        if class.login && entered.facts.content_length.is_some_and(|n| n > limit as u64) {
            return Ok(Err(Notice::TooLarge));
        }
        let header = session.req_header();
        let get = |name| header.headers.get(name).map(http::HeaderValue::as_bytes);
        let scan =
            BodyScan::new(&self.engine.profile, get(CONTENT_TYPE), get(CONTENT_ENCODING));
        let mut scan = match scan {
            Ok(scan) => scan,
            // Apendo's bodies are its own; nobody logs in there.
            Err(_) if class.lane == Lane::Exempt && !class.login => {
                self.continue_if_expected(session, entered).await?;
                return Ok(Ok(Early { complete: false, ..none }));
            }
            Err(_) => return Ok(Err(Notice::UnsupportedMedia)),
        };
        self.continue_if_expected(session, entered).await?;
        session.as_downstream_mut().enable_retry_buffering();
        let mut bytes = BytesMut::new();
        let mut password = false;
        let complete = loop {
            match session.read_request_body().await? {
                None => break true,
                Some(piece) => {
                    bytes.extend_from_slice(&piece);
                    password |= scan.feed(&piece);
                }
            }
            if session.as_downstream_mut().is_body_done() {
                break true;
            }
            // A further read may bring up to 64 KiB at once, which the buffer would not hold.
            let settled = !password && !class.login;
            if bytes.len() > limit || (settled && !entered.facts.chunked && entered.facts.content_length.is_some_and(|n| n > limit as u64)) {
                break false;
            }
        };
        if bytes.len() > limit && (password || class.login) {
            return Ok(Err(Notice::TooLarge));
        }
        if session.as_downstream().retry_buffer_truncated() {
            return Ok(Err(Notice::TooLarge));
        }
        ctx.scan = Some(Box::new(scan));
        Ok(Ok(Early { bytes: bytes.freeze(), complete, password }))
    }

    async fn judge_request(
        &self,
        session: &mut Session,
        ctx: &mut Context,
        entered: &Entered,
        class: &Classified,
        cookies: Cookies<'_>,
        early: Early,
    ) -> Result<Admitted> {
        let override_header = session
            .req_header()
            .headers
            .keys()
            .any(|name| self.engine.profile.override_header(name.as_str()));
        let navigation = ctx.asked.as_ref().is_some_and(|asked| asked.navigation);
        let facts = RequestFacts {
            class,
            is_unsafe: !matches!(entered.method.as_str(), "GET" | "HEAD" | "OPTIONS"),
            password_in_body: early.password,
            override_header,
            navigation,
        };
        for _ in 0..ROUNDS_MAX {
            let carried = self.engine.carried(&cookies);
            if let Some(due) = self.policy_due(&carried, ctx).await {
                return self.answer(session, due).await;
            }
            let verdict = self.engine.admit(facts, carried.presented);
            if verdict == RequestVerdict::Wait {
                let verdict_came = match &carried.entry {
                    Some(entry) => self.engine.wait_for_verdict(entry).await,
                    None => false,
                };
                if verdict_came {
                    continue;
                }
                break;
            }
            return match self.carry_out(session, ctx, entered, &facts, verdict, (carried, &early)).await? {
                Some(admitted) => Ok(admitted),
                // Marked by another request in between: judged again.
                None => continue,
            };
        }
        let reply = self.busy(ctx);
        respond_and_close(session, reply).await?;
        Ok(Admitted::Answered)
    }

    /// Carries a verdict out; `None` asks for another round.
    async fn carry_out(
        &self,
        session: &mut Session,
        ctx: &mut Context,
        entered: &Entered,
        facts: &RequestFacts<'_>,
        verdict: RequestVerdict,
        (carried, early): (Carried, &Early),
    ) -> Result<Option<Admitted>> {
        let presented = carried.presented;
        match verdict {
            RequestVerdict::Forward(permit) => {
                self.go_up(ctx, permit, carried, facts.is_unsafe);
                self.go_on(session, entered, early).await
            }
            RequestVerdict::MarkThenForward(permit) => {
                if let Err(error) = self.engine.records() {
                    let reply = self.refusal(ctx, notice::of_flow_error(&error));
                    respond_and_close(session, reply).await?;
                    return Ok(Some(Admitted::Answered));
                }
                if let Bind::Anonymous { key, .. } = permit.bind() {
                    match self.engine.mark(*key, &carried.jar).await {
                        Ok(()) => ctx.open_mark = Some(*key),
                        Err(MarkError::Busy | MarkError::Refused) => return Ok(None),
                        Err(MarkError::Store(error)) => {
                            let reply = self.refusal(ctx, notice::of_flow_error(&error));
                            respond_and_close(session, reply).await?;
                            return Ok(Some(Admitted::Answered));
                        }
                    }
                }
                self.go_up(ctx, permit, carried, facts.is_unsafe);
                self.go_on(session, entered, early).await
            }
            RequestVerdict::Relay(permit) => {
                self.go_up(ctx, permit, carried, false);
                self.relay(session, ctx).await.map(Some)
            }
            RequestVerdict::Carry(permit) => {
                self.go_up(ctx, permit, carried, false);
                self.carry(session, ctx, early.bytes.clone(), early.complete).await
            }
            RequestVerdict::Logout(_) => {
                self.go_up(ctx, Permit::own_errand(), carried, false);
                self.log_out(session, ctx, early.bytes.clone()).await.map(Some)
            }
            RequestVerdict::ToWaitingLogin(reference) => {
                let path = self.waiting_page(reference);
                self.answer(session, reply::see_other(&path)).await.map(Some)
            }
            RequestVerdict::SecondFactorDue(reference) => {
                let path = self.waiting_page(reference);
                self.answer(session, second_factor_due(&path)).await.map(Some)
            }
            RequestVerdict::Wait => {
                debug_assert!(matches!(presented, Presented::Stamped { .. } | Presented::Sealed { .. }));
                Ok(None)
            }
            RequestVerdict::Refuse(refusal) => {
                let notice = match refusal {
                    Refusal::MethodOverride => Notice::BadRequest(BadRequest::Override),
                    Refusal::Method => Notice::MethodNotAllowed,
                };
                let reply = self.refusal(ctx, notice);
                respond_and_close(session, reply).await?;
                Ok(Some(Admitted::Answered))
            }
        }
    }

    /// Both pages of a waiting login know the other: the acceptor leads on to the activation.
    fn waiting_page(&self, reference: crate::primitives::WaitingRef) -> String {
        crate::pages::waiting_path(&self.pages, crate::domain::login::Need::Verify, reference)
    }

    /// Remembers what goes up with a request.
    fn go_up(&self, ctx: &mut Context, permit: Permit, carried: Carried, changes: bool) {
        let now = self.engine.now();
        let bare = matches!(permit.bind(), Bind::Bare { .. }) && permit.watch() != Watch::OwnErrand;
        let under_way = match &carried.owner {
            Some(owner) if !bare => Some(owner.begin(changes, now)),
            _ => None,
        };
        ctx.session = Some(Box::new(SessionUp {
            jar: if bare { Default::default() } else { carried.jar },
            key: if bare { None } else { carried.key },
            entry: carried.entry,
            under_way,
            stale_seal: carried.stale_seal,
        }));
        if let Some(key) = ctx.open_mark {
            let (_, generation) = self.engine.table.standing(key);
            ctx.guard = super::context::Guard::Visitor { key, generation };
        } else {
            ctx.guard = self.guard_of(&permit, ctx);
        }
        ctx.permit = Some(permit);
    }

    async fn go_on(
        &self,
        session: &mut Session,
        entered: &Entered,
        early: &Early,
    ) -> Result<Option<Admitted>> {
        if !early.complete && early.bytes.is_empty() {
            self.continue_if_expected(session, entered).await?;
        }
        Ok(Some(Admitted::Forward))
    }
}
