//! Forms sent twice, addresses opened again: one login, whatever the browser does.

use crate::support::browser::Ask;
use crate::support::login::{
    accept, activate, assert_home, due, first, one_step_fields, password, to_page, type_code, user,
    user_id,
};
use crate::support::wire::Response;
use crate::support::{World, quick};
use spse_standin::{Config, LoginSteps, SESSION_COOKIE, SessionMode};

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_leads_back_to_its_login_and_the_form_opens_once_more() {
    for mode in SessionMode::ALL {
        let world = World::with(quick(mode), |gateway| gateway.moving_clock()).await;
        let mut phone = first(&world.browser(), "PPK301").await;
        let browser = world.browser();
        let answer = password(&browser, "PPK301").await;
        let place = due(&answer).unwrap();
        let reference = place.split("r=").nth(1).unwrap().to_owned();
        let leads_there = |answer: &Response| due(answer).is_some_and(|p| p.contains(&reference));
        let mut without_session = browser.jar();
        without_session.remove(SESSION_COOKIE);
        for jar in [browser.jar(), without_session] {
            for path in ["/home", "/paket", "/user/logakses"] {
                let page = browser.fetch(Ask::get(path).cookies(&jar)).await;
                assert!(leads_there(&page), "{mode:?} {path} {page:?}");
                let script = browser.fetch(Ask::get(path).xhr().cookies(&jar)).await;
                assert_eq!(script.status, 401, "{mode:?} {path} {script:?}");
                assert!(leads_there(&script), "{mode:?} {path} {script:?}");
            }
        }
        // The name of the ticket alone is nothing, nor is another one's.
        let mut forged = browser.jar();
        for (name, value) in &mut forged {
            if name.contains(".t.") {
                *value = value.chars().rev().collect();
            }
        }
        forged.remove(SESSION_COOKIE);
        let thief = browser.thief();
        let page = thief.fetch(Ask::get("/home").cookies(&forged)).await;
        assert!(due(&page).is_none(), "{mode:?} {page:?}");

        // LOGIN once more, as a dialog and as a page: a form that works.
        world.gateway.advance(1).await;
        let dialog = browser.xhr("/publik/selecttype").await;
        assert!(dialog.has("NON PENYEDIA"), "{mode:?} {dialog:?}");
        let again = password(&browser, "PPK301").await;
        assert!(
            due(&again).is_some_and(|p| p != place),
            "{mode:?} {again:?}"
        );
        // The newest is what private pages lead to; the first one takes its code all the same.
        let page = browser.get("/home").await;
        assert_eq!(due(&page), due(&again), "{mode:?}");
        world.gateway.advance(30).await;
        let done = accept(&browser, &answer, &phone.code()).await;
        assert_eq!(done.status, 303, "{mode:?} {done:?}");
        assert_home(&browser, "PPK301").await;

        // A login that is over leads nowhere.
        browser.post("/logout", &[]).await;
        world.gateway.advance(700).await;
        let page = browser.get("/home").await;
        assert!(due(&page).is_none(), "{mode:?} {page:?}");
    }
}

