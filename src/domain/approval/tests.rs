use super::*;

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
fn more_time_is_the_same_question_for_two_minutes_more() {
    let (wrong, right) = (number("000000"), number("123456"));
    let mut asked = approval(Confirm::Number);
    let (last, end) = (
        START.plus(CHALLENGE_SECONDS - 1),
        START.plus(CHALLENGE_SECONDS),
    );
    assert_eq!(asked.approve(Some(&wrong), START), Yes::Wrong { left: 2 });
    assert!(asked.prolong(last));
    assert_eq!(asked.seconds_left(last), CHALLENGE_SECONDS);
    // Tries do not begin anew.
    assert_eq!(asked.approve(Some(&wrong), end), Yes::Wrong { left: 1 });
    assert_eq!(asked.approve(Some(&wrong), end), Yes::Wrong { left: 0 });
    assert!(!asked.prolong(end));
    assert_eq!(asked.approve(Some(&right), end), Yes::Over);
    // What is over, or was answered, stays so.
    assert!(!approval(Confirm::Number).prolong(end));
    let mut said = approval(Confirm::Number);
    assert_eq!(said.approve(Some(&right), START), Yes::Approved);
    assert!(!said.prolong(START));
    assert!(said.deny(START) && !said.prolong(START));
}
