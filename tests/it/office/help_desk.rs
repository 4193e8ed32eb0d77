//! Reset, activation codes, exemptions, unlocking.

use super::{PAPER, act, code_in, press, set};
use crate::support::login::{
    activate, again, assert_home, assert_nobody, first, password, scan, to_page, type_code,
};
use crate::support::{World, quick};
use spse_standin::SessionMode;

const ASKS: &str = "Masukkan 8 digit kode aktivasi";

fn desk(world: &World, verb: &str, user: &str) -> String {
    act(world, &[&["user", verb, user][..], &PAPER].concat()).done()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_ends_everything_and_asks_for_the_code_that_was_handed_out() {
    for mode in SessionMode::ALL {
        let world = World::with(quick(mode), |gateway| gateway.moving_clock()).await;
        set(&world, &["--mode", "required", "--proof", "counter"]);
        // The first code, too, comes from the counter.
        let browser = world.browser();
        let answer = password(&browser, "PPK301").await;
        let page = to_page(&browser, &answer, "activation").await;
        assert!(page.has(ASKS) && !page.has("otpauth"), "{page:?}");
        let code = code_in(&desk(&world, "activation-code", "ppk301"));
        let shown = press(&browser, &page, "/proof", Some(&code)).await;
        assert_eq!(shown.status, 303, "{shown:?}");
        assert_nobody(&browser).await;
        let mut phone = activate(&browser, &answer).await;
        assert_home(&browser, "PPK301").await;

        let waiting = world.browser();
        let stolen = password(&waiting, "PPK301").await;
        let acceptor = to_page(&waiting, &stolen, "acceptor").await;
        world.gateway.to_next_step().await;
        let second = code_in(&desk(&world, "reset", "PPK301"));
        assert_nobody(&browser).await;
        let old = type_code(&waiting, &acceptor, &phone.code()).await;
        assert_ne!(old.status, 303, "{old:?}");
        assert_nobody(&waiting).await;

        // Used up by the binding; only the new one is good, and only once.
        let fresh = world.browser();
        let answer = password(&fresh, "PPK301").await;
        let page = to_page(&fresh, &answer, "activation").await;
        let used = press(&fresh, &page, "/proof", Some(&code)).await;
        assert_eq!(used.status, 422, "{used:?}");
        press(&fresh, &page, "/proof", Some(&second)).await;
        let mut phone = activate(&fresh, &answer).await;
        assert_home(&fresh, "PPK301").await;
        world.gateway.advance(60).await;
        again(&world.browser(), "PPK301", &mut phone).await;
        let log = world
            .gateway
            .cli(&["audit", "tail", "-n", "60", "--user", "PPK301"])
            .done();
        for word in [
            "\"reset\"",
            "12/LPSE/2026",
            "KTP, surat direktur",
            "by sri (uid",
            "code-typed",
        ] {
            assert!(log.contains(word), "{word}: {log}");
        }
        for secret in [&code, &second] {
            assert!(!log.contains(secret.as_str()), "{log}");
            assert!(!world.gateway.log().contains(secret.as_str()));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_start_date_the_password_alone_activates_nothing() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| {
        gateway.moving_clock()
    })
    .await;
    set(&world, &["--mode", "required", "--from", "1d"]);
    // Before it first use is trusted.
    let early = world.browser();
    let answer = password(&early, "PPK301").await;
    activate(&early, &answer).await;
    world.gateway.advance(86_400).await;
    let thief = world.browser();
    let answer = password(&thief, "PPK2").await;
    let page = to_page(&thief, &answer, "activation").await;
    assert!(page.has(ASKS) && !page.has("otpauth"), "{page:?}");
    for path in ["/qr", ""] {
        let got = press(&thief, &page, path, Some("123456")).await;
        assert!(!got.has("otpauth"), "{path} {got:?}");
    }
    // A code of somebody else, no code, a short one.
    let code = code_in(&desk(&world, "activation-code", "PPK2"));
    let other = code_in(
        &act(
            &world,
            &[
                &["user", "activation-code", "PP1", "--type", "non-penyedia"][..],
                &PAPER,
            ]
            .concat(),
        )
        .done(),
    );
    for (typed, status) in [
        (other.as_str(), 422),
        ("", 422),
        ("123456", 422),
        ("1234 567x", 422),
    ] {
        let got = press(&thief, &page, "/proof", Some(typed)).await;
        assert_eq!(got.status, status, "{typed} {got:?}");
        assert!(got.has(ASKS), "{got:?}");
    }
    assert_nobody(&thief).await;
    // The owner comes home within the day; a day later it is too late.
    let owner = world.browser();
    world.gateway.advance(86_400 - 60).await;
    let answer = password(&owner, "PPK2").await;
    let page = to_page(&owner, &answer, "activation").await;
    world.gateway.advance(120).await;
    let late = press(&owner, &page, "/proof", Some(&code)).await;
    assert_eq!(late.status, 422, "{late:?}");
    let code = code_in(&desk(&world, "activation-code", "PPK2"));
    let good = press(&owner, &page, "/proof", Some(&code)).await;
    assert_eq!(good.status, 303, "{good:?}");
    activate(&owner, &answer).await;
    assert_home(&owner, "PPK2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_activation_codes_ends_and_the_help_desk_opens_the_lane_again() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| {
        gateway.moving_clock()
    })
    .await;
    set(&world, &["--mode", "required", "--proof", "counter"]);
    let browser = world.browser();
    let answer = password(&browser, "PPK301").await;
    let mut page = to_page(&browser, &answer, "activation").await;
    let code = code_in(&desk(&world, "activation-code", "PPK301"));
    let mut waits = 0;
    for n in 0..40 {
        let got = press(&browser, &page, "/proof", Some(&format!("{n:08}"))).await;
        if got.status == 429 {
            waits += 1;
            if got.has("Hubungi") && !got.has("Coba lagi dalam") {
                break;
            }
            world.gateway.advance(3_600).await;
            browser.set_jar(Default::default());
            let answer = password(&browser, "PPK301").await;
            page = to_page(&browser, &answer, "activation").await;
        } else {
            assert_eq!(got.status, 422, "{got:?}");
        }
    }
    assert!(waits > 1, "nobody was slowed down");
    let said = world.gateway.cli(&["user", "show", "PPK301"]).done();
    assert!(said.contains("20 in a row (ActivationCode"), "{said}");
    let explained = world.gateway.cli(&["explain", "user", "PPK301"]).done();
    assert!(
        explained.contains("`user unlock` clears them"),
        "{explained}"
    );
    let right = press(&browser, &page, "/proof", Some(&code)).await;
    assert_eq!(right.status, 429, "even the right one: {right:?}");
    // Handing a new code out clears the counters of the old one.
    act(&world, &["user", "unlock", "PPK301"]).done();
    let code = code_in(&desk(&world, "activation-code", "PPK301"));
    let answer = password(&browser, "PPK301").await;
    let page = to_page(&browser, &answer, "activation").await;
    assert_eq!(
        press(&browser, &page, "/proof", Some(&code)).await.status,
        303
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_disables_himself_gets_the_code_of_his_next_activation() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| {
        gateway.moving_clock()
    })
    .await;
    let browser = world.browser();
    let mut phone = first(&browser, "PPK301").await;
    set(&world, &["--mode", "required", "--proof", "counter"]);
    world.gateway.to_next_step().await;
    let status = browser.get("/gerbang/").await;
    let fields = [("csrf", status.hidden("csrf")), ("code", phone.code())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let done = browser.post("/gerbang/disable", &fields).await;
    assert_eq!(done.status, 200, "{done:?}");
    let text = done.text();
    let code = text.split("<code class=\"key\">").nth(1).expect("a code");
    let code = code.split('<').next().unwrap().to_owned();
    let next = world.browser();
    let answer = password(&next, "PPK301").await;
    let page = to_page(&next, &answer, "activation").await;
    assert!(page.has(ASKS), "{page:?}");
    assert_eq!(press(&next, &page, "/proof", Some(&code)).await.status, 303);
    let page = to_page(&next, &answer, "activation").await;
    let mut new_phone = scan(&next, &page);
    let done = type_code(&next, &page, &new_phone.code()).await;
    assert_eq!(done.status, 200, "{done:?}");
    assert_home(&next, "PPK301").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exemptions_end_and_spare_the_activation_not_the_code() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| {
        gateway.moving_clock()
    })
    .await;
    let enrolled = world.browser();
    first(&enrolled, "PPK301").await;
    for user in ["PPK301", "PPK2"] {
        act(
            &world,
            &[
                "user",
                "exempt",
                user,
                "--type",
                "non-penyedia",
                "--until",
                "2d",
            ],
        )
        .done();
    }
    let browser = world.browser();
    password(&browser, "PPK2").await;
    assert_home(&browser, "PPK2").await;
    let answer = password(&world.browser(), "PPK301").await;
    assert!(answer.location().contains("/acceptor?"), "{answer:?}");
    let explained = world.gateway.cli(&["explain", "user", "PPK2"]).done();
    assert!(explained.contains("exempt for another"), "{explained}");
    let list = world.gateway.cli(&["user", "list", "--exempt"]).done();
    assert!(
        list.contains("PPK2") && list.contains("2 of 2 accounts"),
        "{list}"
    );
    // Its end reaches the session by itself.
    world.gateway.advance(2 * 86_400).await;
    let fresh = world.browser();
    let answer = password(&fresh, "PPK2").await;
    assert!(answer.location().contains("/activation?"), "{answer:?}");
    act(&world, &["user", "exempt", "PPK2", "--until", "1h"]).done();
    let browser = world.browser();
    password(&browser, "PPK2").await;
    assert_home(&browser, "PPK2").await;
    act(&world, &["user", "exempt", "PPK2", "--end"]).done();
    let stopped = browser.get("/paket").await;
    assert!(stopped.location().contains("/activation?"), "{stopped:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_taken_whole_or_not_at_all() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| gateway).await;
    first(&world.browser(), "PPK301").await;
    let file = world.gateway.state().join("list.csv");
    let exempt = |text: &[u8]| {
        std::fs::write(&file, text).unwrap();
        let path = file.display().to_string();
        act(
            &world,
            &["user", "exempt", "--list", &path, "--until", "1d"],
        )
    };
    exempt(b"PPK301\nPPK30\xff\n").refused(2, "line 2: is not UTF-8");
    exempt(b"PPK301\n\"PPK2\n").refused(2, "line 2: a quote is not closed");
    exempt(b"PPK301\nPPK301\n").refused(2, "line 2: PPK301 stands in line 1 already");
    exempt(b"PPK301\nPPK999\n").refused(1, "line 2: no account \"PPK999\" was ever seen here");
    exempt(b"PPK301\nppk301\n").refused(1, "line 2: \"ppk301\" stands there twice");
    let list = world.gateway.cli(&["user", "list", "--exempt"]).done();
    assert!(list.contains("0 of 0 accounts"), "{list}");
    let done = exempt(b"user_id;user_type\r\nPPK301;NON PENYEDIA\r\nPT BARU;penyedia\r\n").done();
    let warned = "warning: PT BARU (penyedia) was never seen here: look at its spelling";
    assert!(
        done.contains("2 accounts: exempt until") && done.contains(warned),
        "{done}"
    );
    assert!(!done.contains("PPK301 (non-penyedia) was never"), "{done}");
    let list = world.gateway.cli(&["user", "list", "--exempt"]).done();
    assert!(
        list.contains("PT BARU") && list.contains("2 of 2 accounts"),
        "{list}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_help_desk_forgets_is_asked_for() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| gateway).await;
    first(&world.browser(), "PPK301").await;
    let cli = |arguments: &[&str]| world.gateway.cli(arguments);
    cli(&["user", "reset", "PPK301", "--reason", "x", "--yes"]).refused(2, "--number");
    cli(&["user", "exempt", "PPK301", "--reason", "x", "--yes"]).refused(2, "--until");
    cli(&["user", "unlock", "PPK301"]).refused(2, "--reason");
    act(&world, &["user", "unlock", "PPK300"]).refused(1, "did you mean PPK301?");
    act(
        &world,
        &["user", "unlock", "PPK301", "--type", "nonpenyedia"],
    )
    .refused(1, "did you mean `non-penyedia`");
    act(
        &world,
        &["user", "exempt", "PPK301", "--until", "2020-01-01"],
    )
    .refused(1, "in the past");
    act(&world, &["user", "exempt", "PPK301", "--until", "500d"]).refused(1, "a year at most");
    act(&world, &["user", "exempt", "PPK301", "--until", "someday"]).refused(2, "is no time");
    let mut reset = vec!["user", "reset", "PPK301", "--reason", "HP hilang"];
    reset.extend(PAPER);
    cli(&reset).refused(2, "this asks first");
    reset.push("--dry-run");
    let told = cli(&reset).done();
    assert!(
        told.contains("nothing was done") && !told.contains("activation code for"),
        "{told}"
    );
    let code = act(
        &world,
        &[&["user", "activation-code", "PPK301"][..], &PAPER].concat(),
    );
    code.refused(1, "the account has a second factor");
    let empty = act(
        &world,
        &[
            "user",
            "reset",
            "PPK301",
            "--number",
            " ",
            "--checked",
            "KTP",
        ],
    );
    empty.refused(1, "the number of the letter or ticket has to be given");
}

/// A reset is never a bare permit: where the password alone would be enough for the role, it is not for
/// whoever was just reset, until he has bound a new one with the code.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_reset_the_code_is_due_even_where_the_role_needs_nothing() {
    for mode in ["optional", "encouraged"] {
        let world = World::with(quick(SessionMode::NewId), |gateway| gateway).await;
        first(&world.browser(), "PPK301").await;
        set(&world, &["--mode", mode]);
        let code = code_in(&desk(&world, "reset", "PPK301"));
        let thief = world.browser();
        let answer = password(&thief, "PPK301").await;
        let page = to_page(&thief, &answer, "activation").await;
        assert!(page.has(ASKS) && !page.has("Nanti saja"), "{mode} {page:?}");
        let later = press(&thief, &page, "/later", None).await;
        assert!(
            later.location().contains("/activation?"),
            "{mode} {later:?}"
        );
        assert_nobody(&thief).await;
        // A list of exemptions decides nothing about him.
        let list = world.gateway.state().join("list.csv");
        std::fs::write(&list, "PPK301,non-penyedia\nPPK2,non-penyedia\n").unwrap();
        let list = list.display().to_string();
        act(
            &world,
            &["user", "exempt", "--list", &list, "--until", "1d"],
        )
        .done();
        let answer = password(&world.browser(), "PPK301").await;
        assert!(
            answer.location().contains("/activation?"),
            "{mode} {answer:?}"
        );
        let owner = world.browser();
        let answer = password(&owner, "PPK301").await;
        let page = to_page(&owner, &answer, "activation").await;
        assert_eq!(
            press(&owner, &page, "/proof", Some(&code)).await.status,
            303
        );
        activate(&owner, &answer).await;
        assert_home(&owner, "PPK301").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_set_back_brings_nothing_back() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| {
        gateway.moving_clock()
    })
    .await;
    set(&world, &["--mode", "required", "--from", "1d"]);
    world.gateway.advance(2 * 86_400).await;
    let answer = password(&world.browser(), "PPK301").await;
    assert!(answer.location().contains("/activation?"), "{answer:?}");
    world.gateway.rewind(86_400 + 3_600).await;
    let browser = world.browser();
    let form = crate::support::login::user_id(&browser, "PPK301").await;
    let secret = crate::support::login::user("PPK301").password;
    let refused = crate::support::login::type_password(&browser, &form, &secret).await;
    assert_eq!(refused.status, 503, "{refused:?}");
    assert_nobody(&browser).await;
}
