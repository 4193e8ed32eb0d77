//! A whole story with things that must stay secret, then a search of everything that the gateway
//! leaves behind: its log at the most talkative level, and its state folder, byte for byte
//! (invariant I10; threats.md rows 34 and 35).

use crate::support::World;
use crate::support::browser::Ask;
use crate::support::find;
use crate::support::login::{accept, activate, password, to_page, type_code, user};
use data_encoding::BASE32_NOPAD;
use spse_standin::{Config, LoginSteps, SESSION_COOKIE, SessionMode};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const WHO: &str = "REKANAN2";

/// Everything below a folder, with its name.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                all.push((path.display().to_string(), fs::read(&path).unwrap()));
            }
        }
    }
    all
}

/// What must be nowhere, with what it is.
#[derive(Default)]
struct Secrets(BTreeSet<(&'static str, Vec<u8>)>);

impl Secrets {
    fn add(&mut self, what: &'static str, bytes: &[u8]) {
        assert!(bytes.len() >= 6, "too short to be searched for: {what}");
        self.0.insert((what, bytes.to_vec()));
    }

    /// Every cookie that a browser holds; of a stamped one also the value without the stamp.
    fn cookies(&mut self, jar: &crate::support::browser::Jar) {
        for (name, value) in jar.iter().filter(|(_, value)| value.len() >= 16) {
            self.add("a cookie", value.as_bytes());
            if name == SESSION_COOKIE {
                let (bare, _) = value.rsplit_once('.').expect("a stamp");
                self.add("the application's cookie", bare.as_bytes());
                let id = bare
                    .split("___ID=")
                    .nth(1)
                    .unwrap()
                    .split('&')
                    .next()
                    .unwrap();
                self.add("the application's session id", id.as_bytes());
            }
        }
    }

    #[track_caller]
    fn are_not_in(&self, name: &str, bytes: &[u8]) {
        for (what, secret) in &self.0 {
            if let Some(at) = find(bytes, secret) {
                let from = at.saturating_sub(120);
                let to = (at + secret.len() + 40).min(bytes.len());
                let around = String::from_utf8_lossy(&bytes[from..to]);
                panic!("{name} holds {what}: {around}");
            }
        }
    }
}

async fn story(mode: SessionMode, secrets: &mut Secrets) -> World {
    let config = Config {
        session_mode: mode,
        ..Config::default()
    };
    let world = World::with(config, |gateway| gateway.set("log", "level", "\"trace\"")).await;
    let person = user(WHO);
    secrets.add("the password", person.password.as_bytes());
    secrets.add("the user id", WHO.as_bytes());
    secrets.add("the name", person.name.as_bytes());
    let browser = world.browser();
    browser.get("/").await;
    secrets.cookies(&browser.jar());
    let answer = password(&browser, WHO).await;
    secrets.cookies(&browser.jar());
    let mut phone = activate(&browser, &answer).await;
    secrets.add("the key in base32", phone.key.as_bytes());
    secrets.add(
        "the key",
        &BASE32_NOPAD.decode(phone.key.as_bytes()).unwrap(),
    );
    secrets.cookies(&browser.jar());
    let mut codes = vec![phone.last()];

    let other = world.browser();
    let answer = password(&other, WHO).await;
    secrets.cookies(&other.jar());
    let page = to_page(&other, &answer, "acceptor").await;
    secrets.add("a form's token", page.hidden("csrf").as_bytes());
    let wrong = phone.wrong();
    codes.push(wrong.clone());
    type_code(&other, &page, &wrong).await;
    let code = phone.code();
    codes.push(code.clone());
    let done = accept(&other, &answer, &code).await;
    assert_eq!(done.status, 303, "{done:?}");
    secrets.cookies(&other.jar());
    for code in codes {
        // Six digits also occur by chance: only whole words of the log are looked at.
        let log = world.gateway.log();
        let mut words = log.split(|c: char| !c.is_ascii_alphanumeric());
        assert!(
            !words.any(|word| word == code),
            "the log holds the code {code}"
        );
    }
    // What is broken is not quoted either.
    let jar = other.jar();
    let seal = jar.get("gerbang-eproc4").unwrap().clone();
    for bytes in [
        format!(
            "GET /eproc4/{seal}\u{1} HTTP/1.1\r\nHost: x\r\nCookie: gerbang-eproc4={seal}\r\n\r\n"
        ),
        format!("GET /eproc4/ HTTP/1.1\r\nHost: x\r\nCookie gerbang-eproc4={seal}\n\r\n\r\n"),
        format!("POST /eproc4/login HTTP/1.1\r\nContent-Length: x\r\nCookie: a={seal}\r\n\r\n"),
    ] {
        other.raw(bytes.as_bytes()).await;
    }
    other
        .fetch(Ask::form(
            "/gerbang/acceptor",
            &[("r", &seal), ("code", &seal)],
        ))
        .await;
    other
        .get(&format!("/publik/x?txtPassword={}", person.password))
        .await;
    let out = other.post("/logout", &[]).await;
    assert!(matches!(out.status, 302 | 303), "{out:?}");
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_log_nor_store_holds_a_secret() {
    for mode in SessionMode::ALL {
        let mut secrets = Secrets::default();
        let mut world = story(mode, &mut secrets).await;
        let running = files(&world.gateway.state());
        world.gateway.restart().await;
        world.gateway.stop();
        let log = world.gateway.log();
        assert!(
            log.contains("an answer was judged"),
            "the log is not talkative: {log}"
        );
        secrets.are_not_in("the log", log.as_bytes());
        let state = files(&world.gateway.state());
        assert!(
            state
                .iter()
                .any(|(name, bytes)| name.ends_with("/db") && bytes.len() > 4_096)
        );
        for (name, bytes) in running.iter().chain(&state) {
            secrets.are_not_in(name, bytes);
        }
    }
}

/// The search finds what is there: the key file, which is secret by its mode alone.
#[tokio::test(flavor = "multi_thread")]
async fn the_search_for_secrets_bites_and_the_key_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let config = Config {
        login_steps: LoginSteps::Two,
        ..Config::default()
    };
    let world = World::with(config, |gateway| gateway).await;
    let key = world.gateway.state().join("gerbang.key");
    let text = fs::read(&key).unwrap();
    let mode = fs::metadata(&key).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "{mode:o}");
    let mut secrets = Secrets::default();
    secrets.add("the key file", text.trim_ascii());
    let found = files(&world.gateway.state())
        .into_iter()
        .filter(|(_, bytes)| {
            secrets
                .0
                .iter()
                .any(|(_, secret)| find(bytes, secret).is_some())
        });
    assert_eq!(
        found.count(),
        1,
        "the key stands in its file and nowhere else"
    );
    secrets.are_not_in("the log", world.gateway.log().as_bytes());
}
