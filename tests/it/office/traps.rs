//! Acts that meet other acts: an exemption after a reset, a flip while a page is open, two clicks,
//! names that hide others.

use super::{PAPER, act, code_in, press, set};
use crate::support::login::{
    activate, assert_home, assert_nobody, first, password, scan, to_page, type_code,
};
use crate::support::{World, eventually, quick};
use spse_standin::SessionMode;
use std::process::Command;

const ASKS: &str = "Masukkan 8 digit kode aktivasi";

async fn world() -> World {
    World::with(quick(SessionMode::InCookie), |gateway| {
        let gateway = gateway.moving_clock();
        gateway.set("session", "absolute_seconds", "86400")
    })
    .await
}

fn reset(world: &World, user: &str) -> String {
    code_in(&act(world, &[&["user", "reset", user][..], &PAPER].concat()).done())
}

/// An exemption lets the password in for its time. Whoever activates meanwhile needs the code all the
/// same, and afterwards everything is as the reset left it.
#[tokio::test(flavor = "multi_thread")]
async fn an_exemption_after_a_reset_excuses_it_and_forgets_nothing() {
    let world = world().await;
    first(&world.browser(), "PPK301").await;
    set(&world, &["--mode", "optional"]);
    reset(&world, "PPK301");
    for ended in [true, false] {
        act(&world, &["user", "exempt", "PPK301", "--until", "20m"]).done();
        let told = world.gateway.cli(&["explain", "user", "PPK301"]).done();
        assert!(told.contains("excused by the exemption"), "{told}");
        assert!(told.contains("needs the password alone"), "{told}");
        let thief = world.browser();
        password(&thief, "PPK301").await;
        assert_home(&thief, "PPK301").await;
        let page = thief.get("/gerbang/activation").await;
        assert!(page.has(ASKS) && !page.has("otpauth"), "{page:?}");
        match ended {
            true => drop(act(&world, &["user", "exempt", "PPK301", "--end"]).done()),
            false => world.gateway.advance(1_200).await,
        }
        let answer = password(&world.browser(), "PPK301").await;
        assert!(answer.location().contains("/activation?"), "{answer:?}");
        let stopped = thief.get("/paket").await;
        assert!(stopped.location().contains("/gerbang/"), "{stopped:?}");
        let browser = world.browser();
        let answer = password(&browser, "PPK301").await;
        let page = to_page(&browser, &answer, "activation").await;
        assert!(page.has(ASKS) && !page.has("otpauth"), "{page:?}");
    }
    // Another reset ends what an exemption excused.
    act(&world, &["user", "exempt", "PPK301", "--until", "1h"]).done();
    let code = reset(&world, "PPK301");
    let owner = world.browser();
    let answer = password(&owner, "PPK301").await;
    let page = to_page(&owner, &answer, "activation").await;
    press(&owner, &page, "/proof", Some(&code)).await;
    activate(&owner, &answer).await;
    assert_home(&owner, "PPK301").await;
}

/// A list says nothing about whoever was exempted by name after a reset, and is no name itself, be it
/// of one line.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_decides_nothing_about_one_that_was_reset() {
    let world = world().await;
    first(&world.browser(), "PPK301").await;
    reset(&world, "PPK301");
    let file = world.gateway.state().join("list.csv");
    std::fs::write(&file, "PPK301\n").unwrap();
    let path = file.display().to_string();
    let list = ["user", "exempt", "--list", &path, "--until", "2d"];
    act(&world, &list).done();
    let answer = password(&world.browser(), "PPK301").await;
    assert!(answer.location().contains("/activation?"), "{answer:?}");
    act(&world, &["user", "exempt", "PPK301", "--until", "1d"]).done();
    let owner = world.browser();
    password(&owner, "PPK301").await;
    assert_home(&owner, "PPK301").await;
    let before = world.gateway.cli(&["user", "show", "PPK301"]).done();
    let told = act(&world, &list).done();
    assert!(told.contains("the list changes nothing"), "{told}");
    assert_home(&owner, "PPK301").await;
    let after = world.gateway.cli(&["user", "show", "PPK301"]).done();
    assert_eq!(before, after);
}

