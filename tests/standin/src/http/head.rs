//! Request line and headers, with the limits of Netty 3's decoder: 4,096 bytes for the line, 8,192 for the
//! headers; beyond them Play closes the connection without an answer (`spse44.md` section 10).

use std::io;

use super::wire::Wire;

/// Longest request line, in bytes without the line end.
pub(crate) const MAX_LINE: usize = 4_096;
/// Longest headers, in bytes with the line ends.
pub(crate) const MAX_HEADERS: usize = 8_192;

/// The head of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    pub(crate) method: String,
    /// As sent: may be in absolute form.
    pub(crate) target: String,
    /// HTTP/1.0.
    pub(crate) old: bool,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) request_line: Vec<u8>,
    pub(crate) header_lines: Vec<Vec<u8>>,
}

impl Head {
    /// The first header with this name: Play looks at no other.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// Whether the client lets the connection stay open.
    pub(crate) fn keep_alive(&self) -> bool {
        let connection = self
            .header("connection")
            .unwrap_or_default()
            .to_ascii_lowercase();
        if self.old {
            connection.contains("keep-alive")
        } else {
            !connection.contains("close")
        }
    }
}

/// What is known of a head that may not be there as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Extent {
    Partial,
    TooLong,
    /// Length of the request line and of everything up to the empty line, line ends included.
    Whole {
        line: usize,
        all: usize,
    },
}

fn extent(bytes: &[u8]) -> Extent {
    let Some(line_end) = bytes.iter().position(|byte| *byte == b'\n') else {
        return if bytes.len() > MAX_LINE + 1 {
            Extent::TooLong
        } else {
            Extent::Partial
        };
    };
    if trim_end(&bytes[..line_end]).len() > MAX_LINE {
        return Extent::TooLong;
    }
    let headers = &bytes[line_end + 1..];
    let mut start = 0;
    while let Some(length) = headers[start..].iter().position(|byte| *byte == b'\n') {
        let line = trim_end(&headers[start..start + length]);
        start += length + 1;
        if start > MAX_HEADERS {
            return Extent::TooLong;
        }
        if line.is_empty() {
            return Extent::Whole {
                line: line_end + 1,
                all: line_end + 1 + start,
            };
        }
    }
    if headers.len() > MAX_HEADERS {
        Extent::TooLong
    } else {
        Extent::Partial
    }
}

fn trim_end(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Reads the next head. `None` says that the connection is to be closed without an answer: the client has
/// ended it, the head is too long, or it is no HTTP.
pub(crate) async fn read(wire: &mut Wire) -> io::Result<Option<Head>> {
    loop {
        // Empty lines between two requests are skipped.
        let blank = wire
            .pending()
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n'))
            .count();
        wire.consume(blank);
        match extent(wire.pending()) {
            Extent::TooLong => return Ok(None),
            Extent::Whole { line, all } => {
                let head = parse(&wire.pending()[..all], line);
                wire.consume(all);
                return Ok(head);
            }
            Extent::Partial => {
                if !wire.fill().await? {
                    return Ok(None);
                }
            }
        }
    }
}

fn parse(bytes: &[u8], line: usize) -> Option<Head> {
    let mut slots = vec![httparse::EMPTY_HEADER; 256];
    let mut request = httparse::Request::new(&mut slots);
    if !request.parse(bytes).ok()?.is_complete() {
        return None;
    }
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    Some(Head {
        method: request.method?.to_owned(),
        target: request.path?.to_owned(),
        old: request.version == Some(0),
        headers: request
            .headers
            .iter()
            .map(|h| (h.name.to_owned(), text(h.value)))
            .collect(),
        request_line: trim_end(&bytes[..line - 1]).to_vec(),
        header_lines: bytes[line..]
            .split(|byte| *byte == b'\n')
            .map(trim_end)
            .filter(|line| !line.is_empty())
            .map(<[u8]>::to_vec)
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_those_of_netty() {
        let head = |line: usize, headers: usize| {
            let mut text = format!("GET /{} HTTP/1.1\r\n", "a".repeat(line - 14));
            text.push_str(&format!("X: {}\r\n\r\n", "b".repeat(headers - 7)));
            extent(text.as_bytes())
        };
        assert!(matches!(head(4_096, 100), Extent::Whole { .. }));
        assert_eq!(head(4_097, 100), Extent::TooLong);
        assert!(matches!(head(100, 8_192), Extent::Whole { .. }));
        assert_eq!(head(100, 8_193), Extent::TooLong);
        assert_eq!(extent(&vec![b'a'; 4_000]), Extent::Partial);
        assert_eq!(extent(&vec![b'a'; 4_098]), Extent::TooLong);
    }

    #[test]
    fn the_first_header_of_a_name_counts() {
        let head = parse(b"GET / HTTP/1.0\nCookie: a\nCOOKIE: b\n\n", 15).unwrap();
        assert_eq!(head.header("cookie"), Some("a"));
        assert!(head.old && !head.keep_alive());
        assert_eq!(head.request_line, b"GET / HTTP/1.0");
        assert_eq!(
            head.header_lines,
            [b"Cookie: a".to_vec(), b"COOKIE: b".to_vec()]
        );
    }
}
