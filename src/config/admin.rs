//! `[admin]`: the listener for metrics and health; `[canary]`: how often the login's forms are
//! looked at.

use super::Config;
use super::reader::{At, Reader, Section};
use std::net::SocketAddr;

/// The listener for whoever runs the gateway. It has no password: whoever reaches it reads.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Admin {
    /// Where it listens; `None` for no listener.
    pub address: Option<SocketAddr>,
    /// Further names that a Host header may have, in lower case and without a port. Addresses of this
    /// machine and `localhost` are always served.
    pub hosts: Vec<String>,
    /// Admins by name, none twice. With two or more of them, break glass takes two.
    pub people: Vec<String>,
}

/// The look at the login's forms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Canary {
    /// Between two looks, seconds.
    pub interval_seconds: u64,
}

impl Default for Canary {
    fn default() -> Self {
        Self {
            interval_seconds: INTERVAL_SECONDS,
        }
    }
}

/// Three looks in a row confirm that the profile does not fit any more: a quarter of an hour.
const INTERVAL_SECONDS: u64 = 300;

pub(super) fn read(reader: &mut Reader) -> Admin {
    let section = Section::named("admin");
    let allow_remote = reader.boolean(&section, "allow_remote", false);
    let hosts = read_hosts(reader, &section);
    let people = read_people(reader, &section);
    let Some(At { value, place }) = reader.text(&section, "address") else {
        return Admin {
            address: None,
            hosts,
            people,
        };
    };
    let address = match value.parse::<SocketAddr>() {
        Ok(address) if address.port() == 0 => {
            reader.problem(
                &place,
                format!("{value:?} has port 0: nobody would find it"),
            );
            None
        }
        Ok(address) if !address.ip().is_loopback() && !allow_remote => {
            let message = format!(
                "{value:?} is no loopback address: everybody who reaches it could read what the \
                 gateway does; write allow_remote = true if a firewall says who may"
            );
            reader.problem(&place, message);
            None
        }
        Ok(address) => {
            if !address.ip().is_loopback() {
                let message = format!(
                    "{value:?} can be reached from elsewhere, without password and encryption: a \
                     firewall must say who may"
                );
                reader.warning(&place, message);
            }
            Some(address)
        }
        Err(_) => {
            let message =
                format!("{value:?} must be an IP address and a port, like 127.0.0.1:9044");
            reader.problem(&place, message);
            None
        }
    };
    Admin {
        address,
        hosts,
        people,
    }
}

fn read_people(reader: &mut Reader, section: &Section) -> Vec<String> {
    let mut people: Vec<String> = Vec::new();
    for At { value, place } in reader.texts(section, "people").unwrap_or_default() {
        let name = value.trim();
        if name.is_empty() || name.chars().any(char::is_control) {
            reader.problem(&place, format!("{value:?} is no name"));
        } else if people.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            reader.problem(&place, format!("{value:?} stands here twice"));
        } else {
            people.push(name.to_owned());
        }
    }
    people
}

fn read_hosts(reader: &mut Reader, section: &Section) -> Vec<String> {
    let mut hosts = Vec::new();
    for At { value, place } in reader.texts(section, "hosts").unwrap_or_default() {
        let plain = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '.' | '-' | '_');
        if value.is_empty() || !value.chars().all(plain) {
            let message = format!("{value:?} is no host name; write it without a port");
            reader.problem(&place, message);
        } else {
            hosts.push(value.to_ascii_lowercase());
        }
    }
    hosts
}

pub(super) fn read_canary(reader: &mut Reader) -> Canary {
    let section = Section::named("canary");
    Canary {
        interval_seconds: reader.number(&section, "interval_seconds", INTERVAL_SECONDS, 30..=3600),
    }
}

/// What `[admin]` and `[listen]` must not say together.
pub(super) fn check(reader: &mut Reader, config: &Config) {
    let Some(address) = config.admin.address else {
        return;
    };
    let section = Section::named("admin");
    let place = reader.written(&section, "address").unwrap_or_default();
    let taken = config.listen.addresses.iter().find(|listen| {
        let everywhere = listen.ip().is_unspecified() || address.ip().is_unspecified();
        listen.port() == address.port() && (listen.ip() == address.ip() || everywhere)
    });
    if let Some(listen) = taken {
        let message = format!("{address} is also where browsers are served ({listen}, [listen])");
        reader.problem(&place, message);
    }
}
