//! What the server was sent, for the tests to judge.

use std::time::Duration;

/// How much of a body is remembered, in bytes.
pub(crate) const BODY_KEPT: usize = 64 * 1024;

/// One request. It is there from the moment its head was read; the later fields fill in as it goes on.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Counts requests in the order in which their heads were read.
    pub order: u64,
    /// Counts connections.
    pub connection: u64,
    /// When the head had been read, since the start of the server.
    pub at: Duration,
    /// Method of the request line.
    pub method: String,
    /// Method after Play's overrides.
    pub acted_method: String,
    /// Request target as sent.
    pub target: String,
    /// Path as Play routes it: without a host, without the query, nothing decoded.
    pub path: String,
    /// Request line as sent, without the line end.
    pub request_line: Vec<u8>,
    /// Header lines as sent, without the line ends.
    pub header_lines: Vec<Vec<u8>>,
    /// Length of the body, without chunk framing.
    pub body_length: u64,
    /// The body's first 64 KiB.
    pub body: Vec<u8>,
    /// SHA-256 of the whole body in hex; empty until it has been read.
    pub body_sha256: String,
    /// Value of SPSE_SESSION in the first Cookie line, valid or not.
    pub session_cookie: Option<String>,
    /// `___ID` of that cookie, when it is valid.
    pub session_id: Option<String>,
    /// Who the session belonged to when the head had been read.
    pub user_at_arrival: Option<String>,
    /// Who the session belonged to when the request was about to be acted upon.
    pub user_before: Option<String>,
    /// Who the session of the answer belonged to after that.
    pub user_after: Option<String>,
    /// `___ID` of the session that the answer carries.
    pub session_id_after: Option<String>,
    /// The client's address as the application sees it: X-Forwarded-For whole, or the peer.
    pub remote_address: String,
    /// Status of the answer; 0 before there is one, and when it never came.
    pub status: u16,
    /// The answer was written to its end.
    pub finished: bool,
}

impl Record {
    /// Values of the header lines with this name, in order.
    #[must_use]
    pub fn header_values(&self, name: &str) -> Vec<String> {
        self.header_lines
            .iter()
            .filter_map(|line| {
                let text = String::from_utf8_lossy(line).into_owned();
                let (key, value) = text.split_once(':')?;
                key.trim()
                    .eq_ignore_ascii_case(name)
                    .then(|| value.trim().to_owned())
            })
            .collect()
    }

    /// The first of them.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        self.header_values(name).into_iter().next()
    }

    /// Whether the request could touch anything private: somebody was logged in on its session at any point.
    #[must_use]
    pub fn touched_login(&self) -> bool {
        self.user_at_arrival.is_some() || self.user_before.is_some() || self.user_after.is_some()
    }
}
