//! Known logins and logouts on the wire: read whole, carried out by the flows, answered here.

use super::admit::Admitted;
use super::context::Context;
use super::gateway::Gateway;
use super::release::Handing;
use super::respond::{respond, respond_and_close};
use crate::flow::carry::{Login, LoginOutcome};
use crate::flow::upstream::{UpstreamAnswer, UpstreamError, UpstreamRequest};
use crate::pages::{Reply, notice, reply};
use crate::render::Notice;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use pingora::Result;
use pingora::http::ResponseHeader;
use pingora::proxy::Session;
use std::time::Duration;

/// Largest answer to a login that is read: SPSE's are redirects or a form.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

impl Gateway {
    /// Carries a known login out. `None` asks for another round.
    pub(super) async fn carry(
        &self,
        session: &mut Session,
        ctx: &mut Context,
        body: Bytes,
        complete: bool,
    ) -> Result<Option<Admitted>> {
        if !complete {
            let reply = self.refusal(ctx, Notice::TooLarge);
            respond_and_close(session, reply).await?;
            return Ok(Some(Admitted::Answered));
        }
        let (Some(asked), Some(permit), Some(up)) = (&ctx.asked, &ctx.permit, &ctx.session) else {
            return Ok(None);
        };
        if let Some(under_way) = &up.under_way {
            // It must not wait for itself.
            under_way.settle();
        }
        let digest = request_digest(&asked.target, &body);
        if let Some(entry) = &up.entry
            && let Some(due) = self.engine.same_wait(entry, digest).await
        {
            let reply = self.second_factor(&due, ctx);
            return self.answer(session, reply).await.map(Some);
        }
        let login = Login {
            permit: permit.clone(),
            request: self.own_request(session, ctx, body),
            sent: up.key,
            jar: up.jar.clone(),
            owner: ctx.owner().cloned(),
            client: asked.client.clone(),
            digest,
        };
        match self.engine.carry_login(login).await {
            LoginOutcome::Answered {
                answer,
                jar,
                conclusion,
            } => {
                let reply = match self.after(conclusion, ctx, &jar) {
                    Ok((handing, _)) => {
                        return self
                            .pass_on(session, ctx, answer, &handing, &jar)
                            .await
                            .map(Some);
                    }
                    Err(reply) => *reply,
                };
                respond(session, reply).await?;
            }
            LoginOutcome::Busy => return Ok(None),
            LoginOutcome::Refused => return Ok(None),
            LoginOutcome::Failed(error) => {
                let reply = self.refusal(ctx, notice_of(error));
                respond(session, reply).await?;
            }
            LoginOutcome::Flow(error) => {
                let reply = self.refusal(ctx, notice::of_flow_error(&error));
                respond(session, reply).await?;
            }
        }
        Ok(Some(Admitted::Answered))
    }

    /// The owner logs out by the upstream's own link: our side ends first, then the upstream's
    /// answer goes down, without its session cookie.
    pub(super) async fn log_out(
        &self,
        session: &mut Session,
        ctx: &mut Context,
        body: Bytes,
    ) -> Result<Admitted> {
        let (Some(owner), Some(asked)) = (ctx.owner().cloned(), &ctx.asked) else {
            let reply = reply::see_other(&self.pages.frame.home);
            return self.answer(session, reply).await;
        };
        let request = self.own_request(session, ctx, body);
        let jar = ctx.jar();
        owner.keep_jar(&jar);
        self.engine
            .end_session(&owner, "logout", &asked.client)
            .await;
        let permit = crate::domain::gate::Permit::own_errand();
        use crate::flow::upstream::Upstream;
        let handing = Handing::Visitor {
            hand_out: true,
            clear_seal: true,
        };
        match self.own_client.send(&permit, request).await {
            Ok(answer) if answer.status.is_redirection() || answer.status.is_success() => {
                self.pass_on(session, ctx, answer, &handing, &jar).await
            }
            // The upstream failed; its own logout is tried again in the background.
            Ok(_) | Err(_) => {
                let reply = reply::see_other(&self.pages.frame.home);
                let reply = reply::with_cookie(reply, &self.pages.cookies.clear_seal());
                self.answer(session, reply).await
            }
        }
    }

