//! Judging answers that stream through pingora, and cutting those that must not go on.

use super::answer;
use super::context::{Asked, Context, Guard};
use super::gateway::Gateway;
use super::release::{Handing, failed};
use super::respond::respond;
use super::tripwire::{Tripped, Tripwire};
use crate::domain::gate::{Bind, BodyFacts, Evidence, Permit};
use crate::domain::jar::Jar;
use crate::domain::upstream_session::State;
use crate::flow::judge::Case;
use crate::pages::{Reply, notice, reply};
use crate::render::Notice;
use bytes::Bytes;
use http::header::LOCATION;
use pingora::Result;
use pingora::http::ResponseHeader;
use pingora::proxy::Session;

/// Why nothing more of an answer may go down.
pub(super) enum Cut {
    /// The session's state changed.
    Moved,
    /// A page names the wrong user.
    Tripped(Tripped),
    /// It cannot be unpacked.
    Broken,
}

impl Gateway {
    /// Judges an answer at its header; nothing of it goes down before.
    pub(super) async fn judge(
        &self,
        evidence: Evidence,
        header: &mut ResponseHeader,
        ctx: &mut Context,
        jar: Jar,
    ) -> Result<()> {
        let Some(asked) = &ctx.asked else {
            return Err(failed("no request"));
        };
        let location = header
            .headers
            .get(LOCATION)
            .map(http::HeaderValue::as_bytes);
        let target = self.target_of(location, asked);
        let case = Case {
            evidence,
            client: &asked.client,
            sent: ctx.key(),
            sent_jar: ctx.jar(),
            jar: jar.clone(),
            owner: ctx.owner().cloned(),
            marked: ctx.open_mark.is_some(),
            began: ctx.guard.began(),
            target,
            request: None,
        };
        let concluded = self.engine.conclude(case).await;
        ctx.open_mark = None;
        let conclusion = match concluded {
            Ok(conclusion) => conclusion,
            Err(error) => {
                tracing::error!(%error, "an answer could not be judged");
                let reply = self.refusal(ctx, notice::of_flow_error(&error));
                return Err(Self::instead(ctx, reply));
            }
        };
        match self.after(conclusion, ctx, &jar) {
            Ok((handing, guard)) => {
                self.watch_page(header, ctx, &handing);
                ctx.guard = guard;
                self.shape(header, ctx, &handing).await;
                self.rewrite(header, &handing, ctx, &jar)?;
                self.frame(header, ctx)
            }
            Err(reply) => Err(Self::instead(ctx, *reply)),
        }
    }

    /// Sets the tripwire on a page.
    pub(super) fn watch_page(&self, header: &ResponseHeader, ctx: &mut Context, handing: &Handing) {
        if answer::body_facts(header, false) != BodyFacts::Html {
            return;
        }
        let owner = match handing {
            Handing::Visitor { .. } => None,
            Handing::Owner { session, .. } => match session.account() {
                Some(account) => Some(account.user_id.clone()),
                // Let pass unread under a ceiling that only observes: nobody to compare with.
                None => return,
            },
        };
        ctx.tripwire = Some(Box::new(Tripwire::new(&self.engine.profile(), owner)));
    }

    /// One piece of an answer on its way down: nothing more once the session's state changed, or
    /// the page names the wrong user; then what to answer instead, if nothing went down yet.
    pub(super) fn filtered(
        &self,
        ctx: &mut Context,
        piece: Option<Bytes>,
        end: bool,
    ) -> std::result::Result<Option<Bytes>, Box<Reply>> {
        self.fed(ctx, piece, end).map_err(|cut| match cut {
            Cut::Moved => Box::new(self.busy(ctx)),
            Cut::Broken => Box::new(self.refusal(ctx, Notice::UpstreamUnreadable)),
            Cut::Tripped(tripped) => {
                self.tripped(&tripped, ctx);
                Box::new(self.again(ctx).unwrap_or_else(|| self.busy(ctx)))
            }
        })
    }

    /// The same, without a consequence.
    pub(super) fn fed(
        &self,
        ctx: &mut Context,
        piece: Option<Bytes>,
        end: bool,
    ) -> std::result::Result<Option<Bytes>, Cut> {
        if !ctx.guard.holds(&self.engine) {
            return Err(Cut::Moved);
        }
        self.touch(ctx);
        let piece = ctx.shape.unpacked(piece, end).map_err(|_| Cut::Broken)?;
        let piece = match ctx.tripwire.as_mut() {
            Some(tripwire) => tripwire.feed(piece, end).map_err(Cut::Tripped)?,
            None => piece,
        };
        ctx.shape.finished(piece, end).map_err(|_| Cut::Broken)
    }

