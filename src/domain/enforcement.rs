//! What a login needs: one pure function from policy, role, user type and enrollment.

use crate::domain::policy_file::{Mode, PolicyFile};
use crate::primitives::{Role, UserType};

/// What has to happen before a session is released.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Requirement {
    /// The password is enough.
    Nothing,
    /// The account binds an authenticator first.
    Activate,
    /// A code of the bound authenticator.
    Verify,
}

/// The requirement and how it came about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Decision {
    /// What is asked.
    pub requirement: Requirement,
    /// The mode in force, after the ceiling.
    pub mode: Mode,
    /// Under `observe`: what `required` would have asked. Recorded, never shown.
    pub would_require: Option<Requirement>,
}

/// Decides for one login. `who` is `None` when the upstream's page could not be read: then the
/// default of unknown roles holds, below the ceiling (design.md section 6).
pub fn requirement(
    policy: &PolicyFile,
    who: Option<(&UserType, &Role)>,
    enrolled: bool,
) -> Decision {
    let mode = mode_for(policy, who);
    let asked = |mode: Mode| match (mode, enrolled) {
        (Mode::Off | Mode::Observe, _) | (Mode::Optional, false) => Requirement::Nothing,
        (Mode::Optional | Mode::Required, true) => Requirement::Verify,
        (Mode::Required, false) => Requirement::Activate,
    };
    let would_require = (mode == Mode::Observe).then(|| asked(Mode::Required));
    Decision {
        requirement: asked(mode),
        mode,
        would_require,
    }
}

/// The mode in force: the closest rule (role and type, role, type), else the default, and never
/// above the ceiling.
pub fn mode_for(policy: &PolicyFile, who: Option<(&UserType, &Role)>) -> Mode {
    policy.mode_for(who.map(|(t, _)| t.as_str()), who.map(|(_, r)| r.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::policy_file::{Rule, Subject};
    use proptest::prelude::*;

    fn rule(user_type: Option<&str>, role: Option<&str>, mode: Mode) -> Rule {
        let subject = Subject {
            user_type: user_type.map(|t| UserType::parse(t).unwrap()),
            role: role.map(|r| Role::parse(r).unwrap()),
        };
        Rule { subject, mode }
    }

    fn who(user_type: &str, role: &str) -> (UserType, Role) {
        (
            UserType::parse(user_type).unwrap(),
            Role::parse(role).unwrap(),
        )
    }

    const MODES: [Mode; 4] = [Mode::Off, Mode::Observe, Mode::Optional, Mode::Required];

    #[test]
    fn the_most_specific_rule_holds() {
        let policy = PolicyFile {
            default: Mode::Required,
            ceiling: Mode::Required,
            rules: vec![
                rule(Some("penyedia"), None, Mode::Optional),
                rule(None, Some("Auditor"), Mode::Observe),
                rule(Some("penyedia"), Some("Auditor"), Mode::Off),
            ],
        };
        let mode = |t: &str, r: &str| {
            let (t, r) = who(t, r);
            mode_for(&policy, Some((&t, &r)))
        };
        assert_eq!(mode("penyedia", "Auditor"), Mode::Off);
        assert_eq!(mode("non", "Auditor"), Mode::Observe);
        assert_eq!(mode("penyedia", "Penyedia"), Mode::Optional);
        assert_eq!(mode("non", "Peran Baru"), Mode::Required);
        assert_eq!(mode_for(&policy, None), Mode::Required);
    }

    #[test]
    fn every_mode_asks_what_the_table_says() {
        use Requirement::{Activate, Nothing, Verify};
        for (mode, fresh, enrolled) in [
            (Mode::Off, Nothing, Nothing),
            (Mode::Observe, Nothing, Nothing),
            (Mode::Optional, Nothing, Verify),
            (Mode::Required, Activate, Verify),
        ] {
            let policy = PolicyFile {
                default: mode,
                ceiling: Mode::Required,
                rules: vec![],
            };
            assert_eq!(requirement(&policy, None, false).requirement, fresh);
            assert_eq!(requirement(&policy, None, true).requirement, enrolled);
        }
    }

    proptest! {
        /// Never above the ceiling; with the ceiling away, never weaker than the rule that holds.
        #[test]
        fn the_ceiling_only_lowers(
            default in 0usize..4, ceiling in 0usize..4, ruled in 0usize..4, enrolled: bool,
        ) {
            let policy = PolicyFile {
                default: MODES[default], ceiling: MODES[ceiling],
                rules: vec![rule(None, Some("R"), MODES[ruled])],
            };
            let (t, r) = who("t", "R");
            let decision = requirement(&policy, Some((&t, &r)), enrolled);
            prop_assert_eq!(decision.mode, MODES[ruled].min(MODES[ceiling]));
            let unknown = requirement(&policy, None, enrolled);
            prop_assert_eq!(unknown.mode, MODES[default].min(MODES[ceiling]));
            if decision.mode <= Mode::Observe {
                prop_assert_eq!(decision.requirement, Requirement::Nothing);
            }
            prop_assert_eq!(decision.would_require.is_some(), decision.mode == Mode::Observe);
        }
    }
}
