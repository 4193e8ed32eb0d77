//! What a policy says, as plain data: a mode for everybody, a ceiling, and rules by user type and
//! role. Read from the configuration at first, later from the store.

use crate::primitives::{Role, UserType};
use serde::{Deserialize, Serialize};

/// How much is asked of a role. Ordered: a later one asks more.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Nothing; the password alone.
    Off,
    /// Nothing, not a changed byte; what would have been done is recorded.
    Observe,
    /// Who has activated a second factor must use it; nobody has to activate.
    Optional,
    /// Activation before anything else. What holds when nobody says otherwise.
    #[default]
    Required,
}

impl Mode {
    /// Every mode with the word that files use for it.
    pub const WORDS: [(&'static str, Self); 4] = [
        ("off", Self::Off),
        ("observe", Self::Observe),
        ("optional", Self::Optional),
        ("required", Self::Required),
    ];

    /// The word that files use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Observe => "observe",
            Self::Optional => "optional",
            Self::Required => "required",
        }
    }
}

/// Whom something is said about. `None` means any.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Subject {
    /// Only accounts of this type.
    pub user_type: Option<UserType>,
    /// Only accounts in this role.
    pub role: Option<Role>,
}

impl Subject {
    /// How closely this fits an account, or `None` when it does not: a role and a type (3) before
    /// a role (2) before a type (1) before everybody (0). What is not known of the account
    /// (`None`) is met only by "any".
    pub fn fit(&self, user_type: Option<&str>, role: Option<&str>) -> Option<u8> {
        let by_type = match &self.user_type {
            None => 0,
            Some(wanted) if Some(wanted.as_str()) == user_type => 1,
            Some(_) => return None,
        };
        let by_role = match &self.role {
            None => 0,
            Some(wanted) if Some(wanted.as_str()) == role => 2,
            Some(_) => return None,
        };
        Some(by_type + by_role)
    }
}

/// A mode for some accounts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rule {
    /// Whom it is for.
    pub subject: Subject,
    /// What is asked of them.
    pub mode: Mode,
}

/// The whole policy of a site.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct PolicyFile {
    /// For accounts that no rule fits, roles that the profile does not know included.
    pub default: Mode,
    /// No account is asked for more than this.
    pub ceiling: Mode,
    /// No two for the same subject.
    pub rules: Vec<Rule>,
}

impl PolicyFile {
    /// The rule that fits an account most closely.
    pub fn rule_for(&self, user_type: Option<&str>, role: Option<&str>) -> Option<&Rule> {
        let fitting = self.rules.iter().filter_map(|rule| {
            rule.subject
                .fit(user_type, role)
                .map(|closeness| (closeness, rule))
        });
        fitting
            .max_by_key(|(closeness, _)| *closeness)
            .map(|(_, rule)| rule)
    }

    /// What is asked of an account: its rule or the default, but no more than the ceiling.
    pub fn mode_for(&self, user_type: Option<&str>, role: Option<&str>) -> Mode {
        self.rule_for(user_type, role)
            .map_or(self.default, |rule| rule.mode)
            .min(self.ceiling)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(user_type: Option<&str>, role: Option<&str>, mode: Mode) -> Rule {
        let subject = Subject {
            user_type: user_type.map(|text| UserType::parse(text).unwrap()),
            role: role.map(|text| Role::parse(text).unwrap()),
        };
        Rule { subject, mode }
    }

    fn policy() -> PolicyFile {
        PolicyFile {
            default: Mode::Required,
            ceiling: Mode::Required,
            rules: vec![
                rule(Some("non-penyedia"), None, Mode::Observe),
                rule(None, Some("Auditor"), Mode::Optional),
                rule(Some("non-penyedia"), Some("Auditor"), Mode::Off),
            ],
        }
    }

    #[test]
    fn the_closest_rule_wins_in_any_order() {
        let cases = [
            (Some("non-penyedia"), Some("Auditor"), Mode::Off),
            (Some("penyedia"), Some("Auditor"), Mode::Optional),
            (None, Some("Auditor"), Mode::Optional),
            (Some("non-penyedia"), Some("Helpdesk"), Mode::Observe),
            (Some("non-penyedia"), None, Mode::Observe),
            (Some("penyedia"), Some("Penyedia"), Mode::Required),
            (None, None, Mode::Required),
        ];
        let mut backwards = policy();
        backwards.rules.reverse();
        for (user_type, role, want) in cases {
            assert_eq!(
                policy().mode_for(user_type, role),
                want,
                "{user_type:?} {role:?}"
            );
            assert_eq!(
                backwards.mode_for(user_type, role),
                want,
                "{user_type:?} {role:?}"
            );
        }
    }

    #[test]
    fn the_ceiling_only_lowers() {
        let watched = PolicyFile {
            ceiling: Mode::Observe,
            ..policy()
        };
        assert_eq!(watched.mode_for(None, None), Mode::Observe);
        assert_eq!(
            watched.mode_for(Some("non-penyedia"), Some("Auditor")),
            Mode::Off
        );
    }

    #[test]
    fn nothing_said_means_required() {
        assert_eq!(
            PolicyFile::default().mode_for(Some("x"), Some("y")),
            Mode::Required
        );
    }

    #[test]
    fn words_and_stored_form_are_the_same() {
        for (word, mode) in Mode::WORDS {
            assert_eq!(mode.as_str(), word);
            assert_eq!(serde_json::to_string(&mode).unwrap(), format!("\"{word}\""));
        }
    }
}
