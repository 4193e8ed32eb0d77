//! The acceptance of a second factor: one durable step, or none.

use crate::authenticator::Factor;
use crate::domain::audit::AuditEvent;
use crate::domain::enrollment::Account;
use crate::domain::login::{Outcome, WaitingLogin};
use crate::domain::session::GatewaySession;
use crate::domain::standing::Standing;
use crate::domain::upstream_session::{State, StoredState};
use crate::entropy;
use crate::flow::probe::{Budget, Verdict};
use crate::flow::recovery::ShownCodes;
use crate::flow::sessions::LiveSession;
use crate::flow::{Client, Engine, FlowError};
use crate::primitives::{AccountId, Identity, Ticket, UpstreamKey, WaitingRef};
use crate::store::Expect;
use crate::store::records::{Draft, RecordError, Stored};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use subtle::ConstantTimeEq;

/// A clock this far below the highest time ever seen is wrong (threats.md row 32), in seconds.
pub(crate) const CLOCK_BACK_SECONDS: u64 = 2;

/// An accepted login.
pub struct Accepted {
    /// Its session.
    pub session: Arc<LiveSession>,
    /// Its upstream session.
    pub key: UpstreamKey,
    /// Where the user goes: path and query.
    pub target: String,
}

/// What is to be written in the one durable step.
pub(crate) struct Acceptance<'a> {
    pub(crate) login: Stored<WaitingLogin>,
    /// What was accepted; `None` where the activation was put off.
    pub(crate) factor: Option<Factor>,
    /// Epoch of the account that the session belongs to.
    pub(crate) account_epoch: u64,
    /// What is written in the same step besides login, session and state: the account with the used
    /// code, counters that are cleared. A conflict in it means that somebody else was faster.
    pub(crate) writes: Draft,
    pub(crate) code_digest: [u8; 32],
    pub(crate) event: AuditEvent,
    /// Recovery codes that were made in the same step, to be shown once.
    pub(crate) codes: Option<ShownCodes>,
    pub(crate) client: &'a Client,
}

/// How an acceptance went.
pub(crate) enum AcceptOutcome {
    Accepted(Accepted),
    /// Somebody else wrote first: the caller reads again.
    Overtaken,
    /// The upstream session is not this user's any more.
    Gone,
    /// The upstream could not say whose it is.
    UpstreamBusy,
}

