//! Logins by every way that there is, answered in every way (threats.md rows 2, 5, 55, 65), and
//! roles whose pages mislead (row 53).

use super::subsets::PRIVATE;
use crate::support::browser::{Ask, Browser, encode};
use crate::support::login::{
    activate, assert_home, due, first, password, to_page, type_code, user,
};
use crate::support::{World, assert_nothing_private, quick};
use spse_standin::{Config, FaultKind, LoginAnswer, SessionMode};

const ANSWERS: [LoginAnswer; 5] = [
    LoginAnswer::Redirect,
    LoginAnswer::Page,
    LoginAnswer::Fragment,
    LoginAnswer::Json,
    LoginAnswer::Attachment,
];

/// Every way in, as a request of a browser that has seen the front page.
#[expect(clippy::too_many_lines, reason = "a table")]
pub(super) fn ways() -> Vec<(&'static str, Ask)> {
    let fields = [
        ("txtUserId", "PPK301"),
        ("txtPassword", "Rahasia-PPK301"),
        ("isRekanan", "false"),
    ];
    let query = encode(&fields);
    let new = [("kode", "lupa"), ("txtPasswordBaru", "Rahasia-PPK301")];
    let multipart: String = fields
        .iter()
        .map(|(name, value)| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        })
        .collect::<String>()
        + "--b--\r\n";
    let chunked: String = query
        .as_bytes()
        .chunks(3)
        .fold(String::new(), |text, piece| {
            text + &format!(
                "{:x}\r\n{}\r\n",
                piece.len(),
                String::from_utf8_lossy(piece)
            )
        })
        + "0\r\n\r\n";
    let json = serde_json::json!({"txtUserId": "PPK301", "txtPassword": "Rahasia-PPK301"});
    let form_type = "application/x-www-form-urlencoded";
    vec![
        ("form", Ask::form("/login", &fields)),
        ("script's form", Ask::form("/login", &fields).xhr()),
        (
            "query of a POST",
            Ask::new("POST", &format!("/login?{query}")).body(b""),
        ),
        (
            "query of a POST, question mark",
            Ask::new("POST", &format!("/loginpass?{query}")).body(b""),
        ),
        (
            "multipart",
            Ask::new("POST", "/login")
                .with("Content-Type", "multipart/form-data; boundary=b")
                .body(multipart.as_bytes()),
        ),
        (
            "chunked",
            Ask::new("POST", "/loginpass")
                .with("Content-Type", form_type)
                .with("Transfer-Encoding", "chunked")
                .body(chunked.as_bytes()),
        ),
        (
            "JSON",
            Ask::new("POST", "/login")
                .with("Content-Type", "application/json")
                .body(json.to_string().as_bytes()),
        ),
        (
            "catch-all by POST",
            Ask::form("/LoginCtr/loginPassSubmit", &fields),
        ),
        (
            "catch-all by GET",
            Ask::get(&format!("/LoginCtr/loginpass?{query}")),
        ),
        ("hop in", Ask::get("/sso/masuk?token=hop")),
        ("hop in by a script", Ask::get("/sso/masuk?token=hop").xhr()),
        (
            "lost password",
            Ask::form("/user/lupapassword/selesai", &new),
        ),
    ]
}

pub(super) fn open_config(mode: SessionMode, answer: LoginAnswer) -> Config {
    Config {
        login_answer: answer,
        sso_answer: answer,
        check_tokens: false,
        json_login: true,
        catch_all: true,
        sso_tokens: vec![("hop".into(), "PPK301".into())],
        reset_codes: vec![("lupa".into(), "PPK301".into())],
        ..quick(mode)
    }
}

/// Everything private with the cookies of this browser, by a copy of it.
async fn look_everywhere(browser: &Browser) {
    let copy = browser.thief();
    for path in PRIVATE {
        copy.fetch(Ask::get(path).cookies(&copy.jar())).await;
    }
    assert_nothing_private(&copy.seen());
}

