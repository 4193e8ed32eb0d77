//! Strict reading of the raw request head (RFC 9112). pingora's parser is lenient in places where
//! the upstream's old one may read otherwise (bare LF, repeated lengths, length and chunked
//! together): what could be read in two ways is refused before anything is decided.

/// Why a head is refused; all of them are 400.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum HeadProblem {
    /// A line that does not end in CR LF, or a bare CR.
    #[error("line ending")]
    LineEnding,
    /// NUL or another control character.
    #[error("control character")]
    Control,
    /// The request line is not `METHOD SP target SP HTTP/1.x`.
    #[error("request line")]
    RequestLine,
    /// A field name with other than token characters, or white space before the colon.
    #[error("field name")]
    FieldName,
    /// A folded line (RFC 9112 section 5.2).
    #[error("folded line")]
    Folded,
    /// More than one length, or one that is no number.
    #[error("content length")]
    Length,
    /// A transfer coding other than exactly `chunked`, twice, with a length, or in HTTP/1.0.
    #[error("transfer coding")]
    TransferCoding,
    /// Not exactly one Host.
    #[error("host")]
    Host,
    /// A body where none belongs (GET, HEAD).
    #[error("body on a safe method")]
    BodyOnSafeMethod,
}

/// What is needed of the head afterwards.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct HeadFacts {
    /// Announced length of the body in bytes.
    pub content_length: Option<u64>,
    /// The body is chunked.
    pub chunked: bool,
    /// Bytes of the request line.
    pub request_line_bytes: usize,
}

/// Reads a raw head, from the request line to the empty line.
///
/// # Errors
/// [`HeadProblem`], the first one found.
pub(super) fn check(raw: &[u8]) -> Result<HeadFacts, HeadProblem> {
    let raw = raw
        .strip_suffix(b"\r\n\r\n")
        .ok_or(HeadProblem::LineEnding)?;
    if has_control(raw) {
        return Err(HeadProblem::Control);
    }
    let mut lines = Lines(Some(raw));
    let request_line = lines.next().ok_or(HeadProblem::RequestLine)??;
    let (method, http_10) = check_request_line(request_line)?;
    let mut length = None;
    let mut chunked = false;
    let mut hosts = 0u32;
    for line in lines {
        let (name, value) = field(line?)?;
        if name.eq_ignore_ascii_case(b"content-length") {
            if length.is_some() {
                return Err(HeadProblem::Length);
            }
            length = Some(number(value).ok_or(HeadProblem::Length)?);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if chunked || http_10 || !value.eq_ignore_ascii_case(b"chunked") {
                return Err(HeadProblem::TransferCoding);
            }
            chunked = true;
        } else if name.eq_ignore_ascii_case(b"host") {
            hosts += 1;
        }
    }
    if chunked && length.is_some() {
        return Err(HeadProblem::TransferCoding);
    }
    if hosts != 1 {
        return Err(HeadProblem::Host);
    }
    let has_body = chunked || length.is_some_and(|bytes| bytes > 0);
    if has_body && (method == b"GET" || method == b"HEAD") {
        return Err(HeadProblem::BodyOnSafeMethod);
    }
    Ok(HeadFacts {
        content_length: length,
        chunked,
        request_line_bytes: request_line.len(),
    })
}

/// Lines parted by CR LF; a bare CR or LF inside is an error.
struct Lines<'h>(Option<&'h [u8]>);

impl<'h> Iterator for Lines<'h> {
    type Item = Result<&'h [u8], HeadProblem>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.0.take()?;
        let Some(at) = memchr::memchr2(b'\r', b'\n', rest) else {
            return Some(Ok(rest));
        };
        let (line, tail) = rest.split_at(at);
        let Some(tail) = tail.strip_prefix(b"\r\n") else {
            return Some(Err(HeadProblem::LineEnding));
        };
        self.0 = Some(tail);
        Some(Ok(line))
    }
}

/// Whether a head holds a control character other than those that end lines, which are looked at
/// line by line.
///
/// To the end whatever is found: a loop without a way out is compiled to vector instructions, and
/// this one sees every byte of every head.
fn has_control(raw: &[u8]) -> bool {
    raw.iter().fold(false, |found, b| {
        let allowed = (*b == b'\t') | (*b == b'\r') | (*b == b'\n');
        found | ((*b < 0x20) & !allowed) | (*b == 0x7f)
    })
}

fn check_request_line(line: &[u8]) -> Result<(&[u8], bool), HeadProblem> {
    let mut parts = line.split(|b| *b == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(HeadProblem::RequestLine);
    };
    let http_10 = version == b"HTTP/1.0";
    let fits = !method.is_empty()
        && method.iter().all(u8::is_ascii_uppercase)
        && !target.is_empty()
        && target.iter().all(u8::is_ascii_graphic)
        && !target.contains(&b'#')
        && (http_10 || version == b"HTTP/1.1");
    if fits {
        Ok((method, http_10))
    } else {
        Err(HeadProblem::RequestLine)
    }
}

