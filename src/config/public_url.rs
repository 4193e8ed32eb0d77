//! Public addresses, `Host` values and context paths: parsed once, compared in one form.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// How browsers speak to the site.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scheme {
    /// Plain; loopback only.
    Http,
    /// With TLS, ended here or by the web server in front.
    Https,
}

impl Scheme {
    /// As in an address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// A host and its port, in one form: lower case, no dot at the end, no port where it is the
/// scheme's own, IPv6 in brackets and shortest.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct HostPort {
    name: String,
    port: Option<u16>,
}

impl HostPort {
    /// Parses a `Host` value; `None` when it is none (RFC 9110 section 7.2; user info, white
    /// space, a bare IPv6 address and port 0 are refused).
    pub fn parse(text: &str, scheme: Scheme) -> Option<Self> {
        let (name, port) = match text.rsplit_once(':') {
            Some((name, digits)) if !digits.ends_with(']') => (name, Some(parse_port(digits)?)),
            _ => (text, None),
        };
        let name = match name.strip_prefix('[') {
            Some(rest) => {
                let address: Ipv6Addr = rest.strip_suffix(']')?.parse().ok()?;
                format!("[{address}]")
            }
            None => parse_name(name)?,
        };
        Some(Self {
            name,
            port: port.filter(|port| *port != scheme.port()),
        })
    }

    /// The host alone; IPv6 in brackets.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The port, `None` when it is the scheme's own.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// `localhost`, 127.0.0.0/8 or `[::1]`.
    pub fn is_loopback(&self) -> bool {
        is_loopback(self.name.trim_start_matches('[').trim_end_matches(']'))
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match self.port {
            Some(port) => write!(f, ":{port}"),
            None => Ok(()),
        }
    }
}

/// Whether a bare host, IPv6 without brackets, is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

fn parse_port(digits: &str) -> Option<u16> {
    // `u16::from_str` would take a plus sign.
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|port| *port != 0)
}

fn parse_name(name: &str) -> Option<String> {
    // Longest name of the DNS in characters (RFC 1035 section 2.3.4).
    const NAME_CHARS_MAX: usize = 253;
    let name = name.strip_suffix('.').unwrap_or(name);
    let label_fits = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    let fits = name.len() <= NAME_CHARS_MAX && name.split('.').all(label_fits);
    fits.then(|| name.to_ascii_lowercase())
}

/// How browsers reach the site.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicUrl {
    /// `http` only for loopback hosts.
    pub scheme: Scheme,
    /// Host with port.
    pub host: HostPort,
    /// As [`super::Site::context`].
    pub context: String,
}

impl PublicUrl {
    /// Parses `https://host[:port][/context]`.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let shape = || format!("{text:?} is no address like https://spse.example.go.id/eproc4");
        let (scheme, rest) = if let Some(rest) = text.strip_prefix("https://") {
            (Scheme::Https, rest)
        } else if let Some(rest) = text.strip_prefix("http://") {
            (Scheme::Http, rest)
        } else {
            return Err(shape());
        };
        let split = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(split);
        let host = HostPort::parse(authority, scheme).ok_or_else(shape)?;
        // One slash at the end is what people copy out of a browser.
        let path = path.strip_suffix('/').unwrap_or(path);
        if let Some(message) = context_error(path) {
            return Err(format!("its path {message}"));
        }
        if scheme == Scheme::Http && !host.is_loopback() {
            return Err(format!(
                "http is served on loopback hosts only, not on {host}: \
                 passwords and codes would travel in the clear; write https://"
            ));
        }
        Ok(Self {
            scheme,
            host,
            context: path.to_owned(),
        })
    }

    /// `scheme://host[:port]`, as browsers write `Origin`.
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme.as_str(), self.host)
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.context)
    }
}

