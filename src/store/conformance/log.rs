//! The log: numbers without gaps, and its index.

use super::super::{Batch, Kind, SCAN_RECORDS_MAX, split_entry};
use super::chain::holds_from_the_beginning;
use super::{Broken, Shared, TASKS, all, append, keys_of};
use crate::seal::AuditChain;
use std::sync::Arc;
use tokio::task::JoinSet;

pub(super) async fn entries(store: Shared) -> Result<(), Broken> {
    let two = Batch(vec![
        append(b"one", Some(b"acct-a")),
        append(b"two", Some(b"acct-b")),
    ]);
    holds!(
        store.commit(two).await?.sequences,
        vec![1, 2],
        "numbers follow the operations"
    );
    let three = store
        .commit(Batch(vec![append(b"three", Some(b"acct-a"))]))
        .await?;
    holds!(three.sequences, vec![3], "numbers go on");
    let entry = store.get(Kind::Audit, &3_u64.to_be_bytes()).await?;
    let entry = entry.ok_or_else(|| Broken("an entry by its number: none".into()))?;
    holds!(entry.version, three.version, "the version of an entry");
    holds!(
        split_entry(&entry.bytes).map(|(_, bytes)| bytes),
        Some(&b"three"[..]),
        "what was appended stands behind the link"
    );
    for nothing in [0, 4, u64::MAX] {
        holds!(
            store.get(Kind::Audit, &nothing.to_be_bytes()).await?,
            None,
            "no such entry"
        );
    }
    holds!(store.get(Kind::Audit, b"odd").await?, None, "no such key");
    let page = store
        .scan(Kind::Audit, b"", Some(&1_u64.to_be_bytes()), 9)
        .await?;
    let values: Vec<_> = page
        .iter()
        .map(|(_, entry)| split_entry(&entry.bytes).map(|(_, bytes)| bytes))
        .collect();
    holds!(
        values,
        vec![Some(&b"two"[..]), Some(b"three")],
        "the log in its order"
    );
    let keys = keys_of(&store, Kind::AuditByAccount, b"acct-a", None, 9).await?;
    let expected = [1_u64, 3].map(|n| [b"acct-a".as_slice(), &n.to_be_bytes()].concat());
    holds!(
        keys,
        expected.to_vec(),
        "the index finds an account's entries"
    );
    Ok(())
}

pub(super) async fn under_parallel_tasks(store: Shared, chain: &AuditChain) -> Result<(), Broken> {
    const EACH: u64 = 10;
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let index = task.to_be_bytes();
            let mut mine = Vec::new();
            for _ in 0..EACH {
                let done = store
                    .commit(Batch(vec![append(&index, Some(&index))]))
                    .await?;
                mine.extend(done.sequences);
            }
            let keys = keys_of(&store, Kind::AuditByAccount, &index, None, 99).await?;
            let expected: Vec<_> = mine
                .iter()
                .map(|n| [index, n.to_be_bytes()].concat())
                .collect();
            holds!(keys, expected, "every task finds its own entries, in order");
            Ok(())
        });
    }
    all(tasks).await?;
    let keys = keys_of(&store, Kind::Audit, b"", None, SCAN_RECORDS_MAX).await?;
    let expected: Vec<_> = (1..=TASKS * EACH)
        .map(|n| n.to_be_bytes().to_vec())
        .collect();
    holds!(keys, expected, "numbers without a gap");
    holds_from_the_beginning(&store, chain).await
}