fn field(line: &[u8]) -> Result<(&[u8], &[u8]), HeadProblem> {
    if line.first().is_some_and(|b| *b == b' ' || *b == b'\t') {
        return Err(HeadProblem::Folded);
    }
    let at = memchr::memchr(b':', line).ok_or(HeadProblem::FieldName)?;
    let (name, value) = line.split_at(at);
    if name.is_empty() || !name.iter().all(|b| is_token(*b)) {
        return Err(HeadProblem::FieldName);
    }
    Ok((name, value.get(1..).unwrap_or_default().trim_ascii()))
}

/// `tchar` of RFC 9110 section 5.6.2.
fn is_token(byte: u8) -> bool {
    matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
        || byte.is_ascii_alphanumeric()
}

fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn head(request_line: &str, fields: &str) -> Result<HeadFacts, HeadProblem> {
        check(format!("{request_line}\r\nHost: h\r\n{fields}\r\n").as_bytes())
    }

    #[test]
    fn ordinary_heads_pass() {
        let facts = head(
            "POST /a?b=c HTTP/1.1",
            "content-length: 12\r\nX-Y: \ta b\r\n",
        )
        .unwrap();
        assert_eq!(facts.content_length, Some(12));
        assert!(!facts.chunked);
        assert!(
            head("POST /a HTTP/1.1", "Transfer-Encoding: Chunked\r\n")
                .unwrap()
                .chunked
        );
        assert!(head("GET http://h/a HTTP/1.0", "Content-Length: 0\r\n").is_ok());
    }

    #[test]
    fn whatever_reads_in_two_ways_is_refused() {
        use HeadProblem::{
            BodyOnSafeMethod, Control, FieldName, Folded, Host, Length, LineEnding, RequestLine,
            TransferCoding,
        };
        let post = "POST / HTTP/1.1";
        for (line, fields, problem) in [
            (post, "Content-Length: 1\r\nContent-Length: 1\r\n", Length),
            (post, "Content-Length: 1, 1\r\n", Length),
            (post, "Content-Length: +1\r\n", Length),
            (
                post,
                "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
                TransferCoding,
            ),
            (
                post,
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                TransferCoding,
            ),
            (post, "Transfer-Encoding: gzip, chunked\r\n", TransferCoding),
            (post, "Transfer-Encoding: chunked;q=1\r\n", TransferCoding),
            (
                "POST / HTTP/1.0",
                "Transfer-Encoding: chunked\r\n",
                TransferCoding,
            ),
            (post, "Host: h\r\n", Host),
            (post, "Content-Length : 1\r\n", FieldName),
            (post, "A b: 1\r\n", FieldName),
            (post, "nonsense\r\n", FieldName),
            (post, " folded: 1\r\n", Folded),
            (post, "A: 1\r\n\tfolded\r\n", Folded),
            (post, "A: 1\nB: 2\r\n", LineEnding),
            (post, "A: 1\rB: 2\r\n", LineEnding),
            (post, "A: \u{0}\r\n", Control),
            (post, "A: \u{7f}\r\n", Control),
            ("GET /a b HTTP/1.1", "", RequestLine),
            ("GET  / HTTP/1.1", "", RequestLine),
            ("get / HTTP/1.1", "", RequestLine),
            ("GET / HTTP/2.0", "", RequestLine),
            ("GET /#f HTTP/1.1", "", RequestLine),
            ("GET /\u{e4} HTTP/1.1", "", RequestLine),
            ("GET / HTTP/1.1", "Content-Length: 3\r\n", BodyOnSafeMethod),
            (
                "HEAD / HTTP/1.1",
                "Transfer-Encoding: chunked\r\n",
                BodyOnSafeMethod,
            ),
        ] {
            assert_eq!(head(line, fields), Err(problem), "{line} / {fields:?}");
        }
        assert_eq!(check(b"GET / HTTP/1.1\r\n\r\n"), Err(Host));
        assert_eq!(check(b"GET / HTTP/1.1\nHost: h\n\n"), Err(LineEnding));
    }

    proptest! {
        /// No input panics, and what passes has one reading: no CR or LF but in pairs.
        #[test]
        fn nothing_panics(raw in prop::collection::vec(prop_oneof![
            Just(b'\r'), Just(b'\n'), Just(b':'), Just(b' '), any::<u8>()], 0..200)) {
            let _ = check(&raw);
        }
    }
}
