//! The tripwire: the beginning of an HTML page is held until it is known whose it is (evidence 5 of
//! design.md section 3), so that not a byte of a page goes down that names the wrong user.

use crate::primitives::UserId;
use crate::profile::{MarkerHit, MarkerScan, Profile};
use bytes::{Bytes, BytesMut};

/// How much of a page is held at most while its header block is looked for. SPSE's stands in the
/// first kilobytes; behind that the search runs along with the stream.
const HELD_BYTES_MAX: usize = 64 * 1024;

/// Watches one page.
pub struct Tripwire {
    scan: MarkerScan,
    owner: Option<UserId>,
    held: Vec<Bytes>,
    held_bytes: usize,
    state: Watching,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Watching {
    Holding,
    Streaming,
    Satisfied,
}

/// The page names somebody who must not be there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Tripped {
    /// A header block where nobody should be logged in, or one that cannot be read.
    Marker,
    /// Another user than the session's.
    OtherUser(UserId),
    /// UTF-16 by its first bytes: it cannot be searched.
    Unreadable,
}

impl Tripwire {
    /// For a page of `owner`'s session, or of a visitor's.
    pub fn new(profile: &Profile, owner: Option<UserId>) -> Self {
        Self {
            scan: MarkerScan::new(profile),
            owner,
            held: Vec::new(),
            held_bytes: 0,
            state: Watching::Holding,
        }
    }

    /// Takes a piece of the page and gives back what may go down now.
    ///
    /// # Errors
    /// [`Tripped`]: then nothing more may go down.
    pub fn feed(&mut self, piece: Option<Bytes>, end: bool) -> Result<Option<Bytes>, Tripped> {
        if self.state == Watching::Satisfied {
            return Ok(piece);
        }
        if let Some(piece) = &piece {
            if self.held_bytes == 0
                && self.state == Watching::Holding
                && matches!(piece.get(..2), Some([0xfe, 0xff] | [0xff, 0xfe]))
            {
                return Err(Tripped::Unreadable);
            }
            let hit = self.scan.feed(piece);
            self.judge(hit)?;
        }
        if self.state == Watching::Streaming {
            return Ok(piece);
        }
        let release = end
            || self.state == Watching::Satisfied
            || self.held_bytes + piece.as_ref().map_or(0, Bytes::len) > HELD_BYTES_MAX;
        if !release {
            if let Some(piece) = piece {
                self.held_bytes += piece.len();
                self.held.push(piece);
            }
            return Ok(None);
        }
        if self.state == Watching::Holding {
            self.state = Watching::Streaming;
        }
        Ok(self.take_held(piece))
    }

    fn judge(&mut self, hit: MarkerHit) -> Result<(), Tripped> {
        match (hit, &self.owner) {
            (MarkerHit::Nothing, _) => Ok(()),
            // The name is still to come; for an owner it decides.
            (MarkerHit::LoggedIn, Some(_)) => Ok(()),
            (MarkerHit::Users(users), Some(owner)) => {
                match users.into_iter().find(|user| user != owner) {
                    Some(other) => Err(Tripped::OtherUser(other)),
                    None => {
                        self.state = Watching::Satisfied;
                        Ok(())
                    }
                }
            }
            (MarkerHit::Unreadable, _) | (_, None) => Err(Tripped::Marker),
        }
    }

    fn take_held(&mut self, last: Option<Bytes>) -> Option<Bytes> {
        if self.held.is_empty() {
            return last;
        }
        let mut all =
            BytesMut::with_capacity(self.held_bytes + last.as_ref().map_or(0, Bytes::len));
        for piece in self.held.drain(..) {
            all.extend_from_slice(&piece);
        }
        self.held_bytes = 0;
        if let Some(last) = last {
            all.extend_from_slice(&last);
        }
        Some(all.freeze())
    }
}
