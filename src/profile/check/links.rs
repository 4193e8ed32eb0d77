//! Checks `[[links]]`.

use super::paths::patterns;
use crate::profile::link::html;
use crate::profile::link::lexer::Lexer;
use crate::profile::link::search::Marker;
use crate::profile::link::{Anchor, Link, Links, Place, ResetLink, StatusLink};
use crate::profile::pattern::Allowed;
use crate::profile::raw::{RawLink, RawLinkKind, RawProfile};
use crate::profile::read::{Problems, nearest};
use memchr::memmem::Finder;
use std::sync::Arc;

/// Shortest marker, in bytes: a shorter one would be found anywhere.
const MARKER_BYTES_MIN: usize = 4;
/// Longest marker, in bytes: nearly so many may be withheld at the end of a piece.
const MARKER_BYTES_MAX: usize = 200;
/// Longest words of a link, in bytes.
const LABEL_BYTES_MAX: usize = 60;

pub(super) fn check(raw: &RawProfile, problems: &Problems) -> Links {
    let mut links = Links::default();
    for written in &raw.links {
        let Some(kind) = &written.kind else { continue };
        let behind = match kind {
            // The block that the tripwire compares with the session's owner.
            RawLinkKind::Status { .. } => Some(raw.header_block.marker.as_str()),
            RawLinkKind::Reset { .. } => None,
        };
        let Some(link) = link(written, behind, problems) else {
            continue;
        };
        let twice = || problems.add(format!("{}.link", written.key), "occurs twice");
        match kind.clone() {
            RawLinkKind::Status { enable, disable } => {
                label(written, "enable", &enable, problems);
                label(written, "disable", &disable, problems);
                let new = StatusLink {
                    link,
                    enable,
                    disable,
                };
                if links.status.replace(new).is_some() {
                    twice();
                }
            }
            RawLinkKind::Reset { label: text, paths } => {
                label(written, "label", &text, problems);
                let key = format!("{}.paths", written.key);
                forms_only(&key, &paths, &raw.login.pages, problems);
                let new = ResetLink {
                    link,
                    label: text,
                    paths: patterns(&key, &paths, Allowed::Exact, problems),
                };
                if links.reset.replace(new).is_some() {
                    twice();
                }
            }
        }
    }
    links
}

/// `None` when something of it is missing or bad; a problem says so.
fn link(written: &RawLink, behind: Option<&str>, problems: &Problems) -> Option<Link> {
    let piece = html_of(written, problems);
    let anchor = match (&written.marker, &written.selector) {
        (Some(_), Some(_)) => {
            let message = "has a marker and a selector: it takes one of them";
            problems.add(&written.key, message);
            None
        }
        (None, None) => {
            problems.add(&written.key, "needs a marker or a selector");
            None
        }
        (Some(marker), None) => marker_of(written, marker, behind, problems),
        (None, Some(selector)) => selector_of(written, selector, problems),
    };
    Some(Link {
        anchor: Arc::new(anchor?),
        place: written.place?,
        html: piece?,
    })
}

fn html_of(written: &RawLink, problems: &Problems) -> Option<String> {
    if written.html.is_empty() {
        return None;
    }
    match html::check(&written.html) {
        Ok(()) => Some(written.html.clone()),
        Err(problem) => {
            problems.add(format!("{}.html", written.key), problem);
            None
        }
    }
}

fn marker_of(
    written: &RawLink,
    marker: &str,
    behind: Option<&str>,
    problems: &Problems,
) -> Option<Anchor> {
    if marker.is_empty() {
        return None;
    }
    let key = format!("{}.marker", written.key);
    if !(MARKER_BYTES_MIN..=MARKER_BYTES_MAX).contains(&marker.len()) {
        let message = format!("must be {MARKER_BYTES_MIN} to {MARKER_BYTES_MAX} bytes");
        problems.add(key, message);
        return None;
    }
    let mut lexer = Lexer::new();
    let read = lexer.read(marker.as_bytes());
    if written.place == Some(Place::After) && (read.is_err() || !lexer.in_content()) {
        problems.add(
            key,
            "ends inside a tag, a comment or a script, where no link can stand",
        );
        return None;
    }
    Some(Anchor::Marker(Box::new(Marker {
        behind: behind
            .filter(|behind| !behind.is_empty())
            .map(|behind| Finder::new(behind).into_owned()),
        at: Finder::new(marker).into_owned(),
    })))
}

fn selector_of(written: &RawLink, selector: &str, problems: &Problems) -> Option<Anchor> {
    if selector.is_empty() {
        return None;
    }
    match selector.parse() {
        Ok(parsed) => Some(Anchor::Selector(Box::new(parsed))),
        Err(problem) => {
            let message = format!("`{selector}` cannot be used as a CSS selector here: {problem}");
            problems.add(format!("{}.selector", written.key), message);
            None
        }
    }
}

/// Words that mean the same in every charset of a page.
fn label(written: &RawLink, key: &str, text: &str, problems: &Problems) {
    let plain = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if !plain || text.len() > LABEL_BYTES_MAX {
        let message = format!("must be printable ASCII of {LABEL_BYTES_MAX} bytes at most");
        problems.add(format!("{}.{key}", written.key), message);
    }
}

/// The reset is for those who cannot log in: its link stands on forms of the login and nowhere else.
fn forms_only(key: &str, paths: &[String], forms: &[String], problems: &Problems) {
    if paths.is_empty() {
        problems.add(key, "must name a page");
    }
    for path in paths.iter().filter(|path| !forms.contains(path)) {
        let near = nearest(path, forms.iter().map(String::as_str));
        problems.add(key, format!("`{path}` is none of login.pages{near}"));
    }
}
