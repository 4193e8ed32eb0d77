//! Limits and failures, each with the status that fits.

use crate::support::browser::Ask;
use crate::support::login::{assert_home, first};
use crate::support::{World, is_errand};
use spse_standin::{Config, FaultKind, SessionMode};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn too_large_requests_are_refused_and_the_application_never_sees_them() {
    let world = World::start(SessionMode::ServerSide).await;
    let browser = world.browser();
    first(&browser, "PPK301").await;
    world.standin.clear_records();
    let long = "x".repeat(5_000);
    let huge = "x".repeat(20_000);
    for (ask, status) in [
        (Ask::get(&format!("/lelang?q={long}")), 414),
        (Ask::get("/lelang").with("X-Long", &huge), 431),
        // Less than the gateway reads, more than the application does: it would hang up.
        (
            Ask::get("/lelang")
                .with("X-Long", &long)
                .with("X-More", &long),
            431,
        ),
        (
            Ask::get("/sso/x")
                .with("X-Long", &long)
                .with("X-More", &long),
            431,
        ),
        (
            Ask::form("/login", &[("txtPassword", "x")])
                .with("X-Long", &long)
                .with("X-More", &long),
            431,
        ),
        (
            Ask::form("/login", &[("txtUserId", &"x".repeat(70_000))]),
            413,
        ),
        (Ask::form("/gerbang/acceptor", &[("code", &huge)]), 413),
        (
            Ask::new("GET", "/lelang")
                .with("Content-Length", "3")
                .body(b"abc"),
            400,
        ),
    ] {
        let what = format!("{} {}", ask.method, ask.path.split('?').next().unwrap());
        let answer = browser.fetch(ask).await;
        assert_eq!(answer.status, status, "{what} {answer:?}");
        assert!(answer.header("server").is_empty(), "{answer:?}");
    }
    let mut arrived = world.standin.records();
    arrived.retain(|record| !is_errand(record));
    assert!(arrived.is_empty(), "{arrived:?}");
    assert_home(&browser, "PPK301").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_fails_gets_502_or_504_and_its_own_errors_pass() {
    let world = World::with(Config::default(), |gateway| {
        gateway.set("upstream", "read_timeout_seconds", "1")
    })
    .await;
    let browser = world.browser();
    first(&browser, "PPK301").await;
    for (kind, status) in [
        (FaultKind::Garbage, 502),
        (FaultKind::ActThenClose, 502),
        (FaultKind::Hang, 504),
        (FaultKind::Status500, 500),
        (FaultKind::Utf16, 502),
    ] {
        world.standin.set(|config| {
            config.faults.clear();
            config.fault("/nontender/", kind.clone());
        });
        for who in [&browser, &world.browser()] {
            let answer = who.get("/nontender/5301194").await;
            let signed_in = who.jar().contains_key("gerbang-eproc4");
            assert_eq!(
                answer.status, status,
                "{kind:?}, signed in {signed_in}: {answer:?}"
            );
        }
    }
    world.standin.set(|config| config.faults.clear());
    assert_home(&browser, "PPK301").await;
    let World { standin, gateway } = world;
    standin.stop().await;
    let answer = browser.get("/lelang").await;
    assert_eq!(answer.status, 502, "{answer:?}");
    let own = browser.get("/gerbang/").await;
    assert_eq!(own.status, 200, "{own:?}");
    drop(gateway);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_kept_for_so_many_requests_and_so_long() {
    let world = World::with(Config::default(), |gateway| {
        gateway
            .set("listen", "keepalive_requests_max", "3")
            .set("listen", "keepalive_seconds", "1")
    })
    .await;
    let browser = world.browser();
    let get =
        browser.bytes(&Ask::get("/public/css/application.css").with("Connection", "keep-alive"));
    let mut conn = browser.connect().await;
    for n in 1..=3 {
        assert!(conn.send(&get).await);
        let answer = conn.answer(false).await;
        assert_eq!(answer.status, 200, "{n} {answer:?}");
    }
    assert!(
        conn.ends_within(Duration::from_secs(5)).await,
        "kept after the last request"
    );

    let mut idle = browser.connect().await;
    assert!(idle.send(&get).await);
    assert_eq!(idle.answer(false).await.status, 200);
    assert!(
        idle.ends_within(Duration::from_secs(8)).await,
        "an idle connection stays"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_trickles_in_is_cut_and_others_are_served_meanwhile() {
    let world = World::with(Config::default(), |gateway| {
        gateway.set("listen", "header_timeout_seconds", "1")
    })
    .await;
    let browser = world.browser();
    let mut slow = Vec::new();
    for _ in 0..50 {
        let mut conn = browser.connect().await;
        assert!(conn.send(b"GET /eproc4/lelang HTTP/1.1\r\n").await);
        slow.push(conn);
    }
    // Each byte comes long before any single read gives up.
    let mut open = slow.len();
    for _ in 0..100 {
        for conn in &mut slow {
            conn.send(b"X").await;
        }
        assert_eq!(browser.get("/lelang").await.status, 200);
        let mut still = Vec::new();
        for mut conn in slow {
            if !conn.ends_within(Duration::from_millis(2)).await {
                still.push(conn);
            }
        }
        slow = still;
        open = slow.len();
        if open == 0 {
            break;
        }
    }
    assert_eq!(open, 0, "slow heads stay open");
    // A slow body is no slow head, and a second request on a connection has its own time.
    let mut conn = browser.connect().await;
    let get = browser.bytes(&Ask::get("/lelang").with("Connection", "keep-alive"));
    for _ in 0..2 {
        let (first, second) = get.split_at(get.len() / 2);
        assert!(conn.send(first).await);
        tokio::time::sleep(Duration::from_millis(600)).await;
        assert!(conn.send(second).await);
        assert_eq!(conn.answer(false).await.status, 200);
    }
    let post = "POST /eproc4/dt/lelang HTTP/1.1\r\nHost: ";
    let head = format!(
        "{post}{}\r\nContent-Length: 4\r\n\r\n",
        world.gateway.addr()
    );
    let mut conn = browser.connect().await;
    assert!(conn.send(head.as_bytes()).await);
    for byte in b"a=bc" {
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(conn.send(&[*byte]).await);
    }
    conn.answer(false).await;
    let records = world.standin.records();
    assert!(
        records
            .iter()
            .any(|r| r.method == "POST" && r.body == b"a=bc")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_connections_are_open_and_no_more() {
    let world = World::with(Config::default(), |gateway| {
        gateway.set("listen", "connections_max", "10")
    })
    .await;
    let browser = world.browser();
    let get = browser.bytes(&Ask::get("/lelang").with("Connection", "keep-alive"));
    let mut open = Vec::new();
    for _ in 0..10 {
        let mut conn = browser.connect().await;
        assert!(conn.send(&get).await);
        assert_eq!(conn.answer(false).await.status, 200);
        open.push(conn);
    }
    let mut more = browser.connect().await;
    assert!(
        more.ends_within(Duration::from_secs(5)).await,
        "an eleventh connection stays"
    );
    open.pop();
    for _ in 0..50 {
        let mut conn = browser.connect().await;
        if conn.send(&get).await && !conn.ends_within(Duration::from_millis(100)).await {
            assert_eq!(conn.answer(false).await.status, 200);
            return;
        }
    }
    panic!("a closed connection makes no room");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_nothing_of_an_answer_is_let_go() {
    let world = World::with(Config::default(), |gateway| {
        gateway.set("listen", "body_timeout_seconds", "1")
    })
    .await;
    let browser = world.browser();
    let whole = 200_000_000;
    let mut conn = browser.connect().await;
    let ask = Ask::get(&format!("/dl/9f86d081884c7d65?bytes={whole}"));
    assert!(conn.send(&browser.bytes(&ask)).await);
    assert_eq!(conn.head().await.status, 200);
    tokio::time::sleep(Duration::from_secs(4)).await;
    while conn.read_within(Duration::from_secs(2)).await {}
    assert!(conn.buffer().len() < whole, "{}", conn.buffer().len());
}
