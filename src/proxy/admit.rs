//! From the door to the verdict, and what is done with it.

use super::context::{Context, SessionUp};
use super::door::{Entered, TurnedAway};
use super::early::Early;
use super::gateway::Gateway;
use super::release::second_factor_due;
use super::respond::respond_and_close;
use crate::domain::gate::{Bind, Permit, Refusal, RequestFacts, RequestVerdict, Watch};
use crate::flow::admit::{Allowed, Carried, Cookies};
use crate::observe::{Denied, RequestKind};
use crate::pages::{PageRequest, notice, reply};
use crate::profile::{Classified, Lane};
use crate::render::{BadRequest, Notice, paths};
use http::HeaderValue;
use http::header::COOKIE;
use pingora::Result;
use pingora::proxy::Session;

/// How often a request is judged again after it waited.
const ROUNDS_MAX: u32 = 5;

/// What `request_filter` tells pingora.
pub(super) enum Admitted {
    /// On to the upstream, with a permit.
    Forward,
    /// Answered here.
    Answered,
    /// A page that waits: it is told what happens.
    Listens(Box<crate::pages::watch::Watch>),
}

/// A request on its way to the verdict.
struct Judging<'r> {
    entered: &'r Entered,
    facts: RequestFacts<'r>,
    early: &'r Early,
}

impl Gateway {
    /// Judges a request and carries out what does not go through pingora's proxying.
    pub(super) async fn admit(&self, session: &mut Session, ctx: &mut Context) -> Result<Admitted> {
        let metrics = &self.engine.metrics;
        let entered = match self.enter(session, ctx) {
            Ok(entered) => entered,
            Err(TurnedAway(reply)) => {
                metrics.request(RequestKind::Refused);
                return self.turn_away(session, *reply).await;
            }
        };
        if let Some(answered) = self.outside(session, ctx, &entered).await? {
            metrics.request(RequestKind::Refused);
            return Ok(answered);
        }
        // Cookies are read from copies of their lines: the session is written to later.
        let headers = &session.req_header().headers;
        let lines: Vec<HeaderValue> = headers.get_all(COOKIE).iter().cloned().collect();
        let cookies = match self.cookies(&lines, ctx) {
            Ok(cookies) => cookies,
            Err(TurnedAway(reply)) => {
                metrics.request(RequestKind::Refused);
                return self.turn_away(session, *reply).await;
            }
        };
        let own = self.own_path(&entered.path);
        if let Some(path) = own {
            metrics.request(RequestKind::Own);
            return self.own_page(session, ctx, &entered, &path, cookies).await;
        }
        let query = entered.query.as_deref();
        let class = self
            .engine
            .profile()
            .classify(&entered.method, &entered.path, query);
        if class.reset_address {
            metrics.request(RequestKind::Own);
            let to = format!("{}{}", self.pages.frame.base, paths::RESET);
            return self.answer(session, reply::see_other(&to)).await;
        }
        let early = match self.early_body(session, ctx, &entered, &class).await? {
            Ok(early) => early,
            Err(notice) => {
                metrics.request(RequestKind::Refused);
                let reply = self.refusal(ctx, notice);
                return self.turn_away(session, reply).await;
            }
        };
        metrics.request(kind_of(&class, early.password));
        if let Some(asked) = &mut ctx.asked {
            asked.same_for_all = class.same_for_all;
        }
        let override_header = session
            .req_header()
            .headers
            .keys()
            .any(|name| self.engine.profile().override_header(name.as_str()));
        let facts = RequestFacts {
            class: &class,
            is_unsafe: !matches!(entered.method.as_str(), "GET" | "HEAD" | "OPTIONS"),
            password_in_body: early.password,
            override_header,
            navigation: ctx.asked.as_ref().is_some_and(|asked| asked.navigation),
            waiting: None,
        };
        let judging = Judging {
            entered: &entered,
            facts,
            early: &early,
        };
        self.judge_request(session, ctx, &judging, cookies).await
    }

