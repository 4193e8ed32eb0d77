//! Finds the name of a form field in bytes, however it is spelled: in any case, percent-encoded in
//! part or whole and up to three times over, with JSON escapes (`\u0050`), with backslashes as in a
//! quoted string, and these inside percent-encoding.
//!
//! A name counts wherever it stands, also as part of a longer one: a false find costs a probe, a
//! missed one the second factor. Whether a name is found depends on the bytes alone, never on where
//! they were cut into chunks; [`FieldNames::reach`] says how many bytes decide.

use super::path::{hex_digit, hex_pair};

/// Rounds of percent-decoding that are seen through. Play decodes once.
const PERCENT_ROUNDS: u32 = 3;

/// Rounds of percent-decoding that are seen through around a backslash and what follows it.
const PERCENT_ROUNDS_OF_ESCAPES: u32 = 1;

/// Longest form of one sign: each round of percent-encoding makes three bytes of one. The other long
/// form, `\uXXXX` percent-encoded once, has 18.
const SIGN_BYTES_MAX: usize = 3usize.pow(PERCENT_ROUNDS);

/// Longest name, in bytes: bounds what has to be kept of a stream.
pub(super) const NAME_BYTES_MAX: usize = 40;

/// Signs from rare to frequent in text and markup; names are looked for by their rarest one.
const BY_RARITY: &[u8] = b"_zqxjkvwybgfpmuhcdlnosirate-0123456789.";

/// One name.
#[derive(Debug, Clone, PartialEq, Eq)]
struct FieldName {
    /// In lower case.
    lower: Vec<u8>,
    /// Where its rarest sign stands.
    anchor: usize,
}

/// The names to find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldNames {
    names: Vec<FieldName>,
    /// Rarest signs of all names in both cases, in threes for `memchr3`.
    anchors: Vec<[u8; 3]>,
    /// By byte: a sign of a name, in either case.
    signs: Box<[bool; 256]>,
}

/// True for a name that [`FieldNames`] can find: 4 to [`NAME_BYTES_MAX`] letters, digits, `_`, `-`, `.`.
pub(super) fn is_findable(name: &str) -> bool {
    (4..=NAME_BYTES_MAX).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
}

impl FieldNames {
    pub(super) fn new<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        let names: Vec<FieldName> = names.into_iter().map(FieldName::new).collect();
        let mut signs = Box::new([false; 256]);
        let mut rarest = Vec::new();
        for name in &names {
            for &byte in &name.lower {
                signs[usize::from(byte)] = true;
                signs[usize::from(byte.to_ascii_uppercase())] = true;
            }
            let anchor = name.lower.get(name.anchor).copied();
            rarest.extend(
                anchor
                    .into_iter()
                    .flat_map(|low| [low, low.to_ascii_uppercase()]),
            );
        }
        rarest.sort_unstable();
        rarest.dedup();
        let three = |some: &[u8]| match some {
            [a, b, c, ..] => [*a, *b, *c],
            [a, b] => [*a, *b, *b],
            [a] => [*a; 3],
            [] => [0; 3],
        };
        Self {
            names,
            anchors: rarest.chunks(3).map(three).collect(),
            signs,
        }
    }

    /// The most bytes that one name can take. Whoever looks at a stream keeps one less.
    pub(super) fn reach(&self) -> usize {
        self.names
            .iter()
            .map(|name| name.lower.len() * SIGN_BYTES_MAX)
            .max()
            .unwrap_or(0)
    }

    /// True when a name stands somewhere in `bytes`.
    pub(super) fn found_in(&self, bytes: &[u8]) -> bool {
        self.stands_plain_in(bytes) || self.stands_encoded_in(bytes)
    }

    fn stands_plain_in(&self, bytes: &[u8]) -> bool {
        self.anchors.iter().any(|&[a, b, c]| {
            memchr::memchr3_iter(a, b, c, bytes).any(|at| {
                self.names
                    .iter()
                    .any(|name| name.stands_plain_around(bytes, at))
            })
        })
    }

    /// Every encoded sign begins with `%` or `\`. The signs before the first encoded one are plain,
    /// so that each of the two needs one look around it only.
    fn stands_encoded_in(&self, bytes: &[u8]) -> bool {
        memchr::memchr2_iter(b'%', b'\\', bytes).any(|at| {
            self.may_stand_around(bytes, at)
                && signs_at(bytes, at)
                    .into_iter()
                    .flatten()
                    .any(|(sign, len)| {
                        self.names
                            .iter()
                            .any(|name| name.stands_around(bytes, at, sign, len))
                    })
        })
    }

    /// A quick look at what follows the `%` or `\` at `at`: a sign of a name, or another layer.
    fn may_stand_around(&self, bytes: &[u8], at: usize) -> bool {
        let (sign, layers) = match bytes.get(at) {
            Some(b'%') => (hex_pair(bytes, at + 1), b"%\\"),
            _ => (bytes.get(at + 1).copied(), b"%u"),
        };
        sign.is_some_and(|sign| self.signs[usize::from(sign)] || layers.contains(&sign))
    }
}

