//! The audit log on a disk that somebody reaches into: what opening does not see, verifying does.

use super::damage::copy;
use super::*;
use crate::domain::audit::sample;
use crate::domain::retention::Retention;
use crate::entropy::SystemEntropy;
use crate::primitives::UnixSeconds;
use crate::seal::RecordSeal;
use crate::store::records::{Fault, Records};
use crate::store::{LogEnd, split_entry};

fn records(store: &Arc<SledStore>) -> Records {
    let entropy = Arc::new(SystemEntropy::default());
    let seal = RecordSeal::new(&MasterKey::new([7; 32]), entropy).unwrap();
    Records::new(store.clone(), Arc::new(seal))
}

/// Appends a record of every kind and gives the end.
async fn append(store: &Arc<SledStore>) -> LogEnd {
    let records = records(store);
    for record in sample::records(UnixSeconds(1_800_000_000)) {
        let draft = records.draft().audit(&record);
        records.commit(draft).await.unwrap();
    }
    records.audit_end().await.unwrap()
}

/// Opens, verifies, closes.
async fn fault(home: &Home, heads: &[LogEnd]) -> Option<Fault> {
    let store = Arc::new(home.reopen().unwrap());
    let retention = Retention::default();
    let report = records(&store).audit_verify(heads, &retention).await;
    store.close().await.unwrap();
    report.unwrap().fault
}

fn entry_name(sequence: u64) -> Name {
    ledger::name(Kind::Audit, &sequence.to_be_bytes())
}

#[tokio::test]
async fn a_changed_record_on_the_disk_is_found() {
    let home = Home::new();
    let store = Arc::new(home.create());
    let end = append(&store).await;
    store.close().await.unwrap();
    assert_eq!(fault(&home, &[end]).await, None);
    for sequence in 1..end.sequence {
        // In its version, its link, what it says.
        for byte in [7, 12, 60] {
            let flip = |db: &::sled::Db| {
                let mut stored = db.get(entry_name(sequence)).unwrap().unwrap().to_vec();
                stored[byte] ^= 1;
                db.insert(entry_name(sequence), stored).unwrap();
            };
            tamper(&home, flip);
            let wrong = Some(Fault::WrongLink { sequence });
            assert_eq!(fault(&home, &[]).await, wrong, "byte {byte}");
            tamper(&home, flip);
        }
    }
    // Opening compares the last link, so nothing can be appended behind another one.
    tamper(&home, |db| {
        let name = entry_name(end.sequence);
        let mut stored = db.get(&name).unwrap().unwrap().to_vec();
        stored[12] ^= 1;
        db.insert(name, stored).unwrap();
    });
    home.corrupt("audit");
}

/// Cuts off the end, and rewrites everything that the store itself would miss: its totals and its
/// mark. It has no key for any of this.
#[tokio::test]
async fn a_cut_end_opens_and_is_found_by_the_head() {
    let home = Home::new();
    let store = Arc::new(home.create());
    let before = append(&store).await;
    let commits = store.stats().unwrap().commits;
    let head = append(&store).await;
    store.close().await.unwrap();
    tamper(&home, |db| {
        let stored = db.get(TOTALS_NAME).unwrap().unwrap();
        let mut totals = Totals::from_bytes(&stored).unwrap();
        for sequence in before.sequence + 1..=head.sequence {
            db.remove(entry_name(sequence)).unwrap();
        }
        let index: Vec<_> = db.scan_prefix([Kind::AuditByAccount.byte()]).collect();
        for (name, _) in index.into_iter().flatten() {
            if sequence_of(&name).unwrap() > before.sequence {
                db.remove(name).unwrap();
            }
        }
        totals.next_sequence = before.sequence + 1;
        totals.link = before.link;
        totals.commit = commits;
        for kind in [Kind::Audit, Kind::AuditByAccount] {
            let place = Kind::ALL.iter().position(|it| *it == kind).unwrap();
            totals.records[place] = before.sequence;
        }
        db.insert(TOTALS_NAME, totals.to_bytes()).unwrap();
    });
    let mark = disk::mark_bytes(commits);
    fs::write(home.dir().join(disk::MARK_FILE), mark).unwrap();
    assert_eq!(fault(&home, &[before]).await, None, "sound in itself");
    let (end, head_at) = (before.sequence, head.sequence);
    let cut = Some(Fault::EndsBefore { end, head: head_at });
    assert_eq!(fault(&home, &[before, head]).await, cut);
}

/// The whole directory of some time ago, put back, and gone on with.
#[tokio::test]
async fn a_replayed_directory_is_found_by_a_newer_head() {
    let home = Home::new();
    let store = Arc::new(home.create());
    append(&store).await;
    store.close().await.unwrap();
    let old = home.0.path().join("old");
    copy(&home.dir(), &old);
    let store = Arc::new(home.reopen().unwrap());
    let head = append(&store).await;
    store.close().await.unwrap();
    fs::remove_dir_all(home.dir()).unwrap();
    copy(&old, &home.dir());
    let (end, head_at) = (head.sequence / 2, head.sequence);
    let short = Some(Fault::EndsBefore { end, head: head_at });
    assert_eq!(fault(&home, &[head]).await, short);
    let store = Arc::new(home.reopen().unwrap());
    append(&store).await;
    store.close().await.unwrap();
    assert_eq!(fault(&home, &[]).await, None);
    let other = Some(Fault::OtherThanHead { sequence: head_at });
    assert_eq!(fault(&home, &[head]).await, other);
}

#[tokio::test]
async fn redactions_survive_reopening() {
    let home = Home::new();
    let store = Arc::new(home.create());
    let end = append(&store).await;
    let now = UnixSeconds(1_800_000_000).plus(3_000 * 86_400);
    let retention = Retention::default();
    let done = records(&store).redact_old(&retention, now, 4).await;
    assert_eq!(done.unwrap().redacted, 4);
    let stub = store.get(Kind::Audit, &4_u64.to_be_bytes()).await.unwrap();
    store.close().await.unwrap();
    assert_eq!(fault(&home, &[end]).await, None);
    let store = Arc::new(home.reopen().unwrap());
    let again = store.get(Kind::Audit, &4_u64.to_be_bytes()).await.unwrap();
    assert_eq!(again, stub);
    assert!(split_entry(&again.unwrap().bytes).is_some());
    let done = records(&store).redact_old(&retention, now, 99).await;
    assert_eq!(done.unwrap().looked as u64, end.sequence - 4, "goes on");
    store.close().await.unwrap();
    assert_eq!(fault(&home, &[end]).await, None);
}
