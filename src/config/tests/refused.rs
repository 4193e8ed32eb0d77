//! Every refused configuration with its exact words: addresses and names.

use super::{bare_sources, file_sources, refusals};

/// A text and the one line it is refused with.
pub(super) fn table(rows: &[(&str, &str)]) {
    for (text, want) in rows {
        assert_eq!(refusals(file_sources, text), [*want], "{text}");
    }
}

#[test]
fn what_is_for_tls_alone() {
    table(&[
        (
            "listen.tls.redirect_from = ['0.0.0.0:80']",
            "gerbang.toml:1: listen.tls.redirect_from: stands alone; `certificate` and `key` are \
             missing",
        ),
        (
            "listen.tls.hsts_seconds = 300",
            "gerbang.toml:1: listen.tls.hsts_seconds: stands alone; `certificate` and `key` are \
             missing",
        ),
    ]);
}

#[test]
fn site() {
    table(&[
        ("site.name = ''", "gerbang.toml:1: site.name: is empty"),
        (
            "site.name = \"a\\u0007\"",
            "gerbang.toml:1: site.name: holds a control character",
        ),
        (
            "site.name = 'LPSE: Contoh'",
            "gerbang.toml:1: site.name: must not hold a colon: authenticator apps end the name of \
             the issuer there",
        ),
        (
            "site.name = 7",
            "gerbang.toml:1: site.name: expected text, found a whole number",
        ),
        (
            "[site.name]\nx = 1",
            "gerbang.toml:1: site.name: expected text, found a table",
        ),
        (
            "site = 'x'",
            "gerbang.toml:1: site: expected a section, found text",
        ),
        (
            "site.id = 'Kab_Contoh'",
            "gerbang.toml:1: site.id: \"Kab_Contoh\" must be 1 to 32 of a-z, 0-9 and -",
        ),
        (
            "site.id = ''",
            "gerbang.toml:1: site.id: \"\" must be 1 to 32 of a-z, 0-9 and -",
        ),
        (
            "site.own_prefix = '../x'",
            "gerbang.toml:1: site.own_prefix: \"../x\" must be 1 to 32 of a-z, 0-9 and -",
        ),
        (
            "site.training = 'yes'",
            "gerbang.toml:1: site.training: expected true or false, found text",
        ),
        (
            "site.time_zone = 'wib'",
            "gerbang.toml:1: site.time_zone: unknown value \"wib\"; did you mean `WIB` or `WIT`?",
        ),
        (
            "site.extra_hosts = ['a.id', 'http://b.id']",
            "gerbang.toml:1: site.extra_hosts[2]: \"http://b.id\" is no host; write it like \
             spse.example.go.id or spse.example.go.id:8443",
        ),
        (
            "site.extra_hosts = [\n  'a.id',\n  7,\n]",
            "gerbang.toml:3: site.extra_hosts[2]: expected text, found a whole number",
        ),
    ]);
    let long = format!("site.name = '{}'", "x".repeat(201));
    table(&[(
        &long,
        "gerbang.toml:1: site.name: is longer than 200 characters",
    )]);
}

#[test]
fn context() {
    let plain = "must be plain segments of letters, digits and -_.~ between single slashes";
    for bad in [
        "//", "/a//b", "/./a", "/a/..", "/a b", "/a;b", "/a%2fb", "/a?b", "/ä", "/a\\b",
    ] {
        let bad = if bad == "//" { "//x" } else { bad };
        let text = format!("site.context = '{bad}'");
        let want = format!("gerbang.toml:1: site.context: {bad:?} {plain}");
        table(&[(&text, &want)]);
    }
    table(&[
        (
            "site.context = 'eproc4'",
            "gerbang.toml:1: site.context: \"eproc4\" must begin with a slash, like \"/eproc4\"",
        ),
        (
            "site.context = '/eproc4/'",
            "gerbang.toml:1: site.context: \"/eproc4/\" must not end with a slash; \"\" is the root",
        ),
        (
            "site.context = '/'",
            "gerbang.toml:1: site.context: \"/\" must not end with a slash; \"\" is the root",
        ),
        (
            "[site]\npublic_url = 'https://a.id/eproc4'\ncontext = '/eproc5'",
            "gerbang.toml:3: site.context: \"/eproc5\" is not the path of public_url, \"/eproc4\"",
        ),
    ]);
    let long = format!("site.context = '/{}'", "x".repeat(200));
    table(&[(
        &long,
        "gerbang.toml:1: site.context: is longer than 200 characters",
    )]);
}

#[test]
fn public_url() {
    let shape = "is no address like https://spse.example.go.id/eproc4";
    for bad in [
        "",
        "spse.id",
        "ftp://a.id",
        "https://",
        "https:///x",
        "https://u:p@a.id",
        "HTTPS://a.id",
    ] {
        let text = format!("site.public_url = '{bad}'");
        table(&[(
            &text,
            &format!("gerbang.toml:1: site.public_url: {bad:?} {shape}"),
        )]);
    }
    table(&[
        (
            "site.public_url = 'http://spse.example.go.id/eproc4'",
            "gerbang.toml:1: site.public_url: http is served on loopback hosts only, not on \
             spse.example.go.id: passwords and codes would travel in the clear; write https://",
        ),
        (
            "site.public_url = 'https://a.id/eproc4?x=1'",
            "gerbang.toml:1: site.public_url: its path \"/eproc4?x=1\" must be plain segments of \
             letters, digits and -_.~ between single slashes",
        ),
    ]);
}

