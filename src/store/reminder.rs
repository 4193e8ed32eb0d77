//! A note beside the store that ends of sessions could not be written into it (design.md section 8):
//! one byte in a file that was made while there was room, changed in place, so that a full disk takes
//! it. Whoever starts with it set ends every session.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

const SET: &[u8] = b"1";
const CLEAR: &[u8] = b"0";

/// The note.
#[derive(Debug)]
pub struct Reminder {
    file: Option<File>,
}

impl Reminder {
    /// Opens the note, or makes it.
    ///
    /// # Errors
    /// What the file system says.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)?;
        if file.metadata()?.len() == 0 {
            file.write_all_at(CLEAR, 0)?;
            file.sync_all()?;
        }
        Ok(Self { file: Some(file) })
    }

    /// A note that nothing survives, for a gateway without a store.
    pub fn nowhere() -> Self {
        Self { file: None }
    }

    /// Whether it is set. What cannot be read counts as set.
    pub fn is_set(&self) -> bool {
        let Some(file) = &self.file else { return false };
        let mut byte = [0];
        !matches!(file.read_exact_at(&mut byte, 0), Ok(()) if byte == CLEAR)
    }

    /// Sets or clears it, durably.
    ///
    /// # Errors
    /// What the file system says.
    pub fn set(&self, set: bool) -> io::Result<()> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        file.write_all_at(if set { SET } else { CLEAR }, 0)?;
        file.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn it_is_remembered_and_damage_counts_as_set() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("note");
        let note = Reminder::open(&path).unwrap();
        assert!(!note.is_set());
        note.set(true).unwrap();
        assert!(Reminder::open(&path).unwrap().is_set());
        note.set(false).unwrap();
        assert!(!Reminder::open(&path).unwrap().is_set());
        fs::write(&path, "?").unwrap();
        assert!(Reminder::open(&path).unwrap().is_set());
        // Emptied by somebody: made anew, like one that was never there.
        fs::write(&path, "").unwrap();
        assert!(!Reminder::open(&path).unwrap().is_set());
        assert!(Reminder::open(folder.path()).is_err());
        assert!(!Reminder::nowhere().is_set());
    }
}
