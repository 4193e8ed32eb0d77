//! What follows when somebody is logged in: release, or a waiting login.

use crate::domain::audit::AuditEvent;
use crate::domain::enforcement::Decision;
use crate::domain::enrollment::Account;
use crate::domain::jar::Jar;
use crate::domain::login::{Need, Outcome, WaitingLogin};
use crate::domain::policy_file::Mode;
use crate::domain::session::GatewaySession;
use crate::domain::standing::Seen;
use crate::domain::throttle::Attempts;
use crate::domain::upstream_session::{State, StoredState};
use crate::entropy;
use crate::flow::judge::{Case, Conclusion, Due};
use crate::flow::sessions::LiveSession;
use crate::flow::table::Entry;
use crate::flow::{Client, Engine, FlowError};
use crate::primitives::{Identity, UpstreamKey};
use crate::store::Expect;
use std::sync::Arc;

/// What a waiting login is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) need: Need,
    /// Mode that asks.
    pub(crate) mode: Mode,
    /// An activation needs a code of the help desk first.
    pub(crate) proof_due: bool,
}

impl Engine {
    /// Begins a waiting login: nothing of the session goes down until its second factor is
    /// accepted. `None` when the upstream session is over meanwhile.
    ///
    /// # Errors
    /// [`FlowError`] when it could not be written; the session then stays closed.
    pub(crate) async fn demand(
        &self,
        case: &Case<'_>,
        key: UpstreamKey,
        identity: Identity,
        asked: Asked,
    ) -> Result<Option<Due>, FlowError> {
        let records = self.records()?;
        let now = self.now();
        let reference = entropy::waiting_ref(&*self.entropy)?;
        let ticket = entropy::ticket(&*self.entropy)?;
        let (account_key, seen) = self.seen(&identity).await?;
        let entry = self.table.entry(key, now);
        let order = entry.durable.lock().await;
        let generation = self.table.fresh_generation();
        let Asked { need, mode, .. } = asked;
        let due = Due {
            reference,
            ticket,
            need,
        };
        // Before anybody who waits for the verdict is woken: a second click asks for it at once.
        self.remember_request(case, key, &entry, &due);
        if !entry.change(|tracked| tracked.wait_for(reference, generation, now)) {
            return Ok(None);
        }
        entry.keep_jar(&case.jar);
        let limits = self.settings.login;
        let activation = need != Need::Verify;
        let login = WaitingLogin {
            reference,
            ticket_digest: due.ticket.digest(),
            need,
            proof_due: asked.proof_due && activation,
            keys: vec![key],
            jar: case.jar.clone(),
            target: case.target.clone(),
            created: now,
            window_until: now.plus(limits.window_seconds),
            extensions_left: limits.extensions,
            recovery: Attempts::default(),
            approval: None,
            outcome: Outcome::Waiting,
            identity,
        };
        let state = StoredState {
            state: State::Awaiting(reference),
            since: now,
            jar: case.jar.clone(),
            logout_owed: false,
        };
        let who = (&login.identity.account, login.identity.role.as_str());
        let event = AuditEvent::LoginWaiting { mode, activation };
        let mut draft = records
            .draft()
            .put(&reference.0, Expect::Absent, &login)
            .put(&key.0, Expect::Any, &state)
            .put(&account_key, Expect::Any, &seen)
            .audit(&self.audit(case.client, Some(who), event));
        if let Some(owner) = &case.owner {
            owner.end();
            draft = draft.delete::<GatewaySession>(&owner.id().0, Expect::Any);
        }
        let written = records.commit(draft).await;
        drop(order);
        if let Some(owner) = &case.owner {
            self.sessions.remove(owner.id());
        }
        if let Err(error) = written {
            // Awaiting in memory without a record: nobody could ever answer it.
            self.end_upstream(key, &case.jar).await;
            return Err(error.into());
        }
        if let Some(old) = case.sent.filter(|old| *old != key) {
            self.end_upstream(old, &case.sent_jar).await;
        }
        Ok(Some(due))
    }

