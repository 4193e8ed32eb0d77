//! The policy function over all combinations and the edges of time.

use super::act::{Act, ActError, FREEZE_SECONDS_MAX, GLASS_SECONDS_MAX};
use super::*;
use proptest::prelude::*;
use proptest::sample::select;

const MODES: [Mode; 5] = [
    Mode::Off,
    Mode::Observe,
    Mode::Optional,
    Mode::Encouraged,
    Mode::Required,
];

fn vendor() -> (UserType, Role) {
    let role = Role::parse("Vendor").unwrap();
    (UserType::parse("vendor").unwrap(), role)
}

fn official() -> (UserType, Role) {
    let role = Role::parse("Official").unwrap();
    (UserType::parse("official").unwrap(), role)
}

fn subject((user_type, role): (UserType, Role)) -> Subject {
    Subject {
        user_type: Some(user_type),
        role: Some(role),
    }
}

fn signed() -> Signature {
    Signature {
        by: vec!["Sri".into()],
        reason: "surat 12/2026".into(),
    }
}

fn at(seconds: u64) -> UnixSeconds {
    UnixSeconds(1_800_000_000 + seconds)
}

fn state(default: Demand) -> PolicyState {
    let rules = PolicyFile {
        default,
        ..PolicyFile::default()
    };
    PolicyState::first(rules, vec![vendor().0])
}

fn mode(state: &PolicyState, who: &(UserType, Role), facts: Facts, now: UnixSeconds) -> Mode {
    state
        .in_force(Some((&who.0, &who.1)), facts, None, now)
        .mode
}

fn set(subjects: Vec<Subject>, demand: Demand) -> Act {
    Act::Set {
        change: Change {
            subjects,
            demand: Some(demand),
        },
        rollback: None,
    }
}

