//! `[directory]`: where the application's own database keeps the registered e-mail addresses.

use super::login::{self, ServerLogin};
use super::policy::{NameKind, NameUse};
use super::public_url::is_loopback;
use super::reader::{At, Reader, Section};
use crate::primitives::UserType;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Name of the systemd credential with the password.
const PASSWORD_CREDENTIAL: &str = "gerbang-directory-password";
/// How long the database may take for one address, in seconds.
const TIMEOUT_SECONDS: u64 = 3;
/// Longest query in characters.
const SQL_CHARS_MAX: usize = 4_000;

/// A PostgreSQL database that is only read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Directory {
    /// Name, address, or the folder of its socket.
    pub host: String,
    /// Port, or the number in the socket's name.
    pub port: u16,
    /// Database.
    pub database: String,
    /// Who asks there.
    pub login: ServerLogin,
    /// Certificates (PEM) by one of which the server proves itself; `None` asks in the clear.
    pub ca_file: Option<PathBuf>,
    /// How long one address may take, connection included.
    pub timeout: Duration,
    /// What is asked, by user type.
    pub queries: Vec<DirectoryQuery>,
}

/// How the address of an account is found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DirectoryQuery {
    /// For accounts of this type.
    pub user_type: UserType,
    /// One column, the address; `$1` is the user id as text.
    pub sql: String,
}

/// Reads `[directory]`; without a `host` no database is asked.
pub(super) fn read(
    reader: &mut Reader,
    environment: &BTreeMap<OsString, OsString>,
    names: &mut Vec<NameUse>,
) -> Option<Directory> {
    let section = Section::named("directory");
    let host = reader.text(&section, "host");
    let port = reader.number(&section, "port", 5_432, 1..=u64::from(u16::MAX));
    let database = reader.text(&section, "database");
    let ca_file = login::read_ca(reader, &section);
    let login = login::read(reader, &section, environment, PASSWORD_CREDENTIAL);
    let timeout = reader.number(&section, "timeout_seconds", TIMEOUT_SECONDS, 1..=30);
    let queries = read_queries(reader, &section, names);
    let Some(host) = host else {
        let keys = [
            "database",
            "user",
            "password_file",
            "ca_file",
            "port",
            "query",
        ];
        if let Some(place) = keys.iter().find_map(|key| reader.written(&section, key)) {
            reader.problem(&place, "stands in [directory] without its `host`");
        }
        return None;
    };
    let bare = host.value.trim();
    if bare.is_empty()
        || bare
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || c == ',')
    {
        let message = format!("{:?} is no host and no folder of a socket", host.value);
        reader.problem(&host.place, message);
    }
    let here = bare.starts_with('/') || is_loopback(bare);
    if !here && ca_file.is_none() && reader.written(&section, "ca_file").is_none() {
        let message = "addresses and the password would travel in the clear: name the server's \
                       certificate as `ca_file`, or ask a database on this machine";
        reader.problem(&host.place, message);
    }
    for (name, found) in [
        ("database", database.is_some()),
        (
            "user",
            login.is_some() || reader.written(&section, "user").is_some(),
        ),
    ] {
        if !found && reader.written(&section, name).is_none() {
            reader.problem(&host.place, format!("has no `{name}` beside it"));
        }
    }
    if queries.is_empty() && reader.written(&section, "query").is_none() {
        reader.problem(
            &host.place,
            "has no [[directory.query]]: nothing would be asked",
        );
    }
    Some(Directory {
        host: bare.to_owned(),
        port: u16::try_from(port).unwrap_or(5_432),
        database: database?.value,
        login: login?,
        ca_file,
        timeout: Duration::from_secs(timeout),
        queries,
    })
}

fn read_queries(
    reader: &mut Reader,
    section: &Section,
    names: &mut Vec<NameUse>,
) -> Vec<DirectoryQuery> {
    let mut queries: Vec<At<DirectoryQuery>> = Vec::new();
    for table in reader.tables(section, "query") {
        let user_type = read_type(reader, &table.value, names);
        let sql = read_sql(reader, &table.value);
        for (name, missing) in [("user_type", user_type.is_none()), ("sql", sql.is_none())] {
            if missing && reader.written(&table.value, name).is_none() {
                reader.problem(&table.place, format!("has no `{name}`"));
            }
        }
        let (Some(user_type), Some(sql)) = (user_type, sql) else {
            continue;
        };
        if let Some(earlier) = queries.iter().find(|it| it.value.user_type == user_type) {
            let message = format!("asks for the same user type as {}", earlier.place.key);
            reader.problem(&table.place, message);
        }
        queries.push(At {
            value: DirectoryQuery { user_type, sql },
            place: table.place,
        });
    }
    queries.into_iter().map(|query| query.value).collect()
}

fn read_type(reader: &mut Reader, table: &Section, names: &mut Vec<NameUse>) -> Option<UserType> {
    let text = reader.text(table, "user_type")?;
    match UserType::parse(&text.value) {
        Ok(user_type) => {
            names.push(NameUse {
                kind: NameKind::UserType,
                name: user_type.as_str().to_owned(),
                place: text.place,
            });
            Some(user_type)
        }
        Err(why) => {
            reader.problem(&text.place, format!("is {why}"));
            None
        }
    }
}

fn read_sql(reader: &mut Reader, table: &Section) -> Option<String> {
    let text = reader.text(table, "sql")?;
    let sql = text.value.trim();
    let message = if sql.chars().count() > SQL_CHARS_MAX {
        "is longer than 4000 characters"
    } else if !sql.contains("$1") {
        "must ask for one user: `$1` is the user id"
    } else if sql.contains("$2") {
        "has a second value; only `$1`, the user id, is given"
    } else {
        return Some(sql.to_owned());
    };
    reader.problem(&text.place, message);
    None
}
