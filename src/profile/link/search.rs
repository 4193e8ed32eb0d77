//! Finds the place of a link by plain bytes: a marker that begins where text and elements may
//! stand, in a page that comes in pieces.

use super::Place;
use super::lexer::{Lexer, Lost};
use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;

/// What is looked for.
#[derive(Debug)]
pub(in crate::profile) struct Marker {
    /// Comes first, where there is one: the beginning of the block that names the user.
    pub(in crate::profile) behind: Option<Finder<'static>>,
    /// Where the link belongs.
    pub(in crate::profile) at: Finder<'static>,
}

/// One search.
#[derive(Debug)]
pub(super) struct Search {
    lexer: Lexer,
    /// What may be the beginning of a marker, read by the lexer up to its first byte.
    held: BytesMut,
    /// [`Marker::behind`] was found, or there is none.
    behind: bool,
}

/// What a piece showed.
pub(super) enum Found {
    /// Not yet. These bytes may go down.
    NotYet(Option<Bytes>),
    /// The link belongs between these two.
    Here(Bytes, Bytes),
    /// It is not to be found. These bytes go down, and all that follow.
    Never(Option<Bytes>),
}

impl Search {
    pub(super) fn new(marker: &Marker) -> Self {
        Self {
            lexer: Lexer::new(),
            held: BytesMut::new(),
            behind: marker.behind.is_none(),
        }
    }

    /// Looks at the next bytes of a page.
    pub(super) fn feed(&mut self, marker: &Marker, place: Place, piece: Bytes) -> Found {
        let all = if self.held.is_empty() {
            piece
        } else {
            let mut all = std::mem::take(&mut self.held);
            all.extend_from_slice(&piece);
            all.freeze()
        };
        match self.look(marker, &all) {
            Ok(Seen::At(begins, ends)) => {
                let mut before = all;
                let behind = before.split_off(match place {
                    Place::Before => begins,
                    Place::After => ends,
                });
                Found::Here(before, behind)
            }
            Ok(Seen::Nothing { keep }) => {
                let mut go = all;
                self.held = BytesMut::from(&*go.split_off(go.len() - keep));
                Found::NotYet((!go.is_empty()).then_some(go))
            }
            Err(Lost) => Found::Never(Some(all)),
        }
    }

    /// What was withheld, at the end of the page or when the search is given up.
    pub(super) fn rest(&mut self) -> Option<Bytes> {
        let held = std::mem::take(&mut self.held);
        (!held.is_empty()).then(|| held.freeze())
    }

    /// Looks for the marker. Without one the lexer has read all but what is to be kept.
    fn look(&mut self, marker: &Marker, all: &[u8]) -> Result<Seen, Lost> {
        let mut read = 0;
        loop {
            let finder = self.wanted(marker);
            let rest = all.get(read..).unwrap_or_default();
            let Some(at) = finder.find(rest).map(|at| read + at) else {
                let keep = may_begin(finder.needle(), rest);
                let upto = all.len() - keep;
                self.lexer.read(all.get(read..upto).unwrap_or_default())?;
                return Ok(Seen::Nothing { keep });
            };
            self.lexer.read(all.get(read..at).unwrap_or_default())?;
            let first = finder.needle().first().copied().unwrap_or_default();
            if !self.lexer.takes(first) {
                // In a tag, a comment, a script: the same bytes, another meaning.
                self.lexer.read(all.get(at..=at).unwrap_or_default())?;
                read = at + 1;
            } else if self.behind {
                return Ok(Seen::At(at, at + finder.needle().len()));
            } else {
                read = at + finder.needle().len();
                self.lexer.read(all.get(at..read).unwrap_or_default())?;
                self.behind = true;
            }
        }
    }

    fn wanted<'m>(&self, marker: &'m Marker) -> &'m Finder<'static> {
        match &marker.behind {
            Some(behind) if !self.behind => behind,
            _ => &marker.at,
        }
    }
}

/// What the bytes at hand showed.
enum Seen {
    /// The marker, from here to there.
    At(usize, usize),
    /// None; so many of the last bytes may be the beginning of one.
    Nothing { keep: usize },
}

/// How many of the last bytes may be the beginning of a needle.
fn may_begin(needle: &[u8], bytes: &[u8]) -> usize {
    let longest = needle.len().saturating_sub(1).min(bytes.len());
    let begins = |n: &usize| bytes.get(bytes.len() - *n..) == needle.get(..*n);
    (1..=longest).rev().find(begins).unwrap_or(0)
}
