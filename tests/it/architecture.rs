//! The house as design.md section 7 draws it, read from `src/` itself: imports run downwards only,
//! a crate is named in its home alone, files stay short, and the code knows no word of SPSE.

mod source;

use source::{Source, sources};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The rooms from the ground up; rooms of one storey do not know each other but for [`NEIGHBOURS`].
/// `cli` stands low because it needs configuration and domain alone; `main` puts it together with `app`.
const STOREYS: [&[&str]; 11] = [
    &["primitives"],
    &["clock", "entropy", "authenticator", "profile"],
    &["domain"],
    &["config"],
    &["cli"],
    &[
        "seal",
        "store",
        "render",
        "mail",
        "push",
        "directory",
        "observe",
    ],
    &["flow"],
    &["control", "pages"],
    &["proxy"],
    &["app"],
    &["main", "lib"],
];

/// Records are sealed where they are stored, and heads of the log are signed where keys are. (`seal`
/// draws its nonces by `entropy`, a storey below.)
const NEIGHBOURS: [(&str, &str); 2] = [("store", "seal"), ("observe", "seal")];

/// Crates, and the files that may name them: each ends with a slash for a whole folder.
const HOMES: [(&str, &[&str]); 25] = [
    ("sled", &["store/sled.rs"]),
    ("totp_rs", &["authenticator/totp.rs"]),
    ("pingora", &["proxy/"]),
    ("pingora_core", &["proxy/"]),
    ("pingora_proxy", &["proxy/"]),
    ("pingora_http", &["proxy/"]),
    ("httparse", &["proxy/admin.rs"]),
    ("lettre", &["mail/"]),
    ("tokio_postgres", &["directory/sql.rs"]),
    ("tokio_postgres_rustls", &["directory/sql.rs"]),
    ("qrcode", &["render/qr.rs"]),
    ("handlebars", &["render/"]),
    ("scraper", &["profile/"]),
    ("lol_html", &["profile/link/"]),
    ("flate2", &["proxy/coding.rs"]),
    ("toml", &["config/", "profile/", "render/"]),
    ("clap", &["cli/"]),
    ("clap_mangen", &["cli/manual.rs"]),
    ("csv", &["cli/list.rs"]),
    ("listenfd", &["app/supervisor.rs"]),
    ("sd_notify", &["app/supervisor.rs"]),
    ("time", &["primitives/date.rs"]),
    (
        "rustls",
        &[
            "config/tls.rs",
            "config/push.rs",
            "directory/sql.rs",
            "proxy/",
        ],
    ),
    ("tracing_subscriber", &["app.rs"]),
    (
        "ring",
        &[
            "seal.rs",
            "seal/",
            "entropy.rs",
            "primitives/id.rs",
            "authenticator/device.rs",
            "push/",
            // Hashes of what is public or already a secret of 128 bits: no key is handled there.
            "domain/enrollment.rs", // compares codes in constant time
            "render/asset.rs",      // the version in the address of an asset
        ],
    ),
];

const LINES_MAX: usize = 400;

/// Longer files, how long they may be, and why. None may grow.
const LONG_FILES: [(&str, usize, &str); 0] = [];

/// Words of the application, of its protocol or of its users. They stand in the profile.
const FOREIGN_WORDS: [&str; 31] = [
    "SPSE_SESSION",
    "SPSE_FLASH",
    "SPSE_ERRORS",
    "___ID",
    "___AT",
    "___TS",
    "csrftoken",
    "txtPassword",
    "txtUserId",
    "txtCode",
    "authenticityToken",
    "isRekanan",
    "loginpass",
    "lt17",
    "formlogin",
    "selecttype",
    "dt/lelang",
    "lelang",
    "/beranda",
    "/paket",
    "viewuser",
    "logakses",
    "gantipassword",
    "Penyedia",
    "Pejabat",
    "Auditor",
    "Akses Ditolak",
    "Enable TOTP",
    "Disable TOTP",
    "Reset TOTP",
    "Lupa Password",
];

/// Where a foreign word may stand in a literal, and why.
const WORD_EXCEPTIONS: [(&str, &str, &str); 1] = [(
    "render/page/status.rs",
    "Pejabat",
    "a sample that `check` renders, not a rule",
)];

