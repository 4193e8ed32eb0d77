//! `[audit]`: where the audit log goes beside the store, and how long its records are kept.

use super::public_url::{HostPort, Scheme};
use super::reader::{At, Reader, Section};
use crate::domain::audit::AuditEvent;
use crate::domain::retention::{RETENTION_DAYS_MIN, Retention};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// Stands for standard output.
const STANDARD_OUTPUT: &str = "-";
/// How long records are kept by default, in days.
const RETENTION_DAYS: u64 = 730;
/// A hundred years.
const RETENTION_DAYS_MAX: u64 = 36_500;
/// Longest path of a unix socket in bytes (unix(7), without the NUL at its end).
const SOCKET_PATH_BYTES_MAX: usize = 107;

/// Where the audit log goes beside the store, and how long its records are kept.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Audit {
    /// JSON lines.
    pub file: Option<AuditFile>,
    /// RFC 5424.
    pub syslog: Option<SyslogTarget>,
    /// In days, by kind of record.
    pub retention: Retention,
}

/// Where JSON lines are written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AuditFile {
    /// Standard output.
    StandardOutput,
    /// A file, appended to; made when it is missing.
    Path(PathBuf),
}

/// Where syslog messages are sent.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SyslogTarget {
    /// A datagram socket of this machine, like `/dev/log`.
    Unix(PathBuf),
    /// `host:port`, one message a datagram (RFC 5426).
    Udp(String),
    /// `host:port`, with octet counting (RFC 6587 section 3.4.1).
    Tcp(String),
}

impl fmt::Display for SyslogTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Udp(address) => write!(f, "udp:{address}"),
            Self::Tcp(address) => write!(f, "tcp:{address}"),
        }
    }
}

pub(super) fn read(reader: &mut Reader) -> Audit {
    let section = Section::named("audit");
    Audit {
        file: read_file(reader, &section),
        syslog: read_syslog(reader, &section),
        retention: read_retention(reader, &section),
    }
}

fn read_file(reader: &mut Reader, section: &Section) -> Option<AuditFile> {
    if reader.text(section, "file")?.value == STANDARD_OUTPUT {
        return Some(AuditFile::StandardOutput);
    }
    let At { value, place } = reader.path(section, "file")?;
    let shown = value.display();
    if value.is_dir() {
        reader.problem(&place, format!("{shown}: is a folder"));
    } else if !value.parent().is_some_and(is_folder) {
        let message = format!("{shown}: the folder that it lies in does not exist");
        reader.problem(&place, message);
    }
    Some(AuditFile::Path(value))
}

fn is_folder(path: &Path) -> bool {
    path.as_os_str().is_empty() || path.is_dir()
}

fn read_syslog(reader: &mut Reader, section: &Section) -> Option<SyslogTarget> {
    let At { value, place } = reader.text(section, "syslog")?;
    let target = if let Some(path) = value.strip_prefix("unix:") {
        let fits =
            path.starts_with('/') && path.len() <= SOCKET_PATH_BYTES_MAX && !path.contains('\0');
        fits.then(|| SyslogTarget::Unix(path.into()))
    } else if let Some(rest) = value.strip_prefix("udp:") {
        host_and_port(rest).map(|(_, address)| SyslogTarget::Udp(address))
    } else if let Some(rest) = value.strip_prefix("tcp:") {
        host_and_port(rest).map(|(_, address)| SyslogTarget::Tcp(address))
    } else {
        None
    };
    if target.is_none() {
        let message =
            format!("{value:?} must be like unix:/dev/log, udp:127.0.0.1:514 or tcp:127.0.0.1:601");
        reader.problem(&place, message);
    }
    if let Some(SyslogTarget::Udp(address) | SyslogTarget::Tcp(address)) = &target
        && host_and_port(address).is_some_and(|(host, _)| !host.is_loopback())
    {
        let message = format!(
            "records with user ids travel unencrypted to {address}; better is a syslog daemon on \
             this machine that passes them on by TLS"
        );
        reader.warning(&place, message);
    }
    target
}

fn host_and_port(text: &str) -> Option<(HostPort, String)> {
    let (_, port) = text.rsplit_once(':')?;
    // The scheme's own port would be left out.
    let host = HostPort::parse(text, Scheme::Http)?;
    let port: u16 = port.parse().ok()?;
    let address = format!("{}:{port}", host.name());
    Some((host, address))
}

fn read_retention(reader: &mut Reader, section: &Section) -> Retention {
    let range = RETENTION_DAYS_MIN..=RETENTION_DAYS_MAX;
    let default = reader.number(section, "retention_days", RETENTION_DAYS, range.clone());
    let by_kind = section.inner("retention");
    let mut exceptions = BTreeMap::new();
    for kind in AuditEvent::KINDS {
        let days = reader.number(&by_kind, kind, default, range.clone());
        if reader.written(&by_kind, kind).is_some() {
            exceptions.insert(kind.to_owned(), days);
        }
    }
    Retention::new(default, exceptions)
}
