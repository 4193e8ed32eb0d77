//! Checks `[paths]`, `[[public]]` and the paths of `[login]` and `[logout]`: each list by itself,
//! then that no allowance covers a way in.

use super::check_methods;
use crate::profile::classify::{Paths, PublicList};
use crate::profile::path;
use crate::profile::pattern::{Allowed, Pattern, PatternSet};
use crate::profile::raw::RawProfile;
use crate::profile::read::Problems;

/// Methods that only read; on a login path they show the form.
const READS: [&str; 2] = ["GET", "HEAD"];

pub(super) fn check(raw: &RawProfile, problems: &Problems) -> Paths {
    let set = |key: &str, texts: &[String], allowed| patterns(key, texts, allowed, problems);
    let static_files = set("paths.static", &raw.paths.static_files, Allowed::Subtrees);
    let exempt = set("paths.exempt", &raw.paths.exempt, Allowed::Subtrees);
    let tus = set("paths.tus", &raw.paths.tus, Allowed::Subtrees);
    let private = set("paths.private", &raw.paths.private, Allowed::Subtrees);
    let login = set("login.paths", &raw.login.paths, Allowed::Exact);
    let login_pages = set("login.pages", &raw.login.pages, Allowed::Exact);
    let logout = set("logout.paths", &raw.logout.paths, Allowed::Exact);
    let mut public = Vec::with_capacity(raw.public.len());
    for list in &raw.public {
        let methods: Vec<&str> = raw.requests.methods.iter().map(String::as_str).collect();
        check_methods(&list.key, &list.methods, &methods, problems);
        public.push(PublicList {
            methods: list.methods.clone(),
            paths: set(&list.key, &list.paths, Allowed::Exact),
            same_for_all: list.same_for_all,
        });
    }
    let mut paths = Paths {
        login_folded: login.folded(),
        login_pages: login_pages.folded(),
        logout_folded: logout.folded(),
        private: private.folded(),
        reset: set("paths.reset", &raw.paths.reset, Allowed::Exact).folded(),
        first_segments: Vec::new(),
        static_files,
        exempt,
        tus,
        public,
    };
    check_reach(raw, &paths, problems);
    check_logout(raw, &paths, problems);
    check_reset(raw, &paths, problems);
    paths.first_segments = first_segments(raw, &paths, problems);
    paths
}

/// Reads a list of patterns; those that are bad are noted and left out.
pub(super) fn patterns(
    key: &str,
    texts: &[String],
    allowed: Allowed,
    problems: &Problems,
) -> PatternSet {
    let mut good = Vec::with_capacity(texts.len());
    for (at, text) in texts.iter().enumerate() {
        match Pattern::parse(text, allowed) {
            Ok(_) if texts[..at].contains(text) => {
                problems.add(key, format!("`{text}` occurs twice"))
            }
            Ok(pattern) => good.push(pattern),
            Err(problem) => problems.add(key, problem),
        }
    }
    PatternSet::new(good)
}

/// An allowance must not cover a way in, a way out or a page for logged-in users, and the other way
/// round.
fn check_reach(raw: &RawProfile, paths: &Paths, problems: &Problems) {
    let guarded = [
        ("a login path", &paths.login_folded),
        ("a logout path", &paths.logout_folded),
        ("a page for logged-in users", &paths.private),
    ];
    for (key, allowance) in [
        ("paths.static", &paths.static_files),
        ("paths.exempt", &paths.exempt),
    ] {
        for (what, set) in guarded {
            if overlap(&allowance.folded(), set) {
                problems.add(key, format!("covers {what}"));
            }
        }
    }
    for (list, public) in raw.public.iter().zip(&paths.public) {
        let only_reads = public
            .methods
            .iter()
            .all(|method| READS.contains(&method.as_str()));
        for (what, guard) in guarded {
            let form = only_reads && what == "a login path";
            if !form && overlap(&public.paths.folded(), guard) {
                problems.add(&list.key, format!("covers {what}"));
            }
        }
    }
}

/// True when an example of one list is matched by the other.
fn overlap(one: &PatternSet, other: &PatternSet) -> bool {
    one.iter().any(|pattern| other.matches(&pattern.example()))
        || other.iter().any(|pattern| one.matches(&pattern.example()))
}

/// What is led to the own page for resets must not be needed by anything else.
fn check_reset(raw: &RawProfile, paths: &Paths, problems: &Problems) {
    let needed = [
        ("a login path", &paths.login_folded),
        ("a page of the login", &paths.login_pages),
        ("a logout path", &paths.logout_folded),
        ("a page for logged-in users", &paths.private),
        ("a static file", &paths.static_files),
        ("an exempt path", &paths.exempt),
    ];
    for (what, set) in needed {
        if overlap(&paths.reset, set) {
            problems.add("paths.reset", format!("covers {what}"));
        }
    }
    for (list, public) in raw.public.iter().zip(&paths.public) {
        if overlap(&paths.reset, &public.paths.folded()) {
            problems.add("paths.reset", format!("covers a path of {}", list.key));
        }
    }
}

fn check_logout(raw: &RawProfile, paths: &Paths, problems: &Problems) {
    let logout = &raw.logout;
    if !logout.method.is_empty() && !raw.requests.methods.contains(&logout.method) {
        problems.add("logout.method", "is none of requests.methods");
    }
    if logout.path.is_empty() {
        return;
    }
    if !path::is_canonical(logout.path.as_bytes()) {
        problems.add("logout.path", "is not spelled in the canonical way");
    } else if !paths
        .logout_folded
        .matches(&path::folded(logout.path.as_bytes()))
    {
        problems.add("logout.path", "is none of logout.paths");
    }
}

fn first_segments(raw: &RawProfile, paths: &Paths, problems: &Problems) -> Vec<Vec<u8>> {
    let lists = [
        &paths.static_files,
        &paths.exempt,
        &paths.tus,
        &paths.private,
        &paths.login_folded,
        &paths.login_pages,
        &paths.logout_folded,
    ];
    let public = paths.public.iter().map(|list| &list.paths);
    let named = lists.into_iter().chain(public).flat_map(PatternSet::iter);
    let mut segments: Vec<Vec<u8>> = named
        .filter_map(Pattern::first_segment)
        .map(|s| path::folded(s).into_owned())
        .collect();
    for word in &raw.paths.reserved {
        if word.contains('/') || !path::is_canonical(format!("/{word}").as_bytes()) {
            problems.add("paths.reserved", format!("`{word}` is no single segment"));
        }
        segments.push(path::folded(word.as_bytes()).into_owned());
    }
    segments.sort();
    segments.dedup();
    segments
}
