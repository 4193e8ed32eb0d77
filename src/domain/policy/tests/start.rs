//! The day that the policy itself sets, for whoever announces it.

use super::*;
use crate::domain::policy_file::Rule;

fn day(state: &PolicyState, who: &(UserType, Role), now: UnixSeconds) -> Option<UnixSeconds> {
    state.start_date(Some(who.0.as_str()), Some(who.1.as_str()), now)
}

#[test]
fn it_is_that_of_the_closest_rule_past_or_to_come() {
    let from = |seconds| Demand {
        from: Some(at(seconds)),
        ..Mode::Required.into()
    };
    let until = Demand {
        until: Some(at(70)),
        ..Mode::Encouraged.into()
    };
    let mut state = state(from(100));
    state.rules.rules.push(Rule {
        subject: subject(vendor()),
        demand: until,
    });
    for now in [at(0), at(200)] {
        assert_eq!(day(&state, &official(), now), Some(at(100)));
        assert_eq!(day(&state, &vendor(), now), Some(at(70)));
        assert_eq!(state.start_date(None, None, now), Some(at(100)));
    }
}

#[test]
fn a_planned_change_to_required_is_a_day_and_what_holds_already_is_none() {
    let flip = |seconds, demand| Flip {
        id: 1,
        at: at(seconds),
        change: Change {
            subjects: vec![subject(official())],
            demand: Some(demand),
        },
        rollback: None,
        signature: signed(),
    };
    let mut state = state(Mode::Optional.into());
    assert_eq!(day(&state, &official(), at(0)), None);
    state.flips = vec![
        flip(40, Mode::Encouraged.into()),
        flip(50, Mode::Required.into()),
    ];
    assert_eq!(day(&state, &official(), at(0)), Some(at(50)));
    assert_eq!(day(&state, &vendor(), at(0)), None);
    assert_eq!(state.start_date(None, None, at(0)), None);
    // It has come: that it is required is all that the policy still knows.
    assert_eq!(day(&state, &official(), at(60)), None);
}
