//! The engine as `src/app.rs` builds it, over a store that fails on purpose, a clock that is moved
//! by hand, and a stand-in on a real socket; and what must hold in it at any moment.

use super::chaos::ChaosStore;
use super::person::Tab;
use arc_swap::ArcSwap;
use bytes::Bytes;
use gerbang::clock::{Clock, ManualClock};
use gerbang::config::Config;
use gerbang::directory::NoAddresses;
use gerbang::domain::enrollment::{Account, ActivationLimits};
use gerbang::domain::gate::Permit;
use gerbang::domain::jar::Jar;
use gerbang::domain::login::{LoginLimits, Outcome, WaitingLogin};
use gerbang::domain::policy::PolicyState;
use gerbang::domain::retention::Retention;
use gerbang::domain::session::{GatewaySession, SessionLimits};
use gerbang::domain::upstream_session::{State, StoredState};
use gerbang::entropy::{Entropy, SystemEntropy};
use gerbang::flow::accept::{Accepted, Slowdown};
use gerbang::flow::asks::Asks;
use gerbang::flow::canary::Canary;
use gerbang::flow::health::HealthLog;
use gerbang::flow::outbox::Outbox;
use gerbang::flow::probe::Budgets;
use gerbang::flow::puzzle::Answered;
use gerbang::flow::sessions::Sessions;
use gerbang::flow::table::Table;
use gerbang::flow::trace::Traces;
use gerbang::flow::upstream::UpstreamRequest;
use gerbang::flow::wakes::Wakes;
use gerbang::flow::watch::Results;
use gerbang::flow::{Client, Engine, FlowError, Policy, Settings, Vault};
use gerbang::observe::Metrics;
use gerbang::primitives::{UnixSeconds, UpstreamKey};
use gerbang::profile::Profile;
use gerbang::proxy::{OwnClient, upstream_peer};
use gerbang::seal::{HeadSigner, MasterKey, RecordSeal, Seals};
use gerbang::store::records::{KEY_CHECK, KeyCheck, Records};
use gerbang::store::{Expect, Store};
use spse_standin::{CANARY, LoginSteps, SESSION_COOKIE, SessionMode, Standin};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

pub(super) const CONTEXT: &str = "/eproc4";
const KEY: [u8; 32] = [42; 32];
const EPOCH: u64 = 7;

/// A gateway without its faces.
pub(super) struct Rig {
    pub(super) standin: Standin,
    pub(super) engine: Arc<Engine>,
    pub(super) clock: Arc<ManualClock>,
    pub(super) chaos: Arc<ChaosStore>,
    /// Past the chaos: what is really stored.
    pub(super) truth: Records,
    pub(super) mode: SessionMode,
    /// Logouts that the gateway owes.
    pub(super) owed: Mutex<UnboundedReceiver<UpstreamKey>>,
}

fn entropy() -> Arc<dyn Entropy> {
    Arc::new(SystemEntropy::default())
}

fn records(store: Arc<dyn Store>) -> Records {
    let seal = RecordSeal::new(&MasterKey::new(KEY), entropy()).unwrap();
    Records::new(store, Arc::new(seal))
}

fn settings(config: &Config) -> Settings {
    Settings {
        site_name: config.site.name.clone(),
        zone: config.site.time_zone.zone(),
        own_base: config.site.own_path(),
        own_hosts: vec!["localhost".to_owned()],
        https: false,
        login: LoginLimits {
            lifetime_seconds: config.login.waiting_seconds,
            window_seconds: config.login.acceptor_window_seconds,
            extensions: u8::try_from(config.login.extensions_max).unwrap(),
        },
        activation: ActivationLimits {
            lifetime_seconds: config.activation.lifetime_seconds,
            qr_seconds: config.activation.qr_window_seconds,
        },
        session: SessionLimits {
            idle_seconds: config.session.idle_seconds,
            absolute_seconds: config.session.absolute_seconds,
        },
        site_id: config.site.id.clone(),
        retention: Retention::default(),
        people: Vec::new(),
        verdict_wait_seconds: 1,
    }
}

