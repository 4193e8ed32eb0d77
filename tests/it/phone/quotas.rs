//! How often a phone is asked: whoever has the password cannot tire its owner, nor use up what is his.

use super::*;
use crate::support::app::shown_number;
use crate::support::login::{assert_nobody, type_code};

/// Leaves the browser with nothing but what makes it known.
fn forget_session(browser: &Browser) {
    let known = browser
        .jar()
        .into_iter()
        .filter(|(name, _)| name.ends_with(".kenal"));
    browser.set_jar(known.collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_asks_three_times_and_the_owner_is_asked_all_the_same() {
    let world = with_clock(SessionMode::InCookie).await;
    let owner = world.browser();
    let app = activate_by_phone(&owner, "PPK2").await;
    world.gateway.advance(60).await;
    for round in 0..5 {
        let page = asked(&world.browser(), "PPK2").await;
        assert_eq!(shown_number(&page).is_some(), round < 3, "round {round}");
    }
    assert_eq!(app.waiting().await.len(), 3);
    // In his own browser.
    world.gateway.advance(1).await;
    forget_session(&owner);
    let page = asked(&owner, "PPK2").await;
    let waiting = app.waiting().await;
    assert_eq!(waiting.len(), 4);
    let newest = waiting[0]["challenge"].as_str().unwrap();
    app.approve(newest, &number_of(&page)).await.good();
    let done = go_on(&owner, &page, "acceptor").await;
    assert_eq!(done.status, 303, "{done:?}");
    assert_home(&owner, "PPK2").await;
    // And by a code in any other.
    let new = world.browser();
    let page = asked(&new, "PPK2").await;
    assert!(page.has(NOT_FOR_THIS), "{page:?}");
    let done = type_code(&new, &page, &app.codes().code()).await;
    assert_eq!(done.status, 303, "{done:?}");
    // After ten minutes the phone is asked again.
    world.gateway.advance(600).await;
    log_in_by_phone(&world.browser(), "PPK2", &app).await;
}

/// Rows 24 and 61 of the threats: a script with the password, for a day.
#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_bombing_is_ten_requests_and_the_owner_gets_in() {
    let world = with_clock(SessionMode::InCookie).await;
    let owner = world.browser();
    let app = activate_by_phone(&owner, "PPK2").await;
    let mut told = 0;
    for _ in 0..24 {
        world.gateway.advance(1_800).await;
        for _ in 0..2 {
            let stranger = world.browser();
            let page = asked(&stranger, "PPK2").await;
            told += u32::from(shown_number(&page).is_some());
            go_on(&stranger, &page, "acceptor").await;
            assert_nobody(&stranger).await;
        }
    }
    assert_eq!(told, 10, "in half a day");
    forget_session(&owner);
    log_in_by_phone(&owner, "PPK2", &app).await;
    // His own lane is not used up by what he said yes to.
    for _ in 0..4 {
        forget_session(&owner);
        log_in_by_phone(&owner, "PPK2", &app).await;
    }
    // Full after three that nobody answered, it says until when; and he still gets in by a code.
    for _ in 0..3 {
        forget_session(&owner);
        let page = asked(&owner, "PPK2").await;
        assert!(shown_number(&page).is_some(), "{page:?}");
    }
    forget_session(&owner);
    let page = asked(&owner, "PPK2").await;
    assert!(page.has(NOT_FOR_THIS), "{page:?}");
    assert!(page.has("bisa dikirim lagi mulai"), "{page:?}");
    assert!(!page.has("untuk angka yang baru"), "{page:?}");
    let done = type_code(&owner, &page, &app.codes().code()).await;
    assert_eq!(done.status, 303, "{done:?}");
    world.gateway.advance(86_400).await;
    log_in_by_phone(&world.browser(), "PPK2", &app).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_asks_nothing_anew() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let app = activate_by_phone(&browser, "PPK2").await;
    let desktop = world.browser();
    let page = asked(&desktop, "PPK2").await;
    let challenge = app.call_of().await;
    for _ in 0..10 {
        let shown = desktop
            .get(&format!("/gerbang/acceptor?r={}", page.hidden("r")))
            .await;
        assert_eq!(number_of(&shown), number_of(&page));
    }
    assert_eq!(app.call_of().await, challenge);
}
