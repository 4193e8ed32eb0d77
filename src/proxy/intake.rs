//! What a request is, before anything is decided: client address, host, path, kind of request.

use crate::flow::Client;
use http::HeaderMap;
use http::header::{ACCEPT, HeaderName};
use ipnet::IpNet;
use std::net::IpAddr;

/// Headers by which proxies and attackers say whose request it is. Every one of the client's is
/// removed; ours are set anew.
const FORWARDING: [&str; 14] = [
    "forwarded",
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "fastly-client-ip",
    "front-end-https",
    "x-original-url",
    "x-original-host",
    "x-rewrite-url",
    "x-host",
    "x-proxyuser-ip",
    "proxy",
];

/// Names that no table of the `http` crate has, parsed once.
static REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");
static FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// Whether a header says whose request it is. Some servers read `_` as `-`.
pub(super) fn is_forwarding_header(name: &str) -> bool {
    begins_with(name, "x-forwarded")
        || FORWARDING
            .iter()
            .any(|known| known.len() == name.len() && begins_with(name, known))
}

/// Without a copy: asked for every header of every request.
fn begins_with(name: &str, known: &str) -> bool {
    let folded = |byte: u8| match byte {
        b'_' => b'-',
        other => other.to_ascii_lowercase(),
    };
    name.len() >= known.len()
        && name
            .bytes()
            .map(folded)
            .zip(known.bytes())
            .all(|(a, b)| a == b)
}

/// The client's address: the peer, unless it is a trusted front proxy; then the rightmost address
/// in X-Forwarded-For that is none. What is not an address ends the search: nothing left of it can
/// be believed.
pub(super) fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let mut client = peer.to_canonical();
    if !is_trusted(&client) {
        return client;
    }
    let lines: Vec<&[u8]> = headers
        .get_all("x-forwarded-for")
        .iter()
        .map(http::HeaderValue::as_bytes)
        .collect();
    let joined = lines.join(&b","[..]);
    for part in joined.rsplit(|b| *b == b',') {
        let text = std::str::from_utf8(part).unwrap_or_default().trim();
        let Some(address) = parse_address(text) else {
            break;
        };
        client = address.to_canonical();
        if !is_trusted(&client) {
            break;
        }
    }
    client
}

fn parse_address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[');
    let bare = bare.split(']').next().unwrap_or(bare);
    bare.parse().ok().or_else(|| {
        // `203.0.113.9:1234`, as some front servers write it.
        text.parse::<std::net::SocketAddr>()
            .ok()
            .map(|socket| socket.ip())
    })
}

/// Whether a person navigates, as opposed to a script that fetches: pages load fragments into
/// dialogs, and these must get a status and JSON, never a page.
pub(super) fn is_navigation(headers: &HeaderMap) -> bool {
    let is = |name: &HeaderName, value: &[u8]| {
        headers
            .get(name)
            .is_some_and(|found| found.as_bytes().eq_ignore_ascii_case(value))
    };
    if is(&REQUESTED_WITH, b"XMLHttpRequest") {
        return false;
    }
    if headers.contains_key(&FETCH_MODE) {
        return is(&FETCH_MODE, b"navigate");
    }
    headers
        .get(ACCEPT)
        .is_some_and(|accept| memchr::memmem::find(accept.as_bytes(), b"text/html").is_some())
}

/// Whether a header may go up: hop-by-hop fields are pingora's business, these are ours.
pub(super) fn goes_up(name: &HeaderName) -> bool {
    !is_forwarding_header(name.as_str())
        && !matches!(
            name.as_str(),
            "cookie" | "expect" | "upgrade" | "http2-settings" | "accept-encoding" | "host"
        )
}

/// Who asks.
pub(super) fn client(
    address: IpAddr,
    headers: &HeaderMap,
    host: &[u8],
    https: bool,
    request_id: String,
) -> Client {
    let user_agent = headers.get(http::header::USER_AGENT);
    Client {
        address,
        host: host.to_vec(),
        https,
        user_agent: user_agent
            .map(|v| v.as_bytes().to_vec())
            .unwrap_or_default(),
        request_id,
        actor: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, value.parse().unwrap());
        }
        map
    }

    #[test]
    fn the_rightmost_untrusted_address_is_the_client() {
        let trusted: Vec<IpNet> = vec![
            "127.0.0.0/8".parse().unwrap(),
            "10.0.0.0/8".parse().unwrap(),
        ];
        let local = IpAddr::from([127, 0, 0, 1]);
        let ask = |peer: IpAddr, lines: &[&str]| {
            let pairs: Vec<_> = lines.iter().map(|l| ("x-forwarded-for", *l)).collect();
            client_address(peer, &headers(&pairs), &trusted).to_string()
        };
        assert_eq!(
            ask(local, &["6.6.6.6, 203.0.113.9, 10.1.1.1"]),
            "203.0.113.9"
        );
        assert_eq!(ask(local, &["6.6.6.6", "203.0.113.9"]), "203.0.113.9");
        assert_eq!(ask(local, &["6.6.6.6, nonsense"]), "127.0.0.1");
        assert_eq!(ask(local, &[]), "127.0.0.1");
        assert_eq!(ask(local, &["10.2.2.2"]), "10.2.2.2");
        assert_eq!(
            ask(IpAddr::from([198, 51, 100, 7]), &["203.0.113.9"]),
            "198.51.100.7"
        );
        assert_eq!(ask(local, &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(
            ask("::ffff:127.0.0.1".parse().unwrap(), &["203.0.113.9:5"]),
            "203.0.113.9"
        );
    }

    #[test]
    fn every_forwarding_header_is_known_in_every_spelling() {
        for name in [
            "X-Forwarded-For",
            "x_forwarded_host",
            "X-Forwarded-Ssl",
            "Forwarded",
            "Front-End-Https",
            "X_Real_IP",
        ] {
            assert!(is_forwarding_header(name), "{name}");
        }
        for name in ["Apendo-Signature", "Tus-Resumable", "X-Requested-With"] {
            assert!(!is_forwarding_header(name), "{name}");
        }
    }

    #[test]
    fn scripts_are_told_from_people() {
        assert!(is_navigation(&headers(&[("accept", "text/html,*/*")])));
        assert!(is_navigation(&headers(&[("sec-fetch-mode", "navigate")])));
        assert!(!is_navigation(&headers(&[
            ("accept", "text/html"),
            ("x-requested-with", "XMLHttpRequest")
        ])));
        assert!(!is_navigation(&headers(&[
            ("accept", "text/html"),
            ("sec-fetch-mode", "cors")
        ])));
        assert!(!is_navigation(&headers(&[("accept", "application/json")])));
    }
}
