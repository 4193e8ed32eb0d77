//! Request paths as bytes: what is refused outright, what counts as canonical, and the decoded and
//! case-folded form in which a login is looked for.
//!
//! The upstream routes on the raw bytes, without percent-decoding and with regard to case
//! (threats.md section 1). An allowance is therefore given to literal bytes only, and a path that
//! could be read in two ways gets none.

use std::borrow::Cow;

/// How often a path or query is percent-decoded when something forbidden could hide in it. Play
/// decodes once, a web server in front of it once more; the rest is margin.
pub const DECODINGS_MAX: usize = 5;

/// Why a path is refused with 400 before anything is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PathProblem {
    /// Does not begin with `/`.
    #[error("path does not begin with /")]
    NotAbsolute,
    /// Holds a control character.
    #[error("path holds a control character")]
    Control,
    /// Holds a byte above 0x7e.
    #[error("path holds a byte outside ASCII")]
    NonAscii,
    /// Holds a space, `?` or `#`, which end a path.
    #[error("path holds a sign that ends a path")]
    Delimiter,
    /// Holds `\`.
    #[error("path holds a backslash")]
    Backslash,
    /// Holds `;`.
    #[error("path holds a semicolon")]
    Semicolon,
    /// Holds `//`.
    #[error("path holds an empty segment")]
    DoubleSlash,
    /// Holds `.` or `..` as a segment, plain or encoded.
    #[error("path holds a dot segment")]
    DotSegment,
    /// Holds an encoded `/` or `\`, at any depth.
    #[error("path holds an encoded slash or backslash")]
    EncodedSeparator,
    /// Holds an encoded NUL, at any depth.
    #[error("path holds an encoded NUL")]
    EncodedNul,
    /// `%` without two hex digits, or encoded more than [`DECODINGS_MAX`] times over.
    #[error("path holds bad percent-encoding")]
    BadPercent,
}

/// Says why `raw` (path without query) must be refused, `None` when it may be looked at further.
pub fn refuse(raw: &[u8]) -> Option<PathProblem> {
    if raw.first() != Some(&b'/') {
        return Some(PathProblem::NotAbsolute);
    }
    for (at, &byte) in raw.iter().enumerate() {
        let problem = match byte {
            0x00..=0x1f | 0x7f => PathProblem::Control,
            0x80..=0xff => PathProblem::NonAscii,
            b' ' | b'?' | b'#' => PathProblem::Delimiter,
            b'\\' => PathProblem::Backslash,
            b';' => PathProblem::Semicolon,
            b'/' if raw.get(at + 1) == Some(&b'/') => PathProblem::DoubleSlash,
            b'%' if hex_pair(raw, at + 1).is_none() => PathProblem::BadPercent,
            _ => continue,
        };
        return Some(problem);
    }
    if has_dot_segment(raw) {
        return Some(PathProblem::DotSegment);
    }
    refuse_encoded(raw)
}

/// The part of [`refuse`] that looks behind the percent-encoding.
fn refuse_encoded(raw: &[u8]) -> Option<PathProblem> {
    let mut level = Cow::Borrowed(raw);
    for _ in 0..DECODINGS_MAX {
        // Nothing is encoded any more: nothing is left that could be forbidden.
        let decoded = decode_once(&level)?;
        if decoded.introduces(b"/\\") {
            return Some(PathProblem::EncodedSeparator);
        }
        if decoded.introduces(b"\0") {
            return Some(PathProblem::EncodedNul);
        }
        if has_dot_segment(&decoded.bytes) {
            return Some(PathProblem::DotSegment);
        }
        level = Cow::Owned(decoded.bytes);
    }
    decode_once(&level).map(|_| PathProblem::BadPercent)
}

/// True for `.` and `..`, also with a `;` and something behind it, which some servers cut off.
fn has_dot_segment(path: &[u8]) -> bool {
    path.split(|&b| b == b'/').any(|segment| {
        let name = segment.split(|&b| b == b';').next().unwrap_or(segment);
        name == b"." || name == b".."
    })
}

/// One round of percent-decoding.
struct Decoded {
    bytes: Vec<u8>,
    /// The bytes that were encoded, in their order.
    introduced: Vec<u8>,
}

impl Decoded {
    fn introduces(&self, any_of: &[u8]) -> bool {
        self.introduced.iter().any(|byte| any_of.contains(byte))
    }
}

