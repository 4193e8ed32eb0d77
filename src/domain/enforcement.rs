//! What a login needs: one pure function from what is in force and the enrollment.

use crate::domain::policy::InForce;
use crate::domain::policy_file::Mode;
use crate::primitives::UnixSeconds;

/// What has to happen before a session is released.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Requirement {
    /// The password is enough.
    Nothing,
    /// The account is asked to bind an authenticator, and may put it off.
    Offer(Offer),
    /// The account binds an authenticator first.
    Activate,
    /// A code of the bound authenticator.
    Verify,
}

impl Requirement {
    /// Whether a session that was accepted before has to stop for it. An offer is made at the next
    /// login, not in the middle of somebody's work.
    pub fn stops(self) -> bool {
        match self {
            Self::Nothing | Self::Offer(_) => false,
            Self::Activate | Self::Verify => true,
        }
    }
}

/// How long and how often an activation may be put off.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Offer {
    /// So many times more, this one included; `None` without a limit.
    pub skips_left: Option<u32>,
    /// Until then; `None` without a limit.
    pub until: Option<UnixSeconds>,
}

/// The requirement and how it came about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision {
    /// What is asked.
    pub requirement: Requirement,
    /// What is in force, and why.
    pub in_force: InForce,
    /// Under `observe`: what `required` would have asked. Recorded, never shown.
    pub would_require: Option<Requirement>,
}

/// How an account stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Enrolled {
    /// No second factor.
    No,
    /// A bound one.
    Yes,
    /// The help desk took it away: a new one has to be bound, with the code that was handed out.
    Reset,
    /// The same, and for a time the password is enough. Whoever binds one all the same needs the code.
    Excused,
}

/// Decides for one login.
pub fn requirement(mut in_force: InForce, enrolled: Enrolled) -> Decision {
    in_force.proof_due |= matches!(enrolled, Enrolled::Reset | Enrolled::Excused);
    let offer = Offer {
        skips_left: in_force.skips_left,
        until: in_force.until,
    };
    let asked = |mode: Mode| match (mode, enrolled) {
        (Mode::Off | Mode::Observe, _) | (Mode::Optional, Enrolled::No | Enrolled::Excused) => {
            Requirement::Nothing
        }
        (Mode::Optional | Mode::Encouraged | Mode::Required, Enrolled::Yes) => Requirement::Verify,
        (Mode::Encouraged, Enrolled::No | Enrolled::Excused) => Requirement::Offer(offer),
        (Mode::Required, Enrolled::No | Enrolled::Excused)
        | (Mode::Optional | Mode::Encouraged | Mode::Required, Enrolled::Reset) => {
            Requirement::Activate
        }
    };
    Decision {
        requirement: asked(in_force.mode),
        would_require: (in_force.mode == Mode::Observe).then(|| asked(Mode::Required)),
        in_force,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy::{Facts, PolicyState};
    use crate::domain::policy_file::{Demand, PolicyFile};

    fn decided(demand: Demand, enrolled: Enrolled) -> Decision {
        let rules = PolicyFile {
            default: demand,
            ..PolicyFile::default()
        };
        let facts = Facts::default();
        let now = UnixSeconds(1_800_000_000);
        let in_force = PolicyState::first(rules, vec![]).in_force(None, facts, None, now);
        requirement(in_force, enrolled)
    }

    #[test]
    fn every_mode_asks_what_the_table_says() {
        use Requirement::{Activate, Nothing, Verify};
        let offer = Requirement::Offer(Offer::default());
        for (mode, fresh, enrolled) in [
            (Mode::Off, Nothing, Nothing),
            (Mode::Observe, Nothing, Nothing),
            (Mode::Optional, Nothing, Verify),
            (Mode::Encouraged, offer, Verify),
            (Mode::Required, Activate, Verify),
        ] {
            let asked = |enrolled| decided(mode.into(), enrolled).requirement;
            assert_eq!(asked(Enrolled::No), fresh, "{mode:?}");
            assert_eq!(asked(Enrolled::Yes), enrolled, "{mode:?}");
            // A reset is never a bare permit: where a second factor counts at all, it is due.
            let reset = if mode >= Mode::Optional {
                Activate
            } else {
                Nothing
            };
            assert_eq!(asked(Enrolled::Reset), reset, "{mode:?}");
            assert!(decided(mode.into(), Enrolled::Reset).in_force.proof_due);
            assert!(!decided(mode.into(), Enrolled::No).in_force.proof_due);
            // An excuse lets the password in where an exemption does, and no activation without a code.
            assert_eq!(asked(Enrolled::Excused), fresh, "{mode:?}");
            assert!(decided(mode.into(), Enrolled::Excused).in_force.proof_due);
            let would = decided(mode.into(), Enrolled::Yes).would_require;
            assert_eq!(would, (mode == Mode::Observe).then_some(Verify));
        }
    }

    #[test]
    fn an_offer_says_how_often_and_until_when() {
        let until = Some(UnixSeconds(1_900_000_000));
        let demand = Demand {
            skips: Some(3),
            until,
            ..Mode::Encouraged.into()
        };
        let offer = Requirement::Offer(Offer {
            skips_left: Some(3),
            until,
        });
        assert_eq!(decided(demand, Enrolled::No).requirement, offer);
        let started = Demand {
            from: until,
            ..Mode::Required.into()
        };
        let offer = Requirement::Offer(Offer {
            skips_left: None,
            until,
        });
        assert_eq!(decided(started, Enrolled::No).requirement, offer);
    }
}
