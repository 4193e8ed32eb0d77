//! Records: versions, expectations, all or nothing, one winner.

use super::super::{
    Batch, Committed, Expect, FORMAT_KEY, INSTANCE_KEY, KEY_BYTES_MAX, Kind, SCAN_RECORDS_MAX,
    Versioned, instance,
};
use super::{Broken, ROUNDS, Shared, TASKS, all, append, bytes_of, conflict, delete, put};
use std::sync::Arc;
use tokio::task::JoinSet;

pub(super) async fn new_store(store: Shared) -> Result<(), Broken> {
    let id = instance(&*store).await?;
    let record = store.get(Kind::Meta, INSTANCE_KEY).await?;
    let bytes = id.to_be_bytes().to_vec();
    holds!(
        record,
        Some(Versioned { version: 1, bytes }),
        "the instance is record 1"
    );
    holds!(
        bytes_of(&store, Kind::Meta, FORMAT_KEY).await?.is_some(),
        true,
        "it has a format"
    );
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Meta) {
        holds!(
            store.scan(kind, b"", None, 10).await?.len(),
            0,
            "a new store is empty"
        );
    }
    holds!(
        store.commit(Batch::default()).await?.version,
        1,
        "an empty batch is no commit"
    );
    Ok(())
}

pub(super) async fn versions(store: Shared) -> Result<(), Broken> {
    let first = store
        .commit(Batch(vec![put(Kind::Account, b"a", Expect::Any, b"1")]))
        .await?;
    let second = store
        .commit(Batch(vec![put(Kind::Session, b"a", Expect::Any, b"2")]))
        .await?;
    holds!(
        second.version,
        first.version + 1,
        "commits are numbered store-wide"
    );
    let gone = store
        .commit(Batch(vec![delete(Kind::Account, b"a", Expect::Any)]))
        .await?;
    let again = store
        .commit(Batch(vec![put(Kind::Account, b"a", Expect::Any, b"1")]))
        .await?;
    holds!(
        again.version > gone.version,
        true,
        "a version never comes back"
    );
    let record = store.get(Kind::Account, b"a").await?;
    let expected = Versioned {
        version: again.version,
        bytes: b"1".to_vec(),
    };
    holds!(
        record,
        Some(expected),
        "a record has the version of its commit"
    );
    let stale = put(Kind::Account, b"a", Expect::Version(first.version), b"x");
    let fate = store.commit(Batch(vec![stale])).await;
    holds!(
        fate,
        conflict(Kind::Account, 0),
        "a reader from before the deletion loses"
    );
    Ok(())
}

pub(super) async fn expectations(store: Shared) -> Result<(), Broken> {
    let kind = Kind::Attempts;
    let absent = put(kind, b"k", Expect::Absent, b"one");
    let one = store.commit(Batch(vec![absent.clone()])).await?.version;
    holds!(
        store.commit(Batch(vec![absent])).await,
        conflict(kind, 0),
        "absent: it is there"
    );
    let wrong = [one - 1, one + 1, 0, u64::MAX];
    for version in wrong {
        for op in [
            put(kind, b"k", Expect::Version(version), b"x"),
            delete(kind, b"k", Expect::Version(version)),
        ] {
            holds!(
                store.commit(Batch(vec![op])).await,
                conflict(kind, 0),
                "a wrong version"
            );
        }
    }
    holds!(
        bytes_of(&store, kind, b"k").await?,
        Some(b"one".to_vec()),
        "conflicts change nothing"
    );
    let fate = store
        .commit(Batch(vec![delete(kind, b"k", Expect::Absent)]))
        .await;
    holds!(fate, conflict(kind, 0), "check of absence: it is there");
    let two = store
        .commit(Batch(vec![put(kind, b"k", Expect::Version(one), b"two")]))
        .await?;
    store
        .commit(Batch(vec![delete(
            kind,
            b"k",
            Expect::Version(two.version),
        )]))
        .await?;
    holds!(store.get(kind, b"k").await?, None, "deleted");
    let fate = store
        .commit(Batch(vec![put(
            kind,
            b"k",
            Expect::Version(two.version),
            b"x",
        )]))
        .await;
    holds!(fate, conflict(kind, 0), "a version of what is gone");
    let fate = store
        .commit(Batch(vec![delete(kind, b"k", Expect::Version(1))]))
        .await;
    holds!(fate, conflict(kind, 0), "deleting what is gone by version");
    let before = store
        .commit(Batch(vec![delete(kind, b"k", Expect::Any)]))
        .await?;
    let after = store
        .commit(Batch(vec![delete(kind, b"k", Expect::Absent)]))
        .await?;
    holds!(
        after.version,
        before.version,
        "what changes nothing gets no number"
    );
    Ok(())
}

