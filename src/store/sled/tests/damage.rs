//! Files that somebody else touched: the store opens whole, or not at all.

use super::*;
use std::os::unix::fs::FileExt;

/// What is done behind the store's back, and what it then says.
type Change<'a> = (&'a str, &'a dyn Fn(&::sled::Db));

#[tokio::test]
async fn missing_files_are_corruption() {
    for file in ["db", "conf", "mark", "blobs"] {
        let home = Home::new();
        filled(&home).await;
        fs::rename(home.dir().join(file), home.0.path().join("away")).unwrap();
        home.corrupt("missing");
    }
    let home = Home::new();
    filled(&home).await;
    fs::write(home.dir().join("db"), "").unwrap();
    home.corrupt("empty");
}

#[tokio::test]
async fn lost_doubled_and_old_records_are_found() {
    let session = ledger::name(Kind::Session, &[7]);
    let changes: [Change; 10] = [
        ("records", &|db| drop(db.remove(&session).unwrap())),
        ("records", &|db| {
            drop(db.insert(b"\x02extra", &[0; 8]).unwrap())
        }),
        ("records", &|db| {
            // The same value under the version before: an older self.
            let mut stored = db.get(&session).unwrap().unwrap().to_vec();
            stored[7] -= 1;
            db.insert(&session, stored).unwrap();
        }),
        ("records", &|db| {
            drop(db.insert(&session, vec![0; 58]).unwrap())
        }),
        ("kind", &|db| drop(db.insert(b"\xf0what", &[0; 8]).unwrap())),
        ("kind", &|db| drop(db.insert(b"\0other", &[0; 8]).unwrap())),
        ("totals", &|db| drop(db.remove(TOTALS_NAME).unwrap())),
        ("totals", &|db| {
            drop(db.insert(TOTALS_NAME, b"short").unwrap())
        }),
        ("audit", &|db| {
            db.remove(ledger::name(Kind::Audit, &60_u64.to_be_bytes()))
                .unwrap();
        }),
        ("audit", &|db| {
            // The last entry with another link than the totals.
            let name = ledger::name(Kind::Audit, &60_u64.to_be_bytes());
            let mut stored = db.get(&name).unwrap().unwrap().to_vec();
            stored[8] ^= 1;
            db.insert(name, stored).unwrap();
        }),
    ];
    for (why, change) in changes {
        let home = Home::new();
        filled(&home).await;
        tamper(&home, change);
        home.corrupt(why);
    }
}

/// A data file that is older than what was acknowledged, whole in itself.
#[tokio::test]
async fn an_older_self_is_found() {
    let home = Home::new();
    filled(&home).await;
    let old = home.0.path().join("old");
    copy(&home.dir(), &old);
    let store = home.reopen().unwrap();
    store
        .commit(Batch(vec![put(Kind::Account, b"later", b"1")]))
        .await
        .unwrap();
    store.close().await.unwrap();
    let mark = fs::read(home.dir().join(disk::MARK_FILE)).unwrap();
    fs::remove_dir_all(home.dir()).unwrap();
    copy(&old, &home.dir());
    home.reopen().unwrap().close().await.unwrap();
    fs::write(home.dir().join(disk::MARK_FILE), mark).unwrap();
    home.corrupt("62 was acknowledged");
    for broken in [&[0; 16][..], b"", &[0; 15], &[1; 17]] {
        fs::write(home.dir().join(disk::MARK_FILE), broken).unwrap();
        home.corrupt("mark");
    }
}

pub(super) fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// In how many places the data file is damaged.
const ROUNDS: u64 = 60;

/// Damage anywhere in the files: the store opens whole, or not at all.
#[tokio::test]
async fn damage_never_makes_a_smaller_store() {
    let home = Home::new();
    filled(&home).await;
    // With a snapshot of the library's, which it makes when it opens.
    home.reopen().unwrap().close().await.unwrap();
    let sound = home.0.path().join("sound");
    copy(&home.dir(), &sound);
    // The rest of the last segment is filler, of which some is hit too.
    let bytes = fs::read(sound.join("db")).unwrap();
    let len = bytes
        .iter()
        .rposition(|byte| Some(byte) != bytes.last())
        .unwrap() as u64;
    let (mut opened, mut refused) = (0, 0);
    for round in 0..ROUNDS {
        fs::remove_dir_all(home.dir()).unwrap();
        copy(&sound, &home.dir());
        let data = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .open(home.dir().join("db"))
            .unwrap();
        let at = round * (len + len / 4) / ROUNDS;
        match round % 3 {
            0 => data.set_len(at).unwrap(),
            1 => data.write_all_at(&[0xa5; 64], at).unwrap(),
            _ => {
                // Without the snapshot the whole log is read.
                for entry in fs::read_dir(home.dir()).unwrap() {
                    let path = entry.unwrap().path();
                    if path
                        .file_name()
                        .unwrap()
                        .to_string_lossy()
                        .starts_with("snap")
                    {
                        fs::remove_file(path).unwrap();
                    }
                }
                let mut byte = [0];
                data.read_exact_at(&mut byte, at).unwrap();
                data.write_all_at(&[byte[0] ^ 0x10], at).unwrap();
            }
        }
        match home.reopen() {
            Ok(store) => {
                intact(&store).await;
                opened += 1;
                store.close().await.unwrap();
            }
            Err(OpenError::Corrupt { .. } | OpenError::Io { .. }) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(
        refused > 10 && opened > 0,
        "one-sided damage: {opened} opened, {refused} refused"
    );
}
