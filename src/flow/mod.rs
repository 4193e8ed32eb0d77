//! Use cases: async, without a word of HTTP framing or pingora. Each loads, asks the domain, stores,
//! answers with an enum; what it means in bytes is the business of `pages/` and `proxy/`.
//!
//! May import: everything below (domain, profile, config, seal, store, observe; render is not needed
//! here).
//! To add a use case: a file with the verb as its name and an `impl Engine` block in it.

pub mod accept;
mod account_change;
pub mod activate;
pub mod address;
pub mod administer;
pub mod admit;
mod again;
pub mod approve;
mod ask_again;
pub mod ask_phone;
pub mod asks;
mod attempts;
pub mod bind;
pub mod canary;
pub mod carry;
mod compare;
pub mod confirm_address;
pub mod confirm_reset;
pub mod demand;
pub mod disable;
pub mod end;
pub mod glass;
pub mod health;
pub mod join;
pub mod judge;
pub mod keeper;
mod known_browser;
pub mod links;
pub mod mark;
mod notices;
pub mod outbox;
pub mod own_address;
pub mod phone;
pub mod policy;
pub mod post;
pub mod probe;
pub mod proof;
pub mod push;
pub mod put_off;
pub mod puzzle;
pub mod recovery;
pub mod reset;
mod scrape;
pub mod sessions;
pub mod standing;
pub mod start;
pub mod sweep;
pub mod table;
mod take_up;
pub mod trace;
pub mod turn;
pub mod upstream;
pub mod verify;
pub mod wakes;
pub mod watch;
mod watched_store;
mod window;

pub use watched_store::WatchedStore;

use crate::clock::Clock;
use crate::directory::Addresses;
use crate::domain::audit::{AuditEvent, AuditRecord};
use crate::domain::enrollment::ActivationLimits;
use crate::domain::jar::Jar;
use crate::domain::login::LoginLimits;
use crate::domain::policy::Signature;
use crate::domain::retention::Retention;
use crate::domain::session::SessionLimits;
use crate::entropy::{Entropy, EntropyError};
use crate::observe::Metrics;
use crate::primitives::{AccountId, UnixSeconds, UpstreamKey, Zone};
use crate::profile::Profile;
use crate::seal::{HeadKey, SealError, Seals};
use crate::store::Reminder;
use crate::store::records::{RecordError, Records};
use arc_swap::ArcSwap;
pub use policy::Policy;
use probe::Budgets;
use sessions::Sessions;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use table::Table;
use upstream::Upstream;

/// Lengths and names that the flows need, checked by the configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Issuer in the authenticator, and the name on pages.
    pub site_name: String,
    /// Zone of the times that people read and write.
    pub zone: Zone,
    /// Address of the own pages: context and prefix, without a slash at the end.
    pub own_base: String,
    /// Hosts under which this site is served, as in the Host header.
    pub own_hosts: Vec<String>,
    /// Whether browsers reach the site by https.
    pub https: bool,
    /// Waiting logins.
    pub login: LoginLimits,
    /// Activations.
    pub activation: ActivationLimits,
    /// Accepted sessions.
    pub session: SessionLimits,
    /// Id of the site, as in heads of the audit log.
    pub site_id: String,
    /// How long audit records are kept.
    pub retention: Retention,
    /// Admins by name; two of them are needed for break glass where two are named.
    pub people: Vec<String>,
    /// How long a request waits for the verdict on its session, in seconds.
    pub verdict_wait_seconds: u64,
}

/// How often a read-compare-write is tried again when somebody else wrote first.
pub(crate) const TRIES: u32 = 5;

