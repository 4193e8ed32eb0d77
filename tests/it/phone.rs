//! Approval on the phone from end to end: a phone joins an activation, and says yes or no to logins.

mod answers;
mod attacks;
mod ends;
mod joins;
mod load_waits;
mod quotas;
mod times;
mod waits;
mod wakes;

use crate::support::app::{App, number_of};
use crate::support::browser::Browser;
use crate::support::login::{ACTIVATED, assert_home, password, to_page};
use crate::support::wire::Response;
use crate::support::{World, quick};
use spse_standin::SessionMode;

const NOT_FOR_THIS: &str = "Konfirmasi lewat HP tidak bisa dipakai untuk login ini.";

async fn with_clock(mode: SessionMode) -> World {
    World::with(quick(mode), |gateway| gateway.moving_clock()).await
}

/// Sends the form of a page that waits for its phone.
async fn go_on(browser: &Browser, page: &Response, what: &str) -> Response {
    let (reference, csrf) = (page.hidden("r"), page.hidden("csrf"));
    let fields = [("r", reference.as_str()), ("csrf", csrf.as_str())];
    browser
        .post(&format!("/gerbang/{what}/phone"), &fields)
        .await
}

/// Password, and an activation by a phone that joins; its session is at home.
pub(crate) async fn activate_by_phone(browser: &Browser, id: &str) -> App {
    activate_with_codes(browser, id).await.0
}

/// The same with the recovery codes that came with it.
async fn activate_with_codes(browser: &Browser, id: &str) -> (App, Vec<String>) {
    let answer = password(browser, id).await;
    let page = to_page(browser, &answer, "activation").await;
    let mut app = App::beside(browser);
    app.open_link(&page).await.good();
    app.confirm(&page).await.good();
    let done = go_on(browser, &page, "activation").await;
    assert!(done.has(ACTIVATED), "{done:?}");
    assert_home(browser, id).await;
    (app, crate::recovery::codes_of(&done))
}

/// Password, and the acceptor that asks the phone.
async fn asked(browser: &Browser, id: &str) -> Response {
    let answer = password(browser, id).await;
    to_page(browser, &answer, "acceptor").await
}

/// A phone that joined, and a login in another browser that waits for it: the browser, its page and what the
/// phone is asked.
async fn one_waits(world: &World) -> (App, Browser, Response, String) {
    let app = activate_by_phone(&world.browser(), "PPK2").await;
    let desktop = world.browser();
    let page = asked(&desktop, "PPK2").await;
    let challenge = app.call_of().await;
    (app, desktop, page, challenge)
}

/// The whole way of a login that its phone approves.
async fn log_in_by_phone(browser: &Browser, id: &str, app: &App) {
    let page = asked(browser, id).await;
    let challenge = app.call_of().await;
    app.approve(&challenge, &number_of(&page)).await.good();
    let done = go_on(browser, &page, "acceptor").await;
    assert_eq!(done.status, 303, "{done:?}");
    assert_home(browser, id).await;
}
