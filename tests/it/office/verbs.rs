//! Every verb as people read it, at a running gateway and without one: the same words.

use super::{PAPER, act};
use crate::support::login::{first, password};
use crate::support::{World, quick};
use spse_standin::SessionMode;

/// What differs from run to run, by its kind.
fn steady(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let (word, kind) = word_at(rest);
        match kind {
            Some(kind) => out.push_str(kind),
            None if word.is_empty() => out.push(next),
            None => out.push_str(word),
        }
        rest = &rest[word.len().max(next.len_utf8())..];
    }
    // Columns are as wide as what stands in them.
    let line = |line: &str| {
        line.split("  ")
            .filter(|c| !c.is_empty())
            .map(str::trim)
            .collect::<Vec<_>>()
            .join(" | ")
    };
    out.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// The word at the beginning of a text, and what to say instead.
fn word_at(text: &str) -> (&str, Option<&'static str>) {
    let matches = |pattern: &str| {
        let mut signs = text.char_indices();
        let fits = pattern.chars().all(|want| match (want, signs.next()) {
            ('9', Some((_, got))) => got.is_ascii_digit(),
            ('x', Some((_, got))) => got.is_ascii_alphanumeric() || got == '_' || got == '-',
            (want, Some((_, got))) => want == got,
            (_, None) => false,
        });
        fits.then(|| &text[..pattern.len()])
    };
    for (pattern, kind) in [
        ("99-99-9999 99.99 WIB", "DATE"),
        ("9999-99-99 99:99:99", "STAMP"),
        ("9999-99-99T99:99:99+07:00", "RFC3339"),
        ("gs:xxxxxx", "SESSION"),
        ("9999 9999\n", "CODE\n"),
        ("9999999999", "SECONDS"),
        ("xxxxxx-x ", "REQUEST "),
    ] {
        if let Some(word) = matches(pattern) {
            return (word, Some(kind));
        }
    }
    ("", None)
}

/// Somebody with a second factor, somebody without, and what was planned.
async fn world() -> World {
    let world = World::with(quick(SessionMode::InCookie), |gateway| gateway).await;
    first(&world.browser(), "PPK301").await;
    password(&world.browser(), "REKANAN1").await;
    let role = "Pejabat Pembuat Komitmen";
    let plan = [
        "policy",
        "schedule",
        "--at",
        "9d",
        "--role",
        role,
        "--mode",
        "encouraged",
        "--skips",
        "3",
    ];
    act(&world, &plan).done();
    act(
        &world,
        &["policy", "freeze", "--from", "1d", "--until", "2d"],
    )
    .done();
    act(&world, &["user", "exempt", "REKANAN1", "--until", "3d"]).done();
    world
}

/// Verbs that only look.
const LOOKS: [&[&str]; 12] = [
    &["policy", "show"],
    &["policy", "forecast"],
    &["policy", "forecast", "--csv"],
    &["policy", "forecast", "--everybody", "--mode", "off"],
    &["user", "list"],
    &["user", "list", "PPK", "--active", "--json"],
    &["user", "show", "ppk301"],
    &["user", "show", "REKANAN1"],
    &["explain", "user", "PPK301"],
    &["explain", "user", "REKANAN1"],
    &["audit", "verify"],
    &["policy", "show", "--json"],
];

#[tokio::test(flavor = "multi_thread")]
async fn what_verbs_say_is_the_same_with_and_without_a_gateway() {
    let mut world = world().await;
    // A second may pass between two looks, and the largest units with it.
    let told = |world: &World| {
        LOOKS
            .iter()
            .map(|verb| {
                let said = world.gateway.cli(verb).done();
                let said = said.replace("another 3 d:", "another SPAN:");
                let said = said.replace("another 2 d 23 h:", "another SPAN:");
                format!("$ gerbang {}\n{}\n", verb.join(" "), steady(&said))
            })
            .collect::<Vec<_>>()
            .join("\n")
    };
    let with = told(&world);
    world.gateway.stop();
    let without = told(&world);
    // Logins that wait are no sessions of a process that is gone; all else is the same.
    assert_eq!(with, without);
    insta::assert_snapshot!("looks", with);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_acts_say_beforehand_and_afterwards() {
    let world = world().await;
    let paper: Vec<&str> = PAPER.to_vec();
    let mut told = String::new();
    let mut acts: Vec<Vec<&str>> = vec![
        vec![
            "policy",
            "set",
            "--type",
            "penyedia",
            "--mode",
            "required",
            "--rollback",
            "20/30",
        ],
        vec!["policy", "ceiling", "optional"],
        vec!["policy", "unset", "--type", "penyedia"],
        vec!["policy", "thaw", "2"],
        vec!["policy", "unschedule", "1"],
        vec!["breakglass", "on", "--until", "1h"],
        vec!["breakglass", "off"],
        vec!["user", "unlock", "PPK301"],
        vec!["user", "exempt", "REKANAN1", "--end"],
        vec!["session", "end", "--user", "PPK301"],
        vec!["clock", "accept"],
    ];
    acts.push([&["user", "activation-code", "REKANAN1"][..], &paper].concat());
    acts.push([&["user", "reset", "PPK301"][..], &paper].concat());
    for verb in acts {
        let dry = act(&world, &[&verb[..], &["--dry-run"]].concat()).done();
        let done = act(&world, &verb).done();
        told.push_str(&format!(
            "$ gerbang {} --dry-run\n{}\n$ gerbang {0}\n{}\n\n",
            verb.join(" "),
            steady(&dry),
            steady(&done)
        ));
    }
    insta::assert_snapshot!("acts", told);
}
