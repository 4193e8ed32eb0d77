use super::*;
use proptest::prelude::*;

const NOW: UnixSeconds = UnixSeconds(1_800_000_000);
const LOGIN: WaitingRef = WaitingRef([1; 8]);
const SESSION: GatewaySessionId = GatewaySessionId([2; 16]);

fn accepted() -> Tracked {
    let mut tracked = Tracked::free(NOW);
    assert!(tracked.release(SESSION, 1, NOW));
    tracked
}

#[test]
fn a_login_goes_from_free_to_accepted_only_through_its_own_waiting_login() {
    let mut tracked = Tracked::free(NOW);
    assert_eq!(tracked.mark(1, NOW), Marked::Marked { generation: 1 });
    assert!(tracked.wait_for(LOGIN, 2, NOW));
    assert!(
        !tracked.accept(WaitingRef([9; 8]), SESSION, 3, NOW),
        "another login's acceptance"
    );
    assert!(tracked.accept(LOGIN, SESSION, 3, NOW));
    assert_eq!(tracked.state, State::Accepted(SESSION));
    assert!(!tracked.accept(LOGIN, SESSION, 4, NOW), "a second time");
}

#[test]
fn only_the_last_clean_verdict_frees() {
    let mut tracked = Tracked::free(NOW);
    tracked.mark(1, NOW);
    assert_eq!(tracked.mark(2, NOW), Marked::Busy, "one login at a time");
    tracked.mark_found(2, NOW);
    assert_eq!(tracked.settle_same(3, NOW), Settled::StillInDoubt);
    assert_eq!(tracked.settle_same(4, NOW), Settled::Restored(State::Free));
    assert_eq!(
        tracked.generation, 4,
        "what began before the doubt gets nothing more"
    );
}

#[test]
fn a_lost_candidate_is_never_cleared() {
    let mut tracked = Tracked::free(NOW);
    tracked.mark(1, NOW);
    tracked.mark_found(2, NOW);
    tracked.settle_lost(NOW);
    assert_eq!(tracked.settle_same(3, NOW), Settled::StillInDoubt);
    assert_eq!(tracked.state, State::Suspect);
    assert!(!tracked.is_abandoned(120, NOW.plus(119)));
    assert!(tracked.is_abandoned(120, NOW.plus(120)));
}

#[test]
fn doubt_on_an_accepted_session_holds_and_gives_back() {
    let mut tracked = accepted();
    assert_eq!(tracked.mark(5, NOW), Marked::Marked { generation: 1 });
    assert_eq!(tracked.state, State::Held(SESSION));
    assert_eq!(
        tracked.settle_same(6, NOW),
        Settled::Restored(State::Accepted(SESSION))
    );
    assert_eq!(tracked.generation, 1, "the owner's answers under way go on");
}

#[test]
fn ended_is_for_good() {
    let mut tracked = accepted();
    assert!(tracked.end(7, NOW));
    assert!(!tracked.end(8, NOW));
    assert_eq!(tracked.mark(9, NOW), Marked::Refused);
    assert_eq!(tracked.mark_found(9, NOW), Marked::Refused);
    assert!(!tracked.wait_for(LOGIN, 9, NOW));
    assert!(!tracked.release(SESSION, 9, NOW));
    assert_eq!(tracked.settle_same(9, NOW), Settled::Overtaken);
    assert_eq!(tracked.generation, 7);
}

#[test]
fn doubt_survives_a_restart_as_lost() {
    let stored = StoredState {
        state: State::Suspect,
        since: NOW,
        jar: Jar::default(),
        logout_owed: false,
    };
    let mut tracked = Tracked::restored(&stored, 1);
    assert!(tracked.tainted);
    tracked.mark_found(2, NOW);
    assert_eq!(tracked.settle_same(3, NOW), Settled::StillInDoubt);
}

#[derive(Clone, Debug)]
enum Step {
    Mark,
    MarkFound,
    Same,
    Lost,
    Wait(u8),
    Accept(u8),
    End,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        Just(Step::Mark),
        Just(Step::MarkFound),
        Just(Step::Same),
        Just(Step::Lost),
        (0u8..3).prop_map(Step::Wait),
        (0u8..3).prop_map(Step::Accept),
        Just(Step::End),
    ];
    prop::collection::vec(step, 0..40)
}

proptest! {
    /// Over all histories: accepted only through the waiting login in force; a lost candidate never
    /// leads back to free; ended never leaves; generations never come back.
    #[test]
    fn no_history_breaks_the_rules(steps in steps()) {
        let mut tracked = Tracked::free(NOW);
        let mut awaited = None;
        let mut lost_since_doubt = false;
        let mut generations = vec![0];
        for (n, step) in steps.into_iter().enumerate() {
            let fresh = n as u64 + 1;
            let before = tracked;
            match step {
                Step::Mark => { tracked.mark(fresh, NOW); }
                Step::MarkFound => { tracked.mark_found(fresh, NOW); }
                Step::Same => { tracked.settle_same(fresh, NOW); }
                Step::Lost => tracked.settle_lost(NOW),
                Step::Wait(r) => {
                    if tracked.wait_for(WaitingRef([r; 8]), fresh, NOW) { awaited = Some(r); }
                }
                Step::Accept(r) => {
                    let done = tracked.accept(WaitingRef([r; 8]), SESSION, fresh, NOW);
                    prop_assert_eq!(done, matches!(before.state, State::Awaiting(_)) && awaited == Some(r));
                }
                Step::End => { tracked.end(fresh, NOW); }
            }
            if before.state == State::Ended { prop_assert_eq!(tracked, before); }
            let in_doubt = matches!(tracked.state, State::Suspect | State::Held(_));
            lost_since_doubt = in_doubt && (lost_since_doubt || matches!(step, Step::Lost));
            prop_assert_eq!(in_doubt && tracked.tainted, lost_since_doubt);
            if tracked.generation != before.generation {
                prop_assert!(!generations.contains(&tracked.generation));
                generations.push(tracked.generation);
            }
        }
    }
}
