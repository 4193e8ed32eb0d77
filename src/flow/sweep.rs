//! The broom: what ends by itself, what is owed, what is forgotten.

use crate::domain::enrollment::Activation;
use crate::domain::invitation::Invitation;
use crate::domain::login::{Outcome, REPEAT_SECONDS, WaitingLogin};
use crate::domain::requests::Requests;
use crate::domain::reset::ResetCase;
use crate::domain::session::{GatewaySession, Liveness};
use crate::domain::upstream_session::{State, StoredState};
use crate::flow::keeper::Keeping;
use crate::flow::{Engine, FlowError, Vault};
use crate::primitives::UpstreamKey;
use crate::store::Expect;
use crate::store::records::{KEY_CHECK, KeyCheck, Record};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

/// Between two sweeps.
const SWEEP_SECONDS: u64 = 10;
/// Last activity is written when it moved by so much: a crash then costs at most this of the idle
/// time, on the safe side.
const SEEN_SECONDS: u64 = 60;
/// Sessions written in one step; an engine takes 64.
const SEEN_BATCH: usize = 50;
/// Free sessions that were in doubt are forgotten after so long without a request holding them.
const FREE_MEMORY_SECONDS: u64 = 60;

impl Engine {
    /// Sweeps until `stop` resolves; takes owed logouts as they come. The audit log is kept beside it.
    pub async fn run_sweeper(
        self: Arc<Self>,
        mut errands: UnboundedReceiver<UpstreamKey>,
        stop: impl Future<Output = ()>,
    ) {
        tokio::pin!(stop);
        let keeping = Keeping::start(&self);
        let mut tick = tokio::time::interval(Duration::from_secs(SWEEP_SECONDS));
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(key) = errands.recv() => {
                    tokio::spawn(self.clone().log_out_upstream(key));
                }
                _ = tick.tick() => {
                    if let Err(error) = self.sweep().await
                        && matches!(self.vault, Vault::Open(_))
                    {
                        tracing::error!(%error, "a sweep could not be finished");
                    }
                    self.metrics.beat();
                    self.readiness();
                }
            }
        }
        self.replay_ends().await;
        if let Err(error) = self.write_seen(1).await {
            tracing::error!(%error, "the last activity of sessions could not be written");
        }
        if let Some(keeping) = keeping {
            keeping.end().await;
        }
    }

    /// One sweep.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails; what is closed in memory stays closed.
    pub async fn sweep(&self) -> Result<(), FlowError> {
        self.replay_ends().await;
        self.look_for_glass().await;
        self.sweep_sessions().await;
        self.sweep_upstream().await;
        self.settle_policy().await?;
        self.look_at_results().await?;
        self.look_at_readiness().await;
        self.sweep_waiting().await?;
        self.sweep_lost_waits().await?;
        self.write_seen(SEEN_SECONDS).await
    }

    async fn sweep_sessions(&self) {
        let now = self.now();
        let client = self.own_client();
        for session in self.sessions.all() {
            session.forget_codes(now);
            let reason = match session.liveness(self.settings.session, now) {
                Liveness::Live if self.is_outdated(&session).await => "policy",
                Liveness::Live => continue,
                Liveness::Idle => "idle",
                Liveness::TooOld => "absolute",
            };
            // Requests under way hold it open; new ones are not taken any more.
            if session.under_way() == 0 {
                self.end_session(&session, reason, &client).await;
                // Thousands may end together: a sweep that goes on is a sign of life.
                self.metrics.beat();
            }
        }
    }

    async fn sweep_upstream(&self) {
        let now = self.now();
        let longest_answer = self.profile().longest_answer_seconds();
        let tombstone = self
            .profile()
            .session_longest_life_seconds()
            .saturating_add(longest_answer);
        for (key, entry) in self.table.all() {
            let tracked = entry.tracked();
            if tracked.is_abandoned(longest_answer, now) {
                let jar = entry.jar();
                if let State::Held(session) = tracked.state
                    && let Some(session) = self.sessions.find(session)
                {
                    self.end_session(&session, "in-doubt", &self.own_client())
                        .await;
                }
                self.end_upstream(key, &jar).await;
                continue;
            }
            let age = now.since(tracked.since);
            drop(entry);
            match tracked.state {
                State::Free if age >= FREE_MEMORY_SECONDS => self.table.forget(key),
                State::Ended if age >= tombstone => {
                    let Ok(records) = self.records() else {
                        continue;
                    };
                    // No stamped cookie with this id can open any more.
                    let draft = records.draft().delete::<StoredState>(&key.0, Expect::Any);
                    if let Err(error) = records.commit(draft).await {
                        tracing::error!(session = ?key, %error, "a tombstone past its time stays");
                        continue;
                    }
                    self.table.forget(key);
                }
                State::Free
                | State::Suspect
                | State::Awaiting(_)
                | State::Accepted(_)
                | State::Held(_)
                | State::Ended => {}
            }
        }
    }

    async fn sweep_waiting(&self) -> Result<(), FlowError> {
        let records = self.records()?;
        let now = self.now();
        let client = self.own_client();
        for (key, stored) in records.all::<WaitingLogin>().await? {
            let login = stored.value;
            match &login.outcome {
                Outcome::Waiting => {
                    if login.seconds_left(self.settings.login, now) == 0 {
                        self.abandon_login(&login, "too-late", &client).await;
                    }
                }
                Outcome::Accepted { at, .. } if now.since(*at) >= REPEAT_SECONDS => {
                    let expect = Expect::Version(stored.version);
                    let draft = records.draft().delete::<WaitingLogin>(&key, expect);
                    records.commit(draft).await?;
                }
                Outcome::Accepted { .. } => {}
            }
        }
        let limits = self.settings.activation;
        self.drop_over(|it: &Activation| it.is_over(limits, now))
            .await?;
        self.drop_over(|it: &Requests| it.is_forgotten(now)).await?;
        self.drop_over(|it: &Invitation| it.is_over(now)).await?;
        self.drop_over(|it: &ResetCase| it.is_forgotten(now)).await
    }

    /// Deletes what counts no more.
    async fn drop_over<R: Record>(&self, is_over: impl Fn(&R) -> bool) -> Result<(), FlowError> {
        let records = self.records()?;
        for (key, stored) in records.all::<R>().await? {
            if is_over(&stored.value) {
                let expect = Expect::Version(stored.version);
                let draft = records.draft().delete::<R>(&key, expect);
                // Begun anew meanwhile: then it is not this one that is over.
                let _ = records.commit(draft).await;
            }
        }
        Ok(())
    }

    /// Ends what waits for a login that is not there: it could not be written, or its acceptance was
    /// written and the answer to that was lost, so that nobody was ever told of it.
    async fn sweep_lost_waits(&self) -> Result<(), FlowError> {
        let records = self.records()?;
        for (key, entry) in self.table.all() {
            let State::Awaiting(reference) = entry.tracked().state else {
                continue;
            };
            let order = entry.durable.lock().await;
            if entry.tracked().state != State::Awaiting(reference) {
                continue;
            }
            let login = records.get::<WaitingLogin>(&reference.0).await?;
            drop(order);
            let session = match login.map(|stored| stored.value.outcome) {
                Some(Outcome::Waiting) => continue,
                Some(Outcome::Accepted { session, .. }) => Some(session),
                None => None,
            };
            self.end_upstream(key, &entry.jar()).await;
            if let Some(session) = session {
                let draft = records.draft();
                let draft = draft.delete::<GatewaySession>(&session.0, Expect::Any);
                records.commit(draft).await?;
            }
        }
        Ok(())
    }

    /// Writes last activity and the highest time; both may be lost, and then fail on the safe side.
    async fn write_seen(&self, seconds: u64) -> Result<(), FlowError> {
        let records = self.records()?;
        let mut due = self.sessions.all();
        due.retain(|session| !session.is_ended() && session.take_unwritten_seen(seconds));
        for some in due.chunks(SEEN_BATCH) {
            let mut draft = records.draft();
            for session in some {
                let record = session.to_record();
                if let Some(stored) = records.get::<GatewaySession>(&record.id.0).await? {
                    draft = draft.put(&record.id.0, Expect::Version(stored.version), &record);
                }
            }
            // One that ended or changed meanwhile spoils its batch; the next sweep writes the rest.
            let _ = records.commit(draft).await;
        }
        let now = self.now().0;
        let before = self.clock_high.fetch_max(now, Ordering::Relaxed);
        let clock_high = crate::primitives::UnixSeconds(before.max(now));
        let draft = records
            .draft()
            .put(KEY_CHECK, Expect::Any, &KeyCheck { clock_high });
        records.commit(draft).await?;
        Ok(())
    }
}
