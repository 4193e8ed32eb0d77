//! Plain HTTP beside the gateway's own TLS: whoever comes there is led to https. Nothing of the application
//! is reached here.

use crate::config::{HostPort, PublicUrl, Scheme};
use async_trait::async_trait;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, HOST, LOCATION};
use http::{Method, StatusCode};
use pingora::apps::{HttpServerApp, ReusedHttpStream};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::protocols::http::ServerSession;
use pingora::server::ShutdownWatch;
use std::sync::Arc;

/// Answers everything by the way to https.
pub(super) struct Redirect {
    public: PublicUrl,
    /// Every name under which the site is served, whatever its port.
    names: Vec<String>,
}

/// What a request over plain HTTP gets.
#[derive(Debug, PartialEq, Eq)]
enum Way {
    /// To the same page.
    There(String),
    /// Its body has already gone in the clear: to the front page, by GET.
    Front(String),
    /// Not for us.
    Foreign,
}

impl Redirect {
    pub(super) fn new(public: PublicUrl, extra: &[HostPort]) -> Self {
        let hosts = extra.iter().chain([&public.host]);
        let names = hosts.map(|host| host.name().to_owned()).collect();
        Self { public, names }
    }

    fn way(&self, request: &RequestHeader) -> Way {
        let mut hosts = request.headers.get_all(HOST).iter();
        let (host, more) = (hosts.next(), hosts.next());
        let host = host.and_then(|host| HostPort::parse(host.to_str().ok()?, Scheme::Http));
        let ours = host.is_some_and(|host| self.names.iter().any(|it| it == host.name()));
        let origin = self.public.origin();
        let path = request.uri.path_and_query().map(|it| it.as_str());
        match path {
            // What goes on behind the host as it came must begin a path, or it would be another host.
            Some(path) if ours && more.is_none() && path.starts_with('/') => {
                if matches!(request.method, Method::GET | Method::HEAD) {
                    Way::There(format!("{origin}{path}"))
                } else {
                    Way::Front(format!("{}/", self.public))
                }
            }
            _ => Way::Foreign,
        }
    }
}

/// Not for ever: a redirect that browsers keep would outlive the gateway.
fn header(way: Way) -> pingora::Result<ResponseHeader> {
    let (status, location) = match way {
        Way::There(location) => (StatusCode::FOUND, Some(location)),
        Way::Front(location) => (StatusCode::SEE_OTHER, Some(location)),
        Way::Foreign => (StatusCode::MISDIRECTED_REQUEST, None),
    };
    let mut header = ResponseHeader::build(status, Some(3))?;
    header.insert_header(CONTENT_LENGTH, "0")?;
    header.insert_header(CACHE_CONTROL, "no-store")?;
    if let Some(location) = location {
        header.insert_header(LOCATION, location)?;
    }
    Ok(header)
}

#[async_trait]
impl HttpServerApp for Redirect {
    async fn process_new_http(
        self: &Arc<Self>,
        mut session: ServerSession,
        _shutdown: &ShutdownWatch,
    ) -> Option<ReusedHttpStream> {
        // An error, or nothing asked: the connection is closed.
        if !session.read_request().await.ok()? {
            return None;
        }
        session.set_keepalive(None);
        let header = header(self.way(session.req_header())).ok()?;
        session.write_response_header(Box::new(header)).await.ok()?;
        session.finish().await.ok()?;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: Method, target: &str, hosts: &[&str]) -> Way {
        let public = PublicUrl {
            scheme: Scheme::Https,
            host: HostPort::parse("lpse.contoh.go.id", Scheme::Https).unwrap(),
            context: "/eproc4".to_owned(),
        };
        let extra = HostPort::parse("spse.contoh.go.id:8443", Scheme::Https).unwrap();
        let mut request = RequestHeader::build(method, target.as_bytes(), None).unwrap();
        for host in hosts {
            request.append_header(HOST, *host).unwrap();
        }
        Redirect::new(public, &[extra]).way(&request)
    }

    #[test]
    fn the_same_page_over_https() {
        for host in [
            "lpse.contoh.go.id",
            "lpse.contoh.go.id:80",
            "LPSE.contoh.go.id",
            "spse.contoh.go.id",
        ] {
            let way = asked(Method::GET, "/eproc4/lelang?q=a%20b", &[host]);
            let there = "https://lpse.contoh.go.id/eproc4/lelang?q=a%20b".to_owned();
            assert_eq!(way, Way::There(there), "{host}");
        }
        let front = Way::Front("https://lpse.contoh.go.id/eproc4/".to_owned());
        assert_eq!(
            asked(Method::POST, "/eproc4/loginpass", &["lpse.contoh.go.id"]),
            front
        );
    }

    #[test]
    fn nobody_is_led_elsewhere() {
        for hosts in [
            &["evil.example"][..],
            &[],
            &["lpse.contoh.go.id", "evil.example"],
            &["a b"],
        ] {
            assert_eq!(asked(Method::GET, "/", hosts), Way::Foreign, "{hosts:?}");
        }
        // Behind the origin this would be another host's name.
        for target in [
            ".evil.example/",
            "@evil.example/",
            "http://evil.example/",
            "*",
        ] {
            match asked(Method::GET, target, &["lpse.contoh.go.id"]) {
                Way::There(to) => assert!(to.starts_with("https://lpse.contoh.go.id/"), "{to}"),
                way => assert_eq!(way, Way::Foreign, "{target}"),
            }
        }
    }
}
