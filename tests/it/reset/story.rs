//! The owner's way: the phone is gone, the mailbox is there.

use super::{
    EMAIL, MEANWHILE, OVER, SUBJECT, WRONG, ask, audit, code_on, filled, links_in, prove, register,
    say, to_lost, type_lost, with_mail,
};
use crate::support::World;
use crate::support::login::{
    ACTIVATED, accept, again, assert_home, assert_nobody, first, password, scan, to_page, type_code,
};
use crate::support::smtp::MailServer;
use spse_standin::SessionMode;

#[tokio::test(flavor = "multi_thread")]
async fn from_the_request_to_a_new_phone_in_one_browser() {
    for mode in SessionMode::ALL {
        let server = MailServer::start();
        let world = with_mail(mode, &server).await;
        register(&world, "PPK301", EMAIL);
        let elsewhere = world.browser();
        let mut old = first(&elsewhere, "PPK301").await;
        server.nth(1).await;

        let browser = world.browser();
        let taken = ask(&browser, "ppk301", "BUDI@example.id").await;
        let says = "Jika User ID, tipe user, dan email cocok, email untuk Reset TOTP terkirim ke: \
                    BUDI@example.id";
        assert!(taken.has(says), "{taken:?}");
        let mail = server.nth(2).await;
        assert_eq!(mail.to, EMAIL);
        let (link, _) = links_in(&mail);
        let code = code_on(&say(&browser, &link).await);
        // Nothing was removed: the old phone works, and no session has ended.
        assert_home(&elsewhere, "PPK301").await;
        world.gateway.advance(60).await;
        again(&world.browser(), "PPK301", &mut old).await;

        // The browser types the code by itself.
        let answer = password(&browser, "PPK301").await;
        let acceptor = to_page(&browser, &answer, "acceptor").await;
        let confirmed = "Anda sudah mengonfirmasi Reset TOTP di browser ini.";
        assert!(acceptor.has(confirmed), "{acceptor:?}");
        let page = to_lost(&browser, &answer).await;
        assert_eq!(filled(&page), Some(code.clone()), "{mode:?} {page:?}");
        let shown = browser
            .follow(type_lost(&browser, &page, &code).await)
            .await;
        assert!(shown.has(MEANWHILE), "{mode:?} {shown:?}");
        // The second click of a double click leads there as well.
        let again_there = browser
            .follow(type_lost(&browser, &page, &code).await)
            .await;
        assert!(again_there.has(MEANWHILE), "{mode:?} {again_there:?}");
        let mut new = scan(&browser, &shown);
        assert_ne!(new.key, old.key);
        assert_nobody(&browser).await;
        world.gateway.advance(30).await;
        again(&world.browser(), "PPK301", &mut old).await;
        let bound = type_code(&browser, &shown, &new.code()).await;
        assert!(bound.has(ACTIVATED), "{mode:?} {bound:?}");
        assert_home(&browser, "PPK301").await;
        assert_nobody(&elsewhere).await;

        // The old phone is dead, the link and the code are used up, the cookie is gone.
        world.gateway.advance(60).await;
        let thief = world.browser();
        let answer = password(&thief, "PPK301").await;
        let refused = accept(&thief, &answer, &old.code()).await;
        assert_eq!(refused.status, 422, "{mode:?} {refused:?}");
        again(&world.browser(), "PPK301", &mut new).await;
        let over = browser.get(&link).await;
        assert!(over.status == 410 && over.has(OVER), "{mode:?} {over:?}");
        let refused = prove(&world.browser(), "PPK301", &code).await;
        assert!(refused.has(WRONG), "{mode:?} {refused:?}");
        let kept = browser.jar();
        assert!(!kept.keys().any(|name| name.contains("reset")), "{kept:?}");
        is_told(&world, &server).await;
    }
}

