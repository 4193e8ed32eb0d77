//! A new set, and the file of the one that is shown.

use super::{IN, WRONG, activate_with_codes, codes_of, left, recover, send, stranger, with_clock};
use crate::support::login::{assert_home, first, password};
use crate::support::{World, quick};
use spse_standin::SessionMode;

#[tokio::test(flavor = "multi_thread")]
async fn new_codes_ask_for_a_current_code_and_the_old_ones_die_at_once() {
    for mode in SessionMode::ALL {
        let world = with_clock(mode).await;
        world.gateway.to_next_step().await;
        let owner = world.browser();
        let (mut phone, old) = activate_with_codes(&owner, "PPK301").await;
        recover(&world.browser(), "PPK301", &old[0]).await;
        let page = owner.get("/gerbang/recovery").await;
        for (code, sentence) in [
            (String::new(), "Kode harus terdiri dari 6 angka."),
            (old[1].clone(), "Kode harus terdiri dari 6 angka."),
            (phone.wrong(), "Kode salah."),
            (phone.last(), "Kode ini sudah dipakai."),
        ] {
            let refused = send(&owner, &page, "/recovery", &[("code", &code)]).await;
            assert_eq!(refused.status, 422, "{mode:?} {code} {refused:?}");
            assert!(refused.has(sentence), "{mode:?} {code} {refused:?}");
            assert_eq!(codes_of(&refused), Vec::<String>::new());
        }
        assert_eq!(left(&owner).await, "9 dari 10");
        world.gateway.advance(31).await;
        let code = phone.code();
        let made = send(&owner, &page, "/recovery", &[("code", &code)]).await;
        let new = codes_of(&made);
        assert_eq!(new.len(), 10, "{mode:?} {made:?}");
        assert_eq!(made.header("cache-control"), "no-store");
        assert!(!new.iter().any(|code| old.contains(code)));
        // The second click of a double click; not a reload.
        let second = send(&owner, &page, "/recovery", &[("code", &code)]).await;
        assert_eq!(codes_of(&second), new, "{mode:?} {second:?}");
        world.gateway.advance(6).await;
        let reloaded = send(&owner, &page, "/recovery", &[("code", &code)]).await;
        assert_eq!(reloaded.status, 422, "{mode:?} {reloaded:?}");
        assert_eq!(codes_of(&reloaded), Vec::<String>::new());
        assert_eq!(left(&owner).await, "10 dari 10");
        // This session went on, and the others too.
        assert_home(&owner, "PPK301").await;
        for dead in &old[..2] {
            let refused = recover(&world.browser(), "PPK301", dead).await;
            assert!(refused.has(WRONG), "{mode:?} {refused:?}");
        }
        let done = recover(&world.browser(), "PPK301", &new[0]).await;
        assert!(done.has(IN), "{mode:?} {done:?}");
        let audit = world.gateway.cli(&["audit", "tail", "-n", "50"]).done();
        assert!(
            audit.contains(r#"{"kind":"recovery-made","left":9}"#),
            "{audit}"
        );
        let shown = world.gateway.cli(&["user", "show", "PPK301"]).done();
        assert!(
            shown.contains("recovery      9 of 10 codes left, made "),
            "{shown}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_the_password_alone_burns_no_lane_of_the_owner() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| {
        gateway.moving_clock().default_mode("off")
    })
    .await;
    // Bound once, and then the policy asked for nothing.
    world
        .gateway
        .cli(&[
            "policy",
            "set",
            "--everybody",
            "--mode",
            "required",
            "--reason",
            "x",
            "--yes",
        ])
        .done();
    let owner = world.browser();
    let (mut phone, _) = activate_with_codes(&owner, "PPK301").await;
    world
        .gateway
        .cli(&[
            "policy",
            "set",
            "--everybody",
            "--mode",
            "off",
            "--reason",
            "x",
            "--yes",
        ])
        .done();
    let thief = world.browser();
    password(&thief, "PPK301").await;
    assert_home(&thief, "PPK301").await;
    let page = thief.get("/gerbang/recovery").await;
    for n in 0..3 {
        let code = phone.wrong_nth(n);
        let refused = send(&thief, &page, "/recovery", &[("code", &code)]).await;
        assert_eq!(refused.status, 422, "{refused:?}");
    }
    let slowed = send(&thief, &page, "/recovery", &[("code", &phone.peek())]).await;
    assert!(slowed.has("Terlalu banyak percobaan."), "{slowed:?}");
    assert_eq!(codes_of(&slowed), Vec::<String>::new());
    // Nor may it change phones.
    let moved = send(&thief, &page, "/replace", &[]).await;
    assert_eq!(moved.location(), "/eproc4/gerbang/", "{moved:?}");
    world.gateway.advance(31).await;
    let page = owner.get("/gerbang/recovery").await;
    let made = send(&owner, &page, "/recovery", &[("code", &phone.code())]).await;
    assert_eq!(codes_of(&made).len(), 10, "{made:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_holds_what_the_page_shows_and_nothing_else() {
    let world = with_clock(SessionMode::InCookie).await;
    let owner = world.browser();
    let (mut phone, _) = activate_with_codes(&owner, "PPK301").await;
    world.gateway.advance(30).await;
    let page = owner.get("/gerbang/recovery").await;
    let made = send(&owner, &page, "/recovery", &[("code", &phone.code())]).await;
    let codes = codes_of(&made);
    let all = made.hidden("codes");
    assert_eq!(all.split(',').collect::<Vec<_>>(), codes);
    let file = send(&owner, &made, "/recovery/file", &[("codes", &all)]).await;
    assert_eq!(file.status, 200, "{file:?}");
    for (header, value) in [
        ("content-type", "text/plain; charset=utf-8"),
        (
            "content-disposition",
            "attachment; filename=\"kode-pemulihan.txt\"",
        ),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(file.header(header), value);
    }
    let text = file.text();
    assert!(text.starts_with("LPSE Kabupaten Contoh\r\nKode pemulihan\r\n\r\nUser ID: PPK301\r\n"));
    for (at, code) in codes.iter().enumerate() {
        assert!(
            text.contains(&format!("{:>2}. {code}\r\n", at + 1)),
            "{text}"
        );
    }
    // Used ones stay on the list.
    recover(&world.browser(), "PPK301", &codes[0]).await;
    let file = send(&owner, &made, "/recovery/file", &[("codes", &all)]).await;
    assert_eq!(file.status, 200, "{file:?}");

    let foreign = format!("{all},{}", stranger(1));
    let swapped = all.replacen(&codes[9], &stranger(1), 1);
    for bad in [
        "",
        "x",
        "<script>alert(1)</script>",
        &stranger(1),
        &foreign,
        &swapped,
        &format!("{all},{}", codes[0]),
    ] {
        let refused = send(&owner, &made, "/recovery/file", &[("codes", bad)]).await;
        assert_eq!(refused.status, 403, "{bad} {refused:?}");
    }
    // Another one's codes, another one's form.
    let other = world.browser();
    first(&other, "PPK2").await;
    let page = other.get("/gerbang/recovery").await;
    let refused = send(&other, &page, "/recovery/file", &[("codes", &all)]).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    let refused = send(&owner, &page, "/recovery/file", &[("codes", &all)]).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    let code = phone.code();
    for path in ["/recovery", "/replace"] {
        let refused = send(&owner, &page, path, &[("code", &code)]).await;
        assert_eq!(refused.status, 403, "{path} {refused:?}");
    }
}
