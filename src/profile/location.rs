//! Where a redirect leads: read as a browser reads it (WHATWG), compared as the upstream would.

use super::Profile;
use super::path;
use url::Url;

/// Host of the address against which relative locations are read. Nobody can own it (RFC 6761).
const NO_HOST: &str = "gerbang.invalid";

/// A redirect's target, seen from the site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// On the site: path with context, and query.
    Own {
        path: String,
        path_and_query: String,
    },
    /// On another host.
    Foreign(String),
    /// No address.
    Unreadable,
}

/// Reads `location`, an absolute or relative reference, from a page that was asked for as `from`
/// (path and query). `own_hosts` are names with a port where it is not the scheme's own.
pub(super) fn target(location: &[u8], from: &str, own_hosts: &[String]) -> Target {
    let Some(url) = resolve(location, from) else {
        return Target::Unreadable;
    };
    let own = url.host_str() == Some(NO_HOST) || own_hosts.iter().any(|own| is_host(&url, own));
    if !own {
        return Target::Foreign(url.host_str().unwrap_or_default().to_owned());
    }
    let path = url.path().to_owned();
    let path_and_query = match url.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.clone(),
    };
    Target::Own {
        path,
        path_and_query,
    }
}

fn resolve(location: &[u8], from: &str) -> Option<Url> {
    let location = std::str::from_utf8(location).ok()?;
    let base = Url::parse(&format!("http://{NO_HOST}{from}")).ok()?;
    let url = base.join(location).ok()?;
    let usable = matches!(url.scheme(), "http" | "https") && url.username().is_empty();
    (usable && url.password().is_none()).then_some(url)
}

/// True when the address is on `own`, whatever its scheme: the upstream may not know that TLS ends
/// in front of it, and then writes `http:` (spse44.md section 1).
fn is_host(url: &Url, own: &str) -> bool {
    let Some(host) = url.host_str() else {
        return false;
    };
    let (name, port) = match own.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (name, Some(port)),
        _ => (own, None),
    };
    let own_port = port
        .and_then(|port| port.parse().ok())
        .filter(|port| ![80, 443].contains(port));
    let port = url.port().filter(|port| ![80, 443].contains(port));
    host.eq_ignore_ascii_case(name) && port == own_port
}

impl Profile {
    /// True when a redirect's target is a page for logged-in users. Hosts are not compared and what
    /// cannot be read counts: a false yes costs one probe. A reference without a slash at its
    /// beginning depends on the address of the request and counts too.
    pub fn is_private_location(&self, location: &[u8]) -> bool {
        let rooted = location.trim_ascii().starts_with(b"/")
            || location.trim_ascii().starts_with(b"\\")
            || memchr::memmem::find(location, b"://").is_some();
        match resolve(location, "/") {
            Some(url) if rooted => self.is_private_path(&path::folded(url.path().as_bytes())),
            _ => true,
        }
    }

    /// Path and query of a redirect's target when it is on this site and below its context, and no way in or out.
    pub fn own_target(&self, location: &[u8], own_hosts: &[String]) -> Option<String> {
        match target(location, "/", own_hosts) {
            Target::Own {
                path,
                path_and_query,
            } => {
                let query = path_and_query
                    .split_once('?')
                    .map(|(_, query)| query.as_bytes());
                let class = self.classify("GET", path.as_bytes(), query);
                let below = self
                    .below_context_folded(&path::folded(path.as_bytes()))
                    .is_some();
                let usable = below && !class.login && !class.login_page && !class.logout;
                (usable && path::refuse(path.as_bytes()).is_none()).then_some(path_and_query)
            }
            Target::Foreign(_) | Target::Unreadable => None,
        }
    }

    /// `folded`: path with context, after [`path::folded`].
    pub(super) fn is_private_path(&self, folded: &[u8]) -> bool {
        self.below_context_folded(folded)
            .is_some_and(|below| self.paths.private.matches(below))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(location: &str) -> Target {
        let hosts = ["lpse.example.go.id".to_owned(), "127.0.0.1:8080".to_owned()];
        target(location.as_bytes(), "/eproc4/login?x=1", &hosts)
    }

    #[test]
    fn references_are_read_as_browsers_read_them() {
        for (location, path) in [
            ("/eproc4/home", "/eproc4/home"),
            ("home", "/eproc4/home"),
            ("./a/../home", "/eproc4/home"),
            ("?y", "/eproc4/login?y"),
            ("http://lpse.example.go.id/eproc4/home", "/eproc4/home"),
            (
                "https://LPSE.example.go.id:443/eproc4/home?a=b#c",
                "/eproc4/home?a=b",
            ),
            ("http://127.0.0.1:8080/x", "/x"),
            ("/eproc4\\home", "/eproc4/home"),
            (" /eproc4/ho\tme\n", "/eproc4/home"),
        ] {
            match own(location) {
                Target::Own { path_and_query, .. } => {
                    assert_eq!(path_and_query, path, "{location}")
                }
                other => panic!("{location}: {other:?}"),
            }
        }
    }

    #[test]
    fn other_hosts_and_nonsense() {
        for foreign in [
            "//evil.example/eproc4/home",
            "/\\evil.example/home",
            "https:evil.example",
            "http://lpse.example.go.id.evil.example/",
            "http://lpse.example.go.id:8443/",
            "http://127.0.0.1/x",
            "http:///eproc4/home",
        ] {
            assert!(
                matches!(own(foreign), Target::Foreign(_)),
                "{foreign}: {:?}",
                own(foreign)
            );
        }
        for nonsense in [
            "javascript:alert(1)",
            "http://[",
            "http://a:b@lpse.example.go.id/",
            "data:,x",
        ] {
            assert_eq!(own(nonsense), Target::Unreadable, "{nonsense}");
        }
        assert_eq!(target(b"/\xff", "/", &[]), Target::Unreadable);
    }
}
