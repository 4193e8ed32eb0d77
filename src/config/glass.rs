//! Break glass by a file of root: for when the store, or the way to it, is the problem.
//!
//! ```toml
//! until = "2026-12-01T12:00:00+07:00"
//! ceiling = "observe"
//! reason = "disk of the store is broken"
//! ```

use crate::domain::policy::act::GLASS_SECONDS_MAX;
use crate::domain::policy::{Glass, Signature};
use crate::domain::policy_file::Mode;
use crate::primitives::{UnixSeconds, Zone};
use rustix::fs::{Mode as FileMode, OFlags};
use serde::Deserialize;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Name of the file in the state folder.
pub const GLASS_FILE: &str = "breakglass";
/// Longest file in bytes.
const BYTES_MAX: u64 = 4096;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    until: String,
    #[serde(default = "observe")]
    ceiling: Mode,
    reason: String,
}

fn observe() -> Mode {
    Mode::Observe
}

/// Reads the file; `None` when there is none, or its time is over.
///
/// # Errors
/// Why it is not believed: not root's alone, unreadable, longer than a day.
pub fn read(path: &Path, zone: &Zone, now: UnixSeconds) -> Result<Option<Glass>, String> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = match rustix::fs::open(path, flags, FileMode::empty()) {
        Ok(file) => File::from(file),
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let about = file.metadata().map_err(|error| error.to_string())?;
    if !about.is_file() || about.len() > BYTES_MAX {
        return Err("is no small file".into());
    }
    if about.uid() != 0 || about.mode() & 0o022 != 0 {
        return Err("is not root's alone: chown root, chmod 644".into());
    }
    let mut text = String::new();
    file.take(BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(|error| error.to_string())?;
    let glass = parse(&text, zone, now)?;
    // Measured from when it was written too: a file that was refused and forgotten must not become
    // good by waiting.
    let written = UnixSeconds(u64::try_from(about.mtime()).unwrap_or(0));
    if written.since(now) > 0 {
        return Err("was written in the future".into());
    }
    if glass
        .as_ref()
        .is_some_and(|g| g.until.since(written) > GLASS_SECONDS_MAX)
    {
        return Err("`until` is more than a day after the file was written".into());
    }
    Ok(glass)
}

fn parse(text: &str, zone: &Zone, now: UnixSeconds) -> Result<Option<Glass>, String> {
    let raw: Raw = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    // A span from now on would never end.
    let spans = crate::primitives::date::span(&raw.until).is_some() || raw.until == "now";
    let until = zone.parse(&raw.until, now).filter(|_| !spans);
    let until = until.ok_or("`until` is no date and time, like 2026-12-01 12:00")?;
    if raw.reason.trim().is_empty() {
        return Err("`reason` is empty".into());
    }
    if raw.ceiling > Mode::Optional {
        return Err("`ceiling` is off, observe or optional".into());
    }
    if until.since(now) > GLASS_SECONDS_MAX {
        return Err("`until` is more than a day ahead".into());
    }
    let signature = Signature {
        by: vec!["root, by file".to_owned()],
        reason: raw.reason,
    };
    let glass = Glass {
        ceiling: raw.ceiling,
        until,
        signature,
    };
    Ok(Some(glass).filter(|glass| now < glass.until))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixSeconds = UnixSeconds(1_795_333_073);

    fn wib() -> Zone {
        Zone {
            offset_seconds: 7 * 3600,
            label: "WIB".into(),
        }
    }

    #[test]
    fn a_file_breaks_glass_for_its_time() {
        let text = "until = '2026-11-22 15:00'\nreason = 'disk'";
        let glass = parse(text, &wib(), NOW).unwrap().unwrap();
        assert_eq!(glass.ceiling, Mode::Observe);
        assert_eq!(glass.until, UnixSeconds(1_795_334_400));
        assert_eq!(parse(text, &wib(), glass.until).unwrap(), None);
        let off = "until = '2026-11-22 15:00'\nceiling = 'off'\nreason = 'disk'";
        assert_eq!(parse(off, &wib(), NOW).unwrap().unwrap().ceiling, Mode::Off);
    }

    #[test]
    fn what_is_not_meant_is_refused() {
        for (text, why) in [
            ("", "until"),
            ("until = '2026-11-22 15:00'", "reason"),
            ("until = '2026-11-22 15:00'\nreason = ' '", "reason"),
            ("until = '2h'\nreason = 'x'", "date"),
            ("until = 'now'\nreason = 'x'", "date"),
            ("until = '2026-11-24'\nreason = 'x'", "day"),
            (
                "until = '2026-11-22 15:00'\nceiling = 'required'\nreason = 'x'",
                "ceiling",
            ),
            ("until = '2026-11-22 15:00'\nreason = 'x'\nmore = 1", "more"),
        ] {
            let told = parse(text, &wib(), NOW).unwrap_err();
            assert!(told.contains(why), "{text}: {told}");
        }
    }

    #[test]
    fn only_roots_own_file_is_believed() {
        use std::os::unix::fs::{PermissionsExt, chown, symlink};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(GLASS_FILE);
        assert_eq!(read(&path, &wib(), NOW), Ok(None));
        std::fs::write(&path, "until = '2026-11-22 15:00'\nreason = 'disk'").unwrap();
        let mode = |bits| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(bits));
        mode(0o644).unwrap();
        let written = |at: UnixSeconds| {
            let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(at.0);
            std::fs::File::options()
                .write(true)
                .open(&path)
                .unwrap()
                .set_modified(time)
                .unwrap();
        };
        written(NOW);
        chown(&path, Some(0), Some(0)).expect("this test runs as root");
        assert!(read(&path, &wib(), NOW).unwrap().is_some());
        for at in [UnixSeconds(NOW.0 + 1), UnixSeconds(NOW.0 - 86_400)] {
            written(at);
            assert!(read(&path, &wib(), NOW).is_err(), "{at:?}");
        }
        written(NOW);
        for bits in [0o664, 0o646] {
            mode(bits).unwrap();
            assert!(read(&path, &wib(), NOW).is_err(), "{bits:o}");
        }
        mode(0o644).unwrap();
        let link = folder.path().join("link");
        symlink(&path, &link).unwrap();
        assert!(read(&link, &wib(), NOW).is_err());
        chown(&path, Some(65_534), None).unwrap();
        assert!(read(&path, &wib(), NOW).is_err());
        std::fs::write(&path, vec![b' '; 5_000]).unwrap();
        chown(&path, Some(0), None).unwrap();
        assert!(read(&path, &wib(), NOW).is_err());
        assert!(read(folder.path(), &wib(), NOW).is_err());
    }
}
