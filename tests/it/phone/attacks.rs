//! Somebody who has the password, a recording of the network, or a copy of the phone's storage.

use super::answers::other_number;
use super::*;
use crate::support::app::{API, Told};
use crate::support::browser::Ask;
use crate::support::login::assert_nobody;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_yes_says_nothing_to_another_login() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let app = activate_by_phone(&browser, "PPK2").await;
    let desktop = world.browser();
    let page = asked(&desktop, "PPK2").await;
    let challenge = app.call_of().await;
    let yes = app.call("approve", json!({ "number": number_of(&page) }), &challenge);
    app.send(yes.clone()).await.good();
    let done = go_on(&desktop, &page, "acceptor").await;
    assert_eq!(done.status, 303, "{done:?}");
    // Byte for byte, while another login waits.
    let stranger = world.browser();
    let other = asked(&stranger, "PPK2").await;
    app.send(yes.clone()).await.refused(410, "over");
    // With the other login's challenge and the recorded signature.
    let its = app.call_of().await;
    let (header, body) = app.signed(&yes);
    let forged = header.replace(&challenge, &its);
    let ask = Ask::new("POST", &format!("{API}approve"))
        .with("Content-Type", "application/json")
        .with("Gerbang-Device", &forged)
        .body(&body);
    app.raw(ask).await.refused(401, "unknown");
    go_on(&stranger, &other, "acceptor").await;
    assert_nobody(&stranger).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_yes_to_the_owner_opens_nothing_for_whoever_waits_beside_him() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let app = activate_by_phone(&browser, "PPK2").await;
    let (owner, stranger) = (world.browser(), world.browser());
    let his = asked(&owner, "PPK2").await;
    let theirs = asked(&stranger, "PPK2").await;
    let waiting = app.waiting().await;
    let oldest = waiting[1]["challenge"].as_str().unwrap();
    app.approve(oldest, &number_of(&his)).await.good();
    // With his reference, which stands in addresses, but without his ticket.
    let fields = [("r", his.hidden("r")), ("csrf", his.hidden("csrf"))];
    let fields = fields
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let stolen = stranger.post("/gerbang/acceptor/phone", &fields).await;
    assert!(stolen.status >= 400, "{stolen:?}");
    let fields = [("r", theirs.hidden("r")), ("csrf", his.hidden("csrf"))];
    let fields = fields
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let mixed = stranger.post("/gerbang/acceptor/phone", &fields).await;
    assert_eq!(mixed.status, 403, "{mixed:?}");
    go_on(&stranger, &theirs, "acceptor").await;
    assert_nobody(&stranger).await;
    let done = go_on(&owner, &his, "acceptor").await;
    assert_eq!(done.status, 303, "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_answers_for_its_own_account_alone() {
    let world = with_clock(SessionMode::InCookie).await;
    let own = activate_by_phone(&world.browser(), "POKJA1").await;
    let app = activate_by_phone(&world.browser(), "PPK2").await;
    let desktop = world.browser();
    let page = asked(&desktop, "PPK2").await;
    let challenge = app.call_of().await;
    let number = number_of(&page);
    own.approve(&challenge, &number).await.refused(410, "over");
    own.deny(&challenge, "not-me").await.refused(410, "over");
    assert_eq!(own.waiting().await, Vec::<serde_json::Value>::new());
    go_on(&desktop, &page, "acceptor").await;
    assert_nobody(&desktop).await;
    app.approve(&challenge, &number).await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_signed_for_this_place_and_time_counts() {
    let world = with_clock(SessionMode::InCookie).await;
    let (app, _, page, challenge) = one_waits(&world).await;
    let number = number_of(&page);
    let good = app.call("approve", json!({ "number": number }), &challenge);
    for (what, bad) in [
        (
            "another site",
            crate::support::app::Call {
                origin: "https://lpse.example.com".to_owned(),
                ..good.clone()
            },
        ),
        (
            "another method",
            crate::support::app::Call {
                method: "GET",
                ..good.clone()
            },
        ),
        (
            "another path",
            crate::support::app::Call {
                path: format!("{API}deny"),
                ..good.clone()
            },
        ),
        (
            "another body",
            crate::support::app::Call {
                sent: Some(json!({ "number": number, "x": 1 }).to_string().into_bytes()),
                ..good.clone()
            },
        ),
    ] {
        let told = app.send(bad).await;
        assert!([400, 401].contains(&told.status), "{what}: {told:?}");
        assert_eq!(app.call_of().await, challenge, "{what}");
    }
    for seconds in [-600_i64, -61, 61, 600] {
        let time = good.time.saturating_add_signed(seconds);
        let bad = crate::support::app::Call {
            time,
            ..good.clone()
        };
        let told = app.send(bad).await.refused(401, "clock");
        let gateways = told["time"].as_u64().unwrap();
        assert!(gateways.abs_diff(app.now()) <= 2, "{told}");
    }
    app.send(good).await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_the_phones_storage_without_its_key_is_nothing() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let app = activate_by_phone(&browser, "PPK2").await;
    let desktop = world.browser();
    let page = asked(&desktop, "PPK2").await;
    let challenge = app.call_of().await;
    let mut copy = App::beside(&browser);
    copy.handle = app.handle.clone();
    copy.secret = app.secret.clone();
    copy.ask("waiting", json!({}), "")
        .await
        .refused(401, "unknown");
    copy.approve(&challenge, &number_of(&page))
        .await
        .refused(401, "unknown");
    copy.deny(&challenge, "not-me")
        .await
        .refused(401, "unknown");
    assert_eq!(app.call_of().await, challenge);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_of_the_app_is_refused_in_its_own_form() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let app = activate_by_phone(&browser, "PPK2").await;
    let (header, body) = app.signed(&app.call("waiting", json!({}), ""));
    let ask = |method: &str, action: &str| {
        Ask::new(method, &format!("{API}{action}"))
            .with("Content-Type", "application/json")
            .body(&body)
    };
    let twice = format!("{header}, {header}");
    let long = format!("{header}, x=\"{}\"", "A".repeat(600));
    for bad in [
        "",
        "handle",
        "handle=\"\"",
        &twice,
        &long,
        &header.replace('"', ""),
    ] {
        let told = app
            .raw(ask("POST", "waiting").with("Gerbang-Device", bad))
            .await;
        told.refused(400, "request");
    }
    // Twice, of which one may be anything; with what nobody signed; a list of the fields.
    let two = ask("POST", "waiting").with("Gerbang-Device", &header);
    let two = two.with("Gerbang-Device", &header);
    app.raw(two).await.refused(400, "request");
    let query = ask("POST", "waiting?x=1").with("Gerbang-Device", &header);
    let query = Told::of(&browser.fetch(query).await);
    query.refused(400, "request");
    app.ask("waiting", json!([]), "")
        .await
        .refused(400, "request");
    let list = app.ask("approve", json!(["123456"]), "").await;
    list.refused(400, "request");
    for action in ["", "x", "waiting/", "../waiting2"] {
        let told = browser
            .fetch(ask("POST", action).with("Gerbang-Device", &header))
            .await;
        assert!([400, 404].contains(&told.status), "{action}: {told:?}");
    }
    // A prefetch changes nothing, since no GET does (row 48 of the threats).
    for method in ["GET", "PUT", "DELETE"] {
        let bare = Ask::new(method, &format!("{API}waiting"));
        let told = app.raw(bare.with("Gerbang-Device", &header)).await;
        told.refused(405, "request");
    }
    let form = Ask::form(&format!("{API}waiting"), &[]).with("Gerbang-Device", &header);
    app.raw(form).await.refused(400, "request");
    app.raw(ask("POST", "waiting").with("Gerbang-Device", &header))
        .await
        .good();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_site_cannot_take_a_yes_up() {
    let world = with_clock(SessionMode::InCookie).await;
    let (app, desktop, page, challenge) = one_waits(&world).await;
    app.approve(&challenge, &number_of(&page)).await.good();
    let (reference, csrf) = (page.hidden("r"), page.hidden("csrf"));
    let with_csrf = [("r", reference.as_str()), ("csrf", csrf.as_str())];
    let foreign = Ask::form("/gerbang/acceptor/phone", &with_csrf);
    let foreign = desktop
        .fetch(foreign.with("Origin", "https://lpse.example.com"))
        .await;
    assert_eq!(foreign.status, 403, "{foreign:?}");
    let bare = desktop
        .post("/gerbang/acceptor/phone", &with_csrf[..1])
        .await;
    assert_eq!(bare.status, 403, "{bare:?}");
    let prefetch = Ask::get(&format!("/gerbang/acceptor/phone?r={reference}"));
    let prefetch = desktop
        .fetch(prefetch.with("Sec-Purpose", "prefetch"))
        .await;
    assert_eq!(prefetch.status, 303, "{prefetch:?}");
    assert_nobody(&desktop).await;
    // No page of the gateway may stand in a frame of somebody else.
    let shown = desktop.get("/gerbang/authenticator/").await;
    assert!(
        shown
            .header("content-security-policy")
            .contains("frame-ancestors 'none'")
    );
    assert_eq!(shown.header("x-frame-options"), "DENY");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_numbers_in_parallel_are_counted_one_by_one() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let app = std::sync::Arc::new(activate_by_phone(&browser, "PPK2").await);
    let desktop = world.browser();
    let page = asked(&desktop, "PPK2").await;
    let challenge = app.call_of().await;
    let wrong = other_number(&number_of(&page));
    let tries = (0..12).map(|_| {
        let (app, challenge, wrong) = (app.clone(), challenge.clone(), wrong.clone());
        tokio::spawn(async move { app.approve(&challenge, &wrong).await })
    });
    let tries: Vec<_> = tries.collect();
    let mut compared = 0;
    for told in tries {
        let told = told.await.unwrap();
        assert_ne!(told.status, 200, "{told:?}");
        compared += u32::from(told.body["error"] == "number");
    }
    assert!((1..=3).contains(&compared), "{compared}");
}

/// The document names exactly what is answered: nothing more, and nothing less.
#[tokio::test(flavor = "multi_thread")]
async fn every_action_of_the_document_is_answered_and_no_other() {
    let world = with_clock(SessionMode::InCookie).await;
    let browser = world.browser();
    let app = activate_by_phone(&browser, "PPK2").await;
    let named = crate::support::openapi::DOCUMENT["paths"]
        .as_object()
        .unwrap();
    let named: Vec<&str> = named
        .keys()
        .map(|path| path.trim_start_matches('/'))
        .collect();
    assert_eq!(named, gerbang::pages::PHONE_ACTIONS);
    for action in &named {
        // Without what it is about: known, and refused for what is missing, or nothing to tell.
        let told = app.ask(action, json!({ "none": 1 }), "").await;
        told.refused(400, "request");
    }
    let told = app.ask("logins", json!({}), "").await;
    told.refused(400, "request");
}
