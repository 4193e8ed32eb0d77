//! What every store must do. Run against each of them by `tests/it/stores.rs`; a store is done
//! when [`conformance`] returns `Ok`. What needs a crash, a full disk or a broken one is tested
//! where that store lives.

macro_rules! holds {
    ($left:expr, $right:expr, $what:expr) => {{
        let (left, right) = (&$left, &$right);
        if left != right {
            return Err(Broken(format!("{}: {left:?} instead of {right:?}", $what)));
        }
    }};
}

mod chain;
mod log;
mod records;
mod refusals;
mod scans;

use super::{CommitError, Committed, Expect, Kind, Op, Store, StoreError};
use crate::seal::{AuditChain, digest};
use std::sync::Arc;
use tokio::task::JoinSet;

/// How many tasks work at once.
const TASKS: u64 = 64;

/// How often they fight for one record.
const ROUNDS: u64 = 200;

/// A promise that the store broke.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Broken(String);

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Self(format!("unexpected: {error}"))
    }
}

impl From<CommitError> for Broken {
    fn from(error: CommitError) -> Self {
        Self(format!("unexpected: {error}"))
    }
}

type Shared = Arc<dyn Store>;

/// Runs the whole suite; every part gets a new store from `make`, which links its log by `chain`.
///
/// # Errors
/// [`Broken`], naming the first promise that does not hold.
pub async fn conformance<F: Future<Output = Shared>>(
    make: impl Fn() -> F,
    chain: &AuditChain,
) -> Result<(), Broken> {
    records::new_store(make().await).await?;
    records::versions(make().await).await?;
    records::expectations(make().await).await?;
    records::batches_are_atomic(make().await).await?;
    records::readers_see_commits(make().await).await?;
    records::bytes_of_every_value(make().await).await?;
    log::entries(make().await).await?;
    log::under_parallel_tasks(make().await, chain).await?;
    chain::links(make().await, chain).await?;
    chain::redaction(make().await, chain).await?;
    chain::refused_redactions(make().await).await?;
    records::one_winner(make().await).await?;
    scans::of_a_prefix(make().await).await?;
    scans::after_a_key(make().await).await?;
    refusals::limits(make().await).await?;
    refusals::misuse(make().await).await?;
    records::dropped_callers(make().await).await
}

fn put(kind: Kind, key: &[u8], expect: Expect, bytes: &[u8]) -> Op {
    Op::Put {
        kind,
        key: key.to_vec(),
        expect,
        bytes: bytes.to_vec(),
    }
}

fn delete(kind: Kind, key: &[u8], expect: Expect) -> Op {
    Op::Delete {
        kind,
        key: key.to_vec(),
        expect,
    }
}

fn append(bytes: &[u8], index: Option<&[u8]>) -> Op {
    Op::Append {
        kind: Kind::Audit,
        bytes: bytes.to_vec(),
        index: index.map(<[u8]>::to_vec),
    }
}

fn redact(sequence: u64, before: &[u8], bytes: &[u8]) -> Op {
    Op::Redact {
        sequence,
        digest: digest(&[before]),
        bytes: bytes.to_vec(),
    }
}

fn conflict(kind: Kind, op: usize) -> Result<Committed, CommitError> {
    Err(CommitError::Conflict { kind, op })
}

fn refused(error: StoreError) -> Result<Committed, CommitError> {
    Err(CommitError::Store(error))
}

async fn bytes_of(store: &Shared, kind: Kind, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(store.get(kind, key).await?.map(|record| record.bytes))
}

async fn all(mut tasks: JoinSet<Result<(), Broken>>) -> Result<(), Broken> {
    while let Some(ended) = tasks.join_next().await {
        ended.map_err(|error| Broken(error.to_string()))??;
    }
    Ok(())
}

async fn keys_of(
    store: &Shared,
    kind: Kind,
    prefix: &[u8],
    after: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let page = store.scan(kind, prefix, after, limit).await?;
    Ok(page.into_iter().map(|(key, _)| key).collect())
}
