//! What is asked of whom: off, observe, optional, required, unknown roles, the ceiling.

use crate::support::login::{activate, again, assert_home, password, scan, type_code};
use crate::support::{World, assert_nothing_private};
use spse_standin::{Config, HeaderBlock, SessionMode};

#[tokio::test(flavor = "multi_thread")]
async fn off_and_observe_show_nothing_and_the_session_is_sealed_all_the_same() {
    for mode in SessionMode::ALL {
        for policy in ["off", "observe"] {
            let config = Config {
                session_mode: mode,
                ..Config::default()
            };
            let world = World::with(config, |gateway| gateway.default_mode(policy)).await;
            let browser = world.browser();
            let answer = password(&browser, "PPK301").await;
            assert_eq!(answer.status, 302, "{mode:?} {policy} {answer:?}");
            assert_eq!(answer.location(), "/eproc4/home", "{mode:?} {policy}");
            assert_home(&browser, "PPK301").await;
            assert!(
                browser.jar().contains_key("gerbang-eproc4"),
                "{mode:?} {policy}"
            );
            // Without the seal the cookies of before open nothing.
            let mut jar = browser.jar();
            jar.remove("gerbang-eproc4");
            let copy = browser.thief();
            copy.set_jar(jar);
            assert_nothing_private(&copy.get("/paket").await.raw);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn optional_asks_who_has_enabled_it_and_nobody_else() {
    let world = World::with(Config::default(), |gateway| {
        gateway.default_mode("optional")
    })
    .await;
    let browser = world.browser();
    let answer = password(&browser, "PPK301").await;
    assert_eq!(answer.location(), "/eproc4/home", "{answer:?}");
    let status = browser.get("/gerbang/").await;
    assert!(
        status.has("action=\"/eproc4/gerbang/enable\""),
        "{status:?}"
    );
    let page = browser.get("/gerbang/activation").await;
    let mut phone = scan(&browser, &page);
    type_code(&browser, &page, &phone.code()).await;
    again(&world.browser(), "PPK301", &mut phone).await;
    let other = world.browser();
    assert_eq!(
        password(&other, "AUDITOR1").await.location(),
        "/eproc4/home"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rule_of_a_role_wins_and_an_unknown_role_has_the_default() {
    let world = World::with(Config::default(), |gateway| {
        gateway
            .default_mode("required")
            .rule("Pejabat Pembuat Komitmen", "off")
    })
    .await;
    let ppk = world.browser();
    assert_eq!(password(&ppk, "PPK301").await.location(), "/eproc4/home");
    let unknown = world.browser();
    let answer = password(&unknown, "BARU1").await;
    activate(&unknown, &answer).await;
    assert_home(&unknown, "BARU1").await;
    let provider = world.browser();
    let answer = password(&provider, "REKANAN2").await;
    activate(&provider, &answer).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ceiling_lowers_every_rule() {
    let world = World::with(Config::default(), |gateway| {
        gateway
            .default_mode("required")
            .set("policy", "ceiling", "\"observe\"")
            .rule("Auditor/Aparat Penegak Hukum", "required")
    })
    .await;
    for id in ["AUDITOR1", "PPK301", "BARU1"] {
        let browser = world.browser();
        assert_eq!(
            password(&browser, id).await.location(),
            "/eproc4/home",
            "{id}"
        );
        assert_home(&browser, id).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_cannot_be_read_stops_nobody_under_an_observing_ceiling_and_everybody_else() {
    for mode in SessionMode::ALL {
        let config = Config {
            session_mode: mode,
            header_block: HeaderBlock::Missing,
            ..Config::default()
        };
        let world = World::with(config.clone(), |g| {
            g.set("policy", "ceiling", "\"observe\"")
        })
        .await;
        let browser = world.browser();
        let answer = password(&browser, "PPK301").await;
        assert_eq!(answer.location(), "/eproc4/home", "{mode:?} {answer:?}");
        let page = browser.get("/nontender/5301194").await;
        assert!(page.has("RAHASIA-PPK301"), "{mode:?} {page:?}");

        let world = World::with(config, |gateway| gateway).await;
        let browser = world.browser();
        let answer = password(&browser, "PPK301").await;
        assert_eq!(answer.status, 503, "{mode:?} {answer:?}");
        assert!(
            world.gateway.log().contains("could not be read"),
            "{mode:?}"
        );
        assert_nothing_private(&browser.get("/paket").await.raw);
        assert_nothing_private(&browser.seen());
        // The public goes on reading.
        assert_eq!(world.browser().get("/lelang").await.status, 200);
    }
}
