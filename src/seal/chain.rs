//! The chain that links the records of the audit log (peers.md C7).
//!
//! `link_n = HMAC-SHA256(key, link_{n-1} ‖ n ‖ commit ‖ SHA-256(sealed bytes))`, numbers as 64 bits
//! big-endian, `link_0` all zero. Without the master key nobody can make a link, so nobody can
//! change, insert, reorder or remove a record unseen. What the chain alone cannot show is that its
//! end was cut off: heads that were sent elsewhere do ([`super::head`]).

use super::{B64, MasterKey, SealError};
use base64::Engine;
use ring::hmac;
use std::fmt;

/// Bytes of a link.
pub const LINK_BYTES: usize = 32;

/// One link. No secret: it stands in the store and in every head that is sent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link(pub [u8; LINK_BYTES]);

impl Link {
    /// Before the first record. Not bound to the store's instance, which a restore changes.
    pub const ZERO: Self = Self([0; LINK_BYTES]);

    /// URL-safe base64.
    pub fn to_text(self) -> String {
        B64.encode(self.0)
    }

    /// Reads what [`Link::to_text`] wrote.
    pub fn from_text(text: &str) -> Option<Self> {
        B64.decode(text).ok()?.try_into().ok().map(Self)
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Link({})", self.to_text())
    }
}

/// What a link is made of, beside the link before it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LinkOf<'a> {
    /// Sequence number of the record.
    pub sequence: u64,
    /// Number of the commit that appended it.
    pub commit: u64,
    /// SHA-256 over its sealed bytes.
    pub digest: &'a [u8; 32],
}

/// Makes links. A store cannot be made without one.
#[derive(Clone)]
pub struct AuditChain(hmac::Key);

impl AuditChain {
    /// The chain of this master key.
    ///
    /// # Errors
    /// [`SealError`] when the key cannot be made.
    pub fn new(master: &MasterKey) -> Result<Self, SealError> {
        let key = master.derive_checked(b"audit-chain")?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &*key)))
    }

    /// The link behind `previous`.
    pub fn link(&self, previous: Link, of: LinkOf<'_>) -> Link {
        let mut mac = hmac::Context::with_key(&self.0);
        mac.update(&previous.0);
        mac.update(&of.sequence.to_be_bytes());
        mac.update(&of.commit.to_be_bytes());
        mac.update(of.digest);
        let mut link = Link::ZERO;
        // A SHA-256 tag has as many bytes as a link.
        link.0.copy_from_slice(mac.sign().as_ref());
        link
    }
}

impl fmt::Debug for AuditChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuditChain(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::digest;

    fn chain(key: u8) -> AuditChain {
        AuditChain::new(&MasterKey::new([key; 32])).unwrap()
    }

    #[test]
    fn a_link_depends_on_everything_that_goes_into_it() {
        let (one, two) = (digest(&[b"one"]), digest(&[b"two"]));
        let of = |sequence, commit, digest| LinkOf {
            sequence,
            commit,
            digest,
        };
        let first = chain(1).link(Link::ZERO, of(1, 7, &one));
        let others = [
            chain(2).link(Link::ZERO, of(1, 7, &one)),
            chain(1).link(first, of(1, 7, &one)),
            chain(1).link(Link::ZERO, of(2, 7, &one)),
            chain(1).link(Link::ZERO, of(1, 8, &one)),
            chain(1).link(Link::ZERO, of(1, 7, &two)),
        ];
        assert!(!others.contains(&first));
        assert_eq!(chain(1).link(Link::ZERO, of(1, 7, &one)), first);
    }

    #[test]
    fn the_same_key_makes_the_same_link_in_every_version() {
        // Stored chains must verify for as long as there are stores: this value, which was worked
        // out by another program, never changes.
        let digest = digest(&[b"sealed"]);
        let of = LinkOf {
            sequence: 1,
            commit: 2,
            digest: &digest,
        };
        let link = chain(9).link(Link::ZERO, of);
        assert_eq!(
            link.to_text(),
            "wuhxPzn1hacSW_iPHXRZcLB4C5kTz-8ew53BjULK6VU"
        );
    }

    #[test]
    fn links_are_read_as_they_are_written() {
        let link = Link([0xfb; LINK_BYTES]);
        assert_eq!(Link::from_text(&link.to_text()), Some(link));
        for bad in [
            "",
            "AA",
            "*",
            &"A".repeat(44),
            &format!("{}=", link.to_text()),
        ] {
            assert_eq!(Link::from_text(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_key_does_not_print() {
        assert_eq!(format!("{:?}", chain(1)), "AuditChain(..)");
    }
}
