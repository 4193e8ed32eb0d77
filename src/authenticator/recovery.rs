//! Recovery codes: look-up secrets of 128 bits that somebody types from paper when the phone is gone
//! (NIST SP 800-63B-4 section 3.1.2; from 112 bits on no guess can fit).
//!
//! A code is 28 signs in seven groups of four: 26 carry the bits, the last two are a check, so that a
//! slip of the finger is told as one and costs no attempt. The alphabet is Crockford's base32, which
//! has no I, L, O and U; whoever reads one of them off paper means 1, 1, 0 and V.

use crate::primitives::crockford::{parts_groups, sign_of, value_of};
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Codes of one set.
pub const CODES: usize = 10;
/// Signs of a code, without what parts the groups.
pub const SIGNS: usize = 28;
/// Bytes of a code: 128 bits.
pub const CODE_BYTES: usize = 16;
/// Signs that carry the bits: 130 bits, the two highest of them 0.
const BIT_SIGNS: usize = 26;
/// Signs of a group.
const GROUP_SIGNS: usize = 4;
/// The largest prime below 32 x 32: no single wrong sign and no two swapped neighbours among the bits
/// leave the remainder as it was; of any other slip one in a thousand.
const CHECK_MODULUS: u128 = 1_021;
/// Longest text that is looked at, in bytes: a code with generous blanks.
const TEXT_BYTES_MAX: usize = 200;

/// One recovery code. It never prints, and it is wiped when dropped.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct RecoveryCode([u8; CODE_BYTES]);

impl RecoveryCode {
    /// From 128 random bits.
    pub fn new(bits: [u8; CODE_BYTES]) -> Self {
        Self(bits)
    }

    /// What was typed; upper and lower case, blanks, hyphens and look-alikes do not matter. `None`
    /// when a sign is wrong, missing or too many: no code at all, rather than a wrong one.
    pub fn parse(typed: &str) -> Option<Self> {
        if typed.len() > TEXT_BYTES_MAX {
            return None;
        }
        let mut values = Zeroizing::new(Vec::with_capacity(SIGNS));
        for sign in typed.chars().filter(|c| !parts_groups(*c)) {
            values.push(value_of(sign)?);
        }
        if values.len() != SIGNS {
            return None;
        }
        let (bits, check) = values.split_at(BIT_SIGNS);
        // The first sign holds three bits: 26 signs are two bits more than a code.
        bits.first().filter(|first| **first < 8)?;
        let number = |signs: &[u8]| {
            signs
                .iter()
                .fold(0_u128, |number, value| number << 5 | u128::from(*value))
        };
        let bits = number(bits);
        (number(check) == bits % CHECK_MODULUS).then(|| Self(bits.to_be_bytes()))
    }

    /// The bits, for the keyed hash only.
    pub fn expose(&self) -> &[u8; CODE_BYTES] {
        &self.0
    }

    /// In groups of four, as people type it: `0123-4567-89AB-...`.
    pub fn grouped(&self) -> Zeroizing<String> {
        let bits = u128::from_be_bytes(self.0);
        let mut text = Zeroizing::new(String::with_capacity(SIGNS + SIGNS / GROUP_SIGNS));
        for at in 0..SIGNS {
            if at > 0 && at % GROUP_SIGNS == 0 {
                text.push('-');
            }
            let (number, signs_behind) = if at < BIT_SIGNS {
                (bits, BIT_SIGNS - 1 - at)
            } else {
                (bits % CHECK_MODULUS, SIGNS - 1 - at)
            };
            let value = (number >> (5 * signs_behind)) % 32;
            text.push(sign_of(value));
        }
        text
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code() -> impl Strategy<Value = RecoveryCode> {
        any::<[u8; CODE_BYTES]>().prop_map(RecoveryCode::new)
    }

    #[test]
    fn a_code_is_seven_groups_of_four() {
        let zero = RecoveryCode::new([0; 16]);
        assert_eq!(*zero.grouped(), "0000-0000-0000-0000-0000-0000-0000");
        let all = RecoveryCode::new([255; 16]);
        // 2^128 - 1 = 7ZZ..., and its remainder by 1021, calculated by hand with `bc`.
        assert_eq!(*all.grouped(), "7ZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZM5");
        assert_eq!(RecoveryCode::parse(&all.grouped()), Some(all));
    }

    #[test]
    fn what_is_no_code_is_refused() {
        let good = "7ZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZZZ-ZZM5";
        assert!(RecoveryCode::parse(good).is_some());
        for bad in [
            String::new(),
            "123456".to_owned(),
            good[..33].to_owned(),
            format!("{good}0"),
            good.replace('7', "8"),
            good.replacen('Z', "*", 1),
            good.replacen('Z', "\u{e9}", 1),
            format!("{good}{}", " ".repeat(300)),
        ] {
            assert!(RecoveryCode::parse(&bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn codes_do_not_print() {
        assert_eq!(
            format!("{:?}", RecoveryCode::new([7; 16])),
            "RecoveryCode(..)"
        );
    }

    /// How somebody may write the same sign.
    fn otherwise(sign: char, how: u8) -> String {
        match (sign, how) {
            ('0', 0) => "o".to_owned(),
            ('0', 1) => "O".to_owned(),
            ('1', 0) => "i".to_owned(),
            ('1', 1) => "L".to_owned(),
            ('1', 2) => "l".to_owned(),
            ('V', 0) => "U".to_owned(),
            ('-', 0) => String::new(),
            ('-', 1) => "  ".to_owned(),
            ('-', 2) => "\u{2013}".to_owned(),
            (sign, 3) if sign.is_ascii_alphanumeric() => {
                char::from_u32(u32::from(sign) + 0xfee0).unwrap().into()
            }
            (sign, 4) => format!(" {}", sign.to_ascii_lowercase()),
            (sign, 5) => sign.to_ascii_lowercase().into(),
            (sign, _) => sign.into(),
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_is_read_again_however_it_is_written(
            code in code(),
            hows in prop::collection::vec(0u8..8, 34),
        ) {
            let shown = code.grouped();
            let written: String = shown
                .chars()
                .zip(&hows)
                .map(|(sign, how)| otherwise(sign, *how))
                .collect();
            prop_assert_eq!(RecoveryCode::parse(&written), Some(code));
        }

        #[test]
        fn one_wrong_sign_is_no_code(code in code(), at in 0usize..28, to in 0usize..32) {
            let mut signs: Vec<char> = code.grouped().replace('-', "").chars().collect();
            let to = sign_of(to as u128);
            prop_assume!(signs[at] != to);
            signs[at] = to;
            let typed: String = signs.iter().collect();
            prop_assert!(RecoveryCode::parse(&typed).is_none(), "{}", typed);
        }

        #[test]
        fn two_neighbours_swapped_are_no_code(code in code(), at in 0usize..25) {
            let mut signs: Vec<char> = code.grouped().replace('-', "").chars().collect();
            prop_assume!(signs[at] != signs[at + 1]);
            signs.swap(at, at + 1);
            let typed: String = signs.iter().collect();
            prop_assert!(RecoveryCode::parse(&typed).is_none(), "{}", typed);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,60}") {
            if let Some(code) = RecoveryCode::parse(&text) {
                prop_assert_eq!(RecoveryCode::parse(&code.grouped()), Some(code));
            }
        }
    }
}
