//! Somebody with a browser tab and an authenticator, driving the use cases as the proxy does.

use super::rig::{CONTEXT, Rig};
use crate::support::browser::encode;
use crate::support::login::user;
use crate::support::otp::code_at;
use bytes::Bytes;
use gerbang::clock::Clock;
use gerbang::domain::gate::{Bind, RequestFacts, RequestVerdict};
use gerbang::domain::jar::Jar;
use gerbang::domain::login::{Need, Outcome};
use gerbang::domain::throttle::Lane;
use gerbang::flow::accept::Accepted;
use gerbang::flow::activate::{ActivationState, Holder};
use gerbang::flow::admit::{Carried, Cookies};
use gerbang::flow::bind::ActivateOutcome;
use gerbang::flow::carry::{Login, LoginOutcome};
use gerbang::flow::judge::Conclusion;
use gerbang::flow::sessions::LiveSession;
use gerbang::flow::upstream::UpstreamRequest;
use gerbang::flow::verify::{Typed, VerifyOutcome};
use gerbang::flow::{Engine, FlowError};
use gerbang::primitives::{GatewaySessionId, Ticket, WaitingRef};
use http::Method;
use spse_standin::{SESSION_COOKIE, UserType};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Why a step did not succeed.
#[derive(Debug)]
pub(super) enum Trouble {
    /// 503 `store_unavailable`, or the clock.
    Flow(FlowError),
    /// Another login is under way on the session.
    Busy,
    /// A login waits in this tab.
    Waiting,
    /// Refused, in doubt, over.
    Closed(&'static str),
}

impl From<FlowError> for Trouble {
    fn from(error: FlowError) -> Self {
        Self::Flow(error)
    }
}

/// The cookies of one browser.
#[derive(Default)]
pub(super) struct Tab {
    cookie: Option<Vec<u8>>,
    ticket: Option<(WaitingRef, Ticket)>,
    seal: Option<String>,
    accepted: Mutex<Vec<GatewaySessionId>>,
}

/// A login that waits.
pub(super) struct Waiting {
    pub(super) reference: WaitingRef,
    pub(super) ticket: Ticket,
    pub(super) need: Need,
}

impl Tab {
    /// A tab that has looked at the front page.
    pub(super) async fn open(rig: &Rig) -> Self {
        Self {
            cookie: Some(rig.fresh_cookie().await),
            ..Self::default()
        }
    }

    pub(super) fn was_accepted(&self, session: GatewaySessionId) -> bool {
        self.accepted.lock().unwrap().contains(&session)
    }

    fn carried(&self, engine: &Engine) -> Carried {
        let others = self
            .cookie
            .iter()
            .map(|value| (SESSION_COOKIE.as_bytes(), value.as_slice()));
        engine.carried(&Cookies {
            seal: self.seal.as_ref().map(String::as_bytes),
            known: None,
            reset: None,
            tickets: self.ticket.clone().into_iter().collect(),
            surplus: Vec::new(),
            others: others.collect(),
        })
    }

    /// The upstream session that goes up with a navigation of this tab to a private page, and the
    /// accepted session in whose name.
    pub(super) fn goes_up(&self, engine: &Engine) -> Option<(Jar, Option<Arc<LiveSession>>)> {
        let carried = self.carried(engine);
        let path = format!("{CONTEXT}/paket");
        let class = engine.profile().classify("GET", path.as_bytes(), None);
        let facts = RequestFacts {
            class: &class,
            is_unsafe: false,
            password_in_body: false,
            override_header: false,
            navigation: true,
            waiting: None,
        };
        match engine.admit(facts, carried.presented) {
            RequestVerdict::Forward(permit)
            | RequestVerdict::Relay(permit)
            | RequestVerdict::Carry(permit)
            | RequestVerdict::MarkThenForward(permit) => match permit.bind() {
                Bind::Bare { .. } => None,
                Bind::Anonymous { .. } => Some((carried.jar, None)),
                Bind::Owner { .. } => Some((carried.jar, carried.owner)),
            },
            _ => None,
        }
    }

    /// Whether this tab is at home as this user.
    pub(super) async fn is_home(&self, rig: &Rig, id: &str) -> bool {
        match self.goes_up(&rig.engine) {
            Some((jar, Some(_))) => rig.user_of(&jar).await.as_deref() == Some(id),
            _ => false,
        }
    }

    /// The accepted session of this tab.
    pub(super) fn owner(&self, rig: &Rig) -> Option<Arc<LiveSession>> {
        self.carried(&rig.engine).owner
    }

