//! The files that must reach the medium, by handles of our own, because the library below does
//! not bring them there (pingora.md section 4).

use super::error::StoreError;
use rustix::fs::{FlockOperation, flock};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// The library's file.
pub(super) const DATA_FILE: &str = "db";

/// Where the library puts pages that are too large for its file.
const BLOBS_DIR: &str = "blobs";

/// The number of the last acknowledged commit. Not fsynced at each commit: it is never ahead of
/// the data, so a store whose data is older than its mark has lost something.
pub(super) const MARK_FILE: &str = "mark";

/// Below this much free space nothing is written: a full disk in the middle of a write stops the
/// store until a restart, one that is noticed before only until there is room.
const FREE_BYTES_MIN: u64 = 16 * 1024 * 1024;

/// Translates an error of the system, naming what was being done.
pub(super) fn failed(doing: &'static str) -> impl Fn(io::Error) -> StoreError {
    move |error| StoreError::Io {
        doing,
        kind: error.kind(),
    }
}

/// Open handles on the files of a store.
pub(super) struct Files {
    dir: PathBuf,
    data: File,
    mark: File,
    blobs: File,
    /// The names of the blobs that are durable.
    durable_blobs: BTreeSet<OsString>,
}

impl Files {
    /// Opens the handles and makes everything durable that lies there: what a killed process
    /// left in the page cache is about to be read, and acted upon.
    pub(super) fn open(dir: &Path) -> io::Result<Self> {
        let read_write = |name| {
            OpenOptions::new()
                .read(true)
                .write(true)
                .open(dir.join(name))
        };
        let mut files = Self {
            dir: dir.to_owned(),
            data: read_write(DATA_FILE)?,
            mark: read_write(MARK_FILE)?,
            blobs: File::open(dir.join(BLOBS_DIR))?,
            durable_blobs: BTreeSet::new(),
        };
        files.sync_all()?;
        Ok(files)
    }

    /// Fsyncs every file and directory of the store.
    pub(super) fn sync_all(&mut self) -> io::Result<()> {
        self.sync()?;
        for entry in fs::read_dir(&self.dir)? {
            let path = entry?.path();
            if path.is_file() {
                File::open(path)?.sync_all()?;
            }
        }
        File::open(&self.dir)?.sync_all()
    }

    /// Fsyncs what a commit may have touched: new blobs first, then the data that names them.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        let blobs = fs::read_dir(self.dir.join(BLOBS_DIR))?
            .map(|entry| entry.map(|entry| entry.file_name()))
            .collect::<io::Result<BTreeSet<_>>>()?;
        let mut grown = false;
        for name in blobs.difference(&self.durable_blobs) {
            match File::open(self.dir.join(BLOBS_DIR).join(name)) {
                Ok(blob) => blob.sync_all()?,
                // Already replaced by a newer one and collected.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            grown = true;
        }
        if grown {
            self.blobs.sync_all()?;
        }
        self.durable_blobs = blobs;
        self.data.sync_data()
    }

    /// Whether there is room for a group of commits.
    pub(super) fn has_room(&self) -> io::Result<bool> {
        let space = rustix::fs::fstatvfs(&self.data)?;
        Ok(space.f_bavail.saturating_mul(space.f_frsize) >= FREE_BYTES_MIN)
    }

    /// Notes the last acknowledged commit.
    pub(super) fn write_mark(&self, commit: u64) -> io::Result<()> {
        self.mark.write_all_at(&mark_bytes(commit), 0)
    }

    /// Reads the mark.
    pub(super) fn read_mark(&self) -> io::Result<Option<u64>> {
        let mut bytes = [0; MARK_BYTES + 1];
        let mut len = 0;
        loop {
            match self.mark.read_at(&mut bytes[len..], len as u64)? {
                0 => break,
                more => len += more,
            }
        }
        let commit = bytes
            .first_chunk()
            .map_or(0, |chunk| u64::from_be_bytes(*chunk));
        Ok((bytes[..len] == mark_bytes(commit)).then_some(commit))
    }
}

/// Waits, for a bounded time, until nobody holds the data file under the library's lock: its
/// threads let go of it a moment after the last handle was dropped. Blocks.
pub(super) fn wait_until_released(dir: &Path) -> io::Result<()> {
    let data = File::open(dir.join(DATA_FILE))?;
    for _ in 0..RELEASE_TRIES {
        match flock(&data, FlockOperation::NonBlockingLockExclusive) {
            // Given back when `data` is dropped.
            Ok(()) => return Ok(()),
            Err(rustix::io::Errno::WOULDBLOCK) => std::thread::park_timeout(RELEASE_PAUSE),
            Err(error) => return Err(error.into()),
        }
    }
    Err(io::ErrorKind::TimedOut.into())
}

const RELEASE_TRIES: u32 = 1_000;
const RELEASE_PAUSE: std::time::Duration = std::time::Duration::from_millis(5);

const MARK_BYTES: usize = 2 * size_of::<u64>();

/// The number and its complement, so that a torn or foreign file is not taken for a mark.
pub(super) fn mark_bytes(commit: u64) -> [u8; MARK_BYTES] {
    let mut bytes = [0; MARK_BYTES];
    bytes[..8].copy_from_slice(&commit.to_be_bytes());
    bytes[8..].copy_from_slice(&(!commit).to_be_bytes());
    bytes
}

/// Bytes that the store takes on the disk.
pub(super) fn bytes_on_disk(dir: &Path) -> io::Result<u64> {
    use std::os::unix::fs::MetadataExt;
    let mut sum = 0;
    for part in [dir.to_owned(), dir.join(BLOBS_DIR)] {
        for entry in fs::read_dir(part)? {
            match entry?.metadata() {
                Ok(meta) if meta.is_file() => sum += meta.blocks() * 512,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(sum)
}
