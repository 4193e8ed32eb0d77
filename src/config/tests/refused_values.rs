//! Every refused configuration with its exact words: numbers, rules, words, unknown keys, syntax.

use super::refused::table;
use super::{file_sources, load, refusals};

#[test]
fn numbers() {
    table(&[
        (
            "upstream.pool_size = -1",
            "gerbang.toml:1: upstream.pool_size: must be from 1 to 65536, found -1",
        ),
        (
            "upstream.pool_size = 99999999999999999999",
            "gerbang.toml:1: upstream.pool_size: must be from 1 to 65536, found a number too large",
        ),
        (
            "upstream.pool_size = 1.5",
            "gerbang.toml:1: upstream.pool_size: expected a whole number, found a fraction",
        ),
        (
            "upstream.pool_size = '8'",
            "gerbang.toml:1: upstream.pool_size: expected a whole number, found text",
        ),
        (
            "limits.login_body_bytes_max = 61441",
            "gerbang.toml:1: limits.login_body_bytes_max: must be from 1024 to 61440, found 61441",
        ),
        (
            "session.idle_seconds = 86400",
            "gerbang.toml:1: session.idle_seconds: idle_seconds (86400) is more than \
             absolute_seconds (43200)",
        ),
        (
            "session.absolute_seconds = 86401",
            "gerbang.toml:1: session.absolute_seconds: must be from 300 to 86400, found 86401",
        ),
        (
            "login.extensions_max = 10",
            "gerbang.toml:1: login.extensions_max: the countdown with its extensions takes 660 s, \
             but the login waits only waiting_seconds (600)",
        ),
        (
            "activation.qr_window_seconds = 601",
            "gerbang.toml:1: activation.qr_window_seconds: qr_window_seconds (601) is more than \
             lifetime_seconds (600)",
        ),
    ]);
}

#[test]
fn policy() {
    table(&[
        (
            "policy.default = 'on'",
            "gerbang.toml:1: policy.default: unknown value \"on\"; known here: off, observe, \
             optional, encouraged, required",
        ),
        (
            "policy.ceiling = 'strict'",
            "gerbang.toml:1: policy.ceiling: unknown value \"strict\"; known here: off, \
             observe, optional, encouraged, required",
        ),
        (
            "[[policy.rule]]\nrole = 'Auditor'",
            "gerbang.toml:1: policy.rule[1]: has no `mode`",
        ),
        (
            "[[policy.rule]]\nrole = '*'\nmode = 'off'",
            "gerbang.toml:1: policy.rule[1]: is for everybody; write its mode as `default` in \
             [policy]",
        ),
        (
            "[[policy.rule]]\nrole = ' '\nmode = 'off'",
            "gerbang.toml:2: policy.rule[1].role: is empty",
        ),
        (
            "[[policy.rule]]\nrole = 'A'\nmode = 'off'\n[[policy.rule]]\nmode = 'observe'\n\
             user_type = '*'\nrole = ' A '",
            "gerbang.toml:4: policy.rule[2]: is for the same user_type and role as policy.rule[1] \
             in line 1",
        ),
        (
            "[policy.rule]\nmode = 'off'",
            "gerbang.toml:1: policy.rule: expected a list of tables, found a table",
        ),
        (
            "policy.rule = ['x']",
            "gerbang.toml:1: policy.rule[1]: expected a table, found text",
        ),
        (
            "[[policy.rule]]\nrole = 'A'\nmode = 'off'\nmod = 'off'",
            "gerbang.toml:4: policy.rule[1].mod: unknown key; did you mean `mode`?",
        ),
    ]);
}

#[test]
fn contacts() {
    let must = "must be one address like ppe@example.go.id";
    for bad in [
        "",
        "x",
        "@a.id",
        "a@",
        "a@b",
        "a@b..id",
        "a b@c.id",
        "a@b.id, c@d.id",
        "<a@b.id>",
        "a@b@c.id",
    ] {
        let text = format!("[[contact]]\nname = 'A'\nemail = '{bad}'");
        table(&[(
            &text,
            &format!("gerbang.toml:3: contact[1].email: {bad:?} {must}"),
        )]);
    }
    table(&[
        (
            "[[contact]]\nphone = '1'",
            "gerbang.toml:1: contact[1]: has no `name`",
        ),
        (
            "[[contact]]\nname = ''\nphone = '1'",
            "gerbang.toml:2: contact[1].name: is empty",
        ),
        (
            "[[contact]]\nname = 'A'\nphone = \"1\\u001b\"",
            "gerbang.toml:3: contact[1].phone: holds a control character",
        ),
        (
            "[[contact]]\nname = 'A'",
            "gerbang.toml:1: contact[1]: says nowhere how to be reached: add `email`, `phone` or \
             `how`",
        ),
        (
            "[[contact]]\nname = 'A'\nphone = '1'\n[[contact]]\nname = 'B'\nphone = '2'",
            "gerbang.toml:4: contact[2]: is for the same user_type and role as contact[1] in line 1",
        ),
        (
            "contact = 'x'",
            "gerbang.toml:1: contact: expected a list of tables, found text",
        ),
    ]);
}

