//! A waiting login: the password was accepted upstream, the second factor is due.

use crate::domain::approval::{Approval, CHALLENGE_SECONDS};
use crate::domain::jar::Jar;
use crate::domain::throttle::Attempts;
use crate::primitives::{GatewaySessionId, Identity, UnixSeconds, UpstreamKey, WaitingRef};
use serde::{Deserialize, Serialize};

/// The same ticket with the same code gets the same acceptance again for so long: a lost answer
/// or a double click costs nobody a login (design.md section 4, step 3).
pub const REPEAT_SECONDS: u64 = 60;

/// An extension that brings no more than so many seconds is a double click, or none.
const DOUBLE_CLICK_SECONDS: u64 = 5;

/// What is still due.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Need {
    /// Bind an authenticator. Whether it may be put off is asked when the page is shown.
    Activate,
    /// A code of the bound one.
    Verify,
}

/// The record of one waiting login.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WaitingLogin {
    /// Public reference, in addresses and forms.
    pub reference: WaitingRef,
    /// SHA-256 of the ticket in the browser.
    pub ticket_digest: [u8; 32],
    /// Who, by the upstream's own page.
    pub identity: Identity,
    /// What is due.
    pub need: Need,
    /// An activation needs a code of the help desk first.
    #[serde(default)]
    pub proof_due: bool,
    /// Every upstream session that this login touched.
    pub keys: Vec<UpstreamKey>,
    /// The upstream's cookies, withheld.
    pub jar: Jar,
    /// Where the upstream had sent the user: path and query on this site.
    pub target: String,
    /// When the password was accepted.
    pub created: UnixSeconds,
    /// Until when the acceptor takes codes.
    pub window_until: UnixSeconds,
    /// Extensions left.
    pub extensions_left: u8,
    /// Recovery codes that were typed into it.
    #[serde(default)]
    pub recovery: Attempts,
    /// What the phone was asked, where the account has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Box<Approval>>,
    /// How it ended.
    pub outcome: Outcome,
}

/// How a waiting login stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// Still waiting.
    Waiting,
    /// Accepted; kept for [`REPEAT_SECONDS`].
    Accepted {
        /// Session it became.
        session: GatewaySessionId,
        /// SHA-256 of reference and code.
        code_digest: [u8; 32],
        /// When.
        at: UnixSeconds,
    },
}

/// Lengths in seconds and counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LoginLimits {
    /// Life of a waiting login that needs an activation.
    pub lifetime_seconds: u64,
    /// How long the acceptor is open at a time.
    pub window_seconds: u64,
    /// How often it can be extended.
    pub extensions: u8,
}

impl WaitingLogin {
    /// Seconds for which codes are still taken; 0 when it is over.
    pub fn seconds_left(&self, limits: LoginLimits, now: UnixSeconds) -> u64 {
        let life = self.created.plus(limits.lifetime_seconds).since(now);
        match (&self.outcome, self.need) {
            (Outcome::Accepted { .. }, _) => 0,
            (Outcome::Waiting, Need::Activate) => life,
            (Outcome::Waiting, Need::Verify) => life.min(self.window_until.since(now)),
        }
    }

    /// Extends the acceptor's window, and with it what a phone may still answer; `false` when none is left
    /// or it is already closed.
    pub fn extend(&mut self, limits: LoginLimits, now: UnixSeconds) -> bool {
        if self.extensions_left == 0 || self.seconds_left(limits, now) == 0 {
            return false;
        }
        let asked = self.approval.as_deref();
        let answerable = asked.is_some_and(|asked| asked.seconds_left(now) > 0);
        let window = match answerable {
            true => limits.window_seconds.max(CHALLENGE_SECONDS),
            false => limits.window_seconds,
        };
        let until = now.plus(window);
        // A double click is one wish, and time that is there costs nothing.
        if until > self.window_until.plus(DOUBLE_CLICK_SECONDS) {
            self.extensions_left -= 1;
            self.window_until = until;
            if let Some(asked) = self.approval.as_deref_mut() {
                asked.prolong(now);
            }
        }
        true
    }

    /// Keeps the acceptor open for the rest of the login's life: a code is copied from paper, and the
    /// paper has to be found first. `false` when it is already closed.
    pub fn give_time(&mut self, limits: LoginLimits, now: UnixSeconds) -> bool {
        if self.need != Need::Verify || self.seconds_left(limits, now) == 0 {
            return false;
        }
        self.window_until = self.created.plus(limits.lifetime_seconds);
        true
    }

