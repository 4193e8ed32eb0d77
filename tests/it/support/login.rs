//! A login in one call, or in its steps.

use super::browser::Browser;
use super::otp::Phone;
use super::wire::{Response, unescape};
use spse_standin::{User, UserType, users};

/// What the page says when an activation is done.
pub(crate) const ACTIVATED: &str = "TOTP sudah berhasil diaktifkan.";

/// Somebody of the stand-in.
#[track_caller]
pub(crate) fn user(id: &str) -> User {
    let found = users().into_iter().find(|user| user.id == id);
    found.unwrap_or_else(|| panic!("the stand-in knows no {id}"))
}

/// The first step: the user id. The answer shows the password's form.
pub(crate) async fn user_id(browser: &Browser, id: &str) -> Response {
    let kind = user(id).kind.word();
    let form = browser.get(&format!("/login?tipe={kind}")).await;
    assert_eq!(form.status, 200, "{form:?}");
    let token = form.hidden("authenticityToken");
    let fields = [
        ("authenticityToken", token.as_str()),
        ("tipe", kind),
        ("txtUserId", id),
    ];
    let answer = browser.post("/login", &fields).await;
    let form = browser.follow(answer).await;
    assert_eq!(form.status, 200, "{form:?}");
    assert!(form.has("txtPassword"), "{form:?}");
    form
}

/// The second step: the password on the form of the first.
pub(crate) async fn type_password(browser: &Browser, form: &Response, password: &str) -> Response {
    let token = form.hidden("authenticityToken");
    let fields = [
        ("authenticityToken", token.as_str()),
        ("txtPassword", password),
    ];
    browser.post("/loginpass", &fields).await
}

/// The login of 4.4 up to the answer to the password.
pub(crate) async fn password(browser: &Browser, id: &str) -> Response {
    let front = browser.get("/").await;
    assert_eq!(front.status, 200, "{front:?}");
    let choice = browser.xhr("/publik/selecttype").await;
    assert!(choice.has("NON PENYEDIA"), "{choice:?}");
    let form = user_id(browser, id).await;
    type_password(browser, &form, &user(id).password).await
}

/// The login of 4.3, in one form, up to its answer.
pub(crate) async fn password_in_one(browser: &Browser, id: &str) -> Response {
    let form = browser.xhr("/publik/formlogin").await;
    let token = form.hidden("authenticityToken");
    let fields = one_step_fields(id, &token);
    let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
    browser.post("/login", &fields).await
}

/// Fields of a login in one form.
pub(crate) fn one_step_fields(id: &str, token: &str) -> [(&'static str, String); 4] {
    let someone = user(id);
    let provider = someone.kind == UserType::Penyedia;
    [
        ("authenticityToken", token.to_owned()),
        ("txtUserId", id.to_owned()),
        ("txtPassword", someone.password),
        ("isRekanan", provider.to_string()),
    ]
}

/// Asserts that an answer leads to one of the gateway's pages, and goes there.
#[track_caller]
fn leads_to(answer: &Response, page: &str) -> String {
    assert_eq!(answer.status, 303, "{answer:?}");
    let path = answer.location();
    assert!(
        path.starts_with(&format!("/eproc4/gerbang/{page}?r=")),
        "{answer:?}"
    );
    path
}

/// Where an answer leads whose second factor is due, be it a page's or a script's.
pub(crate) fn due(answer: &Response) -> Option<String> {
    let path = match answer.status {
        303 => answer.location(),
        401 => {
            let value: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
            assert_eq!(value["error"], "second_factor_due", "{answer:?}");
            value["location"].as_str()?.to_owned()
        }
        _ => return None,
    };
    let own = [
        "/eproc4/gerbang/activation?r=",
        "/eproc4/gerbang/acceptor?r=",
    ];
    own.iter().any(|own| path.starts_with(own)).then_some(path)
}

/// The phone that scans the QR code of an activation page.
pub(crate) fn scan(browser: &Browser, page: &Response) -> Phone {
    let text = page.text();
    let address = text.split("href=\"otpauth://totp/").nth(1);
    let address = address.unwrap_or_else(|| panic!("no QR code: {page:?}"));
    let address = unescape(address.split('"').next().unwrap());
    let key = address
        .split("secret=")
        .nth(1)
        .unwrap_or_else(|| panic!("no key: {address}"));
    let key: String = key
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    Phone::new(&key, browser.ahead())
}

/// Types a code on an own page that has a form for it.
pub(crate) async fn type_code(browser: &Browser, page: &Response, code: &str) -> Response {
    let action = if page.has("action=\"/eproc4/gerbang/acceptor\"") {
        "/gerbang/acceptor"
    } else {
        "/gerbang/activation"
    };
    let (reference, csrf) = (page.hidden("r"), page.hidden("csrf"));
    browser
        .post(
            action,
            &[("r", &reference), ("csrf", &csrf), ("code", code)],
        )
        .await
}

/// Goes to the page that the answer to a password leads to: `activation` or `acceptor`.
pub(crate) async fn to_page(browser: &Browser, answer: &Response, page: &str) -> Response {
    let shown = browser.get(&leads_to(answer, page)).await;
    assert_eq!(shown.status, 200, "{shown:?}");
    shown
}

/// Activates: scans, types the code. The answer is the page that says so.
pub(crate) async fn activate(browser: &Browser, answer: &Response) -> Phone {
    let page = to_page(browser, answer, "activation").await;
    let mut phone = scan(browser, &page);
    let done = type_code(browser, &page, &phone.code()).await;
    assert_eq!(done.status, 200, "{done:?}");
    assert!(done.has(ACTIVATED), "{done:?}");
    phone
}

/// Types a code on the acceptor.
pub(crate) async fn accept(browser: &Browser, answer: &Response, code: &str) -> Response {
    let page = to_page(browser, answer, "acceptor").await;
    type_code(browser, &page, code).await
}

/// Asserts that a browser is at home as this user.
pub(crate) async fn assert_home(browser: &Browser, id: &str) {
    let page = browser.get("/paket").await;
    assert_eq!(page.status, 200, "{page:?}");
    assert!(page.has(&format!("<span title=\"[{id}]")), "{page:?}");
}

/// Asserts that a browser is nobody: the upstream says so itself, or the gateway asks for the factor.
pub(crate) async fn assert_nobody(browser: &Browser) {
    let page = browser.get("/paket").await;
    assert!(matches!(page.status, 303 | 403), "{page:?}");
    super::assert_nothing_private(&page.raw);
}

/// Password, activation, home.
pub(crate) async fn first(browser: &Browser, id: &str) -> Phone {
    let answer = password(browser, id).await;
    let phone = activate(browser, &answer).await;
    assert_home(browser, id).await;
    phone
}

/// Password, code, home.
pub(crate) async fn again(browser: &Browser, id: &str, phone: &mut Phone) {
    let answer = password(browser, id).await;
    let done = accept(browser, &answer, &phone.code()).await;
    assert_eq!(done.status, 303, "{done:?}");
    assert_home(browser, id).await;
}
