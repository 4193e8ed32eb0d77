//! What goes when its time is over, what stays, and stubs that nobody allowed.

use super::*;
use crate::store::records::audit::StubReason;
use crate::store::records::redact::Redaction;

fn days(default: u64, exceptions: &[(&str, u64)]) -> Retention {
    let exceptions = exceptions
        .iter()
        .map(|(kind, days)| ((*kind).to_owned(), *days));
    Retention::new(default, exceptions.collect())
}

/// Which records are stubs.
async fn redacted(vault: &Vault) -> Vec<u64> {
    let entries = vault.records.audit_after(0, 1_000).await.unwrap();
    let stubs = entries
        .into_iter()
        .filter(|(_, it)| matches!(it, AuditEntry::Redacted(_)));
    stubs.map(|(sequence, _)| sequence).collect()
}

#[tokio::test]
async fn what_is_old_becomes_a_stub_and_the_chain_holds() {
    let vault = Vault::with(10).await;
    let (before, head) = (vault.stored(3).await, vault.end().await);
    let retention = days(100, &[]);
    // Records are of the days 0 to 9; on the day 103 those of 0 to 3 have had their hundred.
    let now = START.plus(103 * DAY);
    let done = vault.redact(&retention, now, 1_000).await;
    let expected = Redaction {
        looked: 4,
        redacted: 4,
    };
    assert_eq!(done, expected);
    assert_eq!(redacted(&vault).await, [1, 2, 3, 4]);
    let report = vault
        .records
        .audit_verify(&[head], &retention)
        .await
        .unwrap();
    assert_eq!((report.fault, report.redacted), (None, 4));
    assert_eq!(report.end, head, "the end of the chain is the same");

    // What is left says no more than it must.
    let (_, entry) = vault.records.audit_after(2, 1).await.unwrap().remove(0);
    let AuditEntry::Redacted(stub) = entry else {
        panic!("no stub")
    };
    assert_eq!(stub.kind, "login-accepted");
    assert_eq!((stub.at, stub.redacted_at), (START.plus(2 * DAY), now));
    assert_eq!(stub.index, None, "of nobody");
    let (_, sealed) = split_entry(&before.bytes).unwrap();
    assert_eq!(stub.digest, crate::seal::digest(&[sealed]));
    assert_ne!(vault.stored(3).await.bytes, before.bytes);

    let account = sample::account("PPK1").unwrap();
    let left = vault.records.audit_of(&account).await.unwrap();
    let left: Vec<u64> = left.iter().map(|it| it.at.since(START) / DAY).collect();
    assert_eq!(left, [6, 9], "of 0, 3, 6 and 9");
    let index = vault.records.account_key(&account);
    let index = vault
        .store
        .scan(Kind::AuditByAccount, &index, None, 9)
        .await;
    assert_eq!(index.unwrap().len(), 4, "the index stays");

    // The old bytes in the stub's place verify too: they say more, not less.
    vault.put(3, Some(before));
    assert_eq!(vault.fault_with(&[head]).await, None);
}

#[tokio::test]
async fn kinds_go_in_their_own_time_and_never_before_ninety_days() {
    let vault = Vault::with(20).await;
    let kinds = AuditEvent::KINDS;
    let retention = days(200, &[("code-refused", 1), ("activated", 300)]);
    for (day, expected) in [
        (89, vec![]),
        // The fourth kind, code-refused, of the days 3 and 12.
        (95, vec![4]),
        (110, vec![4, 13]),
        // By default, of the days 0 to 3.
        (203, vec![1, 2, 3, 4, 13]),
        // All but the seventh kind, activated, of the days 6 and 15.
        (299, (1..=20).filter(|n| ![7, 16].contains(n)).collect()),
        (306, (1..=20).filter(|n| *n != 16).collect()),
        (400, (1..=20).collect::<Vec<u64>>()),
    ] {
        vault.redact(&retention, START.plus(day * DAY), 1_000).await;
        assert_eq!(redacted(&vault).await, expected, "day {day}");
        let report = vault.records.audit_verify(&[], &retention).await.unwrap();
        assert_eq!(report.fault, None, "day {day}");
    }
    assert_eq!((kinds[3], kinds[6]), ("code-refused", "activated"));
}

#[tokio::test]
async fn a_call_does_bounded_work_and_the_next_goes_on() {
    let vault = Vault::with(400).await;
    let (retention, now) = (days(90, &[("code-refused", 180)]), START.plus(3_000 * DAY));
    let mut calls = 0;
    let mut total = 0;
    loop {
        let done = vault.redact(&retention, now, 70).await;
        assert!(done.looked <= 70, "{done:?}");
        total += done.looked;
        calls += 1;
        if done.looked == 0 {
            break;
        }
    }
    assert_eq!(total, 2 * 400, "each class looked at each record once");
    assert_eq!(calls, 800_usize.div_ceil(70) + 1);
    assert_eq!(redacted(&vault).await.len(), 400);
    let report = vault.records.audit_verify(&[], &retention).await.unwrap();
    assert_eq!((report.fault, report.redacted), (None, 400));
    // Nothing to do writes nothing.
    let commits = vault.store.commit(Batch::default()).await.unwrap().version;
    vault.redact(&retention, now, 70).await;
    let after = vault.store.commit(Batch::default()).await.unwrap().version;
    assert_eq!(after, commits);
}

