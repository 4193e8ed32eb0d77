//! Flips, plans, freezes, roll-back, break glass: in virtual time, against the real program.

use super::{act, set};
use crate::support::builder::Builder;
use crate::support::login::{assert_home, assert_nobody, first, password, to_page};
use crate::support::{World, eventually, quick};
use spse_standin::SessionMode;

async fn world() -> World {
    World::with(quick(SessionMode::InCookie), |gateway| {
        // A day without a request ends no session here: time passes quickly.
        let day = |gateway: Builder, key: &str| gateway.set("session", key, "86400");
        let gateway = gateway.moving_clock().default_mode("optional");
        day(day(gateway, "absolute_seconds"), "idle_seconds")
    })
    .await
}

/// Where a fresh login leads: `home`, `activation` or `acceptor`.
async fn led(world: &World, user: &str) -> &'static str {
    let browser = world.browser();
    let answer = password(&browser, user).await;
    ["activation", "acceptor"]
        .into_iter()
        .find(|page| answer.location().contains(&format!("/{page}?")))
        .unwrap_or("home")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planned_flip_holds_from_its_second_on_and_can_be_taken_back() {
    let world = world().await;
    let role = "Pejabat Pembuat Komitmen";
    let plan = [
        "policy", "schedule", "--at", "2h", "--role", role, "--mode", "required",
    ];
    act(&world, &plan).done();
    assert_eq!(led(&world, "PPK301").await, "home");
    world.gateway.advance(2 * 3_600).await;
    assert_eq!(led(&world, "PPK301").await, "activation");
    // Its time is the start date: from here on first use is not trusted.
    let shown = world.gateway.cli(&["explain", "user", "PPK301"]).done();
    assert!(shown.contains("code of the help desk"), "{shown}");
    eventually("the plan became a rule", || {
        let shown = world.gateway.cli(&["policy", "show"]).done();
        shown.contains(role) && !shown.contains("planned")
    })
    .await;
    act(&world, &["policy", "unset", "--role", role]).done();
    assert_eq!(led(&world, "PPK301").await, "home");
    act(&world, &plan).done();
    let shown = world.gateway.cli(&["policy", "show"]).done();
    let id = shown
        .split("planned ")
        .nth(1)
        .unwrap()
        .split(':')
        .next()
        .unwrap()
        .to_owned();
    act(&world, &["policy", "unschedule", &id]).done();
    act(&world, &["policy", "unschedule", &id]).refused(1, "there is no planned change");
    world.gateway.advance(3 * 3_600).await;
    assert_eq!(led(&world, "PPK301").await, "home");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_freeze_keeps_vendors_as_they_are_and_nobody_else() {
    let world = world().await;
    let plan = [
        "policy",
        "schedule",
        "--everybody",
        "--at",
        "1h",
        "--mode",
        "required",
    ];
    act(&world, &plan).done();
    act(&world, &["policy", "freeze", "--until", "5h"]).done();
    world.gateway.advance(3_600).await;
    assert_eq!(led(&world, "PPK301").await, "activation");
    assert_eq!(led(&world, "REKANAN1").await, "home");
    let told = set(&world, &["--mode", "required", "--proof", "counter"]);
    assert!(told.contains("a freeze is under way"), "{told}");
    assert_eq!(led(&world, "REKANAN1").await, "home");
    let explained = world.gateway.cli(&["explain", "user", "REKANAN1"]).done();
    assert!(explained.contains("a freeze since"), "{explained}");
    let session = world.browser();
    password(&session, "REKANAN1").await;
    assert_home(&session, "REKANAN1").await;
    world.gateway.advance(4 * 3_600).await;
    let stopped = session.get("/paket").await;
    assert!(stopped.location().contains("/gerbang/"), "{stopped:?}");
    assert_eq!(led(&world, "REKANAN1").await, "activation");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_too_many_fail_at_is_taken_back() {
    let world = world().await;
    set(&world, &["--mode", "required"]);
    first(&world.browser(), "PPK301").await;
    set(&world, &["--mode", "optional"]);
    set(&world, &["--mode", "required", "--rollback", "20/30"]);
    let people = [
        "PPE1",
        "AGENCY1",
        "VERIF1",
        "HELPDESK1",
        "KUPBJ1",
        "PPK2",
        "PP1",
        "POKJA1",
        "PANITIA1",
        "ASN1",
        "AUDITOR1",
        "PPHP1",
    ];
    for (n, user) in people.into_iter().enumerate() {
        let browser = world.browser();
        let answer = password(&browser, user).await;
        if !answer.location().contains("/activation?") {
            assert!(n >= 10, "taken back after {n} accounts");
            break;
        }
        let page = to_page(&browser, &answer, "activation").await;
        super::press(&browser, &page, "/cancel", None).await;
    }
    eventually("the change was taken back", || {
        let shown = world.gateway.cli(&["policy", "show"]).done();
        shown.contains("everybody else  optional")
    })
    .await;
    assert_eq!(led(&world, "PP1").await, "home");
    // Those who activated stay safe.
    assert_eq!(led(&world, "PPK301").await, "acceptor");
    let log = world.gateway.cli(&["audit", "tail", "-n", "5"]).done();
    assert!(
        log.contains("roll-back") && log.contains("did not get in"),
        "{log}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn break_glass_ends_by_itself_and_reaches_sessions_again() {
    let world = world().await;
    set(&world, &["--mode", "required"]);
    act(&world, &["breakglass", "on", "--until", "2h"]).done();
    let session = world.browser();
    password(&session, "PPK301").await;
    assert_home(&session, "PPK301").await;
    act(&world, &["breakglass", "on", "--until", "30h"]).refused(1, "24 hours at most");
    world.gateway.advance(2 * 3_600).await;
    let stopped = session.get("/paket").await;
    assert!(stopped.location().contains("/activation?"), "{stopped:?}");
    act(&world, &["breakglass", "on", "--until", "2h"]).done();
    assert_eq!(led(&world, "PPK301").await, "home");
    act(&world, &["breakglass", "off"]).done();
    assert_eq!(led(&world, "PPK301").await, "activation");
}

#[tokio::test(flavor = "multi_thread")]
async fn break_glass_takes_two_where_two_are_named() {
    let two = |gateway: Builder| gateway.set("admin", "people", "[\"Sri\", \"Wayan\"]");
    let world = World::with(quick(SessionMode::InCookie), two).await;
    let on = |more: &[&str]| {
        act(
            &world,
            &[&["breakglass", "on", "--until", "1h"][..], more].concat(),
        )
    };
    on(&[]).refused(1, "takes two of Sri, Wayan");
    on(&["--with", "sri"]).refused(1, "takes two");
    on(&["--with", "komang"]).refused(1, "takes two");
    on(&["--with", "wayan"]).done();
    assert_eq!(led(&world, "PPK301").await, "home");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_makes_no_sense_is_refused_with_the_nearest_names() {
    let world = world().await;
    let mode = ["--mode", "required"];
    let for_role = |role: &str| {
        act(
            &world,
            &[&["policy", "set", "--role", role][..], &mode].concat(),
        )
    };
    for_role("Pejabat Pembuat Komitment").refused(1, "did you mean `Pejabat Pembuat Komitmen`");
    act(
        &world,
        &["policy", "set", "--type", "penyedja", "--mode", "off"],
    )
    .refused(1, "did you mean `penyedia`");
    act(&world, &["policy", "set", "--mode", "required"]).refused(2, "say for whom");
    act(
        &world,
        &["policy", "set", "--everybody", "--mode", "requird"],
    )
    .refused(2, "did you mean `required`");
    act(
        &world,
        &[
            "policy",
            "set",
            "--everybody",
            "--mode",
            "required",
            "--from",
            "2020-01-01",
        ],
    )
    .refused(1, "the start date is in the past");
    act(
        &world,
        &[
            "policy",
            "set",
            "--everybody",
            "--mode",
            "off",
            "--from",
            "1d",
        ],
    )
    .refused(1, "belongs to the mode `required` alone");
    act(
        &world,
        &[
            "policy",
            "schedule",
            "--at",
            "2020-01-01",
            "--everybody",
            "--mode",
            "off",
        ],
    )
    .refused(1, "is in the past");
    act(&world, &["policy", "freeze", "--until", "40d"]).refused(1, "at most");
    world
        .gateway
        .cli(&["policy", "set", "--everybody", "--mode", "off", "--yes"])
        .refused(2, "--reason");
    world
        .gateway
        .cli(&["policy", "ceiling", "off", "--reason", "x"])
        .refused(2, "--yes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_and_changes_nothing() {
    let world = world().await;
    let shown = world.gateway.cli(&["policy", "show"]).done();
    assert!(shown.starts_with("policy 1, ceiling required"), "{shown}");
    let told = world.gateway.cli(&[
        "policy",
        "set",
        "--everybody",
        "--mode",
        "required",
        "--reason",
        "x",
        "--dry-run",
    ]);
    let told = told.done();
    assert!(
        told.contains("without a start date") && told.contains("nothing was done"),
        "{told}"
    );
    assert!(
        world
            .gateway
            .cli(&["policy", "show"])
            .done()
            .starts_with("policy 1,")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forecast_tells_whom_a_flip_would_stop() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| {
        gateway.default_mode("observe")
    })
    .await;
    for user in ["PPK301", "PPK2", "REKANAN1"] {
        assert_eq!(led(&world, user).await, "home");
    }
    let told = world.gateway.cli(&["policy", "forecast"]).done();
    assert!(told.contains("3 accounts would have to activate"), "{told}");
    let role = ["--role", "Pejabat Pembuat Komitmen"];
    let as_if = |mode: &str, more: &[&str]| {
        let all = [&["policy", "forecast", "--mode", mode][..], &role, more].concat();
        world.gateway.cli(&all).done()
    };
    let csv = as_if("required", &["--csv"]);
    assert!(
        csv.starts_with("user_id,user_type,role,mode,last_login,entry\n"),
        "{csv}"
    );
    assert!(csv.contains("PPK301,non-penyedia"), "{csv}");
    act(&world, &["user", "exempt", "PPK301", "--until", "1d"]).done();
    let csv = as_if("required", &["--csv"]);
    assert!(!csv.contains("PPK301,") && csv.contains("PPK2,"), "{csv}");
    let json = world.gateway.cli(&["policy", "forecast", "--json"]).done();
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["roles"][0]["ready_percent"], 0, "{json}");
    assert_nobody(&world.browser()).await;
}