/// First use is trusted before the start date, and a page that was opened then is no way around it.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_from_before_a_flip_binds_nothing_after_it() {
    for date in [false, true] {
        let world = world().await;
        if date {
            set(&world, &["--mode", "required", "--from", "60s"]);
        }
        let browser = world.browser();
        let answer = password(&browser, "PPK301").await;
        let page = to_page(&browser, &answer, "activation").await;
        let mut phone = scan(&browser, &page);
        match date {
            true => world.gateway.advance(61).await,
            false => drop(set(&world, &["--mode", "required", "--proof", "counter"])),
        }
        let refused = type_code(&browser, &page, &phone.code()).await;
        assert!(refused.has(ASKS) && !refused.has("otpauth"), "{refused:?}");
        for path in ["", "/qr"] {
            let got = press(&browser, &page, path, Some("123456")).await;
            assert!(!got.has("otpauth"), "{path} {got:?}");
        }
        let again = to_page(&browser, &answer, "activation").await;
        assert!(again.has(ASKS) && !again.has("otpauth"), "{again:?}");
        assert_nobody(&browser).await;
        // With the code he goes on in the same login.
        let code = [&["user", "activation-code", "PPK301"][..], &PAPER].concat();
        let code = code_in(&act(&world, &code).done());
        press(&browser, &again, "/proof", Some(&code)).await;
        activate(&browser, &answer).await;
        assert_home(&browser, "PPK301").await;
    }
}

