//! Finds the place of a link by a CSS selector. The page's own bytes never come out of the parser:
//! it only says where the element stands, and it is let go as soon as it has.

use super::Place;
use super::search::Found;
use bytes::{Bytes, BytesMut};
use lol_html::send::{ElementContentHandlers, HtmlRewriter, Settings};
use lol_html::{MemorySettings, OutputSink, Selector};
use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What the parser may keep of a page, in bytes: a tag that is longer is none of ours.
const MEMORY_BYTES_MAX: usize = 128 * 1024;

/// No place yet.
const NOWHERE: usize = usize::MAX;

/// One search.
pub(super) struct Selection {
    /// Shared with nobody; a mutex because it is `Send` and not `Sync`.
    parser: Mutex<HtmlRewriter<'static, Passed>>,
    known: Arc<Known>,
    /// Bytes that went down.
    gone: usize,
    held: BytesMut,
}

/// What the parser tells.
struct Known {
    /// Where the link belongs, counted from the page's beginning.
    place: AtomicUsize,
    /// How many bytes the parser is done with.
    passed: AtomicUsize,
}

/// Counts what comes out of the parser, which is what went in.
struct Passed(Arc<Known>);

impl OutputSink for Passed {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        self.0.passed.fetch_add(chunk.len(), Ordering::Relaxed);
    }
}

impl Selection {
    pub(super) fn new(selector: &Selector, place: Place) -> Self {
        let known = Arc::new(Known {
            place: AtomicUsize::new(NOWHERE),
            passed: AtomicUsize::new(0),
        });
        let memory = MemorySettings::new().with_max_allowed_memory_usage(MEMORY_BYTES_MAX);
        // `strict` is the default: what a browser may read in two ways is given up.
        let settings = Settings::new_send()
            .with_memory_settings(memory)
            .append_element_content_handler((
                Cow::Borrowed(selector),
                handlers(place, known.clone()),
            ));
        Self {
            parser: Mutex::new(HtmlRewriter::new(settings, Passed(known.clone()))),
            known,
            gone: 0,
            held: BytesMut::new(),
        }
    }

    /// Looks at the next bytes of a page.
    pub(super) fn feed(&mut self, piece: &Bytes) -> Found {
        self.held.extend_from_slice(piece);
        let parser = self
            .parser
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let read = parser.write(piece);
        let place = self.known.place.load(Ordering::Relaxed);
        if place != NOWHERE {
            let at = place.checked_sub(self.gone);
            let Some(at) = at.filter(|at| *at <= self.held.len()) else {
                return Found::Never(self.rest());
            };
            let mut before = std::mem::take(&mut self.held).freeze();
            let behind = before.split_off(at);
            return Found::Here(before, behind);
        }
        if read.is_err() {
            return Found::Never(self.rest());
        }
        let passed = self.known.passed.load(Ordering::Relaxed);
        let go = passed.saturating_sub(self.gone).min(self.held.len());
        self.gone += go;
        let go = self.held.split_to(go).freeze();
        Found::NotYet((!go.is_empty()).then_some(go))
    }

    /// What was withheld.
    pub(super) fn rest(&mut self) -> Option<Bytes> {
        let held = std::mem::take(&mut self.held);
        (!held.is_empty()).then(|| held.freeze())
    }
}

/// Notes where the first element that fits begins, or ends.
fn handlers(place: Place, known: Arc<Known>) -> ElementContentHandlers<'static> {
    let note = move |known: &Known, at: usize| {
        // The first one counts.
        let _ = known
            .place
            .compare_exchange(NOWHERE, at, Ordering::Relaxed, Ordering::Relaxed);
    };
    let mut begun = false;
    ElementContentHandlers::default().element(
        move |element: &mut lol_html::send::Element<'_, '_>| {
            if begun {
                return Ok(());
            }
            begun = true;
            let tag = element.source_location().bytes();
            let name = element.tag_name();
            match (place, element.end_tag_handlers()) {
                (Place::Before, _) => note(&known, tag.start),
                // It has no end tag: an image, a line break.
                (Place::After, None) => note(&known, tag.end),
                (Place::After, Some(ends)) => {
                    let known = known.clone();
                    ends.push(Box::new(move |end| {
                        // Another element's end tag may end it as well; its own place is unknown then.
                        if end.name() == name {
                            note(&known, end.source_location().bytes().end);
                        }
                        Ok(())
                    }));
                }
            }
            Ok(())
        },
    )
}

impl std::fmt::Debug for Selection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Selection")
            .field("gone", &self.gone)
            .finish_non_exhaustive()
    }
}
