//! Looks for a password field in a request body as it streams by (design.md section 3, evidence 1).

use super::Profile;
use super::charset;
use super::fields::FieldNames;
use std::sync::Arc;

/// Why a body cannot be judged. The caller answers 415: what cannot be read could be a login.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableBody {
    /// The Content-Type names a charset in which ASCII bytes mean something else.
    #[error("the charset {0:?} of the body cannot be read")]
    Charset(String),
    /// The body is compressed or coded.
    #[error("the Content-Encoding {0:?} of the body cannot be read")]
    Encoding(String),
}

/// Looks through one request body. The verdict depends on the bytes, not on the chunks.
#[derive(Debug)]
pub struct BodyScan {
    names: Arc<FieldNames>,
    /// The end of what was seen, shorter than [`FieldNames::reach`].
    tail: Vec<u8>,
    /// Only where the upstream could read parts.
    parts: Option<PartHeaders>,
    found: bool,
}

impl BodyScan {
    /// Begins a body with these headers.
    ///
    /// # Errors
    /// [`UnreadableBody`] when the headers say that ASCII signs are not to be found as such.
    pub fn new(
        profile: &Profile,
        content_type: Option<&[u8]>,
        content_encoding: Option<&[u8]>,
    ) -> Result<Self, UnreadableBody> {
        if !charset::is_plain_encoding(content_encoding) {
            let named = String::from_utf8_lossy(content_encoding.unwrap_or_default());
            return Err(UnreadableBody::Encoding(named.into_owned()));
        }
        let content_type = content_type.unwrap_or_default();
        charset::of_content_type(content_type).map_err(UnreadableBody::Charset)?;
        let lower = content_type.to_ascii_lowercase();
        let multipart = memchr::memmem::find(&lower, b"multipart").is_some();
        Ok(Self {
            names: Arc::clone(&profile.fields),
            tail: Vec::new(),
            parts: multipart.then(PartHeaders::default),
            found: false,
        })
    }

    /// Looks at the next bytes; true from the moment a password field's name was seen.
    pub fn feed(&mut self, chunk: &[u8]) -> bool {
        if self.found || chunk.is_empty() {
            return self.found;
        }
        let reach = self.names.reach();
        let keep = reach.saturating_sub(1);
        // What crosses the border: the tail and as much of the chunk as a name may need.
        self.tail.extend_from_slice(&chunk[..chunk.len().min(keep)]);
        self.found = self.names.found_in(&self.tail);
        if chunk.len() > keep {
            self.found = self.found || self.names.found_in(chunk);
            self.tail.clear();
            self.tail.extend_from_slice(&chunk[chunk.len() - keep..]);
        } else {
            let surplus = self.tail.len().saturating_sub(keep);
            self.tail.drain(..surplus);
        }
        let in_parts = self.parts.as_mut().is_some_and(|parts| parts.feed(chunk));
        self.found = self.found || in_parts;
        self.found
    }
}

/// The word that begins the header of a form field's part, in lower case.
const FORM_DATA: &[u8] = b"form-data";

/// How far the header of one part is followed, in bytes. Apache's reader of parts, which Play uses,
/// takes 10 KiB.
const PART_HEADER_BYTES_MAX: usize = 16 * 1024;

/// Looks for names in parts of a multipart body that are spelled in ways which need more than a
/// look at single signs: `=?UTF-8?B?...?=` (RFC 2047) and `name*=` (RFC 2231). No browser writes a
/// field's name like that, so that their mere presence in the header of a field counts as found.
#[derive(Debug, Default)]
struct PartHeaders {
    /// How much of [`FORM_DATA`] stands just before, while outside of a header.
    matched: usize,
    header: Option<PartHeader>,
}

/// Inside the header of a part, behind `form-data`.
#[derive(Debug)]
struct PartHeader {
    left: usize,
    word: EncodedWord,
    /// The last bytes, newest last.
    last: [u8; 6],
    /// Nothing but `\r` since the last `\n`.
    line_empty: bool,
}

/// How far an encoded word of RFC 2047 has been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EncodedWord {
    None,
    Equals,
    Charset,
    Encoding,
    Begun,
}

impl PartHeaders {
    fn feed(&mut self, chunk: &[u8]) -> bool {
        let mut rest = chunk;
        while !rest.is_empty() {
            match &mut self.header {
                Some(header) => match header.feed(rest) {
                    Ended::Found => return true,
                    Ended::At(used) => {
                        self.header = None;
                        rest = &rest[used..];
                    }
                    Ended::NotYet => return false,
                },
                None => rest = self.seek(rest),
            }
        }
        false
    }

    /// Goes on to behind the next [`FORM_DATA`]. Its first letter occurs in it once, so that after a
    /// mismatch only the mismatching byte can begin it anew.
    fn seek<'c>(&mut self, mut rest: &'c [u8]) -> &'c [u8] {
        loop {
            if self.matched == 0 {
                let Some(at) = memchr::memchr2(b'f', b'F', rest) else {
                    return &[];
                };
                rest = &rest[at..];
            }
            let Some((&byte, behind)) = rest.split_first() else {
                return rest;
            };
            let byte = byte.to_ascii_lowercase();
            rest = behind;
            self.matched = match FORM_DATA.get(self.matched) {
                Some(&wanted) if wanted == byte => self.matched + 1,
                _ => usize::from(byte == b'f'),
            };
            if self.matched == FORM_DATA.len() {
                self.matched = 0;
                self.header = Some(PartHeader::begin());
                return rest;
            }
        }
    }
}

/// How the header of a part went on.
enum Ended {
    NotYet,
    /// After so many bytes.
    At(usize),
    Found,
}

impl PartHeader {
    fn begin() -> Self {
        Self {
            left: PART_HEADER_BYTES_MAX,
            word: EncodedWord::None,
            last: [0; 6],
            line_empty: false,
        }
    }

    fn feed(&mut self, chunk: &[u8]) -> Ended {
        for (at, &byte) in chunk.iter().enumerate() {
            self.last.rotate_left(1);
            self.last[5] = byte.to_ascii_lowercase();
            self.word = self.word.next(byte);
            if self.word == EncodedWord::Begun || self.names_by_star() {
                return Ended::Found;
            }
            let blank_line = byte == b'\n' && self.line_empty;
            self.line_empty = byte == b'\n' || (byte == b'\r' && self.line_empty);
            self.left -= 1;
            if blank_line || self.left == 0 {
                return Ended::At(at + 1);
            }
        }
        Ended::NotYet
    }

    /// `name*`, and not the end of a longer word such as `filename*`.
    fn names_by_star(&self) -> bool {
        let [before, name @ ..] = &self.last;
        name == b"name*" && !before.is_ascii_alphanumeric()
    }
}

impl EncodedWord {
    /// `=?charset?B?` or `=?charset?Q?`.
    fn next(self, byte: u8) -> Self {
        match (self, byte) {
            (Self::Equals, b'?') => Self::Charset,
            (Self::Charset, b'?') => Self::Encoding,
            (Self::Encoding, b'b' | b'B' | b'q' | b'Q') => Self::Encoding,
            (Self::Encoding, b'?') => Self::Begun,
            (Self::Charset, byte) if byte.is_ascii_graphic() && byte != b'"' => Self::Charset,
            (_, b'=') => Self::Equals,
            _ => Self::None,
        }
    }
}

#[cfg(test)]
mod tests;
