//! Strict-Transport-Security (RFC 6797) in every answer over the gateway's own TLS, whoever wrote it.

use async_trait::async_trait;
use http::HeaderValue;
use http::header::STRICT_TRANSPORT_SECURITY;
use pingora::Result;
use pingora::http::ResponseHeader;
use pingora::modules::http::{HttpModule, HttpModuleBuilder, Module};
use std::any::Any;

/// For so many seconds browsers shall come over https alone; `None` says nothing. Not for the host's subdomains,
/// which are somebody else's.
pub(super) fn hsts(seconds: u64) -> Option<HeaderValue> {
    if seconds == 0 {
        return None;
    }
    HeaderValue::from_str(&format!("max-age={seconds}")).ok()
}

/// Puts the value into answers.
pub(super) struct Hsts(pub(super) HeaderValue);

#[async_trait]
impl HttpModule for Hsts {
    async fn response_header_filter(&mut self, answer: &mut ResponseHeader, _: bool) -> Result<()> {
        answer.insert_header(STRICT_TRANSPORT_SECURITY, self.0.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

impl HttpModuleBuilder for Hsts {
    fn init(&self) -> Module {
        Box::new(Self(self.0.clone()))
    }
}
