//! An answer as plain data.

use std::fmt;
use std::time::Duration;

/// What makes the next event of a stream; `None` ends it.
pub(crate) type Source = Box<dyn FnMut() -> Option<Vec<u8>> + Send>;

/// The body of an answer.
pub(crate) enum Payload {
    Bytes(Vec<u8>),
    /// A line repeated until so many bytes are sent: downloads of any size from no memory.
    Pattern {
        line: Vec<u8>,
        length: u64,
    },
    /// Pieces as time goes by.
    Ticks {
        every: Duration,
        source: Source,
    },
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Self::Pattern { length, .. } => write!(f, "Pattern({length})"),
            Self::Ticks { every, .. } => write!(f, "Ticks({every:?})"),
        }
    }
}

/// Status, headers and body. Lengths and codings are the business of [`super::send`].
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Payload,
}

impl Answer {
    pub(crate) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Payload::Bytes(body.into()),
        }
        .with("Content-Type", content_type)
    }

    pub(crate) fn html(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, "text/html; charset=utf-8", body)
    }

    pub(crate) fn json(value: &serde_json::Value) -> Self {
        Self::new(200, "application/json; charset=utf-8", value.to_string())
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Payload::Bytes(Vec::new()),
        }
    }

    /// 302 to a target that is absolute already.
    pub(crate) fn found(location: &str) -> Self {
        Self::empty(302).with("Location", location)
    }

    /// A file of `length` bytes to save, made of `line` repeated.
    pub(crate) fn file(name: &str, content_type: &str, line: &str, length: u64) -> Self {
        let body = Payload::Pattern {
            line: line.as_bytes().to_vec(),
            length,
        };
        Self {
            status: 200,
            headers: Vec::new(),
            body,
        }
        .with("Content-Type", content_type)
        .with(
            "Content-Disposition",
            format!("attachment; filename=\"{name}\""),
        )
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.headers
            .iter()
            .any(|(key, _)| key.eq_ignore_ascii_case(name))
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.headers
            .retain(|(key, _)| !key.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.into()));
    }
}

/// The words behind a status.
pub(crate) fn reason(status: u16) -> &'static str {
    match status {
        101 => "Switching Protocols",
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        206 => "Partial Content",
        302 => "Found",
        304 => "Not Modified",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        412 => "Precondition Failed",
        413 => "Request Entity Too Large",
        415 => "Unsupported Media Type",
        416 => "Requested Range Not Satisfiable",
        500 => "Internal Server Error",
        _ => "Unknown",
    }
}
