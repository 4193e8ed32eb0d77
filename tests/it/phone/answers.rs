//! What a phone may answer, and what comes of it.

use super::times::shown_again;
use super::*;
use crate::support::login::{assert_nobody, type_code};
use serde_json::json;
use spse_standin::FaultKind;

#[tokio::test(flavor = "multi_thread")]
async fn the_phone_shows_what_it_is_about() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let app = activate_by_phone(&browser, "PPK2").await;
    let desktop = world.browser();
    let answer = password(&desktop, "PPK2").await;
    assert_eq!(app.waiting().await, Vec::<serde_json::Value>::new());
    let path = answer.location();
    let ask = crate::support::browser::Ask::get(&path).with(
        "User-Agent",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36",
    );
    let page = desktop.fetch(ask).await;
    let waiting = app.waiting().await;
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    let call = &waiting[0];
    for (name, value) in [
        ("user_id", "PPK2"),
        ("role", "Pejabat Pembuat Komitmen"),
        ("address", "127.0.0.1"),
        ("browser", "Chrome"),
        ("system", "Windows"),
        ("confirm", "number"),
    ] {
        assert_eq!(call[name], value, "{name}: {call}");
    }
    assert!(call["left"].as_u64().unwrap() > 100, "{call}");
    // The number is on the page alone.
    assert!(!call.to_string().contains(&number_of(&page)), "{call}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_opens_nothing_until_its_page_takes_it_up() {
    let world = with_clock(SessionMode::ServerSide).await;
    let browser = world.browser();
    let app = activate_by_phone(&browser, "PPK2").await;
    let desktop = world.browser();
    let page = asked(&desktop, "PPK2").await;
    let early = go_on(&desktop, &page, "acceptor").await;
    assert_eq!(early.status, 200, "{early:?}");
    assert_eq!(number_of(&early), number_of(&page), "nothing is lost");
    let challenge = app.call_of().await;
    app.approve(&challenge, &number_of(&page)).await.good();
    assert_nobody(&desktop).await;
    let shown = desktop
        .get(&format!("/gerbang/acceptor?r={}", page.hidden("r")))
        .await;
    assert!(shown.has("Login diterima di HP."), "{shown:?}");
    assert_nobody(&desktop).await;
    // Its answer was lost, or it was clicked twice.
    let lost = desktop.thief();
    let done = go_on(&lost, &page, "acceptor").await;
    assert_eq!(done.status, 303, "{done:?}");
    let done = go_on(&desktop, &page, "acceptor").await;
    assert_eq!(done.status, 303, "{done:?}");
    assert_home(&desktop, "PPK2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_approval_outlives_a_kill() {
    let mut world = with_clock(SessionMode::InCookie).await;
    let (app, desktop, page, challenge) = one_waits(&world).await;
    app.approve(&challenge, &number_of(&page)).await.good();
    world.gateway.restart_after_kill().await;
    let done = go_on(&desktop, &page, "acceptor").await;
    assert_eq!(done.status, 303, "{done:?}");
    assert_home(&desktop, "PPK2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_wrong_numbers_end_the_request_and_a_code_still_goes() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let app = activate_by_phone(&browser, "PPK2").await;
    world.gateway.advance(60).await;
    let desktop = world.browser();
    let page = asked(&desktop, "PPK2").await;
    let challenge = app.call_of().await;
    let number = number_of(&page);
    let wrong = other_number(&number);
    for left in [2, 1, 0] {
        let told = app.approve(&challenge, &wrong).await.refused(422, "number");
        assert_eq!(told["left"], left);
        // Its growing delay (invariant I6).
        world.gateway.advance(5).await;
    }
    app.approve(&challenge, &number).await.refused(410, "over");
    let shown = go_on(&desktop, &page, "acceptor").await;
    assert!(shown.has(NOT_FOR_THIS), "{shown:?}");
    assert_nobody(&desktop).await;
    let done = type_code(&desktop, &shown, &app.codes().code()).await;
    assert_eq!(done.status, 303, "{done:?}");
    assert_home(&desktop, "PPK2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_number_there_is_no_yes() {
    let world = with_clock(SessionMode::InCookie).await;
    let (app, desktop, page, challenge) = one_waits(&world).await;
    // What is no number at all is not a try.
    for number in ["12", "1234567", "abcdef", "12345x"] {
        let told = app.approve(&challenge, number).await;
        told.refused(400, "request");
    }
    for content in [json!({}), json!({ "number": "" })] {
        let told = app.ask("approve", content, &challenge).await;
        told.refused(422, "number");
        world.gateway.advance(3).await;
    }
    go_on(&desktop, &page, "acceptor").await;
    assert_nobody(&desktop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_no_ends_the_login_and_a_slip_asks_again_at_the_next() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let app = activate_by_phone(&browser, "PPK2").await;
    let desktop = world.browser();
    let page = asked(&desktop, "PPK2").await;
    let challenge = app.call_of().await;
    app.deny(&challenge, "mistake").await.good();
    let ended = go_on(&desktop, &page, "acceptor").await;
    assert_eq!(ended.status, 401, "{ended:?}");
    assert_nobody(&desktop).await;
    app.approve(&challenge, &number_of(&page))
        .await
        .refused(410, "over");
    // The same answer again, as where the first one was lost.
    app.deny(&challenge, "mistake").await.good();
    log_in_by_phone(&world.browser(), "PPK2", &app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn not_me_rests_the_lane_and_stands_in_the_audit_log() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let app = activate_by_phone(&browser, "PPK2").await;
    world.gateway.advance(60).await;
    let stranger = world.browser();
    let page = asked(&stranger, "PPK2").await;
    let challenge = app.call_of().await;
    app.deny(&challenge, "not-me").await.good();
    go_on(&stranger, &page, "acceptor").await;
    assert_nobody(&stranger).await;
    let log = world.gateway.cli(&["audit", "tail", "-n", "60"]).done();
    let denied = log.lines().find(|line| line.contains("login-denied"));
    let denied = denied.unwrap_or_else(|| panic!("{log}"));
    assert!(denied.contains("\"not_me\":true"), "{denied}");
    assert!(denied.contains("127.0.0.1"), "{denied}");
    // A stranger's browser is not asked again for half an hour; codes go on.
    let again = world.browser();
    let page = asked(&again, "PPK2").await;
    assert!(page.has(NOT_FOR_THIS), "{page:?}");
    assert_eq!(app.waiting().await, Vec::<serde_json::Value>::new());
    let done = type_code(&again, &page, &app.codes().code()).await;
    assert_eq!(done.status, 303, "{done:?}");
    // The owner's own browser is.
    world.gateway.advance(60).await;
    let page = browser_again(&browser, "PPK2").await;
    let challenge = app.call_of().await;
    app.approve(&challenge, &number_of(&page)).await.good();
    let done = go_on(&browser, &page, "acceptor").await;
    assert_eq!(done.status, 303, "{done:?}");
    world.gateway.advance(1_800).await;
    log_in_by_phone(&world.browser(), "PPK2", &app).await;
}

/// The next login of a browser in which the account was accepted.
async fn browser_again(browser: &Browser, id: &str) -> Response {
    let jar = browser.jar();
    let known = jar.into_iter().filter(|(name, _)| name.ends_with(".kenal"));
    browser.set_jar(known.collect());
    asked(browser, id).await
}

/// "Bukan saya" after somebody had got in by a code: the session ends, and everybody is told.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_not_me_ends_the_session_that_the_login_became() {
    for mode in SessionMode::ALL {
        let world = with_clock(mode).await;
        let owner = world.browser();
        let app = activate_by_phone(&owner, "PPK2").await;
        world.gateway.advance(60).await;
        let stranger = world.browser();
        let page = asked(&stranger, "PPK2").await;
        let challenge = app.call_of().await;
        let done = type_code(&stranger, &page, &app.codes().code()).await;
        assert_eq!(done.status, 303, "{done:?}");
        assert_home(&stranger, "PPK2").await;
        // A slip of the finger ends nothing any more, and the login's own record is swept.
        app.deny(&challenge, "mistake").await.refused(410, "over");
        world.gateway.advance(400).await;
        assert_home(&stranger, "PPK2").await;
        app.deny(&challenge, "not-me").await.good();
        assert_nobody(&stranger).await;
        assert_home(&owner, "PPK2").await;
        // Said twice, and to another login, it is no more.
        app.deny(&challenge, "not-me").await.good();
        let log = world.gateway.cli(&["audit", "tail", "-n", "60"]).done();
        let denied: Vec<&str> = log
            .lines()
            .filter(|line| line.contains("login-denied"))
            .collect();
        assert_eq!(denied.len(), 1, "{log}");
        assert!(denied[0].contains("\"late\":false"), "{log}");
        let ended = log.lines().find(|line| line.contains("session-ended"));
        assert!(ended.is_some_and(|line| line.contains("denied")), "{log}");
        let again = asked(&world.browser(), "PPK2").await;
        assert!(again.has(NOT_FOR_THIS) && again.has("bisa dikirim lagi mulai"));
    }
}

/// And where nothing was left to be ended, it is told all the same, once.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_not_me_to_a_login_that_is_over_is_told_once() {
    let world = with_clock(SessionMode::InCookie).await;
    let (app, desktop, page, challenge) = one_waits(&world).await;
    world.gateway.advance(125).await;
    let closed = shown_again(&desktop, &page).await;
    assert_eq!(closed.status, 401, "{closed:?}");
    for _ in 0..3 {
        app.deny(&challenge, "not-me").await.refused(410, "over");
    }
    let log = world.gateway.cli(&["audit", "tail", "-n", "60"]).done();
    let denied: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("login-denied"))
        .collect();
    assert_eq!(denied.len(), 1, "{log}");
    assert!(denied[0].contains("\"late\":true"), "{log}");
    let again = asked(&world.browser(), "PPK2").await;
    assert!(again.has(NOT_FOR_THIS), "its lane rests");
    // Long after, nobody knows what it was about.
    world.gateway.advance(600).await;
    app.deny(&challenge, "not-me").await.refused(410, "over");
    let log = world.gateway.cli(&["audit", "tail", "-n", "60"]).done();
    assert_eq!(log.matches("login-denied").count(), 1, "{log}");
}

/// A login that is over in a minute is asked about for a minute.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_ends_with_its_login() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| {
        gateway
            .moving_clock()
            .set("login", "waiting_seconds", "60")
            .set("login", "acceptor_window_seconds", "30")
            .set("login", "extensions_max", "0")
    })
    .await;
    let (app, desktop, page, challenge) = one_waits(&world).await;
    world.gateway.advance(58).await;
    assert_eq!(app.waiting().await.len(), 1);
    world.gateway.advance(3).await;
    assert_eq!(app.waiting().await, Vec::<serde_json::Value>::new());
    for told in [
        app.approve(&challenge, &number_of(&page)).await,
        app.deny(&challenge, "not-me").await,
    ] {
        told.refused(410, "over");
    }
    go_on(&desktop, &page, "acceptor").await;
    assert_nobody(&desktop).await;
}

