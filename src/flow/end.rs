//! Ends of sessions: at once in memory, then durably, then upstream until it is confirmed.

use crate::domain::audit::AuditEvent;
use crate::domain::enrollment::Account;
use crate::domain::gate::Permit;
use crate::domain::jar::Jar;
use crate::domain::login::WaitingLogin;
use crate::domain::session::GatewaySession;
use crate::domain::upstream_session::{State, StoredState};
use crate::flow::probe::{Budget, Verdict};
use crate::flow::sessions::LiveSession;
use crate::flow::upstream::UpstreamRequest;
use crate::flow::{Client, Engine};
use crate::primitives::UpstreamKey;
use crate::store::Expect;
use bytes::Bytes;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// How often the upstream's own logout is tried before it is left to its own timeout.
const LOGOUT_TRIES: u32 = 6;
/// Time for one logout request.
const LOGOUT_SECONDS: u64 = 30;

impl Engine {
    /// Ends an accepted session on our side; cookies copied before are dead from here on.
    pub async fn end_session(&self, session: &LiveSession, reason: &str, client: &Client) {
        if !session.end() {
            return;
        }
        self.sessions.remove(session.id());
        let jar = session.jar();
        for key in session.keys() {
            self.end_upstream(key, &jar).await;
        }
        let Ok(records) = self.records() else { return };
        let who = session
            .record()
            .identity
            .as_ref()
            .map(|i| (&i.account, i.role.as_str()));
        let event = AuditEvent::SessionEnded {
            reason: reason.to_owned(),
        };
        let draft = records
            .draft()
            .delete::<GatewaySession>(&session.id().0, Expect::Any)
            .audit(&self.audit(client, who, event));
        if let Err(error) = records.commit(draft).await {
            // The tombstones of its upstream sessions are what counts; they are replayed.
            tracing::error!(session = ?session.id(), %error, "the end of a session could not be recorded");
        }
    }

    /// Whether the account moved on to another epoch since this session was accepted: a reset, or
    /// another binding, that was written at the same moment and could not see it yet.
    pub(crate) async fn is_outdated(&self, session: &LiveSession) -> bool {
        let (Some(account), Ok(records)) = (session.account(), self.records()) else {
            return false;
        };
        let key = records.account_key(account);
        let found = records.get::<Account>(&key).await;
        let epoch = found.ok().flatten().map_or(0, |stored| stored.value.epoch);
        session.account_epoch() < epoch
    }

    /// Ends one upstream session: tombstone, and the upstream's own logout is owed.
    pub async fn end_upstream(&self, key: UpstreamKey, jar: &Jar) {
        self.end_upstream_if(key, jar, None).await;
    }

    async fn end_upstream_if(&self, key: UpstreamKey, jar: &Jar, only: Option<State>) {
        let now = self.now();
        let entry = self.table.entry(key, now);
        let order = entry.durable.lock().await;
        if only.is_some_and(|state| entry.tracked().state != state) {
            return;
        }
        let generation = self.table.fresh_generation();
        let before = entry.tracked().state;
        entry.change(|tracked| tracked.end(generation, now));
        entry.keep_jar(jar);
        let jar = entry.jar();
        let written = match self.records() {
            Ok(records) => {
                self.write_state(records, key, State::Ended, &jar, true)
                    .await
            }
            Err(error) => Err(error),
        };
        drop(order);
        if let Err(error) = written {
            tracing::error!(session = ?key, %error, "a tombstone could not be written; it will be replayed");
            let mut owed = self
                .unwritten_ends
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            owed.push((key, jar));
            // What is stored as in doubt or waiting opens nothing after a crash either.
            let was_open = matches!(before, State::Accepted(_) | State::Held(_));
            if was_open && let Err(error) = self.reminder.set(true) {
                tracing::error!(%error, "a crash before the replay would forget that sessions ended");
            }
        }
        self.owe_logout(key);
    }

    /// Notes that the upstream's own logout is due; the sweeper's task takes it from there.
    pub(crate) fn owe_logout(&self, key: UpstreamKey) {
        // The receiver lives as long as the gateway; without one (tests) nothing is owed.
        let _ = self.errands.send(key);
    }

