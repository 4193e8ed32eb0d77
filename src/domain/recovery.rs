//! The set of recovery codes of a binding: kept as keyed hashes, each good once.
//!
//! It is a part of the binding, so that a new binding, a disable and a reset cannot forget to end it,
//! and a used code is written by the same compare-and-swap as what it opens (invariant I5).

use crate::primitives::UnixSeconds;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as B64;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use subtle::{Choice, ConstantTimeEq};

/// Codes left from which on their owner is warned.
pub const FEW_LEFT: usize = 3;
/// Bytes of a keyed hash.
const DIGEST_BYTES: usize = 16;

/// Keyed hash of account and code.
pub type CodeDigest = [u8; DIGEST_BYTES];

/// A set of recovery codes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RecoverySet {
    /// When it was made.
    pub made: UnixSeconds,
    /// Codes that are still good.
    left: Digests,
    /// Codes that were used: told apart from codes that never were.
    used: Digests,
}

/// What a code is worth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Worth {
    /// Good, and used up from here on.
    Good,
    /// It was good once.
    Used,
    /// Of another set, or of none.
    Nothing,
}

impl RecoverySet {
    /// A new set.
    pub fn new(digests: Vec<CodeDigest>, made: UnixSeconds) -> Self {
        Self {
            made,
            left: Digests(digests),
            used: Digests::default(),
        }
    }

    /// How many codes are still good.
    pub fn left(&self) -> usize {
        self.left.0.len()
    }

    /// How many codes it had.
    pub fn size(&self) -> usize {
        self.left.0.len().saturating_add(self.used.0.len())
    }

    /// Judges a code, and uses a good one up. Every hash is looked at, whatever fits before.
    pub fn spend(&mut self, digest: &CodeDigest) -> Worth {
        if self.left.has(digest) {
            self.left.0.retain(|known| known != digest);
            self.used.0.push(*digest);
            return Worth::Good;
        }
        if self.used.has(digest) {
            return Worth::Used;
        }
        Worth::Nothing
    }

    /// Whether a code is of this set, used or not.
    pub fn knows(&self, digest: &CodeDigest) -> bool {
        self.left.has(digest) | self.used.has(digest)
    }
}

/// Hashes; stored as one text, a third of what numbers in brackets would take.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Digests(Vec<CodeDigest>);

impl Digests {
    fn has(&self, digest: &CodeDigest) -> bool {
        let found = self
            .0
            .iter()
            .fold(Choice::from(0), |found, known| found | known.ct_eq(digest));
        bool::from(found)
    }
}

impl Serialize for Digests {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&B64.encode(self.0.concat()))
    }
}

impl<'de> Deserialize<'de> for Digests {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let bytes = B64.decode(text).map_err(de::Error::custom)?;
        let (digests, rest) = bytes.as_chunks::<DIGEST_BYTES>();
        if !rest.is_empty() {
            return Err(de::Error::custom("half a hash"));
        }
        Ok(Self(digests.to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_code_is_good_once() {
        let mut set = RecoverySet::new(vec![[1; 16], [2; 16]], UnixSeconds(7));
        assert_eq!((set.left(), set.size()), (2, 2));
        assert_eq!(set.spend(&[3; 16]), Worth::Nothing);
        assert_eq!(set.spend(&[1; 16]), Worth::Good);
        assert_eq!(set.spend(&[1; 16]), Worth::Used);
        assert_eq!((set.left(), set.size()), (1, 2));
        assert!(set.knows(&[1; 16]) && set.knows(&[2; 16]) && !set.knows(&[3; 16]));
    }

    #[test]
    fn a_set_is_stored_in_little_and_half_a_hash_is_refused() {
        let set = RecoverySet::new((0..10).map(|n| [n; 16]).collect(), UnixSeconds(7));
        let stored = serde_json::to_string(&set).unwrap();
        assert!(stored.len() < 260, "{} bytes", stored.len());
        assert_eq!(serde_json::from_str::<RecoverySet>(&stored).unwrap(), set);
        for bad in [r#""AAAA""#, r#""?""#, "7"] {
            let bad = format!(r#"{{"made":7,"left":"","used":{bad}}}"#);
            assert!(serde_json::from_str::<RecoverySet>(&bad).is_err(), "{bad}");
        }
    }

    proptest! {
        /// In whatever order and how often codes are typed: each opens once, and none is lost.
        #[test]
        fn every_code_opens_exactly_once(typed in prop::collection::vec(0u8..12, 0..60)) {
            let mut set = RecoverySet::new((0..10).map(|n| [n; 16]).collect(), UnixSeconds(7));
            let mut opened = std::collections::BTreeSet::new();
            for code in typed {
                let worth = set.spend(&[code; 16]);
                let expected = match code {
                    10.. => Worth::Nothing,
                    _ if opened.insert(code) => Worth::Good,
                    _ => Worth::Used,
                };
                prop_assert_eq!(worth, expected);
                prop_assert_eq!(set.left(), 10 - opened.len());
                prop_assert_eq!(set.size(), 10);
            }
        }
    }
}
