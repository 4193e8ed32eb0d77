//! Logins whose end the browser does not see (threats.md rows 19, 52, 62): it hangs up, the
//! upstream never answers, the gateway is killed. Afterwards the old cookies open nothing, and the
//! same browser logs in again.

use super::subsets::PRIVATE;
use crate::support::browser::{Ask, Browser};
use crate::support::login::{again, first, password, user_id};
use crate::support::{World, assert_nothing_private, eventually, quick};
use spse_standin::{FaultKind, SessionMode};
use std::time::Duration;
use tokio::time::sleep;

/// Asks for everything private, again and again while the login goes on upstream.
async fn watch(browser: &Browser, rounds: u32) {
    let copy = browser.thief();
    for _ in 0..rounds {
        for path in PRIVATE {
            copy.fetch(Ask::get(path).xhr().cookies(&copy.jar())).await;
        }
        sleep(Duration::from_millis(100)).await;
    }
    assert_nothing_private(&copy.seen());
}

/// The request of the second step, as bytes.
async fn password_bytes(browser: &Browser) -> Vec<u8> {
    let form = user_id(browser, "PPK301").await;
    let token = form.hidden("authenticityToken");
    let fields = [
        ("authenticityToken", token.as_str()),
        ("txtPassword", "Rahasia-PPK301"),
    ];
    browser.bytes(&Ask::form("/loginpass", &fields))
}

async fn with_account(mode: SessionMode) -> (World, crate::support::otp::Phone) {
    let world = World::with(quick(mode), |gateway| {
        gateway
            .set("limits", "waiting_post_seconds", "1")
            .longest_answer(2)
            .moving_clock()
    })
    .await;
    let phone = first(&world.browser(), "PPK301").await;
    (world, phone)
}

