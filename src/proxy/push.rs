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
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// Messages at once: an account is asked a few times an hour.
const AT_ONCE: usize = 16;

/// Leaves messages at push services.
pub struct PushClient {
    config: Push,
    vapid: Vapid,
    connector: TransportConnector,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    places: Semaphore,
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
        let mut options = ConnectorOptions::new(0);
        options.ca_file = config
            .ca_file
            .as_ref()
            .map(|file| file.display().to_string());
        Ok(Self {
            connector: TransportConnector::new(Some(options)),
            places: Semaphore::new(AT_ONCE),
            config,
            vapid,
            clock,
            entropy,
        })
    }

    async fn leave(&self, to: &Subscription, place: &Place) -> Result<StatusCode, String> {
        // The words are the app's own; nothing else is for the phone to know.
        let message = json!({ "lang": to.lang.code() }).to_string();
        let body = seal(message.as_bytes(), (to.key, &to.auth), &*self.entropy)
            .map_err(|error| error.to_string())?;
        let authorization = self
            .vapid
            .authorization(&place.origin, self.clock.now())
            .map_err(|error| error.to_string())?;
        let head = head(place, &authorization, body.len()).map_err(|error| told(&error))?;
        let addresses = tokio::net::lookup_host((place.host.as_str(), place.port)).await;
        let addresses = addresses.map_err(|error| format!("{}: {error}", place.host))?;
        let mut last = format!("{}: no address", place.host);
        for address in addresses {
            let peer = HttpPeer::new(address, true, place.host.clone());
            match self.connector.new_stream(&peer).await {
                Ok(stream) => {
                    let session = HttpSession::new(stream);
                    return exchange(session, head, body.into()).await;
                }
                Err(error) => last = told(&error),
            }
        }
        Err(last)
    }
}

async fn exchange(
    mut session: HttpSession,
    head: RequestHeader,
    body: Bytes,
) -> Result<StatusCode, String> {
    session
        .write_request_header(Box::new(head))
        .await
        .map_err(|error| told(&error))?;
    session
        .write_body(&body)
        .await
        .map_err(|error| told(&error))?;
    session.finish_body().await.map_err(|error| told(&error))?;
    let answer = session
        .read_resp_header_parts()
        .await
        .map_err(|error| told(&error))?;
    // Nothing in the body is of use; the connection ends here.
    Ok(answer.status)
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
    head.insert_header("Topic", "login")?;
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
        let Ok(_place) = self.places.try_acquire() else {
            return Err(NotWoken::Busy);
        };
        let left = timeout(self.config.timeout, self.leave(to, &place)).await;
        match left {
            Ok(Ok(status)) if status.is_success() => Ok(()),
            // RFC 8030 section 7.3; some services say 404.
            Ok(Ok(StatusCode::GONE | StatusCode::NOT_FOUND)) => Err(NotWoken::Gone),
            Ok(Ok(status)) => Err(NotWoken::Failed(format!("it answers {status}"))),
            Ok(Err(why)) => Err(NotWoken::Failed(why)),
            Err(_) => Err(NotWoken::Failed("it takes too long".to_owned())),
        }
    }
}

/// Without what pingora adds of addresses and sessions.
fn told(error: &pingora::Error) -> String {
    error.etype().as_str().to_owned()
}
