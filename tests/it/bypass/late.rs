//! Answers that began before the login (threats.md row 64), floods (60), stuck browsers and
//! parallel work (66).

use crate::support::browser::{Ask, Browser};
use crate::support::login::{accept, activate, assert_home, due, first, password};
use crate::support::{World, assert_nothing_private, find, is_errand, quick};
use spse_standin::{Config, FaultKind, LoginAnswer, SESSION_COOKIE, SessionMode};
use std::time::Duration;
use tokio::time::sleep;

#[tokio::test(flavor = "multi_thread")]
async fn an_event_stream_that_began_before_the_login_ends_with_it() {
    for mode in SessionMode::ALL {
        let world = World::start(mode).await;
        let mut phone = first(&world.browser(), "PPK301").await;
        let browser = world.browser();
        browser.get("/").await;
        let mut stream = browser.connect().await;
        stream
            .send(&browser.bytes(&Ask::get("/notifikasi/arus")))
            .await;
        while find(stream.buffer(), b"belum login").is_none() {
            assert!(
                stream.read_within(Duration::from_secs(10)).await,
                "{mode:?}: no event came"
            );
        }
        let answer = password(&browser, "PPK301").await;
        let waiting = stream.ends_within(Duration::from_secs(3)).await;
        assert!(
            waiting || mode != SessionMode::ServerSide,
            "{mode:?}: the stream goes on"
        );
        assert_nothing_private(stream.buffer());
        let done = accept(&browser, &answer, &phone.code()).await;
        assert_eq!(done.status, 303, "{mode:?} {done:?}");
        stream.ends_within(Duration::from_millis(300)).await;
        assert_nothing_private(stream.buffer());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_held_up_from_before_the_login_bring_nothing_private() {
    const PATHS: [&str; 5] = [
        "/nontender/5301194",
        "/dt/paket-ppk",
        "/paket/unduh.csv",
        "/user/viewuser?userid=PPK301",
        "/lt17/token",
    ];
    for mode in SessionMode::ALL {
        let world = World::with(quick(mode), |gateway| {
            gateway.set("limits", "waiting_post_seconds", "1")
        })
        .await;
        let mut phone = first(&world.browser(), "PPK301").await;
        for path in PATHS {
            let browser = world.browser();
            browser.get("/").await;
            let hold = world.standin.hold(path.split('?').next().unwrap());
            let tab = browser.thief();
            let ask = Ask::get(path).cookies(&browser.jar());
            let late = tokio::spawn(async move {
                tab.fetch(ask).await;
                tab.seen()
            });
            hold.wait_for_arrival().await;
            // The probe's pages are not held.
            let answer = password(&browser, "PPK301").await;
            assert_eq!(answer.status, 303, "{mode:?} {path} {answer:?}");
            drop(hold);
            assert_nothing_private(&late.await.unwrap());
            if path == PATHS[0] {
                let done = accept(&browser, &answer, &phone.code()).await;
                assert_eq!(done.status, 303, "{mode:?} {path} {done:?}");
                assert_home(&browser, "PPK301").await;
            }
        }
    }
}

/// Who was logged in when the requests for a path arrived that are not the gateway's own.
fn arrived(world: &World, path: &str) -> Vec<Option<String>> {
    let records = world.standin.records();
    let of_it = records
        .iter()
        .filter(|r| r.path.ends_with(path) && !is_errand(r));
    of_it.map(|r| r.user_before.clone()).collect()
}

/// Id of the session that the browser holds.
fn session_id(browser: &Browser) -> Option<String> {
    let value = browser.jar().get(SESSION_COOKIE)?.clone();
    let (_, id) = value.split_once("___ID=")?;
    Some(id.chars().take(36).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn beside_what_may_be_a_hop_nothing_unlisted_is_carried_out() {
    let config = Config {
        sso_tokens: vec![("hop".into(), "PPK301".into())],
        check_tokens: false,
        ..quick(SessionMode::ServerSide)
    };
    let world = World::with(config, |gateway| {
        gateway.set("limits", "waiting_post_seconds", "2")
    })
    .await;
    let browser = world.browser();
    browser.get("/").await;
    let before = session_id(&browser);
    let hold = world.standin.hold("/sso/masuk");
    let tab = browser.clone();
    let hop = tokio::spawn(async move { tab.fetch(Ask::get("/sso/masuk?token=hop")).await });
    hold.wait_for_arrival().await;
    // A page that nobody knows goes without the session after a while; a message waits and is
    // refused; what is public goes at once and keeps its session.
    let (page, message, list) = tokio::join!(
        browser.fetch(Ask::get("/user/logakses")),
        browser.fetch(Ask::form("/pesan", &[("isi", "x")]).xhr()),
        browser.fetch(Ask::get("/dt/lelang").xhr()),
    );
    assert!(before.is_some());
    assert_eq!(page.status, 403, "{page:?}");
    assert_eq!((message.status, list.status), (503, 200), "{message:?}");
    assert_eq!(session_id(&browser), before);
    assert!(arrived(&world, "/pesan").is_empty());
    hold.release();
    assert!(due(&hop.await.unwrap()).is_some());
    assert_eq!(arrived(&world, "/user/logakses"), [None]);
    assert_nothing_private(&browser.seen());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hop_whose_answer_shows_nothing_opens_nothing_either() {
    let hop = "/sso/masuk?token=hop";
    for (what, method, fault) in [
        ("head", "HEAD", None),
        ("unreadable", "GET", Some(FaultKind::Utf16)),
        ("packed", "GET", Some(FaultKind::Gzip)),
        ("broken off", "GET", Some(FaultKind::ActThenClose)),
        ("an error", "GET", Some(FaultKind::ActThen500)),
    ] {
        for answer in [LoginAnswer::Page, LoginAnswer::Redirect] {
            let config = Config {
                sso_tokens: vec![("hop".into(), "PPK301".into())],
                sso_answer: answer,
                check_tokens: false,
                ..quick(SessionMode::ServerSide)
            };
            let world = World::with(config, |gateway| gateway).await;
            world.standin.set(|config| {
                if let Some(fault) = &fault {
                    config.fault("/sso", fault.clone());
                }
            });
            let browser = world.browser();
            browser.get("/").await;
            let jar = browser.jar();
            browser.fetch(Ask::new(method, hop).cookies(&jar)).await;
            let logged_in = |r: &spse_standin::Record| r.user_after.as_deref() == Some("PPK301");
            assert!(world.standin.records().iter().any(logged_in), "{what}");
            for ask in [
                Ask::form("/pesan", &[("isi", "x")]).xhr(),
                Ask::get("/user/logakses"),
                Ask::get("/dt/paket-ppk").xhr(),
            ] {
                browser.fetch(ask.cookies(&jar)).await;
            }
            for path in ["/pesan", "/dt/paket-ppk"] {
                let users = arrived(&world, path);
                assert!(users.iter().all(Option::is_none), "{what} {path} {users:?}");
            }
            assert_nothing_private(&browser.seen());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_page_of_a_visitor_is_cut_when_its_session_logs_in() {
    let world = World::start(SessionMode::ServerSide).await;
    let browser = world.browser();
    browser.get("/").await;
    world.standin.set(|config| {
        let every = Duration::from_millis(30);
        config.fault("/dl/", FaultKind::SlowBody { bytes: 64, every });
    });
    let mut slow = browser.connect().await;
    slow.send(&browser.bytes(&Ask::get("/dl/9f86d081884c7d65?bytes=200000")))
        .await;
    assert_eq!(slow.head().await.status, 200);
    let answer = password(&browser, "PPK301").await;
    assert!(
        slow.ends_within(Duration::from_secs(5)).await,
        "the download goes on"
    );
    assert_nothing_private(&browser.seen());
    activate(&browser, &answer).await;
}

async fn message(browser: &Browser, n: usize) -> u16 {
    let text = format!("pesan {n}");
    browser
        .fetch(Ask::form("/pesan", &[("isi", &text)]).xhr())
        .await
        .status
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_posts_of_an_accepted_user_are_under_way_at_once() {
    for mode in SessionMode::ALL {
        let config = Config {
            check_tokens: false,
            ..quick(mode)
        };
        let world = World::with(config, |gateway| gateway).await;
        let browser = world.browser();
        first(&browser, "PPK301").await;
        let hold = world.standin.hold("/pesan");
        let posts: Vec<_> = (0..50)
            .map(|n| {
                let tab = browser.clone();
                tokio::spawn(async move { message(&tab, n).await })
            })
            .collect();
        hold.wait_for_arrivals(50).await;
        // Pages go on besides.
        assert_home(&browser, "PPK301").await;
        hold.release();
        for post in posts {
            assert_eq!(post.await.unwrap(), 200, "{mode:?}");
        }
        assert_home(&browser, "PPK301").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_blind_posts_does_not_keep_logins_out() {
    let config = Config {
        check_tokens: false,
        ..quick(SessionMode::ServerSide)
    };
    let world = World::with(config, |gateway| gateway).await;
    let mut phone = first(&world.browser(), "PPK301").await;
    world.standin.set(|config| {
        config.fault("/home", FaultKind::AnswerLate(Duration::from_millis(200)));
    });
    let flood: Vec<_> = (0..80)
        .map(|_| {
            let visitor = world.browser();
            tokio::spawn(async move {
                visitor.get("/lelang").await;
                for _ in 0..3 {
                    let status = visitor
                        .post("/publik/daftar", &[("txtEmail", "a@b")])
                        .await
                        .status;
                    assert!(matches!(status, 200 | 302 | 503), "{status}");
                }
                assert_nothing_private(&visitor.seen());
            })
        })
        .collect();
    sleep(Duration::from_millis(300)).await;
    let browser = world.browser();
    let answer = password(&browser, "PPK301").await;
    let done = accept(&browser, &answer, &phone.code()).await;
    assert_eq!(done.status, 303, "{done:?}");
    assert_home(&browser, "PPK301").await;
    for visitor in flood {
        visitor.await.unwrap();
    }
}
