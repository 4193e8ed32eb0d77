//! The policy function at the edges of time, and what is refused; properties in their own file.

mod properties;
mod start;

use super::act::{Act, ActError, FREEZE_SECONDS_MAX, GLASS_SECONDS_MAX};
use super::*;

pub(super) const MODES: [Mode; 5] = [
    Mode::Off,
    Mode::Observe,
    Mode::Optional,
    Mode::Encouraged,
    Mode::Required,
];

pub(super) fn vendor() -> (UserType, Role) {
    let role = Role::parse("Vendor").unwrap();
    (UserType::parse("vendor").unwrap(), role)
}

pub(super) fn official() -> (UserType, Role) {
    let role = Role::parse("Official").unwrap();
    (UserType::parse("official").unwrap(), role)
}

pub(super) fn subject((user_type, role): (UserType, Role)) -> Subject {
    Subject {
        user_type: Some(user_type),
        role: Some(role),
    }
}

pub(super) fn signed() -> Signature {
    Signature {
        by: vec!["Sri".into()],
        reason: "surat 12/2026".into(),
    }
}

pub(super) fn at(seconds: u64) -> UnixSeconds {
    UnixSeconds(1_800_000_000 + seconds)
}

pub(super) fn state(default: Demand) -> PolicyState {
    let rules = PolicyFile {
        default,
        ..PolicyFile::default()
    };
    PolicyState::first(rules, vec![vendor().0])
}

pub(super) fn mode(
    state: &PolicyState,
    who: &(UserType, Role),
    facts: Facts,
    now: UnixSeconds,
) -> Mode {
    state
        .in_force(Some((&who.0, &who.1)), facts, None, now)
        .mode
}

pub(super) fn set(subjects: Vec<Subject>, demand: Demand) -> Act {
    Act::Set {
        change: Change {
            subjects,
            demand: Some(demand),
        },
        rollback: None,
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
fn anybody_is_asked_by_the_default_or_a_rule_and_nobody_above_the_ceiling() {
    for (default, ruled, ceiling, asked) in [
        (Mode::Observe, None, Mode::Required, false),
        (Mode::Optional, None, Mode::Required, true),
        (Mode::Off, Some(Mode::Optional), Mode::Required, true),
        (Mode::Off, Some(Mode::Observe), Mode::Required, false),
        (Mode::Required, Some(Mode::Required), Mode::Observe, false),
    ] {
        let mut state = state(default.into());
        state.rules.ceiling = ceiling;
        let rule = ruled.map(|mode| crate::domain::policy_file::Rule {
            subject: subject(vendor()),
            demand: mode.into(),
        });
        state.rules.rules.extend(rule);
        assert_eq!(
            state.asks_anybody(None, at(0)),
            asked,
            "{default:?} {ruled:?}"
        );
        let glass = Glass {
            ceiling: Mode::Off,
            until: at(10),
            signature: signed(),
        };
        assert!(!state.asks_anybody(Some(&glass), at(9)));
        assert_eq!(state.asks_anybody(Some(&glass), at(10)), asked);
    }
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

#[test]
fn what_comes_at_the_first_second_of_a_freeze_comes_in_it() {
    let change = Change {
        subjects: vec![Subject::default()],
        demand: Some(Mode::Required.into()),
    };
    let plan = Act::Schedule {
        at: at(50),
        change,
        rollback: None,
    };
    let freeze = Act::Freeze {
        from: at(50),
        until: at(80),
    };
    let mut planned = state(Mode::Optional.into());
    for act in [&plan, &freeze] {
        planned = planned.after(act, &signed(), at(0)).unwrap();
    }
    let dated = Demand {
        from: Some(at(50)),
        ..Mode::Required.into()
    };
    let dated = state(dated).after(&freeze, &signed(), at(0)).unwrap();
    for (state, before) in [(planned, Mode::Optional), (dated, Mode::Encouraged)] {
        let none = Facts::default();
        for now in [50, 65, 79] {
            assert_eq!(mode(&state, &vendor(), none, at(now)), before);
            let mut settled = state.clone();
            settled.settle(at(now));
            assert_eq!(mode(&settled, &vendor(), none, at(now)), before);
        }
        assert_eq!(mode(&state, &official(), none, at(50)), Mode::Required);
        assert_eq!(mode(&state, &vendor(), none, at(80)), Mode::Required);
    }
}

#[test]
fn an_exemption_given_in_a_freeze_ends_when_it_says() {
    let freeze = Act::Freeze {
        from: at(10),
        until: at(1_000),
    };
    let state = state(Mode::Required.into())
        .after(&freeze, &signed(), at(0))
        .unwrap();
    let given = |since| Facts {
        exempt_since: Some(at(since)),
        exempt_until: Some(at(100)),
        ..Facts::default()
    };
    assert_eq!(mode(&state, &vendor(), given(20), at(99)), Mode::Optional);
    assert_eq!(mode(&state, &vendor(), given(20), at(100)), Mode::Required);
    // One that was there when it began is kept by it, its first second included.
    assert_eq!(mode(&state, &vendor(), given(5), at(100)), Mode::Optional);
    assert_eq!(mode(&state, &vendor(), given(10), at(100)), Mode::Optional);
    // The same after something else was done in the freeze, or was only planned.
    let change = || Change {
        subjects: vec![subject(official())],
        demand: Some(Mode::Off.into()),
    };
    let rollback = None;
    let acts = [
        Act::Set {
            change: change(),
            rollback,
        },
        Act::Schedule {
            at: at(500),
            change: change(),
            rollback,
        },
    ];
    for (act, when) in acts.iter().flat_map(|act| [(act, 10), (act, 30)]) {
        let state = state.after(act, &signed(), at(when)).unwrap();
        for (since, then) in [
            (5, Mode::Optional),
            (10, Mode::Optional),
            (20, Mode::Required),
        ] {
            assert_eq!(mode(&state, &vendor(), given(since), at(100)), then);
        }
    }
}

#[test]
fn a_roll_back_keeps_the_code_that_was_due_and_what_was_changed_since() {
    let rollback = Some(Rollback {
        percent: 20,
        minutes: 30,
        least: 10,
    });
    let set = |mode: Mode, from, rollback| Act::Set {
        change: Change {
            subjects: vec![subject(vendor())],
            demand: Some(Demand {
                from,
                ..mode.into()
            }),
        },
        rollback,
    };
    let who = vendor();
    let before = state(Mode::Optional.into());
    let started = set(Mode::Required, Some(at(0)), rollback);
    let changed = before.after(&started, &signed(), at(0)).unwrap();
    let back = Act::RollBack {
        id: changed.watches[0].id,
    };
    let taken = changed.after(&back, &signed(), at(60)).unwrap();
    let then = taken.in_force(Some((&who.0, &who.1)), Facts::default(), None, at(60));
    assert_eq!((then.mode, then.proof_due), (Mode::Optional, true));
    // An admin's later word is not overwritten by the older watch.
    let later = changed
        .after(&set(Mode::Encouraged, None, None), &signed(), at(30))
        .unwrap();
    assert!(later.watches.is_empty());
    assert!(later.after(&back, &signed(), at(60)).is_err());
}
