//! The one file that picks concrete adapters and puts the parts together.
//!
//! Life of a login, with file names: `proxy/door.rs` (what is refused unread) → `proxy/admit.rs` →
//! `flow/admit.rs` (which session did it come with) → `domain/gate.rs` (verdict and permit) →
//! `flow/carry.rs` (mark, send, probe) → `flow/judge.rs` (whose session is it) → `flow/demand.rs`
//! (waiting login) → `pages/acceptor.rs` or `pages/activation.rs` → `flow/verify.rs`,
//! `flow/activate.rs` → `flow/accept.rs` (one durable step) → `proxy/release.rs` (the seal).

use crate::cli::Exit;
mod assemble;
mod checks;
mod office;
mod reload;
mod supervisor;
mod vault;
mod wait;

pub use checks::checks;
pub use office::office;

use crate::config::{Config, Listen, Mail, ProfileSource, PublicUrl, Sources};
use crate::control::{self, Control, SOCKET_FILE};
use crate::flow::Engine;
use crate::flow::post::Post;
use crate::mail::SmtpCarrier;
use crate::pages::cookies::OwnCookies;
use crate::pages::mails::Mails;
use crate::pages::{Face, Pages};
use crate::primitives::UpstreamKey;
use crate::profile::Profile;
use crate::proxy::{
    AdminListener, Background, Certificate, DoorLimits, Doors, Gateway, Pulse, ServeError, serve,
    upstream_peer,
};
use crate::render::{Frame, Lang, Renderer};
use arc_swap::ArcSwap;
use assemble::{Assembled, assemble, close};
use reload::Reload;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use supervisor::{handed_over, supervised};
use tokio::sync::mpsc::UnboundedReceiver;
use wait::{PATIENCE, look_at_addresses, patiently};

