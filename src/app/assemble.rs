//! The engine, put together from a configuration: for serving, and for the command line when no
//! gateway runs.

use super::vault::open_vault;
use super::{StartError, load_profile};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::config::glass::GLASS_FILE;
use crate::directory::{Addresses, NoAddresses, SqlAddresses};
use crate::domain::enrollment::ActivationLimits;
use crate::domain::login::LoginLimits;
use crate::domain::policy::PolicyState;
use crate::domain::session::SessionLimits;
use crate::entropy::{Entropy, SystemEntropy, random};
use crate::flow::accept::Slowdown;
use crate::flow::asks::Asks;
use crate::flow::canary::Canary;
use crate::flow::glass::GlassFile;
use crate::flow::health::HealthLog;
use crate::flow::keeper::Keeper;
use crate::flow::outbox::Outbox;
use crate::flow::probe::Budgets;
use crate::flow::push::Waker;
use crate::flow::puzzle::Answered;
use crate::flow::sessions::Sessions;
use crate::flow::table::Table;
use crate::flow::trace::Traces;
use crate::flow::wakes::Wakes;
use crate::flow::watch::Results;
use crate::flow::{Engine, Policy, Settings, Vault};
use crate::observe::{Metrics, outputs};
use crate::primitives::UpstreamKey;
use crate::profile::Profile;
use crate::proxy::{OwnClient, PushClient, upstream_peer};
use crate::seal::{HeadKey, HeadSigner, MasterKey, Seals};
use crate::store::{Reminder, SledStore};
use arc_swap::ArcSwap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Own logouts at once.
const LOGOUTS: usize = 4;
/// Pages that wait for a phone at once: what they hold has to fit beside the application.
const WATCHERS: usize = 4_096;
/// Blind probes at once for one address.
const PROBES_BLIND_PER_ADDRESS: u32 = 4;

/// Everything but the faces.
pub(super) struct Assembled {
    pub(super) engine: Arc<Engine>,
    pub(super) errands: UnboundedReceiver<UpstreamKey>,
    pub(super) own_client: Arc<OwnClient>,
    /// `None` when it could not be opened.
    pub(super) store: Option<Arc<SledStore>>,
}

/// Opens the store, reads it, and puts the engine together. A store that cannot be used leaves an
/// engine whose vault is shut (invariant I8). A store that another process has open is waited for.
pub(super) fn assemble(
    config: &Config,
    runtime: &Runtime,
    patience: Duration,
) -> Result<Assembled, StartError> {
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::default());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let profile = Arc::new(load_profile(config).map_err(StartError::Profile)?);
    let roles = profile.roles().iter().map(|role| role.as_str());
    let metrics = Arc::new(Metrics::new(clock.now(), roles));
    let opened = open_vault(config, (&entropy, &*clock), runtime, &metrics, patience);
    let (vault, keys, store, reminder, keeper) = match opened {
        Ok(open) => {
            let keys = (open.seals, open.signer.key());
            let vault = Vault::Open(open.records);
            let keeper = Some(keeper(config, open.signer));
            (vault, keys, Some(open.store), open.reminder, keeper)
        }
        Err(why) => {
            tracing::error!(%why, "logins are paused; the public pages go on");
            let keys = own_keys(config, &entropy)?;
            (Vault::Shut(why), keys, None, Reminder::nowhere(), None)
        }
    };
    let peer = upstream_peer(&config.upstream)?;
    let own_client = Arc::new(OwnClient::new(peer, profile.limits().header_bytes));
    let parts = Parts {
        waker: waker(config, &clock, &entropy)?,
        profile,
        seals: keys.0,
        head_key: keys.1,
        vault,
        reminder,
        keeper,
        metrics,
        clock,
        entropy,
        own_client: own_client.clone(),
    };
    let (mut engine, errands) = engine(config, parts);
    if let Vault::Open(_) = engine.vault
        && let Err(error) = runtime.block_on(engine.restore())
    {
        tracing::error!(%error, "the store could not be read to its end; logins are paused");
        (engine.seals, engine.head_key) = own_keys(config, &engine.entropy)?;
        engine.vault = Vault::Shut(error.to_string());
        engine.table = Table::default();
        engine.sessions = Sessions::default();
    }
    Ok(Assembled {
        engine: engine.shared(),
        errands,
        own_client,
        store,
    })
}

/// Keys of this process alone: every stamp and seal of before is dead.
fn own_keys(config: &Config, entropy: &Arc<dyn Entropy>) -> Result<(Seals, HeadKey), StartError> {
    let master = MasterKey::generate(&**entropy)?;
    let epoch = u64::from_be_bytes(random(&**entropy)?);
    let seals = Seals::new(&master, &config.site.id, epoch, entropy.clone())?;
    Ok((seals, HeadSigner::new(&master)?.key()))
}