#[test]
fn listen() {
    let shape = "must be an IP address and a port, like 127.0.0.1:8044";
    for bad in [
        "",
        "localhost:8044",
        ":8044",
        "127.0.0.1",
        "127.0.0.1:99999",
    ] {
        let text = format!("listen.address = '{bad}'");
        table(&[(
            &text,
            &format!("gerbang.toml:1: listen.address: {bad:?} {shape}"),
        )]);
    }
    table(&[
        (
            "listen.address = '127.0.0.1:0'",
            "gerbang.toml:1: listen.address: \"127.0.0.1:0\" has port 0: nobody would find it",
        ),
        (
            "listen.address = []",
            "gerbang.toml:1: listen.address: is empty: nobody could reach the gateway",
        ),
        (
            "listen.address = ['[::1]:1', '[::1]:1']",
            "gerbang.toml:1: listen.address[2]: \"[::1]:1\" stands here twice",
        ),
        (
            "listen.address = true",
            "gerbang.toml:1: listen.address: expected a list of texts, found true or false",
        ),
        (
            "listen.address = '0.0.0.0:8044'",
            "gerbang.toml:1: listen.address: without `public_url` in [site] only loopback addresses \
             are served; listen on 127.0.0.1 or write the public address",
        ),
        (
            "listen.address = '0.0.0.0:8044'\nsite.public_url = 'https://a.id'",
            "gerbang.toml:1: listen.address: would serve passwords over plain http; set \
             [listen.tls], or name the web server that ends TLS in `trusted_proxies`, or listen on \
             127.0.0.1",
        ),
        (
            "listen.threads = 0",
            "gerbang.toml:1: listen.threads: must be from 1 to 1024, found 0",
        ),
        (
            "listen.keepalive_seconds = 0",
            "gerbang.toml:1: listen.keepalive_seconds: must be from 1 to 3600, found 0",
        ),
    ]);
}

#[test]
fn trusted_proxies() {
    let shape = "must be a network or an address, like 10.1.2.0/24 or 127.0.0.1";
    for bad in ["", "proxy", "10.0.0.0/33", "10.0.0/8", "*"] {
        let text = format!("trusted_proxies = ['{bad}']");
        table(&[(
            &text,
            &format!("gerbang.toml:1: trusted_proxies[1]: {bad:?} {shape}"),
        )]);
    }
    table(&[
        (
            "trusted_proxies = ['127.0.0.1', '0.0.0.0/0']",
            "gerbang.toml:1: trusted_proxies[2]: \"0.0.0.0/0\" is everybody: any visitor could name \
             any address as his own",
        ),
        (
            "trusted_proxies = ['10.1.2.3/24']",
            "gerbang.toml:1: trusted_proxies[1]: \"10.1.2.3/24\" has bits behind its prefix; write \
             10.1.2.0/24",
        ),
    ]);
}

#[test]
fn upstream() {
    let shape = "must be like http://127.0.0.1:9009 or unix:/run/spse.sock";
    let rows = [
        ("127.0.0.1:9009", format!("\"127.0.0.1:9009\" {shape}")),
        ("http://", format!("\"http://\" {shape}")),
        ("http://u:p@h", format!("\"http://u:p@h\" {shape}")),
        (
            "https://127.0.0.1:9009",
            "https to the application is not supported: reach it over http on the same machine or \
             a network of its own"
                .into(),
        ),
        (
            "http://127.0.0.1:9009/eproc4",
            "write host and port only; the path \"/eproc4\" belongs to `context` in [site]".into(),
        ),
        (
            "unix:spse.sock",
            "\"unix:spse.sock\" must name the socket by its whole path, unix:/run/…".into(),
        ),
        (
            "http://typo.internal",
            "the name \"typo.internal\" cannot be resolved: no such host".into(),
        ),
        (
            "http://empty.internal",
            "the name \"empty.internal\" has no address".into(),
        ),
    ];
    for (url, want) in rows {
        let text = format!("[upstream]\nurl = '{url}'");
        let want = format!("gerbang.toml:2: upstream.url: {want}");
        assert_eq!(refusals(bare_sources, &text), [want], "{url}");
    }
    assert_eq!(
        refusals(bare_sources, ""),
        [
            "upstream.url: is missing: say where the application listens, like \
          url = \"http://127.0.0.1:9009\" or --upstream http://127.0.0.1:9009"
        ]
    );
    assert_eq!(
        refusals(bare_sources, "upstream.url = 9009"),
        ["gerbang.toml:1: upstream.url: expected text, found a whole number"]
    );
}
