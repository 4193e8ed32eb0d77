//! `[state]`, `profile`, `templates`, `[log]`: files and folders of our own, and what is logged.

use super::files;
use super::nearest::suggestion;
use super::problem::Place;
use super::reader::{At, Reader, Section};
use super::tree::variable;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Profiles that the program carries itself.
pub const BUILT_IN_PROFILES: [&str; 1] = ["spse-4.4"];

/// Name of the key among systemd's credentials (`LoadCredential=gerbang-key:…`).
const KEY_CREDENTIAL: &str = "gerbang-key";

/// Folder of the state when neither anybody nor systemd names one.
pub const STATE_DEFAULT: &str = "gerbang-data";

/// Who said where the key lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeyOrigin {
    /// Nobody: `gerbang.key` in the state folder, made at the first start.
    Default,
    /// The configuration.
    Configured,
    /// systemd, in `$CREDENTIALS_DIRECTORY`. Read-only, never made by us.
    Credential,
}

/// What the gateway keeps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct State {
    /// Folder of the store; need not exist yet.
    pub dir: PathBuf,
    /// File of the key that seals the store's records and the cookies; need not exist yet when
    /// the origin is [`KeyOrigin::Default`].
    pub key_file: PathBuf,
    /// Who said so.
    pub key_origin: KeyOrigin,
}

/// What is known of the upstream application.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ProfileSource {
    /// One of [`BUILT_IN_PROFILES`].
    BuiltIn(String),
    /// A file of the operator's.
    File(PathBuf),
}

/// How much is logged.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LogLevel {
    /// What needs somebody.
    Error,
    /// And what may soon.
    Warn,
    /// And what happened.
    #[default]
    Info,
    /// And why.
    Debug,
    /// And everything.
    Trace,
}

impl LogLevel {
    const WORDS: [(&'static str, Self); 5] = [
        ("error", Self::Error),
        ("warn", Self::Warn),
        ("info", Self::Info),
        ("debug", Self::Debug),
        ("trace", Self::Trace),
    ];

    /// The word that files and `tracing` use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// The log, on the standard error stream.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Log {
    /// How much.
    pub level: LogLevel,
    /// One JSON object a line instead of text.
    pub json: bool,
}

/// Reads `[state]`; the environment is asked for what systemd says.
pub(super) fn read(reader: &mut Reader, environment: &BTreeMap<OsString, OsString>) -> State {
    let section = Section::named("state");
    let dir = reader.path(&section, "dir");
    let configured = dir.is_some();
    let dir = dir.unwrap_or_else(|| {
        // systemd separates several folders by colons; the first is the one of the unit's name.
        let first = variable(environment, "STATE_DIRECTORY")
            .and_then(|value| value.as_bytes().split(|byte| *byte == b':').next())
            .map(|bytes| PathBuf::from(std::ffi::OsStr::from_bytes(bytes)));
        match first {
            Some(value) => At {
                value,
                place: named_place("STATE_DIRECTORY"),
            },
            None => At {
                value: STATE_DEFAULT.into(),
                place: section.place("dir"),
            },
        }
    });
    if dir.value.exists() && !dir.value.is_dir() {
        reader.problem(&dir.place, format!("{}: is no folder", dir.value.display()));
    } else if configured && !parent_exists(&dir.value) {
        let shown = dir.value.display();
        reader.problem(
            &dir.place,
            format!("{shown}: the folder that it lies in does not exist"),
        );
    }
    let (key_file, key_origin) = read_key(reader, &section, &dir.value, environment);
    State {
        dir: dir.value,
        key_file,
        key_origin,
    }
}

fn named_place(variable: &str) -> Place {
    Place {
        key: variable.into(),
        ..Place::default()
    }
}

fn parent_exists(path: &Path) -> bool {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => true,
        Some(parent) => parent.is_dir(),
        None => true,
    }
}

fn read_key(
    reader: &mut Reader,
    section: &Section,
    dir: &Path,
    environment: &BTreeMap<OsString, OsString>,
) -> (PathBuf, KeyOrigin) {
    if let Some(file) = reader.path(section, "key_file") {
        // A key that is said to lie somewhere and does not must never be replaced by a new one:
        // the disk may only not be mounted.
        if !file.value.is_file() {
            let shown = file.value.display();
            let message = format!(
                "{shown}: there is no such file; without `key_file` the gateway makes a key \
                 in its state folder"
            );
            reader.problem(&file.place, message);
        }
        return (file.value, KeyOrigin::Configured);
    }
    match files::credential(environment, KEY_CREDENTIAL) {
        Some(file) => (file, KeyOrigin::Credential),
        None => (dir.join("gerbang.key"), KeyOrigin::Default),
    }
}

pub(super) fn read_profile(reader: &mut Reader) -> ProfileSource {
    let [first] = BUILT_IN_PROFILES;
    let fallback = ProfileSource::BuiltIn(first.into());
    let Some(text) = reader.text(&Section::top(), "profile") else {
        return fallback;
    };
    if BUILT_IN_PROFILES.contains(&text.value.as_str()) {
        return ProfileSource::BuiltIn(text.value);
    }
    if !text.value.contains('/') {
        let hint = suggestion(&text.value, BUILT_IN_PROFILES);
        let message = format!(
            "{:?} is no built-in profile; {hint} A file of your own is written with a slash, \
             like ./{}",
            text.value, text.value
        );
        reader.problem(&text.place, message);
        return fallback;
    }
    let Some(file) = reader.path(&Section::top(), "profile") else {
        return fallback;
    };
    if !file.value.is_file() {
        reader.problem(
            &file.place,
            format!("{}: there is no such file", file.value.display()),
        );
    }
    ProfileSource::File(file.value)
}

pub(super) fn read_templates(reader: &mut Reader) -> Option<PathBuf> {
    let folder = reader.path(&Section::top(), "templates")?;
    if !folder.value.is_dir() {
        let shown = folder.value.display();
        reader.problem(&folder.place, format!("{shown}: there is no such folder"));
        return None;
    }
    Some(folder.value)
}

pub(super) fn read_log(reader: &mut Reader) -> Log {
    let section = Section::named("log");
    let level = reader.word(&section, "level", &LogLevel::WORDS);
    Log {
        level: level.map_or(LogLevel::default(), |level| level.value),
        json: reader.boolean(&section, "json", false),
    }
}
