//! Reading the files that a configuration names.

use std::fs;
use std::path::Path;

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
