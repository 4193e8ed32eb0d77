use super::*;
use crate::primitives::{UserId, UserType};
use proptest::prelude::*;

const START: UnixSeconds = UnixSeconds(1_800_000_000);
/// So long a request may be answered.
const OPEN: u64 = RECENT_SECONDS;

fn requests() -> Requests {
    Requests::new(AccountId {
        user_type: UserType::parse("t").unwrap(),
        user_id: UserId::parse("U").unwrap(),
    })
}

fn login(number: u8) -> WaitingRef {
    WaitingRef([number; 8])
}

fn challenge(number: u8) -> ChallengeId {
    ChallengeId([number; 16])
}

/// Asks about a login, by a challenge of its number.
fn ask(asked: &mut Requests, lane: Lane, login: WaitingRef, at: UnixSeconds) -> bool {
    let request = Request {
        at,
        challenge: challenge(login.0[0]),
        login,
        address: IpAddr::from([203, 0, 113, 9]),
        said: None,
    };
    asked.ask(lane, request).is_ok()
}

#[test]
fn a_lane_is_asked_three_times_in_ten_minutes() {
    for lane in [Lane::KnownBrowser, Lane::Unknown] {
        let mut asked = requests();
        for number in 0..3 {
            assert!(ask(&mut asked, lane, login(number), START));
        }
        let soon = START.plus(RECENT_SECONDS - 1);
        assert!(!ask(&mut asked, lane, login(3), soon));
        assert!(ask(&mut asked, lane, login(3), soon.plus(1)));
    }
}

/// Ten a day from browsers that nobody knows; the owner's own is asked on.
#[test]
fn a_stranger_uses_up_his_own_lane_and_not_the_owners() {
    let (mut asked, mut now, mut taken) = (requests(), START, 0);
    while now < START.plus(DAY_SECONDS) {
        taken += u32::from(ask(&mut asked, Lane::Unknown, login(1), now));
        now = now.plus(60);
    }
    assert_eq!(taken, 10);
    assert!(ask(&mut asked, Lane::KnownBrowser, login(2), now.plus(0)));
    let mut owners = 0;
    let mut later = now;
    while later < now.plus(DAY_SECONDS) {
        later = later.plus(RECENT_SECONDS);
        owners += u32::from(ask(&mut asked, Lane::KnownBrowser, login(2), later));
    }
    assert_eq!(u64::from(owners), DAY_SECONDS / RECENT_SECONDS);
}

#[test]
fn after_not_me_its_lane_rests_and_the_other_does_not() {
    let mut asked = requests();
    asked.pause(Lane::Unknown, START);
    let last = START.plus(PAUSE_SECONDS - 1);
    assert!(!ask(&mut asked, Lane::Unknown, login(1), last));
    assert!(ask(&mut asked, Lane::KnownBrowser, login(1), last));
    assert!(ask(&mut asked, Lane::Unknown, login(1), last.plus(1)));
    asked.pause(Lane::KnownBrowser, last);
    assert!(!ask(&mut asked, Lane::KnownBrowser, login(1), last.plus(1)));
}

#[test]
fn the_phone_sees_what_may_be_open_newest_first_and_once() {
    let mut asked = requests();
    assert!(ask(&mut asked, Lane::Unknown, login(1), START));
    assert!(ask(&mut asked, Lane::KnownBrowser, login(2), START.plus(1)));
    assert!(ask(&mut asked, Lane::Unknown, login(1), START.plus(2)));
    let now = START.plus(OPEN);
    assert_eq!(asked.open(now), [login(1), login(2)]);
    assert_eq!(asked.open(now.plus(1)), [login(1)]);
    assert_eq!(asked.open(now.plus(2)), []);
}

