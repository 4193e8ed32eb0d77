//! The writer against a disk that waits, fails, fills up and panics at will.

mod hand;

use super::super::engine::{Expect, Kind, Op};
use super::*;
use crate::seal::MasterKey;
use hand::{Hand, IO, TestDisk};
use std::sync::atomic::AtomicBool;
use tokio::task::JoinSet;

fn start() -> (Arc<Writer>, Arc<Hand>) {
    let (changes, totals) = ledger::genesis(7);
    let mut records = Records::new();
    ledger::apply(&mut records, changes);
    let hand = Arc::new(Hand::default());
    let durable = Durable { records, totals };
    let chain = AuditChain::new(&MasterKey::new([7; 32])).unwrap();
    let writer = Writer::start(TestDisk(Arc::clone(&hand)), durable, chain).unwrap();
    (Arc::new(writer), hand)
}

fn put(key: &[u8], expect: Expect, bytes: &[u8]) -> Batch {
    let (key, bytes) = (key.to_vec(), bytes.to_vec());
    Batch(vec![Op::Put {
        kind: Kind::Account,
        key,
        expect,
        bytes,
    }])
}

fn value(writer: &Writer, key: &[u8]) -> Option<Vec<u8>> {
    let durable = writer.shared().durable();
    durable
        .records
        .get(&ledger::name(Kind::Account, key))
        .map(|record| record.bytes.clone())
}

type Fates = JoinSet<Result<Committed, CommitError>>;

fn submit(fates: &mut Fates, writer: &Arc<Writer>, batch: Batch) {
    let writer = Arc::clone(writer);
    fates.spawn(async move { writer.commit(batch).await });
}

/// Two batches that want the same record, waiting behind a held sync of a third.
async fn rivals_behind_a_held_sync(writer: &Arc<Writer>, hand: &Hand) -> (Fates, Fates) {
    hand.hold(true);
    let mut first = Fates::new();
    submit(&mut first, writer, put(b"first", Expect::Any, b"1"));
    hand.in_sync(1).await;
    let mut rivals = Fates::new();
    submit(&mut rivals, writer, put(b"k", Expect::Absent, b"mine"));
    submit(&mut rivals, writer, put(b"k", Expect::Absent, b"mine"));
    settle().await;
    (first, rivals)
}

/// Lets every task that can go on do so.
async fn settle() {
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
}

fn sorted(fates: Vec<Result<Committed, CommitError>>) -> (usize, usize, Vec<StoreError>) {
    let won = fates.iter().filter(|fate| fate.is_ok()).count();
    let lost = fates
        .iter()
        .filter(|f| matches!(f, Err(CommitError::Conflict { .. })))
        .count();
    let failed = fates.into_iter().filter_map(|fate| match fate {
        Err(CommitError::Store(error)) => Some(error),
        _ => None,
    });
    (won, lost, failed.collect())
}