/// Why the gateway could not start.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("{0}")]
    Profile(String),
    #[error("templates: {0}")]
    Templates(String),
    #[error("{0}")]
    Serve(#[from] crate::proxy::ServeError),
    #[error("[push] {0}")]
    Push(String),
    #[error("keys could not be made: {0}")]
    Seal(#[from] crate::seal::SealError),
    #[error("no randomness")]
    Entropy(#[from] crate::entropy::EntropyError),
    #[error("[listen] cannot listen on {address}: {why}")]
    Listen {
        address: std::net::SocketAddr,
        why: std::io::Error,
    },
    #[error("socket {number} that was handed over: {why}")]
    Handed { number: usize, why: std::io::Error },
    #[error("a runtime for the start could not be made: {0}")]
    Runtime(#[from] std::io::Error),
}

/// Serves until the process is told to end. `sources` are read again on SIGHUP.
pub fn run(config: Config, sources: Sources) -> Exit {
    harden();
    start_log(&config);
    for warning in &config.warnings {
        tracing::warn!(key = %warning.key, "{}", warning.message);
    }
    match start(config, sources) {
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

fn start(config: Config, sources: Sources) -> Result<(), StartError> {
    // First of all: a start that fails here has touched nothing.
    let admin = patiently(PATIENCE, "the admin address", ServeError::is_taken, || {
        AdminListener::bind(&config.admin)
    })?;
    let sockets = handed_over()?;
    let own = own_addresses(&config.listen, &sockets);
    look_at_addresses(&own)?;
    let renderer = Arc::new(load_renderer(&config).map_err(StartError::Templates)?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let Assembled {
        engine,
        errands,
        own_client,
        store,
    } = assemble(&config, &runtime, PATIENCE)?;
    drop(runtime);
    let mut background = background(&config, &engine, errands);
    let pages = Arc::new(pages(&config, engine, renderer));
    let certificate = match &config.listen.tls {
        Some(tls) => Some(Arc::new(Certificate::read(tls).map_err(ServeError::Tls)?)),
        None => None,
    };
    if let (Some(mail), Some(public)) = (&config.mail, &config.site.public_url) {
        background.push(post(mail, public, &pages));
    }
    let reload = Reload::new(config.clone(), sources, pages.clone(), certificate.clone());
    background.push(Background {
        name: "reload",
        run: Box::new(|stop| Box::pin(reload.run(stop))),
    });
    let limits = DoorLimits {
        header_bytes_max: config.limits.header_bytes_max,
        form_body_bytes_max: config.limits.form_body_bytes_max,
        login_body_bytes_max: config.limits.login_body_bytes_max,
        keepalive_seconds: config.listen.keepalive.as_secs(),
        body_timeout: config.listen.body_timeout,
        hsts_seconds: config.listen.tls.as_ref().map_or(0, |tls| tls.hsts_seconds),
        drain_timeout: config.listen.drain_timeout,
    };
    let gateway = Gateway::new(
        pages,
        own_client,
        upstream_peer(&config.upstream)?,
        config.site.clone(),
        config.trusted_proxies.clone(),
        limits,
    );
    for address in &own {
        tracing::info!(%address, context = %config.site.context, "serving");
    }
    for (address, _) in &sockets {
        tracing::info!(%address, context = %config.site.context, "serving on a socket that was handed over");
    }
    let pulse = Pulse::default();
    background.push(supervised(own, pulse.clone()));
    let doors = Doors {
        listen: config.listen,
        sockets,
        pool_size: config.upstream.pool_size,
        admin,
        certificate,
        pulse,
    };
    serve(gateway, background, doors)?;
    if let Some(store) = store {
        close(&store);
    }
    Ok(())
}

/// Addresses that this process has to bind itself. With sockets that were handed over for other addresses
/// than the configured ones, both are served: nobody who waits at one of them is kept out.
fn own_addresses(listen: &Listen, sockets: &[(SocketAddr, TcpListener)]) -> Vec<SocketAddr> {
    let handed = |address: &SocketAddr| sockets.iter().any(|(of, _)| of == address);
    let redirects = listen.tls.iter().flat_map(|tls| &tls.redirect_from);
    let configured: Vec<SocketAddr> = listen.addresses.iter().chain(redirects).copied().collect();
    for (address, _) in sockets.iter().filter(|(at, _)| !configured.contains(at)) {
        tracing::warn!(%address, "a socket was handed over that [listen] does not name; it is served as well");
    }
    configured.into_iter().filter(|at| !handed(at)).collect()
}

/// Work beside the requests: the broom, the canary, and the control socket.
fn background(
    config: &Config,
    engine: &Arc<Engine>,
    errands: UnboundedReceiver<UpstreamKey>,
) -> Vec<Background> {
    let broom = engine.clone();
    let canary = engine.clone();
    let mut all = vec![
        Background {
            name: "sweeper",
            run: Box::new(|stop| Box::pin(broom.run_sweeper(errands, stop))),
        },
        // A look waits for the application; a sweep must not wait for a look.
        Background {
            name: "canary",
            run: Box::new(|stop| Box::pin(canary.run_canary(stop))),
        },
    ];
    let path = config.state.dir.join(SOCKET_FILE);
    match Control::bind(&path) {
        Ok(control) => {
            let engine = engine.clone();
            all.push(Background {
                name: "control",
                run: Box::new(|stop| Box::pin(control::serve(engine, control, stop))),
            });
        }
        // Logins go on; only the command line cannot reach this gateway.
        Err(error) => tracing::error!(%error, path = %path.display(), "no control socket"),
    }
    all
}

/// What sends letters.
fn post(mail: &Mail, public: &PublicUrl, pages: &Arc<Pages>) -> Background {
    let composer = Arc::new(Mails::new(pages.clone(), mail));
    let carrier = SmtpCarrier::new(mail.clone(), public.host.name());
    let post = Post::new(composer, Arc::new(carrier));
    let engine = pages.engine.clone();
    Background {
        name: "post",
        run: Box::new(|stop| Box::pin(engine.run_post(post, stop))),
    }
}

fn pages(config: &Config, engine: Arc<Engine>, renderer: Arc<Renderer>) -> Pages {
    let https = engine.settings.https;
    Pages {
        face: ArcSwap::from_pointee(Face {
            renderer,
            contacts: config.contacts.clone(),
            announcements: config.announcements.clone(),
        }),
        cookies: OwnCookies::new(&config.site.id, https),
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
        origin: config
            .site
            .public_url
            .as_ref()
            .map(crate::config::PublicUrl::origin),
        own_url: config
            .site
            .public_url
            .as_ref()
            .map(|url| format!("{}{}", url.origin(), config.site.own_path())),
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
