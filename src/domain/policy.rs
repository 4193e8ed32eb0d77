//! The policy as the store holds it: rules, what was planned, and what is in force for one account at
//! one moment (design.md section 6).
//!
//! Four things lie over each other, each of which can only lower what the one before it says:
//! the closest rule at that time → an exemption → the ceiling → a freeze → break glass. A freeze is
//! different in kind: it looks at what was in force when it began, so that nothing becomes stricter
//! for whom it protects while a tender closes.

pub mod act;
mod plan;
#[cfg(test)]
mod tests;

use crate::domain::approval::Confirm;
use crate::domain::policy_file::{Demand, Mode, PolicyFile, Proof, Subject, Unread};
use crate::primitives::{Role, UnixSeconds, UserType};
pub use plan::{Change, Flip, Freeze, Glass, Held, Rollback, Signature, Watch};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The whole policy.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct PolicyState {
    /// Grows with every change; who changes it names the one that he saw.
    pub revision: u64,
    /// The rules.
    pub rules: PolicyFile,
    /// What is planned, by time.
    pub flips: Vec<Flip>,
    /// Freezes, past ones too as long as they touch the one under way.
    pub freezes: Vec<Freeze>,
    /// What the freeze under way protects, once something was changed in it: the weakest of these
    /// holds, so that what was loosened in a freeze is not tightened again in it.
    pub held: Vec<Held>,
    /// Break glass.
    pub glass: Option<Glass>,
    /// Changes that may be taken back.
    pub watches: Vec<Watch>,
    /// Whom a freeze protects, from the profile.
    pub freeze_types: Vec<UserType>,
    /// Number of the next flip, freeze or watch.
    pub next_id: u32,
}

/// What the policy has to know of an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// Beginning of its exemption.
    pub exempt_since: Option<UnixSeconds>,
    /// End of its exemption.
    pub exempt_until: Option<UnixSeconds>,
    /// How often it put the activation off.
    pub skips: u32,
    /// When it did so last.
    pub last_skip: Option<UnixSeconds>,
}

/// One step on the way to what is in force, for `explain`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "because", rename_all = "kebab-case")]
pub enum Because {
    /// No rule fits.
    Default {
        /// Its mode.
        mode: Mode,
    },
    /// The closest rule.
    Rule {
        /// Whom it is for.
        subject: Subject,
        /// Its mode.
        mode: Mode,
    },
    /// Required, but only from a later time.
    BeforeStart {
        /// The start date.
        from: UnixSeconds,
    },
    /// Encouraged, but the time is over in which it could be put off.
    TimeOver {
        /// When it ended.
        until: UnixSeconds,
    },
    /// Encouraged, but it was put off as often as allowed.
    SkipsUsed {
        /// How often.
        skips: u32,
    },
    /// Exempt: nothing has to be activated.
    Exempt {
        /// Until when.
        until: UnixSeconds,
    },
    /// Below the ceiling.
    Ceiling {
        /// The ceiling.
        mode: Mode,
    },
    /// A freeze keeps what was in force when it began.
    Frozen {
        /// When it began.
        since: UnixSeconds,
        /// What would hold without it.
        without: Mode,
    },
    /// Break glass.
    Glass {
        /// The ceiling meanwhile.
        mode: Mode,
        /// Until when.
        until: UnixSeconds,
    },
}

/// What is in force for one account at one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InForce {
    /// The mode, after everything.
    pub mode: Mode,
    /// Whether an activation after the password alone needs a code, mailed or of the help desk.
    pub proof_due: bool,
    /// Whether a code that was mailed to the registered address is one.
    pub by_mail: bool,
    /// `encouraged`: how often it may still be put off; `None` without a limit.
    pub skips_left: Option<u32>,
    /// `encouraged`: until when it may be put off.
    pub until: Option<UnixSeconds>,
    /// What becomes of logins whose page cannot be read.
    pub unread: Unread,
    /// What a phone has to do to approve a login.
    pub approval: Confirm,
    /// How it came about, first step first.
    pub because: Vec<Because>,
}

/// Who is asked about; `None` when the upstream's page could not be read.
pub type Who<'a> = Option<(&'a UserType, &'a Role)>;

impl PolicyState {
    /// The first policy, from the configuration.
    pub fn first(rules: PolicyFile, freeze_types: Vec<UserType>) -> Self {
        Self {
            revision: 1,
            rules,
            freeze_types,
            next_id: 1,
            ..Self::default()
        }
    }

