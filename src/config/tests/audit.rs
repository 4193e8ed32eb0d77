//! `[audit]`: where it goes, for how long, and every refused setting with its exact words.

use super::load;
use super::refused::table;
use crate::config::AuditFile;

#[test]
fn the_audit_log_goes_where_it_is_told() {
    let config = load(
        "[audit]\nfile = 'audit.jsonl'\nretention_days = 365\n[audit.retention]\ncode-refused = 90",
    )
    .unwrap();
    let Some(AuditFile::Path(path)) = &config.audit.file else {
        panic!("{:?}", config.audit)
    };
    assert!(
        path.is_absolute() && path.ends_with("audit.jsonl"),
        "{path:?}"
    );
    let retention = &config.audit.retention;
    assert_eq!(
        (retention.days("code-refused"), retention.days("activated")),
        (90, 365)
    );
    for (text, shown, warnings) in [
        ("unix:/run/log", "unix:/run/log", 0),
        ("udp:127.0.0.1:514", "udp:127.0.0.1:514", 0),
        ("tcp:[::1]:80", "tcp:[::1]:80", 0),
        (
            "tcp:Syslog.example.go.id:601",
            "tcp:syslog.example.go.id:601",
            1,
        ),
    ] {
        let config = load(&format!("audit.syslog = '{text}'\naudit.file = '-'")).unwrap();
        assert_eq!(config.audit.syslog.unwrap().to_string(), shown);
        assert_eq!(config.audit.file, Some(AuditFile::StandardOutput));
        let plain = config
            .warnings
            .iter()
            .filter(|it| it.message.contains("unencrypted"));
        assert_eq!(plain.count(), warnings, "{text}");
    }
}

#[test]
fn what_is_refused() {
    let shape = "must be like unix:/dev/log, udp:127.0.0.1:514 or tcp:127.0.0.1:601";
    for bad in [
        "",
        "/dev/log",
        "unix:",
        "unix:dev/log",
        "udp:",
        "udp:127.0.0.1",
        "udp::514",
        "udp:127.0.0.1:0",
        "udp:127.0.0.1:+514",
        "udp:127.0.0.1:65536",
        "udp:::1:514",
        "tcp:a b:601",
        "tls:127.0.0.1:6514",
    ] {
        let text = format!("audit.syslog = '{bad}'");
        let want = format!("gerbang.toml:1: audit.syslog: {bad:?} {shape}");
        table(&[(&text, &want)]);
    }
    let long = format!("unix:/{}", "x".repeat(107));
    let text = format!("audit.syslog = '{long}'");
    table(&[(
        &text,
        &format!("gerbang.toml:1: audit.syslog: {long:?} {shape}"),
    )]);
    table(&[
        ("audit.file = ''", "gerbang.toml:1: audit.file: is no path"),
        (
            "audit.file = '/nowhere/audit.jsonl'",
            "gerbang.toml:1: audit.file: /nowhere/audit.jsonl: the folder that it lies in does \
             not exist",
        ),
        (
            "audit.file = '/tmp'",
            "gerbang.toml:1: audit.file: /tmp: is a folder",
        ),
        (
            "audit.file = 1",
            "gerbang.toml:1: audit.file: expected text, found a whole number",
        ),
        (
            "audit.retention_days = 89",
            "gerbang.toml:1: audit.retention_days: must be from 90 to 36500, found 89",
        ),
        (
            "[audit.retention]\ncode-refused = 1",
            "gerbang.toml:2: audit.retention.code-refused: must be from 90 to 36500, found 1",
        ),
        (
            "[audit.retention]\ncode-refuse = 180",
            "gerbang.toml:2: audit.retention.code-refuse: unknown key; did you mean \
             `code-refused`?",
        ),
        (
            "audit.retention = 180",
            "gerbang.toml:1: audit.retention: expected a section, found a whole number",
        ),
    ]);
}
