//! How a session ends: by the application's own link, by the gateway's, by time, by the upstream.

use crate::support::browser::Browser;
use crate::support::login::{again, assert_home, assert_nobody, first, password};
use crate::support::{World, assert_nothing_private, eventually};
use spse_standin::{AnonymousAnswer, Config, SessionMode};

async fn assert_dead(copy: &Browser) {
    for path in [
        "/paket",
        "/home",
        "/dt/paket-ppk",
        "/paket/unduh.csv",
        "/user/viewuser?userid=PPK301",
    ] {
        let answer = copy.get(path).await;
        assert_nothing_private(&answer.raw);
        assert!(!answer.has("[PPK301]"), "{path} {answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_applications_own_logout_ends_both_sides() {
    for mode in SessionMode::ALL {
        let world = World::start(mode).await;
        let browser = world.browser();
        let mut phone = first(&browser, "PPK301").await;
        let copy = browser.thief();
        let out = browser.post("/logout", &[]).await;
        assert!(matches!(out.status, 302 | 303), "{mode:?} {out:?}");
        assert_dead(&copy).await;
        assert_nobody(&browser).await;
        eventually("the upstream's own logout", || {
            world.standin.logins().is_empty()
        })
        .await;
        again(&browser, "PPK301", &mut phone).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateways_logout_ends_both_sides() {
    for mode in SessionMode::ALL {
        let world = World::start(mode).await;
        let browser = world.browser();
        let mut phone = first(&browser, "PPK301").await;
        let copy = browser.thief();
        let ask = browser.get("/gerbang/logout").await;
        assert_home(&browser, "PPK301").await;
        let out = browser
            .post("/gerbang/logout", &[("csrf", &ask.hidden("csrf"))])
            .await;
        assert_eq!(out.status, 200, "{mode:?} {out:?}");
        assert_dead(&copy).await;
        assert_nobody(&browser).await;
        eventually("the upstream's own logout", || {
            world.standin.logins().is_empty()
        })
        .await;
        again(&browser, "PPK301", &mut phone).await;
    }
}

/// Nobody asks for anything during so many seconds. The end of a request counts as activity and may
/// come a moment after its answer: it must not fall behind the pause.
async fn pause(world: &World, seconds: u64) {
    eventually("the end of every request", || {
        let list = world.gateway.cli(&["session", "list", "--json"]).done();
        let list: serde_json::Value = serde_json::from_str(&list).unwrap();
        let sessions = list["sessions"].as_array().unwrap();
        assert!(!sessions.is_empty(), "{list}");
        sessions.iter().all(|session| session["under_way"] == 0)
    })
    .await;
    world.gateway.advance(seconds).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_after_its_idle_time_and_after_its_absolute_time() {
    for mode in SessionMode::ALL {
        let config = Config {
            session_mode: mode,
            ..Config::default()
        };
        let world = World::with(config, |gateway| {
            gateway
                .set("session", "idle_seconds", "100")
                .set("session", "absolute_seconds", "300")
                .moving_clock()
        })
        .await;
        let browser = world.browser();
        let mut phone = first(&browser, "PPK301").await;
        pause(&world, 90).await;
        assert_home(&browser, "PPK301").await;
        let copy = browser.thief();
        pause(&world, 101).await;
        assert_dead(&copy).await;
        assert_nobody(&browser).await;

        again(&browser, "PPK301", &mut phone).await;
        let copy = browser.thief();
        for _ in 0..3 {
            pause(&world, 95).await;
            assert_home(&browser, "PPK301").await;
        }
        pause(&world, 20).await;
        assert_dead(&copy).await;
        assert_nobody(&browser).await;
        again(&browser, "PPK301", &mut phone).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_application_forgets_the_user_the_next_login_asks_for_one_code_and_nothing_loops()
{
    for mode in [SessionMode::ServerSide, SessionMode::NewId] {
        for anonymous in [AnonymousAnswer::Forbidden, AnonymousAnswer::Redirect] {
            let config = Config {
                session_mode: mode,
                anonymous,
                ..Config::default()
            };
            let world = World::with(config, |gateway| gateway).await;
            let browser = world.browser();
            let mut phone = first(&browser, "PPK301").await;
            world.standin.end_logins(None);
            let page = browser.get("/paket").await;
            let page = browser.follow(page).await;
            assert!(
                matches!(page.status, 200 | 403),
                "{mode:?} {anonymous:?} {page:?}"
            );
            assert_nothing_private(&page.raw);
            let before = world
                .sent("/loginpass")
                .iter()
                .filter(|r| r.method == "POST")
                .count();
            again(&browser, "PPK301", &mut phone).await;
            let after = world
                .sent("/loginpass")
                .iter()
                .filter(|r| r.method == "POST")
                .count();
            assert_eq!(after, before + 1, "{mode:?} {anonymous:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_inside_an_accepted_session_of_the_same_user_goes_on_without_a_code() {
    for mode in SessionMode::ALL {
        let world = World::start(mode).await;
        let browser = world.browser();
        first(&browser, "PPK301").await;
        let answer = password(&browser, "PPK301").await;
        let home = browser.follow(answer).await;
        assert_eq!(home.status, 200, "{mode:?} {home:?}");
        assert!(home.has("[PPK301]"), "{mode:?} {home:?}");
        assert_home(&browser, "PPK301").await;
    }
}
