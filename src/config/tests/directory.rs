//! `[directory]`: what it says, and every refused setting with its exact words.

use super::{Config, file_sources, refusals};
use std::fs;
use std::path::Path;

const QUERY: &str =
    "[[directory.query]]\nuser_type = 'penyedia'\nsql = 'SELECT e FROM t WHERE u = $1'\n";

/// A folder with a password beside the file.
fn sources(folder: &Path, text: &str) -> super::Sources {
    let file = folder.join("password");
    fs::write(&file, "rahasia").unwrap();
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    file_sources(folder, text)
}

fn with(more: &str, query: &str) -> String {
    format!(
        "[directory]\nhost = '127.0.0.1'\ndatabase = 'epns'\nuser = 'ro'\npassword_file = 'password'\n\
         {more}\n{query}"
    )
}

#[test]
fn a_database_is_asked_by_user_type() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::load(&sources(folder.path(), &with("", QUERY))).unwrap();
    let directory = config.directory.unwrap();
    assert_eq!((directory.port, directory.timeout.as_secs()), (5_432, 3));
    assert_eq!(directory.queries.len(), 1);
    assert_eq!(directory.queries[0].sql, "SELECT e FROM t WHERE u = $1");
    assert!(!format!("{directory:?}").contains("rahasia"));
    let socket = with("", QUERY).replace("127.0.0.1", "/var/run/postgresql");
    assert!(Config::load(&sources(folder.path(), &socket)).is_ok());
}

#[test]
fn what_is_refused() {
    for (text, want) in [
        (
            "[directory]\ndatabase = 'x'".to_owned(),
            "gerbang.toml:2: directory.database: stands in [directory] without its `host`",
        ),
        (
            with("", ""),
            "gerbang.toml:2: directory.host: has no [[directory.query]]: nothing would be asked",
        ),
        (
            with("", QUERY).replace("127.0.0.1", "db.example.go.id"),
            "gerbang.toml:2: directory.host: addresses and the password would travel in the clear: \
             name the server's certificate as `ca_file`, or ask a database on this machine",
        ),
        (
            with("", QUERY).replace("database = 'epns'\n", "\n"),
            "gerbang.toml:2: directory.host: has no `database` beside it",
        ),
        (
            with("", QUERY).replace("user = 'ro'\npassword_file = 'password'\n", "\n\n"),
            "gerbang.toml:2: directory.host: has no `user` beside it",
        ),
        (
            with("timeout_seconds = 31", QUERY),
            "gerbang.toml:6: directory.timeout_seconds: must be from 1 to 30, found 31",
        ),
        (
            with(
                "",
                &QUERY
                    .replace("$1", "'x'")
                    .replace("'SELECT", "\"SELECT")
                    .replace("'x''", "'x'\""),
            ),
            "gerbang.toml:9: directory.query[1].sql: must ask for one user: `$1` is the user id",
        ),
        (
            with("", &QUERY.replace("u = $1", "u = $1 AND v = $2")),
            "gerbang.toml:9: directory.query[1].sql: has a second value; only `$1`, the user id, is \
             given",
        ),
        (
            with("", "[[directory.query]]\nuser_type = 'penyedia'\n"),
            "gerbang.toml:7: directory.query[1]: has no `sql`",
        ),
        (
            with("", "[[directory.query]]\nsql = 'SELECT $1'\n"),
            "gerbang.toml:7: directory.query[1]: has no `user_type`",
        ),
        (
            with("", &format!("{QUERY}{QUERY}")),
            "gerbang.toml:10: directory.query[2]: asks for the same user type as directory.query[1]",
        ),
    ] {
        assert_eq!(refusals(sources, &text), [want], "{text}");
    }
}

#[test]
fn the_profile_must_know_the_user_type() {
    let folder = tempfile::tempdir().unwrap();
    let text = with("", &QUERY.replace("penyedia", "penyedja"));
    let config = Config::load(&sources(folder.path(), &text)).unwrap();
    let types = ["penyedia".to_owned(), "non-penyedia".to_owned()];
    let found = config.unknown_names(&[], &types);
    assert_eq!(found.len(), 1);
    assert!(
        found[0].message.contains("did you mean `penyedia`"),
        "{found:?}"
    );
}
