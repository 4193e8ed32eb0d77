//! Guessing, racing and burning (threats.md rows 21 and 61).

use super::{
    BUTTON, IN, USED, WRONG, activate_with_codes, left, recover, stranger, to_recovery,
    type_recovery, with_clock,
};
use crate::support::browser::Browser;
use crate::support::login::{accept, assert_home, assert_nobody, password, to_page, type_code};
use crate::support::wire::Response;
use crate::support::{World, quick};
use spse_standin::SessionMode;

/// So many browsers that stand before the page for a recovery code.
async fn waiting(world: &World, count: usize) -> Vec<(Browser, Response)> {
    let mut all = Vec::new();
    for _ in 0..count {
        let browser = world.browser();
        let answer = password(&browser, "PPK301").await;
        let page = to_recovery(&browser, &answer).await;
        all.push((browser, page));
    }
    all
}

async fn all_at_once(all: &[(Browser, Response)], code: impl Fn(usize) -> String) -> Vec<Response> {
    let tasks: Vec<_> = all
        .iter()
        .enumerate()
        .map(|(at, (browser, page))| {
            let (browser, page, code) = (browser.clone(), page.clone(), code(at));
            tokio::spawn(async move { type_recovery(&browser, &page, &code).await })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

#[tokio::test(flavor = "multi_thread")]
async fn of_sixteen_browsers_with_one_code_exactly_one_gets_in() {
    let world = World::start(SessionMode::ServerSide).await;
    let owner = world.browser();
    let (_, codes) = activate_with_codes(&owner, "PPK301").await;
    let all = waiting(&world, 16).await;
    let answers = all_at_once(&all, |_| codes[0].clone()).await;
    let won = answers.iter().filter(|answer| answer.has(IN)).count();
    assert_eq!(won, 1, "{answers:?}");
    let lost = answers.iter().filter(|answer| !answer.has(IN));
    for answer in lost {
        // Or one that has to come again in a second, since so many wrote at once.
        assert!(
            answer.has(USED) || answer.status == 429,
            "{} {answer:?}",
            answer.status
        );
    }
    let mut inside = 0;
    for (browser, _) in &all {
        inside += usize::from(browser.get("/paket").await.has("[PPK301]"));
    }
    assert_eq!(inside, 1);
    assert_eq!(left(&owner).await, "9 dari 10");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_codes_at_the_same_moment_are_two_logins() {
    let world = World::start(SessionMode::NewId).await;
    let owner = world.browser();
    let (_, codes) = activate_with_codes(&owner, "PPK301").await;
    for pair in codes.chunks(2).take(3) {
        let all = waiting(&world, 2).await;
        let answers = all_at_once(&all, |at| pair[at].clone()).await;
        assert!(answers.iter().all(|answer| answer.has(IN)), "{answers:?}");
        for (browser, _) in &all {
            assert_home(browser, "PPK301").await;
        }
    }
    assert_eq!(left(&owner).await, "4 dari 10");
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_are_counted_slowed_and_survive_a_restart() {
    let mut world = with_clock(SessionMode::InCookie).await;
    let (_, codes) = activate_with_codes(&world.browser(), "PPK301").await;
    let browser = world.browser();
    let answer = password(&browser, "PPK301").await;
    let page = to_recovery(&browser, &answer).await;
    for n in 0..3 {
        let refused = type_recovery(&browser, &page, &stranger(n)).await;
        assert_eq!(refused.status, 422, "{refused:?}");
        assert!(refused.has(WRONG), "{refused:?}");
        // A reload sends the same again: neither compared nor counted.
        let reloaded = type_recovery(&browser, &page, &stranger(n)).await;
        assert_eq!(reloaded.status, 422, "{reloaded:?}");
    }
    let slowed = type_recovery(&browser, &page, &codes[0]).await;
    assert_eq!(slowed.status, 429, "{slowed:?}");
    assert!(slowed.has("Terlalu banyak percobaan."), "{slowed:?}");
    world.gateway.restart_after_kill().await;
    let told = format!("/gerbang/acceptor/recovery?r={}", page.hidden("r"));
    let told = browser.get(&told).await;
    assert_eq!(told.status, 200, "{told:?}");
    assert!(told.has("Terlalu banyak percobaan."), "{told:?}");
    let slowed = type_recovery(&browser, &page, &codes[0]).await;
    assert_eq!(slowed.status, 429, "{slowed:?}");
    let shown = world.gateway.cli(&["user", "show", "PPK301"]).done();
    assert!(
        shown.contains("3 in a row (Recovery, lane Unknown)"),
        "{shown}"
    );
    let explained = world.gateway.cli(&["explain", "user", "PPK301"]).done();
    assert!(explained.contains("(Recovery, lane Unknown): the next one is taken"));
    world.gateway.advance(31).await;
    let done = type_recovery(&browser, &page, &codes[0]).await;
    assert!(done.has(IN), "{done:?}");
    // Success cleared the lane.
    let shown = world.gateway.cli(&["user", "show", "PPK301"]).done();
    assert!(!shown.contains("in a row"), "{shown}");
}

/// One wave of somebody who has the password: as many codes of both kinds as he is let.
async fn wave(world: &World, n: u8) -> (u32, u32) {
    let attacker = world.browser();
    let answer = password(&attacker, "PPK301").await;
    let acceptor = to_page(&attacker, &answer, "acceptor").await;
    let (mut digits, mut recovery) = (0, 0);
    for guess in 0..4_u32 {
        let code = format!("{:06}", u32::from(n) * 4 + guess);
        let refused = type_code(&attacker, &acceptor, &code).await;
        assert!(matches!(refused.status, 422 | 429), "{refused:?}");
        digits += u32::from(refused.status == 422);
    }
    let page = to_recovery(&attacker, &answer).await;
    for guess in 0..5_u8 {
        let refused = type_recovery(&attacker, &page, &stranger(n ^ (guess << 5))).await;
        assert!(matches!(refused.status, 422 | 429), "{refused:?}");
        recovery += u32::from(refused.status == 422);
    }
    assert_nobody(&attacker).await;
    (digits, recovery)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_attack_with_the_password_keeps_nobody_out() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| {
        gateway.moving_clock()
    })
    .await;
    let known = world.browser();
    let (mut phone, codes) = activate_with_codes(&known, "PPK301").await;
    let (mut digits, mut recovery) = (0, 0);
    for n in 0..24 {
        let (d, r) = wave(&world, n).await;
        digits += d;
        recovery += r;
        world.gateway.advance(3_600).await;
    }
    // Right up to the deadline, and once more at this very moment.
    recovery += wave(&world, 24).await.1;
    assert_eq!(digits, 20, "the lane of strangers is used up");
    assert!(
        recovery >= 72,
        "{recovery}: he was let guess, in his own logins"
    );

    // The owner on a computer that nobody knows: the page names the way, and it is open at once.
    let begun = phone.now();
    let fresh = world.browser();
    let answer = password(&fresh, "PPK301").await;
    let exhausted = accept(&fresh, &answer, &phone.code()).await;
    assert_eq!(exhausted.status, 429, "{exhausted:?}");
    assert!(
        exhausted.has("Gunakan kode pemulihan atau hubungi") && exhausted.has(BUTTON),
        "{exhausted:?}"
    );
    let page = to_recovery(&fresh, &answer).await;
    let done = type_recovery(&fresh, &page, &codes[0]).await;
    assert!(done.has(IN), "{done:?}");
    assert_home(&fresh, "PPK301").await;
    // And in the browser that he always uses, by his phone.
    let answer = password(&known, "PPK301").await;
    let home = known.follow(answer.clone()).await;
    let done = match home.has("[PPK301]") {
        true => home,
        false => {
            let done = accept(&known, &answer, &phone.code()).await;
            assert_eq!(done.status, 303, "{done:?}");
            known.follow(done).await
        }
    };
    assert!(done.has("[PPK301]"), "{done:?}");
    assert!(phone.now() - begun < 120, "it took more than two minutes");
    // The browser that came in by a recovery code is known from now on: its lane is its own.
    world.gateway.advance(60).await;
    fresh.post("/logout", &[]).await;
    let answer = password(&fresh, "PPK301").await;
    let done = accept(&fresh, &answer, &phone.code()).await;
    assert_eq!(done.status, 303, "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_nowhere_but_on_the_page() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| {
        gateway.set("log", "level", "\"trace\"")
    })
    .await;
    let (_, codes) = activate_with_codes(&world.browser(), "PPK301").await;
    recover(&world.browser(), "PPK301", &codes[0]).await;
    recover(&world.browser(), "PPK301", &codes[0]).await;
    let audit = world.gateway.cli(&["audit", "tail", "-n", "50"]).done();
    assert!(
        audit.contains(r#""factor":"Recovery","lane":"Unknown","left":9"#),
        "{audit}"
    );
    assert!(audit.contains(r#""factor":"Recovery","lane":"Unknown","reason":"used""#));
    let mut kept = world.gateway.log().into_bytes();
    kept.extend(audit.into_bytes());
    let shown = world.gateway.cli(&["--json", "user", "show", "PPK301"]);
    kept.extend(shown.out.into_bytes());
    let mut folders = vec![world.gateway.state()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => kept.extend(std::fs::read(path).unwrap_or_default()),
            }
        }
    }
    for code in &codes {
        let bare = code.replace('-', "");
        for form in [code.clone(), bare.clone(), bare.to_lowercase()] {
            assert!(
                crate::support::find(&kept, form.as_bytes()).is_none(),
                "{form} is kept somewhere"
            );
        }
    }
}
