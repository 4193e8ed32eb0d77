//! Every number is there, and moves with what it counts; no label tells of anybody.

use super::exposition::Samples;
use super::{ask, metrics};
use crate::support::World;
use crate::support::browser::{Ask, Browser};
use crate::support::login::{
    accept, activate, assert_home, password, scan, to_page, type_code, user,
};
use crate::support::quick;
use spse_standin::{AnonymousAnswer, FaultKind, SessionMode};

const WHO: &str = "REKANAN2";
/// As the web server in front says it.
const FROM: &str = "203.0.113.77";

async fn world() -> World {
    World::with(quick(SessionMode::ServerSide), |gateway| {
        gateway
            .with_admin()
            .set("", "trusted_proxies", "[\"127.0.0.1\"]")
    })
    .await
}

fn browser(world: &World) -> Browser {
    let mut browser = world.browser();
    let line = ("X-Forwarded-For".to_owned(), FROM.to_owned());
    browser.always.push(line);
    browser
}

#[track_caller]
fn moved(before: &Samples, after: &Samples, name: &str, labels: &[(&str, &str)], by: f64) {
    let (from, to) = (before.value(name, labels), after.value(name, labels));
    assert_eq!(to - from, by, "{name} {labels:?}: from {from} to {to}");
}

#[track_caller]
fn grew(before: &Samples, after: &Samples, name: &str, labels: &[(&str, &str)]) {
    let (from, to) = (before.value(name, labels), after.value(name, labels));
    assert!(to > from, "{name} {labels:?}: from {from} to {to}");
}

