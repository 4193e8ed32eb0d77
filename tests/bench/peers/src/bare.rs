//! A pingora proxy that decides nothing: what is left of the gateway without its gate.

use super::{listener, server};
use async_trait::async_trait;
use pingora::Result;
use pingora::modules::http::HttpModules;
use pingora::proxy::{ProxyHttp, Session, http_proxy_service};
use pingora::server::RunArgs;
use pingora::upstreams::peer::HttpPeer;
use std::net::SocketAddr;
use std::time::Duration;

/// For browsers: the gateway's default for bodies, and what the measurement sets for idle ones.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);
const KEEPALIVE_SECONDS: u64 = 300;
/// The gateway's defaults for its upstream.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const READ_TIMEOUT: Duration = Duration::from_secs(600);
const WRITE_TIMEOUT: Duration = Duration::from_secs(60);
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

struct Bare {
    peer: HttpPeer,
}

#[async_trait]
impl ProxyHttp for Bare {
    type CTX = ();

    fn new_ctx(&self) {}

    fn init_downstream_modules(&self, _modules: &mut HttpModules) {
        // None, as in the gateway.
    }

    async fn request_filter(&self, session: &mut Session, (): &mut ()) -> Result<bool> {
        // No proxy in service waits for ever.
        session.set_keepalive(Some(KEEPALIVE_SECONDS));
        session
            .as_downstream_mut()
            .set_read_timeout(Some(BODY_TIMEOUT));
        Ok(false)
    }

    async fn upstream_peer(&self, _session: &mut Session, (): &mut ()) -> Result<Box<HttpPeer>> {
        Ok(Box::new(self.peer.clone()))
    }
}

/// Serves until the process is told to end.
pub(super) fn serve(listen: SocketAddr, upstream: SocketAddr) {
    let mut peer = HttpPeer::new(upstream, false, String::new());
    peer.options.connection_timeout = Some(CONNECT_TIMEOUT);
    peer.options.total_connection_timeout = Some(CONNECT_TIMEOUT);
    peer.options.read_timeout = Some(READ_TIMEOUT);
    peer.options.write_timeout = Some(WRITE_TIMEOUT);
    peer.options.idle_timeout = Some(IDLE_TIMEOUT);
    let mut server = server();
    let mut service = http_proxy_service(&server.configuration, Bare { peer });
    service.add_listener(listener(listen));
    server.add_service(service);
    server.run(RunArgs::default());
}
