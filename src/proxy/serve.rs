//! Listeners, TLS, background work: pingora's server around the gateway.

use super::admin::{AdminFace, AdminListener};
use super::certificate::Certificate;
use super::connection::{ConnectionLimits, Connections};
use super::ending::{AtWork, Ending, Signals};
use super::gateway::Gateway;
use super::handed::{HandedOver, Pulse};
use super::redirect::Redirect;
use crate::config::{Listen, Upstream, UpstreamAddress};
use crate::observe::Metrics;
use async_trait::async_trait;
use pingora::listeners::tls::TlsSettings;
use pingora::listeners::{L4BufferSettings, ListenerConfig};
use pingora::proxy::http_proxy;
use pingora::server::configuration::ServerConf;
use pingora::server::{RunArgs, Server, ShutdownWatch};
use pingora::services::Service as PingoraService;
use pingora::services::background::{BackgroundService, GenBackgroundService, background_service};
use pingora::services::listening::Service;
use pingora::upstreams::peer::{H1UpgradePolicy, HttpPeer, PeerOptions};
use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Buffers of one connection in bytes: half of pingora's memory per idle connection goes with
/// smaller ones (performance.md section 2). The one for reading is touched as a whole; most heads
/// fit, and bodies are read past it.
const READ_BUFFER_BYTES: usize = 4 * 1024;
const WRITE_BUFFER_BYTES: usize = 16 * 1024;

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The upstream's socket path is not usable.
    #[error("upstream socket: {0}")]
    Upstream(String),
    /// Certificate or key could not be taken.
    #[error("TLS: {0}")]
    Tls(String),
    /// The threads that serve are gone.
    #[error("the server ended by itself")]
    Died,
    /// The address for metrics and health is not free.
    #[error("[admin] cannot listen on {address}: {why}")]
    Admin {
        /// Which.
        address: std::net::SocketAddr,
        /// What the system says.
        why: std::io::Error,
    },
}

impl ServeError {
    /// Whether somebody else has the address, be it for a moment.
    pub fn is_taken(&self) -> bool {
        match self {
            Self::Admin { why, .. } => why.kind() == std::io::ErrorKind::AddrInUse,
            Self::Upstream(_) | Self::Tls(_) | Self::Died => false,
        }
    }
}

/// The upstream as a peer with a timeout for everything; upgrades are refused.
///
/// # Errors
/// [`ServeError::Upstream`] when a socket path is not usable.
pub fn upstream_peer(upstream: &Upstream) -> Result<HttpPeer, ServeError> {
    let mut peer = match &upstream.address {
        UpstreamAddress::Tcp(address) => HttpPeer::new(*address, false, String::new()),
        UpstreamAddress::Unix(path) => {
            HttpPeer::new_uds(&path.to_string_lossy(), false, String::new())
                .map_err(|error| ServeError::Upstream(error.to_string()))?
        }
    };
    let options: &mut PeerOptions = &mut peer.options;
    options.connection_timeout = Some(upstream.connect_timeout);
    options.total_connection_timeout = Some(upstream.connect_timeout);
    options.read_timeout = Some(upstream.read_timeout);
    options.write_timeout = Some(upstream.write_timeout);
    options.idle_timeout = Some(upstream.idle);
    options.http_upstream_request_policy.h1_upgrade = H1UpgradePolicy::Deny;
    Ok(peer)
}

/// What is to be done.
pub type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How work is begun: it ends when what it is given resolves.
pub type Begin = Box<dyn FnOnce(Work) -> Work + Send + Sync>;

/// Work beside the requests, with a runtime of its own. It ends when what it is given resolves.
pub struct Background {
    /// For the log.
    pub name: &'static str,
    /// The work.
    pub run: Begin,
}

