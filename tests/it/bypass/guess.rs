//! Guessing and racing (threats.md rows 21 to 23, 29, 32, 35, 45).

use crate::support::browser::{Ask, Browser};
use crate::support::login::{assert_home, assert_nobody, due, first, password, to_page, type_code};
use crate::support::wire::Response;
use crate::support::{World, quick};
use spse_standin::SessionMode;

/// So many logins of one account that all wait for its code.
async fn waiting(world: &World, count: usize) -> Vec<(Browser, Response)> {
    let mut all = Vec::new();
    for _ in 0..count {
        let browser = world.browser();
        let form = browser.get("/publik/formlogin").await;
        let fields =
            crate::support::login::one_step_fields("PPK301", &form.hidden("authenticityToken"));
        let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let answer = browser.post("/login", &fields).await;
        let page = to_page(&browser, &answer, "acceptor").await;
        all.push((browser, page));
    }
    all
}

async fn all_at_once(all: &[(Browser, Response)], code: &str) -> Vec<u16> {
    let tasks: Vec<_> = all
        .iter()
        .map(|(browser, page)| {
            let (browser, page, code) = (browser.clone(), page.clone(), code.to_owned());
            tokio::spawn(async move { type_code(&browser, &page, &code).await.status })
        })
        .collect();
    let mut statuses = Vec::new();
    for task in tasks {
        statuses.push(task.await.unwrap());
    }
    statuses
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_code_for_64_logins_at_once_is_accepted_exactly_once() {
    let world = World::start(SessionMode::ServerSide).await;
    let mut phone = first(&world.browser(), "PPK301").await;
    let all = waiting(&world, 64).await;
    let statuses = all_at_once(&all, &phone.code()).await;
    let won = statuses.iter().filter(|status| **status == 303).count();
    assert_eq!(won, 1, "{statuses:?}");
    assert!(
        statuses.iter().all(|s| matches!(s, 303 | 422 | 429)),
        "{statuses:?}"
    );
    let mut inside = 0;
    for (browser, _) in &all {
        let page = browser.get("/paket").await;
        inside += usize::from(page.has("[PPK301]"));
    }
    assert_eq!(inside, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_by_64_logins_at_once_are_all_counted() {
    let world = World::with(quick(SessionMode::NewId), |gateway| gateway.moving_clock()).await;
    let mut phone = first(&world.browser(), "PPK301").await;
    let all = waiting(&world, 64).await;
    let statuses = all_at_once(&all, &phone.wrong()).await;
    let compared = statuses.iter().filter(|status| **status == 422).count();
    assert!(
        (1..=3).contains(&compared),
        "{compared} codes were compared: {statuses:?}"
    );
    assert!(
        statuses.iter().all(|s| matches!(s, 422 | 429)),
        "{statuses:?}"
    );
    // A new session does not begin to count anew, and neither does a restart.
    let mut world = world;
    world.gateway.restart_after_kill().await;
    let browser = world.browser();
    let answer = password(&browser, "PPK301").await;
    let page = to_page(&browser, &answer, "acceptor").await;
    if compared == 3 {
        let refused = type_code(&browser, &page, &phone.peek()).await;
        assert_eq!(refused.status, 429, "{refused:?}");
    }
    world.gateway.advance(31).await;
    let done = type_code(&browser, &page, &phone.code()).await;
    assert_eq!(done.status, 303, "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_without_the_password_can_count_against_the_owner() {
    let world = World::start(SessionMode::ServerSide).await;
    let mut phone = first(&world.browser(), "PPK301").await;
    let owner = world.browser();
    let answer = password(&owner, "PPK301").await;
    let page = to_page(&owner, &answer, "acceptor").await;
    let stranger = world.browser();
    for n in 0..60 {
        let typed = type_code(&stranger, &page, &format!("{n:06}")).await;
        assert_eq!(typed.status, 401, "{typed:?}");
        let form = stranger.get("/publik/formlogin").await;
        let token = form.hidden("authenticityToken");
        let fields = [
            ("authenticityToken", token.as_str()),
            ("txtUserId", "PPK301"),
            ("txtPassword", "tebakan"),
            ("isRekanan", "false"),
        ];
        let wrong = stranger.post("/login", &fields).await;
        assert!(due(&wrong).is_none(), "{wrong:?}");
    }
    let done = type_code(&owner, &page, &phone.code()).await;
    assert_eq!(done.status, 303, "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_not_shown_again_once_it_is_confirmed() {
    let world = World::start(SessionMode::ServerSide).await;
    let browser = world.browser();
    let answer = password(&browser, "PPK301").await;
    let page = to_page(&browser, &answer, "activation").await;
    let copy = browser.thief();
    let mut phone = crate::support::login::scan(&browser, &page);
    type_code(&browser, &page, &phone.code()).await;
    let grouped: String = phone
        .key
        .as_bytes()
        .chunks(4)
        .map(|four| String::from_utf8_lossy(four).into_owned())
        .collect::<Vec<_>>()
        .join(" ");
    for someone in [&browser, &copy] {
        for path in [
            answer.location(),
            "/eproc4/gerbang/activation".into(),
            "/eproc4/gerbang/".into(),
        ] {
            let shown = someone.get(&path).await;
            let shown = someone.follow(shown).await;
            assert!(
                !shown.has(&phone.key) && !shown.has(&grouped),
                "{path} {shown:?}"
            );
        }
    }
    let range = Ask::get("/gerbang/").with("Range", "bytes=0-10");
    let answer = browser.fetch(range).await;
    assert_eq!(
        (answer.status, answer.header("cache-control")),
        (200, "no-store"),
        "{answer:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_secret_stands_in_the_log_even_at_its_most_talkative() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| {
        gateway.set("log", "level", "\"trace\"")
    })
    .await;
    let browser = world.browser();
    let answer = password(&browser, "PPK301").await;
    let ticket = browser
        .jar()
        .into_iter()
        .find(|(name, _)| name.contains(".t."))
        .unwrap()
        .1;
    let before = browser.jar();
    let page = to_page(&browser, &answer, "activation").await;
    let mut phone = crate::support::login::scan(&browser, &page);
    let code = phone.code();
    type_code(&browser, &page, &code).await;
    assert_home(&browser, "PPK301").await;
    let malformed = format!(
        "GET /eproc4/ HTTP/1.1\r\nHost: {}\r\nCookie: gerbang-eproc4={}\r\nbad header\r\n\r\n",
        browser.host,
        browser.jar()["gerbang-eproc4"]
    );
    browser.raw(malformed.as_bytes()).await;
    let log = world.gateway.log();
    assert!(!log.is_empty());
    let mut secrets = vec!["Rahasia-PPK301".to_owned(), phone.key.clone(), ticket, code];
    secrets.extend(before.values().filter(|value| value.len() > 8).cloned());
    secrets.extend(browser.jar().values().cloned());
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret} stands in the log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stricter_policy_reaches_a_session_at_its_next_request() {
    for mode in SessionMode::ALL {
        let world = World::with(quick(mode), |gateway| gateway.default_mode("off")).await;
        let browser = world.browser();
        password(&browser, "PPK301").await;
        assert_home(&browser, "PPK301").await;
        let set = ["policy", "set", "--everybody", "--mode", "required"];
        let why = ["--reason", "SE 12/2026", "--yes"];
        world.gateway.cli(&[&set[..], &why[..]].concat()).done();
        let copy = browser.thief();
        assert_nobody(&copy).await;
        let page = browser.get("/paket").await;
        if let Some(path) = due(&page) {
            assert!(path.contains("/activation?"), "{mode:?} {page:?}");
        }
        first(&world.browser(), "PPK301").await;
    }
}
