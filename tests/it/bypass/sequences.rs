//! Whatever somebody does who has every password and no second factor, in whatever order: nothing
//! private reaches him, and no request of his reaches the application with somebody's session.

use super::routes::{open_config, ways};
use super::subsets::PRIVATE;
use crate::support::browser::{Ask, Browser};
use crate::support::login::{assert_home, first};
use crate::support::{World, assert_nothing_private, is_errand};
use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, TestRunner};
use spse_standin::{LoginAnswer, SESSION_COOKIE, SessionMode};
use std::time::Duration;

/// Sequences per session mode.
const CASES: u32 = 8;
/// Browsers of the attacker.
const BROWSERS: usize = 2;

#[derive(Clone, Debug)]
enum Act {
    /// Hands the password in, one of the ways.
    Login { browser: usize, way: usize },
    /// The same, and hangs up at once.
    CutOff { browser: usize, way: usize },
    /// The same, with requests for private things beside it.
    Beside { browser: usize, way: usize },
    /// Asks for something private.
    Look {
        browser: usize,
        path: usize,
        script: bool,
    },
    /// Sends a message in somebody's name.
    Post { browser: usize },
    /// Takes over the other browser's cookies, or some of them.
    Swap { browser: usize, mask: u8 },
    /// Takes the owner's cookies but for the seal.
    Steal { browser: usize },
    /// Logs out.
    Out { browser: usize },
    /// The application answers logins in another way from now on.
    Answer { kind: usize },
    /// The owner does something, rightly.
    Owner,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let browser = 0..BROWSERS;
    let way = 0..ways().len();
    let act = prop_oneof![
        4 => (browser.clone(), way.clone()).prop_map(|(browser, way)| Act::Login { browser, way }),
        2 => (browser.clone(), way.clone()).prop_map(|(browser, way)| Act::CutOff { browser, way }),
        2 => (browser.clone(), way).prop_map(|(browser, way)| Act::Beside { browser, way }),
        6 => (browser.clone(), 0..PRIVATE.len(), any::<bool>())
            .prop_map(|(browser, path, script)| Act::Look { browser, path, script }),
        1 => browser.clone().prop_map(|browser| Act::Post { browser }),
        2 => (browser.clone(), any::<u8>()).prop_map(|(browser, mask)| Act::Swap { browser, mask }),
        1 => browser.clone().prop_map(|browser| Act::Steal { browser }),
        1 => browser.prop_map(|browser| Act::Out { browser }),
        1 => (0..5usize).prop_map(|kind| Act::Answer { kind }),
        1 => Just(Act::Owner),
    ];
    prop::collection::vec(act, 1..14)
}

async fn look(browser: &Browser, path: usize, script: bool) {
    let ask = Ask::get(PRIVATE[path]);
    browser.fetch(if script { ask.xhr() } else { ask }).await;
}

#[expect(clippy::too_many_lines, reason = "one arm per act")]
async fn play(world: &World, owner: &Browser, acts: Vec<Act>) {
    const KINDS: [LoginAnswer; 5] = [
        LoginAnswer::Redirect,
        LoginAnswer::Page,
        LoginAnswer::Fragment,
        LoginAnswer::Json,
        LoginAnswer::Attachment,
    ];
    let browsers: Vec<Browser> = (0..BROWSERS).map(|_| world.browser()).collect();
    for browser in &browsers {
        browser.get("/lelang").await;
    }
    for act in acts {
        match act {
            Act::Login { browser, way } => {
                browsers[browser].fetch(ways()[way].1.clone()).await;
            }
            Act::CutOff { browser, way } => {
                let browser = &browsers[browser];
                let mut conn = browser.connect().await;
                conn.send(&browser.bytes(&ways()[way].1)).await;
                conn.read_within(Duration::from_millis(3)).await;
            }
            Act::Beside { browser, way } => {
                let browser = &browsers[browser];
                tokio::join!(
                    browser.fetch(ways()[way].1.clone()),
                    look(browser, 4, true),
                    look(browser, 1, false),
                    look(browser, 5, true),
                );
            }
            Act::Look {
                browser,
                path,
                script,
            } => look(&browsers[browser], path, script).await,
            Act::Post { browser } => {
                browsers[browser]
                    .fetch(Ask::form("/pesan", &[("isi", "palsu")]).xhr())
                    .await;
            }
            Act::Swap { browser, mask } => {
                let other = browsers[(browser + 1) % BROWSERS].jar();
                for (n, (name, value)) in other.iter().enumerate() {
                    if mask & (1 << (n % 8)) != 0 {
                        browsers[browser].set_cookie(name, value);
                    }
                }
            }
            Act::Steal { browser } => {
                for (name, value) in owner.jar() {
                    if name != "gerbang-eproc4" {
                        browsers[browser].set_cookie(&name, &value);
                    }
                }
            }
            Act::Out { browser } => {
                browsers[browser].post("/logout", &[]).await;
            }
            Act::Answer { kind } => world.standin.set(|config| {
                config.login_answer = KINDS[kind];
                config.sso_answer = KINDS[kind];
            }),
            Act::Owner => assert_home(owner, "AUDITOR1").await,
        }
    }
    for browser in &browsers {
        for path in 0..PRIVATE.len() {
            look(browser, path, path % 2 == 0).await;
        }
        assert_nothing_private(&browser.seen());
    }
    for record in world.standin.records() {
        let rightly = record.header("x-test").as_deref() == Some("owner") || is_errand(&record);
        assert!(record.user_before.is_none() || rightly, "{record:?}");
    }
    assert_home(owner, "AUDITOR1").await;
}

fn no_sequence_gets_in(mode: SessionMode) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (world, owner) = runtime.block_on(async {
        let world = World::with(open_config(mode, LoginAnswer::Redirect), |gateway| {
            gateway.set("limits", "waiting_post_seconds", "1")
        })
        .await;
        let mut owner = world.browser();
        owner.always.push(("X-Test".to_owned(), "owner".to_owned()));
        first(&owner, "AUDITOR1").await;
        assert!(!owner.jar().contains_key(SESSION_COOKIE));
        (world, owner)
    });
    let cases = Cases {
        cases: CASES,
        failure_persistence: None,
        max_shrink_iters: 20,
        ..Cases::default()
    };
    let outcome = TestRunner::new(cases).run(&acts(), |acts| {
        world.standin.clear_records();
        runtime.block_on(play(&world, &owner, acts));
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{mode:?}: {error}");
    }
}

#[test]
fn no_sequence_of_requests_gets_in_without_a_second_factor() {
    no_sequence_gets_in(SessionMode::ServerSide);
}

#[test]
fn no_sequence_gets_in_where_the_user_is_in_the_cookie() {
    no_sequence_gets_in(SessionMode::InCookie);
}

#[test]
fn no_sequence_gets_in_where_a_login_changes_the_id() {
    no_sequence_gets_in(SessionMode::NewId);
}