/// Where it is served, and how.
pub struct Doors {
    /// Addresses, limits and times.
    pub listen: Listen,
    /// Sockets that were handed over; served besides the addresses, or in the place of those that they have.
    pub sockets: Vec<(SocketAddr, TcpListener)>,
    /// Idle connections to the upstream that are kept.
    pub pool_size: usize,
    /// Metrics and health.
    pub admin: Option<AdminListener>,
    /// Where the gateway ends TLS itself.
    pub certificate: Option<Arc<Certificate>>,
    /// Of the threads that serve.
    pub pulse: Pulse,
}

/// Serves until the process is told to end, and what was under way is done or its grace over.
///
/// # Errors
/// [`ServeError`] when it could not start, or died.
pub fn serve(
    gateway: Gateway,
    background: Vec<Background>,
    mut doors: Doors,
) -> Result<(), ServeError> {
    let admin = doors.admin.take();
    let listen = &doors.listen;
    let conf = ServerConf {
        threads: listen.threads,
        work_stealing: true,
        // What is told at the end of the grace is told before everything is dropped.
        grace_period_seconds: Some(listen.grace.as_secs().saturating_add(1)),
        graceful_shutdown_timeout_seconds: Some(listen.shutdown.as_secs()),
        upstream_keepalive_pool_size: doors.pool_size,
        // No error may send a POST twice; GETs are tried once more on a stale connection.
        max_retries: 2,
        ..ServerConf::default()
    };
    let (engine, ending) = (gateway.engine.clone(), gateway.ending.clone());
    let mut server = Server::new_with_opt_and_conf(None, conf);
    server.bootstrap();
    if let Some(admin) = admin {
        let face = AdminFace::new(admin, engine.clone());
        server.add_service(background_service("admin", face));
    }
    let grace = listen.grace;
    if let Some(redirect) = redirect_service(&gateway, &mut doors) {
        server.add_service(redirect);
    }
    server.add_service(proxy_service(&server.configuration, gateway, doors)?);
    for Background { name, run } in background {
        server.add_service(worker(name, run, Some(ending.worker())));
    }
    // Pages that wait would hold the process for minutes: they are let go, and ask again.
    let let_go: Begin = Box::new(move |ended| {
        Box::pin(async move {
            ended.await;
            engine.wakes.end();
        })
    });
    server.add_service(worker("wakes", let_go, None));
    run(server, ending, grace)
}

/// Where plain HTTP is led to https; takes the sockets that were handed over for it.
fn redirect_service(gateway: &Gateway, doors: &mut Doors) -> Option<impl PingoraService + 'static> {
    let from = &doors.listen.tls.as_ref()?.redirect_from;
    let public = gateway.site.public_url.clone()?;
    if from.is_empty() {
        return None;
    }
    let is_ours = |(address, _): &(SocketAddr, TcpListener)| from.contains(address);
    let (sockets, rest) = std::mem::take(&mut doors.sockets)
        .into_iter()
        .partition(is_ours);
    doors.sockets = rest;
    let redirect = Redirect::new(public, &gateway.site.extra_hosts);
    let entrance = Entrance::new(gateway, &doors.listen);
    let mut service = Service::new("redirect".to_owned(), entrance.to(redirect));
    for address in from {
        service.add_listener(endpoint(address));
    }
    Some(HandedOver {
        service,
        sockets,
        // The sign of life is that of the threads that serve the application.
        pulse: Pulse::default(),
    })
}

/// The listeners with everything behind them.
fn proxy_service(
    conf: &Arc<ServerConf>,
    gateway: Gateway,
    mut doors: Doors,
) -> Result<impl PingoraService + 'static, ServeError> {
    let sockets = std::mem::take(&mut doors.sockets);
    let entrance = Entrance::new(&gateway, &doors.listen);
    let proxy = entrance.to(http_proxy(conf, gateway));
    let mut service = Service::new("proxy".to_owned(), proxy);
    let handed = sockets.iter().map(|(address, _)| address);
    let bound = doors.listen.addresses.iter();
    let addresses: BTreeSet<&SocketAddr> = handed.chain(bound).collect();
    for address in addresses {
        let endpoint = endpoint(address);
        let endpoint = match &doors.certificate {
            Some(certificate) => endpoint.tls(tls_settings(certificate.clone())?),
            None => endpoint,
        };
        service.add_listener(endpoint);
    }
    Ok(HandedOver {
        service,
        sockets,
        pulse: doors.pulse,
    })
}