/// Closes the store, so that the next who opens it finds it whole at once.
pub(super) fn close(store: &SledStore) {
    let closed = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map(|runtime| runtime.block_on(store.close()));
    match closed {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(%error, "the store could not be closed"),
        Err(error) => tracing::error!(%error, "the store could not be closed"),
    }
}

struct Parts {
    waker: Option<Arc<dyn Waker>>,
    profile: Arc<Profile>,
    seals: Seals,
    head_key: HeadKey,
    vault: Vault,
    reminder: Reminder,
    keeper: Option<Keeper>,
    metrics: Arc<Metrics>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    own_client: Arc<OwnClient>,
}

fn engine(config: &Config, parts: Parts) -> (Engine, UnboundedReceiver<UpstreamKey>) {
    let (errands, owed) = unbounded_channel();
    let limits = &config.limits;
    let frozen = parts.profile.freeze_types().to_vec();
    let first = PolicyState::first(config.policy.clone(), frozen);
    let engine = Engine {
        settings: settings(config),
        known: ArcSwap::new(parts.profile),
        seals: parts.seals,
        head_key: parts.head_key,
        vault: parts.vault,
        table: Table::default(),
        sessions: Sessions::default(),
        policy: ArcSwap::from_pointee(Policy::new(first)),
        clock: parts.clock,
        entropy: parts.entropy,
        upstream: parts.own_client,
        waker: parts.waker,
        wakes: Wakes::new(WATCHERS),
        answered: Answered::default(),
        asks: Asks::default(),
        outbox: Outbox::new(config.mail.is_some()),
        addresses: addresses(config),
        budgets: Budgets::new(
            limits.probes_known_max,
            limits.probes_blind_max,
            PROBES_BLIND_PER_ADDRESS,
            limits.waiting_posts_max,
            limits.logins_max,
        ),
        clock_high: AtomicU64::new(0),
        unwritten_ends: std::sync::Mutex::default(),
        reminder: parts.reminder,
        errands,
        keeper: std::sync::Mutex::new(parts.keeper),
        me: std::sync::OnceLock::new(),
        logouts: tokio::sync::Semaphore::new(LOGOUTS),
        slowdown: Slowdown::default(),
        metrics: parts.metrics,
        canary: Canary::new(config.canary.interval_seconds),
        health: HealthLog::default(),
        results: Results::default(),
        glass_file: Some(GlassFile {
            path: config.state.dir.join(GLASS_FILE),
        }),
        readiness_told: AtomicU64::new(0),
        traces: Traces::default(),
    };
    (engine, owed)
}

/// What wakes phones.
fn waker(
    config: &Config,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> Result<Option<Arc<dyn Waker>>, StartError> {
    let Some(push) = config.push.clone() else {
        return Ok(None);
    };
    let client = PushClient::new(push, clock.clone(), entropy.clone());
    Ok(Some(Arc::new(client.map_err(StartError::Push)?)))
}

/// Where the application keeps registered addresses.
fn addresses(config: &Config) -> Arc<dyn Addresses> {
    match &config.directory {
        Some(directory) => Arc::new(SqlAddresses::new(directory.clone())),
        None => Arc::new(NoAddresses),
    }
}

/// What keeps the audit log.
fn keeper(config: &Config, signer: HeadSigner) -> Keeper {
    let audit = &config.audit;
    let retention = audit.retention.clone();
    Keeper::new(outputs(audit), signer, &config.site.id, retention)
}

fn settings(config: &Config) -> Settings {
    let public = config.site.public_url.as_ref();
    let mut own_hosts: Vec<String> = public.map(|url| url.host.to_string()).into_iter().collect();
    own_hosts.extend(config.site.extra_hosts.iter().map(ToString::to_string));
    if own_hosts.is_empty() {
        own_hosts.extend(config.listen.addresses.first().map(ToString::to_string));
    }
    Settings {
        site_name: config.site.name.clone(),
        zone: config.site.time_zone.zone(),
        own_base: config.site.own_path(),
        own_hosts,
        https: config.site.scheme().as_str() == "https",
        site_id: config.site.id.clone(),
        retention: config.audit.retention.clone(),
        people: config.admin.people.clone(),
        login: LoginLimits {
            lifetime_seconds: config.login.waiting_seconds,
            window_seconds: config.login.acceptor_window_seconds,
            extensions: u8::try_from(config.login.extensions_max).unwrap_or(u8::MAX),
        },
        activation: ActivationLimits {
            lifetime_seconds: config.activation.lifetime_seconds,
            qr_seconds: config.activation.qr_window_seconds,
        },
        session: SessionLimits {
            idle_seconds: config.session.idle_seconds,
            absolute_seconds: config.session.absolute_seconds,
        },
        verdict_wait_seconds: config.limits.waiting_post.as_secs(),
    }
}
