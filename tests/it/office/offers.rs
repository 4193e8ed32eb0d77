//! `encouraged`: "nanti saja", so often or until a date.

use super::{press, set};
use crate::support::login::{activate, again, assert_home, assert_nobody, password, to_page};
use crate::support::{World, quick};
use spse_standin::SessionMode;

const LATER: &str = "Nanti saja";

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_is_put_off_as_often_as_allowed_and_then_required() {
    for mode in SessionMode::ALL {
        let mut world = World::with(quick(mode), |gateway| gateway).await;
        set(&world, &["--mode", "encouraged", "--skips", "2"]);
        let browser = world.browser();
        let answer = password(&browser, "PPK301").await;
        assert_nobody(&browser.thief()).await;
        let page = to_page(&browser, &answer, "activation").await;
        assert!(
            page.has(LATER) && page.has("Bisa ditunda 2 kali lagi."),
            "{page:?}"
        );
        // The second click of a double click is the same one.
        let clicked = browser.thief();
        let first = press(&browser, &page, "/later", None).await;
        let second = press(&clicked, &page, "/later", None).await;
        assert_eq!(
            (first.status, second.status),
            (303, 303),
            "{mode:?} {second:?}"
        );
        assert_eq!(first.location(), second.location());
        assert_home(&browser, "PPK301").await;

        world.gateway.restart().await;
        let other = world.browser();
        let answer = password(&other, "PPK301").await;
        let page = to_page(&other, &answer, "activation").await;
        assert!(page.has("Bisa ditunda 1 kali lagi."), "{page:?}");
        press(&other, &page, "/later", None).await;
        assert_home(&other, "PPK301").await;

        let third = world.browser();
        let answer = password(&third, "PPK301").await;
        let page = to_page(&third, &answer, "activation").await;
        assert!(!page.has(LATER), "{page:?}");
        let refused = press(&third, &page, "/later", None).await;
        assert!(refused.location().contains("/activation?"), "{refused:?}");
        assert_nobody(&third).await;
        let said = world.gateway.cli(&["user", "show", "ppk301"]).done();
        assert!(said.contains("nanti saja    2 times"), "{said}");
        let mut phone = activate(&third, &answer).await;
        assert_home(&third, "PPK301").await;
        again(&world.browser(), "PPK301", &mut phone).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_clicks_at_once_put_off_once() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| gateway).await;
    set(&world, &["--mode", "encouraged", "--skips", "5"]);
    let mut waiting = Vec::new();
    for _ in 0..3 {
        let browser = world.browser();
        let answer = password(&browser, "PPK301").await;
        let page = to_page(&browser, &answer, "activation").await;
        waiting.push((browser, page));
    }
    let clicks = waiting
        .iter()
        .flat_map(|(browser, page)| (0..4).map(move |_| press(browser, page, "/later", None)));
    futures(clicks).await;
    let said = world.gateway.cli(&["user", "show", "PPK301"]).done();
    // At most one for each login; two that ended at the same moment may have been one write.
    let times = (1..=3).any(|n| said.contains(&format!("nanti saja    {n} times")));
    assert!(times, "{said}");
}

async fn futures<F: Future<Output = crate::support::wire::Response>>(all: impl Iterator<Item = F>) {
    let mut pending: Vec<_> = all.map(Box::pin).collect();
    std::future::poll_fn(|cx| {
        pending.retain_mut(|future| future.as_mut().poll(cx).is_pending());
        if pending.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_activated_is_not_offered_to_put_the_code_off() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| gateway).await;
    set(&world, &["--mode", "encouraged"]);
    let owner = world.browser();
    let answer = password(&owner, "PPK301").await;
    // Somebody else with the password waits at the same time.
    let thief = world.browser();
    let stolen = password(&thief, "PPK301").await;
    let his_page = to_page(&thief, &stolen, "activation").await;
    activate(&owner, &answer).await;
    let refused = press(&thief, &his_page, "/later", None).await;
    assert_ne!(refused.status, 200, "{refused:?}");
    assert_nobody(&thief).await;
    let next = password(&thief, "PPK301").await;
    let page = to_page(&thief, &next, "acceptor").await;
    assert!(!page.has(LATER), "{page:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flip_while_the_page_is_open_decides_and_a_date_ends_it() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| {
        gateway.moving_clock()
    })
    .await;
    set(&world, &["--mode", "required", "--from", "2d"]);
    let browser = world.browser();
    let answer = password(&browser, "PPK301").await;
    let page = to_page(&browser, &answer, "activation").await;
    assert!(
        page.has(LATER) && page.has("Aktivasi wajib mulai"),
        "{page:?}"
    );
    press(&browser, &page, "/later", None).await;
    assert_home(&browser, "PPK301").await;

    let late = world.browser();
    let answer = password(&late, "PPK2").await;
    let page = to_page(&late, &answer, "activation").await;
    set(&world, &["--mode", "required"]);
    let refused = press(&late, &page, "/later", None).await;
    assert!(refused.location().contains("/activation?"), "{refused:?}");
    assert_nobody(&late).await;
    // It reaches the session that was let in before, at its next request.
    let stopped = browser.get("/paket").await;
    assert!(stopped.location().contains("/activation?"), "{stopped:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_or_foreign_form_puts_nothing_off() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| gateway).await;
    set(&world, &["--mode", "encouraged", "--skips", "3"]);
    let browser = world.browser();
    let answer = password(&browser, "PPK301").await;
    let page = to_page(&browser, &answer, "activation").await;
    let stranger = world.browser();
    let refused = press(&stranger, &page, "/later", None).await;
    assert!(refused.status >= 400, "{refused:?}");
    let reference = page.hidden("r");
    let forged = browser
        .post(
            "/gerbang/activation/later",
            &[("r", &reference), ("csrf", "x")],
        )
        .await;
    assert_eq!(forged.status, 403, "{forged:?}");
    let shown = browser.get("/gerbang/activation/later").await;
    assert_eq!(shown.status, 303, "{shown:?}");
    assert_nobody(&browser).await;
    let said = world.gateway.cli(&["user", "show", "PPK301"]).done();
    assert!(!said.contains("nanti saja"), "{said}");
}
