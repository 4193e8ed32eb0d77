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
    /// Six digits; spaces, hyphens and full-width digits are forgiven.
    pub fn parse(typed: &str) -> Option<Self> {
        digits(typed).map(Self)
    }

    /// The digits as text.
    pub fn expose(&self) -> &str {
        // Only ASCII digits get in.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Six digits that a waiting page shows and somebody types on the phone.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Serialize, Deserialize)]
pub struct ApprovalNumber([u8; 6]);

impl ApprovalNumber {
    /// From random bits; every number is as likely as any other but for 2^-44.
    pub fn from_random(bits: [u8; 8]) -> Self {
        Self(decimal(bits))
    }

    /// Six digits, as forgiving as [`OtpCode::parse`].
    pub fn parse(typed: &str) -> Option<Self> {
        digits(typed).map(Self)
    }

    /// The digits as text.
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for ApprovalNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApprovalNumber(..)")
    }
}

/// Eight digits that the help desk hands out and somebody types: an activation code.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct ActivationCode([u8; 8]);

impl ActivationCode {
    /// From random bits; every code is as likely as any other but for 2^-37.
    pub fn from_random(bits: [u8; 8]) -> Self {
        Self(decimal(bits))
    }

    /// Eight digits, as forgiving as [`OtpCode::parse`].
    pub fn parse(typed: &str) -> Option<Self> {
        digits(typed).map(Self)
    }

    /// The digits as text.
    pub fn expose(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// In two groups of four, as people read it aloud.
    pub fn grouped(&self) -> zeroize::Zeroizing<String> {
        let (first, last) = self.expose().split_at(4);
        zeroize::Zeroizing::new(format!("{first} {last}"))
    }
}

impl fmt::Debug for ActivationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ActivationCode(..)")
    }
}

/// A full-width digit (U+FF10 to U+FF19) as a plain one; everything else as it is.
pub(crate) fn plain_sign(sign: char) -> char {
    let digit = u32::from(sign)
        .checked_sub(0xff10)
        .filter(|digit| *digit < 10);
    digit
        .and_then(|digit| char::from_digit(digit, 10))
        .unwrap_or(sign)
}

/// `N` digits of random bits, the last one first.
fn decimal<const N: usize>(bits: [u8; 8]) -> [u8; N] {
    let mut rest = u64::from_be_bytes(bits);
    let mut digits = [b'0'; N];
    for digit in &mut digits {
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
        rest /= 10;
    }
    digits
}

/// Exactly `N` digits; spaces and hyphens anywhere are forgiven, since apps show `123 456`, and so
/// are the full-width digits of some keyboards (U+FF10 to U+FF19).
fn digits<const N: usize>(typed: &str) -> Option<[u8; N]> {
    let digits: Vec<u8> = typed
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(plain_sign)
        .map(|c| u8::try_from(c).ok().filter(u8::is_ascii_digit))
        .collect::<Option<_>>()?;
    <[u8; N]>::try_from(digits.as_slice()).ok()
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
    fn activation_codes_are_eight_digits() {
        let code = ActivationCode::from_random(12_345_678_u64.to_be_bytes());
        assert_eq!(code.expose(), "87654321");
        assert_eq!(*code.grouped(), "8765 4321");
        assert_eq!(ActivationCode::parse("8765-4321"), Some(code.clone()));
        assert_eq!(ActivationCode::from_random([0; 8]).expose(), "00000000");
        assert_eq!(format!("{code:?}"), "ActivationCode(..)");
        for bad in ["", "1234567", "123456789", "1234567x"] {
            assert!(ActivationCode::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn approval_numbers_are_six_digits() {
        let number = ApprovalNumber::from_random(12_345_678_u64.to_be_bytes());
        assert_eq!(number.expose(), "876543");
        assert_eq!(ApprovalNumber::parse("876 543"), Some(number.clone()));
        assert_eq!(ApprovalNumber::from_random([0; 8]).expose(), "000000");
        assert_eq!(format!("{number:?}"), "ApprovalNumber(..)");
        for bad in ["", "87654", "8765432", "87654x"] {
            assert!(ApprovalNumber::parse(bad).is_none(), "{bad}");
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
