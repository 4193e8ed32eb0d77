//! HTTP/1.1 as bytes: answers read from a stream, and a connection for what a browser would not do.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// An answer, its chunks joined. Status 0: the connection ended without one.
#[derive(Clone, Default)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Head and body as they came.
    pub(crate) raw: Vec<u8>,
    /// The body ended as its head had announced.
    pub(crate) whole: bool,
}

impl std::fmt::Debug for Response {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body: String = self.text().chars().take(1_500).collect();
        write!(
            f,
            "{} {:?} whole={}\n{body}",
            self.status, self.headers, self.whole
        )
    }
}

impl Response {
    /// The first header of this name, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.all(name).first().copied().unwrap_or("")
    }

    /// All headers of this name.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let same = self
            .headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name));
        same.map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn has(&self, text: &str) -> bool {
        super::find(&self.body, text.as_bytes()).is_some()
    }

    /// Path and query of Location, whatever the host before it.
    pub(crate) fn location(&self) -> String {
        let location = self.header("location");
        match location.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]).to_owned(),
            None => location.to_owned(),
        }
    }

    /// The value of the first hidden field of this name.
    #[track_caller]
    pub(crate) fn hidden(&self, name: &str) -> String {
        let text = self.text();
        let mark = format!("name=\"{name}\" value=\"");
        let at = text
            .find(&mark)
            .unwrap_or_else(|| panic!("no field {name}: {self:?}"));
        let rest = &text[at + mark.len()..];
        unescape(&rest[..rest.find('"').unwrap()])
    }

    /// The value that an answer's Set-Cookie gives a cookie; empty when it is deleted.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.all("set-cookie").iter().find_map(|line| {
            let (key, rest) = line.split_once('=')?;
            (key == name).then(|| rest.split(';').next().unwrap_or("").to_owned())
        })
    }
}

/// Text of an attribute.
pub(crate) fn unescape(text: &str) -> String {
    let text = text
        .replace("&quot;", "\"")
        .replace("&#x27;", "'")
        .replace("&#x3D;", "=");
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

fn parse_head(bytes: &[u8]) -> Option<(Response, usize)> {
    let end = super::find(bytes, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let split = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_owned(), value.trim().to_owned()))
    };
    let headers = lines.filter_map(split).collect();
    Some((
        Response {
            status,
            headers,
            ..Response::default()
        },
        end + 4,
    ))
}

/// Joined chunks and how many bytes they took, if the last one is there; else what there is.
fn dechunk(bytes: &[u8]) -> (Vec<u8>, Option<usize>) {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let Some(line) = super::find(&bytes[at..], b"\r\n") else {
            return (body, None);
        };
        let size = String::from_utf8_lossy(&bytes[at..at + line]).into_owned();
        let size = usize::from_str_radix(size.split(';').next().unwrap().trim(), 16).unwrap_or(0);
        at += line + 2;
        if size == 0 {
            let end = bytes.len() >= at + 2;
            return (body, end.then_some(at + 2));
        }
        let have = size.min(bytes.len().saturating_sub(at));
        body.extend_from_slice(&bytes[at..at + have]);
        at += size + 2;
        if at > bytes.len() {
            return (body, None);
        }
    }
}

/// One connection. Everything that comes in is also added to what its browser has seen.
pub(crate) struct Conn {
    stream: TcpStream,
    buffer: Vec<u8>,
    seen: Arc<Mutex<Vec<u8>>>,
}

impl Conn {
    pub(crate) async fn open(addr: SocketAddr, seen: Arc<Mutex<Vec<u8>>>) -> Self {
        let stream = TcpStream::connect(addr).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            buffer: Vec::new(),
            seen,
        }
    }

    /// Writes; whether the other side still took it.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).await.is_ok()
    }

    /// Reads a piece; false at the end, at a reset, or when nothing came in time.
    pub(crate) async fn read_within(&mut self, patience: Duration) -> bool {
        let mut piece = [0; 16 * 1024];
        let Ok(Ok(count)) = timeout(patience, self.stream.read(&mut piece)).await else {
            return false;
        };
        self.seen.lock().unwrap().extend_from_slice(&piece[..count]);
        self.buffer.extend_from_slice(&piece[..count]);
        count > 0
    }

    /// Whether the other side ended the connection within this time; what comes before is kept.
    pub(crate) async fn ends_within(&mut self, patience: Duration) -> bool {
        let ended = async {
            let mut piece = [0; 16 * 1024];
            while let Ok(count @ 1..) = self.stream.read(&mut piece).await {
                self.seen.lock().unwrap().extend_from_slice(&piece[..count]);
                self.buffer.extend_from_slice(&piece[..count]);
            }
        };
        timeout(patience, ended).await.is_ok()
    }

    /// Reads to the end without keeping anything; how many bytes there were. `tick` hears of them.
    pub(crate) async fn drain(&mut self, patience: Duration, mut tick: impl FnMut(usize)) -> usize {
        let mut piece = vec![0; 64 * 1024];
        let mut total = self.buffer.len();
        while let Ok(Ok(count @ 1..)) = timeout(patience, self.stream.read(&mut piece)).await {
            total += count;
            tick(total);
        }
        total
    }

    /// What came in and was not read as an answer yet.
    pub(crate) fn buffer(&self) -> &[u8] {
        &self.buffer
    }

    /// Reads until the head of an answer is there, without its body.
    pub(crate) async fn head(&mut self) -> Response {
        loop {
            if let Some((head, _)) = parse_head(&self.buffer) {
                return head;
            }
            if !self.read_within(PATIENCE).await {
                return Response::default();
            }
        }
    }

    /// Reads one answer, 100s passed over.
    pub(crate) async fn answer(&mut self, to_head: bool) -> Response {
        loop {
            let head = self.head().await;
            if head.status != 100 {
                break;
            }
            let end = super::find(&self.buffer, b"\r\n\r\n").unwrap() + 4;
            self.buffer.drain(..end);
        }
        loop {
            let Some((mut answer, begin)) = parse_head(&self.buffer) else {
                let raw = std::mem::take(&mut self.buffer);
                return Response {
                    raw,
                    ..Response::default()
                };
            };
            let rest = &self.buffer[begin..];
            let length = answer.header("content-length").parse::<usize>().ok();
            let chunked = answer
                .header("transfer-encoding")
                .eq_ignore_ascii_case("chunked");
            let empty = to_head || matches!(answer.status, 101 | 204 | 304);
            let (body, used) = match (empty, chunked, length) {
                (true, ..) => (Vec::new(), Some(0)),
                (_, true, _) => dechunk(rest),
                (_, _, Some(length)) => {
                    let have = length.min(rest.len());
                    (rest[..have].to_vec(), (have == length).then_some(length))
                }
                _ => (rest.to_vec(), None),
            };
            if let Some(used) = used {
                answer.whole = true;
                answer.body = body;
                answer.raw = self.buffer.drain(..begin + used).collect();
                return answer;
            }
            if !self.read_within(PATIENCE).await {
                answer.whole = !chunked && length.is_none();
                answer.body = body;
                answer.raw = std::mem::take(&mut self.buffer);
                return answer;
            }
        }
    }
}
