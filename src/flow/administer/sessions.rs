//! `session list | end`.

use super::Desk;
use crate::domain::audit::AuditEvent;
use crate::domain::enrollment::Activation;
use crate::domain::login::{Need, Outcome, WaitingLogin};
use crate::domain::office::answer::{SessionLine, SessionState};
use crate::domain::office::{Answer, OfficeError, UserRef, WhichSessions};
use crate::domain::policy::Signature;
use crate::flow::sessions::LiveSession;
use crate::primitives::AccountId;

impl Desk<'_> {
    pub(super) async fn sessions(&self, user: Option<&UserRef>) -> Result<Answer, OfficeError> {
        let only = match user {
            Some(user) => Some(self.resolve(user, false).await?),
            None => None,
        };
        let mut sessions: Vec<SessionLine> = Vec::new();
        for session in self.engine.sessions.all() {
            if only.is_none() || session.account() == only.as_ref() {
                sessions.push(accepted_line(&session));
            }
        }
        for login in self.all_waiting().await? {
            let shown = only.as_ref().is_none_or(|id| login.identity.account == *id);
            if shown && !self.is_dead(&login).await? {
                sessions.push(waiting_line(&login));
            }
        }
        sessions.sort_by(|a, b| (a.since, &a.id).cmp(&(b.since, &b.id)));
        Ok(Answer::Sessions { sessions })
    }

    /// Whether it waits for an activation that was finished elsewhere: its page says so, and nobody
    /// can come through it any more.
    async fn is_dead(&self, login: &WaitingLogin) -> Result<bool, OfficeError> {
        if login.need != Need::Activate {
            return Ok(false);
        }
        let known = self.known(&login.identity.account).await?;
        let key = [b"w", &login.reference.0[..]].concat();
        let running = self.engine.records()?.get::<Activation>(&key).await?;
        // One that is to take the place of a binding is finished as long as that stands.
        let replaces = running.and_then(|running| running.value.replaces);
        Ok(known.bound() != replaces)
    }

    async fn all_waiting(&self) -> Result<Vec<WaitingLogin>, OfficeError> {
        let all = self.engine.records()?.all::<WaitingLogin>().await?;
        let waiting = all.into_iter().map(|(_, stored)| stored.value);
        Ok(waiting
            .filter(|login| login.outcome == Outcome::Waiting)
            .collect())
    }

    pub(super) async fn end(
        &self,
        which: &WhichSessions,
        signature: Signature,
        dry_run: bool,
    ) -> Result<Answer, OfficeError> {
        let signature = self.signed(signature)?;
        let account = match which {
            WhichSessions::User(user) => Some(self.resolve(user, false).await?),
            WhichSessions::Id(_) | WhichSessions::All => None,
        };
        let fits = |id: &str, owner: Option<&AccountId>| match which {
            WhichSessions::Id(wanted) => id == wanted,
            WhichSessions::User(_) => owner == account.as_ref(),
            WhichSessions::All => true,
        };
        let live: Vec<_> = self
            .engine
            .sessions
            .all()
            .into_iter()
            .filter(|session| fits(&session_id(session), session.account()))
            .collect();
        let waiting: Vec<_> = self
            .all_waiting()
            .await?
            .into_iter()
            .filter(|login| fits(&login_id(login), Some(&login.identity.account)))
            .collect();
        if let (WhichSessions::Id(id), true) = (which, live.is_empty() && waiting.is_empty()) {
            let message = format!("there is no session {id}; see `session list`");
            return Err(OfficeError::unknown(message));
        }
        let lines = vec![format!(
            "{} sessions and {} waiting logins end",
            live.len(),
            waiting.len()
        )];
        if !dry_run {
            // First of all, so that nothing ends without it.
            let named = match which {
                WhichSessions::Id(id) => id.clone(),
                WhichSessions::User(_) => "all of the account".to_owned(),
                WhichSessions::All => "all".to_owned(),
            };
            let event = AuditEvent::SessionsEnded {
                which: named,
                count: u64::try_from(live.len() + waiting.len()).unwrap_or(u64::MAX),
                reason: signature.reason.clone(),
            };
            let who = account.as_ref().map(|id| (id, None));
            let record = self.record(who, &signature, event);
            let records = self.engine.records()?;
            records.commit(records.draft().audit(&record)).await?;
            let client = self.client(&signature);
            for session in live {
                self.engine.end_session(&session, "admin", &client).await;
            }
            for login in waiting {
                self.engine.abandon_login(&login, "admin", &client).await;
            }
        }
        Ok(Answer::Done { lines, dry_run })
    }

    /// Ends every session and waiting login of an account; how many. Called after what ends them is
    /// written: it must not fail any more, and the sweep ends what it misses.
    pub(super) async fn end_all_of(
        &self,
        id: &AccountId,
        reason: &str,
        signature: &Signature,
    ) -> usize {
        let client = self.client(signature);
        let live = self.engine.sessions.of_account(id);
        let mut count = live.len();
        for session in live {
            self.engine.end_session(&session, reason, &client).await;
        }
        let waiting = match self.waiting_of(id).await {
            Ok(waiting) => waiting,
            Err(error) => {
                tracing::error!(%error, "waiting logins of an account could not be ended");
                Vec::new()
            }
        };
        count += waiting.len();
        for login in waiting {
            self.engine.abandon_login(&login, reason, &client).await;
        }
        count
    }
}

fn accepted_line(session: &LiveSession) -> SessionLine {
    let record = session.to_record();
    SessionLine {
        id: session_id(session),
        account: session.account().cloned(),
        role: record.identity.map(|who| who.role.as_str().to_owned()),
        state: match record.factor {
            Some(_) => SessionState::Accepted,
            None => SessionState::Password,
        },
        since: record.created,
        last: record.last_seen,
        under_way: session.under_way(),
    }
}

fn waiting_line(login: &WaitingLogin) -> SessionLine {
    SessionLine {
        id: login_id(login),
        account: Some(login.identity.account.clone()),
        role: Some(login.identity.role.as_str().to_owned()),
        state: match login.need {
            Need::Activate => SessionState::WaitsForActivation,
            Need::Verify => SessionState::WaitsForCode,
        },
        since: login.created,
        last: login.created,
        under_way: 0,
    }
}

/// As the log writes them.
fn session_id(session: &LiveSession) -> String {
    format!("{:?}", session.id())
}

fn login_id(login: &WaitingLogin) -> String {
    format!("{:?}", login.reference)
}
