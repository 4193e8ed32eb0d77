//! Health: is the gateway alive, and can logins be served? Details are for the operator; they hold no
//! secret and no user id.
//!
//! Ready means that a login can go its whole way: store, key, clock and profile, and the application
//! itself. The application counts because nobody can log in without it and whoever watches `/readyz`
//! wants to hear of that; it cannot keep the gateway unready for ever, since the canary goes on
//! looking and one answer is enough. The public pages are served in any case: not ready is no reason
//! to take traffic away from a gateway that stands alone.

use crate::flow::canary::Reach;
use crate::flow::{Engine, Vault};
use crate::primitives::UnixSeconds;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Without a sweep for so long the process is not alive: its timers or its runtime hang.
const BEAT_MAX: Duration = Duration::from_secs(60);

/// Of the application, in the first moments.
const NOT_LOOKED_YET: &str = "was not looked at yet";

/// One thing that was looked at.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Check {
    /// Which.
    pub name: &'static str,
    /// Whether it is as it should be.
    pub ok: bool,
    /// What was found.
    pub detail: String,
    /// Since when it is so, in seconds since 1970, as far as this process has seen.
    pub since: u64,
}

/// All of them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Health {
    /// `ready` or `not-ready`, `alive` or `not-alive`, `started`.
    pub status: &'static str,
    /// What was looked at.
    pub checks: Vec<Check>,
}

impl Health {
    /// Whether every check is as it should be.
    pub fn is_ok(&self) -> bool {
        self.checks.iter().all(|check| check.ok)
    }
}

/// Since when each check is as it is.
#[derive(Debug, Default)]
pub struct HealthLog(Mutex<BTreeMap<&'static str, (Stands, UnixSeconds)>>);

/// How a check stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stands {
    Good,
    Bad,
    /// Not good either, but nothing for the log to cry about.
    NotLookedAt,
}

impl From<bool> for Stands {
    fn from(ok: bool) -> Self {
        if ok { Self::Good } else { Self::Bad }
    }
}

impl HealthLog {
    /// Notes how a check stands, tells the log when that changed, and says since when it is so.
    fn since(
        &self,
        name: &'static str,
        stands: Stands,
        detail: &str,
        now: UnixSeconds,
    ) -> UnixSeconds {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.get(name).copied();
        if let Some((was, since)) = before
            && was == stands
        {
            return since;
        }
        known.insert(name, (stands, now));
        match (stands, before) {
            (Stands::NotLookedAt, _) => tracing::info!(check = name, "not looked at yet"),
            (Stands::Bad, _) => tracing::error!(check = name, detail, "logins cannot be served"),
            (Stands::Good, Some((Stands::Bad, _))) => {
                tracing::info!(check = name, detail, "a check is good again");
            }
            (Stands::Good, _) => {}
        }
        now
    }
}

impl Engine {
    /// Whether the process is alive: it answers, and its sweeper runs. A store that fails is no
    /// reason to start again.
    pub fn liveness(&self) -> Health {
        let still = self.metrics.since_beat();
        let ok = still <= BEAT_MAX;
        let seconds = still.as_secs();
        let detail = format!("the sweeper was through {seconds} s ago");
        Health {
            status: if ok { "alive" } else { "not-alive" },
            checks: vec![self.check("sweeper", ok, detail)],
        }
    }

    /// Whether logins can be served. Also called by the sweeper, so that `since` is right and the log
    /// tells of changes that nobody asks for.
    pub fn readiness(&self) -> Health {
        let (store, why_not) = self.store_standing();
        let key = match &self.vault {
            Vault::Open(_) => (true, "the key opens the store".to_owned()),
            Vault::Shut(_) => (false, "not known while the store is shut".to_owned()),
        };
        let behind = self.clock_behind();
        let clock = match self.clock_is_behind() {
            false => (true, "not behind the highest time seen".to_owned()),
            true => (
                false,
                format!("{behind} s behind the highest time seen; no code can be judged"),
            ),
        };
        let checks = vec![
            self.check("store", store, why_not),
            self.check("key", key.0, key.1),
            self.profile_check(),
            self.check("clock", clock.0, clock.1),
            self.upstream_check(),
        ];
        let ready = checks.iter().all(|check| check.ok);
        Health {
            status: if ready { "ready" } else { "not-ready" },
            checks,
        }
    }

    /// What `/startupz` answers: nothing is served before the store was read, so whoever can ask
    /// finds the gateway started, be it with its logins paused.
    pub fn startup(&self) -> Health {
        let detail = match &self.vault {
            Vault::Open(_) => "sessions and states were read from the store",
            Vault::Shut(_) => "the store is shut; logins are paused",
        };
        Health {
            status: "started",
            checks: vec![self.check("restore", true, detail.to_owned())],
        }
    }

    /// Whether the store takes writes. The sweeper writes every few seconds, so the last commit is
    /// never old.
    pub(crate) fn store_standing(&self) -> (bool, String) {
        match &self.vault {
            Vault::Shut(why) => (false, why.clone()),
            Vault::Open(_) => match self.metrics.last_commit() {
                "ok" | "conflict" => (true, "open; the last commit is on the disk".to_owned()),
                "full" => (false, "too little room on its disk".to_owned()),
                "stopped" => {
                    let why = "stopped after a failed write; remove the cause and restart";
                    (false, why.to_owned())
                }
                "stalled" => (false, "its disk does not answer in time".to_owned()),
                _ => (false, "the last commit failed".to_owned()),
            },
        }
    }

    fn profile_check(&self) -> Check {
        let sight = self.canary.sight();
        let mut detail = match &sight.sign {
            Some(sign) if sight.drift => format!("the login does not fit the profile: {sign}"),
            Some(sign) => format!(
                "look {} of {} that does not fit: {sign}",
                sight.in_a_row,
                super::canary::LOOKS_TO_CONFIRM
            ),
            None => "the login's forms fit".to_owned(),
        };
        if sight.looked.is_none() {
            "the login's forms were not looked at yet".clone_into(&mut detail);
        }
        if self.drift_suspected() {
            detail.push_str("; warning: many known logins in a row logged nobody in");
        }
        self.check("profile", !sight.drift, detail)
    }

    fn upstream_check(&self) -> Check {
        let sight = self.canary.sight();
        let now = self.now();
        let ago = sight.looked.map(|at| now.since(at));
        let (stands, detail) = match (&sight.reach, ago) {
            (_, Some(ago)) if ago > self.canary.stale_after_seconds() => {
                (Stands::Bad, format!("was not looked at for {ago} s"))
            }
            (Reach::Answers, Some(ago)) => (Stands::Good, format!("answered {ago} s ago")),
            (Reach::Away(why), Some(ago)) => (Stands::Bad, format!("{why}, {ago} s ago")),
            (Reach::NotLookedYet, _) | (_, None) => {
                (Stands::NotLookedAt, NOT_LOOKED_YET.to_owned())
            }
        };
        self.check("upstream", stands, detail)
    }

    fn check(&self, name: &'static str, stands: impl Into<Stands>, detail: String) -> Check {
        let stands = stands.into();
        let since = self.health.since(name, stands, &detail, self.now());
        Check {
            name,
            ok: stands == Stands::Good,
            detail,
            since: since.0,
        }
    }
}