    /// A double click, or the same form sent again after a lost answer, leads to the same waiting
    /// login, whichever session of the login the browser still shows.
    fn remember_request(&self, case: &Case<'_>, key: UpstreamKey, entry: &Entry, due: &Due) {
        let Some(digest) = case.request else { return };
        let now = self.now();
        let led = (due.clone(), key);
        if let Some(sent) = case.sent {
            let sent = self.table.entry(sent, now);
            sent.remember_due(digest, led.clone(), now);
        }
        entry.remember_due(digest, led, now);
    }

    /// The login that still waits and to which the very same request led a moment ago. One that was
    /// accepted, or is over, or was never written, leads nowhere: what is typed is a new login then.
    pub async fn same_wait(&self, entry: &Entry, digest: [u8; 32]) -> Option<Due> {
        let (due, key) = entry.recent_due(digest, self.now())?;
        // It is told before it is written; its page would not be there yet.
        let waits = self.table.find(key)?;
        drop(waits.durable.lock().await);
        let records = self.records().ok()?;
        let found = records.get::<WaitingLogin>(&due.reference.0).await;
        let login = found.ok().flatten()?;
        (login.value.outcome == Outcome::Waiting).then_some(due)
    }

    /// Releases a session without a second factor, because the policy asks for none.
    pub(crate) async fn release(
        &self,
        case: &Case<'_>,
        key: UpstreamKey,
        identity: Option<Identity>,
        account: &Account,
        decision: Decision,
    ) -> Result<Conclusion, FlowError> {
        self.release_with(case, key, identity, account.epoch, decision)
            .await
    }

    /// The same for a page that could not be read, under a ceiling that only observes.
    pub(crate) async fn release_unread(
        &self,
        case: &Case<'_>,
        key: UpstreamKey,
        decision: Decision,
    ) -> Result<Conclusion, FlowError> {
        self.release_with(case, key, None, 0, decision).await
    }

    async fn release_with(
        &self,
        case: &Case<'_>,
        key: UpstreamKey,
        identity: Option<Identity>,
        account_epoch: u64,
        decision: Decision,
    ) -> Result<Conclusion, FlowError> {
        debug_assert!(!decision.requirement.stops());
        self.usable()?;
        let now = self.now();
        let session = GatewaySession {
            id: entropy::gateway_session_id(&*self.entropy)?,
            identity,
            factor: None,
            login: None,
            account_epoch,
            keys: vec![key],
            created: now,
            last_seen: now,
            jar: case.jar.clone(),
        };
        let seen = match &session.identity {
            Some(identity) => match self.seen(identity).await {
                Err(_) if self.open_by_file() => None,
                seen => Some(seen?),
            },
            None => None,
        };
        let entry = self.table.entry(key, now);
        let order = entry.durable.lock().await;
        let from = case.owner.as_ref().map(|owner| owner.id());
        if !entry.tracked().may_be_released(session.id, from) {
            return Ok(Conclusion::Refused);
        }
        if let Some(owner) = &case.owner {
            owner.end();
        }
        self.write_release(case, &session, seen, &decision).await?;
        let live = self.sessions.insert(session);
        let generation = self.table.fresh_generation();
        let released = entry.change(|tracked| tracked.release(live.id(), from, generation, now));
        drop(order);
        if let Some(owner) = &case.owner {
            self.sessions.remove(owner.id());
        }
        if let Some(old) = case.sent.filter(|old| *old != key) {
            self.end_upstream(old, &case.sent_jar).await;
        }
        if !released {
            live.end();
            self.sessions.remove(live.id());
            return Ok(Conclusion::Refused);
        }
        if let Some(identity) = &live.record().identity {
            self.got_in(identity);
        }
        Ok(Conclusion::Released { session: live, key })
    }