    /// Whatever lies outside the context is not ours to serve.
    async fn outside(
        &self,
        session: &mut Session,
        ctx: &Context,
        entered: &Entered,
    ) -> Result<Option<Admitted>> {
        let profile = self.engine.profile();
        let context = profile.context().as_bytes();
        let below = entered
            .path
            .strip_prefix(context)
            .is_some_and(|rest| rest.is_empty() || rest.first() == Some(&b'/'));
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
            return self.turn_away(session, reply).await;
        };
        let Some(asked) = &ctx.asked else {
            return Ok(Admitted::Answered);
        };
        let mut carried = self.engine.carried(&cookies);
        // What is the same for everybody needs nobody's session.
        if !crate::pages::is_for_everybody(path) {
            match self.policy_due(&carried, ctx).await {
                Ok(()) => {}
                Err(None) => carried = self.engine.carried(&cookies),
                Err(Some(reply)) => return self.answer(session, *reply).await,
            }
        }
        let this_path = String::from_utf8_lossy(&asked.target).into_owned();
        let query = entered
            .query
            .as_ref()
            .map(|q| String::from_utf8_lossy(q).into_owned());
        // Holds the session open while its page is made.
        let _under_way = carried
            .owner
            .as_ref()
            .filter(|_| !crate::pages::watch::only_listens(path))
            .map(|owner| owner.begin(false, self.engine.now()));
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
        if crate::pages::watch::is_stream(&request) {
            let watch = crate::pages::watch::watch(&self.pages, &request).await;
            return match watch {
                Ok(watch) => Ok(Admitted::Listens(Box::new(watch))),
                Err(reply) => self.answer(session, *reply).await,
            };
        }
        let reply = crate::pages::route(&self.pages, &request).await;
        self.answer(session, reply).await
    }

    /// A stricter policy reaches a session at its next request: the way to its waiting login.
    /// `Err(None)` when the session is over and the request is to be looked at again.
    async fn policy_due(
        &self,
        carried: &Carried,
        ctx: &Context,
    ) -> std::result::Result<(), Option<Box<crate::pages::Reply>>> {
        let Some(asked) = &ctx.asked else {
            return Ok(());
        };
        match self.engine.still_allowed(carried, &asked.client).await {
            Ok(Allowed::Yes) => Ok(()),
            Ok(Allowed::Over) => Err(None),
            Ok(Allowed::Due(due)) => {
                let answer = self.second_factor(&due, ctx);
                let answer = reply::with_cookie(answer, &self.pages.cookies.clear_seal());
                Err(Some(Box::new(answer)))
            }
            Err(error) => Err(Some(Box::new(
                self.refusal(ctx, notice::of_flow_error(&error)),
            ))),
        }
    }

    async fn judge_request(
        &self,
        session: &mut Session,
        ctx: &mut Context,
        judging: &Judging<'_>,
        cookies: Cookies<'_>,
    ) -> Result<Admitted> {
        let began = self.engine.now();
        for round in 0..ROUNDS_MAX {
            let waited = self.engine.now().since(began);
            if round > 0 && waited >= self.engine.settings.verdict_wait_seconds {
                break;
            }
            let carried = self.engine.carried(&cookies);
            match self.policy_due(&carried, ctx).await {
                Ok(()) => {}
                Err(None) => continue,
                Err(Some(reply)) => return self.answer(session, *reply).await,
            }
            if round == 0
                && judging.facts.class.login_page
                && let Some(asked) = &ctx.asked
                && self.engine.ended_upstream(&carried, &asked.client).await
            {
                continue;
            }
            let mut facts = judging.facts;
            if facts.class.private_page && carried.owner.is_none() {
                facts.waiting = self.engine.newest_waiting(&cookies.tickets).await;
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
            if let Some(admitted) = self
                .carry_out(session, ctx, judging, verdict, carried)
                .await?
            {
                return Ok(admitted);
            }
            // Marked by another request in between: judged again.
        }
        let reply = self.busy(ctx);
        self.turn_away(session, reply).await
    }

    /// Carries a verdict out; `None` asks for another round.
    async fn carry_out(
        &self,
        session: &mut Session,
        ctx: &mut Context,
        judging: &Judging<'_>,
        verdict: RequestVerdict,
        carried: Carried,
    ) -> Result<Option<Admitted>> {
        let Judging {
            entered,
            facts,
            early,
        } = judging;
        match verdict {
            RequestVerdict::Forward(permit) => {
                self.go_up(ctx, permit, carried, facts.is_unsafe);
                if !ctx.guard.may_send(&self.engine) {
                    // Marked in between: the count above is seen by the login, so one of both waits.
                    ctx.session = None;
                    return Ok(None);
                }
                self.go_on(session, entered, early).await
            }
            RequestVerdict::MarkThenForward(permit) => {
                match self.mark_for(ctx, &permit, &carried).await {
                    Ok(()) => {}
                    Err(None) => return Ok(None),
                    Err(Some(reply)) => return self.turn_away(session, *reply).await.map(Some),
                }
                self.go_up(ctx, permit, carried, facts.is_unsafe);
                self.go_on(session, entered, early).await
            }
            RequestVerdict::Relay(permit) => self.ask_in_turn(session, ctx, permit, carried).await,
            RequestVerdict::Carry(permit) => {
                self.go_up(ctx, permit, carried, false);
                self.carry(session, ctx, early.bytes.clone(), early.complete)
                    .await
            }
            RequestVerdict::Logout(_) => {
                self.go_up(ctx, Permit::own_errand(), carried, false);
                self.log_out(session, ctx, early.bytes.clone())
                    .await
                    .map(Some)
            }
            RequestVerdict::ToWaitingLogin(reference) => {
                self.engine.metrics.denied(Denied::Page);
                let reply = reply::see_other(&self.waiting_page(reference));
                self.answer(session, reply).await.map(Some)
            }
            RequestVerdict::SecondFactorDue(reference) => {
                self.engine.metrics.denied(Denied::Page);
                let reply = second_factor_due(&self.waiting_page(reference));
                self.answer(session, reply).await.map(Some)
            }
            RequestVerdict::Wait => Ok(None),
            RequestVerdict::Refuse(refusal) => {
                let notice = match refusal {
                    Refusal::MethodOverride => Notice::BadRequest(BadRequest::Override),
                    Refusal::Method => Notice::MethodNotAllowed,
                };
                let reply = self.refusal(ctx, notice);
                self.turn_away(session, reply).await.map(Some)
            }
        }
    }

    /// Refuses, and the connection ends: the body was not read.
    async fn turn_away(
        &self,
        session: &mut Session,
        reply: crate::pages::Reply,
    ) -> Result<Admitted> {
        respond_and_close(session, reply).await?;
        Ok(Admitted::Answered)
    }

    /// Remembers what goes up with a request.
    pub(super) fn go_up(&self, ctx: &mut Context, permit: Permit, carried: Carried, changes: bool) {
        let now = self.engine.now();
        let bare = matches!(permit.bind(), Bind::Bare { .. }) && permit.watch() != Watch::OwnErrand;
        let under_way = match &carried.owner {
            Some(owner) if !bare => Some(owner.begin(changes, now)),
            _ => None,
        };
        ctx.session = Some(Box::new(SessionUp {
            jar: if bare {
                Default::default()
            } else {
                carried.jar
            },
            key: if bare { None } else { carried.key },
            entry: carried.entry,
            under_way,
            stale_seal: carried.stale_seal,
        }));
        ctx.guard = self.guard_of(&permit, ctx);
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

/// What a request counts as.
fn kind_of(class: &Classified, password: bool) -> RequestKind {
    match class.lane {
        _ if class.login || password => RequestKind::Login,
        Lane::Static => RequestKind::Static,
        Lane::Exempt => RequestKind::Exempt,
        Lane::Public => RequestKind::Public,
        Lane::Other => RequestKind::Other,
    }
}
