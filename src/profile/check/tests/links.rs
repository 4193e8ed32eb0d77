//! `[[links]]` and `same_for_all`: one change at a time, and the one problem that it makes.

use super::{after, refused, text};
use crate::profile::Profile;

/// What is replaced, by what, and how the problem begins.
const MISTAKES: &[(&str, &str, &str)] = &[
    (
        "link = \"status\"",
        "link = \"stats\"",
        "links[0].link: `stats` is not one of status, reset; the nearest is `status`",
    ),
    ("link = \"reset\"\n", "", "links[1].link: is missing"),
    (
        "marker = \"</span>\"\n",
        "",
        "links[0]: needs a marker or a selector",
    ),
    (
        "marker = \"</span>\"",
        "marker = \"</span>\"\nselector = \"span\"",
        "links[0]: has a marker and a selector",
    ),
    (
        "marker = \"</span>\"",
        "marker = \"\"",
        "links[0].marker: must not be empty",
    ),
    (
        "marker = \"</span>\"",
        "marker = \"</a\"",
        "links[0].marker: must be 4 to 200 bytes",
    ),
    (
        "marker = \"</span>\"",
        "marker = \"</span\"",
        "links[0].marker: ends inside a tag",
    ),
    (
        "marker = \"</span>\"",
        "marker = \"<p title='x'\"",
        "links[0].marker: ends inside a tag",
    ),
    (
        "marker = \"</span>\"",
        "marker = \"<!-- x\"",
        "links[0].marker: ends inside a tag",
    ),
    (
        "marker = \"</span>\"",
        "marker = \"<script>\"",
        "links[0].marker: ends inside a tag",
    ),
    (
        "marker = \"</span>\"",
        "marker = \"<plaintext>\"",
        "links[0].marker: ends inside a tag",
    ),
    (
        "marker = \"</span>\"",
        "selector = \"\"",
        "links[0].selector: must not be empty",
    ),
    (
        "marker = \"</span>\"",
        "selector = \"span[[\"",
        "links[0].selector: `span[[` cannot be used as a CSS selector here",
    ),
    (
        "marker = \"</span>\"",
        "selector = \"a + span\"",
        "links[0].selector: `a + span` cannot be used as a CSS selector here",
    ),
    (
        "place = \"after\"",
        "place = \"behind\"",
        "links[0].place: `behind` is not one of before, after",
    ),
    (
        "html = ' | <a href=\"{href}\">{label}</a>'",
        "html = ''",
        "links[0].html: must not be empty",
    ),
    (
        "html = ' | <a href=\"{href}\">{label}</a>'",
        "html = ' | <a href=\"{href}\">{label}</a><script>x</script>'",
        "links[0].html: <script> is not one of",
    ),
    (
        "html = ' | <a href=\"{href}\">{label}</a>'",
        "html = ' | <a href=\"{href}\">{label}</a>{{x}}'",
        "links[0].html: holds `{{x}}`",
    ),
    (
        "html = ' | <a href=\"{href}\">{label}</a>'",
        "html = ' | <a href=\"{href}\">{label}'",
        "links[0].html: <a> is not closed",
    ),
    (
        "enable = \"Enable TOTP\"\n",
        "",
        "links[0].enable: is missing",
    ),
    (
        "disable = \"Disable TOTP\"",
        "disable = \"D\u{e9}sactiver\"",
        "links[0].disable: must be printable ASCII",
    ),
    (
        "label = \"Reset TOTP?\"",
        "label = 1",
        "links[1].label: must be a text",
    ),
    (
        "paths = [\"/login\", \"/loginpass\", \"/publik/formlogin\"]\nmarker",
        "paths = []\nmarker",
        "links[1].paths: must name a page",
    ),
    (
        "paths = [\"/login\", \"/loginpass\", \"/publik/formlogin\"]\nmarker",
        "paths = [\"/loginpas\"]\nmarker",
        "links[1].paths: `/loginpas` is none of login.pages; the nearest is `/loginpass`",
    ),
    (
        "same_for_all = true",
        "same_for_all = 1",
        "public[1].same_for_all: must be true or false, is integer",
    ),
    (
        "same_for_all = true",
        "same_for_everybody = true",
        "public[1].same_for_everybody: is not known; the nearest is `same_for_all`",
    ),
];

#[test]
fn each_mistake_in_a_link_is_told() {
    for (from, to, wanted) in MISTAKES {
        refused(from, to, &[wanted]);
    }
}

#[test]
fn a_key_of_the_other_kind_is_not_known() {
    let label = "label = \"Reset TOTP?\"";
    let found = after(label, &format!("{label}\nenable = \"x\""));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("links[1].enable: is not known"),
        "{found:?}"
    );
}

#[test]
fn one_link_of_a_kind() {
    let from = text().find("[[links]]").unwrap();
    let to = from + text()[from..].find("# The third link").unwrap();
    let section = &text()[from..to];
    let twice = format!("{}\n{section}{}", &text()[..to], &text()[to..]);
    let problems = Profile::parse(&twice, "/eproc4").unwrap_err();
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(told, ["links[1].link: occurs twice"]);
}

#[test]
fn a_marker_before_which_a_link_stands_may_end_in_a_tag() {
    assert_eq!(
        after(
            "marker = \"</span>\"\nplace = \"after\"",
            "marker = \"</span\"\nplace = \"before\"",
        ),
        [] as [&str; 0]
    );
}

#[test]
fn links_may_be_left_out() {
    for first in ["link = \"status\"", "link = \"reset\""] {
        let at = text().find(first).unwrap();
        let from = text()[..at].rfind("[[links]]").unwrap();
        let length = text()[from..].find("\n\n").unwrap();
        let without = format!("{}{}", &text()[..from], &text()[from + length..]);
        let profile = Profile::parse(&without, "/eproc4").unwrap();
        assert_eq!(profile.has_status_link(), first.contains("reset"));
        assert_eq!(
            profile.has_reset_link(b"/eproc4/login"),
            first.contains("status")
        );
    }
}
