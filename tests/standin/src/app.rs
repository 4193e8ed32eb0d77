//! What all connections share: switches, the application's memory, records, barriers.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Instant;

use ring::digest;

use crate::barrier::Gates;
use crate::config::{Config, FaultKind, SessionMode};
use crate::play::session::{Session, USER_KEY};
use crate::record::Record;
use crate::users::{User, UserType, fold};

/// Locks; a test that panicked with the lock in its hand leaves nothing half done that would matter here.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The first step of a login: an id, and the button before it.
#[derive(Clone, Debug)]
pub(crate) struct Pending {
    pub(crate) user_id: String,
    pub(crate) kind: Option<UserType>,
}

/// One line of the access log.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) user_id: String,
    pub(crate) at_ms: u64,
    pub(crate) address: String,
}

/// An upload through tus.
#[derive(Clone)]
pub(crate) struct TusUpload {
    pub(crate) owner: String,
    pub(crate) length: u64,
    pub(crate) offset: u64,
    pub(crate) hash: digest::Context,
}

/// What the application remembers.
#[derive(Default)]
pub(crate) struct State {
    /// Session id to user id, in the modes that keep it server-side.
    pub(crate) logins: HashMap<String, String>,
    pub(crate) pending: HashMap<String, Pending>,
    pub(crate) captchas: HashMap<String, String>,
    pub(crate) last_captcha: Option<String>,
    pub(crate) access: Vec<Access>,
    pub(crate) passwords: HashMap<String, String>,
    /// Users who have changed their password as they had to.
    pub(crate) changed: HashSet<String>,
    pub(crate) tus: BTreeMap<String, TusUpload>,
    pub(crate) files: Vec<crate::Received>,
    /// Access tokens of Apendo to user ids.
    pub(crate) tokens: HashMap<String, String>,
    /// Business messages: sender and text.
    pub(crate) messages: Vec<(String, String)>,
}

impl State {
    /// Id of the user that a session belongs to.
    pub(crate) fn user_id(&self, mode: SessionMode, session: &Session) -> Option<String> {
        match mode {
            SessionMode::InCookie => session.get(USER_KEY).map(str::to_owned),
            SessionMode::ServerSide | SessionMode::NewId => self.logins.get(&session.id).cloned(),
        }
    }

    /// The password in force.
    pub(crate) fn password_fits(&self, user: &User, password: &str) -> bool {
        self.passwords
            .get(&user.id)
            .map_or(user.password.as_str(), String::as_str)
            == password
    }
}

/// Everything shared.
pub(crate) struct App {
    config: RwLock<Arc<Config>>,
    pub(crate) state: Mutex<State>,
    pub(crate) records: Mutex<BTreeMap<u64, Record>>,
    pub(crate) gates: Arc<Gates>,
    requests: AtomicU64,
    connections: AtomicU64,
    started: Instant,
}

impl App {
    pub(crate) fn new(config: Config) -> Self {
        Self {
            config: RwLock::new(Arc::new(config)),
            state: Mutex::default(),
            records: Mutex::default(),
            gates: Arc::default(),
            requests: AtomicU64::new(0),
            connections: AtomicU64::new(0),
            started: Instant::now(),
        }
    }

    /// The switches as they are now.
    pub(crate) fn config(&self) -> Arc<Config> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Turns switches.
    pub(crate) fn set(&self, change: impl FnOnce(&mut Config)) {
        let mut config = self.config.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut config));
    }

    /// The faults that hit a request for `path` below the context, counted down.
    pub(crate) fn take_faults(&self, path: &str) -> Vec<FaultKind> {
        if self.config().faults.is_empty() {
            return Vec::new();
        }
        let mut hit = Vec::new();
        self.set(|config| hit = config.take_faults(path));
        hit
    }

    pub(crate) fn next_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed)
    }

    /// The user that a session belongs to now.
    pub(crate) fn user(&self, config: &Config, session: &Session) -> Option<User> {
        let id = lock(&self.state).user_id(config.session_mode, session)?;
        config.user(&id).cloned()
    }

    /// Starts a record and gives its number.
    pub(crate) fn begin_record(&self, config: &Config, mut record: Record) -> u64 {
        // Number and entry under one lock, so that the order is that of the numbers.
        let mut records = lock(&self.records);
        let order = self.requests.fetch_add(1, Ordering::Relaxed);
        record.order = order;
        record.at = self.started.elapsed();
        records.insert(order, record);
        while records.len() > config.record_limit {
            records.pop_first();
        }
        order
    }

    /// Adds to a record, if it has not been cleared away.
    pub(crate) fn amend_record(&self, order: u64, change: impl FnOnce(&mut Record)) {
        if let Some(record) = lock(&self.records).get_mut(&order) {
            change(record);
        }
    }

    /// Ends logins on the server's side: those of `user_id`, or all.
    pub(crate) fn end_logins(&self, user_id: Option<&str>) {
        let user_id = user_id.map(fold);
        lock(&self.state)
            .logins
            .retain(|_, owner| user_id.as_ref().is_some_and(|id| id != owner));
    }
}