impl FieldName {
    fn new(name: &str) -> Self {
        let rarity = |byte: &u8| {
            BY_RARITY
                .iter()
                .position(|b| b == byte)
                .unwrap_or(usize::MAX)
        };
        let lower = name.to_ascii_lowercase().into_bytes();
        let rarest = lower
            .iter()
            .enumerate()
            .min_by_key(|(_, byte)| rarity(byte));
        let anchor = rarest.map_or(0, |(at, _)| at);
        Self { lower, anchor }
    }

    /// True when the byte at `at` is the rarest sign of this name, plainly written.
    fn stands_plain_around(&self, bytes: &[u8], at: usize) -> bool {
        at.checked_sub(self.anchor)
            .and_then(|start| bytes.get(start..start + self.lower.len()))
            .is_some_and(|found| found.eq_ignore_ascii_case(&self.lower))
    }

    /// True when the sign read at `at`, `len` bytes long, is the first encoded one of this name.
    fn stands_around(&self, bytes: &[u8], at: usize, sign: u8, len: usize) -> bool {
        let sign = sign.to_ascii_lowercase();
        (0..self.lower.len()).any(|plain| {
            let (before, behind) = self.lower.split_at(plain);
            behind.first() == Some(&sign)
                && at
                    .checked_sub(plain)
                    .is_some_and(|start| bytes[start..at].eq_ignore_ascii_case(before))
                && goes_on(bytes, at + len, &behind[1..])
        })
    }
}

/// True when `rest` of a name stands at `at`, in any spelling.
fn goes_on(bytes: &[u8], at: usize, rest: &[u8]) -> bool {
    let Some((first, rest)) = rest.split_first() else {
        return true;
    };
    signs_at(bytes, at)
        .into_iter()
        .flatten()
        .any(|(sign, len)| sign.eq_ignore_ascii_case(first) && goes_on(bytes, at + len, rest))
}

/// What may stand at `at`, with the bytes it takes: a sign, plain or percent-encoded; behind a
/// backslash the sign that it quotes, and what `\uXXXX` stands for.
fn signs_at(bytes: &[u8], at: usize) -> [Option<(u8, usize)>; 2] {
    if let Some((b'\\', len)) = unpercented(bytes, at, PERCENT_ROUNDS_OF_ESCAPES) {
        let at = at + len;
        let quoted = unpercented(bytes, at, PERCENT_ROUNDS_OF_ESCAPES);
        let escaped = quoted
            .filter(|(sign, _)| *sign == b'u')
            .and_then(|(_, more)| {
                code_unit(bytes, at + more).map(|(sign, hex)| (sign, more + hex))
            });
        return [quoted, escaped].map(|found| found.map(|(sign, more)| (sign, len + more)));
    }
    [unpercented(bytes, at, PERCENT_ROUNDS), None]
}

/// The ASCII sign that the four hex digits at `at` stand for.
fn code_unit(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    let mut value = 0u32;
    let mut len = 0;
    for _ in 0..4 {
        let (digit, taken) = unpercented(bytes, at + len, PERCENT_ROUNDS_OF_ESCAPES)?;
        value = value << 4 | u32::from(hex_digit(digit)?);
        len += taken;
    }
    u8::try_from(value)
        .ok()
        .filter(u8::is_ascii)
        .map(|sign| (sign, len))
}

