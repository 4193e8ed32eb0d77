//! The probe: who does the upstream say is logged in? Three answers (invariant I4): somebody,
//! nobody by a positive sign, or not known, which is never "nobody".

use crate::clock::Stopwatch;
use crate::domain::gate::{Evidence, Permit};
use crate::domain::jar::Jar;
use crate::flow::table::Entry;
use crate::flow::upstream::UpstreamRequest;
use crate::flow::{Client, Engine};
use crate::observe::{Judged, ProbeKind};
use crate::primitives::Identity;
use crate::profile::{CookieClass, PageVerdict, ProbePage, ProbeVerdict, Profile};
use bytes::Bytes;
use http::header::SET_COOKIE;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

/// Time for one page of a probe, redirects included.
const PAGE_SECONDS: u64 = 5;
/// Redirects followed on the same origin.
const REDIRECTS_MAX: usize = 3;
/// Largest page that is read: SPSE's home pages are far below.
const PAGE_BYTES_MAX: usize = 256 * 1024;
/// How long a blind probe waits for its turn.
const TURN_SECONDS: u64 = 10;
/// How often it is looked whether an address may ask again.
const ADDRESS_POLL_MILLIS: u64 = 50;
/// How long a known login's probe waits: its task outlives the browser, and giving up would close
/// an honest user's session because others are many.
const KNOWN_TURN_SECONDS: u64 = 30;

/// What a probe says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// This user is logged in.
    Somebody(Identity),
    /// Nobody, by a positive sign.
    Nobody,
    /// Not known; the text says what was seen on which page.
    Unknown(String),
}

impl Verdict {
    pub(super) fn judged(&self) -> Judged {
        match self {
            Self::Somebody(_) => Judged::Somebody,
            Self::Nobody => Judged::Nobody,
            Self::Unknown(_) => Judged::Unknown,
        }
    }
}

/// Whose turn: a flood of blind candidates must not starve logins (threats.md row 60).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Budget {
    /// Known logins, and the second look before an acceptance.
    Known,
    /// Everything else.
    Blind,
}

/// Limits on probes and waiters.
pub struct Budgets {
    known: Semaphore,
    blind: Semaphore,
    blind_per_address: u32,
    addresses: Mutex<BTreeMap<IpAddr, u32>>,
    /// Requests that wait for a verdict.
    pub waiters: Semaphore,
    /// Requests that wait for their turn in a visitor's session: apart, so that they cannot use up
    /// the places of those whose session is in doubt.
    pub turns: Semaphore,
    /// Known logins that are carried out.
    pub logins: Semaphore,
}

impl Budgets {
    /// So many at once.
    pub fn new(
        known: usize,
        blind: usize,
        blind_per_address: u32,
        waiters: usize,
        logins: usize,
    ) -> Self {
        Self {
            known: Semaphore::new(known),
            blind: Semaphore::new(blind),
            blind_per_address,
            addresses: Mutex::default(),
            waiters: Semaphore::new(waiters),
            turns: Semaphore::new(waiters),
            logins: Semaphore::new(logins),
        }
    }

    fn enter(&self, address: IpAddr, budget: Budget) -> Option<AddressTurn<'_>> {
        if budget == Budget::Known {
            return Some(AddressTurn {
                budgets: None,
                address,
            });
        }
        let mut addresses = self
            .addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let count = addresses.entry(address).or_insert(0);
        // Everybody behind one loopback address is not one guest: the site's budget is enough.
        if *count >= self.blind_per_address && !address.is_loopback() {
            return None;
        }
        *count += 1;
        Some(AddressTurn {
            budgets: Some(self),
            address,
        })
    }
}

struct AddressTurn<'b> {
    budgets: Option<&'b Budgets>,
    address: IpAddr,
}

impl Drop for AddressTurn<'_> {
    fn drop(&mut self) {
        let Some(budgets) = self.budgets else { return };
        let mut addresses = budgets
            .addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = addresses.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                addresses.remove(&self.address);
            }
        }
    }
}

impl Engine {
    /// Asks the upstream's own pages who is logged in with `jar`.
    pub async fn probe(
        &self,
        jar: &Jar,
        client: &Client,
        entry: Option<&Entry>,
        budget: Budget,
    ) -> Verdict {
        let watch = Stopwatch::start();
        let verdict = self.ask_pages(jar, client, entry, budget).await;
        let of = match budget {
            Budget::Known => ProbeKind::Known,
            Budget::Blind => ProbeKind::Blind,
        };
        self.metrics.probe(verdict.judged(), of, watch.elapsed());
        verdict
    }

    /// Counts what a judged answer said of its session.
    pub(crate) fn count_judged(&self, evidence: Evidence, verdict: &Verdict) {
        let judged = verdict.judged();
        if judged == Judged::Somebody {
            self.metrics.login_recognised();
        }
        if evidence == Evidence::KnownLogin {
            self.metrics.login_request(judged);
            self.canary.note_login(judged);
        }
    }

    async fn ask_pages(
        &self,
        jar: &Jar,
        client: &Client,
        entry: Option<&Entry>,
        budget: Budget,
    ) -> Verdict {
        let turns = match budget {
            Budget::Known => &self.budgets.known,
            Budget::Blind => &self.budgets.blind,
        };
        let patience = match budget {
            Budget::Known => KNOWN_TURN_SECONDS,
            Budget::Blind => TURN_SECONDS,
        };
        let turn = timeout(Duration::from_secs(patience), async {
            let address = loop {
                if let Some(turn) = self.budgets.enter(client.address, budget) {
                    break turn;
                }
                sleep(Duration::from_millis(ADDRESS_POLL_MILLIS)).await;
            };
            let session = match entry {
                Some(entry) => entry.probing.acquire().await.ok(),
                None => None,
            };
            (address, session, turns.acquire().await.ok())
        });
        let Ok(_turn) = turn.await else {
            return Verdict::Unknown("no turn for a probe in time".into());
        };
        self.ask_each(jar, client).await.0
    }

