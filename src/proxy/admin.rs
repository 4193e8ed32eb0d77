//! Metrics and health on a listener of their own, for whoever runs the gateway: HTTP/1.1, one request
//! per connection, a small head, no body. It has no password, so it answers only on an address that
//! the operator chose and only under names that are this machine's (DNS rebinding: a page in the
//! operator's browser whose name an attacker points here asks with his name in Host).

use super::serve::ServeError;
use crate::config::Admin;
use crate::flow::Engine;
use crate::flow::health::Health;
use crate::observe::{AdminAnswer, CONTENT_TYPE};
use async_trait::async_trait;
use http::StatusCode;
use pingora::server::ShutdownWatch;
use pingora::services::background::BackgroundService;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

/// Largest head of a request, in bytes.
const HEAD_BYTES_MAX: usize = 8 * 1024;
/// Header lines of a request.
const HEADERS_MAX: usize = 64;
/// Connections at once; more are closed.
const CONNECTIONS_MAX: usize = 16;
/// Whole time of a connection.
const CONNECTION_TIME: Duration = Duration::from_secs(10);
/// After an accept that failed (out of descriptors), so that it does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Rest of a request that is read away, so that the answer is not cut by a reset.
const REST_BYTES_MAX: usize = 64 * 1024;

/// A listener that is bound and does not answer yet.
#[derive(Debug)]
pub struct AdminListener {
    listener: std::net::TcpListener,
    hosts: Vec<String>,
}

impl AdminListener {
    /// Binds the address, if there is one.
    ///
    /// # Errors
    /// [`ServeError::Admin`] when it is not free.
    pub fn bind(admin: &Admin) -> Result<Option<Self>, ServeError> {
        let Some(address) = admin.address else {
            return Ok(None);
        };
        let fail = |why| ServeError::Admin { address, why };
        let listener = std::net::TcpListener::bind(address).map_err(fail)?;
        listener.set_nonblocking(true).map_err(fail)?;
        Ok(Some(Self {
            listener,
            hosts: admin.hosts.clone(),
        }))
    }
}

/// The listener as a service, with a runtime of its own: it answers whatever the proxy is busy with.
pub(super) struct AdminFace {
    listener: Mutex<Option<std::net::TcpListener>>,
    site: Arc<Answers>,
}

struct Answers {
    engine: Arc<Engine>,
    hosts: Vec<String>,
    open: Semaphore,
}

impl AdminFace {
    pub(super) fn new(listener: AdminListener, engine: Arc<Engine>) -> Self {
        Self {
            listener: Mutex::new(Some(listener.listener)),
            site: Arc::new(Answers {
                engine,
                hosts: listener.hosts,
                open: Semaphore::new(CONNECTIONS_MAX),
            }),
        }
    }
}

#[async_trait]
impl BackgroundService for AdminFace {
    async fn start(&self, mut shutdown: ShutdownWatch) {
        let listener = self
            .listener
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(listener) = listener else { return };
        let listener = match TcpListener::from_std(listener) {
            Ok(listener) => listener,
            Err(error) => {
                tracing::error!(%error, "metrics and health are not served");
                return;
            }
        };
        loop {
            tokio::select! {
                _ = shutdown.changed() => return,
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        tokio::spawn(self.site.clone().serve(stream));
                    }
                    Err(_) => sleep(ACCEPT_PAUSE).await,
                },
            }
        }
    }
}

/// What is answered.
struct Answer {
    status: StatusCode,
    content_type: &'static str,
    body: String,
}

impl Answer {
    fn refusal(status: StatusCode) -> Self {
        let reason = status.canonical_reason().unwrap_or_default();
        Self {
            status,
            content_type: "text/plain; charset=utf-8",
            body: format!("{reason}\n"),
        }
    }

