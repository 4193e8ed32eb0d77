//! The running program under races and kills: one code opens one login, what was acknowledged
//! survives kill -9, and no answer reveals a write before its fsync.

use crate::support::World;
use crate::support::browser::{Ask, Browser, Jar};
use crate::support::login::{
    ACTIVATED, activate, assert_home, first, password, scan, to_page, type_code, user,
};
use crate::support::otp::{Phone, STEP, system_seconds};
use crate::support::wire::Response;
use ring::rand::{SecureRandom, SystemRandom};
use spse_standin::{CANARY, Config, SessionMode};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const WHO: &str = "PPK301";
const TASKS: usize = 64;
const SEAL: &str = "gerbang-eproc4";
/// Kills by default; the environment variable asks for another number.
const KILLS: usize = 200;
const KILLS_VARIABLE: &str = "GERBANG_KILLS";
/// Users who work at the same time while the gateway is killed.
const CROWD: [&str; 4] = ["PPK2", "POKJA1", "PP1", "AUDITOR1"];

/// A moment at which the next ten seconds belong to one step of the authenticator.
async fn early_in_a_step() {
    while system_seconds() % STEP > 12 {
        sleep(Duration::from_millis(200)).await;
    }
}

fn seal_of(answer: &Response) -> Option<String> {
    answer.cookie(SEAL).filter(|value| !value.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_64_waiting_logins_with_one_code_and_one_wins() {
    let world = World::start(SessionMode::ServerSide).await;
    let mut phone = first(&world.browser(), WHO).await;
    let mut waiting = Vec::new();
    for _ in 0..TASKS {
        let browser = world.browser();
        let answer = password(&browser, WHO).await;
        let page = to_page(&browser, &answer, "acceptor").await;
        waiting.push((browser, page));
    }
    early_in_a_step().await;
    let code = phone.code();
    let mut tasks = JoinSet::new();
    for (browser, page) in waiting {
        let code = code.clone();
        tasks.spawn(async move {
            let answer = type_code(&browser, &page, &code).await;
            (browser, answer)
        });
    }
    let (mut winners, mut statuses) = (Vec::new(), BTreeSet::new());
    while let Some(done) = tasks.join_next().await {
        let (browser, answer) = done.unwrap();
        statuses.insert(answer.status);
        match seal_of(&answer) {
            Some(_) => winners.push(browser),
            None => {
                assert!(matches!(answer.status, 401 | 422 | 429), "{answer:?}");
                let home = browser.get("/paket").await;
                assert_ne!(home.status, 200, "{home:?}");
            }
        }
    }
    assert_eq!(
        winners.len(),
        1,
        "acceptances of one code, statuses {statuses:?}"
    );
    assert_home(&winners[0], WHO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_one_ticket_sent_64_times_is_one_session() {
    for mode in SessionMode::ALL {
        let world = World::start(mode).await;
        let mut phone = first(&world.browser(), WHO).await;
        let browser = world.browser();
        let answer = password(&browser, WHO).await;
        let page = to_page(&browser, &answer, "acceptor").await;
        early_in_a_step().await;
        let code = phone.code();
        let mut tasks = JoinSet::new();
        for _ in 0..TASKS {
            let (copy, page, code) = (browser.thief(), page.clone(), code.clone());
            tasks.spawn(async move {
                let answer = type_code(&copy, &page, &code).await;
                (copy, answer)
            });
        }
        let mut copies = Vec::new();
        while let Some(done) = tasks.join_next().await {
            let (copy, answer) = done.unwrap();
            match seal_of(&answer) {
                Some(_) => copies.push(copy),
                None => assert!(
                    matches!(answer.status, 401 | 422 | 429),
                    "{mode:?} {answer:?}"
                ),
            }
        }
        assert!(!copies.is_empty(), "{mode:?}: nobody got in");
        // All of them are the same session: when one logs out, all are out.
        for copy in &copies {
            assert_home(copy, WHO).await;
        }
        let out = copies[0].post("/logout", &[]).await;
        assert!(matches!(out.status, 302 | 303), "{mode:?} {out:?}");
        for copy in &copies {
            let page = copy.get("/paket").await;
            assert_ne!(
                page.status, 200,
                "{mode:?}: a second session lives: {page:?}"
            );
        }
    }
}

/// What one of the crowd knows for certain.
struct Known {
    id: &'static str,
    /// The binding that was acknowledged.
    phone: Option<Phone>,
    /// The last entry that was scanned, acknowledged or not.
    scanned: Option<Phone>,
    /// Codes that were acknowledged.
    accepted: BTreeSet<String>,
    /// Every jar that a browser held when it was killed.
    jars: Vec<Jar>,
    /// The browser of the last acknowledged acceptance.
    home: Option<Browser>,
}

/// Tries a login as a person would, step by step, until it is through or nothing answers.
async fn work(browser: Browser, mut known: Known) -> Known {
    let done = timeout(Duration::from_secs(4), try_login(&browser, &mut known)).await;
    let _ = done;
    known.jars.push(browser.jar());
    known
}

async fn try_login(browser: &Browser, known: &mut Known) -> Option<()> {
    let person = user(known.id);
    let kind = person.kind.word();
    let form = ask(browser, &format!("/login?tipe={kind}")).await?;
    let token = hidden(&form, "authenticityToken")?;
    let fields = [
        ("authenticityToken", token.as_str()),
        ("tipe", kind),
        ("txtUserId", known.id),
    ];
    let answer = post(browser, "/login", &fields).await?;
    let form = ask(browser, &answer.location()).await?;
    let token = hidden(&form, "authenticityToken")?;
    let fields = [
        ("authenticityToken", token.as_str()),
        ("txtPassword", &person.password as &str),
    ];
    let answer = post(browser, "/loginpass", &fields).await?;
    let page = ask(browser, &answer.location()).await?;
    if page.has("otpauth://totp/") {
        assert!(
            known.phone.is_none(),
            "{}: an acknowledged binding is lost",
            known.id
        );
        let mut phone = scan(browser, &page);
        known.scanned = Some(phone.clone());
        let code = phone.code();
        let done = send_code(browser, &page, &code, "/gerbang/activation").await?;
        if done.has(ACTIVATED) {
            known.accepted.insert(code);
            known.phone = Some(phone);
            known.home = Some(browser.clone());
        }
        return Some(());
    }
    let mut phone = known.phone.clone().or_else(|| known.scanned.clone())?;
    let code = phone.code();
    let done = send_code(browser, &page, &code, "/gerbang/acceptor").await?;
    if seal_of(&done).is_some() {
        assert!(
            known.accepted.insert(code.clone()),
            "{}: {code} was taken twice",
            known.id
        );
        known.home = Some(browser.clone());
    }
    // Answered or not: the next login takes the next code.
    known.scanned = Some(phone.clone());
    if known.phone.is_some() || seal_of(&done).is_some() {
        known.phone = Some(phone);
    }
    Some(())
}

/// One request; nothing when the gateway has been killed and takes no connection, which is all
/// that can fail in there.
async fn fetch(browser: &Browser, ask: Ask) -> Option<Response> {
    let browser = browser.clone();
    tokio::spawn(async move { browser.fetch(ask).await })
        .await
        .ok()
}

async fn ask(browser: &Browser, path: &str) -> Option<Response> {
    if path.is_empty() {
        return None;
    }
    let answer = fetch(browser, Ask::get(path)).await?;
    Some(answer).filter(|answer| answer.status == 200)
}

async fn post(browser: &Browser, path: &str, fields: &[(&str, &str)]) -> Option<Response> {
    let answer = fetch(browser, Ask::form(path, fields)).await?;
    Some(answer).filter(|answer| matches!(answer.status, 200 | 302 | 303))
}

async fn send_code(browser: &Browser, page: &Response, code: &str, path: &str) -> Option<Response> {
    let (reference, csrf) = (hidden(page, "r")?, hidden(page, "csrf")?);
    post(
        browser,
        path,
        &[("r", &reference), ("csrf", &csrf), ("code", code)],
    )
    .await
}

fn hidden(page: &Response, name: &str) -> Option<String> {
    page.has(&format!("name=\"{name}\" value=\""))
        .then(|| page.hidden(name))
}

fn below(limit: u64) -> u64 {
    let mut bytes = [0; 8];
    SystemRandom::new().fill(&mut bytes).unwrap();
    u64::from_be_bytes(bytes) % limit
}

/// What must hold after a kill and a start.
async fn nothing_was_lost(world: &World, known: &Known, round: usize) {
    if let Some(home) = &known.home {
        let page = home.get("/paket").await;
        let at_home = page.has(&format!("<span title=\"[{}]", known.id));
        assert!(
            at_home,
            "round {round}: an accepted session of {} is lost: {page:?}",
            known.id
        );
    }
    // No jar that a browser held without an acceptance opens anything.
    for jar in known.jars.iter().filter(|jar| !jar.contains_key(SEAL)) {
        let thief = world.browser();
        thief.set_jar(jar.clone());
        let page = thief.get("/paket").await;
        assert!(
            !page.has(CANARY),
            "round {round}: a session of {} stands free",
            known.id
        );
    }
}

fn kills() -> usize {
    let wanted = std::env::var(KILLS_VARIABLE).ok();
    wanted.map_or(KILLS, |text| text.parse().expect("a number of kills"))
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_at_random_moments_of_activations_and_logins_loses_nothing() {
    let kills = kills();
    let (mut done, mut bound, mut accepted) = (0, 0, 0);
    let modes = SessionMode::ALL;
    // A new store now and then, so that activations are killed as often as logins.
    let per_world = 8;
    while done < kills {
        let mode = modes[(done / per_world) % modes.len()];
        let config = Config {
            session_mode: mode,
            ..Config::default()
        };
        let mut world =
            World::with(config, |gateway| gateway.set("log", "level", "\"warn\"")).await;
        let fresh = |id| Known {
            id,
            phone: None,
            scanned: None,
            accepted: BTreeSet::new(),
            jars: Vec::new(),
            home: None,
        };
        let mut crowd: Vec<Known> = CROWD.iter().map(|id| fresh(id)).collect();
        for _ in 0..per_world.min(kills - done) {
            let mut tasks = JoinSet::new();
            for known in crowd.drain(..) {
                let browser = world.browser();
                tasks.spawn(async move {
                    sleep(Duration::from_millis(below(40))).await;
                    work(browser, known).await
                });
            }
            sleep(Duration::from_millis(20 + below(220))).await;
            world.gateway.kill9();
            while let Some(known) = tasks.join_next().await {
                crowd.push(known.unwrap());
            }
            world.gateway.restart_after_kill().await;
            done += 1;
            for known in &crowd {
                nothing_was_lost(&world, known, done).await;
            }
        }
        // Acknowledged bindings still ask for their code, and acknowledged codes are used up.
        for known in &crowd {
            let Some(phone) = &known.phone else { continue };
            bound += 1;
            accepted += known.accepted.len();
            let browser = world.browser();
            let answer = password(&browser, known.id).await;
            let page = to_page(&browser, &answer, "acceptor").await;
            for code in known.accepted.iter().rev().take(2) {
                let again = type_code(&browser, &page, code).await;
                assert!(
                    seal_of(&again).is_none(),
                    "{}: {code} was taken again",
                    known.id
                );
            }
            assert!(!phone.key.is_empty());
        }
    }
    println!("{done} kills, {bound} acknowledged bindings, {accepted} acknowledged codes");
    assert!(
        kills < 20 || bound > 0 && accepted > bound,
        "the kills came too early to matter"
    );
}

#[path = "kill/traced.rs"]
mod traced;

/// A login whose answer never came is the same login when it is sent again after a kill.
#[tokio::test(flavor = "multi_thread")]
async fn kill_after_an_activation_was_acknowledged_keeps_it() {
    for mode in SessionMode::ALL {
        let mut world = World::start(mode).await;
        let browser = world.browser();
        let answer = password(&browser, WHO).await;
        let mut phone = activate(&browser, &answer).await;
        world.gateway.kill9();
        world.gateway.restart_after_kill().await;
        assert_home(&browser, WHO).await;
        let other = world.browser();
        let answer = password(&other, WHO).await;
        let page = to_page(&other, &answer, "acceptor").await;
        let used = type_code(&other, &page, &phone.last()).await;
        assert_eq!(used.status, 422, "{mode:?} {used:?}");
        world.gateway.restart_after_kill().await;
        let done = type_code(&other, &page, &phone.code()).await;
        assert_eq!(done.status, 303, "{mode:?} {done:?}");
        world.gateway.restart_after_kill().await;
        assert_home(&other, WHO).await;
    }
}
