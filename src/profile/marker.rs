//! The tripwire: watches an answer stream by for the bytes that begin the header block of a
//! logged-in user's page, and reads the user id behind them (design.md section 3, evidence 5).

use super::Profile;
use super::users::Users;
use crate::primitives::UserId;
use memchr::memmem::Finder;
use std::sync::Arc;

/// Longest user id as written in the page, entities included, in bytes.
pub const ID_BYTES_MAX: usize = 400;

/// Most ids that one call reports; a page with more does not fit the profile.
const IDS_PER_FEED_MAX: usize = 16;

/// What the tripwire looks for.
#[derive(Debug)]
pub(super) struct Marker {
    finder: Finder<'static>,
    after: u8,
}

impl Marker {
    pub(super) fn new(before_user_id: &str, after_user_id: u8) -> Self {
        Self {
            finder: Finder::new(before_user_id).into_owned(),
            after: after_user_id,
        }
    }

    fn needle(&self) -> &[u8] {
        self.finder.needle()
    }
}

/// What a chunk showed. The worst comes first when a chunk shows several things: unreadable, then
/// ids, then a block whose id is still to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarkerHit {
    /// No block.
    Nothing,
    /// A block has begun; its id ends in a later chunk.
    LoggedIn,
    /// The ids of the blocks that ended in this chunk, folded, in their order, at least one.
    Users(Vec<UserId>),
    /// A block whose id is too long, empty or no name, or too many blocks.
    Unreadable,
}

/// Watches one answer. What it finds depends on the bytes, not on the chunks.
#[derive(Debug)]
pub struct MarkerScan {
    marker: Arc<Marker>,
    users: Arc<Users>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Looking for the needle. Holds the longest end of what was seen that begins the needle.
    Seeking(Vec<u8>),
    /// Behind the needle. Holds the id as far as seen.
    Reading(Vec<u8>),
}

impl MarkerScan {
    /// Begins an answer.
    pub fn new(profile: &Profile) -> Self {
        Self {
            marker: Arc::clone(&profile.marker),
            users: Arc::clone(&profile.users),
            state: State::Seeking(Vec::new()),
        }
    }

    /// Looks at the next bytes.
    pub fn feed(&mut self, chunk: &[u8]) -> MarkerHit {
        let mut ids = Vec::new();
        let mut unreadable = false;
        let mut rest = chunk;
        while !rest.is_empty() {
            rest = match &mut self.state {
                State::Seeking(begun) => match seek(&self.marker, begun, rest) {
                    Some(behind) => {
                        self.state = State::Reading(Vec::new());
                        behind
                    }
                    None => break,
                },
                State::Reading(id) => match read_id(self.marker.after, id, rest) {
                    Read::NotYet => break,
                    Read::Ended(behind) => {
                        match user(&self.users, id) {
                            Some(user) if ids.len() < IDS_PER_FEED_MAX => ids.push(user),
                            _ => unreadable = true,
                        }
                        self.state = State::Seeking(Vec::new());
                        behind
                    }
                    Read::TooLong(behind) => {
                        unreadable = true;
                        self.state = State::Seeking(Vec::new());
                        behind
                    }
                },
            };
        }
        if unreadable {
            MarkerHit::Unreadable
        } else if !ids.is_empty() {
            MarkerHit::Users(ids)
        } else if matches!(self.state, State::Reading(_)) {
            MarkerHit::LoggedIn
        } else {
            MarkerHit::Nothing
        }
    }

    /// How many of the last bytes fed could be the beginning of the marker: a caller that lets
    /// nothing of a header block out withholds so many until the next chunk or the end.
    pub fn may_end_inside(&self) -> usize {
        match &self.state {
            State::Seeking(begun) => begun.len(),
            State::Reading(_) => 0,
        }
    }
}

fn user(users: &Users, id: &[u8]) -> Option<UserId> {
    let text = unescaped(std::str::from_utf8(id).ok()?);
    users.fold_id(&text).ok()
}

/// The bytes behind the next needle, `None` when it does not end in `chunk`.
fn seek<'c>(marker: &Marker, begun: &mut Vec<u8>, chunk: &'c [u8]) -> Option<&'c [u8]> {
    let needle = marker.needle();
    let keep = needle.len().saturating_sub(1);
    if !begun.is_empty() {
        let carried = begun.len();
        begun.extend_from_slice(&chunk[..chunk.len().min(keep)]);
        if let Some(at) = marker.finder.find(begun) {
            // The needle ends behind what was carried over, as that alone was shorter.
            return Some(&chunk[(at + needle.len()).saturating_sub(carried)..]);
        }
    }
    if let Some(at) = marker.finder.find(chunk) {
        return Some(&chunk[at + needle.len()..]);
    }
    if chunk.len() >= keep || begun.is_empty() {
        *begun = chunk[chunk.len() - chunk.len().min(keep)..].to_vec();
    }
    let overlap = (0..=begun.len().min(keep)).rev().find(|&n| {
        begun
            .len()
            .checked_sub(n)
            .is_some_and(|from| begun[from..] == needle[..n])
    });
    begun.drain(..begun.len() - overlap.unwrap_or(0));
    None
}

enum Read<'c> {
    NotYet,
    Ended(&'c [u8]),
    TooLong(&'c [u8]),
}

fn read_id<'c>(after: u8, id: &mut Vec<u8>, chunk: &'c [u8]) -> Read<'c> {
    let room = ID_BYTES_MAX - id.len();
    let end = memchr::memchr(after, &chunk[..chunk.len().min(room + 1)]);
    match end {
        Some(at) => {
            id.extend_from_slice(&chunk[..at]);
            Read::Ended(&chunk[at + 1..])
        }
        None if chunk.len() > room => Read::TooLong(&chunk[room..]),
        None => {
            id.extend_from_slice(chunk);
            Read::NotYet
        }
    }
}

/// Character references (HTML 13.5) that a template engine writes in an attribute.
const NAMED: [(&str, char); 6] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", '\u{a0}'),
];

/// `text` with character references replaced, numeric ones and [`NAMED`].
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, reference)) = rest.split_once('&') {
        out.push_str(plain);
        let decoded = reference
            .split_once(';')
            .and_then(|(name, behind)| referenced(name).map(|sign| (sign, behind)));
        match decoded {
            Some((sign, behind)) => {
                out.push(sign);
                rest = behind;
            }
            None => {
                out.push('&');
                rest = reference;
            }
        }
    }
    out.push_str(rest);
    out
}

fn referenced(name: &str) -> Option<char> {
    let Some(number) = name.strip_prefix('#') else {
        return NAMED
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, sign)| *sign);
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => number.parse(),
    };
    code.ok().and_then(char::from_u32)
}

#[cfg(test)]
mod tests;
