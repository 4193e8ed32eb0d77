//! The real program with a key, a store, a disk, a profile or a clock that does not fit: logins
//! pause, the public pages go on, and nothing is replaced by something empty.

use crate::support::browser::Browser;
use crate::support::login::{
    accept, again, assert_home, first, password, to_page, type_code, user,
};
use crate::support::wire::Response;
use crate::support::{World, assert_nothing_private};
use gerbang::entropy::SystemEntropy;
use gerbang::seal::MasterKey;
use rustix::fs::{FlockOperation, flock};
use spse_standin::{Config, HeaderBlock, SessionMode};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tokio::time::sleep;

pub(super) const WHO: &str = "PPK301";
/// What the page says when logins pause (`templates/messages/id.toml`).
pub(super) const STORE_SENTENCE: &str = "Tempat penyimpanan gerbang sedang bermasalah";
const CLOCK_SENTENCE: &str = "Jam server tidak benar";
const IDENTITY_SENTENCE: &str = "tidak dapat membaca dari SPSE siapa yang login";

pub(super) async fn public_goes_on(browser: &Browser, what: &str) {
    for path in ["/", "/lelang"] {
        let page = browser.get(path).await;
        assert_eq!(page.status, 200, "{what}: {path}: {page:?}");
    }
}

/// The first POST of a login.
pub(super) async fn begin_login(browser: &Browser) -> Response {
    let kind = user(WHO).kind.word();
    let form = browser.get(&format!("/login?tipe={kind}")).await;
    assert_eq!(form.status, 200, "{form:?}");
    let token = form.hidden("authenticityToken");
    let fields = [
        ("authenticityToken", token.as_str()),
        ("tipe", kind),
        ("txtUserId", WHO),
    ];
    browser.post("/login", &fields).await
}

/// Public pages go on; a login gets the page that says why not; no old seal opens anything.
pub(super) async fn logins_pause(world: &World, old: &Browser, what: &str) {
    let browser = world.browser();
    public_goes_on(&browser, what).await;
    let refused = begin_login(&browser).await;
    assert_eq!(refused.status, 503, "{what}: {refused:?}");
    assert!(refused.has(STORE_SENTENCE), "{what}: {refused:?}");
    let sent = world
        .sent("/login")
        .iter()
        .filter(|record| record.method == "POST")
        .count();
    let thief = old.thief();
    let page = thief.get("/paket").await;
    assert_ne!(page.status, 200, "{what}: {page:?}");
    assert_nothing_private(&thief.seen());
    assert_nothing_private(&browser.seen());
    let now = world
        .sent("/login")
        .iter()
        .filter(|record| record.method == "POST")
        .count();
    assert_eq!(now, sent, "{what}");
}

/// Everything in the state folder, byte for byte, but for what a reader may touch.
pub(super) fn contents(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                all.insert(path.clone(), fs::read(&path).unwrap());
            }
        }
    }
    all
}

pub(super) fn copy_folder(from: &Path, to: &Path) {
    let copied = Command::new("cp")
        .arg("-a")
        .arg(from)
        .arg(to)
        .status()
        .unwrap();
    assert!(copied.success());
}

