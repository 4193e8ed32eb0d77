//! The audit log as an operator has it: lines in a file, messages at a syslog daemon, heads to hold
//! the store against afterwards.

use crate::support::browser::Jar;
use crate::support::login::{ACTIVATED, accept, password, scan, to_page, type_code, user};
use crate::support::{World, find, quick};
use data_encoding::BASE32_NOPAD;
use gerbang::domain::retention::Retention;
use gerbang::entropy::SystemEntropy;
use gerbang::seal::{Head, HeadSigner, MasterKey, RecordSeal};
use gerbang::store::records::{AuditReport, Fault, Records};
use gerbang::store::{LogEnd, Mode, SledStore};
use serde_json::Value;
use spse_standin::SessionMode;
use std::fs;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

const WHO: &str = "PPK301";

/// Where lines go and a daemon that takes messages.
struct Outside {
    folder: tempfile::TempDir,
    daemon: UdpSocket,
}

impl Outside {
    fn new() -> Self {
        let daemon = UdpSocket::bind("127.0.0.1:0").unwrap();
        daemon.set_nonblocking(true).unwrap();
        let folder = tempfile::tempdir().unwrap();
        Self { folder, daemon }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("audit.jsonl")
    }

    async fn world(&self) -> World {
        let file = format!("\"{}\"", self.path().display());
        let syslog = format!("\"udp:{}\"", self.daemon.local_addr().unwrap());
        World::with(quick(SessionMode::ServerSide), |gateway| {
            gateway
                .set("audit", "file", &file)
                .set("audit", "syslog", &syslog)
        })
        .await
    }

