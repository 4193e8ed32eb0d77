//! Health, green and red: key gone, clock behind, application away and back.

use super::{ask, check, health, metrics, readiness_becomes};
use crate::support::World;
use crate::support::builder::Builder;
use crate::support::login::{first, password};
use crate::support::quick;
use spse_standin::{Config, FaultKind, SessionMode, Standin};
use std::fs;
use std::time::Duration;
use tokio::time::sleep;

async fn world(build: impl FnOnce(Builder) -> Builder) -> World {
    World::with(quick(SessionMode::ServerSide), |gateway| {
        build(gateway.with_admin())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_green_where_all_is_well() {
    let world = world(|gateway| gateway).await;
    let body = readiness_becomes(&world, 200).await;
    assert_eq!(body["status"], "ready");
    let names: Vec<&str> = body["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["store", "key", "profile", "clock", "upstream"]);
    let (status, body) = health(&world, "/livez").await;
    assert_eq!((status, body["status"].as_str()), (200, Some("alive")));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_key_it_lives_and_is_not_ready() {
    let mut world = world(|gateway| gateway).await;
    readiness_becomes(&world, 200).await;
    let key = world.gateway.state().join("gerbang.key");
    let kept = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    world.gateway.restart().await;
    let body = readiness_becomes(&world, 503).await;
    assert_eq!(body["status"], "not-ready");
    for name in ["store", "key"] {
        let (ok, detail) = check(&world, name).await;
        assert!(!ok, "{name}: {detail}");
    }
    assert!(check(&world, "store").await.1.contains("gerbang.key"));
    for name in ["profile", "clock", "upstream"] {
        let (ok, detail) = check(&world, name).await;
        assert!(ok, "{name}: {detail}");
    }
    assert_eq!(health(&world, "/livez").await.0, 200);
    assert_eq!(health(&world, "/startupz").await.0, 200);
    let numbers = metrics(&world).await;
    assert_eq!(numbers.value("gerbang_store_up", &[]), 0.0);
    assert_eq!(numbers.value("gerbang_ready", &[]), 0.0);
    // Everybody can still read tenders.
    assert_eq!(world.browser().get("/lelang").await.status, 200);
    fs::write(&key, kept).unwrap();
    world.gateway.restart().await;
    readiness_becomes(&world, 200).await;
    first(&world.browser(), "REKANAN1").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_went_back_is_red_until_it_is_right_again() {
    let world = world(Builder::moving_clock).await;
    readiness_becomes(&world, 200).await;
    world.gateway.advance(3_600).await;
    // Judging a code, or the sweeper, sees the time.
    first(&world.browser(), "REKANAN1").await;
    readiness_becomes(&world, 200).await;
    world.gateway.rewind(1_800).await;
    readiness_becomes(&world, 503).await;
    let (ok, detail) = check(&world, "clock").await;
    assert!(!ok && detail.contains("behind"), "{detail}");
    let numbers = metrics(&world).await;
    let behind = numbers.value("gerbang_clock_behind_seconds", &[]);
    assert!((1_700.0..=1_801.0).contains(&behind), "{behind}");
    // Neither liveness nor the public hangs on it.
    assert_eq!(health(&world, "/livez").await.0, 200);
    assert_eq!(world.browser().get("/lelang").await.status, 200);
    world.gateway.advance(1_830).await;
    readiness_becomes(&world, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_is_away_is_red_and_no_drift_and_green_when_it_is_back() {
    let world = world(Builder::moving_clock).await;
    readiness_becomes(&world, 200).await;
    let World { standin, gateway } = world;
    let address = standin.addr();
    standin.stop().await;
    gateway.advance(300).await;
    let config = Config {
        listen: address,
        ..quick(SessionMode::ServerSide)
    };
    // The test's own stand-in for looking at the gateway while the real one is away.
    let elsewhere = Standin::start(quick(SessionMode::ServerSide))
        .await
        .unwrap();
    let mut world = World {
        standin: elsewhere,
        gateway,
    };
    let body = readiness_becomes(&world, 503).await;
    let (ok, detail) = check(&world, "upstream").await;
    assert!(!ok, "{body}");
    assert!(detail.contains("does not take the connection"), "{detail}");
    for _ in 0..4 {
        // It is looked sooner while it is away, and never taken for an update.
        world.gateway.advance(16).await;
        sleep(Duration::from_millis(700)).await;
    }
    assert!(check(&world, "profile").await.0);
    let numbers = metrics(&world).await;
    assert_eq!(numbers.value("gerbang_profile_drift", &[]), 0.0);
    assert_eq!(numbers.value("gerbang_upstream_up", &[]), 0.0);
    let looks = numbers.value("gerbang_profile_looks_total", &[("result", "unreachable")]);
    assert!(looks >= 3.0, "{looks}");
    world.standin = Standin::start(config).await.unwrap();
    world.gateway.advance(16).await;
    readiness_becomes(&world, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_maintenance_and_a_tired_firewall_are_no_drift() {
    let world = world(Builder::moving_clock).await;
    readiness_becomes(&world, 200).await;
    world.standin.set(|config| {
        config.fault("/", FaultKind::Status500);
    });
    for _ in 0..5 {
        world.gateway.advance(300).await;
        sleep(Duration::from_millis(900)).await;
    }
    readiness_becomes(&world, 503).await;
    let (ok, detail) = check(&world, "upstream").await;
    assert!(!ok && detail.contains("status 500"), "{detail}");
    assert!(check(&world, "profile").await.0);
    assert_eq!(ask(&world, "/livez").await.status, 200);
    world.standin.set(|config| config.faults.clear());
    world.gateway.advance(16).await;
    readiness_becomes(&world, 200).await;
    password(&world.browser(), "REKANAN1").await;
}
