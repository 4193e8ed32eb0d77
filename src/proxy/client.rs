//! The gateway's own client: pingora's HTTP/1 connector behind the flows' port.

use super::coding::Unzip;
use crate::domain::gate::Permit;
use crate::flow::upstream::{Upstream, UpstreamAnswer, UpstreamError, UpstreamRequest};
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use pingora::ErrorType;
use pingora::connectors::TransportConnector;
use pingora::connectors::http::v1::Connector;
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::protocols::http::v1::client::HttpSession;
use pingora::upstreams::peer::HttpPeer;
use std::time::Duration;
use tokio::time::timeout;

/// How long an idle connection of the own client is kept.
const IDLE_SECONDS: u64 = 10;

/// Sends the gateway's own requests.
pub struct OwnClient {
    connector: Connector,
    fresh: TransportConnector,
    peer: HttpPeer,
    /// Bytes of header that the upstream reads.
    header_bytes: usize,
}

/// A request that was sent and whose answer's header has come; the body is still to be read.
pub struct Answering {
    session: HttpSession,
    /// Header of the answer.
    pub header: Box<ResponseHeader>,
    unzip: Option<Unzip>,
}

impl Answering {
    fn new(session: HttpSession, header: Box<ResponseHeader>) -> Self {
        Self {
            session,
            header,
            unzip: None,
        }
    }

    /// Its body comes in gzip and is to be read.
    pub(super) fn unpack(&mut self, unzip: Option<Unzip>) {
        self.unzip = unzip;
    }
}

impl OwnClient {
    /// For this upstream, which reads so many bytes of header; `peer` carries its timeouts.
    pub fn new(peer: HttpPeer, header_bytes: usize) -> Self {
        Self {
            connector: Connector::new(None),
            fresh: TransportConnector::new(None),
            peer,
            header_bytes,
        }
    }

    /// Sends a request and reads the header of its answer. A safe request on a connection that the
    /// upstream had just closed is sent once more; a POST never is (threats.md row 19).
    ///
    /// `may_send` is asked once the connection stands: waiting for one can take a while, and the
    /// session may have moved on.
    ///
    /// # Errors
    /// [`UpstreamError`].
    pub async fn begin(
        &self,
        _permit: &Permit,
        request: &UpstreamRequest,
        may_send: impl Fn() -> bool,
    ) -> Result<Answering, UpstreamError> {
        let head = head_of(request)?;
        if header_bytes(&head) > self.header_bytes {
            return Err(UpstreamError::HeadTooLong);
        }
        if request.method.is_safe() {
            let pooled = self.connector.get_http_session(&self.peer).await;
            let (mut session, reused) = pooled.map_err(|_| UpstreamError::Unreachable)?;
            session.read_timeout = Some(self.patience(request));
            if !may_send() {
                return Err(UpstreamError::Withdrawn);
            }
            match exchange(&mut session, &head, &request.body).await {
                Ok(header) => return Ok(Answering::new(session, header)),
                Err(error) if !reused || error == UpstreamError::TimedOut => return Err(error),
                Err(_) => {}
            }
        }
        // A fresh connection for what must not be sent twice: a pooled one may be closing.
        let stream = self.fresh.new_stream(&self.peer).await;
        let mut session = HttpSession::new(stream.map_err(|_| UpstreamError::Unreachable)?);
        session.read_timeout = Some(self.patience(request));
        if !may_send() {
            return Err(UpstreamError::Withdrawn);
        }
        let header = exchange(&mut session, &head, &request.body).await?;
        Ok(Answering::new(session, header))
    }

    /// Longest pause in an answer: as for everything that pingora forwards.
    fn patience(&self, request: &UpstreamRequest) -> Duration {
        let limit = self.peer.options.read_timeout;
        limit.map_or(request.deadline, |limit| limit.min(request.deadline))
    }

    /// Gives a connection back whose answer was read to its end.
    pub async fn release(&self, answering: Answering) {
        let idle = Some(Duration::from_secs(IDLE_SECONDS));
        self.connector
            .release_http_session(answering.session, &self.peer, idle)
            .await;
    }
}

impl Answering {
    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// [`UpstreamError::Broken`] when it broke off.
    pub async fn next(&mut self) -> Result<Option<Bytes>, UpstreamError> {
        loop {
            let read = self.session.read_body_bytes().await;
            let piece = read.map_err(|error| error_of(&error))?;
            let Some(unzip) = &mut self.unzip else {
                return Ok(piece);
            };
            let end = piece.is_none();
            let unpacked = unzip.feed(piece.as_ref(), end);
            let unpacked = unpacked.map_err(|_| UpstreamError::Broken)?;
            if unpacked.is_some() || end {
                return Ok(unpacked);
            }
        }
    }
}

#[async_trait]
impl Upstream for OwnClient {
    async fn send(
        &self,
        permit: &Permit,
        request: UpstreamRequest,
    ) -> Result<UpstreamAnswer, UpstreamError> {
        let deadline = request.deadline;
        timeout(deadline, async {
            let mut answering = self.begin(permit, &request, || true).await?;
            let mut body = BytesMut::new();
            while let Some(piece) = answering.next().await? {
                if body.len() + piece.len() > request.answer_bytes_max {
                    return Err(UpstreamError::TooLarge);
                }
                body.extend_from_slice(&piece);
            }
            let status = answering.header.status;
            let headers = answering.header.headers.clone();
            self.release(answering).await;
            Ok(UpstreamAnswer {
                status,
                headers,
                body: body.freeze(),
            })
        })
        .await
        .unwrap_or(Err(UpstreamError::TimedOut))
    }
}

/// Bytes of header as they go over the wire, without the request line.
pub(super) fn header_bytes(head: &RequestHeader) -> usize {
    let lines = head.headers.iter();
    lines
        .map(|(name, value)| name.as_str().len() + value.len() + b": \r\n".len())
        .sum()
}

fn head_of(request: &UpstreamRequest) -> Result<RequestHeader, UpstreamError> {
    let size = request.headers.len() + 1;
    let mut head = RequestHeader::build(request.method.clone(), &request.target, Some(size))
        .map_err(|_| UpstreamError::Broken)?;
    for (name, value) in &request.headers {
        if value.is_empty() && name == "Cookie" {
            continue;
        }
        head.append_header(name.clone(), value.as_slice())
            .map_err(|_| UpstreamError::Broken)?;
    }
    if !request.method.is_safe() || !request.body.is_empty() {
        head.insert_header("Content-Length", request.body.len().to_string())
            .map_err(|_| UpstreamError::Broken)?;
    }
    Ok(head)
}

/// A pause that was too long is told apart from a connection that broke: 504, not 502.
fn error_of(error: &pingora::Error) -> UpstreamError {
    match error.etype() {
        ErrorType::ReadTimedout | ErrorType::WriteTimedout => UpstreamError::TimedOut,
        _ => UpstreamError::Broken,
    }
}

async fn exchange(
    session: &mut HttpSession,
    head: &RequestHeader,
    body: &Bytes,
) -> Result<Box<ResponseHeader>, UpstreamError> {
    session
        .write_request_header(Box::new(head.clone()))
        .await
        .map_err(|error| error_of(&error))?;
    if !body.is_empty() {
        session
            .write_body(body)
            .await
            .map_err(|error| error_of(&error))?;
    }
    session
        .finish_body()
        .await
        .map_err(|error| error_of(&error))?;
    loop {
        let header = session
            .read_resp_header_parts()
            .await
            .map_err(|error| error_of(&error))?;
        if !header.status.is_informational() || header.status.as_u16() == 101 {
            return Ok(header);
        }
    }
}