/// Audit log and owner were told of everything.
async fn is_told(world: &World, server: &MailServer) {
    let log = audit(world);
    for kind in ["reset-mailed", "reset-confirmed", "code-typed"] {
        assert!(log.contains(kind), "{kind}: {log}");
    }
    let mut told: Vec<String> = Vec::new();
    for nth in 1..=6 {
        told.push(server.nth(nth).await.subject());
    }
    let activated = "TOTP sudah berhasil diaktifkan";
    let count = told.iter().filter(|subject| *subject == activated).count();
    assert_eq!(count, 2, "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_is_typed_in_another_browser_over_a_crash() {
    let mut server = MailServer::start();
    let mut world = with_mail(SessionMode::ServerSide, &server).await;
    register(&world, "PPK301", EMAIL);
    first(&world.browser(), "PPK301").await;
    server.nth(1).await;
    // The mail server is down, the gateway is killed: the request waits.
    server.stop();
    ask(&world.browser(), "PPK301", EMAIL).await;
    world.gateway.restart_after_kill().await;
    server.run();
    world.gateway.advance(300).await;
    let (link, _) = links_in(&server.nth(2).await);
    let phone_browser = world.browser();
    let code = code_on(&say(&phone_browser, &link).await);
    world.gateway.restart_after_kill().await;
    // The page, loaded anew, shows the same code.
    assert_eq!(code_on(&phone_browser.get(&link).await), code);

    let office = world.browser();
    let answer = password(&office, "PPK301").await;
    let page = to_lost(&office, &answer).await;
    assert_eq!(filled(&page), None, "{page:?}");
    let nonsense = type_lost(&office, &page, "123").await;
    assert_eq!(nonsense.status, 422, "{nonsense:?}");
    assert!(nonsense.has("harus terdiri dari 8 angka"), "{nonsense:?}");
    let shown = office.follow(type_lost(&office, &page, &code).await).await;
    assert!(shown.has(MEANWHILE), "{shown:?}");
    let mut new = scan(&office, &shown);
    world.gateway.restart_after_kill().await;
    let bound = type_code(&office, &shown, &new.code()).await;
    assert!(bound.has(ACTIVATED), "{bound:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn left_unfinished_it_changes_nothing_and_is_taken_up_again() {
    let server = MailServer::start();
    let world = with_mail(SessionMode::InCookie, &server).await;
    register(&world, "PPK301", EMAIL);
    let mut old = first(&world.browser(), "PPK301").await;
    server.nth(1).await;
    ask(&world.browser(), "PPK301", EMAIL).await;
    let (link, _) = links_in(&server.nth(2).await);
    let browser = world.browser();
    let code = code_on(&say(&browser, &link).await);
    let shown = browser.follow(prove(&browser, "PPK301", &code).await).await;
    assert!(shown.has(MEANWHILE), "{shown:?}");
    world.gateway.advance(700).await;
    let mut new = scan(&browser, &shown);
    let late = type_code(&browser, &shown, &new.code()).await;
    assert!(!late.has(ACTIVATED), "{late:?}");
    again(&world.browser(), "PPK301", &mut old).await;
    let shown = browser.follow(prove(&browser, "PPK301", &code).await).await;
    let mut new = scan(&browser, &shown);
    assert!(
        type_code(&browser, &shown, &new.code())
            .await
            .has(ACTIVATED)
    );
}

/// Bound by another way meanwhile: the code that is out would allow to take that one's place.
#[tokio::test(flavor = "multi_thread")]
async fn no_code_outlives_a_binding() {
    use crate::office::{PAPER, act, code_in, set};
    let server = MailServer::start();
    let world = with_mail(SessionMode::InCookie, &server).await;
    set(&world, &["--mode", "required", "--proof", "email"]);
    let said = act(
        &world,
        &[
            &[
                "user",
                "activation-code",
                "PPK301",
                "--type",
                "non-penyedia",
            ][..],
            &PAPER,
        ]
        .concat(),
    )
    .done();
    set(&world, &["--mode", "required"]);
    let bound = world.browser();
    first(&bound, "PPK301").await;
    let refused = prove(&world.browser(), "PPK301", &code_in(&said)).await;
    assert!(refused.has(WRONG), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_training_site_says_so_in_the_sender() {
    let server = MailServer::start();
    let world =
        crate::support::World::with(crate::support::quick(SessionMode::InCookie), |gateway| {
            gateway
                .moving_clock()
                .mail(&server)
                .set("site", "training", "true")
        })
        .await;
    register(&world, "PPK301", EMAIL);
    first(&world.browser(), "PPK301").await;
    ask(&world.browser(), "PPK301", EMAIL).await;
    let mail = server.nth(2).await;
    assert_eq!(mail.subject(), SUBJECT);
    let from = mail.header("From");
    let name = from.strip_prefix("=?utf-8?b?").unwrap();
    let (name, address) = name.split_once("?= ").unwrap();
    let name = data_encoding::BASE64.decode(name.as_bytes()).unwrap();
    assert_eq!(name, b"LPSE [MODE LATIHAN] Kabupaten Contoh");
    assert_eq!(address, "<admin.lpse@lpse.example.go.id>");
    for words in [
        "SISTEM PENGADAAN SECARA ELEKTRONIK",
        "Kepada Yth.",
        "Pemilik Email budi@example.id",
        "Tempat",
        "Link berlaku 30 menit.",
        "\"Bukan saya\"",
    ] {
        assert!(mail.text().contains(words), "{words}: {}", mail.text());
    }
}
