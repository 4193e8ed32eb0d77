//! The main story, end to end: password accepted by the application, second factor accepted by the
//! gateway, home. In all three ways in which an upstream may keep its user.

mod clicks;
mod ends;
mod policy;
mod refused;
mod restarts;

use crate::support::browser::Browser;
use crate::support::login::{
    ACTIVATED, accept, activate, again, assert_home, assert_nobody, first, password,
    password_in_one, scan, to_page, type_code, type_password, user, user_id,
};
use crate::support::wire::Response;
use crate::support::{World, assert_nothing_private};
use spse_standin::{Config, LoginSteps, SESSION_COOKIE, SessionMode};

#[tokio::test(flavor = "multi_thread")]
async fn a_password_then_an_activation_then_home() {
    for mode in SessionMode::ALL {
        let world = World::start(mode).await;
        let browser = world.browser();
        let answer = password(&browser, "PPK301").await;
        assert_eq!(answer.status, 303, "{mode:?} {answer:?}");
        let page = to_page(&browser, &answer, "activation").await;
        assert!(page.has("<svg class=\"qr\""), "{mode:?}");
        let mut phone = scan(&browser, &page);
        assert_nothing_private(&browser.seen());
        let before = browser.jar();
        assert!(before.contains_key(SESSION_COOKIE), "{mode:?} {before:?}");

        let done = type_code(&browser, &page, &phone.code()).await;
        assert!(done.has(ACTIVATED), "{mode:?} {done:?}");
        let jar = browser.jar();
        assert!(jar.contains_key("gerbang-eproc4"), "{mode:?} {jar:?}");
        assert!(jar.contains_key("gerbang-eproc4.kenal"), "{mode:?} {jar:?}");
        assert!(!jar.contains_key(SESSION_COOKIE), "{mode:?} {jar:?}");
        assert!(
            !jar.keys().any(|name| name.contains(".t.")),
            "{mode:?} {jar:?}"
        );
        assert_home(&browser, "PPK301").await;
        let home = browser.get("/home").await;
        assert!(home.has("RAHASIA-PPK301"), "{mode:?} {home:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_login_asks_for_a_code_and_leads_to_where_the_application_had_sent_the_user() {
    for mode in SessionMode::ALL {
        let world = World::start(mode).await;
        let mut phone = first(&world.browser(), "REKANAN1").await;
        let browser = world.browser();
        let answer = password(&browser, "REKANAN1").await;
        let page = to_page(&browser, &answer, "acceptor").await;
        assert_nothing_private(&browser.seen());
        assert!(
            page.has("Sesi akan tertutup dalam waktu"),
            "{mode:?} {page:?}"
        );
        let done = type_code(&browser, &page, &phone.code()).await;
        assert_eq!(
            (done.status, done.location().as_str()),
            (303, "/eproc4/home"),
            "{done:?}"
        );
        assert_home(&browser, "REKANAN1").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_login_of_4_3_in_one_form_works_the_same() {
    for mode in SessionMode::ALL {
        let steps = LoginSteps::One;
        let config = Config {
            session_mode: mode,
            login_steps: steps,
            ..Config::default()
        };
        let world = World::with(config, |gateway| gateway).await;
        let browser = world.browser();
        let answer = password_in_one(&browser, "AUDITOR1").await;
        let mut phone = activate(&browser, &answer).await;
        assert_home(&browser, "AUDITOR1").await;
        let other = world.browser();
        let answer = password_in_one(&other, "AUDITOR1").await;
        let done = accept(&other, &answer, &phone.code()).await;
        assert_eq!(done.status, 303, "{mode:?} {done:?}");
        assert_home(&other, "AUDITOR1").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_the_applications_business_and_leaves_no_trace() {
    for mode in SessionMode::ALL {
        let world = World::start(mode).await;
        let browser = world.browser();
        let form = user_id(&browser, "PPK301").await;
        let answer = type_password(&browser, &form, "salah").await;
        assert_eq!(
            answer.location(),
            "/eproc4/loginpass",
            "{mode:?} {answer:?}"
        );
        let form = browser.follow(answer).await;
        assert!(form.has("User ID dan Password Salah"), "{mode:?} {form:?}");
        let answer = type_password(&browser, &form, &user("PPK301").password).await;
        activate(&browser, &answer).await;
        assert_home(&browser, "PPK301").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reload_of_activation_and_acceptor_changes_nothing() {
    let world = World::start(SessionMode::ServerSide).await;
    let browser = world.browser();
    let answer = password(&browser, "PPK301").await;
    let page = to_page(&browser, &answer, "activation").await;
    let mut phone = scan(&browser, &page);
    for _ in 0..3 {
        let again = to_page(&browser, &answer, "activation").await;
        assert_eq!(scan(&browser, &again).key, phone.key);
    }
    let wrong = type_code(&browser, &page, &phone.wrong()).await;
    assert_eq!(wrong.status, 422, "{wrong:?}");
    assert_eq!(
        scan(&browser, &wrong).key,
        phone.key,
        "a wrong code shows the same QR code"
    );
    let done = type_code(&browser, &page, &phone.code()).await;
    assert!(done.has(ACTIVATED), "{done:?}");

    let other = world.browser();
    let answer = password(&other, "PPK301").await;
    for _ in 0..3 {
        to_page(&other, &answer, "acceptor").await;
    }
    let done = accept(&other, &answer, &phone.code()).await;
    assert_eq!(done.status, 303, "{done:?}");
    assert_home(&other, "PPK301").await;
    // Back to the acceptor after the acceptance: on to where it led.
    let back = other.get(&answer.location()).await;
    assert!(matches!(back.status, 303 | 401), "{back:?}");
    assert_home(&other, "PPK301").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_qr_code_has_a_new_key_and_the_code_of_either_confirms() {
    let world = World::start(SessionMode::NewId).await;
    let browser = world.browser();
    let answer = password(&browser, "PPK2").await;
    let page = to_page(&browser, &answer, "activation").await;
    let mut old = scan(&browser, &page);
    let (reference, csrf) = (page.hidden("r"), page.hidden("csrf"));
    let fields = [("r", reference.as_str()), ("csrf", csrf.as_str())];
    let renewed = browser.post("/gerbang/activation/qr", &fields).await;
    let page = browser.follow(renewed).await;
    let mut new = scan(&browser, &page);
    assert_ne!(old.key, new.key);
    let done = type_code(&browser, &page, &old.code()).await;
    assert!(done.has(ACTIVATED), "{done:?}");
    // The other one died with it.
    let other = world.browser();
    let answer = password(&other, "PPK2").await;
    let refused = accept(&other, &answer, &new.code()).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    let done = accept(&other, &answer, &old.code()).await;
    assert_eq!(done.status, 303, "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_of_one_browser_wait_for_two_accounts() {
    for mode in SessionMode::ALL {
        let world = World::with(
            Config {
                session_mode: mode,
                ..Config::default()
            },
            |gateway| gateway.default_mode("required"),
        )
        .await;
        let mut pokja = first(&world.browser(), "POKJA1").await;
        let mut pp = first(&world.browser(), "PP1").await;
        let browser = world.browser();
        let one = password(&browser, "POKJA1").await;
        let one_page = to_page(&browser, &one, "acceptor").await;
        let two = password(&browser, "PP1").await;
        let two_page = to_page(&browser, &two, "acceptor").await;
        assert_ne!(one_page.hidden("r"), two_page.hidden("r"));

        // A code on the other one's page is wrong, and nothing moves.
        let code = pokja.code();
        let refused = type_code(&browser, &two_page, &code).await;
        assert_eq!(refused.status, 422, "{mode:?} {refused:?}");
        let done = type_code(&browser, &two_page, &pp.code()).await;
        assert_eq!(done.status, 303, "{mode:?} {done:?}");
        assert_home(&browser, "PP1").await;
        let done = type_code(&browser, &one_page, &code).await;
        assert_eq!(done.status, 303, "{mode:?} {done:?}");
        assert_home(&browser, "POKJA1").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_click_gets_the_same_acceptance() {
    for mode in SessionMode::ALL {
        let world = World::start(mode).await;
        let mut phone = first(&world.browser(), "PPK301").await;
        let browser = world.browser();
        let answer = password(&browser, "PPK301").await;
        let page = to_page(&browser, &answer, "acceptor").await;
        let before = browser.thief();
        let code = phone.code();
        let (one, two) = tokio::join!(
            type_code(&browser, &page, &code),
            type_code(&before, &page, &code)
        );
        assert_eq!(
            (one.status, two.status),
            (303, 303),
            "{mode:?} {one:?} {two:?}"
        );
        assert_home(&browser, "PPK301").await;
        assert_home(&before, "PPK301").await;
        // A lost answer: the same request once more, a little later.
        let late = world.browser();
        let answer = password(&late, "PPK301").await;
        let page = to_page(&late, &answer, "acceptor").await;
        let copy = late.thief();
        let code = phone.code();
        assert_eq!(type_code(&late, &page, &code).await.status, 303);
        let repeated = type_code(&copy, &page, &code).await;
        assert_eq!(repeated.status, 303, "{mode:?} {repeated:?}");
        assert_home(&copy, "PPK301").await;
        // Another code of the same waiting login is too late.
        let third = late.thief();
        third.set_jar(before.jar());
        let other = type_code(&third, &page, &phone.code()).await;
        assert_ne!(other.status, 303, "{mode:?} {other:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_sent_twice_at_the_same_moment_is_one_acceptance_for_both() {
    for mode in SessionMode::ALL {
        let world = World::start(mode).await;
        for id in ["PPK301", "PPK2", "AUDITOR1", "REKANAN1"] {
            let browser = world.browser();
            let answer = password(&browser, id).await;
            let page = to_page(&browser, &answer, "activation").await;
            let mut phone = scan(&browser, &page);
            twice(&browser, &page, &phone.code(), id).await;
            let browser = world.browser();
            let answer = password(&browser, id).await;
            let page = to_page(&browser, &answer, "acceptor").await;
            twice(&browser, &page, &phone.code(), id).await;
        }
    }
}

async fn twice(browser: &Browser, page: &Response, code: &str, id: &str) {
    let (one, two) = (browser.thief(), browser.thief());
    let answers = tokio::join!(type_code(&one, page, code), type_code(&two, page, code));
    assert!(matches!(answers.0.status, 200 | 303), "{id} {answers:?}");
    assert_eq!(answers.0.status, answers.1.status, "{id} {answers:?}");
    assert_home(&one, id).await;
    assert_home(&two, id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn disabling_keeps_this_session_ends_the_others_and_the_next_login_activates() {
    for mode in SessionMode::ALL {
        let world = World::start(mode).await;
        let here = world.browser();
        let mut phone = first(&here, "PPK301").await;
        let there = world.browser();
        again(&there, "PPK301", &mut phone).await;

        let status = here.get("/gerbang/").await;
        assert!(
            status.has("action=\"/eproc4/gerbang/disable\""),
            "{mode:?} {status:?}"
        );
        let csrf = status.hidden("csrf");
        let wrong = phone.wrong();
        let refused = here
            .post("/gerbang/disable", &[("csrf", &csrf), ("code", &wrong)])
            .await;
        assert_eq!(refused.status, 422, "{mode:?} {refused:?}");
        let code = phone.code();
        let done = here
            .post("/gerbang/disable", &[("csrf", &csrf), ("code", &code)])
            .await;
        assert_eq!(done.status, 200, "{mode:?} {done:?}");
        assert_home(&here, "PPK301").await;
        assert_nobody(&there).await;

        let next = world.browser();
        let answer = password(&next, "PPK301").await;
        let mut new = activate(&next, &answer).await;
        assert_ne!(new.key, phone.key);
        assert_home(&next, "PPK301").await;
        // The activation ended the session that had disabled.
        assert_nobody(&here).await;
        again(&world.browser(), "PPK301", &mut new).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn enabling_from_the_status_page_and_leaving_it_never_ends_the_session() {
    let world = World::with(Config::default(), |gateway| {
        gateway.default_mode("optional")
    })
    .await;
    let browser = world.browser();
    let answer = password(&browser, "PPE1").await;
    assert_eq!(answer.location(), "/eproc4/home", "{answer:?}");
    assert_home(&browser, "PPE1").await;
    let status = browser.get("/gerbang/").await;
    let enable = browser
        .post("/gerbang/enable", &[("csrf", &status.hidden("csrf"))])
        .await;
    let page = browser.follow(enable).await;
    let mut phone = scan(&browser, &page);
    let left = browser
        .post(
            "/gerbang/activation/cancel",
            &[("csrf", &page.hidden("csrf"))],
        )
        .await;
    assert_eq!(left.location(), "/eproc4/gerbang/", "{left:?}");
    assert_home(&browser, "PPE1").await;
    let page = browser.get("/gerbang/activation").await;
    assert_eq!(scan(&browser, &page).key, phone.key);
    let done = type_code(&browser, &page, &phone.code()).await;
    assert!(done.has(ACTIVATED), "{done:?}");
    assert_home(&browser, "PPE1").await;
    again(&world.browser(), "PPE1", &mut phone).await;
}