/// The state of the gateway and everything its use cases need.
pub struct Engine {
    /// What is known of the upstream; may be read anew while requests run.
    pub known: ArcSwap<Profile>,
    /// Stamps and seals of this site and epoch.
    pub seals: Seals,
    /// What verifies heads of the audit log.
    pub head_key: HeadKey,
    /// The store, unless it could not be opened.
    pub vault: Vault,
    /// Upstream sessions.
    pub table: Table,
    /// Accepted sessions.
    pub sessions: Sessions,
    /// Policy in force.
    pub policy: ArcSwap<Policy>,
    /// Lengths and names.
    pub settings: Settings,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The upstream.
    pub upstream: Arc<dyn Upstream>,
    /// What wakes phones, where the operator gave a key.
    pub waker: Option<Arc<dyn push::Waker>>,
    /// Who waits for a phone.
    pub wakes: wakes::Wakes,
    /// Puzzles that were answered.
    pub answered: puzzle::Answered,
    /// How often each address asked for a reset lately.
    pub asks: asks::Asks,
    /// Where letters to owners and operators are put.
    pub outbox: outbox::Outbox,
    /// Registered addresses that the application itself keeps.
    pub addresses: Arc<dyn Addresses>,
    /// Limits on probes and waiters.
    pub budgets: Budgets,
    /// Highest wall-clock time ever seen, in seconds.
    pub clock_high: AtomicU64,
    /// Ends of sessions that could not be written yet.
    pub unwritten_ends: std::sync::Mutex<Vec<(UpstreamKey, Jar)>>,
    /// Tells the next start that there were some.
    pub reminder: Reminder,
    /// Upstream sessions whose own logout is owed; the sweeper takes them.
    pub errands: tokio::sync::mpsc::UnboundedSender<UpstreamKey>,
    /// The engine itself, for work that outlives a request; set once it is shared.
    pub me: std::sync::OnceLock<std::sync::Weak<Self>>,
    /// Own logouts at once: many sessions that end together must not flood the upstream.
    pub logouts: tokio::sync::Semaphore,
    /// Keeps the audit log; the sweeper starts it. `None` without a store, and once it runs.
    pub keeper: std::sync::Mutex<Option<keeper::Keeper>>,
    /// Slows down addresses that fail a lot.
    pub slowdown: accept::Slowdown,
    /// How logins went lately, while a change of the policy is watched.
    pub results: watch::Results,
    /// Where a file of root would break glass.
    pub glass_file: Option<glass::GlassFile>,
    /// When the metrics were last told how ready the roles are, in seconds.
    pub readiness_told: AtomicU64,
    /// What was decided about requests a moment ago.
    pub traces: trace::Traces,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Whether the profile still fits the application.
    pub canary: canary::Canary,
    /// Since when each check of the health is as it is.
    pub health: health::HealthLog,
}

/// The store, or why there is none (invariant I8: logins pause, the public goes on).
#[derive(Debug)]
pub enum Vault {
    /// Open.
    Open(Records),
    /// Not usable; the text is for the operator.
    Shut(String),
}

/// Who asks, as far as the connection tells.
#[derive(Clone, Debug)]
pub struct Client {
    /// Address: the rightmost one that is no trusted proxy.
    pub address: IpAddr,
    /// Host header, kept.
    pub host: Vec<u8>,
    /// Whether the browser speaks https.
    pub https: bool,
    /// User-Agent, passed on with probes.
    pub user_agent: Vec<u8>,
    /// Id of the request, for log, audit and error pages.
    pub request_id: String,
    /// The admin who asks, where it is not the account's owner.
    pub actor: Option<String>,
}

/// Why a use case could not be carried out, whatever it was.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// The store is shut, failed, or its clock is wrong: 503, nothing was lost.
    #[error("the store is not usable")]
    Store(#[source] Option<RecordError>),
    /// The clock went back: no code can be judged.
    #[error("the clock went back")]
    Clock,
    /// No randomness, or nothing could be sealed.
    #[error("nothing could be sealed")]
    Seal,
}

impl From<RecordError> for FlowError {
    fn from(error: RecordError) -> Self {
        Self::Store(Some(error))
    }
}

