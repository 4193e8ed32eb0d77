//! Two thousand pages that wait at once: what they cost, and that all of them wake.

use super::waits::{hears, listen};
use super::*;
use crate::support::wire::PATIENCE;
use std::time::Instant;

const PAGES: usize = 2_000;
/// What they may cost, in KiB (issue: 120 MB).
const KIB_MAX: u64 = 120 * 1_000 * 1_000 / 1_024;
/// Memory of the gateway in KiB.
fn resident(world: &World) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", world.gateway.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.unwrap().split_whitespace().nth(1).unwrap();
    number.parse().unwrap()
}

/// Pages of one login that listen at once.
const TABS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_pages_wait_and_wake() {
    let mut world = World::with(quick(SessionMode::InCookie), |gateway| gateway.with_admin()).await;
    let mut pages = Vec::with_capacity(PAGES / TABS);
    for _ in 0..PAGES / TABS {
        let desktop = world.browser();
        let answer = password(&desktop, "PPK2").await;
        let page = to_page(&desktop, &answer, "activation").await;
        pages.push((desktop, page));
    }
    let before = resident(&world);
    let mut streams = Vec::with_capacity(PAGES);
    for (desktop, page) in &pages {
        for _ in 0..TABS {
            let mut stream = listen(desktop, page, "activation").await;
            hears(&mut stream, "waiting").await;
            streams.push(stream);
        }
    }
    let waiting = crate::ops::metrics(&world)
        .await
        .value("gerbang_waiting_pages", &[]);
    assert_eq!(waiting as usize, PAGES);
    let cost = resident(&world).saturating_sub(before);
    eprintln!("{PAGES} pages: {} KiB each", cost / PAGES as u64);
    assert!(cost < KIB_MAX, "{cost} KiB");
    // A page among all these wakes.
    let (desktop, page) = &pages[PAGES / TABS / 2];
    let mut app = App::beside(desktop);
    app.open_link(page).await.good();
    app.confirm(page).await.good();
    let said = Instant::now();
    let first = PAGES / 2;
    hears(&mut streams[first], "ready").await;
    eprintln!(
        "one awake {:?} after the answer to the phone",
        said.elapsed()
    );
    // And all of them, at the end of the gateway.
    let ends: Vec<_> = streams
        .into_iter()
        .map(|mut stream| {
            tokio::spawn(async move {
                assert!(stream.ends_within(PATIENCE).await);
                Instant::now()
            })
        })
        .collect();
    let told = Instant::now();
    let stops = tokio::task::spawn_blocking(move || {
        world.gateway.stop();
        world
    });
    let mut last = told;
    for one in ends {
        last = last.max(one.await.unwrap());
    }
    eprintln!("all awake {:?} after the signal", last - told);
    stops.await.unwrap();
}
