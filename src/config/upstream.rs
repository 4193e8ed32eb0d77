//! `[upstream]`: the application behind us.

use super::public_url::{HostPort, Scheme};
use super::reader::{At, Reader, Section};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Turns a host name and a port into addresses; an argument, so that tests need no resolver.
pub type Resolve = fn(&str, u16) -> io::Result<Vec<SocketAddr>>;

/// The system's resolver.
///
/// # Errors
/// What the system says.
pub fn system_resolver(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    use std::net::ToSocketAddrs;
    (host, port).to_socket_addrs().map(Iterator::collect)
}

/// Where the application listens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum UpstreamAddress {
    /// Plain HTTP over TCP. Names were resolved when the configuration was read: the first
    /// address, IPv4 before IPv6.
    Tcp(SocketAddr),
    /// Plain HTTP over a Unix socket.
    Unix(PathBuf),
}

impl fmt::Display for UpstreamAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "http://{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// The application and how long it may take.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Upstream {
    /// Where it listens.
    pub address: UpstreamAddress,
    /// For a connection.
    pub connect_timeout: Duration,
    /// Between two reads of an answer; the default is that of Apache's `ProxyTimeout` on an LPSE,
    /// because reports may take minutes.
    pub read_timeout: Duration,
    /// For each write of a request.
    pub write_timeout: Duration,
    /// How long an idle connection is kept; must be below the application's own keep-alive.
    pub idle: Duration,
    /// Idle connections kept at most.
    pub pool_size: usize,
}

pub(super) fn read(reader: &mut Reader, resolve: Resolve) -> Upstream {
    let section = Section::named("upstream");
    let seconds = |reader: &mut Reader, name: &str, default, max| {
        Duration::from_secs(reader.number(&section, name, default, 1..=max))
    };
    Upstream {
        address: read_address(reader, &section, resolve),
        connect_timeout: seconds(reader, "connect_timeout_seconds", 2, 60),
        read_timeout: seconds(reader, "read_timeout_seconds", 600, 7200),
        write_timeout: seconds(reader, "write_timeout_seconds", 60, 7200),
        idle: seconds(reader, "idle_seconds", 30, 3600),
        pool_size: reader.size(&section, "pool_size", 256, 1..=65_536),
    }
}

fn read_address(reader: &mut Reader, section: &Section, resolve: Resolve) -> UpstreamAddress {
    // Only ever used after a problem was reported, so nothing is served from there: port 9
    // discards (RFC 863).
    let nowhere = UpstreamAddress::Tcp(SocketAddr::from(([127, 0, 0, 1], 9)));
    let Some(text) = reader.text(section, "url") else {
        if reader.written(section, "url").is_none() {
            reader.problem(
                &section.place("url"),
                "is missing: say where the application listens, like \
                 url = \"http://127.0.0.1:9009\" or --upstream http://127.0.0.1:9009",
            );
        }
        return nowhere;
    };
    match parse_address(&text, resolve) {
        Ok(address) => address,
        Err(message) => {
            reader.problem(&text.place, message);
            nowhere
        }
    }
}

fn parse_address(text: &At<String>, resolve: Resolve) -> Result<UpstreamAddress, String> {
    let written = &text.value;
    if let Some(path) = written.strip_prefix("unix:") {
        if !path.starts_with('/') || path.contains('\0') {
            return Err(format!(
                "{written:?} must name the socket by its whole path, unix:/run/…"
            ));
        }
        return Ok(UpstreamAddress::Unix(path.into()));
    }
    if written.starts_with("https://") {
        return Err(
            "https to the application is not supported: reach it over http on the same \
                    machine or a network of its own"
                .into(),
        );
    }
    let shape = || format!("{written:?} must be like http://127.0.0.1:9009 or unix:/run/spse.sock");
    let rest = written.strip_prefix("http://").ok_or_else(shape)?;
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if !matches!(path, "" | "/") {
        return Err(format!(
            "write host and port only; the path {path:?} belongs to `context` in [site]"
        ));
    }
    let host = HostPort::parse(authority, Scheme::Http).ok_or_else(shape)?;
    let (name, port) = (host.name(), host.port().unwrap_or(80));
    if let Ok(address) = format!("{name}:{port}").parse() {
        return Ok(UpstreamAddress::Tcp(address));
    }
    let found = resolve(name, port)
        .map_err(|error| format!("the name {name:?} cannot be resolved: {error}"))?;
    let first = found
        .iter()
        .find(|address| address.is_ipv4())
        .or_else(|| found.first());
    match first {
        Some(address) => Ok(UpstreamAddress::Tcp(*address)),
        None => Err(format!("the name {name:?} has no address")),
    }
}
