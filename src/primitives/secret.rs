//! Shared secrets and codes. They never print, and they are wiped when dropped.

use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Length of the shared secret in bytes: 160 bits (RFC 4226 section 4, R6 recommends 160).
pub const SHARED_SECRET_BYTES: usize = 20;

/// The key K known to the user's authenticator and to us (RFC 6238).
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
pub struct SharedSecret([u8; SHARED_SECRET_BYTES]);

impl SharedSecret {
    /// Wraps 160 random bits.
    pub fn new(bytes: [u8; SHARED_SECRET_BYTES]) -> Self {
        Self(bytes)
    }

    /// The key itself, for the one-time password calculation only.
    pub fn expose(&self) -> &[u8; SHARED_SECRET_BYTES] {
        &self.0
    }

    /// Base32 without padding, as apps expect it (32 signs).
    pub fn to_base32(&self) -> String {
        data_encoding::BASE32_NOPAD.encode(&self.0)
    }
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedSecret(..)")
    }
}

/// Six digits that somebody typed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct OtpCode([u8; 6]);

impl OtpCode {
    /// Six digits; spaces and hyphens anywhere are forgiven, since apps show `123 456`, and so are
    /// the full-width digits of some keyboards (U+FF10 to U+FF19).
    pub fn parse(typed: &str) -> Option<Self> {
        let digits: Vec<u8> = typed
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .map(|c| match c {
                '\u{ff10}'..='\u{ff19}' => u32::from(c).checked_sub(0xff10 - u32::from('0')),
                _ => Some(u32::from(c)),
            })
            .map(|c| u8::try_from(c?).ok().filter(u8::is_ascii_digit))
            .collect::<Option<_>>()?;
        <[u8; 6]>::try_from(digits.as_slice()).ok().map(Self)
    }

    /// The digits as text.
    pub fn expose(&self) -> &str {
        // Only ASCII digits get in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for OtpCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OtpCode(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_six_digits() {
        assert_eq!(OtpCode::parse(" 123 456 ").unwrap().expose(), "123456");
        for good in ["１２３４５６", "123-456", "１２３ 456"] {
            assert_eq!(OtpCode::parse(good).unwrap().expose(), "123456", "{good}");
        }
        for bad in [
            "",
            "12345",
            "1234567",
            "12345a",
            "１２３４５",
            "-12345",
            "①23456",
        ] {
            assert!(OtpCode::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn secrets_do_not_print() {
        let secret = SharedSecret::new([7; 20]);
        assert_eq!(format!("{secret:?}"), "SharedSecret(..)");
        assert_eq!(secret.to_base32().len(), 32);
        assert_eq!(
            format!("{:?}", OtpCode::parse("123456").unwrap()),
            "OtpCode(..)"
        );
    }
}
