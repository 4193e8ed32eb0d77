//! Letters on their way through a real mail server: what is told to whom, what a server's answers do to a
//! letter, and that nothing on a page waits for one.

mod ways;

use crate::office::{PAPER, act};
use crate::support::gateway::Said;
use crate::support::login::{first, password, to_page, type_code};
use crate::support::smtp::MailServer;
use crate::support::{World, quick};
use spse_standin::SessionMode;
use std::fs;
use std::time::Duration;
use tokio::time::sleep;

/// A world with mail whose clock can be moved.
async fn mailed(server: &MailServer) -> World {
    World::with(quick(SessionMode::InCookie), |gateway| {
        gateway.moving_clock().mail(server)
    })
    .await
}

/// Registers addresses by a list.
pub(crate) fn register(world: &World, lines: &[(&str, &str, &str)]) -> Said {
    register_all(world, lines, &[])
}

pub(crate) fn register_all(world: &World, lines: &[(&str, &str, &str)], more: &[&str]) -> Said {
    let file = world.gateway.state().with_file_name("addresses.csv");
    let mut text = "user_id,user_type,email\n".to_owned();
    for (id, kind, email) in lines {
        text.push_str(&format!("{id},{kind},{email}\n"));
    }
    fs::write(&file, text).unwrap();
    let list = file.to_str().unwrap();
    act(world, &[&["directory", "import", list][..], more].concat())
}

/// The outbox as a table.
fn outbox(world: &World) -> String {
    world.gateway.cli(&["mail", "list"]).done()
}

/// Waits until the outbox reads so.
async fn outbox_says(world: &World, what: &str) -> String {
    outbox_says_times(world, what, 1).await
}

