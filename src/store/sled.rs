//! The embedded default: sled 0.34. Nothing else in the house names the crate. It keeps the records
//! and the order of its own log; durability, visibility, single-writer rules and the checks at
//! opening are this house's (see the folder's notes). Its panics are caught where it is called:
//! opening, the writer's thread, reads of the log.

use super::check::{check_batch, check_key, check_scan};
use super::disk::{self, Files, failed};
use super::engine::{Batch, Committed, Kind, LogEnd, Stats, Store, Versioned, split_entry};
use super::error::{CommitError, StoreError};
use super::ledger::{self, Changes, Log, Name, TOTALS_NAME};
use super::open::{self, Found, Mode, OpenError, unpanicked};
use super::totals::Totals;
use super::writer::{Disk, Writer};
use crate::seal::AuditChain;
use async_trait::async_trait;
use std::fs::File;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// sled's page cache, in bytes: for the leaves that writes touch, and the log.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// How often sled's own thread looks for a half-dead segment of its file to collect, in
/// milliseconds. No promise rests on that thread: it only logs what fails, and every commit has
/// its own flush and fsync, through handles that see its failures too. But without it the file
/// keeps nearly every byte ever written (8 KB a login, measured).
const COLLECT_EVERY_MS: u64 = 1_000;

/// How long `close` waits for the disk.
const CLOSE_WAIT_MAX: Duration = Duration::from_secs(30);

/// A store in a directory.
pub struct SledStore {
    dir: PathBuf,
    writer: Arc<Writer>,
    /// For reading the log; gone once closed.
    library: Mutex<Option<Library>>,
}

/// An open library and the lock that says so; dropped in this order.
#[derive(Clone)]
struct Library {
    db: ::sled::Db,
    _lock: Arc<File>,
}

impl SledStore {
    /// Opens or creates a store. Reads every record that is not in the log: some seconds for a
    /// hundred thousand. Blocks.
    ///
    /// # Errors
    /// [`OpenError`]; never a fresh store in place of one that does not open.
    pub fn open(dir: &Path, mode: Mode, chain: AuditChain) -> Result<Self, OpenError> {
        Self::open_with(dir, mode, chain, |disk| disk)
    }

    /// Opens with something in front of the disk.
    fn open_with<D: Disk>(
        dir: &Path,
        mode: Mode,
        chain: AuditChain,
        front: impl FnOnce(SledDisk) -> D,
    ) -> Result<Self, OpenError> {
        if let Mode::CreateNew { instance } = mode {
            open::create(dir, |unfinished| fill(unfinished, instance))?;
        }
        let lock = Arc::new(open::claim(dir)?);
        let mut files = Files::open(dir).map_err(OpenError::io(dir))?;
        let (db, found) = unpanicked(dir, || {
            let db = library(dir, false)?;
            let found = load(&db).map_err(|error| open_error(dir, error))?;
            Ok((db, found))
        })?;
        // The library writes and renames files of its own while it opens.
        files.sync_all().map_err(OpenError::io(dir))?;
        let mark = files.read_mark().map_err(OpenError::io(dir))?;
        let durable = open::verify(dir, Found { mark, ..found })?;
        let library = Library { db, _lock: lock };
        let disk = front(SledDisk {
            library: library.clone(),
            files,
        });
        let writer = Writer::start(disk, durable, chain).map_err(OpenError::io(dir))?;
        let library = Mutex::new(Some(library));
        Ok(Self {
            dir: dir.to_owned(),
            writer: Arc::new(writer),
            library,
        })
    }

