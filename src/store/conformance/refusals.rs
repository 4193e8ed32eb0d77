//! What is refused, and that it leaves nothing behind.

use super::super::{
    BATCH_BYTES_MAX, BATCH_OPS_MAX, Batch, Expect, FORMAT_KEY, INSTANCE_KEY, KEY_BYTES_MAX, Kind,
    Limit, Misuse, Op, SCAN_RECORDS_MAX, StoreError, VALUE_BYTES_MAX, instance,
};
use super::{Broken, Shared, append, bytes_of, delete, put, refused};

pub(super) async fn limits(store: Shared) -> Result<(), Broken> {
    let kind = Kind::Pending;
    let key = vec![7; KEY_BYTES_MAX];
    let value = vec![8; VALUE_BYTES_MAX];
    store
        .commit(Batch(vec![put(kind, &key, Expect::Any, &value)]))
        .await?;
    holds!(
        bytes_of(&store, kind, &key)
            .await?
            .is_some_and(|it| it == value),
        true,
        "the largest"
    );
    let index = &key[8..];
    store
        .commit(Batch(vec![append(&value, Some(index))]))
        .await?;
    let many = |n: usize| {
        (0..n)
            .map(|i| put(kind, &i.to_be_bytes(), Expect::Any, b""))
            .collect()
    };
    store.commit(Batch(many(BATCH_OPS_MAX))).await?;

    let long_key = vec![7; KEY_BYTES_MAX + 1];
    let long_value = vec![8; VALUE_BYTES_MAX + 1];
    let heavy: usize = BATCH_BYTES_MAX / VALUE_BYTES_MAX;
    let heavy = (0..heavy)
        .map(|i| put(kind, &i.to_be_bytes(), Expect::Any, &value))
        .collect();
    for (batch, limit) in [
        (vec![put(kind, &long_key, Expect::Any, b"")], Limit::Key),
        (vec![delete(kind, &long_key, Expect::Any)], Limit::Key),
        (vec![append(b"", Some(&key[7..]))], Limit::Key),
        (vec![put(kind, b"", Expect::Any, &long_value)], Limit::Value),
        (vec![append(&long_value, None)], Limit::Value),
        (many(BATCH_OPS_MAX + 1), Limit::Ops),
        (heavy, Limit::Batch),
    ] {
        let fate = store.commit(Batch(batch)).await;
        holds!(fate, refused(StoreError::TooLarge(limit)), "beyond a limit");
    }
    let refused = StoreError::TooLarge(Limit::Key);
    holds!(
        store.get(kind, &long_key).await,
        Err(refused.clone()),
        "get beyond a limit"
    );
    for (prefix, after) in [(&long_key[..], None), (b"", Some(&long_key[..]))] {
        holds!(
            store.scan(kind, prefix, after, 1).await,
            Err(refused.clone()),
            "scan beyond it"
        );
    }
    let fate = store.scan(kind, b"", None, SCAN_RECORDS_MAX + 1).await;
    holds!(
        fate,
        Err(StoreError::TooLarge(Limit::Scan)),
        "too long a page"
    );
    holds!(
        store.scan(kind, b"", None, SCAN_RECORDS_MAX).await?.len(),
        BATCH_OPS_MAX + 1,
        "a page"
    );
    Ok(())
}

pub(super) async fn misuse(store: Shared) -> Result<(), Broken> {
    let before = instance(&*store).await?;
    let twice = put(Kind::Account, b"same", Expect::Any, b"");
    for (batch, why) in [
        (
            vec![put(Kind::Audit, &[0; 8], Expect::Any, b"")],
            Misuse::AppendOnly,
        ),
        (
            vec![put(Kind::AuditByAccount, b"k", Expect::Any, b"")],
            Misuse::AppendOnly,
        ),
        (
            vec![delete(Kind::Audit, &1_u64.to_be_bytes(), Expect::Any)],
            Misuse::AppendOnly,
        ),
        (
            vec![delete(Kind::AuditByAccount, b"k", Expect::Any)],
            Misuse::AppendOnly,
        ),
        (
            vec![put(Kind::Meta, INSTANCE_KEY, Expect::Any, &[0; 8])],
            Misuse::Reserved,
        ),
        (
            vec![delete(Kind::Meta, FORMAT_KEY, Expect::Any)],
            Misuse::Reserved,
        ),
        (vec![twice.clone(), twice.clone()], Misuse::SameKeyTwice),
        (
            vec![twice, delete(Kind::Account, b"same", Expect::Any)],
            Misuse::SameKeyTwice,
        ),
    ] {
        let fate = store.commit(Batch(batch)).await;
        holds!(
            fate,
            refused(StoreError::Misuse(why)),
            "a batch without meaning"
        );
    }
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Audit) {
        let op = Op::Append {
            kind,
            bytes: Vec::new(),
            index: None,
        };
        let fate = store.commit(Batch(vec![op])).await;
        holds!(
            fate,
            refused(StoreError::Misuse(Misuse::NotALog)),
            "an append to no log"
        );
    }
    holds!(instance(&*store).await?, before, "the instance stays");
    holds!(
        store.get(Kind::Account, b"same").await?,
        None,
        "nothing was written"
    );
    store
        .commit(Batch(vec![put(Kind::Meta, b"epoch", Expect::Absent, b"1")]))
        .await?;
    Ok(())
}
