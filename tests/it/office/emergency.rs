//! Break glass by a file of root, and a clock that is right again.

use super::{act, set};
use crate::support::login::{accept, again, assert_home, assert_nobody, first, password};
use crate::support::otp::{Phone, system_seconds};
use crate::support::{World, eventually, quick};
use gerbang::primitives::{UnixSeconds, Zone};
use spse_standin::SessionMode;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;

fn utc() -> Zone {
    Zone {
        offset_seconds: 0,
        label: "UTC".into(),
    }
}

/// The file, good for an hour.
pub(super) fn write(file: &Path) {
    let until = utc().rfc3339(UnixSeconds(system_seconds() + 3_600));
    fs::write(
        file,
        format!("until = '{until}'\nreason = 'disk is gone'\n"),
    )
    .unwrap();
    fs::set_permissions(file, fs::Permissions::from_mode(0o644)).unwrap();
    chown(file, Some(0), Some(0)).expect("this test runs as root");
}

#[tokio::test(flavor = "multi_thread")]
async fn roots_file_lets_people_in_when_the_store_is_gone_and_nobody_elses_does() {
    for mode in SessionMode::ALL {
        let mut world = World::with(quick(mode), |gateway| gateway).await;
        first(&world.browser(), "PPK301").await;
        world.gateway.stop();
        let key = world.gateway.state().join("gerbang.key");
        let away = world.gateway.state().join("away");
        fs::rename(&key, &away).unwrap();
        let file = world.gateway.state().join("breakglass");
        // Another one's file: logins stay closed, also of who has no second factor.
        write(&file);
        chown(&file, Some(65_534), None).unwrap();
        world.gateway.restart().await;
        for user in ["PPK301", "PPK2"] {
            let fields = [("tipe", "nonpenyedia"), ("txtUserId", user)];
            let refused = world.browser().post("/login", &fields).await;
            assert_eq!(refused.status, 503, "{mode:?} {refused:?}");
        }
        assert!(world.gateway.log().contains("is not believed"));
        write(&file);
        world.gateway.restart().await;
        eventually("the file was seen", || {
            world
                .gateway
                .log()
                .contains("break glass by a file of root: disk is gone")
        })
        .await;
        let browser = world.browser();
        password(&browser, "PPK301").await;
        assert_home(&browser, "PPK301").await;
        assert_nobody(&world.browser()).await;
        // Everything is as before once the store is back and the file is gone.
        world.gateway.stop();
        fs::rename(&away, &key).unwrap();
        fs::remove_file(&file).unwrap();
        world.gateway.restart().await;
        assert_nobody(&browser).await;
        let answer = password(&world.browser(), "PPK301").await;
        assert!(
            answer.location().contains("/acceptor?"),
            "{mode:?} {answer:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn roots_file_counts_with_a_store_too_and_is_recorded() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| gateway).await;
    let file = world.gateway.state().join("breakglass");
    write(&file);
    eventually("the file was seen", || {
        let log = world.gateway.cli(&["audit", "tail", "-n", "3"]).done();
        log.contains("glass-file") && log.contains("disk is gone")
    })
    .await;
    let browser = world.browser();
    password(&browser, "PPK301").await;
    assert_home(&browser, "PPK301").await;
    fs::remove_file(&file).unwrap();
    eventually("its end was seen", || {
        let log = world.gateway.cli(&["audit", "tail", "-n", "3"]).done();
        log.contains("\"broken\":false")
    })
    .await;
    let stopped = browser.get("/paket").await;
    assert!(stopped.location().contains("/activation?"), "{stopped:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_ran_ahead_is_accepted_and_no_code_counts_twice() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| {
        gateway.moving_clock()
    })
    .await;
    let owner = world.browser();
    let mut phone = first(&owner, "PPK301").await;
    world.gateway.advance(7_200).await;
    let future = world.browser();
    again(&future, "PPK301", &mut phone).await;
    world.gateway.rewind(7_200).await;
    let refused = again_status(&world, "000000").await;
    assert_eq!(
        refused, 503,
        "codes are not judged while the clock is behind"
    );
    let told = world
        .gateway
        .cli(&["clock", "accept", "--reason", "NTP", "--dry-run"])
        .done();
    assert!(
        told.contains("1 accounts used a code in the future"),
        "{told}"
    );
    assert_eq!(again_status(&world, "000000").await, 503);
    act(&world, &["clock", "accept"]).done();
    // The session that began in the future is over, the other one goes on.
    assert_nobody(&future).await;
    // What could have been seen until now counts as used; two steps later all is well.
    let mut phone = Phone::new(&phone.key, world.gateway.ahead());
    let used = again_status(&world, &phone.code()).await;
    assert_eq!(used, 422);
    world.gateway.to_next_step().await;
    world.gateway.advance(60).await;
    let browser = world.browser();
    let answer = password(&browser, "PPK301").await;
    let accepted = accept(&browser, &answer, &phone.code()).await;
    assert_eq!(accepted.status, 303, "{accepted:?}");
    assert_home(&browser, "PPK301").await;
    act(&world, &["user", "unlock", "PPK301"]).done();
    set(&world, &["--mode", "required"]);
}

/// The status of one code at the acceptor.
async fn again_status(world: &World, code: &str) -> u16 {
    let browser = world.browser();
    let answer = password(&browser, "PPK301").await;
    if answer.status == 503 {
        return 503;
    }
    crate::support::login::accept(&browser, &answer, code)
        .await
        .status
}
