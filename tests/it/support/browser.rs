//! A browser of sorts: a cookie jar, forms, scripts' requests, redirects when asked to. Clones are
//! tabs of the same browser; everything that any of them received is kept.

use super::wire::{Conn, Response};
use spse_standin::{SESSION_COOKIE, WalkRequest, WalkStep};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

/// Cookies by name; all of them have Path=/ here.
pub(crate) type Jar = BTreeMap<String, String>;

/// Which cookies go with a request.
#[derive(Clone, Debug, Default)]
pub(crate) enum Send {
    /// Those of the jar; the answer's are kept in it.
    #[default]
    Jar,
    /// These, and the answer's are not kept.
    These(Jar),
}

/// One request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ask {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Vec<u8>>,
    pub(crate) cookies: Send,
}

impl Ask {
    /// A person's navigation.
    pub(crate) fn get(path: &str) -> Self {
        Self::new("GET", path).with("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
    }

    /// A bare request.
    pub(crate) fn new(method: &str, path: &str) -> Self {
        Self {
            method: method.to_owned(),
            path: path.to_owned(),
            ..Self::default()
        }
    }

    /// A form sent by a person.
    pub(crate) fn form(path: &str, fields: &[(&str, &str)]) -> Self {
        let mut ask = Self::new("POST", path)
            .with("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")
            .with("Content-Type", "application/x-www-form-urlencoded");
        ask.body = Some(encode(fields).into_bytes());
        ask
    }

    /// As a script asks.
    pub(crate) fn xhr(mut self) -> Self {
        self.headers.retain(|(name, _)| name != "Accept");
        self.with("X-Requested-With", "XMLHttpRequest")
            .with("Accept", "*/*")
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, body: &[u8]) -> Self {
        self.body = Some(body.to_vec());
        self
    }

    pub(crate) fn cookies(mut self, jar: &Jar) -> Self {
        self.cookies = Send::These(jar.clone());
        self
    }
}

/// Fields as a form writes them.
pub(crate) fn encode(fields: &[(&str, &str)]) -> String {
    let mut text = url::form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(fields);
    text.finish()
}

/// A cookie line.
pub(crate) fn cookie_line(jar: &Jar) -> String {
    jar.iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join("; ")
}

#[derive(Clone)]
pub(crate) struct Browser {
    addr: SocketAddr,
    ahead: Arc<AtomicU64>,
    jar: Arc<Mutex<Jar>>,
    seen: Arc<Mutex<Vec<u8>>>,
    /// Host header.
    pub(crate) host: String,
    /// Header lines of every request.
    pub(crate) always: Vec<(String, String)>,
}

impl Browser {
    pub(crate) fn new(addr: SocketAddr, ahead: Arc<AtomicU64>) -> Self {
        Self {
            addr,
            ahead,
            jar: Arc::default(),
            seen: Arc::default(),
            host: addr.to_string(),
            always: vec![
                ("User-Agent".to_owned(), "Mozilla/5.0 (uji)".to_owned()),
                ("Accept-Language".to_owned(), "id".to_owned()),
            ],
        }
    }

    /// Another browser with a copy of these cookies: whoever stole them.
    pub(crate) fn thief(&self) -> Self {
        let thief = Self {
            seen: Arc::default(),
            jar: Arc::default(),
            ..self.clone()
        };
        thief.set_jar(self.jar());
        thief
    }

    pub(crate) fn jar(&self) -> Jar {
        self.jar.lock().unwrap().clone()
    }

    pub(crate) fn set_jar(&self, jar: Jar) {
        *self.jar.lock().unwrap() = jar;
    }

    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        self.jar
            .lock()
            .unwrap()
            .insert(name.to_owned(), value.to_owned());
    }

    /// Every byte that was received.
    pub(crate) fn seen(&self) -> Vec<u8> {
        self.seen.lock().unwrap().clone()
    }

    /// How far the gateway's clock is ahead.
    pub(crate) fn ahead(&self) -> Arc<AtomicU64> {
        self.ahead.clone()
    }

    /// A connection of its own.
    pub(crate) async fn connect(&self) -> Conn {
        Conn::open(self.addr, self.seen.clone()).await
    }

