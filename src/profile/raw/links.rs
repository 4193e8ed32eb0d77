//! `[[links]]` as it is written.

use crate::profile::link::Place;
use crate::profile::read::Reader;

/// One `[[links]]`.
#[derive(Debug)]
pub(in crate::profile) struct RawLink {
    pub(in crate::profile) key: String,
    /// `None` when it is none that is known; a problem says so.
    pub(in crate::profile) kind: Option<RawLinkKind>,
    pub(in crate::profile) marker: Option<String>,
    pub(in crate::profile) selector: Option<String>,
    pub(in crate::profile) place: Option<Place>,
    pub(in crate::profile) html: String,
}

/// The keys that only one kind of link has.
#[derive(Debug, Clone)]
pub(in crate::profile) enum RawLinkKind {
    /// `status`.
    Status { enable: String, disable: String },
    /// `reset`.
    Reset { label: String, paths: Vec<String> },
}

pub(super) fn link(mut r: Reader<'_>) -> RawLink {
    let key = r.key("").trim_end_matches('.').to_owned();
    let status = r.choice("link", &[("status", true), ("reset", false)]);
    let kind = status.map(|status| match status {
        true => RawLinkKind::Status {
            enable: r.string("enable"),
            disable: r.string("disable"),
        },
        false => RawLinkKind::Reset {
            label: r.string("label"),
            paths: r.strings("paths"),
        },
    });
    let places = [("before", Place::Before), ("after", Place::After)];
    let link = RawLink {
        key,
        marker: r.has("marker").then(|| r.string("marker")),
        selector: r.has("selector").then(|| r.string("selector")),
        place: r.choice("place", &places),
        html: r.string("html"),
        kind,
    };
    if link.kind.is_some() {
        // Without a kind nobody knows which of its keys are too many.
        r.finish();
    }
    link
}
