//! The policy function over all combinations.

use super::*;
use crate::domain::policy_file::Rule;
use proptest::prelude::*;
use proptest::sample::select;

/// A demand whose parts fit together, with dates among the first hundred seconds.
fn demands() -> impl Strategy<Value = Demand> {
    let date = proptest::option::of((0u64..100).prop_map(at));
    let proof = select(vec![Proof::FirstUse, Proof::Email, Proof::Counter]);
    (
        select(&MODES[..]),
        date,
        proptest::option::of(0u32..4),
        proof,
    )
        .prop_map(|(mode, date, skips, proof)| Demand {
            from: date.filter(|_| mode == Mode::Required),
            until: date.filter(|_| mode == Mode::Encouraged),
            skips: skips.filter(|_| mode == Mode::Encouraged),
            proof,
            ..mode.into()
        })
}

fn facts() -> impl Strategy<Value = Facts> {
    let date = || proptest::option::of((0u64..100).prop_map(at));
    (date(), date(), 0u32..4, date()).prop_map(|(exempt_since, exempt_until, skips, last)| Facts {
        exempt_since,
        exempt_until,
        skips: if last.is_some() { skips } else { 0 },
        last_skip: last.filter(|_| skips > 0),
    })
}

/// Acts at rising times; those that are refused are left out by who applies them.
fn acts() -> impl Strategy<Value = Vec<(u64, Act)>> {
    let subjects = select(vec![
        vec![Subject::default()],
        vec![subject(vendor())],
        vec![subject(vendor()), subject(official())],
    ]);
    let change = (subjects, proptest::option::of(demands()))
        .prop_map(|(subjects, demand)| Change { subjects, demand })
        .boxed();
    let rollback = None;
    let act = prop_oneof![
        4 => change.clone().prop_map(move |change| Act::Set { change, rollback }),
        2 => (change, 0u64..100)
            .prop_map(move |(change, t)| Act::Schedule { at: at(t), change, rollback }),
        1 => select(&MODES[..]).prop_map(|mode| Act::Ceiling { mode }),
        2 => (0u64..100, 1u64..60)
            .prop_map(|(from, long)| Act::Freeze { from: at(from), until: at(from + long) }),
        1 => (1u32..6).prop_map(|id| Act::Thaw { id }),
        1 => (1u32..6).prop_map(|id| Act::Unschedule { id }),
    ];
    let timed = proptest::collection::vec((0u64..100, act), 0..12);
    timed.prop_map(|mut acts| {
        acts.sort_by_key(|(time, _)| *time);
        acts
    })
}

/// What a plain reading of the rule says, written down a second time.
fn expected(demand: Demand, ceiling: Mode, facts: Facts, now: UnixSeconds) -> Mode {
    let started = match demand.mode {
        Mode::Required if demand.from.is_some_and(|from| now < from) => Mode::Encouraged,
        Mode::Encouraged
            if demand.until.is_some_and(|until| now >= until)
                || demand.skips.is_some_and(|skips| facts.skips >= skips) =>
        {
            Mode::Required
        }
        other => other,
    };
    let given = facts.exempt_since.is_none_or(|since| since <= now);
    let exempt = given && facts.exempt_until.is_some_and(|until| now < until);
    let eased = if exempt {
        started.min(Mode::Optional)
    } else {
        started
    };
    eased.min(ceiling)
}

