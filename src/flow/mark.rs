//! Marks on upstream sessions: tightened in memory at once and then made durable, loosened durably
//! first (invariants I4, I7).

use crate::domain::jar::Jar;
use crate::domain::upstream_session::{Marked, Settled, State, StoredState};
use crate::flow::{Engine, FlowError};
use crate::primitives::UpstreamKey;
use crate::store::Expect;

/// Why a session could not be marked.
#[derive(Debug, thiserror::Error)]
pub enum MarkError {
    /// Another login is under way on it.
    #[error("another login is under way on this session")]
    Busy,
    /// It waits for a second factor, or is over.
    #[error("the session takes no logins any more")]
    Refused,
    /// The session is not in the state any more in which the request began.
    #[error("the session moved on since the request began")]
    Stale,
    /// The mark could not be made durable: the request must not go up.
    #[error("the mark could not be written")]
    Store(#[from] FlowError),
}

impl Engine {
    /// Marks a session before a request goes up that may log in.
    ///
    /// # Errors
    /// [`MarkError`]; then nothing may go up.
    pub async fn mark(&self, key: UpstreamKey, jar: &Jar) -> Result<(), MarkError> {
        self.mark_with(key, jar, false, None).await
    }

    /// Marks a session on which evidence was found while something was under way.
    ///
    /// # Errors
    /// [`MarkError`]; then nothing may come down. On a store failure the session stays in doubt; an
    /// accepted one has an open candidate then, which the caller settles.
    pub async fn mark_found(
        &self,
        key: UpstreamKey,
        jar: &Jar,
        began: Option<u64>,
    ) -> Result<(), MarkError> {
        self.mark_with(key, jar, true, began).await
    }

    async fn mark_with(
        &self,
        key: UpstreamKey,
        jar: &Jar,
        found: bool,
        began: Option<u64>,
    ) -> Result<(), MarkError> {
        self.usable()?;
        let now = self.now();
        let entry = self.table.entry(key, now);
        let _order = entry.durable.lock().await;
        let generation = self.table.fresh_generation();
        let marked = entry.change(|tracked| {
            if found {
                tracked.mark_found(began, generation, now)
            } else {
                tracked.mark(generation, now)
            }
        });
        match marked {
            Marked::Busy => return Err(MarkError::Busy),
            Marked::Refused => return Err(MarkError::Refused),
            Marked::Stale => return Err(MarkError::Stale),
            Marked::Marked { .. } => {}
        }
        entry.keep_jar(jar);
        let (state, jar) = (entry.tracked().state, entry.jar());
        let stored = self.stored(state, &jar, false);
        let written = self.write_login(|draft| draft.put(&key.0, Expect::Any, &stored));
        if let Err(error) = written.await {
            let fresh = self.table.fresh_generation();
            entry.change(|tracked| {
                // Before sending: nothing went up, so nothing is in doubt. After: it stays so.
                match (found, state) {
                    // The caller asks again whose the session is, and settles this candidate.
                    (true, State::Held(_)) => {}
                    (true, _) => tracked.settle_lost(now),
                    (false, _) => _ = tracked.settle_same(fresh, now),
                }
            });
            return Err(MarkError::Store(error));
        }
        Ok(())
    }

    /// The probe after the whole answer said nobody (or the same user): one candidate less.
    ///
    /// # Errors
    /// [`FlowError`] when it could not be written; the session then stays in doubt.
    pub async fn settle_same(&self, key: UpstreamKey) -> Result<Settled, FlowError> {
        self.usable()?;
        let now = self.now();
        let entry = self.table.entry(key, now);
        let _order = entry.durable.lock().await;
        let before = entry.tracked();
        let last = before.open_candidates <= 1 && !before.tainted;
        if last {
            let loosened = match before.state {
                State::Suspect => {
                    self.write_login(|draft| draft.delete::<StoredState>(&key.0, Expect::Any))
                        .await
                }
                State::Held(session) => {
                    let stored = self.stored(State::Accepted(session), &entry.jar(), false);
                    self.write_login(|draft| draft.put(&key.0, Expect::Any, &stored))
                        .await
                }
                State::Free | State::Awaiting(_) | State::Accepted(_) | State::Ended => Ok(()),
            };
            if let Err(error) = loosened {
                entry.change(|tracked| tracked.settle_lost(now));
                return Err(error);
            }
        }
        let fresh = self.table.fresh_generation();
        let settled = entry.change(|tracked| tracked.settle_same(fresh, now));
        if last && settled == Settled::StillInDoubt {
            // The tripwire found something between the two steps: the doubt is written again.
            let state = entry.tracked().state;
            let stored = self.stored(state, &entry.jar(), false);
            self.write_login(|draft| draft.put(&key.0, Expect::Any, &stored))
                .await?;
        }
        Ok(settled)
    }

    /// A candidate whose end was never seen, or whose probe knew nothing.
    pub fn settle_lost(&self, key: UpstreamKey) {
        if let Some(entry) = self.table.find(key) {
            let now = self.now();
            entry.change(|tracked| tracked.settle_lost(now));
        }
    }

    /// Writes the state of one session.
    pub(crate) async fn write_state(
        &self,
        records: &crate::store::records::Records,
        key: UpstreamKey,
        state: State,
        jar: &Jar,
        logout_owed: bool,
    ) -> Result<(), FlowError> {
        let stored = self.stored(state, jar, logout_owed);
        let draft = records.draft().put(&key.0, Expect::Any, &stored);
        records.commit(draft).await.map_err(FlowError::from)
    }

    /// A state of now, as it is stored.
    fn stored(&self, state: State, jar: &Jar, logout_owed: bool) -> StoredState {
        StoredState {
            state,
            since: self.now(),
            jar: jar.clone(),
            logout_owed,
        }
    }
}
