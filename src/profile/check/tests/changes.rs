//! One change at a time, and the one problem that it makes.

use super::{after, refused};

/// What is replaced, by what, and how the problem begins.
type Change = (&'static str, &'static str, &'static str);

/// Single values.
const VALUES: &[Change] = &[
    (
        "login_body_bytes = 61440",
        "login_body_bytes = 1",
        "limits.login_body_bytes: must be from 1024",
    ),
    (
        "login_body_bytes = 61440",
        "login_body_bytes = -1",
        "limits.login_body_bytes: must be from 1024",
    ),
    (
        "longest_answer_seconds = 600",
        "longest_answer_seconds = 0",
        "limits.longest_answer_seconds: must be from 1",
    ),
    (
        "header_bytes = 8192",
        "header_bytes = \"8192\"",
        "limits.header_bytes: must be a whole number, is string",
    ),
    (
        "name = \"SPSE_SESSION\"",
        "name = \"SPSE SESSION\"",
        "session_cookie.name: is no name",
    ),
    (
        "separator = \"-\"",
        "separator = \"--\"",
        "session_cookie.separator: must be one sign",
    ),
    (
        "noise_keys = [\"___TS\"]",
        "noise_keys = [\"___TX\"]",
        "session_cookie.noise_keys: `___TX` is none of anonymous_keys; the nearest is `___TS`",
    ),
    (
        "noise_keys = [\"___TS\"]",
        "noise_keys = [\"___ID\"]",
        "session_cookie.noise_keys: must not hold the id key",
    ),
    (
        "noise_keys = [\"___TS\"]",
        "noise_keys = [1]",
        "session_cookie.noise_keys[0]: must be a text, is integer",
    ),
    (
        "readable = [\"SPSE_FLASH\"",
        "readable = [\"spse_session\"",
        "cookies.readable: must not hold the session cookie",
    ),
    ("\"_ga*\"", "\"*\"", "cookies.script_made: `*` is no name"),
    (
        "\"_ga*\"",
        "\"S*\"",
        "cookies.script_made: `S*` matches too much",
    ),
    (
        "\"_ga*\"",
        "\"SPSE_*\"",
        "cookies.script_made: `SPSE_*` matches the session cookie",
    ),
    (
        "\"_ga*\"",
        "\"__Host-x\"",
        "cookies.script_made: `__Host-x` matches too much",
    ),
    (
        "upgrades = []",
        "upgrades = [\"websockets\"]",
        "requests.upgrades: `websockets` is not known; the nearest is `websocket`",
    ),
    (
        "\"x-method-override\"",
        "\"x method\"",
        "requests.override_headers: `x method` is no name",
    ),
    (
        "[\"x-http-method-override\"]\n#",
        "[\"x\"]\n#",
        "requests.override_query_contains: `x` must be 4 to",
    ),
    (
        "\"PATCH\", \"DELETE\"",
        "\"PATCH\", \"DELET\"",
        "requests.tus_methods: `DELET` is not one of",
    ),
    (
        "\"PATCH\", \"DELETE\"",
        "\"PATCH\", \"TRACE\"",
        "requests.tus_methods: `TRACE` is not one of",
    ),
    (
        "password_fields = [\"txtPassword\"]",
        "password_fields = []",
        "login.password_fields: must name a field",
    ),
    (
        "password_fields = [\"txtPassword\"]",
        "password_fields = [\"pw\"]",
        "login.password_fields: `pw` must be 4 to",
    ),
    (
        "charset_fields = [\"_charset_\"]",
        "charset_fields = [\"a b c\"]",
        "login.charset_fields: `a b c` must be 4 to",
    ),
    (
        "case_folding = \"upper\"",
        "case_folding = \"uper\"",
        "users.case_folding: `uper` is not one of upper, lower, none; the nearest is `upper`",
    ),
    (
        "default_type = \"non-penyedia\"",
        "default_type = \"nonpenyedia\"",
        "users.default_type: `nonpenyedia` is none of users.types; the nearest is `non-penyedia`",
    ),
    (
        "freeze_types = [\"penyedia\"]",
        "freeze_types = [\"penyedja\"]",
        "users.freeze_types: `penyedja` is none of users.types; the nearest is `penyedia`",
    ),
    (
        "\"Rekanan\" = \"penyedia\"",
        "\"Rekanan\" = \"penyedja\"",
        "users.roles.\"Rekanan\": `penyedja` is none of users.types; the nearest is `penyedia`",
    ),
    (
        "\"Rekanan\" = \"penyedia\"",
        "\"PENYEDIA\" = \"penyedia\"",
        "users.roles.\"Penyedia\": occurs twice",
    ),
    (
        "\"Rekanan\" = \"penyedia\"",
        "\"Rekanan\" = 1",
        "users.roles.\"Rekanan\": must be a text",
    ),
    (
        "types = [\"penyedia\", \"non-penyedia\"]",
        "types = [\"penyedia\", \"non-penyedia\", \"penyedia\"]",
        "users.types: `penyedia` occurs twice",
    ),
    (
        "kind = \"signed-pairs\"",
        "kind = \"signed-pair\"",
        "session_cookie.kind: `signed-pair` is not one of signed-pairs, opaque; the nearest is `signed-pairs`",
    ),
];

#[test]
fn values_that_do_not_fit_are_told() {
    for (from, to, wanted) in VALUES {
        refused(from, to, &[wanted]);
    }
}

/// Paths and methods.
const PATHS: &[Change] = &[
    (
        "exempt = [\"/lt17\"",
        "exempt = [\"/login\"",
        "paths.exempt: covers a login path",
    ),
    (
        "exempt = [\"/lt17\"",
        "exempt = [\"/Login\"",
        "paths.exempt: covers a login path",
    ),
    (
        "exempt = [\"/lt17\"",
        "exempt = [\"/logout\"",
        "paths.exempt: covers a logout path",
    ),
    (
        "exempt = [\"/lt17\"",
        "exempt = [\"/home\"",
        "paths.exempt: covers a page for logged-in users",
    ),
    (
        "exempt = [\"/lt17\"",
        "exempt = [\"/**\"",
        "paths.exempt: `/**`: `**` is no placeholder",
    ),
    (
        "exempt = [\"/lt17\"",
        "exempt = [\"/lt17/**\"",
        "paths.exempt: `/lt17/**` occurs twice",
    ),
    (
        "static = [\"/public/**\"]",
        "static = [\"/paket/**\"]",
        "paths.static: covers a page for logged-in users",
    ),
    (
        "paths = [\"/dt/lelang\"",
        "paths = [\"/login\"",
        "public[1].paths: covers a login path",
    ),
    (
        "paths = [\"/dt/lelang\"",
        "paths = [\"/dt/{any}\"",
        "public[1].paths: covers a page for logged-in users",
    ),
    (
        "paths = [\"/dt/lelang\"",
        "paths = [\"/dt/**\"",
        "public[1].paths: `/dt/**`: /** is not allowed here",
    ),
    (
        "paths = [\"/dt/lelang\"",
        "paths = [\"dt/lelang\"",
        "public[1].paths: `dt/lelang` does not begin with /",
    ),
    (
        "methods = [\"GET\", \"HEAD\", \"POST\"]\npaths",
        "methods = [\"GET\", \"PATCH\"]\npaths",
        "public[1].paths: `PATCH` is not one of GET, HEAD, POST",
    ),
    (
        "\"/pengumuman/{id}\"",
        "\"/pengumuman/{ids}\"",
        "public[0].paths: `/pengumuman/{ids}`: `{ids}` is no placeholder; the nearest is `{id}`",
    ),
    (
        "\"/pengumuman/{id}\"",
        "\"/logout\"",
        "public[0].paths: covers a logout path",
    ),
    (
        "path = \"/logout\"",
        "path = \"/keluar\"",
        "logout.path: is none of logout.paths",
    ),
    (
        "path = \"/logout\"",
        "path = \"logout\"",
        "logout.path: is not spelled in the canonical way",
    ),
    (
        "method = \"POST\"",
        "method = \"PURGE\"",
        "logout.method: is none of requests.methods",
    ),
    (
        "\"jadwal\", ",
        "\"a/b\", ",
        "paths.reserved: `a/b` is no single segment",
    ),
];

#[test]
fn an_allowance_must_not_cover_a_way_in() {
    for (from, to, wanted) in PATHS {
        refused(from, to, &[wanted]);
    }
}

/// Header block, probe pages, signs of nobody.
const PROBES: &[Change] = &[
    (
        "block = 'div",
        "block = '..div",
        "header_block.block: `..div",
    ),
    (
        "link = 'a[href",
        "link = 'a[[href",
        "header_block.link: `a[[href",
    ),
    (
        "after_user_id = \"]\"",
        "after_user_id = \"]]\"",
        "header_block.after_user_id: must be one sign",
    ),
    (
        "link_path = \"/user/viewuser\"",
        "link_path = \"user\"",
        "header_block.link_path: is not a path",
    ),
    (
        "<span title=\"['",
        "<span title=\"'",
        "header_block.marker: must end with before_user_id",
    ),
    (
        "marker = '<div class=\"float-right\"><span title=\"['",
        "marker = '['",
        "header_block.marker: must be 8 to",
    ),
    (
        "nobody_pages = 2",
        "nobody_pages = 5",
        "probe.nobody_pages: is more than the 4 pages",
    ),
    (
        "path = \"/home\" ",
        "path = \"/hom\" ",
        "probe.page[0].path: is none of paths.private",
    ),
    (
        "path = \"/home\" ",
        "path = \"home\" ",
        "probe.page[0].path: is not a path",
    ),
    (
        "nobody = [\"session-over\", ",
        "nobody = [\"session-ovr\", ",
        "probe.page[0].nobody: `session-ovr` is the name of no [[nobody]]; the nearest is `session-over`",
    ),
    (
        "status = [403, 200]",
        "status = [403, 2000]",
        "nobody[0].status: holds 2000",
    ),
    (
        "status = [403, 200]",
        "status = []",
        "nobody[0].status: must not be empty",
    ),
    (
        "redirect_to = [\"/\",",
        "redirect_to = [\"x\",",
        "nobody[1].redirect_to: `x` does not begin",
    ),
    (
        "[[nobody]]\nname = \"sent-away\"",
        "[[nobody]]\nname = \"unused\"\nredirect_to = []\n[[nobody]]\nname = \"sent-away\"",
        "nobody[1].name: `unused` is used by no page",
    ),
];

#[test]
fn probes_must_be_able_to_tell() {
    for (from, to, wanted) in PROBES {
        refused(from, to, &[wanted]);
    }
    // Without the texts there would be a sign by title alone.
    let found = after("texts = [\"Session", "text = [\"Session");
    assert!(
        found
            .iter()
            .any(|line| line == "nobody[0].texts: is missing"),
        "{found:#?}"
    );
}
