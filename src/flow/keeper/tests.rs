//! Outputs that fail, hang and come back, and a store that fails at the wrong moment.

use super::*;
use crate::domain::audit::{AuditRecord, sample};
use crate::entropy::SystemEntropy;
use crate::seal::{Head, MasterKey, RecordSeal};
use crate::store::tampered::Tampered;
use crate::store::{Batch, Expect, Kind, LogEnd, MemoryStore, Op, Store, StoreError};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const START: UnixSeconds = UnixSeconds(1_800_000_000);
const FAULT: StoreError = StoreError::Full;

/// What an output took, and what it is made to do.
#[derive(Default)]
struct Hand {
    records: Mutex<Vec<u64>>,
    heads: Mutex<Vec<Head>>,
    /// How many more records it takes before it fails.
    fails_after: Mutex<Option<usize>>,
    fails_flush: AtomicBool,
    hangs: Mutex<()>,
    writes: AtomicUsize,
}

impl Hand {
    fn records(&self) -> Vec<u64> {
        self.records.lock().unwrap().clone()
    }

    fn heads(&self) -> Vec<Head> {
        self.heads.lock().unwrap().clone()
    }
}

struct TestOut(&'static str, Arc<Hand>);

fn fault() -> OutError {
    OutError {
        doing: "testing",
        error: std::io::ErrorKind::Other.into(),
    }
}

impl AuditOut for TestOut {
    fn name(&self) -> &str {
        self.0
    }

    fn write(&mut self, sequence: u64, record: &AuditRecord) -> Result<(), OutError> {
        assert_eq!(record.request, sequence.to_string(), "the right record");
        drop(self.1.hangs.lock().unwrap());
        self.1.writes.fetch_add(1, Ordering::SeqCst);
        if let Some(left) = &mut *self.1.fails_after.lock().unwrap() {
            *left = left.checked_sub(1).ok_or_else(fault)?;
        }
        self.1.records.lock().unwrap().push(sequence);
        Ok(())
    }

    fn write_head(&mut self, head: &Head) -> Result<(), OutError> {
        self.1.heads.lock().unwrap().push(head.clone());
        Ok(())
    }

    fn flush(&mut self) -> Result<(), OutError> {
        if self.1.fails_flush.load(Ordering::SeqCst) {
            return Err(fault());
        }
        Ok(())
    }
}

struct House {
    store: Arc<Tampered>,
    records: Records,
}

impl House {
    fn new() -> Self {
        let entropy = Arc::new(SystemEntropy::default());
        let seal = RecordSeal::new(&MasterKey::new([7; 32]), entropy).unwrap();
        let store = MemoryStore::new(1, seal.chain().clone());
        let store = Arc::new(Tampered::new(store));
        let records = Records::new(store.clone(), Arc::new(seal));
        Self { store, records }
    }

    /// Appends so many records; each names its sequence number as its request.
    async fn append(&self, count: u64) {
        for _ in 0..count {
            let end = self.records.audit_end().await.unwrap();
            let mut record = sample::records(START).swap_remove(0);
            record.request = (end.sequence + 1).to_string();
            let draft = self.records.draft().audit(&record);
            self.records.commit(draft).await.unwrap();
        }
    }

    async fn cursor(&self, name: &str) -> Option<u64> {
        let stored = self.records.get::<OutCursors>(OUT_CURSORS).await.unwrap();
        stored.and_then(|it| it.value.last.get(name).copied())
    }
}

fn keeper(outputs: &[(&'static str, &Arc<Hand>)]) -> Keeper {
    let outputs = outputs
        .iter()
        .map(|(name, hand)| Box::new(TestOut(name, Arc::clone(hand))) as Box<dyn AuditOut>);
    let signer = HeadSigner::new(&MasterKey::new([7; 32])).unwrap();
    Keeper::new(outputs.collect(), signer, "eproc4", Retention::default())
}

#[tokio::test]
async fn every_record_is_sent_in_its_order_and_a_restart_goes_on() {
    let (house, hand) = (House::new(), Arc::new(Hand::default()));
    house.append(450).await;
    let mut first = keeper(&[("a", &hand)]);
    first.tick(&house.records, START).await.unwrap();
    assert_eq!(hand.records(), (1..=450).collect::<Vec<_>>());
    first.tick(&house.records, START).await.unwrap();
    assert_eq!(hand.records().len(), 450, "nothing twice");
    drop(first);
    house.append(3).await;
    keeper(&[("a", &hand)])
        .tick(&house.records, START)
        .await
        .unwrap();
    assert_eq!(hand.records(), (1..=453).collect::<Vec<_>>());
    // A new output gets everything.
    let other = Arc::new(Hand::default());
    keeper(&[("a", &hand), ("b", &other)])
        .tick(&house.records, START)
        .await
        .unwrap();
    assert_eq!((hand.records().len(), other.records().len()), (453, 453));
}

#[tokio::test]
async fn an_output_that_fails_goes_on_from_where_it_was_and_stops_nobody() {
    let (house, bad, good) = (
        House::new(),
        Arc::new(Hand::default()),
        Arc::new(Hand::default()),
    );
    house.append(10).await;
    *bad.fails_after.lock().unwrap() = Some(4);
    let mut keeper = keeper(&[("bad", &bad), ("good", &good)]);
    keeper.tick(&house.records, START).await.unwrap();
    assert_eq!((bad.records().len(), good.records().len()), (4, 10));
    assert_eq!(house.cursor("bad").await, Some(4));
    assert_eq!(bad.heads().len(), 0, "no head before its records");
    keeper.tick(&house.records, START).await.unwrap();
    assert_eq!(bad.records().len(), 4);
    *bad.fails_after.lock().unwrap() = None;
    keeper.tick(&house.records, START).await.unwrap();
    assert_eq!(bad.records(), (1..=10).collect::<Vec<_>>());
    assert_eq!((bad.heads().len(), good.heads().len()), (1, 1));
}

#[tokio::test]
async fn what_was_not_flushed_is_sent_again() {
    let (house, hand) = (House::new(), Arc::new(Hand::default()));
    house.append(2).await;
    hand.fails_flush.store(true, Ordering::SeqCst);
    let mut keeper = keeper(&[("a", &hand)]);
    keeper.tick(&house.records, START).await.unwrap();
    assert_eq!(house.cursor("a").await, None);
    hand.fails_flush.store(false, Ordering::SeqCst);
    keeper.tick(&house.records, START).await.unwrap();
    assert_eq!(hand.records(), [1, 2, 1, 2]);
    assert_eq!(house.cursor("a").await, Some(2));
}

/// As a crash between the write and the cursor.
#[tokio::test]
async fn a_cursor_that_was_not_written_sends_again_and_loses_nothing() {
    let (house, hand) = (House::new(), Arc::new(Hand::default()));
    house.append(3).await;
    house.store.refuse(FAULT);
    let mut first = keeper(&[("a", &hand)]);
    let fate = first.tick(&house.records, START).await;
    assert!(matches!(fate, Err(RecordError::Store(FAULT))), "{fate:?}");
    drop(first);
    house.store.heal();
    keeper(&[("a", &hand)])
        .tick(&house.records, START)
        .await
        .unwrap();
    assert_eq!(hand.records(), [1, 2, 3, 1, 2, 3]);
}

#[tokio::test]
async fn an_output_that_hangs_is_passed_by_until_it_comes_back() {
    let (house, bad, good) = (
        House::new(),
        Arc::new(Hand::default()),
        Arc::new(Hand::default()),
    );
    house.append(2).await;
    let mut keeper = keeper(&[("bad", &bad), ("good", &good)]);
    keeper.clerk.wait_max = Duration::from_millis(20);
    let hanging = Arc::clone(&bad);
    let (hung, release) = (std::sync::mpsc::channel(), std::sync::mpsc::channel());
    let holder = std::thread::spawn(move || {
        let guard = hanging.hangs.lock().unwrap();
        hung.0.send(()).unwrap();
        release.1.recv().unwrap();
        drop(guard);
    });
    hung.1.recv().unwrap();
    for _ in 0..3 {
        keeper.tick(&house.records, START).await.unwrap();
    }
    assert_eq!((bad.records().len(), good.records().len()), (0, 2));
    release.0.send(()).unwrap();
    holder.join().unwrap();
    while bad.records().len() < 2 {
        tokio::task::yield_now().await;
    }
    keeper.clerk.wait_max = OUTPUT_WAIT_MAX;
    while house.cursor("bad").await.is_none() {
        keeper.tick(&house.records, START).await.unwrap();
    }
    assert_eq!(bad.records(), [1, 2, 1, 2], "at least once");
    assert!(bad.writes.load(Ordering::SeqCst) < 6, "one call at a time");
}

#[tokio::test]
async fn a_head_goes_out_at_start_and_once_a_day() {
    let (house, hand) = (House::new(), Arc::new(Hand::default()));
    let mut keeper = keeper(&[("a", &hand)]);
    let key = keeper.clerk.signer.key();
    let mut ends = Vec::new();
    for (seconds, heads) in [
        (0, 1),
        (5, 1),
        (86_399, 1),
        (86_400, 2),
        (86_405, 2),
        (172_800, 3),
    ] {
        let now = START.plus(seconds);
        keeper.tick(&house.records, now).await.unwrap();
        assert_eq!(hand.heads().len(), heads, "after {seconds} s");
        let head = hand.heads().pop().unwrap();
        if head.at == now {
            let end = house.records.audit_end().await.unwrap();
            assert_eq!((head.sequence, head.link), (end.sequence, end.link));
            assert!(head.is_signed_by(key) && head.site == "eproc4");
            ends.push(LogEnd::from(&head));
        }
        house.append(1).await;
    }
    let retention = Retention::default();
    let report = house.records.audit_verify(&ends, &retention).await;
    assert_eq!(report.unwrap().fault, None);
    assert_eq!(ends.len(), 3);
}

#[tokio::test]
async fn old_records_go_even_without_an_output() {
    let house = House::new();
    house.append(700).await;
    let mut keeper = keeper(&[]);
    let now = START.plus(731 * 86_400);
    let verify = async || {
        let retention = Retention::default();
        let report = house.records.audit_verify(&[], &retention).await.unwrap();
        assert_eq!(report.fault, None);
        report.redacted
    };
    for (seconds, redacted) in [(0, 500), (59, 500), (60, 700), (120, 700)] {
        keeper
            .tick(&house.records, now.plus(seconds))
            .await
            .unwrap();
        assert_eq!(verify().await, redacted, "after {seconds} s");
    }
}

#[tokio::test]
async fn what_cannot_be_sent_does_not_hide_what_is_behind_it() {
    let (house, hand) = (House::new(), Arc::new(Hand::default()));
    house.append(1).await;
    let raw = Op::Append {
        kind: Kind::Audit,
        bytes: b"whatever".to_vec(),
        index: None,
    };
    house.store.commit(Batch(vec![raw])).await.unwrap();
    house.append(1).await;
    keeper(&[("a", &hand)])
        .tick(&house.records, START)
        .await
        .unwrap();
    assert_eq!(hand.records(), [1, 3]);
    assert_eq!(house.cursor("a").await, Some(3));
}

#[tokio::test]
async fn a_log_that_got_shorter_does_not_stop_the_export() {
    let (house, hand) = (House::new(), Arc::new(Hand::default()));
    house.append(2).await;
    let two = house.records.audit_end().await.unwrap();
    house.append(3).await;
    let mut keeper = keeper(&[("a", &hand)]);
    keeper.tick(&house.records, START).await.unwrap();
    house.store.end_at(two);
    keeper.tick(&house.records, START).await.unwrap();
    assert_eq!(house.cursor("a").await, Some(2));
    house.store.heal();
    keeper.tick(&house.records, START).await.unwrap();
    assert_eq!(hand.records(), [1, 2, 3, 4, 5, 3, 4, 5]);
}

#[tokio::test]
async fn places_of_outputs_that_are_gone_do_not_pile_up() {
    let house = House::new();
    house.append(1).await;
    let last = (0..100).map(|n| (format!("old {n:03}"), 1)).collect();
    let draft = house.records.draft();
    let draft = draft.put(OUT_CURSORS, Expect::Absent, &OutCursors { last });
    house.records.commit(draft).await.unwrap();
    let hand = Arc::new(Hand::default());
    keeper(&[("a", &hand)])
        .tick(&house.records, START)
        .await
        .unwrap();
    let stored = house.records.get::<OutCursors>(OUT_CURSORS).await.unwrap();
    assert_eq!(stored.unwrap().value.last.len(), CURSORS_MAX);
    assert_eq!(house.cursor("a").await, Some(1));
}
