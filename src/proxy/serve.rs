//! Listeners, TLS, background work: pingora's server around the gateway.

use super::admin::{AdminFace, AdminListener};
use super::certificate::Certificate;
use super::connection::{ConnectionLimits, Connections};
use super::gateway::Gateway;
use crate::config::{Listen, Upstream, UpstreamAddress};
use async_trait::async_trait;
use pingora::listeners::tls::TlsSettings;
use pingora::listeners::{L4BufferSettings, ListenerConfig};
use pingora::proxy::http_proxy;
use pingora::server::configuration::ServerConf;
use pingora::server::{RunArgs, Server, ShutdownWatch};
use pingora::services::background::{BackgroundService, background_service};
use pingora::services::listening::Service;
use pingora::upstreams::peer::{H1UpgradePolicy, HttpPeer, PeerOptions};
use std::pin::Pin;
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
            Self::Upstream(_) | Self::Tls(_) => false,
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

/// Serves until the process is told to end.
///
/// # Errors
/// [`ServeError`] when it could not start.
pub fn serve(
    gateway: Gateway,
    background: Vec<Background>,
    listen: &Listen,
    pool_size: usize,
    admin: Option<AdminListener>,
    certificate: Option<Arc<Certificate>>,
) -> Result<(), ServeError> {
    let conf = ServerConf {
        threads: listen.threads,
        work_stealing: true,
        grace_period_seconds: Some(listen.grace.as_secs()),
        graceful_shutdown_timeout_seconds: Some(listen.shutdown.as_secs()),
        upstream_keepalive_pool_size: pool_size,
        // No error may send a POST twice; GETs are tried once more on a stale connection.
        max_retries: 2,
        ..ServerConf::default()
    };
    let engine = gateway.engine.clone();
    let mut server = Server::new_with_opt_and_conf(None, conf);
    server.bootstrap();
    let limits = ConnectionLimits {
        open_max: listen.connections_max,
        head: listen.header_timeout,
        idle: listen.keepalive,
        requests_max: listen.keepalive_requests_max,
    };
    let proxy = http_proxy(&server.configuration, gateway);
    let mut service = Service::new(
        "proxy".to_owned(),
        Connections::new(proxy, limits, engine.metrics.clone()),
    );
    for address in &listen.addresses {
        let endpoint = ListenerConfig::tcp(address.to_string())
            .l4_buffer(L4BufferSettings::new(READ_BUFFER_BYTES, WRITE_BUFFER_BYTES));
        let endpoint = match &certificate {
            Some(certificate) => endpoint.tls(tls_settings(certificate.clone())?),
            None => endpoint,
        };
        service.add_listener(endpoint);
    }
    server.add_service(service);
    for Background { name, run } in background {
        let worker = Worker(Mutex::new(Some(run)));
        server.add_service(background_service(name, worker));
    }
    // Pages that wait would hold the process for minutes: they are let go, and ask again.
    let listened = engine.clone();
    let let_go: Begin = Box::new(move |ended| {
        Box::pin(async move {
            ended.await;
            listened.wakes.end();
        })
    });
    let worker = Worker(Mutex::new(Some(let_go)));
    server.add_service(background_service("wakes", worker));
    if let Some(admin) = admin {
        let face = AdminFace::new(admin, engine);
        server.add_service(background_service("admin", face));
    }
    server.run(RunArgs::default());
    Ok(())
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
struct Worker(Mutex<Option<Begin>>);

#[async_trait]
impl BackgroundService for Worker {
    async fn start(&self, mut shutdown: ShutdownWatch) {
        let run = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(run) = run else { return };
        run(Box::pin(async move {
            // An error means that the sender is gone: the server ends.
            let _ = shutdown.changed().await;
        }))
        .await;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
