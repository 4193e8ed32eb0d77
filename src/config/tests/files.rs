//! What names files and folders.

use super::{Config, Sources, bare_sources, environment, file_sources, refusals, shown};
use crate::config::{KeyOrigin, ProfileSource, Scheme};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// A certificate and its key under `name`, for `host`; the key only for its owner.
fn certificate(folder: &Path, name: &str, host: &str) {
    let made = rcgen::generate_simple_self_signed(vec![host.to_owned()]).unwrap();
    fs::write(folder.join(format!("{name}.pem")), made.cert.pem()).unwrap();
    let key = folder.join(format!("{name}.key"));
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
}

const PUBLIC: &str = "site.public_url = 'https://a.example.id/eproc4'\n";

fn tls_text(certificate: &str, key: &str) -> String {
    format!("{PUBLIC}[listen.tls]\ncertificate = '{certificate}'\nkey = '{key}'\n")
}

fn tls_sources(folder: &Path, text: &str) -> Sources {
    certificate(folder, "a", "a.example.id");
    certificate(folder, "b", "b.example.id");
    fs::write(folder.join("text"), "no PEM\n").unwrap();
    fs::write(
        folder.join("broken"),
        "-----BEGIN PRIVATE KEY-----\nra*hasia\n-----END PRIVATE KEY-----\n",
    )
    .unwrap();
    fs::write(
        folder.join("nonsense.pem"),
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    fs::create_dir_all(folder.join("folder")).unwrap();
    file_sources(folder, text)
}

#[test]
fn a_certificate_and_its_key_are_taken_from_beside_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let sources = tls_sources(folder.path(), &tls_text("a.pem", "a.key"));
    let config = Config::load(&sources).unwrap();
    let tls = config.listen.tls.unwrap();
    assert_eq!(tls.certificate, folder.path().join("a.pem"));
    assert_eq!(tls.key, folder.path().join("a.key"));
    assert_eq!(config.site.public_url.unwrap().scheme, Scheme::Https);
    assert_eq!(
        config.warnings.len(),
        1,
        "only the contact: {:?}",
        config.warnings
    );
}

#[test]
fn a_certificate_for_another_host_and_a_key_for_everybody_are_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let sources = tls_sources(folder.path(), &tls_text("b.pem", "b.key"));
    fs::set_permissions(
        folder.path().join("b.key"),
        fs::Permissions::from_mode(0o604),
    )
    .unwrap();
    let config = Config::load(&sources).unwrap();
    assert_eq!(
        shown(&config.warnings, folder.path())[..2],
        [
            "gerbang.toml:1: site.public_url: the certificate b.pem is not made for \
             \"a.example.id\"",
            "gerbang.toml:4: listen.tls.key: b.key: every user of this machine can read it",
        ]
    );
}

#[test]
fn plain_http_cannot_be_redirected_where_https_is_spoken() {
    let folder = tempfile::tempdir().unwrap();
    let text = tls_text("a.pem", "a.key") + "redirect_from = ['0.0.0.0:80', '127.0.0.1:8044']\n";
    let refused = Config::load(&tls_sources(folder.path(), &text)).unwrap_err();
    assert_eq!(
        shown(&refused, folder.path()),
        [
            "gerbang.toml:5: listen.tls.redirect_from: 127.0.0.1:8044 is in `address` already, where \
             https is spoken"
        ]
    );
}

#[test]
fn bad_certificates_and_keys_are_refused_before_the_proxy_sees_them() {
    let missing = "No such file or directory (os error 2)";
    let rows = [
        (tls_text("x", "a.key"), format!("gerbang.toml:3: listen.tls.certificate: x: {missing}")),
        (tls_text("a.pem", "x"), format!("gerbang.toml:4: listen.tls.key: x: {missing}")),
        (
            tls_text("folder", "a.key"),
            "gerbang.toml:3: listen.tls.certificate: folder: is no file".into(),
        ),
        (
            tls_text("text", "a.key"),
            "gerbang.toml:3: listen.tls.certificate: text: holds no certificate in PEM form".into(),
        ),
        (
            tls_text("nonsense.pem", "a.key"),
            "gerbang.toml:3: listen.tls.certificate: nonsense.pem: its first certificate cannot be \
             read"
            .into(),
        ),
        (
            tls_text("a.pem", "text"),
            "gerbang.toml:4: listen.tls.key: text: holds no private key in PEM form (one with a \
             passphrase cannot be used)"
                .into(),
        ),
        (tls_text("a.pem", "broken"), "gerbang.toml:4: listen.tls.key: broken: broken PEM".into()),
        (
            tls_text("a.pem", "b.key"),
            "gerbang.toml:4: listen.tls.key: is not the key of the certificate a.pem".into(),
        ),
        (
            tls_text("a.pem", ""),
            "gerbang.toml:4: listen.tls.key: is no path".into(),
        ),
        (
            tls_text("a.pem", "-----BEGIN PRIVATE KEY-----"),
            "gerbang.toml:4: listen.tls.key: holds a key or certificate; write the path of its file"
                .into(),
        ),
        (
            format!("{PUBLIC}listen.tls.certificate = 'a.pem'"),
            "gerbang.toml:2: listen.tls.certificate: stands alone; `key` is missing".into(),
        ),
        (
            format!("{PUBLIC}listen.tls.key = 'a.key'"),
            "gerbang.toml:2: listen.tls.key: stands alone; `certificate` is missing".into(),
        ),
        (
            tls_text("a.pem", "a.key").replace(PUBLIC, ""),
            "gerbang.toml:2: listen.tls.certificate: needs `public_url` in [site], like \
             https://spse.example.go.id/eproc4"
                .into(),
        ),
        (
            tls_text("a.pem", "a.key").replace(PUBLIC, "site.public_url = 'http://localhost'\n"),
            "gerbang.toml:1: site.public_url: says http, but [listen.tls] is set; write https://"
                .into(),
        ),
        (
            tls_text("a.pem", "a.key").replace(PUBLIC, "site.public_url = 'http://a.id'\n"),
            "gerbang.toml:1: site.public_url: http is served on loopback hosts only, not on a.id: \
             passwords and codes would travel in the clear; write https://"
                .into(),
        ),
    ];
    for (text, want) in rows {
        let found = refusals(tls_sources, &text);
        assert_eq!(found, [want], "{text}");
        assert!(!found[0].contains("hasia"));
    }
}