#[tokio::test]
async fn nobody_sees_or_hears_of_a_commit_before_its_sync() {
    let (writer, hand) = start();
    let (mut first, mut rivals) = rivals_behind_a_held_sync(&writer, &hand).await;
    assert_eq!(
        value(&writer, b"first"),
        None,
        "a reader sees what is not durable"
    );
    assert!(
        first.try_join_next().is_none(),
        "acknowledged before the sync"
    );
    assert_eq!(
        hand.marked.load(Ordering::SeqCst),
        0,
        "marked before the sync"
    );
    assert!(
        rivals.try_join_next().is_none(),
        "told of a conflict with what is not durable"
    );
    hand.hold(false);
    assert_eq!(sorted(first.join_all().await), (1, 0, vec![]));
    assert_eq!(sorted(rivals.join_all().await), (1, 1, vec![]));
    assert_eq!(value(&writer, b"first"), Some(b"1".to_vec()));
    assert_eq!(hand.marked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn who_waits_shares_one_sync() {
    let (writer, hand) = start();
    hand.hold(true);
    let mut fates = Fates::new();
    submit(&mut fates, &writer, put(b"first", Expect::Any, b""));
    hand.in_sync(1).await;
    for n in 0..200_u8 {
        submit(&mut fates, &writer, put(&[n], Expect::Absent, b""));
    }
    settle().await;
    hand.hold(false);
    assert_eq!(sorted(fates.join_all().await), (201, 0, vec![]));
    assert_eq!(hand.syncs.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_group_is_closed_by_its_bytes() {
    let (writer, hand) = start();
    hand.hold(true);
    let mut fates = Fates::new();
    submit(&mut fates, &writer, put(b"first", Expect::Any, b""));
    hand.in_sync(1).await;
    for n in 0..4_u8 {
        submit(
            &mut fates,
            &writer,
            put(&[n], Expect::Absent, &[0; GROUP_BYTES_MAX / 2]),
        );
    }
    settle().await;
    hand.hold(false);
    assert_eq!(sorted(fates.join_all().await), (5, 0, vec![]));
    assert_eq!(hand.syncs.load(Ordering::SeqCst), 3);
}

/// Breaks the disk by `fault` while rivals wait, and expects that nobody gets a false answer.
async fn stops_on(fault: impl Fn(&Hand) -> &AtomicBool, expected: StoreError) {
    let (writer, hand) = start();
    writer
        .commit(put(b"before", Expect::Any, b"1"))
        .await
        .unwrap();
    fault(&hand).store(true, Ordering::SeqCst);
    let mut fates = Fates::new();
    submit(&mut fates, &writer, put(b"k", Expect::Absent, b"mine"));
    submit(&mut fates, &writer, put(b"k", Expect::Absent, b"mine"));
    let (won, lost, failed) = sorted(fates.join_all().await);
    assert_eq!((won, lost), (0, 0), "a false acknowledgement or conflict");
    assert!(failed.contains(&expected), "{failed:?}");
    assert!(
        failed
            .iter()
            .all(|it| *it == expected || *it == StoreError::Stopped),
        "{failed:?}"
    );
    assert!(writer.shared().stopped().is_some());

    // The fault goes away; the store must not come back to life.
    fault(&hand).store(false, Ordering::SeqCst);
    let writes = hand.writes.load(Ordering::SeqCst);
    for _ in 0..3 {
        let fate = writer.commit(put(b"after", Expect::Any, b"")).await;
        assert_eq!(fate, Err(StoreError::Stopped.into()));
    }
    assert_eq!(
        hand.writes.load(Ordering::SeqCst),
        writes,
        "written after it stopped"
    );
    assert_eq!(
        value(&writer, b"before"),
        Some(b"1".to_vec()),
        "reads go on"
    );
    assert_eq!(
        value(&writer, b"k"),
        None,
        "a reader sees what was never acknowledged"
    );
    assert_eq!(value(&writer, b"after"), None);
    assert!(writer.close().is_err(), "closing says that it had stopped");
}

#[tokio::test]
async fn a_failed_sync_is_final() {
    stops_on(|hand| &hand.fail_sync, IO).await;
}

#[tokio::test]
async fn a_failed_write_is_final() {
    stops_on(|hand| &hand.fail_write, IO).await;
}

#[tokio::test]
async fn a_failed_mark_is_final() {
    stops_on(|hand| &hand.fail_mark, IO).await;
}

#[tokio::test]
async fn a_panic_of_the_disk_is_final() {
    stops_on(|hand| &hand.panic, StoreError::Stopped).await;
}

/// Fsyncgate with rivals in the group that fails: the loser must not learn of a winner.
#[tokio::test]
async fn losers_of_a_failed_group_hear_of_the_failure() {
    let (writer, hand) = start();
    let (first, rivals) = rivals_behind_a_held_sync(&writer, &hand).await;
    hand.fail_sync.store(true, Ordering::SeqCst);
    hand.hold(false);
    assert_eq!(sorted(first.join_all().await), (0, 0, vec![IO]));
    let stopped = vec![StoreError::Stopped, StoreError::Stopped];
    assert_eq!(sorted(rivals.join_all().await), (0, 0, stopped));
    assert_eq!(hand.writes.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_full_disk_refuses_all_and_recovers() {
    let (writer, hand) = start();
    hand.hold(true);
    let mut first = Fates::new();
    submit(&mut first, &writer, put(b"first", Expect::Any, b"1"));
    hand.in_sync(1).await;
    hand.full.store(true, Ordering::SeqCst);
    let mut rivals = Fates::new();
    submit(&mut rivals, &writer, put(b"k", Expect::Absent, b"mine"));
    submit(&mut rivals, &writer, put(b"k", Expect::Absent, b"mine"));
    settle().await;
    hand.hold(false);
    assert_eq!(sorted(first.join_all().await), (1, 0, vec![]));
    let full = vec![StoreError::Full, StoreError::Full];
    assert_eq!(
        sorted(rivals.join_all().await),
        (0, 0, full),
        "also the loser was not told so"
    );
    assert_eq!(value(&writer, b"k"), None);
    let fate = writer.commit(put(b"first", Expect::Absent, b"2")).await;
    assert!(
        matches!(fate, Err(CommitError::Conflict { .. })),
        "{fate:?}"
    );
    hand.full.store(false, Ordering::SeqCst);
    let done = writer
        .commit(put(b"k", Expect::Absent, b"mine"))
        .await
        .unwrap();
    assert_eq!(done.version, 3, "refused batches take no number");
}

#[tokio::test]
async fn who_hangs_up_has_committed_and_blocks_nobody() {
    let (writer, hand) = start();
    hand.hold(true);
    let mut gone = Fates::new();
    submit(&mut gone, &writer, put(b"gone", Expect::Any, b"1"));
    hand.in_sync(1).await;
    gone.shutdown().await;
    hand.hold(false);
    writer
        .commit(put(b"next", Expect::Any, b"2"))
        .await
        .unwrap();
    assert_eq!(value(&writer, b"gone"), Some(b"1".to_vec()));
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_hangs_does_not_hang_the_callers() {
    let (writer, hand) = start();
    hand.hold(true);
    let mut slow = Fates::new();
    submit(&mut slow, &writer, put(b"slow", Expect::Any, b"1"));
    hand.in_sync(1).await;
    assert_eq!(
        sorted(slow.join_all().await),
        (0, 0, vec![StoreError::Stalled])
    );
    assert_eq!(value(&writer, b"slow"), None);
    // Who comes while it still hangs is told so at once.
    let begun = tokio::time::Instant::now();
    let fate = writer.commit(put(b"never", Expect::Any, b"1")).await;
    assert_eq!(fate, Err(StoreError::Stalled.into()));
    assert_eq!(begun.elapsed(), Duration::ZERO);
    tokio::time::resume();
    hand.hold(false);
    while value(&writer, b"slow").is_none() {
        tokio::task::yield_now().await;
    }
    assert!(
        writer.shared().stopped().is_none(),
        "a slow disk is no broken one"
    );
    writer
        .commit(put(b"next", Expect::Any, b"2"))
        .await
        .unwrap();
}

#[tokio::test]
async fn closing_finishes_what_waits() {
    let (writer, hand) = start();
    hand.hold(true);
    let mut fates = Fates::new();
    submit(&mut fates, &writer, put(b"first", Expect::Any, b""));
    hand.in_sync(1).await;
    for n in 0..20_u8 {
        submit(&mut fates, &writer, put(&[n], Expect::Any, b""));
    }
    settle().await;
    let closing = Arc::clone(&writer);
    let closing = std::thread::spawn(move || closing.close());
    while !writer.is_closed() {
        tokio::task::yield_now().await;
    }
    let late = writer.commit(put(b"late", Expect::Any, b"")).await;
    assert_eq!(late, Err(StoreError::Closed.into()));
    hand.hold(false);
    assert_eq!(sorted(fates.join_all().await), (21, 0, vec![]));
    closing.join().unwrap().unwrap();
    assert_eq!(writer.close(), Err(StoreError::Closed));
}

#[tokio::test]
async fn a_log_that_cannot_be_read_fails_the_redaction_alone() {
    let (writer, hand) = start();
    hand.fail_read.store(true, Ordering::SeqCst);
    let redact = Batch(vec![Op::Redact {
        sequence: 1,
        digest: [0; 32],
        bytes: Vec::new(),
    }]);
    assert_eq!(writer.commit(redact).await, Err(IO.into()));
    writer.commit(put(b"k", Expect::Any, b"v")).await.unwrap();
    assert_eq!(value(&writer, b"k"), Some(b"v".to_vec()));
}
