//! Defaults, precedence, the environment, names that only the profile knows.

use super::{Config, Flags, Sources, environment, file_sources, load, resolve, shown};
use crate::config::{LogLevel, ProfileSource, SyslogTarget, TimeZone, UpstreamAddress};
use crate::domain::policy_file::Mode;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::time::Duration;

#[test]
fn it_works_with_no_file() {
    let config = Config::defaults_for("http://127.0.0.1:9009", "/eproc4").unwrap();
    assert_eq!(config.site.id, "eproc4");
    assert_eq!(config.site.name, "LPSE (contoh)");
    assert_eq!(config.site.own_path(), "/eproc4/gerbang");
    assert_eq!(config.site.public_url, None);
    assert_eq!(config.site.time_zone, TimeZone::Wib);
    assert_eq!(config.listen.addresses, ["127.0.0.1:8044".parse().unwrap()]);
    assert!(config.listen.threads >= 1);
    assert_eq!(config.listen.keepalive, Duration::from_secs(30));
    assert_eq!(config.upstream.read_timeout, Duration::from_secs(600));
    assert_eq!(config.limits.login_body_bytes_max, 61_440);
    assert_eq!(config.limits.waiting_post, Duration::from_secs(10));
    assert_eq!(
        (config.session.idle_seconds, config.session.absolute_seconds),
        (1800, 43_200)
    );
    assert_eq!(config.login.waiting_seconds, 600);
    assert_eq!(config.policy.demand_for(None, None).mode, Mode::Required);
    assert_eq!(config.profile, ProfileSource::BuiltIn("spse-4.4".into()));
    assert_eq!(config.log.level, LogLevel::Info);
    assert!(config.trusted_proxies.is_empty());
    assert_eq!((&config.audit.file, &config.audit.syslog), (&None, &None));
    assert_eq!(config.audit.retention.days("code-refused"), 730);
    assert!(Config::defaults_for("nonsense", "/eproc4").is_err());
}

#[test]
fn the_example_is_good_and_says_the_defaults() {
    let example = include_str!("../../../config/gerbang.toml");
    let written = load(example).unwrap();
    assert!(written.warnings.is_empty(), "{:?}", written.warnings);
    // The same with every commented key switched on, but for those that name files.
    // Other servers have tests of their own: their passwords lie in files.
    let mut elsewhere = false;
    let switched: String = example
        .lines()
        .map(|line| {
            if line.starts_with('[') {
                elsewhere = ["[mail]", "[push]", "[directory]"].contains(&line);
            }
            match line.strip_prefix("# ") {
                Some(key) if is_setting(key) && !elsewhere => format!("{key}\n"),
                _ => format!("{line}\n"),
            }
        })
        .collect();
    let all = load(&switched).unwrap();
    assert_eq!(all.limits, written.limits);
    assert_eq!(all.upstream, written.upstream);
    assert_eq!(all.session, written.session);
    assert_eq!(all.login, written.login);
    assert_eq!(all.activation, written.activation);
    assert_eq!(all.log, written.log);
    assert_eq!(all.audit.retention, written.audit.retention);
    assert_eq!(
        all.audit.syslog,
        Some(SyslogTarget::Unix("/dev/log".into()))
    );
    assert_eq!(all.canary, written.canary);
    assert!(all.admin.address.is_some() && written.admin.address.is_none());
    assert_eq!(all.listen.keepalive, written.listen.keepalive);
    assert_eq!(all.policy.rules.len(), 2);
    assert_eq!(all.site.id, written.site.id);
    assert_eq!(all.site.extra_hosts.len(), 1);
    assert_eq!(all.contacts.listed().len(), 5);
    let vendors = all.announcements.announcement_for(Some("penyedia"), None);
    assert!(vendors.is_some_and(|one| one.legal_basis.is_none()));
}

