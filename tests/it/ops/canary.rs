//! The canary: an application that was updated is noticed after three looks, and only by looks.

use super::{check, health, metrics, readiness_becomes};
use crate::support::World;
use crate::support::browser::Ask;
use crate::support::builder::Builder;
use crate::support::login::{one_step_fields, password_in_one};
use crate::support::quick;
use spse_standin::{Config, HeaderBlock, SessionMode};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

async fn world() -> World {
    let config = Config {
        check_tokens: false,
        ..quick(SessionMode::ServerSide)
    };
    World::with(config, |gateway: Builder| {
        gateway.with_admin().moving_clock()
    })
    .await
}

async fn looks(world: &World) -> f64 {
    metrics(world).await.sum("gerbang_profile_looks_total")
}

/// Time goes on until it was looked once more.
async fn next_look(world: &World) {
    let before = looks(world).await;
    world.gateway.advance(300).await;
    for _ in 0..200 {
        if looks(world).await > before {
            return;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("it was not looked again");
}

async fn drift(world: &World) -> f64 {
    metrics(world).await.value("gerbang_profile_drift", &[])
}

/// Red after three looks and not before, with this sign; green after one that fits.
async fn is_noticed(world: &World, change: impl FnOnce(&mut Config), sign: &str) {
    let audited = metrics(world)
        .await
        .value("gerbang_audit_last_sequence", &[]);
    let good = world.standin.config();
    world.standin.set(change);
    for number in 1..=2 {
        next_look(world).await;
        assert_eq!(drift(world).await, 0.0, "{sign} after {number}");
        let (ok, detail) = check(world, "profile").await;
        assert!(ok, "{detail}");
        assert!(detail.contains(&format!("look {number} of 3")), "{detail}");
        assert_eq!(health(world, "/readyz").await.0, 200);
    }
    next_look(world).await;
    assert_eq!(drift(world).await, 1.0, "{sign}");
    let body = readiness_becomes(world, 503).await;
    let (ok, detail) = check(world, "profile").await;
    assert!(!ok && detail.contains(sign), "{body}");
    let log = world.gateway.log();
    assert!(
        log.contains("logins may go unrecognised"),
        "nothing in the log"
    );
    // Alive all the same, and open for the public.
    assert_eq!(health(world, "/livez").await.0, 200);
    assert_eq!(world.browser().get("/lelang").await.status, 200);
    world.standin.set(|config| {
        config.password_field.clone_from(&good.password_field);
        config.login_action.clone_from(&good.login_action);
        config.anonymous = good.anonymous;
        config.header_block = good.header_block;
    });
    next_look(world).await;
    assert_eq!(drift(world).await, 0.0, "{sign} is over");
    readiness_becomes(world, 200).await;
    let now = metrics(world)
        .await
        .value("gerbang_audit_last_sequence", &[]);
    assert_eq!(now - audited, 2.0, "drifted and fits again are audited");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_updated_application_is_noticed_after_three_looks() {
    let world = world().await;
    readiness_becomes(&world, 200).await;
    is_noticed(
        &world,
        |config| config.password_field = "kataSandi".to_owned(),
        "kataSandi",
    )
    .await;
    is_noticed(
        &world,
        |config| config.login_action = Some("/masuk".to_owned()),
        "leads to \"/eproc4/masuk\"",
    )
    .await;
}

/// What is wrong before the gateway starts is seen within a minute, not a quarter of an hour.
#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_starts_in_front_of_an_updated_application_sees_it_soon() {
    let config = Config {
        password_field: "kataSandi".to_owned(),
        ..quick(SessionMode::ServerSide)
    };
    let world = World::with(config, |gateway| gateway.with_admin().moving_clock()).await;
    for _ in 0..2 {
        assert_eq!(drift(&world).await, 0.0);
        let before = looks(&world).await;
        world.gateway.advance(16).await;
        for _ in 0..100 {
            if looks(&world).await > before {
                break;
            }
            sleep(Duration::from_millis(50)).await;
        }
    }
    assert_eq!(drift(&world).await, 1.0);
    readiness_becomes(&world, 503).await;
}

/// Wrong passwords, a thousand of them, by somebody who has none that is right: a warning, and nobody
/// is kept out by it (invariant I11).
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_failing_logins_close_nothing() {
    let world = world().await;
    readiness_becomes(&world, 200).await;
    let mut guessers = JoinSet::new();
    for _ in 0..10 {
        let browser = world.browser();
        guessers.spawn(async move {
            browser.get("/publik/formlogin").await;
            for _ in 0..100 {
                let mut fields = one_step_fields("REKANAN1", "");
                fields[2].1 = "salah".to_owned();
                let fields: Vec<(&str, &str)> =
                    fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
                let answer = browser.fetch(Ask::form("/login", &fields)).await;
                assert_eq!(answer.status, 302, "{answer:?}");
            }
        });
    }
    while let Some(done) = guessers.join_next().await {
        done.unwrap();
    }
    let numbers = metrics(&world).await;
    let nobody = numbers.value("gerbang_login_requests_total", &[("verdict", "nobody")]);
    assert_eq!(nobody, 1_000.0);
    assert_eq!(numbers.value("gerbang_profile_drift", &[]), 0.0);
    assert_eq!(numbers.value("gerbang_profile_drift_suspected", &[]), 1.0);
    assert_eq!(numbers.value("gerbang_ready", &[]), 1.0);
    let (ok, detail) = check(&world, "profile").await;
    assert!(ok && detail.contains("warning"), "{detail}");
    // The owner of the account logs in as ever, and the warning is over.
    let answer = password_in_one(&world.browser(), "REKANAN1").await;
    assert_eq!(answer.status, 303, "{answer:?}");
    let numbers = metrics(&world).await;
    assert_eq!(numbers.value("gerbang_profile_drift_suspected", &[]), 0.0);
}

/// A page for users that a visitor may read, or that names somebody to him, does not fit either.
#[tokio::test(flavor = "multi_thread")]
async fn other_markup_alone_says_nothing_to_a_visitor() {
    let world = world().await;
    readiness_becomes(&world, 200).await;
    // Without the header block logins are judged unknown; a visitor's look cannot see that, which is
    // what the counters are for.
    world
        .standin
        .set(|config| config.header_block = HeaderBlock::Missing);
    next_look(&world).await;
    assert_eq!(health(&world, "/readyz").await.0, 200);
    for _ in 0..30 {
        let answer = password_in_one(&world.browser(), "REKANAN1").await;
        assert_eq!(answer.status, 503, "{answer:?}");
    }
    let numbers = metrics(&world).await;
    let unknown = numbers.value("gerbang_login_requests_total", &[("verdict", "unknown")]);
    assert_eq!(unknown, 30.0);
    assert_eq!(numbers.value("gerbang_profile_drift_suspected", &[]), 1.0);
    assert_eq!(numbers.value("gerbang_profile_drift", &[]), 0.0);
    assert_eq!(health(&world, "/readyz").await.0, 200);
}

/// What becomes of logins that cannot be read is the policy's word: closed, unless the operator said
/// beforehand that they go on, and then only while the look itself says that the profile does not fit.
#[tokio::test(flavor = "multi_thread")]
async fn unread_logins_are_closed_unless_the_policy_opens_them_for_a_drift() {
    let world = world().await;
    let set = |unread: &str| {
        let set = [
            "policy",
            "set",
            "--everybody",
            "--mode",
            "required",
            "--unread",
            unread,
        ];
        let why = ["--reason", "update of SPSE", "--yes"];
        world.gateway.cli(&[&set[..], &why[..]].concat()).done();
    };
    let login = async || password_in_one(&world.browser(), "REKANAN1").await.status;
    set("open");
    let good = world.standin.config();
    world
        .standin
        .set(|config| config.header_block = HeaderBlock::Missing);
    // Not readable, but the forms fit: no reason to let anybody in.
    assert_eq!(login().await, 503);
    world
        .standin
        .set(|config| config.login_action = Some("/masuk".to_owned()));
    for _ in 0..3 {
        next_look(&world).await;
    }
    assert_eq!(drift(&world).await, 1.0);
    let browser = world.browser();
    let opened = password_in_one(&browser, "REKANAN1").await;
    assert_eq!(opened.status, 302, "{opened:?}");
    set("closed");
    assert_eq!(login().await, 503);
    // The session that was let in unread is over with that.
    let page = browser.get("/home").await;
    assert!(!page.has("REKANAN1"), "{page:?}");
    set("open");
    let browser = world.browser();
    password_in_one(&browser, "REKANAN1").await;
    world.standin.set(|config| {
        config.header_block = good.header_block;
        config.login_action = good.login_action.clone();
    });
    next_look(&world).await;
    assert_eq!(drift(&world).await, 0.0);
    let page = browser.get("/home").await;
    assert!(!page.has("REKANAN1"), "{page:?}");
}
