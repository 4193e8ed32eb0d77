//! Acts on the policy: what an admin may do with it, and what is refused.

mod check;

use super::plan::set_rule;
use super::{Change, Flip, Freeze, Glass, Held, PolicyState, Rollback, Signature, Watch};
use crate::domain::policy_file::{Demand, DemandError, Mode, Proof, Subject};
use crate::primitives::{Role, UnixSeconds, UserType};
use check::{check_ahead, check_change, check_span, remove};
use serde::{Deserialize, Serialize};

/// Longest freeze in seconds: 31 days. A longer one is a policy, not a window.
pub const FREEZE_SECONDS_MAX: u64 = 31 * 86_400;
/// Longest break glass in seconds: one day.
pub const GLASS_SECONDS_MAX: u64 = 86_400;
/// Longest time in which a change may take itself back, in minutes: one day.
pub const ROLLBACK_MINUTES_MAX: u32 = 24 * 60;
/// How far ahead anything may be planned, in seconds: two years. Beyond it is a slip of the finger.
pub const AHEAD_SECONDS_MAX: u64 = 2 * 366 * 86_400;

/// One act.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub enum Act {
    /// Changes rules at once.
    Set {
        /// What.
        change: Change,
        /// When it takes itself back.
        rollback: Option<Rollback>,
    },
    /// Changes the ceiling.
    Ceiling {
        /// The new one.
        mode: Mode,
    },
    /// Plans a change.
    Schedule {
        /// When.
        at: UnixSeconds,
        /// What.
        change: Change,
        /// When it takes itself back.
        rollback: Option<Rollback>,
    },
    /// Takes a planned change back.
    Unschedule {
        /// Which.
        id: u32,
    },
    /// Plans a freeze.
    Freeze {
        /// First second; now at the earliest.
        from: UnixSeconds,
        /// First second after it.
        until: UnixSeconds,
    },
    /// Takes a freeze back; one that is under way ends now.
    Thaw {
        /// Which.
        id: u32,
    },
    /// Break glass.
    BreakGlass {
        /// The ceiling meanwhile.
        ceiling: Mode,
        /// First second after it.
        until: UnixSeconds,
    },
    /// Ends break glass.
    MendGlass,
    /// Takes a watched change back: too many logins failed.
    RollBack {
        /// Which.
        id: u32,
    },
}

/// Why an act was refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ActError {
    /// A time that is past.
    #[error("{what} is in the past")]
    Past {
        /// Which.
        what: &'static str,
    },
    /// A time too far ahead.
    #[error("{what} is more than two years ahead")]
    Far {
        /// Which.
        what: &'static str,
    },
    /// The end is not after the beginning.
    #[error("the end is not after the beginning")]
    Order,
    /// Longer than allowed.
    #[error("{what} may last {max_hours} hours at most")]
    Long {
        /// What.
        what: &'static str,
        /// Hours.
        max_hours: u64,
    },
    /// Parts that do not fit together.
    #[error(transparent)]
    Demand(#[from] DemandError),
    /// Nobody was named.
    #[error("it is for nobody: name at least one role or user type")]
    Nobody,
    /// The same subject twice.
    #[error("the same role and user type stand there twice")]
    Twice,
    /// Nothing with this number.
    #[error("there is no {what} with the number {id}")]
    Unknown {
        /// What.
        what: &'static str,
        /// The number.
        id: u32,
    },
    /// The limits of a roll-back make no sense.
    #[error("a roll-back needs 1 to 99 percent, 1 to 1440 minutes and at least 5 accounts")]
    Rollback,
    /// Break glass must lower the ceiling.
    #[error("the ceiling is {now:?} already; break glass can only lower it")]
    GlassNotLower {
        /// The ceiling.
        now: Mode,
    },
    /// Break glass without a reason.
    #[error("a reason has to be given")]
    NoReason,
}

