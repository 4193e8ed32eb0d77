//! Links to the gateway's own pages inside the application's: which, on which pages, where, in what
//! words. All of it is the profile's; the place is found while the page streams by, and nothing but
//! the link is added.
//!
//! | file | what |
//! |---|---|
//! | `search.rs`, `lexer.rs` | the place by plain bytes |
//! | `select.rs` | the place by a CSS selector |
//! | `html.rs` | the piece that is written |

pub(super) mod html;
pub(super) mod lexer;
pub(super) mod search;
mod select;

use super::Profile;
use super::pattern::PatternSet;
use bytes::{Bytes, BytesMut};
use lol_html::Selector;
use search::{Found, Marker, Search};
use select::Selection;
use std::sync::Arc;

/// How far into a page its place is looked for, in bytes. Header and login form stand at the front.
pub const SEARCHED_BYTES_MAX: usize = 1024 * 1024;

/// On which side of its place a link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Before the marker or the element.
    Before,
    /// Behind it.
    After,
}

/// By what a place is found.
#[derive(Debug)]
pub(super) enum Anchor {
    Marker(Box<Marker>),
    Selector(Box<Selector>),
}

/// One kind of link.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) anchor: Arc<Anchor>,
    pub(super) place: Place,
    pub(super) html: String,
}

/// The link behind the name in the header of pages for logged-in users.
#[derive(Debug)]
pub(super) struct StatusLink {
    pub(super) link: Link,
    /// Its words where no second factor is bound.
    pub(super) enable: String,
    /// Its words where one is.
    pub(super) disable: String,
}

/// The link on the form of the login.
#[derive(Debug)]
pub(super) struct ResetLink {
    pub(super) link: Link,
    pub(super) label: String,
    /// Below the context.
    pub(super) paths: PatternSet,
}

/// `[[links]]`.
#[derive(Debug, Default)]
pub(super) struct Links {
    pub(super) status: Option<StatusLink>,
    pub(super) reset: Option<ResetLink>,
}

impl Profile {
    /// Whether pages for logged-in users get a link.
    pub fn has_status_link(&self) -> bool {
        self.links.status.is_some()
    }

    /// Writes the link to the status page into one page of a logged-in user, in the words for an
    /// account with or without a second factor.
    pub fn status_link(&self, bound: bool, href: &str) -> Option<LinkWriter> {
        let status = self.links.status.as_ref()?;
        let label = if bound {
            &status.disable
        } else {
            &status.enable
        };
        Some(LinkWriter::new(&status.link, href, label))
    }

    /// Whether the page at this path, as it came and without query, gets a link to the reset.
    pub fn has_reset_link(&self, raw_path: &[u8]) -> bool {
        let below = self.below_context(raw_path);
        let reset = self.links.reset.as_ref();
        reset.is_some_and(|reset| below.is_some_and(|below| reset.paths.matches(below)))
    }

    /// Writes the link to the reset into one page.
    pub fn reset_link(&self, href: &str) -> Option<LinkWriter> {
        let reset = self.links.reset.as_ref()?;
        Some(LinkWriter::new(&reset.link, href, &reset.label))
    }
}

/// Writes one link into one page. Before and behind it every byte goes down as it came; so does the
/// whole page where the place is not found, or where it cannot be told whether it is one.
#[derive(Debug)]
pub struct LinkWriter {
    looking: Looking,
    anchor: Arc<Anchor>,
    place: Place,
    link: Bytes,
    seen: usize,
}

#[derive(Debug)]
enum Looking {
    ByBytes(Box<Search>),
    BySelector(Box<Selection>),
    /// Written.
    Done,
    /// Not to be found.
    GivenUp,
}

impl LinkWriter {
    fn new(link: &Link, href: &str, label: &str) -> Self {
        let looking = match &*link.anchor {
            Anchor::Marker(marker) => Looking::ByBytes(Box::new(Search::new(marker))),
            Anchor::Selector(selector) => {
                Looking::BySelector(Box::new(Selection::new(selector, link.place)))
            }
        };
        Self {
            looking,
            anchor: link.anchor.clone(),
            place: link.place,
            link: html::filled(&link.html, href, label).into(),
            seen: 0,
        }
    }

    /// Takes a piece of the page and gives back what may go down now. With `end` nothing is withheld
    /// any more.
    pub fn feed(&mut self, piece: Option<Bytes>, end: bool) -> Option<Bytes> {
        let out = match piece.filter(|piece| !piece.is_empty()) {
            Some(piece) => self.look(piece),
            None => None,
        };
        if end || self.seen > SEARCHED_BYTES_MAX {
            let rest = self.give_up();
            return joined(out, rest);
        }
        out
    }

    /// Whether the link was written.
    pub fn wrote(&self) -> bool {
        matches!(self.looking, Looking::Done)
    }

    fn look(&mut self, piece: Bytes) -> Option<Bytes> {
        self.seen = self.seen.saturating_add(piece.len());
        let found = match (&mut self.looking, &*self.anchor) {
            (Looking::ByBytes(search), Anchor::Marker(marker)) => {
                search.feed(marker, self.place, piece)
            }
            (Looking::BySelector(selection), _) => selection.feed(&piece),
            (Looking::ByBytes(_) | Looking::Done | Looking::GivenUp, _) => return Some(piece),
        };
        match found {
            Found::NotYet(out) => out,
            Found::Here(before, behind) => {
                self.looking = Looking::Done;
                let mut all =
                    BytesMut::with_capacity(before.len() + self.link.len() + behind.len());
                for part in [&before, &self.link, &behind] {
                    all.extend_from_slice(part);
                }
                Some(all.freeze())
            }
            Found::Never(out) => {
                self.looking = Looking::GivenUp;
                out
            }
        }
    }

    /// Ends the search; gives back what was withheld.
    fn give_up(&mut self) -> Option<Bytes> {
        let rest = match &mut self.looking {
            Looking::ByBytes(search) => search.rest(),
            Looking::BySelector(selection) => selection.rest(),
            Looking::Done | Looking::GivenUp => return None,
        };
        self.looking = Looking::GivenUp;
        rest
    }
}

fn joined(one: Option<Bytes>, other: Option<Bytes>) -> Option<Bytes> {
    match (one, other) {
        (Some(one), Some(other)) => Some([&one[..], &other[..]].concat().into()),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests;