    /// The acceptance that the same code may have again.
    pub fn repeated(&self, code_digest: &[u8; 32], now: UnixSeconds) -> Option<GatewaySessionId> {
        match &self.outcome {
            Outcome::Accepted {
                session,
                code_digest: accepted,
                at,
            } if accepted == code_digest && now.since(*at) < REPEAT_SECONDS => Some(*session),
            Outcome::Accepted { .. } | Outcome::Waiting => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::{AccountId, Role, UserId, UserType};

    const LIMITS: LoginLimits = LoginLimits {
        lifetime_seconds: 600,
        window_seconds: 60,
        extensions: 2,
    };
    const START: UnixSeconds = UnixSeconds(1_800_000_000);

    fn waiting(need: Need) -> WaitingLogin {
        let account = AccountId {
            user_type: UserType::parse("t").unwrap(),
            user_id: UserId::parse("U").unwrap(),
        };
        WaitingLogin {
            reference: WaitingRef([1; 8]),
            ticket_digest: [2; 32],
            identity: Identity {
                account,
                role: Role::parse("R").unwrap(),
                display_name: String::new(),
            },
            need,
            proof_due: false,
            keys: vec![],
            jar: Jar::default(),
            target: "/x".into(),
            created: START,
            window_until: START.plus(60),
            extensions_left: LIMITS.extensions,
            recovery: Attempts::default(),
            approval: None,
            outcome: Outcome::Waiting,
        }
    }

    #[test]
    fn the_acceptor_closes_after_a_minute_and_extends_twice() {
        let mut login = waiting(Need::Verify);
        assert_eq!(login.seconds_left(LIMITS, START.plus(59)), 1);
        assert_eq!(login.seconds_left(LIMITS, START.plus(60)), 0);
        assert!(!login.extend(LIMITS, START.plus(60)), "closed stays closed");
        assert!(login.extend(LIMITS, START.plus(50)));
        assert!(login.extend(LIMITS, START.plus(100)));
        assert!(!login.extend(LIMITS, START.plus(150)), "only twice");
        assert_eq!(login.seconds_left(LIMITS, START.plus(159)), 1);
        assert_eq!(login.seconds_left(LIMITS, START.plus(160)), 0);
    }

    #[test]
    fn an_activation_has_its_whole_life() {
        let login = waiting(Need::Activate);
        assert_eq!(login.seconds_left(LIMITS, START.plus(599)), 1);
        assert_eq!(login.seconds_left(LIMITS, START.plus(600)), 0);
    }

    #[test]
    fn an_acceptance_repeats_for_the_same_code_only_and_for_a_minute() {
        let mut login = waiting(Need::Verify);
        assert!(login.repeated(&[7; 32], START).is_none());
        let session = GatewaySessionId([3; 16]);
        login.outcome = Outcome::Accepted {
            session,
            code_digest: [7; 32],
            at: START,
        };
        assert_eq!(login.repeated(&[7; 32], START.plus(59)), Some(session));
        assert!(login.repeated(&[8; 32], START.plus(1)).is_none());
        assert!(login.repeated(&[7; 32], START.plus(60)).is_none());
        assert_eq!(login.seconds_left(LIMITS, START), 0);
    }

    #[test]
    fn whoever_looks_for_his_paper_has_the_life_of_the_login() {
        let mut login = waiting(Need::Verify);
        assert!(!login.give_time(LIMITS, START.plus(60)), "closed stays so");
        assert!(login.give_time(LIMITS, START.plus(59)));
        assert_eq!(login.seconds_left(LIMITS, START.plus(599)), 1);
        assert_eq!(login.seconds_left(LIMITS, START.plus(600)), 0);
        assert!(!login.give_time(LIMITS, START.plus(600)));
        let mut activates = waiting(Need::Activate);
        assert!(!activates.give_time(LIMITS, START));
    }

    #[test]
    fn a_longer_window_is_not_shortened() {
        let mut login = waiting(Need::Verify);
        login.window_until = START.plus(120);
        assert!(login.extend(LIMITS, START.plus(10)));
        assert_eq!(login.window_until, START.plus(120));
        assert_eq!(login.extensions_left, LIMITS.extensions);
        assert!(login.extend(LIMITS, START.plus(100)));
        assert_eq!(login.window_until, START.plus(160));
        assert_eq!(login.extensions_left, LIMITS.extensions - 1);
    }

    #[test]
    fn a_double_click_extends_once() {
        let mut login = waiting(Need::Verify);
        let at = START.plus(30);
        assert!(login.extend(LIMITS, at) && login.extend(LIMITS, at.plus(1)));
        assert_eq!(login.extensions_left, 1);
        assert_eq!(login.seconds_left(LIMITS, at), 60);
        assert!(login.extend(LIMITS, at.plus(20)));
        assert_eq!(login.extensions_left, 0);
        assert!(!login.extend(LIMITS, at.plus(40)));
    }
}