/// An engine that knows nothing yet, over `vault`.
fn engine(
    standin: &Standin,
    clock: &Arc<ManualClock>,
    vault: Vault,
    epoch: u64,
) -> (Engine, UnboundedReceiver<UpstreamKey>) {
    let config = Config::defaults_for(&format!("http://{}", standin.addr()), CONTEXT).unwrap();
    let seals = Seals::new(&MasterKey::new(KEY), &config.site.id, epoch, entropy()).unwrap();
    let (errands, owed) = tokio::sync::mpsc::unbounded_channel();
    let limits = &config.limits;
    let known = limits.probes_known_max;
    let metrics = Arc::new(Metrics::new(clock.now(), []));
    let engine = Engine {
        settings: settings(&config),
        known: ArcSwap::from_pointee(Profile::builtin(CONTEXT).unwrap()),
        seals,
        head_key: HeadSigner::new(&MasterKey::new(KEY)).unwrap().key(),
        vault,
        table: Table::default(),
        sessions: Sessions::default(),
        policy: ArcSwap::from_pointee(Policy::new(PolicyState::first(
            config.policy.clone(),
            vec![],
        ))),
        clock: clock.clone() as Arc<dyn Clock>,
        entropy: entropy(),
        upstream: Arc::new(OwnClient::new(
            upstream_peer(&config.upstream).unwrap(),
            8192,
        )),
        waker: None,
        wakes: Wakes::new(16),
        answered: Answered::default(),
        asks: Asks::default(),
        outbox: Outbox::new(false),
        addresses: Arc::new(NoAddresses),
        budgets: Budgets::new(
            known,
            limits.probes_blind_max,
            4,
            limits.waiting_posts_max,
            limits.logins_max,
        ),
        clock_high: AtomicU64::new(0),
        reminder: gerbang::store::Reminder::nowhere(),
        unwritten_ends: Mutex::default(),
        errands,
        keeper: std::sync::Mutex::default(),
        me: std::sync::OnceLock::new(),
        logouts: tokio::sync::Semaphore::new(4),
        slowdown: Slowdown::default(),
        results: Results::default(),
        glass_file: None,
        readiness_told: AtomicU64::new(0),
        traces: Traces::default(),
        canary: Canary::new(300),
        health: HealthLog::default(),
        metrics,
    };
    (engine, owed)
}

impl Rig {
    pub(super) async fn start(mode: SessionMode) -> Self {
        let config = spse_standin::Config {
            session_mode: mode,
            login_steps: LoginSteps::One,
            check_tokens: false,
            ..spse_standin::Config::default()
        };
        let standin = Standin::start(config).await.unwrap();
        let clock = Arc::new(ManualClock::new(UnixSeconds(1_800_000_000)));
        let chaos = Arc::new(ChaosStore::new(&MasterKey::new(KEY)));
        let truth = records(chaos.inner.clone());
        let check = KeyCheck {
            clock_high: clock.now(),
        };
        truth
            .commit(truth.draft().put(KEY_CHECK, Expect::Absent, &check))
            .await
            .unwrap();
        let vault = Vault::Open(records(chaos.clone()));
        let (engine, owed) = engine(&standin, &clock, vault, EPOCH);
        engine.restore().await.unwrap();
        let (engine, owed) = (engine.shared(), Mutex::new(owed));
        Self {
            standin,
            engine,
            clock,
            chaos,
            truth,
            mode,
            owed,
        }
    }

    /// A new process over the same store. Fails, and stays shut as `src/app.rs` makes it, when the
    /// store cannot be read to its end.
    pub(super) async fn restart(&mut self) -> Result<(), FlowError> {
        let vault = Vault::Open(records(self.chaos.clone()));
        let (fresh, owed) = engine(&self.standin, &self.clock, vault, EPOCH);
        let restored = fresh.restore().await;
        let (fresh, owed) = match &restored {
            Ok(()) => (fresh, owed),
            Err(error) => engine(
                &self.standin,
                &self.clock,
                Vault::Shut(error.to_string()),
                EPOCH + 1,
            ),
        };
        self.engine = Arc::new(fresh);
        self.owed = Mutex::new(owed);
        restored
    }

    /// Time goes on, and the broom sweeps as it would have.
    pub(super) async fn pass(&self, seconds: u64) {
        self.clock.advance(seconds);
        for _ in 0..2 {
            self.engine.sweep().await.unwrap();
        }
    }

    pub(super) fn client(&self) -> Client {
        Client {
            address: IpAddr::from([127, 0, 0, 1]),
            host: b"localhost".to_vec(),
            https: false,
            user_agent: b"uji".to_vec(),
            request_id: "uji".to_owned(),
            actor: None,
        }
    }

    /// What the stand-in itself answers to these cookies.
    pub(super) async fn ask(
        &self,
        path: &str,
        jar: &Jar,
    ) -> gerbang::flow::upstream::UpstreamAnswer {
        let mut headers = self.client().forwarded_headers();
        headers.push(("Accept".to_owned(), b"text/html".to_vec()));
        headers.push(("Cookie".to_owned(), jar.to_cookie_line()));
        let request = UpstreamRequest {
            method: http::Method::GET,
            target: format!("{CONTEXT}{path}").into_bytes(),
            headers,
            body: Bytes::new(),
            deadline: Duration::from_secs(5),
            answer_bytes_max: 1 << 20,
        };
        self.engine
            .upstream
            .send(&Permit::own_errand(), request)
            .await
            .unwrap()
    }

    /// Who the stand-in takes these cookies for.
    pub(super) async fn user_of(&self, jar: &Jar) -> Option<String> {
        let page = self.ask("/paket", jar).await;
        let text = String::from_utf8_lossy(&page.body).into_owned();
        let name = text.split(CANARY).nth(1)?;
        Some(
            name.chars()
                .take_while(char::is_ascii_alphanumeric)
                .collect(),
        )
    }

    fn key_of_id(&self, id: &str) -> UpstreamKey {
        self.engine
            .seals
            .upstream_key(&[b"i", id.as_bytes()].concat())
    }

