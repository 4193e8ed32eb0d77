//! The one file that picks concrete adapters and puts the parts together.
//!
//! Life of a login, with file names: `proxy/door.rs` (what is refused unread) → `proxy/admit.rs` →
//! `flow/admit.rs` (which session did it come with) → `domain/gate.rs` (verdict and permit) →
//! `flow/carry.rs` (mark, send, probe) → `flow/judge.rs` (whose session is it) → `flow/demand.rs`
//! (waiting login) → `pages/acceptor.rs` or `pages/activation.rs` → `flow/verify.rs`,
//! `flow/activate.rs` → `flow/accept.rs` (one durable step) → `proxy/release.rs` (the seal).

use crate::cli::Exit;
mod checks;
mod vault;

pub use checks::checks;

use crate::clock::{Clock, SystemClock};
use crate::config::{Config, ProfileSource};
use crate::domain::enrollment::ActivationLimits;
use crate::domain::login::LoginLimits;
use crate::domain::session::SessionLimits;
use crate::entropy::{Entropy, SystemEntropy, random};
use crate::flow::accept::Slowdown;
use crate::flow::canary::Canary;
use crate::flow::health::HealthLog;
use crate::flow::notices::LogNotices;
use crate::flow::probe::Budgets;
use crate::flow::sessions::Sessions;
use crate::flow::table::Table;
use crate::flow::{Engine, Policy, Settings, Vault};
use crate::observe::Metrics;
use crate::pages::Pages;
use crate::pages::cookies::OwnCookies;
use crate::primitives::UpstreamKey;
use crate::profile::Profile;
use crate::proxy::{AdminListener, DoorLimits, Gateway, OwnClient, serve, upstream_peer};
use crate::render::{Frame, Lang, Renderer};
use crate::seal::{MasterKey, Seals};
use crate::store::{Reminder, SledStore};
use arc_swap::ArcSwap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Own logouts at once.
const LOGOUTS: usize = 4;
/// Blind probes at once for one address.
const PROBES_BLIND_PER_ADDRESS: u32 = 4;
/// Why the gateway could not start.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("{0}")]
    Profile(String),
    #[error("templates: {0}")]
    Templates(String),
    #[error("{0}")]
    Serve(#[from] crate::proxy::ServeError),
    #[error("keys could not be made: {0}")]
    Seal(#[from] crate::seal::SealError),
    #[error("no randomness")]
    Entropy(#[from] crate::entropy::EntropyError),
    #[error("a runtime for the start could not be made: {0}")]
    Runtime(#[from] std::io::Error),
}

/// Serves until the process is told to end.
pub fn run(config: Config) -> Exit {
    harden();
    start_log(&config);
    for warning in &config.warnings {
        tracing::warn!(key = %warning.key, "{}", warning.message);
    }
    match start(config) {
        Ok(()) => Exit::Done,
        Err(error) => {
            tracing::error!(%error, "the gateway could not start");
            Exit::Failed
        }
    }
}

/// Secrets live in memory: no core dump, no tracing by others of the same user (invariant I10).
fn harden() {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    if set_dumpable_behavior(DumpableBehavior::NotDumpable).is_err() {
        eprintln!("gerbang: core dumps could not be switched off");
    }
}

fn start_log(config: &Config) {
    // Only our own lines: pingora's hold addresses with queries and raw heads (pingora.md 3).
    let filter = format!("gerbang={}", config.log.level.as_str());
    let log = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(filter))
        .with_writer(std::io::stderr)
        .with_ansi(false);
    if config.log.json {
        log.json().init()
    } else {
        log.init()
    }
}

fn start(config: Config) -> Result<(), StartError> {
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::default());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    // First of all: a start that fails here has touched nothing.
    let admin = AdminListener::bind(&config.admin)?;
    let profile = Arc::new(load_profile(&config).map_err(StartError::Profile)?);
    let roles = profile.roles().iter().map(|role| role.as_str());
    let metrics = Arc::new(Metrics::new(clock.now(), roles));
    let renderer = Arc::new(load_renderer(&config).map_err(StartError::Templates)?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let opened = vault::open_vault(&config, &entropy, &*clock, &runtime, &metrics);
    let (vault, seals, store, reminder) = match opened {
        Ok(open) => {
            let vault = Vault::Open(open.records);
            (vault, open.seals, Some(open.store), open.reminder)
        }
        Err(why) => {
            tracing::error!(%why, "logins are paused; the public pages go on");
            let seals = own_keys(&config, &entropy)?;
            (Vault::Shut(why), seals, None, Reminder::nowhere())
        }
    };
    let peer = upstream_peer(&config.upstream)?;
    let own_client = Arc::new(OwnClient::new(peer.clone(), profile.limits().header_bytes));
    let parts = Parts {
        profile,
        seals,
        vault,
        reminder,
        clock,
        entropy,
        own_client: own_client.clone(),
        metrics,
    };
    let (mut engine, errands) = engine(&config, parts);
    if let Vault::Open(_) = engine.vault
        && let Err(error) = runtime.block_on(engine.restore())
    {
        tracing::error!(%error, "the store could not be read to its end; logins are paused");
        engine.seals = own_keys(&config, &engine.entropy)?;
        engine.vault = Vault::Shut(error.to_string());
        engine.table = Table::default();
        engine.sessions = Sessions::default();
    }
    let engine = engine.shared();
    drop(runtime);
    let pages = Arc::new(pages(&config, engine, renderer));
    let limits = door_limits(&config);
    let trusted = config.trusted_proxies.clone();
    let gateway = Gateway::new(
        pages,
        own_client,
        peer,
        config.site.clone(),
        trusted,
        limits,
    );
    for address in &config.listen.addresses {
        tracing::info!(%address, context = %config.site.context, "serving");
    }
    let pool_size = config.upstream.pool_size;
    serve(gateway, errands, &config.listen, pool_size, admin)?;
    if let Some(store) = store {
        close(&store);
    }
    Ok(())
}

fn door_limits(config: &Config) -> DoorLimits {
    DoorLimits {
        header_bytes_max: config.limits.header_bytes_max,
        form_body_bytes_max: config.limits.form_body_bytes_max,
        login_body_bytes_max: config.limits.login_body_bytes_max,
        keepalive_seconds: config.listen.keepalive.as_secs(),
        body_timeout: config.listen.body_timeout,
        drain_timeout: config.listen.drain_timeout,
    }
}

/// Keys of this process alone: every stamp and seal of before is dead.
fn own_keys(config: &Config, entropy: &Arc<dyn Entropy>) -> Result<Seals, StartError> {
    let master = MasterKey::generate(&**entropy)?;
    let epoch = u64::from_be_bytes(random(&**entropy)?);
    Ok(Seals::new(
        &master,
        &config.site.id,
        epoch,
        entropy.clone(),
    )?)
}

fn close(store: &SledStore) {
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
    profile: Arc<Profile>,
    seals: Seals,
    vault: Vault,
    reminder: Reminder,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    own_client: Arc<OwnClient>,
    metrics: Arc<Metrics>,
}

fn engine(config: &Config, parts: Parts) -> (Engine, UnboundedReceiver<UpstreamKey>) {
    let (errands, owed) = unbounded_channel();
    let limits = &config.limits;
    let engine = Engine {
        settings: settings(config),
        profile: parts.profile,
        seals: parts.seals,
        vault: parts.vault,
        table: Table::default(),
        sessions: Sessions::default(),
        policy: ArcSwap::from_pointee(Policy {
            version: 1,
            file: config.policy.clone(),
        }),
        clock: parts.clock,
        entropy: parts.entropy,
        upstream: parts.own_client,
        notices: Arc::new(LogNotices),
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
        me: std::sync::OnceLock::new(),
        logouts: tokio::sync::Semaphore::new(LOGOUTS),
        slowdown: Slowdown::default(),
        metrics: parts.metrics,
        canary: Canary::new(config.canary.interval_seconds),
        health: HealthLog::default(),
    };
    (engine, owed)
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
        own_base: config.site.own_path(),
        own_hosts,
        https: config.site.scheme().as_str() == "https",
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

fn pages(config: &Config, engine: Arc<Engine>, renderer: Arc<Renderer>) -> Pages {
    let https = engine.settings.https;
    Pages {
        renderer,
        cookies: OwnCookies::new(&config.site.id, https),
        contacts: config.contacts.clone(),
        frame: Frame {
            lang: Lang::Id,
            site_name: config.site.name.clone(),
            base: config.site.own_path(),
            home: format!("{}/", config.site.context),
            loopback_banner: config.site.public_url.is_none(),
            training: config.site.training,
            this_path: format!("{}/", config.site.own_path()),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        time_zone: (
            config.site.time_zone.offset_seconds(),
            config.site.time_zone.label(),
        ),
        origin: config
            .site
            .public_url
            .as_ref()
            .map(crate::config::PublicUrl::origin),
        engine,
    }
}

fn load_profile(config: &Config) -> Result<Profile, String> {
    let context = &config.site.context;
    let profile = match &config.profile {
        ProfileSource::BuiltIn(name) => {
            let known = crate::profile::BUILTIN
                .iter()
                .find(|(known, _)| known == name);
            let (_, text) = known.ok_or_else(|| format!("profile {name}: not built in"))?;
            Profile::parse(text, context)
        }
        ProfileSource::File(path) => {
            let text = fs::read_to_string(path)
                .map_err(|error| format!("profile {}: {error}", path.display()))?;
            Profile::parse(&text, context)
        }
    };
    profile.map_err(|problems| {
        problems
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    })
}

fn load_renderer(config: &Config) -> Result<Renderer, String> {
    let renderer = match &config.templates {
        Some(dir) => Renderer::with_overrides(dir),
        None => Renderer::builtin(),
    };
    renderer.map_err(|problems| {
        problems
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    })
}
