//! A hundred thousand accounts: lists, filters and forecasts still answer, and so do logins.

use super::act;
use crate::support::login::first;
use crate::support::{World, quick};
use spse_standin::SessionMode;
use std::fmt::Write;

const LISTS: usize = 10;
const EACH: usize = 10_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_accounts_are_listed_and_filtered() {
    let world = World::with(quick(SessionMode::InCookie), |gateway| gateway).await;
    let file = world.gateway.state().join("list.csv");
    for list in 0..LISTS {
        let mut text = String::from("user_id,user_type\n");
        for n in 0..EACH {
            writeln!(text, "PT{list:02}{n:05},penyedia").unwrap();
        }
        std::fs::write(&file, text).unwrap();
        let path = file.display().to_string();
        let verb = ["user", "exempt", "--list", &path, "--until", "30d"];
        let said = act(&world, &verb).done();
        assert!(said.contains("10000 accounts: exempt until"), "{said}");
    }
    let timed = |arguments: &[&str]| {
        let begun = std::time::Instant::now();
        let said = world.gateway.cli(arguments).done();
        eprintln!("{arguments:?}: {} ms", begun.elapsed().as_millis());
        said
    };
    let all = timed(&["user", "list"]);
    assert!(
        all.contains("100 of 100000 accounts"),
        "{}",
        all.lines().last().unwrap()
    );
    let some = timed(&[
        "user", "list", "pt03", "--exempt", "--type", "penyedia", "--limit", "5",
    ]);
    assert!(some.contains("5 of 10000 accounts"), "{some}");
    let none = timed(&["user", "list", "--active"]);
    assert!(none.contains("0 of 0 accounts"), "{none}");
    first(&world.browser(), "PPK301").await;
    let one = timed(&["user", "list", "--active", "--seen", "1h"]);
    assert!(
        one.contains("PPK301") && one.contains("1 of 1 accounts"),
        "{one}"
    );
    timed(&["policy", "forecast"]);
    timed(&["user", "show", "PT0309999"]);
}