#[tokio::test]
async fn another_configuration_looks_through_the_log_anew() {
    let vault = Vault::with(9).await;
    let now = START.plus(200 * DAY);
    vault
        .redact(&days(150, &[("code-refused", 500)]), now, 99)
        .await;
    assert_eq!(redacted(&vault).await, [1, 2, 3, 5, 6, 7, 8, 9]);
    vault.redact(&days(150, &[]), now, 99).await;
    assert_eq!(redacted(&vault).await.len(), 9);
    // Who is told that it was to be kept longer hears of it.
    let report = vault.records.audit_verify(&[], &days(500, &[])).await;
    let fault = Some(Fault::RedactedTooEarly { sequence: 1 });
    assert_eq!(report.unwrap().fault, fault);
}

#[tokio::test]
async fn a_clock_that_went_back_takes_nothing_away() {
    let vault = Vault::with(5).await;
    let done = vault.redact(&days(90, &[]), UnixSeconds(0), 99).await;
    assert_eq!(done, Redaction::default());
}

#[tokio::test]
async fn an_unreadable_record_is_passed_by() {
    let vault = Vault::with(3).await;
    let mut broken = vault.stored(2).await;
    broken.bytes[40] ^= 1;
    vault.put(2, Some(broken));
    vault
        .redact(&days(90, &[]), START.plus(900 * DAY), 99)
        .await;
    assert_eq!(redacted(&vault).await, [1, 3]);
}

#[tokio::test]
async fn a_stub_before_its_time_is_found_even_when_we_wrote_it() {
    let vault = Vault::with(4).await;
    let (_, sealed) = {
        let stored = vault.stored(2).await;
        let (link, sealed) = split_entry(&stored.bytes).unwrap();
        (link, sealed.to_vec())
    };
    let stub = Stub {
        digest: crate::seal::digest(&[&sealed]),
        kind: "login-released".into(),
        at: START.plus(DAY),
        redacted_at: START.plus(DAY).plus(89 * DAY),
        reason: StubReason::Retention,
        index: Some([0; 16]),
    };
    let draft = vault.records.draft().redact(2, &stub);
    vault.records.commit(draft).await.unwrap();
    let fault = Some(Fault::RedactedTooEarly { sequence: 2 });
    assert_eq!(vault.fault().await, fault);
    let report = vault.records.audit_verify(&[], &days(0, &[])).await;
    assert_eq!(report.unwrap().fault, fault, "whatever is configured");
    // The index is the account's of before, not what the stub says.
    let old = Stub {
        redacted_at: START.plus(2_000 * DAY),
        digest: {
            let stored = vault.stored(2).await;
            crate::seal::digest(&[split_entry(&stored.bytes).unwrap().1])
        },
        ..stub
    };
    let draft = vault.records.draft().redact(2, &old);
    vault.records.commit(draft).await.unwrap();
    let fault = Some(Fault::WrongLink { sequence: 2 });
    assert_eq!(vault.fault().await, fault, "a stub of a stub");
}

/// Somebody who has the disk and a store full of stubs, but no key.
#[tokio::test]
async fn a_stub_works_in_its_own_place_alone() {
    let vault = Vault::with(6).await;
    vault.redact(&days(90, &[]), START.plus(91 * DAY), 99).await;
    assert_eq!(redacted(&vault).await, [1, 2]);
    let one = vault.stored(1).await;
    for sequence in 2..=6 {
        let mine = vault.stored(sequence).await;
        let bytes = [&mine.bytes[..32], &one.bytes[32..]].concat();
        let version = mine.version;
        vault.put(sequence, Some(Versioned { version, bytes }));
        let fault = Some(Fault::WrongLink { sequence });
        assert_eq!(vault.fault().await, fault);
        vault.store.heal();
    }
    for byte in 0..one.bytes.len() {
        let mut bent = one.clone();
        bent.bytes[byte] ^= 1;
        vault.put(1, Some(bent));
        let fault = Some(Fault::WrongLink { sequence: 1 });
        assert_eq!(vault.fault().await, fault, "byte {byte}");
    }
}

#[tokio::test]
async fn who_redacts_what_is_not_there_any_more_changes_nothing() {
    let vault = Vault::with(2).await;
    let stub = Stub {
        digest: [9; 32],
        kind: "login-waiting".into(),
        at: START,
        redacted_at: START.plus(900 * DAY),
        reason: StubReason::Retention,
        index: None,
    };
    let draft = vault.records.draft().redact(1, &stub);
    let fate = vault.records.commit(draft).await;
    assert!(matches!(fate, Err(RecordError::Conflict)), "{fate:?}");
    assert_eq!(vault.fault().await, None);
    assert_eq!(redacted(&vault).await, [0_u64; 0]);
}