impl Engine {
    /// A waiting login, if the ticket is its own.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn waiting_login(
        &self,
        reference: WaitingRef,
        ticket: &Ticket,
    ) -> Result<Option<Stored<WaitingLogin>>, FlowError> {
        let found = self.records()?.get::<WaitingLogin>(&reference.0).await?;
        Ok(found.filter(|login| {
            bool::from(
                login
                    .value
                    .ticket_digest
                    .as_slice()
                    .ct_eq(ticket.digest().as_slice()),
            )
        }))
    }

    /// The newest login that waits and whose ticket is among these. A store that fails tells none:
    /// whoever asks is served as a visitor.
    pub async fn newest_waiting(&self, tickets: &[(WaitingRef, Ticket)]) -> Option<WaitingRef> {
        let now = self.now();
        let mut newest: Option<WaitingLogin> = None;
        for (reference, ticket) in tickets {
            let Ok(Some(found)) = self.waiting_login(*reference, ticket).await else {
                continue;
            };
            let login = found.value;
            let waits = login.outcome == Outcome::Waiting
                && now.since(login.created) < self.settings.login.lifetime_seconds;
            if waits && newest.as_ref().is_none_or(|n| n.created <= login.created) {
                newest = Some(login);
            }
        }
        newest.map(|login| login.reference)
    }

    /// Refuses to judge codes while the clock is behind the highest time ever seen.
    ///
    /// # Errors
    /// [`FlowError::Clock`].
    pub fn check_clock(&self) -> Result<(), FlowError> {
        let now = self.now().0;
        let high = self
            .clock_high
            .fetch_max(now, std::sync::atomic::Ordering::Relaxed);
        if now.saturating_add(CLOCK_BACK_SECONDS) < high {
            return Err(FlowError::Clock);
        }
        Ok(())
    }

    /// Carries an acceptance out: a last look at whose the upstream session is, then used step,
    /// counter, audit record, session and state in one durable step, then the release.
    pub(crate) async fn accept(
        &self,
        mut acceptance: Acceptance<'_>,
    ) -> Result<AcceptOutcome, FlowError> {
        let login = acceptance.login.value.clone();
        let Some(key) = login.keys.first().copied() else {
            return Ok(AcceptOutcome::Gone);
        };
        let now = self.now();
        let entry = self.table.entry(key, now);
        let verdict = self
            .probe(&login.jar, acceptance.client, Some(&entry), Budget::Known)
            .await;
        match verdict {
            Verdict::Somebody(who) if who.account == login.identity.account => {}
            Verdict::Somebody(_) | Verdict::Nobody => return Ok(AcceptOutcome::Gone),
            Verdict::Unknown(_) => return Ok(AcceptOutcome::UpstreamBusy),
        }
        let order = entry.durable.lock().await;
        match entry.tracked().state {
            State::Awaiting(waiting) if waiting == login.reference => {}
            // The same code twice: the first one won.
            State::Accepted(_) | State::Held(_) => return Ok(AcceptOutcome::Overtaken),
            State::Free | State::Suspect | State::Awaiting(_) | State::Ended => {
                return Ok(AcceptOutcome::Gone);
            }
        }
        let session = GatewaySession {
            id: entropy::gateway_session_id(&*self.entropy)?,
            identity: Some(login.identity.clone()),
            factor: acceptance.factor,
            login: Some(login.reference),
            account_epoch: acceptance.account_epoch,
            keys: login.keys.clone(),
            created: now,
            last_seen: now,
            jar: login.jar.clone(),
        };
        let acceptance_client = acceptance.client;
        let codes = acceptance.codes.take();
        match self.write_acceptance(acceptance, &session).await {
            Ok(()) => {}
            Err(FlowError::Store(Some(RecordError::Conflict))) => {
                return Ok(AcceptOutcome::Overtaken);
            }
            Err(error) => return Err(error),
        }
        let target = login.target.clone();
        let reference = login.reference;
        let live = self.sessions.insert_showing(session, codes);
        let generation = self.table.fresh_generation();
        if !entry.change(|tracked| tracked.accept(reference, live.id(), generation, now)) {
            // Ended while the step was written (a logout in another tab): the end wins.
            live.end();
            self.sessions.remove(live.id());
            return Ok(AcceptOutcome::Gone);
        }
        // Ending takes the same lock.
        drop(order);
        if self.is_outdated(&live).await {
            // Reset, or bound anew elsewhere, while this was written.
            self.end_session(&live, "policy", acceptance_client).await;
            return Ok(AcceptOutcome::Gone);
        }
        self.got_in(&login.identity);
        self.metrics.login(crate::observe::Login::Accepted);
        Ok(AcceptOutcome::Accepted(Accepted {
            session: live,
            key,
            target,
        }))
    }

    async fn write_acceptance(
        &self,
        acceptance: Acceptance<'_>,
        session: &GatewaySession,
    ) -> Result<(), FlowError> {
        let records = self.records()?;
        let login = &acceptance.login.value;
        let account_id = &login.identity.account;
        let now = session.created;
        let accepted = WaitingLogin {
            outcome: Outcome::Accepted {
                session: session.id,
                code_digest: acceptance.code_digest,
                at: now,
            },
            ..login.clone()
        };
        let state = StoredState {
            state: State::Accepted(session.id),
            since: now,
            jar: login.jar.clone(),
            logout_owed: false,
        };
        let who = Some((account_id, login.identity.role.as_str()));
        let mut draft = acceptance
            .writes
            .put(
                &login.reference.0,
                Expect::Version(acceptance.login.version),
                &accepted,
            )
            .put(&session.id.0, Expect::Absent, session)
            .audit(&self.audit(acceptance.client, who, acceptance.event.clone()));
        for key in &login.keys {
            draft = draft.put(&key.0, Expect::Any, &state);
        }
        records.commit(draft).await?;
        Ok(())
    }

    /// The record of an account; one that was never activated has none yet.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn account(&self, identity: &Identity) -> Result<Account, FlowError> {
        let found = match self.records() {
            Ok(records) => {
                let key = records.account_key(&identity.account);
                match records.get::<Account>(&key).await {
                    Err(_) if self.open_by_file() => None,
                    read => read?,
                }
            }
            // Nobody is asked for anything, so nothing has to be known.
            Err(_) if self.open_by_file() => None,
            Err(error) => return Err(error),
        };
        Ok(found.map_or_else(
            || Account::new(identity.account.clone()),
            |stored| stored.value,
        ))
    }

    /// What is kept of an account beside its second factor, with the version to expect when it is
    /// written.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub(crate) async fn standing_for_update(
        &self,
        id: &AccountId,
    ) -> Result<(Standing, Expect), FlowError> {
        let records = self.records()?;
        let key = records.account_key(id);
        let fresh = || Standing::new(id.clone());
        Ok(records.for_update(&key, fresh).await?)
    }

    /// The account's record with the version to expect when it is written.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub(crate) async fn account_for_update(
        &self,
        id: &AccountId,
    ) -> Result<(Account, Expect), FlowError> {
        let records = self.records()?;
        let key = records.account_key(id);
        let fresh = || Account::new(id.clone());
        Ok(records.for_update(&key, fresh).await?)
    }
}