fn is_setting(line: &str) -> bool {
    let files = [
        "templates",
        "dir",
        "key_file",
        "certificate",
        "key",
        "file",
        // They need a certificate.
        "[listen.tls]",
        "redirect_from",
        "hsts_seconds",
    ];
    let name = line.split(" = ").next().unwrap_or_default();
    if files.contains(&name) {
        return false;
    }
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    (line.contains(" = ") && plain(name)) || line.starts_with("[[")
}

#[test]
fn the_command_line_wins_over_the_environment_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let text = "[site]\nname = 'file'\nid = 'file'\ncontext = '/file'";
    let sources = Sources {
        environment: environment(&[
            ("GERBANG__SITE__NAME", "environment"),
            ("GERBANG__SITE__ID", "environment"),
        ]),
        flags: Flags {
            upstream: Some("unix:/run/spse.sock".into()),
            site_name: Some("flag".into()),
            ..Flags::default()
        },
        ..file_sources(folder.path(), text)
    };
    let config = Config::load(&sources).unwrap();
    assert_eq!(config.site.name, "flag");
    assert_eq!(config.site.id, "environment");
    assert_eq!(config.site.context, "/file");
    assert_eq!(
        config.upstream.address,
        UpstreamAddress::Unix("/run/spse.sock".into())
    );
}

#[test]
fn the_environment_speaks_every_kind() {
    let sources = Sources {
        environment: environment(&[
            ("GERBANG__UPSTREAM__URL", "http://spse.internal:9009/"),
            ("GERBANG__UPSTREAM__POOL_SIZE", "17"),
            ("GERBANG__SITE__TRAINING", "true"),
            ("GERBANG__SITE__TIME_ZONE", "WIT"),
            ("GERBANG__SITE__EXTRA_HOSTS", "127.0.0.1:1, localhost"),
            ("GERBANG__TRUSTED_PROXIES", "10.0.0.0/8,::1"),
            ("GERBANG__POLICY__CEILING", "observe"),
            ("GERBANG__PROFILE", "spse-4.4"),
            // Of containers' service links, and of others: not ours.
            ("GERBANG_PORT", "tcp://10.0.0.1:80"),
            ("HOME", "/root"),
        ]),
        resolve,
        ..Sources::default()
    };
    let config = Config::load(&sources).unwrap();
    assert_eq!(
        config.upstream.address.to_string(),
        "http://10.0.0.7:9009",
        "IPv4 goes first"
    );
    assert_eq!(config.upstream.pool_size, 17);
    assert!(config.site.training);
    let zone = config.site.time_zone.zone();
    assert_eq!((zone.label.as_str(), zone.offset_seconds), ("WIT", 32_400));
    assert_eq!(config.site.extra_hosts.len(), 2);
    assert_eq!(config.trusted_proxies.len(), 2);
    assert_eq!(config.policy.ceiling, Mode::Observe);
}

