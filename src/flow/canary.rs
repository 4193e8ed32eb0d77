//! The profile canary (peers.md C1): is a login still what the profile says? An application that was
//! updated may take its passwords in another way, and logins would go by unrecognised.
//!
//! Two kinds of signs. The *look*: as a fresh visitor, without any session, at the forms of the login
//! and at the pages for logged-in users. It is the gateway's own request, so nobody else can make it
//! say anything; three looks in a row that do not fit confirm a drift, one that fits ends it.
//! *Counters* of live logins only warn: whoever posts a thousand wrong passwords moves them, and must
//! not be able to close anything (invariant I11).
//!
//! What a drift means for logins is the policy's business; here is only the state.

use crate::domain::audit::AuditEvent;
use crate::domain::jar::Jar;
use crate::flow::probe::Verdict;
use crate::flow::upstream::{UpstreamAnswer, UpstreamError};
use crate::flow::{Client, Engine};
use crate::observe::Judged;
use crate::primitives::UnixSeconds;
use crate::profile::FormVerdict;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// So many looks in a row confirm a drift.
pub const LOOKS_TO_CONFIRM: u32 = 3;
/// Known logins in a row after which nobody was logged in, that make a drift suspected.
const LUCKLESS_LOGINS: u32 = 30;
/// Between two looks while the application is away, and until the first look that fits: a process
/// that starts before an application that does not fit shall not take a quarter of an hour to see it.
const SOON_SECONDS: u64 = 15;
/// How often it is looked whether a look is due, by the wall clock.
const TICK: Duration = Duration::from_millis(500);

/// What a look found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Look {
    /// The forms fit, and the pages for logged-in users say that nobody is.
    Fits,
    /// Something is there that does not fit.
    Drift(String),
    /// The application is away, in maintenance, or tired of us: nothing was learned of the profile.
    Unreachable(String),
}

/// Whether the application answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reach {
    /// No look was finished yet.
    NotLookedYet,
    /// It answered.
    Answers,
    /// It did not, or with an error.
    Away(String),
}

/// What is known so far.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sight {
    /// When the last look ended.
    pub looked: Option<UnixSeconds>,
    /// What it said of the application.
    pub reach: Reach,
    /// The last sign that the profile does not fit; gone with the first look that fits.
    pub sign: Option<String>,
    /// Looks in a row that did not fit; those that reached nothing do not count either way.
    pub in_a_row: u32,
    /// Confirmed.
    pub drift: bool,
    /// A look has fitted in this process.
    fitted: bool,
}

/// The state of the canary.
#[derive(Debug)]
pub struct Canary {
    interval_seconds: u64,
    sight: Mutex<Sight>,
    drift: AtomicBool,
    luckless: AtomicU32,
}

impl Canary {
    /// Looks every so many seconds.
    pub fn new(interval_seconds: u64) -> Self {
        Self {
            interval_seconds,
            sight: Mutex::new(Sight {
                looked: None,
                reach: Reach::NotLookedYet,
                sign: None,
                in_a_row: 0,
                drift: false,
                fitted: false,
            }),
            drift: AtomicBool::new(false),
            luckless: AtomicU32::new(0),
        }
    }

    /// What is known so far.
    pub fn sight(&self) -> Sight {
        let sight = self.sight.lock().unwrap_or_else(PoisonError::into_inner);
        sight.clone()
    }

    /// After so long without a look nothing is known of the application any more.
    pub fn stale_after_seconds(&self) -> u64 {
        self.interval_seconds.saturating_mul(2).saturating_add(60)
    }

    fn is_due(&self, now: UnixSeconds) -> bool {
        let sight = self.sight();
        let Some(looked) = sight.looked else {
            return true;
        };
        let new = !sight.fitted && !sight.drift;
        let soon = new || sight.reach != Reach::Answers;
        let pause = match soon {
            true => SOON_SECONDS.min(self.interval_seconds),
            false => self.interval_seconds,
        };
        // A clock that went back must not stop the looks.
        now < looked || now.since(looked) >= pause
    }

