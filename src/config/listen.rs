//! `[listen]`: where browsers, or the web server in front, reach us, and how long they may take.

use super::reader::{At, Reader, Section};
use super::tls::{self, Tls};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Where `gerbang serve` listens when nothing is said.
const ADDRESS_DEFAULT: ([u8; 4], u16) = ([127, 0, 0, 1], 8044);

/// The listener for browsers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listen {
    /// At least one, no two the same.
    pub addresses: Vec<SocketAddr>,
    /// Set: the gateway stands in front and ends TLS itself.
    pub tls: Option<Tls>,
    /// Worker threads; one per core unless configured.
    pub threads: usize,
    /// Connections open at once; more are closed at accept.
    pub connections_max: usize,
    /// How long an idle connection is kept open.
    pub keepalive: Duration,
    /// Requests on one connection; it is closed after the last.
    pub keepalive_requests_max: u32,
    /// How long a request's header may take, and each read in it.
    pub header_timeout: Duration,
    /// How long a request's body may pause, and a browser in taking the next piece of an answer.
    pub body_timeout: Duration,
    /// How long the rest of a body is read after an early answer.
    pub drain_timeout: Duration,
    /// How long requests under way may go on after SIGTERM, at most.
    pub grace: Duration,
    /// How long background work may take after that.
    pub shutdown: Duration,
}

impl Listen {
    /// Whether nothing but the names of the certificate's files differs.
    pub fn same_but_for_files(&self, other: &Self) -> bool {
        let tls = match (&self.tls, &other.tls) {
            (Some(own), Some(new)) => Some(new.with_files_of(own)),
            (_, new) => new.clone(),
        };
        *self
            == Self {
                tls,
                ..other.clone()
            }
    }

    /// Whether every address is a loopback one.
    pub fn only_loopback(&self) -> bool {
        self.addresses
            .iter()
            .all(|address| address.ip().is_loopback())
    }
}

pub(super) fn read(reader: &mut Reader) -> Listen {
    let section = Section::named("listen");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let seconds = |reader: &mut Reader, name: &str, default, max| {
        Duration::from_secs(reader.number(&section, name, default, 1..=max))
    };
    Listen {
        addresses: read_addresses(reader, &section),
        tls: tls::read(reader, &section),
        threads: reader.size(&section, "threads", cores, 1..=1024),
        connections_max: reader.size(&section, "connections_max", 10_000, 10..=1_000_000),
        keepalive: seconds(reader, "keepalive_seconds", 30, 3600),
        keepalive_requests_max: u32::try_from(reader.number(
            &section,
            "keepalive_requests_max",
            1000,
            1..=1_000_000,
        ))
        .unwrap_or(1000),
        header_timeout: seconds(reader, "header_timeout_seconds", 10, 600),
        body_timeout: seconds(reader, "body_timeout_seconds", 60, 3600),
        drain_timeout: seconds(reader, "drain_timeout_seconds", 5, 600),
        grace: seconds(reader, "grace_seconds", 5, 3600),
        shutdown: seconds(reader, "shutdown_seconds", 20, 3600),
    }
}

fn read_addresses(reader: &mut Reader, section: &Section) -> Vec<SocketAddr> {
    let fallback = || vec![SocketAddr::from(ADDRESS_DEFAULT)];
    let Some(texts) = reader.texts(section, "address") else {
        return fallback();
    };
    let addresses = addresses(reader, &texts);
    if texts.is_empty() {
        let place = reader.written(section, "address").unwrap_or_default();
        reader.problem(&place, "is empty: nobody could reach the gateway");
    }
    if addresses.is_empty() {
        fallback()
    } else {
        addresses
    }
}

/// Addresses and ports to listen on, as they are written.
pub(super) fn addresses(reader: &mut Reader, texts: &[At<String>]) -> Vec<SocketAddr> {
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for At { value, place } in texts {
        match value.parse::<SocketAddr>() {
            Ok(address) if address.port() == 0 => {
                reader.problem(place, format!("{value:?} has port 0: nobody would find it"));
            }
            Ok(address) if addresses.contains(&address) => {
                reader.problem(place, format!("{value:?} stands here twice"));
            }
            Ok(address) => addresses.push(address),
            Err(_) => reader.problem(
                place,
                format!("{value:?} must be an IP address and a port, like 127.0.0.1:8044"),
            ),
        }
    }
    addresses
}

/// `trusted_proxies`: networks whose `X-Forwarded-For` is believed.
pub(super) fn read_trusted_proxies(reader: &mut Reader) -> Vec<IpNet> {
    let mut networks = Vec::new();
    for At { value, place } in reader
        .texts(&Section::top(), "trusted_proxies")
        .unwrap_or_default()
    {
        let parsed = value
            .parse::<IpNet>()
            .ok()
            .or_else(|| value.parse::<IpAddr>().ok().map(IpNet::from));
        match parsed {
            Some(network) if network.prefix_len() == 0 => reader.problem(
                &place,
                format!("{value:?} is everybody: any visitor could name any address as his own"),
            ),
            Some(network) if network.trunc() != network => reader.problem(
                &place,
                format!(
                    "{value:?} has bits behind its prefix; write {}",
                    network.trunc()
                ),
            ),
            Some(network) => networks.push(network),
            None => reader.problem(
                &place,
                format!("{value:?} must be a network or an address, like 10.1.2.0/24 or 127.0.0.1"),
            ),
        }
    }
    networks
}
