//! The program's exit codes and streams, as service managers and scripts meet them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn gerbang(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gerbang"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn the_version_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let output = gerbang(folder.path(), &["--version"], &[]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        text(&output.stdout),
        format!("gerbang {}\n", env!("CARGO_PKG_VERSION"))
    );
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let output = gerbang(folder.path(), &["serve", "--nonsense"], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
}

#[test]
fn a_bad_configuration_ends_with_78_and_starts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("gerbang.toml"), "[site]\nnmae = 'x'\n").unwrap();
    let output = gerbang(folder.path(), &["serve", "--config", "gerbang.toml"], &[]);
    assert_eq!(output.status.code(), Some(78));
    assert!(output.stdout.is_empty());
    let said = text(&output.stderr);
    assert!(
        said.contains("gerbang.toml:2: site.nmae: unknown key; did you mean `name`?"),
        "{said}"
    );
    assert!(said.contains("upstream.url: is missing"), "{said}");
    assert!(!folder.path().join("gerbang-data").exists());
}

#[test]
fn check_reads_the_environment_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let good = [("GERBANG__UPSTREAM__URL", "http://127.0.0.1:9009")];
    let output = gerbang(folder.path(), &["check"], &good);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let bad = [
        ("GERBANG__UPSTREAM__URL", "127.0.0.1:9009"),
        ("GERBANG__SITE__NMAE", "x"),
    ];
    let output = gerbang(folder.path(), &["check"], &bad);
    assert_eq!(output.status.code(), Some(78));
    let said = text(&output.stdout);
    assert!(said.contains("error: GERBANG__UPSTREAM__URL: "), "{said}");
    assert!(said.contains("error: GERBANG__SITE__NMAE: "), "{said}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_example_configuration_is_good() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/config/gerbang.toml");
    let folder = tempfile::tempdir().unwrap();
    let output = gerbang(folder.path(), &["check", "--config", example], &[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
}
