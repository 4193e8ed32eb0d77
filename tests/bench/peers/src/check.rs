//! A cookie check for nginx's `auth_request`, as strict as the gateway's: the cookie is opened by
//! AES-256-GCM, its session looked up and its time compared. 204 lets a request pass, 401 does not.
//!
//! `GET /cookie/BYTES` makes a session and answers its cookie, of so many bytes before sealing.

use super::{listener, server};
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use http::{Response, StatusCode};
use papaya::HashMap;
use pingora::apps::http_app::ServeHttp;
use pingora::protocols::http::ServerSession;
use pingora::server::RunArgs;
use pingora::services::listening::Service;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::error::Unspecified;
use ring::rand::{SecureRandom, SystemRandom};
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Name of the cookie.
const COOKIE: &[u8] = b"bench_seal";
/// Bytes of a session's id, the first ones under the seal.
const ID_BYTES: usize = 16;
/// Largest cookie that is made, before sealing.
const PLAIN_BYTES_MAX: usize = 4096;
/// How long a session lives.
const LIFE: Duration = Duration::from_secs(12 * 3600);

struct Check {
    key: LessSafeKey,
    random: SystemRandom,
    began: HashMap<[u8; ID_BYTES], Instant>,
}

impl Check {
    fn new() -> Result<Self, Unspecified> {
        let random = SystemRandom::new();
        let mut key = [0; 32];
        random.fill(&mut key)?;
        Ok(Self {
            key: LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key)?),
            random,
            began: HashMap::new(),
        })
    }

    /// A new session's cookie.
    fn cookie(&self, bytes: usize) -> Result<String, Unspecified> {
        let mut plain = vec![0; bytes.clamp(ID_BYTES, PLAIN_BYTES_MAX)];
        self.random.fill(&mut plain)?;
        let mut id = [0; ID_BYTES];
        id.copy_from_slice(plain.get(..ID_BYTES).ok_or(Unspecified)?);
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce)?;
        let unique = Nonce::assume_unique_for_key(nonce);
        self.key
            .seal_in_place_append_tag(unique, Aad::from(COOKIE), &mut plain)?;
        self.began.pin().insert(id, Instant::now());
        Ok(B64.encode([&nonce[..], &plain].concat()))
    }

    /// Whether a Cookie line holds the seal of a live session.
    fn passes(&self, line: &[u8]) -> bool {
        let values = line.split(|b| *b == b';').map(<[u8]>::trim_ascii);
        let mut own = values.filter_map(|pair| pair.strip_prefix(COOKIE)?.strip_prefix(b"="));
        own.any(|value| self.opens(value))
    }

    fn opens(&self, value: &[u8]) -> bool {
        let Ok(mut raw) = B64.decode(value) else {
            return false;
        };
        let Some((nonce, sealed)) = raw.split_at_mut_checked(NONCE_LEN) else {
            return false;
        };
        let Ok(nonce) = Nonce::try_assume_unique_for_key(nonce) else {
            return false;
        };
        let Ok(plain) = self.key.open_in_place(nonce, Aad::from(COOKIE), sealed) else {
            return false;
        };
        let id: Option<&[u8; ID_BYTES]> = plain.first_chunk();
        id.and_then(|id| self.began.pin().get(id).copied())
            .is_some_and(|began| began.elapsed() < LIFE)
    }
}

fn answer(status: StatusCode, body: Vec<u8>) -> Response<Vec<u8>> {
    let length = http::HeaderValue::from(body.len());
    let mut response = Response::new(body);
    *response.status_mut() = status;
    if status != StatusCode::NO_CONTENT {
        let headers = response.headers_mut();
        headers.insert(http::header::CONTENT_LENGTH, length);
    }
    response
}

#[async_trait]
impl ServeHttp for Check {
    async fn response(&self, session: &mut ServerSession) -> Response<Vec<u8>> {
        let header = session.req_header();
        if let Some(bytes) = header.uri.path().strip_prefix("/cookie/") {
            let made = self.cookie(bytes.parse().unwrap_or(ID_BYTES));
            return match made {
                Ok(cookie) => answer(StatusCode::OK, cookie.into_bytes()),
                Err(Unspecified) => answer(StatusCode::INTERNAL_SERVER_ERROR, Vec::new()),
            };
        }
        let cookies = header.headers.get_all(http::header::COOKIE);
        let passes = cookies.iter().any(|line| self.passes(line.as_bytes()));
        if passes {
            answer(StatusCode::NO_CONTENT, Vec::new())
        } else {
            answer(StatusCode::UNAUTHORIZED, Vec::new())
        }
    }
}

/// Serves until the process is told to end.
///
/// # Errors
/// When the system gives no randomness.
pub(super) fn serve(listen: SocketAddr) -> io::Result<()> {
    let check = Check::new().map_err(|Unspecified| io::Error::other("no randomness"))?;
    let mut server = server();
    let mut service = Service::new("check".to_owned(), check);
    service.add_listener(listener(listen));
    server.add_service(service);
    server.run(RunArgs::default());
    Ok(())
}
