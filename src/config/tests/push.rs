//! `[push]`: what it says, and every refused setting with its exact words.

use super::refused::table;
use super::{environment, file_sources, load, refusals, shown};
use crate::config::{Config, Push};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

const WITH_KEY: &str = "[push]\ncontact = 'operator@example.go.id'\nkey_file = 'push.pem'\n";

fn pem(kind: &'static rcgen::SignatureAlgorithm) -> String {
    rcgen::KeyPair::generate_for(kind).unwrap().serialize_pem()
}

fn write(folder: &Path, text: &str, mode: u32) {
    let file = folder.join("push.pem");
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
}

/// The configuration with a good key beside it.
fn with_key(text: &str) -> Push {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &pem(&rcgen::PKCS_ECDSA_P256_SHA256), 0o600);
    let config = Config::load(&file_sources(folder.path(), text)).unwrap();
    let push = config.push.unwrap();
    assert_eq!(push.key().unwrap()[0], 0x30, "a DER sequence");
    push
}

#[test]
fn without_a_key_no_phone_is_woken() {
    assert_eq!(load("").unwrap().push, None);
    let push = with_key(WITH_KEY);
    assert_eq!(push.contact.as_str(), "operator@example.go.id");
    assert_eq!(push.hosts, Vec::<String>::new());
    assert_eq!((push.ca_file, push.timeout.as_secs()), (None, 10));
    let more = "hosts = ['Push.Example.go.id:8443', 'a.example:443']\ntimeout_seconds = 60";
    let push = with_key(&format!("{WITH_KEY}{more}"));
    assert_eq!(push.hosts, ["push.example.go.id:8443", "a.example"]);
    assert_eq!(push.timeout.as_secs(), 60);
}

#[test]
fn the_key_may_be_a_credential() {
    let folder = tempfile::tempdir().unwrap();
    let credentials = tempfile::tempdir().unwrap();
    let key = pem(&rcgen::PKCS_ECDSA_P256_SHA256);
    fs::write(credentials.path().join("gerbang-push-key"), key).unwrap();
    let path = credentials.path().to_str().unwrap();
    let mut sources = file_sources(folder.path(), "push.contact = 'a@example.go.id'");
    sources.environment = environment(&[("CREDENTIALS_DIRECTORY", path)]);
    let push = Config::load(&sources).unwrap().push.unwrap();
    assert_eq!(push.key_file, credentials.path().join("gerbang-push-key"));
    // Alone it switches nothing on.
    let mut sources = file_sources(folder.path(), "");
    sources.environment = environment(&[("CREDENTIALS_DIRECTORY", path)]);
    assert_eq!(Config::load(&sources).unwrap().push, None);
}

#[test]
fn a_key_that_cannot_be_used_is_told_without_a_word_of_it() {
    let p384 = pem(&rcgen::PKCS_ECDSA_P384_SHA384);
    let ed25519 = pem(&rcgen::PKCS_ED25519);
    let good = pem(&rcgen::PKCS_ECDSA_P256_SHA256);
    let no_pkcs8 = "holds no private key as PKCS#8 in PEM form";
    for (text, why) in [
        ("", no_pkcs8),
        ("rahasia", no_pkcs8),
        (&good.replace("PRIVATE KEY", "EC PRIVATE KEY"), no_pkcs8),
        (&good[..good.len() / 2], no_pkcs8),
        (p384.as_str(), "its key is not on the curve P-256"),
        (&ed25519, "its key is not on the curve P-256"),
        (&"x".repeat(5_000), "is larger than 4 KiB"),
    ] {
        let found = refusals(
            |folder, config| {
                write(folder, text, 0o600);
                file_sources(folder, config)
            },
            WITH_KEY,
        );
        assert_eq!(found.len(), 1, "{found:?}");
        let wanted = format!("push.pem: {why}");
        assert!(
            found[0].starts_with("gerbang.toml:3: push.key_file: "),
            "{found:?}"
        );
        assert!(found[0].ends_with(&wanted), "{found:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &good, 0o644);
    let config = Config::load(&file_sources(folder.path(), WITH_KEY)).unwrap();
    let warned = shown(&config.warnings, folder.path());
    assert!(
        warned
            .iter()
            .any(|one| one.ends_with("push.pem: every user of this machine can read it")),
        "{warned:?}"
    );
}

#[test]
fn refused() {
    table(&[
        (
            "push.contact = 'a@example.go.id'",
            "gerbang.toml:1: push.contact: stands in [push] without its `key_file`",
        ),
        (
            "push.hosts = ['a.example']",
            "gerbang.toml:1: push.hosts: stands in [push] without its `key_file`",
        ),
        (
            "push.key = 'x'",
            "gerbang.toml:1: push.key: unknown key; did you mean `key_file`?",
        ),
    ]);
    let bad = |line: &str, wanted: &str| {
        let found = refusals(
            |folder, config| {
                write(folder, &pem(&rcgen::PKCS_ECDSA_P256_SHA256), 0o600);
                let roots = rcgen::generate_simple_self_signed(vec!["a.example".to_owned()]);
                fs::write(folder.join("ca.pem"), roots.unwrap().cert.pem()).unwrap();
                file_sources(folder, config)
            },
            line,
        );
        assert_eq!(found, [wanted], "{line}");
    };
    bad(
        "push.key_file = 'push.pem'",
        "gerbang.toml:1: push.key_file: has no `contact` beside it: push services write there when \
         something is wrong",
    );
    bad(
        &format!("{WITH_KEY}hosts = ['https://a.example']"),
        "gerbang.toml:4: push.hosts[1]: \"https://a.example\" is no host; write it like \
         push.example.go.id, with its port where that is not 443",
    );
    bad(
        &format!("{WITH_KEY}ca_file = 'ca.pem'"),
        "gerbang.toml:4: push.ca_file: is for services of `hosts`, and there are none",
    );
    bad(
        &format!("{WITH_KEY}timeout_seconds = 0"),
        "gerbang.toml:4: push.timeout_seconds: must be from 1 to 60, found 0",
    );
    bad(
        &WITH_KEY.replace("operator@example.go.id", "operator"),
        "gerbang.toml:2: push.contact: \"operator\" must be one address like ppe@example.go.id",
    );
}
