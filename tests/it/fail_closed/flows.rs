//! The store fails at the n-th call, for every n, every flow and every kind of failure.

use super::chaos::Fault;
use super::person::{Person, Tab, Trouble, Waiting};
use super::rig::Rig;
use gerbang::domain::login::Need;
use gerbang::domain::upstream_session::State;
use gerbang::flow::disable::DisableOutcome;
use spse_standin::SessionMode;

const WHO: &str = "PPK301";
/// No flow calls the store so often.
const CALLS_MAX: u64 = 80;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    Activation,
    Login,
    Verify,
    Disable,
    Logout,
    Extension,
    Sweep,
}

/// Where a flow begins.
struct Scene {
    person: Person,
    tab: Tab,
    waiting: Option<Waiting>,
}

async fn scene(rig: &Rig, flow: Flow) -> Scene {
    let mut person = Person::new(WHO);
    let mut tab = Tab::open(rig).await;
    if flow == Flow::Activation {
        return Scene {
            person,
            tab,
            waiting: None,
        };
    }
    person.log_in(rig, &mut tab).await.unwrap();
    rig.clock.advance(60);
    if matches!(flow, Flow::Disable | Flow::Logout) {
        return Scene {
            person,
            tab,
            waiting: None,
        };
    }
    let mut tab = Tab::open(rig).await;
    if flow == Flow::Login {
        return Scene {
            person,
            tab,
            waiting: None,
        };
    }
    let waiting = tab.password(rig, WHO).await.unwrap();
    assert_eq!(waiting.need, Need::Verify);
    Scene {
        person,
        tab,
        waiting: Some(waiting),
    }
}

/// Carries the flow out as far as it goes.
async fn act(rig: &Rig, flow: Flow, scene: &mut Scene) -> Result<(), Trouble> {
    let Scene {
        person,
        tab,
        waiting,
    } = scene;
    match flow {
        Flow::Activation | Flow::Login => person.log_in(rig, tab).await,
        Flow::Verify => {
            let code = person.code(rig);
            person
                .verify(rig, tab, waiting.as_ref().unwrap(), &code)
                .await
        }
        Flow::Disable => {
            let owner = tab.owner(rig).expect("an accepted session");
            let code = person.code(rig);
            match rig.engine.disable(&owner, &code, &rig.client()).await? {
                DisableOutcome::Disabled { code: None, .. } => Ok(()),
                other => panic!("{other:?}"),
            }
        }
        Flow::Logout => {
            let owner = tab.owner(rig).expect("an accepted session");
            rig.engine
                .end_session(&owner, "logout", &rig.client())
                .await;
            Ok(())
        }
        Flow::Extension => {
            let waiting = waiting.as_ref().unwrap();
            rig.clock.advance(40);
            let extended = rig
                .engine
                .extend(waiting.reference, &waiting.ticket)
                .await?;
            assert!(extended);
            rig.clock.advance(40);
            let code = person.code(rig);
            person.verify(rig, tab, waiting, &code).await
        }
        Flow::Sweep => {
            rig.clock.advance(700);
            Ok(rig.engine.sweep().await?)
        }
    }
}

/// The outcome of a flow under a failure fits what it told the user.
async fn told_the_truth(
    rig: &Rig,
    flow: Flow,
    scene: &Scene,
    done: &Result<(), Trouble>,
    what: &str,
) {
    match (flow, done) {
        // After a logout the seal opens nothing, written down or not.
        (Flow::Logout, _) => {
            assert!(
                scene.tab.owner(rig).is_none(),
                "{what}: logged out, and the seal opens"
            );
        }
        (Flow::Activation | Flow::Login | Flow::Verify | Flow::Extension, Ok(())) => {
            assert!(
                scene.tab.is_home(rig, WHO).await,
                "{what}: accepted, and not at home"
            );
        }
        (Flow::Activation | Flow::Login | Flow::Verify | Flow::Extension, Err(_)) => {
            assert!(
                !scene.tab.is_home(rig, WHO).await,
                "{what}: refused, and at home"
            );
        }
        (Flow::Disable, _) => {
            assert!(
                scene.tab.is_home(rig, WHO).await,
                "{what}: the owner's session went"
            );
        }
        (Flow::Sweep, _) => {}
    }
}

/// One failure at one call. Whether the flow reached it.
async fn one(mode: SessionMode, flow: Flow, fault: Fault, n: u64) -> bool {
    let what = format!("{mode:?} {flow:?} {fault:?} at call {n}");
    let mut rig = Rig::start(mode).await;
    let mut scene = scene(&rig, flow).await;
    rig.chaos.arm(n, fault);
    let done = act(&rig, flow, &mut scene).await;
    told_the_truth(&rig, flow, &scene, &done, &what).await;
    rig.check(&[&scene.tab], &what).await;
    let failed = rig.chaos.heal();
    rig.check(&[&scene.tab], &what).await;
    scene.person.codes_work_once(&rig, &what).await;

    // The honest user gets in with a fresh browser, and somewhat later in the same one.
    let other = scene.person.gets_in(&rig, &what).await;
    rig.check(&[&scene.tab, &other], &what).await;
    rig.pass(660).await;
    rig.check(&[&scene.tab, &other], &what).await;
    rig.check_nothing_lingers(&what).await;
    if scene.tab.owner(&rig).is_none() {
        scene.tab.leave_what_is_over(&rig).await;
        rig.clock.advance(60);
        let again = scene.person.log_in(&rig, &mut scene.tab).await;
        assert!(
            again.is_ok(),
            "{what}: the same browser does not get in: {again:?}"
        );
    }

    // What was acknowledged is there after a restart, and nothing more.
    let (was_home, other_home) = (
        scene.tab.is_home(&rig, WHO).await,
        other.is_home(&rig, WHO).await,
    );
    rig.restart().await.unwrap();
    rig.check(&[&scene.tab, &other], &what).await;
    assert_eq!(
        scene.tab.is_home(&rig, WHO).await,
        was_home,
        "{what}: after a restart"
    );
    assert_eq!(
        other.is_home(&rig, WHO).await,
        other_home,
        "{what}: after a restart"
    );
    scene.person.gets_in(&rig, &what).await;
    failed > 0
}

