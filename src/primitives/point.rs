//! A public key on the curve P-256, as browsers send it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What an uncompressed point begins with; x and y follow.
const UNCOMPRESSED: u8 = 4;

/// An uncompressed point (SEC 1 section 2.3.3). Whether it lies on the curve shows when it is used.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct P256Point {
    x: [u8; 32],
    y: [u8; 32],
}

impl P256Point {
    /// Bytes of one.
    pub const BYTES: usize = 65;

    /// From base64url without padding.
    pub fn parse(text: &str) -> Option<Self> {
        Self::from_bytes(&B64.decode(text).ok()?)
    }

    /// From its 65 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (x, y) = bytes.strip_prefix(&[UNCOMPRESSED])?.split_at_checked(32)?;
        Some(Self {
            x: x.try_into().ok()?,
            y: y.try_into().ok()?,
        })
    }

    /// As it was sent.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [UNCOMPRESSED; Self::BYTES];
        bytes[1..33].copy_from_slice(&self.x);
        bytes[33..].copy_from_slice(&self.y);
        bytes
    }

    /// In base64url without padding.
    pub fn to_text(self) -> String {
        B64.encode(self.to_bytes())
    }
}

impl fmt::Debug for P256Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "point:{}", B64.encode(&self.x[..6]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_uncompressed_points_are_read() {
        let bytes: Vec<u8> = std::iter::once(4).chain(0..64).collect();
        let point = P256Point::from_bytes(&bytes).unwrap();
        assert_eq!(point.to_bytes().as_slice(), bytes);
        assert_eq!(P256Point::parse(&point.to_text()), Some(point));
        for bad in [
            vec![],
            bytes[..64].to_vec(),
            [&bytes[..], &[0]].concat(),
            // A compressed point, and one of another kind.
            [&[2], &bytes[1..]].concat(),
        ] {
            assert_eq!(P256Point::from_bytes(&bad), None, "{bad:?}");
            assert_eq!(P256Point::parse(&B64.encode(&bad)), None, "{bad:?}");
        }
        assert_eq!(P256Point::parse("*"), None);
    }
}
