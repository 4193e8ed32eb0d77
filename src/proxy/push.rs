//! Messages to push services, by pingora's connector (RFC 8030 section 5).

use crate::clock::Clock;
use crate::config::Push;
use crate::domain::approval::CHALLENGE_SECONDS;
use crate::domain::push::{Endpoint, Place, Subscription, is_service};
use crate::entropy::Entropy;
use crate::flow::push::{NotWoken, Waker};
use crate::push::{Vapid, seal};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, StatusCode};
use pingora::connectors::{ConnectorOptions, TransportConnector};
use pingora::http::RequestHeader;
use pingora::protocols::http::v1::client::HttpSession;
use pingora::upstreams::peer::HttpPeer;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Messages on their way at once; the others wait for their turn.
const AT_ONCE: usize = 16;
/// Messages that wait at most: a morning's logins come together.
const WAITING_MAX: usize = 512;
/// Addresses of a service that are tried.
const ADDRESSES_MAX: usize = 4;
/// How much of its reason a service may tell, in bytes.
const REASON_BYTES: usize = 256;

/// Leaves messages at push services.
pub struct PushClient {
    config: Push,
    vapid: Vapid,
    /// Trusts the system's certificates.
    connector: TransportConnector,
    /// Trusts those of the operator's file.
    own: Option<TransportConnector>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    turns: Semaphore,
    waiting: Semaphore,
}

impl PushClient {
    /// With the key of the configuration.
    ///
    /// # Errors
    /// Why the key cannot be used.
    pub fn new(
        config: Push,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, String> {
        let key = config.key()?;
        let vapid = Vapid::new(&key, config.contact.clone()).map_err(|error| error.to_string())?;
        let own = config.ca_file.as_ref().map(|file| {
            let mut options = ConnectorOptions::new(0);
            options.ca_file = Some(file.display().to_string());
            TransportConnector::new(Some(options))
        });
        Ok(Self {
            connector: TransportConnector::new(None),
            own,
            turns: Semaphore::new(AT_ONCE),
            waiting: Semaphore::new(WAITING_MAX),
            config,
            vapid,
            clock,
            entropy,
        })
    }

    async fn leave(&self, to: &Subscription, place: &Place) -> Result<Answer, String> {
        // The words are the app's own; nothing else is for the phone to know.
        let message = json!({ "lang": to.lang.code() }).to_string();
        let body = seal(message.as_bytes(), (to.key, &to.auth), &*self.entropy)
            .map_err(|error| error.to_string())?;
        let authorization = self
            .vapid
            .authorization(&place.origin, self.clock.now())
            .map_err(|error| error.to_string())?;
        let head = head(place, &authorization, body.len()).map_err(|error| told(&error))?;
        let mut session = self.connect(place).await?;
        exchange(&mut session, head, body.into())
            .await
            .map_err(|error| told(&error))
    }

    /// A connection to one of its addresses; one that leads nowhere leaves time for the next.
    async fn connect(&self, place: &Place) -> Result<HttpSession, String> {
        let is_own = self.config.hosts.contains(&place.authority);
        let own = self.own.as_ref().filter(|_| is_own);
        let connector = own.unwrap_or(&self.connector);
        let addresses = tokio::net::lookup_host((place.host.as_str(), place.port)).await;
        let addresses = addresses.map_err(|error| format!("no address: {error}"))?;
        let mut last = "no address".to_owned();
        for address in addresses.take(ADDRESSES_MAX) {
            let mut peer = HttpPeer::new(address, true, place.host.clone());
            peer.options.total_connection_timeout = Some(self.config.timeout / 4);
            match connector.new_stream(&peer).await {
                Ok(stream) => return Ok(HttpSession::new(stream)),
                Err(error) => last = format!("{address}: {}", told(&error)),
            }
        }
        Err(last)
    }
}

/// What a service said.
struct Answer {
    status: StatusCode,
    /// Why it refused.
    reason: String,
}

async fn exchange(
    session: &mut HttpSession,
    head: RequestHeader,
    body: Bytes,
) -> pingora::Result<Answer> {
    session.write_request_header(Box::new(head)).await?;
    session.write_body(&body).await?;
    session.finish_body().await?;
    let status = loop {
        let answer = session.read_resp_header_parts().await?;
        if !answer.status.is_informational() {
            break answer.status;
        }
    };
    let mut reason = Vec::new();
    while !status.is_success() && reason.len() < REASON_BYTES {
        // What breaks off here changes nothing about the refusal.
        let Ok(Some(piece)) = session.read_body_bytes().await else {
            break;
        };
        reason.extend_from_slice(&piece);
    }
    reason.truncate(REASON_BYTES);
    let reason = String::from_utf8_lossy(&reason).escape_debug().to_string();
    Ok(Answer { status, reason })
}

fn head(place: &Place, authorization: &str, bytes: usize) -> pingora::Result<RequestHeader> {
    let mut head = RequestHeader::build(Method::POST, place.target.as_bytes(), Some(8))?;
    head.insert_header("Host", &place.authority)?;
    head.insert_header("Authorization", authorization)?;
    head.insert_header("Content-Encoding", "aes128gcm")?;
    head.insert_header("Content-Type", "application/octet-stream")?;
    head.insert_header("Content-Length", bytes.to_string())?;
    // A message that comes after its login would lie (RFC 8030 sections 5.2 to 5.4).
    head.insert_header("TTL", CHALLENGE_SECONDS.to_string())?;
    head.insert_header("Urgency", "high")?;
    // Some services decode it as base64url: it has to have a length that this can have.
    head.insert_header("Topic", "approval")?;
    Ok(head)
}

#[async_trait]
impl Waker for PushClient {
    fn key(&self) -> &str {
        self.vapid.public()
    }

