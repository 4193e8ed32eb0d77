//! How one process follows another: nobody is refused while a service manager holds the socket, what is under
//! way is finished, and the manager knows how it goes.

mod load_restart;

use crate::support::browser::Ask;
use crate::support::login::{assert_home, first, password};
use crate::support::{World, quick};
use spse_standin::{FaultKind, SessionMode};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn supervised() -> World {
    World::with(quick(SessionMode::InCookie), |gateway| {
        gateway.supervised().set("listen", "grace_seconds", "20")
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manager_hears_when_it_is_served_that_it_lives_and_that_it_ends() {
    let mut world = supervised().await;
    assert_eq!(world.gateway.manager().hears(), "READY=1\n");
    for _ in 0..2 {
        assert_eq!(world.gateway.manager().hears(), "WATCHDOG=1\n");
    }
    let ended = tokio::task::block_in_place(|| world.gateway.stop()).unwrap();
    assert!(ended.success(), "{ended:?}");
    loop {
        match world.gateway.manager().hears().as_str() {
            "WATCHDOG=1\n" => {}
            word => break assert_eq!(word, "STOPPING=1\n"),
        }
    }
    assert!(world.gateway.manager().hears_nothing());
    // Nobody was there: its grace was not slept out.
    assert!(!world.gateway.log().contains("the grace is over"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stands_still_gives_no_sign_of_life() {
    let world = supervised().await;
    assert_eq!(world.gateway.manager().hears(), "READY=1\n");
    assert_eq!(world.gateway.manager().hears(), "WATCHDOG=1\n");
    let pid = i32::try_from(world.gateway.pid()).unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    while !world.gateway.manager().hears_nothing() {}
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(world.gateway.manager().hears_nothing());
    rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
    assert_eq!(world.gateway.manager().hears(), "WATCHDOG=1\n");
}

/// Who comes while nobody serves waits for the next process.
#[tokio::test(flavor = "multi_thread")]
async fn who_comes_between_two_processes_waits_and_is_answered() {
    let mut world = supervised().await;
    let browser = world.browser();
    first(&browser, "PPK2").await;
    tokio::task::block_in_place(|| world.gateway.stop()).unwrap();
    let mut early = TcpStream::connect(world.gateway.addr()).await.unwrap();
    let ask = "GET /eproc4/gerbang/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    early.write_all(ask.as_bytes()).await.unwrap();
    world.gateway.restart().await;
    let mut answer = String::new();
    early.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    // Sessions go on.
    assert_home(&browser, "PPK2").await;
}

/// An answer that the application takes its time for, and a password that is judged, are finished.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_under_way_is_finished_and_its_connection_closed() {
    let mut world = supervised().await;
    let browser = world.browser();
    first(&browser, "PPK2").await;
    world.standin.set(|config| {
        config.fault("/", FaultKind::AnswerLate(Duration::from_secs(4)));
    });
    let slow = tokio::spawn(async move {
        let answer = browser.fetch(Ask::get("/")).await;
        (browser, answer)
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let ended = tokio::task::block_in_place(|| world.gateway.stop()).unwrap();
    assert!(ended.success(), "{ended:?}");
    let (browser, answer) = slow.await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(!world.gateway.log().contains("the grace is over"));
    world.standin.set(|config| config.faults.clear());
    world.gateway.restart().await;
    assert_home(&browser, "PPK2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_longer_than_the_grace_is_cut() {
    let mut world = World::with(quick(SessionMode::InCookie), |gateway| {
        gateway.supervised().set("listen", "grace_seconds", "1")
    })
    .await;
    world.standin.set(|config| {
        config.fault("/", FaultKind::AnswerLate(Duration::from_secs(30)));
    });
    let address = world.gateway.addr();
    let slow = tokio::spawn(async move {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let ask = "GET /eproc4/ HTTP/1.1\r\nHost: localhost\r\n\r\n";
        stream.write_all(ask.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // Cut or closed.
        let _ = stream.read_to_end(&mut answer).await;
        answer
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let ended = tokio::task::block_in_place(|| world.gateway.stop()).unwrap();
    assert!(ended.success(), "{ended:?}");
    assert!(world.gateway.log().contains("the grace is over"));
    slow.await.unwrap();
    world.standin.set(|config| config.faults.clear());
    world.gateway.restart().await;
    let browser = world.browser();
    password(&browser, "PPK2").await;
}
