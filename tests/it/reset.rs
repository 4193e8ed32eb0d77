//! The reset by mail from end to end: asked for on a page for everybody, confirmed behind a link in a
//! real mail, worth something only after the password.

mod asking;
mod attacks;
mod by_mail;
mod links;
mod load_timings;
mod outage;
mod own;
mod own_ends;
mod story;

use crate::support::browser::Browser;
use crate::support::login::{first, password, to_page};
use crate::support::smtp::{MailServer, Taken};
use crate::support::wire::{Response, unescape};
use crate::support::{World, quick};
use spse_standin::SessionMode;

const SUBJECT: &str = "Konfirmasi Permintaan Reset TOTP";
const EMAIL: &str = "budi@example.id";
const TAKEN: &str = "Permintaan diterima.";
const WRONG: &str = "Kode aktivasi salah atau sudah tidak berlaku.";
const OVER: &str = "Link tidak berlaku lagi";
/// What the activation page says while another authenticator is bound.
const MEANWHILE: &str = "tetap berlaku sampai aktivasi ini selesai.";
/// Longer than the post sleeps, in seconds.
const POST_SECONDS: u64 = 7;

/// Waits until whatever was written has been sent, and what was asked for has been looked at.
async fn post_is_through() {
    tokio::time::sleep(std::time::Duration::from_secs(POST_SECONDS)).await;
}

/// A world with mail whose clock can be moved.
async fn with_mail(mode: SessionMode, server: &MailServer) -> World {
    World::with(quick(mode), |gateway| gateway.moving_clock().mail(server)).await
}

/// Registers the address of somebody of the LPSE.
fn register(world: &World, id: &str, email: &str) {
    crate::post::register(world, &[(id, "non-penyedia", email)]).done();
}

/// The sum that a page asks for in words, as somebody adds it up who cannot see the picture.
#[track_caller]
pub(super) fn sum_in(text: &str) -> String {
    const NUMBERS: [&str; 10] = [
        "satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan", "sepuluh",
    ];
    let sum = text.split("Isikan hasil ").nth(1);
    let sum = sum.unwrap_or_else(|| panic!("no sum: {text}"));
    let words: Vec<&str> = sum.split_whitespace().take(3).collect();
    assert_eq!(words[1], "ditambah", "{text}");
    let number = |word: &str| NUMBERS.iter().position(|known| *known == word).unwrap() + 1;
    (number(words[0]) + number(words[2])).to_string()
}

#[track_caller]
fn sum_of(page: &Response) -> String {
    sum_in(&page.text())
}

/// The form for a request.
async fn form(browser: &Browser) -> Response {
    let page = browser.get("/gerbang/reset").await;
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.has("Permintaan Reset TOTP"), "{page:?}");
    page
}

/// Sends it.
async fn send(
    browser: &Browser,
    page: &Response,
    (id, email): (&str, &str),
    answer: &str,
) -> Response {
    let (csrf, puzzle) = (page.hidden("csrf"), page.hidden("puzzle"));
    let fields = [
        ("csrf", csrf.as_str()),
        ("puzzle", puzzle.as_str()),
        ("user_id", id),
        ("email", email),
        ("answer", answer),
        ("type", "non-penyedia"),
    ];
    browser.post("/gerbang/reset", &fields).await
}

/// Asks for a reset.
pub(super) async fn ask(browser: &Browser, id: &str, email: &str) -> Response {
    let page = form(browser).await;
    let taken = send(browser, &page, (id, email), &sum_of(&page)).await;
    assert_eq!(taken.status, 200, "{taken:?}");
    assert!(taken.has(TAKEN), "{taken:?}");
    taken
}

/// PPK301 of this world activated and asked for a reset: the second mail, which came.
async fn asked_in(world: &World, server: &MailServer) -> Taken {
    register(world, "PPK301", EMAIL);
    first(&world.browser(), "PPK301").await;
    server.nth(1).await;
    ask(&world.browser(), "PPK301", EMAIL).await;
    server.nth(2).await
}

/// The same in a world of its own.
async fn asked(server: &MailServer) -> (World, Taken) {
    let world = with_mail(SessionMode::InCookie, server).await;
    let mail = asked_in(&world, server).await;
    (world, mail)
}

/// The two links of a mail: to confirm, and "bukan saya". Below the context, as the browser asks.
#[track_caller]
pub(super) fn links_in(mail: &Taken) -> (String, String) {
    assert_eq!(mail.subject(), SUBJECT);
    let text = mail.text();
    let link = |path: &str| {
        let found = text.split_whitespace().find(|word| word.contains(path));
        let found = found.unwrap_or_else(|| panic!("{path}: {text}"));
        assert!(unescape(&mail.html()).contains(found), "{}", mail.html());
        let (_, below) = found.split_once("/eproc4").unwrap();
        below.to_owned()
    };
    (link("/reset/confirm?t="), link("/reset/deny?t="))
}

/// Says YA behind a link, or "bukan saya".
async fn say(browser: &Browser, link: &str) -> Response {
    let page = browser.get(link).await;
    assert_eq!(page.status, 200, "{page:?}");
    let (csrf, token) = (page.hidden("csrf"), page.hidden("t"));
    let path = link.split('?').next().unwrap();
    browser.post(path, &[("csrf", &csrf), ("t", &token)]).await
}

/// The code on the page of a confirmed reset.
#[track_caller]
fn code_on(page: &Response) -> String {
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.has("Reset TOTP dikonfirmasi."), "{page:?}");
    let text = page.text();
    let code = text.split("class=\"big\"><bdi>").nth(1).unwrap();
    let code = code.split('<').next().unwrap().to_owned();
    assert_eq!(code.replace(' ', "").len(), 8, "{page:?}");
    code
}

/// From the answer to a password to the page for an activation code.
async fn to_lost(browser: &Browser, answer: &Response) -> Response {
    let acceptor = to_page(browser, answer, "acceptor").await;
    let (reference, csrf) = (acceptor.hidden("r"), acceptor.hidden("csrf"));
    let fields = [("r", reference.as_str()), ("csrf", &csrf), ("to", "reset")];
    let turned = browser.post("/gerbang/acceptor/switch", &fields).await;
    let page = browser.follow(turned).await;
    assert_eq!(page.status, 200, "{page:?}");
    assert!(
        page.has("HP hilang, rusak, atau aplikasinya terhapus?"),
        "{page:?}"
    );
    page
}

/// Types an activation code there.
async fn type_lost(browser: &Browser, page: &Response, code: &str) -> Response {
    let (reference, csrf) = (page.hidden("r"), page.hidden("csrf"));
    let fields = [("r", reference.as_str()), ("csrf", &csrf), ("code", code)];
    browser.post("/gerbang/acceptor/reset", &fields).await
}

/// Password, activation code; the answer.
async fn prove(browser: &Browser, id: &str, code: &str) -> Response {
    let answer = password(browser, id).await;
    let page = to_lost(browser, &answer).await;
    type_lost(browser, &page, code).await
}

/// The code that a page has filled in, if any.
fn filled(page: &Response) -> Option<String> {
    let text = page.text();
    let field = text.split("id=\"code\"").nth(1)?.split('>').next()?;
    let value = field.split("value=\"").nth(1)?;
    Some(value.split('"').next()?.to_owned())
}

/// What the audit log holds.
fn audit(world: &World) -> String {
    world.gateway.cli(&["audit", "tail", "-n", "200"]).done()
}
