//! The page for everybody: what it takes, what it tells nobody.

use super::{EMAIL, TAKEN, ask, form, links_in, register, say, send, sum_of, with_mail};
use crate::office::set;
use crate::support::login::first;
use crate::support::smtp::MailServer;
use crate::support::wire::Response;
use crate::support::{World, quick};
use spse_standin::SessionMode;

/// Everything of an answer that anybody could compare: without the time and the id of the request.
fn told(answer: &Response) -> String {
    let raw = String::from_utf8_lossy(&answer.raw).into_owned();
    let changes = ["date:", "x-request-id:"];
    let lines = raw.lines().filter(|line| {
        let line = line.to_ascii_lowercase();
        !changes.iter().any(|name| line.starts_with(name))
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_is_the_same_whoever_is_named() {
    let server = MailServer::start();
    let world = with_mail(SessionMode::InCookie, &server).await;
    register(&world, "PPK301", EMAIL);
    first(&world.browser(), "PPK301").await;
    // POKJA1 has an address and never logged in, PP1 logged in and has none.
    register(&world, "POKJA1", EMAIL);
    first(&world.browser(), "PP1").await;
    server.nth(1).await;
    let fits = told(&ask(&world.browser(), "PPK301", EMAIL).await);
    for id in [
        "POKJA1",
        "PP1",
        "NOBODY",
        "' OR 1=1",
        "%",
        "<img src=x>",
        "a\u{fc}b",
    ] {
        let answer = told(&ask(&world.browser(), id, EMAIL).await);
        assert_eq!(answer, fits, "{id}");
    }
    // Another address, and another type.
    let other = ask(&world.browser(), "PPK301", "andi@example.id").await;
    assert_eq!(told(&other).replace("andi", "budi"), fits);
    let page = form(&world.browser()).await;
    let (csrf, puzzle, sum) = (page.hidden("csrf"), page.hidden("puzzle"), sum_of(&page));
    let fields = [
        ("csrf", csrf.as_str()),
        ("puzzle", &puzzle),
        ("user_id", "PPK301"),
        ("email", EMAIL),
        ("answer", &sum),
        ("type", "penyedia"),
    ];
    let other = world.browser().post("/gerbang/reset", &fields).await;
    assert_eq!(told(&other), fits);
    // One mail, to the one whom it fits.
    assert_eq!(server.nth(2).await.to, EMAIL);
    super::post_is_through().await;
    assert_eq!(server.taken().len(), 2);
    let outbox = world.gateway.cli(&["mail", "list"]).done();
    assert!(outbox.contains("the outbox is empty"), "{outbox}");
    let metrics = world.gateway.log();
    assert!(!metrics.contains(EMAIL), "{metrics}");
}

#[tokio::test(flavor = "multi_thread")]
async fn three_mails_a_day_then_the_same_answer_and_no_mail() {
    let server = MailServer::start();
    let world = with_mail(SessionMode::InCookie, &server).await;
    register(&world, "PPK301", EMAIL);
    let mut phone = first(&world.browser(), "PPK301").await;
    server.nth(1).await;
    let mut links = Vec::new();
    for letter in 2..=4 {
        ask(&world.browser(), "PPK301", EMAIL).await;
        links.push(links_in(&server.nth(letter).await));
        world.gateway.advance(60).await;
    }
    // A repeated request sends the same link.
    assert!(links.iter().all(|pair| *pair == links[0]), "{links:?}");
    // Half an hour later they are dead; a fourth request brings no mail, and the links to life.
    world.gateway.advance(1_800).await;
    let dead = world.browser().get(&links[0].0).await;
    assert_eq!(dead.status, 410, "{dead:?}");
    ask(&world.browser(), "PPK301", EMAIL).await;
    super::post_is_through().await;
    assert_eq!(server.taken().len(), 4);
    // It locks nothing: neither the login nor the link.
    crate::support::login::again(&world.browser(), "PPK301", &mut phone).await;
    super::code_on(&say(&world.browser(), &links[0].0).await);
    world.gateway.advance(86_400).await;
    ask(&world.browser(), "PPK301", EMAIL).await;
    // Behind the news of a login in another browser.
    let fresh = links_in(&server.nth(6).await);
    assert_ne!(fresh, links[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_puzzle_is_answered_once_and_what_was_typed_stays() {
    let server = MailServer::start();
    let contacts = "[[contact]]\nname = \"Meja Umum\"\nphone = \"0361-1\"\n\
                    [[contact]]\nuser_type = \"penyedia\"\nname = \"Meja Penyedia\"\nphone = \"0361-2\"\n";
    let world = with_mail(SessionMode::InCookie, &server).await;
    crate::help::reads(&world, contacts).await;
    let browser = world.browser();
    let page = form(&browser).await;
    let sum = sum_of(&page);
    let who = ("PPK301", "budi+x@example.id");
    // A slip, each with its own sentence, costs no right answer and loses nothing.
    for (who, answer, says) in [
        ((" ", who.1), &sum, "Isikan User ID Anda."),
        (
            ("PPK\u{7}", who.1),
            &sum,
            "User ID yang Anda isikan tidak benar.",
        ),
        ((who.0, "budi"), &sum, "bukan alamat email yang benar"),
        (
            (who.0, "a@b.id\r\nBcc: x@y.id"),
            &sum,
            "bukan alamat email yang benar",
        ),
    ] {
        let refused = send(&browser, &page, who, answer).await;
        assert_eq!(refused.status, 422, "{refused:?}");
        assert!(refused.has(says), "{says}: {refused:?}");
        assert!(
            refused.has("value=\"non-penyedia\" required checked"),
            "{refused:?}"
        );
        if who.0 == "PPK301" {
            assert!(refused.has("value=\"PPK301\""), "{refused:?}");
        }
        // Where nobody knows who asks, all contacts stand there.
        for desk in ["Meja Umum", "Meja Penyedia"] {
            assert!(refused.has(desk), "{desk} {refused:?}");
        }
        assert_ne!(
            refused.hidden("puzzle"),
            page.hidden("puzzle"),
            "a new picture"
        );
    }
    let taken = send(&browser, &page, who, &sum).await;
    assert!(taken.has(TAKEN), "{taken:?}");
    // The second click of a double click, and the same answer for something else.
    let twice = send(&browser, &page, who, &sum).await;
    assert!(twice.status == 200 && twice.has(TAKEN), "{twice:?}");
    let other = send(&browser, &page, ("POKJA1", who.1), &sum).await;
    assert!(other.status == 422 && !other.has(TAKEN), "{other:?}");
    // A wrong answer uses a puzzle up: nobody tries one sum after the other.
    let page = form(&browser).await;
    let sum = sum_of(&page);
    for answer in ["99", &sum] {
        let wrong = send(&browser, &page, who, answer).await;
        assert!(
            wrong.has("Kode Keamanan salah atau sudah lewat waktunya."),
            "{wrong:?}"
        );
        assert!(wrong.has("value=\"PPK301\""), "{wrong:?}");
    }
    assert_eq!(server.taken().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_puzzle_can_be_changed_and_is_of_our_own_making() {
    let server = MailServer::start();
    let world = with_mail(SessionMode::InCookie, &server).await;
    let browser = world.browser();
    let page = form(&browser).await;
    let who = ("PPK301", EMAIL);
    // "Klik di sini untuk mengganti Kode baru".
    let (csrf, puzzle) = (page.hidden("csrf"), page.hidden("puzzle"));
    let fields = [
        ("csrf", csrf.as_str()),
        ("puzzle", &puzzle),
        ("user_id", "PPK301"),
        ("email", "budi@"),
        ("refresh", "1"),
    ];
    let fresh = browser.post("/gerbang/reset", &fields).await;
    assert_eq!(fresh.status, 200, "{fresh:?}");
    assert!(
        fresh.has("value=\"budi@\"") && !fresh.has("role=\"alert\""),
        "{fresh:?}"
    );
    assert_ne!(fresh.hidden("puzzle"), puzzle);
    // Ten minutes.
    world.gateway.advance(600).await;
    let late = send(&browser, &fresh, who, &sum_of(&fresh)).await;
    assert!(late.has("sudah lewat waktunya"), "{late:?}");
    // A puzzle of somebody's own making.
    let mut forged = page.hidden("puzzle");
    forged.replace_range(10..12, "AA");
    let fields = [
        ("csrf", csrf.as_str()),
        ("puzzle", &forged),
        ("user_id", "PPK301"),
        ("email", EMAIL),
        ("answer", "2"),
        ("type", "non-penyedia"),
    ];
    let refused = browser.post("/gerbang/reset", &fields).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    let from_elsewhere = crate::support::browser::Ask::form("/gerbang/reset", &fields)
        .with("Origin", "https://evil.example");
    assert_eq!(browser.fetch(from_elsewhere).await.status, 403);
    assert!(server.taken().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_is_under_way_is_not_sent_twice() {
    let server = MailServer::start();
    let world = with_mail(SessionMode::InCookie, &server).await;
    register(&world, "PPK301", EMAIL);
    first(&world.browser(), "PPK301").await;
    server.nth(1).await;
    let browser = world.browser();
    let page = form(&browser).await;
    let sum = sum_of(&page);
    for _ in 0..2 {
        let taken = send(&browser, &page, ("PPK301", EMAIL), &sum).await;
        assert!(taken.has(TAKEN), "{taken:?}");
    }
    ask(&world.browser(), "PPK301", EMAIL).await;
    super::post_is_through().await;
    assert_eq!(server.taken().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_addresses_of_guides_and_posters_lead_there() {
    let server = MailServer::start();
    let world = with_mail(SessionMode::InCookie, &server).await;
    for path in [
        "/user/resettotp",
        "/user/resettotken",
        "/User/ResetTOTP",
        "/user/%72esettotp",
    ] {
        let answer = world.browser().get(path).await;
        assert_eq!(answer.status, 303, "{path} {answer:?}");
        assert_eq!(answer.location(), "/eproc4/gerbang/reset", "{path}");
        assert!(world.sent(path).is_empty(), "{path}");
    }
    // Their neighbours are the application's.
    let neighbour = world.browser().get("/user/resettotp/x").await;
    assert!(
        !neighbour.header("location").ends_with("/gerbang/reset"),
        "{neighbour:?}"
    );
    // A slash too many, as people type from paper.
    for path in ["/gerbang/reset/", "/gerbang/bantuan/"] {
        let to = format!("/eproc4{}", path.trim_end_matches('/'));
        assert_eq!(world.browser().get(path).await.location(), to);
    }
    let post = world
        .browser()
        .post("/user/resettotp", &[("user_id", "PPK301")])
        .await;
    assert_eq!(post.status, 303, "{post:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_mail_proves_nothing_no_link_goes() {
    let server = MailServer::start();
    let world = with_mail(SessionMode::InCookie, &server).await;
    register(&world, "PPK301", EMAIL);
    first(&world.browser(), "PPK301").await;
    server.nth(1).await;
    set(&world, &["--mode", "required", "--proof", "counter"]);
    ask(&world.browser(), "PPK301", EMAIL).await;
    super::post_is_through().await;
    assert_eq!(server.taken().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_mail_server_the_page_says_whom_to_ask() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| gateway).await;
    let page = world.browser().get("/gerbang/reset").await;
    assert!(!page.has("name=\"puzzle\""), "{page:?}");
    assert!(page.has("Tanpa kode pemulihan, hubungi"), "{page:?}");
    let posted = world
        .browser()
        .post("/gerbang/reset", &[("user_id", "X")])
        .await;
    assert!(!posted.has(TAKEN), "{posted:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_too_often_waits_and_loses_nothing() {
    let server = MailServer::start();
    let world = World::with(quick(SessionMode::InCookie), |gateway| {
        gateway
            .moving_clock()
            .mail(&server)
            .set("", "trusted_proxies", "[\"127.0.0.1\"]")
    })
    .await;
    let browser = world.browser();
    let page = form(&browser).await;
    let (csrf, puzzle) = (page.hidden("csrf"), page.hidden("puzzle"));
    let fields = [
        ("csrf", csrf.as_str()),
        ("puzzle", puzzle.as_str()),
        ("user_id", "PPK301"),
        ("email", EMAIL),
        ("answer", "99"),
        ("type", "non-penyedia"),
    ];
    let from = |address: String| {
        let ask = crate::support::browser::Ask::form("/gerbang/reset", &fields);
        browser.fetch(ask.with("X-Forwarded-For", &address))
    };
    for n in 1..=31 {
        let answer = from("203.0.113.9".to_owned()).await;
        assert_eq!(
            answer.status,
            if n <= 30 { 422 } else { 429 },
            "{n} {answer:?}"
        );
        if n == 31 {
            assert!(
                answer.has("Terlalu banyak permintaan. Coba lagi 10 menit lagi"),
                "{answer:?}"
            );
            assert!(
                answer.has("value=\"PPK301\"") && answer.has(EMAIL),
                "{answer:?}"
            );
            let after: u32 = answer.header("retry-after").parse().unwrap();
            assert!((540..=600).contains(&after), "{after}");
        }
    }
    assert_eq!(from("203.0.113.8".to_owned()).await.status, 422);
    // A subscriber of IPv6 has many networks; all of a site have a limit together.
    for net in 0..600 {
        let answer = from(format!("2001:db8:5:{net:x}::1")).await;
        assert_eq!(answer.status, 422, "{net} {answer:?}");
    }
    assert_eq!(from("2001:db8:5:ffff::1".to_owned()).await.status, 429);
    assert_eq!(from("2001:db8:6::1".to_owned()).await.status, 422);
}
