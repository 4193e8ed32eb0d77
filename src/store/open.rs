//! The directory of a store: how it comes into being, who may open it, and what must hold before
//! it may be used. A store that will not open is never replaced by an empty one (invariant I8).

use super::disk::{DATA_FILE, MARK_FILE, mark_bytes};
use super::engine::{FORMAT_KEY, Kind, Versioned};
use super::ledger::{self, FORMAT, Records};
use super::totals::Totals;
use super::writer::Durable;
use crate::seal::Link;
use rustix::fs::{FlockOperation, flock};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// How a store is opened. There is no "create if missing": a gateway whose store has gone missing
/// must not begin again with nobody enrolled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// The first start: the directory must not hold anything.
    CreateNew {
        /// 64 random bits that tell this store from every other one.
        instance: u64,
    },
    /// Every later start.
    Existing,
}

/// Why a store did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// [`Mode::Existing`], and there is none.
    #[error("there is no store in {0}")]
    Missing(PathBuf),
    /// [`Mode::CreateNew`], and something is there.
    #[error("{0} is not empty; a new store is made only in a new directory")]
    AlreadyThere(PathBuf),
    /// Another process has it open.
    #[error("the store in {0} is in use by another process")]
    Locked(PathBuf),
    /// It was written by a version of before the audit log was linked.
    #[error(
        "the store has format {found}, of an early trial version; this version opens format \
         {FORMAT} alone: begin anew with a new state folder"
    )]
    OlderFormat {
        /// The format found.
        found: u32,
    },
    /// It was written by a newer version.
    #[error("the store has format {found}; this version knows formats up to {FORMAT}")]
    NewerFormat {
        /// The format found.
        found: u32,
    },
    /// What is there is not what was acknowledged. The library may have cut off what it could
    /// not read; nothing was put in its place.
    #[error("the store in {dir} is corrupt ({what}); keep the directory and restore a backup")]
    Corrupt {
        /// Where.
        dir: PathBuf,
        /// What does not hold.
        what: String,
    },
    /// The operating system refused.
    #[error("cannot open the store in {dir}: {error}")]
    Io {
        /// Where.
        dir: PathBuf,
        /// What it said.
        error: io::Error,
    },
}

impl OpenError {
    pub(super) fn corrupt(dir: &Path, what: impl Into<String>) -> Self {
        Self::Corrupt {
            dir: dir.to_owned(),
            what: what.into(),
        }
    }

    pub(super) fn io(dir: &Path) -> impl Fn(io::Error) -> Self {
        let dir = dir.to_owned();
        move |error| Self::Io {
            dir: dir.clone(),
            error,
        }
    }
}

/// Held by whoever has the store open, for as long as it is open.
const LOCK_FILE: &str = "lock";

/// Only the gateway's own user reads its store.
const DIR_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

/// Takes the lock of an existing store.
pub(super) fn claim(dir: &Path) -> Result<File, OpenError> {
    check_present(dir)?;
    let path = dir.join(LOCK_FILE);
    let mut options = OpenOptions::new();
    let file = options
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE_MODE)
        .open(path);
    lock(file.map_err(OpenError::io(dir))?, dir)
}

fn lock(file: File, dir: &Path) -> Result<File, OpenError> {
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(OpenError::Locked(dir.to_owned())),
        Err(error) => Err(OpenError::io(dir)(error.into())),
    }
}

/// The library below makes an empty store of whatever is missing, so nothing may be missing.
fn check_present(dir: &Path) -> Result<(), OpenError> {
    let names = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(OpenError::Missing(dir.to_owned()));
        }
        entries => entries
            .and_then(|entries| {
                entries
                    .map(|e| e.map(|e| e.file_name()))
                    .collect::<io::Result<Vec<_>>>()
            })
            .map_err(OpenError::io(dir))?,
    };
    if names.is_empty() {
        return Err(OpenError::Missing(dir.to_owned()));
    }
    let wanted = [DATA_FILE, MARK_FILE, "conf", "blobs"];
    if let Some(gone) = wanted
        .iter()
        .find(|it| !names.iter().any(|name| name == *it))
    {
        return Err(OpenError::corrupt(dir, format!("{gone} is missing")));
    }
    let data = fs::metadata(dir.join(DATA_FILE)).map_err(OpenError::io(dir))?;
    if data.len() == 0 {
        return Err(OpenError::corrupt(dir, "the data file is empty"));
    }
    Ok(())
}

