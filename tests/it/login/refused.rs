//! Codes that are not taken: wrong, used, late, too many, too late; extension and cancel.

use crate::support::login::{
    accept, again, assert_home, assert_nobody, first, password, scan, to_page, type_code,
};
use crate::support::{World, assert_nothing_private};
use spse_standin::{Config, SessionMode};

async fn with_clock(mode: SessionMode) -> World {
    let config = Config {
        session_mode: mode,
        ..Config::default()
    };
    World::with(config, |gateway| gateway.moving_clock()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_malformed_used_and_late_codes_each_have_their_sentence() {
    for mode in SessionMode::ALL {
        let world = with_clock(mode).await;
        world.gateway.to_next_step().await;
        let mut phone = first(&world.browser(), "PPK301").await;
        let browser = world.browser();
        let answer = password(&browser, "PPK301").await;
        let page = to_page(&browser, &answer, "acceptor").await;
        for (code, sentence) in [
            ("12345".to_owned(), "Kode harus terdiri dari 6 angka."),
            ("abcdef".to_owned(), "Kode harus terdiri dari 6 angka."),
            (phone.wrong(), "Kode salah."),
            (phone.last(), "Kode ini sudah dipakai."),
            (phone.old(150), "Kode sudah lewat waktunya."),
        ] {
            let refused = type_code(&browser, &page, &code).await;
            assert_eq!(refused.status, 422, "{mode:?} {code} {refused:?}");
            assert!(refused.has(sentence), "{mode:?} {code}: {}", refused.text());
        }
        assert_nothing_private(&browser.seen());
        assert_nobody(&browser).await;
        // Three failures were counted: the next attempt waits.
        let code = phone.code();
        let early = type_code(&browser, &page, &code).await;
        assert_eq!(early.status, 429, "{mode:?} {early:?}");
        assert!(early.has("Terlalu banyak percobaan."), "{mode:?}");
        world.gateway.advance(31).await;
        let done = type_code(&browser, &page, &phone.code()).await;
        assert_eq!(done.status, 303, "{mode:?} {done:?}");
        assert_home(&browser, "PPK301").await;
        // Success cleared the lane.
        let other = world.browser();
        let answer = password(&other, "PPK301").await;
        let wrong = accept(&other, &answer, &phone.wrong()).await;
        assert_eq!(wrong.status, 422, "{mode:?} {wrong:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acceptor_that_ran_out_is_closed_and_the_same_browser_logs_in_again() {
    for mode in SessionMode::ALL {
        let world = with_clock(mode).await;
        let mut phone = first(&world.browser(), "PPK301").await;
        world.gateway.advance(30).await;
        let browser = world.browser();
        let answer = password(&browser, "PPK301").await;
        let page = to_page(&browser, &answer, "acceptor").await;
        world.gateway.advance(61).await;
        let closed = browser.get(&answer.location()).await;
        assert_eq!(closed.status, 401, "{mode:?} {closed:?}");
        let refused = type_code(&browser, &page, &phone.code()).await;
        assert_eq!(refused.status, 401, "{mode:?} {refused:?}");
        assert_nothing_private(&browser.seen());
        assert_nobody(&browser).await;
        again(&browser, "PPK301", &mut phone).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acceptor_is_extended_twice_and_no_more() {
    let world = with_clock(SessionMode::ServerSide).await;
    let mut phone = first(&world.browser(), "PPK301").await;
    world.gateway.advance(30).await;
    let browser = world.browser();
    let answer = password(&browser, "PPK301").await;
    for _ in 0..2 {
        let page = to_page(&browser, &answer, "acceptor").await;
        world.gateway.advance(50).await;
        let fields = [("r", page.hidden("r")), ("csrf", page.hidden("csrf"))];
        let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let extended = browser.post("/gerbang/acceptor/extend", &fields).await;
        assert_eq!(extended.location(), answer.location(), "{extended:?}");
    }
    let page = to_page(&browser, &answer, "acceptor").await;
    assert!(!page.has("/gerbang/acceptor/extend"), "{page:?}");
    world.gateway.advance(50).await;
    let done = type_code(&browser, &page, &phone.code()).await;
    assert_eq!(done.status, 303, "{done:?}");
    assert_home(&browser, "PPK301").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_login_is_over_on_both_sides() {
    for mode in SessionMode::ALL {
        let world = World::start(mode).await;
        let mut phone = first(&world.browser(), "PPK301").await;
        let browser = world.browser();
        let answer = password(&browser, "PPK301").await;
        let page = to_page(&browser, &answer, "acceptor").await;
        let copy = browser.thief();
        let (reference, csrf) = (page.hidden("r"), page.hidden("csrf"));
        let fields = [("r", reference.as_str()), ("csrf", csrf.as_str())];
        let left = browser.post("/gerbang/acceptor/cancel", &fields).await;
        assert_eq!(left.status, 200, "{mode:?} {left:?}");
        let refused = type_code(&copy, &page, &phone.peek()).await;
        assert_ne!(refused.status, 303, "{mode:?} {refused:?}");
        assert_nobody(&copy).await;
        assert_nobody(&browser).await;
        assert_nothing_private(&browser.seen());
        again(&browser, "PPK301", &mut phone).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_an_activation_of_a_login_ends_it() {
    for mode in SessionMode::ALL {
        let world = World::start(mode).await;
        let browser = world.browser();
        let answer = password(&browser, "PPK301").await;
        let page = to_page(&browser, &answer, "activation").await;
        let mut phone = scan(&browser, &page);
        let copy = browser.thief();
        let (reference, csrf) = (page.hidden("r"), page.hidden("csrf"));
        let fields = [("r", reference.as_str()), ("csrf", csrf.as_str())];
        let left = browser.post("/gerbang/activation/cancel", &fields).await;
        assert_eq!(left.status, 200, "{mode:?} {left:?}");
        let refused = type_code(&copy, &page, &phone.code()).await;
        assert_eq!(refused.status, 401, "{mode:?} {refused:?}");
        assert_nobody(&copy).await;
        first(&browser, "PPK301").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_failures_close_the_lane_and_the_known_browser_still_gets_in() {
    let world = with_clock(SessionMode::ServerSide).await;
    let owner = world.browser();
    let mut phone = first(&owner, "PPK301").await;
    let attacker = world.browser();
    let mut answer = password(&attacker, "PPK301").await;
    let mut page = to_page(&attacker, &answer, "acceptor").await;
    let mut refusals = 0;
    for attempt in 0..40 {
        // Another one each time: the same code in the same step is not counted again.
        let refused = type_code(&attacker, &page, &phone.wrong_nth(attempt)).await;
        match refused.status {
            422 => refusals += 1,
            429 if refused.has("Hubungi") => break,
            429 => {}
            other => panic!("{attempt}: {other} {refused:?}"),
        }
        if refusals >= 3 {
            world.gateway.advance(3_700).await;
            attacker.set_jar(Default::default());
            answer = password(&attacker, "PPK301").await;
            page = to_page(&attacker, &answer, "acceptor").await;
        }
    }
    assert_eq!(refusals, 20);
    let fresh = world.browser();
    let answer = password(&fresh, "PPK301").await;
    let exhausted = accept(&fresh, &answer, &phone.code()).await;
    assert_eq!(exhausted.status, 429, "{exhausted:?}");
    // The owner's own browser has a lane of its own.
    let answer = password(&owner, "PPK301").await;
    let done = accept(&owner, &answer, &phone.code()).await;
    assert_eq!(done.status, 303, "{done:?}");
    assert_home(&owner, "PPK301").await;
}