async fn every_way(mode: SessionMode, gzip: bool) {
    for answer in ANSWERS {
        let world = World::with(open_config(mode, answer), |gateway| gateway).await;
        if gzip {
            world.standin.set(|config| {
                for path in ["/login", "/sso", "/LoginCtr", "/user/lupapassword"] {
                    config.fault(path, FaultKind::Gzip);
                }
            });
        }
        for (way, ask) in ways() {
            let what = format!("{mode:?} {answer:?} {way} gzip {gzip}");
            let browser = world.browser();
            browser.get("/lelang").await;
            let before = browser.thief();
            world.standin.clear_records();
            let reply = browser.fetch(ask).await;
            assert_nothing_private(&reply.raw);
            let logged_in = world
                .standin
                .records()
                .iter()
                .any(|r| r.user_after.as_deref() == Some("PPK301"));
            assert!(
                logged_in,
                "{what}: nobody was logged in, so nothing was tested: {reply:?}"
            );
            if !gzip {
                assert!(due(&reply).is_some(), "{what}: {reply:?}");
            }
            look_everywhere(&before).await;
            look_everywhere(&browser).await;
            assert_nothing_private(&browser.seen());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_in_asks_for_the_second_factor_whatever_the_answer() {
    every_way(SessionMode::ServerSide, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_in_asks_for_it_where_the_user_is_in_the_cookie() {
    every_way(SessionMode::InCookie, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_in_asks_for_it_where_a_login_changes_the_id() {
    every_way(SessionMode::NewId, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_packed_against_our_wish_let_nobody_through() {
    for mode in SessionMode::ALL {
        every_way(mode, true).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_without_any_cookie_is_judged_all_the_same() {
    for mode in SessionMode::ALL {
        for answer in ANSWERS {
            let world = World::with(open_config(mode, answer), |gateway| gateway).await;
            for (way, ask) in ways() {
                let browser = world.browser();
                let reply = browser.fetch(ask).await;
                assert!(
                    due(&reply).is_some(),
                    "{mode:?} {answer:?} {way}: {reply:?}"
                );
                assert_nothing_private(&reply.raw);
                look_everywhere(&browser).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn method_overrides_are_refused_in_every_spelling() {
    let world = World::with(
        open_config(SessionMode::ServerSide, LoginAnswer::Json),
        |g| g,
    )
    .await;
    let query = "txtUserId=PPK301&txtPassword=Rahasia-PPK301&isRekanan=false";
    let browser = world.browser();
    browser.get("/lelang").await;
    for method in ["GET", "HEAD", "POST"] {
        for suffix in [
            "x-http-method-override=POST",
            "X-HTTP-Method-Override=POST",
            "x%2dhttp-method-override=POST",
            "a=x-http-method-override=POST",
            "_method=POST",
        ] {
            let ask = Ask::new(method, &format!("/loginpass?{query}&{suffix}"));
            let ask = if method == "POST" { ask.body(b"") } else { ask };
            let reply = browser.fetch(ask).await;
            assert_eq!(reply.status, 400, "{method} {suffix} {reply:?}");
        }
        for header in [
            "X-HTTP-Method-Override",
            "x-method-override",
            "X-HTTP-Method",
        ] {
            let ask = Ask::new(method, &format!("/loginpass?{query}")).with(header, "POST");
            let ask = if method == "POST" { ask.body(b"") } else { ask };
            let reply = browser.fetch(ask).await;
            assert_eq!(reply.status, 400, "{method} {header} {reply:?}");
        }
    }
    assert!(world.sent("/loginpass").is_empty());
    assert_nothing_private(&browser.seen());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_home_refuses_is_recognised_by_another_page() {
    for mode in SessionMode::ALL {
        for says_expired in [false, true] {
            let config = Config {
                home_403_says_expired: says_expired,
                ..quick(mode)
            };
            let world = World::with(config, |gateway| gateway).await;
            let browser = world.browser();
            let answer = password(&browser, "PPK403").await;
            assert!(due(&answer).is_some(), "{mode:?} {says_expired} {answer:?}");
            look_everywhere(&browser).await;
            activate(&browser, &answer).await;
            assert_home(&browser, "PPK403").await;
            let home = browser.get("/home").await;
            assert_eq!(home.status, 403, "{mode:?} {says_expired} {home:?}");
            assert_home(&browser, "PPK403").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_must_change_its_password_first_passes_the_gate_before_it_does() {
    for mode in SessionMode::ALL {
        let world = World::start(mode).await;
        let browser = world.browser();
        let answer = password(&browser, "PPKGANTI").await;
        let page = to_page(&browser, &answer, "activation").await;
        look_everywhere(&browser).await;
        let mut phone = crate::support::login::scan(&browser, &page);
        type_code(&browser, &page, &phone.code()).await;
        let home = browser.get("/home").await;
        assert_eq!(
            home.location(),
            "/eproc4/user/gantipassword",
            "{mode:?} {home:?}"
        );
        let form = browser.follow(home).await;
        let token = form.hidden("authenticityToken");
        let fields = [
            ("authenticityToken", token.as_str()),
            ("txtPasswordLama", "Rahasia-PPKGANTI"),
            ("txtPasswordBaru", "Rahasia-baru"),
        ];
        let changed = browser.post("/user/gantipassword", &fields).await;
        assert_eq!(changed.location(), "/eproc4/home", "{mode:?} {changed:?}");
        assert_home(&browser, "PPKGANTI").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_gets_through_with_its_second_factor() {
    for mode in SessionMode::ALL {
        let world = World::start(mode).await;
        for someone in spse_standin::users() {
            if someone.id == "PPKGANTI" {
                continue;
            }
            let browser = world.browser();
            if someone.id == "JAHAT1" || user(&someone.id).name.contains('<') {
                let answer = password(&browser, &someone.id).await;
                activate(&browser, &answer).await;
                continue;
            }
            first(&browser, &someone.id).await;
        }
    }
}
