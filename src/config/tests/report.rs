//! One file with everything wrong, and the whole report about it.

use super::{Config, Flags, Sources, bare_sources, environment, shown};

const BROKEN: &str = "\
profil = 'spse-4.4'
trusted_proxies = ['0.0.0.0/0', 'proxy']

[site]
name = ''
nmae = 'LPSE'
id = 'Not A Slug'
public_url = 'http://spse.example.go.id/eproc4'
context = 'eproc4'
idle_seconds = 5

[listen]
address = ['0.0.0.0:8044', 'localhost:8044']
threads = 'two'

[listen.tls]
certificate = 'missing.pem'

[upstream]
url = 'http://127.0.0.1:9009/eproc4'
read_timeout_seconds = 0
password = 'rahasia'

[session]
idle_seconds = 7200
absolute_seconds = 3600

[policy]
default = 'requird'

[[policy.rule]]
role = 'Auditor'

[[policy.rule]]
user_type = '*'
mode = 'off'
note = 'x'

[[contact]]
name = 'A'
email = 'nobody'

[logs]
level = 'info'
";

#[test]
fn all_problems_are_reported_at_once_in_the_order_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let sources = Sources {
        environment: environment(&[("GERBANG__LOG__LEVL", "info")]),
        flags: Flags {
            state: Some("/nowhere/at/all".into()),
            ..Flags::default()
        },
        ..bare_sources(folder.path(), BROKEN)
    };
    let found = shown(&Config::load(&sources).unwrap_err(), folder.path());
    assert!(found.iter().all(|line| !line.contains("rahasia")));
    insta::assert_snapshot!(found.join("\n"), @r##"
    gerbang.toml:1: profil: unknown key; did you mean `profile`?
    gerbang.toml:2: trusted_proxies[1]: "0.0.0.0/0" is everybody: any visitor could name any address as his own
    gerbang.toml:2: trusted_proxies[2]: "proxy" must be a network or an address, like 10.1.2.0/24 or 127.0.0.1
    gerbang.toml:5: site.name: is empty
    gerbang.toml:6: site.nmae: unknown key; did you mean `name`?
    gerbang.toml:7: site.id: "Not A Slug" must be 1 to 32 of a-z, 0-9 and -
    gerbang.toml:8: site.public_url: http is served on loopback hosts only, not on spse.example.go.id: passwords and codes would travel in the clear; write https://
    gerbang.toml:9: site.context: "eproc4" must begin with a slash, like "/eproc4"
    gerbang.toml:10: site.idle_seconds: unknown key; `idle_seconds` belongs to [session]
    gerbang.toml:13: listen.address[2]: "localhost:8044" must be an IP address and a port, like 127.0.0.1:8044
    gerbang.toml:14: listen.threads: expected a whole number, found text
    gerbang.toml:17: listen.tls.certificate: stands alone; `key` is missing
    gerbang.toml:20: upstream.url: write host and port only; the path "/eproc4" belongs to `context` in [site]
    gerbang.toml:21: upstream.read_timeout_seconds: must be from 1 to 7200, found 0
    gerbang.toml:22: upstream.password: unknown key; secrets do not stand in the configuration: write the path of a file as `key_file` in [state]
    gerbang.toml:25: session.idle_seconds: idle_seconds (7200) is more than absolute_seconds (3600)
    gerbang.toml:29: policy.default: unknown value "requird"; did you mean `required`?
    gerbang.toml:31: policy.rule[1]: has no `mode`
    gerbang.toml:34: policy.rule[2]: is for everybody; write its mode as `default` in [policy]
    gerbang.toml:37: policy.rule[2].note: unknown key; known here: mode, role, unknown_ok, user_type
    gerbang.toml:41: contact[1].email: "nobody" must be one address like ppe@example.go.id
    gerbang.toml:43: logs: unknown section; did you mean `log` or `login`?
    --state: /nowhere/at/all: the folder that it lies in does not exist
    GERBANG__LOG__LEVL: unknown setting; did you mean GERBANG__LOG__LEVEL?
    "##);
}
