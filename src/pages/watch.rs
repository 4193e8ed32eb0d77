//! What a page that waits asks for all the time: whether its phone has joined or answered.
//!
//! As a stream of events where the browser runs scripts (WHATWG HTML section 9.2), as one answer that
//! waits where a proxy between holds streams back, and by loading the page again without either. None of
//! them changes anything: what was said elsewhere is taken up by a form.

use super::acceptor::waiting;
use super::activation::holder;
use super::form::query_value;
use super::{PageRequest, Pages, Reply, reply};
use crate::flow::Engine;
use crate::flow::standing::Standing;
use crate::flow::wakes::Wake;
use crate::primitives::WaitingRef;
use crate::render::paths;
use bytes::Bytes;
use http::StatusCode;
use std::sync::Arc;
use std::time::Duration;

/// Between two signs of life on a stream that has nothing to tell: proxies cut what is silent.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long one answer waits.
const POLL: Duration = Duration::from_secs(25);
/// Signs of life after which a stream ends; a browser that is still there asks again.
const HEARTBEATS_MAX: u32 = 20;

/// One page that waits.
pub struct Watch {
    engine: Arc<Engine>,
    subject: Subject,
    wake: Wake,
    told: Option<Standing>,
    beats: u32,
}

enum Subject {
    /// A waiting login, by its reference: the ticket was looked at.
    Login(WaitingRef),
    /// An activation, by its key.
    Activation(Vec<u8>),
}

/// Whether a request asks for a stream.
pub fn is_stream(request: &PageRequest<'_>) -> bool {
    let streams = [paths::ACCEPTOR_EVENTS, paths::ACTIVATION_EVENTS];
    request.method == http::Method::GET && streams.contains(&request.path)
}

/// Whether a path only listens: it is nobody's activity, and holds no session open.
pub fn only_listens(path: &str) -> bool {
    let polls = [paths::ACCEPTOR_POLL, paths::ACTIVATION_POLL];
    let streams = [paths::ACCEPTOR_EVENTS, paths::ACTIVATION_EVENTS];
    polls.contains(&path) || streams.contains(&path)
}

/// The watch of a page in this browser, or why there is none.
pub async fn watch(pages: &Pages, request: &PageRequest<'_>) -> Result<Watch, Box<Reply>> {
    let engine = pages.engine.clone();
    let reference = query_value(request.query, "r").unwrap_or_default();
    let subject = match request.path.starts_with(paths::ACCEPTOR) {
        true => {
            let (login, _) = waiting(pages, request, &reference).await?;
            Subject::Login(login.value.reference)
        }
        false => Subject::Activation(holder(pages, request, Some(reference)).await?.key()),
    };
    let Some(wake) = engine.wakes.listen(subject.key()) else {
        // Without room to wait it is told how it stands, and asks again.
        let standing = subject.standing(&engine).await;
        return Err(Box::new(told(StatusCode::OK, standing)));
    };
    Ok(Watch {
        engine,
        subject,
        wake,
        told: None,
        beats: 0,
    })
}

/// One answer that waits until something has happened, or for a while.
pub(super) async fn poll(pages: &Pages, request: &PageRequest<'_>) -> Reply {
    let mut watch = match watch(pages, request).await {
        Ok(watch) => watch,
        Err(told) if told.status() == StatusCode::OK => return *told,
        // What it waited for is gone: the page itself says why.
        Err(refusal) if refusal.status().is_client_error() => {
            return told(refusal.status(), Standing::Changed);
        }
        Err(refusal) => return *refusal,
    };
    let happened = tokio::time::timeout(POLL, watch.happened()).await;
    let standing = happened.ok().flatten().unwrap_or(Standing::Waiting);
    told(StatusCode::OK, standing)
}

fn told(status: StatusCode, standing: Standing) -> Reply {
    let body = serde_json::json!({ "standing": standing.as_str() });
    reply::json(status, body.to_string())
}

impl Watch {
    /// Status and headers of the stream.
    pub fn head() -> Reply {
        reply::events()
    }

    /// The next piece of the stream; `None` ends it. May be dropped at any point and asked again.
    pub async fn next(&mut self) -> Option<Bytes> {
        if self.told.is_some_and(|told| told != Standing::Waiting) || self.beats >= HEARTBEATS_MAX {
            return None;
        }
        if self.told.is_none() {
            let standing = self.standing().await;
            return Some(self.tell(standing));
        }
        match tokio::time::timeout(HEARTBEAT, self.happened()).await {
            Ok(standing) => standing.map(|standing| self.tell(standing)),
            Err(_) => {
                self.beats += 1;
                Some(Bytes::from_static(b":\n\n"))
            }
        }
    }

    fn tell(&mut self, standing: Standing) -> Bytes {
        self.told = Some(standing);
        Bytes::from(format!("data: {}\n\n", standing.as_str()))
    }

    /// Resolves once it is not waiting any more; `None` when the process ends.
    async fn happened(&mut self) -> Option<Standing> {
        loop {
            let standing = self.standing().await;
            if standing != Standing::Waiting {
                return Some(standing);
            }
            if self.engine.wakes.is_ending() {
                return None;
            }
            self.wake.changed().await;
        }
    }

    async fn standing(&self) -> Standing {
        self.subject.standing(&self.engine).await
    }
}

impl Subject {
    async fn standing(&self, engine: &Engine) -> Standing {
        let standing = match self {
            Self::Login(reference) => engine.login_standing(*reference).await,
            Self::Activation(key) => engine.activation_standing(key).await,
        };
        // A store that fails has its own page.
        standing.unwrap_or(Standing::Changed)
    }

    fn key(&self) -> &[u8] {
        match self {
            Self::Login(reference) => &reference.0,
            Self::Activation(key) => key,
        }
    }
}
