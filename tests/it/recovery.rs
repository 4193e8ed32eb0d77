//! Recovery codes from end to end: shown once, each good once, for whoever has no phone at hand.

mod attacks;
mod ends;
pub(crate) mod replace;
mod sets;
mod story;

use crate::support::browser::Browser;
use crate::support::login::{password, scan, to_page, type_code};
use crate::support::otp::Phone;
use crate::support::wire::Response;
use crate::support::{World, quick};
use gerbang::authenticator::recovery::RecoveryCode;
use spse_standin::SessionMode;

/// What the page says once a code let somebody in.
const IN: &str = "Kode pemulihan diterima";
const USED: &str = "Kode pemulihan ini sudah dipakai.";
const WRONG: &str = "Kode pemulihan ini tidak berlaku.";
const TYPO: &str = "Ada yang salah ketik pada kode pemulihan.";
/// The acceptor's button.
const BUTTON: &str = "Gunakan kode pemulihan";

async fn with_clock(mode: SessionMode) -> World {
    World::with(quick(mode), |gateway| gateway.moving_clock()).await
}

/// The codes that a page shows.
pub(crate) fn codes_of(page: &Response) -> Vec<String> {
    let text = page.text();
    let list = text.split("<li><code>").skip(1);
    list.map(|rest| rest.split('<').next().unwrap().to_owned())
        .collect()
}

/// Password and activation: the phone, and the codes that came with it.
pub(crate) async fn activate_with_codes(browser: &Browser, id: &str) -> (Phone, Vec<String>) {
    let answer = password(browser, id).await;
    let page = to_page(browser, &answer, "activation").await;
    let mut phone = scan(browser, &page);
    let done = type_code(browser, &page, &phone.code()).await;
    let codes = codes_of(&done);
    assert_eq!(codes.len(), 10, "{done:?}");
    (phone, codes)
}

/// From the answer to a password to the page for a recovery code.
async fn to_recovery(browser: &Browser, answer: &Response) -> Response {
    let acceptor = to_page(browser, answer, "acceptor").await;
    assert!(acceptor.has(BUTTON), "{acceptor:?}");
    let (reference, csrf) = (acceptor.hidden("r"), acceptor.hidden("csrf"));
    let fields = [("r", reference.as_str()), ("csrf", csrf.as_str())];
    let turned = browser.post("/gerbang/acceptor/switch", &fields).await;
    let page = browser.follow(turned).await;
    assert!(page.has("Login dengan kode pemulihan"), "{page:?}");
    page
}

/// Types a recovery code on its page.
async fn type_recovery(browser: &Browser, page: &Response, code: &str) -> Response {
    let (reference, csrf) = (page.hidden("r"), page.hidden("csrf"));
    let fields = [
        ("r", reference.as_str()),
        ("csrf", csrf.as_str()),
        ("code", code),
    ];
    browser.post("/gerbang/acceptor/recovery", &fields).await
}

/// Password, recovery code; the answer.
pub(crate) async fn recover(browser: &Browser, id: &str, code: &str) -> Response {
    let answer = password(browser, id).await;
    let page = to_recovery(browser, &answer).await;
    type_recovery(browser, &page, code).await
}

/// Sends a form of one of the pages of a session, its token taken from `page`.
pub(crate) async fn send(
    browser: &Browser,
    page: &Response,
    path: &str,
    more: &[(&str, &str)],
) -> Response {
    let csrf = page.hidden("csrf");
    let fields = [&[("csrf", csrf.as_str())][..], more].concat();
    browser.post(&format!("/gerbang{path}"), &fields).await
}

/// A code that could be one and is of no set.
fn stranger(n: u8) -> String {
    RecoveryCode::new([n; 16]).grouped().to_string()
}

/// How many are left, as the status page says.
async fn left(browser: &Browser) -> String {
    let page = browser.get("/gerbang/recovery").await;
    let text = page.text();
    let count = text.split("Sisa kode</th><td>").nth(1);
    let count = count.unwrap_or_else(|| panic!("no count: {page:?}"));
    count.split('<').next().unwrap().to_owned()
}
