//! Control characters never pass into an output: they end lines, recolour terminals and turn the
//! direction of text around.

use std::fmt::Write;

/// Whether a terminal or a log reader may act on a character instead of showing it.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// With every such character as `\uXXXX` (two of them beyond U+FFFF), as JSON writes it. JSON
/// stays the same JSON.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if acts(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing into memory cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_shown_instead() {
        for (text, shown) in [
            ("Pejabat 12 é ‰ 漢 🙂", "Pejabat 12 é ‰ 漢 🙂"),
            ("a\nb\r\0\t", "a\\u000ab\\u000d\\u0000\\u0009"),
            ("\u{1b}[31m\u{7f}\u{9b}", "\\u001b[31m\\u007f\\u009b"),
            (
                "\u{2028}\u{202e}\u{2066}\u{feff}",
                "\\u2028\\u202e\\u2066\\ufeff",
            ),
            ("\u{e0041}", "\\udb40\\udc41"),
        ] {
            assert_eq!(plain(text), shown);
        }
        for c in ('\0'..=char::MAX).filter(|c| c.is_control()) {
            assert!(!plain(&c.to_string()).contains(c), "{c:?}");
        }
    }

    #[test]
    fn json_stays_the_same_json() {
        let text = "\u{9b}\u{2028}\u{e0041}\"\\\n";
        let json = serde_json::to_string(text).unwrap();
        let read: String = serde_json::from_str(&plain(&json)).unwrap();
        assert_eq!(read, text);
    }
}
