//! When letters are tried again, and when they end.

use super::*;

const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

fn trial() -> Outbound {
    let to = EmailAddress::parse("a@b.id").unwrap();
    Outbound::new(Letter::Trial { to }, NOW)
}

fn notice() -> Outbound {
    let news = OperatorNews::ProfileFits;
    Outbound::new(Letter::Operator { news, at: NOW }, NOW)
}

fn again(after: AfterFailure) -> Outbound {
    match after {
        AfterFailure::Again(letter) => letter,
        AfterFailure::Dead(letter) => panic!("dead: {letter:?}"),
    }
}

#[test]
fn tries_come_at_growing_distances_until_it_is_worth_nothing() {
    let mut letter = notice();
    assert!(letter.is_due(NOW));
    let mut now = NOW;
    let mut waits = Vec::new();
    let dead = loop {
        match letter.after_failure(false, "451 later", now) {
            AfterFailure::Again(next) => {
                assert!(!next.is_due(UnixSeconds(next.due.0 - 1)) && next.is_due(next.due));
                waits.push(next.due.since(now));
                now = next.due;
                letter = next;
            }
            AfterFailure::Dead(dead) => break dead,
        }
    };
    assert_eq!(waits[..8], WAITS_SECONDS);
    assert!(waits[8..].iter().all(|wait| *wait == 3_600));
    assert!(now < NOW.plus(NOTICE_SECONDS));
    assert_eq!(dead.dead, Some(now));
    assert!(!dead.is_due(now.plus(86_400)));
    assert!(!dead.is_forgotten(now.plus(DEAD_SECONDS - 1)));
    assert!(dead.is_forgotten(now.plus(DEAD_SECONDS)));
}

#[test]
fn a_final_word_ends_it_and_an_admin_can_revive_it() {
    let AfterFailure::Dead(mut dead) = trial().after_failure(true, "550 no\r\nuser", NOW) else {
        panic!()
    };
    assert_eq!(dead.why.as_deref(), Some("550 no  user"));
    let later = NOW.plus(86_400);
    assert!(dead.revive(later) && dead.is_due(later));
    assert!(!dead.revive(later), "only once");
    again(dead.after_failure(false, "451", later));
}

#[test]
fn what_a_server_says_is_cut_short() {
    let long = "x".repeat(10_000);
    let letter = again(trial().after_failure(false, &long, NOW));
    assert_eq!(letter.why.unwrap().len(), WHY_CHARS_MAX);
}

#[test]
fn a_clock_that_went_back_holds_nothing_for_long() {
    let mut letter = trial();
    letter.due = NOW.plus(3_600);
    assert!(!letter.is_due(NOW));
    assert!(letter.is_due(UnixSeconds(NOW.0 - 86_400)));
}