/// The sweeper comes every ten seconds.
async fn until_swept(world: &World) {
    world.gateway.advance(40).await;
    sleep(Duration::from_secs(13)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_up_before_the_application_acted_leaves_nothing_open() {
    for mode in SessionMode::ALL {
        let (world, mut phone) = with_account(mode).await;
        let browser = world.browser();
        let bytes = password_bytes(&browser).await;
        let hold = world.standin.hold("/loginpass");
        let mut conn = browser.connect().await;
        conn.send(&bytes).await;
        hold.wait_for_arrival().await;
        drop(conn);
        watch(&browser, 2).await;
        hold.release();
        eventually("the login", || {
            world
                .sent("/loginpass")
                .iter()
                .any(|r| r.user_after.is_some())
        })
        .await;
        watch(&browser, 3).await;
        // The task went on without the browser and reached its verdict: no waiting, a fresh start.
        world.gateway.advance(31).await;
        again(&browser, "PPK301", &mut phone).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_up_at_every_byte_of_the_request_leaves_nothing_open() {
    for mode in SessionMode::ALL {
        let (world, mut phone) = with_account(mode).await;
        let browser = world.browser();
        let bytes = password_bytes(&browser).await;
        let body = crate::support::find(&bytes, b"\r\n\r\n").unwrap();
        for cut in [10, body, body + 4, body + 5, bytes.len() - 1, bytes.len()] {
            let mut conn = browser.connect().await;
            conn.send(&bytes[..cut]).await;
            drop(conn);
            watch(&browser, 1).await;
        }
        world.gateway.advance(31).await;
        again(&browser, "PPK301", &mut phone).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_logs_in_late_after_the_hang_up_finds_no_free_session() {
    for mode in SessionMode::ALL {
        let (world, mut phone) = with_account(mode).await;
        world.standin.set(|config| {
            config.fault_times(
                "/loginpass",
                FaultKind::ActLate(Duration::from_millis(900)),
                3,
            );
        });
        let browser = world.browser();
        let bytes = password_bytes(&browser).await;
        let mut conn = browser.connect().await;
        conn.send(&bytes).await;
        sleep(Duration::from_millis(200)).await;
        drop(conn);
        watch(&browser, 8).await;
        let logged_in = world
            .sent("/loginpass")
            .iter()
            .any(|r| r.user_after.is_some());
        assert!(logged_in, "{mode:?}: the login was to come late");
        world.gateway.advance(31).await;
        again(&browser, "PPK301", &mut phone).await;
    }
}

async fn acted_and_never_answered(mode: SessionMode) {
    let (world, mut phone) = with_account(mode).await;
    let browser = world.browser();
    let bytes = password_bytes(&browser).await;
    world.standin.clear_records();
    world.standin.set(|config| {
        config.fault_times("/loginpass", FaultKind::ActThenClose, 1);
    });
    let mut conn = browser.connect().await;
    conn.send(&bytes).await;
    let answer = conn.answer(false).await;
    assert!(matches!(answer.status, 502..=504), "{mode:?} {answer:?}");
    let posts = world
        .sent("/loginpass")
        .iter()
        .filter(|r| r.method == "POST")
        .count();
    assert_eq!(posts, 1, "{mode:?}: a password is sent once");
    watch(&browser, 3).await;
    until_swept(&world).await;
    watch(&browser, 1).await;
    again(&browser, "PPK301", &mut phone).await;
}

/// Runs stories side by side: most of their time is the sweeper's.
async fn side_by_side(stories: Vec<tokio::task::JoinHandle<()>>) {
    for story in stories {
        story.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_that_acts_and_never_answers_leaves_the_session_in_doubt_and_then_over() {
    let stories = SessionMode::ALL.map(|mode| tokio::spawn(acted_and_never_answered(mode)));
    side_by_side(stories.into()).await;
}

async fn killed(mode: SessionMode, after_the_act: bool) {
    let (mut world, mut phone) = with_account(mode).await;
    let browser = world.browser();
    let bytes = password_bytes(&browser).await;
    let hold = if after_the_act {
        world.standin.hold_answer("/loginpass")
    } else {
        world.standin.hold("/loginpass")
    };
    let mut conn = browser.connect().await;
    conn.send(&bytes).await;
    hold.wait_for_arrival().await;
    world.gateway.restart_after_kill().await;
    watch(&browser, 1).await;
    hold.release();
    watch(&browser, 2).await;
    assert_nothing_private(&browser.seen());
    until_swept(&world).await;
    again(&browser, "PPK301", &mut phone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_killed_during_a_login_does_not_forget_that_one_was_under_way() {
    let cases = SessionMode::ALL
        .into_iter()
        .flat_map(|mode| [(mode, false), (mode, true)]);
    let stories = cases.map(|(mode, after)| tokio::spawn(killed(mode, after)));
    side_by_side(stories.collect()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_that_the_application_refuses_is_repeated_and_the_cookies_are_dead_at_once() {
    for mode in SessionMode::ALL {
        let world = World::with(quick(mode), |gateway| gateway.longest_answer(1)).await;
        let browser = world.browser();
        first(&browser, "PPK301").await;
        world.standin.set(|config| {
            config.fault_times("/logout", FaultKind::Status500, 2);
        });
        let copy = browser.thief();
        browser.post("/logout", &[]).await;
        watch(&copy, 2).await;
        watch(&browser, 1).await;
        if mode != SessionMode::InCookie {
            eventually("a repeated logout", || world.standin.logins().is_empty()).await;
        }
        watch(&copy, 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_breaks_off_is_never_sent_again() {
    let world = World::start(SessionMode::ServerSide).await;
    let browser = world.browser();
    first(&browser, "PPK301").await;
    world.standin.set(|config| {
        config.fault("/pesan", FaultKind::ActThenClose);
    });
    let answer = browser.post("/pesan", &[("isi", "sekali")]).await;
    assert_eq!(answer.status, 502, "{answer:?}");
    assert_eq!(world.sent("/pesan").len(), 1);
    let visitor = world.browser();
    visitor.get("/").await;
    world.standin.set(|config| {
        config.fault("/publik/daftar", FaultKind::ActThenClose);
    });
    let answer = visitor.post("/publik/daftar", &[("txtEmail", "a@b")]).await;
    assert_eq!(answer.status, 502, "{answer:?}");
    assert_eq!(world.sent("/publik/daftar").len(), 1);
    let answer = password(&world.browser(), "PPK2").await;
    assert_eq!(answer.status, 303, "{answer:?}");
}
