//! Connections of browsers: how many may be open at once, and how long the head of a request may
//! take in all (threats.md row 41). pingora bounds each read of a head, not their sum.

use super::ending::Ending;
use crate::observe::Metrics;
use async_trait::async_trait;
use memchr::memmem;
use pingora::apps::{HttpServerApp, ServerApp};
use pingora::protocols::http::ServerSession;
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::tls::SslDigest;
use pingora::protocols::{
    ALPN, GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl,
    Stream, TimingDigest, UniqueID, UniqueIDType,
};
use pingora::server::ShutdownWatch;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Semaphore;
use tokio::time::{Sleep, sleep};

/// End of a head (RFC 9112 section 2.1).
const HEAD_END: &[u8] = b"\r\n\r\n";

/// Limits of connections.
#[derive(Clone, Copy, Debug)]
pub(super) struct ConnectionLimits {
    /// Open at once; more are closed at accept.
    pub(super) open_max: usize,
    /// From the first byte of a head to its end.
    pub(super) head: Duration,
    /// Until the first byte.
    pub(super) idle: Duration,
    /// Requests on one connection.
    pub(super) requests_max: u32,
}

/// An HTTP/1.1 application behind these limits.
pub(super) struct Connections<A> {
    app: Arc<A>,
    open: Semaphore,
    limits: ConnectionLimits,
    metrics: Arc<Metrics>,
    ending: Ending,
}

impl<A> Connections<A> {
    pub(super) fn new(
        app: A,
        limits: ConnectionLimits,
        metrics: Arc<Metrics>,
        ending: Ending,
    ) -> Self {
        Self {
            metrics,
            ending,
            app: Arc::new(app),
            open: Semaphore::new(limits.open_max),
            limits,
        }
    }
}

#[async_trait]
impl<A: HttpServerApp + Send + Sync + 'static> ServerApp for Connections<A> {
    async fn process_new(
        self: &Arc<Self>,
        stream: Stream,
        shutdown: &ShutdownWatch,
    ) -> Option<Stream> {
        let Ok(_open) = self.open.try_acquire() else {
            self.metrics.connection_refused();
            tracing::warn!("too many connections are open; one more was closed");
            return None;
        };
        let _counted = self.metrics.connection();
        let heads = Arc::new(AtomicU32::new(0));
        let timed = TimedHeads::new(stream, heads.clone(), self.limits.head);
        let mut session = ServerSession::new_http1(Box::new(timed));
        let ending = *shutdown.borrow();
        session.set_keepalive((!ending).then_some(self.limits.idle.as_secs()));
        session.set_keepalive_reuses_remaining(Some(self.limits.requests_max));
        loop {
            let reused = self.app.process_new_http(session, shutdown).await?;
            let (stream, settings) = reused.consume();
            heads.fetch_add(1, Ordering::Relaxed);
            session = ServerSession::new_http1(stream);
            if let Some(settings) = settings {
                settings.apply_to_session(&mut session);
            }
        }
    }

    async fn cleanup(&self) {
        // It drops every connection that has not brought its request yet, also one that has just come.
        self.ending.last_answers().await;
        self.app.http_cleanup().await;
    }
}

/// A connection whose heads must come in time.
#[derive(Debug)]
struct TimedHeads {
    inner: Stream,
    /// Counts requests on the connection: with each a new head is expected.
    expected: Arc<AtomicU32>,
    limit: Duration,
    head: Head,
    /// Number of the head.
    of: u32,
}

#[derive(Debug)]
enum Head {
    /// Not a byte yet.
    Expected,
    /// Begun.
    Begun {
        deadline: Pin<Box<Sleep>>,
        end: HeadEnd,
    },
    /// Whole: what follows is body.
    Whole,
}

impl TimedHeads {
    fn new(inner: Stream, expected: Arc<AtomicU32>, limit: Duration) -> Self {
        Self {
            inner,
            expected,
            limit,
            head: Head::Expected,
            of: 0,
        }
    }

