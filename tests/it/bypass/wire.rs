//! Bytes that two readers may read in two ways (threats.md rows 3 to 6, 8 to 10): what is refused
//! is refused before anything is decided, and the application is sent exactly what was decided on.

use crate::support::browser::{Ask, cookie_line};
use crate::support::login::{assert_home, first, password};
use crate::support::{World, assert_nothing_private};
use spse_standin::SessionMode;

/// Paths that must be refused, below the context.
const REFUSED: [&str; 24] = [
    "//paket",
    "/./paket",
    "/../eproc4/paket",
    "/public/../paket",
    "/lt17/../paket",
    "/lt17/..;/paket",
    "/lt17//paket",
    "/public/%2e%2e/paket",
    "/public/%2E%2e%2fpaket",
    "/public%2fx",
    "/public%5cx",
    "/lt17\\..\\paket",
    "/paket;x=1",
    "/public/a.css;/paket",
    "/paket%00",
    "/paket%",
    "/paket%2",
    "/paket%zz",
    "/.",
    "/..",
    "/lt17/.",
    "/public/..",
    "/%2e/paket",
    "/dl/%2F..%2Fpaket",
];

#[tokio::test(flavor = "multi_thread")]
async fn paths_that_read_in_two_ways_are_refused_and_never_forwarded() {
    for mode in SessionMode::ALL {
        let world = World::start(mode).await;
        let waiting = world.browser();
        password(&waiting, "PPK301").await;
        world.standin.clear_records();
        for path in REFUSED {
            for method in ["GET", "POST"] {
                let ask = Ask::new(method, &format!("/eproc4{path}"));
                let answer = waiting
                    .fetch(if method == "POST" { ask.body(b"") } else { ask })
                    .await;
                assert_eq!(answer.status, 400, "{mode:?} {method} {path} {answer:?}");
            }
        }
        let mut sent = world.standin.records();
        sent.retain(|record| !crate::support::is_errand(record));
        assert!(sent.is_empty(), "{mode:?} {sent:?}");
        assert_nothing_private(&waiting.seen());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_spellings_of_a_path_get_no_allowance_and_go_up_byte_for_byte() {
    let world = World::start(SessionMode::ServerSide).await;
    let waiting = world.browser();
    password(&waiting, "PPK301").await;
    world.standin.clear_records();
    let spellings = [
        "/%70aket",
        "/Paket",
        "/PAKET",
        "/paket/",
        "/lt17%2e",
        "/Public/x",
        "/h%6Fme",
        "/l%74%31%37",
        "/~paket",
    ];
    for path in spellings {
        let answer = waiting.fetch(Ask::get(path)).await;
        assert_nothing_private(&answer.raw);
    }
    for record in world.standin.records() {
        assert!(
            record.user_before.is_none() || crate::support::is_errand(&record),
            "{record:?}"
        );
        let known = spellings
            .iter()
            .any(|path| record.target == format!("/eproc4{path}"));
        assert!(known || crate::support::is_errand(&record), "{record:?}");
    }
}

/// Heads and bodies after `POST /eproc4/lelang HTTP/1.1\r\nHost: ...\r\n`, all to be refused.
#[expect(clippy::too_many_lines, reason = "a table")]
fn ambiguous() -> Vec<(&'static str, String)> {
    let inner = "GET /eproc4/paket HTTP/1.1\r\nHost: x\r\nX-Test: smuggled\r\n\r\n";
    let length = inner.len();
    vec![
        (
            "length and chunked",
            format!(
                "Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}"
            ),
        ),
        (
            "chunked and length",
            format!("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n{inner}"),
        ),
        (
            "two lengths, the same",
            format!("Content-Length: 0\r\nContent-Length: 0\r\n\r\n{inner}"),
        ),
        (
            "two lengths",
            format!("Content-Length: 0\r\nContent-Length: {length}\r\n\r\n{inner}"),
        ),
        (
            "a list of lengths",
            format!("Content-Length: 0, {length}\r\n\r\n{inner}"),
        ),
        (
            "a signed length",
            format!("Content-Length: +0\r\n\r\n{inner}"),
        ),
        (
            "a hex length",
            format!("Content-Length: 0x0\r\n\r\n{inner}"),
        ),
        (
            "an empty length",
            format!("Content-Length: \r\n\r\n{inner}"),
        ),
        (
            "another coding",
            format!("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{inner}"),
        ),
        (
            "coding list",
            format!("Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n{inner}"),
        ),
        (
            "two codings",
            format!(
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n{inner}"
            ),
        ),
        (
            "quoted coding",
            format!("Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n{inner}"),
        ),
        (
            "space before the colon",
            format!("Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{inner}"),
        ),
        (
            "folded coding",
            format!("X: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}"),
        ),
        (
            "bare line feed",
            format!("X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}"),
        ),
        (
            "bare carriage return",
            format!("X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}"),
        ),
        (
            "NUL in a value",
            format!("X: y\0z\r\nContent-Length: 0\r\n\r\n{inner}"),
        ),
        (
            "nameless header",
            format!(": y\r\nContent-Length: 0\r\n\r\n{inner}"),
        ),
        (
            "vertical tab",
            format!("Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n{inner}"),
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_read_in_two_ways_are_refused_and_the_connection_ends() {
    let world = World::start(SessionMode::ServerSide).await;
    let browser = world.browser();
    first(&browser, "PPK301").await;
    let cookie = cookie_line(&browser.jar());
    world.standin.clear_records();
    for (what, rest) in ambiguous() {
        let head = format!(
            "POST /eproc4/lelang HTTP/1.1\r\nHost: {}\r\nCookie: {cookie}\r\n{rest}",
            browser.host
        );
        let came = browser.raw(head.as_bytes()).await;
        let text = String::from_utf8_lossy(&came);
        assert!(
            text.is_empty() || text.starts_with("HTTP/1.1 400"),
            "{what}: {text}"
        );
        assert!(text.matches("HTTP/1.1 ").count() <= 1, "{what}: {text}");
    }
    assert!(
        world.standin.records().is_empty(),
        "{:?}",
        world.standin.records()
    );
    for line in [
        "GET /eproc4/a b HTTP/1.1",
        "GET  /eproc4/ HTTP/1.1",
        "GET /eproc4/ HTTP/1.1 x",
        "GET /eproc4/<x> HTTP/1.2",
        "GET /eproc4/#a HTTP/1.1",
        "get /eproc4/ HTTP/1.1",
        "GET eproc4/ HTTP/1.1",
        "GET /eproc4/\u{e4} HTTP/1.1",
        "GET http://jahat.example/eproc4/ HTTP/1.1",
        "GET http://u@127.0.0.1/eproc4/ HTTP/1.1",
    ] {
        let head = format!("{line}\r\nHost: {}\r\n\r\n", browser.host);
        let came = browser.raw(head.as_bytes()).await;
        let text = String::from_utf8_lossy(&came);
        assert!(
            text.is_empty() || text.starts_with("HTTP/1.1 4"),
            "{line}: {text}"
        );
    }
    // A space may be written out before anything is decided; what goes up is what was decided on.
    for record in world.standin.records() {
        assert_eq!(record.target, "/eproc4/a%20b", "{record:?}");
    }
    assert_home(&browser, "PPK301").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_that_reaches_the_application_was_decided_on() {
    let world = World::start(SessionMode::ServerSide).await;
    let browser = world.browser();
    browser.get("/").await;
    let cookie = cookie_line(&browser.jar());
    world.standin.clear_records();
    let host = &browser.host;
    let get = format!("GET /eproc4/lelang HTTP/1.1\r\nHost: {host}\r\nX-Test: 1\r\n\r\n");
    let inner = format!("GET /eproc4/paket HTTP/1.1\r\nHost: {host}\r\nX-Test: 1\r\n\r\n");
    let body = |length: usize, body: &str| {
        format!(
            "POST /eproc4/dt/lelang HTTP/1.1\r\nHost: {host}\r\nX-Test: 1\r\nCookie: {cookie}\r\nContent-Length: {length}\r\n\r\n{body}"
        )
    };
    let chunked = |body: &str| {
        format!(
            "POST /eproc4/dt/lelang HTTP/1.1\r\nHost: {host}\r\nX-Test: 1\r\nTransfer-Encoding: chunked\r\n\r\n{body}"
        )
    };
    for bytes in [
        format!("{get}{get}"),
        format!("{}{inner}", body(0, "")),
        body(inner.len(), &inner),
        format!("{}{get}", body(3, "a=b")),
        chunked(&format!("{:x}\r\n{inner}\r\n0\r\n\r\n", inner.len())),
        chunked(&format!("0\r\n\r\n{get}")),
        chunked(&format!("0\r\nX-Trailer: 1\r\n\r\n{get}")),
        chunked(&format!("0;ext=\"\r\n\"\r\n\r\n{get}")),
        chunked(&format!("{:x};a=b\r\n{inner}\r\n0\r\n\r\n", inner.len())),
        chunked(&format!("-1\r\n{inner}")),
        chunked(&format!("0x2\r\nab\r\n0\r\n\r\n{get}")),
        chunked(&format!("fffffffffffffffff\r\n{inner}")),
    ] {
        world.standin.clear_records();
        let came = browser.raw(bytes.as_bytes()).await;
        let answers = came
            .windows(9)
            .filter(|window| window == b"HTTP/1.1 ")
            .count();
        let sent: Vec<_> = world.standin.records();
        let sent: Vec<_> = sent
            .iter()
            .filter(|r| r.header("x-test").is_some())
            .collect();
        assert!(
            sent.len() <= answers.max(1),
            "{bytes}: {answers} answers, {sent:?}"
        );
        // The piece that looks like a request inside a body stayed a body.
        if bytes.contains(&format!("Content-Length: {}", inner.len())) {
            assert!(
                sent.iter().all(|r| r.path != "/eproc4/paket"),
                "{bytes}: {sent:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn upgrades_and_foreign_methods_are_refused() {
    let world = World::start(SessionMode::ServerSide).await;
    let browser = world.browser();
    first(&browser, "PPK301").await;
    world.standin.clear_records();
    for upgrade in ["websocket", "h2c", "foo"] {
        let ask = Ask::get("/notifikasi/soket")
            .with("Upgrade", upgrade)
            .with("Connection", "Upgrade, HTTP2-Settings")
            .with("HTTP2-Settings", "AAMAAABkAAQCAAAAAAIAAAAA")
            .with("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
            .with("Sec-WebSocket-Version", "13");
        let answer = browser.fetch(ask).await;
        assert_ne!(answer.status, 101, "{upgrade} {answer:?}");
        assert!(answer.status >= 400, "{upgrade} {answer:?}");
    }
    let sent = world.standin.records();
    assert!(
        sent.iter().all(|r| r.header("upgrade").is_none()),
        "{sent:?}"
    );
    world.standin.clear_records();
    for method in [
        "TRACE", "CONNECT", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "LOGIN",
    ] {
        let answer = browser.fetch(Ask::new(method, "/paket")).await;
        assert!(matches!(answer.status, 400 | 405), "{method} {answer:?}");
    }
    assert!(
        world.standin.records().is_empty(),
        "{:?}",
        world.standin.records()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_that_are_not_served_get_421_and_nothing_goes_up() {
    let world = World::start(SessionMode::ServerSide).await;
    let mut browser = world.browser();
    let own = browser.host.clone();
    for host in [
        "jahat.example",
        "127.0.0.1.jahat.example",
        "localhost:x",
        "",
        "127.0.0.1:80@jahat",
        "10.0.0.1",
    ] {
        browser.host = host.to_owned();
        let answer = browser.get("/").await;
        assert!(matches!(answer.status, 400 | 421), "{host:?} {answer:?}");
    }
    browser.host = own.clone();
    for bytes in [
        "GET /eproc4/ HTTP/1.1\r\n\r\n".to_owned(),
        "GET /eproc4/ HTTP/1.0\r\n\r\n".to_owned(),
        format!("GET /eproc4/ HTTP/1.1\r\nHost: {own}\r\nHost: {own}\r\n\r\n"),
        format!("GET /eproc4/ HTTP/1.1\r\nHost: {own}\r\nhost: jahat.example\r\n\r\n"),
    ] {
        let came = browser.raw(bytes.as_bytes()).await;
        let text = String::from_utf8_lossy(&came);
        assert!(
            text.is_empty() || text.starts_with("HTTP/1.1 400"),
            "{bytes}: {text}"
        );
    }
    assert!(
        world.standin.records().is_empty(),
        "{:?}",
        world.standin.records()
    );
    let answer = browser
        .fetch(Ask::get("/").with("X-Forwarded-Host", "jahat.example"))
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let record = world.standin.records().pop().unwrap();
    assert_eq!(
        record.header_values("x-forwarded-host"),
        [] as [String; 0],
        "{record:?}"
    );
}
