//! An address that the owner registered himself ends with the authenticator by which he did it, and when the
//! LPSE registers another or takes it away.

use super::own::{NONE, asks_in_vain, code_in, disable, registered, send};
use super::{EMAIL, OVER, ask, code_on, links_in, register, say, with_mail};
use crate::office::{PAPER, act};
use crate::recovery::recover;
use crate::recovery::replace::{confirm, to_new_phone};
use crate::support::login::{ACTIVATED, first};
use crate::support::smtp::MailServer;
use spse_standin::SessionMode;

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_goes_there_as_long_as_that_phone_is_bound() {
    let server = MailServer::start();
    let world = with_mail(SessionMode::InCookie, &server).await;
    registered(&world, &server).await;
    ask(&world.browser(), "PPK301", EMAIL).await;
    let (link, _) = links_in(&server.nth(3).await);
    let owner = world.browser();
    code_on(&say(&owner, &link).await);
    // The help desk takes the phone away, and with it what was typed with it.
    act(&world, &[&["user", "reset", "PPK301"][..], &PAPER].concat()).done();
    let shown = world.gateway.cli(&["user", "show", "PPK301"]).done();
    assert!(!shown.contains(EMAIL), "{shown}");
    asks_in_vain(&world, &server).await;
}

/// Where first use is trusted, somebody with the password can come first. He must not keep a way back.
#[tokio::test(flavor = "multi_thread")]
async fn it_ends_with_the_authenticator_by_which_it_was_typed() {
    let server = MailServer::start();
    let world = with_mail(SessionMode::InCookie, &server).await;
    let (thief, mut phone, _) = registered(&world, &server).await;
    disable(&world, &thief, &mut phone).await;
    let told = server.nth(3).await;
    assert!(
        told.text().contains("di-Disable") && told.to == EMAIL,
        "{told:?}"
    );
    asks_in_vain(&world, &server).await;
    let owner = world.browser();
    first(&owner, "PPK301").await;
    let page = owner.get("/gerbang/email").await;
    assert!(page.has(NONE), "{page:?}");
    asks_in_vain(&world, &server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_over_to_the_next_phone_of_the_same_owner() {
    let server = MailServer::start();
    let world = with_mail(SessionMode::InCookie, &server).await;
    let (_, _, code) = registered(&world, &server).await;
    let browser = world.browser();
    let page = recover(&browser, "PPK301", &code).await;
    let (page, mut new) = to_new_phone(&browser, &page).await;
    let bound = confirm(&browser, &page, &new.code()).await;
    assert!(bound.has(ACTIVATED), "{bound:?}");
    let page = browser.get("/gerbang/email").await;
    assert!(page.has("b***@example.id"), "{page:?}");
}

/// A link that was mailed there is worth nothing to whoever had bound the account before.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_mailed_there_ends_with_it() {
    let server = MailServer::start();
    let world = with_mail(SessionMode::InCookie, &server).await;
    let (thief, mut phone, _) = registered(&world, &server).await;
    ask(&world.browser(), "PPK301", EMAIL).await;
    let (link, deny) = links_in(&server.nth(3).await);
    let reader = world.browser();
    code_on(&say(&reader, &link).await);
    disable(&world, &thief, &mut phone).await;
    let over = reader.get(&link).await;
    assert!(over.status == 410 && over.has(OVER), "disabled: {over:?}");
    server.nth(4).await;
    let owner = world.browser();
    first(&owner, "PPK301").await;
    for reader in [&reader, &world.browser()] {
        let over = reader.get(&link).await;
        assert!(over.status == 410 && over.has(OVER), "{over:?}");
    }
    // Nor does it hear of what the owner does.
    super::post_is_through().await;
    let told: Vec<String> = server.taken().iter().map(|mail| mail.subject()).collect();
    assert_eq!(told.len(), 4, "{told:?}");
    let denied = owner.get(&deny).await;
    assert_eq!(
        denied.status, 200,
        "\"bukan saya\" can still be said: {denied:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn its_owner_replaces_it_and_both_addresses_are_told() {
    let server = MailServer::start();
    let world = with_mail(SessionMode::InCookie, &server).await;
    let (browser, mut phone, _) = registered(&world, &server).await;
    world.gateway.advance(30).await;
    let code = phone.code();
    let fields = [("email", "baru@example.id"), ("code", &code)];
    send(&browser, "", &fields).await;
    let page = browser.get("/gerbang/email").await;
    assert!(
        page.has("b***@example.id"),
        "the old one until then: {page:?}"
    );
    let code = code_in(&server.nth(3).await, "baru@example.id");
    let done = send(&browser, "/confirm", &[("code", &code)]).await;
    assert!(done.has("Email sudah dikonfirmasi."), "{done:?}");
    server.nth(5).await;
    let told: Vec<_> = server.taken()[3..]
        .iter()
        .map(|mail| (mail.to.clone(), mail.text()))
        .collect();
    let said = |to: &str, what: &str| {
        told.iter()
            .any(|(at, text)| at == to && text.contains(what))
    };
    assert!(
        said(EMAIL, "diganti dengan alamat lain di halaman status TOTP"),
        "{told:?}"
    );
    assert!(
        said("baru@example.id", "didaftarkan di halaman status TOTP"),
        "{told:?}"
    );
    asks_in_vain(&world, &server).await;
}

/// Its owner reads there that it does not count any more; it must not come back behind the back of whoever
/// was registered meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn the_lpse_takes_its_place_for_good() {
    let server = MailServer::start();
    let world = with_mail(SessionMode::InCookie, &server).await;
    let (browser, mut phone, _) = registered(&world, &server).await;
    register(&world, "PPK301", "resmi@example.id");
    let told = server.nth(3).await;
    assert_eq!(told.to, EMAIL);
    assert!(
        told.text().contains("Petugas LPSE mengganti"),
        "{}",
        told.text()
    );
    let other = ("PPK2", "non-penyedia", "x@example.id");
    crate::post::register_all(&world, &[other], &["--replace"]).done();
    let page = browser.get("/gerbang/email").await;
    assert!(page.has(NONE), "{page:?}");
    asks_in_vain(&world, &server).await;
    let said = act(&world, &remove());
    assert!(
        said.code == Some(1) && said.err.contains("neither the help desk nor the owner"),
        "{said:?}"
    );
    disable(&world, &browser, &mut phone).await;
    super::post_is_through().await;
    assert_eq!(server.taken().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn so_does_the_help_desk() {
    let server = MailServer::start();
    let world = with_mail(SessionMode::InCookie, &server).await;
    let (browser, _, _) = registered(&world, &server).await;
    let set = ["user", "email", "PPK301", "--set", "resmi@example.id"];
    let said = act(&world, &[&set[..], &PAPER].concat()).done();
    assert!(said.contains("himself is taken away"), "{said}");
    server.nth(4).await;
    act(&world, &remove()).done();
    assert_eq!(server.nth(5).await.to, "resmi@example.id");
    let page = browser.get("/gerbang/email").await;
    assert!(page.has(NONE), "{page:?}");
}

/// The same address from the LPSE is no news to it, and goes on when the authenticator ends.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_address_from_the_lpse_is_told_nothing() {
    let server = MailServer::start();
    let world = with_mail(SessionMode::InCookie, &server).await;
    let (browser, mut phone, _) = registered(&world, &server).await;
    register(&world, "PPK301", EMAIL);
    disable(&world, &browser, &mut phone).await;
    let told = server.nth(3).await;
    assert!(
        told.to == EMAIL && told.subject() == "Berhasil Disable TOTP",
        "{told:?}"
    );
    ask(&world.browser(), "PPK301", EMAIL).await;
    links_in(&server.nth(4).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_help_desk_takes_it_away() {
    let server = MailServer::start();
    let world = with_mail(SessionMode::InCookie, &server).await;
    let (browser, _, _) = registered(&world, &server).await;
    act(&world, &remove()).done();
    let told = server.nth(3).await;
    assert_eq!(told.to, EMAIL);
    let page = browser.get("/gerbang/email").await;
    assert!(page.has(NONE), "{page:?}");
    asks_in_vain(&world, &server).await;
}

fn remove() -> Vec<&'static str> {
    [&["user", "email", "PPK301", "--remove"][..], &PAPER].concat()
}

/// Somebody talks the help desk into a reset and an address of his own while no letter leaves: the one who
/// registered the address before hears of it all the same.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_is_told_also_where_another_address_came_first() {
    let mut server = MailServer::start();
    let world = with_mail(SessionMode::InCookie, &server).await;
    registered(&world, &server).await;
    server.stop();
    act(&world, &[&["user", "reset", "PPK301"][..], &PAPER].concat()).done();
    let set = ["user", "email", "PPK301", "--set", "lain@example.id"];
    act(&world, &[&set[..], &PAPER].concat()).done();
    server.run();
    world.gateway.advance(3_600).await;
    server.nth(5).await;
    let taken = server.taken();
    let ended = taken
        .iter()
        .find(|mail| mail.text().contains("didaftarkan bersamanya"));
    assert_eq!(ended.map(|mail| mail.to.as_str()), Some(EMAIL), "{taken:?}");
}

/// Once the LPSE has registered an address, that one hears of the end and the old one of nothing.
#[tokio::test(flavor = "multi_thread")]
async fn the_end_is_told_to_the_address_that_counts() {
    let server = MailServer::start();
    let world = with_mail(SessionMode::InCookie, &server).await;
    let (browser, mut phone, _) = registered(&world, &server).await;
    register(&world, "PPK301", "resmi@example.id");
    server.nth(3).await;
    disable(&world, &browser, &mut phone).await;
    let told = server.nth(4).await;
    assert_eq!(told.to, "resmi@example.id");
    super::post_is_through().await;
    assert_eq!(server.taken().len(), 4);
}
