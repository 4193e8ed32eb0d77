//! Links inside the application's own pages, and what else becomes of a body on its way down: not a
//! byte but the link.

mod odd;
mod packed;
mod pages;

use crate::support::World;
use crate::support::wire::Response;
use spse_standin::SessionMode;
use std::io::Write;

/// Behind the name of who is logged in.
const ENABLE: &str = r#" | <a href="/eproc4/gerbang/">Enable TOTP</a>"#;
const DISABLE: &str = r#" | <a href="/eproc4/gerbang/">Disable TOTP</a>"#;
/// On the login form.
const RESET: &str = r#" <a href="/eproc4/gerbang/reset">Reset TOTP?</a>"#;

/// Beginning of the block that names the user.
const BLOCK: &str = "<div class=\"float-right\"><span title=\"[";

/// A page with the link behind its header block.
fn with_status(page: &str, link: &str) -> String {
    let Some(block) = page.find(BLOCK) else {
        return page.to_owned();
    };
    let ends = block + page[block..].find("</span>").unwrap() + "</span>".len();
    format!("{}{link}{}", &page[..ends], &page[ends..])
}

/// A page with the link behind that to the lost password.
fn with_reset(page: &str) -> String {
    let lost = "Lupa Password?</a>";
    page.replacen(lost, &format!("{lost}{RESET}"), 1)
}

#[track_caller]
fn same(what: &str, got: &str, wanted: &str) {
    if got != wanted {
        let at = got.bytes().zip(wanted.bytes()).take_while(|(a, b)| a == b);
        let from = at.count().saturating_sub(80);
        let show = |text: &str| {
            let bytes = text.as_bytes();
            let end = bytes.len().min(from + 240);
            String::from_utf8_lossy(&bytes[from.min(end)..end]).into_owned()
        };
        panic!("{what}:\ngot    {}\nwanted {}", show(got), show(wanted));
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The body as a browser reads it.
#[track_caller]
fn plain(answer: &Response) -> Vec<u8> {
    match answer.header("content-encoding") {
        "" => answer.body.clone(),
        "gzip" => {
            let mut decoder = flate2::write::MultiGzDecoder::new(Vec::new());
            decoder.write_all(&answer.body).unwrap();
            decoder.finish().unwrap()
        }
        other => panic!("{other}: {answer:?}"),
    }
}

/// The link on the login form leads somewhere, also for whoever is nobody yet.
#[tokio::test(flavor = "multi_thread")]
async fn the_page_behind_reset_says_whom_to_ask() {
    let world = World::start(SessionMode::InCookie).await;
    let page = world.browser().get("/gerbang/reset").await;
    assert_eq!(page.status, 200, "{page:?}");
    for words in ["Permintaan Reset TOTP", "kode pemulihan", "petugas LPSE"] {
        assert!(page.has(words), "{words}: {page:?}");
    }
}
