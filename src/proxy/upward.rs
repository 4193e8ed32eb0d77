//! Headers of a request on its way up: hygiene, forwarding, cookies.

use super::context::{Asked, Context};
use super::gateway::Gateway;
use super::intake;
use crate::domain::gate::{Permit, Watch};
use http::HeaderValue;
use http::header::{ACCEPT_ENCODING, COOKIE, HOST};
use pingora::Result;
use pingora::http::RequestHeader;

impl Gateway {
    /// Headers of a request as it goes up.
    pub(super) fn forwarded(
        &self,
        request: &mut RequestHeader,
        asked: &Asked,
        permit: &Permit,
        ctx: &Context,
    ) -> Result<()> {
        let gone: Vec<http::HeaderName> = request
            .headers
            .keys()
            .filter(|name| !intake::goes_up(name))
            .filter(|name| !matches!(**name, HOST | ACCEPT_ENCODING | COOKIE))
            .cloned()
            .collect();
        for name in gone {
            request.remove_header(&name);
        }
        request.insert_header("X-Forwarded-For", asked.client.address.to_string())?;
        let scheme = if asked.client.https { "https" } else { "http" };
        request.insert_header("X-Forwarded-Proto", HeaderValue::from_static(scheme))?;
        if permit.watch() != Watch::Static {
            // What a script asks for is rarely a page; one that comes packed all the same can be
            // read. No coding that could not be is ever asked for.
            let link = asked.navigation || self.engine.profile().has_reset_link(asked.path());
            let packed = asked.takes_gzip && !link;
            let coding = if packed { "gzip" } else { "identity" };
            request.insert_header(ACCEPT_ENCODING, HeaderValue::from_static(coding))?;
        }
        let line = match permit.watch() {
            // A file needs no session.
            Watch::Static => asked.passing_cookies.clone(),
            _ => ctx.cookie_line(),
        };
        if line.is_empty() {
            request.remove_header(&COOKIE);
        } else {
            request.insert_header(COOKIE, line)?;
        }
        Ok(())
    }
}
