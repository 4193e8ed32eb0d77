//! Processes of their own, to be traced, starved and killed: this test binary, started again.

use super::{new_sled, put, reopened};
use gerbang::store::{Batch, Expect, Kind, Op, Store};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const ROLE: &str = "GERBANG_TEST_STORE_ROLE";
const DIR: &str = "GERBANG_TEST_STORE_DIR";

/// How many tasks a storm has.
pub(super) const STORM_TASKS: u64 = 8;

/// How many commits a sequence has.
pub(super) const SEQUENCE_COMMITS: u64 = 30;

/// Which of them write values so large that the library puts them into files of their own.
pub(super) fn is_large(n: u64) -> bool {
    n % 10 == 5
}

/// What has to stand in front of the arguments to start this binary as a child: the program and
/// its arguments.
pub(super) fn command_line() -> Vec<String> {
    let me = std::env::current_exe().expect("the own path");
    let mut line = vec![me.to_str().expect("a readable path").to_owned()];
    line.extend(
        [
            "--exact",
            "stores::child::child",
            "--ignored",
            "--nocapture",
        ]
        .map(String::from),
    );
    line
}

/// The environment that tells the child what to do.
pub(super) fn environment(role: &str, dir: &Path) -> [(&'static str, PathBuf); 2] {
    [(ROLE, role.into()), (DIR, dir.into())]
}

/// One line, in one write.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes())
        .expect("somebody listens");
    out.flush().expect("somebody listens");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the part of other tests that runs in a process of its own"]
async fn child() {
    let role = std::env::var(ROLE).expect("started by another test");
    let dir = PathBuf::from(std::env::var_os(DIR).expect("started by another test"));
    match role.as_str() {
        "sequence" => sequence(&dir).await,
        "reopen" => reopen(&dir).await,
        "storm" => storm(&dir).await,
        "starved" => starved(&dir).await,
        other => panic!("no such role: {other}"),
    }
}

/// Commits one after another and says so after each.
async fn sequence(dir: &Path) {
    let store = new_sled(dir);
    for n in 0..SEQUENCE_COMMITS {
        let value = vec![n as u8; if is_large(n) { 200 * 1024 } else { 300 }];
        let op = put(Kind::Session, &[n as u8 % 7], Expect::Any, &value);
        store.commit(Batch(vec![op])).await.expect("a commit");
        say(&format!("ack {n}"));
    }
    store.close().await.expect("closed");
}

/// Opens and closes.
async fn reopen(dir: &Path) {
    let store = reopened(dir);
    store.close().await.expect("closed");
}

/// Counts up in several tasks at once, each with its own record and its entries in the log, and
/// says after each commit how far it is, until it is killed.
async fn storm(dir: &Path) {
    let store = Arc::new(reopened(dir));
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..STORM_TASKS {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let key = task.to_be_bytes();
            loop {
                let record = store.get(Kind::Account, &key).await.expect("readable");
                let (expect, n) = match record {
                    None => (Expect::Absent, 1),
                    Some(it) => {
                        let n = it.bytes.first_chunk().map(|it| u64::from_be_bytes(*it));
                        (Expect::Version(it.version), n.expect("a number") + 1)
                    }
                };
                let mut value = n.to_be_bytes().to_vec();
                value.resize(if n % 40 == 0 { 150 * 1024 } else { 200 }, 0);
                let entry = [key, n.to_be_bytes()].concat();
                let ops = vec![
                    put(Kind::Account, &key, expect, &value),
                    Op::Append {
                        kind: Kind::Audit,
                        bytes: entry,
                        index: Some(key.to_vec()),
                    },
                ];
                let done = store.commit(Batch(ops)).await.expect("a commit");
                say(&format!("ack {task} {n} {}", done.sequences[0]));
            }
        });
    }
    tasks.join_all().await;
}

/// Writes until the system refuses, and says what happened then.
async fn starved(dir: &Path) {
    use rustix::process::{Resource, Rlimit, setrlimit};
    use tokio::signal::unix::{SignalKind, signal};

    // Whoever writes beyond the limit gets a signal that ends him unless he listens to it.
    const SIGXFSZ: i32 = 25;
    let _listening = signal(SignalKind::from_raw(SIGXFSZ)).expect("a listener");
    let store = reopened(dir);
    let size = std::fs::metadata(dir.join("db"))
        .expect("a data file")
        .len();
    let limit = Some(size + 2 * 1024 * 1024);
    setrlimit(
        Resource::Fsize,
        Rlimit {
            current: limit,
            maximum: limit,
        },
    )
    .expect("a limit");
    let mut acknowledged = 0;
    let failure = loop {
        let n = acknowledged + 1_u64;
        let op = put(
            Kind::Session,
            &n.to_be_bytes(),
            Expect::Absent,
            &[n as u8; 20_000],
        );
        match store.commit(Batch(vec![op])).await {
            Ok(_) => acknowledged = n,
            Err(error) => break error,
        }
        say(&format!("ack {n}"));
    };
    say(&format!("failed {failure:?}"));
    let op = put(Kind::Waiting, b"later", Expect::Any, b"");
    say(&format!("later {:?}", store.commit(Batch(vec![op])).await));
    let last = store
        .get(Kind::Session, &acknowledged.to_be_bytes())
        .await
        .expect("readable");
    let next = store
        .get(Kind::Session, &(acknowledged + 1).to_be_bytes())
        .await;
    say(&format!(
        "last {} next {:?}",
        last.is_some(),
        next.expect("readable")
    ));
}
