//! What was known before: sessions and states from the store at start.

use crate::domain::enrollment::Account;
use crate::domain::session::GatewaySession;
use crate::domain::upstream_session::{State, StoredState};
use crate::flow::{Engine, FlowError};
use crate::primitives::{AccountId, GatewaySessionId, UnixSeconds, UpstreamKey};
use crate::store::Expect;
use crate::store::records::{KEY_CHECK, KeyCheck};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

impl Engine {
    /// Takes in what the store knows. Sessions whose account moved on to a new epoch are left out,
    /// and so are upstream sessions released to a session that is no more: both end.
    ///
    /// # Errors
    /// [`FlowError`] when anything cannot be read: then the store must not be used (I8).
    pub async fn restore(&self) -> Result<(), FlowError> {
        let records = self.records()?;
        self.restore_policy().await?;
        if let Some(check) = records.get::<KeyCheck>(KEY_CHECK).await? {
            self.clock_high
                .fetch_max(check.value.clock_high.0, Ordering::Relaxed);
        }
        let all_end = self.reminder.is_set();
        if all_end {
            tracing::warn!("sessions ended before a crash that could not be written: all end now");
        }
        let epochs: BTreeMap<AccountId, u64> = records
            .all::<Account>()
            .await?
            .into_iter()
            .map(|(_, stored)| (stored.value.id.clone(), stored.value.epoch))
            .collect();
        let mut live: BTreeSet<GatewaySessionId> = BTreeSet::new();
        for (_, stored) in records.all::<GatewaySession>().await? {
            let session = stored.value;
            self.saw_time(session.created);
            let account = session.identity.as_ref().map(|identity| &identity.account);
            let epoch = account.and_then(|id| epochs.get(id)).copied().unwrap_or(0);
            if all_end {
                let draft = records.draft();
                let draft = draft.delete::<GatewaySession>(&session.id.0, Expect::Any);
                if let Err(error) = records.commit(draft).await {
                    // Its upstream session ends below all the same, in memory if not on the disk.
                    tracing::error!(session = ?session.id, %error, "a session's record stays");
                }
            } else if session.account_epoch >= epoch {
                live.insert(session.id);
                self.sessions.insert(session);
            }
        }
        let mut orphans = Vec::new();
        for (key, stored) in records.all::<StoredState>().await? {
            let Ok(key) = <[u8; 16]>::try_from(key.as_slice()) else {
                continue;
            };
            let key = UpstreamKey(key);
            let state = stored.value;
            self.saw_time(state.since);
            self.table.restore(key, &state);
            match state.state {
                State::Ended => {
                    if state.logout_owed {
                        self.owe_logout(key);
                    }
                }
                _ if all_end => orphans.push((key, state.jar)),
                State::Accepted(session) | State::Held(session) if !live.contains(&session) => {
                    orphans.push((key, state.jar));
                }
                State::Free
                | State::Suspect
                | State::Awaiting(_)
                | State::Accepted(_)
                | State::Held(_) => {}
            }
        }
        for (key, jar) in orphans {
            self.end_upstream(key, &jar).await;
        }
        if all_end {
            self.clear_reminder();
        }
        Ok(())
    }

    /// The highest time is written down now and then only; whatever else was written at some time
    /// tells that it had come.
    fn saw_time(&self, time: UnixSeconds) {
        self.clock_high.fetch_max(time.0, Ordering::Relaxed);
    }
}
