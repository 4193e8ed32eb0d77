//! Somebody else's credentials inside an accepted session (threats.md row 51), and acceptances by
//! the wrong tab or browser (row 56).

use super::subsets::PRIVATE;
use crate::support::browser::{Ask, Browser};
use crate::support::login::{
    activate, assert_home, due, first, password, password_in_one, to_page, type_code, user,
};
use crate::support::{World, assert_nothing_private, quick};
use spse_standin::{Config, LoginAnswer, SessionMode, UserType};

/// Nothing of `of` may have reached this browser.
fn assert_unseen(browser: &Browser, of: &str, what: &str) {
    let canary = user(of).canary();
    let seen = browser.seen();
    assert!(
        crate::support::find(&seen, canary.as_bytes()).is_none(),
        "{what}: saw {canary}"
    );
}

async fn look_everywhere(browser: &Browser) {
    for path in PRIVATE {
        browser.fetch(Ask::get(path).cookies(&browser.jar())).await;
    }
}

async fn swap(mode: SessionMode, a: &str, b: &str, policy_of_a: &str, one_step: bool) {
    let what = format!("{mode:?} {a} then {b}, {policy_of_a}, one step {one_step}");
    let config = quick(mode);
    let role = user(a).role;
    let world = World::with(config, |gateway| gateway.rule(&role, policy_of_a)).await;
    let browser = world.browser();
    if policy_of_a == "required" {
        first(&browser, a).await;
    } else {
        password(&browser, a).await;
        assert_home(&browser, a).await;
    }
    let before = browser.thief();
    let answer = if one_step {
        password_in_one(&browser, b).await
    } else {
        password(&browser, b).await
    };
    let path = due(&answer).unwrap_or_else(|| panic!("{what}: {answer:?}"));
    assert!(path.contains("/activation?"), "{what}: {path}");
    for thief in [browser.thief(), before] {
        look_everywhere(&thief).await;
        assert_unseen(&thief, b, &what);
    }
    assert_unseen(&browser, b, &what);
    let answer = browser.get(&path).await;
    let mut phone = crate::support::login::scan(&browser, &answer);
    type_code(&browser, &answer, &phone.code()).await;
    assert_home(&browser, b).await;
    assert!(
        !browser.get("/paket").await.has(&format!("[{a}]")),
        "{what}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_users_password_inside_an_accepted_session_asks_for_his_second_factor() {
    for mode in SessionMode::ALL {
        swap(mode, "PPK301", "AUDITOR1", "required", false).await;
        swap(mode, "AUDITOR1", "PPK301", "required", true).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_users_password_inside_a_session_without_a_factor_asks_for_his() {
    for mode in SessionMode::ALL {
        swap(mode, "PPK301", "AUDITOR1", "off", true).await;
        swap(mode, "AUDITOR1", "PPK301", "optional", false).await;
        swap(mode, "REKANAN1", "PPE1", "observe", false).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_without_a_factor_inside_an_accepted_session_becomes_himself_and_nobody_else() {
    for mode in SessionMode::ALL {
        let config = quick(mode);
        let role = user("AUDITOR1").role;
        let world = World::with(config, |gateway| gateway.rule(&role, "off")).await;
        let browser = world.browser();
        first(&browser, "PPK301").await;
        let before = browser.thief();
        let answer = password(&browser, "AUDITOR1").await;
        assert_eq!(answer.location(), "/eproc4/home", "{mode:?} {answer:?}");
        assert_home(&browser, "AUDITOR1").await;
        look_everywhere(&before).await;
        assert_unseen(&before, "AUDITOR1", &format!("{mode:?}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_users_password_while_a_login_waits_leads_to_the_waiting_one() {
    for mode in SessionMode::ALL {
        let world = World::start(mode).await;
        let browser = world.browser();
        let answer = password(&browser, "PPK301").await;
        let path = due(&answer).unwrap();
        let fields = [
            ("txtUserId", "AUDITOR1"),
            ("txtPassword", "Rahasia-AUDITOR1"),
        ];
        let second = browser.post("/login", &fields).await;
        if mode == SessionMode::NewId {
            // The waiting session has an id that this browser never saw: it is a fresh visitor.
            assert_eq!(second.status, 403, "{mode:?} {second:?}");
        } else {
            assert!(due(&second).is_some(), "{mode:?} {second:?}");
            assert_eq!(
                browser.get(&second.location()).await.location(),
                path,
                "{mode:?}"
            );
            let script = browser.fetch(Ask::form("/login", &fields).xhr()).await;
            assert_eq!(due(&script), due(&second), "{mode:?} {script:?}");
        }
        look_everywhere(&browser.thief()).await;
        assert_nothing_private(&browser.seen());
        activate(&browser, &answer).await;
        assert_home(&browser, "PPK301").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_routes_with_a_password_inside_an_accepted_session_ask_for_the_second_factor() {
    for mode in SessionMode::ALL {
        for answer_kind in [
            LoginAnswer::Redirect,
            LoginAnswer::Json,
            LoginAnswer::Attachment,
        ] {
            let config = Config {
                catch_all: true,
                check_tokens: false,
                login_answer: answer_kind,
                reset_codes: vec![("k".into(), "AUDITOR1".into())],
                ..quick(mode)
            };
            let world = World::with(config, |gateway| {
                gateway.rule("Pejabat Pembuat Komitmen", "off")
            })
            .await;
            let b = user("AUDITOR1").password;
            for (path, fields) in [
                (
                    "/LoginCtr/loginpass",
                    vec![("txtUserId", "AUDITOR1"), ("txtPassword", b.as_str())],
                ),
                (
                    "/user/lupapassword/selesai",
                    vec![("kode", "k"), ("txtPasswordBaru", b.as_str())],
                ),
            ] {
                let browser = world.browser();
                let what = format!("{mode:?} {answer_kind:?} {path}");
                let form = crate::support::login::user_id(&browser, "PPK301").await;
                crate::support::login::type_password(&browser, &form, "Rahasia-PPK301").await;
                look_everywhere(&browser).await;
                let answer = browser.post(path, &fields).await;
                assert!(due(&answer).is_some(), "{what} {answer:?}");
                look_everywhere(&browser.thief()).await;
                assert_unseen(&browser, "AUDITOR1", &what);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_counts_for_the_login_of_its_ticket_and_reference_alone() {
    for mode in SessionMode::ALL {
        let world = World::start(mode).await;
        let mut victim_phone = first(&world.browser(), "PPK301").await;
        let mut own_phone = first(&world.browser(), "PPK2").await;
        let victim = world.browser();
        let victim_page = to_page(&victim, &password(&victim, "PPK301").await, "acceptor").await;
        let attacker = world.browser();
        let attacker_page =
            to_page(&attacker, &password(&attacker, "PPK2").await, "acceptor").await;

        // Without the victim's ticket his page is not shown and takes no code, not even a good one.
        let path = format!("/gerbang/acceptor?r={}", victim_page.hidden("r"));
        let shown = attacker.get(&path).await;
        assert_eq!(shown.status, 401, "{mode:?} {shown:?}");
        let code = victim_phone.peek();
        let typed = type_code(&attacker, &victim_page, &code).await;
        assert_eq!(typed.status, 401, "{mode:?} {typed:?}");
        // With his own form's token for the victim's reference, and the other way round.
        for (r, csrf) in [
            (victim_page.hidden("r"), attacker_page.hidden("csrf")),
            (attacker_page.hidden("r"), victim_page.hidden("csrf")),
        ] {
            let fields = [
                ("r", r.as_str()),
                ("csrf", csrf.as_str()),
                ("code", code.as_str()),
            ];
            let refused = attacker.post("/gerbang/acceptor", &fields).await;
            assert!(matches!(refused.status, 401 | 403), "{mode:?} {refused:?}");
        }
        // The attacker's ticket and cookies planted in the victim's browser: what the victim types on
        // his own page is for his own account.
        for (name, value) in attacker.jar() {
            if !victim.jar().contains_key(&name) {
                victim.set_cookie(&name, &value);
            }
        }
        let done = type_code(&victim, &victim_page, &victim_phone.code()).await;
        assert_eq!(done.status, 303, "{mode:?} {done:?}");
        assert_home(&victim, "PPK301").await;
        look_everywhere(&attacker.thief()).await;
        assert_nothing_private(&attacker.seen());
        let done = type_code(&attacker, &attacker_page, &own_phone.code()).await;
        assert_eq!(done.status, 303, "{mode:?} {done:?}");
        assert_home(&attacker, "PPK2").await;
        assert_unseen(&attacker, "PPK301", &format!("{mode:?}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_look_like_other_users_and_ids_in_other_letters_are_who_they_are() {
    for mode in SessionMode::ALL {
        let config = quick(mode);
        let world = World::with(config, |gateway| {
            gateway
                .rule("Auditor/Aparat Penegak Hukum", "off")
                .rule("Auditor", "off")
        })
        .await;
        for id in ["JAHAT1", "REKANAN3"] {
            let browser = world.browser();
            let answer = password(&browser, id).await;
            assert!(due(&answer).is_some(), "{mode:?} {id} {answer:?}");
            activate(&browser, &answer).await;
            let page = browser.get("/nontender/5301194").await;
            assert!(page.has(&user(id).canary()), "{mode:?} {id} {page:?}");
        }
        first(&world.browser(), "PPK2").await;
        for typed in ["ppk2", " Ppk2 ", "pPK2"] {
            let browser = world.browser();
            let form = browser.get("/publik/formlogin").await;
            let token = form.hidden("authenticityToken");
            assert_eq!(user("PPK2").kind, UserType::NonPenyedia);
            let fields = [
                ("authenticityToken", token.as_str()),
                ("txtUserId", typed),
                ("txtPassword", "Rahasia-PPK2"),
                ("isRekanan", "false"),
            ];
            let answer = browser.post("/login", &fields).await;
            let path = due(&answer).unwrap_or_else(|| panic!("{mode:?} {typed:?} {answer:?}"));
            assert!(
                path.contains("/acceptor?"),
                "{mode:?} {typed:?} is PPK2: {path}"
            );
        }
    }
}