/// The same with a kill at once: nothing is healed in memory.
async fn one_killed(mode: SessionMode, flow: Flow, fault: Fault, n: u64) -> bool {
    let what = format!("{mode:?} {flow:?} {fault:?} at call {n}, then killed");
    let mut rig = Rig::start(mode).await;
    let mut scene = scene(&rig, flow).await;
    rig.chaos.arm(n, fault);
    let done = act(&rig, flow, &mut scene).await;
    let failed = rig.chaos.heal();
    rig.restart().await.unwrap();
    if flow == Flow::Logout && failed > 0 {
        // A logout that could not be written dies with the process: see the notes of `pauses`.
        return true;
    }
    rig.check(&[&scene.tab], &what).await;
    if done.is_ok() {
        told_the_truth(&rig, flow, &scene, &done, &what).await;
    }
    scene.person.codes_work_once(&rig, &what).await;
    let other = scene.person.gets_in(&rig, &what).await;
    rig.pass(660).await;
    rig.check(&[&scene.tab, &other], &what).await;
    failed > 0
}

async fn every_call(flow: Flow) {
    for mode in [SessionMode::ServerSide, SessionMode::NewId] {
        for fault in Fault::ALL {
            let mut n = 0;
            while one(mode, flow, fault, n).await {
                assert!(one_killed(mode, flow, fault, n).await);
                n += 1;
                assert!(n < CALLS_MAX, "{flow:?} never ends");
            }
            assert!(n > 0, "{flow:?} does not call the store");
            println!("{mode:?} {flow:?} {fault:?}: {n} calls");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn store_failing_at_every_call_of_an_activation() {
    every_call(Flow::Activation).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn store_failing_at_every_call_of_a_login() {
    every_call(Flow::Login).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn store_failing_at_every_call_of_the_acceptor() {
    every_call(Flow::Verify).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn store_failing_at_every_call_of_a_disable() {
    every_call(Flow::Disable).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn store_failing_at_every_call_of_a_logout() {
    every_call(Flow::Logout).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn store_failing_at_every_call_of_an_extension() {
    every_call(Flow::Extension).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn store_failing_at_every_call_of_a_sweep() {
    every_call(Flow::Sweep).await;
}

/// A start that cannot read the store to its end uses nothing of it, and the next one finds all.
#[tokio::test(flavor = "multi_thread")]
async fn store_failing_at_every_call_of_a_restart() {
    for mode in [SessionMode::ServerSide, SessionMode::NewId] {
        let mut n = 0;
        loop {
            let what = format!("{mode:?} restart at call {n}");
            let mut rig = Rig::start(mode).await;
            let mut person = Person::new(WHO);
            let mut accepted = Tab::open(&rig).await;
            person.log_in(&rig, &mut accepted).await.unwrap();
            let mut waiting = Tab::open(&rig).await;
            waiting.password(&rig, WHO).await.unwrap();
            let mut ended = Tab::open(&rig).await;
            rig.clock.advance(60);
            person.log_in(&rig, &mut ended).await.unwrap();
            let owner = ended.owner(&rig).unwrap();
            rig.engine
                .end_session(&owner, "logout", &rig.client())
                .await;
            let tabs = [&accepted, &waiting, &ended];

            rig.chaos.arm(n, Fault::FromHere);
            let restored = rig.restart().await;
            if restored.is_err() {
                for tab in tabs {
                    assert!(
                        tab.goes_up(&rig.engine).is_none(),
                        "{what}: a session goes up"
                    );
                }
                let mut late = Tab::open(&rig).await;
                let refused = late.password(&rig, WHO).await;
                assert!(matches!(refused, Err(Trouble::Flow(_))), "{what}");
            }
            rig.check(&tabs, &what).await;
            let failed = rig.chaos.heal();
            rig.restart().await.unwrap();
            rig.check(&tabs, &what).await;
            assert!(
                accepted.is_home(&rig, WHO).await,
                "{what}: the accepted session is lost"
            );
            assert!(ended.owner(&rig).is_none(), "{what}: a logout is lost");
            let (jar, key) = {
                let owner = accepted.owner(&rig).unwrap();
                (owner.jar(), owner.keys()[0])
            };
            assert!(rig.user_of(&jar).await.is_some(), "{what}");
            assert!(
                matches!(rig.stored_state(key).await, State::Accepted(_)),
                "{what}"
            );
            person.gets_in(&rig, &what).await;
            if failed == 0 {
                break;
            }
            n += 1;
        }
        assert!(n > 3, "a restart reads the store {n} times");
    }
}
