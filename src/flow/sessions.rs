//! Accepted sessions in memory.

use crate::authenticator::Factor;
use crate::domain::jar::Jar;
use crate::domain::session::{GatewaySession, Liveness, SessionLimits, liveness};
use crate::domain::throttle::Lane;
use crate::flow::again::LastAnswer;
use crate::flow::disable::DisableOutcome;
use crate::flow::recovery::{RecoveryCodes, ShownCodes};
use crate::primitives::{AccountId, GatewaySessionId, UnixSeconds, UpstreamKey};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// All accepted sessions.
#[derive(Default)]
pub struct Sessions {
    live: papaya::HashMap<GatewaySessionId, Arc<LiveSession>>,
}

/// One accepted session.
pub struct LiveSession {
    /// The record as accepted; `keys`, `last_seen`, `jar` and `account_epoch` go on below.
    record: GatewaySession,
    keys: Mutex<Vec<UpstreamKey>>,
    factor: Mutex<Option<Factor>>,
    policy_seen: AtomicU64,
    policy_until: AtomicU64,
    policy_round: Mutex<u64>,
    link: Mutex<Option<NotedLink>>,
    jar: Mutex<Jar>,
    account_epoch: AtomicU64,
    last_seen: AtomicU64,
    written_seen: AtomicU64,
    under_way: AtomicU32,
    unsettled: AtomicU32,
    ended: AtomicBool,
    /// One at a time, and the last one, for the second click of a double click.
    pub(super) disabling: tokio::sync::Mutex<LastAnswer<DisableOutcome>>,
    /// Addresses are registered one at a time; what was done last, for the second click.
    pub(super) registering: tokio::sync::Mutex<LastAnswer<()>>,
    /// Recovery codes are made one set at a time.
    pub(super) making: tokio::sync::Mutex<()>,
    /// Those that were made last, for the second click of a double click.
    shown: Mutex<Option<ShownCodes>>,
}

/// Which link its pages get, under the policy with this token; `None` is none.
#[derive(Clone, Copy, Debug)]
struct NotedLink {
    token: u64,
    bound: Option<bool>,
}

impl Sessions {
    /// One session.
    pub fn find(&self, id: GatewaySessionId) -> Option<Arc<LiveSession>> {
        self.live.pin().get(&id).cloned()
    }

    /// Takes a session in.
    pub fn insert(&self, record: GatewaySession) -> Arc<LiveSession> {
        self.insert_showing(record, None)
    }

    /// The same for one that began with recovery codes: nobody sees it without them.
    pub(super) fn insert_showing(
        &self,
        record: GatewaySession,
        codes: Option<ShownCodes>,
    ) -> Arc<LiveSession> {
        let session = Arc::new(LiveSession::new(record, codes));
        self.live.pin().insert(session.id(), session.clone());
        session
    }

    /// Lets a session go.
    pub fn remove(&self, id: GatewaySessionId) {
        self.live.pin().remove(&id);
    }

    /// All sessions at this moment.
    pub fn all(&self) -> Vec<Arc<LiveSession>> {
        self.live.pin().values().cloned().collect()
    }

    /// All sessions of one account.
    pub fn of_account(&self, account: &AccountId) -> Vec<Arc<LiveSession>> {
        let mut found = self.all();
        found.retain(|session| session.account() == Some(account));
        found
    }
}

impl LiveSession {
    fn new(record: GatewaySession, codes: Option<ShownCodes>) -> Self {
        Self {
            keys: Mutex::new(record.keys.clone()),
            factor: Mutex::new(record.factor),
            policy_seen: AtomicU64::new(0),
            policy_until: AtomicU64::new(0),
            policy_round: Mutex::new(0),
            link: Mutex::new(None),
            jar: Mutex::new(record.jar.clone()),
            account_epoch: AtomicU64::new(record.account_epoch),
            last_seen: AtomicU64::new(record.last_seen.0),
            written_seen: AtomicU64::new(record.last_seen.0),
            under_way: AtomicU32::new(0),
            unsettled: AtomicU32::new(0),
            ended: AtomicBool::new(false),
            disabling: tokio::sync::Mutex::default(),
            registering: tokio::sync::Mutex::default(),
            making: tokio::sync::Mutex::new(()),
            shown: Mutex::new(codes),
            record,
        }
    }