    /// The rules at a time: those that stand there, and what was planned up to then.
    pub fn rules_at(&self, at: UnixSeconds) -> Cow<'_, PolicyFile> {
        let mut rules = Cow::Borrowed(&self.rules);
        for flip in self.flips.iter().filter(|flip| flip.at <= at) {
            rules = Cow::Owned(flip.change.applied_to(&rules));
        }
        rules
    }

    /// When the freeze began that is under way; one that another one follows without a gap is the
    /// same freeze.
    pub fn frozen_since(&self, now: UnixSeconds) -> Option<UnixSeconds> {
        let under_way = |freeze: &&Freeze| freeze.from <= now && now < freeze.until;
        let mut since = self
            .freezes
            .iter()
            .filter(under_way)
            .map(|f| f.from)
            .min()?;
        let before = |since| {
            let touching = |freeze: &&Freeze| freeze.from < since && since <= freeze.until;
            self.freezes.iter().filter(touching).map(|f| f.from).min()
        };
        while let Some(earlier) = before(since) {
            since = earlier;
        }
        Some(since)
    }

    /// What is in force for an account. `file` is the glass that a file of root broke.
    pub fn in_force(
        &self,
        who: Who<'_>,
        facts: Facts,
        file: Option<&Glass>,
        now: UnixSeconds,
    ) -> InForce {
        let mut result = resolve(&self.rules_at(now), who, facts, now);
        let protected = who.is_some_and(|(user_type, _)| self.freeze_types.contains(user_type));
        if let Some(since) = self.frozen_since(now).filter(|_| protected) {
            for (at, rules) in self.held_since(since, now) {
                result.keep_weaker(resolve(&rules, who, facts.at(at, since), at), since);
            }
        }
        for glass in self.glass.iter().chain(file) {
            if now < glass.until && glass.ceiling < result.mode {
                result.mode = glass.ceiling;
                result.because.push(Because::Glass {
                    mode: glass.ceiling,
                    until: glass.until,
                });
            }
        }
        result
    }

    /// Everything that was in force in the freeze that began at `since`, with the time when it came.
    /// Time alone only ever makes rules stricter, so their first moment is the one that counts.
    fn held_since(
        &self,
        since: UnixSeconds,
        now: UnixSeconds,
    ) -> Vec<(UnixSeconds, Cow<'_, PolicyFile>)> {
        let held = self.held.iter().filter(|held| held.since == since);
        let mut all: Vec<_> = held.map(|h| (h.at, Cow::Borrowed(&h.rules))).collect();
        if all.is_empty() {
            // What comes at its very first second comes in it: what held before is a measure too.
            for at in [UnixSeconds(since.0.saturating_sub(1)), since] {
                all.push((at, self.rules_at(at)));
            }
        }
        let planned = self.flips.iter().map(|flip| flip.at);
        let passed = planned.filter(|at| since < *at && *at <= now);
        all.extend(passed.map(|at| (at, self.rules_at(at))));
        all
    }

    /// The ceiling over everybody at a time.
    pub fn ceiling(&self, file: Option<&Glass>, now: UnixSeconds) -> Mode {
        let glasses = self.glass.iter().chain(file);
        let broken = glasses.filter(|glass| now < glass.until);
        broken
            .map(|glass| glass.ceiling)
            .fold(self.rules.ceiling, Mode::min)
    }

    /// The day that the policy itself sets for accounts of this type and role, past or to come: the
    /// start date of their rule, the end of putting it off, or a planned change to `required`.
    pub fn start_date(
        &self,
        user_type: Option<&str>,
        role: Option<&str>,
        now: UnixSeconds,
    ) -> Option<UnixSeconds> {
        let demand = |at| self.rules_at(at).demand_for(user_type, role);
        let today = demand(now);
        let set = today.from.or(today.until);
        if set.is_some() || today.mode == Mode::Required {
            return set;
        }
        // They stand in the order in which they come.
        let planned = self.flips.iter().map(|flip| flip.at);
        planned.filter(|at| *at > now).find_map(|at| {
            let then = demand(at);
            (then.mode == Mode::Required).then(|| then.from.unwrap_or(at))
        })
    }

    /// Whether anybody at all is asked for a second factor at a time, or may bind one.
    pub fn asks_anybody(&self, file: Option<&Glass>, now: UnixSeconds) -> bool {
        let rules = self.rules_at(now);
        let demands = rules.rules.iter().map(|rule| rule.demand.mode);
        let most = demands.fold(rules.default.mode, Mode::max);
        most.min(self.ceiling(file, now)) > Mode::Observe
    }

    /// Every moment at which something else may be in force without anybody changing anything.
    pub fn boundaries(&self, file: Option<&Glass>) -> Vec<UnixSeconds> {
        let of_rules = |rules: &PolicyFile| -> Vec<UnixSeconds> {
            let demands = rules.rules.iter().map(|rule| rule.demand);
            let demands = demands.chain([rules.default]);
            demands.flat_map(|d| [d.from, d.until]).flatten().collect()
        };
        let mut times = of_rules(&self.rules);
        for flip in &self.flips {
            times.push(flip.at);
            times.extend(
                flip.change
                    .demand
                    .iter()
                    .flat_map(|d| [d.from, d.until])
                    .flatten(),
            );
        }
        for freeze in &self.freezes {
            times.extend([freeze.from, freeze.until]);
        }
        times.extend(self.glass.iter().chain(file).map(|glass| glass.until));
        times.sort_unstable();
        times.dedup();
        times
    }
}

