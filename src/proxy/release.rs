//! What goes down of an answer: cookies stamped or sealed, redirects to the public address, and what
//! a verdict makes of it.

use super::context::{Context, Guard};
use super::gateway::Gateway;
use crate::domain::gate::{Bind, Permit, Watch};
use crate::domain::jar::Jar;
use crate::domain::upstream_session::State;
use crate::flow::judge::{Conclusion, Due};
use crate::flow::probe::set_cookie_pair;
use crate::flow::sessions::LiveSession;
use crate::observe::Denied;
use crate::pages::{Reply, reply};
use crate::primitives::UpstreamKey;
use crate::profile::CookieClass;
use crate::render::Notice;
use http::header::{CACHE_CONTROL, HeaderName, LOCATION, SET_COOKIE};
use http::{HeaderValue, StatusCode};
use pingora::http::ResponseHeader;
use std::sync::Arc;

/// The upstream's promise to the gateway, not to the browser.
static KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// Seconds after which a client may ask again while a session is in doubt.
pub(super) const RETRY_SECONDS: u32 = 10;

/// Whose cookies go down with an answer.
pub(super) enum Handing {
    /// A visitor's: stamped. With `clear_seal` an accepted session ended with this answer.
    Visitor {
        /// Whether the upstream's session cookie goes down at all.
        hand_out: bool,
        /// The browser forgets its seal.
        clear_seal: bool,
    },
    /// The owner's: sealed.
    Owner {
        /// Session.
        session: Arc<LiveSession>,
        /// Its upstream session.
        key: UpstreamKey,
        /// The browser has no seal of it yet.
        fresh: bool,
    },
}

impl Gateway {
    /// How cookies go down when nothing had to be judged.
    pub(super) fn handing(&self, permit: &Permit, ctx: &Context) -> Handing {
        let stale = self.seal_is_stale(ctx);
        match (permit.bind(), ctx.owner(), ctx.key()) {
            (Bind::Owner { .. }, Some(session), Some(key)) => Handing::Owner {
                session: session.clone(),
                key,
                fresh: false,
            },
            (Bind::Bare { hand_out }, ..) => {
                let hand_out = *hand_out && permit.watch() != Watch::Static;
                Handing::Visitor {
                    hand_out,
                    clear_seal: stale,
                }
            }
            (Bind::Anonymous { .. } | Bind::Owner { .. }, ..) => Handing::Visitor {
                hand_out: true,
                clear_seal: stale,
            },
        }
    }

    /// A seal that opens nothing any more is cleared by a navigation's answer only: a late answer to
    /// a script must not clear one that was set meanwhile.
    fn seal_is_stale(&self, ctx: &Context) -> bool {
        let navigation = ctx.asked.as_ref().is_some_and(|asked| asked.navigation);
        navigation
            && ctx
                .session
                .as_ref()
                .is_some_and(|session| session.stale_seal)
    }

    /// A bare request of a browser whose own session waits or is in doubt.
    fn keeps_own_cookie(&self, ctx: &Context) -> bool {
        let bind = ctx.permit.as_ref().map(Permit::bind);
        bind == Some(&Bind::Bare { hand_out: false })
    }

