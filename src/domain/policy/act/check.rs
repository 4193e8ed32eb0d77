//! What an act has to be before it is carried out.

use super::{AHEAD_SECONDS_MAX, ActError, ROLLBACK_MINUTES_MAX};
use crate::domain::policy::{Change, Rollback};
use crate::domain::policy_file::PolicyFile;
use crate::primitives::UnixSeconds;

pub(super) fn check_change(
    change: &Change,
    rollback: Option<Rollback>,
    rules: &PolicyFile,
    now: UnixSeconds,
) -> Result<(), ActError> {
    if change.subjects.is_empty() {
        return Err(ActError::Nobody);
    }
    let mut subjects = change.subjects.clone();
    subjects.sort();
    subjects.dedup();
    if subjects.len() != change.subjects.len() {
        return Err(ActError::Twice);
    }
    if let Some(demand) = &change.demand {
        demand.check()?;
        // A date that stands there already may stay.
        let stands = |time: UnixSeconds| {
            let mut demands = rules
                .rules
                .iter()
                .map(|r| &r.demand)
                .chain([&rules.default]);
            demands.any(|d| d.from == Some(time) || d.until == Some(time))
        };
        for (what, time) in [
            ("the start date", demand.from),
            ("the end date", demand.until),
        ] {
            if let Some(time) = time.filter(|time| !stands(*time)) {
                check_ahead(what, time, now)?;
            }
        }
    }
    let sensible = |r: Rollback| {
        (1..=99).contains(&r.percent)
            && (1..=ROLLBACK_MINUTES_MAX).contains(&r.minutes)
            && r.least >= 5
    };
    if rollback.is_some_and(|rollback| !sensible(rollback)) {
        return Err(ActError::Rollback);
    }
    Ok(())
}

/// A time that has to come; this very second is still good.
pub(super) fn check_ahead(
    what: &'static str,
    time: UnixSeconds,
    now: UnixSeconds,
) -> Result<(), ActError> {
    if time < now {
        return Err(ActError::Past { what });
    }
    if time.since(now) > AHEAD_SECONDS_MAX {
        return Err(ActError::Far { what });
    }
    Ok(())
}

pub(super) fn check_span(
    what: &'static str,
    (from, until): (UnixSeconds, UnixSeconds),
    seconds_max: u64,
    now: UnixSeconds,
) -> Result<(), ActError> {
    check_ahead("the beginning", from, now)?;
    check_ahead("the end", until, now)?;
    if until <= from {
        return Err(ActError::Order);
    }
    if until.since(from) > seconds_max {
        let max_hours = seconds_max / 3600;
        return Err(ActError::Long { what, max_hours });
    }
    Ok(())
}

pub(super) fn remove<T>(
    list: &mut Vec<T>,
    what: &'static str,
    id: u32,
    number: impl Fn(&T) -> u32,
) -> Result<T, ActError> {
    let found = list.iter().position(|item| number(item) == id);
    found
        .map(|at| list.remove(at))
        .ok_or(ActError::Unknown { what, id })
}