/// The password's form, sent again while it is under way and after its first answer was lost.
async fn clicks_twice(mode: SessionMode, lost: bool, in_one: bool) {
    let what = format!("{mode:?} lost {lost} in one {in_one}");
    let steps = if in_one {
        LoginSteps::One
    } else {
        LoginSteps::Two
    };
    let config = Config {
        login_steps: steps,
        ..quick(mode)
    };
    let world = World::with(config, |gateway| gateway).await;
    let browser = world.browser();
    let ask = if in_one {
        let form = browser.xhr("/publik/formlogin").await;
        let fields = one_step_fields("PPK301", &form.hidden("authenticityToken"));
        let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
        Ask::form("/login", &fields)
    } else {
        let form = user_id(&browser, "PPK301").await;
        let token = form.hidden("authenticityToken");
        let secret = user("PPK301").password;
        let fields = [
            ("authenticityToken", token.as_str()),
            ("txtPassword", &secret),
        ];
        Ask::form("/loginpass", &fields)
    };
    // The browser holds nothing newer than what it sent the first time.
    let ask = ask.cookies(&browser.jar());
    let path = ask.path.clone();
    let hold = world.standin.hold(&path);
    let mut first = browser.connect().await;
    assert!(first.send(&browser.bytes(&ask)).await);
    hold.wait_for_arrival().await;
    let tab = browser.clone();
    let again = ask.clone();
    let second = tokio::spawn(async move { tab.fetch(again).await });
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let first = if lost {
        drop(first);
        hold.release();
        None
    } else {
        hold.release();
        Some(first.answer(false).await)
    };
    let second = second.await.unwrap();
    let place = due(&second);
    assert!(place.is_some(), "{what} {second:?}");
    if let Some(first) = first {
        assert_eq!(due(&first), place, "{what} {first:?}");
    }
    let third = browser.fetch(ask).await;
    assert_eq!(due(&third), place, "{what} {third:?}");
    // One password went up, and the login can be finished.
    let mut sent = world.sent(&path);
    sent.retain(|record| record.method == "POST");
    assert_eq!(sent.len(), 1, "{what}");
    browser.keep(&second);
    activate(&browser, &second).await;
    assert_home(&browser, "PPK301").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_click_on_login_leads_to_the_same_waiting_login() {
    for mode in SessionMode::ALL {
        for (lost, in_one) in [(false, false), (true, false), (false, true), (true, true)] {
            clicks_twice(mode, lost, in_one).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_without_their_reference_lead_to_what_waits() {
    let world = World::with(quick(SessionMode::ServerSide), |gateway| {
        gateway.moving_clock()
    })
    .await;
    let mut phone = first(&world.browser(), "PPK301").await;
    let browser = world.browser();
    let answer = password(&browser, "PPK301").await;
    let place = due(&answer).unwrap();
    let code = phone.code();
    for path in [
        "/gerbang/acceptor",
        "/gerbang/activation",
        "/gerbang/logout",
    ] {
        let shown = browser.get(path).await;
        assert_eq!(due(&shown), Some(place.clone()), "{path} {shown:?}");
    }
    for path in ["extend", "cancel"] {
        let shown = browser.get(&format!("/gerbang/acceptor/{path}")).await;
        assert_eq!(
            shown.location(),
            "/eproc4/gerbang/acceptor",
            "{path} {shown:?}"
        );
    }
    // Nobody else is led there.
    let stranger = world.browser().get("/gerbang/acceptor").await;
    assert_eq!(stranger.status, 401, "{stranger:?}");

    // Accepted, and the answer was lost: the page does not say that nothing happened.
    let page = to_page(&browser, &answer, "acceptor").await;
    let tab = browser.thief();
    assert_eq!(type_code(&browser, &page, &code).await.status, 303);
    let shown = tab.get(&place).await;
    assert!(shown.has("Kode Anda sudah diterima"), "{shown:?}");
    assert!(!shown.has("Tidak ada yang berubah"), "{shown:?}");

    // Disabled meanwhile: no code can be asked for.
    world.gateway.advance(30).await;
    let late = world.browser();
    let waits = password(&late, "PPK301").await;
    let status = browser.get("/gerbang/").await;
    let fields = [("csrf", status.hidden("csrf")), ("code", phone.code())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let disabled = browser.post("/gerbang/disable", &fields).await;
    assert_eq!(disabled.status, 200, "{disabled:?}");
    let shown = late.get(&due(&waits).unwrap()).await;
    assert!(!shown.has("(entri )"), "{shown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_sent_again_by_reload_counts_once_and_waits_are_told_beforehand() {
    let world = World::with(quick(SessionMode::ServerSide), |gateway| {
        gateway.moving_clock()
    })
    .await;
    let mut phone = first(&world.browser(), "PPK301").await;
    world.gateway.to_next_step().await;
    let browser = world.browser();
    let answer = password(&browser, "PPK301").await;
    let page = to_page(&browser, &answer, "acceptor").await;
    let wrong: Vec<String> = (0..4).map(|which| phone.wrong_nth(which)).collect();
    for _ in 0..6 {
        let reloaded = type_code(&browser, &page, &wrong[0]).await;
        assert_eq!(reloaded.status, 422, "{reloaded:?}");
        assert!(reloaded.has("Kode salah"), "{reloaded:?}");
    }
    // Others count each.
    for code in &wrong[1..3] {
        assert_eq!(type_code(&browser, &page, code).await.status, 422);
    }
    let told = browser.get(&due(&answer).unwrap()).await;
    assert_eq!(told.status, 200, "{told:?}");
    assert!(told.has("Terlalu banyak percobaan"), "{told:?}");
    let refused = type_code(&browser, &page, &wrong[3]).await;
    assert_eq!(refused.status, 429, "{refused:?}");
    world.gateway.advance(31).await;
    let done = type_code(&browser, &page, &phone.code()).await;
    assert_eq!(done.status, 303, "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_logins_in_one_browser_leave_few_tickets() {
    let world = World::start(SessionMode::ServerSide).await;
    first(&world.browser(), "PPK301").await;
    let browser = world.browser();
    for n in 0..12 {
        let answer = password(&browser, "PPK301").await;
        assert!(due(&answer).is_some(), "{n} {answer:?}");
    }
    let tickets = browser
        .jar()
        .keys()
        .filter(|name| name.contains(".t."))
        .count();
    assert!((1..=9).contains(&tickets), "{tickets}");
    assert_eq!(browser.get("/").await.status, 200);
}
