//! The store on a real disk: opening, closing, failing, and files that somebody else touched.

use super::super::engine::{Expect, FORMAT_KEY, Op, instance};
use super::*;
use crate::seal::MasterKey;
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};

mod chain;
mod damage;

fn chain() -> AuditChain {
    AuditChain::new(&MasterKey::new([7; 32])).unwrap()
}

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn dir(&self) -> PathBuf {
        self.0.path().join("store")
    }

    fn create(&self) -> SledStore {
        SledStore::open(&self.dir(), Mode::CreateNew { instance: 42 }, chain()).unwrap()
    }

    fn reopen(&self) -> Result<SledStore, OpenError> {
        SledStore::open(&self.dir(), Mode::Existing, chain())
    }

    fn corrupt(&self, why: &str) {
        match self.reopen() {
            Err(OpenError::Corrupt { what, .. }) if what.contains(why) => {}
            Err(other) => panic!("{other} instead of corrupt ({why})"),
            Ok(_) => panic!("opened in spite of: {why}"),
        }
    }
}

fn put(kind: Kind, key: &[u8], bytes: &[u8]) -> Op {
    Op::Put {
        kind,
        key: key.to_vec(),
        expect: Expect::Any,
        bytes: bytes.to_vec(),
    }
}

fn entry(bytes: &[u8]) -> Op {
    Op::Append {
        kind: Kind::Audit,
        bytes: bytes.to_vec(),
        index: Some(b"acct".to_vec()),
    }
}

/// Some records of several kinds, some of them written twice, and a log.
async fn filled(home: &Home) {
    let store = home.create();
    for n in 0..60_u8 {
        let ops = vec![
            put(Kind::Account, &[n % 20], &[n; 300]),
            put(Kind::Session, &[n], &[n; 50]),
        ];
        store
            .commit(Batch([ops, vec![entry(&[n])]].concat()))
            .await
            .unwrap();
    }
    store.close().await.unwrap();
}

async fn intact(store: &SledStore) {
    for n in 0..60_u8 {
        let session = store.get(Kind::Session, &[n]).await.unwrap().unwrap();
        assert_eq!(session.bytes, [n; 50]);
        let account = store.get(Kind::Account, &[n % 20]).await.unwrap().unwrap();
        assert_eq!(account.bytes, [40 + n % 20; 300]);
    }
    assert_eq!(instance(store).await.unwrap(), 42);
}

/// Changes the library's records behind our back.
fn tamper(home: &Home, change: impl FnOnce(&::sled::Db)) {
    let db = library(&home.dir(), false).unwrap();
    change(&db);
    db.flush().unwrap();
    drop(db);
    disk::wait_until_released(&home.dir()).unwrap();
}

#[tokio::test]
async fn what_was_committed_is_there_after_reopening() {
    let home = Home::new();
    filled(&home).await;
    let store = home.reopen().unwrap();
    intact(&store).await;
    let log = store.scan(Kind::Audit, b"", None, 99).await.unwrap();
    assert_eq!(log.len(), 60);
    let next = store.commit(Batch(vec![entry(b"next")])).await.unwrap();
    assert_eq!(
        next,
        Committed {
            version: 62,
            sequences: vec![61]
        },
        "both numberings go on"
    );
    let stats = store.stats().unwrap();
    assert_eq!((stats.commits, stats.stopped), (62, false));
    let counts = |kind: &Kind| stats.records[kind];
    let some = [
        Kind::Meta,
        Kind::Account,
        Kind::Session,
        Kind::Audit,
        Kind::AuditByAccount,
    ];
    assert_eq!(some.each_ref().map(counts), [2, 20, 60, 61, 61]);
    let none = Kind::ALL.into_iter().filter(|kind| !some.contains(kind));
    assert_eq!(none.map(|kind| counts(&kind)).sum::<u64>(), 0);
    assert!(stats.bytes_on_disk > 0);
}

