//! Where a phone ends: disable, reset by the help desk, another phone.

use super::*;
use crate::recovery::{recover, send};
use crate::support::login::{assert_nobody, type_code};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_disable_ends_the_phone_also_between_its_yes_and_the_page() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let app = activate_by_phone(&browser, "PPK2").await;
    world.gateway.advance(60).await;
    let desktop = world.browser();
    let page = asked(&desktop, "PPK2").await;
    let challenge = app.call_of().await;
    app.approve(&challenge, &number_of(&page)).await.good();
    let status = browser.get("/gerbang/").await;
    let csrf = status.hidden("csrf");
    let code = app.codes().code();
    let fields = [("csrf", csrf.as_str()), ("code", code.as_str())];
    let disabled = browser.post("/gerbang/disable", &fields).await;
    assert_eq!(disabled.status, 200, "{disabled:?}");
    app.ask("waiting", json!({}), "")
        .await
        .refused(401, "unknown");
    app.approve(&challenge, &number_of(&page))
        .await
        .refused(401, "unknown");
    go_on(&desktop, &page, "acceptor").await;
    assert_nobody(&desktop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_of_the_help_desk_ends_the_phone() {
    let world = with_clock(SessionMode::InCookie).await;
    let (app, desktop, page, challenge) = one_waits(&world).await;
    app.approve(&challenge, &number_of(&page)).await.good();
    crate::office::reset(&world, "PPK2");
    app.ask("waiting", json!({}), "")
        .await
        .refused(401, "unknown");
    go_on(&desktop, &page, "acceptor").await;
    assert_nobody(&desktop).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_activation_ends_the_phone_and_its_open_requests() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let (app, codes) = activate_with_codes(&browser, "PPK2").await;
    world.gateway.advance(60).await;
    let desktop = world.browser();
    let page = asked(&desktop, "PPK2").await;
    let challenge = app.call_of().await;
    app.approve(&challenge, &number_of(&page)).await.good();
    let again = world.browser();
    let done = recover(&again, "PPK2", &codes[0]).await;
    let moved = send(&again, &done, "/replace", &[]).await;
    let activation = again.follow(moved).await;
    let browser = again;
    let mut second = App::beside(&browser);
    second.open_link(&activation).await.good();
    second.confirm(&activation).await.good();
    // Until the page takes it in, the one before goes on.
    app.waiting().await;
    let done = go_on(&browser, &activation, "activation").await;
    assert!(done.has("TOTP"), "{done:?}");
    app.ask("waiting", json!({}), "")
        .await
        .refused(401, "unknown");
    go_on(&desktop, &page, "acceptor").await;
    assert_nobody(&desktop).await;
    // The new phone was not asked about the old request.
    second
        .approve(&challenge, &number_of(&page))
        .await
        .refused(410, "over");
    world.gateway.advance(60).await;
    let after = world.browser();
    let page = asked(&after, "PPK2").await;
    let done = type_code(&after, &page, &second.codes().code()).await;
    assert_eq!(done.status, 303, "{done:?}");
    world.gateway.advance(600).await;
    log_in_by_phone(&world.browser(), "PPK2", &second).await;
}