/// Activation with a wrong code first, a second login with a wrong code first, a third one that is
/// given up, a logout.
async fn story(world: &World) {
    let first = browser(world);
    let answer = password(&first, WHO).await;
    // Straight to a private page, past the second factor.
    let private = first.get("/paket").await;
    assert_eq!(private.status, 303, "{private:?}");
    let page = to_page(&first, &answer, "activation").await;
    let phone = scan(&first, &page);
    let wrong = type_code(&first, &page, &phone.wrong()).await;
    assert_eq!(wrong.status, 422, "{wrong:?}");
    let mut phone = activate(&first, &answer).await;
    assert_home(&first, WHO).await;

    let second = browser(world);
    let answer = password(&second, WHO).await;
    let refused = accept(&second, &answer, &phone.wrong()).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    let done = accept(&second, &answer, &phone.code()).await;
    assert_eq!(done.status, 303, "{done:?}");
    assert_home(&second, WHO).await;
    let out = second.post("/logout", &[]).await;
    assert!(matches!(out.status, 302 | 303), "{out:?}");

    // Own and foreign cookies that do not go up, a page of nobody, a file, a refused address.
    let odd = browser(world);
    odd.set_cookie("asing", "x");
    odd.set_cookie("SPSE_SESSION", "palsu");
    odd.set_cookie("SPSE_FLASH", "\"a\"");
    odd.set_cookie("gerbang-eproc4", "palsu");
    odd.get("/").await;
    odd.get("/public/images/lpse-logo.svg").await;
    odd.get("/lt17/x").await;
    odd.raw(b"GET /eproc4/%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_number_moves_with_a_login() {
    let world = world().await;
    let before = metrics(&world).await;
    story(&world).await;
    let after = metrics(&world).await;
    let by = |name, labels: &[(&str, &str)], by| moved(&before, &after, name, labels, by);
    by("gerbang_logins_total", &[("result", "waiting")], 2.0);
    by("gerbang_logins_total", &[("result", "accepted")], 2.0);
    by("gerbang_logins_total", &[("result", "abandoned")], 0.0);
    by("gerbang_login_recognised_total", &[], 2.0);
    by(
        "gerbang_login_requests_total",
        &[("verdict", "somebody")],
        2.0,
    );
    let code = |result, reason| [("method", "totp"), ("result", result), ("reason", reason)];
    by(
        "gerbang_second_factor_total",
        &code("accepted", "none"),
        1.0,
    );
    by(
        "gerbang_second_factor_total",
        &code("refused", "wrong"),
        1.0,
    );
    // The phone shows the next code after the one that was used up.
    assert_eq!(after.sum("gerbang_totp_drift_steps_total"), 1.0);
    for (stage, result) in [("begin", "ok"), ("confirm", "ok"), ("confirm", "wrong")] {
        let labels = [("stage", stage), ("result", result)];
        by("gerbang_activation_total", &labels, 1.0);
    }
    by(
        "gerbang_pre_second_factor_denied_total",
        &[("what", "page")],
        1.0,
    );
    by(
        "gerbang_pre_second_factor_denied_total",
        &[("what", "answer")],
        2.0,
    );
    by("gerbang_sessions_ended_total", &[("reason", "logout")], 1.0);
    by("gerbang_sessions", &[("kind", "second_factor")], 1.0);
    by("gerbang_upstream_sessions", &[("state", "accepted")], 1.0);
    by("gerbang_upstream_sessions", &[("state", "ended")], 1.0);
    by("gerbang_audit_last_sequence", &[], 6.0);
    by("gerbang_store_records", &[("kind", "account")], 1.0);
    by("gerbang_store_records", &[("kind", "audit")], 6.0);
    requests_and_probes(&before, &after);
    standing(&after);
}

fn requests_and_probes(before: &Samples, after: &Samples) {
    let grew = |name, labels: &[(&str, &str)]| grew(before, after, name, labels);
    for reason in ["unlisted", "stamp", "seal", "malformed"] {
        grew("gerbang_dropped_cookies_total", &[("reason", reason)]);
    }
    for kind in [
        "login", "own", "public", "static", "exempt", "other", "refused",
    ] {
        grew("gerbang_requests_total", &[("kind", kind)]);
    }
    let probe = |verdict, budget| [("verdict", verdict), ("budget", budget)];
    grew("gerbang_probes_total", &probe("somebody", "known"));
    grew("gerbang_probe_seconds_count", &[]);
    grew("gerbang_store_commit_seconds_count", &[]);
    grew("gerbang_store_commits_total", &[("result", "ok")]);
    grew("gerbang_admin_requests_total", &[("result", "served")]);
}

fn standing(after: &Samples) {
    let now = |name, wanted: f64| assert_eq!(after.value(name, &[]), wanted, "{name}");
    now("gerbang_store_up", 1.0);
    now("gerbang_ready", 1.0);
    now("gerbang_upstream_up", 1.0);
    now("gerbang_profile_drift", 0.0);
    now("gerbang_profile_drift_suspected", 0.0);
    now("gerbang_clock_behind_seconds", 0.0);
    // The last one may be closing at this moment.
    assert!(after.value("gerbang_connections", &[]) <= 1.0);
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    assert_eq!(after.value("gerbang_build_info", &version), 1.0);
    for name in [
        "gerbang_store_bytes",
        "process_start_time_seconds",
        "process_resident_memory_bytes",
        "process_open_fds",
    ] {
        assert!(after.value(name, &[]) > 0.0, "{name}");
    }
    assert!(after.value("gerbang_profile_looks_total", &[("result", "fits")]) >= 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_label_tells_of_anybody() {
    let world = world().await;
    let names = metrics(&world).await.names().len();
    story(&world).await;
    let person = user(WHO);
    let mut canaries = vec![
        WHO.to_owned(),
        person.password,
        person.name,
        FROM.to_owned(),
        "127.0.0.1".to_owned(),
        "eproc4".to_owned(),
        "/paket".to_owned(),
        "asing".to_owned(),
        "palsu".to_owned(),
    ];
    canaries.extend(world.gateway.log().lines().filter_map(|line| {
        let id = line.split("request.id=").nth(1)?.split(' ').next()?;
        (id.len() > 6).then(|| id.to_owned())
    }));
    assert!(
        canaries.len() > 12,
        "no request ids in the log: {canaries:?}"
    );
    for path in ["/metrics", "/readyz", "/livez", "/startupz"] {
        let text = ask(&world, path).await.text();
        for canary in &canaries {
            assert!(!text.contains(canary), "{path} tells {canary}: {text}");
        }
    }
    let after = metrics(&world).await;
    // Nobody can make series: a story adds those of the activation alone.
    assert_eq!(after.names().len(), names);
    assert!(after.label_values().count() < 250);
    for value in after.label_values() {
        assert!(value.len() <= 20, "{value}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_withheld_and_cut_is_counted() {
    let world = world().await;
    let before = metrics(&world).await;
    // A page in a charset that cannot be read cannot be judged.
    world.standin.set(|config| {
        config.anonymous = AnonymousAnswer::Forbidden;
        config.fault("/lelang", FaultKind::Utf16);
    });
    let page = browser(&world).get("/lelang").await;
    assert_eq!(page.status, 502, "{page:?}");
    let after = metrics(&world).await;
    grew(
        &before,
        &after,
        "gerbang_pre_second_factor_denied_total",
        &[("what", "answer")],
    );
    assert_eq!(after.sum("gerbang_logins_total"), 0.0);
    // Several connections at once are open at once.
    let idle = browser(&world);
    let mut conns = Vec::new();
    for _ in 0..3 {
        let mut conn = idle.connect().await;
        let ask = Ask::get("/public/images/lpse-logo.svg").with("Connection", "keep-alive");
        conn.send(&idle.bytes(&ask)).await;
        conn.answer(false).await;
        conns.push(conn);
    }
    assert_eq!(metrics(&world).await.value("gerbang_connections", &[]), 3.0);
}