/// A browser shows the answer to the last click alone: both carry the code.
#[tokio::test(flavor = "multi_thread")]
async fn two_clicks_on_disable_show_the_same_code() {
    let world = world().await;
    let browser = world.browser();
    let mut phone = first(&browser, "PPK301").await;
    set(&world, &["--mode", "required", "--proof", "counter"]);
    world.gateway.to_next_step().await;
    let status = browser.get("/gerbang/").await;
    let fields = [("csrf", status.hidden("csrf")), ("code", phone.code())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let (one, two) = tokio::join!(
        browser.post("/gerbang/disable", &fields),
        browser.post("/gerbang/disable", &fields)
    );
    let three = browser.post("/gerbang/disable", &fields).await;
    let code = |answer: &crate::support::wire::Response| {
        assert_eq!(answer.status, 200, "{answer:?}");
        let text = answer.text();
        let code = text.split("<code class=\"key\">").nth(1).expect("a code");
        code.split('<').next().unwrap().to_owned()
    };
    assert_eq!((code(&one), code(&two)), (code(&three), code(&three)));
    let log = world.gateway.cli(&["audit", "tail", "-n", "20"]).done();
    assert_eq!(log.matches("\"disabled\"").count(), 1, "{log}");
    assert!(!log.contains("code-refused"), "{log}");
    // Not for long, and not for another code.
    let other: Vec<(&str, &str)> = vec![fields[0], ("code", "000000")];
    let refused = browser.post("/gerbang/disable", &other).await;
    assert_eq!(refused.status, 303, "{refused:?}");
    world.gateway.advance(15).await;
    let late = browser.post("/gerbang/disable", &fields).await;
    assert_eq!(late.status, 303, "{late:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn glass_broken_by_a_file_is_shown_and_mended_by_removing_it() {
    let world = world().await;
    act(&world, &["breakglass", "off"]).refused(1, "no glass is broken");
    act(&world, &["breakglass", "on", "--until", "1h"]).done();
    let shown = world.gateway.cli(&["policy", "show"]).done();
    assert!(shown.contains("BREAK GLASS"), "{shown}");
    act(&world, &["breakglass", "off"]).done();
    let file = world.gateway.state().join("breakglass");
    super::emergency::write(&file);
    eventually("the file is shown", || {
        let shown = world.gateway.cli(&["policy", "show"]).done();
        shown.contains("BREAK GLASS") && shown.contains("by the file")
    })
    .await;
    act(&world, &["breakglass", "off"]).refused(1, "remove it");
    std::fs::remove_file(&file).unwrap();
    eventually("it is mended", || {
        let shown = world.gateway.cli(&["policy", "show"]).done();
        !shown.contains("BREAK GLASS")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_is_recorded_with_who_and_what_it_was_before() {
    let world = world().await;
    let browser = world.browser();
    first(&browser, "PPK301").await;
    act(&world, &["policy", "ceiling", "optional", "--by", "komang"]).done();
    let log = || world.gateway.cli(&["audit", "tail", "-n", "3"]).done();
    let told = log();
    assert!(told.contains("by komang (uid 0, sudo by sri)"), "{told}");
    let ceilings = r#""ceiling":{"before":"required","after":"optional"}"#;
    assert!(told.contains(ceilings), "{told}");
    act(&world, &["session", "end", "--user", "PPK301"]).done();
    let told = log();
    let ended = told.lines().find(|line| line.contains("session-ended"));
    let ended = ended.expect("the end of the session");
    assert!(
        ended.contains("by sri (uid 0)") && ended.contains("request control"),
        "{ended}"
    );
    let code = [
        &["user", "activation-code", "PPK2", "--type", "non-penyedia"][..],
        &PAPER,
    ];
    act(&world, &code.concat()).done();
    assert!(
        log().contains(r#""checked":"KTP, surat direktur""#),
        "{}",
        log()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_that_only_logins_named_and_codes_are_told_too() {
    let world = world().await;
    let none = "nothing else is in force for any role";
    password(&world.browser(), "BARU1").await;
    let role = ["policy", "set", "--role", "Peran Baru 2027", "--mode"];
    let told = act(&world, &[&role[..], &["off"]].concat()).done();
    assert!(!told.contains(none), "{told}");
    let row = told.lines().find(|line| line.contains("Peran Baru 2027"));
    assert!(
        row.is_some_and(|row| row.contains("required  off")),
        "{told}"
    );
    let told = set(&world, &["--mode", "required", "--proof", "counter"]);
    assert!(
        !told.contains(none) && told.contains("required, activation with code"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_on_an_error_page_is_explained() {
    let world = world().await;
    let browser = world.browser();
    let page = browser.get("/gerbang/acceptor?r=AAECAwQFBgc").await;
    assert_eq!(page.status, 401, "{page:?}");
    let text = page.text();
    let number = text.split("Nomor permintaan: <code>").nth(1);
    let (id, _) = number
        .and_then(|rest| rest.split_once('<'))
        .expect("a number");
    let told = world.gateway.cli(&["explain", "request", id]).done();
    assert!(
        told.contains("401 Unauthorized with the message ticket_unknown"),
        "{told}"
    );
}

/// The zone is the gateway's, whatever the command line was given, and the state folder is enough.
#[tokio::test(flavor = "multi_thread")]
async fn times_are_those_of_the_gateway_that_runs() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| {
        gateway.set("site", "time_zone", "\"WITA\"")
    })
    .await;
    let state = world.gateway.state().display().to_string();
    let say = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gerbang"));
        command
            .args(arguments)
            .args(["--state", &state])
            .env_clear();
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let day = |format: &str| {
        let mut command = Command::new("date");
        let output = command.args(["-u", "-d", "2 days", format]).output();
        String::from_utf8(output.unwrap().stdout)
            .unwrap()
            .trim()
            .to_owned()
    };
    let (typed, shown) = (day("+%Y-%m-%d"), day("+%d-%m-%Y"));
    let (from, until) = (format!("{typed} 08:00"), format!("{typed} 16:00"));
    let told = say(&[
        "policy", "freeze", "--reason", "tender", "--from", &from, "--until", &until,
    ]);
    assert!(
        told.contains(&format!("{shown} 08.00 WITA to {shown} 16.00 WITA")),
        "{told}"
    );
    assert!(say(&["policy", "show"]).contains("08.00 WITA"));
}

/// A socket that a killed gateway left behind names no configuration: nothing is done by guesses.
#[test]
fn a_socket_where_nobody_listens_is_no_gateway() {
    let folder = tempfile::tempdir().unwrap();
    drop(std::os::unix::net::UnixListener::bind(folder.path().join("control.sock")).unwrap());
    let mut command = Command::new(env!("CARGO_BIN_EXE_gerbang"));
    command
        .args(["policy", "show", "--state"])
        .arg(folder.path());
    let output = command.env_clear().output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(78), "{told}");
    assert!(
        told.contains("name its configuration with --config"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_that_nobody_can_finish_are_not_listed() {
    let world = world().await;
    let late = world.browser();
    password(&late, "PPK301").await;
    let list = || world.gateway.cli(&["session", "list"]).done();
    assert!(list().contains("waits-for-activation"), "{}", list());
    first(&world.browser(), "PPK301").await;
    assert!(!list().contains("waits-for-activation"), "{}", list());
}

/// Scripts tell a refusal from a conflict, and get an object whatever happens.
#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_objects_too() {
    let world = world().await;
    let asked = ["policy", "ceiling", "off", "--reason", "x", "--json"];
    let said = world.gateway.cli(&asked);
    assert_eq!(said.code, Some(2), "{said:?}");
    let object: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert!(
        object["error"]["message"]
            .as_str()
            .unwrap()
            .contains("--yes"),
        "{object}"
    );
    let exempt = [
        "user",
        "exempt",
        "PPK2",
        "--type",
        "non-penyedia",
        "--until",
        "1d",
        "--json",
    ];
    let object: serde_json::Value = serde_json::from_str(&act(&world, &exempt).done()).unwrap();
    assert_eq!(object["accounts"][0]["user_id"], "PPK2", "{object}");
    assert_eq!(object["never_seen"][0]["user_id"], "PPK2", "{object}");
    assert!(object["until"].is_u64(), "{object}");
}
