//! One change at a time.

use super::*;

fn index_key(vault: &Vault, user_id: &str, sequence: u64) -> Vec<u8> {
    let account = vault
        .records
        .account_key(&sample::account(user_id).unwrap());
    [account, sequence.to_be_bytes().to_vec()].concat()
}

fn flipped(stored: &Versioned, byte: usize) -> Versioned {
    let mut stored = stored.clone();
    match byte.checked_sub(8) {
        // The version stands in front of the value on the disk.
        None => stored.version ^= 1 << (byte * 8),
        Some(byte) => stored.bytes[byte] ^= 0x10,
    }
    stored
}

#[tokio::test]
async fn a_sound_log_of_any_length_verifies() {
    for records in [0, 1, 12] {
        let vault = Vault::with(records).await;
        let end = vault.end().await;
        let report = vault
            .records
            .audit_verify(&[end, end], &Retention::default())
            .await
            .unwrap();
        let expected = AuditReport {
            sound: end,
            redacted: 0,
            end,
            fault: None,
        };
        assert_eq!((end.sequence, report), (records, expected));
    }
}

#[tokio::test]
async fn heads_of_any_place_are_compared() {
    let vault = Vault::new();
    let mut heads = vec![vault.end().await];
    for n in 0..2_100 {
        vault.append(n, START).await;
        heads.push(vault.end().await);
    }
    assert_eq!(vault.fault_with(&heads).await, None);
    for place in [0, 1, 999, 1000, 1001, 2_100] {
        let mut other = heads[place];
        other.link.0[31] ^= 1;
        let sequence = place as u64;
        let fault = Some(Fault::OtherThanHead { sequence });
        assert_eq!(vault.fault_with(&[heads[5], other, heads[7]]).await, fault);
    }
}

#[tokio::test]
async fn every_changed_byte_of_every_record_is_found_where_it_is() {
    let vault = Vault::with(9).await;
    let mut changes = 0;
    for sequence in 1..=9 {
        let stored = vault.stored(sequence).await;
        for byte in 0..8 + stored.bytes.len() {
            vault.put(sequence, Some(flipped(&stored, byte)));
            let fault = Some(Fault::WrongLink { sequence });
            assert_eq!(vault.fault().await, fault, "byte {byte}");
            changes += 1;
        }
        for len in [0, 31, 32, stored.bytes.len() - 1] {
            let bytes = stored.bytes[..len].to_vec();
            let version = stored.version;
            vault.put(sequence, Some(Versioned { version, bytes }));
            let fault = Some(Fault::WrongLink { sequence });
            assert_eq!(vault.fault().await, fault, "cut to {len}");
        }
        vault.store.heal();
    }
    assert!(changes > 9 * 200, "{changes}");
    assert_eq!(vault.fault().await, None);
}

#[tokio::test]
async fn reordered_and_repeated_records_are_found() {
    let vault = Vault::with(6).await;
    let (two, three) = (vault.stored(2).await, vault.stored(3).await);
    vault.put(2, Some(three.clone()));
    vault.put(3, Some(two.clone()));
    let fault = Some(Fault::WrongLink { sequence: 2 });
    assert_eq!(vault.fault().await, fault, "swapped");
    // Also when the links stay where they were.
    let mix = |link: &Versioned, rest: &Versioned| Versioned {
        version: link.version,
        bytes: [&link.bytes[..32], &rest.bytes[32..]].concat(),
    };
    vault.put(2, Some(mix(&two, &three)));
    vault.put(3, Some(mix(&three, &two)));
    assert_eq!(vault.fault().await, fault, "swapped behind their links");
    vault.store.heal();
    vault.put(3, Some(two));
    let fault = Some(Fault::WrongLink { sequence: 3 });
    assert_eq!(vault.fault().await, fault, "the one before once more");
}

#[tokio::test]
async fn a_missing_record_is_found_wherever_it_was() {
    let vault = Vault::with(5).await;
    for sequence in 1..=5 {
        vault.put(sequence, None);
        assert_eq!(vault.fault().await, Some(Fault::Missing { sequence }));
        vault.store.heal();
    }
    let stranger = [&2_u64.to_be_bytes()[..], b"x"].concat();
    let stored = vault.stored(2).await;
    vault.store.put(Kind::Audit, &stranger, Some(stored));
    let fault = Some(Fault::Stranger { after: 2 });
    assert_eq!(vault.fault().await, fault);
}

/// Somebody who can write the store's own note of the end, but has no key.
#[tokio::test]
async fn a_cut_end_shows_by_a_head_alone() {
    let vault = Vault::with(8).await;
    let head = vault.end().await;
    let (link, _) = split(&vault.stored(5).await);
    for sequence in 6..=8 {
        vault.put(sequence, None);
        for user in ["PPK1", "PPK2"] {
            let key = index_key(&vault, user, sequence);
            vault.store.put(Kind::AuditByAccount, &key, None);
        }
    }
    vault.store.end_at(LogEnd { sequence: 5, link });
    assert_eq!(vault.fault().await, None, "nothing shows from inside");
    let fault = Some(Fault::EndsBefore { end: 5, head: 8 });
    assert_eq!(vault.fault_with(&[head]).await, fault);
    vault.store.end_at(LogEnd {
        sequence: 5,
        link: head.link,
    });
    let fault = Some(Fault::WrongEnd { sequence: 5 });
    assert_eq!(vault.fault().await, fault, "half cut");
}

