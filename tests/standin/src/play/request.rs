//! A request as Play's actions see it.

use super::cookie;
use super::session::{FLASH_COOKIE, SESSION_COOKIE};
use crate::config::{Config, Forwarded};
use crate::http::head::Head;

/// What is read out of a head before anything is decided.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// After the overrides.
    pub(crate) method: String,
    /// Without a host, without the query; nothing decoded, nothing normalised.
    pub(crate) path: String,
    /// Raw, without the question mark.
    pub(crate) query: String,
    pub(crate) host: String,
    pub(crate) secure: bool,
    /// X-Forwarded-For whole, or the peer's address.
    pub(crate) remote: String,
    /// The peer may not send X-Forwarded-For.
    pub(crate) unauthorized_proxy: bool,
    pub(crate) session_cookie: Option<String>,
    pub(crate) flash_cookie: Option<String>,
}

/// The methods that the query's override knows (Play's `Router.methodOverride`).
const OVERRIDES: [&str; 5] = ["GET", "PUT", "POST", "PATCH", "DELETE"];

/// The method to act upon: the header's override first, then the query's, then the line's.
fn method(config: &Config, head: &Head, query: &str) -> String {
    if config.header_override
        && let Some(value) = head.header("x-http-method-override")
    {
        return value.to_owned();
    }
    if config.query_override
        && let Some((_, rest)) = query.split_once("x-http-method-override=")
        && let Some(method) = OVERRIDES.iter().find(|method| rest.starts_with(**method))
    {
        return (*method).to_owned();
    }
    head.method.clone()
}

/// The target without scheme and host: Play cuts an absolute form at the first slash behind them.
fn strip_host(target: &str) -> &str {
    if !target.starts_with("http://") && !target.starts_with("https://") {
        return target;
    }
    let after = target.find("://").map_or(0, |at| at + 3);
    target[after..]
        .find('/')
        .map_or("/", |slash| &target[after + slash..])
}

impl Request {
    pub(crate) fn read(config: &Config, head: &Head, peer: &str) -> Self {
        let target = strip_host(&head.target);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let header = |name: &str| head.header(name).unwrap_or_default();
        let forwarded_for = head.header("x-forwarded-for");
        let believed = match &config.forwarded {
            Forwarded::Off => false,
            Forwarded::All => true,
            Forwarded::Only(peers) => peers.iter().any(|known| known == peer),
        };
        let says_secure = header("x-forwarded-proto").eq_ignore_ascii_case("https")
            || header("x-forwarded-ssl").eq_ignore_ascii_case("on")
            || header("front-end-https").eq_ignore_ascii_case("on");
        let forwarded_host = head
            .header("x-forwarded-host")
            .filter(|_| config.forwarded_host && believed);
        let cookies = header("cookie");
        Self {
            method: method(config, head, query),
            path: path.to_owned(),
            query: query.to_owned(),
            host: forwarded_host.unwrap_or(header("host")).to_owned(),
            secure: believed && forwarded_for.is_some() && says_secure,
            remote: forwarded_for
                .filter(|_| believed)
                .unwrap_or(peer)
                .to_owned(),
            unauthorized_proxy: forwarded_for.is_some()
                && !believed
                && config.forwarded != Forwarded::Off,
            session_cookie: cookie::find(cookies, SESSION_COOKIE).map(str::to_owned),
            flash_cookie: cookie::find(cookies, FLASH_COOKIE).map(str::to_owned),
        }
    }

    /// An absolute address on the host that the client named; without one it is `http:///…`.
    pub(crate) fn absolute(&self, path: &str) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(target: &str, headers: &[(&str, &str)]) -> Head {
        let headers = headers
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        Head {
            method: "GET".into(),
            target: target.into(),
            headers,
            ..Head::default()
        }
    }

    #[test]
    fn https_needs_both_headers_and_the_switch() {
        let mut config = Config::default();
        let both = head(
            "/x",
            &[
                ("Host", "a"),
                ("X-Forwarded-For", "1"),
                ("X-Forwarded-Proto", "https"),
            ],
        );
        let proto = head("/x", &[("Host", "a"), ("X-Forwarded-Proto", "https")]);
        assert_eq!(
            Request::read(&config, &both, "p").absolute("/y"),
            "https://a/y"
        );
        assert_eq!(
            Request::read(&config, &proto, "p").absolute("/y"),
            "http://a/y"
        );
        config.forwarded = Forwarded::Only(vec!["q".into()]);
        let request = Request::read(&config, &both, "p");
        assert!(request.unauthorized_proxy && !request.secure);
        config.forwarded = Forwarded::Off;
        let request = Request::read(&config, &both, "p");
        assert_eq!(
            (request.remote.as_str(), request.unauthorized_proxy),
            ("p", false)
        );
        assert_eq!(
            Request::read(&config, &head("/", &[]), "p").absolute("/y"),
            "http:///y"
        );
    }

    #[test]
    fn targets_and_overrides() {
        let config = Config::default();
        let read = |target: &str, headers: &[(&str, &str)]| {
            let request = Request::read(&config, &head(target, headers), "p");
            (request.method, request.path, request.query)
        };
        let expect = |m: &str, p: &str, q: &str| (m.to_owned(), p.to_owned(), q.to_owned());
        assert_eq!(read("http://h:1/a?b=c", &[]), expect("GET", "/a", "b=c"));
        assert_eq!(read("/a?", &[]), expect("GET", "/a", ""));
        let query = "a=1&x-http-method-override=POST&b=2";
        assert_eq!(
            read(&format!("/a?{query}"), &[]),
            expect("POST", "/a", query)
        );
        assert_eq!(
            read("/a", &[("x-http-METHOD-override", "POST")]),
            expect("POST", "/a", "")
        );
    }
}
