//! A small client over raw sockets, with a cookie jar.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use spse_standin::{Config, SESSION_COOKIE, SessionMode, Standin};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(10);

pub type Headers<'a> = &'a [(&'a str, &'a str)];

/// An answer, its chunks joined.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Bytes behind the answer.
    pub rest: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> &str {
        let found = self
            .headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        let same = self
            .headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name));
        same.map(|(_, value)| value.as_str()).collect()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Splits a head off; `None` when there is none.
    pub fn parse(bytes: &[u8], head_only: bool) -> Option<Self> {
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        let mut reply = Self {
            status,
            headers,
            ..Self::default()
        };
        let body = &bytes[end + 4..];
        if head_only || matches!(status, 101 | 204 | 304) {
            reply.rest = body.to_vec();
        } else if reply.header("transfer-encoding") == "chunked" {
            reply.body = dechunk(body);
        } else {
            let length = reply.header("content-length").parse().unwrap_or(body.len());
            let length = length.min(body.len());
            reply.body = body[..length].to_vec();
            reply.rest = body[length..].to_vec();
        }
        Some(reply)
    }
}

fn dechunk(mut bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(end) = bytes.windows(2).position(|w| w == b"\r\n") {
        let size = usize::from_str_radix(&String::from_utf8_lossy(&bytes[..end]), 16).unwrap_or(0);
        let data = &bytes[(end + 2).min(bytes.len())..];
        if size == 0 {
            break;
        }
        out.extend_from_slice(&data[..size.min(data.len())]);
        bytes = data.get(size + 2..).unwrap_or_default();
    }
    out
}

/// Writes bytes, ends the writing side, reads to the end.
pub async fn raw(addr: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut all = Vec::new();
    // A reset is an end as well.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut all))
        .await
        .unwrap();
    all
}

/// A browser of sorts.
#[derive(Clone)]
pub struct Client {
    pub addr: SocketAddr,
    pub context: String,
    pub jar: BTreeMap<String, String>,
}

impl Client {
    pub fn new(standin: &Standin) -> Self {
        let context = standin.config().context;
        Self {
            addr: standin.addr(),
            context,
            jar: BTreeMap::new(),
        }
    }

    pub fn session(&self) -> String {
        self.jar.get(SESSION_COOKIE).cloned().unwrap_or_default()
    }

    /// A value out of SPSE_SESSION.
    pub fn key(&self, name: &str) -> String {
        let session = self.session();
        let (_, data) = session.split_once('-').unwrap_or_default();
        let mut pairs = data.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(key, _)| *key == name)
            .map_or_else(String::new, |(_, v)| v.to_owned())
    }

    pub fn token(&self) -> String {
        self.key("___AT")
    }

    /// The head of a request without its empty line.
    pub fn head(&self, method: &str, path: &str, headers: Headers<'_>) -> String {
        let mut head = format!(
            "{method} {}{path} HTTP/1.1\r\nHost: spse.test\r\n",
            self.context
        );
        if !self.jar.is_empty() {
            let pairs: Vec<_> = self.jar.iter().map(|(k, v)| format!("{k}={v}")).collect();
            head.push_str(&format!("Cookie: {}\r\n", pairs.join("; ")));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head
    }

    pub async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: Headers<'_>,
        body: &[u8],
    ) -> Reply {
        let mut bytes = self.head(method, path, headers).into_bytes();
        if !body.is_empty() {
            bytes.extend(format!("Content-Length: {}\r\n", body.len()).into_bytes());
        }
        bytes.extend_from_slice(b"Connection: close\r\n\r\n");
        bytes.extend_from_slice(body);
        let answer = raw(self.addr, &bytes).await;
        let reply = Reply::parse(&answer, method == "HEAD")
            .unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(&answer)));
        self.keep(&reply);
        reply
    }

    /// Takes the cookies of an answer into the jar.
    pub fn keep(&mut self, reply: &Reply) {
        for line in reply.all("set-cookie") {
            let (name, rest) = line.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap_or_default();
            if line.contains("Max-Age=0;") {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    pub async fn get(&mut self, path: &str) -> Reply {
        self.send("GET", path, &[], b"").await
    }

    /// A form with the session's token behind the fields.
    pub async fn post(&mut self, path: &str, fields: &str) -> Reply {
        let body = format!("{fields}&authenticityToken={}", self.token());
        let kind = ("Content-Type", "application/x-www-form-urlencoded");
        self.send("POST", path, &[kind], body.as_bytes()).await
    }

    /// A login in two steps, up to the answer to the password.
    pub async fn login(&mut self, id: &str) -> Reply {
        self.get("/").await;
        self.post("/login", &format!("txtUserId={id}")).await;
        let folded = spse_standin::fold(id);
        self.post("/loginpass", &format!("txtPassword=Rahasia-{folded}"))
            .await
    }

    /// Who `/paket` says is logged in.
    pub async fn who(&self) -> Option<String> {
        let page = self.clone().get("/paket").await.text();
        let (_, rest) = page.split_once("<span title=\"[")?;
        Some(rest.split(']').next()?.to_owned())
    }
}

pub async fn start() -> Standin {
    Standin::start(Config::default()).await.unwrap()
}

pub async fn start_in(mode: SessionMode) -> Standin {
    Standin::start(Config {
        session_mode: mode,
        ..Config::default()
    })
    .await
    .unwrap()
}