/// Makes a store next to `dir` by `fill`, which leaves it closed and durable, and moves it there
/// as the last step: after a crash there is a whole store in `dir`, or none.
pub(super) fn create(
    dir: &Path,
    fill: impl FnOnce(&Path) -> Result<(), OpenError>,
) -> Result<(), OpenError> {
    let failed = OpenError::io(dir);
    let name = dir
        .file_name()
        .ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
    let parent = dir
        .parent()
        .filter(|it| !it.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(&failed)?;
    let parent_dir = File::open(parent).map_err(&failed)?;
    // One creation at a time among neighbours; held until the end of this function.
    let parent_dir = lock(parent_dir, dir)?;
    match fs::read_dir(dir).map(|mut entries| entries.next().is_none()) {
        Ok(true) => {}
        Ok(false) => return Err(OpenError::AlreadyThere(dir.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    let mut unfinished = name.to_owned();
    unfinished.push(".unfinished");
    let unfinished = parent.join(unfinished);
    match fs::remove_dir_all(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    DirBuilder::new()
        .mode(DIR_MODE)
        .create(&unfinished)
        .map_err(&failed)?;
    write_file(&unfinished.join(MARK_FILE), &mark_bytes(1)).map_err(&failed)?;
    write_file(&unfinished.join(LOCK_FILE), &[]).map_err(&failed)?;
    fill(&unfinished)?;
    fs::rename(&unfinished, dir).map_err(&failed)?;
    parent_dir.sync_all().map_err(&failed)
}

fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// What was found in a store, not yet believed.
#[derive(Default)]
pub(super) struct Found {
    /// The stored [`Totals`].
    pub(super) totals: Option<Vec<u8>>,
    /// All records that are not in a log.
    pub(super) records: Records,
    /// The first and last key of the audit log.
    pub(super) log_ends: Option<(Vec<u8>, Vec<u8>)>,
    /// The link of its last entry.
    pub(super) link: Option<Link>,
    /// Whether there was a record that no kind explains.
    pub(super) strangers: bool,
    /// The commit in the mark.
    pub(super) mark: Option<u64>,
}

/// Believes what was found only when everything fits.
pub(super) fn verify(dir: &Path, found: Found) -> Result<Durable, OpenError> {
    let format = found.records.get(&ledger::name(Kind::Meta, FORMAT_KEY));
    match format.and_then(number_of) {
        Some(FORMAT) => {}
        Some(newer) if newer > FORMAT => return Err(OpenError::NewerFormat { found: newer }),
        Some(older) if older > 0 => return Err(OpenError::OlderFormat { found: older }),
        _ => return Err(OpenError::corrupt(dir, "the format record")),
    }
    let totals = found.totals.as_deref().and_then(Totals::from_bytes);
    let totals = totals.ok_or_else(|| OpenError::corrupt(dir, "the totals"))?;
    let mark = found
        .mark
        .ok_or_else(|| OpenError::corrupt(dir, "the mark"))?;
    if totals.commit < mark {
        let what = format!(
            "it ends at commit {}, {mark} was acknowledged",
            totals.commit
        );
        return Err(OpenError::corrupt(dir, what));
    }
    if found.strangers {
        return Err(OpenError::corrupt(dir, "records of no known kind"));
    }
    let mut counted = Totals {
        commit: totals.commit,
        ..Totals::empty()
    };
    counted.next_sequence = totals.next_sequence;
    counted.link = totals.link;
    for (name, record) in &found.records {
        counted.add(name, record);
    }
    for (place, kind) in Kind::ALL.into_iter().enumerate() {
        if kind.is_log() {
            counted.records[place] = totals.records[place];
        }
    }
    if counted != totals {
        return Err(OpenError::corrupt(
            dir,
            "records are missing, doubled or out of date",
        ));
    }
    check_log(dir, &totals, found.log_ends, found.link)?;
    Ok(Durable {
        records: found.records,
        totals,
    })
}

fn check_log(
    dir: &Path,
    totals: &Totals,
    ends: Option<(Vec<u8>, Vec<u8>)>,
    link: Option<Link>,
) -> Result<(), OpenError> {
    let wanted = (totals.next_sequence > 1).then(|| {
        let key = |sequence: u64| ledger::name(Kind::Audit, &sequence.to_be_bytes());
        (key(1), key(totals.next_sequence - 1))
    });
    let linked = match wanted {
        Some(_) => link == Some(totals.link),
        None => totals.link == Link::ZERO,
    };
    if ends == wanted && linked {
        Ok(())
    } else {
        Err(OpenError::corrupt(dir, "the audit log"))
    }
}

fn number_of(record: &Versioned) -> Option<u32> {
    record
        .bytes
        .as_slice()
        .try_into()
        .ok()
        .map(u32::from_be_bytes)
}

/// Runs a call into the library, which panics on some broken files.
pub(super) fn unpanicked<T>(
    dir: &Path,
    call: impl FnOnce() -> Result<T, OpenError>,
) -> Result<T, OpenError> {
    catch_unwind(AssertUnwindSafe(call))
        .unwrap_or_else(|_| Err(OpenError::corrupt(dir, "its library panicked")))
}