impl PolicyState {
    /// The policy after an act.
    ///
    /// # Errors
    /// [`ActError`]; nothing changes then.
    pub fn after(
        &self,
        act: &Act,
        signature: &Signature,
        now: UnixSeconds,
    ) -> Result<Self, ActError> {
        if signature.reason.trim().is_empty() {
            return Err(ActError::NoReason);
        }
        let mut next = self.clone();
        next.settle(now);
        match act {
            Act::Set { change, rollback } => {
                check_change(change, *rollback, &next.rules, now)?;
                next.change(change, *rollback, now);
            }
            Act::Ceiling { mode } => next.rules.ceiling = *mode,
            Act::Schedule {
                at,
                change,
                rollback,
            } => next.plan(*at, change, *rollback, (signature, now))?,
            Act::Unschedule { id } => {
                let what = "planned change";
                remove(&mut next.flips, what, *id, |flip| flip.id)?;
            }
            Act::Freeze { from, until } => next.freeze(*from, *until, (signature, now))?,
            Act::Thaw { id } => next.thaw(*id, now)?,
            Act::BreakGlass { ceiling, until } => {
                check_span("break glass", (now, *until), GLASS_SECONDS_MAX, now)?;
                if *ceiling >= next.rules.ceiling {
                    let now = next.rules.ceiling;
                    return Err(ActError::GlassNotLower { now });
                }
                next.glass = Some(Glass {
                    ceiling: *ceiling,
                    until: *until,
                    signature: signature.clone(),
                });
            }
            Act::MendGlass => next.glass = None,
            Act::RollBack { id } => {
                let watch = remove(&mut next.watches, "watched change", *id, |w| w.id)?;
                for (subject, demand) in &watch.before {
                    next.take_back(subject, *demand, now);
                }
                next.unwatch(watch.before.iter().map(|(subject, _)| subject));
            }
        }
        next.hold(now);
        next.revision = self.revision.saturating_add(1);
        Ok(next)
    }

    /// What time has brought: planned changes that are due become rules, what is over is dropped.
    /// Nothing else is in force afterwards than before. Whether anything was to be done.
    pub fn settle(&mut self, now: UnixSeconds) -> bool {
        let before = self.clone();
        self.hold(now);
        while let Some(due) = self.flips.iter().position(|flip| flip.at <= now) {
            let flip = self.flips.remove(due);
            self.change(&flip.change, flip.rollback, flip.at);
        }
        let frozen = self.frozen_since(now);
        self.freezes.retain(|freeze| {
            freeze.until > now || frozen.is_some_and(|since| freeze.from >= since)
        });
        self.held.retain(|held| frozen == Some(held.since));
        self.glass.take_if(|glass| glass.until <= now);
        self.watches.retain(|watch| watch.until() > now);
        *self != before
    }

    /// Keeps what the freeze under way protects: called before and after every change.
    fn hold(&mut self, now: UnixSeconds) {
        let Some(since) = self.frozen_since(now) else {
            return;
        };
        let mut held: Vec<Held> = self
            .held_since(since, now)
            .into_iter()
            .chain([(now, self.rules_at(now))])
            .map(|(at, rules)| Held {
                since,
                at,
                rules: rules.into_owned(),
            })
            .collect();
        // The freeze's own first second stays: an exemption given in it counts from there.
        held.dedup_by(|next, first| next.rules == first.rules && next.at != since);
        self.held = held;
    }

    fn change(&mut self, change: &Change, rollback: Option<Rollback>, since: UnixSeconds) {
        let own = |subject: &Subject| {
            if *subject == Subject::default() {
                return Some(self.rules.default);
            }
            let mut rules = self.rules.rules.iter();
            rules.find(|r| r.subject == *subject).map(|r| r.demand)
        };
        let before = change
            .subjects
            .iter()
            .map(|s| (s.clone(), own(s)))
            .collect();
        self.unwatch(change.subjects.iter());
        if let Some(rollback) = rollback {
            let id = self.number();
            self.watches.push(Watch {
                id,
                since,
                rollback,
                before,
            });
        }
        self.rules = change.applied_to(&self.rules);
    }

