//! Cookies that the gateway did not issue, issued for somebody else, or issued before (threats.md
//! rows 11, 12, 14, 46, 57, 63).

use super::subsets::PRIVATE;
use crate::support::browser::{Ask, Browser};
use crate::support::login::{accept, assert_home, first, password};
use crate::support::{World, assert_nothing_private, find, quick};
use spse_standin::{
    Config, EXPIRY_KEY, ID_KEY, SESSION_COOKIE, SessionMode, TOKEN_KEY, USER_KEY, forge_cookie,
};

async fn look_everywhere(browser: &Browser) {
    let copy = browser.thief();
    for path in PRIVATE {
        copy.fetch(Ask::get(path).xhr().cookies(&copy.jar())).await;
        copy.fetch(Ask::get(path).cookies(&copy.jar())).await;
    }
    assert_nothing_private(&copy.seen());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_forged_with_the_leaked_secret_opens_nothing_and_does_not_go_up() {
    for mode in SessionMode::ALL {
        let world = World::start(mode).await;
        first(&world.browser(), "PPK301").await;
        let id = world
            .standin
            .logins()
            .first()
            .map_or("a-b".to_owned(), |(id, _)| id.clone());
        let config = world.standin.config();
        let forged = forge_cookie(
            &config.secret,
            &[
                (TOKEN_KEY, "t"),
                (EXPIRY_KEY, "9999999999999"),
                (ID_KEY, &id),
                (USER_KEY, "PPK301"),
            ],
        );
        // The stand-in itself would take it: else nothing was tested.
        let direct = world.direct();
        direct.set_cookie(SESSION_COOKIE, &forged);
        assert!(direct.get("/paket").await.has("RAHASIA-PPK301"), "{mode:?}");
        world.standin.clear_records();
        let honest = world.browser();
        honest.get("/").await;
        let stamp = honest.jar()[SESSION_COOKIE]
            .rsplit_once('.')
            .unwrap()
            .1
            .to_owned();
        for value in [
            forged.clone(),
            format!("{forged}.{stamp}"),
            format!("{forged}."),
            format!("{forged}.{}", "A".repeat(27)),
            format!("\"{forged}\""),
        ] {
            let thief = world.browser();
            thief.set_cookie(SESSION_COOKIE, &value);
            look_everywhere(&thief).await;
            // Twice, behind and before a good one; and under a second Cookie line.
            let good = &honest.jar()[SESSION_COOKIE];
            for line in [
                format!("{SESSION_COOKIE}={value}; {SESSION_COOKIE}={good}"),
                format!("{SESSION_COOKIE}={good}; {SESSION_COOKIE}={value}"),
                format!("a=b\r\nCookie: {SESSION_COOKIE}={value}"),
            ] {
                let ask = Ask::get("/paket")
                    .with("Cookie", &line)
                    .cookies(&Default::default());
                assert_nothing_private(&thief.fetch(ask).await.raw);
            }
        }
        let sent = world.standin.records();
        assert!(
            sent.iter()
                .all(|r| r.session_cookie.as_deref() != Some(&forged)),
            "{mode:?}"
        );
        assert!(
            sent.iter().all(|r| r.user_before.is_none()),
            "{mode:?} {sent:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_planted_before_the_login_opens_nothing_after_it() {
    for mode in SessionMode::ALL {
        let world = World::start(mode).await;
        let attacker = world.browser();
        attacker.get("/").await;
        let victim = world.browser();
        victim.set_jar(attacker.jar());
        let answer = password(&victim, "PPK301").await;
        look_everywhere(&attacker).await;
        crate::support::login::activate(&victim, &answer).await;
        look_everywhere(&attacker).await;
        let first_seal = victim.jar()["gerbang-eproc4"].clone();
        assert_home(&victim, "PPK301").await;
        look_everywhere(&attacker).await;
        // The attacker's browser is no dead end either: it is somebody new.
        assert_eq!(attacker.get("/lelang").await.status, 200, "{mode:?}");
        assert_nothing_private(&attacker.seen());
        // A second acceptance has a session of its own.
        let copy = victim.thief();
        let out = victim.get("/gerbang/logout").await;
        victim
            .post("/gerbang/logout", &[("csrf", &out.hidden("csrf"))])
            .await;
        copy.set_jar([("gerbang-eproc4".to_owned(), first_seal)].into());
        look_everywhere(&copy).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn own_cookies_twice_in_other_letters_or_too_large_are_refused_before_anything_is_decided() {
    let world = World::start(SessionMode::ServerSide).await;
    let browser = world.browser();
    first(&browser, "PPK301").await;
    let seal = browser.jar()["gerbang-eproc4"].clone();
    world.standin.clear_records();
    let many = (0..61)
        .map(|n| format!("c{n}=1"))
        .collect::<Vec<_>>()
        .join("; ");
    for (line, status) in [
        (format!("gerbang-eproc4={seal}; gerbang-eproc4={seal}"), 400),
        (format!("gerbang-eproc4=x; gerbang-eproc4={seal}"), 400),
        (format!("Gerbang-eproc4={seal}"), 400),
        (
            format!("gerbang-eproc4={seal}\r\nCookie: gerbang-eproc4=x"),
            400,
        ),
        (many, 431),
        (format!("a={}", "x".repeat(9_000)), 431),
        (format!("a={}", "x".repeat(64 * 1024)), 431),
    ] {
        let ask = Ask::get("/paket")
            .with("Cookie", &line)
            .cookies(&Default::default());
        let answer = browser.fetch(ask).await;
        assert_eq!(
            answer.status,
            status,
            "{} {answer:?}",
            &line[..line.len().min(60)]
        );
        assert_nothing_private(&answer.raw);
    }
    assert!(
        world.standin.records().is_empty(),
        "{:?}",
        world.standin.records()
    );
    for line in [
        format!("=gerbang-eproc4={seal}"),
        format!("gerbang-eproc4={seal}x"),
        "gerbang-eproc4=".into(),
    ] {
        let ask = Ask::get("/paket")
            .with("Cookie", &line)
            .cookies(&Default::default());
        assert_nothing_private(&browser.fetch(ask).await.raw);
    }
    assert_home(&browser, "PPK301").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cookies_of_the_application_that_imitate_ours_never_reach_a_browser() {
    let names = [
        "gerbang-eproc4",
        "GERBANG-eproc4.kenal",
        "gerbang-eproc4.t.AAAAAAAAAAA",
    ];
    let extra = names.map(|name| ("Set-Cookie".to_owned(), format!("{name}=jahat; Path=/")));
    let config = Config {
        extra_headers: extra.to_vec(),
        ..quick(SessionMode::NewId)
    };
    let world = World::with(config, |gateway| gateway).await;
    let browser = world.browser();
    first(&browser, "PPK301").await;
    for path in ["/", "/lelang", "/paket", "/dt/paket-ppk"] {
        browser.get(path).await;
    }
    assert!(find(&browser.seen(), b"jahat").is_none());
    assert_home(&browser, "PPK301").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn late_anonymous_answers_do_not_push_an_accepted_user_out() {
    for mode in SessionMode::ALL {
        let world = World::start(mode).await;
        let mut phone = first(&world.browser(), "PPK301").await;
        let browser = world.browser();
        browser.get("/").await;
        let hold = world.standin.hold_answer("/lelang");
        let tab = browser.clone();
        let late = tokio::spawn(async move { tab.get("/lelang").await });
        hold.wait_for_arrival().await;
        let answer = password(&browser, "PPK301").await;
        let done = accept(&browser, &answer, &phone.code()).await;
        assert_eq!(done.status, 303, "{mode:?} {done:?}");
        hold.release();
        let late = late.await.unwrap();
        assert_nothing_private(&late.raw);
        assert_home(&browser, "PPK301").await;
        // Another application on the same host hands out its own SPSE_SESSION: the seal wins.
        browser.set_cookie(SESSION_COOKIE, "0123456789-___ID=lain&___TS=9999999999999");
        assert_home(&browser, "PPK301").await;
        let other = world.browser();
        other.get("/").await;
        browser.set_cookie(SESSION_COOKIE, &other.jar()[SESSION_COOKIE]);
        assert_home(&browser, "PPK301").await;
    }
}
