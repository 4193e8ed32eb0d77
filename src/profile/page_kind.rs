//! Whether an HTML answer is a full page or a piece of one, by its first bytes (design.md
//! section 3, evidence 4).

/// What the first bytes of an answer show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageKind {
    /// Begins with `<!doctype html` or `<html`.
    FullPage,
    /// Anything else: pieces, text, an empty body.
    Fragment,
    /// Not decided yet: give more bytes.
    NeedMore,
}

/// How far white space, comments and an XML declaration are skipped, in bytes. A page that begins
/// later is judged like a fragment, which is the careful side.
pub const PREAMBLE_BYTES_MAX: usize = 1024;

/// Decides by `first`, the beginning of the body; `complete` when the body has no more.
pub fn page_kind(first: &[u8], complete: bool) -> PageKind {
    let undecided = |seen: usize| {
        if complete || seen >= PREAMBLE_BYTES_MAX {
            PageKind::Fragment
        } else {
            PageKind::NeedMore
        }
    };
    let mut rest = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first);
    loop {
        rest = rest.trim_ascii_start();
        if first.len() - rest.len() >= PREAMBLE_BYTES_MAX {
            return PageKind::Fragment;
        }
        let end: &[u8] = if rest.starts_with(b"<!--") {
            b"-->"
        } else if rest.starts_with(b"<?") {
            b"?>"
        } else {
            break;
        };
        match memchr::memmem::find(rest, end) {
            Some(at) => rest = &rest[at + end.len()..],
            None => return undecided(first.len()),
        }
    }
    if is_byte_order_mark_begun(first) || begins_any_opening(rest) {
        return undecided(first.len() - rest.len());
    }
    if opens_page(rest) {
        PageKind::FullPage
    } else {
        PageKind::Fragment
    }
}

/// Openings of a full page, in lower case; the sign behind them must end the word.
const OPENINGS: [&[u8]; 2] = [b"<!doctype html", b"<html"];

fn opens_page(rest: &[u8]) -> bool {
    OPENINGS.iter().any(|opening| {
        rest.get(..opening.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(opening))
            && rest
                .get(opening.len())
                .is_some_and(|b| b.is_ascii_whitespace() || b"/>".contains(b))
    })
}

/// True while `rest` could still become an opening, a comment or a declaration.
fn begins_any_opening(rest: &[u8]) -> bool {
    let begins =
        |whole: &[u8]| rest.len() <= whole.len() && whole[..rest.len()].eq_ignore_ascii_case(rest);
    OPENINGS.iter().any(|opening| begins(opening)) || begins(b"<!--")
}

/// One or two bytes of a UTF-8 byte order mark and nothing else yet.
fn is_byte_order_mark_begun(first: &[u8]) -> bool {
    matches!(first, [0xef] | [0xef, 0xbb])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_pages_and_fragments() {
        for page in [
            "<!DOCTYPE html>\n<html>",
            "<!doctype HTML PUBLIC \"-//W3C\">",
            "<html lang=id>",
            "<HTML>",
            "\u{feff} \r\n<!DOCTYPE html><p>",
            "<!-- a --><!-- b -->\n<html>",
            "<?xml version=\"1.0\"?><!DOCTYPE html ",
            "<html\t>",
        ] {
            assert_eq!(
                page_kind(page.as_bytes(), false),
                PageKind::FullPage,
                "{page}"
            );
        }
        for piece in [
            "<div>",
            "{}",
            "a;b",
            "<htmlx>",
            "<!doctype htmlx>",
            "<!doctype svg>",
            "x<html>",
            "<p><html>",
            "<!-- a -->text",
            "<head>",
            "[1]",
            "%PDF-1.4",
        ] {
            assert_eq!(
                page_kind(piece.as_bytes(), false),
                PageKind::Fragment,
                "{piece}"
            );
        }
    }

    #[test]
    fn what_is_cut_off_waits_for_more_unless_it_is_all() {
        for cut in [
            "",
            "<",
            "<!",
            "<!-",
            "<!-- a",
            "<!doct",
            "<html",
            "  ",
            "<?xml",
            "<!-- a -->",
        ] {
            assert_eq!(
                page_kind(cut.as_bytes(), false),
                PageKind::NeedMore,
                "{cut}"
            );
            assert_eq!(page_kind(cut.as_bytes(), true), PageKind::Fragment, "{cut}");
        }
        assert_eq!(page_kind(b"\xef\xbb", false), PageKind::NeedMore);
    }

    #[test]
    fn the_wait_is_bounded() {
        let spaces = " ".repeat(PREAMBLE_BYTES_MAX);
        assert_eq!(page_kind(spaces.as_bytes(), false), PageKind::Fragment);
        assert_eq!(
            page_kind(format!("{spaces}<html>").as_bytes(), false),
            PageKind::Fragment
        );
        let comment = format!("<!--{spaces}");
        assert_eq!(page_kind(comment.as_bytes(), false), PageKind::Fragment);
    }

    #[test]
    fn more_bytes_never_turn_a_verdict() {
        for whole in [
            "\u{feff} <!-- x --><!DOCTYPE html><html>",
            "<?xml v?><div>",
            " <htm>l",
        ] {
            let mut decided = None;
            for end in 0..=whole.len() {
                let kind = page_kind(&whole.as_bytes()[..end], false);
                if let Some(before) = decided {
                    assert_eq!(kind, before, "{whole} at {end}");
                } else if kind != PageKind::NeedMore {
                    decided = Some(kind);
                }
            }
            assert!(decided.is_some(), "{whole}");
        }
    }
}
