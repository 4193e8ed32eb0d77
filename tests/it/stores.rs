//! Every store against the conformance suite and a model.

mod child;
mod crash;
mod model;
mod speed;
mod trace;

use gerbang::seal::{AuditChain, MasterKey};
use gerbang::store::conformance::conformance;
use gerbang::store::{Batch, Expect, Kind, MemoryStore, Mode, Op, SledStore, Store, Versioned};
use std::path::Path;
use std::sync::Arc;

fn chain() -> AuditChain {
    AuditChain::new(&MasterKey::new([7; 32])).expect("a key")
}

fn new_sled(dir: &Path) -> SledStore {
    SledStore::open(dir, Mode::CreateNew { instance: 7 }, chain()).expect("a new store")
}

fn reopened(dir: &Path) -> SledStore {
    SledStore::open(dir, Mode::Existing, chain()).expect("opens")
}

fn put(kind: Kind, key: &[u8], expect: Expect, bytes: &[u8]) -> Op {
    Op::Put {
        kind,
        key: key.to_vec(),
        expect,
        bytes: bytes.to_vec(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_conforms() {
    let make = || async { Arc::new(MemoryStore::new(7, chain())) as Arc<dyn Store> };
    conformance(make, &chain()).await.expect("conformance");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sled_conforms() {
    let home = tempfile::tempdir().expect("a directory");
    let number = std::sync::atomic::AtomicU32::new(0);
    let make = || async {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Arc::new(new_sled(&home.path().join(number.to_string()))) as Arc<dyn Store>
    };
    conformance(make, &chain()).await.expect("conformance");
}

#[test]
fn numbers_of_kinds_never_change() {
    let bytes: Vec<u8> = Kind::ALL.into_iter().map(Kind::byte).collect();
    assert_eq!(bytes, (1..=18).collect::<Vec<u8>>());
    assert_eq!(
        [
            Kind::Meta.byte(),
            Kind::Session.byte(),
            Kind::Throttle.byte()
        ],
        [1, 5, 10]
    );
}

/// Invariant I10.
#[test]
fn keys_and_values_never_print() {
    let record = Versioned {
        version: 1,
        bytes: b"hush".to_vec(),
    };
    let ops = vec![
        put(Kind::Account, b"hush", Expect::Any, b"hush"),
        Op::Delete {
            kind: Kind::Account,
            key: b"hush".to_vec(),
            expect: Expect::Any,
        },
        Op::Append {
            kind: Kind::Audit,
            bytes: b"hush".to_vec(),
            index: Some(b"hush".to_vec()),
        },
        Op::Redact {
            sequence: 1,
            digest: [b'h'; 32],
            bytes: b"hush".to_vec(),
        },
    ];
    let printed = format!("{record:?} {:?}", Batch(ops));
    let number = u32::from(b'h').to_string();
    assert!(
        !printed.contains("hush") && !printed.contains(&number),
        "{printed}"
    );
}