    /// A request under way is activity: an upload may take longer than the idle timeout.
    pub(super) fn touch(&self, ctx: &Context) {
        if let Some(under_way) = ctx.session.as_ref().and_then(|up| up.under_way.as_ref()) {
            under_way.touch(self.engine.now());
        }
    }

    /// A new session that goes down with an unjudged answer is watched from here on, like one that
    /// came with the request.
    pub(super) fn guard_rest(&self, ctx: &mut Context, permit: &Permit, seen: &answer::Seen) {
        if let (Bind::Bare { hand_out: true }, true) = (permit.bind(), seen.facts.sets_session)
            && let Some(key) = self.engine.key_of(&seen.jar)
        {
            ctx.guard = Guard::visitor(&self.engine, key);
        }
    }

    /// What a tripped wire means: the session is in doubt from here on.
    pub(super) fn tripped(&self, tripped: &Tripped, ctx: &mut Context) {
        tracing::warn!(
            request.id = ctx
                .asked
                .as_ref()
                .map_or("-", |asked| &asked.client.request_id),
            ?tripped,
            "a page names a user who must not be there; it was cut"
        );
        self.engine.metrics.denied(crate::observe::Denied::Tripwire);
        let Some(key) = ctx.key().or(ctx.guard.key()) else {
            return;
        };
        let jar = ctx.jar();
        let engine = self.engine.clone();
        let owner = ctx.owner().cloned();
        let client = ctx.asked.as_ref().map(|asked| asked.client.clone());
        // In memory at once, then durably and upstream: this hook cannot wait.
        let now = engine.now();
        let fresh = engine.table.fresh_generation();
        engine
            .table
            .entry(key, now)
            .change(|tracked| tracked.mark_found(None, fresh, now));
        tokio::spawn(async move {
            let client = client.unwrap_or_else(|| engine.own_client());
            if let Some(owner) = owner {
                engine.end_session(&owner, "other-user", &client).await;
            }
            engine.end_upstream(key, &jar).await;
        });
    }

    /// An owner's answer while somebody else may have logged in inside his session: waits.
    pub(super) async fn wait_while_held(&self, ctx: &mut Context) -> Result<()> {
        let (Some(owner), Some(entry)) = (
            ctx.owner().cloned(),
            ctx.session.as_ref().and_then(|s| s.entry.clone()),
        ) else {
            return Ok(());
        };
        loop {
            match entry.tracked().state {
                State::Accepted(session) if session == owner.id() && !owner.is_ended() => {
                    return Ok(());
                }
                State::Held(session) if session == owner.id() && !owner.is_ended() => {
                    if !self.engine.wait_for_verdict(&entry).await {
                        let reply = self.busy(ctx);
                        return Err(Self::instead(ctx, reply));
                    }
                }
                _ => {
                    let reply = self.refusal(ctx, Notice::SessionClosed);
                    return Err(Self::instead(ctx, reply));
                }
            }
        }
    }

    /// A page that was cut before a byte went down: the browser asks again, and is then served as
    /// what it is.
    fn again(&self, ctx: &Context) -> Option<Reply> {
        let asked = ctx.asked.as_ref()?;
        if !asked.safe || !asked.navigation {
            return Some(self.busy(ctx));
        }
        let target = std::str::from_utf8(&asked.target).ok()?;
        let answer = reply::see_other(target);
        if ctx.owner().is_some() {
            return Some(reply::with_cookie(answer, &self.pages.cookies.clear_seal()));
        }
        Some(answer)
    }

    /// Where a user goes once accepted: the upstream's redirect, the page that was asked for, or
    /// home.
    pub(super) fn target_of(&self, location: Option<&[u8]>, asked: &Asked) -> String {
        if location.is_none() && asked.safe && asked.navigation {
            return String::from_utf8_lossy(&asked.target).into_owned();
        }
        self.engine.target_after(location, &asked.client)
    }

    /// The guard of a request that goes up with this permit.
    pub(super) fn guard_of(&self, permit: &Permit, ctx: &Context) -> Guard {
        match (permit.bind(), ctx.owner(), ctx.key()) {
            (Bind::Anonymous { key, generation }, ..) => match ctx.open_mark {
                Some(_) => Guard::visitor(&self.engine, *key),
                None => Guard::Visitor {
                    key: *key,
                    state: State::Free,
                    generation: *generation,
                },
            },
            (Bind::Owner { .. }, Some(session), Some(key)) => Guard::Owner {
                session: session.clone(),
                key,
            },
            (Bind::Bare { .. } | Bind::Owner { .. }, ..) => Guard::Nothing,
        }
    }

    /// Answers and says so.
    pub(super) async fn answer(
        &self,
        session: &mut Session,
        reply: Reply,
    ) -> Result<super::admit::Admitted> {
        respond(session, reply).await?;
        Ok(super::admit::Admitted::Answered)
    }
}
