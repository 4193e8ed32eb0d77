//! Odd pages, codings and framings, as bytes of an application that does what it wants.

mod framing;

use super::{DISABLE, RESET, gzip, same, with_reset, with_status};
use crate::support::browser::Browser;
use crate::support::login::{assert_home, first};
use crate::support::wire::Response;
use crate::support::{World, quick};
use spse_standin::{FaultKind, SessionMode};

const HEADER: &str = r#"<div class="float-right"><span title="[PPK301] - 00200301"><a href="/eproc4/user/viewuser?userid=PPK301" class="dialog">PPK KINTEK 2021</a> - Pejabat Pembuat Komitmen</span></div>"#;
const FORM: &str = r#"<form action="/eproc4/login"></form><p class="links"><a href="/eproc4/publik/lupapassword">Lupa Password?</a></p>"#;

/// What becomes of a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Becomes {
    /// It gets its link.
    Linked,
    /// It passes as it is.
    Same,
    /// It is not shown.
    Refused,
}
use Becomes::{Linked, Refused, Same};

fn page(inside: &str) -> String {
    format!("<!DOCTYPE html>\n<html><head><title>x</title></head><body>{inside}</body></html>\n")
}

const TYPE: &str = "Content-Type: text/html; charset=utf-8\r\n";

/// An answer with its length.
fn answer(status: &str, head: &str, body: &[u8]) -> Vec<Vec<u8>> {
    let head = format!(
        "HTTP/1.1 {status}\r\n{head}Content-Length: {}\r\n\r\n",
        body.len()
    );
    vec![[head.as_bytes(), body].concat()]
}

/// A world, its owner `PPK301`, and what the application answers below `/aneh` and on the form.
struct Odd {
    world: World,
    owner: Browser,
}

impl Odd {
    async fn start() -> Self {
        let world = World::with(quick(SessionMode::ServerSide), |gateway| gateway).await;
        let owner = world.browser();
        first(&owner, "PPK301").await;
        Self { world, owner }
    }

    fn says(&self, pieces: Vec<Vec<u8>>) {
        self.world.standin.set(|config| {
            config.faults.clear();
            config.fault("/aneh", FaultKind::Raw(pieces.clone()));
            config.fault("/login", FaultKind::Raw(pieces));
        });
    }

    async fn owners(&self, pieces: Vec<Vec<u8>>) -> Response {
        self.says(pieces);
        self.owner.get("/aneh").await
    }

    /// The login form, of a visitor who streams through and of one whose client asks.
    async fn visitors(&self, pieces: Vec<Vec<u8>>) -> Response {
        self.says(pieces);
        self.world.browser().get("/login").await
    }
}

