//! What a mail server's answers do to a letter.

use super::{mailed, outbox, outbox_says, outbox_says_times};
use crate::support::smtp::MailServer;
use crate::support::{World, quick};
use spse_standin::SessionMode;
use std::fs;
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::sleep;

fn try_mail(world: &World, to: &str) {
    world.gateway.cli(&["mail", "test", to]).done();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_final_word_is_final_until_an_admin_says_otherwise() {
    let server = MailServer::start();
    let world = mailed(&server).await;
    try_mail(&world, "never@example.id");
    let shown = outbox_says(&world, "given up").await;
    assert!(
        shown.contains("550") && shown.contains("no such user"),
        "{shown}"
    );
    world.gateway.advance(86_400).await;
    try_mail(&world, "spam@example.id");
    let shown = outbox_says_times(&world, "given up", 2).await;
    assert!(shown.contains("looks like spam"), "{shown}");
    // Others get through meanwhile.
    try_mail(&world, "ok@example.id");
    assert_eq!(server.nth(1).await.to, "ok@example.id");
    // What the server said names the address: it is in the store, not in the log.
    assert!(!world.gateway.log().contains("never@example.id"));

    let id = shown
        .lines()
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap();
    world
        .gateway
        .cli(&["mail", "retry", "00"])
        .refused(1, "there is no letter");
    world.gateway.cli(&["mail", "retry", id]).done();
    // It is refused again, with its one try.
    outbox_says_times(&world, "given up", 2).await;
    let all = world.gateway.cli(&["mail", "retry", "--all"]).done();
    assert!(all.contains("2 letters are tried again"), "{all}");
    let json = world
        .gateway
        .cli(&["mail", "list", "--dead", "--json"])
        .done();
    assert!(json.contains("\"answer\":\"letters\""), "{json}");
    // After a month nobody looks at it any more.
    outbox_says_times(&world, "given up", 2).await;
    world.gateway.advance(31 * 86_400).await;
    outbox_says(&world, "the outbox is empty").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_is_put_off_is_tried_again_and_given_up_at_its_end() {
    let server = MailServer::start();
    let world = mailed(&server).await;
    for to in ["later@example.id", "busy@example.id", "grey@example.id"] {
        try_mail(&world, to);
    }
    // Greylisted twice: after ten seconds, after one more minute.
    outbox_says(&world, "greylisted").await;
    for _ in 0..6 {
        world.gateway.advance(61).await;
        sleep(Duration::from_secs(6)).await;
        if !server.taken().is_empty() {
            break;
        }
    }
    assert_eq!(server.nth(1).await.to, "grey@example.id");
    let shown = outbox(&world);
    assert!(
        shown.contains("try again later") && shown.contains("mailbox is full"),
        "{shown}"
    );
    world.gateway.advance(3_600).await;
    outbox_says_times(&world, "given up", 2).await;
    assert_eq!(server.taken().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_or_drops_delays_its_letter_and_not_the_others() {
    let server = MailServer::start();
    let world = World::with(quick(SessionMode::InCookie), |gateway| {
        gateway
            .moving_clock()
            .mail(&server)
            .set("mail", "timeout_seconds", "1")
    })
    .await;
    for to in ["drop@example.id", "hang@example.id", "ok@example.id"] {
        try_mail(&world, to);
    }
    // Each round ends at the letter that broke it; the next begins behind a rest.
    for _ in 0..12 {
        if server.taken().len() == 3 {
            break;
        }
        world.gateway.advance(400).await;
        sleep(Duration::from_secs(3)).await;
    }
    let mut to: Vec<String> = server.taken().into_iter().map(|mail| mail.to).collect();
    to.sort();
    assert_eq!(to, ["drop@example.id", "hang@example.id", "ok@example.id"]);
    outbox_says(&world, "the outbox is empty").await;
}

/// A folder with a certificate for 127.0.0.1, and one that signs for another host.
fn certificates() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, host) in [("good", "127.0.0.1"), ("other", "mail.example.id")] {
        let made = rcgen::generate_simple_self_signed(vec![host.to_owned()]).unwrap();
        fs::write(folder.path().join(format!("{name}.pem")), made.cert.pem()).unwrap();
        let key = made.signing_key.serialize_pem();
        fs::write(folder.path().join(format!("{name}.key")), key).unwrap();
    }
    folder
}

/// A world whose mail server speaks TLS with one certificate, and that trusts another or the same.
async fn with_tls(security: &str, served: &str, trusted: Option<&str>) -> (MailServer, World) {
    let certificate = format!("DIR/{served}.pem");
    let key = format!("DIR/{served}.key");
    let login = ["--user", "lpse", "--password", "rahasia 1"];
    let tls = [
        "--security",
        security,
        "--certificate",
        &certificate,
        "--key",
        &key,
    ];
    let arguments = [&tls[..], &login[..]].concat();
    let server = MailServer::in_folder(certificates(), &arguments);
    fs::write(server.file("password"), "rahasia 1\n").unwrap();
    let quoted = |name: &str| format!("\"{}\"", server.file(name).display());
    let world = World::with(quick(SessionMode::InCookie), |gateway| {
        let gateway = gateway
            .moving_clock()
            .mail(&server)
            .set("mail", "security", &format!("\"{security}\""))
            .set("mail", "user", "\"lpse\"")
            .set("mail", "password_file", &quoted("password"));
        match trusted {
            Some(name) => gateway.set("mail", "ca_file", &quoted(name)),
            None => gateway,
        }
    })
    .await;
    (server, world)
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_go_by_tls_and_with_a_password() {
    for security in ["starttls", "tls"] {
        let (server, world) = with_tls(security, "good", Some("good.pem")).await;
        try_mail(&world, "ok@example.id");
        assert_eq!(server.nth(1).await.to, "ok@example.id", "{security}");
        assert!(!world.gateway.log().contains("rahasia"));
    }
}

/// The log says why, the letter waits, and no password is told to whoever answers.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_else_gets_the_password() {
    for (security, served, trusted) in [
        ("starttls", "good", None),
        ("tls", "good", None),
        ("starttls", "other", Some("other.pem")),
        ("tls", "other", Some("other.pem")),
    ] {
        let (server, world) = with_tls(security, served, trusted).await;
        try_mail(&world, "ok@example.id");
        let why = "the mail server does not take letters";
        for _ in 0..100 {
            if world.gateway.log().contains(why) {
                break;
            }
            sleep(Duration::from_millis(100)).await;
        }
        let log = world.gateway.log();
        assert!(
            log.contains(why) && log.contains("certificate"),
            "{security} {served}: {log}"
        );
        assert!(server.taken().is_empty());
        assert!(outbox(&world).contains("trial"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_a_wrong_password_and_a_wrong_sender_are_its_operators_trouble() {
    for (change, arguments, why) in [
        (("security", "\"starttls\""), &[][..], "no TLS"),
        (
            ("user", "\"lpse\""),
            &["--user", "lpse", "--password", "x"][..],
            "the login was refused",
        ),
        (
            ("timeout_seconds", "5"),
            &["--sender", "other@example.id"][..],
            "the sender is refused",
        ),
    ] {
        let server = MailServer::start_with(arguments);
        fs::write(server.file("password"), "falsch").unwrap();
        let file = format!("\"{}\"", server.file("password").display());
        let world = World::with(quick(SessionMode::InCookie), |gateway| {
            let gateway = gateway
                .moving_clock()
                .mail(&server)
                .set("mail", change.0, change.1);
            match change.0 {
                "user" => gateway.set("mail", "password_file", &file),
                _ => gateway,
            }
        })
        .await;
        try_mail(&world, "ok@example.id");
        for _ in 0..100 {
            if world.gateway.log().contains(why) {
                break;
            }
            sleep(Duration::from_millis(100)).await;
        }
        assert!(
            world.gateway.log().contains(why),
            "{why}: {}",
            world.gateway.log()
        );
        assert!(!outbox(&world).contains("given up"), "{why}");
        assert!(server.taken().is_empty(), "{why}");
    }
}
