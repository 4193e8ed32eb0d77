//! Reading the files that a configuration names.

use super::reader::{At, Reader};
use super::tree::variable;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A size that a file may have at most, and how it is said.
pub(super) struct Size(u64, &'static str);

/// For a configuration, certificates and keys.
pub(super) const MIB: Size = Size(1 << 20, "1 MiB");
/// For a password.
pub(super) const KIB_4: Size = Size(4_096, "4 KiB");

/// What stands in a file that is one, and is no larger.
///
/// # Errors
/// Why it cannot be read, without the path and without a word of what stands in it.
pub(super) fn read(path: &Path, Size(bytes_max, size): Size) -> Result<Vec<u8>, String> {
    match fs::metadata(path) {
        Ok(about) if !about.is_file() => return Err("is no file".to_owned()),
        Ok(about) if about.len() > bytes_max => return Err(format!("is larger than {size}")),
        Ok(_) => fs::read(path),
        Err(error) => Err(error),
    }
    .map_err(|error| error.to_string())
}

/// The file of a systemd credential, where there is one (`LoadCredential=name:…`).
pub(super) fn credential(
    environment: &BTreeMap<OsString, OsString>,
    name: &str,
) -> Option<PathBuf> {
    variable(environment, "CREDENTIALS_DIRECTORY")
        .map(|folder| Path::new(folder).join(name))
        .filter(|file| file.is_file())
}

/// Warns of a secret in a file that everybody can read.
pub(super) fn warn_if_open(reader: &mut Reader, file: &At<PathBuf>) {
    let open = fs::metadata(&file.value).is_ok_and(|about| about.permissions().mode() & 0o007 != 0);
    if open {
        let shown = file.value.display();
        let message = format!("{shown}: every user of this machine can read it");
        reader.warning(&file.place, message);
    }
}
