//! A sample of everything that can be recorded: for tests, and for looking at an output.

use super::{AuditEvent, AuditRecord, Ceilings};
use crate::authenticator::Factor;
use crate::domain::policy::act::Act;
use crate::domain::policy::{Change, Rollback};
use crate::domain::policy_file::{Demand, Mode, Rule, Subject};
use crate::domain::throttle::Lane;
use crate::primitives::{AccountId, Role, UnixSeconds, UserId, UserType};

/// One of every kind, in the order of [`AuditEvent::KINDS`].
pub fn events() -> Vec<AuditEvent> {
    let mut events = vec![
        AuditEvent::LoginWaiting {
            mode: Mode::Required,
            activation: true,
        },
        AuditEvent::LoginReleased {
            mode: Mode::Observe,
            would_ask: true,
        },
        AuditEvent::LoginAccepted {
            factor: Factor::Recovery,
            lane: Lane::KnownBrowser,
            left: Some(3),
        },
        AuditEvent::CodeRefused {
            factor: Factor::Totp,
            lane: Lane::Unknown,
            reason: "mismatch".into(),
            failures: 3,
        },
        AuditEvent::LoginAbandoned {
            reason: "too-late".into(),
        },
        AuditEvent::LoginDenied {
            not_me: true,
            late: false,
            asker: "203.0.113.9".into(),
        },
        AuditEvent::Activated {
            entry: "B".into(),
            replaced: true,
            phone: Some("Chrome (Android)".into()),
        },
        AuditEvent::Disabled { entry: "B".into() },
        AuditEvent::RecoveryMade { left: 3 },
        AuditEvent::ResetMailed,
        AuditEvent::ResetConfirmed,
        AuditEvent::ResetDenied {
            asker: "203.0.113.9".into(),
            late: false,
        },
        AuditEvent::CodeMailed {
            source: "list".into(),
        },
        AuditEvent::AddressTyped,
        AuditEvent::AddressConfirmed,
        AuditEvent::SessionEnded {
            reason: "idle".into(),
        },
    ];
    if let Some(to) = account("PPK2") {
        events.push(AuditEvent::IdentityChanged { to });
    }
    events.extend(of_the_policy());
    events.extend(of_accounts());
    events.extend(of_the_gateway());
    events
}

/// What was put off, and what is done with the policy.
fn of_the_policy() -> Vec<AuditEvent> {
    let until = UnixSeconds(1_800_000_000);
    let reason = || "HP hilang".to_owned();
    let subject = Subject {
        user_type: UserType::parse("non-penyedia").ok(),
        role: Role::parse("Pembuat Komitmen").ok(),
    };
    let demand = Demand {
        from: Some(until),
        skips: Some(3),
        until: Some(until),
        ..Mode::Encouraged.into()
    };
    let change = Change {
        subjects: vec![subject.clone()],
        demand: Some(demand),
    };
    let rollback = Some(Rollback {
        percent: 20,
        minutes: 30,
        least: 10,
    });
    let rule = Rule {
        subject,
        demand: Mode::Observe.into(),
    };
    vec![
        AuditEvent::PutOff { skips: 2 },
        AuditEvent::CodeTyped,
        AuditEvent::PolicyChanged {
            act: Act::Set { change, rollback },
            reason: reason(),
            before: vec![rule.clone()],
            after: vec![rule.clone()],
            ceiling: Some(Ceilings {
                before: Mode::Required,
                after: Mode::Observe,
            }),
            revision: 8,
        },
        AuditEvent::PolicySettled {
            before: vec![rule.clone()],
            after: vec![rule],
            revision: 9,
        },
        AuditEvent::GlassFile {
            broken: true,
            ceiling: Mode::Observe,
            until,
            reason: reason(),
        },
    ]
}

/// What the help desk does.
fn of_accounts() -> Vec<AuditEvent> {
    let until = UnixSeconds(1_800_000_000);
    let reason = || "HP hilang".to_owned();
    vec![
        AuditEvent::Reset {
            entry: Some("B".into()),
            number: "12/LPSE/2026".into(),
            checked: "KTP".into(),
            reason: reason(),
        },
        AuditEvent::CodeIssued {
            until,
            number: "12/LPSE/2026".into(),
            checked: "identity card".into(),
            reason: reason(),
        },
        AuditEvent::SessionsEnded {
            which: "all".into(),
            count: 3,
            reason: reason(),
        },
        AuditEvent::Exempted {
            before: Some(until),
            until: Some(until),
            reason: reason(),
        },
        AuditEvent::Unlocked {
            failures: 20,
            reason: reason(),
        },
        AuditEvent::EmailSet {
            set: true,
            number: "005/LPSE/2026".into(),
            checked: "KTP".into(),
            reason: reason(),
        },
        AuditEvent::DirectoryImported {
            accounts: 412,
            removed: 3,
            reason: reason(),
        },
    ]
}

/// Clock and profile.
fn of_the_gateway() -> Vec<AuditEvent> {
    let until = UnixSeconds(1_800_000_000);
    let reason = || "NTP".to_owned();
    vec![
        AuditEvent::ClockAccepted {
            before: until,
            now: until,
            reason: reason(),
        },
        AuditEvent::ProfileDrifted {
            sign: "no field for a password".into(),
        },
        AuditEvent::ProfileFits,
    ]
}

/// A record of each, one minute after the other from `at` on.
pub fn records(at: UnixSeconds) -> Vec<AuditRecord> {
    let minutes = (0..).map(|minute| at.plus(minute * 60));
    let record = |(event, at)| AuditRecord {
        at,
        account: account("PPK1"),
        role: Some("Pembuat Komitmen".into()),
        client: "203.0.113.7".into(),
        request: "0011223344556677".into(),
        actor: matches!(event, AuditEvent::Reset { .. }).then(|| "sri (uid 0)".to_owned()),
        event,
    };
    events().into_iter().zip(minutes).map(record).collect()
}

/// An account with this user id; `None` when nobody can be called so.
pub fn account(user_id: &str) -> Option<AccountId> {
    Some(AccountId {
        user_type: UserType::parse("non-penyedia").ok()?,
        user_id: UserId::parse(user_id).ok()?,
    })
}
