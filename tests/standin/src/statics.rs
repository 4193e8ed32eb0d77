//! Files below `/public/`: no action, no session, no cookies; ETag, 304 and Range (`spse44.md` sections 1 and 10).

use ring::digest;

use crate::clock;
use crate::exchange::Call;
use crate::http::answer::Answer;
use crate::http::body::hex;
use crate::http::encode;

const CSS: &str = include_str!("assets/application.css");
const JS: &str = include_str!("assets/common-v2.js");
const LOGO: &str = include_str!("assets/lpse-logo.svg");
/// Size of the made-up guide, in bytes: something worth a Range.
const GUIDE_SIZE: usize = 300_000;

fn content(file: &str) -> Option<(&'static str, Vec<u8>)> {
    Some(match file {
        "css/application.css" => ("text/css; charset=utf-8", CSS.into()),
        "js/common-v2.js" => ("application/javascript; charset=utf-8", JS.into()),
        "images/imgng/lpse-logo.svg" => ("image/svg+xml", LOGO.into()),
        "images/4.4.icon.png" => ("image/png", icon()),
        "files/panduan.pdf" => {
            let line = b"%PDF-1.4 PANDUAN PENGGUNA SPSE 4.4\n";
            let mut bytes = line.repeat(GUIDE_SIZE / line.len() + 1);
            bytes.truncate(GUIDE_SIZE);
            ("application/pdf", bytes)
        }
        _ => return None,
    })
}

/// A square of the banner's blue with a lighter bar.
fn icon() -> Vec<u8> {
    let pixel = |n: usize| {
        if (n / 16) % 16 < 11 {
            [17, 75, 122, 255]
        } else {
            [23, 162, 151, 255]
        }
    };
    let pixels: Vec<u8> = (0..256).flat_map(pixel).collect();
    encode::png(16, 16, &pixels)
}

/// First and last byte that a Range asks for. `Err` when there is no such byte.
fn range(header: &str, length: usize) -> Option<Result<(usize, usize), ()>> {
    let (from, to) = header.strip_prefix("bytes=")?.split_once('-')?;
    let last = length.checked_sub(1)?;
    let bounds = match (from.parse::<usize>(), to.parse::<usize>()) {
        (Ok(from), Ok(to)) => (from, to.min(last)),
        (Ok(from), Err(_)) if to.is_empty() => (from, last),
        (Err(_), Ok(count)) if from.is_empty() => (length.saturating_sub(count), last),
        // Several ranges at once and nonsense get the whole file.
        _ => return None,
    };
    Some(if bounds.0 <= bounds.1 {
        Ok(bounds)
    } else {
        Err(())
    })
}

pub(crate) fn answer(call: &Call<'_>, file: &str) -> Answer {
    let Some((kind, bytes)) = content(file) else {
        return Answer::html(404, "<h1>Not found</h1>");
    };
    let hash = digest::digest(&digest::SHA256, &bytes);
    let tag = format!("\"{}\"", &hex(hash.as_ref())[..16]);
    let dated = |answer: Answer| {
        answer
            .with("ETag", tag.clone())
            .with("Last-Modified", clock::http_date(clock::FROZEN_MS))
            .with("Cache-Control", "max-age=3600")
    };
    if call.head.header("if-none-match") == Some(tag.as_str()) {
        return dated(Answer::empty(304));
    }
    let length = bytes.len();
    match call
        .head
        .header("range")
        .and_then(|header| range(header, length))
    {
        None => dated(Answer::new(200, kind, bytes).with("Accept-Ranges", "bytes")),
        Some(Err(())) => Answer::empty(416).with("Content-Range", format!("bytes */{length}")),
        Some(Ok((from, to))) => dated(
            Answer::new(206, kind, &bytes[from..=to])
                .with("Content-Range", format!("bytes {from}-{to}/{length}")),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        assert_eq!(range("bytes=0-9", 100), Some(Ok((0, 9))));
        assert_eq!(range("bytes=90-", 100), Some(Ok((90, 99))));
        assert_eq!(range("bytes=-5", 100), Some(Ok((95, 99))));
        assert_eq!(range("bytes=100-", 100), Some(Err(())));
        assert_eq!(range("bytes=0-1,5-6", 100), None);
    }
}
