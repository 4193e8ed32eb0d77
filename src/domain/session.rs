//! An accepted session: record and timeouts (NIST SP 800-63B-4 section 2.2.3; OWASP Session
//! Management).

use crate::authenticator::Factor;
use crate::domain::jar::Jar;
use crate::primitives::{GatewaySessionId, Identity, UnixSeconds, UpstreamKey, WaitingRef};
use serde::{Deserialize, Serialize};

/// The record of one accepted session.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct GatewaySession {
    /// New at every acceptance.
    pub id: GatewaySessionId,
    /// Who; `None` only where the ceiling let an unreadable page pass.
    pub identity: Option<Identity>,
    /// Second factor that was accepted; `None` where the policy asked for none.
    pub factor: Option<Factor>,
    /// The login that it became of, where one waited: a phone may still say no to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<WaitingRef>,
    /// The account's epoch at acceptance.
    pub account_epoch: u64,
    /// Every upstream session id seen in it, hashed.
    pub keys: Vec<UpstreamKey>,
    /// When it was accepted.
    pub created: UnixSeconds,
    /// Last request, written down now and then.
    pub last_seen: UnixSeconds,
    /// The upstream's cookies, for the own logout and for what does not fit a cookie.
    pub jar: Jar,
}

/// Lengths in seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionLimits {
    /// Without a request.
    pub idle_seconds: u64,
    /// Altogether.
    pub absolute_seconds: u64,
}

/// Whether a session may go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Liveness {
    /// Yes.
    Live,
    /// No request for too long.
    Idle,
    /// Too old.
    TooOld,
}

/// Judges a session at `now`. Requests under way hold it open: no timeout cuts an upload.
pub fn liveness(
    created: UnixSeconds,
    last_seen: UnixSeconds,
    under_way: u32,
    limits: SessionLimits,
    now: UnixSeconds,
) -> Liveness {
    if now.since(created) >= limits.absolute_seconds {
        return Liveness::TooOld;
    }
    if under_way == 0 && now.since(last_seen) >= limits.idle_seconds {
        return Liveness::Idle;
    }
    Liveness::Live
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_idle_and_absolute_and_work_under_way_counts() {
        let limits = SessionLimits {
            idle_seconds: 1_800,
            absolute_seconds: 43_200,
        };
        let start = UnixSeconds(1_800_000_000);
        let at = |seen: u64, under_way: u32, now: u64| {
            liveness(start, start.plus(seen), under_way, limits, start.plus(now))
        };
        assert_eq!(at(0, 0, 1_799), Liveness::Live);
        assert_eq!(at(0, 0, 1_800), Liveness::Idle);
        assert_eq!(at(0, 1, 40_000), Liveness::Live);
        assert_eq!(at(43_199, 0, 43_199), Liveness::Live);
        assert_eq!(at(43_199, 1, 43_200), Liveness::TooOld);
        // A clock that went back ends nothing by itself.
        assert_eq!(
            liveness(start, start, 0, limits, UnixSeconds(0)),
            Liveness::Live
        );
    }
}
