//! Numbers, printed and never judged:
//! `cargo nextest run -p gerbang --test it --run-ignored only speed --no-capture`

use super::{new_sled, put, reopened};
use gerbang::store::{Batch, Expect, Kind, Op, SledStore, Store};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Keys of sessions are random.
fn scattered(n: u64) -> [u8; 8] {
    n.wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .rotate_left(31)
        .wrapping_mul(0xBF58_476D_1CE4_E5B9)
        .to_be_bytes()
}

fn login(account: u64, step: u64) -> Batch {
    Batch(vec![
        put(
            Kind::Attempts,
            &account.to_be_bytes(),
            Expect::Any,
            &[1; 60],
        ),
        put(
            Kind::Account,
            &account.to_be_bytes(),
            Expect::Any,
            &[2; 400],
        ),
        put(Kind::Session, &scattered(step), Expect::Any, &[3; 1500]),
        put(Kind::Upstream, &scattered(step), Expect::Any, &[4; 150]),
        Op::Append {
            kind: Kind::Audit,
            bytes: vec![5; 300],
            index: Some(account.to_be_bytes().to_vec()),
        },
    ])
}

fn report(what: &str, mut times: Vec<Duration>, all: Duration) {
    times.sort();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!(
        "{what}: {:.0}/s, median {:?}, p99 {:?}, max {:?}",
        times.len() as f64 / all.as_secs_f64(),
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

async fn in_parallel(store: &Arc<SledStore>, tasks: u64, each: u64, pause: Duration) {
    let start = Instant::now();
    let mut set = tokio::task::JoinSet::new();
    for task in 0..tasks {
        let store = Arc::clone(store);
        set.spawn(async move {
            let mut times = Vec::new();
            for n in 0..each {
                tokio::time::sleep(pause).await;
                let begun = Instant::now();
                store
                    .commit(login(task, task * each + n))
                    .await
                    .expect("a commit");
                times.push(begun.elapsed());
            }
            times
        });
    }
    let times = set.join_all().await.concat();
    report(
        &format!("{tasks} tasks, logins of 6 records, pause {pause:?}"),
        times,
        start.elapsed(),
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints numbers"]
async fn speed() {
    let home = tempfile::tempdir().expect("a directory");
    let store = Arc::new(new_sled(&home.path().join("s")));
    let mut times = Vec::new();
    let start = Instant::now();
    for n in 0..500_u64 {
        let begun = Instant::now();
        let op = put(
            Kind::Attempts,
            &(n % 50).to_be_bytes(),
            Expect::Any,
            &[1; 100],
        );
        store.commit(Batch(vec![op])).await.expect("a commit");
        times.push(begun.elapsed());
    }
    report("one after another, 1 record", times, start.elapsed());
    in_parallel(&store, 1, 500, Duration::ZERO).await;
    in_parallel(&store, 64, 50, Duration::ZERO).await;
    in_parallel(&store, 64, 10, Duration::from_millis(640)).await;
    store.close().await.expect("closed");
}

/// How the files grow under a day's work, and how long such a store takes to open.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints numbers"]
async fn growth() {
    let home = tempfile::tempdir().expect("a directory");
    let dir = home.path().join("s");
    let store = Arc::new(new_sled(&dir));
    let mut live = 0_u64;
    for account in 0..10_000_u64 {
        let op = put(
            Kind::Account,
            &account.to_be_bytes(),
            Expect::Any,
            &[9; 400],
        );
        store.commit(Batch(vec![op])).await.expect("a commit");
        live += 400;
    }
    println!(
        "10000 accounts of 400 bytes: {} MB",
        store.stats().expect("stats").bytes_on_disk >> 20
    );
    for day in 0..10_u64 {
        let mut set = tokio::task::JoinSet::new();
        for task in 0..32_u64 {
            let store = Arc::clone(&store);
            set.spawn(async move {
                for n in 0..100_u64 {
                    let id = (day * 32 + task) * 100 + n;
                    store
                        .commit(login((id * 7919) % 10_000, id))
                        .await
                        .expect("a commit");
                    let end = |kind, key: u64| Op::Delete {
                        kind,
                        key: scattered(key).to_vec(),
                        expect: Expect::Any,
                    };
                    let old = id.saturating_sub(3_200);
                    let ops = vec![end(Kind::Session, old), end(Kind::Upstream, old)];
                    store.commit(Batch(ops)).await.expect("a commit");
                }
            });
        }
        set.join_all().await;
        live += 3_200 * 320;
        // Collecting is paced by the clock, not by the work.
        tokio::time::sleep(Duration::from_secs(5)).await;
        let stats = store.stats().expect("stats");
        let blobs = std::fs::read_dir(dir.join("blobs")).expect("blobs").count();
        println!(
            "day {day}: {} MB on disk, {blobs} blobs, {} MB live in accounts and log",
            stats.bytes_on_disk >> 20,
            live >> 20
        );
    }
    store.close().await.expect("closed");
    for _ in 0..2 {
        let start = Instant::now();
        let store = reopened(&dir);
        println!(
            "open: {:?}, {:?}",
            start.elapsed(),
            store.stats().expect("stats")
        );
        store.close().await.expect("closed");
    }
}
