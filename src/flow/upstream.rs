//! The upstream as a port: what the flows send and read, without a word of how.

use crate::domain::gate::Permit;
use crate::profile::PageView;
use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, Method, StatusCode};
use std::time::Duration;

/// One request that the gateway sends itself.
#[derive(Clone, Debug)]
pub struct UpstreamRequest {
    /// Method.
    pub method: Method,
    /// Path and query, bytes as decided on.
    pub target: Vec<u8>,
    /// Headers in order, the case of their names kept; Host included, framing headers not.
    pub headers: Vec<(String, Vec<u8>)>,
    /// Body, whole.
    pub body: Bytes,
    /// Whole time allowed, until the last byte of the answer.
    pub deadline: Duration,
    /// Largest answer body that is read, in bytes.
    pub answer_bytes_max: usize,
}

/// The whole answer.
#[derive(Clone, Debug)]
pub struct UpstreamAnswer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl UpstreamAnswer {
    /// As the profile reads the page that was asked for at `requested`.
    pub(super) fn view<'a>(&'a self, requested: &'a str, own_hosts: &'a [String]) -> PageView<'a> {
        let header = |name| self.headers.get(name).map(http::HeaderValue::as_bytes);
        PageView {
            requested,
            status: self.status.as_u16(),
            location: header(LOCATION),
            content_type: header(CONTENT_TYPE),
            content_encoding: header(CONTENT_ENCODING),
            body: &self.body,
            complete: true,
            own_hosts,
        }
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UpstreamError {
    /// The session moved on before the request was sent: it was not.
    #[error("the request was not sent: its session moved on")]
    Withdrawn,
    /// No connection.
    #[error("the upstream does not take the connection")]
    Unreachable,
    /// Not within the time allowed.
    #[error("the upstream did not answer in time")]
    TimedOut,
    /// Broken off, or no HTTP.
    #[error("the upstream's answer broke off or was no HTTP")]
    Broken,
    /// The request's head is longer than the upstream reads: it was not sent.
    #[error("the request's head is longer than the upstream reads")]
    HeadTooLong,
    /// Larger than allowed.
    #[error("the upstream's answer is too large")]
    TooLarge,
}

/// Sends requests upstream. Nothing goes without a permit (invariant I2).
#[async_trait]
pub trait Upstream: Send + Sync {
    /// Sends one request and reads the whole answer. A POST is sent once, never again.
    ///
    /// # Errors
    /// [`UpstreamError`].
    async fn send(
        &self,
        permit: &Permit,
        request: UpstreamRequest,
    ) -> Result<UpstreamAnswer, UpstreamError>;
}
