//! Pages that wait: a stream, one answer that waits, and nothing left behind by whoever went away.

use super::*;
use crate::support::browser::Ask;
use crate::support::wire::Conn;
use serde_json::Value;
use std::time::Duration;

fn stream_of(page: &Response, what: &str) -> Ask {
    let path = format!("/gerbang/{what}/events?r={}", page.hidden("r"));
    Ask::new("GET", &path).with("Accept", "text/event-stream")
}

/// Opens the stream of a page.
pub(super) async fn listen(browser: &Browser, page: &Response, what: &str) -> Conn {
    let mut conn = browser.connect().await;
    conn.send(&browser.bytes(&stream_of(page, what))).await;
    let head = conn.head().await;
    assert_eq!(head.status, 200, "{head:?}");
    assert_eq!(head.header("content-type"), "text/event-stream");
    assert_eq!(head.header("x-accel-buffering"), "no");
    conn
}

/// Reads until the stream says this.
pub(super) async fn hears(conn: &mut Conn, word: &str) {
    let mark = format!("data: {word}\n\n");
    while crate::support::find(conn.buffer(), mark.as_bytes()).is_none() {
        let more = conn.read_within(Duration::from_secs(20)).await;
        assert!(
            more,
            "not said: {word}: {:?}",
            String::from_utf8_lossy(conn.buffer())
        );
    }
}

async fn poll(browser: &Browser, page: &Response, what: &str) -> String {
    let path = format!("/gerbang/{what}/poll?r={}", page.hidden("r"));
    let answer = browser.xhr(&path).await;
    let told: Value = serde_json::from_slice(&answer.body).unwrap();
    told["standing"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_tells_of_the_phone_that_joins_and_of_its_answers() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let answer = password(&browser, "PPK2").await;
    let page = to_page(&browser, &answer, "activation").await;
    let mut stream = listen(&browser, &page, "activation").await;
    hears(&mut stream, "waiting").await;
    let mut app = App::beside(&browser);
    app.open_link(&page).await.good();
    app.confirm(&page).await.good();
    hears(&mut stream, "ready").await;
    assert!(stream.ends_within(Duration::from_secs(20)).await);
    go_on(&browser, &page, "activation").await;
    for (said, word) in [("yes", "ready"), ("no", "changed")] {
        let desktop = world.browser();
        let page = asked(&desktop, "PPK2").await;
        let mut stream = listen(&desktop, &page, "acceptor").await;
        hears(&mut stream, "waiting").await;
        let challenge = app.call_of().await;
        match said {
            "yes" => app.approve(&challenge, &number_of(&page)).await.good(),
            _ => app.deny(&challenge, "mistake").await.good(),
        };
        hears(&mut stream, word).await;
        assert!(stream.ends_within(Duration::from_secs(20)).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_answer_waits_where_streams_are_held_back() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let app = activate_by_phone(&browser, "PPK2").await;
    let desktop = world.browser();
    let page = asked(&desktop, "PPK2").await;
    let challenge = app.call_of().await;
    let number = number_of(&page);
    let answered = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        app.approve(&challenge, &number).await.good()
    };
    let (told, _) = tokio::join!(poll(&desktop, &page, "acceptor"), answered);
    assert_eq!(told, "ready");
    let done = go_on(&desktop, &page, "acceptor").await;
    assert_eq!(done.status, 303, "{done:?}");
    let over = world.browser();
    let page = asked(&over, "PPK2").await;
    app.deny(&app.call_of().await, "mistake").await.good();
    assert_eq!(poll(&over, &page, "acceptor").await, "changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_hears_anything() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    activate_by_phone(&browser, "PPK2").await;
    let desktop = world.browser();
    let page = asked(&desktop, "PPK2").await;
    for stranger in [world.browser(), browser.clone()] {
        for what in ["events", "poll"] {
            let path = format!("/gerbang/acceptor/{what}?r={}", page.hidden("r"));
            let refused = stranger.xhr(&path).await;
            assert!(refused.status >= 400, "{what}: {refused:?}");
        }
    }
    let nobody = world.browser().xhr("/gerbang/activation/events").await;
    assert_ne!(nobody.status, 200, "{nobody:?}");
}

/// How many pages wait, as the metrics say.
async fn waiting_pages(world: &World) -> f64 {
    crate::ops::metrics(world)
        .await
        .value("gerbang_waiting_pages", &[])
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_away_leaves_nothing_behind() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| gateway.with_admin()).await;
    let browser = world.browser();
    activate_by_phone(&browser, "PPK2").await;
    let desktop = world.browser();
    let page = asked(&desktop, "PPK2").await;
    let mut streams = Vec::new();
    for _ in 0..4 {
        let mut stream = listen(&desktop, &page, "acceptor").await;
        hears(&mut stream, "waiting").await;
        streams.push(stream);
    }
    assert_eq!(waiting_pages(&world).await as u32, 4);
    // One page takes no room from the others: it is told how it stands, and asks again.
    assert_eq!(poll(&desktop, &page, "acceptor").await, "waiting");
    drop(streams);
    for _ in 0..200 {
        if waiting_pages(&world).await < 1.0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("pages that nobody looks at still wait");
}

/// A connection that only listens is at work: what ends idle ones leaves it alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_listens_longer_than_an_idle_connection_is_kept() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| {
        gateway.set("listen", "keepalive_seconds", "1")
    })
    .await;
    let app = activate_by_phone(&world.browser(), "PPK2").await;
    let desktop = world.browser();
    let page = asked(&desktop, "PPK2").await;
    let mut stream = listen(&desktop, &page, "acceptor").await;
    hears(&mut stream, "waiting").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let challenge = app.call_of().await;
    app.approve(&challenge, &number_of(&page)).await.good();
    hears(&mut stream, "ready").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_the_gateway_ends_the_streams() {
    let mut world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    activate_by_phone(&browser, "PPK2").await;
    let desktop = world.browser();
    let page = asked(&desktop, "PPK2").await;
    let mut stream = listen(&desktop, &page, "acceptor").await;
    hears(&mut stream, "waiting").await;
    let ends = async {
        assert!(stream.ends_within(Duration::from_secs(20)).await);
        crate::support::find(stream.buffer(), b"data: ready").is_none()
    };
    let stops = tokio::task::spawn_blocking(move || {
        world.gateway.stop();
        world
    });
    assert!(ends.await);
    stops.await.unwrap();
}