/// Decodes what is well encoded, leaves the rest; `None` when nothing was encoded.
fn decode_once(raw: &[u8]) -> Option<Decoded> {
    memchr::memchr(b'%', raw)?;
    let mut decoded = Decoded {
        bytes: Vec::with_capacity(raw.len()),
        introduced: Vec::new(),
    };
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        match (byte, hex_pair(raw, at + 1)) {
            (b'%', Some(value)) => {
                decoded.bytes.push(value);
                decoded.introduced.push(value);
                at += 3;
            }
            _ => {
                decoded.bytes.push(byte);
                at += 1;
            }
        }
    }
    (!decoded.introduced.is_empty()).then_some(decoded)
}

/// The byte that two hex digits at `at` stand for.
pub(super) fn hex_pair(raw: &[u8], at: usize) -> Option<u8> {
    let high = hex_digit(*raw.get(at)?)?;
    let low = hex_digit(*raw.get(at + 1)?)?;
    Some(high << 4 | low)
}

/// The value of one hex digit.
pub(super) fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// RFC 3986 section 2.3: signs that never need percent-encoding.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// RFC 3986 `pchar` and `/`, without `;`, which [`refuse`] refuses.
fn is_path_sign(byte: u8) -> bool {
    is_unreserved(byte) || b"/!$&'()*+,=:@".contains(&byte)
}

/// The one spelling of a path: unreserved signs plain, hex digits of the others in upper case.
/// `None` for a path that [`refuse`] refuses or that holds signs which must be encoded.
pub fn canonical(raw: &[u8]) -> Option<Vec<u8>> {
    if refuse(raw).is_some() {
        return None;
    }
    let mut spelled = Vec::with_capacity(raw.len());
    let mut at = 0;
    while let Some(&byte) = raw.get(at) {
        if byte == b'%' {
            let value = hex_pair(raw, at + 1)?;
            if is_unreserved(value) {
                spelled.push(value);
            } else {
                spelled.extend(raw.get(at..at + 3)?.iter().map(u8::to_ascii_uppercase));
            }
            at += 3;
        } else if is_path_sign(byte) {
            spelled.push(byte);
            at += 1;
        } else {
            return None;
        }
    }
    Some(spelled)
}

/// True when the path is spelled in its [`canonical`] way. Only such a path may match an allowance.
pub fn is_canonical(raw: &[u8]) -> bool {
    if memchr::memchr(b'%', raw).is_none() {
        return raw.iter().all(|&b| is_path_sign(b)) && refuse(raw).is_none();
    }
    canonical(raw).is_some_and(|spelled| spelled == raw)
}

/// Decoded until nothing is encoded any more, folded as a comparison without regard to case would,
/// trailing slashes cut. A login or logout is looked for in this form, because a missed one costs
/// more than a false one.
pub fn folded(raw: &[u8]) -> Cow<'_, [u8]> {
    let plain = !raw
        .iter()
        .any(|b| *b == b'%' || b.is_ascii_uppercase() || !b.is_ascii());
    if plain {
        return Cow::Borrowed(without_trailing_slashes(raw));
    }
    let decoded = fully_decoded(raw);
    let text = fold_case(&String::from_utf8_lossy(&decoded));
    Cow::Owned(without_trailing_slashes(text.as_bytes()).to_vec())
}

/// Percent-decoded until nothing is encoded any more, at most [`DECODINGS_MAX`] times.
pub(super) fn fully_decoded(raw: &[u8]) -> Cow<'_, [u8]> {
    let mut level = Cow::Borrowed(raw);
    for _ in 0..DECODINGS_MAX {
        match decode_once(&level) {
            Some(decoded) => level = Cow::Owned(decoded.bytes),
            None => break,
        }
    }
    level
}

/// Folds as Java's `equalsIgnoreCase` compares (by upper case, then by lower case), so that the
/// dotless and the dotted Turkish i, the long s and the Kelvin sign fall on i, s and k.
pub(super) fn fold_case(text: &str) -> String {
    const COMBINING_DOT_ABOVE: char = '\u{307}';
    text.chars()
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .filter(|&c| c != COMBINING_DOT_ABOVE)
        .collect()
}

fn without_trailing_slashes(path: &[u8]) -> &[u8] {
    let mut end = path.len();
    while end > 0 && path.get(end - 1) == Some(&b'/') {
        end -= 1;
    }
    path.get(..end).unwrap_or(path)
}

#[cfg(test)]
mod tests;