    /// Takes a look in; the state of the drift when it changed.
    fn take(&self, look: &Look, now: UnixSeconds) -> Option<bool> {
        let mut sight = self.sight.lock().unwrap_or_else(PoisonError::into_inner);
        sight.looked = Some(now);
        match look {
            Look::Fits => {
                sight.reach = Reach::Answers;
                sight.fitted = true;
                sight.sign = None;
                sight.in_a_row = 0;
            }
            Look::Drift(sign) => {
                sight.reach = Reach::Answers;
                sight.sign = Some(sign.clone());
                sight.in_a_row = sight.in_a_row.saturating_add(1);
            }
            Look::Unreachable(why) => sight.reach = Reach::Away(why.clone()),
        }
        let drift = match look {
            Look::Fits => false,
            Look::Drift(_) => sight.drift || sight.in_a_row >= LOOKS_TO_CONFIRM,
            Look::Unreachable(_) => sight.drift,
        };
        let changed = drift != sight.drift;
        sight.drift = drift;
        self.drift.store(drift, Ordering::Release);
        changed.then_some(drift)
    }

    /// A known login was judged.
    pub(crate) fn note_login(&self, judged: Judged) {
        match judged {
            Judged::Somebody => self.luckless.store(0, Ordering::Relaxed),
            Judged::Nobody | Judged::Unknown => {
                // Stops counting where it could wrap.
                let _ = self
                    .luckless
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_add(1));
            }
        }
    }
}

impl Engine {
    /// Whether it is confirmed that the profile does not fit the application: logins may go
    /// unrecognised.
    pub fn drift(&self) -> bool {
        self.canary.drift.load(Ordering::Acquire)
    }

    /// Whether live logins point that way. A warning: anybody can bring it about.
    pub fn drift_suspected(&self) -> bool {
        self.canary.luckless.load(Ordering::Relaxed) >= LUCKLESS_LOGINS
    }

