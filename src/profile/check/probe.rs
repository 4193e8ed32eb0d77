//! Checks `[header_block]`, `[probe]` and `[[nobody]]`.

use super::one_byte;
use super::paths::patterns;
use crate::profile::classify::Paths;
use crate::profile::header_block::{HeaderBlock, Selected};
use crate::profile::identity::{NobodyKind, NobodySign, ProbePage};
use crate::profile::marker::Marker;
use crate::profile::path;
use crate::profile::pattern::Allowed;
use crate::profile::raw::{RawHeaderBlock, RawNobody, RawNobodyKind, RawPage, RawProfile};
use crate::profile::read::{Problems, nearest};
use std::sync::Arc;

/// Longest marker, in bytes: so many may be withheld at the end of a chunk.
const MARKER_BYTES_MAX: usize = 200;
/// Shortest marker, in bytes: a shorter one would be found on public pages.
const MARKER_BYTES_MIN: usize = 8;

/// `None` when a selector is bad or missing; a problem says so.
pub(super) fn header_block(
    raw: &RawHeaderBlock,
    context: &str,
    problems: &Problems,
) -> Option<HeaderBlock> {
    let select = |key: &str, text: &str| {
        if text.is_empty() {
            return None;
        }
        Selected::parse(text)
            .map_err(|problem| problems.add(key, problem))
            .ok()
    };
    let block = select("header_block.block", &raw.block);
    let link = select("header_block.link", &raw.link);
    if !raw.link_path.is_empty() && !path::is_canonical(raw.link_path.as_bytes()) {
        problems.add(
            "header_block.link_path",
            "is not a path spelled in the canonical way",
        );
    }
    let after = one_byte("header_block.after_user_id", &raw.after_user_id, problems);
    Some(HeaderBlock {
        block: block?,
        link: link?,
        id_attribute: raw.id_attribute.clone(),
        before_user_id: raw.before_user_id.clone(),
        after_user_id: after,
        link_path: format!("{context}{}", raw.link_path),
        link_key: raw.link_key.clone(),
        before_role: raw.before_role.clone(),
    })
}

/// `None` when there is none; a problem says so.
pub(super) fn marker(raw: &RawHeaderBlock, problems: &Problems) -> Option<Marker> {
    let marker = raw.marker.as_str();
    let [after] = raw.after_user_id.as_bytes() else {
        return None;
    };
    if marker.is_empty() {
        return None;
    }
    if !(MARKER_BYTES_MIN..=MARKER_BYTES_MAX).contains(&marker.len()) {
        let message = format!("must be {MARKER_BYTES_MIN} to {MARKER_BYTES_MAX} bytes");
        problems.add("header_block.marker", message);
    }
    if !marker.ends_with(&raw.before_user_id) {
        problems.add("header_block.marker", "must end with before_user_id");
    }
    Some(Marker::new(marker, *after))
}

pub(super) fn pages(
    raw: &RawProfile,
    paths: &Paths,
    context: &str,
    problems: &Problems,
) -> Vec<ProbePage> {
    let signs = signs(&raw.nobody, problems);
    let pages: Vec<ProbePage> = raw
        .probe
        .pages
        .iter()
        .map(|page| self::page(page, &signs, paths, context, problems))
        .collect();
    let with_signs = pages.iter().filter(|page| !page.nobody.is_empty()).count();
    if with_signs < raw.probe.nobody_pages {
        let message = format!("is more than the {with_signs} pages that have a sign of nobody");
        problems.add("probe.nobody_pages", message);
    }
    for (written, sign) in raw.nobody.iter().zip(&signs) {
        if !pages
            .iter()
            .any(|page| page.nobody.iter().any(|used| Arc::ptr_eq(used, sign)))
        {
            problems.add(&written.key, format!("`{}` is used by no page", sign.name));
        }
    }
    pages
}

fn page(
    raw: &RawPage,
    signs: &[Arc<NobodySign>],
    paths: &Paths,
    context: &str,
    problems: &Problems,
) -> ProbePage {
    let key = format!("{}.path", raw.key);
    if raw.path.is_empty() {
        // Reported when it was read.
    } else if !path::is_canonical(raw.path.as_bytes()) {
        problems.add(key, "is not a path spelled in the canonical way");
    } else if !paths.private.matches(&path::folded(raw.path.as_bytes())) {
        problems.add(
            key,
            "is none of paths.private, so it tells nothing about who is logged in",
        );
    }
    let mut nobody = Vec::new();
    for name in &raw.nobody {
        match signs.iter().find(|sign| sign.name == *name) {
            Some(sign) => nobody.push(Arc::clone(sign)),
            None => {
                let near = nearest(name, signs.iter().map(|sign| sign.name.as_str()));
                let message = format!("`{name}` is the name of no [[nobody]]{near}");
                problems.add(format!("{}.nobody", raw.key), message);
            }
        }
    }
    ProbePage {
        path: format!("{context}{}", raw.path),
        nobody,
    }
}

fn signs(raw: &[RawNobody], problems: &Problems) -> Vec<Arc<NobodySign>> {
    let mut signs: Vec<Arc<NobodySign>> = Vec::with_capacity(raw.len());
    for written in raw {
        if !written.name.is_empty() && signs.iter().any(|sign| sign.name == written.name) {
            problems.add(&written.key, format!("`{}` occurs twice", written.name));
        }
        let section = written.key.trim_end_matches("name");
        let kind = match &written.kind {
            RawNobodyKind::Redirect(to) => {
                let key = format!("{section}redirect_to");
                NobodyKind::Redirect(patterns(&key, to, Allowed::Exact, problems))
            }
            RawNobodyKind::Page {
                status,
                title,
                texts,
            } => {
                for (key, empty) in [("status", status.is_empty()), ("texts", texts.is_empty())] {
                    if empty {
                        problems.add(format!("{section}{key}"), "must not be empty");
                    }
                }
                let status = status
                    .iter()
                    .filter_map(|code| u16::try_from(*code).ok())
                    .collect();
                NobodyKind::Page {
                    status,
                    title: title.clone(),
                    texts: texts.clone(),
                }
            }
        };
        signs.push(Arc::new(NobodySign {
            name: written.name.clone(),
            kind,
        }));
    }
    signs
}
