//! The Debian package: clean by lintian, and its whole life on a bare Debian with its own systemd.

mod life;
mod units;

use crate::support::machine::Machine;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Of this repository.
fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// What a command says; it must succeed.
#[track_caller]
fn said(command: &mut Command, install: &str) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{error}: {install}"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{text}");
    text
}

/// Tarball and package, of the program that is tested.
fn packages() -> (PathBuf, PathBuf) {
    let script = here("scripts/package");
    let told = said(
        Command::new(script).args(["--binary", env!("CARGO_BIN_EXE_gerbang")]),
        "cargo install --locked cargo-deb cargo-cyclonedx",
    );
    let mut lines = told.lines().rev();
    let package = here(lines.next().unwrap());
    (here(lines.next().unwrap()), package)
}

/// The same as the next version.
fn next_version(package: &Path, folder: &Path) -> PathBuf {
    let unpacked = folder.join("next");
    said(
        Command::new("dpkg-deb")
            .arg("-R")
            .arg(package)
            .arg(&unpacked),
        "apt-get install dpkg",
    );
    let control = unpacked.join("DEBIAN/control");
    let text = fs::read_to_string(&control).unwrap();
    let version = format!("Version: {}", env!("CARGO_PKG_VERSION"));
    assert!(text.contains(&version), "{text}");
    fs::write(&control, text.replace(&version, "Version: 999.0")).unwrap();
    let next = folder.join("next.deb");
    said(
        Command::new("dpkg-deb")
            .args(["--root-owner-group", "-Zgzip", "-z1", "-b"])
            .arg(&unpacked)
            .arg(&next),
        "apt-get install dpkg",
    );
    next
}

/// The stand-in for SPSE, as a program.
fn standin() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_gerbang")).with_file_name("spse-standin");
    assert!(program.is_file(), "run the tests with --workspace");
    program
}

/// A machine with SPSE on port 9009.
fn machine_with_spse() -> Machine {
    let machine = Machine::boot();
    machine.brings(&standin(), "/usr/local/bin/spse-standin");
    machine.sh("systemd-run --quiet --unit=spse /usr/local/bin/spse-standin");
    machine
        .sh("curl -sS -o /dev/null --retry 20 --retry-connrefused http://127.0.0.1:9009/eproc4/");
    machine
}