    /// Looks whenever it is time, until `stop` resolves.
    pub async fn run_canary(self: Arc<Self>, stop: impl Future<Output = ()>) {
        let looking = async {
            let mut tick = tokio::time::interval(TICK);
            tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tick.tick().await;
                if self.canary.is_due(self.now()) {
                    self.look_at_login().await;
                }
            }
        };
        tokio::select! {
            () = stop => {}
            () = looking => {}
        }
    }

    /// One look, with its consequences.
    pub async fn look_at_login(&self) -> Look {
        let look = self.look_as_visitor().await;
        let changed = self.canary.take(&look, self.now());
        let word = match &look {
            Look::Fits => "fits",
            Look::Drift(sign) => {
                tracing::warn!(%sign, "the application's login does not fit the profile");
                "drift"
            }
            Look::Unreachable(_) => "unreachable",
        };
        self.metrics.look(word);
        tracing::debug!(look = word, "the login's forms were looked at");
        match (changed, &look) {
            (Some(true), Look::Drift(sign)) => {
                let sign = sign.clone();
                tracing::error!(%sign, "logins may go unrecognised: the profile does not fit any more");
                self.tell_drift(AuditEvent::ProfileDrifted { sign }).await;
            }
            (Some(false), _) => {
                tracing::info!("the application's login fits the profile again");
                self.tell_drift(AuditEvent::ProfileFits).await;
            }
            (Some(true) | None, _) => {}
        }
        look
    }

    async fn tell_drift(&self, event: AuditEvent) {
        let Ok(records) = self.records() else { return };
        let client = self.own_client();
        let draft = records.draft().audit(&self.audit(&client, None, event));
        if let Err(error) = records.commit(draft).await {
            tracing::error!(%error, "a change of the profile's standing could not be recorded");
        }
    }

    async fn look_as_visitor(&self) -> Look {
        let client = self.own_client();
        let hosts = self.own_hosts(&client);
        let mut fits = false;
        let mut away = None;
        let profile = self.profile();
        let pages = profile.login_form_pages();
        for path in pages {
            let answer = match self.visit(path, &client).await {
                Ok(answer) => answer,
                Err(error) => return Look::Unreachable(format!("{path}: {error}")),
            };
            match profile.judge_login_form(&answer.view(path, &hosts)) {
                FormVerdict::Fits => fits = true,
                FormVerdict::Drift(sign) => return Look::Drift(format!("{path}: {sign}")),
                FormVerdict::Foreign | FormVerdict::Nothing => {}
                FormVerdict::Unreachable(why) => away = Some(format!("{path}: {why}")),
            }
        }
        match away {
            _ if fits || pages.is_empty() => self.look_at_home(&client).await,
            Some(why) => Look::Unreachable(why),
            None => Look::Drift("no page of the login has a login's form any more".to_owned()),
        }
    }

    /// The pages for logged-in users must tell a visitor that he is nobody. Asked without a turn in
    /// the budgets of probes: whoever floods them must not be able to move this (invariant I11).
    async fn look_at_home(&self, client: &Client) -> Look {
        match self.ask_each(&Jar::default(), client).await {
            (Verdict::Nobody, _) => Look::Fits,
            (Verdict::Somebody(_), _) => {
                Look::Drift("a page for logged-in users names somebody to a visitor".to_owned())
            }
            (Verdict::Unknown(reason), false) => Look::Unreachable(reason),
            (Verdict::Unknown(reason), true) => {
                Look::Drift(format!("a visitor is not told that he is nobody: {reason}"))
            }
        }
    }

    async fn visit(&self, path: &str, client: &Client) -> Result<UpstreamAnswer, UpstreamError> {
        let permit = crate::domain::gate::Permit::own_errand();
        let request = self.probe_request(path.as_bytes(), &Jar::default(), client);
        self.upstream.send(&permit, request).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drift() -> Look {
        Look::Drift("x".to_owned())
    }

    fn away() -> Look {
        Look::Unreachable("x".to_owned())
    }

    #[test]
    fn three_looks_in_a_row_confirm_and_one_that_fits_clears() {
        let canary = Canary::new(300);
        let now = UnixSeconds(1_000);
        for (look, changed) in [
            (drift(), None),
            (drift(), None),
            (Look::Fits, None),
            (drift(), None),
            // Away counts neither way.
            (away(), None),
            (drift(), None),
            (away(), None),
            (drift(), Some(true)),
            (drift(), None),
            (away(), None),
            (Look::Fits, Some(false)),
            (Look::Fits, None),
        ] {
            assert_eq!(canary.take(&look, now), changed, "{look:?}");
        }
    }

    #[test]
    fn looks_are_due_by_the_clock_and_sooner_while_little_is_known() {
        let canary = Canary::new(300);
        let now = UnixSeconds(1_000);
        assert!(canary.is_due(now));
        canary.take(&drift(), now);
        assert!(!canary.is_due(now.plus(14)));
        assert!(
            canary.is_due(now.plus(15)),
            "not fitted yet in this process"
        );
        canary.take(&Look::Fits, now);
        assert!(!canary.is_due(now.plus(299)));
        assert!(canary.is_due(now.plus(300)));
        assert!(canary.is_due(UnixSeconds(999)), "the clock went back");
        canary.take(&away(), now);
        assert!(canary.is_due(now.plus(15)), "away");
        canary.take(&drift(), now);
        assert!(!canary.is_due(now.plus(299)));
    }

    #[test]
    fn luckless_logins_are_forgotten_with_the_first_lucky_one() {
        let canary = Canary::new(300);
        for _ in 0..LUCKLESS_LOGINS {
            canary.note_login(Judged::Unknown);
        }
        assert_eq!(canary.luckless.load(Ordering::Relaxed), LUCKLESS_LOGINS);
        canary.luckless.store(u32::MAX, Ordering::Relaxed);
        canary.note_login(Judged::Nobody);
        assert_eq!(canary.luckless.load(Ordering::Relaxed), u32::MAX);
        canary.note_login(Judged::Somebody);
        assert_eq!(canary.luckless.load(Ordering::Relaxed), 0);
    }
}