    fn saw(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        match &mut self.head {
            Head::Whole => {}
            Head::Begun { end, .. } => {
                if end.ends_in(bytes) {
                    self.head = Head::Whole;
                }
            }
            Head::Expected => {
                let mut end = HeadEnd::default();
                self.head = if end.ends_in(bytes) {
                    Head::Whole
                } else {
                    let deadline = Box::pin(sleep(self.limit));
                    Head::Begun { deadline, end }
                };
            }
        }
    }
}

/// Looks for the empty line at the end of a head.
#[derive(Debug, Default)]
struct HeadEnd {
    /// The last bytes, in which it may have begun.
    tail: Vec<u8>,
    /// Something else than the empty lines came that may stand before a head (RFC 9112 section 2.2).
    begun: bool,
}

impl HeadEnd {
    fn ends_in(&mut self, bytes: &[u8]) -> bool {
        let bytes = if self.begun {
            bytes
        } else {
            let at = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n'));
            let Some(at) = at else { return false };
            self.begun = true;
            bytes.get(at..).unwrap_or_default()
        };
        // Most heads come in one piece: nothing is copied then.
        if memmem::find(bytes, HEAD_END).is_some() {
            return true;
        }
        self.tail.extend(bytes);
        let found = memmem::find(&self.tail, HEAD_END).is_some();
        let kept = self.tail.len().saturating_sub(HEAD_END.len() - 1);
        self.tail.drain(..kept);
        found
    }
}

impl AsyncRead for TimedHeads {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let expected = self.expected.load(Ordering::Relaxed);
        if self.of != expected {
            self.of = expected;
            self.head = Head::Expected;
        }
        if let Head::Begun { deadline, .. } = &mut self.head
            && deadline.as_mut().poll(context).is_ready()
        {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        let new = buffer.filled().get(before..).unwrap_or_default();
        self.saw(new);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for TimedHeads {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }
}

#[async_trait]
impl Shutdown for TimedHeads {
    async fn shutdown(&mut self) {
        self.inner.shutdown().await;
    }
}

impl UniqueID for TimedHeads {
    fn id(&self) -> UniqueIDType {
        self.inner.id()
    }
}

impl Ssl for TimedHeads {
    fn get_ssl_digest(&self) -> Option<Arc<SslDigest>> {
        self.inner.get_ssl_digest()
    }

    fn selected_alpn_proto(&self) -> Option<ALPN> {
        self.inner.selected_alpn_proto()
    }
}

impl GetTimingDigest for TimedHeads {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.inner.get_timing_digest()
    }
}

impl GetProxyDigest for TimedHeads {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.inner.get_proxy_digest()
    }
}

impl GetSocketDigest for TimedHeads {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.inner.get_socket_digest()
    }
}

impl Peek for TimedHeads {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_head_is_found_wherever_it_is_cut() {
        let head = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        for cut in 1..head.len() {
            let (first, second) = head.split_at(cut);
            let mut end = HeadEnd::default();
            assert!(!end.ends_in(first), "{cut}");
            assert!(end.ends_in(second), "{cut}");
        }
        // Empty lines before it are none of it.
        let mut late = HeadEnd::default();
        assert!(!late.ends_in(b"\r\n\r\n"));
        assert!(!late.ends_in(b"\r\n\r\nGET / HTTP/1.1\r\n"));
        assert!(late.ends_in(b"\r\n"));
        let mut end = HeadEnd::default();
        let ends: Vec<bool> = head.iter().map(|byte| end.ends_in(&[*byte])).collect();
        assert_eq!(ends.iter().position(|end| *end), Some(head.len() - 1));
    }

    #[test]
    fn lines_alone_end_no_head() {
        let mut end = HeadEnd::default();
        for piece in [
            &b"GET / HTTP/1.1\r\n"[..],
            b"A: b\r\n",
            b"\n",
            b"\r",
            b"C: d\r\n",
        ] {
            assert!(!end.ends_in(piece));
        }
    }
}
