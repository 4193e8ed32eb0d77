//! What a link does and what it does not, whoever opens it.

use super::{
    EMAIL, MEANWHILE, OVER, WRONG, ask, asked, asked_in, audit, code_on, links_in, prove, say,
};
use crate::support::browser::{Ask, Browser};
use crate::support::login::{ACTIVATED, scan, type_code};
use crate::support::smtp::{MailServer, Taken};
use crate::support::wire::unescape;
use crate::support::{World, quick};
use spse_standin::SessionMode;

/// The same in a world whose operator hears of what is denied.
async fn asked_with_operator(server: &MailServer) -> (World, Taken) {
    let world = World::with(quick(SessionMode::InCookie), |gateway| {
        let operator = "\"ppe@example.go.id\"";
        gateway
            .moving_clock()
            .mail(server)
            .set("mail", "operator", operator)
    })
    .await;
    let mail = asked_in(&world, server).await;
    (world, mail)
}

async fn is_over(browser: &Browser, link: &str) {
    let page = browser.get(link).await;
    assert!(page.status == 410 && page.has(OVER), "{link}: {page:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_a_hundred_times_changes_nothing() {
    let server = MailServer::start();
    let (world, mail) = asked(&server).await;
    let (link, deny) = links_in(&mail);
    let before = audit(&world);
    let mut scanner = world.browser();
    scanner
        .always
        .push(("User-Agent".into(), "LinkScanner/1.0".into()));
    for _ in 0..100 {
        for link in [&link, &deny] {
            let page = scanner.get(link).await;
            assert_eq!(page.status, 200, "{page:?}");
            assert!(!page.has("class=\"big\""), "{page:?}");
            assert_eq!(page.header("cache-control"), "no-store", "{page:?}");
            assert_eq!(page.header("referrer-policy"), "no-referrer", "{page:?}");
            let head = scanner.fetch(Ask::new("HEAD", link)).await;
            assert_eq!(head.status, 200, "{head:?}");
        }
    }
    assert_eq!(audit(&world), before);
    code_on(&say(&world.browser(), &link).await);
    // The token stands in no log.
    let token = link.split("t=").nth(1).unwrap();
    assert!(!world.gateway.log().contains(token));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_lives_half_an_hour_and_is_good_once() {
    let server = MailServer::start();
    let (world, mail) = asked(&server).await;
    let (link, deny) = links_in(&mail);
    world.gateway.advance(1_700).await;
    let page = world.browser().get(&link).await;
    assert_eq!(page.status, 200, "{page:?}");
    world.gateway.advance(100).await;
    let browser = world.browser();
    is_over(&browser, &link).await;
    // Also for a page that was opened in time.
    let (csrf, token) = (page.hidden("csrf"), page.hidden("t"));
    let fields = [("csrf", csrf.as_str()), ("t", token.as_str())];
    let late = browser.post("/gerbang/reset/confirm", &fields).await;
    assert_eq!(late.status, 410, "{late:?}");
    // Asked for again it lives again: whatever mail the owner opens, it is this one.
    ask(&world.browser(), "PPK301", EMAIL).await;
    let (fresh, fresh_deny) = links_in(&server.nth(3).await);
    assert_eq!((&fresh, &fresh_deny), (&link, &deny));
    // A link of one kind is none of the other, and a changed one is none at all.
    let token = |link: &str| link.split("t=").nth(1).unwrap().to_owned();
    let changed = |at: usize| {
        let mut token = token(&fresh).into_bytes();
        token[at] = if token[at] == b'A' { b'B' } else { b'A' };
        String::from_utf8(token).unwrap()
    };
    for bad in [
        token(&fresh_deny),
        changed(0),
        changed(30),
        changed(63),
        token(&fresh)[1..].to_owned(),
        format!("{}A", token(&fresh)),
        String::new(),
    ] {
        is_over(&browser, &format!("/gerbang/reset/confirm?t={bad}")).await;
    }
    is_over(
        &browser,
        &format!("/gerbang/reset/deny?t={}", token(&fresh)),
    )
    .await;
    // The browser in which "Ya" was said sees the code again; any other one is asked again.
    let code = code_on(&say(&browser, &fresh).await);
    assert_eq!(code_on(&browser.get(&fresh).await), code);
    let other = world.browser();
    let asks = other.get(&fresh).await;
    assert!(asks.status == 200 && !asks.has(&code), "{asks:?}");
    assert_eq!(code_on(&say(&other, &fresh).await), code);
    world.gateway.advance(1_800).await;
    is_over(&world.browser(), &fresh).await;
    assert_eq!(code_on(&browser.get(&fresh).await), code);
    world.gateway.advance(86_400 - 1_800).await;
    is_over(&browser, &fresh).await;
    let refused = prove(&world.browser(), "PPK301", &code).await;
    assert!(refused.has(WRONG), "{refused:?}");
    // The mail of yesterday stays dead.
    ask(&world.browser(), "PPK301", EMAIL).await;
    let (anew, _) = links_in(&server.nth(4).await);
    assert_ne!(anew, fresh);
    is_over(&browser, &fresh).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_language_is_the_same_page() {
    let server = MailServer::start();
    let (world, mail) = asked(&server).await;
    let (link, deny) = links_in(&mail);
    let browser = world.browser();
    for link in [&deny, &link] {
        let english = browser.get(&format!("{link}&lang=en")).await;
        assert!(english.has("lang=\"en\""), "{english:?}");
        let done = match link == &deny {
            true => browser.get(link).await,
            false => say(&browser, link).await,
        };
        let token = link.split("t=").nth(1).unwrap();
        let there = format!("t={token}&amp;lang=en");
        assert!(
            unescape(&done.text()).contains(&unescape(&there)),
            "{done:?}"
        );
    }
}

/// Somebody asks again and again in the owner's name, or the owner loses sight: one word ends it all.
#[tokio::test(flavor = "multi_thread")]
async fn bukan_saya_in_any_mail_of_the_day_ends_the_code() {
    let server = MailServer::start();
    let (world, mail) = asked(&server).await;
    let (link, deny) = links_in(&mail);
    let thief = world.browser();
    let code = code_on(&say(&thief, &link).await);
    world.gateway.advance(120).await;
    ask(&world.browser(), "PPK301", EMAIL).await;
    assert_eq!(links_in(&server.nth(3).await), (link.clone(), deny.clone()));
    let denied = say(&world.browser(), &deny).await;
    assert!(
        denied.has("Permintaan reset TOTP dibatalkan."),
        "{denied:?}"
    );
    let refused = prove(&thief, "PPK301", &code).await;
    assert!(refused.has(WRONG), "{refused:?}");
    is_over(&thief, &link).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_another_site_confirms_nothing() {
    let server = MailServer::start();
    let (world, mail) = asked(&server).await;
    let (link, deny) = links_in(&mail);
    let browser = world.browser();
    for link in [&link, &deny] {
        let page = browser.get(link).await;
        let (csrf, token) = (page.hidden("csrf"), page.hidden("t"));
        let path = link.split('?').next().unwrap();
        let good = [("csrf", csrf.as_str()), ("t", token.as_str())];
        let from_elsewhere = Ask::form(path, &good).with("Origin", "https://evil.example");
        assert_eq!(browser.fetch(from_elsewhere).await.status, 403);
        let bad = [("csrf", "AAAA"), ("t", token.as_str())];
        assert_eq!(browser.post(path, &bad).await.status, 403);
    }
    assert!(!audit(&world).contains("reset-confirmed"));
    code_on(&say(&browser, &link).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn bukan_saya_cancels_link_code_and_activation() {
    let server = MailServer::start();
    let (world, mail) = asked_with_operator(&server).await;

    // Before it is confirmed.
    let (link, deny) = links_in(&mail);
    let browser = world.browser();
    let denied = say(&browser, &deny).await;
    assert!(
        denied.has("Permintaan reset TOTP dibatalkan."),
        "{denied:?}"
    );
    is_over(&browser, &link).await;
    is_over(&browser, &deny).await;
    let told = server.nth(3).await;
    assert_eq!(told.to, "ppe@example.go.id");
    assert_eq!(
        told.subject(),
        "Bukan saya: permintaan reset TOTP dibatalkan"
    );
    assert!(told.text().contains("PPK301"), "{}", told.text());

    // After it is confirmed, and with the QR code already on somebody's screen.
    world.gateway.advance(60).await;
    ask(&world.browser(), "PPK301", EMAIL).await;
    let (link, deny) = links_in(&server.nth(4).await);
    let thief = world.browser();
    let code = code_on(&say(&thief, &link).await);
    let shown = thief.follow(prove(&thief, "PPK301", &code).await).await;
    assert!(shown.has(MEANWHILE), "{shown:?}");
    let mut phone = scan(&thief, &shown);
    let denied = say(&browser, &deny).await;
    assert!(
        denied.has("Permintaan reset TOTP dibatalkan."),
        "{denied:?}"
    );
    let refused = type_code(&thief, &shown, &phone.code()).await;
    assert!(!refused.has(ACTIVATED), "{refused:?}");
    let refused = prove(&world.browser(), "PPK301", &code).await;
    assert!(refused.has(WRONG), "{refused:?}");
    server.nth(5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bukan_saya_that_comes_too_late_says_so() {
    let server = MailServer::start();
    let (world, mail) = asked_with_operator(&server).await;
    let (link, deny) = links_in(&mail);
    let thief = world.browser();
    let code = code_on(&say(&thief, &link).await);
    let shown = thief.follow(prove(&thief, "PPK301", &code).await).await;
    let mut phone = scan(&thief, &shown);
    assert!(
        type_code(&thief, &shown, &phone.code())
            .await
            .has(ACTIVATED)
    );
    server.nth(3).await;
    let denied = say(&world.browser(), &deny).await;
    assert!(denied.has("Terlambat untuk dibatalkan"), "{denied:?}");
    assert!(!denied.has("TOTP Anda tidak berubah"), "{denied:?}");
    let told = server.nth(4).await;
    assert_eq!(
        told.subject(),
        "Bukan saya: reset TOTP sudah telanjur dipakai"
    );
    is_over(&world.browser(), &deny).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_a_link_is_the_configurations() {
    let server = MailServer::start();
    let (world, mail) = asked(&server).await;
    let honest = links_in(&mail);
    world.gateway.advance(60).await;
    let mut evil = world.browser();
    for (name, value) in [
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Server", "evil.example"),
        ("X-Host", "evil.example"),
        ("Forwarded", "host=evil.example"),
        ("X-Forwarded-Proto", "gopher"),
    ] {
        evil.always.push((name.into(), value.into()));
    }
    ask(&evil, "PPK301", EMAIL).await;
    let mail = server.nth(3).await;
    assert_eq!(links_in(&mail), honest);
    assert!(
        !mail.raw.contains("evil") && !mail.raw.contains("gopher"),
        "{}",
        mail.raw
    );
    let origin = format!("http://{}/eproc4/gerbang/reset/", world.gateway.addr());
    assert!(mail.text().contains(&origin), "{}", mail.text());
    // Another Host: the page is not even served, and no mail comes of it.
    let mut evil = world.browser();
    evil.host = "evil.example".into();
    let page = evil.get("/gerbang/reset").await;
    assert!(!page.has("evil.example"), "{page:?}");
}

/// Whoever knows user id and address can ask three times; what the owner says to it must not shut him out.
#[tokio::test(flavor = "multi_thread")]
async fn bukan_saya_does_not_close_the_day() {
    let server = MailServer::start();
    let (world, mail) = asked(&server).await;
    let (_, deny) = links_in(&mail);
    for nth in 3..=4 {
        world.gateway.advance(61).await;
        ask(&world.browser(), "PPK301", EMAIL).await;
        server.nth(nth).await;
    }
    // Twice, and the next request comes at once: a new link each time.
    let mut deny = deny;
    for nth in 5..=6 {
        let denied = say(&world.browser(), &deny).await;
        assert!(
            denied.has("Permintaan reset TOTP dibatalkan."),
            "{denied:?}"
        );
        ask(&world.browser(), "PPK301", EMAIL).await;
        let (link, next) = links_in(&server.nth(nth).await);
        assert_eq!(world.browser().get(&link).await.status, 200, "{nth}");
        deny = next;
        // Without it the day is over.
        world.gateway.advance(61).await;
        ask(&world.browser(), "PPK301", EMAIL).await;
        super::post_is_through().await;
        assert_eq!(server.taken().len(), nth);
    }
}
