//! Whoever has the password and waits for the owner to help him (threats.md row 26).

use super::{
    MEANWHILE, SUBJECT, WRONG, ask, code_on, filled, links_in, prove, say, to_lost, type_lost,
};
use crate::office::set;
use crate::support::World;
use crate::support::login::{
    ACTIVATED, again, assert_home, assert_nobody, first, password, scan, to_page, type_code,
};
use crate::support::smtp::MailServer;

/// PPK301 activated and asked for a reset; the link.
async fn asked(server: &MailServer) -> (World, String) {
    let (world, mail) = super::asked(server).await;
    (world, links_in(&mail).0)
}

#[tokio::test(flavor = "multi_thread")]
async fn polling_logins_after_the_owner_confirmed_gains_nothing() {
    let server = MailServer::start();
    let (world, link) = asked(&server).await;
    let owner = world.browser();
    let code = code_on(&say(&owner, &link).await);
    for _ in 0..5 {
        let thief = world.browser();
        let answer = password(&thief, "PPK301").await;
        // Still the acceptor, never the QR code; nothing is filled in.
        let acceptor = to_page(&thief, &answer, "acceptor").await;
        assert!(!acceptor.has("sudah mengonfirmasi"), "{acceptor:?}");
        let page = to_lost(&thief, &answer).await;
        assert_eq!(filled(&page), None, "{page:?}");
        assert!(!page.has(&code), "{page:?}");
        let reference = acceptor.hidden("r");
        let qr = thief
            .get(&format!("/gerbang/activation?r={reference}"))
            .await;
        assert!(!qr.has("otpauth"), "{qr:?}");
        assert_nobody(&thief).await;
    }
    // His guesses wear out a lane, and not the owner's browser.
    let thief = world.browser();
    let answer = password(&thief, "PPK301").await;
    let page = to_lost(&thief, &answer).await;
    let mut last = 0;
    for guess in 0..30 {
        let refused = type_lost(&thief, &page, &format!("{:08}", 31_000_000 + guess)).await;
        assert!(
            refused.status == 422 || refused.status == 429,
            "{refused:?}"
        );
        last = refused.status;
        if last == 429 {
            break;
        }
    }
    assert_eq!(last, 429);
    let answer = password(&owner, "PPK301").await;
    let page = to_lost(&owner, &answer).await;
    let shown = owner.follow(type_lost(&owner, &page, &code).await).await;
    assert!(shown.has(MEANWHILE), "{shown:?}");
    let mut phone = scan(&owner, &shown);
    assert!(
        type_code(&owner, &shown, &phone.code())
            .await
            .has(ACTIVATED)
    );
    assert_home(&owner, "PPK301").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cookie_and_the_code_of_one_account_are_none_of_another() {
    let server = MailServer::start();
    let (world, link) = asked(&server).await;
    let own = world.browser();
    let code = code_on(&say(&own, &link).await);
    first(&world.browser(), "POKJA1").await;
    // With the cookie of his own reset in the same browser.
    let answer = password(&own, "POKJA1").await;
    let page = to_lost(&own, &answer).await;
    assert_eq!(filled(&page), None, "{page:?}");
    let refused = type_lost(&own, &page, &code).await;
    assert!(refused.has(WRONG), "{refused:?}");
    // A cookie of his own making is none.
    let forged = world.browser();
    for (name, value) in own.jar() {
        if name.contains("reset") {
            let mut value = value.clone().into_bytes();
            value[20] ^= 1;
            forged.set_cookie(&name, &String::from_utf8_lossy(&value));
        }
    }
    let answer = password(&forged, "PPK301").await;
    let page = to_lost(&forged, &answer).await;
    assert_eq!(filled(&page), None, "{page:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_type_the_same_code_at_once_one_is_bound() {
    let server = MailServer::start();
    let (world, link) = asked(&server).await;
    let code = code_on(&say(&world.browser(), &link).await);
    let (one, two) = (world.browser(), world.browser());
    let page_one = one.follow(prove(&one, "PPK301", &code).await).await;
    let page_two = two.follow(prove(&two, "PPK301", &code).await).await;
    let (mut phone_one, mut phone_two) = (scan(&one, &page_one), scan(&two, &page_two));
    let (code_one, code_two) = (phone_one.code(), phone_two.code());
    let (bound_one, bound_two) = tokio::join!(
        type_code(&one, &page_one, &code_one),
        type_code(&two, &page_two, &code_two)
    );
    let won = [bound_one.has(ACTIVATED), bound_two.has(ACTIVATED)];
    assert!(won[0] != won[1], "{bound_one:?} {bound_two:?}");
    let loser = if won[0] { &two } else { &one };
    assert_nobody(loser).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stricter_rule_takes_the_mailed_code_back() {
    let server = MailServer::start();
    let (world, link) = asked(&server).await;
    let code = code_on(&say(&world.browser(), &link).await);
    set(&world, &["--mode", "required", "--proof", "counter"]);
    let refused = prove(&world.browser(), "PPK301", &code).await;
    assert!(refused.has(WRONG), "{refused:?}");
    let answer = password(&world.browser(), "PPK301").await;
    assert_eq!(answer.status, 303, "{answer:?}");
}

/// The rule gets stricter while the QR code is on the screen.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_mailed_code_began_is_not_bound_once_mail_proves_nothing() {
    let server = MailServer::start();
    let (world, link) = asked(&server).await;
    let browser = world.browser();
    let code = code_on(&say(&browser, &link).await);
    let shown = browser.follow(prove(&browser, "PPK301", &code).await).await;
    let mut phone = scan(&browser, &shown);
    set(&world, &["--mode", "required", "--proof", "counter"]);
    let refused = type_code(&browser, &shown, &phone.code()).await;
    assert!(!refused.has(ACTIVATED), "{refused:?}");
    assert_nobody(&browser).await;
    let over = browser.get(&link).await;
    assert_eq!(over.status, 410, "{over:?}");
}

/// The mailbox is somebody else's by now: the help desk sets another address.
#[tokio::test(flavor = "multi_thread")]
async fn another_address_ends_what_went_to_the_old_one() {
    use crate::office::{PAPER, act};
    let server = MailServer::start();
    let (world, link) = asked(&server).await;
    let thief = world.browser();
    let code = code_on(&say(&thief, &link).await);
    let verb = ["user", "email", "PPK301", "--set", "baru@example.id"];
    act(&world, &[&verb[..], &PAPER].concat()).done();
    let over = thief.get(&link).await;
    assert_eq!(over.status, 410, "{over:?}");
    let refused = prove(&thief, "PPK301", &code).await;
    assert!(refused.has(WRONG), "{refused:?}");
    // Neither does a link that was not confirmed yet survive, nor one of a list.
    world.gateway.advance(60).await;
    ask(&world.browser(), "PPK301", "baru@example.id").await;
    for _ in 0..100 {
        if server
            .taken()
            .iter()
            .any(|mail| mail.to == "baru@example.id" && mail.subject() == SUBJECT)
        {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let all = server.taken();
    let mail = all.iter().rfind(|mail| mail.subject() == SUBJECT).unwrap();
    assert_eq!(mail.to, "baru@example.id");
    let (link, _) = links_in(mail);
    act(&world, &[&["user", "reset", "PPK301"][..], &PAPER].concat()).done();
    let over = thief.get(&link).await;
    assert_eq!(over.status, 410, "{over:?}");
}

/// Guesses are told to the owner, as those at the authenticator's code are.
#[tokio::test(flavor = "multi_thread")]
async fn wrong_activation_codes_are_told_to_the_owner() {
    let server = MailServer::start();
    let (world, link) = asked(&server).await;
    code_on(&say(&world.browser(), &link).await);
    let thief = world.browser();
    let answer = password(&thief, "PPK301").await;
    let page = to_lost(&thief, &answer).await;
    for guess in ["31000000", "31000001", "31000002"] {
        type_lost(&thief, &page, guess).await;
    }
    let told = server.nth(3).await;
    assert_eq!(told.subject(), "Password benar, kode TOTP salah");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_at_the_desk_ends_what_was_mailed() {
    use crate::office::{PAPER, act, code_in, press};
    let server = MailServer::start();
    let (world, link) = asked(&server).await;
    let mailed = code_on(&say(&world.browser(), &link).await);
    let said = act(&world, &[&["user", "reset", "PPK301"][..], &PAPER].concat()).done();
    let browser = world.browser();
    let answer = password(&browser, "PPK301").await;
    let page = to_page(&browser, &answer, "activation").await;
    let refused = press(&browser, &page, "/proof", Some(&mailed)).await;
    assert!(refused.has(WRONG), "{refused:?}");
    let shown = press(&browser, &page, "/proof", Some(&code_in(&said))).await;
    let shown = browser.follow(shown).await;
    let mut phone = scan(&browser, &shown);
    assert!(
        type_code(&browser, &shown, &phone.code())
            .await
            .has(ACTIVATED)
    );
    world.gateway.advance(60).await;
    again(&world.browser(), "PPK301", &mut phone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_confirming_browser_may_not_put_the_second_factor_off() {
    use crate::office::press;
    let server = MailServer::start();
    let (world, link) = asked(&server).await;
    set(&world, &["--mode", "encouraged", "--skips", "5"]);
    let browser = world.browser();
    let code = code_on(&say(&browser, &link).await);
    let shown = browser.follow(prove(&browser, "PPK301", &code).await).await;
    assert!(
        shown.has(MEANWHILE) && !shown.has("/activation/later"),
        "{shown:?}"
    );
    press(&browser, &shown, "/later", None).await;
    assert_nobody(&browser).await;
}
