//! Killed and starved processes: what they acknowledged is there, and what they half did is not.

use super::child::{STORM_TASKS, command_line, environment};
use super::{chain, new_sled, put, reopened};
use gerbang::entropy::{SystemEntropy, random};
use gerbang::seal::{Link, LinkOf, digest};
use gerbang::store::{Batch, Expect, Kind, SCAN_RECORDS_MAX, SledStore, Store, split_entry};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

/// How often a process is killed in the quick run.
const KILLS: u32 = 30;

fn start(role: &str, dir: &Path) -> tokio::process::Child {
    let line = command_line();
    let mut command = Command::new(&line[0]);
    command.args(&line[1..]).envs(environment(role, dir));
    command
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("a child")
}

/// What a storm acknowledged: task, count, sequence number.
type Acks = Vec<[u64; 3]>;

fn ack(line: &str) -> Option<[u64; 3]> {
    let mut numbers = line
        .strip_prefix("ack ")?
        .split(' ')
        .map(|it| it.parse().expect("a number"));
    Some([numbers.next()?, numbers.next()?, numbers.next()?])
}

/// Lets a storm rage for a random moment and kills it: either after its first acknowledgement, or
/// at once, when it has hardly opened its store.
async fn killed_storm(dir: &Path, at_once: bool) -> Acks {
    let mut child = start("storm", dir);
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut acks = Acks::new();
    while !at_once && acks.is_empty() {
        let line = lines
            .next_line()
            .await
            .expect("a pipe")
            .expect("the child died by itself");
        acks.extend(ack(&line));
    }
    let [moment] = random(&SystemEntropy::default()).expect("entropy");
    let deadline = tokio::time::sleep(Duration::from_micros(u64::from(moment) * 400));
    tokio::pin!(deadline);
    loop {
        tokio::select! {
            () = &mut deadline => break,
            line = lines.next_line() => {
                acks.extend(ack(&line.expect("a pipe").expect("the child died by itself")));
            }
        }
    }
    child.kill().await.expect("killed");
    // What it said until then is in the pipe; lines this short are never cut.
    while let Some(line) = lines.next_line().await.expect("a pipe") {
        acks.extend(ack(&line));
    }
    acks
}

async fn whole_log(store: &SledStore) -> Vec<[u64; 2]> {
    let (mut entries, mut last) = (Vec::new(), Link::ZERO);
    loop {
        let after = (entries.len() as u64).to_be_bytes();
        let page = store
            .scan(Kind::Audit, b"", Some(&after), SCAN_RECORDS_MAX)
            .await
            .expect("log");
        for (key, entry) in &page {
            let sequence = entries.len() as u64 + 1;
            assert_eq!(*key, sequence.to_be_bytes(), "a gap in the log");
            let (link, bytes) = split_entry(&entry.bytes).expect("a link");
            let of = LinkOf {
                sequence,
                commit: entry.version,
                digest: &digest(&[bytes]),
            };
            last = chain().link(last, of);
            assert_eq!(link, last, "the chain is broken at {sequence}");
            let number = |at: usize| u64::from_be_bytes(bytes[at..at + 8].try_into().unwrap());
            entries.push([number(0), number(8)]);
        }
        if page.len() < SCAN_RECORDS_MAX {
            assert_eq!(store.log_end().await.expect("an end").link, last);
            return entries;
        }
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    let home = tempfile::tempdir().expect("a directory");
    let dir = home.path().join("s");
    new_sled(&dir).close().await.expect("closed");
    let mut acknowledged = 0;
    for round in 0..KILLS {
        let acks = killed_storm(&dir, round % 2 == 0).await;
        acknowledged += acks.len();
        let store = reopened(&dir);
        let log = whole_log(&store).await;
        let mut entries: BTreeMap<u64, u64> = BTreeMap::new();
        for [task, n] in &log {
            let count = entries.entry(*task).or_default();
            *count += 1;
            assert_eq!(count, n, "the entries of a task are its steps, each once");
        }
        for task in 0..STORM_TASKS {
            let record = store
                .get(Kind::Account, &task.to_be_bytes())
                .await
                .expect("readable");
            let n = record.map_or(0, |it| u64::from_be_bytes(*it.bytes.first_chunk().unwrap()));
            let entries = entries.get(&task).copied().unwrap_or(0);
            assert_eq!(
                n, entries,
                "record and entry are one commit (round {round})"
            );
        }
        for [task, n, sequence] in acks {
            let entry = log.get(sequence as usize - 1);
            assert_eq!(
                entry,
                Some(&[task, n]),
                "acknowledged and gone (round {round})"
            );
        }
        store.close().await.expect("closed");
    }
    println!("{acknowledged} acknowledged commits over {KILLS} kills, none lost");
}

#[tokio::test]
async fn a_disk_that_takes_no_more_gives_errors_and_loses_nothing() {
    let home = tempfile::tempdir().expect("a directory");
    let dir = home.path().join("s");
    new_sled(&dir).close().await.expect("closed");
    let mut child = start("starved", &dir);
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut acknowledged = 0;
    let mut said = Vec::new();
    while let Some(line) = lines.next_line().await.expect("a pipe") {
        match line.strip_prefix("ack ") {
            Some(n) => acknowledged = n.parse().expect("a number"),
            None => said.push(line),
        }
    }
    assert!(child.wait().await.expect("ended").success(), "{said:?}");
    let said = said.join("\n");
    assert!(said.contains("failed Store(Io {"), "{said}");
    assert!(said.contains("later Err(Store(Stopped))"), "{said}");
    assert!(said.contains("last true next None"), "{said}");
    assert!(
        acknowledged > 10,
        "it failed too early for this test: {acknowledged}"
    );

    let store = reopened(&dir);
    for n in 1..=acknowledged {
        let record = store
            .get(Kind::Session, &u64::to_be_bytes(n))
            .await
            .expect("readable");
        assert_eq!(record.expect("acknowledged").bytes, [n as u8; 20_000]);
    }
    let op = put(Kind::Waiting, b"later", Expect::Any, b"");
    store.commit(Batch(vec![op])).await.expect("goes on");
}
