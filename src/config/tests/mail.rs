//! `[mail]`: what it says, and every refused setting with its exact words.

use super::refused::table;
use super::{environment, file_sources, load, refusals, shown};
use crate::config::{Config, Security};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const PUBLIC: &str = "site.public_url = 'https://a.example.id/eproc4'\n";
const PLACE: &str =
    "site.public_url = 'https://a.example.id/eproc4'\ntrusted_proxies = ['127.0.0.1']\n";

/// A mail server with one more line.
fn with(line: &str) -> String {
    format!("{PLACE}[mail]\nhost = 'smtp.example.go.id'\nfrom = 'lpse@example.go.id'\n{line}\n")
}

fn password(folder: &Path, text: &[u8], mode: u32) {
    let file = folder.join("password");
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_mail_server_has_the_usual_port_of_its_security() {
    assert_eq!(load(PUBLIC).unwrap().mail, None);
    for (line, security, port) in [
        ("", Security::StartTls, 587),
        ("security = 'starttls'", Security::StartTls, 587),
        ("security = 'tls'", Security::Tls, 465),
        ("security = 'tls'\nport = 2465", Security::Tls, 2465),
    ] {
        let mail = load(&with(line)).unwrap().mail.unwrap();
        assert_eq!((mail.security, mail.port), (security, port), "{line}");
        assert_eq!(mail.host, "smtp.example.go.id");
        assert_eq!((mail.login, mail.operator), (None, None));
        assert_eq!(mail.timeout.as_secs(), 30);
    }
    for host in ["127.0.0.1", "localhost", "[::1]"] {
        let text = with("security = 'none'").replace("smtp.example.go.id", host);
        let mail = load(&text).unwrap().mail.unwrap();
        assert_eq!((mail.security, mail.port), (Security::None, 25), "{host}");
        assert!(!mail.host.contains('['), "{host}");
    }
}

#[test]
fn the_password_lies_in_a_file_or_a_credential() {
    let folder = tempfile::tempdir().unwrap();
    password(folder.path(), b"rahasia 1\n", 0o600);
    let text = with("user = 'lpse'\npassword_file = 'password'");
    let mail = Config::load(&file_sources(folder.path(), &text)).unwrap();
    let login = mail.mail.unwrap().login.unwrap();
    assert_eq!(login.password().unwrap().as_str(), "rahasia 1");
    assert!(!format!("{login:?}").contains("rahasia"));

    let credentials = tempfile::tempdir().unwrap();
    fs::write(credentials.path().join("gerbang-smtp-password"), "lain").unwrap();
    let mut sources = file_sources(folder.path(), &with("user = 'lpse'"));
    let named = credentials.path().to_str().unwrap();
    sources.environment = environment(&[("CREDENTIALS_DIRECTORY", named)]);
    let login = Config::load(&sources).unwrap().mail.unwrap().login.unwrap();
    assert_eq!(login.password().unwrap().as_str(), "lain");
}

#[test]
fn a_password_for_everybody_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    password(folder.path(), b"rahasia", 0o644);
    let text = with("user = 'lpse'\npassword_file = 'password'");
    let config = Config::load(&file_sources(folder.path(), &text)).unwrap();
    let warned = shown(&config.warnings, folder.path());
    let wanted =
        "gerbang.toml:7: mail.password_file: password: every user of this machine can read it";
    assert!(warned.iter().any(|line| line == wanted), "{warned:?}");
}

#[test]
fn passwords_that_are_none() {
    for (bytes, why) in [
        (b"".as_slice(), "is empty"),
        (b" \n", "is empty"),
        (b"a\nb", "holds more than one line"),
        (b"\xff", "stream did not contain valid UTF-8"),
        (&[b'x'; 4_097], "is larger than 4 KiB"),
    ] {
        let sources = |folder: &Path, text: &str| {
            password(folder, bytes, 0o600);
            file_sources(folder, text)
        };
        let text = with("user = 'lpse'\npassword_file = 'password'");
        let line = format!("gerbang.toml:7: mail.password_file: password: {why}");
        assert_eq!(refusals(sources, &text), [line]);
    }
}

#[test]
fn what_is_refused() {
    let rows = [
        (
            with("security = 'ssl'"),
            "gerbang.toml:6: mail.security: unknown value \"ssl\"; known here: starttls, tls, none",
        ),
        (
            with("port = 0"),
            "gerbang.toml:6: mail.port: must be from 1 to 65535, found 0",
        ),
        (
            with("security = 'none'"),
            "gerbang.toml:4: mail.host: would send letters in the clear: `security` is \"none\" only \
             for a mail server on this machine",
        ),
        (
            with("operator = 'nobody'"),
            "gerbang.toml:6: mail.operator: \"nobody\" must be one address like ppe@example.go.id",
        ),
        (
            with("user = 'lpse'"),
            "gerbang.toml:6: mail.user: stands alone; `password_file` is missing",
        ),
        (
            with("password_file = 'x'"),
            "gerbang.toml:6: mail.password_file: stands alone; `user` is missing",
        ),
        (
            with("user = 'lpse'\npassword_file = 'missing'"),
            "gerbang.toml:7: mail.password_file: missing: No such file or directory (os error 2)",
        ),
        (
            with("ca_file = 'missing.pem'"),
            "gerbang.toml:6: mail.ca_file: missing.pem: No such file or directory (os error 2)",
        ),
        (
            with("timeout_seconds = 0"),
            "gerbang.toml:6: mail.timeout_seconds: must be from 1 to 300, found 0",
        ),
        (
            "[mail]\nfrom = 'lpse@example.go.id'".to_owned(),
            "gerbang.toml:2: mail.from: stands in [mail] without its `host`",
        ),
        (
            format!("{PLACE}[mail]\nhost = 'smtp.example.go.id'"),
            "gerbang.toml:4: mail.host: has no `from` beside it, the sender of every letter",
        ),
        (
            "[mail]\nhost = 'smtp.example.go.id'\nfrom = 'lpse@example.go.id'".to_owned(),
            "gerbang.toml:2: mail.host: needs `public_url` in [site]: links in letters begin with it",
        ),
    ];
    let rows: Vec<(&str, &str)> = rows
        .iter()
        .map(|(text, want)| (text.as_str(), *want))
        .collect();
    table(&rows);
    for host in [
        "",
        "smtp.example.go.id:25",
        "smtp example",
        "http://x",
        "a:80",
    ] {
        let text = with("").replace("smtp.example.go.id", host);
        let line = format!(
            "gerbang.toml:4: mail.host: {host:?} is no host; write it like smtp.example.go.id, and \
             the port as `port`"
        );
        assert_eq!(refusals(file_sources, &text), [line]);
    }
}

#[test]
fn roots_are_looked_at() {
    let sources = |folder: &Path, text: &str| {
        fs::write(folder.join("text"), "no PEM\n").unwrap();
        file_sources(folder, text)
    };
    let line = "gerbang.toml:6: mail.ca_file: text: holds no certificate in PEM form";
    assert_eq!(refusals(sources, &with("ca_file = 'text'")), [line]);
}
