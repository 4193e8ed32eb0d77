//! Scans: order, prefix, limit, paging.

use super::super::{Batch, Expect, Kind};
use super::{Broken, Shared, keys_of, put};

const KEYS: [&[u8]; 7] = [b"b\xff\xff", b"a", b"b", b"b\0", b"bc", b"c", b"\xff\xff"];

/// The keys in order, in the kind that is scanned and in its neighbours.
async fn filled(store: &Shared) -> Result<Vec<Vec<u8>>, Broken> {
    for kind in [Kind::Session, Kind::Waiting, Kind::Upstream] {
        let ops = KEYS.iter().map(|key| put(kind, key, Expect::Any, key));
        store.commit(Batch(ops.collect())).await?;
    }
    let mut sorted: Vec<_> = KEYS.iter().map(|key| key.to_vec()).collect();
    sorted.sort();
    Ok(sorted)
}

pub(super) async fn of_a_prefix(store: Shared) -> Result<(), Broken> {
    let sorted = filled(&store).await?;
    let keys =
        async |prefix: &[u8], limit| keys_of(&store, Kind::Session, prefix, None, limit).await;
    holds!(keys(b"", 99).await?, sorted, "ascending keys of one kind");
    holds!(keys(b"b", 99).await?, sorted[1..5], "a prefix");
    holds!(keys(b"b", 2).await?, sorted[1..3], "a limit");
    holds!(keys(b"b", 0).await?.len(), 0, "none at all");
    holds!(keys(b"zz", 9).await?.len(), 0, "no such prefix");
    holds!(keys(b"\xff", 9).await?, sorted[6..], "the last prefix");
    Ok(())
}

pub(super) async fn after_a_key(store: Shared) -> Result<(), Broken> {
    let sorted = filled(&store).await?;
    let keys = async |prefix: &[u8], after: &[u8]| {
        keys_of(&store, Kind::Session, prefix, Some(after), 3).await
    };
    holds!(keys(b"b", b"b\0").await?, sorted[3..5], "after a key");
    holds!(
        keys(b"b", b"a").await?,
        sorted[1..4],
        "after one before the prefix"
    );
    holds!(
        keys(b"b", b"bb").await?,
        sorted[3..5],
        "after one that is not there"
    );
    holds!(
        keys(b"b", b"c").await?.len(),
        0,
        "after the last of the prefix"
    );
    holds!(
        keys(b"", b"\xff\xff").await?.len(),
        0,
        "after the last of all"
    );
    let mut walked = keys(b"", b"").await?;
    while let Some(last) = walked.last() {
        let page = keys(b"", last).await?;
        if page.is_empty() {
            break;
        }
        walked.extend(page);
    }
    holds!(walked, sorted, "page by page");
    Ok(())
}
