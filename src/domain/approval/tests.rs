use super::*;
use crate::primitives::{UserId, UserType};
use proptest::prelude::*;

const START: UnixSeconds = UnixSeconds(1_800_000_000);

fn number(text: &str) -> ApprovalNumber {
    ApprovalNumber::parse(text).unwrap()
}

fn approval(confirm: Confirm) -> Approval {
    Approval {
        id: ChallengeId([1; 16]),
        device: DeviceId([2; 16]),
        number: number("123456"),
        confirm,
        lane: Lane::Unknown,
        from: Whence {
            address: IpAddr::from([203, 0, 113, 9]),
            browser: BrowserName::default(),
        },
        asked: START,
        tries: 0,
        state: Answered::Open,
    }
}

fn requests() -> Requests {
    Requests::new(AccountId {
        user_type: UserType::parse("t").unwrap(),
        user_id: UserId::parse("U").unwrap(),
    })
}

fn login(number: u8) -> WaitingRef {
    WaitingRef([number; 8])
}

#[test]
fn only_the_number_of_the_page_approves() {
    let mut asked = approval(Confirm::Number);
    assert_eq!(asked.approve(None, START), Yes::Wrong { left: 2 });
    let wrong = number("123457");
    assert_eq!(asked.approve(Some(&wrong), START), Yes::Wrong { left: 1 });
    assert!(!asked.may_be_taken_up(START));
    assert_eq!(
        asked.approve(Some(&number("123 456")), START),
        Yes::Approved
    );
    assert!(asked.may_be_taken_up(START));
}

#[test]
fn a_tap_approves_where_it_is_enough() {
    let mut asked = approval(Confirm::Tap);
    assert_eq!(asked.approve(None, START), Yes::Approved);
}

#[test]
fn the_third_wrong_number_ends_it() {
    let (mut asked, wrong) = (approval(Confirm::Number), number("000000"));
    for left in [2, 1, 0] {
        assert_eq!(asked.approve(Some(&wrong), START), Yes::Wrong { left });
    }
    let right = asked.number.clone();
    assert_eq!(asked.approve(Some(&right), START), Yes::Over);
    assert_eq!(asked.seconds_left(START), 0);
    assert!(!asked.may_be_taken_up(START));
}

#[test]
fn it_lives_two_minutes_and_a_yes_two_more() {
    let right = number("123456");
    let end = START.plus(CHALLENGE_SECONDS);
    assert_eq!(
        approval(Confirm::Number).approve(Some(&right), end),
        Yes::Over
    );
    let mut asked = approval(Confirm::Number);
    let last = START.plus(CHALLENGE_SECONDS - 1);
    assert_eq!(asked.seconds_left(last), 1);
    assert_eq!(asked.approve(Some(&right), last), Yes::Approved);
    // The same answer sent again is the same answer.
    assert_eq!(asked.approve(Some(&right), last), Yes::Approved);
    assert!(asked.may_be_taken_up(last.plus(TAKE_UP_SECONDS - 1)));
    let late = last.plus(TAKE_UP_SECONDS);
    assert!(!asked.may_be_taken_up(late));
    assert_eq!(asked.approve(Some(&right), late), Yes::Over);
}

#[test]
fn a_clock_that_went_back_stretches_nothing() {
    let asked = approval(Confirm::Number);
    let before = UnixSeconds(START.0 - 10_000);
    assert_eq!(asked.seconds_left(before), CHALLENGE_SECONDS);
}

#[test]
fn no_is_said_once_and_holds_even_after_a_yes() {
    let right = number("123456");
    let mut asked = approval(Confirm::Number);
    assert_eq!(asked.approve(Some(&right), START), Yes::Approved);
    assert!(asked.deny(START));
    assert!(!asked.may_be_taken_up(START));
    assert_eq!(asked.approve(Some(&right), START), Yes::Over);
    assert!(!asked.deny(START));
    let late = START.plus(CHALLENGE_SECONDS);
    assert!(!approval(Confirm::Number).deny(late));
}

