//! No subset of the cookies that a browser holds before the second factor opens anything private.

use crate::support::browser::{Ask, Browser};
use crate::support::login::{
    again, first, password, to_page, type_code, type_password, user, user_id,
};
use crate::support::{World, assert_nothing_private, quick};
use spse_standin::{Config, SessionMode};

/// Pages, fragments, JSON, downloads, event stream, and pages below exempt and public prefixes.
pub(super) const PRIVATE: [&str; 11] = [
    "/home",
    "/paket",
    "/beranda/nontender",
    "/user/viewuser?userid=PPK301",
    "/dt/paket-ppk?status=1",
    "/paket/unduh.csv",
    "/dokumen/unduh/1?bytes=300",
    "/nontender/5301194",
    "/notifikasi/arus?ticks=1",
    "/lt17/token",
    "/user/logakses",
];

type Pairs = Vec<(String, String)>;

fn line(pairs: &[&(String, String)]) -> String {
    pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join("; ")
}

/// Everything that the jar holds now and that was not noted before.
fn note(held: &mut Pairs, browser: &Browser) {
    for pair in browser.jar() {
        if !held.contains(&pair) {
            held.push(pair);
        }
    }
}

/// Asks for everything private with every subset.
async fn try_all(world: &World, held: &Pairs, with_posts: bool) -> usize {
    let thief = world.browser();
    let mut count = 0;
    for mask in 0u32..1 << held.len() {
        let chosen: Vec<&(String, String)> = held
            .iter()
            .enumerate()
            .filter(|(n, _)| mask & (1 << n) != 0)
            .map(|(_, p)| p)
            .collect();
        let line = line(&chosen);
        let with = |ask: Ask| {
            if line.is_empty() {
                ask
            } else {
                ask.with("Cookie", &line)
            }
        };
        for path in PRIVATE {
            let nothing = Default::default();
            let script = mask % 2 == 0;
            let ask = if script {
                Ask::get(path).xhr()
            } else {
                Ask::get(path)
            };
            let answer = thief.fetch(with(ask.cookies(&nothing))).await;
            assert_ne!(answer.status, 0, "{path} with {line}");
            count += 1;
        }
        if with_posts {
            let nothing = Default::default();
            let ask = Ask::form("/pesan", &[("isi", "dari pencuri")])
                .xhr()
                .cookies(&nothing);
            thief.fetch(with(ask)).await;
            count += 1;
        }
    }
    assert_nothing_private(&thief.seen());
    count
}

async fn no_subset_opens_anything(mode: SessionMode) {
    let config = Config {
        check_tokens: false,
        ..quick(mode)
    };
    let world = World::with(config, |gateway| {
        gateway
            .set("limits", "waiting_post_seconds", "1")
            .set("login", "acceptor_window_seconds", "600")
            .set("login", "extensions_max", "0")
            .moving_clock()
    })
    .await;
    let browser = world.browser();
    let mut phone = first(&browser, "PPK301").await;
    let ask = browser.get("/gerbang/logout").await;
    let mut held: Pairs = Vec::new();
    // The seal of a session that is over, and the mark of the known browser.
    note(&mut held, &browser);
    browser
        .post("/gerbang/logout", &[("csrf", &ask.hidden("csrf"))])
        .await;

    browser.get("/").await;
    note(&mut held, &browser);
    let form = user_id(&browser, "PPK301").await;
    note(&mut held, &browser);
    let answer = {
        let hold = world.standin.hold_answer("/loginpass");
        let tab = browser.clone();
        let secret = user("PPK301").password;
        let login = tokio::spawn(async move { type_password(&tab, &form, &secret).await });
        hold.wait_for_arrival().await;
        // Logged in upstream, and not yet answered.
        world.standin.clear_records();
        let now: Pairs = held.clone();
        try_all(&world, &now, false).await;
        hold.release();
        login.await.unwrap()
    };
    note(&mut held, &browser);
    let page = to_page(&browser, &answer, "acceptor").await;
    note(&mut held, &browser);
    // Three sessions at most (before, during, after the password), ticket, seal, known browser.
    assert!((4..=9).contains(&held.len()), "{held:?}");
    assert!(
        held.iter().any(|(name, _)| name.contains(".t.")),
        "{held:?}"
    );
    let count = try_all(&world, &held, true).await;
    assert!(count >= 16 * PRIVATE.len(), "{count}");
    let reached = world.private_requests();
    let reached: Vec<_> = reached
        .iter()
        .filter(|r| r.path != "/eproc4/loginpass")
        .collect();
    assert!(reached.is_empty(), "{mode:?} {reached:?}");
    // The login was there for the taking all the time.
    world.gateway.advance(31).await;
    let done = type_code(&browser, &page, &phone.code()).await;
    assert_eq!(done.status, 303, "{mode:?} {done:?}");
    again(&world.browser(), "PPK301", &mut phone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_subset_of_the_cookies_opens_anything_before_the_second_factor() {
    no_subset_opens_anything(SessionMode::ServerSide).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_subset_opens_anything_where_the_user_is_in_the_cookie() {
    no_subset_opens_anything(SessionMode::InCookie).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_subset_opens_anything_where_a_login_changes_the_id() {
    no_subset_opens_anything(SessionMode::NewId).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_cookie_of_an_activation_opens_anything_either() {
    for mode in SessionMode::ALL {
        let world = World::start(mode).await;
        let browser = world.browser();
        let mut held: Pairs = Vec::new();
        browser.get("/").await;
        note(&mut held, &browser);
        let answer = password(&browser, "PPK301").await;
        note(&mut held, &browser);
        let page = to_page(&browser, &answer, "activation").await;
        try_all(&world, &held, false).await;
        let mut phone = crate::support::login::scan(&browser, &page);
        let done = type_code(&browser, &page, &phone.code()).await;
        assert_eq!(done.status, 200, "{mode:?} {done:?}");
        // And none of them opens anything afterwards.
        try_all(&world, &held, false).await;
        crate::support::login::assert_home(&browser, "PPK301").await;
    }
}