#[test]
fn what_does_not_count_any_more_is_forgotten() {
    let mut asked = requests();
    assert!(asked.is_forgotten(START));
    assert!(ask(&mut asked, Lane::Unknown, login(1), START));
    assert!(!asked.is_forgotten(START.plus(DAY_SECONDS - 1)));
    let later = START.plus(DAY_SECONDS);
    assert!(asked.is_forgotten(later));
    asked.pause(Lane::KnownBrowser, later);
    assert!(!asked.is_forgotten(later.plus(PAUSE_SECONDS - 1)));
    assert!(asked.is_forgotten(later.plus(PAUSE_SECONDS)));
}

#[test]
fn what_the_phone_said_yes_to_uses_nothing_up() {
    for lane in [Lane::KnownBrowser, Lane::Unknown] {
        let mut asked = requests();
        for number in 0..40 {
            assert!(ask(&mut asked, lane, login(number), START), "{number}");
            asked.note(challenge(number), Word::Yes);
        }
        // A no does.
        for (number, said) in [(50, Word::No), (51, Word::LateNo), (52, Word::No)] {
            assert!(ask(&mut asked, lane, login(number), START));
            asked.note(challenge(number), said);
        }
        assert!(!ask(&mut asked, lane, login(60), START));
        assert_eq!(asked.open(START), []);
        // And nothing is kept longer than it is good for.
        assert!(ask(&mut asked, lane, login(61), START.plus(OPEN)));
        let left = [&asked.known.requests[..], &asked.unknown.requests[..]].concat();
        assert!(left.len() <= 4, "{left:?}");
    }
}

#[test]
fn it_says_until_when_a_lane_rests() {
    let mut asked = requests();
    let rest = |asked: &Requests, at| asked.rest(Lane::Unknown, at).map(|rest| rest.until);
    for pause in [0, 10, 20] {
        assert_eq!(rest(&asked, START.plus(pause)), None);
        assert!(ask(&mut asked, Lane::Unknown, login(1), START.plus(pause)));
    }
    let now = START.plus(30);
    assert_eq!(rest(&asked, now), Some(START.plus(RECENT_SECONDS)));
    assert_eq!(asked.rest(Lane::KnownBrowser, now), None);
    let next = START.plus(RECENT_SECONDS);
    assert!(ask(&mut asked, Lane::Unknown, login(2), next));
    assert_eq!(rest(&asked, next), Some(next.plus(10)));
    // The longest of several counts.
    asked.pause(Lane::Unknown, next);
    assert_eq!(rest(&asked, next), Some(next.plus(PAUSE_SECONDS)));
    let mut day = requests();
    for number in 0..10 {
        let at = START.plus(1_000 * number);
        assert!(ask(&mut day, Lane::Unknown, login(1), at));
    }
    assert_eq!(
        rest(&day, START.plus(20_000)),
        Some(START.plus(DAY_SECONDS))
    );
}

#[test]
fn a_request_is_found_by_its_challenge_for_ten_minutes() {
    let mut asked = requests();
    assert!(ask(&mut asked, Lane::KnownBrowser, login(1), START));
    assert!(ask(&mut asked, Lane::Unknown, login(2), START));
    let last = START.plus(RECENT_SECONDS - 1);
    let (lane, found) = asked.find(challenge(2), last).unwrap();
    assert_eq!((lane, found.login), (Lane::Unknown, login(2)));
    assert_eq!(asked.find(challenge(3), last), None);
    assert_eq!(asked.find(challenge(2), last.plus(1)), None);
    asked.note(challenge(2), Word::LateNo);
    assert_eq!(asked.find(challenge(1), last).unwrap().1.said, None);
    assert_eq!(
        asked.find(challenge(2), last).unwrap().1.said,
        Some(Word::LateNo)
    );
}

proptest! {
    /// However somebody times it, with clocks that jump: never more than three in ten minutes.
    #[test]
    fn no_schedule_beats_the_quota(pauses in prop::collection::vec(0u64..1_000, 1..200)) {
        let (mut asked, mut now) = (requests(), START);
        let mut taken: Vec<u64> = vec![];
        for pause in pauses {
            now = now.plus(pause);
            if ask(&mut asked, Lane::Unknown, login(1), now) {
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
