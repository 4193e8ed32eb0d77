//! Random batches against a model that is nothing but a map and a list.

use super::{chain, new_sled, reopened};
use gerbang::seal::{Link, LinkOf, digest};
use gerbang::store::{
    Batch, CommitError, Committed, Expect, Kind, MemoryStore, Op, Store, Versioned, split_entry,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What an operation expects, before it is known what is there.
#[derive(Clone, Debug)]
enum Hope {
    Any,
    Absent,
    /// The version that is there.
    Right,
    /// One of some time ago.
    Old(u64),
}

#[derive(Clone, Debug)]
enum Step {
    Put(Kind, u8, Hope, Vec<u8>),
    Delete(Kind, u8, Hope),
    Append(Vec<u8>, Option<u8>),
    /// Which entry, from the newest; whether its bytes are what is expected; what is put there.
    Redact(u64, bool, Vec<u8>),
}

#[derive(Clone, Debug)]
enum Action {
    Commit(Vec<Step>),
    Reopen,
}

fn hope() -> impl Strategy<Value = Hope> {
    prop_oneof![
        3 => Just(Hope::Any),
        2 => Just(Hope::Absent),
        4 => Just(Hope::Right),
        1 => (0..6_u64).prop_map(Hope::Old),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let kind = || prop_oneof![Just(Kind::Meta), Just(Kind::Account), Just(Kind::Throttle)];
    let value = || proptest::collection::vec(any::<u8>(), 0..40);
    prop_oneof![
        4 => (kind(), 0..5_u8, hope(), value()).prop_map(|(k, key, h, v)| Step::Put(k, key, h, v)),
        2 => (kind(), 0..5_u8, hope()).prop_map(|(k, key, h)| Step::Delete(k, key, h)),
        2 => (value(), proptest::option::of(0..3_u8)).prop_map(|(v, i)| Step::Append(v, i)),
        1 => (0..6_u64, any::<bool>(), value()).prop_map(|(n, fits, v)| Step::Redact(n, fits, v)),
    ]
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let commit = proptest::collection::vec(step(), 0..5).prop_map(Action::Commit);
    proptest::collection::vec(prop_oneof![12 => commit, 1 => Just(Action::Reopen)], 1..40)
}

#[derive(Default)]
struct Model {
    commits: u64,
    records: BTreeMap<(Kind, Vec<u8>), Versioned>,
    log: Vec<(Option<u8>, Link, Versioned)>,
}

impl Model {
    fn new() -> Self {
        Self {
            commits: 1,
            ..Self::default()
        }
    }

    fn expect(&self, kind: Kind, key: &[u8], hope: &Hope) -> Expect {
        match hope {
            Hope::Any => Expect::Any,
            Hope::Absent => Expect::Absent,
            Hope::Old(back) => Expect::Version(self.commits.saturating_sub(*back)),
            Hope::Right => match self.records.get(&(kind, key.to_vec())) {
                Some(record) => Expect::Version(record.version),
                None => Expect::Absent,
            },
        }
    }

    /// The batch of some steps, without those that name a key again.
    fn batch(&self, steps: Vec<Step>) -> Batch {
        let (mut seen, mut redacted) = (BTreeSet::new(), BTreeSet::new());
        let mut ops = Vec::new();
        for step in steps {
            ops.push(match step {
                Step::Put(kind, key, hope, bytes) if seen.insert((kind, key)) => {
                    let expect = self.expect(kind, &[key], &hope);
                    Op::Put {
                        kind,
                        key: vec![key],
                        expect,
                        bytes,
                    }
                }
                Step::Delete(kind, key, hope) if seen.insert((kind, key)) => Op::Delete {
                    kind,
                    key: vec![key],
                    expect: self.expect(kind, &[key], &hope),
                },
                Step::Append(bytes, index) => Op::Append {
                    kind: Kind::Audit,
                    bytes,
                    index: index.map(|it| vec![it]),
                },
                Step::Redact(back, fits, bytes) => {
                    let sequence = (self.log.len() as u64).saturating_sub(back);
                    let before = self.entry(sequence).filter(|_| fits);
                    let before = before.map_or(&b"?"[..], |it| &it.bytes);
                    if !redacted.insert(sequence) {
                        continue;
                    }
                    Op::Redact {
                        sequence,
                        digest: digest(&[before]),
                        bytes,
                    }
                }
                Step::Put(..) | Step::Delete(..) => continue,
            });
        }
        Batch(ops)
    }

    fn entry(&self, sequence: u64) -> Option<&Versioned> {
        let place = usize::try_from(sequence.checked_sub(1)?).ok()?;
        self.log.get(place).map(|(_, _, entry)| entry)
    }

    fn check(&self, batch: &Batch) -> Result<(), CommitError> {
        for (at, op) in batch.0.iter().enumerate() {
            if let Op::Redact {
                sequence,
                digest: it,
                ..
            } = op
                && self
                    .entry(*sequence)
                    .is_none_or(|entry| digest(&[&entry.bytes]) != *it)
            {
                return Err(CommitError::Conflict {
                    kind: Kind::Audit,
                    op: at,
                });
            }
            let (Op::Put {
                kind, key, expect, ..
            }
            | Op::Delete { kind, key, expect }) = op
            else {
                continue;
            };
            let there = self.records.get(&(*kind, key.clone())).map(|it| it.version);
            let holds = match expect {
                Expect::Any => true,
                Expect::Absent => there.is_none(),
                Expect::Version(version) => there == Some(*version),
            };
            if !holds {
                return Err(CommitError::Conflict {
                    kind: *kind,
                    op: at,
                });
            }
        }
        Ok(())
    }

    fn commit(&mut self, batch: &Batch) -> Result<Committed, CommitError> {
        self.check(batch)?;
        let version = self.commits + 1;
        let mut sequences = Vec::new();
        let mut changed = false;
        for op in batch.0.clone() {
            match op {
                Op::Put {
                    kind, key, bytes, ..
                } => {
                    self.records
                        .insert((kind, key), Versioned { version, bytes });
                    changed = true;
                }
                Op::Delete { kind, key, .. } => {
                    changed |= self.records.remove(&(kind, key)).is_some();
                }
                Op::Append { bytes, index, .. } => {
                    let last = self.log.last().map_or(Link::ZERO, |(_, link, _)| *link);
                    let of = LinkOf {
                        sequence: self.log.len() as u64 + 1,
                        commit: version,
                        digest: &digest(&[&bytes]),
                    };
                    let (index, link) = (index.map(|it| it[0]), chain().link(last, of));
                    self.log.push((index, link, Versioned { version, bytes }));
                    sequences.push(self.log.len() as u64);
                    changed = true;
                }
                Op::Redact {
                    sequence, bytes, ..
                } => {
                    self.log[sequence as usize - 1].2.bytes = bytes;
                    changed = true;
                }
            }
        }
        self.commits += u64::from(changed);
        Ok(Committed {
            version: self.commits,
            sequences,
        })
    }

    async fn equals(&self, store: &dyn Store) {
        for kind in [Kind::Meta, Kind::Account, Kind::Throttle] {
            let mut found = store.scan(kind, b"", None, 99).await.expect("a scan");
            // The store's own two have longer keys.
            found.retain(|(key, _)| key.len() == 1);
            let expected = self.records.iter().filter(|((k, _), _)| *k == kind);
            let expected: Vec<_> = expected
                .map(|((_, key), it)| (key.clone(), it.clone()))
                .collect();
            assert_eq!(found, expected, "{kind:?}");
        }
        let numbered = || (1_u64..).zip(&self.log);
        let found = store
            .scan(Kind::Audit, b"", None, 999)
            .await
            .expect("a scan");
        let found: Vec<_> = found
            .iter()
            .map(|(key, it)| {
                (
                    key.clone(),
                    it.version,
                    split_entry(&it.bytes).expect("a link"),
                )
            })
            .collect();
        let expected: Vec<_> = numbered()
            .map(|(n, (_, link, it))| {
                (n.to_be_bytes().to_vec(), it.version, (*link, &it.bytes[..]))
            })
            .collect();
        assert_eq!(found, expected, "the log");
        let end = store.log_end().await.expect("an end");
        let last = self.log.last().map_or(Link::ZERO, |(_, link, _)| *link);
        assert_eq!((end.sequence, end.link), (self.log.len() as u64, last));
        for index in 0..3_u8 {
            let found = store
                .scan(Kind::AuditByAccount, &[index], None, 999)
                .await
                .expect("a scan");
            let found: Vec<_> = found.into_iter().map(|(key, _)| key).collect();
            let mine = numbered().filter(|(_, (it, ..))| *it == Some(index));
            let expected: Vec<_> = mine
                .map(|(n, _)| [&[index][..], &n.to_be_bytes()].concat())
                .collect();
            assert_eq!(found, expected, "the index");
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(256))]
    #[test]
    fn memory_follows_the_model(actions in actions()) {
        runtime().block_on(async {
            let (store, mut model) = (MemoryStore::new(1, chain()), Model::new());
            for action in actions {
                let Action::Commit(steps) = action else { continue };
                let batch = model.batch(steps);
                assert_eq!(store.commit(batch.clone()).await, model.commit(&batch));
                model.equals(&store).await;
            }
        });
    }
}

proptest! {
    #![proptest_config(config(32))]
    #[test]
    fn sled_follows_the_model(actions in actions()) {
        let home = tempfile::tempdir().expect("a directory");
        let dir = home.path().join("s");
        runtime().block_on(async {
            let (mut store, mut model) = (new_sled(&dir), Model::new());
            for action in actions {
                match action {
                    Action::Commit(steps) => {
                        let batch = model.batch(steps);
                        assert_eq!(store.commit(batch.clone()).await, model.commit(&batch));
                    }
                    Action::Reopen => {
                        store.close().await.expect("closed");
                        store = reopened(&dir);
                    }
                }
                model.equals(&store).await;
            }
            store.close().await.expect("closed");
        });
    }
}