    /// Asks page by page, without a turn. The second value is whether every page that was asked gave
    /// an answer of its own: no error of the upstream's side, no time-out.
    pub(super) async fn ask_each(&self, jar: &Jar, client: &Client) -> (Verdict, bool) {
        let mut verdicts = Vec::new();
        let mut all_answered = true;
        let profile = self.profile();
        for page in profile.probe_pages() {
            let looked = timeout(
                Duration::from_secs(PAGE_SECONDS),
                self.look(&profile, page, jar, client),
            )
            .await;
            let late = || format!("{}: no answer in time", page.path);
            let looked = looked.unwrap_or_else(|_| Err(late()));
            all_answered &= looked.is_ok();
            verdicts.push(looked.unwrap_or_else(|reason| PageVerdict::Unknown { reason }));
            let verdict = match profile.judge_probe(&verdicts) {
                ProbeVerdict::Somebody(identity) => Verdict::Somebody(identity),
                ProbeVerdict::Nobody { .. } => Verdict::Nobody,
                ProbeVerdict::AskNext => continue,
                ProbeVerdict::Unknown { reason } => unknown(client, reason),
            };
            return (verdict, all_answered);
        }
        let none = "the profile names no page to ask".to_owned();
        (unknown(client, none), all_answered)
    }

    /// What one page says; the error is why the upstream gave no answer of its own.
    async fn look(
        &self,
        profile: &Profile,
        page: &ProbePage,
        jar: &Jar,
        client: &Client,
    ) -> Result<PageVerdict, String> {
        let reason = |reason: &str| format!("{}: {reason}", page.path);
        let mut jar = jar.clone();
        let mut target = page.path.clone();
        let own_hosts = self.own_hosts(client);
        for _ in 0..=REDIRECTS_MAX {
            let request = self.probe_request(target.as_bytes(), &jar, client);
            let answer = match self.upstream.send(&Permit::own_errand(), request).await {
                Ok(answer) => answer,
                Err(error) => return Err(reason(&error.to_string())),
            };
            let status = answer.status.as_u16();
            if is_away(status) {
                return Err(reason(&format!("status {status}")));
            }
            for value in answer.headers.get_all(SET_COOKIE) {
                if let Some((name, value)) = set_cookie_pair(value.as_bytes())
                    && self.bears_session(name)
                {
                    jar.set(name, value);
                }
            }
            let view = answer.view(&target, &own_hosts);
            match profile.judge_page(page, &view) {
                PageVerdict::Follow(next) => target = next,
                judged => return Ok(judged),
            }
        }
        Ok(PageVerdict::Unknown {
            reason: reason("too many redirects"),
        })
    }

    pub(super) fn probe_request(
        &self,
        target: &[u8],
        jar: &Jar,
        client: &Client,
    ) -> UpstreamRequest {
        let mut headers = client.forwarded_headers();
        headers.push(("Accept".into(), b"text/html".to_vec()));
        headers.push(("Accept-Encoding".into(), b"identity".to_vec()));
        headers.push(("Cookie".into(), jar.to_cookie_line()));
        UpstreamRequest {
            method: http::Method::GET,
            target: target.to_vec(),
            headers,
            body: Bytes::new(),
            deadline: Duration::from_secs(PAGE_SECONDS),
            answer_bytes_max: PAGE_BYTES_MAX,
        }
    }

    /// Whether a cookie of the upstream counts as carrying a session (design.md section 2).
    pub fn bears_session(&self, name: &[u8]) -> bool {
        match self.profile().cookie_class(name) {
            CookieClass::Session | CookieClass::Unlisted => true,
            CookieClass::Readable | CookieClass::ScriptMade => false,
        }
    }
}

impl Client {
    /// Headers that say whose request it is: Host kept, one address, the scheme, the User-Agent.
    pub fn forwarded_headers(&self) -> Vec<(String, Vec<u8>)> {
        let scheme: &[u8] = if self.https { b"https" } else { b"http" };
        vec![
            ("Host".into(), self.host.clone()),
            (
                "X-Forwarded-For".into(),
                self.address.to_string().into_bytes(),
            ),
            ("X-Forwarded-Proto".into(), scheme.to_vec()),
            ("User-Agent".into(), self.user_agent.clone()),
        ]
    }
}

/// Statuses by which the application, or a firewall in front of it, says that it has no answer now;
/// 403 is one on pages for logged-in users.
fn is_away(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..)
}

/// An operator reads the reason: it names page and selector, and holds nothing of the page's text.
fn unknown(client: &Client, reason: String) -> Verdict {
    tracing::warn!(request.id = %client.request_id, %reason, "who is logged in could not be read");
    Verdict::Unknown(reason)
}

/// Name and value of a Set-Cookie header, bytes as they came; a deletion has an empty value.
pub fn set_cookie_pair(header: &[u8]) -> Option<(&[u8], &[u8])> {
    let pair = header.split(|b| *b == b';').next()?;
    let at = memchr::memchr(b'=', pair)?;
    let (name, value) = pair.split_at_checked(at)?;
    let name = name.trim_ascii();
    (!name.is_empty()).then(|| (name, value.get(1..).unwrap_or_default().trim_ascii()))
}
