//! The control socket: who may ask, who is first, and what happens without a gateway.

use super::act;
use crate::support::login::{assert_home, first, password};
use crate::support::{World, quick};
use spse_standin::SessionMode;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;

async fn world() -> World {
    World::with(quick(SessionMode::InCookie), |gateway| gateway).await
}

fn say(socket: &Path, line: &str) -> String {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.write_all(line.as_bytes()).unwrap();
    stream.write_all(b"\n").unwrap();
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer).unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn only_root_and_the_gateways_own_user_are_let_in() {
    let world = world().await;
    let state = world.gateway.state();
    let socket = state.join("control.sock");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&socket), 0o600);
    // Even with every door of the file system open.
    for folder in [state.parent().unwrap(), &state] {
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o666)).unwrap();
    let stranger = world.gateway.cli_with(&["policy", "show"], |command| {
        command.uid(65_534).gid(65_534);
    });
    stranger.refused(1, "only root may ask at the control socket");
    assert!(world.gateway.log().contains("uid=65534"));
    world.gateway.cli(&["policy", "show"]).done();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_flips_at_once_one_gets_a_conflict() {
    let world = world().await;
    let socket = world.gateway.state().join("control.sock");
    let flip = |mode: &str| {
        format!(
            r#"{{"version":1,"request":{{"verb":"policy-act","act":{{"act":"ceiling","mode":"{mode}"}},"signature":{{"by":["a"],"reason":"r"}},"seen":1,"dry_run":false}}}}"#
        )
    };
    let asked: Vec<_> = ["observe", "optional"]
        .map(|mode| {
            let (socket, line) = (socket.clone(), flip(mode));
            std::thread::spawn(move || say(&socket, &line))
        })
        .into();
    let answers: Vec<String> = asked
        .into_iter()
        .map(|thread| thread.join().unwrap())
        .collect();
    let conflicts = answers
        .iter()
        .filter(|a| a.contains("\"conflict\""))
        .count();
    let done = answers
        .iter()
        .filter(|a| a.contains("\"revision\":2"))
        .count();
    assert_eq!((done, conflicts), (1, 1), "{answers:?}");
    let shown = world.gateway.cli(&["policy", "show"]).done();
    assert!(shown.starts_with("policy 2, ceiling o"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_is_refused_and_blocks_nobody() {
    let world = world().await;
    let socket = world.gateway.state().join("control.sock");
    for line in [
        "",
        "{}",
        "x",
        r#"{"version":2,"request":{"verb":"policy-show"}}"#,
        r#"{"version":1,"request":{"verb":"policy-shown"}}"#,
        r#"{"version":1,"request":{"verb":"policy-show"}} trailing"#,
    ] {
        let answer = say(&socket, line);
        assert!(answer.contains("\"error\""), "{line} {answer}");
    }
    // Whoever says nothing holds one place of eight, and the ninth is not kept waiting.
    let silent: Vec<_> = (0..6)
        .map(|_| UnixStream::connect(&socket).unwrap())
        .collect();
    world.gateway.cli(&["policy", "show"]).done();
    drop(silent);
    let long = "x".repeat(17 << 20);
    let mut stream = UnixStream::connect(&socket).unwrap();
    let sent = stream.write_all(long.as_bytes());
    let mut answer = String::new();
    let _ = BufReader::new(stream).read_line(&mut answer);
    assert!(sent.is_err() || answer.contains("too long"), "{answer}");
    assert_home_works(&world).await;
}

async fn assert_home_works(world: &World) {
    let browser = world.browser();
    first(&browser, "PPK301").await;
    assert_home(&browser, "PPK301").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_gateway_the_store_is_opened_and_what_was_done_holds() {
    let mut world = world().await;
    first(&world.browser(), "PPK301").await;
    world.gateway.stop();
    let shown = world.gateway.cli(&["policy", "show"]).done();
    assert!(shown.starts_with("policy 1,"), "{shown}");
    act(&world, &["policy", "ceiling", "observe"]).done();
    let list = world.gateway.cli(&["user", "list"]).done();
    assert!(
        list.contains("PPK301") && list.contains("1 of 1 accounts"),
        "{list}"
    );
    world.gateway.cli(&["audit", "verify"]).done();
    world.gateway.restart().await;
    let browser = world.browser();
    password(&browser, "PPK2").await;
    assert_home(&browser, "PPK2").await;
    let shown = world.gateway.cli(&["policy", "show"]).done();
    assert!(shown.starts_with("policy 2, ceiling observe"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_made_where_no_gateway_ever_was() {
    let mut world = world().await;
    world.gateway.stop();
    let empty = tempfile::tempdir().unwrap();
    let path = empty.path().join("state").display().to_string();
    let said = world.gateway.cli(&["policy", "show", "--state", &path]);
    said.refused(1, "there is no store in it");
    assert_eq!(std::fs::read_dir(empty.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_log_is_found_and_sessions_are_ended_by_their_id() {
    let world = world().await;
    let browser = world.browser();
    first(&browser, "PPK301").await;
    let verified = world.gateway.cli(&["audit", "verify"]).done();
    assert!(verified.contains("whole, "), "{verified}");
    let exported = world.gateway.cli(&["audit", "export"]).done();
    let numbers: Vec<u64> = exported
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["sequence"]
                .as_u64()
                .unwrap()
        })
        .collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    let list = world.gateway.cli(&["session", "list"]).done();
    let id = list
        .lines()
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .to_owned();
    act(&world, &["session", "end", "gs:nobody"]).refused(1, "there is no session");
    act(&world, &["session", "end", &id]).done();
    crate::support::login::assert_nobody(&browser).await;
    let list = world.gateway.cli(&["session", "list"]).done();
    assert_eq!(list.lines().count(), 1, "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_explained_by_its_id() {
    let world = world().await;
    first(&world.browser(), "PPK301").await;
    let tail = world.gateway.cli(&["audit", "tail", "-n", "10"]).done();
    let line = tail
        .lines()
        .find(|line| line.contains("login-waiting"))
        .expect("a login");
    let id = line
        .split("request ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    let told = world.gateway.cli(&["explain", "request", id]).done();
    for part in [
        "evidence known-login",
        "the probe says somebody",
        "login-waiting",
        "audit record",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    // Names stand in the audit log, whose purpose that is, and nowhere else.
    let judged: Vec<&str> = told
        .lines()
        .filter(|line| line.contains("judged"))
        .collect();
    assert!(
        !judged.is_empty() && judged.iter().all(|line| !line.contains("PPK301")),
        "{told}"
    );
    let unknown = world.gateway.cli(&["explain", "request", "nobody-0"]);
    unknown.refused(1, "nothing was decided about request");
}