/// Why a path is no context, as the end of a sentence; `None` when it is one.
pub(super) fn context_error(path: &str) -> Option<String> {
    // More would not leave the upstream's 4,096 bytes of request line to the application.
    const CONTEXT_CHARS_MAX: usize = 200;
    if path.is_empty() {
        return None;
    }
    let Some(inner) = path.strip_prefix('/') else {
        return Some(format!(
            "{path:?} must begin with a slash, like \"/eproc4\""
        ));
    };
    if path.ends_with('/') {
        return Some(format!(
            "{path:?} must not end with a slash; \"\" is the root"
        ));
    }
    if path.len() > CONTEXT_CHARS_MAX {
        return Some(format!("is longer than {CONTEXT_CHARS_MAX} characters"));
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~".contains(&b);
    let segment_fits = |s: &str| !s.is_empty() && s != "." && s != ".." && s.bytes().all(plain);
    if !inner.split('/').all(segment_fits) {
        return Some(format!(
            "{path:?} must be plain segments of letters, digits and -_.~ between single slashes"
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_have_one_form() {
        let cases = [
            (
                "SPSE.Example.go.id",
                Scheme::Https,
                Some("spse.example.go.id"),
            ),
            (
                "spse.example.go.id.",
                Scheme::Https,
                Some("spse.example.go.id"),
            ),
            (
                "spse.example.go.id:443",
                Scheme::Https,
                Some("spse.example.go.id"),
            ),
            (
                "spse.example.go.id:443",
                Scheme::Http,
                Some("spse.example.go.id:443"),
            ),
            (
                "spse.example.go.id:80",
                Scheme::Http,
                Some("spse.example.go.id"),
            ),
            (
                "spse.example.go.id:8443",
                Scheme::Https,
                Some("spse.example.go.id:8443"),
            ),
            ("10.0.0.1:8044", Scheme::Http, Some("10.0.0.1:8044")),
            ("[0:0::1]:8044", Scheme::Http, Some("[::1]:8044")),
            ("[::1]", Scheme::Http, Some("[::1]")),
            ("", Scheme::Http, None),
            (":80", Scheme::Http, None),
            ("a:", Scheme::Http, None),
            ("a:0", Scheme::Http, None),
            ("a:+80", Scheme::Http, None),
            ("a:65536", Scheme::Http, None),
            ("::1", Scheme::Http, None),
            ("[::1", Scheme::Http, None),
            ("[127.0.0.1]", Scheme::Http, None),
            ("user@a", Scheme::Http, None),
            ("a b", Scheme::Http, None),
            ("a/b", Scheme::Http, None),
            ("a,b", Scheme::Http, None),
            ("a..b", Scheme::Http, None),
            ("..", Scheme::Http, None),
            ("a\0", Scheme::Http, None),
            ("ä.id", Scheme::Http, None),
        ];
        for (text, scheme, want) in cases {
            let got = HostPort::parse(text, scheme).map(|host| host.to_string());
            assert_eq!(got.as_deref(), want, "{text:?}");
        }
    }

    #[test]
    fn loopback_is_only_loopback() {
        let loopback = |text| HostPort::parse(text, Scheme::Http).unwrap().is_loopback();
        for text in [
            "localhost",
            "LOCALHOST:8044",
            "127.0.0.1",
            "127.9.9.9:1",
            "[::1]:8044",
        ] {
            assert!(loopback(text), "{text}");
        }
        for text in [
            "localhost.example.id",
            "128.0.0.1",
            "10.0.0.1",
            "[::2]",
            "0.0.0.0",
            "127.1",
        ] {
            assert!(!loopback(text), "{text}");
        }
    }

    #[test]
    fn public_addresses_print_as_browsers_write_them() {
        let url = PublicUrl::parse("https://SPSE.example.go.id:443/eproc4/").unwrap();
        assert_eq!(url.to_string(), "https://spse.example.go.id/eproc4");
        assert_eq!(url.origin(), "https://spse.example.go.id");
        let root = PublicUrl::parse("https://spse.example.go.id/").unwrap();
        assert_eq!(root.context, "");
    }
}