/// A demand whose parts fit together, with dates among the first hundred seconds.
fn demands() -> impl Strategy<Value = Demand> {
    let date = proptest::option::of((0u64..100).prop_map(at));
    let proof = select(vec![Proof::FirstUse, Proof::Counter]);
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
    (any::<bool>(), date(), 0u32..4, date()).prop_map(|(enrolled, exempt_until, skips, last)| {
        Facts {
            enrolled,
            exempt_until,
            skips: if last.is_some() { skips } else { 0 },
            last_skip: last.filter(|_| skips > 0),
        }
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
    let exempt = facts.exempt_until.is_some_and(|until| now < until);
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
        let proof = state.in_force(Some((&who.0, &who.1)), facts, None, at(now)).proof_due;
        let started = demand.from.is_some_and(|from| at(now) >= from);
        prop_assert_eq!(proof, demand.proof == Proof::Counter || started);
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
        let mut before: Option<InForce> = None;
        for (time, act) in asked {
            let now = at(time);
            // The moment it began is looked at too, before anything is done in it.
            if before.is_none() && time >= from {
                before = Some(state.in_force(Some((&who.0, &who.1)), facts, None, at(from)));
            }
            let takes_it_back = matches!(act, Some(Act::Thaw { id }) if kept.iter().any(|f| f.id == id));
            if let Some(act) = act.filter(|_| !takes_it_back)
                && let Ok(next) = state.after(&act, &signed(), now)
            {
                state = next;
            }
            if (from..from + long).contains(&time) {
                let then = state.in_force(Some((&who.0, &who.1)), facts, None, now);
                let before = before.as_ref().unwrap();
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

#[test]
fn a_start_date_is_exact_to_the_second() {
    let demand = Demand {
        from: Some(at(100)),
        ..Mode::Required.into()
    };
    let state = state(demand);
    let none = Facts::default();
    assert_eq!(mode(&state, &vendor(), none, at(99)), Mode::Encouraged);
    assert_eq!(mode(&state, &vendor(), none, at(100)), Mode::Required);
    let bound = |now| state.in_force(None, none, None, now).proof_due;
    assert!(!bound(at(99)) && bound(at(100)));
}

#[test]
fn a_planned_flip_to_required_has_its_own_time_as_start_date() {
    let change = Change {
        subjects: vec![subject(vendor())],
        demand: Some(Mode::Required.into()),
    };
    let act = Act::Schedule {
        at: at(50),
        change,
        rollback: None,
    };
    let state = state(Mode::Optional.into())
        .after(&act, &signed(), at(0))
        .unwrap();
    let who = vendor();
    let then = state.in_force(Some((&who.0, &who.1)), Facts::default(), None, at(50));
    assert_eq!((then.mode, then.proof_due), (Mode::Required, true));
    assert_eq!(
        mode(&state, &vendor(), Facts::default(), at(49)),
        Mode::Optional
    );
    assert_eq!(
        mode(&state, &official(), Facts::default(), at(50)),
        Mode::Optional
    );
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let state = state(Mode::Optional.into());
    let now = at(1_000);
    let vendor = || vec![subject(vendor())];
    let required = Demand::from(Mode::Required);
    let dated = |from| Demand {
        from: Some(from),
        ..required
    };
    let freeze = |from, until| Act::Freeze { from, until };
    let glass = |ceiling, until| Act::BreakGlass { ceiling, until };
    let rolled = |percent, minutes, least| Act::Set {
        change: Change {
            subjects: vendor(),
            demand: Some(required),
        },
        rollback: Some(Rollback {
            percent,
            minutes,
            least,
        }),
    };
    let past = |act: &Act| matches!(state.after(act, &signed(), now), Err(ActError::Past { .. }));
    assert!(past(&set(vendor(), dated(at(999)))));
    assert!(past(&freeze(at(999), at(2_000))));
    assert!(past(&glass(Mode::Off, at(999))));
    for act in [
        set(vec![], required),
        set([vendor(), vendor()].concat(), required),
        set(vendor(), dated(at(1_000 + 3 * 366 * 86_400))),
        freeze(at(2_000), at(2_000)),
        freeze(at(2_000), at(2_001 + FREEZE_SECONDS_MAX)),
        glass(Mode::Off, at(1_001 + GLASS_SECONDS_MAX)),
        glass(Mode::Required, at(1_100)),
        rolled(0, 10, 10),
        rolled(100, 10, 10),
        rolled(20, 0, 10),
        rolled(20, 10, 4),
        Act::Thaw { id: 7 },
        Act::Unschedule { id: 7 },
        Act::RollBack { id: 7 },
    ] {
        assert!(state.after(&act, &signed(), now).is_err(), "{act:?}");
    }
    let unsigned = Signature {
        reason: "  ".into(),
        ..signed()
    };
    let act = set(vendor(), required);
    assert_eq!(state.after(&act, &unsigned, now), Err(ActError::NoReason));
    assert_eq!(state.after(&act, &signed(), now).unwrap().revision, 2);
}

#[test]
fn freezes_without_a_gap_are_one_and_have_one_limit() {
    let day = 86_400;
    let act = |from, until| Act::Freeze {
        from: at(from),
        until: at(until),
    };
    let first = state(Mode::Optional.into())
        .after(&act(0, 20 * day), &signed(), at(0))
        .unwrap();
    let gap = first
        .after(&act(20 * day + 1, 40 * day), &signed(), at(0))
        .unwrap();
    assert_eq!(gap.frozen_since(at(21 * day)), Some(at(20 * day + 1)));
    assert!(matches!(
        first.after(&act(20 * day, 40 * day), &signed(), at(0)),
        Err(ActError::Long { .. })
    ));
    // Filling the gap joins both.
    assert!(
        gap.after(&act(19 * day, 21 * day), &signed(), at(0))
            .is_err()
    );
}

#[test]
fn a_roll_back_puts_the_old_rule_back_but_keeps_those_who_activated_safe() {
    let rollback = Some(Rollback {
        percent: 20,
        minutes: 30,
        least: 10,
    });
    let subjects = vec![subject(vendor()), Subject::default()];
    let change = Change {
        subjects,
        demand: Some(Mode::Required.into()),
    };
    for (before, after) in [
        (Mode::Off, Mode::Optional),
        (Mode::Observe, Mode::Optional),
        (Mode::Encouraged, Mode::Encouraged),
    ] {
        let act = Act::Set {
            change: change.clone(),
            rollback,
        };
        let changed = state(before.into()).after(&act, &signed(), at(0)).unwrap();
        let id = changed.watches[0].id;
        let back = changed
            .after(&Act::RollBack { id }, &signed(), at(60))
            .unwrap();
        for who in [vendor(), official()] {
            assert_eq!(
                mode(&changed, &who, Facts::default(), at(60)),
                Mode::Required
            );
            assert_eq!(mode(&back, &who, Facts::default(), at(60)), after);
        }
        // Watched for its time only.
        assert!(
            changed
                .after(&Act::RollBack { id }, &signed(), at(1_800))
                .is_err()
        );
    }
}
