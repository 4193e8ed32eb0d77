//! Any history verifies; no single change to it does.

use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Act {
    Append { days: u64 },
    Redact { limit: usize },
}

/// One change to what is stored.
#[derive(Clone, Debug)]
enum Change {
    Flip { place: usize, byte: usize, bit: u8 },
    Swap { place: usize, other: usize },
    Remove { place: usize },
    Double { place: usize },
    Unindex { place: usize },
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..60_u64).prop_map(|days| Act::Append { days }),
        1 => (0..30_usize).prop_map(|limit| Act::Redact { limit }),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let any = || any::<usize>();
    prop_oneof![
        4 => (any(), any(), 0..8_u8).prop_map(|(place, byte, bit)| Change::Flip { place, byte, bit }),
        1 => (any(), any()).prop_map(|(place, other)| Change::Swap { place, other }),
        1 => any().prop_map(|place| Change::Remove { place }),
        1 => any().prop_map(|place| Change::Double { place }),
        1 => any().prop_map(|place| Change::Unindex { place }),
    ]
}

async fn entries(vault: &Vault, kind: Kind) -> Vec<(Vec<u8>, Versioned)> {
    vault.store.scan(kind, b"", None, 1_000).await.unwrap()
}

/// Carries a change out; `false` when it would change nothing.
async fn tamper(vault: &Vault, change: &Change) -> bool {
    let log = entries(vault, Kind::Audit).await;
    let index = entries(vault, Kind::AuditByAccount).await;
    let put = |at: usize, stored| vault.store.put(Kind::Audit, &log[at].0, stored);
    match *change {
        Change::Flip { place, byte, bit } => {
            let at = place % log.len();
            let mut stored = log[at].1.clone();
            let byte = byte % (8 + stored.bytes.len());
            match byte.checked_sub(8) {
                None => stored.version ^= 1 << (byte * 8 + usize::from(bit)),
                Some(byte) => stored.bytes[byte] ^= 1 << bit,
            }
            put(at, Some(stored));
        }
        Change::Swap { place, other } => {
            let (one, two) = (place % log.len(), other % log.len());
            put(one, Some(log[two].1.clone()));
            put(two, Some(log[one].1.clone()));
            return one != two;
        }
        Change::Remove { place } => put(place % log.len(), None),
        Change::Double { place } => {
            // Everything from there on a place further, as if one had been put in between.
            let at = place % log.len();
            for later in at + 1..log.len() {
                put(later, Some(log[later - 1].1.clone()));
            }
            return at + 1 < log.len();
        }
        Change::Unindex { place } => {
            if index.is_empty() {
                return false;
            }
            let (key, _) = &index[place % index.len()];
            vault.store.put(Kind::AuditByAccount, key, None);
        }
    }
    true
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 128,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]
    #[test]
    fn any_history_verifies_and_no_change_to_it_does(
        acts in proptest::collection::vec(act(), 1..40),
        changes in proptest::collection::vec(change(), 1..20),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (vault, mut now) = (Vault::new(), START);
            let retention = Retention::new(400, [("code-refused".to_owned(), 100)].into());
            for (n, act) in acts.iter().enumerate() {
                match act {
                    Act::Append { days } => {
                        now = now.plus(days * DAY);
                        vault.append(n as u64, now).await;
                    }
                    Act::Redact { limit } => {
                        vault.redact(&retention, now, *limit).await;
                    }
                }
            }
            let verify = async || {
                let report = vault.records.audit_verify(&[], &retention).await;
                report.unwrap().fault
            };
            assert_eq!(verify().await, None);
            if vault.end().await.sequence == 0 {
                return;
            }
            for change in &changes {
                if tamper(&vault, change).await {
                    assert_ne!(verify().await, None, "{change:?}");
                }
                vault.store.heal();
            }
            assert_eq!(verify().await, None);
        });
    }
}