    /// Its id.
    pub fn id(&self) -> GatewaySessionId {
        self.record.id
    }

    /// The record as it was accepted.
    pub fn record(&self) -> &GatewaySession {
        &self.record
    }

    /// Whose it is.
    pub fn account(&self) -> Option<&AccountId> {
        self.record
            .identity
            .as_ref()
            .map(|identity| &identity.account)
    }

    /// The record as it is now, to be written.
    pub fn to_record(&self) -> GatewaySession {
        GatewaySession {
            keys: self.keys(),
            factor: self.factor(),
            jar: self.jar(),
            account_epoch: self.account_epoch.load(Ordering::Relaxed),
            last_seen: UnixSeconds(self.last_seen.load(Ordering::Relaxed)),
            ..self.record.clone()
        }
    }

    /// Every upstream session seen in it.
    pub fn keys(&self) -> Vec<UpstreamKey> {
        self.keys
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// A further upstream session of it.
    pub fn add_key(&self, key: UpstreamKey) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if !keys.contains(&key) {
            keys.push(key);
        }
    }

    /// The upstream's cookies as last seen.
    pub fn jar(&self) -> Jar {
        self.jar
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Remembers the upstream's cookies.
    pub fn keep_jar(&self, jar: &Jar) {
        self.jar
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(jar);
    }

    /// Second factor that was accepted in it, if any.
    pub fn factor(&self) -> Option<Factor> {
        *self.factor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is kept of a code typed in it, to recognise the same one again.
    pub(super) fn code_digest(&self, code: &[u8]) -> [u8; 32] {
        crate::seal::digest(&[&self.id().0, code])
    }

    /// Recovery codes that were made in it a moment ago; by this request, where one is named.
    pub fn codes_shown(
        &self,
        digest: Option<&[u8; 32]>,
        now: UnixSeconds,
    ) -> Option<RecoveryCodes> {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.as_ref()?.again(digest, now).cloned()
    }

    /// Recovery codes were made in it.
    pub(super) fn show_codes(&self, codes: ShownCodes) {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Some(codes);
    }

    /// Wipes them once they are not shown any more.
    pub(super) fn forget_codes(&self, now: UnixSeconds) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        shown.take_if(|shown| shown.again(None, now).is_none());
    }

    /// In which lane codes count that are typed inside it: the owner's own where a second factor opened
    /// it; the password alone (policy `off`) must not reach that one (invariant I11).
    pub(super) fn lane(&self) -> Lane {
        match self.factor() {
            Some(_) => Lane::KnownBrowser,
            None => Lane::Unknown,
        }
    }

    /// The owner activated or disabled from inside it: it goes on in the account's new epoch.
    pub fn go_on(&self, epoch: u64, factor: Option<Factor>) {
        self.account_epoch.store(epoch, Ordering::Relaxed);
        *self.factor.lock().unwrap_or_else(PoisonError::into_inner) = factor;
        self.ask_policy_again();
    }

    /// Whether the policy with this token was already found to allow the session.
    pub fn meets_policy(&self, token: u64, now: UnixSeconds) -> bool {
        self.policy_seen.load(Ordering::Relaxed) == token
            && now.0 < self.policy_until.load(Ordering::Relaxed)
    }

    /// Read before the policy is asked, given to [`Self::note_policy`] afterwards.
    pub fn policy_round(&self) -> u64 {
        *self
            .policy_round
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers that it does, until its account's exemption ends; not when something was decided
    /// about the account since the round began.
    pub fn note_policy(&self, token: u64, until: Option<UnixSeconds>, round: u64) {
        let now = self
            .policy_round
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if *now == round {
            let until = until.map_or(u64::MAX, |until| until.0);
            self.policy_until.store(until, Ordering::Relaxed);
            self.policy_seen.store(token, Ordering::Relaxed);
        }
    }

    /// What was decided about its account changed: asked again at the next request.
    pub fn ask_policy_again(&self) {
        let mut now = self
            .policy_round
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *now += 1;
        self.policy_seen.store(0, Ordering::Relaxed);
        *self.link.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// What was noted by [`Self::note_link`] under the policy with this token.
    pub fn noted_link(&self, token: u64) -> Option<Option<bool>> {
        let noted = *self.link.lock().unwrap_or_else(PoisonError::into_inner);
        noted
            .filter(|noted| noted.token == token)
            .map(|noted| noted.bound)
    }

    /// Remembers which link its pages get: for an account with a second factor, without one, or none.
    /// Not when something was decided about the account since the round began.
    pub fn note_link(&self, token: u64, bound: Option<bool>, round: u64) {
        let now = self
            .policy_round
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if *now == round {
            let noted = NotedLink { token, bound };
            *self.link.lock().unwrap_or_else(PoisonError::into_inner) = Some(noted);
        }
    }

    /// Epoch of its account that it belongs to.
    pub fn account_epoch(&self) -> u64 {
        self.account_epoch.load(Ordering::Relaxed)
    }

    /// Whether it is over.
    pub fn is_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Ends it in memory; `true` for whoever was first.
    pub fn end(&self) -> bool {
        !self.ended.swap(true, Ordering::AcqRel)
    }

    /// Timeouts.
    pub fn liveness(&self, limits: SessionLimits, now: UnixSeconds) -> Liveness {
        let seen = UnixSeconds(self.last_seen.load(Ordering::Relaxed));
        let under_way = self.under_way.load(Ordering::Relaxed);
        liveness(self.record.created, seen, under_way, limits, now)
    }

    /// A request of this session begins; it holds the session open until the guard is dropped.
    pub fn begin(self: &Arc<Self>, changes: bool, now: UnixSeconds) -> UnderWay {
        self.last_seen.fetch_max(now.0, Ordering::Relaxed);
        self.under_way.fetch_add(1, Ordering::Relaxed);
        self.unsettled.fetch_add(1, Ordering::AcqRel);
        UnderWay {
            session: self.clone(),
            changes,
            settled: AtomicBool::new(false),
        }
    }

    /// Requests under way.
    pub fn under_way(&self) -> u32 {
        self.under_way.load(Ordering::Relaxed)
    }

    /// Requests that upstream may still be carried out in the name of whoever is logged in there:
    /// changes until their end, others until their answer has begun.
    pub fn unsettled(&self) -> u32 {
        self.unsettled.load(Ordering::Acquire)
    }

    /// Whether `last_seen` moved by at least `seconds` since it was last written; a yes counts as
    /// writing it.
    pub fn take_unwritten_seen(&self, seconds: u64) -> bool {
        let seen = self.last_seen.load(Ordering::Relaxed);
        let due = seen.saturating_sub(self.written_seen.load(Ordering::Relaxed)) >= seconds;
        if due {
            self.written_seen.store(seen, Ordering::Relaxed);
        }
        due
    }

    /// The end of a request also counts as activity: an upload may take an hour.
    fn touch(&self, now: u64) {
        self.last_seen.fetch_max(now, Ordering::Relaxed);
    }
}

/// Holds a session open while a request is under way.
pub struct UnderWay {
    session: Arc<LiveSession>,
    changes: bool,
    settled: AtomicBool,
}

impl UnderWay {
    /// Whose.
    pub fn session(&self) -> &Arc<LiveSession> {
        &self.session
    }

    /// Its answer has begun: a request that changes nothing is carried out by now.
    pub fn answer_began(&self) {
        if !self.changes {
            self.settle();
        }
    }

    /// It is not to be waited for (the login itself).
    pub fn settle(&self) {
        if !self.settled.swap(true, Ordering::AcqRel) {
            self.session.unsettled.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Notes that the request was still alive at `now`.
    pub fn touch(&self, now: UnixSeconds) {
        self.session.touch(now.0);
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.session.under_way.fetch_sub(1, Ordering::Relaxed);
        self.settle();
    }
}
