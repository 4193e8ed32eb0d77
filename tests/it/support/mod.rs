//! What the tests of the whole program share: the gateway as a real process (`gateway`, configured by `builder`), a browser
//! over plain sockets (`browser`, `wire`), an authenticator (`otp`), a login in one call (`login`),
//! and all of it around one stand-in (`World`).

pub(crate) mod app;
pub(crate) mod browser;
pub(crate) mod builder;
pub(crate) mod gateway;
pub(crate) mod login;
pub(crate) mod machine;
pub(crate) mod manager;
pub(crate) mod openapi;
pub(crate) mod otp;
pub(crate) mod ports;
pub(crate) mod postgres;
pub(crate) mod push;
pub(crate) mod smtp;
pub(crate) mod wire;

use browser::Browser;
use builder::Builder;
use gateway::Gateway;
use spse_standin::{CANARY, Config, Record, SessionMode, Standin};
use std::time::Duration;
use tokio::time::sleep;

/// Switches of a stand-in whose event streams do not take their time.
pub(crate) fn quick(mode: SessionMode) -> Config {
    let events_every = Duration::from_millis(20);
    Config {
        session_mode: mode,
        events_every,
        ..Config::default()
    }
}

/// A stand-in and a gateway in front of it.
pub(crate) struct World {
    pub(crate) standin: Standin,
    pub(crate) gateway: Gateway,
}

impl World {
    /// Defaults but for the session mode.
    pub(crate) async fn start(mode: SessionMode) -> Self {
        Self::with(quick(mode), |gateway| gateway).await
    }

    /// With switches of the stand-in and keys of the gateway.
    pub(crate) async fn with(config: Config, build: impl FnOnce(Builder) -> Builder) -> Self {
        let standin = Standin::start(config).await.unwrap();
        let gateway = build(Builder::new(standin.addr())).start().await;
        standin.clear_records();
        Self { standin, gateway }
    }

    /// A browser without cookies.
    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.gateway.addr(), self.gateway.ahead())
    }

    /// A browser without cookies that talks to the stand-in itself.
    pub(crate) fn direct(&self) -> Browser {
        Browser::new(self.standin.addr(), self.gateway.ahead())
    }

    /// What the stand-in was sent for paths below the context that begin with `path`.
    pub(crate) fn sent(&self, path: &str) -> Vec<Record> {
        let whole = format!("/eproc4{path}");
        let mut records = self.standin.records();
        records.retain(|record| record.path.starts_with(&whole));
        records
    }

    /// What the stand-in was sent with somebody's session, but for the gateway's own errands: the
    /// probe and the logout, whose answers go to nobody.
    pub(crate) fn private_requests(&self) -> Vec<Record> {
        let mut records = self.standin.records();
        records.retain(|record| record.user_before.is_some() && !is_errand(record));
        records
    }
}

/// Whether a request is the gateway's own: a probe, or a logout of a session that it ends. They say
/// that they want HTML uncompressed and send no header that a browser would.
pub(crate) fn is_errand(record: &Record) -> bool {
    const PROBED: [&str; 4] = [
        "/eproc4/home",
        "/eproc4/paket",
        "/eproc4/beranda/nontender",
        "/eproc4/user/logakses",
    ];
    // The look at the login's forms.
    if record.header("user-agent").as_deref() == Some("gerbang") {
        return true;
    }
    let bare = record.header("accept-language").is_none() && record.header("x-test").is_none();
    bare && (PROBED.contains(&record.path.as_str())
        || record.path == "/eproc4/logout"
        || record.path == "/eproc4/user/gantipassword" && record.method == "GET")
}

/// Fails when bytes that reached a client hold anything private.
#[track_caller]
pub(crate) fn assert_nothing_private(seen: &[u8]) {
    if let Some(at) = find(seen, CANARY.as_bytes()) {
        let from = at.saturating_sub(300);
        let to = (at + 80).min(seen.len());
        panic!(
            "private bytes reached the client: {}",
            String::from_utf8_lossy(&seen[from..to])
        );
    }
}

/// Where `needle` begins.
pub(crate) fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(hay, needle)
}

/// Waits until `done`, for ten seconds at most.
#[track_caller]
pub(crate) fn eventually<'d>(
    what: &'static str,
    mut done: impl FnMut() -> bool + 'd,
) -> impl Future<Output = ()> + 'd {
    let caller = std::panic::Location::caller();
    async move {
        for _ in 0..200 {
            if done() {
                return;
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("{what} never happened ({caller})");
    }
}