/// What stands before everything that is served: limits, counts, and the word that the process ends.
struct Entrance {
    limits: ConnectionLimits,
    metrics: Arc<Metrics>,
    ending: Ending,
}

impl Entrance {
    fn new(gateway: &Gateway, listen: &Listen) -> Self {
        Self {
            limits: ConnectionLimits {
                open_max: listen.connections_max,
                head: listen.header_timeout,
                idle: listen.keepalive,
                requests_max: listen.keepalive_requests_max,
            },
            metrics: gateway.engine.metrics.clone(),
            ending: gateway.ending.clone(),
        }
    }

    fn to<A>(self, app: A) -> Connections<A> {
        Connections::new(app, self.limits, self.metrics, self.ending)
    }
}

fn endpoint(address: &SocketAddr) -> ListenerConfig {
    let buffers = L4BufferSettings::new(READ_BUFFER_BYTES, WRITE_BUFFER_BYTES);
    ListenerConfig::tcp(address.to_string()).l4_buffer(buffers)
}

/// Runs the server in a thread of its own, since it sleeps its grace out even when nobody is there any more.
fn run(mut server: Server, ending: Ending, grace: Duration) -> Result<(), ServeError> {
    let (drained, over) = channel();
    let ended = drained.clone();
    let watched = ending.clone();
    let drain: Begin = Box::new(move |ended| {
        Box::pin(async move {
            ended.await;
            if watched.all_gone(grace).await {
                // An error: the server was faster.
                let _ = drained.send(End::Drained);
            }
        })
    });
    server.add_service(worker("drain", drain, None));
    let name = std::thread::Builder::new().name("server".to_owned());
    let runner = name.spawn(move || {
        let _told = OnDrop(ended);
        let shutdown_signal = Box::new(Signals(ending));
        server.run(RunArgs { shutdown_signal });
    });
    let runner = runner.map_err(|_| ServeError::Died)?;
    match over.recv() {
        Ok(End::Drained) => Ok(()),
        // Its last word, or nobody is left who could say one: the thread is at its end, whichever that is.
        Ok(End::Ended) | Err(_) => runner.join().map_err(|_| ServeError::Died),
    }
}

/// What ends the wait for the server.
enum End {
    /// Nobody is there any more; it sleeps on.
    Drained,
    /// Its thread is about to end.
    Ended,
}

/// Says that the thread ends, also where a panic takes it away.
struct OnDrop(Sender<End>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        // An error: nobody waits any more.
        let _ = self.0.send(End::Ended);
    }
}

/// HTTP/1.1 alone, until the HTTP/2 battery has passed.
fn tls_settings(certificate: Arc<Certificate>) -> Result<TlsSettings, ServeError> {
    // No files: pingora panics on bad ones, and reads them once.
    let mut settings =
        TlsSettings::intermediate("", "").map_err(|error| ServeError::Tls(error.to_string()))?;
    settings.set_cert_resolver(certificate);
    Ok(settings)
}

/// Background work as pingora wants it.
struct Worker(Mutex<Option<(Begin, Option<AtWork>)>>);

fn worker(name: &str, run: Begin, at_work: Option<AtWork>) -> GenBackgroundService<Worker> {
    background_service(name, Worker(Mutex::new(Some((run, at_work)))))
}

#[async_trait]
impl BackgroundService for Worker {
    async fn start(&self, mut shutdown: ShutdownWatch) {
        let run = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((run, at_work)) = run else { return };
        run(Box::pin(async move {
            // An error means that the sender is gone: the server ends.
            let _ = shutdown.changed().await;
        }))
        .await;
        drop(at_work);
    }
}
