//! Charsets that can be read as ASCII byte by byte, and the header values that name them.

/// How the bytes behind ASCII are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charset {
    /// Named, or nothing was named.
    Utf8,
    /// ISO-8859-1 or windows-1252.
    Latin1,
}

/// Names in which ASCII bytes mean ASCII signs and nothing else does, in lower case.
const READABLE: [(&str, Charset); 10] = [
    ("utf-8", Charset::Utf8),
    ("utf8", Charset::Utf8),
    ("us-ascii", Charset::Utf8),
    ("ascii", Charset::Utf8),
    ("iso-8859-1", Charset::Latin1),
    ("iso8859-1", Charset::Latin1),
    ("iso_8859-1", Charset::Latin1),
    ("latin1", Charset::Latin1),
    ("windows-1252", Charset::Latin1),
    ("cp1252", Charset::Latin1),
];

/// The charset that a Content-Type names; UTF-8 where it names none. Parsers differ in which of
/// several parameters they take and what quotes they know, so every `charset` in the value must be
/// readable.
///
/// # Errors
/// The name of a charset that is not readable, or what stands in its place.
pub(super) fn of_content_type(value: &[u8]) -> Result<Charset, String> {
    let text = String::from_utf8_lossy(value).to_ascii_lowercase();
    if !text.is_ascii() {
        return Err("a Content-Type outside ASCII".to_owned());
    }
    let mut found = Charset::Utf8;
    let mut rest = text.as_str();
    while let Some((_, behind)) = rest.split_once("charset") {
        let named = behind.trim_start();
        let Some(named) = named.strip_prefix('=') else {
            // `charset*=` (RFC 2231), or a word that only begins like it.
            return Err(format!("charset{}", &behind[..behind.len().min(20)]));
        };
        let named = named.trim_start().trim_start_matches(['"', '\'']);
        let end = named.find(|c: char| "\"';,".contains(c) || c.is_whitespace());
        let name = &named[..end.unwrap_or(named.len())];
        found = READABLE
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, charset)| *charset)
            .ok_or_else(|| name.to_owned())?;
        rest = named;
    }
    Ok(found)
}

/// True for a missing or empty Content-Encoding and for `identity`.
pub(super) fn is_plain_encoding(value: Option<&[u8]>) -> bool {
    let value = value.unwrap_or_default().trim_ascii();
    value.is_empty() || value.eq_ignore_ascii_case(b"identity")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readable_charsets() {
        for (value, charset) in [
            ("text/html", Charset::Utf8),
            ("", Charset::Utf8),
            ("text/html; charset=utf-8", Charset::Utf8),
            ("text/html;CharSet = \"UTF-8\" ; x=y", Charset::Utf8),
            ("text/html; charset='us-ascii'", Charset::Utf8),
            ("text/html; charset=ISO-8859-1", Charset::Latin1),
            (
                "text/html; charset=utf-8; charset=windows-1252",
                Charset::Latin1,
            ),
        ] {
            assert_eq!(of_content_type(value.as_bytes()), Ok(charset), "{value}");
        }
    }

    #[test]
    fn other_charsets_are_named() {
        for value in [
            "text/html; charset=utf-16",
            "text/html; charset=UTF-7",
            "text/html; charset=IBM037",
            "text/html; charset=utf-8; charset=utf-16le",
            "text/html; charset*=utf-8''utf-16",
            "text/html; charset=",
            "text/html; charset",
            "text/html; charset=utf-8x",
            "text/html; charset=utf-\u{e9}",
        ] {
            assert!(of_content_type(value.as_bytes()).is_err(), "{value}");
        }
        assert_eq!(
            of_content_type(b"a/b; charset=UTF-16"),
            Err("utf-16".to_owned())
        );
        assert!(of_content_type(b"a/b; charset=\xff").is_err());
    }

    #[test]
    fn encodings() {
        assert!(is_plain_encoding(None) && is_plain_encoding(Some(b" Identity ")));
        for coded in ["gzip", "identity, gzip", "br", "x"] {
            assert!(!is_plain_encoding(Some(coded.as_bytes())), "{coded}");
        }
    }
}
