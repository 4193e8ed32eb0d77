//! How long a request waits, "Perpanjang waktu", and what ends it.

use super::answers::other_number;
use super::*;
use crate::support::login::assert_nobody;

#[tokio::test(flavor = "multi_thread")]
async fn more_time_is_more_time_for_the_phone_as_well() {
    let world = with_clock(SessionMode::InCookie).await;
    let (app, desktop, page, challenge) = one_waits(&world).await;
    world.gateway.advance(115).await;
    let more = extend(&desktop, &page).await;
    assert_eq!(number_of(&more), number_of(&page));
    assert!(more.has("1 kali lagi"), "{more:?}");
    // The double click, and one that would bring nothing, cost nothing.
    let again = extend(&desktop, &page).await;
    assert!(again.has("1 kali lagi"), "{again:?}");
    world.gateway.advance(110).await;
    assert_eq!(app.call_of().await, challenge);
    app.approve(&challenge, &number_of(&page)).await.good();
    let done = go_on(&desktop, &more, "acceptor").await;
    assert_eq!(done.status, 303, "{done:?}");
    assert_home(&desktop, "PPK2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_three_wrong_numbers_more_time_brings_another_number() {
    let world = with_clock(SessionMode::InCookie).await;
    let (app, desktop, page, challenge) = one_waits(&world).await;
    spend(&world, &app, &challenge, &page).await;
    let over = shown_again(&desktop, &page).await;
    assert!(over.has("untuk angka yang baru"), "{over:?}");
    let more = extend(&desktop, &page).await;
    let another = app.call_of().await;
    assert_ne!(another, challenge);
    // The answer to the first is none to the second.
    app.approve(&challenge, &number_of(&more))
        .await
        .refused(410, "over");
    // Its growing delay goes on.
    world.gateway.advance(35).await;
    app.approve(&another, &number_of(&more)).await.good();
    let done = go_on(&desktop, &more, "acceptor").await;
    assert_eq!(done.status, 303, "{done:?}");
    assert_home(&desktop, "PPK2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hand_made_form_brings_no_number_where_the_button_is_gone() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| {
        gateway.moving_clock().set("login", "extensions_max", "0")
    })
    .await;
    let (app, desktop, page, challenge) = one_waits(&world).await;
    spend(&world, &app, &challenge, &page).await;
    let none = extend(&desktop, &page).await;
    assert!(none.has(NOT_FOR_THIS), "{none:?}");
    assert!(!none.has("Perpanjang waktu"), "{none:?}");
    assert_eq!(app.waiting().await, Vec::<serde_json::Value>::new());
}

/// Three wrong numbers, with their growing delay.
async fn spend(world: &World, app: &App, challenge: &str, page: &Response) {
    let wrong = other_number(&number_of(page));
    for _ in 0..3 {
        world.gateway.advance(5).await;
        app.approve(challenge, &wrong).await.refused(422, "number");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_minutes_without_more_time_are_the_end() {
    let world = with_clock(SessionMode::InCookie).await;
    let (app, desktop, page, challenge) = one_waits(&world).await;
    world.gateway.advance(119).await;
    assert_eq!(app.call_of().await, challenge);
    world.gateway.advance(2).await;
    assert_eq!(app.waiting().await, Vec::<serde_json::Value>::new());
    app.approve(&challenge, &number_of(&page))
        .await
        .refused(410, "over");
    go_on(&desktop, &page, "acceptor").await;
    assert_nobody(&desktop).await;
}

/// "Perpanjang waktu", and the page behind it.
async fn extend(desktop: &Browser, page: &Response) -> Response {
    let (reference, csrf) = (page.hidden("r"), page.hidden("csrf"));
    let fields = [("r", reference.as_str()), ("csrf", csrf.as_str())];
    let more = desktop.post("/gerbang/acceptor/extend", &fields).await;
    desktop.follow(more).await
}

pub(super) async fn shown_again(desktop: &Browser, page: &Response) -> Response {
    let path = format!("/gerbang/acceptor?r={}", page.hidden("r"));
    desktop.get(&path).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_that_nobody_takes_up_is_worth_nothing_after_two_minutes() {
    let world = with_clock(SessionMode::InCookie).await;
    let (app, desktop, page, challenge) = one_waits(&world).await;
    app.approve(&challenge, &number_of(&page)).await.good();
    world.gateway.advance(120).await;
    let late = go_on(&desktop, &page, "acceptor").await;
    assert_ne!(late.status, 303, "{late:?}");
    assert_nobody(&desktop).await;
}
