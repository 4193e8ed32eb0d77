//! Every store against the conformance suite and a model.

use gerbang::store::conformance::conformance;
use gerbang::store::{MemoryStore, Mode, SledStore, Store};
use std::path::Path;
use std::sync::Arc;

fn new_sled(dir: &Path) -> SledStore {
    SledStore::open(dir, Mode::CreateNew { instance: 7 }).expect("a new store")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_conforms() {
    let make = || async { Arc::new(MemoryStore::new(7)) as Arc<dyn Store> };
    conformance(make).await.expect("conformance");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sled_conforms() {
    let home = tempfile::tempdir().expect("a directory");
    let number = std::sync::atomic::AtomicU32::new(0);
    let make = || async {
        let number = number.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        Arc::new(new_sled(&home.path().join(number.to_string()))) as Arc<dyn Store>
    };
    conformance(make).await.expect("conformance");
}
