//! The audit log as JSON, one object a line.

use super::plain::plain;
use super::{AuditOut, OutError};
use crate::config::AuditFile;
use crate::domain::audit::AuditRecord;
use crate::seal::Head;
use serde::Serialize;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// For the gateway and a group that collects logs.
const FILE_MODE: u32 = 0o640;

/// A line for a record.
#[derive(Serialize)]
struct RecordLine<'a> {
    sequence: u64,
    /// `at` as people read it.
    time: String,
    #[serde(flatten)]
    record: &'a AuditRecord,
}

/// A line for a head.
#[derive(Serialize)]
struct HeadLine {
    sequence: u64,
    time: String,
    head: String,
}

/// JSON lines in a file, or on standard output.
#[derive(Debug)]
pub struct JsonLines {
    name: String,
    target: AuditFile,
    file: Option<File>,
}

impl JsonLines {
    /// To this place; it is opened at the first line.
    pub fn new(target: AuditFile) -> Self {
        let name = match &target {
            AuditFile::StandardOutput => "file:-".to_owned(),
            AuditFile::Path(path) => format!("file:{}", path.display()),
        };
        Self {
            name,
            target,
            file: None,
        }
    }

    fn write_line(&mut self, line: &impl Serialize) -> Result<(), OutError> {
        // Our own records hold no map with odd keys, so they can be written as JSON.
        let json = serde_json::to_string(line).map_err(io::Error::from);
        let mut line = plain(&json.map_err(OutError::while_doing("writing JSON"))?);
        line.push('\n');
        let failed = OutError::while_doing("writing a line");
        match &self.target {
            AuditFile::StandardOutput => {
                let mut out = io::stdout().lock();
                out.write_all(line.as_bytes()).map_err(failed)
            }
            AuditFile::Path(path) => {
                let current = self.file.take().filter(|file| is_still(path, file));
                let mut file = match current {
                    Some(file) => file,
                    None => open(path).map_err(OutError::while_doing("opening its file"))?,
                };
                // After a failure the file stays closed, and its half line is ended when it is
                // opened again.
                file.write_all(line.as_bytes()).map_err(failed)?;
                self.file = Some(file);
                Ok(())
            }
        }
    }
}

impl AuditOut for JsonLines {
    fn name(&self) -> &str {
        &self.name
    }

    fn write(&mut self, sequence: u64, record: &AuditRecord) -> Result<(), OutError> {
        self.write_line(&RecordLine {
            sequence,
            time: record.at.to_rfc3339(),
            record,
        })
    }

    fn write_head(&mut self, head: &Head) -> Result<(), OutError> {
        self.write_line(&HeadLine {
            sequence: head.sequence,
            time: head.at.to_rfc3339(),
            head: head.to_line(),
        })
    }

    fn flush(&mut self) -> Result<(), OutError> {
        let flushed = match &self.file {
            // Pipes and terminals have no disk behind them.
            Some(file) if file.metadata().is_ok_and(|it| it.is_file()) => file.sync_data(),
            Some(_) => Ok(()),
            None => io::stdout().lock().flush(),
        };
        flushed.map_err(|error| {
            self.file = None;
            OutError::while_doing("bringing its file to the disk")(error)
        })
    }
}

/// Whether the open file is still the one of this name: not renamed or removed by rotation.
fn is_still(path: &Path, file: &File) -> bool {
    match (fs::metadata(path), file.metadata()) {
        (Ok(named), Ok(open)) => (named.dev(), named.ino()) == (open.dev(), open.ino()),
        _ => false,
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let mut file = options
        .read(true)
        .append(true)
        .create(true)
        .mode(FILE_MODE)
        .open(path)?;
    let about = file.metadata()?;
    if about.is_file() && about.len() > 0 {
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            // A line that a crash or a full disk cut: the next one must not hang on to it.
            file.write_all(b"\n")?;
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests;