    /// What it holds.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn stats(&self) -> Result<Stats, StoreError> {
        let bytes_on_disk =
            disk::bytes_on_disk(&self.dir).map_err(failed("measuring its files"))?;
        let stopped = self.writer.shared().stopped().is_some();
        let durable = self.writer.shared().durable();
        let records = Kind::ALL.into_iter().zip(durable.totals.records).collect();
        Ok(Stats {
            records,
            commits: durable.totals.commit,
            audit_sequence: durable.totals.next_sequence.saturating_sub(1),
            bytes_on_disk,
            stopped,
        })
    }

    /// Why it has stopped writing, if it has.
    pub fn stopped(&self) -> Option<StoreError> {
        self.writer.shared().stopped()
    }

    /// Finishes what was submitted, flushes, fsyncs, ends the writer, and gives the lock back.
    ///
    /// # Errors
    /// [`StoreError::Stalled`] when the disk hangs (then leave the process: a thread still waits
    /// for it); the failure that stopped the store, if one
    /// did; [`StoreError::Closed`] when it was closed before.
    pub async fn close(&self) -> Result<(), StoreError> {
        let writer = Arc::clone(&self.writer);
        let library = self
            .library
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let dir = self.dir.clone();
        let closing = tokio::task::spawn_blocking(move || {
            let closed = writer.close();
            drop(library);
            closed.and(disk::wait_until_released(&dir).map_err(failed("letting go of its files")))
        });
        let closed = tokio::time::timeout(CLOSE_WAIT_MAX, closing).await;
        closed.map_or(Err(StoreError::Stalled), |it| {
            it.unwrap_or(Err(StoreError::Stopped))
        })
    }

    /// Runs a read of the log, which may touch the disk, where it blocks nobody. It is told
    /// which sequence number is the first that is not durable.
    async fn read_log<T: Send + 'static>(
        &self,
        read: impl FnOnce(&::sled::Db, u64) -> ::sled::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let library = self
            .library
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let library = library.ok_or(StoreError::Closed)?;
        let end = self.writer.shared().durable().totals.next_sequence;
        let reading = tokio::task::spawn_blocking(move || read(&library.db, end));
        let done = reading
            .await
            .map_err(|_| StoreError::Corrupt("reading the log panicked"))?;
        done.map_err(|error| store_error("reading the log", error))
    }
}

#[async_trait]
impl Store for SledStore {
    async fn get(&self, kind: Kind, key: &[u8]) -> Result<Option<Versioned>, StoreError> {
        check_key(key)?;
        let name = ledger::name(kind, key);
        if kind.is_log() {
            return self.read_log(move |db, end| get_log(db, &name, end)).await;
        }
        if self.writer.is_closed() {
            return Err(StoreError::Closed);
        }
        Ok(self.writer.shared().durable().records.get(&name).cloned())
    }

    async fn scan(
        &self,
        kind: Kind,
        prefix: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Vec<u8>, Versioned)>, StoreError> {
        check_scan(prefix, after, limit)?;
        if kind.is_log() {
            let common = ledger::name(kind, prefix);
            let start = ledger::scan_start(kind, prefix, after);
            return self
                .read_log(move |db, end| scan_log(db, &common, start, limit, end))
                .await;
        }
        if self.writer.is_closed() {
            return Err(StoreError::Closed);
        }
        let durable = self.writer.shared().durable();
        Ok(ledger::scan(&durable.records, kind, prefix, after, limit))
    }

    async fn commit(&self, batch: Batch) -> Result<Committed, CommitError> {
        check_batch(&batch)?;
        self.writer.commit(batch).await
    }

    async fn log_end(&self) -> Result<LogEnd, StoreError> {
        if self.writer.is_closed() {
            return Err(StoreError::Closed);
        }
        Ok(self.writer.shared().durable().totals.log_end())
    }

    fn stats(&self) -> Option<Stats> {
        Self::stats(self).ok()
    }
}

/// The writer's side of the library.
struct SledDisk {
    library: Library,
    files: Files,
}

impl Log for SledDisk {
    fn entry(&self, sequence: u64) -> Result<Option<Versioned>, StoreError> {
        let name = ledger::name(Kind::Audit, &sequence.to_be_bytes());
        get_log(&self.library.db, &name, u64::MAX)
            .map_err(|error| store_error("reading the log", error))
    }
}

impl Disk for SledDisk {
    fn has_room(&self) -> Result<bool, StoreError> {
        self.files
            .has_room()
            .map_err(failed("asking for free space"))
    }

    fn write(&mut self, changes: &Changes, totals: &Totals) -> Result<(), StoreError> {
        write(&self.library.db, changes, totals).map_err(|error| store_error("writing", error))
    }

    fn sync(&mut self) -> Result<(), StoreError> {
        self.library
            .db
            .flush()
            .map_err(|error| store_error("flushing", error))?;
        self.files.sync().map_err(failed("making a commit durable"))
    }

    fn mark(&mut self, commit: u64) -> Result<(), StoreError> {
        self.files
            .write_mark(commit)
            .map_err(failed("writing its mark"))
    }
}

/// One atomic batch of the library: after a crash it finds the whole batch or nothing of it.
fn write(db: &::sled::Db, changes: &Changes, totals: &Totals) -> ::sled::Result<()> {
    let mut batch = ::sled::Batch::default();
    for (name, change) in changes {
        match change {
            Some(record) => batch.insert(name.as_slice(), encode(record)),
            None => batch.remove(name.as_slice()),
        }
    }
    batch.insert(TOTALS_NAME, totals.to_bytes());
    db.apply_batch(batch)
}

fn encode(record: &Versioned) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(size_of::<u64>() + record.bytes.len());
    bytes.extend_from_slice(&record.version.to_be_bytes());
    bytes.extend_from_slice(&record.bytes);
    bytes
}

