//! A store that fails for a while: accepted sessions go on from memory, logins pause, logouts are
//! remembered and written later. And a clock that goes back.
//!
//! Known limit: a logout that could not be written is remembered in memory alone. Whoever kills
//! the gateway before the store works again brings the session back until its timeout. The
//! upstream's own logout was sent meanwhile, so nothing opens with it but where the upstream keeps
//! its user in the cookie.

use super::chaos::Fault;
use super::person::{Person, Tab, Trouble};
use super::rig::Rig;
use gerbang::clock::Clock;
use gerbang::domain::upstream_session::State;
use gerbang::flow::FlowError;
use gerbang::primitives::UnixSeconds;
use spse_standin::SessionMode;

const WHO: &str = "PPK301";

#[tokio::test(flavor = "multi_thread")]
async fn while_the_store_fails_sessions_go_on_and_logins_pause() {
    for mode in SessionMode::ALL {
        let rig = Rig::start(mode).await;
        let mut person = Person::new(WHO);
        let mut tab = Tab::open(&rig).await;
        person.log_in(&rig, &mut tab).await.unwrap();
        rig.chaos.arm(0, Fault::FromHere);
        for _ in 0..20 {
            assert!(tab.is_home(&rig, WHO).await, "{mode:?}");
            rig.clock.advance(30);
            // The broom cannot write, and ends nothing that is alive.
            let _ = rig.engine.sweep().await;
        }
        let before = rig.standin.records().len();
        let mut other = Tab::open(&rig).await;
        let seen = rig.standin.records().len();
        assert!(seen > before);
        let refused = other.password(&rig, WHO).await;
        assert!(
            matches!(refused, Err(Trouble::Flow(FlowError::Store(Some(_))))),
            "{mode:?}"
        );
        let sent = rig.standin.records();
        assert_eq!(
            sent.len(),
            seen,
            "{mode:?}: no password goes up that could not be marked"
        );
        rig.chaos.heal();
        person.gets_in(&rig, "after the pause").await;
        assert!(tab.is_home(&rig, WHO).await, "{mode:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_that_cannot_be_written_is_remembered_and_written_later() {
    for mode in SessionMode::ALL {
        let mut rig = Rig::start(mode).await;
        let mut person = Person::new(WHO);
        let mut tab = Tab::open(&rig).await;
        person.log_in(&rig, &mut tab).await.unwrap();
        let owner = tab.owner(&rig).unwrap();
        let key = owner.keys()[0];
        rig.chaos.arm(0, Fault::FromHere);
        rig.engine
            .end_session(&owner, "logout", &rig.client())
            .await;
        assert!(tab.owner(&rig).is_none(), "{mode:?}: dead at once");
        assert!(rig.engine.sweep().await.is_err());
        assert!(
            tab.owner(&rig).is_none(),
            "{mode:?}: dead while it cannot be written"
        );
        assert!(
            matches!(rig.stored_state(key).await, State::Accepted(_)),
            "{mode:?}"
        );
        rig.chaos.heal();
        rig.engine.sweep().await.unwrap();
        assert_eq!(
            rig.stored_state(key).await,
            State::Ended,
            "{mode:?}: written later"
        );
        rig.restart().await.unwrap();
        assert!(tab.owner(&rig).is_none(), "{mode:?}: dead after a restart");
        assert!(tab.goes_up(&rig.engine).is_none(), "{mode:?}");
        person.gets_in(&rig, "after the pause").await;
    }
}

/// What could not be written when it was due is tried once more when the gateway ends in order.
#[tokio::test(flavor = "multi_thread")]
async fn a_remembered_logout_is_written_when_the_gateway_stops() {
    let mut rig = Rig::start(SessionMode::InCookie).await;
    let mut person = Person::new(WHO);
    let mut tab = Tab::open(&rig).await;
    person.log_in(&rig, &mut tab).await.unwrap();
    let owner = tab.owner(&rig).unwrap();
    rig.chaos.arm(0, Fault::FromHere);
    rig.engine
        .end_session(&owner, "logout", &rig.client())
        .await;
    rig.chaos.heal();
    let (_errands, owed) = tokio::sync::mpsc::unbounded_channel();
    rig.engine.clone().run_sweeper(owed, async {}).await;
    rig.restart().await.unwrap();
    assert!(
        tab.owner(&rig).is_none(),
        "a logout was lost by an orderly restart"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_goes_back_judges_no_codes_and_takes_none_twice() {
    for mode in SessionMode::ALL {
        let mut rig = Rig::start(mode).await;
        let mut person = Person::new(WHO);
        let mut tab = Tab::open(&rig).await;
        person.log_in(&rig, &mut tab).await.unwrap();
        let used_at = rig.clock.now();
        let used = person.typed.last().unwrap().clone();
        rig.pass(3_600).await;
        let high = rig.clock.now();
        for restarted in [false, true] {
            for back in [4_000, 86_400, 3_600, 60, 3] {
                let now = UnixSeconds(high.0 - back);
                rig.clock.set(now);
                if restarted {
                    rig.restart().await.unwrap();
                }
                let what = format!("{mode:?} {back} s back, restarted {restarted}");
                let mut other = Tab::open(&rig).await;
                let waiting = other.password(&rig, WHO).await;
                let waiting = waiting.unwrap_or_else(|trouble| panic!("{what}: {trouble:?}"));
                for code in [used.clone(), person.code(&rig)] {
                    let judged = person.verify(&rig, &mut other, &waiting, &code).await;
                    let clock = matches!(judged, Err(Trouble::Flow(FlowError::Clock)));
                    assert!(clock, "{what}: {judged:?}");
                }
                assert_eq!(
                    rig.uses_of(&used).await.min(1),
                    rig.uses_of(&used).await,
                    "{what}"
                );
            }
        }
        // Also when the store knows no later time than the used code's own: the step is used up.
        rig.clock.set(high);
        rig.restart().await.unwrap();
        rig.engine
            .clock_high
            .store(0, std::sync::atomic::Ordering::Relaxed);
        rig.clock.set(used_at);
        let mut thief = Tab::open(&rig).await;
        let waiting = thief.password(&rig, WHO).await.unwrap();
        let taken = person.verify(&rig, &mut thief, &waiting, &used).await;
        assert!(
            matches!(taken, Err(Trouble::Closed("code refused"))),
            "{mode:?}: {taken:?}"
        );
        rig.clock.set(high);
        person.gets_in(&rig, "the clock is right again").await;
    }
}
