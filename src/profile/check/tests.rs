mod changes;
mod links;

use crate::profile::{BUILTIN, Profile};

fn text() -> &'static str {
    BUILTIN[0].1
}

/// Problems after replacing `from` by `to` once, as `key: message`.
fn after(from: &str, to: &str) -> Vec<String> {
    assert!(text().contains(from), "{from} is not in the file");
    let changed = text().replacen(from, to, 1);
    match Profile::parse(&changed, "/eproc4") {
        Ok(_) => Vec::new(),
        Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

#[track_caller]
fn refused(from: &str, to: &str, wanted: &[&str]) {
    let found = after(from, to);
    for problem in wanted {
        assert!(
            found.iter().any(|line| line.starts_with(problem)),
            "{to}: wanted {problem}, got {found:#?}"
        );
    }
    assert_eq!(found.len(), wanted.len(), "{to}: {found:#?}");
}

#[test]
fn unknown_keys_are_told_with_the_nearest_known() {
    refused(
        "request_line_bytes =",
        "reqest_line_bytes =",
        &[
            "limits.request_line_bytes: is missing",
            "limits.reqest_line_bytes: is not known; the nearest is `request_line_bytes`",
        ],
    );
    refused(
        "[logout]",
        "[log_out]",
        &[
            "logout: is missing",
            "log_out: is not known; the nearest is `logout`",
        ],
    );
    refused(
        "name = \"spse-4.4\"",
        "name = \"spse-4.4\"\nxyzzy = 1",
        &["xyzzy: is not known"],
    );
    refused(
        "separator = \"-\"",
        "separator = \"-\"\nseperator = 1",
        &["session_cookie.seperator: is not known; the nearest is `separator`"],
    );
    refused(
        "nobody = [\"session-over\", \"sent-away\"]",
        "nobdy = []",
        &[
            "probe.page[0].nobody: is missing",
            "probe.page[0].nobdy: is not known; the nearest is `nobody`",
        ],
    );
}

#[test]
fn all_problems_are_told_at_once() {
    let broken = text()
        .replace("name = \"spse-4.4\"", "")
        .replace("header_bytes = 8192", "header_bytes = 1")
        .replace("case_folding = \"upper\"", "case_folding = \"up\"")
        .replace("[header_block]", "[header_blok]");
    let problems = Profile::parse(&broken, "bad").unwrap_err();
    let keys: Vec<&str> = problems
        .iter()
        .map(|problem| problem.key.as_str())
        .collect();
    assert_eq!(
        keys,
        [
            "context",
            "name",
            "limits.header_bytes",
            "users.case_folding",
            "header_block",
            "header_blok"
        ]
    );
}

#[test]
fn what_is_no_toml_is_told_with_its_place() {
    let problems = Profile::parse("name = ", "").unwrap_err();
    assert_eq!(problems[0].key, "profile");
    assert!(
        problems[0].message.contains("line 1"),
        "{}",
        problems[0].message
    );
    assert!(Profile::parse("", "").unwrap_err().len() > 10);
}

#[test]
fn an_application_with_opaque_sessions_can_be_described() {
    let from = text().find("kind = \"signed-pairs\"").unwrap();
    let to = text().find("[cookies]").unwrap();
    let opaque = format!("{}kind = \"opaque\"\n{}", &text()[..from], &text()[to..]);
    let profile = Profile::parse(&opaque, "/app").unwrap();
    assert_eq!(profile.session_cookie().id(b"abc"), Some(b"abc".as_slice()));
    let both = opaque.replace("kind = \"opaque\"", "kind = \"opaque\"\nid_key = \"x\"");
    assert_eq!(
        Profile::parse(&both, "").unwrap_err()[0].key,
        "session_cookie.id_key"
    );
}