fn split(stored: &Versioned) -> (Link, Vec<u8>) {
    let (link, bytes) = split_entry(&stored.bytes).unwrap();
    (link, bytes.to_vec())
}

/// A copy of the whole store of before, under the same key, that then went on otherwise.
#[tokio::test]
async fn an_old_copy_is_found_by_a_newer_head() {
    let (vault, copy) = (Vault::with(4).await, Vault::with(4).await);
    // Sealed anew with other nonces: the copy of a moment ago is not this one, so copy the bytes.
    for sequence in 1..=4 {
        copy.put(sequence, Some(vault.stored(sequence).await));
    }
    copy.store.end_at(vault.end().await);
    assert_eq!(copy.fault_with(&[vault.end().await]).await, None);
    vault.append(4, START.plus(4 * DAY)).await;
    vault.append(5, START.plus(5 * DAY)).await;
    let head = vault.end().await;
    let fault = Some(Fault::EndsBefore { end: 4, head: 6 });
    assert_eq!(copy.fault_with(&[head]).await, fault);
    // Going on with other records does not help either.
    let other = Vault::with(8).await;
    let fault = Some(Fault::OtherThanHead { sequence: 6 });
    assert_eq!(other.fault_with(&[head]).await, fault);
}

#[tokio::test]
async fn a_record_under_another_key_or_without_sense_is_found() {
    let vault = Vault::with(3).await;
    // The store links whatever it is given; here something that no key of ours sealed.
    let raw = Op::Append {
        kind: Kind::Audit,
        bytes: b"whatever".to_vec(),
        index: None,
    };
    vault.store.commit(Batch(vec![raw])).await.unwrap();
    let fault = Some(Fault::Unreadable { sequence: 4 });
    assert_eq!(vault.fault().await, fault);
    let entries = vault.records.audit_after(2, 9).await.unwrap();
    assert!(matches!(entries[0], (3, AuditEntry::Record(_))));
    assert_eq!(entries[1], (4, AuditEntry::Unreadable));

    let foreign = Records::new(vault.store.clone(), seal(8));
    let report = foreign.audit_verify(&[], &Retention::default()).await;
    let fault = Some(Fault::WrongLink { sequence: 1 });
    assert_eq!(report.unwrap().fault, fault, "another key");
}

#[tokio::test]
async fn a_changed_index_is_found() {
    let vault = Vault::with(9).await;
    let one = |sequence| index_key(&vault, "PPK1", sequence);
    let two = |sequence| index_key(&vault, "PPK2", sequence);
    let entry = vault
        .store
        .get(Kind::AuditByAccount, &one(4))
        .await
        .unwrap()
        .unwrap();
    let put = |key: &[u8], stored| vault.store.put(Kind::AuditByAccount, key, stored);
    let lacks = |sequence| Some(Fault::IndexLacks { sequence });
    let invents = |sequence| Some(Fault::IndexInvents { sequence });

    put(&one(4), None);
    assert_eq!(vault.fault().await, lacks(4), "taken away");
    put(&two(4), Some(entry.clone()));
    assert_eq!(vault.fault().await, lacks(4), "moved to another account");
    vault.store.heal();

    put(&two(4), Some(entry.clone()));
    assert_eq!(vault.fault().await, invents(4), "another account's too");
    vault.store.heal();
    put(&one(3), Some(entry.clone()));
    assert_eq!(vault.fault().await, invents(3), "a record of nobody's");
    vault.store.heal();
    for key in [&b"short"[..], &[0; 23], &[0; 25], &[0; 24]] {
        put(key, Some(entry.clone()));
        assert_eq!(vault.fault().await, invents(0), "{key:?}");
        vault.store.heal();
    }

    for (version, bytes) in [(entry.version + 1, vec![]), (entry.version, vec![1])] {
        put(&one(4), Some(Versioned { version, bytes }));
        assert_eq!(vault.fault().await, lacks(4), "not as it was written");
    }
    vault.store.heal();
    assert_eq!(vault.fault().await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_verifies_while_the_log_is_written() {
    let vault = Arc::new(Vault::with(30).await);
    let writing = Arc::clone(&vault);
    let writer = tokio::spawn(async move {
        for n in 30..600 {
            writing.append(n, START.plus(n * DAY)).await;
            tokio::task::yield_now().await;
        }
    });
    let mut ends = Vec::new();
    while !writer.is_finished() {
        assert_eq!(vault.fault_with(&ends).await, None);
        ends.push(vault.end().await);
    }
    writer.await.unwrap();
    assert_eq!(vault.fault_with(&ends).await, None);
    assert_eq!(vault.end().await.sequence, 600);
}

#[tokio::test]
async fn the_newest_thousand_of_an_account_are_given() {
    let vault = Vault::new();
    for n in 0..3_100 {
        vault.append(n, START.plus(n)).await;
    }
    let account = sample::account("PPK2").unwrap();
    let found = vault.records.audit_of(&account).await.unwrap();
    assert_eq!(found.len(), 1_000);
    let times: Vec<u64> = found.iter().map(|it| it.at.since(START)).collect();
    assert_eq!((times[0], times[999]), (100, 3_097), "the newest");
    assert!(times.is_sorted());
    assert!(found.iter().all(|it| it.account.as_ref() == Some(&account)));
    let nobody = sample::account("NOBODY").unwrap();
    assert_eq!(vault.records.audit_of(&nobody).await.unwrap(), []);
}