#[test]
fn announcements() {
    let long = "x".repeat(501);
    let too_long = format!("[[announcement]]\ndate = '2027-01-02'\ntext = '{long}'");
    let basis = "x".repeat(201);
    let basis = format!("[[announcement]]\nlegal_basis = '{basis}'");
    table(&[
        (
            "[[announcement]]\ndate = '2027-02-29'",
            "gerbang.toml:2: announcement[1].date: \"2027-02-29\" must be a day like \
             \"2027-01-02\"",
        ),
        (
            "[[announcement]]\ndate = '2 Januari 2027'",
            "gerbang.toml:2: announcement[1].date: \"2 Januari 2027\" must be a day like \
             \"2027-01-02\"",
        ),
        (
            "[[announcement]]\ntext = 'Wajib.'",
            "gerbang.toml:1: announcement[1]: announces nothing: add `legal_basis`, `date` or both",
        ),
        (
            "[[announcement]]\nlegal_basis = ' '",
            "gerbang.toml:2: announcement[1].legal_basis: is empty",
        ),
        (
            &too_long,
            "gerbang.toml:3: announcement[1].text: is longer than 500 characters",
        ),
        (
            &basis,
            "gerbang.toml:2: announcement[1].legal_basis: is longer than 200 characters",
        ),
        (
            "[[announcement]]\nlegal_basis = 'A'\n[[announcement]]\nrole = '*'\nlegal_basis = 'B'",
            "gerbang.toml:3: announcement[2]: is for the same user_type and role as \
             announcement[1] in line 1",
        ),
        (
            "[[announcement]]\nlegal_basis = 'A'\ndates = '2027-01-02'",
            "gerbang.toml:3: announcement[1].dates: unknown key; did you mean `date`?",
        ),
        (
            "announcement = 'x'",
            "gerbang.toml:1: announcement: expected a list of tables, found text",
        ),
    ]);
}

#[test]
fn words_of_the_log_and_the_profile() {
    table(&[
        (
            "log.level = 'warning'",
            "gerbang.toml:1: log.level: unknown value \"warning\"; did you mean `warn`?",
        ),
        (
            "log.json = 1",
            "gerbang.toml:1: log.json: expected true or false, found a whole number",
        ),
        (
            "profile = 'spse-4.5'",
            "gerbang.toml:1: profile: \"spse-4.5\" is no built-in profile; did you mean \
             `spse-4.4`? A file of your own is written with a slash, like ./spse-4.5",
        ),
        (
            "profile = 4.4",
            "gerbang.toml:1: profile: expected text, found a fraction",
        ),
    ]);
}

#[test]
fn unknown_keys_name_the_nearest_known_one() {
    table(&[
        (
            "[sites]\nname = 'x'",
            "gerbang.toml:1: sites: unknown section; did you mean `site`?",
        ),
        (
            "[site]\nnmae = 'x'",
            "gerbang.toml:2: site.nmae: unknown key; did you mean `name`?",
        ),
        (
            "[site]\nidle_seconds = 1",
            "gerbang.toml:2: site.idle_seconds: unknown key; `idle_seconds` belongs to [session]",
        ),
        (
            "[site]\ntrusted_proxies = []",
            "gerbang.toml:2: site.trusted_proxies: unknown key; `trusted_proxies` belongs to the \
             top of the file, before the first [section]",
        ),
        (
            "[site]\nmode = 'off'\n[[policy.rule]]\nrole = 'A'\nmode = 'off'",
            "gerbang.toml:2: site.mode: unknown key; `mode` belongs to [[policy.rule]]",
        ),
        (
            "[log]\ncolour = true",
            "gerbang.toml:2: log.colour: unknown key; known here: json, level",
        ),
        (
            "\"site.name\" = 'x'",
            "gerbang.toml:1: site.name: unknown key; did you mean `site`?",
        ),
        (
            "[[site]]\nname = 'x'",
            "gerbang.toml:1: site: expected a section, found a list",
        ),
        (
            "[log]\npassword = 'rahasia'",
            "gerbang.toml:2: log.password: unknown key; secrets do not stand in the configuration: \
             write the path of a file as `key_file` in [state]",
        ),
    ]);
}

#[test]
fn broken_syntax_is_reported_whole_and_quotes_nothing() {
    let text = "[site]\nname = \nrahasia\n[log]\nlevel = 'a' 'b'\n";
    let found = refusals(file_sources, text);
    assert!(found.len() >= 2, "{found:?}");
    assert!(
        found.iter().all(|line| line.starts_with("gerbang.toml:")),
        "{found:?}"
    );
    assert!(
        found.iter().all(|line| !line.contains("rahasia")),
        "{found:?}"
    );
    assert_eq!(
        refusals(file_sources, "[log]\nlevel = 'info'\nlevel = 'info'"),
        ["gerbang.toml:3: not valid TOML: duplicate key"]
    );
}

#[test]
fn nothing_above_is_refused_for_another_reason() {
    load("").unwrap();
    load("site.public_url = 'https://a.id'\ntrusted_proxies = '127.0.0.1'").unwrap();
    load("site.context = ''").unwrap();
    load("listen.address = '0.0.0.0:80'\nsite.public_url = 'https://a.id'\ntrusted_proxies = ['10.0.0.1']")
        .unwrap();
}