#[test]
fn a_lane_is_asked_three_times_in_ten_minutes() {
    for lane in [Lane::KnownBrowser, Lane::Unknown] {
        let mut asked = requests();
        for number in 0..3 {
            assert!(asked.ask(lane, login(number), START));
        }
        let soon = START.plus(RECENT_SECONDS - 1);
        assert!(!asked.ask(lane, login(3), soon));
        assert!(asked.ask(lane, login(3), soon.plus(1)));
    }
}

/// Ten a day from browsers that nobody knows; the owner's own is asked on.
#[test]
fn a_stranger_uses_up_his_own_lane_and_not_the_owners() {
    let (mut asked, mut now, mut taken) = (requests(), START, 0);
    while now < START.plus(DAY_SECONDS) {
        taken += u32::from(asked.ask(Lane::Unknown, login(1), now));
        now = now.plus(60);
    }
    assert_eq!(taken, 10);
    assert!(asked.ask(Lane::KnownBrowser, login(2), now.plus(0)));
    let mut owners = 0;
    let mut later = now;
    while later < now.plus(DAY_SECONDS) {
        later = later.plus(RECENT_SECONDS);
        owners += u32::from(asked.ask(Lane::KnownBrowser, login(2), later));
    }
    assert_eq!(u64::from(owners), DAY_SECONDS / RECENT_SECONDS);
}

#[test]
fn after_not_me_its_lane_rests_and_the_other_does_not() {
    let mut asked = requests();
    asked.pause(Lane::Unknown, START);
    let last = START.plus(PAUSE_SECONDS - 1);
    assert!(!asked.ask(Lane::Unknown, login(1), last));
    assert!(asked.ask(Lane::KnownBrowser, login(1), last));
    assert!(asked.ask(Lane::Unknown, login(1), last.plus(1)));
    asked.pause(Lane::KnownBrowser, last);
    assert!(!asked.ask(Lane::KnownBrowser, login(1), last.plus(1)));
}

#[test]
fn the_phone_sees_what_may_be_open_newest_first_and_once() {
    let mut asked = requests();
    assert!(asked.ask(Lane::Unknown, login(1), START));
    assert!(asked.ask(Lane::KnownBrowser, login(2), START.plus(1)));
    assert!(asked.ask(Lane::Unknown, login(1), START.plus(2)));
    let now = START.plus(CHALLENGE_SECONDS);
    assert_eq!(asked.open(now), [login(1), login(2)]);
    assert_eq!(asked.open(now.plus(1)), [login(1)]);
    assert_eq!(asked.open(now.plus(2)), []);
}

#[test]
fn what_does_not_count_any_more_is_forgotten() {
    let mut asked = requests();
    assert!(asked.is_forgotten(START));
    assert!(asked.ask(Lane::Unknown, login(1), START));
    assert!(!asked.is_forgotten(START.plus(DAY_SECONDS - 1)));
    let later = START.plus(DAY_SECONDS);
    assert!(asked.is_forgotten(later));
    asked.pause(Lane::KnownBrowser, later);
    assert!(!asked.is_forgotten(later.plus(PAUSE_SECONDS - 1)));
    assert!(asked.is_forgotten(later.plus(PAUSE_SECONDS)));
}

proptest! {
    /// However somebody times it, with clocks that jump: never more than three in ten minutes.
    #[test]
    fn no_schedule_beats_the_quota(pauses in prop::collection::vec(0u64..1_000, 1..200)) {
        let (mut asked, mut now) = (requests(), START);
        let mut taken: Vec<u64> = vec![];
        for pause in pauses {
            now = now.plus(pause);
            if asked.ask(Lane::Unknown, login(1), now) {
                taken.push(now.0);
            }
        }
        for four in taken.windows(RECENT_MAX + 1) {
            prop_assert!(four[RECENT_MAX] - four[0] >= RECENT_SECONDS);
        }
        for eleven in taken.windows(DAY_MAX + 1) {
            prop_assert!(eleven[DAY_MAX] - eleven[0] >= DAY_SECONDS);
        }
    }
}
