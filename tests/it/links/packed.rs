//! What is asked of the application in which coding, and what is packed for the client.

use super::{DISABLE, RESET, gzip, plain};
use crate::support::browser::{Ask, Browser};
use crate::support::login::{first, user_id};
use crate::support::wire::Response;
use crate::support::{World, quick};
use spse_standin::{Config, FaultKind, SessionMode, walk};

const BROWSERS: &str = "gzip, deflate, br, zstd";

async fn world() -> World {
    let config = Config {
        frozen: true,
        ..quick(SessionMode::ServerSide)
    };
    World::with(config, |gateway| gateway).await
}

/// A browser that takes gzip.
fn taking(world: &World, coding: &str) -> Browser {
    let mut browser = world.browser();
    browser
        .always
        .push(("Accept-Encoding".to_owned(), coding.to_owned()));
    browser
}

fn table(browser: &Browser) -> Ask {
    let token = browser.form_token();
    assert!(!token.is_empty());
    Ask::form(
        "/dt/lelang",
        &[
            ("draw", "1"),
            ("start", "0"),
            ("length", "100"),
            ("authenticityToken", &token),
        ],
    )
    .xhr()
}

#[track_caller]
fn packed(answer: &Response, wanted: bool) {
    let coding = answer.header("content-encoding");
    assert_eq!(coding, if wanted { "gzip" } else { "" }, "{answer:?}");
    assert_eq!(
        answer.header("vary").contains("Accept-Encoding"),
        wanted,
        "{answer:?}"
    );
    assert!(answer.whole && answer.status == 200, "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_depends_on_nobody_is_packed_and_reads_the_same() {
    let world = world().await;
    for path in [
        "/lelang",
        "/publik/tentangkami",
        "/",
        "/login?tipe=penyedia",
    ] {
        let bare = world.browser().get(path).await;
        let fresh = taking(&world, BROWSERS).get(path).await;
        packed(&bare, false);
        packed(&fresh, true);
        assert!(plain(&fresh) == bare.body, "{path} {fresh:?}");
        assert!(fresh.body.len() < bare.body.len(), "{path}");
        assert_eq!(fresh.header("content-length"), "", "{fresh:?}");
    }
    let form = taking(&world, "gzip").get("/login?tipe=penyedia").await;
    assert!(String::from_utf8(plain(&form)).unwrap().contains(RESET));
    // What is not on the public list, asked by the gateway's own client.
    let body = format!(
        "<!DOCTYPE html>\n<html>{}</html>",
        "<p>baris</p>".repeat(400)
    );
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let pieces = vec![format!("{head}{body}").into_bytes()];
    world
        .standin
        .set(|config| _ = config.fault("/aneh", FaultKind::Raw(pieces)));
    let other = taking(&world, BROWSERS).get("/aneh").await;
    packed(&other, true);
    assert!(plain(&other) == body.as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_session_or_a_cookie_went_up_with_is_not_packed() {
    let world = world().await;
    let visitor = taking(&world, BROWSERS);
    visitor.get("/").await;
    for path in ["/lelang", "/", "/login?tipe=penyedia", "/publik/formlogin"] {
        packed(&visitor.get(path).await, false);
    }
    user_id(&visitor, "PPK301").await;
    packed(&visitor.get("/loginpass").await, false);
    // A message of the application, or an Authorization, is somebody's too.
    let flash = taking(&world, BROWSERS);
    flash.set_cookie("SPSE_FLASH", "error=x");
    packed(&flash.get("/lelang").await, false);
    let named = taking(&world, BROWSERS);
    let ask = Ask::get("/lelang").with("Authorization", "Basic eDp5");
    packed(&named.fetch(ask).await, false);
    let owner = taking(&world, BROWSERS);
    first(&owner, "PPK301").await;
    for path in [
        "/paket",
        "/lelang",
        "/dt/lelang",
        "/dt/paket-ppk?status=1",
        "/gerbang/",
        "/paket/unduh.csv",
    ] {
        let answer = owner.get(path).await;
        assert_eq!(answer.header("content-encoding"), "", "{path} {answer:?}");
    }
    for path in ["/gerbang/", "/gerbang/static/style.css"] {
        let answer = taking(&world, BROWSERS).get(path).await;
        assert_eq!(answer.header("content-encoding"), "", "{path} {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_for_everybody_are_packed_within_a_visitors_session() {
    let world = world().await;
    let visitor = taking(&world, BROWSERS);
    visitor.get("/").await;
    let bare = visitor
        .fetch(table(&visitor).with("Accept-Encoding", "identity"))
        .await;
    packed(&bare, false);
    assert!(bare.body.len() > 1_024, "{bare:?}");
    let rows = visitor.fetch(table(&visitor)).await;
    packed(&rows, true);
    assert!(plain(&rows) == bare.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_take_gzip_or_would_gain_nothing_gets_none() {
    let world = world().await;
    for coding in ["identity", "br", "gzip;q=0", "*;q=0", "gzip;q=0, *", ""] {
        packed(&taking(&world, coding).get("/lelang").await, false);
    }
    let small = taking(&world, BROWSERS).get("/json/getservertime").await;
    packed(&small, false);
    let document = taking(&world, BROWSERS)
        .get("/dl/9f86d081884c7d65?bytes=20000")
        .await;
    packed(&document, false);
    let asked = taking(&world, BROWSERS)
        .fetch(Ask::new("HEAD", "/lelang").with("Accept", "text/html"))
        .await;
    assert_eq!(asked.header("content-encoding"), "gzip", "{asked:?}");
    assert_eq!(asked.header("content-length"), "", "{asked:?}");
    let mut old = taking(&world, BROWSERS);
    old.always.push(("X".to_owned(), "y".to_owned()));
    let bytes = String::from_utf8(old.bytes(&Ask::get("/lelang"))).unwrap();
    let got = old
        .raw(bytes.replacen("HTTP/1.1", "HTTP/1.0", 1).as_bytes())
        .await;
    let got = String::from_utf8_lossy(&got).to_lowercase();
    assert!(
        got.contains("content-length") && !got.contains("content-encoding"),
        "{got}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_application_is_asked_for_what_can_be_read() {
    let world = world().await;
    let visitor = taking(&world, BROWSERS);
    visitor.get("/").await;
    let owner = taking(&world, BROWSERS);
    first(&owner, "PPK301").await;
    let unwilling = world.browser();
    let cases = [
        (&visitor, Ask::get("/lelang"), "identity"),
        (&visitor, Ask::get("/lelang").xhr(), "gzip"),
        (&visitor, Ask::get("/publik/formlogin").xhr(), "identity"),
        (&visitor, Ask::get("/aneh/lain").xhr(), "identity"),
        (&visitor, table(&visitor), "gzip"),
        (&owner, Ask::get("/paket"), "identity"),
        (&owner, Ask::get("/dt/paket-ppk?status=1").xhr(), "gzip"),
        (&unwilling, Ask::get("/lelang").xhr(), "identity"),
        (&visitor, Ask::get("/public/css/application.css"), BROWSERS),
    ];
    for (who, ask, wanted) in cases {
        world.standin.clear_records();
        let what = format!("{} {:?}", ask.path, ask.headers);
        who.fetch(ask).await;
        let records = world.standin.records();
        let asked: Vec<_> = records
            .iter()
            .map(|record| record.header("accept-encoding"))
            .collect();
        assert_eq!(asked, [Some(wanted.to_owned())], "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_application_packs_by_itself_passes_or_is_read() {
    let world = world().await;
    let owner = taking(&world, BROWSERS);
    first(&owner, "PPK301").await;
    let bare = owner.get("/paket").await;
    let rows = owner.xhr("/dt/paket-ppk?status=1").await;
    world.standin.set(|config| {
        for path in ["/dt", "/paket", "/public", "/lelang", "/user/viewuser"] {
            config.fault(path, FaultKind::Gzip);
        }
    });
    // No page: not read, so its coding stays.
    let got = owner.xhr("/dt/paket-ppk?status=1").await;
    assert_eq!(got.header("content-encoding"), "gzip", "{got:?}");
    assert!(plain(&got) == rows.body);
    let file = world.browser().get("/public/css/application.css").await;
    assert_eq!(file.header("content-encoding"), "gzip", "{file:?}");
    // A page, or a piece of one: read, and shown with its link.
    let got = owner.get("/paket").await;
    assert_eq!(got.header("content-encoding"), "", "{got:?}");
    assert!(got.body == bare.body && got.has(DISABLE), "{got:?}");
    let piece = owner.xhr("/user/viewuser?userid=PPK301").await;
    assert!(
        piece.has("PPK KINTEK") && piece.header("content-encoding").is_empty(),
        "{piece:?}"
    );
    // A visitor's, packed again for who takes it.
    let page = taking(&world, BROWSERS).get("/lelang").await;
    packed(&page, true);
    assert!(String::from_utf8(plain(&page)).unwrap().contains("</html>"));
    let page = world.browser().get("/lelang").await;
    packed(&page, false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bomb_is_cut() {
    let world = world().await;
    let bomb = gzip(&vec![b' '; 64 * 1024 * 1024]);
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        bomb.len()
    );
    let pieces = vec![[head.as_bytes(), &bomb].concat()];
    world
        .standin
        .set(|config| _ = config.fault("/lelang", FaultKind::Raw(pieces)));
    let got = world.browser().get("/lelang").await;
    assert!(got.status == 502 || !got.whole, "{}", got.status);
    assert!(got.body.len() < 16 * 1024 * 1024, "{}", got.body.len());
}

/// The whole public side, by a client that takes gzip: what it reads is what the application says.
#[tokio::test(flavor = "multi_thread")]
async fn the_public_side_reads_the_same_for_who_takes_gzip() {
    let world = world().await;
    let through = world.browser();
    let mut direct = world.direct();
    direct.host.clone_from(&through.host);
    let mut seen = 0;
    for step in walk("/eproc4") {
        let mut answers = Vec::new();
        for (browser, coding) in [(&direct, None), (&through, Some(BROWSERS))] {
            let (request, answer) = browser.take(&step, coding).await;
            answers.push((request.target, answer));
        }
        let (target, got) = &answers[1];
        let expected = &answers[0].1;
        assert_eq!(expected.status, got.status, "{target} {got:?}");
        let read = plain(got);
        seen += usize::from(read != got.body);
        let read = String::from_utf8_lossy(&read).replacen(RESET, "", 1);
        assert!(read == expected.text(), "{target} {got:?}");
    }
    // The first page, and that of the client without a session.
    assert!(seen >= 2, "{seen}");
}