    /// Rewrites an answer's header for the browser.
    pub(super) fn rewrite(
        &self,
        header: &mut ResponseHeader,
        handing: &Handing,
        ctx: &Context,
        jar: &Jar,
    ) -> pingora::Result<()> {
        let cookies: Vec<HeaderValue> =
            header.headers.get_all(SET_COOKIE).iter().cloned().collect();
        header.remove_header(&SET_COOKIE);
        for cookie in &cookies {
            if let Some(value) = self.visitor_cookie(cookie.as_bytes(), handing, jar) {
                header.append_header(SET_COOKIE, value)?;
            }
        }
        match handing {
            Handing::Visitor {
                clear_seal: true, ..
            } => {
                header.append_header(SET_COOKIE, self.pages.cookies.clear_seal())?;
                header.insert_header("clear-site-data", reply::CLEAR_SITE_DATA)?;
            }
            Handing::Visitor {
                clear_seal: false, ..
            } => {}
            Handing::Owner {
                session,
                key,
                fresh,
            } => {
                if *fresh || ctx.session.as_ref().is_none_or(|up| up.jar != *jar) {
                    let sealed = self.engine.sealed_cookie(session, *key, jar);
                    let sealed = sealed.map_err(|_| failed("nothing could be sealed"))?;
                    header.append_header(SET_COOKIE, self.pages.cookies.set_seal(&sealed))?;
                }
                if *fresh {
                    let profile = self.engine.profile();
                    let name = &profile.session_cookie().name;
                    header.append_header(SET_COOKIE, self.pages.cookies.clear_upstream(name))?;
                }
                if kept_for_back(header) {
                    // Made for one user: no cache on the way may keep it (threats.md row 16), nor
                    // may the browser show it again after a logout.
                    header.insert_header(CACHE_CONTROL, HeaderValue::from_static("no-store"))?;
                }
            }
        }
        header.remove_header(&KEEP_ALIVE);
        self.rewrite_location(header, ctx)
    }

    /// One Set-Cookie header of the upstream for the browser: readable ones as they are, a
    /// visitor's session-bearing ones stamped, everything else withheld.
    fn visitor_cookie(&self, header: &[u8], handing: &Handing, jar: &Jar) -> Option<Vec<u8>> {
        let (name, value) = set_cookie_pair(header)?;
        if self.pages.cookies.is_own(name) {
            return None;
        }
        match self.engine.profile().cookie_class(name) {
            CookieClass::Readable | CookieClass::ScriptMade => return Some(header.to_vec()),
            CookieClass::Session | CookieClass::Unlisted => {}
        }
        let Handing::Visitor { hand_out: true, .. } = handing else {
            return None;
        };
        if value.is_empty() {
            return Some(header.to_vec());
        }
        // Of two values for one name only the judged one goes down.
        if jar.get(name) != Some(value) {
            return None;
        }
        let profile = self.engine.profile();
        let session = profile.session_cookie();
        if name == session.name.as_bytes() {
            // The id of a session that waits, was released or is over never goes down again.
            let key = self.engine.key_of_value(value);
            if !matches!(
                self.engine.table.standing(key).0,
                State::Free | State::Suspect
            ) {
                return None;
            }
        }
        let stamped = self.engine.seals.stamp(name, value, self.engine.now());
        let at = memchr::memchr(b';', header).unwrap_or(header.len());
        let attributes = header.get(at..).unwrap_or_default();
        Some([name, b"=", &stamped, attributes].concat())
    }

    /// `Location` of the own host leads to the public address: the upstream may not know that TLS
    /// ends in front of it.
    fn rewrite_location(&self, header: &mut ResponseHeader, ctx: &Context) -> pingora::Result<()> {
        let (Some(origin), Some(asked)) = (&self.pages.origin, &ctx.asked) else {
            return Ok(());
        };
        let Some(location) = header.headers.get(LOCATION) else {
            return Ok(());
        };
        for scheme in [&b"http://"[..], b"https://"] {
            let rest = location.as_bytes().strip_prefix(scheme);
            let Some(rest) = rest.filter(|rest| {
                rest.get(..asked.client.host.len())
                    .is_some_and(|host| host.eq_ignore_ascii_case(&asked.client.host))
            }) else {
                continue;
            };
            let tail = rest.get(asked.client.host.len()..).unwrap_or_default();
            if tail.is_empty() || matches!(tail.first(), Some(b'/' | b'?' | b'#')) {
                let public = [origin.as_bytes(), tail].concat();
                header.insert_header(LOCATION, public)?;
                break;
            }
        }
        Ok(())
    }