fn decode(stored: &[u8]) -> ::sled::Result<Versioned> {
    let (version, bytes) = stored.split_first_chunk().ok_or(TOO_SHORT)?;
    Ok(Versioned {
        version: u64::from_be_bytes(*version),
        bytes: bytes.to_vec(),
    })
}

const TOO_SHORT: ::sled::Error = ::sled::Error::Corruption { at: None, bt: () };

/// Opens the library itself.
fn library(dir: &Path, create: bool) -> Result<::sled::Db, OpenError> {
    let config = ::sled::Config::new()
        .path(dir)
        .cache_capacity(CACHE_BYTES)
        .create_new(create);
    config
        .flush_every_ms(Some(COLLECT_EVERY_MS))
        .open()
        .map_err(|error| open_error(dir, error))
}

/// Makes the first commit of a new store and closes it again.
fn fill(dir: &Path, instance: u64) -> Result<(), OpenError> {
    unpanicked(dir, || {
        let db = library(dir, true)?;
        let (changes, totals) = ledger::genesis(instance);
        let written = write(&db, &changes, &totals).and_then(|()| db.flush());
        written.map_err(|error| open_error(dir, error))?;
        drop(db);
        disk::wait_until_released(dir).map_err(OpenError::io(dir))?;
        // Opening the files fsyncs them all.
        Files::open(dir).map(drop).map_err(OpenError::io(dir))
    })
}

/// Reads what `verify` needs: every record outside the log, and the log's two ends.
fn load(db: &::sled::Db) -> ::sled::Result<Found> {
    let totals = db.get(TOTALS_NAME)?.map(|bytes| bytes.to_vec());
    let mut found = Found {
        totals,
        ..Found::default()
    };
    for kind in Kind::ALL.into_iter().filter(|kind| !kind.is_log()) {
        for item in db.scan_prefix([kind.byte()]) {
            let (name, stored) = item?;
            found.records.insert(name.to_vec(), decode(&stored)?);
        }
    }
    let mut log = db.scan_prefix([Kind::Audit.byte()]);
    if let Some(first) = log.next().transpose()? {
        let (last, stored) = log
            .next_back()
            .transpose()?
            .unwrap_or_else(|| first.clone());
        found.log_ends = Some((first.0.to_vec(), last.to_vec()));
        found.link = split_entry(&decode(&stored)?.bytes).map(|(link, _)| link);
    }
    let beyond = Kind::ALL.map(Kind::byte).into_iter().max().unwrap_or(0) + 1;
    found.strangers = db.range([beyond]..).next().transpose()?.is_some()
        || db
            .range(..[Kind::Meta.byte()])
            .keys()
            .any(|name| name.is_ok_and(|n| n != TOTALS_NAME));
    Ok(found)
}

fn get_log(db: &::sled::Db, name: &Name, end: u64) -> ::sled::Result<Option<Versioned>> {
    if sequence_of(name).is_none_or(|sequence| sequence >= end) {
        return Ok(None);
    }
    db.get(name)?.map(|stored| decode(&stored)).transpose()
}

fn scan_log(
    db: &::sled::Db,
    common: &Name,
    start: Bound<Name>,
    limit: usize,
    end: u64,
) -> ::sled::Result<Vec<(Vec<u8>, Versioned)>> {
    let mut page = Vec::new();
    for item in db.range::<Name, _>((start, Bound::Unbounded)) {
        let (name, stored) = item?;
        if page.len() == limit || !name.starts_with(common) {
            break;
        }
        if sequence_of(&name).is_some_and(|sequence| sequence < end) {
            page.push((name[1..].to_vec(), decode(&stored)?));
        }
    }
    Ok(page)
}

/// The number at the end of a name of the log or of its index.
fn sequence_of(name: &[u8]) -> Option<u64> {
    name.get(1..)?
        .last_chunk()
        .map(|chunk| u64::from_be_bytes(*chunk))
}

fn store_error(doing: &'static str, error: ::sled::Error) -> StoreError {
    match error {
        ::sled::Error::Io(error) => StoreError::Io {
            doing,
            kind: error.kind(),
        },
        _ => StoreError::Corrupt(doing),
    }
}

fn open_error(dir: &Path, error: ::sled::Error) -> OpenError {
    match error {
        // The library's only word for it: somebody opens its files without taking our lock first.
        ::sled::Error::Io(error) if error.to_string().contains("could not acquire lock") => {
            OpenError::Locked(dir.to_owned())
        }
        ::sled::Error::Io(error) => OpenError::io(dir)(error),
        other => OpenError::corrupt(dir, other.to_string()),
    }
}

#[cfg(test)]
mod tests;