    /// The durable state of an upstream session; none means free.
    pub(super) async fn stored_state(&self, key: UpstreamKey) -> State {
        let found = self.truth.get::<StoredState>(&key.0).await.unwrap();
        found.map_or(State::Free, |stored| stored.value.state)
    }

    /// An acceptance that was given out has everything durable that it rests on.
    pub(super) async fn assert_durable(&self, accepted: &Accepted, code: &str) {
        let id = accepted.session.id();
        let stored = self.truth.get::<GatewaySession>(&id.0).await.unwrap();
        let session = stored.expect("an acceptance without its record").value;
        assert_eq!(self.stored_state(accepted.key).await, State::Accepted(id));
        let who = session.identity.expect("whose session it is");
        let key = self.truth.account_key(&who.account);
        let account = self
            .truth
            .get::<Account>(&key)
            .await
            .unwrap()
            .expect("an account")
            .value;
        let step = account
            .binding
            .and_then(|binding| binding.credential.last_step);
        assert!(
            step.is_some(),
            "accepted, and no step of the credential is used"
        );
        assert_eq!(self.uses_of(code).await, 1, "the code was used up once");
    }

    /// How many waiting logins this code opened, by what is stored of them.
    pub(super) async fn uses_of(&self, code: &str) -> usize {
        let logins = self.truth.all::<WaitingLogin>().await.unwrap();
        logins
            .iter()
            .filter(|(_, stored)| {
                let text = [&stored.value.reference.0[..], code.as_bytes()].concat();
                let digest = ring::digest::digest(&ring::digest::SHA256, &text);
                matches!(&stored.value.outcome, Outcome::Accepted { code_digest, .. }
                    if digest.as_ref() == code_digest.as_slice())
            })
            .count()
    }

    /// What must hold at any moment, whatever failed.
    pub(super) async fn check(&self, tabs: &[&Tab], what: &str) {
        for tab in tabs {
            self.check_tab(tab, what).await;
        }
        if self.mode == SessionMode::ServerSide {
            // Here every upstream session was known to the browser before it was logged in.
            for (id, user) in self.standin.logins() {
                let key = self.key_of_id(&id);
                let stored = self.stored_state(key).await;
                assert_ne!(
                    stored,
                    State::Free,
                    "{what}: {user} is logged in, its session is free"
                );
                if !matches!(self.engine.vault, Vault::Shut(_)) {
                    let state = self.engine.table.standing(key).0;
                    assert_ne!(
                        state,
                        State::Free,
                        "{what}: {user} is logged in, free in memory"
                    );
                }
            }
        }
        for (_, stored) in self.truth.all::<Account>().await.unwrap() {
            let binding = stored.value.binding;
            assert!(
                binding.is_none_or(|b| b.credential.last_step.is_some()),
                "{what}"
            );
        }
    }

    /// A session that goes up with what a tab holds is nobody's, or was released to it.
    async fn check_tab(&self, tab: &Tab, what: &str) {
        let Some((jar, owner)) = tab.goes_up(&self.engine) else {
            return;
        };
        let Some(user) = self.user_of(&jar).await else {
            return;
        };
        let owner = owner.unwrap_or_else(|| {
            panic!("{what}: a visitor's request goes up with the session of {user}")
        });
        let stored = self
            .truth
            .get::<GatewaySession>(&owner.id().0)
            .await
            .unwrap();
        let stored =
            stored.unwrap_or_else(|| panic!("{what}: released to {user} without a record"));
        let who = stored.value.identity.unwrap().account.user_id;
        assert_eq!(who.as_str(), user, "{what}");
        assert!(
            tab.was_accepted(owner.id()),
            "{what}: {user} was never accepted in this tab"
        );
    }

    /// After some time every session that is logged in upstream is somebody's, or is being ended.
    pub(super) async fn check_nothing_lingers(&self, what: &str) {
        let mut owed = Vec::new();
        while let Ok(key) = self.owed.lock().unwrap().try_recv() {
            owed.push(key);
        }
        for (id, user) in self.standin.logins() {
            let key = self.key_of_id(&id);
            match self.engine.table.standing(key).0 {
                State::Accepted(session) => {
                    assert!(
                        self.engine.sessions.find(session).is_some(),
                        "{what}: {user}"
                    );
                }
                State::Ended => assert!(owed.contains(&key), "{what}: no logout owed for {user}"),
                other => panic!("{what}: {user} stays logged in upstream, {other:?}"),
            }
        }
    }

    /// A visitor's cookie of the stand-in, stamped as the gateway hands it out.
    pub(super) async fn fresh_cookie(&self) -> Vec<u8> {
        let front = self.ask("/", &Jar::default()).await;
        let lines = front.headers.get_all(http::header::SET_COOKIE);
        let value = lines
            .iter()
            .filter_map(|line| gerbang::flow::probe::set_cookie_pair(line.as_bytes()))
            .find(|(name, _)| *name == SESSION_COOKIE.as_bytes())
            .map(|(_, value)| value.to_vec())
            .expect("a session cookie");
        self.engine
            .seals
            .stamp(SESSION_COOKIE.as_bytes(), &value, self.engine.now())
    }
}
