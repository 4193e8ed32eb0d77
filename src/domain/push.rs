//! Where a phone can be woken (RFC 8030): the address that its browser got from its push service, and the
//! services that are spoken to at all.
//!
//! The address comes from a phone, so whoever has an account chooses it. Only hosts of a list are ever
//! asked, by https, on their own port: the gateway must not be sent to others, least of all to its own
//! neighbours.

use crate::primitives::{AccountId, DeviceId, Lang, P256Point, UnixSeconds};
use serde::{Deserialize, Serialize};
use std::fmt;
use url::{Host, Url};

/// Longest address in bytes; those of today's services have less than 400.
const ENDPOINT_BYTES_MAX: usize = 1_024;
/// Bytes of the secret that goes into each key (RFC 8291 section 3.2).
pub const AUTH_BYTES: usize = 16;

/// Push services of the browsers of today: Chrome and those made from it, Firefox, Safari, Edge. A star
/// stands for the names before it.
pub const SERVICES: [&str; 5] = [
    "fcm.googleapis.com",
    "jmt17.google.com",
    "updates.push.services.mozilla.com",
    "*.push.apple.com",
    "*.notify.windows.com",
];

/// A phone's browser, as its push service knows it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Where messages for it are left.
    pub endpoint: Endpoint,
    /// What they are sealed for.
    pub key: P256Point,
    /// What is mixed into each key.
    pub auth: [u8; AUTH_BYTES],
    /// What its owner reads.
    pub lang: Lang,
}

/// What is kept of where an account's phone can be woken: beside the account, since its owner's logins must
/// not wait for whoever changes this.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Wakeable {
    /// Whose.
    pub account: AccountId,
    /// Which phone; another one that is bound meanwhile is not woken by it.
    pub device: DeviceId,
    /// Where; `None` since it does not want to be.
    pub to: Option<Subscription>,
    /// When it was changed.
    pub changed: UnixSeconds,
}

/// The address of a browser at its push service. Who knows it can send there, if the gateway's key says
/// so: kept out of logs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Endpoint(String);

/// An address in parts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// Name or address of the host; IPv6 without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Scheme, host and port (RFC 6454 section 6.2).
    pub origin: String,
    /// Host and port, as in the header.
    pub authority: String,
    /// Path and query.
    pub target: String,
}

impl Endpoint {
    /// An https address without user or fragment.
    pub fn parse(text: &str) -> Option<Self> {
        let endpoint = Self(text.to_owned());
        endpoint.place().map(|_| endpoint)
    }

    /// Its parts; `None` where it is no such address.
    pub fn place(&self) -> Option<Place> {
        if self.0.len() > ENDPOINT_BYTES_MAX {
            return None;
        }
        let url = Url::parse(&self.0).ok()?;
        let plain = url.scheme() == "https"
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none();
        let host = url.host().filter(|_| plain)?;
        let origin = url.origin().ascii_serialization();
        Some(Place {
            port: url.port_or_known_default()?,
            authority: origin.strip_prefix("https://")?.to_owned(),
            target: match url.query() {
                Some(query) => format!("{}?{query}", url.path()),
                None => url.path().to_owned(),
            },
            host: match host {
                Host::Domain(name) => name.to_owned(),
                Host::Ipv4(address) => address.to_string(),
                Host::Ipv6(address) => address.to_string(),
            },
            origin,
        })
    }
}

/// Whether a push service is spoken to: one of the browsers, or one of `own`, each a host with its port
/// where that is not 443.
pub fn is_service(place: &Place, own: &[String]) -> bool {
    SERVICES
        .iter()
        .copied()
        .chain(own.iter().map(String::as_str))
        .any(|listed| match listed.strip_prefix('*') {
            Some(end) => {
                let before = place.authority.strip_suffix(end);
                before.is_some_and(|name| !name.is_empty())
            }
            None => place.authority == listed,
        })
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place();
        let origin = place.as_ref().map_or("?", |place| &place.origin);
        write!(f, "Endpoint({origin}/..)")
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subscription({:?}, ..)", self.endpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Option<Place> {
        Endpoint::parse(text)?.place()
    }

    #[test]
    fn an_address_is_read_into_its_parts() {
        let read = place("https://FCM.googleapis.com/fcm/send/abc:D-e_f?x=1").unwrap();
        assert_eq!(
            read,
            Place {
                host: "fcm.googleapis.com".to_owned(),
                port: 443,
                origin: "https://fcm.googleapis.com".to_owned(),
                authority: "fcm.googleapis.com".to_owned(),
                target: "/fcm/send/abc:D-e_f?x=1".to_owned(),
            }
        );
        let local = place("https://[::1]:8443/x").unwrap();
        assert_eq!((local.host.as_str(), local.port), ("::1", 8443));
        assert_eq!(local.authority, "[::1]:8443");
        let shown = format!("{:?}", Endpoint::parse("https://a.example/secret").unwrap());
        assert_eq!(shown, "Endpoint(https://a.example/..)");
    }

    #[test]
    fn what_is_no_such_address_is_refused() {
        let long = format!("https://a.example/{}", "x".repeat(ENDPOINT_BYTES_MAX));
        for bad in [
            "",
            "/wpush/v2/x",
            "http://updates.push.services.mozilla.com/x",
            "https://user@updates.push.services.mozilla.com/x",
            "https://:word@updates.push.services.mozilla.com/x",
            "https://updates.push.services.mozilla.com/x#y",
            "file:///etc/passwd",
            "https://",
            &long,
        ] {
            assert_eq!(place(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn services_are_known_by_their_whole_name_and_port() {
        let own = ["push.example.go.id:8443".to_owned()];
        for (text, known) in [
            ("https://fcm.googleapis.com/fcm/send/x", true),
            ("https://updates.push.services.mozilla.com/wpush/v2/x", true),
            ("https://web.push.apple.com/x", true),
            ("https://wns2-sg2p.notify.windows.com/w/?token=x", true),
            ("https://push.example.go.id:8443/x", true),
            ("https://push.example.go.id/x", false),
            ("https://fcm.googleapis.com:8443/x", false),
            ("https://fcm.googleapis.com./x", false),
            ("https://evil.fcm.googleapis.com/x", false),
            ("https://fcm.googleapis.com.evil.example/x", false),
            ("https://push.apple.com/x", false),
            ("https://evilpush.apple.com/x", false),
            ("https://web.push.apple.com:22/x", false),
            ("https://127.0.0.1/x", false),
            ("https://localhost/x", false),
            ("https://169.254.169.254/latest/meta-data", false),
        ] {
            assert_eq!(is_service(&place(text).unwrap(), &own), known, "{text}");
        }
    }
}
