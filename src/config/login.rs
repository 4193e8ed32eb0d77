//! Other servers that the gateway logs in to: names, passwords that lie in files, certificates.

use super::files;
use super::reader::{At, Reader, Section};
use super::tls;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// As whom the gateway logs in to another server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServerLogin {
    /// User name.
    pub user: String,
    /// File with the password; white space at its end does not count.
    pub password_file: PathBuf,
}

impl ServerLogin {
    /// Reads the password.
    ///
    /// # Errors
    /// A sentence without a word of what stands in the file.
    pub fn password(&self) -> Result<Zeroizing<String>, String> {
        read_password(&self.password_file)
    }
}

fn read_password(file: &Path) -> Result<Zeroizing<String>, String> {
    let refuse = |why: &str| Err(format!("{}: {why}", file.display()));
    let bytes = match files::read(file, files::KIB_4) {
        Ok(bytes) => Zeroizing::new(bytes),
        Err(why) => return refuse(&why),
    };
    let Ok(text) = std::str::from_utf8(&bytes) else {
        return refuse("stream did not contain valid UTF-8");
    };
    let password = text.trim_end();
    if password.is_empty() {
        return refuse("is empty");
    }
    if password.chars().any(char::is_control) {
        return refuse("holds more than one line");
    }
    Ok(Zeroizing::new(password.to_owned()))
}

/// `user` with `password_file`, or with the systemd credential of this name.
pub(super) fn read(
    reader: &mut Reader,
    section: &Section,
    environment: &BTreeMap<OsString, OsString>,
    credential: &str,
) -> Option<ServerLogin> {
    let user = reader.text(section, "user");
    let file = reader.path(section, "password_file");
    let credential = files::credential(environment, credential);
    let (user, password_file) = match (user, file) {
        (None, None) => return None,
        (None, Some(file)) => {
            reader.problem(&file.place, "stands alone; `user` is missing");
            return None;
        }
        (Some(user), Some(file)) => (user, file),
        (Some(user), None) => match credential {
            Some(value) => {
                let place = section.place("password_file");
                (user, At { value, place })
            }
            None if reader.written(section, "password_file").is_some() => return None,
            None => {
                reader.problem(&user.place, "stands alone; `password_file` is missing");
                return None;
            }
        },
    };
    if user.value.trim().is_empty() || user.value.chars().any(char::is_control) {
        reader.problem(&user.place, "is no name");
    }
    match read_password(&password_file.value) {
        Err(why) => reader.problem(&password_file.place, why),
        Ok(_) => files::warn_if_open(reader, &password_file),
    }
    Some(ServerLogin {
        user: user.value,
        password_file: password_file.value,
    })
}

/// Certificates that are trusted besides the system's, or instead.
pub(super) fn read_ca(reader: &mut Reader, section: &Section) -> Option<PathBuf> {
    let file = reader.path(section, "ca_file")?;
    if let Err(why) = tls::read_roots(&file.value) {
        reader.problem(&file.place, why);
    }
    Some(file.value)
}