#[tokio::test]
async fn closing_gives_everything_back() {
    let home = Home::new();
    let mut store = home.create();
    for n in 0..20_u64 {
        store
            .commit(Batch(vec![put(Kind::Account, b"n", &n.to_be_bytes())]))
            .await
            .unwrap();
        store.close().await.unwrap();
        assert_eq!(store.close().await, Err(StoreError::Closed));
        assert_eq!(
            store.get(Kind::Account, b"n").await,
            Err(StoreError::Closed)
        );
        assert_eq!(
            store.get(Kind::Audit, &[0; 8]).await,
            Err(StoreError::Closed)
        );
        assert_eq!(
            store.scan(Kind::Account, b"", None, 1).await,
            Err(StoreError::Closed)
        );
        assert_eq!(
            store.scan(Kind::Audit, b"", None, 1).await,
            Err(StoreError::Closed)
        );
        let fate = store
            .commit(Batch(vec![put(Kind::Account, b"n", b"")]))
            .await;
        assert_eq!(fate, Err(StoreError::Closed.into()));
        // At once, while the old value still exists.
        let next = home.reopen().unwrap();
        let read = next.get(Kind::Account, b"n").await.unwrap().unwrap();
        assert_eq!(read.bytes, n.to_be_bytes());
        store = next;
    }
}

#[tokio::test]
async fn a_missing_store_is_not_made_up() {
    let home = Home::new();
    assert!(
        matches!(home.reopen(), Err(OpenError::Missing(_))),
        "no directory"
    );
    fs::create_dir(home.dir()).unwrap();
    assert!(
        matches!(home.reopen(), Err(OpenError::Missing(_))),
        "an empty directory"
    );
    assert_eq!(
        fs::read_dir(home.dir()).unwrap().count(),
        0,
        "opening left something behind"
    );
    fs::write(home.dir().join("notes.txt"), "not a store").unwrap();
    home.corrupt("missing");
}

#[tokio::test]
async fn a_new_store_needs_a_new_directory() {
    let home = Home::new();
    filled(&home).await;
    let again = SledStore::open(&home.dir(), Mode::CreateNew { instance: 1 }, chain());
    assert!(matches!(again, Err(OpenError::AlreadyThere(_))));
    intact(&home.reopen().unwrap()).await;

    // An empty directory is as good as none, and so is what an interrupted creation left.
    let other = Home::new();
    fs::create_dir_all(other.dir()).unwrap();
    fs::create_dir_all(other.dir().with_file_name("store.unfinished/blobs")).unwrap();
    fs::write(other.dir().with_file_name("store.unfinished/db"), "half").unwrap();
    filled(&other).await;
    assert_eq!(
        fs::read_dir(other.0.path()).unwrap().count(),
        1,
        "nothing is left of it"
    );
}

#[tokio::test]
async fn nobody_else_reads_it() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    filled(&home).await;
    assert_eq!(
        fs::metadata(home.dir()).unwrap().permissions().mode() & 0o777,
        0o700
    );
}

#[tokio::test]
async fn one_process_at_a_time() {
    let home = Home::new();
    let store = home.create();
    assert!(matches!(home.reopen(), Err(OpenError::Locked(_))));
    store
        .commit(Batch(vec![put(Kind::Account, b"a", b"1")]))
        .await
        .unwrap();
    store.close().await.unwrap();

    // Somebody who opens the library's files without our lock.
    let db = library(&home.dir(), false).unwrap();
    assert!(matches!(home.reopen(), Err(OpenError::Locked(_))));
    drop(db);
    disk::wait_until_released(&home.dir()).unwrap();
    home.reopen().unwrap();
}

#[tokio::test]
async fn other_formats_are_refused() {
    let home = Home::new();
    filled(&home).await;
    let name = ledger::name(Kind::Meta, FORMAT_KEY);
    let write = |format: u32| {
        let bytes = format.to_be_bytes().to_vec();
        let record = encode(&Versioned { version: 1, bytes });
        tamper(&home, |db| drop(db.insert(&name, record).unwrap()));
    };
    write(3);
    assert!(matches!(
        home.reopen(),
        Err(OpenError::NewerFormat { found: 3 })
    ));
    write(1);
    let older = home.reopen().err().unwrap();
    assert!(matches!(older, OpenError::OlderFormat { found: 1 }));
    assert!(older.to_string().contains("begin anew"), "{older}");
    write(0);
    home.corrupt("format");
    tamper(&home, |db| drop(db.remove(&name).unwrap()));
    home.corrupt("format");
}