/// A world in which somebody has activated, and his browser.
pub(super) async fn settled(mode: SessionMode) -> (World, Browser, crate::support::otp::Phone) {
    let world = World::start(mode).await;
    let browser = world.browser();
    let phone = first(&browser, WHO).await;
    (world, browser, phone)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_does_not_fit_pauses_logins_and_loses_nothing() {
    let (mut world, browser, mut phone) = settled(SessionMode::ServerSide).await;
    world.gateway.stop();
    let state = world.gateway.state();
    let key_file = state.join("gerbang.key");
    let key = fs::read_to_string(&key_file).expect("the key file of the state folder");
    let other = MasterKey::generate(&SystemEntropy::default()).unwrap();
    let before = contents(&state.join("store"));
    for (what, text) in [
        ("another key", Some(other.to_file_text().to_string())),
        ("an empty key", Some(String::new())),
        ("half a key", Some(key[..key.len() / 2].to_owned())),
        ("no key", None),
    ] {
        match &text {
            Some(text) => fs::write(&key_file, text).unwrap(),
            None => fs::remove_file(&key_file).unwrap(),
        }
        world.gateway.restart().await;
        logins_pause(&world, &browser, what).await;
        assert!(world.gateway.log().contains("logins are paused"), "{what}");
        world.gateway.stop();
        let left = fs::read_to_string(&key_file).ok();
        assert_eq!(left, text, "{what}: the key file was changed");
        // The library renames its snapshot whenever it is opened.
        let data = |all: &BTreeMap<PathBuf, Vec<u8>>| {
            all.keys()
                .filter(|path| path.ends_with("db"))
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(
            data(&contents(&state.join("store"))),
            data(&before),
            "{what}"
        );
        let mark = state.join("store/mark");
        assert_eq!(
            fs::read(&mark).unwrap(),
            before[&mark],
            "{what}: something was committed"
        );
    }
    fs::write(&key_file, key).unwrap();
    world.gateway.restart().await;
    assert_home(&browser, WHO).await;
    again(&world.browser(), WHO, &mut phone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_gone_is_not_replaced_by_an_empty_one() {
    let (mut world, browser, mut phone) = settled(SessionMode::NewId).await;
    world.gateway.stop();
    let (store, aside) = (
        world.gateway.state().join("store"),
        world.gateway.state().join("aside"),
    );
    fs::rename(&store, &aside).unwrap();
    for empty_folder in [false, true] {
        if empty_folder {
            fs::create_dir(&store).unwrap();
        }
        world.gateway.restart().await;
        logins_pause(&world, &browser, "no store").await;
        world.gateway.stop();
        let made = store.exists().then(|| contents(&store).len());
        assert_eq!(made, empty_folder.then_some(0), "a store was made");
    }
    fs::remove_dir(&store).unwrap();
    fs::rename(&aside, &store).unwrap();
    world.gateway.restart().await;
    assert_home(&browser, WHO).await;
    again(&world.browser(), WHO, &mut phone).await;
}

/// Bytes flipped all over the data file: what the gateway then believes is what was written, or
/// nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_corrupt_store_pauses_logins_and_is_left_as_it_is() {
    let (mut world, browser, mut phone) = settled(SessionMode::InCookie).await;
    world.gateway.stop();
    let (store, aside) = (
        world.gateway.state().join("store"),
        world.gateway.state().join("aside"),
    );
    copy_folder(&store, &aside);
    let mut paused = 0;
    let length = fs::metadata(store.join("db")).unwrap().len();
    let used = fs::read(store.join("db"))
        .unwrap()
        .iter()
        .rposition(|b| *b != 0)
        .unwrap() as u64;
    let places: Vec<u64> = (1..10)
        .map(|part| used * part / 10)
        .chain([0, used])
        .collect();
    for place in &places {
        fs::remove_dir_all(&store).unwrap();
        copy_folder(&aside, &store);
        let data = OpenOptions::new()
            .read(true)
            .write(true)
            .open(store.join("db"))
            .unwrap();
        let mut bytes = [0; 64];
        let read = data.read_at(&mut bytes, *place).unwrap();
        bytes.iter_mut().for_each(|byte| *byte ^= 0x5a);
        data.write_all_at(&bytes[..read], *place).unwrap();
        world.gateway.restart().await;
        let stranger = world.browser();
        public_goes_on(&stranger, "corrupt").await;
        let answer = begin_login(&stranger).await;
        if answer.status == 503 {
            paused += 1;
            logins_pause(
                &world,
                &browser,
                &format!("bytes flipped at {place} of {length}"),
            )
            .await;
        } else {
            // In a piece of the file that nothing refers to any more: all must be there.
            assert_home(&browser, WHO).await;
            let other = world.browser();
            let answer = password(&other, WHO).await;
            to_page(&other, &answer, "acceptor").await;
        }
        world.gateway.stop();
    }
    assert!(paused > 0, "no place of {places:?} mattered");
    println!("{paused} of {} places paused logins", places.len());
    fs::write(store.join("db"), b"").unwrap();
    world.gateway.restart().await;
    logins_pause(&world, &browser, "an empty data file").await;
    world.gateway.stop();
    fs::remove_dir_all(&store).unwrap();
    fs::rename(&aside, &store).unwrap();
    world.gateway.restart().await;
    assert_home(&browser, WHO).await;
    again(&world.browser(), WHO, &mut phone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_in_use_by_another_process_pauses_logins() {
    let (mut world, browser, mut phone) = settled(SessionMode::ServerSide).await;
    world.gateway.stop();
    let lock = File::open(world.gateway.state().join("store/lock")).unwrap();
    flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
    world.gateway.restart().await;
    logins_pause(&world, &browser, "locked").await;
    assert!(world.gateway.log().contains("in use by another process"));
    // What is not known is not told: the policy of the store, or that a head was forged.
    let head = world.gateway.log();
    let head = head
        .lines()
        .find(|line| line.contains("gerbang-audit-head"));
    let heads = world.gateway.state().join("heads");
    fs::write(&heads, head.unwrap()).unwrap();
    let heads = heads.display().to_string();
    for verb in [
        &["policy", "show"][..],
        &["audit", "verify", "--heads", &heads],
    ] {
        let said = world.gateway.cli(verb);
        said.refused(1, "the store is not usable; nothing was changed: ");
    }
    world.gateway.stop();
    // Whoever is through within seconds is waited for.
    let release = tokio::spawn(async move {
        sleep(Duration::from_secs(2)).await;
        drop(lock);
    });
    world.gateway.restart().await;
    release.await.unwrap();
    assert!(
        world
            .gateway
            .log()
            .contains("waiting for the store to be free")
    );
    assert_home(&browser, WHO).await;
    again(&world.browser(), WHO, &mut phone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_does_not_fit_the_profile_lets_nobody_in() {
    for mode in SessionMode::ALL {
        for block in [
            HeaderBlock::Missing,
            HeaderBlock::Disagreeing,
            HeaderBlock::Doubled,
        ] {
            let world = World::start(mode).await;
            world
                .standin
                .set(|config: &mut Config| config.header_block = block);
            let browser = world.browser();
            let answer = password(&browser, WHO).await;
            assert_eq!(answer.status, 503, "{mode:?} {block:?} {answer:?}");
            assert!(
                answer.has(IDENTITY_SENTENCE),
                "{mode:?} {block:?} {answer:?}"
            );
            assert!(answer.has("Hubungi"), "whom to tell: {answer:?}");
            public_goes_on(&world.browser(), "unreadable").await;
            let page = browser.get("/paket").await;
            assert_ne!(page.status, 200, "{mode:?} {block:?} {page:?}");
            assert_nothing_private(&browser.seen());
            let log = world.gateway.log();
            let line = log
                .lines()
                .find(|line| line.contains("who is logged in could not be read"));
            let line = line.unwrap_or_else(|| panic!("nothing in the log: {log}"));
            assert!(line.contains("/eproc4/"), "which page: {line}");
            assert!(line.contains("div.submenu"), "which selector: {line}");
            world
                .standin
                .set(|config: &mut Config| config.header_block = HeaderBlock::Literal);
            first(&world.browser(), WHO).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_went_back_refuses_codes_and_takes_no_used_one_again() {
    let mut world = World::with(Config::default(), |gateway| gateway.moving_clock()).await;
    let browser = world.browser();
    let mut phone = first(&browser, WHO).await;
    let used = phone.last();
    world.gateway.advance(7_200).await;
    again(&world.browser(), WHO, &mut phone).await;
    for restarted in [false, true] {
        let ahead = world.gateway.ahead();
        ahead.store(0, std::sync::atomic::Ordering::SeqCst);
        fs::write(
            world.gateway.state().parent().unwrap().join("clock"),
            "+0s\n",
        )
        .unwrap();
        sleep(Duration::from_millis(1_300)).await;
        if restarted {
            world.gateway.restart_after_kill().await;
        }
        let other = world.browser();
        let answer = password(&other, WHO).await;
        let page = to_page(&other, &answer, "acceptor").await;
        for code in [&used, &phone.old(0), &phone.wrong()] {
            let refused = type_code(&other, &page, code).await;
            assert_eq!(refused.status, 503, "restarted {restarted}: {refused:?}");
            assert!(
                refused.has(CLOCK_SENTENCE),
                "restarted {restarted}: {refused:?}"
            );
        }
        public_goes_on(&other, "clock").await;
        assert_nothing_private(&other.seen());
    }
    // The clock is right again: the honest user gets in, the used code is not taken.
    world.gateway.advance(7_260).await;
    let other = world.browser();
    let answer = password(&other, WHO).await;
    let refused = accept(&other, &answer, &used).await;
    assert_eq!(refused.status, 422, "{refused:?}");
    let mut fresh = crate::support::otp::Phone::new(&phone.key, world.gateway.ahead());
    let answer = password(&world.browser(), WHO).await;
    assert_eq!(answer.status, 303);
    again(&world.browser(), WHO, &mut fresh).await;
}
