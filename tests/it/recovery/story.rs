//! Without a phone: activated, and in by one of the codes; once with each.

use super::{
    BUTTON, IN, TYPO, USED, activate_with_codes, codes_of, left, recover, to_recovery,
    type_recovery, with_clock,
};
use crate::support::login::{
    ACTIVATED, again, assert_home, assert_nobody, password, scan, to_page, type_code,
};
use crate::support::{World, assert_nothing_private};
use spse_standin::SessionMode;
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread")]
async fn a_code_lets_its_owner_in_once_and_the_phone_goes_on() {
    for mode in SessionMode::ALL {
        let world = World::start(mode).await;
        let owner = world.browser();
        let (mut phone, codes) = activate_with_codes(&owner, "PPK301").await;
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), 10, "{mode:?}");
        assert_eq!(left(&owner).await, "10 dari 10", "{mode:?}");

        let browser = world.browser();
        let answer = password(&browser, "PPK301").await;
        let page = to_recovery(&browser, &answer).await;
        assert_nothing_private(&browser.seen());
        assert_nobody(&browser).await;
        let copy = browser.thief();
        let done = type_recovery(&browser, &page, &codes[3]).await;
        assert_eq!(done.status, 200, "{mode:?} {done:?}");
        assert!(done.has(IN) && done.has("<td>9</td>"), "{mode:?} {done:?}");
        assert!(done.has("href=\"/eproc4/home\""), "{mode:?} {done:?}");
        assert_eq!(done.header("cache-control"), "no-store");
        assert!(browser.jar().contains_key("gerbang-eproc4.kenal"));
        assert_home(&browser, "PPK301").await;
        // The same ticket with the same code once more: the same session.
        let again_typed = type_recovery(&copy, &page, &codes[3].to_lowercase()).await;
        assert_eq!(again_typed.status, 200, "{mode:?} {again_typed:?}");
        assert!(again_typed.has("<td>9</td>"), "{mode:?} {again_typed:?}");
        assert_home(&copy, "PPK301").await;

        // Elsewhere it opens nothing any more.
        let thief = world.browser();
        let refused = recover(&thief, "PPK301", &codes[3]).await;
        assert_eq!(refused.status, 422, "{mode:?} {refused:?}");
        assert!(refused.has(USED), "{mode:?} {refused:?}");
        assert_nobody(&thief).await;
        assert_nothing_private(&thief.seen());
        assert_eq!(left(&owner).await, "9 dari 10", "{mode:?}");
        again(&world.browser(), "PPK301", &mut phone).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_are_shown_once() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let answer = password(&browser, "PPK301").await;
    let page = to_page(&browser, &answer, "activation").await;
    let mut phone = scan(&browser, &page);
    let (tab, lost, code) = (browser.thief(), browser.thief(), phone.code());
    let shown = codes_of(&type_code(&browser, &page, &code).await);
    // The second click of a double click is what the browser shows.
    let second = type_code(&tab, &page, &code).await;
    assert_eq!(codes_of(&second), shown, "{second:?}");
    world.gateway.advance(6).await;
    // A reload: the login is finished, and the session goes on.
    let reloaded = type_code(&browser, &page, &code).await;
    assert_eq!(reloaded.location(), "/eproc4/gerbang/", "{reloaded:?}");
    // The answer never came, and the form is sent again.
    let reloaded = type_code(&lost, &page, &code).await;
    assert!(reloaded.has(ACTIVATED), "{reloaded:?}");
    assert_eq!(codes_of(&reloaded), Vec::<String>::new());
    assert!(
        reloaded.has("Kode pemulihan sudah ditampilkan."),
        "{reloaded:?}"
    );
    for path in [
        "/gerbang/",
        "/gerbang/recovery",
        "/gerbang/recovery/file",
        "/gerbang/activation",
    ] {
        let other = browser.get(path).await;
        let other = browser.follow(other).await;
        assert!(!shown.iter().any(|code| other.has(code)), "{path}");
    }
    assert_home(&browser, "PPK301").await;
    assert_home(&tab, "PPK301").await;
    // The answer was lost: a new set is made with the next code.
    world.gateway.advance(30).await;
    let page = browser.get("/gerbang/recovery").await;
    let made = super::send(&browser, &page, "/recovery", &[("code", &phone.code())]).await;
    assert_eq!(codes_of(&made).len(), 10, "{made:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_read_however_it_is_typed_and_a_slip_is_not_counted() {
    let world = with_clock(SessionMode::InCookie).await;
    let (_, codes) = activate_with_codes(&world.browser(), "PPK301").await;
    let ways: [fn(&str) -> String; 4] = [
        |code| code.to_lowercase(),
        |code| code.replace('-', ""),
        |code| code.replace('-', "  ").replace('0', "o").replace('1', "l"),
        |code| format!(" {} ", code.replace('-', " \u{2013} ")),
    ];
    for (way, code) in ways.iter().zip(&codes) {
        let browser = world.browser();
        let done = recover(&browser, "PPK301", &way(code)).await;
        assert!(done.has(IN), "{} {done:?}", way(code));
    }
    let browser = world.browser();
    let answer = password(&browser, "PPK301").await;
    let page = to_recovery(&browser, &answer).await;
    let code = &codes[9];
    let other = if code.ends_with('A') { 'B' } else { 'A' };
    for typed in [
        format!("{}{other}", &code[..code.len() - 1]),
        code[1..].to_owned(),
        format!("{code}0"),
        String::new(),
        "123456".to_owned(),
    ] {
        for _ in 0..3 {
            let refused = type_recovery(&browser, &page, &typed).await;
            assert_eq!(refused.status, 422, "{typed} {refused:?}");
            assert!(refused.has(TYPO), "{typed} {refused:?}");
        }
    }
    let done = type_recovery(&browser, &page, code).await;
    assert!(done.has(IN), "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_looks_for_his_paper_has_ten_minutes_and_no_more() {
    let world = with_clock(SessionMode::ServerSide).await;
    let (mut phone, codes) = activate_with_codes(&world.browser(), "PPK301").await;
    let browser = world.browser();
    let answer = password(&browser, "PPK301").await;
    let page = to_recovery(&browser, &answer).await;
    world.gateway.advance(500).await;
    let path = format!("/gerbang/acceptor/recovery?r={}", page.hidden("r"));
    let reloaded = browser.get(&path).await;
    assert!(
        reloaded.has("Ketik salah satu kode pemulihan"),
        "{reloaded:?}"
    );
    // The phone turned up: its code is good there, too.
    let acceptor = to_page(&browser, &answer, "acceptor").await;
    assert_eq!(
        type_code(&browser, &acceptor, &phone.code()).await.status,
        303
    );

    let late = world.browser();
    let answer = password(&late, "PPK301").await;
    let page = to_recovery(&late, &answer).await;
    world.gateway.advance(601).await;
    let refused = type_recovery(&late, &page, &codes[0]).await;
    assert_eq!(refused.status, 401, "{refused:?}");
    assert_nobody(&late).await;
    // Nothing was used up.
    assert!(recover(&world.browser(), "PPK301", &codes[0]).await.has(IN));
}

#[tokio::test(flavor = "multi_thread")]
async fn three_left_warns_and_none_left_offers_none() {
    let world = World::start(SessionMode::InCookie).await;
    let owner = world.browser();
    let (mut phone, codes) = activate_with_codes(&owner, "PPK301").await;
    for (at, code) in codes.iter().enumerate() {
        let done = recover(&world.browser(), "PPK301", code).await;
        let left = 9 - at;
        let warning = match left {
            0 => Some("Kode pemulihan Anda sudah habis.".to_owned()),
            1..=3 => Some(format!("Kode pemulihan Anda tinggal {left}.")),
            _ => None,
        };
        let status = owner.get("/gerbang/").await;
        assert!(
            status.has(&format!("<td>{left} dari 10</td>")),
            "{status:?}"
        );
        match warning {
            Some(warning) => {
                assert!(done.has(&warning), "{left} {done:?}");
                assert!(status.has(&warning), "{left} {status:?}");
            }
            None => {
                assert!(!done.has("Kode pemulihan Anda tinggal"), "{left} {done:?}");
                assert!(!status.has("Kode pemulihan Anda tinggal"), "{status:?}");
            }
        }
    }
    let browser = world.browser();
    let answer = password(&browser, "PPK301").await;
    let acceptor = to_page(&browser, &answer, "acceptor").await;
    assert!(!acceptor.has(BUTTON), "{acceptor:?}");
    let done = type_code(&browser, &acceptor, &phone.code()).await;
    assert_eq!(done.status, 303, "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn its_page_without_a_login_or_without_codes_leads_elsewhere() {
    let world = World::start(SessionMode::InCookie).await;
    let stranger = world.browser();
    for path in [
        "/gerbang/acceptor/recovery",
        "/gerbang/acceptor/recovery?r=AAECAwQFBgc",
    ] {
        let page = stranger.get(path).await;
        assert_eq!(page.status, 401, "{path} {page:?}");
    }
    for path in [
        "/gerbang/recovery",
        "/gerbang/recovery/file",
        "/gerbang/replace",
    ] {
        let page = stranger.get(path).await;
        assert_eq!(page.location(), "/eproc4/gerbang/", "{path} {page:?}");
        let posted = stranger.post(path, &[("csrf", "x")]).await;
        assert_eq!(posted.status, 401, "{path} {posted:?}");
    }
    // A login that has to activate has no codes to type.
    let answer = password(&stranger, "PPK301").await;
    let page = to_page(&stranger, &answer, "activation").await;
    let other = format!("/gerbang/acceptor/recovery?r={}", page.hidden("r"));
    let led = stranger.get(&other).await;
    assert_eq!(led.location(), answer.location(), "{led:?}");
    let typed = type_recovery(&stranger, &page, &super::stranger(7)).await;
    assert_ne!(typed.status, 200, "{typed:?}");
    assert_nobody(&stranger).await;
    // And a login of nobody else takes them.
    let (_, codes) = activate_with_codes(&world.browser(), "PPK2").await;
    activate_with_codes(&world.browser(), "PPK301").await;
    let other = recover(&world.browser(), "PPK301", &codes[0]).await;
    assert!(other.has(super::WRONG), "{other:?}");
}
