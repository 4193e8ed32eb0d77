//! The gateway's own cookies: names, attributes, strict reading.

use crate::flow::admit::Cookies;
use crate::primitives::{Ticket, WaitingRef};
use cookie::{Cookie, SameSite};

/// Longest Cookie header that is read, in bytes: the upstream itself takes 8,192 bytes of headers.
pub const COOKIE_BYTES_MAX: usize = 8 * 1024;
/// Most cookies in one request.
pub const COOKIE_PAIRS_MAX: usize = 60;
/// Waiting logins whose tickets are looked at; older ones are over anyway.
pub const TICKETS_MAX: usize = 8;
/// Life of a ticket's cookie in seconds: longer than any waiting login.
const TICKET_SECONDS: i64 = 660;
/// Life of the known browser's cookie in seconds: half a year.
const KNOWN_SECONDS: i64 = 182 * 86_400;

/// Life of the cookie of a reset in seconds: that of its code.
const RESET_SECONDS: i64 = 86_400;

/// Why a Cookie header is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum CookieProblem {
    /// A cookie of ours twice, or in another spelling: 400, and all of ours are cleared.
    #[error("a cookie of the gateway twice, or in another spelling")]
    Ambiguous,
    /// Too many bytes or pairs: 431.
    #[error("too many cookies")]
    TooLarge,
}

/// Names and attributes of the gateway's own cookies on one site.
#[derive(Clone, Debug)]
pub struct OwnCookies {
    seal: String,
    known: String,
    reset: String,
    ticket_prefix: String,
    secure: bool,
}

impl OwnCookies {
    /// For a site; over plain http (loopback only) the `__Host-` prefix is left out.
    pub fn new(site: &str, secure: bool) -> Self {
        let prefix = if secure { "__Host-" } else { "" };
        let seal = format!("{prefix}gerbang-{site}");
        Self {
            known: format!("{seal}.kenal"),
            reset: format!("{seal}.reset"),
            ticket_prefix: format!("{seal}.t."),
            seal,
            secure,
        }
    }

    /// Parts the Cookie headers of a request.
    ///
    /// # Errors
    /// [`CookieProblem`].
    pub fn read<'r>(
        &self,
        headers: impl Iterator<Item = &'r [u8]>,
    ) -> Result<Cookies<'r>, CookieProblem> {
        let mut cookies = Cookies::default();
        let (mut bytes, mut pairs) = (0, 0);
        for header in headers {
            bytes += header.len();
            for pair in pairs_of(header) {
                let pair = pair.trim_ascii();
                if pair.is_empty() {
                    continue;
                }
                pairs += 1;
                if bytes > COOKIE_BYTES_MAX || pairs > COOKIE_PAIRS_MAX {
                    return Err(CookieProblem::TooLarge);
                }
                // Without `=` it is a nameless cookie: no application reads it.
                let Some(at) = memchr::memchr(b'=', pair) else {
                    continue;
                };
                let (name, value) = pair.split_at(at);
                self.sort(
                    &mut cookies,
                    name.trim_ascii(),
                    value.get(1..).unwrap_or_default(),
                )?;
            }
        }
        // Browsers send the oldest first: the newest are the ones that still wait.
        let surplus = cookies.tickets.len().saturating_sub(TICKETS_MAX);
        let oldest = cookies.tickets.drain(..surplus).map(|(at, _)| at);
        cookies.surplus = oldest.collect();
        Ok(cookies)
    }

    fn sort<'r>(
        &self,
        cookies: &mut Cookies<'r>,
        name: &'r [u8],
        value: &'r [u8],
    ) -> Result<(), CookieProblem> {
        if name == self.seal.as_bytes() {
            return fill(&mut cookies.seal, value);
        }
        if name == self.known.as_bytes() {
            return fill(&mut cookies.known, value);
        }
        if name == self.reset.as_bytes() {
            return fill(&mut cookies.reset, value);
        }
        if let Some(reference) = name.strip_prefix(self.ticket_prefix.as_bytes()) {
            let text = |bytes: &[u8]| std::str::from_utf8(bytes).map(str::to_owned).ok();
            let reference = text(reference).and_then(|t| WaitingRef::from_text(&t));
            let ticket = text(value).and_then(|t| Ticket::from_text(&t));
            // One that cannot be read opens nothing and is passed over.
            if let (Some(reference), Some(ticket)) = (reference, ticket) {
                if cookies.tickets.iter().any(|(at, _)| *at == reference) {
                    return Err(CookieProblem::Ambiguous);
                }
                cookies.tickets.push((reference, ticket));
            }
            return Ok(());
        }
        let same = |own: &str| name.eq_ignore_ascii_case(own.as_bytes());
        if same(&self.seal) || same(&self.known) || same(&self.reset) {
            return Err(CookieProblem::Ambiguous);
        }
        cookies.others.push((name, value));
        Ok(())
    }

    /// Whether a name is one of ours, in any spelling: the upstream must never set one.
    pub fn is_own(&self, name: &[u8]) -> bool {
        let starts = |own: &str| {
            name.get(..own.len())
                .is_some_and(|n| n.eq_ignore_ascii_case(own.as_bytes()))
        };
        starts(&self.seal)
    }

    /// Sets the accepted session's seal; a session cookie, it ends with the browser.
    pub fn set_seal(&self, sealed: &str) -> String {
        self.build(&self.seal, sealed, None)
    }

    /// Clears the accepted session's seal.
    pub fn clear_seal(&self) -> String {
        self.build(&self.seal, "", Some(0))
    }

    /// Sets the ticket of one waiting login.
    pub fn set_ticket(&self, reference: WaitingRef, ticket: &Ticket) -> String {
        let name = format!("{}{}", self.ticket_prefix, reference.to_text());
        self.build(&name, &ticket.to_text(), Some(TICKET_SECONDS))
    }

    /// Clears the ticket of one waiting login.
    pub fn clear_ticket(&self, reference: WaitingRef) -> String {
        let name = format!("{}{}", self.ticket_prefix, reference.to_text());
        self.build(&name, "", Some(0))
    }

    /// Sets the known browser's cookie.
    pub fn set_known(&self, sealed: &str) -> String {
        self.build(&self.known, sealed, Some(KNOWN_SECONDS))
    }

    /// Sets the code of a reset that was confirmed in this browser.
    pub fn set_reset(&self, sealed: &str) -> String {
        self.build(&self.reset, sealed, Some(RESET_SECONDS))
    }

    /// Clears it: the code is used up.
    pub fn clear_reset(&self) -> String {
        self.build(&self.reset, "", Some(0))
    }

    /// Clears the anonymous session cookie of the upstream, which the seal replaces.
    pub fn clear_upstream(&self, name: &str) -> String {
        self.build(name, "", Some(0))
    }

    fn build(&self, name: &str, value: &str, max_age_seconds: Option<i64>) -> String {
        let mut cookie = Cookie::build((name, value))
            .path("/")
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Lax)
            .build();
        if let Some(seconds) = max_age_seconds {
            cookie.set_max_age(cookie::time::Duration::seconds(seconds));
        }
        cookie.to_string()
    }
}