impl From<SealError> for FlowError {
    fn from(_: SealError) -> Self {
        Self::Seal
    }
}

impl From<EntropyError> for FlowError {
    fn from(_: EntropyError) -> Self {
        Self::Seal
    }
}

impl Engine {
    /// Shares the engine.
    pub fn shared(self) -> Arc<Self> {
        let engine = Arc::new(self);
        // Set here and nowhere else, so it cannot be set already.
        let _ = engine.me.set(Arc::downgrade(&engine));
        engine
    }

    /// What is known of the upstream at this moment.
    pub fn profile(&self) -> Arc<Profile> {
        self.known.load_full()
    }

    /// The time.
    pub fn now(&self) -> UnixSeconds {
        self.clock.now()
    }

    /// How far the clock is behind the highest time ever seen, in seconds.
    pub fn clock_behind(&self) -> u64 {
        let high = self.clock_high.load(std::sync::atomic::Ordering::Relaxed);
        high.saturating_sub(self.now().0)
    }

    /// Whether that is too much for codes to be judged.
    pub fn clock_is_behind(&self) -> bool {
        self.clock_behind() > accept::CLOCK_BACK_SECONDS
    }

    /// The store.
    ///
    /// # Errors
    /// [`FlowError::Store`] when it is shut.
    pub fn records(&self) -> Result<&Records, FlowError> {
        match &self.vault {
            Vault::Open(records) => Ok(records),
            Vault::Shut(_) => Err(FlowError::Store(None)),
        }
    }

    /// Key of the upstream session that a jar carries: by its own id, else by its substance.
    pub fn key_of(&self, jar: &Jar) -> Option<UpstreamKey> {
        let profile = self.profile();
        let cookie = profile.session_cookie();
        let value = jar.get(cookie.name.as_bytes())?;
        Some(self.key_of_value(value))
    }

    /// The same for the value of a session cookie.
    pub fn key_of_value(&self, value: &[u8]) -> UpstreamKey {
        let profile = self.profile();
        let cookie = profile.session_cookie();
        match cookie.id(value) {
            Some(id) => self.seals.upstream_key(&[b"i", id].concat()),
            // Nothing can be parked upstream under a cookie without an id, but it is watched all
            // the same: by everything in it that does not change with time.
            None => self
                .seals
                .upstream_key(&[b"s", cookie.substance(value).as_slice()].concat()),
        }
    }

    /// Hosts of this site as the upstream may write them: the configured ones and the one that was
    /// asked for, which was checked at the door.
    pub fn own_hosts(&self, client: &Client) -> Vec<String> {
        let mut hosts = self.settings.own_hosts.clone();
        hosts.push(String::from_utf8_lossy(&client.host).into_owned());
        hosts
    }

    /// Who asks when the gateway asks for itself.
    pub fn own_client(&self) -> Client {
        let host = self.settings.own_hosts.first().cloned().unwrap_or_default();
        Client {
            address: IpAddr::from([127, 0, 0, 1]),
            host: host.into_bytes(),
            https: self.settings.https,
            user_agent: b"gerbang".to_vec(),
            request_id: "own".into(),
            actor: None,
        }
    }

    /// The gateway, in the name of those who signed.
    pub(crate) fn client_of(&self, signature: &Signature) -> Client {
        Client {
            actor: Some(signature.by.join(", ")),
            ..self.own_client()
        }
    }

    /// An audit record of now; what it tells is counted.
    pub fn audit(
        &self,
        client: &Client,
        account: Option<(&AccountId, &str)>,
        event: AuditEvent,
    ) -> AuditRecord {
        self.metrics.count(&event);
        AuditRecord {
            at: self.now(),
            account: account.map(|(id, _)| id.clone()),
            role: account.map(|(_, role)| role.to_owned()),
            client: client.address.to_string(),
            request: client.request_id.clone(),
            actor: client.actor.clone(),
            event,
        }
    }
}