    /// What a conclusion makes of an answer: how its cookies go down and what its rest depends on,
    /// or another answer instead.
    pub(super) fn after(
        &self,
        conclusion: Conclusion,
        ctx: &Context,
        jar: &Jar,
    ) -> Result<(Handing, Guard), Box<Reply>> {
        match conclusion {
            Conclusion::Anonymous { ended } => {
                let over = |key| ended && self.engine.table.standing(key).0 == State::Ended;
                let guard = match self.engine.key_of(jar) {
                    // The application says nobody, so the accepted session ended with this very
                    // answer: nothing can come into it any more that the rest depends on.
                    Some(key) if over(key) => Guard::Nothing,
                    Some(key) => Guard::visitor(&self.engine, key),
                    None => Guard::Nothing,
                };
                let hand_out = ended || !self.keeps_own_cookie(ctx);
                let clear_seal = ended || self.seal_is_stale(ctx);
                Ok((
                    Handing::Visitor {
                        hand_out,
                        clear_seal,
                    },
                    guard,
                ))
            }
            Conclusion::SameOwner { session, key } => Ok(owner_handing(session, key, false)),
            Conclusion::Released { session, key } => Ok(owner_handing(session, key, true)),
            Conclusion::SecondFactor(due) => Err(self.withheld(self.second_factor(&due, ctx))),
            Conclusion::InDoubt => {
                Err(self.withheld(self.refusal(ctx, Notice::IdentityUnreadable)))
            }
            Conclusion::Refused => Err(self.withheld(self.busy(ctx))),
        }
    }

    /// What is answered instead of an answer that does not go down.
    fn withheld(&self, instead: Reply) -> Box<Reply> {
        self.engine.metrics.denied(Denied::Answer);
        Box::new(instead)
    }

    /// The way to a waiting login: 303 for people, 401 for scripts, and the ticket for both.
    pub(super) fn second_factor(&self, due: &Due, ctx: &Context) -> Reply {
        let path = self.waiting_path(due);
        let answer = match &ctx.asked {
            Some(asked) if asked.navigation => reply::see_other(&path),
            _ => second_factor_due(&path),
        };
        let answer = reply::with_cookie(
            answer,
            &self.pages.cookies.set_ticket(due.reference, &due.ticket),
        );
        let surplus = ctx.asked.iter().flat_map(|asked| &asked.surplus_tickets);
        let answer = surplus.fold(answer, |answer, old| {
            reply::with_cookie(answer, &self.pages.cookies.clear_ticket(*old))
        });
        if ctx.owner().is_some() {
            return reply::with_cookie(answer, &self.pages.cookies.clear_seal());
        }
        answer
    }

    /// A session is in doubt, or another login is under way on it.
    pub(super) fn busy(&self, ctx: &Context) -> Reply {
        self.refusal(
            ctx,
            Notice::LoginBusy {
                retry_seconds: RETRY_SECONDS,
            },
        )
    }

    /// Both pages of a waiting login know the other: the acceptor leads on to the activation.
    pub(super) fn waiting_page(&self, reference: crate::primitives::WaitingRef) -> String {
        crate::pages::waiting_path(&self.pages, crate::domain::login::Need::Verify, reference)
    }

    fn waiting_path(&self, due: &Due) -> String {
        crate::pages::waiting_path(&self.pages, due.need, due.reference)
    }
}

fn owner_handing(session: Arc<LiveSession>, key: UpstreamKey, fresh: bool) -> (Handing, Guard) {
    let guard = Guard::Owner {
        session: session.clone(),
        key,
    };
    (
        Handing::Owner {
            session,
            key,
            fresh,
        },
        guard,
    )
}

/// A script is told to ask for the second factor: never a page (spse44.md section 9).
pub(super) fn second_factor_due(path: &str) -> Reply {
    let body = serde_json::json!({ "error": "second_factor_due", "location": path });
    reply::json(StatusCode::UNAUTHORIZED, body.to_string())
}

/// Whether an answer may be shown again without asking: Play's own `no-cache` still lets the back
/// button take it from the disk (RFC 9111 section 6). What the application allows on purpose stays.
fn kept_for_back(header: &ResponseHeader) -> bool {
    let told = header.headers.get(CACHE_CONTROL);
    told.is_none_or(|value| value.as_bytes().eq_ignore_ascii_case(b"no-cache"))
}

/// A pingora error of our own; what goes down instead is in the context.
pub(super) fn failed(why: &'static str) -> Box<pingora::Error> {
    pingora::Error::explain(pingora::ErrorType::Custom("gerbang"), why)
}