    /// Types the password.
    pub(super) async fn password(&mut self, rig: &Rig, id: &str) -> Result<Waiting, Trouble> {
        let engine = &rig.engine;
        let carried = self.carried(engine);
        let path = format!("{CONTEXT}/login");
        let class = engine.profile().classify("POST", path.as_bytes(), None);
        let facts = RequestFacts {
            class: &class,
            is_unsafe: true,
            password_in_body: true,
            override_header: false,
            navigation: true,
            waiting: None,
        };
        let permit = match engine.admit(facts, carried.presented) {
            RequestVerdict::Carry(permit) => permit,
            RequestVerdict::Wait => return Err(Trouble::Busy),
            RequestVerdict::ToWaitingLogin(_) => return Err(Trouble::Waiting),
            other => panic!("a login was met with {other:?}"),
        };
        let bare = matches!(permit.bind(), Bind::Bare { .. });
        let (sent, jar) = if bare {
            (None, Jar::default())
        } else {
            (carried.key, carried.jar)
        };
        let login = Login {
            permit,
            request: login_request(rig, id, &jar),
            sent,
            jar,
            owner: carried.owner,
            client: rig.client(),
            digest: [0; 32],
        };
        match engine.carry_login(login).await {
            LoginOutcome::Answered {
                conclusion: Conclusion::SecondFactor(due),
                ..
            } => {
                self.ticket = Some((due.reference, due.ticket.clone()));
                Ok(Waiting {
                    reference: due.reference,
                    ticket: due.ticket,
                    need: due.need,
                })
            }
            LoginOutcome::Answered { conclusion, .. } => Err(Trouble::Closed(match conclusion {
                Conclusion::InDoubt => "in doubt",
                Conclusion::Refused => "refused",
                Conclusion::Anonymous { .. } => panic!("the password was right"),
                _ => panic!("released without a second factor"),
            })),
            LoginOutcome::Busy => Err(Trouble::Busy),
            LoginOutcome::Refused => Err(Trouble::Closed("no logins")),
            LoginOutcome::Failed(_) => Err(Trouble::Closed("upstream")),
            LoginOutcome::Flow(error) => Err(error.into()),
        }
    }

    /// What the browser gets with an acceptance.
    fn take(&mut self, rig: &Rig, accepted: &Accepted) {
        let session = &accepted.session;
        let seal = rig
            .engine
            .sealed_cookie(session, accepted.key, &session.jar())
            .unwrap();
        self.accepted.lock().unwrap().push(session.id());
        (self.seal, self.cookie, self.ticket) = (Some(seal), None, None);
    }

    /// Whatever still waits in this tab is looked at, as its page would, and left if it is over.
    pub(super) async fn leave_what_is_over(&mut self, rig: &Rig) {
        let Some((reference, ticket)) = self.ticket.clone() else {
            return;
        };
        let login = rig.engine.waiting_login(reference, &ticket).await.unwrap();
        let limits = rig.engine.settings.login;
        let over = login.is_none_or(|login| {
            login.value.outcome != Outcome::Waiting
                || login.value.seconds_left(limits, rig.engine.now()) == 0
        });
        assert!(over, "the login still waits after its time");
        self.ticket = None;
    }
}

fn login_request(rig: &Rig, id: &str, jar: &Jar) -> UpstreamRequest {
    let person = user(id);
    let provider = (person.kind == UserType::Penyedia).to_string();
    let fields = [
        ("txtUserId", id),
        ("txtPassword", person.password.as_str()),
        ("isRekanan", &provider),
    ];
    let mut headers = rig.client().forwarded_headers();
    headers.push((
        "Content-Type".into(),
        b"application/x-www-form-urlencoded".to_vec(),
    ));
    headers.push(("Cookie".into(), jar.to_cookie_line()));
    UpstreamRequest {
        method: Method::POST,
        target: format!("{CONTEXT}/login").into_bytes(),
        headers,
        body: Bytes::from(encode(&fields)),
        deadline: Duration::from_secs(5),
        answer_bytes_max: 1 << 20,
    }
}

/// Somebody with an authenticator.
pub(super) struct Person {
    pub(super) id: &'static str,
    /// The entry that was scanned last.
    pub(super) key: Option<String>,
    /// Codes that were typed.
    pub(super) typed: Vec<String>,
}

impl Person {
    pub(super) fn new(id: &'static str) -> Self {
        Self {
            id,
            key: None,
            typed: Vec::new(),
        }
    }

    /// The code that the authenticator shows now.
    pub(super) fn code(&mut self, rig: &Rig) -> String {
        let key = self.key.as_ref().expect("a scanned QR code");
        let code = code_at(key, rig.clock.now().0);
        self.typed.push(code.clone());
        code
    }