pub(super) async fn batches_are_atomic(store: Shared) -> Result<(), Broken> {
    let keep = store
        .commit(Batch(vec![put(
            Kind::Waiting,
            b"keep",
            Expect::Any,
            b"old",
        )]))
        .await?;
    let losing = Batch(vec![
        append(b"never", Some(b"who")),
        put(Kind::Session, b"s", Expect::Absent, b"never"),
        delete(Kind::Waiting, b"keep", Expect::Version(keep.version)),
        put(Kind::Account, b"a", Expect::Version(999), b"never"),
    ]);
    holds!(
        store.commit(losing).await,
        conflict(Kind::Account, 3),
        "the last operation loses"
    );
    holds!(
        store.get(Kind::Session, b"s").await?,
        None,
        "the others are not applied"
    );
    let kept = bytes_of(&store, Kind::Waiting, b"keep").await?;
    holds!(kept, Some(b"old".to_vec()), "nor a deletion");
    holds!(
        store.scan(Kind::Audit, b"", None, 9).await?.len(),
        0,
        "nor an entry of the log"
    );
    holds!(
        store.scan(Kind::AuditByAccount, b"", None, 9).await?.len(),
        0,
        "nor its index"
    );
    let winning = Batch(vec![
        append(b"yes", None),
        put(Kind::Session, b"s", Expect::Absent, b"yes"),
        delete(Kind::Waiting, b"keep", Expect::Version(keep.version)),
    ]);
    let won = store.commit(winning).await?;
    let expected = Committed {
        version: keep.version + 1,
        sequences: vec![1],
    };
    holds!(won, expected, "a lost batch takes no number");
    holds!(
        store.get(Kind::Waiting, b"keep").await?,
        None,
        "all of a batch is applied"
    );
    let session = store.get(Kind::Session, b"s").await?.map(|it| it.version);
    holds!(session, Some(won.version), "under one version");
    Ok(())
}

pub(super) async fn readers_see_commits(store: Shared) -> Result<(), Broken> {
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            for round in 0..20_u64 {
                let value = round.to_be_bytes();
                let key = task.to_be_bytes();
                let done = store
                    .commit(Batch(vec![put(Kind::Upstream, &key, Expect::Any, &value)]))
                    .await?;
                let read = store.get(Kind::Upstream, &key).await?;
                let expected = Versioned {
                    version: done.version,
                    bytes: value.to_vec(),
                };
                holds!(read, Some(expected), "who committed reads what he wrote");
            }
            Ok(())
        });
    }
    all(tasks).await
}

pub(super) async fn bytes_of_every_value(store: Shared) -> Result<(), Broken> {
    let every: Vec<u8> = (0..=u8::MAX).collect();
    for value in [every.clone(), Vec::new(), vec![0; 64], vec![0xff; 64]] {
        for key in [every.as_slice(), b"", b"\0", &[0xff; KEY_BYTES_MAX]] {
            store
                .commit(Batch(vec![put(Kind::Throttle, key, Expect::Any, &value)]))
                .await?;
            holds!(
                bytes_of(&store, Kind::Throttle, key).await?,
                Some(value.clone()),
                "any bytes"
            );
        }
    }
    holds!(
        store.scan(Kind::Throttle, b"", None, 9).await?.len(),
        4,
        "under four keys"
    );
    holds!(
        store.get(Kind::Session, b"\0").await?,
        None,
        "kinds do not mix"
    );
    Ok(())
}

pub(super) async fn one_winner(store: Shared) -> Result<(), Broken> {
    let first = store
        .commit(Batch(vec![put(Kind::Account, b"a", Expect::Absent, b"")]))
        .await?;
    let mut version = first.version;
    for round in 0..ROUNDS {
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            let store = Arc::clone(&store);
            let op = put(
                Kind::Account,
                b"a",
                Expect::Version(version),
                &task.to_be_bytes(),
            );
            tasks.spawn(async move { (task, store.commit(Batch(vec![op])).await) });
        }
        let mut winners = Vec::new();
        while let Some(ended) = tasks.join_next().await {
            match ended.map_err(|error| Broken(error.to_string()))? {
                (task, Ok(done)) => winners.push((task, done.version)),
                (_, lost) => holds!(lost, conflict(Kind::Account, 0), "losers lose by conflict"),
            }
        }
        holds!(winners.len(), 1, format!("winners in round {round}"));
        let record = store.get(Kind::Account, b"a").await?;
        let expected = winners.first().map(|(task, version)| Versioned {
            version: *version,
            bytes: task.to_be_bytes().to_vec(),
        });
        holds!(record, expected, "the winner's value stands");
        version = winners.first().map_or(0, |it| it.1);
    }
    Ok(())
}

/// Who hangs up after submitting has submitted, and stands in nobody's way.
pub(super) async fn dropped_callers(store: Shared) -> Result<(), Broken> {
    let mut dropped: u64 = 0;
    for n in 0..100_u64 {
        let op = put(Kind::Waiting, &n.to_be_bytes(), Expect::Any, b"");
        let mut future = store.commit(Batch(vec![op]));
        // Polled once: submitted, and perhaps done.
        let first =
            std::future::poll_fn(|cx| std::task::Poll::Ready(future.as_mut().poll(cx))).await;
        dropped += u64::from(first.is_pending());
        drop(future);
    }
    let after = store
        .commit(Batch(vec![put(Kind::Session, b"s", Expect::Any, b"")]))
        .await?;
    holds!(
        after.version,
        102,
        format!("all commits happened ({dropped} callers were gone)")
    );
    let kept = store
        .scan(Kind::Waiting, b"", None, SCAN_RECORDS_MAX)
        .await?
        .len();
    holds!(kept, 100, "and all records are there");
    Ok(())
}
