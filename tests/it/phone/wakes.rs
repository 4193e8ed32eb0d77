//! Web Push: a phone is woken when its account is asked, by a service that verifies who sends and opens
//! what is sent with cryptography of its own.

use super::*;
use crate::ops::metrics;
use crate::support::login::{assert_nobody, type_code};
use crate::support::push::PushService;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

async fn world_of(service: &PushService) -> World {
    World::with(quick(SessionMode::InCookie), |gateway| {
        service.used_by(gateway.moving_clock().with_admin())
    })
    .await
}

/// A phone of PPK2 that may be woken at this path.
async fn subscribed(world: &World, service: &PushService, path: &str) -> App {
    let app = activate_by_phone(&world.browser(), "PPK2").await;
    let content = service.subscription(path);
    app.ask("subscribe", content, "").await.good();
    // The code of the activation is used up.
    world.gateway.advance(60).await;
    app
}

async fn pushed(world: &World, result: &str) -> f64 {
    let now = metrics(world).await;
    now.value("gerbang_push_total", &[("result", result)])
}

/// Waits until so many messages ended so.
async fn becomes(world: &World, result: &str, count: f64) {
    for _ in 0..100 {
        if pushed(world, result).await == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!(
        "{result}: {} instead of {count}",
        pushed(world, result).await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_waits_wakes_its_phone_and_tells_the_service_nothing() {
    let service = PushService::start();
    let world = world_of(&service).await;
    let app = subscribed(&world, &service, "/push/a?b=c").await;
    assert_eq!(service.taken(), Vec::<Value>::new());
    let desktop = world.browser();
    let page = asked(&desktop, "PPK2").await;
    let message = service.nth(1).await;
    assert_eq!(message["path"], "/push/a?b=c");
    for (name, value) in [
        ("ttl", "120"),
        ("urgency", "high"),
        ("topic", "approval"),
        ("content-encoding", "aes128gcm"),
        ("content-type", "application/octet-stream"),
    ] {
        assert_eq!(message["headers"][name], value, "{name}: {message}");
    }
    let claims = &message["claims"];
    assert_eq!(claims["aud"], service.origin());
    assert_eq!(claims["sub"], "mailto:operator@example.go.id");
    let left = claims["exp"].as_u64().unwrap() - app.now();
    assert!((3_600..=86_400).contains(&left), "{left}");
    assert_eq!(message["key"], service.public_key());
    assert_eq!(message["message"], json!({ "lang": "id" }));
    // Neither the user nor where he logs in stands outside of what is sealed, nor inside.
    let whole = message.to_string();
    for word in ["PPK2", "127.0.0.1", "LPSE", "Pejabat"] {
        assert!(!whole.contains(word), "{whole}");
    }
    // It is the same login that the phone sees.
    let challenge = app.call_of().await;
    app.approve(&challenge, &number_of(&page)).await.good();
    let done = go_on(&desktop, &page, "acceptor").await;
    assert_eq!(done.status, 303, "{done:?}");

    // An interim answer is none yet.
    let early = service.subscription("/early");
    app.ask("subscribe", early, "").await.good();
    world.gateway.advance(60).await;
    asked(&world.browser(), "PPK2").await;
    let second = service.nth(2).await;
    assert_eq!(second["bytes"], message["bytes"]);
    becomes(&world, "sent", 2.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_names_the_key_and_the_same_subscription_is_written_once() {
    let service = PushService::start();
    let world = world_of(&service).await;
    let page = world.browser().get("/gerbang/authenticator/").await;
    let key = format!("data-push=\"{}\"", service.public_key());
    assert!(page.text().contains(&key), "{page:?}");
    let app = subscribed(&world, &service, "/a").await;
    let commits = || async { metrics(&world).await.sum("gerbang_store_commits_total") };
    let before = commits().await;
    for _ in 0..3 {
        let content = service.subscription("/a");
        app.ask("subscribe", content, "").await.good();
    }
    assert_eq!(commits().await, before);
    // Whoever changes his mind all the time is slowed down, and touches nothing that a login needs.
    app.ask("unsubscribe", json!({}), "").await.good();
    let after = commits().await;
    assert!(after > before);
    let content = service.subscription("/b");
    let told = app.ask("subscribe", content, "").await.refused(429, "wait");
    assert_eq!(told["seconds"], 2);
    assert_eq!(commits().await, after);
    world.gateway.advance(2).await;
    let content = service.subscription("/b");
    app.ask("subscribe", content, "").await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_woken_who_did_not_ask_for_it() {
    let service = PushService::start();
    let world = world_of(&service).await;
    let app = activate_by_phone(&world.browser(), "PPK2").await;
    world.gateway.advance(60).await;
    asked(&world.browser(), "PPK2").await;
    assert_eq!(app.waiting().await.len(), 1);
    let content = service.subscription("/a");
    app.ask("subscribe", content, "").await.good();
    world.gateway.advance(2).await;
    app.ask("unsubscribe", json!({}), "").await.good();
    world.gateway.advance(60).await;
    asked(&world.browser(), "PPK2").await;
    assert_eq!(app.waiting().await.len(), 2);
    // Messages go at once: one that were on its way would be here before this one.
    let content = service.subscription("/b");
    app.ask("subscribe", content, "").await.good();
    world.gateway.advance(60).await;
    asked(&world.browser(), "PPK2").await;
    assert_eq!(service.nth(1).await["path"], "/b");
    assert_eq!(service.taken().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_with_the_password_wakes_it_no_more_often_than_he_may_ask() {
    let service = PushService::start();
    let world = world_of(&service).await;
    let app = subscribed(&world, &service, "/a").await;
    for _ in 0..5 {
        let browser = world.browser();
        let answer = password(&browser, "PPK2").await;
        to_page(&browser, &answer, "acceptor").await;
    }
    service.nth(3).await;
    // Logging in at the page again and again asks nothing anew.
    becomes(&world, "sent", 3.0).await;
    assert_eq!(service.taken().len(), 3);
    let told = app.call_of_newest().await;
    app.deny(&told, "not-me").await.good();
    world.gateway.advance(700).await;
    let browser = world.browser();
    let answer = password(&browser, "PPK2").await;
    to_page(&browser, &answer, "acceptor").await;
    // And once the lane has rested he wakes it again: one that were on its way would be here by then.
    world.gateway.advance(1_200).await;
    asked(&world.browser(), "PPK2").await;
    becomes(&world, "sent", 4.0).await;
    assert_eq!(service.taken().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_is_gone_is_forgotten() {
    for path in ["/gone", "/missing"] {
        let service = PushService::start();
        let world = world_of(&service).await;
        let app = subscribed(&world, &service, path).await;
        asked(&world.browser(), "PPK2").await;
        becomes(&world, "gone", 1.0).await;
        world.gateway.advance(60).await;
        asked(&world.browser(), "PPK2").await;
        assert_eq!(app.waiting().await.len(), 2);
        let content = service.subscription("/back");
        app.ask("subscribe", content, "").await.good();
        world.gateway.advance(60).await;
        asked(&world.browser(), "PPK2").await;
        assert_eq!(service.nth(2).await["path"], "/back");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_fails_keeps_nobody_from_logging_in() {
    let mut service = PushService::start();
    let world = world_of(&service).await;
    let app = subscribed(&world, &service, "/hang").await;
    for (at, path) in ["/hang", "/busy", "/moved", "/dead"]
        .into_iter()
        .enumerate()
    {
        if path == "/dead" {
            service.stop();
        }
        let content = service.subscription(path);
        app.ask("subscribe", content, "").await.good();
        // Past what one lane may ask in a while.
        world.gateway.advance(700).await;
        log_in_by_phone(&world.browser(), "PPK2", &app).await;
        becomes(&world, "failed", (at + 1) as f64).await;
    }
    // A redirect leads nowhere.
    let paths: Vec<Value> = service
        .taken()
        .iter()
        .map(|it| it["path"].clone())
        .collect();
    assert_eq!(paths, ["/hang", "/busy", "/moved"]);
    let log = world.gateway.log();
    assert!(log.contains("a phone was not woken"), "{log}");
    for secret in ["/hang", "/busy", "/moved"] {
        assert!(
            !log.contains(&format!("{}{secret}", service.origin())),
            "{log}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_push_services_are_ever_asked() {
    let service = PushService::start();
    let world = world_of(&service).await;
    let app = activate_by_phone(&world.browser(), "PPK2").await;
    let good = service.subscription("/a");
    let with = |name: &str, value: Value| {
        let mut changed = good.clone();
        changed[name] = value;
        changed
    };
    let upstream = world.standin.addr();
    for endpoint in [
        format!("https://{upstream}/"),
        "https://127.0.0.1/".to_owned(),
        "https://localhost/".to_owned(),
        "https://169.254.169.254/latest/meta-data".to_owned(),
        "https://fcm.googleapis.com.evil.example/".to_owned(),
        service.origin().replace("localhost", "127.0.0.1"),
    ] {
        let content = with("endpoint", json!(endpoint));
        app.ask("subscribe", content, "").await.refused(422, "push");
    }
    let plain = service.origin().replace("https", "http");
    for content in [
        with("endpoint", json!(plain)),
        with("endpoint", json!("")),
        with(
            "endpoint",
            json!(format!("https://localhost/{}", "x".repeat(2_000))),
        ),
        with("key", json!("BAAA")),
        with("auth", json!("AAAA")),
        with("lang", json!("de")),
        with("more", json!(1)),
        json!({}),
    ] {
        app.ask("subscribe", content, "")
            .await
            .refused(400, "request");
    }
    // Not in the name of a phone whose key one does not have.
    let mut thief = App::beside(&world.browser());
    thief.handle.clone_from(&app.handle);
    for (action, content) in [("subscribe", good.clone()), ("unsubscribe", json!({}))] {
        thief.ask(action, content, "").await.refused(401, "unknown");
    }
    // A key off the curve seals nothing; the login goes on.
    let mut point = data_encoding::BASE64URL_NOPAD
        .decode(good["key"].as_str().unwrap().as_bytes())
        .unwrap();
    point[64] ^= 1;
    let stray = data_encoding::BASE64URL_NOPAD.encode(&point);
    app.ask("subscribe", with("key", json!(stray)), "")
        .await
        .good();
    world.gateway.advance(60).await;
    log_in_by_phone(&world.browser(), "PPK2", &app).await;
    becomes(&world, "failed", 1.0).await;
    assert_eq!(service.taken(), Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_of_the_operator_nothing_is_offered() {
    let service = PushService::start();
    let world = with_clock(SessionMode::InCookie).await;
    let page = world.browser().get("/gerbang/authenticator/").await;
    assert!(page.text().contains("data-push=\"\""), "{page:?}");
    let app = activate_by_phone(&world.browser(), "PPK2").await;
    let content = service.subscription("/a");
    app.ask("subscribe", content, "").await.refused(422, "push");
    app.ask("unsubscribe", json!({}), "").await.good();
    world.gateway.advance(60).await;
    log_in_by_phone(&world.browser(), "PPK2", &app).await;
    assert_eq!(service.taken(), Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_phone_can_be_woken_ends_with_the_phone() {
    let service = PushService::start();
    let world = world_of(&service).await;
    let app = subscribed(&world, &service, "/a").await;
    let desktop = world.browser();
    let page = asked(&desktop, "PPK2").await;
    service.nth(1).await;
    let (code, status) = (app.codes().code(), "/gerbang/");
    assert_eq!(type_code(&desktop, &page, &code).await.status, 303);
    world.gateway.advance(60).await;
    let csrf = desktop.get(status).await.hidden("csrf");
    let code = app.codes().code();
    let fields = [("csrf", csrf.as_str()), ("code", code.as_str())];
    let done = desktop.post("/gerbang/disable", &fields).await;
    assert_eq!(done.status, 200, "{done:?}");
    assert_eq!(kept(&world).await, 0.0);
    let content = service.subscription("/a");
    app.ask("subscribe", content, "")
        .await
        .refused(401, "unknown");
    let browser = world.browser();
    let (second, codes) = activate_with_codes(&browser, "PPK2").await;
    world.gateway.advance(60).await;
    let desktop = world.browser();
    asked(&desktop, "PPK2").await;
    assert_eq!(second.waiting().await.len(), 1);
    assert_nobody(&desktop).await;
    let content = service.subscription("/b");
    second.ask("subscribe", content, "").await.good();
    assert_eq!(kept(&world).await, 1.0);
    // "Ganti HP".
    let done = crate::recovery::recover(&desktop, "PPK2", &codes[0]).await;
    let moved = crate::recovery::send(&desktop, &done, "/replace", &[]).await;
    let activation = desktop.follow(moved).await;
    let mut third = App::beside(&desktop);
    third.open_link(&activation).await.good();
    third.confirm(&activation).await.good();
    go_on(&desktop, &activation, "activation").await;
    assert_eq!(kept(&world).await, 0.0);
    let content = service.subscription("/c");
    third.ask("subscribe", content, "").await.good();
    world.gateway.advance(700).await;
    asked(&world.browser(), "PPK2").await;
    // The login by the recovery code had asked the second phone.
    assert_eq!(service.nth(2).await["path"], "/b");
    assert_eq!(service.nth(3).await["path"], "/c");
    assert_eq!(service.taken().len(), 3);
    crate::office::reset(&world, "PPK2");
    assert_eq!(kept(&world).await, 0.0);
}

/// How many phones can be woken, as the metrics say.
async fn kept(world: &World) -> f64 {
    let now = metrics(world).await;
    now.value("gerbang_store_records", &[("kind", "wakeable")])
}

/// The service takes a minute; the login does not.
#[tokio::test(flavor = "multi_thread")]
async fn a_login_does_not_wait_for_a_service_that_hangs() {
    let service = PushService::start();
    let world = World::with(quick(SessionMode::InCookie), |gateway| {
        let gateway = service.used_by(gateway.moving_clock().with_admin());
        gateway.set("push", "timeout_seconds", "60")
    })
    .await;
    let app = subscribed(&world, &service, "/hang").await;
    log_in_by_phone(&world.browser(), "PPK2", &app).await;
    service.nth(1).await;
    for result in ["sent", "failed"] {
        assert_eq!(pushed(&world, result).await, 0.0, "{result}");
    }
}

/// Whoever holds the phone changes his mind in a loop: the owner's logins do not meet him.
#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_subscribes_all_the_time_keeps_nobody_out() {
    let service = PushService::start();
    let world = world_of(&service).await;
    let browser = world.browser();
    let app = activate_by_phone(&browser, "PPK2").await;
    world.gateway.advance(60).await;
    let over = AtomicBool::new(false);
    let thief = async {
        let mut taken = 0;
        while !over.load(Ordering::SeqCst) {
            for path in ["/a", "/b"] {
                let content = service.subscription(path);
                let told = app.ask("subscribe", content, "").await;
                taken += u32::from(told.status == 200);
                if told.status == 401 {
                    // The owner has disabled it.
                    return taken;
                }
                assert!([200, 429].contains(&told.status), "{told:?}");
            }
        }
        taken
    };
    let owner = async {
        let desktop = world.browser();
        let page = asked(&desktop, "PPK2").await;
        let done = type_code(&desktop, &page, &app.codes().code()).await;
        assert_eq!(done.status, 303, "{done:?}");
        let csrf = browser.get("/gerbang/").await.hidden("csrf");
        world.gateway.advance(60).await;
        let code = app.codes().code();
        let fields = [("csrf", csrf.as_str()), ("code", code.as_str())];
        let done = browser.post("/gerbang/disable", &fields).await;
        over.store(true, Ordering::SeqCst);
        assert_eq!(done.status, 200, "{done:?}");
    };
    let (taken, ()) = tokio::join!(thief, owner);
    assert!(taken > 0);
}