#[track_caller]
fn judge(what: &str, got: &Response, becomes: Becomes, body: &str, linked: &str) {
    match becomes {
        Refused => assert_eq!(got.status, 502, "{what} {got:?}"),
        Linked | Same => {
            assert_eq!(got.status, 200, "{what} {got:?}");
            assert!(got.whole, "{what} {got:?}");
            let wanted = if becomes == Linked { linked } else { body };
            assert_eq!(becomes == Linked, body != linked, "{what}");
            same(what, &got.text(), wanted);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_html_gets_its_link_in_the_right_place_or_none() {
    let odd = Odd::start().await;
    let upper = HEADER.replace("float-right", "Float-Right");
    for (what, inside, becomes) in [
        ("plain", HEADER.to_owned(), Linked),
        ("twice", format!("{HEADER}<hr>{HEADER}"), Linked),
        (
            "behind text",
            format!("a < b & c > d \" ' {HEADER}"),
            Linked,
        ),
        ("in other letters", upper, Same),
        ("no place", "<p>x</p>".to_owned(), Same),
        ("empty", String::new(), Same),
        ("a comment", format!("<!-- {HEADER} -->"), Same),
        ("a script", format!("<script>'{HEADER}'</script>"), Same),
        ("an attribute", format!("<p title='{HEADER}'>x</p>"), Same),
        ("a textarea", format!("<textarea>{HEADER}</textarea>"), Same),
        ("escaped", HEADER.replace('<', "&lt;"), Same),
        ("cut short", HEADER[..HEADER.len() - 20].to_owned(), Same),
        ("not closed", HEADER.replace("</span>", ""), Same),
    ] {
        let body = page(&inside);
        let linked = if becomes == Linked {
            with_status(&body, DISABLE)
        } else {
            body.clone()
        };
        let got = odd.owners(answer("200 OK", TYPE, body.as_bytes())).await;
        judge(what, &got, becomes, &body, &linked);
    }
    for (begin, end) in [
        ("<!-- ", " -->"),
        ("<script>'", "'</script>"),
        ("<p title='", "'>"),
        ("<textarea>", "</textarea>"),
    ] {
        let inside = format!("{begin}{HEADER}{end}");
        let body = page(&format!("{inside}{HEADER}"));
        let wanted = page(&format!("{inside}{}", with_status(HEADER, DISABLE)));
        let got = odd.owners(answer("200 OK", TYPE, body.as_bytes())).await;
        judge(begin, &got, Linked, &body, &wanted);
        let body = page(&format!("{begin}{FORM}{end}{FORM}"));
        let wanted = page(&format!("{begin}{FORM}{end}{}", with_reset(FORM)));
        let got = odd.visitors(answer("200 OK", TYPE, body.as_bytes())).await;
        judge(begin, &got, Linked, &body, &wanted);
    }
}

/// A body in so many pieces, in each of the three framings.
fn framings(body: &[u8], pieces: usize) -> Vec<(&'static str, Vec<Vec<u8>>)> {
    let size = body.len().div_ceil(pieces).max(1);
    let parts: Vec<Vec<u8>> = body.chunks(size).map(<[u8]>::to_vec).collect();
    let head = |line: &str| format!("HTTP/1.1 200 OK\r\n{TYPE}{line}\r\n").into_bytes();
    let chunk =
        |part: &Vec<u8>| [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat();
    let length = head(&format!("Content-Length: {}\r\n", body.len()));
    let chunked = head("Transfer-Encoding: chunked\r\n");
    let chunks = parts.iter().map(chunk).chain([b"0\r\n\r\n".to_vec()]);
    vec![
        ("length", [vec![length], parts.clone()].concat()),
        ("chunked", [chunked].into_iter().chain(chunks).collect()),
        (
            "to the end",
            [vec![head("Connection: close\r\n")], parts].concat(),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn however_a_page_comes_the_same_bytes_go_down() {
    let odd = Odd::start().await;
    let (owners, visitors) = (page(HEADER), page(FORM));
    for pieces in [1, 7, 60] {
        for ((how, owner), (_, visitor)) in framings(owners.as_bytes(), pieces)
            .into_iter()
            .zip(framings(visitors.as_bytes(), pieces))
        {
            let what = format!("{how} in {pieces}");
            let got = odd.owners(owner).await;
            judge(&what, &got, Linked, &owners, &with_status(&owners, DISABLE));
            let got = odd.visitors(visitor).await;
            judge(&what, &got, Linked, &visitors, &with_reset(&visitors));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn charsets_and_codings() {
    let odd = Odd::start().await;
    let plain = |kind: &str| format!("Content-Type: text/html{kind}\r\n");
    let coded = |coding: &str| format!("{TYPE}Content-Encoding: {coding}\r\n");
    let owners = page(HEADER);
    let visitors = page(FORM);
    let wide = |text: &str| -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect()
    };
    let latin = |text: &str| [text.as_bytes(), b"\xe9\xff"].concat();
    let bom = |text: &str| [b"\xef\xbb\xbf", text.as_bytes()].concat();
    let raw = |text: &str| text.as_bytes().to_vec();
    type Body<'b> = &'b dyn Fn(&str) -> Vec<u8>;
    let packed = |text: &str| gzip(text.as_bytes());
    let cases: [(String, Body<'_>, Becomes); 13] = [
        (plain(""), &raw, Linked),
        (plain("; charset=us-ascii"), &raw, Linked),
        (plain("; charset=ISO-8859-1"), &latin, Linked),
        (plain("; charset=utf-8"), &bom, Linked),
        (String::new(), &raw, Linked),
        (plain("; charset=utf-16"), &wide, Refused),
        (plain("; charset=utf-7"), &raw, Refused),
        (coded("identity"), &raw, Linked),
        (coded("gzip"), &packed, Linked),
        (coded("GZip"), &packed, Linked),
        (coded("br"), &raw, Refused),
        (coded("deflate"), &raw, Refused),
        (coded("gzip, br"), &packed, Refused),
    ];
    for (head, body, becomes) in cases {
        for visitor in [false, true] {
            let text = if visitor { &visitors } else { &owners };
            let sent = body(text);
            let pieces = answer("200 OK", &head, &sent);
            let got = match visitor {
                true => odd.visitors(pieces).await,
                false => odd.owners(pieces).await,
            };
            let what = format!("{head:?} visitor {visitor}");
            if becomes == Refused {
                assert_eq!(got.status, 502, "{what} {got:?}");
                continue;
            }
            assert_eq!(got.status, 200, "{what} {got:?}");
            let link = if visitor { RESET } else { DISABLE };
            let at = crate::support::find(&got.body, link.as_bytes());
            let at = at.unwrap_or_else(|| panic!("{what} {got:?}"));
            let bare = [&got.body[..at], &got.body[at + link.len()..]].concat();
            let unpacked = if head.to_lowercase().contains("gzip") {
                raw(text)
            } else {
                sent
            };
            assert!(bare == unpacked, "{what} {got:?}");
            let coding = got.header("content-encoding");
            assert!(matches!(coding, "" | "identity"), "{what} {got:?}");
        }
    }
    assert_home_after(&odd).await;
    // UTF-16 that calls itself something else.
    let head = plain("; charset=utf-8");
    for got in [
        odd.visitors(answer("200 OK", &head, &wide(&visitors)))
            .await,
        odd.owners(answer("200 OK", &head, &wide(&owners))).await,
    ] {
        assert_ne!(got.status, 200, "{got:?}");
    }
}

/// Whatever was tried, the owner is who he was.
async fn assert_home_after(odd: &Odd) {
    odd.world.standin.set(|config| config.faults.clear());
    assert_home(&odd.owner, "PPK301").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_gzip_shows_nothing_that_was_not_read() {
    let odd = Odd::start().await;
    let whole = gzip(page(HEADER).as_bytes());
    let head = format!("{TYPE}Content-Encoding: gzip\r\n");
    for broken in [
        &whole[..whole.len() / 2],
        &b"no gzip at all"[..],
        &whole[..3],
    ] {
        for got in [
            odd.owners(answer("200 OK", &head, broken)).await,
            odd.visitors(answer("200 OK", &head, broken)).await,
        ] {
            assert!(got.status == 502 || !got.whole, "{got:?}");
            assert!(
                crate::support::find(&got.raw, &broken[..3]).is_none(),
                "{got:?}"
            );
        }
    }
    // Somebody else's page in gzip is found out as well.
    let other = page(&HEADER.replace("PPK301", "AUDITOR1"));
    let got = odd
        .owners(answer("200 OK", &head, &gzip(other.as_bytes())))
        .await;
    assert!(!got.has("AUDITOR1"), "{got:?}");
    assert_ne!(got.status, 200, "{got:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn huge_pages_get_their_link_at_the_front_and_pass_otherwise() {
    let odd = Odd::start().await;
    let filler = "<p>baris</p>\n".repeat(800_000);
    assert!(filler.len() > 10_000_000);
    let front = page(&format!("{HEADER}{filler}"));
    let got = odd.owners(answer("200 OK", TYPE, front.as_bytes())).await;
    judge("front", &got, Linked, &front, &with_status(&front, DISABLE));
    let back = page(&format!("{filler}{HEADER}"));
    let got = odd.owners(answer("200 OK", TYPE, back.as_bytes())).await;
    judge("back", &got, Same, &back, &back);
    let back = page(&format!("{filler}{FORM}"));
    let got = odd.visitors(answer("200 OK", TYPE, back.as_bytes())).await;
    judge("form", &got, Same, &back, &back);
}