/// Whether a path belongs to a home; a tests file belongs to the file that it tests.
fn at_home(path: &str, homes: &[&str]) -> bool {
    homes.iter().any(|home| {
        let own_tests = home.strip_suffix(".rs").is_some_and(|stem| {
            path.strip_prefix(stem)
                .is_some_and(|rest| rest.starts_with("/tests"))
        });
        path == *home || (home.ends_with('/') && path.starts_with(home)) || own_tests
    })
}

fn storey(room: &str) -> Option<usize> {
    STOREYS.iter().position(|rooms| rooms.contains(&room))
}

/// Whether `from` may name `to`.
fn may_name(from: &str, to: &str) -> bool {
    match (storey(from), storey(to)) {
        (Some(from_at), Some(to_at)) => {
            from == to || to_at < from_at || NEIGHBOURS.contains(&(from, to))
        }
        _ => false,
    }
}

/// Imports of a file that run upwards or sideways.
fn upward_imports(source: &Source) -> Vec<String> {
    let from = source.room();
    let named: BTreeSet<String> = source.names_after("crate").into_iter().collect();
    let named_from_main = source.names_after("gerbang");
    named
        .into_iter()
        .chain(named_from_main)
        .filter(|to| to.chars().next().is_some_and(char::is_lowercase) && !may_name(from, to))
        .map(|to| {
            format!(
                "src/{}: {from} names {to}, which stands higher or beside it",
                source.path
            )
        })
        .collect()
}

/// Crates that a file names outside their home.
fn strayed_crates(source: &Source) -> Vec<String> {
    HOMES
        .iter()
        .filter(|(name, homes)| source.names_crate(name) && !at_home(&source.path, homes))
        .map(|(name, homes)| {
            format!(
                "src/{}: names the crate {name}, whose home is {homes:?}",
                source.path
            )
        })
        .collect()
}

/// Words of the application in literals of code that is no test.
fn foreign_words(source: &Source) -> Vec<String> {
    if source.is_test_file() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for literal in source.literals_outside_tests() {
        for word in FOREIGN_WORDS {
            let excepted = WORD_EXCEPTIONS
                .iter()
                .any(|(path, excepted, _)| *path == source.path && *excepted == word);
            if literal.contains(word) && !excepted {
                found.push(format!(
                    "src/{}: the literal {literal:?} knows {word}",
                    source.path
                ));
            }
        }
    }
    found
}

#[track_caller]
fn none(found: Vec<String>) {
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn imports_run_downwards_only() {
    none(sources().iter().flat_map(upward_imports).collect());
}

#[test]
fn a_crate_is_named_in_its_one_home() {
    none(sources().iter().flat_map(strayed_crates).collect());
}

#[test]
fn no_file_is_longer_than_400_lines() {
    let mut found = Vec::new();
    for source in sources() {
        let excepted = LONG_FILES.iter().find(|(path, ..)| *path == source.path);
        let limit = excepted.map_or(LINES_MAX, |(_, limit, _)| *limit);
        if source.lines() > limit {
            found.push(format!(
                "src/{}: {} lines, {limit} allowed",
                source.path,
                source.lines()
            ));
        }
        if excepted.is_some() && source.lines() <= LINES_MAX {
            found.push(format!("src/{}: needs no exception any more", source.path));
        }
    }
    none(found);
}

#[test]
fn the_code_knows_no_word_of_the_application() {
    none(sources().iter().flat_map(foreign_words).collect());
}

#[test]
fn only_the_clock_reads_the_clock_and_nothing_is_unsafe() {
    let mut found = Vec::new();
    for source in sources() {
        for call in ["SystemTime::now", "Instant::now", "thread_rng", "rand::"] {
            let home = [
                ("clock.rs", "SystemTime::now"),
                ("clock.rs", "Instant::now"),
                ("entropy.rs", "rand::"),
            ]
            .contains(&(source.path.as_str(), call));
            // A test may time how long it waited itself.
            let own_test = call == "Instant::now" && source.path.ends_with("tests.rs");
            if source.code().contains(call) && !home && !own_test {
                found.push(format!("src/{}: {call} (invariant I12)", source.path));
            }
        }
        if source.words().any(|word| word == "unsafe") {
            found.push(format!("src/{}: unsafe", source.path));
        }
    }
    none(found);
}

#[test]
fn every_room_has_its_storey_and_every_folder_its_notes() {
    let mut found = Vec::new();
    for source in sources() {
        if storey(source.room()).is_none() {
            found.push(format!(
                "src/{}: the room {} has no storey",
                source.path,
                source.room()
            ));
        }
        if source.path.ends_with("/mod.rs") && !source.raw.starts_with("//! ") {
            found.push(format!(
                "src/{}: does not begin with what the room is",
                source.path
            ));
        }
    }
    none(found);
}

/// The rules themselves must bite: each of these pieces breaks one.
/// A test file that no `mod` names is never compiled, and nobody notices that it is silent.
#[test]
fn every_test_file_is_part_of_the_suite() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let mut silent = Vec::new();
    let mut folders = vec![(root.clone(), root.join("main.rs"))];
    let mut seen = 0;
    while let Some((folder, parent)) = folders.pop() {
        let named = fs::read_to_string(&parent).unwrap();
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let inside = folder.join(&name).join("mod.rs");
            if path.is_dir() && inside.exists() {
                folders.push((path, inside));
            } else if path.is_dir() {
                let parent = folder.join(format!("{name}.rs"));
                if parent.exists() {
                    folders.push((path, parent));
                }
            } else if path.extension().is_some_and(|end| end == "rs") && path != parent {
                seen += 1;
                let line = format!("mod {name};");
                if name != "mod" && !named.lines().any(|l| l.trim_end().ends_with(&line)) {
                    silent.push(path.display().to_string());
                }
            }
        }
    }
    assert!(seen > 50, "only {seen} files found");
    none(silent);
}