    fn plan(
        &mut self,
        at: UnixSeconds,
        change: &Change,
        rollback: Option<Rollback>,
        (signature, now): (&Signature, UnixSeconds),
    ) -> Result<(), ActError> {
        check_ahead("the time", at, now)?;
        check_change(change, rollback, &self.rules, now)?;
        let mut change = change.clone();
        if let Some(demand) = &mut change.demand
            && demand.mode == Mode::Required
        {
            // Its own time is the start date, so that first use is not trusted for ever.
            demand.from.get_or_insert(at);
        }
        let id = self.number();
        self.flips.push(Flip {
            id,
            at,
            change,
            rollback,
            signature: signature.clone(),
        });
        // Of several at the same time the one planned last has the last word.
        self.flips.sort_by_key(|flip| (flip.at, flip.id));
        Ok(())
    }

    fn freeze(
        &mut self,
        from: UnixSeconds,
        until: UnixSeconds,
        (signature, now): (&Signature, UnixSeconds),
    ) -> Result<(), ActError> {
        check_span("a freeze", (from, until), FREEZE_SECONDS_MAX, now)?;
        let id = self.number();
        let signature = signature.clone();
        self.freezes.push(Freeze {
            id,
            from,
            until,
            signature,
        });
        // Several without a gap are one.
        let too_long = |freeze: &Freeze| {
            let last = UnixSeconds(freeze.until.0.saturating_sub(1));
            let since = self.frozen_since(last).unwrap_or(freeze.from);
            freeze.until.since(since) > FREEZE_SECONDS_MAX
        };
        if self.freezes.iter().any(too_long) {
            let max_hours = FREEZE_SECONDS_MAX / 3600;
            let what = "a freeze together with those that touch it";
            return Err(ActError::Long { what, max_hours });
        }
        Ok(())
    }

    fn thaw(&mut self, id: u32, now: UnixSeconds) -> Result<(), ActError> {
        let what = "freeze";
        let mut found = self.freezes.iter_mut().filter(|f| f.until > now);
        let Some(freeze) = found.find(|freeze| freeze.id == id) else {
            return Err(ActError::Unknown { what, id });
        };
        if freeze.from >= now {
            remove(&mut self.freezes, what, id, |freeze| freeze.id)?;
        } else {
            // Kept: it may touch another one that goes on.
            freeze.until = now;
        }
        Ok(())
    }

    /// Puts a subject's rule back, but never asks less than `optional`: somebody with many stolen
    /// passwords could fail on purpose to bring a roll-back about, and those who have activated
    /// must not be open to him then.
    /// For the same reason a code stays due for activations where one was due.
    fn take_back(&mut self, subject: &Subject, demand: Option<Demand>, now: UnixSeconds) {
        let user_type = subject.user_type.as_ref().map(UserType::as_str);
        let role = subject.role.as_ref().map(Role::as_str);
        let taken = self.rules.demand_for(user_type, role);
        let started = taken.from.is_some_and(|from| from <= now);
        let due = match taken.proof {
            Proof::FirstUse if started => Proof::Email,
            proof => proof,
        };
        set_rule(&mut self.rules, subject, demand);
        let old = self.rules.demand_for(user_type, role);
        let kept = Demand {
            mode: old.mode.max(Mode::Optional),
            proof: old.proof.max(due),
            approval: old.approval.max(taken.approval),
            ..old
        };
        if kept != old {
            set_rule(&mut self.rules, subject, Some(kept));
        }
    }

    /// What is changed once more is not put back to what stood there before the first change.
    fn unwatch<'s>(&mut self, subjects: impl Iterator<Item = &'s Subject>) {
        let changed: Vec<&Subject> = subjects.collect();
        for watch in &mut self.watches {
            watch
                .before
                .retain(|(subject, _)| !changed.contains(&subject));
        }
        self.watches.retain(|watch| !watch.before.is_empty());
    }

    fn number(&mut self) -> u32 {
        let number = self.next_id;
        self.next_id = number.saturating_add(1);
        number
    }
}