proptest! {
    /// Without freeze and broken glass: exactly what the closest rule says, never less.
    #[test]
    fn what_the_rule_says_is_in_force(
        default in demands(), ruled in proptest::option::of(demands()), ceiling in select(&MODES[..]),
        facts in facts(), now in 0u64..110,
    ) {
        let mut state = state(default);
        state.rules.ceiling = ceiling;
        if let Some(demand) = ruled {
            state.rules.rules.push(Rule { subject: subject(vendor()), demand });
        }
        let demand = ruled.unwrap_or(default);
        let want = expected(demand, ceiling, facts, at(now));
        prop_assert_eq!(mode(&state, &vendor(), facts, at(now)), want);
        let unknown = state.in_force(None, Facts::default(), None, at(now));
        prop_assert_eq!(unknown.mode, expected(default, ceiling, Facts::default(), at(now)));
        let who = vendor();
        let in_force = state.in_force(Some((&who.0, &who.1)), facts, None, at(now));
        let started = demand.from.is_some_and(|from| at(now) >= from);
        prop_assert_eq!(in_force.proof_due, demand.proof != Proof::FirstUse || started);
        prop_assert_eq!(in_force.by_mail, demand.proof != Proof::Counter);
    }

    /// Whether somebody is asked for anything at all depends on the policy alone, never on what his
    /// account did; and where nobody is asked, nobody is.
    #[test]
    fn who_is_asked_at_all_depends_on_the_policy_alone(
        first in demands(), acts in acts(), facts in facts(), times in proptest::collection::vec(0u64..120, 1..5),
    ) {
        let mut state = state(first);
        for (time, act) in acts {
            if let Ok(next) = state.after(&act, &signed(), at(time)) {
                state = next;
            }
        }
        for now in times.into_iter().map(at) {
            for who in [vendor(), official()] {
                let asked = |facts| mode(&state, &who, facts, now) > Mode::Observe;
                prop_assert_eq!(asked(facts), asked(Facts::default()));
                prop_assert!(!asked(facts) || state.asks_anybody(None, now));
            }
        }
    }

    /// Whatever is done while a freeze is under way: nothing becomes stricter for whom it protects.
    #[test]
    fn nothing_becomes_stricter_during_a_freeze(
        first in demands(), acts in acts(), facts in facts(), from in 0u64..60, long in 1u64..60,
        steps in proptest::collection::vec(0u64..120, 1..8),
    ) {
        let mut state = state(first);
        state = state.after(&Act::Freeze { from: at(from), until: at(from + long) }, &signed(), at(0))
            .unwrap();
        let kept = state.freezes.clone();
        let mut asked: Vec<(u64, Option<Act>)> = acts.into_iter().map(|(t, act)| (t, Some(act))).collect();
        asked.extend(steps.into_iter().map(|step| (step, None)));
        asked.sort_by_key(|(time, _)| *time);
        let who = vendor();
        // An exemption given within a freeze ends when it says; freezes that touch are one.
        let unexempt = Facts { exempt_until: None, ..facts };
        let mut before: Option<[InForce; 2]> = None;
        for (time, act) in asked {
            let now = at(time);
            let seen = |state: &PolicyState, facts, now| {
                state.in_force(Some((&who.0, &who.1)), facts, None, now)
            };
            // The moment it began is looked at too, before anything is done in it.
            if before.is_none() && time >= from {
                before = Some([facts, unexempt].map(|facts| seen(&state, facts, at(from))));
            }
            let takes_it_back = matches!(act, Some(Act::Thaw { id }) if kept.iter().any(|f| f.id == id));
            if let Some(act) = act.filter(|_| !takes_it_back)
                && let Ok(next) = state.after(&act, &signed(), now)
            {
                state = next;
            }
            if (from..from + long).contains(&time) {
                let then = seen(&state, facts, now);
                let given_in_it = facts.exempt_since > state.frozen_since(now);
                let [exempt, plain] = before.as_ref().unwrap();
                let over = given_in_it && facts.exempt_until.is_some_and(|until| until <= now);
                let before = if over { plain } else { exempt };
                prop_assert!(then.mode <= before.mode, "{:?} became {:?}", before, then);
                prop_assert!(!then.proof_due || before.proof_due);
            }
        }
    }

    /// A freeze changes nothing for others, and nothing once it is over.
    #[test]
    fn a_freeze_is_for_whom_it_protects(
        first in demands(), acts in acts(), facts in facts(), now in 0u64..120, long in 1u64..60,
    ) {
        let without = |act: &Act| !matches!(act, Act::Freeze { .. } | Act::Thaw { .. });
        let mut plain = state(first);
        let mut frozen = plain.after(&Act::Freeze { from: at(0), until: at(long) }, &signed(), at(0)).unwrap();
        for (time, act) in acts.into_iter().filter(|(_, act)| without(act)) {
            // Numbers differ by the freeze's own.
            let shifted = match &act {
                Act::Unschedule { id } => Act::Unschedule { id: id + 1 },
                other => other.clone(),
            };
            let (a, b) = (plain.after(&act, &signed(), at(time)), frozen.after(&shifted, &signed(), at(time)));
            prop_assert_eq!(a.is_ok(), b.is_ok());
            if let (Ok(a), Ok(b)) = (a, b) { plain = a; frozen = b; }
        }
        let same = |who: &(UserType, Role)| {
            mode(&plain, who, facts, at(now)) == mode(&frozen, who, facts, at(now))
        };
        prop_assert!(same(&official()));
        prop_assert!(now < long || same(&vendor()));
        prop_assert!(mode(&frozen, &vendor(), facts, at(now)) <= mode(&plain, &vendor(), facts, at(now)));
    }

    /// Settling what time has brought changes nothing that is in force, then and later.
    #[test]
    fn settling_changes_nothing(first in demands(), acts in acts(), facts in facts(), now in 0u64..120, later in 0u64..60) {
        let mut state = state(first);
        for (time, act) in acts.into_iter().filter(|(time, _)| *time <= now) {
            if let Ok(next) = state.after(&act, &signed(), at(time)) { state = next; }
        }
        let mut settled = state.clone();
        settled.settle(at(now));
        for time in [now, now + later] {
            for who in [vendor(), official()] {
                prop_assert_eq!(mode(&settled, &who, facts, at(time)), mode(&state, &who, facts, at(time)));
            }
        }
    }

    /// Between two boundaries nothing changes: a session that was found good stays so until one.
    #[test]
    fn nothing_changes_between_boundaries(
        first in demands(), acts in acts(), mut facts in facts(), one in 0u64..120, two in 0u64..120,
    ) {
        facts.exempt_until = None;
        let mut state = state(first);
        for (time, act) in acts {
            if let Ok(next) = state.after(&act, &signed(), at(time)) { state = next; }
        }
        let passed = |time: u64| state.boundaries(None).partition_point(|b| *b <= at(time));
        if passed(one) == passed(two) {
            for who in [vendor(), official()] {
                let (a, b) = ((&who.0, &who.1), (&who.0, &who.1));
                prop_assert_eq!(
                    state.in_force(Some(a), facts, None, at(one)),
                    state.in_force(Some(b), facts, None, at(two))
                );
            }
        }
    }

    /// Broken glass only lowers, for its time, and also when a file of root broke it.
    #[test]
    fn glass_only_lowers(first in demands(), facts in facts(), ceiling in select(&MODES[..]), until in 1u64..100, now in 0u64..120, by_file: bool) {
        let plain = state(first);
        let glass = Glass { ceiling, until: at(until), signature: signed() };
        let mut broken = plain.clone();
        if !by_file { broken.glass = Some(glass.clone()); }
        let who = vendor();
        let file = Some(&glass).filter(|_| by_file);
        let got = broken.in_force(Some((&who.0, &who.1)), facts, file, at(now)).mode;
        let whole = mode(&plain, &who, facts, at(now));
        prop_assert_eq!(got, if now < until { whole.min(ceiling) } else { whole });
    }
}