/// Fails syncs on purpose, in front of the real disk.
struct Faulty(SledDisk, Arc<AtomicBool>);

impl Log for Faulty {
    fn entry(&self, sequence: u64) -> Result<Option<Versioned>, StoreError> {
        self.0.entry(sequence)
    }
}

impl Disk for Faulty {
    fn has_room(&self) -> Result<bool, StoreError> {
        self.0.has_room()
    }

    fn write(&mut self, changes: &Changes, totals: &Totals) -> Result<(), StoreError> {
        self.0.write(changes, totals)
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        if self.1.load(Ordering::SeqCst) {
            return Err(failed("testing")(std::io::ErrorKind::Other.into()));
        }
        self.0.sync()
    }

    fn mark(&mut self, commit: u64) -> Result<(), StoreError> {
        self.0.mark(commit)
    }
}

#[tokio::test]
async fn a_failed_fsync_stops_it_and_a_restart_reads_the_disk() {
    let home = Home::new();
    filled(&home).await;
    let fault = Arc::new(AtomicBool::new(false));
    let store = SledStore::open_with(&home.dir(), Mode::Existing, chain(), |disk| {
        Faulty(disk, Arc::clone(&fault))
    })
    .unwrap();
    let mine = || Batch(vec![put(Kind::Session, &[0], b"never"), entry(b"never")]);
    fault.store(true, Ordering::SeqCst);
    let fate = store.commit(mine()).await;
    assert!(
        matches!(fate, Err(CommitError::Store(StoreError::Io { .. }))),
        "{fate:?}"
    );
    fault.store(false, Ordering::SeqCst);
    assert_eq!(store.commit(mine()).await, Err(StoreError::Stopped.into()));
    assert!(store.stats().unwrap().stopped);
    assert!(store.stopped().is_some());
    // The library has it already; nobody may see it, in the records or in the log.
    intact(&store).await;
    assert_eq!(
        store.get(Kind::Audit, &61_u64.to_be_bytes()).await.unwrap(),
        None
    );
    assert_eq!(
        store.scan(Kind::Audit, b"", None, 99).await.unwrap().len(),
        60
    );
    assert_eq!(
        store
            .scan(Kind::AuditByAccount, b"acct", None, 99)
            .await
            .unwrap()
            .len(),
        60
    );
    assert!(store.close().await.is_err());

    // Its outcome was open. What was acknowledged before is there, whichever it is.
    let store = home.reopen().unwrap();
    for n in 1..60_u8 {
        assert_eq!(
            store.get(Kind::Session, &[n]).await.unwrap().unwrap().bytes,
            [n; 50]
        );
    }
    store.commit(mine()).await.unwrap();
}

/// Values beyond a quarter of a segment go to files of their own.
#[tokio::test]
async fn blobs_survive_and_are_collected() {
    let home = Home::new();
    let store = home.create();
    for n in 0..30_u8 {
        let big = vec![n; 200 * 1024];
        store
            .commit(Batch(vec![put(Kind::Session, &[n % 3], &big)]))
            .await
            .unwrap();
    }
    let blobs = fs::read_dir(home.dir().join("blobs")).unwrap().count();
    assert!(blobs > 0, "this test is about blobs");
    store.close().await.unwrap();
    let store = home.reopen().unwrap();
    for n in 0..3_u8 {
        let read = store.get(Kind::Session, &[n]).await.unwrap().unwrap().bytes;
        assert_eq!(read, vec![27 + n; 200 * 1024]);
    }
    store.close().await.unwrap();
    let blob = fs::read_dir(home.dir().join("blobs"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    for entry in fs::read_dir(home.dir().join("blobs")).unwrap() {
        fs::write(entry.unwrap().path(), "x").unwrap();
    }
    assert!(blob.exists());
    assert!(matches!(
        home.reopen(),
        Err(OpenError::Corrupt { .. } | OpenError::Io { .. })
    ));
}