    fn takes(&self, endpoint: &Endpoint) -> bool {
        let place = endpoint.place();
        place.is_some_and(|place| is_service(&place, &self.config.hosts))
    }

    async fn wake(&self, to: &Subscription) -> Result<(), NotWoken> {
        let place = to.endpoint.place();
        // The list may have become shorter since it subscribed.
        let Some(place) = place.filter(|place| is_service(place, &self.config.hosts)) else {
            return Err(NotWoken::Gone);
        };
        let Ok(_waits) = self.waiting.try_acquire() else {
            return Err(NotWoken::Busy);
        };
        // Once the login is over there is nobody to be woken for.
        let turn = timeout(Duration::from_secs(CHALLENGE_SECONDS), self.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            return Err(NotWoken::Busy);
        };
        let left = timeout(self.config.timeout, self.leave(to, &place)).await;
        let answer = match left {
            Ok(Ok(answer)) => answer,
            Ok(Err(why)) => return Err(NotWoken::Failed(why)),
            Err(_) => return Err(NotWoken::Failed("it takes too long".to_owned())),
        };
        match answer.status {
            status if status.is_success() => Ok(()),
            // RFC 8030 section 7.3; some services say 410.
            StatusCode::NOT_FOUND | StatusCode::GONE => Err(NotWoken::Gone),
            status => Err(NotWoken::Failed(format!("{status}: {}", answer.reason))),
        }
    }
}

/// Without what pingora adds of addresses and sessions.
fn told(error: &pingora::Error) -> String {
    error.etype().as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemClock;
    use crate::entropy::SystemEntropy;
    use crate::primitives::{EmailAddress, Lang, P256Point};

    fn client() -> PushClient {
        let folder = tempfile::tempdir().unwrap();
        let key_file = folder.path().join("push.pem");
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        std::fs::write(&key_file, key.serialize_pem()).unwrap();
        let config = Push {
            key_file,
            contact: EmailAddress::parse("operator@example.go.id").unwrap(),
            hosts: vec![],
            ca_file: None,
            timeout: Duration::from_secs(1),
        };
        let entropy = Arc::new(SystemEntropy::default());
        PushClient::new(config, Arc::new(SystemClock), entropy).unwrap()
    }

    fn at(endpoint: &str) -> Subscription {
        Subscription {
            endpoint: Endpoint::parse(endpoint).unwrap(),
            key: P256Point::from_bytes(&[4; 65]).unwrap(),
            auth: [0; 16],
            lang: Lang::Id,
        }
    }

    #[tokio::test]
    async fn a_service_that_left_the_list_is_not_asked_and_forgotten() {
        let client = client();
        for endpoint in ["https://push.example.go.id:8443/a", "https://127.0.0.1/a"] {
            let to = at(endpoint);
            assert!(!client.takes(&to.endpoint), "{endpoint}");
            assert_eq!(client.wake(&to).await, Err(NotWoken::Gone), "{endpoint}");
        }
    }

    #[tokio::test]
    async fn more_messages_than_may_wait_are_dropped() {
        let client = client();
        client.waiting.forget_permits(WAITING_MAX);
        let to = at("https://fcm.googleapis.com/fcm/send/a");
        assert_eq!(client.wake(&to).await, Err(NotWoken::Busy));
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_whose_turn_comes_too_late_is_dropped() {
        let client = client();
        client.turns.forget_permits(AT_ONCE);
        let to = at("https://fcm.googleapis.com/fcm/send/a");
        assert_eq!(client.wake(&to).await, Err(NotWoken::Busy));
        assert_eq!(client.waiting.available_permits(), WAITING_MAX);
    }
}
