//! A restart of the gateway between any two steps loses nothing.

use crate::support::World;
use crate::support::login::{
    ACTIVATED, accept, assert_home, assert_nobody, password, scan, to_page, type_code,
    type_password, user, user_id,
};
use spse_standin::SessionMode;

async fn story(mode: SessionMode, kill: bool) {
    let mut world = World::start(mode).await;
    macro_rules! restart {
        () => {
            if kill {
                world.gateway.restart_after_kill().await
            } else {
                world.gateway.restart().await
            }
        };
    }
    let browser = world.browser();
    browser.get("/").await;
    restart!();
    let form = user_id(&browser, "PPK301").await;
    restart!();
    let answer = type_password(&browser, &form, &user("PPK301").password).await;
    restart!();
    let page = to_page(&browser, &answer, "activation").await;
    let mut phone = scan(&browser, &page);
    restart!();
    let done = type_code(&browser, &page, &phone.code()).await;
    assert!(done.has(ACTIVATED), "{mode:?} {done:?}");
    restart!();
    assert_home(&browser, "PPK301").await;

    let other = world.browser();
    let answer = password(&other, "PPK301").await;
    let page = to_page(&other, &answer, "acceptor").await;
    restart!();
    let used = type_code(&other, &page, &phone.last()).await;
    assert_eq!(used.status, 422, "{mode:?} {used:?}");
    restart!();
    let code = phone.code();
    let done = type_code(&other, &page, &code).await;
    assert_eq!(done.status, 303, "{mode:?} {done:?}");
    restart!();
    assert_home(&other, "PPK301").await;
    assert_home(&browser, "PPK301").await;

    let out = other.post("/logout", &[]).await;
    assert!(matches!(out.status, 302 | 303), "{mode:?} {out:?}");
    restart!();
    assert_nobody(&other).await;
    assert_home(&browser, "PPK301").await;
    let answer = password(&other, "PPK301").await;
    let used = accept(&other, &answer, &code).await;
    assert_eq!(
        used.status, 422,
        "a used code stays used: {mode:?} {used:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_between_any_two_steps_loses_nothing() {
    story(SessionMode::ServerSide, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_loses_nothing_where_the_user_is_in_the_cookie() {
    story(SessionMode::InCookie, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_loses_nothing_where_a_login_changes_the_id() {
    story(SessionMode::NewId, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_between_any_two_steps_loses_nothing() {
    for mode in SessionMode::ALL {
        story(mode, true).await;
    }
}
