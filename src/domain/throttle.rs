//! Throttling of failed attempts: per account, factor and lane, with growing delays.
//!
//! An attempt is **counted before the comparison** (invariant I6): [`admit`] gives the record to
//! store first; only when it is durable the code is compared; success removes the record. The count
//! of consecutive failures never decays, so the chance to guess is bounded for ever: 20 attempts
//! with three accepted steps each are 6.0e-5 per lane (NIST SP 800-63B-4 section 3.2.2 allows 100).
//!
//! Recovery codes are counted and never refused here: nobody guesses 128 bits, while a wait or a cap
//! per account would let somebody who has the password keep the owner out (invariant I11). What slows
//! a guesser is the [`pace`] of the waiting login that he types them into, and that is his own.

use crate::authenticator::Factor;
use crate::primitives::UnixSeconds;
use serde::{Deserialize, Serialize};

/// Consecutive failures after which a lane takes no more codes.
pub const FAILURES_MAX: u32 = 20;
/// Failures without a delay: a slip of the finger costs an honest user nothing.
pub const FREE_FAILURES: u32 = 3;
/// First delay in seconds; it doubles with each failure.
pub const FIRST_DELAY_SECONDS: u64 = 30;
/// Longest delay in seconds.
pub const DELAY_SECONDS_MAX: u64 = 3_600;

/// Who is trying: with the password alone somebody can burn his own lane, not the owner's
/// (invariant I11).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Lane {
    /// A browser in which this account was fully accepted before.
    KnownBrowser,
    /// Any other.
    Unknown,
}

impl Lane {
    /// Stable number in stored keys.
    pub fn number(self) -> u8 {
        match self {
            Self::KnownBrowser => 1,
            Self::Unknown => 2,
        }
    }
}

/// Consecutive failures of one lane; no record means none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Attempts {
    /// Failures since the last success, attempts under way included.
    pub failures: u32,
    /// When the last one was counted.
    pub last: UnixSeconds,
}

impl Attempts {
    fn one_more(self, now: UnixSeconds) -> Self {
        Self {
            failures: self.failures.saturating_add(1),
            last: now,
        }
    }
}

/// Whether an attempt may be compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admission {
    /// Yes, once this record is durable.
    Count(Attempts),
    /// Not yet.
    Wait {
        /// Until the next attempt is allowed.
        seconds: u64,
    },
    /// This lane takes no more codes: another lane, a recovery code or the help desk remains.
    Exhausted,
}

/// Decides about one more attempt at `factor` at `now`.
pub fn admit(attempts: Attempts, factor: Factor, now: UnixSeconds) -> Admission {
    match factor {
        Factor::Totp | Factor::ActivationCode | Factor::Device
            if attempts.failures >= FAILURES_MAX =>
        {
            Admission::Exhausted
        }
        Factor::Totp | Factor::ActivationCode | Factor::Device => pace(attempts, now),
        Factor::Recovery => Admission::Count(attempts.one_more(now)),
    }
}

/// The growing delays without a cap: whether one more attempt may be compared at `now`.
pub fn pace(attempts: Attempts, now: UnixSeconds) -> Admission {
    let ready = attempts.last.plus(delay_seconds(attempts.failures));
    // A clock that went back must not shorten a delay, nor stretch it beyond its length.
    let wait = ready.since(now).min(delay_seconds(attempts.failures));
    if wait > 0 {
        return Admission::Wait { seconds: wait };
    }
    Admission::Count(attempts.one_more(now))
}

/// Delay after so many consecutive failures.
pub fn delay_seconds(failures: u32) -> u64 {
    let Some(doublings) = failures.checked_sub(FREE_FAILURES) else {
        return 0;
    };
    FIRST_DELAY_SECONDS
        .checked_shl(doublings)
        .unwrap_or(DELAY_SECONDS_MAX)
        .min(DELAY_SECONDS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn delays_grow_to_an_hour() {
        let delays: Vec<u64> = (0..=12).map(delay_seconds).collect();
        assert_eq!(
            delays,
            [0, 0, 0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
        );
    }

    #[test]
    fn the_twenty_first_attempt_is_refused_for_ever() {
        let mut attempts = Attempts::default();
        let mut now = UnixSeconds(1_000_000);
        for _ in 0..FAILURES_MAX {
            now = now.plus(DELAY_SECONDS_MAX);
            let Admission::Count(next) = admit(attempts, Factor::Totp, now) else {
                panic!("{attempts:?}")
            };
            attempts = next;
        }
        assert_eq!(
            admit(attempts, Factor::Totp, now.plus(10 * 365 * 86_400)),
            Admission::Exhausted
        );
    }

    #[test]
    fn recovery_codes_are_counted_and_no_guesser_closes_them() {
        let (mut attempts, now) = (Attempts::default(), UnixSeconds(1_000_000));
        for count in 1..=1_000 {
            let Admission::Count(next) = admit(attempts, Factor::Recovery, now) else {
                panic!("{attempts:?}")
            };
            assert_eq!(next.failures, count);
            attempts = next;
        }
        // In the login that they are typed into they are slowed, and after each wait one is taken.
        assert_eq!(pace(attempts, now), Admission::Wait { seconds: 3_600 });
        let later = now.plus(DELAY_SECONDS_MAX);
        assert!(matches!(pace(attempts, later), Admission::Count(_)));
    }

    proptest! {
        /// However an attacker times it: the count only grows, and no delay is skipped.
        #[test]
        fn no_schedule_beats_the_delays(pauses in prop::collection::vec(0u64..5_000, 1..200)) {
            let mut attempts = Attempts::default();
            let mut now = UnixSeconds(1_000_000);
            let mut compared = 0u32;
            for pause in pauses {
                now = now.plus(pause);
                match admit(attempts, Factor::Totp, now) {
                    Admission::Count(next) => {
                        prop_assert!(now.since(attempts.last) >= delay_seconds(attempts.failures)
                            || attempts.failures == 0);
                        prop_assert_eq!(next.failures, attempts.failures + 1);
                        attempts = next;
                        compared += 1;
                    }
                    Admission::Wait { seconds } => {
                        prop_assert!(seconds > 0 && seconds <= DELAY_SECONDS_MAX);
                    }
                    Admission::Exhausted => prop_assert_eq!(attempts.failures, FAILURES_MAX),
                }
            }
            prop_assert!(compared <= FAILURES_MAX);
        }
    }
}
