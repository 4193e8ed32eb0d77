//! `activation.proof = email`: before a first QR code, a code that was mailed to the registered address.

use super::{EMAIL, WRONG, ask, audit, links_in, register, say, with_mail};
use crate::office::{press, set};
use crate::support::World;
use crate::support::browser::Browser;
use crate::support::login::{ACTIVATED, assert_home, password, scan, to_page, type_code};
use crate::support::smtp::{MailServer, Taken};
use crate::support::wire::Response;
use spse_standin::SessionMode;

const BUTTON: &str = "Kirim kode ke email terdaftar";

async fn with_proof(server: &MailServer) -> World {
    let world = with_mail(SessionMode::InCookie, server).await;
    set(&world, &["--mode", "required", "--proof", "email"]);
    world
}

/// Password, up to the page that asks for the code.
async fn to_proof(browser: &Browser) -> Response {
    let answer = password(browser, "PPK301").await;
    let page = to_page(browser, &answer, "activation").await;
    assert!(!page.has("otpauth") && page.has(BUTTON), "{page:?}");
    page
}

/// The code in a mail.
fn code_in(mail: &Taken) -> String {
    assert_eq!(mail.subject(), "Kode Aktivasi TOTP");
    mail.code()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_code_goes_to_the_registered_address_and_opens_the_qr_code() {
    let server = MailServer::start();
    let mut world = with_proof(&server).await;
    register(&world, "PPK301", EMAIL);
    let browser = world.browser();
    let page = to_proof(&browser).await;
    let sent = press(&browser, &page, "/mail", None).await;
    assert!(
        sent.has("Kode aktivasi dikirim ke b***@example.id."),
        "{sent:?}"
    );
    assert!(!sent.has(EMAIL), "{sent:?}");
    let mail = server.nth(1).await;
    assert_eq!(mail.to, EMAIL);
    let code = code_in(&mail);
    // Once more: the same code, three times a day.
    press(&browser, &page, "/mail", None).await;
    for nth in 2..=3 {
        world.gateway.advance(61).await;
        assert_eq!(server.taken().len(), nth - 1, "a double click is one");
        press(&browser, &page, "/mail", None).await;
        assert_eq!(code_in(&server.nth(nth).await), code);
    }
    world.gateway.advance(61).await;
    let enough = press(&browser, &page, "/mail", None).await;
    assert!(
        enough.has("Hari ini sudah tiga kali kode dikirim"),
        "{enough:?}"
    );
    assert_eq!(server.taken().len(), 3);

    let wrong = press(&browser, &page, "/proof", Some("00000000")).await;
    assert!(wrong.has(WRONG), "{wrong:?}");
    world.gateway.restart_after_kill().await;
    let shown = browser
        .follow(press(&browser, &page, "/proof", Some(&code)).await)
        .await;
    let mut phone = scan(&browser, &shown);
    assert!(
        type_code(&browser, &shown, &phone.code())
            .await
            .has(ACTIVATED)
    );
    assert_home(&browser, "PPK301").await;
    let log = audit(&world);
    assert!(
        log.contains(r#"{"kind":"code-mailed","source":"list"}"#),
        "{log}"
    );
    for text in [world.gateway.log(), log] {
        assert!(!text.contains(&code) && !text.contains(EMAIL), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_said_after_the_password() {
    let server = MailServer::start();
    let world = with_proof(&server).await;
    let browser = world.browser();
    let page = to_proof(&browser).await;
    let none = press(&browser, &page, "/mail", None).await;
    assert!(
        none.has("Belum ada email terdaftar untuk user ini."),
        "{none:?}"
    );
    assert!(server.taken().is_empty());
    // The help desk's code does it.
    let said = crate::office::act(
        &world,
        &[
            &["user", "activation-code", "PPK301"][..],
            &crate::office::PAPER,
        ]
        .concat(),
    )
    .done();
    let code = crate::office::code_in(&said);
    let shown = press(&browser, &page, "/proof", Some(&code)).await;
    assert!(browser.follow(shown).await.has("otpauth"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_the_password_alone_gets_no_further() {
    let server = MailServer::start();
    let world = with_proof(&server).await;
    register(&world, "PPK301", EMAIL);
    let thief = world.browser();
    let page = to_proof(&thief).await;
    press(&thief, &page, "/mail", None).await;
    let code = code_in(&server.nth(1).await);
    let (reference, path) = (page.hidden("r"), "/gerbang/activation");
    for path in [
        format!("{path}?r={reference}"),
        format!("{path}/qr?r={reference}"),
    ] {
        let shown = thief.follow(thief.get(&path).await).await;
        assert!(!shown.has("otpauth") && !shown.has(&code), "{shown:?}");
    }
    let renewed = press(&thief, &page, "/qr", None).await;
    assert!(!thief.follow(renewed).await.has("otpauth"));
    // Without a form of this login nothing is sent.
    let bare = thief
        .post("/gerbang/activation/mail", &[("r", &reference)])
        .await;
    assert_eq!(bare.status, 403, "{bare:?}");
    let other = world.browser();
    let strange = press(&other, &page, "/mail", None).await;
    assert_eq!(strange.status, 401, "{strange:?}");
    assert_eq!(server.taken().len(), 1);
    // The rule gets stricter while the code is out.
    set(&world, &["--mode", "required", "--proof", "counter"]);
    let refused = press(&thief, &page, "/proof", Some(&code)).await;
    assert!(refused.has(WRONG) && !refused.has(BUTTON), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_was_cancelled_is_followed_by_a_new_one_and_the_way_is_open() {
    let server = MailServer::start();
    let world = with_proof(&server).await;
    register(&world, "PPK301", EMAIL);
    let browser = world.browser();
    let page = to_proof(&browser).await;
    for nth in 1..=3 {
        press(&browser, &page, "/mail", None).await;
        server.nth(nth).await;
        world.gateway.advance(61).await;
    }
    let old = code_in(&server.taken()[2]);
    ask(&world.browser(), "PPK301", EMAIL).await;
    let (_, deny) = links_in(&server.nth(4).await);
    say(&world.browser(), &deny).await;
    let page = to_proof(&browser).await;
    let refused = press(&browser, &page, "/proof", Some(&old)).await;
    assert!(refused.has(WRONG), "{refused:?}");
    let sent = press(&browser, &page, "/mail", None).await;
    assert!(sent.has("Kode aktivasi dikirim"), "{sent:?}");
    let code = code_in(&server.nth(5).await);
    assert_ne!(code, old);
    let shown = press(&browser, &page, "/proof", Some(&code)).await;
    scan(&browser, &browser.follow(shown).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_activated_reads_no_word_of_an_old_phone() {
    let server = MailServer::start();
    let world = with_proof(&server).await;
    register(&world, "PPK301", EMAIL);
    to_proof(&world.browser()).await;
    ask(&world.browser(), "PPK301", EMAIL).await;
    let (link, _) = links_in(&server.nth(1).await);
    let done = say(&world.browser(), &link).await;
    assert!(done.has("masukkan kode ini jika diminta"), "{done:?}");
    assert!(!done.has("TOTP yang lama"), "{done:?}");
}
