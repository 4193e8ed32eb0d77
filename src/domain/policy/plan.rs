//! What is planned and what is kept beside the rules: changes, freezes, broken glass, watches.

use crate::domain::policy_file::{Demand, Mode, PolicyFile, Rule, Subject};
use crate::primitives::UnixSeconds;
use serde::{Deserialize, Serialize};

/// Who did something and why; stands beside everything that was planned or changed.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Signature {
    /// Names of the admins.
    pub by: Vec<String>,
    /// In their words.
    pub reason: String,
}

/// The same demand for one or several subjects.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Change {
    /// For whom; the empty subject stands for everybody whom no rule fits.
    pub subjects: Vec<Subject>,
    /// `None` takes their rules away.
    pub demand: Option<Demand>,
}

/// When a change takes itself back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rollback {
    /// More than so many percent of the accounts that tried to log in did not get in.
    pub percent: u8,
    /// Within so many minutes after the change.
    pub minutes: u32,
    /// Not before so many accounts have tried.
    pub least: u32,
}

/// A change that waits for its time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Flip {
    /// Number, for taking it back.
    pub id: u32,
    /// When it holds.
    pub at: UnixSeconds,
    /// What.
    pub change: Change,
    /// When it takes itself back.
    pub rollback: Option<Rollback>,
    /// Who planned it.
    pub signature: Signature,
}

/// A window in which nothing becomes stricter for the user types that are protected.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Freeze {
    /// Number, for taking it back.
    pub id: u32,
    /// First second.
    pub from: UnixSeconds,
    /// First second after it.
    pub until: UnixSeconds,
    /// Who planned it.
    pub signature: Signature,
}

/// Rules that were in force at some time of the freeze under way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Held {
    /// When the freeze began.
    pub since: UnixSeconds,
    /// When they came into force, its beginning at the earliest.
    pub at: UnixSeconds,
    /// The rules then.
    pub rules: PolicyFile,
}

/// Break glass: a lower ceiling for a limited time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Glass {
    /// The ceiling meanwhile.
    pub ceiling: Mode,
    /// First second after it.
    pub until: UnixSeconds,
    /// Who broke it.
    pub signature: Signature,
}

/// A change that is watched, to be taken back.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Watch {
    /// Number.
    pub id: u32,
    /// When the change began to hold.
    pub since: UnixSeconds,
    /// When it is taken back.
    pub rollback: Rollback,
    /// What stood there before: the demand of each subject's own rule, if it had one.
    pub before: Vec<(Subject, Option<Demand>)>,
}

impl Watch {
    /// First second in which it is not watched any more.
    pub fn until(&self) -> UnixSeconds {
        self.since.plus(u64::from(self.rollback.minutes) * 60)
    }
}

impl Change {
    /// The rules after it.
    pub fn applied_to(&self, rules: &PolicyFile) -> PolicyFile {
        let mut rules = rules.clone();
        for subject in &self.subjects {
            set_rule(&mut rules, subject, self.demand);
        }
        rules
    }
}

/// Puts or removes the rule of one subject.
pub(super) fn set_rule(rules: &mut PolicyFile, subject: &Subject, demand: Option<Demand>) {
    if *subject == Subject::default() {
        // Nothing said means required.
        rules.default = demand.unwrap_or_default();
        return;
    }
    rules.rules.retain(|rule| rule.subject != *subject);
    if let Some(demand) = demand {
        let subject = subject.clone();
        rules.rules.push(Rule { subject, demand });
        rules.rules.sort_by(|a, b| a.subject.cmp(&b.subject));
    }
}
