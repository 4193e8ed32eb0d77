//! Signed heads of the audit log: what is sent away daily, so that somebody who holds the disk, or
//! even the key, cannot take back what was recorded before.
//!
//! One line of text, to be kept anywhere:
//! `gerbang-audit-head v1 site=… seq=… link=… at=… sig=… key=…`. The signature (Ed25519) is over
//! everything before ` sig=`. The key in the line only tells which key to ask for; a head is
//! believed by the public key that the verifier brings.

use super::chain::Link;
use super::{B64, MasterKey, SealError};
use crate::primitives::UnixSeconds;
use base64::Engine;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use std::fmt;

/// How a head begins.
const OPENING: &str = "gerbang-audit-head v1 ";
/// Bytes of an Ed25519 signature.
const SIGNATURE_BYTES: usize = 64;

/// The public half of the key that signs heads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HeadKey([u8; 32]);

impl HeadKey {
    /// URL-safe base64, to be published.
    pub fn to_text(self) -> String {
        B64.encode(self.0)
    }

    /// Reads what [`HeadKey::to_text`] wrote.
    pub fn from_text(text: &str) -> Option<Self> {
        B64.decode(text).ok()?.try_into().ok().map(Self)
    }
}

/// Signs heads.
pub struct HeadSigner(Ed25519KeyPair);

impl HeadSigner {
    /// The signing key of this master key.
    ///
    /// # Errors
    /// [`SealError`] when the key cannot be made.
    pub fn new(master: &MasterKey) -> Result<Self, SealError> {
        let seed = master.derive_checked(b"audit-head")?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&*seed).map_err(|_| SealError)?;
        Ok(Self(pair))
    }

    /// What verifies its heads.
    pub fn key(&self) -> HeadKey {
        let mut key = HeadKey([0; 32]);
        // An Ed25519 public key has 32 bytes (RFC 8032 section 5.1.5).
        key.0.copy_from_slice(self.0.public_key().as_ref());
        key
    }

    /// Signs where the log of `site` stands at `at`.
    pub fn sign(&self, site: &str, sequence: u64, link: Link, at: UnixSeconds) -> Head {
        let mut head = Head {
            site: site.to_owned(),
            sequence,
            link,
            at,
            signature: [0; SIGNATURE_BYTES],
            key: self.key(),
        };
        let signature = self.0.sign(head.signed_text().as_bytes());
        head.signature.copy_from_slice(signature.as_ref());
        head
    }
}

impl fmt::Debug for HeadSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HeadSigner(..)")
    }
}

/// Where the log of a site stood at a time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Head {
    /// Id of the site, `site.id`: a-z, 0-9 and -.
    pub site: String,
    /// Sequence number of the newest record; 0 when there was none.
    pub sequence: u64,
    /// Its link.
    pub link: Link,
    /// When it was signed.
    pub at: UnixSeconds,
    signature: [u8; SIGNATURE_BYTES],
    key: HeadKey,
}

impl Head {
    /// The line.
    pub fn to_line(&self) -> String {
        format!(
            "{} sig={} key={}",
            self.signed_text(),
            B64.encode(self.signature),
            self.key.to_text()
        )
    }

    fn signed_text(&self) -> String {
        format!(
            "{OPENING}site={} seq={} link={} at={}",
            self.site,
            self.sequence,
            self.link.to_text(),
            self.at.to_rfc3339()
        )
    }

    /// Finds a head in a line, also behind what a log wrote in front of it and before what it
    /// wrote behind it; `None` when there is none that is written as [`Head::to_line`] writes. It
    /// is not believed yet: see [`Head::is_signed_by`].
    pub fn find_in(line: &str) -> Option<Self> {
        let (_, rest) = line.split_once(OPENING)?;
        let mut words = rest.split(' ');
        let mut next = |name: &str| words.next()?.strip_prefix(name)?.strip_prefix('=');
        let site = next("site")?.to_owned();
        let sequence = next("seq")?.parse().ok()?;
        let link = Link::from_text(next("link")?)?;
        let at = UnixSeconds::from_rfc3339(next("at")?)?;
        let signature = B64.decode(next("sig")?).ok()?.try_into().ok()?;
        let is_key = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let key = next("key")?;
        let key = key.get(..key.find(|c| !is_key(c)).unwrap_or(key.len()))?;
        let head = Self {
            site,
            sequence,
            link,
            at,
            signature,
            key: HeadKey::from_text(key)?,
        };
        // One way to write it: no plus signs, no leading zeros.
        line.contains(&head.to_line()).then_some(head)
    }

    /// Whether `key` signed it.
    pub fn is_signed_by(&self, key: HeadKey) -> bool {
        UnparsedPublicKey::new(&ED25519, key.0)
            .verify(self.signed_text().as_bytes(), &self.signature)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: UnixSeconds = UnixSeconds(1_795_333_473);

    fn signer(key: u8) -> HeadSigner {
        HeadSigner::new(&MasterKey::new([key; 32])).unwrap()
    }

    fn head() -> Head {
        signer(1).sign("eproc4", 123, Link([7; 32]), AT)
    }

    #[test]
    fn a_head_is_one_line_that_reads_back() {
        let head = head();
        let line = head.to_line();
        assert_eq!(
            line.split(" sig=").next(),
            Some(
                "gerbang-audit-head v1 site=eproc4 seq=123 \
                 link=BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc at=2026-11-22T07:44:33Z"
            )
        );
        assert_eq!(Head::find_in(&line), Some(head.clone()));
        let wrapped = format!("<85>1 - host gerbang: {line}\n");
        assert_eq!(Head::find_in(&wrapped), Some(head.clone()));
        let json = format!("{{\"head\":\"{line}\",\"x\":1}}");
        assert_eq!(Head::find_in(&json), Some(head));
    }

    #[test]
    fn only_the_signing_key_verifies_and_the_line_cannot_bring_its_own() {
        let (ours, theirs) = (signer(1), signer(2));
        assert!(head().is_signed_by(ours.key()));
        assert!(!head().is_signed_by(theirs.key()));
        let forged = theirs.sign("eproc4", 123, Link([7; 32]), AT);
        assert_eq!(forged.key, theirs.key());
        assert!(!forged.is_signed_by(ours.key()), "whatever key it names");
        let key = HeadKey::from_text(&ours.key().to_text()).unwrap();
        assert!(head().is_signed_by(key), "the public key is enough");
    }

    #[test]
    fn no_changed_character_leaves_a_good_head() {
        let (line, key) = (head().to_line(), signer(1).key());
        let end = line.find(" key=").unwrap();
        for at in 0..end {
            let mut bent = line.clone().into_bytes();
            bent[at] = if bent[at] == b'1' { b'2' } else { b'1' };
            let read = Head::find_in(std::str::from_utf8(&bent).unwrap());
            let believed = read.is_some_and(|head| head.is_signed_by(key));
            assert!(!believed, "character {at} of {line}");
        }
    }

    #[test]
    fn what_is_no_head_is_refused() {
        let line = head().to_line();
        for bad in [
            "",
            "gerbang-audit-head v1 ",
            &line.replace(" v1 ", " v2 "),
            &line.replace("seq=123", "seq=0123"),
            &line.replace("seq=123", "seq=+123"),
            &line.replace("seq=123", "seq=99999999999999999999999"),
            &line.replace("seq=123 ", "seq=123  "),
            &line.replace("at=2026-11-22", "at=2026-11-31"),
            &line.replace(" link=", " lonk="),
            line.split(" key=").next().unwrap(),
            &line[..line.len() - 1],
        ] {
            assert_eq!(Head::find_in(bad), None, "{bad}");
        }
    }
}
