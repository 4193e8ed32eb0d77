//! Many spellings (threats.md rows 3 and 6), made by combining what is known to be read in two ways.

use crate::support::browser::{Ask, Browser, cookie_line};
use crate::support::login::{assert_home, first, password};
use crate::support::{World, assert_nothing_private, is_errand};
use spse_standin::SessionMode;

/// Where the public, a token or nobody at all may go.
const BEGINNINGS: [&str; 5] = ["", "/public", "/lt17", "/lelang", "/dl/9f86d081884c7d65"];
/// What stands between that and a private page.
const JOINTS: [&str; 28] = [
    "//",
    "///",
    "/./",
    "/../",
    "/..;/",
    "/.;/",
    "/;/",
    ";/",
    ";a=b/",
    "/%2e/",
    "/%2e%2e/",
    "/%2E%2e/",
    "/.%2e/",
    "/%2e./",
    "%2f",
    "%2F..%2F",
    "/%2f",
    "\\",
    "/\\",
    "/..\\",
    "%5c",
    "/%5C..%5c",
    "%00/",
    "/%00",
    "/%",
    "/%2",
    "/%u002e%u002e/",
    "/%zz/",
];
/// Private pages, fragments and files.
const ENDS: [&str; 4] = ["paket", "home", "dt/paket-ppk", "paket/unduh.csv"];
/// Spellings that are one segment to everybody, but not the segment that they look like.
const SPELLINGS: [&str; 12] = [
    "/%70aket",
    "/PAKET",
    "/Home",
    "/h%6fme",
    "/%C0%AF",
    "/%c0%ae%c0%ae/paket",
    "/%e0%80%ae/paket",
    "/%252e%252e/paket",
    "/%25%32%66paket",
    "/paket%20",
    "/paket%09",
    "/paket%2e",
];