/// The phone has said yes, and the application cannot be asked whose the session is: nothing is opened and
/// nothing lost, and the page does not go round in circles.
#[tokio::test(flavor = "multi_thread")]
async fn a_yes_is_taken_up_once_the_application_answers_again() {
    let world = with_clock(SessionMode::InCookie).await;
    let (app, desktop, page, challenge) = one_waits(&world).await;
    app.approve(&challenge, &number_of(&page)).await.good();
    world.standin.set(|config| {
        config.fault("/", FaultKind::Status500);
    });
    let busy = go_on(&desktop, &page, "acceptor").await;
    assert!(busy.has("Aplikasi SPSE sedang sibuk."), "{busy:?}");
    // Its script waits for the button: it would send itself again and again.
    assert!(busy.has("data-ready"), "{busy:?}");
    assert!(busy.has("Login diterima di HP."), "{busy:?}");
    world.standin.set(|config| config.faults.clear());
    assert_nobody(&desktop).await;
    let done = go_on(&desktop, &busy, "acceptor").await;
    assert_eq!(done.status, 303, "{done:?}");
    assert_home(&desktop, "PPK2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_logins_of_one_account_are_told_apart() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let app = activate_by_phone(&browser, "PPK2").await;
    let (first, second) = (world.browser(), world.browser());
    let (one, other) = (asked(&first, "PPK2").await, asked(&second, "PPK2").await);
    let waiting = app.waiting().await;
    assert_eq!(waiting.len(), 2, "{waiting:?}");
    let newest = waiting[0]["challenge"].as_str().unwrap();
    let oldest = waiting[1]["challenge"].as_str().unwrap();
    assert_ne!(number_of(&one), number_of(&other));
    // The number of one is no answer to the other.
    app.approve(newest, &number_of(&one))
        .await
        .refused(422, "number");
    world.gateway.advance(3).await;
    app.approve(oldest, &number_of(&one)).await.good();
    go_on(&second, &other, "acceptor").await;
    assert_nobody(&second).await;
    let done = go_on(&first, &one, "acceptor").await;
    assert_eq!(done.status, 303, "{done:?}");
    assert_home(&first, "PPK2").await;
    assert_nobody(&second).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_may_be_allowed_the_simple_tap() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let app = activate_by_phone(&browser, "PPK2").await;
    crate::office::set(&world, &["--mode", "required", "--approval", "tap"]);
    let told = world.gateway.cli(&["policy", "show"]).done();
    assert!(told.contains("approval tap"), "{told}");
    world.gateway.advance(60).await;
    let desktop = world.browser();
    let page = asked(&desktop, "PPK2").await;
    assert!(page.has("konfirmasi Authorize Login"), "{page:?}");
    assert_eq!(crate::support::app::shown_number(&page), None, "{page:?}");
    let waiting = app.waiting().await;
    assert_eq!(waiting[0]["confirm"], "tap", "{waiting:?}");
    let challenge = app.call_of().await;
    app.ask("approve", json!({}), &challenge).await.good();
    let done = go_on(&desktop, &page, "acceptor").await;
    assert_eq!(done.status, 303, "{done:?}");
    assert_home(&desktop, "PPK2").await;
    // Back to the number: a tap is not enough from then on.
    crate::office::set(&world, &["--mode", "required"]);
    let other = world.browser();
    let page = asked(&other, "PPK2").await;
    let challenge = app.call_of().await;
    let told = app.ask("approve", json!({}), &challenge).await;
    told.refused(422, "number");
    go_on(&other, &page, "acceptor").await;
    assert_nobody(&other).await;
}

/// Six digits that are not these.
pub(super) fn other_number(number: &str) -> String {
    let first = if number.starts_with('1') { '2' } else { '1' };
    format!("{first}{}", &number[1..])
}