/// The byte at `at` after so many rounds of percent-decoding, and how many bytes it takes now. As in
/// Java, a `%` without two hex digits behind it is no part of an encoding, in no round.
fn unpercented(bytes: &[u8], at: usize, rounds: u32) -> Option<(u8, usize)> {
    let &first = bytes.get(at)?;
    if first != b'%' || rounds == 0 {
        return Some((first, 1));
    }
    let Some(mut sign) = hex_pair(bytes, at + 1) else {
        return Some((first, 1));
    };
    let mut len = 3;
    for done in 1..rounds {
        if sign != b'%' {
            break;
        }
        if let Some((decoded, more)) = unpercented_pair(bytes, at + len, done) {
            sign = decoded;
            len += more;
        }
    }
    Some((sign, len))
}

/// The byte that two hex digits at `at` stand for, which are themselves encoded up to `rounds` times.
fn unpercented_pair(bytes: &[u8], at: usize, rounds: u32) -> Option<(u8, usize)> {
    let (high, first) = unpercented(bytes, at, rounds)?;
    let high = hex_digit(high)?;
    let (low, second) = unpercented(bytes, at + first, rounds)?;
    Some((high << 4 | hex_digit(low)?, first + second))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> FieldNames {
        FieldNames::new(["txtPassword", "_charset_"])
    }

    #[test]
    fn every_spelling_is_found() {
        for spelling in [
            "txtPassword",
            "TXTPASSWORD",
            "a=1&txtPassword=2",
            "xtxtPasswordBaru",
            "txt%50assword",
            "txt%70assword",
            "txt%2550assword",
            "txt%252550assword",
            "txt%25%35%30assword",
            "%74%78%74%50%61%73%73%77%6f%72%64",
            "%2574xtPasswor%2564",
            "txtPasswor%64",
            "%54xtPassword",
            r#"{"txt\u0050assword":"x"}"#,
            r#"{"\u0074xtPasswor\u0064":"x"}"#,
            r#"name="txt\Password""#,
            r#"name="\t\x\t\P\a\s\s\w\o\r\d""#,
            "txt%5Cu0050assword",
            "txt%5c%75%30%30%35%30assword",
            "txt%5CPassword",
            r"txt\u0050ass\word%",
            "%txtPassword",
            "%%74xtPassword",
            "%7%74xtPassword",
            "_charset_=UTF-16",
            "%5fcharset_",
            "_CharSet_",
            r"_chars\u0065t_",
        ] {
            assert!(names().found_in(spelling.as_bytes()), "{spelling}");
        }
    }

    #[test]
    fn what_is_no_spelling_is_not_found() {
        for other in [
            "",
            "txtPasswor",
            "xtPassword",
            "txt Password",
            "txt+Password",
            "txt%5assword",
            "txt%5gassword",
            r"txt\u005assword",
            r"txt\u1050assword",
            "txtPass%00word",
            "txt%25252550assword",
            "authenticityToken=1&txtUserId=a&txtCode=b",
            "charset",
            "%74%78%74%50%61%73%73%77%6f%72",
            "\\",
            "%",
            "%2",
            "%25",
        ] {
            assert!(!names().found_in(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn names_that_would_be_found_everywhere_are_refused() {
        assert!(is_findable("txtPassword") && is_findable("_charset_"));
        for bad in [
            "",
            "pwd",
            "a b c d",
            "größe",
            "x%50yz",
            &"x".repeat(NAME_BYTES_MAX + 1),
        ] {
            assert!(!is_findable(bad), "{bad}");
        }
    }

    #[test]
    fn the_longest_spelling_fits_the_reach() {
        let mut spelled = "txtPassword".to_owned();
        for _ in 0..PERCENT_ROUNDS {
            spelled = spelled.bytes().map(|b| format!("%{b:02x}")).collect();
        }
        assert_eq!(spelled.len(), names().reach());
        assert!(names().found_in(spelled.as_bytes()));
    }
}