/// The same, so often.
pub(crate) async fn outbox_says_times(world: &World, what: &str, times: usize) -> String {
    for _ in 0..200 {
        let shown = outbox(world);
        if shown.matches(what).count() == times {
            return shown;
        }
        sleep(Duration::from_millis(100)).await;
    }
    panic!("{what}: {}\n{}", outbox(world), world.gateway.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_owner_is_told_what_happens_to_his_account() {
    let server = MailServer::start();
    let world = mailed(&server).await;
    let done = register(&world, &[("ppk301", "non-penyedia", "budi@example.id")]).done();
    assert!(done.contains("1 new, 0 changed"), "{done}");

    let browser = world.browser();
    let mut phone = first(&browser, "PPK301").await;
    let mail = server.nth(1).await;
    assert_eq!(mail.to, "budi@example.id");
    assert_eq!(mail.subject(), "TOTP sudah berhasil diaktifkan");
    assert_eq!(
        mail.header("From"),
        "\"LPSE Kabupaten Contoh\" <admin.lpse@lpse.example.go.id>"
    );
    assert_eq!(mail.header("To"), "\"Pengguna SPSE\" <budi@example.id>");
    for words in [
        "User ID: PPK301",
        "Alamat IP: 127.0.0.1",
        "Entri di aplikasi: A",
    ] {
        assert!(mail.text().contains(words), "{words}: {}", mail.text());
    }
    assert!(mail.html().contains("<b>PPK301</b>"), "{}", mail.html());

    // A browser in which he was never accepted, then the one that is known: one letter.
    world.gateway.to_next_step().await;
    let other = world.browser();
    let answer = password(&other, "PPK301").await;
    let page = to_page(&other, &answer, "acceptor").await;
    type_code(&other, &page, &phone.code()).await;
    assert_eq!(server.nth(2).await.subject(), "Login dari browser baru");
    world.gateway.advance(4_000).await;
    let answer = password(&browser, "PPK301").await;
    let page = to_page(&browser, &answer, "acceptor").await;
    type_code(&browser, &page, &phone.code()).await;

    // The password is right and the code is wrong, three times.
    let thief = world.browser();
    let answer = password(&thief, "PPK301").await;
    let page = to_page(&thief, &answer, "acceptor").await;
    for which in 0..3 {
        type_code(&thief, &page, &phone.wrong_nth(which)).await;
    }
    let told = server.nth(3).await;
    assert_eq!(told.subject(), "Password benar, kode TOTP salah");
    assert!(
        told.text().contains("Jumlah kode salah: 3"),
        "{}",
        told.text()
    );

    act(&world, &[&["user", "reset", "PPK301"][..], &PAPER].concat()).done();
    assert_eq!(
        server.nth(4).await.subject(),
        "TOTP di-reset oleh petugas LPSE"
    );
    outbox_says(&world, "the outbox is empty").await;
    // No letter and no log line tells what opens anything, and the log no address either.
    let log = world.gateway.log();
    assert!(!log.contains("budi@example.id"), "{log}");
}

/// Whoever photographed the second QR code has a phone of his own bound: the owner reads which.
#[tokio::test(flavor = "multi_thread")]
async fn a_first_activation_by_phone_is_told_with_the_phone() {
    let server = MailServer::start();
    let world = mailed(&server).await;
    register(&world, &[("ppk2", "non-penyedia", "budi@example.id")]).done();
    crate::phone::activate_by_phone(&world.browser(), "PPK2").await;
    let mail = server.nth(1).await;
    assert_eq!(mail.subject(), "TOTP sudah berhasil diaktifkan");
    let phone = "HP yang terhubung: Chrome (Android)";
    assert!(mail.text().contains(phone), "{}", mail.text());
    let told = world.gateway.cli(&["user", "show", "PPK2"]).done();
    let line = "phone         Chrome (Android), may approve logins";
    assert!(told.contains(line), "{told}");
    let log = world.gateway.cli(&["audit", "tail", "-n", "60"]).done();
    assert!(log.contains("\"phone\":\"Chrome (Android)\""), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_address_costs_nothing_and_old_news_are_no_letters() {
    let server = MailServer::start();
    let world = mailed(&server).await;
    first(&world.browser(), "PPK301").await;
    // Its letter was moot; from here on there is an address.
    sleep(Duration::from_secs(6)).await;
    register(&world, &[("PPK301", "non-penyedia", "budi@example.id")]).done();
    world
        .gateway
        .cli(&["mail", "test", "ppe@example.go.id"])
        .done();
    assert_eq!(server.nth(1).await.subject(), "Percobaan email Gerbang");
    assert_eq!(server.taken().len(), 1);
    outbox_says(&world, "the outbox is empty").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mail_server_nothing_is_written() {
    let world = World::start(SessionMode::InCookie).await;
    first(&world.browser(), "PPK301").await;
    let shown = outbox(&world);
    assert!(shown.contains("the outbox is empty"), "{shown}");
    assert!(shown.contains("no mail server is configured"), "{shown}");
    world
        .gateway
        .cli(&["mail", "test", "ppe@example.go.id"])
        .refused(1, "no mail server is configured");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_down_holds_letters_and_nobody_else() {
    let mut server = MailServer::start();
    let mut world = mailed(&server).await;
    register(&world, &[("PPK301", "non-penyedia", "budi@example.id")]).done();
    server.stop();
    let browser = world.browser();
    first(&browser, "PPK301").await;
    // The page was there at once; the letter waits, no try counted against it.
    outbox_says(&world, "notice").await;
    let home = browser.get("/home").await;
    assert_eq!(home.status, 200, "{home:?}");
    let shown = outbox_says(&world, "PPK301").await;
    assert!(!shown.contains("given up"), "{shown}");
    // Over kill -9, and with the server back a while later.
    world.gateway.restart_after_kill().await;
    assert!(outbox(&world).contains("PPK301"));
    server.run();
    world.gateway.advance(600).await;
    let mail = server.nth(1).await;
    assert_eq!(mail.subject(), "TOTP sudah berhasil diaktifkan");
    outbox_says(&world, "the outbox is empty").await;
    sleep(Duration::from_secs(6)).await;
    assert_eq!(server.taken().len(), 1, "once");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_corrected_with_a_letter_and_both_owners_are_told() {
    let server = MailServer::start();
    let world = mailed(&server).await;
    register(&world, &[("PPK301", "non-penyedia", "lama@example.id")]).done();
    let set = |email: &str| {
        let verb = [
            "user",
            "email",
            "PPK301",
            "--type",
            "non-penyedia",
            "--set",
            email,
        ];
        act(&world, &[&verb[..], &PAPER].concat())
    };
    set("no address").refused(2, "is no address");
    set("baru@example.id").done();
    let mut told = [server.nth(1).await, server.nth(2).await];
    told.sort_by_key(|mail| mail.to.clone());
    assert_eq!(told[0].to, "baru@example.id");
    assert!(told[0].text().contains("mendaftarkan alamat email ini"));
    assert_eq!(told[1].to, "lama@example.id");
    assert!(told[1].text().contains("Alamat ini tidak dipakai lagi"));
    // The help desk goes before a list.
    let done = register(&world, &[("PPK301", "non-penyedia", "lain@example.id")]).done();
    assert!(
        done.contains("1 of them have an address from the help desk"),
        "{done}"
    );
    first(&world.browser(), "PPK301").await;
    assert_eq!(server.nth(3).await.to, "baru@example.id");
    let shown = world.gateway.cli(&["user", "show", "PPK301"]).done();
    assert!(shown.contains("baru@example.id (help-desk)"), "{shown}");
    // Without its paper nothing is set, and what is not set cannot be taken back.
    let log = world.gateway.cli(&["audit", "tail", "-n", "60"]).done();
    for word in ["email-set", "directory-imported", "12/LPSE/2026"] {
        assert!(log.contains(word), "{word}: {log}");
    }
    assert!(!log.contains("baru@example.id"), "{log}");
    let remove = ["user", "email", "PPK301", "--remove"];
    let removed = act(&world, &[&remove[..], &PAPER].concat()).done();
    assert!(removed.contains("is lain@example.id (list)"), "{removed}");
    act(&world, &[&remove[..], &PAPER].concat()).refused(1, "neither the help desk nor the owner");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_taken_whole_or_its_bad_lines_are_told() {
    let server = MailServer::start();
    let world = mailed(&server).await;
    let lines = [
        ("PPK301", "non-penyedia", "a@example.id"),
        ("PPK302", "orang", "b@example.id"),
        ("PPK303", "non-penyedia", "kein-at"),
        ("ppk301", "non-penyedia", "c@example.id"),
        ("PPK304", "", "d@example.id"),
    ];
    let said = register(&world, &lines);
    assert_eq!(said.code, Some(1), "{said:?}");
    for why in [
        "line 3: there is no user type \"orang\"",
        "line 4: \"kein-at\" is no e-mail address",
        "line 5: non-penyedia/PPK301 has another address further up",
        "line 6: a line is user_id,user_type,email",
        "nothing was imported",
    ] {
        assert!(said.err.contains(why), "{why}: {said:?}");
    }
    let show = |user: &str| world.gateway.cli(&["user", "show", user]);
    let done = register_all(&world, &lines, &["--skip-bad"]).done();
    assert!(
        done.contains("4 lines were left out") && done.contains("1 new"),
        "{done}"
    );
    first(&world.browser(), "PPK301").await;
    assert!(show("PPK301").done().contains("a@example.id (list)"));
    let done = register_all(
        &world,
        &[("PPK302", "NON PENYEDIA", "b@example.id")],
        &["--replace"],
    )
    .done();
    assert!(
        done.contains("1 new, 0 changed, 0 as before, 1 removed"),
        "{done}"
    );
    assert!(show("PPK301").done().contains("none registered here"));
}