    /// Session, state, audit record and what was seen, in one durable step.
    async fn write_release(
        &self,
        case: &Case<'_>,
        session: &GatewaySession,
        seen: Option<(Vec<u8>, Seen)>,
        decision: &Decision,
    ) -> Result<(), FlowError> {
        let state = accepted_state(session, session.created);
        let identity = session.identity.as_ref();
        let who = identity.map(|i| (&i.account, i.role.as_str()));
        let event = AuditEvent::LoginReleased {
            mode: decision.in_force.mode,
            would_ask: decision.would_require.is_some(),
        };
        let audit = self.audit(case.client, who, event);
        self.write_login(|draft| {
            let mut draft = draft
                .put(&session.id.0, Expect::Absent, session)
                .audit(&audit);
            for key in &session.keys {
                draft = draft.put(&key.0, Expect::Any, &state);
            }
            if let Some((key, seen)) = &seen {
                draft = draft.put(key, Expect::Any, seen);
            }
            if let Some(owner) = &case.owner {
                draft = draft.delete::<GatewaySession>(&owner.id().0, Expect::Any);
            }
            draft
        })
        .await
    }

    /// A further upstream session id of an accepted session, same user.
    pub(crate) async fn adopt_key(
        &self,
        owner: &Arc<LiveSession>,
        key: UpstreamKey,
        jar: &Jar,
    ) -> Result<(), FlowError> {
        self.usable()?;
        let now = self.now();
        owner.add_key(key);
        owner.keep_jar(jar);
        let entry = self.table.entry(key, now);
        let order = entry.durable.lock().await;
        let record = owner.to_record();
        let state = accepted_state(&record, now);
        self.write_login(|draft| {
            draft
                .put(&record.id.0, Expect::Any, &record)
                .put(&key.0, Expect::Any, &state)
        })
        .await?;
        let generation = self.table.fresh_generation();
        entry.change(|tracked| tracked.release(owner.id(), None, generation, now));
        drop(order);
        if owner.is_ended() {
            // Logged out while it was written: the end wins.
            self.end_upstream(key, jar).await;
            self.write_login(|draft| draft.delete::<GatewaySession>(&owner.id().0, Expect::Any))
                .await?;
        }
        Ok(())
    }

    /// That an account logged in: as what, when, how often. To be written over without comparing, so
    /// that it never spoils a login.
    async fn seen(&self, identity: &Identity) -> Result<(Vec<u8>, Seen), FlowError> {
        let records = self.records()?;
        let key = records.account_key(&identity.account);
        let now = self.now();
        let before = records.get::<Seen>(&key).await?.map(|stored| stored.value);
        let seen = Seen {
            id: identity.account.clone(),
            role: identity.role.clone(),
            first: before.as_ref().map_or(now, |seen| seen.first),
            last: now,
            logins: before.map_or(1, |seen| seen.logins.saturating_add(1)),
        };
        Ok((key, seen))
    }

    /// Writes down that somebody else appeared inside an accepted session.
    pub(crate) async fn note_identity_change(
        &self,
        owner: &LiveSession,
        to: &Identity,
        client: &Client,
    ) {
        if owner.account() == Some(&to.account) {
            return;
        }
        let Ok(records) = self.records() else { return };
        let who = owner
            .record()
            .identity
            .as_ref()
            .map(|i| (&i.account, i.role.as_str()));
        let event = AuditEvent::IdentityChanged {
            to: to.account.clone(),
        };
        let draft = records.draft().audit(&self.audit(client, who, event));
        if records.commit(draft).await.is_err() {
            tracing::error!(request.id = %client.request_id, "an identity change could not be recorded");
        }
    }
}

fn accepted_state(session: &GatewaySession, now: crate::primitives::UnixSeconds) -> StoredState {
    StoredState {
        state: State::Accepted(session.id),
        since: now,
        jar: session.jar.clone(),
        logout_owed: false,
    }
}