    /// An answer that was read whole, on its way down.
    async fn pass_on(
        &self,
        session: &mut Session,
        ctx: &Context,
        answer: UpstreamAnswer,
        handing: &Handing,
        jar: &crate::domain::jar::Jar,
    ) -> Result<Admitted> {
        let mut header = ResponseHeader::build(answer.status, Some(answer.headers.len() + 4))?;
        for (name, value) in &answer.headers {
            if name != TRANSFER_ENCODING
                && name != CONTENT_LENGTH
                && name != http::header::CONNECTION
            {
                header.append_header(name.clone(), value.clone())?;
            }
        }
        self.rewrite(&mut header, handing, ctx, jar)?;
        header.insert_header(CONTENT_LENGTH, answer.body.len().to_string())?;
        let head = session.req_header().method == http::Method::HEAD;
        session
            .write_response_header(Box::new(header), head)
            .await?;
        if !head {
            session.write_response_body(Some(answer.body), true).await?;
        }
        Ok(Admitted::Answered)
    }

    /// A client's request as the gateway's own client sends it: the same headers but for framing,
    /// cookies and forwarding, which are ours.
    pub(super) fn own_request(
        &self,
        session: &Session,
        ctx: &Context,
        body: Bytes,
    ) -> UpstreamRequest {
        let header = session.req_header();
        let mut headers = Vec::with_capacity(header.headers.len() + 4);
        let asked = ctx.asked.as_ref();
        if let Some(asked) = asked {
            headers.extend(asked.client.forwarded_headers());
        }
        for (name, value) in &header.headers {
            let ours = name == CONTENT_LENGTH
                || name == TRANSFER_ENCODING
                || name == http::header::CONNECTION
                || name == http::header::USER_AGENT
                || matches!(
                    name.as_str(),
                    "keep-alive" | "te" | "trailer" | "proxy-connection"
                );
            if !ours && super::intake::goes_up(name) {
                headers.push((title_case(name.as_str()), value.as_bytes().to_vec()));
            }
        }
        headers.push(("Accept-Encoding".into(), b"identity".to_vec()));
        headers.push(("Cookie".into(), ctx.cookie_line()));
        UpstreamRequest {
            method: header.method.clone(),
            target: asked.map(|asked| asked.target.clone()).unwrap_or_default(),
            headers,
            body,
            deadline: Duration::from_secs(self.engine.profile().longest_answer_seconds()),
            answer_bytes_max: ANSWER_BYTES_MAX,
        }
    }
}

/// Recognises the very same login request: who sends the same bytes knows the same password.
fn request_digest(target: &[u8], body: &[u8]) -> [u8; 32] {
    crate::seal::digest(&[target, b"\0", body])
}

/// `content-type` as `Content-Type`: header names are case-insensitive, but old parsers are old.
fn title_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut upper = true;
    for c in name.chars() {
        out.push(if upper { c.to_ascii_uppercase() } else { c });
        upper = c == '-';
    }
    out
}

fn notice_of(error: UpstreamError) -> Notice {
    match error {
        UpstreamError::TimedOut => Notice::UpstreamSlow,
        UpstreamError::Withdrawn => Notice::LoginBusy { retry_seconds: 10 },
        UpstreamError::Unreachable | UpstreamError::Broken => Notice::UpstreamDown,
        UpstreamError::TooLarge => Notice::UpstreamUnreadable,
        UpstreamError::HeadTooLong => Notice::HeadTooLong,
    }
}

/// What a failed exchange of the own client means for the user.
pub(super) fn refusal_of(error: UpstreamError, gateway: &Gateway, ctx: &Context) -> Reply {
    gateway.refusal(ctx, notice_of(error))
}
