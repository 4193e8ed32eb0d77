//! What a policy says, as plain data: a demand for everybody, a ceiling, and rules by user type and
//! role. The configuration gives the first one; later the store holds it ([`super::policy`]).

use crate::domain::approval::Confirm;
use crate::primitives::{Role, UnixSeconds, UserType};
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
    /// As optional, and whoever has not activated is asked to after the password; he may put it off.
    Encouraged,
    /// Activation before anything else. What holds when nobody says otherwise.
    #[default]
    Required,
}

impl Mode {
    /// Every mode with the word that files use for it.
    pub const WORDS: [(&'static str, Self); 5] = [
        ("off", Self::Off),
        ("observe", Self::Observe),
        ("optional", Self::Optional),
        ("encouraged", Self::Encouraged),
        ("required", Self::Required),
    ];

    /// The word that files use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Observe => "observe",
            Self::Optional => "optional",
            Self::Encouraged => "encouraged",
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

    /// Of things that are each for somebody, the one that fits an account most closely.
    pub fn closest<'a, T>(
        all: &'a [T],
        subject: impl Fn(&T) -> &Self,
        user_type: Option<&str>,
        role: Option<&str>,
    ) -> Option<&'a T> {
        let fitting = all
            .iter()
            .filter_map(|one| Some((subject(one).fit(user_type, role)?, one)));
        fitting
            .max_by_key(|(closeness, _)| *closeness)
            .map(|(_, found)| found)
    }
}

/// Whose word an activation takes that follows the password alone: thousands of passwords have
/// leaked, so whoever comes first need not be the owner (design.md section 5).
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// Whoever logs in first before the start date of the role; after it a code as for `email`.
    #[default]
    FirstUse,
    /// A code that was mailed to the registered address, or one from the help desk, always.
    Email,
    /// A code from the help desk, always; mail proves nothing.
    Counter,
}

impl Proof {
    /// Every value with the word that files use for it.
    pub const WORDS: [(&'static str, Self); 3] = [
        ("first-use", Self::FirstUse),
        ("email", Self::Email),
        ("counter", Self::Counter),
    ];

    /// The word that files use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FirstUse => "first-use",
            Self::Email => "email",
            Self::Counter => "counter",
        }
    }
}

/// What becomes of a login whose page cannot be read because the application was updated and the
/// profile does not fit any more.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Unread {
    /// The password alone is enough until the profile fits again.
    Open,
    /// It is refused (invariant I8).
    #[default]
    Closed,
}

impl Unread {
    /// Every value with the word that files use for it.
    pub const WORDS: [(&'static str, Self); 2] = [("closed", Self::Closed), ("open", Self::Open)];

    /// The word that files use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

/// What is asked of some accounts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Demand {
    /// How much.
    pub mode: Mode,
    /// `required`: its start date; before it the mode is `encouraged`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<UnixSeconds>,
    /// `encouraged`: how often one account may put the activation off; no number, no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skips: Option<u32>,
    /// `encouraged`: until when it may be put off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<UnixSeconds>,
    /// Whose word an activation takes.
    #[serde(default)]
    pub proof: Proof,
    /// What becomes of logins whose page cannot be read.
    #[serde(default)]
    pub unread: Unread,
    /// What a phone has to do to approve a login.
    #[serde(default, skip_serializing_if = "is_number")]
    pub approval: Confirm,
}

/// Left out where it says what holds anyway: rules of before read the same.
fn is_number(approval: &Confirm) -> bool {
    *approval == Confirm::Number
}

impl From<Mode> for Demand {
    fn from(mode: Mode) -> Self {
        Self {
            mode,
            ..Self::default()
        }
    }
}

/// Why a demand means nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DemandError {
    /// A start date for another mode.
    #[error("a start date (`from`) belongs to the mode `required` alone")]
    FromWithoutRequired,
    /// Limits of putting it off for another mode.
    #[error("`skips` and `until` belong to the mode `encouraged` alone")]
    LimitsWithoutEncouraged,
    /// Skips that somebody with the password can use up, and then only the counter helps.
    #[error(
        "`skips` do not go with the proof `counter`: whoever knows a password could use them up, \
         and its owner would have to come to the counter at once; give `until`"
    )]
    SkipsWithCounter,
}

impl Demand {
    /// Whether its parts fit together.
    ///
    /// # Errors
    /// [`DemandError`].
    pub fn check(&self) -> Result<(), DemandError> {
        if self.from.is_some() && self.mode != Mode::Required {
            return Err(DemandError::FromWithoutRequired);
        }
        if (self.skips.is_some() || self.until.is_some()) && self.mode != Mode::Encouraged {
            return Err(DemandError::LimitsWithoutEncouraged);
        }
        if self.skips.is_some() && self.proof == Proof::Counter {
            return Err(DemandError::SkipsWithCounter);
        }
        Ok(())
    }
}

/// A demand for some accounts.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rule {
    /// Whom it is for.
    pub subject: Subject,
    /// What is asked of them.
    #[serde(flatten)]
    pub demand: Demand,
}

/// The rules of a site.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct PolicyFile {
    /// For accounts that no rule fits, roles that the profile does not know included.
    pub default: Demand,
    /// No account is asked for more than this.
    pub ceiling: Mode,
    /// No two for the same subject.
    pub rules: Vec<Rule>,
}

impl PolicyFile {
    /// The rule that fits an account most closely.
    pub fn rule_for(&self, user_type: Option<&str>, role: Option<&str>) -> Option<&Rule> {
        Subject::closest(&self.rules, |rule| &rule.subject, user_type, role)
    }

    /// What is asked of an account: its rule or the default, the ceiling not counted.
    pub fn demand_for(&self, user_type: Option<&str>, role: Option<&str>) -> Demand {
        self.rule_for(user_type, role)
            .map_or(self.default, |rule| rule.demand)
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
        Rule {
            subject,
            demand: mode.into(),
        }
    }

    fn policy() -> PolicyFile {
        PolicyFile {
            default: Mode::Required.into(),
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
                policy().demand_for(user_type, role).mode,
                want,
                "{user_type:?} {role:?}"
            );
            assert_eq!(
                backwards.demand_for(user_type, role).mode,
                want,
                "{user_type:?} {role:?}"
            );
        }
    }

    #[test]
    fn nothing_said_means_required() {
        assert_eq!(
            PolicyFile::default().demand_for(Some("x"), Some("y")),
            Mode::Required.into()
        );
    }

    #[test]
    fn words_and_stored_form_are_the_same() {
        for (word, mode) in Mode::WORDS {
            assert_eq!(mode.as_str(), word);
            assert_eq!(serde_json::to_string(&mode).unwrap(), format!("\"{word}\""));
        }
    }

    #[test]
    fn the_parts_of_a_demand_fit_together() {
        let at = Some(UnixSeconds(9));
        for mode in Mode::WORDS.map(|(_, mode)| mode) {
            let plain = Demand::from(mode);
            assert_eq!(plain.check(), Ok(()));
            let started = Demand { from: at, ..plain };
            assert_eq!(started.check().is_ok(), mode == Mode::Required, "{mode:?}");
            let counted = Demand {
                skips: Some(3),
                ..plain
            };
            assert_eq!(
                counted.check().is_ok(),
                mode == Mode::Encouraged,
                "{mode:?}"
            );
            let at_counter = Demand {
                proof: Proof::Counter,
                ..counted
            };
            assert!(at_counter.check().is_err());
            let dated = Demand { until: at, ..plain };
            assert_eq!(dated.check().is_ok(), mode == Mode::Encouraged, "{mode:?}");
        }
    }
}