impl Facts {
    /// As far as is known, what they were at an earlier time of the freeze that began at `since`.
    fn at(self, then: UnixSeconds, since: UnixSeconds) -> Self {
        // What was given within the freeze ends when it says, whatever else was changed meanwhile.
        let kept = self.exempt_since.is_none_or(|given| given <= since);
        // How many of the skips were later is not known: then none counts, to the owner's favour.
        let later = self.last_skip.is_some_and(|last| last >= then);
        Self {
            skips: if later { 0 } else { self.skips },
            exempt_until: self.exempt_until.filter(|_| kept),
            ..self
        }
    }
}

/// What rules say of an account at a time: the closest rule, its dates, exemption, ceiling.
fn resolve(rules: &PolicyFile, who: Who<'_>, facts: Facts, at: UnixSeconds) -> InForce {
    let (user_type, role) = (who.map(|(t, _)| t.as_str()), who.map(|(_, r)| r.as_str()));
    let rule = rules.rule_for(user_type, role);
    let demand = rule.map_or(rules.default, |rule| rule.demand);
    let mode = demand.mode;
    let mut result = InForce {
        mode,
        proof_due: match demand.proof {
            Proof::Email | Proof::Counter => true,
            Proof::FirstUse => demand.from.is_some_and(|from| from <= at),
        },
        by_mail: demand.proof != Proof::Counter,
        skips_left: None,
        until: None,
        unread: demand.unread,
        approval: demand.approval,
        because: vec![match rule {
            Some(rule) => Because::Rule {
                subject: rule.subject.clone(),
                mode,
            },
            None => Because::Default { mode },
        }],
    };
    if let Some(from) = demand.from.filter(|from| *from > at) {
        result.mode = Mode::Encouraged;
        result.until = Some(from);
        result.because.push(Because::BeforeStart { from });
    }
    if demand.mode == Mode::Encouraged {
        result.put_off(demand, facts, at);
    }
    let given = facts.exempt_since.is_none_or(|since| since <= at);
    if let Some(until) = facts.exempt_until.filter(|until| given && at < *until)
        && result.mode > Mode::Optional
    {
        result.mode = Mode::Optional;
        result.because.push(Because::Exempt { until });
    }
    if rules.ceiling < result.mode {
        result.mode = rules.ceiling;
        result.because.push(Because::Ceiling {
            mode: rules.ceiling,
        });
    }
    result
}

impl InForce {
    /// `encouraged`: whether it may still be put off.
    fn put_off(&mut self, demand: Demand, facts: Facts, at: UnixSeconds) {
        self.until = demand.until;
        self.skips_left = demand.skips.map(|max| max.saturating_sub(facts.skips));
        if let Some(until) = demand.until.filter(|until| *until <= at) {
            self.mode = Mode::Required;
            self.because.push(Because::TimeOver { until });
        } else if self.skips_left == Some(0) {
            self.mode = Mode::Required;
            self.because.push(Because::SkipsUsed { skips: facts.skips });
        }
    }

    /// Keeps the weaker of what holds now and what held when the freeze began.
    fn keep_weaker(&mut self, before: Self, since: UnixSeconds) {
        let without = self.mode;
        self.proof_due &= before.proof_due;
        self.by_mail |= before.by_mail;
        self.unread = self.unread.min(before.unread);
        self.approval = self.approval.min(before.approval);
        if before.mode < without {
            self.mode = before.mode;
            // How often and until when it may be put off is not counted against him meanwhile.
            self.skips_left = None;
            self.until = None;
            let told = |step: &Because| matches!(step, Because::Frozen { .. });
            if !self.because.iter().any(told) {
                self.because.push(Because::Frozen { since, without });
            }
        }
    }
}