    /// Path with the context before it.
    pub(crate) fn whole_path(path: &str) -> String {
        let below = path.starts_with('/') && !path.starts_with("/eproc4");
        if below {
            format!("/eproc4{path}")
        } else {
            path.to_owned()
        }
    }

    /// A request as bytes; `Connection: close` unless a header says otherwise.
    pub(crate) fn bytes(&self, ask: &Ask) -> Vec<u8> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\n",
            ask.method,
            Self::whole_path(&ask.path),
            self.host
        );
        let given = |name: &str| {
            ask.headers
                .iter()
                .any(|(key, _)| key.eq_ignore_ascii_case(name))
        };
        for (name, value) in self.always.iter().filter(|(name, _)| !given(name)) {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        for (name, value) in &ask.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let jar = match &ask.cookies {
            Send::Jar => self.jar(),
            Send::These(jar) => jar.clone(),
        };
        if !jar.is_empty() {
            head.push_str(&format!("Cookie: {}\r\n", cookie_line(&jar)));
        }
        if let Some(body) = &ask.body
            && !given("Content-Length")
            && !given("Transfer-Encoding")
        {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        if !given("Connection") {
            head.push_str("Connection: close\r\n");
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(ask.body.as_deref().unwrap_or_default());
        bytes
    }

    /// Sends one request on a connection of its own and reads the answer.
    pub(crate) async fn fetch(&self, ask: Ask) -> Response {
        let mut conn = self.connect().await;
        conn.send(&self.bytes(&ask)).await;
        let answer = conn.answer(ask.method == "HEAD").await;
        if let Send::Jar = ask.cookies {
            self.keep(&answer);
        }
        answer
    }

    /// Takes the cookies of an answer into the jar.
    pub(crate) fn keep(&self, answer: &Response) {
        let mut jar = self.jar.lock().unwrap();
        for line in answer.all("set-cookie") {
            let Some((name, rest)) = line.split_once('=') else {
                continue;
            };
            let value = rest.split(';').next().unwrap_or("");
            let gone = rest
                .split(';')
                .any(|part| part.trim().eq_ignore_ascii_case("max-age=0"));
            if gone {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// The token of forms in the anonymous session's cookie; empty without one.
    pub(crate) fn form_token(&self) -> String {
        let jar = self.jar();
        let session = jar.get(SESSION_COOKIE);
        let token = session.and_then(|s| s.split("___AT=").nth(1)).unwrap_or("");
        token.chars().take_while(char::is_ascii_hexdigit).collect()
    }

    /// Takes a step of the walk over the public side.
    pub(crate) async fn take(
        &self,
        step: &WalkStep,
        coding: Option<&str>,
    ) -> (WalkRequest, Response) {
        let mut request = step.request(&self.form_token());
        let coding = coding.map(|coding| ("Accept-Encoding", coding.to_owned()));
        request.headers.extend(coding);
        let jar = self.jar();
        let session = jar.get(SESSION_COOKIE).filter(|_| step.with_session);
        let cookie = session.map(|value| format!("{SESSION_COOKIE}={value}"));
        let mut conn = self.connect().await;
        conn.send(&request.bytes(&self.host, cookie.as_deref()))
            .await;
        let answer = conn.answer(request.method == "HEAD").await;
        self.keep(&answer);
        (request, answer)
    }

    /// A person's navigation.
    pub(crate) async fn get(&self, path: &str) -> Response {
        self.fetch(Ask::get(path)).await
    }

    /// A script's request.
    pub(crate) async fn xhr(&self, path: &str) -> Response {
        self.fetch(Ask::get(path).xhr()).await
    }

    /// A form sent by a person.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        self.fetch(Ask::form(path, fields)).await
    }

    /// Bytes on a connection of their own; everything that comes back until it ends, or until
    /// nothing came for a while.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> Vec<u8> {
        let mut conn = self.connect().await;
        conn.send(bytes).await;
        conn.ends_within(std::time::Duration::from_secs(3)).await;
        conn.buffer().to_vec()
    }

    /// Follows redirects until there is a page.
    pub(crate) async fn follow(&self, answer: Response) -> Response {
        let mut answer = answer;
        for _ in 0..10 {
            if !matches!(answer.status, 301..=303 | 307 | 308) {
                return answer;
            }
            answer = self.get(&answer.location()).await;
        }
        panic!("redirects without end: {answer:?}");
    }
}