    /// Ends a waiting login: cancelled, too late, or logged out.
    pub async fn abandon_login(&self, login: &WaitingLogin, reason: &str, client: &Client) {
        for key in &login.keys {
            // Only while it still waits for this very login: it may have been accepted meanwhile.
            self.end_upstream_if(*key, &login.jar, Some(State::Awaiting(login.reference)))
                .await;
        }
        if reason != "admin" && reason != "reset" {
            self.did_not_get_in(&login.identity);
        }
        let Ok(records) = self.records() else { return };
        let who = Some((&login.identity.account, login.identity.role.as_str()));
        let event = AuditEvent::LoginAbandoned {
            reason: reason.to_owned(),
        };
        let draft = records
            .draft()
            .delete::<WaitingLogin>(&login.reference.0, Expect::Any)
            .audit(&self.audit(client, who, event));
        if let Err(error) = records.commit(draft).await {
            tracing::error!(login = ?login.reference, %error, "the end of a login could not be recorded");
        }
    }

    /// Logs an ended upstream session out with the upstream's own request, and again after its
    /// longest answer time, until a probe says nobody: a login may still be under way in there.
    pub async fn log_out_upstream(self: Arc<Self>, key: UpstreamKey) {
        let client = self.own_client();
        let mut pause = self.profile().longest_answer_seconds();
        for attempt in 0..LOGOUT_TRIES {
            if attempt > 0 {
                tokio::time::sleep(Duration::from_secs(pause)).await;
                pause = pause.saturating_mul(2);
            }
            let Some(entry) = self.table.find(key) else {
                return;
            };
            let jar = entry.jar();
            if jar.is_empty() {
                break;
            }
            let Ok(_turn) = self.logouts.acquire().await else {
                return;
            };
            let request = self.logout_request(&jar, &client);
            if let Err(error) = self.upstream.send(&Permit::own_errand(), request).await {
                tracing::warn!(session = ?key, %error, "the upstream's own logout failed; it is tried again");
                continue;
            }
            let verdict = self.probe(&jar, &client, Some(&entry), Budget::Blind).await;
            if attempt > 0 && verdict == Verdict::Nobody {
                break;
            }
        }
        let Some(entry) = self.table.find(key) else {
            return;
        };
        let _order = entry.durable.lock().await;
        if let Ok(records) = self.records()
            && let Err(error) = self
                .write_state(records, key, State::Ended, &Jar::default(), false)
                .await
        {
            tracing::error!(session = ?key, %error, "a paid logout could not be written");
        }
    }

    fn logout_request(&self, jar: &Jar, client: &Client) -> UpstreamRequest {
        let profile = self.profile();
        let logout = profile.logout_request();
        let mut headers = client.forwarded_headers();
        headers.push(("Accept-Encoding".into(), b"identity".to_vec()));
        headers.push(("Cookie".into(), jar.to_cookie_line()));
        headers.push((
            "Content-Type".into(),
            b"application/x-www-form-urlencoded".to_vec(),
        ));
        UpstreamRequest {
            method: http::Method::from_bytes(logout.method.as_bytes())
                .unwrap_or(http::Method::POST),
            target: logout.path.clone().into_bytes(),
            headers,
            body: Bytes::new(),
            deadline: Duration::from_secs(LOGOUT_SECONDS),
            answer_bytes_max: 256 * 1024,
        }
    }

    /// Writes tombstones that could not be written when they were due.
    pub(crate) async fn replay_ends(&self) {
        let owed = {
            let mut owed = self
                .unwritten_ends
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *owed)
        };
        if owed.is_empty() {
            return;
        }
        for (key, jar) in owed {
            let Ok(records) = self.records() else { return };
            let stored = StoredState {
                state: State::Ended,
                since: self.now(),
                jar: jar.clone(),
                logout_owed: true,
            };
            let draft = records.draft().put(&key.0, Expect::Any, &stored);
            if records.commit(draft).await.is_err() {
                let mut owed = self
                    .unwritten_ends
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                owed.push((key, jar));
            }
        }
        self.clear_reminder();
    }

    /// Once nothing is owed any more.
    pub(crate) fn clear_reminder(&self) {
        let owed = self
            .unwritten_ends
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if owed.is_empty()
            && let Err(error) = self.reminder.set(false)
        {
            tracing::warn!(%error, "the next start will end every session");
        }
    }
}