fn paths() -> Vec<String> {
    let mut all: Vec<String> = SPELLINGS.iter().map(|path| (*path).to_owned()).collect();
    for beginning in BEGINNINGS {
        for joint in JOINTS {
            for end in ENDS {
                all.push(format!("{beginning}{joint}{end}"));
            }
        }
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn five_hundred_paths_lead_nowhere_and_are_forwarded_as_they_came_or_not_at_all() {
    for mode in [SessionMode::ServerSide, SessionMode::InCookie] {
        let world = World::start(mode).await;
        let waiting = world.browser();
        password(&waiting, "PPK301").await;
        let all = paths();
        assert!(all.len() > 500, "{}", all.len());
        for path in all {
            world.standin.clear_records();
            let whole = format!("/eproc4{path}");
            let answer = waiting.fetch(Ask::new("GET", &whole)).await;
            assert_nothing_private(&answer.raw);
            let mut sent = world.standin.records();
            sent.retain(|record| !is_errand(record));
            if answer.status == 400 {
                assert!(sent.is_empty(), "{mode:?} {path} {sent:?}");
            }
            for record in sent {
                assert_eq!(record.target, whole, "{mode:?}");
                assert!(record.user_before.is_none(), "{mode:?} {record:?}");
            }
        }
    }
}

/// Values of Transfer-Encoding that are not exactly `chunked`.
const CODINGS: [&str; 21] = [
    "",
    "identity",
    "xchunked",
    "chunkedx",
    "chunked, chunked",
    "chunked,",
    ",chunked",
    "identity, chunked",
    "chunked, identity",
    "gzip, chunked",
    "chunked;q=1",
    "\"chunked\"",
    "'chunked'",
    "\tchunked x",
    "chun\tked",
    "chunk ed",
    "\x0bchunked",
    "chunked\x0b",
    "\x0cchunked",
    "chunked\0",
    "\u{feff}chunked",
];
/// Values of Content-Length that are no plain number.
const LENGTHS: [&str; 18] = [
    "",
    "+0",
    "-0",
    "-1",
    "0x0",
    "00 0",
    "0,0",
    "0, 0",
    "0;0",
    "0.0",
    "1e0",
    "\"0\"",
    "zero",
    "\u{ff10}",
    "0\0",
    "0\x0b",
    "99999999999999999999",
    "18446744073709551616",
];
/// Lines that hide a header or end one in two ways.
const LINES: [&str; 24] = [
    "Transfer-Encoding : chunked",
    "Transfer-Encoding\t: chunked",
    " Transfer-Encoding: chunked",
    "\tTransfer-Encoding: chunked",
    "X: y\r\n Transfer-Encoding: chunked",
    "X: y\r\n\tContent-Length: 5",
    "X: y\nTransfer-Encoding: chunked",
    "X: y\rTransfer-Encoding: chunked",
    "X: y\n\nContent-Length: 5",
    "Transfer-Encoding:\n chunked",
    "Transfer-Encoding:\r\n chunked",
    "Transfer\0-Encoding: chunked",
    "Transfer Encoding: chunked",
    "Content Length: 5",
    "Content-Length : 5",
    "Content-Length\x0b: 5",
    ": chunked",
    "Transfer-Encoding",
    "Content-Length",
    "X: a\0b",
    "X\u{e4}: y",
    "\u{feff}Content-Length: 5",
    "X: y\x0b\nTransfer-Encoding: chunked",
    "\"Content-Length\": 5",
];

/// What follows the Host line of a POST; all to be refused.
fn heads() -> Vec<String> {
    let inner = "GET /eproc4/paket HTTP/1.1\r\nHost: x\r\n\r\n";
    let length = inner.len();
    let mut all = Vec::new();
    for coding in CODINGS {
        let line = format!("Transfer-Encoding: {coding}\r\n");
        for rest in [
            line.clone(),
            format!("{line}Content-Length: {length}\r\n"),
            format!("Content-Length: {length}\r\n{line}"),
            format!("{line}Transfer-Encoding: chunked\r\n"),
        ] {
            all.push(format!("{rest}\r\n0\r\n\r\n{inner}"));
        }
    }
    for value in LENGTHS {
        let line = format!("Content-Length: {value}\r\n");
        all.push(format!("{line}\r\n{inner}"));
        all.push(format!("{line}Content-Length: {length}\r\n\r\n{inner}"));
        all.push(format!("Content-Length: {length}\r\n{line}\r\n{inner}"));
    }
    for line in LINES {
        all.push(format!("{line}\r\n\r\n0\r\n\r\n{inner}"));
        all.push(format!(
            "Content-Length: 5\r\n{line}\r\n\r\n0\r\n\r\n{inner}"
        ));
    }
    all
}

/// Requests inside the answers to one connection, and what the application was sent by it.
async fn sent_by(world: &World, browser: &Browser, head: &str) -> (String, usize) {
    world.standin.clear_records();
    let came = browser.raw(head.as_bytes()).await;
    let mut sent = world.standin.records();
    sent.retain(|record| !is_errand(record) || record.header("x-test").is_some());
    (String::from_utf8_lossy(&came).into_owned(), sent.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_heads_are_refused_and_nothing_goes_up() {
    let world = World::start(SessionMode::ServerSide).await;
    let browser = world.browser();
    first(&browser, "PPK301").await;
    let cookie = cookie_line(&browser.jar());
    let mut taken = Vec::new();
    let all = heads();
    assert!(all.len() > 180, "{}", all.len());
    for rest in all {
        let head = format!(
            "POST /eproc4/dt/lelang HTTP/1.1\r\nHost: {}\r\nX-Test: 1\r\nCookie: {cookie}\r\n{rest}",
            browser.host
        );
        let (came, sent) = sent_by(&world, &browser, &head).await;
        let refused = came.is_empty() || came.starts_with("HTTP/1.1 400");
        if !refused || came.matches("HTTP/1.1 ").count() > 1 || sent > 0 {
            let status: String = came.chars().take(30).collect();
            taken.push(format!("{rest:?}: {status}, {sent} sent"));
        }
    }
    assert!(taken.is_empty(), "{taken:#?}");
    assert_home(&browser, "PPK301").await;
}
