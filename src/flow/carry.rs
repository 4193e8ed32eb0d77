//! Known logins are carried out by the gateway itself: marked, sent by a task that outlives the
//! browser, probed in the same task, then answered. Whoever hangs up leaves a session in doubt,
//! never a free one.

use crate::domain::gate::{Evidence, Permit};
use crate::domain::jar::Jar;
use crate::flow::judge::{Case, Conclusion};
use crate::flow::mark::MarkError;
use crate::flow::probe::{Budget, Verdict, set_cookie_pair};
use crate::flow::sessions::LiveSession;
use crate::flow::upstream::{UpstreamAnswer, UpstreamError, UpstreamRequest};
use crate::flow::{Client, Engine, FlowError};
use crate::primitives::UpstreamKey;
use http::header::{LOCATION, SET_COOKIE};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How often it is looked whether an accepted session's other requests are through.
const QUIET_POLL_MILLIS: u64 = 20;

/// A known login, read whole.
pub struct Login {
    /// From the gate.
    pub permit: Permit,
    /// As it goes up.
    pub request: UpstreamRequest,
    /// The upstream session that goes with it.
    pub sent: Option<UpstreamKey>,
    /// Its cookies.
    pub jar: Jar,
    /// The accepted session in which it is typed.
    pub owner: Option<Arc<LiveSession>>,
    /// Who asks.
    pub client: Client,
    /// Digest of the request as the browser sent it.
    pub digest: [u8; 32],
}

/// How it went.
pub enum LoginOutcome {
    /// The upstream answered, and this is what becomes of the answer.
    Answered {
        /// The answer.
        answer: UpstreamAnswer,
        /// The upstream's cookies after it.
        jar: Jar,
        /// What becomes of it.
        conclusion: Conclusion,
    },
    /// Another login, or work, is under way on the session: nothing went up.
    Busy,
    /// The session waits for a second factor or is over: nothing went up.
    Refused,
    /// No answer: the session stays in doubt.
    Failed(UpstreamError),
    /// The store failed.
    Flow(FlowError),
}

impl Engine {
    /// Carries a login out. It goes on when the caller goes away.
    pub async fn carry_login(self: &Arc<Self>, login: Login) -> LoginOutcome {
        if let Err(error) = self.usable() {
            return LoginOutcome::Flow(error);
        }
        if let Some(owner) = &login.owner {
            if !self.wait_until_quiet(owner).await {
                return LoginOutcome::Failed(UpstreamError::Withdrawn);
            }
            // One login, one code (threats.md row 58): where the upstream has forgotten the owner,
            // his record ends first, and what he types now is a login like any other.
            let looked = self
                .probe(&login.jar, &login.client, None, Budget::Known)
                .await;
            if looked == Verdict::Nobody {
                self.end_session(owner, "upstream-ended", &login.client)
                    .await;
                return LoginOutcome::Refused;
            }
        }
        let turn = match login.sent {
            Some(key) => self.turn_of_login(key).await,
            None => None,
        };
        // A flood of logins holds so many connections to the upstream and no more. Taken once
        // nothing is waited for that whoever asks could draw out.
        let wait = Duration::from_secs(self.settings.verdict_wait_seconds);
        let Ok(Ok(_slot)) = timeout(wait, self.budgets.logins.acquire()).await else {
            return LoginOutcome::Failed(UpstreamError::Withdrawn);
        };
        if let Some(key) = login.sent {
            match self.mark(key, &login.jar).await {
                Ok(()) => {}
                Err(MarkError::Busy) => return LoginOutcome::Busy,
                Err(MarkError::Refused | MarkError::Stale) => return LoginOutcome::Refused,
                Err(MarkError::Store(error)) => return LoginOutcome::Flow(error),
            }
        }
        drop(turn);
        // Work of the owner that began between the first look and the mark would run as whoever
        // logs in now.
        if let Some(owner) = &login.owner
            && !self.wait_until_quiet(owner).await
        {
            if let Some(key) = login.sent {
                let _ = self.settle_same(key).await;
            }
            return LoginOutcome::Busy;
        }
        let engine = self.clone();
        let sent = login.sent;
        match tokio::spawn(async move { engine.carry_out(login).await }).await {
            Ok(outcome) => outcome,
            Err(error) => {
                tracing::error!(%error, "a login task ended without an outcome");
                if let Some(key) = sent {
                    self.settle_lost(key);
                }
                LoginOutcome::Failed(UpstreamError::Broken)
            }
        }
    }

    async fn carry_out(self: Arc<Self>, login: Login) -> LoginOutcome {
        let answer = match self.upstream.send(&login.permit, login.request).await {
            Ok(answer) => answer,
            Err(error) => {
                if let Some(key) = login.sent {
                    // Without a connection nothing went up, so nothing is in doubt.
                    if matches!(
                        error,
                        UpstreamError::Unreachable | UpstreamError::HeadTooLong
                    ) {
                        let _ = self.settle_same(key).await;
                    } else {
                        self.settle_lost(key);
                    }
                }
                return LoginOutcome::Failed(error);
            }
        };
        let mut jar = login.jar.clone();
        for header in answer.headers.get_all(SET_COOKIE) {
            if let Some((name, value)) = set_cookie_pair(header.as_bytes())
                && self.bears_session(name)
            {
                jar.set(name, value);
            }
        }
        let location = answer
            .headers
            .get(LOCATION)
            .map(http::HeaderValue::as_bytes);
        let case = Case {
            evidence: Evidence::KnownLogin,
            client: &login.client,
            sent: login.sent,
            sent_jar: login.jar,
            jar: jar.clone(),
            owner: login.owner,
            marked: true,
            began: None,
            target: self.target_after(location, &login.client),
            request: Some(login.digest),
        };
        match self.conclude(case).await {
            Ok(conclusion) => LoginOutcome::Answered {
                answer,
                jar,
                conclusion,
            },
            Err(error) => LoginOutcome::Flow(error),
        }
    }

    /// Where the user goes once accepted: the upstream's redirect if it stays on this site, else
    /// its home page.
    pub fn target_after(&self, location: Option<&[u8]>, client: &Client) -> String {
        let hosts = self.own_hosts(client);
        location
            .and_then(|location| self.profile().own_target(location, &hosts))
            .unwrap_or_else(|| self.home())
    }

    /// Waits until nothing that may change something is under way in an accepted session: it would
    /// be carried out in the name of whoever logs in inside it.
    async fn wait_until_quiet(&self, owner: &LiveSession) -> bool {
        let wait = Duration::from_secs(self.settings.verdict_wait_seconds);
        timeout(wait, async {
            while owner.unsettled() > 0 {
                sleep(Duration::from_millis(QUIET_POLL_MILLIS)).await;
            }
        })
        .await
        .is_ok()
    }
}