    fn lines(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.path()).unwrap_or_default();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
        lines.collect()
    }

    fn heads(&self) -> Vec<Head> {
        let text = fs::read_to_string(self.path()).unwrap_or_default();
        text.lines().filter_map(Head::find_in).collect()
    }

    fn messages(&self) -> Vec<String> {
        let mut buffer = [0; 4_096];
        let next = || {
            let len = self.daemon.recv(&mut buffer).ok()?;
            Some(String::from_utf8(buffer[..len].to_vec()).unwrap())
        };
        std::iter::from_fn(next).collect()
    }

    /// Waits until a record of this kind was written.
    async fn kind(&self, kind: &str) {
        for _ in 0..300 {
            if self.kinds().iter().any(|it| it == kind) {
                return;
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("no record of {kind}: {:?}", self.lines());
    }

    fn kinds(&self) -> Vec<String> {
        let lines = self.lines().into_iter();
        lines
            .filter_map(|line| Some(line["event"]["kind"].as_str()?.to_owned()))
            .collect()
    }
}

fn sequences(lines: &[Value]) -> Vec<u64> {
    let records = lines.iter().filter(|line| line["head"].is_null());
    let mut sequences: Vec<u64> = records
        .map(|line| line["sequence"].as_u64().unwrap())
        .collect();
    sequences.dedup();
    sequences
}

fn master(state: &Path) -> MasterKey {
    let text = fs::read_to_string(state.join("gerbang.key")).unwrap();
    MasterKey::from_file_text(&text).unwrap()
}

/// Verifies the store of a gateway that does not run.
async fn verify(state: &Path, heads: &[LogEnd]) -> AuditReport {
    let entropy = Arc::new(SystemEntropy::default());
    let seal = Arc::new(RecordSeal::new(&master(state), entropy).unwrap());
    let chain = seal.chain().clone();
    let store = SledStore::open(&state.join("store"), Mode::Existing, chain).unwrap();
    let store = Arc::new(store);
    let records = Records::new(store.clone(), seal);
    let report = records.audit_verify(heads, &Retention::default()).await;
    store.close().await.unwrap();
    report.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_told_to_file_and_syslog_and_a_head_proves_the_store() {
    let outside = Outside::new();
    let mut world = outside.world().await;
    let browser = world.browser();
    let answer = password(&browser, WHO).await;
    let page = to_page(&browser, &answer, "activation").await;
    let mut phone = scan(&browser, &page);
    let done = type_code(&browser, &page, &phone.code()).await;
    assert!(done.has(ACTIVATED), "{done:?}");
    let mut codes = vec![phone.last()];
    outside.kind("activated").await;
    // Killed at any moment: what was recorded is sent after the next start.
    let other = world.browser();
    let answer = password(&other, WHO).await;
    codes.push(phone.wrong());
    accept(&other, &answer, &codes[1]).await;
    world.gateway.restart_after_kill().await;
    outside.kind("code-refused").await;
    codes.push(phone.code());
    let done = accept(&other, &answer, &codes[2]).await;
    assert_eq!(done.status, 303, "{done:?}");
    outside.kind("login-accepted").await;
    world.gateway.restart().await;
    world.gateway.stop();

    let lines = outside.lines();
    let sent = sequences(&lines);
    let mut sorted = sent.clone();
    sorted.sort_unstable();
    sorted.dedup();
    let all: Vec<u64> = (1..=sorted.len() as u64).collect();
    assert_eq!(sorted, all, "every record, {sent:?}");
    assert!(lines.iter().any(|line| line["account"]["user_id"] == WHO));
    let messages = outside.messages();
    for kind in [
        "login-waiting",
        "activated",
        "code-refused",
        "login-accepted",
    ] {
        let told = messages
            .iter()
            .any(|it| it.contains(&format!(" {kind} [gerbang@32473 seq=\"")) && it.contains(WHO));
        assert!(told, "{kind}: {messages:?}");
    }

    heads_prove_the_store(&outside, &world, &messages, sorted.len() as u64).await;
    let log = world.gateway.log();
    assert!(!log.contains(WHO), "the ordinary log names a user");
    let file = fs::read(outside.path()).unwrap();
    let said = [file, messages.concat().into_bytes()].concat();
    let cookies = [browser.jar(), other.jar()];
    no_secret_in(&said, &codes, &phone.key, &cookies);
}

/// One head a start, by the key of this gateway, and the store agrees with each.
async fn heads_prove_the_store(
    outside: &Outside,
    world: &World,
    messages: &[String],
    records: u64,
) {
    let state = world.gateway.state();
    let heads = outside.heads();
    let key = HeadSigner::new(&master(&state)).unwrap().key();
    assert!(heads.len() >= 3, "{heads:?}");
    assert!(heads.iter().all(|head| head.is_signed_by(key)));
    assert!(
        messages
            .iter()
            .filter_map(|it| Head::find_in(it))
            .eq(heads.clone())
    );
    let ends: Vec<LogEnd> = heads.iter().map(LogEnd::from).collect();
    let report = verify(&state, &ends).await;
    assert_eq!((report.fault, report.end.sequence), (None, records));
    let mut beyond = ends[0];
    beyond.sequence = report.end.sequence + 1;
    let fault = verify(&state, &[beyond]).await.fault;
    assert!(matches!(fault, Some(Fault::EndsBefore { .. })), "{fault:?}");
}

fn no_secret_in(said: &[u8], codes: &[String], phone_key: &str, cookies: &[Jar]) {
    let words: Vec<&[u8]> = said.split(|byte| !byte.is_ascii_alphanumeric()).collect();
    for code in codes {
        assert!(!words.contains(&code.as_bytes()), "a code was recorded");
    }
    let raw_key = BASE32_NOPAD.decode(phone_key.as_bytes()).unwrap();
    let password = user(WHO).password.into_bytes();
    let mut secrets = vec![password, phone_key.as_bytes().to_vec(), raw_key];
    let values = cookies.iter().flat_map(|jar| jar.values());
    let long = values.filter(|it| it.len() >= 16);
    secrets.extend(long.map(|it| it.clone().into_bytes()));
    for secret in secrets {
        assert!(find(said, &secret).is_none(), "a secret was recorded");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn outputs_that_are_not_there_stop_no_login() {
    let outside = Outside::new();
    let later = outside.folder.path().join("later");
    fs::create_dir(&later).unwrap();
    let file = format!("\"{}\"", later.join("audit.jsonl").display());
    let mut world = World::with(quick(SessionMode::ServerSide), |gateway| {
        gateway
            .set("audit", "file", &file)
            .set("audit", "syslog", "\"unix:/nowhere/log\"")
    })
    .await;
    fs::remove_dir_all(&later).unwrap();
    let browser = world.browser();
    let answer = password(&browser, WHO).await;
    let page = to_page(&browser, &answer, "activation").await;
    let done = type_code(&browser, &page, &scan(&browser, &page).code()).await;
    assert!(done.has(ACTIVATED), "{done:?}");
    fs::create_dir(&later).unwrap();
    let mut sent = String::new();
    for _ in 0..300 {
        sent = fs::read_to_string(later.join("audit.jsonl")).unwrap_or_default();
        if sent.contains("\"activated\"") {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    assert!(
        sent.contains("\"login-waiting\"") && sent.contains("\"activated\""),
        "{sent}"
    );
    world.gateway.stop();
    let log = world.gateway.log();
    let told = log.matches("audit records wait in the store").count();
    assert!((1..=3).contains(&told), "told once for each output: {told}");
}
