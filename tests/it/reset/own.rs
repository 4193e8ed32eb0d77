//! An address that the owner registers himself: with a code of his phone, and one from the mailbox.

use super::{EMAIL, SUBJECT, ask, audit, register, with_mail};
use crate::office::{PAPER, act, set};
use crate::recovery::activate_with_codes;
use crate::support::World;
use crate::support::browser::Browser;
use crate::support::login::{ACTIVATED, accept, again, first, password};
use crate::support::otp::Phone;
use crate::support::smtp::{MailServer, Taken};
use crate::support::wire::Response;
use spse_standin::SessionMode;

pub(super) const NONE: &str = "Belum ada";

/// Sends a form of the page.
pub(super) async fn send(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> Response {
    let page = browser.get("/gerbang/email").await;
    assert_eq!(page.status, 200, "{page:?}");
    let csrf = page.hidden("csrf");
    let fields = [&[("csrf", csrf.as_str())][..], fields].concat();
    let answer = browser
        .post(&format!("/gerbang/email{path}"), &fields)
        .await;
    browser.follow(answer).await
}

/// The code in a mail that asks to confirm.
#[track_caller]
pub(super) fn code_in(mail: &Taken, to: &str) -> String {
    assert_eq!(
        (mail.subject().as_str(), mail.to.as_str()),
        ("Konfirmasi alamat email", to)
    );
    mail.code()
}

/// Activates, and registers an address; letters: code, confirmation. With a recovery code of the account.
pub(super) async fn registered(world: &World, server: &MailServer) -> (Browser, Phone, String) {
    let browser = world.browser();
    let (mut phone, mut codes) = activate_with_codes(&browser, "PPK301").await;
    world.gateway.advance(30).await;
    let code = phone.code();
    let sent = send(&browser, "", &[("email", EMAIL), ("code", &code)]).await;
    assert!(sent.has(&format!("dikirim ke {EMAIL}")), "{sent:?}");
    let code = code_in(&server.nth(1).await, EMAIL);
    let done = send(&browser, "/confirm", &[("code", &code)]).await;
    assert!(done.has("Email sudah dikonfirmasi."), "{done:?}");
    assert!(done.has("b***@example.id") && !done.has(EMAIL), "{done:?}");
    server.nth(2).await;
    (browser, phone, codes.remove(0))
}

/// Asks for a reset that names the own address, and waits for what does not come.
pub(super) async fn asks_in_vain(world: &World, server: &MailServer) {
    let resets = || {
        let taken = server.taken();
        taken
            .iter()
            .filter(|mail| mail.subject() == SUBJECT)
            .count()
    };
    let before = resets();
    world.gateway.advance(60).await;
    ask(&world.browser(), "PPK301", EMAIL).await;
    super::post_is_through().await;
    assert_eq!(resets(), before);
}

/// Disables with a current code.
pub(super) async fn disable(world: &World, browser: &Browser, phone: &mut Phone) {
    world.gateway.advance(30).await;
    let page = browser.get("/gerbang/").await;
    let (csrf, code) = (page.hidden("csrf"), phone.code());
    let fields = [("csrf", csrf.as_str()), ("code", code.as_str())];
    let disabled = browser.post("/gerbang/disable", &fields).await;
    assert!(disabled.has("sudah Disable"), "{disabled:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_typed_with_a_current_code_and_confirmed_by_mail() {
    let server = MailServer::start();
    let mut world = with_mail(SessionMode::InCookie, &server).await;
    let browser = world.browser();
    let mut phone = first(&browser, "PPK301").await;
    let status = browser.get("/gerbang/").await;
    assert!(status.has("href=\"/eproc4/gerbang/email\""), "{status:?}");
    let page = browser.get("/gerbang/email").await;
    assert!(page.has(NONE), "{page:?}");
    // A slip costs no code; a wrong code brings no mail.
    world.gateway.advance(30).await;
    let code = phone.code();
    let slip = send(&browser, "", &[("email", "budi@"), ("code", &code)]).await;
    assert!(
        slip.status == 422 && slip.has("bukan alamat email"),
        "{slip:?}"
    );
    let wrong = send(&browser, "", &[("email", EMAIL), ("code", &phone.wrong())]).await;
    assert!(wrong.status == 422 && wrong.has("Kode salah."), "{wrong:?}");
    assert!(wrong.has(&format!("value=\"{EMAIL}\"")), "{wrong:?}");
    assert!(server.taken().is_empty());
    let sent = send(&browser, "", &[("email", EMAIL), ("code", &code)]).await;
    assert!(sent.has(&format!("dikirim ke {EMAIL}")), "{sent:?}");
    // The second click of a double click: the same page, no second mail.
    let twice = send(&browser, "", &[("email", EMAIL), ("code", &code)]).await;
    assert!(twice.has(&format!("dikirim ke {EMAIL}")), "{twice:?}");
    // A code that was used for one address is not good for another.
    let other = [("email", "lain@example.id"), ("code", &code)];
    let used = send(&browser, "", &other).await;
    assert!(used.status == 422 && used.has("sudah dipakai"), "{used:?}");
    let mailed = code_in(&server.nth(1).await, EMAIL);
    world.gateway.restart_after_kill().await;
    let nonsense = send(&browser, "/confirm", &[("code", "12")]).await;
    assert!(nonsense.has("harus terdiri dari 8 angka"), "{nonsense:?}");
    let wrong = send(&browser, "/confirm", &[("code", "00000000")]).await;
    assert!(wrong.status == 422 && wrong.has("Kode salah."), "{wrong:?}");
    let page = browser.get("/gerbang/email").await;
    assert!(page.has(NONE), "not registered yet: {page:?}");
    let done = send(&browser, "/confirm", &[("code", &mailed)]).await;
    assert!(done.has("Email sudah dikonfirmasi."), "{done:?}");
    let told = server.nth(2).await;
    assert_eq!((told.to.as_str(), server.taken().len()), (EMAIL, 2));
    assert!(told.text().contains("didaftarkan di halaman status TOTP"));
    // The second click says the same; later there is nothing to confirm any more.
    for (seconds, said) in [
        (0, "Email sudah dikonfirmasi."),
        (16, "sudah tidak berlaku"),
    ] {
        world.gateway.advance(seconds).await;
        let again = send(&browser, "/confirm", &[("code", &mailed)]).await;
        assert!(again.has(said), "{again:?}");
    }
    let shown = world.gateway.cli(&["user", "show", "PPK301"]).done();
    assert!(shown.contains("budi@example.id (own)"), "{shown}");
    let log = audit(&world);
    assert!(
        log.contains("address-confirmed") && !log.contains(EMAIL),
        "{log}"
    );
    assert!(!world.gateway.log().contains(EMAIL));
}

#[tokio::test(flavor = "multi_thread")]
async fn five_codes_and_half_an_hour_and_three_mails_a_day() {
    let server = MailServer::start();
    let world = with_mail(SessionMode::InCookie, &server).await;
    let browser = world.browser();
    let mut phone = first(&browser, "PPK301").await;
    let mut codes = Vec::new();
    for nth in 1..=3 {
        world.gateway.advance(30).await;
        let code = phone.code();
        for click in ["first", "second"] {
            let sent = send(&browser, "", &[("email", EMAIL), ("code", &code)]).await;
            assert!(sent.has("Kode konfirmasi dikirim"), "{click} {sent:?}");
        }
        codes.push(code_in(&server.nth(nth).await, EMAIL));
    }
    // None of it counted as a failure: the next login does not wait.
    world.gateway.advance(30).await;
    again(&world.browser(), "PPK301", &mut phone).await;
    assert!(codes[0] != codes[1] && codes[1] != codes[2], "{codes:?}");
    // Only the last one is good; five are counted, whichever they are.
    for code in [&codes[0], &codes[1], "00000001", "00000002"] {
        let wrong = send(&browser, "/confirm", &[("code", code)]).await;
        assert!(wrong.has("Kode salah."), "{wrong:?}");
    }
    for code in ["00000003", &codes[2]] {
        let over = send(&browser, "/confirm", &[("code", code)]).await;
        assert!(over.has("sudah tidak berlaku"), "{over:?}");
    }
    world.gateway.advance(30).await;
    let code = phone.code();
    let enough = send(&browser, "", &[("email", EMAIL), ("code", &code)]).await;
    assert!(enough.has("Hari ini sudah tiga kali"), "{enough:?}");
    assert_eq!(server.taken().len(), 3);
    // Half an hour.
    world.gateway.advance(86_400).await;
    let browser = world.browser();
    again(&browser, "PPK301", &mut phone).await;
    world.gateway.advance(30).await;
    let code = phone.code();
    send(&browser, "", &[("email", EMAIL), ("code", &code)]).await;
    let mailed = code_in(&server.nth(4).await, EMAIL);
    world.gateway.advance(1_700).await;
    browser.get("/paket").await;
    world.gateway.advance(100).await;
    let late = send(&browser, "/confirm", &[("code", &mailed)]).await;
    assert!(late.has("sudah tidak berlaku"), "{late:?}");
}

/// Whoever got in with the password alone, and whoever disabled, may not choose where codes go.
#[tokio::test(flavor = "multi_thread")]
async fn it_lets_nobody_begin_a_first_activation() {
    let server = MailServer::start();
    let world = with_mail(SessionMode::InCookie, &server).await;
    set(&world, &["--mode", "optional"]);
    let thief = world.browser();
    password(&thief, "PPK301").await;
    let page = thief.get("/gerbang/email").await;
    assert_eq!(page.location(), "/eproc4/gerbang/", "{page:?}");
    let status = thief.get("/gerbang/").await;
    assert!(!status.has("/gerbang/email"), "{status:?}");
    let csrf = status.hidden("csrf");
    let fields = [
        ("csrf", csrf.as_str()),
        ("email", EMAIL),
        ("code", "123456"),
    ];
    let typed = thief.post("/gerbang/email", &fields).await;
    assert_eq!(thief.follow(typed).await.status, 200);
    let fields = [("csrf", csrf.as_str()), ("code", "12345678")];
    thief.post("/gerbang/email/confirm", &fields).await;
    super::post_is_through().await;
    assert!(server.taken().is_empty());
    let nobody = world.browser().get("/gerbang/email").await;
    assert_eq!(nobody.location(), "/eproc4/gerbang/", "{nobody:?}");

    // Registered by its owner, who disabled then: the mailed code of a first activation does not go there.
    set(&world, &["--mode", "required"]);
    let (owner, mut phone, _) = registered(&world, &server).await;
    disable(&world, &owner, &mut phone).await;
    set(&world, &["--mode", "required", "--proof", "email"]);
    let browser = world.browser();
    let answer = password(&browser, "PPK301").await;
    let page = crate::support::login::to_page(&browser, &answer, "activation").await;
    let none = crate::office::press(&browser, &page, "/mail", None).await;
    assert!(none.has("Belum ada email terdaftar"), "{none:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_lpse_registered_goes_before_and_is_not_changed_here() {
    let server = MailServer::start();
    let world = with_mail(SessionMode::InCookie, &server).await;
    let (browser, mut phone, _) = registered(&world, &server).await;
    register(&world, "PPK301", "resmi@example.id");
    let page = browser.get("/gerbang/email").await;
    assert!(
        page.has("r***@example.id") && page.has("terdaftar di LPSE"),
        "{page:?}"
    );
    assert!(!page.has("id=\"email\""), "{page:?}");
    world.gateway.advance(30).await;
    let status = browser.get("/gerbang/").await;
    let (csrf, code) = (status.hidden("csrf"), phone.code());
    let fields = [
        ("csrf", csrf.as_str()),
        ("email", "lain@example.id"),
        ("code", &code),
    ];
    browser.post("/gerbang/email", &fields).await;
    // The code was not even looked at.
    let other = world.browser();
    let answer = password(&other, "PPK301").await;
    let done = accept(&other, &answer, &code).await;
    assert_eq!(done.status, 303, "{done:?}");
    assert!(
        server
            .taken()
            .iter()
            .all(|mail| mail.to != "lain@example.id")
    );
    // A request for a reset has to name the one that counts.
    ask(&world.browser(), "PPK301", EMAIL).await;
    super::post_is_through().await;
    assert!(server.taken().iter().all(|mail| mail.subject() != SUBJECT));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mail_server_there_is_no_such_page() {
    let world = World::start(SessionMode::InCookie).await;
    let browser = world.browser();
    first(&browser, "PPK301").await;
    let status = browser.get("/gerbang/").await;
    assert!(!status.has("/gerbang/email"), "{status:?}");
    let page = browser.get("/gerbang/email").await;
    assert_eq!(page.location(), "/eproc4/gerbang/", "{page:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_mailed_code_serves_nobody_it_is_not_offered() {
    let server = MailServer::start();
    let world = with_mail(SessionMode::InCookie, &server).await;
    set(&world, &["--mode", "required", "--proof", "counter"]);
    let hand_out = ["user", "activation-code", "PPK301", "--type=non-penyedia"];
    let said = act(&world, &[&hand_out[..], &PAPER].concat());
    let code = crate::office::code_in(&said.done());
    let browser = world.browser();
    let answer = password(&browser, "PPK301").await;
    let page = crate::support::login::to_page(&browser, &answer, "activation").await;
    let proved = crate::office::press(&browser, &page, "/proof", Some(&code)).await;
    let page = browser.follow(proved).await;
    let mut phone = crate::support::login::scan(&browser, &page);
    let done = crate::support::login::type_code(&browser, &page, &phone.code()).await;
    assert!(
        done.has(ACTIVATED) && !done.has("/gerbang/email"),
        "{done:?}"
    );
    let page = browser.get("/gerbang/email").await;
    assert_eq!(page.location(), "/eproc4/gerbang/", "{page:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_in_parallel_are_counted_one_by_one_and_a_foreign_form_does_nothing() {
    let server = MailServer::start();
    let world = with_mail(SessionMode::InCookie, &server).await;
    let browser = world.browser();
    let mut phone = first(&browser, "PPK301").await;
    world.gateway.advance(30).await;
    let code = phone.code();
    for csrf in ["", "AAAAAAAAAAAAAAAAAAAAAA"] {
        let fields = [("csrf", csrf), ("email", EMAIL), ("code", code.as_str())];
        let refused = browser.post("/gerbang/email", &fields).await;
        assert_eq!(refused.status, 403, "{refused:?}");
    }
    send(&browser, "", &[("email", EMAIL), ("code", &code)]).await;
    let mailed = code_in(&server.nth(1).await, EMAIL);
    let page = browser.get("/gerbang/email").await;
    let csrf = page.hidden("csrf");
    let mut guesses = tokio::task::JoinSet::new();
    for n in 0..20 {
        let (browser, csrf, code) = (browser.clone(), csrf.clone(), format!("0000{n:04}"));
        guesses.spawn(async move {
            let fields = [("csrf", csrf.as_str()), ("code", code.as_str())];
            browser.post("/gerbang/email/confirm", &fields).await
        });
    }
    let answers = guesses.join_all().await;
    let wrong = answers.iter().filter(|a| a.has("Kode salah.")).count();
    assert_eq!(wrong, 4, "the fifth ends it");
    let over = send(&browser, "/confirm", &[("code", &mailed)]).await;
    assert!(over.has("sudah tidak berlaku"), "{over:?}");
    let page = browser.get("/gerbang/email").await;
    assert!(page.has(NONE), "{page:?}");
}
