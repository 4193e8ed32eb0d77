//! The chain over the log: every entry linked when it gets its number, redaction included.

use super::super::{
    Batch, Kind, LogEnd, SCAN_RECORDS_MAX, StoreError, VALUE_BYTES_MAX, Versioned, split_entry,
};
use super::{Broken, Shared, append, conflict, put, redact, refused};
use crate::seal::{AuditChain, Link, LinkOf, digest};
use crate::store::{Expect, Limit, Misuse};

/// Walks the whole log and compares every link, then the end.
pub(super) async fn holds_from_the_beginning(
    store: &Shared,
    chain: &AuditChain,
) -> Result<(), Broken> {
    let mut end = LogEnd {
        sequence: 0,
        link: Link::ZERO,
    };
    let mut after = Vec::new();
    loop {
        let page = store
            .scan(Kind::Audit, b"", Some(&after), SCAN_RECORDS_MAX)
            .await?;
        for (_, entry) in &page {
            let (link, bytes) = split(entry)?;
            end.sequence += 1;
            end.link = chain.link(end.link, of(end.sequence, entry.version, &digest(&[bytes])));
            holds!(
                link,
                end.link,
                format!("the link of entry {}", end.sequence)
            );
        }
        match page.last() {
            Some((key, _)) => after.clone_from(key),
            None => break,
        }
    }
    holds!(store.log_end().await?, end, "the end of the log");
    Ok(())
}

fn of(sequence: u64, commit: u64, digest: &[u8; 32]) -> LinkOf<'_> {
    LinkOf {
        sequence,
        commit,
        digest,
    }
}

fn split(entry: &Versioned) -> Result<(Link, &[u8]), Broken> {
    split_entry(&entry.bytes).ok_or_else(|| Broken("an entry has no link".into()))
}

async fn entry(store: &Shared, sequence: u64) -> Result<Versioned, Broken> {
    let entry = store.get(Kind::Audit, &sequence.to_be_bytes()).await?;
    entry.ok_or_else(|| Broken(format!("entry {sequence} is missing")))
}

pub(super) async fn links(store: Shared, chain: &AuditChain) -> Result<(), Broken> {
    holds_from_the_beginning(&store, chain).await?;
    // Several in one batch, several batches, other records between.
    store
        .commit(Batch(vec![append(b"one", None), append(b"", Some(b"i"))]))
        .await?;
    store
        .commit(Batch(vec![put(Kind::Account, b"a", Expect::Any, b"")]))
        .await?;
    store.commit(Batch(vec![append(b"one", None)])).await?;
    holds_from_the_beginning(&store, chain).await?;
    let (first, third) = (entry(&store, 1).await?, entry(&store, 3).await?);
    holds!(
        split(&first)?.0 == split(&third)?.0,
        false,
        "the same bytes in another place have another link"
    );
    // A batch that fails takes no number and leaves no link.
    let before = store.log_end().await?;
    let failing = vec![
        append(b"never", None),
        put(Kind::Account, b"a", Expect::Absent, b""),
    ];
    let fate = store.commit(Batch(failing)).await;
    holds!(fate, conflict(Kind::Account, 1), "a failed batch");
    holds!(store.log_end().await?, before, "the end stays");
    holds_from_the_beginning(&store, chain).await
}

pub(super) async fn redaction(store: Shared, chain: &AuditChain) -> Result<(), Broken> {
    let words = [b"first", b"other", b"third"];
    for bytes in words {
        store
            .commit(Batch(vec![append(bytes, Some(b"index"))]))
            .await?;
    }
    let (old, end) = (entry(&store, 2).await?, store.log_end().await?);
    let done = store
        .commit(Batch(vec![
            redact(2, b"other", b"a stub"),
            append(b"4", None),
        ]))
        .await?;
    holds!(done.sequences, vec![4], "a redaction takes no number");
    let new = entry(&store, 2).await?;
    holds!(
        new.version,
        old.version,
        "the version of its appending stays"
    );
    holds!(split(&new)?.0, split(&old)?.0, "its link stays");
    holds!(split(&new)?.1, b"a stub", "its bytes are replaced");
    for sequence in [1, 3] {
        let it = entry(&store, sequence).await?;
        holds!(split(&it)?.1.len(), 5, "its neighbours stay");
    }
    let index = store.scan(Kind::AuditByAccount, b"index", None, 9).await?;
    holds!(index.len(), 3, "its index stays");
    let next = chain.link(end.link, of(4, done.version, &digest(&[b"4"])));
    holds!(
        store.log_end().await?,
        LogEnd {
            sequence: 4,
            link: next
        },
        "the chain goes on from where it was"
    );
    // What was redacted can be redacted again, by who knows what stands there now.
    store
        .commit(Batch(vec![redact(2, b"a stub", b"2")]))
        .await?;
    let last = entry(&store, 2).await?;
    holds!(split(&last)?.1, b"2", "twice");
    Ok(())
}

pub(super) async fn refused_redactions(store: Shared) -> Result<(), Broken> {
    store
        .commit(Batch(vec![append(b"first", Some(b"index"))]))
        .await?;
    let before = entry(&store, 1).await?;
    for op in [
        redact(1, b"other", b"stub"),
        redact(0, b"first", b"stub"),
        redact(2, b"first", b"stub"),
        redact(u64::MAX, b"first", b"stub"),
    ] {
        let mine = put(Kind::Account, b"a", Expect::Any, b"never");
        let fate = store.commit(Batch(vec![mine, op])).await;
        holds!(fate, conflict(Kind::Audit, 1), "not what was expected");
    }
    // One of its own batch is no record yet.
    let own = vec![append(b"second", None), redact(2, b"second", b"stub")];
    let fate = store.commit(Batch(own)).await;
    holds!(fate, conflict(Kind::Audit, 1), "not there before the batch");
    let twice = vec![redact(1, b"first", b"a"), redact(1, b"first", b"b")];
    let fate = store.commit(Batch(twice)).await;
    holds!(
        fate,
        refused(StoreError::Misuse(Misuse::SameKeyTwice)),
        "the same entry twice"
    );
    let fate = store
        .commit(Batch(vec![redact(1, b"first", &[0; VALUE_BYTES_MAX + 1])]))
        .await;
    holds!(
        fate,
        refused(StoreError::TooLarge(Limit::Value)),
        "too large a stub"
    );
    holds!(entry(&store, 1).await?, before, "nothing was changed");
    holds!(store.log_end().await?.sequence, 1, "nothing was appended");
    holds!(
        store.get(Kind::Account, b"a").await?,
        None,
        "nothing was written"
    );
    Ok(())
}
