//! A flip while a login or a request is under way.

use super::set;
use crate::support::browser::Ask;
use crate::support::login::{
    assert_home, assert_nobody, due, password, type_password, user, user_id,
};
use crate::support::{World, quick};
use spse_standin::SessionMode;

#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_finishes_and_the_next_one_is_stopped() {
    for mode in SessionMode::ALL {
        let world = World::with(quick(mode), |gateway| gateway.default_mode("off")).await;
        let browser = world.browser();
        password(&browser, "PPK301").await;
        assert_home(&browser, "PPK301").await;
        let form = browser.get("/pesan").await;
        let hold = world.standin.hold("/paket");
        let tab = browser.clone();
        let under_way = tokio::spawn(async move { tab.fetch(Ask::get("/paket")).await });
        hold.wait_for_arrival().await;
        set(&world, &["--mode", "required"]);
        hold.release();
        let finished = under_way.await.unwrap();
        assert_eq!(finished.status, 200, "{mode:?} {finished:?}");
        assert!(finished.has("[PPK301]"), "{mode:?} {finished:?}");
        let stopped = browser.get("/paket").await;
        assert!(due(&stopped).is_some(), "{mode:?} {stopped:?}");
        assert_nobody(&browser).await;
        drop(form);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_under_way_is_judged_by_the_policy_of_its_end() {
    for mode in SessionMode::ALL {
        for (before, after) in [("off", "required"), ("required", "off")] {
            let world = World::with(quick(mode), |gateway| gateway.default_mode(before)).await;
            let browser = world.browser();
            let form = user_id(&browser, "PPK301").await;
            let hold = world.standin.hold("/loginpass");
            let tab = browser.clone();
            let login =
                tokio::spawn(
                    async move { type_password(&tab, &form, &user("PPK301").password).await },
                );
            hold.wait_for_arrival().await;
            set(&world, &["--mode", after]);
            hold.release();
            let answer = login.await.unwrap();
            assert_eq!(
                due(&answer).is_some(),
                after == "required",
                "{mode:?} {answer:?}"
            );
            if after == "off" {
                assert_home(&browser, "PPK301").await;
            } else {
                assert_nobody(&browser).await;
            }
        }
    }
}