#[test]
fn missing_folders_and_files_are_refused() {
    let rows = [
        (
            "templates = 'none'",
            "gerbang.toml:1: templates: none: there is no such folder",
        ),
        (
            "profile = './none.toml'",
            "gerbang.toml:1: profile: ./none.toml: there is no such file",
        ),
        (
            "state.dir = 'none/deeper'",
            "gerbang.toml:1: state.dir: none/deeper: the folder that it lies in does not exist",
        ),
        (
            "state.dir = 'gerbang.toml'",
            "gerbang.toml:1: state.dir: gerbang.toml: is no folder",
        ),
        (
            "state.key_file = 'none'",
            "gerbang.toml:1: state.key_file: none: there is no such file; without `key_file` the \
             gateway makes a key in its state folder",
        ),
        (
            "state.key = 'rahasia'",
            "gerbang.toml:1: state.key: unknown key; did you mean `key_file`?",
        ),
    ];
    for (text, want) in rows {
        assert_eq!(refusals(file_sources, text), [want], "{text}");
    }
}

#[test]
fn a_file_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |sources: &Sources| shown(&Config::load(sources).unwrap_err(), folder.path());
    let sources = bare_sources(folder.path(), "");
    let file = sources.file.clone().unwrap();
    fs::write(&file, b"site.name = '\xff'").unwrap();
    assert_eq!(refused(&sources), ["gerbang.toml: is not UTF-8"]);
    fs::write(&file, " ".repeat((1 << 20) + 1)).unwrap();
    assert_eq!(refused(&sources), ["gerbang.toml: is larger than 1 MiB"]);
    fs::remove_file(&file).unwrap();
    assert_eq!(
        refused(&sources),
        ["gerbang.toml: No such file or directory (os error 2)"]
    );
    fs::create_dir(&file).unwrap();
    assert_eq!(refused(&sources), ["gerbang.toml: is no file"]);
}

#[test]
fn relative_paths_count_from_the_file_and_from_the_shell() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("texts")).unwrap();
    fs::write(folder.path().join("p.toml"), "").unwrap();
    fs::write(folder.path().join("k"), "").unwrap();
    let text = "templates = 'texts'\nprofile = './p.toml'\n[state]\ndir = 's'\nkey_file = 'k'";
    let sources = file_sources(folder.path(), text);
    let config = Config::load(&sources).unwrap();
    assert_eq!(config.templates, Some(folder.path().join("texts")));
    assert_eq!(
        config.profile,
        ProfileSource::File(folder.path().join("./p.toml"))
    );
    assert_eq!(config.state.dir, folder.path().join("s"));
    assert_eq!(config.state.key_file, folder.path().join("k"));
    assert_eq!(config.state.key_origin, KeyOrigin::Configured);
    let environment = environment(&[("GERBANG__STATE__DIR", "other")]);
    let config = Config::load(&Sources {
        environment,
        ..sources
    })
    .unwrap();
    assert_eq!(config.state.dir, Path::new("other"));
}

#[test]
fn the_state_and_the_key_are_looked_for_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("credentials")).unwrap();
    let credentials = at("credentials").display().to_string();
    let load = |text: &str, pairs: &[(&str, &str)]| {
        let environment = environment(pairs);
        Config::load(&Sources {
            environment,
            ..file_sources(folder.path(), text)
        })
        .unwrap()
        .state
    };
    let state = load("", &[]);
    assert_eq!(state.dir, Path::new("gerbang-data"));
    assert_eq!(state.key_file, Path::new("gerbang-data/gerbang.key"));
    assert_eq!(state.key_origin, KeyOrigin::Default);

    let systemd = [
        ("STATE_DIRECTORY", "/var/lib/gerbang:/var/lib/other"),
        ("CREDENTIALS_DIRECTORY", credentials.as_str()),
    ];
    let state = load("", &systemd);
    assert_eq!(state.dir, Path::new("/var/lib/gerbang"));
    assert_eq!(
        state.key_origin,
        KeyOrigin::Default,
        "no credential of our name there"
    );
    fs::write(at("credentials").join("gerbang-key"), "").unwrap();
    let state = load("", &systemd);
    assert_eq!(state.key_file, at("credentials").join("gerbang-key"));
    assert_eq!(state.key_origin, KeyOrigin::Credential);

    fs::write(at("k"), "").unwrap();
    let state = load("[state]\ndir = 's'\nkey_file = 'k'", &systemd);
    assert_eq!((state.dir, state.key_file), (at("s"), at("k")));
    assert_eq!(state.key_origin, KeyOrigin::Configured);
}