/// The pairs of one header. A seal is long: looked through by vector instructions.
fn pairs_of(header: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(header);
    std::iter::from_fn(move || {
        let line = rest.take()?;
        let Some(at) = memchr::memchr(b';', line) else {
            return Some(line);
        };
        let (pair, behind) = line.split_at(at);
        rest = behind.get(1..);
        Some(pair)
    })
}

fn fill<'r>(place: &mut Option<&'r [u8]>, value: &'r [u8]) -> Result<(), CookieProblem> {
    if place.is_some() {
        return Err(CookieProblem::Ambiguous);
    }
    *place = Some(value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> OwnCookies {
        OwnCookies::new("eproc4", true)
    }

    #[test]
    fn cookies_are_parted_by_whose_they_are() {
        let ticket = Ticket::new([3; 32]);
        let reference = WaitingRef([1; 8]);
        let header = format!(
            "SPSE_SESSION=a=b&c; __Host-gerbang-eproc4=seal; {}; _ga=1;; flag",
            own()
                .set_ticket(reference, &ticket)
                .split(';')
                .next()
                .unwrap()
        );
        let own = own();
        let cookies = own.read([header.as_bytes()].into_iter()).unwrap();
        assert_eq!(cookies.seal, Some(&b"seal"[..]));
        assert_eq!(cookies.tickets, vec![(reference, ticket)]);
        assert_eq!(
            cookies.others,
            [(&b"SPSE_SESSION"[..], &b"a=b&c"[..]), (b"_ga", b"1")]
        );
    }

    #[test]
    fn ambiguous_and_oversized_headers_are_refused() {
        let own = own();
        let read = |header: &str| own.read([header.as_bytes()].into_iter()).map(|_| ());
        for header in [
            "__Host-gerbang-eproc4=a; __Host-gerbang-eproc4=a",
            "__host-gerbang-eproc4=a",
            "__Host-Gerbang-eproc4=a; __Host-gerbang-eproc4=b",
            "__Host-gerbang-eproc4.kenal=a; __Host-gerbang-eproc4.kenal=b",
        ] {
            assert_eq!(read(header), Err(CookieProblem::Ambiguous), "{header}");
        }
        assert_eq!(
            read(&format!("a={}", "x".repeat(9_000))),
            Err(CookieProblem::TooLarge)
        );
        assert_eq!(read(&"a=b;".repeat(61)), Err(CookieProblem::TooLarge));
        assert!(read("=__Host-gerbang-eproc4=x; __Host-gerbang-eproc4x=1").is_ok());
    }

    #[test]
    fn attributes_are_strict() {
        assert_eq!(
            own().set_seal("v"),
            "__Host-gerbang-eproc4=v; HttpOnly; SameSite=Lax; Secure; Path=/"
        );
        let plain = OwnCookies::new("eproc4", false).clear_seal();
        assert_eq!(
            plain,
            "gerbang-eproc4=; HttpOnly; SameSite=Lax; Path=/; Max-Age=0"
        );
    }
}
