//! How a phone joins: by the link of an activation page, and by nothing else.

use super::*;
use crate::support::app::token_of;
use crate::support::login::{activate, again, assert_nobody, scan, type_code};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_joins_by_the_link_and_approves_logins_from_then_on() {
    for mode in SessionMode::ALL {
        let world = with_clock(mode).await;
        let browser = world.browser();
        let app = activate_by_phone(&browser, "PPK2").await;
        world.gateway.advance(60).await;
        log_in_by_phone(&world.browser(), "PPK2", &app).await;
        // And shows codes of the same secret, one entry ahead of what the yes used up: none.
        again(&world.browser(), "PPK2", &mut app.codes()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_nobody_takes_in_is_nothing() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let answer = password(&browser, "PPK2").await;
    let page = to_page(&browser, &answer, "activation").await;
    let mut app = App::beside(&browser);
    app.open_link(&page).await.good();
    app.confirm(&page).await.good();
    // The link gave it a secret and a name, and no account knows it.
    app.ask("waiting", json!({}), "")
        .await
        .refused(401, "unknown");
    assert_nobody(&browser).await;
    let shown = to_page(&browser, &answer, "activation").await;
    assert!(shown.has("HP sudah terhubung:"), "{shown:?}");
    // A page that was not touched by anybody either: only its own form takes the phone in.
    let got = browser.get("/gerbang/activation/phone").await;
    assert_eq!(got.status, 303, "{got:?}");
    assert_nobody(&browser).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_phone_the_form_binds_nothing() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let answer = password(&browser, "PPK2").await;
    let page = to_page(&browser, &answer, "activation").await;
    let refused = go_on(&browser, &page, "activation").await;
    assert_eq!(refused.status, 422, "{refused:?}");
    assert_nobody(&browser).await;
    // Opened, and no code sent yet: the secret may not have arrived.
    let mut app = App::beside(&browser);
    app.open_link(&page).await.good();
    let refused = go_on(&browser, &page, "activation").await;
    assert_eq!(refused.status, 422, "{refused:?}");
    assert_nobody(&browser).await;
    // Nothing is lost: the same page goes on.
    app.confirm(&page).await.good();
    let done = go_on(&browser, &page, "activation").await;
    assert!(done.has(ACTIVATED), "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_phone_has_the_link_and_has_it_again() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let answer = password(&browser, "PPK2").await;
    let page = to_page(&browser, &answer, "activation").await;
    let (mut first, mut second) = (App::beside(&browser), App::beside(&browser));
    first.open_link(&page).await.good();
    let handle = first.handle.clone();
    second.open_link(&page).await.refused(410, "over");
    // Its answer was lost.
    first.open_link(&page).await.good();
    assert_eq!(first.handle, handle);
    let code = first.codes().peek();
    second
        .confirm_with(&token_of(&page), &code)
        .await
        .refused(410, "over");
    first.confirm(&page).await.good();
    let done = go_on(&browser, &page, "activation").await;
    assert!(done.has(ACTIVATED), "{done:?}");
    first.waiting().await;
    // Used up.
    first.open_link(&page).await.refused(410, "over");
    first.confirm(&page).await.refused(410, "over");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_invitation_gets_nothing() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let answer = password(&browser, "PPK2").await;
    let page = to_page(&browser, &answer, "activation").await;
    let mut app = App::beside(&browser);
    let point = app.point();
    for token in ["", "0000000000000000", "ZZZZZZZZZZZZZZZZ", "<script>"] {
        let content = json!({ "token": token, "key": point });
        app.ask("join", content, "").await.refused(410, "over");
    }
    let token = token_of(&page);
    for key in ["", "AAAA", &point[1..]] {
        let content = json!({ "token": token, "key": key });
        app.ask("join", content, "").await.refused(400, "request");
    }
    // Somebody else's key, which he cannot sign with.
    let content = json!({ "token": token, "key": App::beside(&browser).point() });
    app.ask("join", content, "").await.refused(401, "unknown");
    // A code of another time.
    app.open_link(&page).await.good();
    let old = app.codes().old(600);
    app.confirm_with(&token, &old).await.refused(422, "code");
    app.confirm_with(&token, "12345").await.refused(422, "code");
    // The activation is over.
    world.gateway.advance(600).await;
    app.confirm(&page).await.refused(410, "over");
    App::beside(&browser)
        .open_link(&page)
        .await
        .refused(410, "over");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_typed_in_small_letters_and_groups_is_the_same() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let answer = password(&browser, "PPK2").await;
    let page = to_page(&browser, &answer, "activation").await;
    let token = token_of(&page);
    let grouped = [&token[..4], &token[4..8], &token[8..12], &token[12..]].join("-");
    assert!(page.has(&grouped), "{page:?}");
    let app = App::beside(&browser);
    let content = json!({ "token": grouped.to_lowercase(), "key": app.point() });
    let offer = app.ask("join", content, "").await.good();
    assert_eq!(offer["user_id"], "PPK2");
    assert_eq!(offer["url"], format!("http://{}", browser.host));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_and_a_phone_page_are_bound_together() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let answer = password(&browser, "PPK2").await;
    let page = to_page(&browser, &answer, "activation").await;
    let mut scanned = scan(&browser, &page);
    let mut app = App::beside(&browser);
    app.open_link(&page).await.good();
    app.confirm(&page).await.good();
    assert_eq!(scanned.key, app.secret);
    let page = to_page(&browser, &answer, "activation").await;
    let fields = ["r", "csrf", "phone"].map(|name| (name, page.hidden(name)));
    let code = scanned.code();
    let mut fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
    fields.push(("code", &code));
    let done = browser.post("/gerbang/activation", &fields).await;
    assert!(
        done.has(ACTIVATED) && done.has("HP yang terhubung"),
        "{done:?}"
    );
    world.gateway.advance(60).await;
    log_in_by_phone(&world.browser(), "PPK2", &app).await;
    again(&world.browser(), "PPK2", &mut scanned).await;
}

/// Somebody who photographed the link is not taken along by a code that its owner types on a page which
/// named no phone.
#[tokio::test(flavor = "multi_thread")]
async fn a_code_takes_only_the_phone_along_that_its_page_named() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let answer = password(&browser, "PPK2").await;
    let page = to_page(&browser, &answer, "activation").await;
    let mut scanned = scan(&browser, &page);
    let mut stranger = App::beside(&browser);
    stranger.open_link(&page).await.good();
    stranger.confirm(&page).await.good();
    let done = type_code(&browser, &page, &scanned.code()).await;
    assert!(done.has(ACTIVATED), "{done:?}");
    assert!(!done.has("HP yang terhubung"), "{done:?}");
    stranger
        .ask("waiting", json!({}), "")
        .await
        .refused(401, "unknown");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_of_an_earlier_qr_code_is_taken_in_too() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let answer = password(&browser, "PPK2").await;
    let page = to_page(&browser, &answer, "activation").await;
    let mut app = App::beside(&browser);
    app.open_link(&page).await.good();
    let (reference, csrf) = (page.hidden("r"), page.hidden("csrf"));
    world.gateway.advance(61).await;
    let fields = [("r", reference.as_str()), ("csrf", csrf.as_str())];
    let renewed = browser.post("/gerbang/activation/qr", &fields).await;
    let renewed = browser.follow(renewed).await;
    assert_ne!(token_of(&renewed), token_of(&page));
    app.confirm(&page).await.good();
    let done = go_on(&browser, &renewed, "activation").await;
    assert!(done.has(ACTIVATED), "{done:?}");
    app.waiting().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binding_without_a_phone_is_asked_for_codes_alone() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let answer = password(&browser, "PPK2").await;
    let mut phone = activate(&browser, &answer).await;
    let other = world.browser();
    let page = asked(&other, "PPK2").await;
    assert!(
        !page.has("Authorize Login") && !page.has(NOT_FOR_THIS),
        "{page:?}"
    );
    let refused = go_on(&other, &page, "acceptor").await;
    assert_eq!(refused.status, 200, "{refused:?}");
    assert_nobody(&other).await;
    let done = type_code(&other, &page, &phone.code()).await;
    assert_eq!(done.status, 303, "{done:?}");
}

/// Whoever renews the QR code may do so because the last one was seen: nobody joins by it any more, and a
/// phone that had opened it goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_qr_code_ends_the_link_that_nobody_had_opened() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let answer = password(&browser, "PPK2").await;
    let first = to_page(&browser, &answer, "activation").await;
    let second = renewed(&browser, &first).await;
    let mut thief = App::beside(&browser);
    thief.open_link(&first).await.refused(410, "over");
    let mut app = App::beside(&browser);
    app.open_link(&second).await.good();
    renewed(&browser, &second).await;
    app.open_link(&second).await.good();
    app.confirm(&second).await.good();
    let done = go_on(&browser, &first, "activation").await;
    assert!(done.has(ACTIVATED), "{done:?}");
    app.waiting().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_ends_with_the_login_or_the_session_that_showed_it() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let answer = password(&browser, "PPK2").await;
    let page = to_page(&browser, &answer, "activation").await;
    let mut joined = App::beside(&browser);
    joined.open_link(&page).await.good();
    let (reference, csrf) = (page.hidden("r"), page.hidden("csrf"));
    let fields = [("r", reference.as_str()), ("csrf", csrf.as_str())];
    let left = browser.post("/gerbang/activation/cancel", &fields).await;
    assert!(left.status < 500, "{left:?}");
    assert_nobody(&browser).await;
    App::beside(&browser)
        .open_link(&page)
        .await
        .refused(410, "over");
    joined.open_link(&page).await.refused(410, "over");
    joined.confirm(&page).await.refused(410, "over");
}

/// "QR Code baru".
async fn renewed(browser: &Browser, page: &Response) -> Response {
    let (reference, csrf) = (page.hidden("r"), page.hidden("csrf"));
    let fields = [("r", reference.as_str()), ("csrf", csrf.as_str())];
    let answer = browser.post("/gerbang/activation/qr", &fields).await;
    let shown = browser.follow(answer).await;
    assert_ne!(token_of(&shown), token_of(page));
    shown
}
