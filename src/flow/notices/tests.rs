//! Which events become a letter, and which do not.

use super::*;
use crate::domain::audit::sample;
use crate::primitives::UnixSeconds;

fn record(event: AuditEvent) -> AuditRecord {
    AuditRecord {
        at: UnixSeconds(1_800_000_000),
        account: sample::account("PPK2"),
        role: Some("Pejabat Pembuat Komitmen".into()),
        client: "203.0.113.9".into(),
        request: "5f3a9c01".into(),
        actor: None,
        event,
    }
}

#[test]
fn exactly_these_events_are_told() {
    let told: Vec<String> = sample::events()
        .into_iter()
        .flat_map(|event| {
            let kind = event.kind();
            let letters = letters_of(&record(event), true);
            letters
                .into_iter()
                .map(move |letter| format!("{kind}: {}", letter.kind()))
        })
        .collect();
    assert_eq!(
        told,
        [
            "login-accepted: notice",
            "code-refused: notice",
            "login-denied: notice",
            "login-denied: operator",
            "activated: notice",
            "disabled: notice",
            "recovery-made: notice",
            "reset-denied: operator",
            "reset: notice",
            "profile-drifted: operator",
            "profile-fits: operator",
        ]
    );
}

#[test]
fn a_known_browser_is_no_news_and_a_new_one_is() {
    let accepted = |lane| {
        let factor = Factor::Totp;
        let left = None;
        let event = AuditEvent::LoginAccepted { factor, lane, left };
        letters_of(&record(event), false)
    };
    assert_eq!(accepted(Lane::KnownBrowser), []);
    let [Letter::Notice { news, client, .. }] = &accepted(Lane::Unknown)[..] else {
        panic!()
    };
    assert_eq!(*news, News::NewBrowser);
    assert!(!client.is_empty());
}

#[test]
fn wrong_codes_are_told_three_times_in_twenty() {
    let told: Vec<u32> = (0..=30)
        .filter(|failures| {
            let event = AuditEvent::CodeRefused {
                factor: Factor::Totp,
                lane: Lane::Unknown,
                reason: "wrong".into(),
                failures: *failures,
            };
            !letters_of(&record(event), false).is_empty()
        })
        .collect();
    assert_eq!(told, FAILURES_TOLD);
}

#[test]
fn the_operator_is_told_only_where_he_has_an_address() {
    assert_eq!(letters_of(&record(AuditEvent::ProfileFits), false), []);
    assert_eq!(letters_of(&record(AuditEvent::ProfileFits), true).len(), 1);
}

#[test]
fn an_event_of_nobody_is_told_to_nobody() {
    let event = AuditEvent::Disabled { entry: "A".into() };
    let nobody = AuditRecord {
        account: None,
        ..record(event)
    };
    assert_eq!(letters_of(&nobody, true), []);
}

#[test]
fn bukan_saya_names_whoever_had_logged_in_and_a_slip_names_nobody() {
    let denied = |not_me| AuditEvent::LoginDenied {
        not_me,
        late: false,
        asker: "198.51.100.7".into(),
    };
    let letters = letters_of(&record(denied(true)), true);
    let [
        Letter::Notice { client, .. },
        Letter::Operator {
            news: OperatorNews::LoginDenied { client: told, .. },
            ..
        },
    ] = &letters[..]
    else {
        panic!("{letters:?}")
    };
    assert_eq!([client, told], ["198.51.100.7"; 2]);
    assert_eq!(letters_of(&record(denied(true)), false).len(), 1);
    assert_eq!(letters_of(&record(denied(false)), true), []);
}
