//! Limits and failures, each with the status that fits.

use crate::support::World;
use crate::support::browser::Ask;
use crate::support::login::{assert_home, first};
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
    assert!(
        world.standin.records().is_empty(),
        "{:?}",
        world.standin.records()
    );
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
        (FaultKind::Gzip, 502),
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