    /// Opens the activation page, scans, types.
    pub(super) async fn activate(
        &mut self,
        rig: &Rig,
        tab: &mut Tab,
        waiting: &Waiting,
    ) -> Result<(), Trouble> {
        let holder = self.holder(rig, waiting).await?;
        let shown = rig.engine.activation(&holder).await?;
        let ActivationState::Running(shown) = shown else {
            return Err(Trouble::Closed("no activation"));
        };
        self.key = Some(shown.entries.last().unwrap().secret.to_base32());
        let code = self.code(rig);
        // The form is sent by another request, which reads the login again.
        let holder = self.holder(rig, waiting).await?;
        match rig
            .engine
            .confirm_activation(&holder, (&code, None), &rig.client())
            .await?
        {
            ActivateOutcome::Accepted(accepted) => {
                rig.assert_durable(&accepted, &code).await;
                tab.take(rig, &accepted);
                Ok(())
            }
            ActivateOutcome::Bound { .. } => panic!("bound from inside a session"),
            ActivateOutcome::Refused(refusal) => panic!("a good code was refused: {refusal:?}"),
            ActivateOutcome::Closed => Err(Trouble::Closed("activation")),
            ActivateOutcome::ProofDue => panic!("a code of the help desk is asked for"),
            ActivateOutcome::UpstreamBusy => Err(Trouble::Closed("upstream busy")),
        }
    }

    async fn holder(&self, rig: &Rig, waiting: &Waiting) -> Result<Holder, Trouble> {
        let login = rig
            .engine
            .waiting_login(waiting.reference, &waiting.ticket)
            .await?;
        let login = login.ok_or(Trouble::Closed("no login waits"))?;
        Ok(Holder::Login(Box::new(login)))
    }

    /// Types a code on the acceptor.
    pub(super) async fn verify(
        &mut self,
        rig: &Rig,
        tab: &mut Tab,
        waiting: &Waiting,
        code: &str,
    ) -> Result<(), Trouble> {
        let (reference, ticket) = (waiting.reference, &waiting.ticket);
        let engine = &rig.engine;
        match engine
            .verify(
                reference,
                ticket,
                Typed::Otp(code),
                Lane::Unknown,
                &rig.client(),
            )
            .await?
        {
            VerifyOutcome::Accepted(accepted) => {
                rig.assert_durable(&accepted, code).await;
                tab.take(rig, &accepted);
                Ok(())
            }
            VerifyOutcome::Refused(_) => Err(Trouble::Closed("code refused")),
            VerifyOutcome::Closed => Err(Trouble::Closed("acceptor")),
            VerifyOutcome::TicketUnknown => Err(Trouble::Closed("ticket")),
            VerifyOutcome::UpstreamBusy => Err(Trouble::Closed("upstream busy")),
        }
    }

    /// Password and second factor, whichever is due, in this tab.
    pub(super) async fn log_in(&mut self, rig: &Rig, tab: &mut Tab) -> Result<(), Trouble> {
        let waiting = tab.password(rig, self.id).await?;
        match waiting.need {
            Need::Activate => self.activate(rig, tab, &waiting).await,
            Need::Verify => {
                let code = self.code(rig);
                self.verify(rig, tab, &waiting, &code).await
            }
        }
    }

    /// The honest user with a fresh browser, a minute later: gets in, and his code works once.
    pub(super) async fn gets_in(&mut self, rig: &Rig, what: &str) -> Tab {
        rig.clock.advance(61);
        let mut tab = Tab::open(rig).await;
        if let Err(trouble) = self.log_in(rig, &mut tab).await {
            panic!("{what}: {} does not get in: {trouble:?}", self.id);
        }
        assert!(
            tab.is_home(rig, self.id).await,
            "{what}: {} is not at home",
            self.id
        );
        self.codes_work_once(rig, what).await;
        tab
    }

    /// No code that was typed so far opens anything once more.
    pub(super) async fn codes_work_once(&mut self, rig: &Rig, what: &str) {
        let last = self.typed.last().cloned();
        for code in &self.typed {
            assert!(
                rig.uses_of(code).await <= 1,
                "{what}: {code} was accepted twice"
            );
        }
        let Some(last) = last.filter(|_| self.key.is_some()) else {
            return;
        };
        if rig.uses_of(&last).await == 0 {
            return;
        }
        let mut thief = Tab::open(rig).await;
        let waiting = thief.password(rig, self.id).await;
        let waiting = waiting.unwrap_or_else(|trouble| panic!("{what}: {trouble:?}"));
        if waiting.need == Need::Verify {
            let taken = self.verify(rig, &mut thief, &waiting, &last).await;
            assert!(taken.is_err(), "{what}: {last} was accepted a second time");
        }
    }
}