/// What is kept of a code to recognise the very same acceptance again: a hash bound to the login.
pub(crate) fn code_digest(reference: WaitingRef, code: &[u8]) -> [u8; 32] {
    crate::seal::digest(&[&reference.0, code])
}

/// Slows addresses down that fail a lot. It never refuses, and it does nothing at all for loopback
/// addresses: behind a front server that is not named as trusted everybody would seem to be one.
#[derive(Debug, Default)]
pub struct Slowdown(Mutex<BTreeMap<IpAddr, (u32, u64)>>);

/// Failures of one address before it is slowed.
const FREE_ADDRESS_FAILURES: u32 = 10;
/// After so many seconds an address is forgotten.
const ADDRESS_MEMORY_SECONDS: u64 = 600;
/// Longest pause in milliseconds.
const PAUSE_MILLIS_MAX: u64 = 5_000;
/// Addresses remembered at most; beyond that the oldest knowledge goes.
const ADDRESSES_MAX: usize = 10_000;

impl Slowdown {
    /// How long an attempt from this address pauses first.
    pub fn pause(&self, address: IpAddr, now: u64) -> Duration {
        let addresses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let failures = addresses
            .get(&address)
            .filter(|(_, at)| now.saturating_sub(*at) < ADDRESS_MEMORY_SECONDS)
            .map_or(0, |(failures, _)| *failures);
        let Some(doublings) = failures.checked_sub(FREE_ADDRESS_FAILURES) else {
            return Duration::ZERO;
        };
        let millis = 100u64
            .checked_shl(doublings.min(16))
            .unwrap_or(PAUSE_MILLIS_MAX);
        Duration::from_millis(millis.min(PAUSE_MILLIS_MAX))
    }

    /// Notes a failure.
    pub fn note_failure(&self, address: IpAddr, now: u64) {
        if address.is_loopback() {
            return;
        }
        let mut addresses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if addresses.len() >= ADDRESSES_MAX {
            addresses.retain(|_, (_, at)| now.saturating_sub(*at) < ADDRESS_MEMORY_SECONDS);
            if addresses.len() >= ADDRESSES_MAX {
                addresses.clear();
            }
        }
        let entry = addresses.entry(address).or_insert((0, now));
        if now.saturating_sub(entry.1) >= ADDRESS_MEMORY_SECONDS {
            entry.0 = 0;
        }
        *entry = (entry.0.saturating_add(1), now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_slowed_and_never_loopback() {
        let slowdown = Slowdown::default();
        let stranger = IpAddr::from([203, 0, 113, 9]);
        let here = IpAddr::from([127, 0, 0, 1]);
        for _ in 0..40 {
            slowdown.note_failure(stranger, 1_000);
            slowdown.note_failure(here, 1_000);
        }
        assert_eq!(slowdown.pause(stranger, 1_001), Duration::from_secs(5));
        assert_eq!(slowdown.pause(stranger, 1_600), Duration::ZERO);
        assert_eq!(slowdown.pause(here, 1_001), Duration::ZERO);
    }
}