    fn health(health: &Health) -> Self {
        let status = match health.is_ok() {
            true => StatusCode::OK,
            false => StatusCode::SERVICE_UNAVAILABLE,
        };
        match serde_json::to_string(health) {
            Ok(body) => Self {
                status,
                content_type: "application/json",
                body,
            },
            Err(_) => Self::refusal(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    fn head(&self) -> String {
        let allow = match self.status {
            StatusCode::METHOD_NOT_ALLOWED => "Allow: GET, HEAD\r\n",
            _ => "",
        };
        format!(
            "HTTP/1.1 {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n{allow}\
             Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n\
             Connection: close\r\n\r\n",
            self.status,
            self.content_type,
            self.body.len()
        )
    }
}

impl Answers {
    async fn serve(self: Arc<Self>, mut stream: TcpStream) {
        let Ok(_open) = self.open.try_acquire() else {
            return;
        };
        // What is slow or hangs up has no answer.
        let _ = timeout(CONNECTION_TIME, self.exchange(&mut stream)).await;
    }

    async fn exchange(&self, stream: &mut TcpStream) -> std::io::Result<()> {
        let own = stream.local_addr()?;
        let (answer, body) = match read_head(stream).await? {
            Some(head) => match self.answer(&head, own) {
                Ok(found) => found,
                Err(status) => (Answer::refusal(status), true),
            },
            None => {
                let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
                (Answer::refusal(status), true)
            }
        };
        let served = matches!(
            answer.status,
            StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE
        );
        self.engine.metrics.admin(match served {
            true => AdminAnswer::Served,
            false => AdminAnswer::Refused,
        });
        stream.write_all(answer.head().as_bytes()).await?;
        if body {
            stream.write_all(answer.body.as_bytes()).await?;
        }
        stream.shutdown().await?;
        let mut rest = 0;
        let mut piece = [0; 4096];
        while rest < REST_BYTES_MAX {
            match stream.read(&mut piece).await? {
                0 => break,
                more => rest += more,
            }
        }
        Ok(())
    }

    /// The answer to a whole head, and whether its body goes out.
    fn answer(&self, head: &[u8], own: SocketAddr) -> Result<(Answer, bool), StatusCode> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut request = httparse::Request::new(&mut headers);
        let bad = StatusCode::BAD_REQUEST;
        match request.parse(head) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => return Err(bad),
            Err(httparse::Error::TooManyHeaders) => {
                return Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
            }
            Err(_) => return Err(bad),
        }
        let mut hosts = request
            .headers
            .iter()
            .filter(|header| header.name.eq_ignore_ascii_case("host"));
        let (Some(host), None) = (hosts.next(), hosts.next()) else {
            return Err(bad);
        };
        let host = std::str::from_utf8(host.value).map_err(|_| bad)?;
        if !is_ours(host, own, &self.hosts) {
            return Err(StatusCode::MISDIRECTED_REQUEST);
        }
        let (Some(method), Some(target)) = (request.method, request.path) else {
            return Err(bad);
        };
        let path = target.split('?').next().unwrap_or(target);
        let known = ["/metrics", "/livez", "/readyz", "/startupz"].contains(&path);
        if !known {
            return Err(StatusCode::NOT_FOUND);
        }
        if !matches!(method, "GET" | "HEAD") {
            return Err(StatusCode::METHOD_NOT_ALLOWED);
        }
        let engine = &self.engine;
        let answer = match path {
            "/livez" => Answer::health(&engine.liveness()),
            "/readyz" => Answer::health(&engine.readiness()),
            "/startupz" => Answer::health(&engine.startup()),
            _ => Answer {
                status: StatusCode::OK,
                content_type: CONTENT_TYPE,
                body: engine.metrics_text(),
            },
        };
        Ok((answer, method == "GET"))
    }
}

/// Reads up to the end of the head; `None` when it is too long.
async fn read_head(stream: &mut TcpStream) -> std::io::Result<Option<Vec<u8>>> {
    let mut head = Vec::with_capacity(1024);
    loop {
        if let Some(end) = memchr::memmem::find(&head, b"\r\n\r\n") {
            head.truncate(end + 4);
            return Ok(Some(head));
        }
        if head.len() >= HEAD_BYTES_MAX {
            return Ok(None);
        }
        let room = u64::try_from(HEAD_BYTES_MAX - head.len()).unwrap_or(0);
        if (&mut *stream).take(room).read_buf(&mut head).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Whether a Host header names this machine: a loopback address, the very address that was connected
/// to, `localhost`, or a configured name; any port, since a tunnel may end elsewhere.
fn is_ours(host: &str, own: SocketAddr, names: &[String]) -> bool {
    if let Some(address) = address_of(host) {
        return address.is_loopback() || address == own.ip().to_canonical();
    }
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|sign| sign.is_ascii_digit()) => name,
        Some(_) => return false,
        None => host,
    };
    name.eq_ignore_ascii_case("localhost")
        || names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn address_of(host: &str) -> Option<IpAddr> {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let alone = bare.unwrap_or(host).parse::<IpAddr>().ok();
    let with_port = || host.parse::<SocketAddr>().ok().map(|it| it.ip());
    alone
        .or_else(with_port)
        .map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_served() {
        let own: SocketAddr = "10.1.2.3:9044".parse().unwrap();
        let names = ["gerbang.internal".to_owned()];
        for host in [
            "127.0.0.1",
            "127.0.0.1:9044",
            "127.8.9.1:1",
            "localhost",
            "LOCALHOST:80",
            "[::1]:9044",
            "[::1]",
            "[::ffff:127.0.0.1]:9044",
            "10.1.2.3",
            "10.1.2.3:9044",
            "Gerbang.Internal:9044",
        ] {
            assert!(is_ours(host, own, &names), "{host}");
        }
        for host in [
            "",
            ":9044",
            "10.1.2.4",
            "0.0.0.0",
            "evil.example",
            "localhost.evil.example",
            "evil.example:localhost",
            "localhost:80:80",
            "localhost@evil.example",
            "127.0.0.1.evil.example",
            "gerbang.internal.evil.example",
            "localhost ",
        ] {
            assert!(!is_ours(host, own, &names), "{host}");
        }
    }
}
