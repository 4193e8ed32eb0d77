//! The phone is lost: from a login by recovery code to a new phone without the help desk.

use super::{IN, WRONG, activate_with_codes, codes_of, recover, send, with_clock};
use crate::support::World;
use crate::support::browser::Browser;
use crate::support::login::{
    ACTIVATED, accept, again, assert_home, assert_nobody, password, scan, type_code,
};
use crate::support::otp::Phone;
use crate::support::wire::Response;
use spse_standin::SessionMode;

const MEANWHILE: &str = "tetap berlaku sampai aktivasi ini selesai.";

/// From the page behind a recovery code to the new QR code.
pub(crate) async fn to_new_phone(browser: &Browser, page: &Response) -> (Response, Phone) {
    let moved = send(browser, page, "/replace", &[]).await;
    assert_eq!(moved.location(), "/eproc4/gerbang/activation", "{moved:?}");
    let page = browser.follow(moved).await;
    assert!(page.has(MEANWHILE), "{page:?}");
    let phone = scan(browser, &page);
    (page, phone)
}

/// Types the code of a session's activation.
pub(crate) async fn confirm(browser: &Browser, page: &Response, code: &str) -> Response {
    let csrf = page.hidden("csrf");
    let fields = [("csrf", csrf.as_str()), ("code", code)];
    browser.post("/gerbang/activation", &fields).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_phone_is_replaced_and_the_old_one_works_until_then() {
    for mode in SessionMode::ALL {
        let world = with_clock(mode).await;
        let elsewhere = world.browser();
        let (mut old, codes) = activate_with_codes(&elsewhere, "PPK301").await;
        let browser = world.browser();
        let done = recover(&browser, "PPK301", &codes[0]).await;
        let (page, mut new) = to_new_phone(&browser, &done).await;
        assert_ne!(new.key, old.key);
        // A double click, and back to the status page: the same QR code.
        let status = browser.get("/gerbang/").await;
        let (_, same) = to_new_phone(&browser, &status).await;
        assert_eq!(same.key, new.key, "{mode:?}");
        let wrong = confirm(&browser, &page, &new.wrong()).await;
        assert_eq!(wrong.status, 422, "{mode:?} {wrong:?}");
        assert!(wrong.has(MEANWHILE), "{mode:?} {wrong:?}");
        // Nothing has changed yet.
        world.gateway.advance(30).await;
        again(&world.browser(), "PPK301", &mut old).await;
        let code = new.code();
        let bound = confirm(&browser, &page, &code).await;
        assert!(bound.has(ACTIVATED), "{mode:?} {bound:?}");
        assert!(
            bound.has("Entri lama (A) tidak berlaku lagi."),
            "{mode:?} {bound:?}"
        );
        let fresh = codes_of(&bound);
        assert_eq!(fresh.len(), 10, "{mode:?} {bound:?}");
        let second = confirm(&browser, &page, &code).await;
        assert_eq!(codes_of(&second), fresh, "a double click: {mode:?}");
        assert_home(&browser, "PPK301").await;
        assert_nobody(&elsewhere).await;

        // The old phone and the old codes are dead, the new ones work.
        world.gateway.advance(60).await;
        let thief = world.browser();
        let answer = password(&thief, "PPK301").await;
        let refused = accept(&thief, &answer, &old.code()).await;
        assert_eq!(refused.status, 422, "{mode:?} {refused:?}");
        let refused = recover(&world.browser(), "PPK301", &codes[1]).await;
        assert!(refused.has(WRONG), "{mode:?} {refused:?}");
        again(&world.browser(), "PPK301", &mut new).await;
        assert!(recover(&world.browser(), "PPK301", &fresh[0]).await.has(IN));
        let audit = world.gateway.cli(&["audit", "tail", "-n", "60"]).done();
        assert!(
            audit.contains(r#"{"kind":"activated","entry":"B","replaced":true}"#),
            "{audit}"
        );
        // Bound: from here on it is a session of the app, which changes no phones.
        let status = browser.get("/gerbang/").await;
        assert!(!status.has("Ganti HP"), "{mode:?} {status:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_code_is_enough() {
    let world = World::start(SessionMode::InCookie).await;
    let (_, codes) = activate_with_codes(&world.browser(), "PPK301").await;
    for code in &codes[..9] {
        assert!(recover(&world.browser(), "PPK301", code).await.has(IN));
    }
    let browser = world.browser();
    let last = recover(&browser, "PPK301", &codes[9]).await;
    assert!(last.has("Kode pemulihan Anda sudah habis."), "{last:?}");
    let (page, mut phone) = to_new_phone(&browser, &last).await;
    let bound = confirm(&browser, &page, &phone.code()).await;
    assert_eq!(codes_of(&bound).len(), 10, "{bound:?}");
    again(&world.browser(), "PPK301", &mut phone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_login_by_recovery_code_and_only_for_an_hour() {
    let world = with_clock(SessionMode::InCookie).await;
    let by_app = world.browser();
    let (mut phone, codes) = activate_with_codes(&by_app, "PPK301").await;
    let status = by_app.get("/gerbang/").await;
    assert!(!status.has("Ganti HP"), "{status:?}");
    let moved = send(&by_app, &status, "/replace", &[]).await;
    assert_eq!(moved.location(), "/eproc4/gerbang/", "{moved:?}");
    let page = by_app.get("/gerbang/activation").await;
    assert_eq!(page.location(), "/eproc4/gerbang/", "{page:?}");

    let browser = world.browser();
    let done = recover(&browser, "PPK301", &codes[0]).await;
    for _ in 0..4 {
        world.gateway.advance(895).await;
        assert_home(&browser, "PPK301").await;
    }
    let status = browser.get("/gerbang/").await;
    assert!(status.has("Ganti HP"), "{status:?}");
    let (page, mut new) = to_new_phone(&browser, &status).await;
    world.gateway.advance(60).await;
    let status = browser.get("/gerbang/").await;
    assert!(!status.has("Ganti HP"), "{status:?}");
    let moved = send(&browser, &done, "/replace", &[]).await;
    assert_eq!(moved.location(), "/eproc4/gerbang/", "{moved:?}");
    // What was begun in time is finished in its ten minutes, and not later.
    world.gateway.advance(600).await;
    let late = confirm(&browser, &page, &new.code()).await;
    assert_eq!(late.location(), "/eproc4/gerbang/", "{late:?}");
    again(&world.browser(), "PPK301", &mut phone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_new_phones_at_once_one_is_bound() {
    let world = with_clock(SessionMode::ServerSide).await;
    let (_, codes) = activate_with_codes(&world.browser(), "PPK301").await;
    let (one, two) = (world.browser(), world.browser());
    let first = recover(&one, "PPK301", &codes[0]).await;
    let second = recover(&two, "PPK301", &codes[1]).await;
    let (page_one, mut phone_one) = to_new_phone(&one, &first).await;
    let (page_two, mut phone_two) = to_new_phone(&two, &second).await;
    let (code_one, code_two) = (phone_one.code(), phone_two.code());
    let (bound_one, bound_two) = tokio::join!(
        confirm(&one, &page_one, &code_one),
        confirm(&two, &page_two, &code_two)
    );
    let (won_one, won_two) = (bound_one.has(ACTIVATED), bound_two.has(ACTIVATED));
    assert!(won_one != won_two, "{bound_one:?} {bound_two:?}");
    let (mut good, mut bad) = match won_one {
        true => (phone_one, phone_two),
        false => (phone_two, phone_one),
    };
    world.gateway.advance(60).await;
    again(&world.browser(), "PPK301", &mut good).await;
    let thief = world.browser();
    let answer = password(&thief, "PPK301").await;
    let page = crate::support::login::to_page(&thief, &answer, "acceptor").await;
    let refused = type_code(&thief, &page, &bad.code()).await;
    assert_eq!(refused.status, 422, "{refused:?}");
}