#[test]
fn bad_variables_are_problems_under_their_own_names() {
    let rows = [
        (
            ("GERBANG__SITE__NMAE", "x"),
            "GERBANG__SITE__NMAE: unknown setting; did you mean GERBANG__SITE__NAME?",
        ),
        (
            ("GERBANG__SITES__NAME", "x"),
            "GERBANG__SITES__NAME: unknown setting; did you mean GERBANG__SITE__NAME?",
        ),
        (
            ("GERBANG__QQQQQQQQQQQQQQ", "x"),
            "GERBANG__QQQQQQQQQQQQQQ: unknown setting; no setting has a name like it",
        ),
        (
            ("GERBANG_SITE__NAME", "x"),
            "GERBANG_SITE__NAME: unknown variable; did you mean GERBANG__SITE__NAME?",
        ),
        (
            ("GERBANG__LOG", "x"),
            "GERBANG__LOG: expected a section, found text",
        ),
        (
            ("GERBANG__SITE__NAME__X", "x"),
            "GERBANG__SITE__NAME__X: names something inside a value that is no section",
        ),
        (
            ("GERBANG__UPSTREAM__POOL_SIZE", "many"),
            "GERBANG__UPSTREAM__POOL_SIZE: expected a whole number, found text",
        ),
        (
            ("GERBANG__SITE__TRAINING", "yes"),
            "GERBANG__SITE__TRAINING: expected true or false, found text",
        ),
        (
            ("GERBANG__POLICY__RULE", "x"),
            "GERBANG__POLICY__RULE: can only be set in the file",
        ),
        (
            ("GERBANG__POLICY__RULE__0__MODE", "off"),
            "GERBANG__POLICY__RULE__0__MODE: can only be set in the file",
        ),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (pair, want) in rows {
        let environment = environment(&[pair]);
        let sources = Sources {
            environment,
            ..file_sources(folder.path(), "site.name = 'x'")
        };
        let found = shown(&Config::load(&sources).unwrap_err(), folder.path());
        assert_eq!(found, [want], "{pair:?}");
    }
    // A section that the file has is not replaced by a text.
    let sources = Sources {
        environment: environment(&[("GERBANG__SITE", "x")]),
        ..file_sources(folder.path(), "[site]\nname = 'x'")
    };
    let found = shown(&Config::load(&sources).unwrap_err(), folder.path());
    assert_eq!(
        found,
        ["GERBANG__SITE: names a whole section, not a key in it"]
    );
}

#[test]
fn a_variable_that_is_no_text_is_a_problem() {
    let mut environment = environment(&[]);
    environment.insert("GERBANG__SITE__NAME".into(), OsString::from_vec(vec![0xff]));
    let flags = Flags {
        upstream: Some("unix:/run/x".into()),
        ..Flags::default()
    };
    let found = Config::load(&Sources {
        environment,
        flags,
        ..Sources::default()
    })
    .unwrap_err();
    assert_eq!(
        shown(&found, Path::new("")),
        ["GERBANG__SITE__NAME: is not UTF-8"]
    );
}

#[test]
fn the_site_id_comes_from_the_context() {
    for (context, id) in [("/eproc4", "eproc4"), ("", "root"), ("/A/b_c", "a-b-c")] {
        assert_eq!(
            Config::defaults_for("unix:/run/x", context)
                .unwrap()
                .site
                .id,
            id
        );
    }
}

#[test]
fn the_context_comes_from_the_public_address() {
    let of = |text: &str| load(text).unwrap().site;
    let site = of("site.public_url = 'https://a.id:8443/eproc7/'");
    assert_eq!(site.context, "/eproc7");
    assert_eq!(
        site.public_url.unwrap().to_string(),
        "https://a.id:8443/eproc7"
    );
    let site = of("site.public_url = 'https://a.id'");
    assert_eq!(site.public_url.unwrap().to_string(), "https://a.id/eproc4");
    let site = of("site.public_url = 'https://a.id'\nsite.context = ''");
    assert_eq!(site.public_url.unwrap().to_string(), "https://a.id");
}

#[test]
fn only_known_hosts_are_served() {
    let bare = load("site.extra_hosts = ['spse.lan:8044']").unwrap().site;
    for host in [
        "localhost",
        "localhost:1",
        "127.0.0.1:8044",
        "[::1]:9",
        "spse.lan:8044",
    ] {
        assert!(bare.serves_host(host), "{host}");
    }
    for host in [
        "",
        "spse.lan",
        "evil.id",
        "127.0.0.1.evil.id",
        "localhost:x",
        "a@localhost",
    ] {
        assert!(!bare.serves_host(host), "{host}");
    }
    let public = load("site.public_url = 'https://A.id'\nsite.extra_hosts = 'b.id:443'");
    let public = public.unwrap().site;
    for host in ["a.id", "A.ID:443", "a.id.", "b.id"] {
        assert!(public.serves_host(host), "{host}");
    }
    for host in ["localhost", "127.0.0.1", "a.id:80", "x.a.id", "b.id:8443"] {
        assert!(!public.serves_host(host), "{host}");
    }
}

#[test]
fn the_closest_contact_helps() {
    let none = load("").unwrap();
    assert_eq!(
        none.contact_for(Some("penyedia"), None).name,
        "petugas LPSE"
    );
    assert!(none.contacts.listed().is_empty());
    let text = "
        contact = [
            { name = 'all', phone = '1' },
            { name = 'type', user_type = 'penyedia', phone = '1' },
            { name = 'role', role = 'Auditor', user_type = '*', email = 'a@b.id' },
            { name = 'both', role = 'Auditor', user_type = 'penyedia', how = ' Datang. ' },
        ]";
    let config = load(text).unwrap();
    let name = |user_type, role| config.contact_for(user_type, role).name.as_str();
    assert_eq!(name(None, None), "all");
    assert_eq!(name(Some("penyedia"), Some("Penyedia")), "type");
    assert_eq!(name(Some("non-penyedia"), Some("Auditor")), "role");
    assert_eq!(name(Some("penyedia"), Some("Auditor")), "both");
    let both = config.contact_for(Some("penyedia"), Some("Auditor"));
    assert_eq!(both.how.as_deref(), Some("Datang."));
}

#[test]
fn the_closest_announcement_is_read() {
    let none = load("").unwrap().announcements;
    assert_eq!(none.announcement_for(None, None), None);
    let text = "
        announcement = [
            { user_type = 'penyedia', legal_basis = ' SE 12/2026 ', date = '2027-01-02' },
            { role = 'Auditor', date = '2027-03-01', text = 'Segera.' },
        ]";
    let all = load(text).unwrap().announcements;
    assert_eq!(all.announcement_for(None, None), None);
    let type_alone = all.announcement_for(Some("penyedia"), Some("Penyedia"));
    let type_alone = type_alone.unwrap();
    assert_eq!(type_alone.legal_basis.as_deref(), Some("SE 12/2026"));
    assert_eq!(type_alone.date.unwrap().to_string(), "02-01-2027");
    let role = all.announcement_for(Some("penyedia"), Some("Auditor"));
    assert_eq!(role.unwrap().text.as_deref(), Some("Segera."));
}

#[test]
fn names_that_the_profile_does_not_know_are_named_with_the_nearest() {
    let folder = tempfile::tempdir().unwrap();
    let text = "
[[policy.rule]]
user_type = 'non penyedia'
role = 'Auditor'
mode = 'off'

[[policy.rule]]
role = 'Peran Baru'
mode = 'off'
unknown_ok = true

[[contact]]
role = 'Pejabat Pembuat Komitment'
name = 'A'
phone = '1'
";
    let config = Config::load(&file_sources(folder.path(), text)).unwrap();
    let names = |list: &[&str]| -> Vec<String> { list.iter().map(|&n| n.into()).collect() };
    let roles = names(&["Auditor", "Pejabat Pembuat Komitmen", "Helpdesk"]);
    let types = names(&["penyedia", "non-penyedia"]);
    let found = shown(&config.unknown_names(&roles, &types), folder.path());
    insta::assert_snapshot!(found.join("\n"), @r#"
    gerbang.toml:3: policy.rule[1].user_type: the profile knows no user type "non penyedia"; did you mean `non-penyedia` or `penyedia`? (unknown_ok = true keeps the name all the same)
    gerbang.toml:13: contact[1].role: the profile knows no role "Pejabat Pembuat Komitment"; did you mean `Pejabat Pembuat Komitmen`? (unknown_ok = true keeps the name all the same)
    "#);
    assert_eq!(config.policy.rules.len(), 2);
}

#[test]
fn behind_a_web_server_without_trusted_proxies_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::load(&file_sources(
        folder.path(),
        "site.public_url = 'https://a.id'",
    ))
    .unwrap();
    assert_eq!(
        shown(&config.warnings, folder.path())[0],
        "gerbang.toml:1: site.public_url: a web server must end TLS in front, but \
         `trusted_proxies` is empty: all visitors will seem to come from its address"
    );
}
