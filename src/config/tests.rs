mod admin;
mod audit;
mod directory;
mod files;
mod mail;
mod push;
mod refused;
mod refused_values;
mod report;
mod sources;

use super::{Config, Flags, Problem, Sources};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::net::SocketAddr;
use std::path::Path;

/// A resolver that knows two names.
fn resolve(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    match host {
        "spse.internal" => Ok(vec![
            SocketAddr::new("fd00::7".parse().unwrap(), port),
            SocketAddr::from(([10, 0, 0, 7], port)),
        ]),
        "empty.internal" => Ok(Vec::new()),
        _ => Err(io::Error::other("no such host")),
    }
}

/// Sources with a file of this text and an upstream on the command line.
fn file_sources(folder: &Path, text: &str) -> Sources {
    let file = folder.join("gerbang.toml");
    std::fs::write(&file, text).unwrap();
    let flags = Flags {
        upstream: Some("http://127.0.0.1:9009".into()),
        ..Flags::default()
    };
    Sources {
        file: Some(file),
        flags,
        resolve,
        ..Sources::default()
    }
}

/// As [`file_sources`], without the upstream.
fn bare_sources(folder: &Path, text: &str) -> Sources {
    Sources {
        flags: Flags::default(),
        ..file_sources(folder, text)
    }
}

fn environment(pairs: &[(&str, &str)]) -> BTreeMap<OsString, OsString> {
    pairs
        .iter()
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

fn load(text: &str) -> Result<Config, Vec<Problem>> {
    let folder = tempfile::tempdir().unwrap();
    Config::load(&file_sources(folder.path(), text))
}

/// Problems as lines, without the folder.
fn shown(problems: &[Problem], folder: &Path) -> Vec<String> {
    let folder = format!("{}/", folder.display());
    problems
        .iter()
        .map(|problem| problem.to_string().replace(&folder, ""))
        .collect()
}

/// What a file of this text is refused for.
fn refusals(sources: impl Fn(&Path, &str) -> Sources, text: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    match Config::load(&sources(folder.path(), text)) {
        Ok(_) => Vec::new(),
        Err(problems) => shown(&problems, folder.path()),
    }
}
