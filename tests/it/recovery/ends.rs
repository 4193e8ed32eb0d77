//! What ends a set, and what it outlives.

use super::{IN, USED, WRONG, activate_with_codes, recover, to_recovery, type_recovery};
use super::{send, with_clock};
use crate::office::{PAPER, act, code_in, press};
use crate::support::World;
use crate::support::login::{activate, assert_home, assert_nobody, password, to_page};
use spse_standin::SessionMode;

#[tokio::test(flavor = "multi_thread")]
async fn used_codes_and_unused_ones_survive_restarts_and_kills() {
    for mode in SessionMode::ALL {
        let mut world = World::start(mode).await;
        let (_, codes) = activate_with_codes(&world.browser(), "PPK301").await;
        world.gateway.restart_after_kill().await;
        let browser = world.browser();
        let answer = password(&browser, "PPK301").await;
        let page = to_recovery(&browser, &answer).await;
        world.gateway.restart_after_kill().await;
        let done = type_recovery(&browser, &page, &codes[0]).await;
        assert!(done.has(IN), "{mode:?} {done:?}");
        world.gateway.restart_after_kill().await;
        assert_home(&browser, "PPK301").await;
        let used = recover(&world.browser(), "PPK301", &codes[0]).await;
        assert!(used.has(USED), "{mode:?} {used:?}");
        world.gateway.restart().await;
        let done = recover(&world.browser(), "PPK301", &codes[1]).await;
        assert!(done.has(IN) && done.has("<td>8</td>"), "{mode:?} {done:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_ends_them() {
    let world = with_clock(SessionMode::InCookie).await;
    let (_, old) = activate_with_codes(&world.browser(), "PPK301").await;
    // Somebody stands before the page with a code in his hand when it happens.
    let waiting = world.browser();
    let answer = password(&waiting, "PPK301").await;
    let page = to_recovery(&waiting, &answer).await;
    let reset = [&["user", "reset", "PPK301"][..], &PAPER].concat();
    let said = act(&world, &reset).done();
    assert!(said.contains("and its recovery codes with it"), "{said}");
    let code = code_in(&said);
    let refused = type_recovery(&waiting, &page, &old[0]).await;
    assert!(!refused.has(IN), "{refused:?}");
    assert_nobody(&waiting).await;
    let shown = world.gateway.cli(&["user", "show", "PPK301"]).done();
    assert!(!shown.contains("codes left"), "{shown}");
    let browser = world.browser();
    let answer = password(&browser, "PPK301").await;
    let page = to_page(&browser, &answer, "activation").await;
    press(&browser, &page, "/proof", Some(&code)).await;
    activate(&browser, &answer).await;
    let dead = recover(&world.browser(), "PPK301", &old[1]).await;
    assert!(dead.has(WRONG), "{dead:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disable_ends_them_and_asks_for_the_app() {
    let world = with_clock(SessionMode::ServerSide).await;
    let owner = world.browser();
    let (mut phone, old) = activate_with_codes(&owner, "PPK301").await;
    let late = world.browser();
    let answer = password(&late, "PPK301").await;
    let page = to_recovery(&late, &answer).await;
    world.gateway.advance(30).await;
    let status = owner.get("/gerbang/").await;
    // A recovery code is no code of the app.
    let refused = send(&owner, &status, "/disable", &[("code", &old[0])]).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    let done = send(&owner, &status, "/disable", &[("code", &phone.code())]).await;
    assert!(
        done.has("Kode pemulihan Anda tidak berlaku lagi."),
        "{done:?}"
    );
    let refused = type_recovery(&late, &page, &old[0]).await;
    assert!(!refused.has(IN), "{refused:?}");
    assert_nobody(&late).await;
    let recovery = owner.get("/gerbang/recovery").await;
    assert_eq!(recovery.location(), "/eproc4/gerbang/", "{recovery:?}");
    let made = send(&owner, &status, "/recovery", &[("code", "123456")]).await;
    assert_eq!(made.location(), "/eproc4/gerbang/", "{made:?}");
    // The next activation has its own.
    let next = world.browser();
    let (_, new) = activate_with_codes(&next, "PPK301").await;
    assert!(
        recover(&world.browser(), "PPK301", &old[2])
            .await
            .has(WRONG)
    );
    assert!(recover(&world.browser(), "PPK301", &new[2]).await.has(IN));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_typed_for_one_waiting_login_opens_no_other() {
    let world = World::start(SessionMode::NewId).await;
    let (_, codes) = activate_with_codes(&world.browser(), "PPK301").await;
    let (one, two) = (world.browser(), world.browser());
    let (first, second) = (
        password(&one, "PPK301").await,
        password(&two, "PPK301").await,
    );
    let page = to_recovery(&one, &first).await;
    // The ticket of another browser, the form of another page, no ticket at all.
    let stolen = type_recovery(&two, &page, &codes[0]).await;
    assert_eq!(stolen.status, 401, "{stolen:?}");
    let own = to_recovery(&two, &second).await;
    let (reference, csrf) = (own.hidden("r"), page.hidden("csrf"));
    let fields = [
        ("r", reference.as_str()),
        ("csrf", &csrf),
        ("code", &codes[0]),
    ];
    let forged = two.post("/gerbang/acceptor/recovery", &fields).await;
    assert_eq!(forged.status, 403, "{forged:?}");
    let fields = [("r", reference.as_str()), ("csrf", &csrf)];
    let forged = two.post("/gerbang/acceptor/switch", &fields).await;
    assert_eq!(forged.status, 403, "{forged:?}");
    assert_nobody(&two).await;
    // Nothing of it was counted or used.
    assert!(type_recovery(&one, &page, &codes[0]).await.has(IN));
    // A cancelled login takes none.
    let fields = [("r", own.hidden("r")), ("csrf", own.hidden("csrf"))];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
    two.post("/gerbang/acceptor/cancel", &fields).await;
    let over = type_recovery(&two, &own, &codes[1]).await;
    assert_eq!(over.status, 401, "{over:?}");
    assert_nobody(&two).await;
}