#[test]
fn each_rule_finds_what_breaks_it() {
    let piece = |path: &str, text: &str| Source::new(path, text);
    for (path, text) in [
        ("domain/x.rs", "use crate::flow::Engine;"),
        ("domain/x.rs", "fn f() { crate::store::Mode::Existing; }"),
        ("flow/x.rs", "use crate::{clock, pages};"),
        ("profile/x.rs", "use crate::entropy::random;"),
        ("store/x.rs", "use crate::render::Page;"),
        ("proxy/x.rs", "use crate::app::run;"),
        ("cli/x.rs", "use crate::store::SledStore;"),
    ] {
        assert_eq!(upward_imports(&piece(path, text)).len(), 1, "{path} {text}");
    }
    for (path, text) in [
        ("flow/x.rs", "use crate::store::Store; // crate::proxy::x"),
        ("store/x.rs", "use crate::seal::RecordSeal;"),
        (
            "main.rs",
            "use gerbang::app::run; use gerbang::cli::run as r;",
        ),
        (
            "domain/x.rs",
            "/// See [`crate::flow`].\nconst A: &str = \"crate::flow::x\";",
        ),
    ] {
        assert_eq!(
            upward_imports(&piece(path, text)),
            Vec::<String>::new(),
            "{path} {text}"
        );
    }
    for (path, text) in [
        ("store/open.rs", "use sled::Db;"),
        ("store/open.rs", "fn f() -> ::sled::Db {}"),
        ("flow/x.rs", "use pingora::Result;"),
        ("flow/x.rs", "fn f() { ring::digest::digest(); }"),
        ("domain/totp.rs", "use totp_rs::TOTP;"),
    ] {
        assert_eq!(strayed_crates(&piece(path, text)).len(), 1, "{path} {text}");
    }
    for (path, text) in [
        ("store/sled.rs", "use ::sled::Db;"),
        (
            "store/mod.rs",
            "pub mod sled; pub use sled::SledStore; pub use self::sled::Stats;",
        ),
        ("proxy/x.rs", "use pingora::Result;"),
    ] {
        assert_eq!(
            strayed_crates(&piece(path, text)),
            Vec::<String>::new(),
            "{path} {text}"
        );
    }
    let word = piece(
        "flow/x.rs",
        "/// SPSE_SESSION\nconst N: &[u8] = br#\"SPSE_SESSION\"#;",
    );
    assert_eq!(foreign_words(&word).len(), 1);
    let tested = "fn f() {}\n#[cfg(test)]\nmod tests { const N: &str = \"SPSE_SESSION\"; }";
    assert_eq!(
        foreign_words(&piece("flow/x.rs", tested)),
        Vec::<String>::new()
    );
    let char_quote = "const Q: char = '\"'; const L: &'static str = \"Penyedia\";";
    assert_eq!(foreign_words(&piece("flow/x.rs", char_quote)).len(), 1);
}
