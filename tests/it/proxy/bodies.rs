//! Bodies: streamed both ways, of any size, with flat memory.

use crate::support::World;
use crate::support::browser::{Ask, Browser};
use crate::support::login::first;
use crate::support::wire::PATIENCE;
use spse_standin::{Config, SessionMode};
use std::time::Duration;

const MIB: usize = 1024 * 1024;

/// Resident memory of a process in KiB.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

async fn world() -> World {
    World::with(
        Config {
            check_tokens: false,
            ..Config::default()
        },
        |gateway| gateway.set("log", "level", "\"info\""),
    )
    .await
}

/// Uploads a file of so many MiB by form; memory of the gateway at its highest, in KiB.
async fn upload(world: &World, browser: &Browser, megabytes: usize) -> u64 {
    let begin = "--b\r\nContent-Disposition: form-data; name=\"berkas\"; filename=\"a.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n";
    let end = "\r\n--b--\r\n";
    let length = begin.len() + end.len() + megabytes * MIB;
    let ask = Ask::new("POST", "/penawaran/unggah")
        .with("Content-Type", "multipart/form-data; boundary=b")
        .with("Content-Length", &length.to_string());
    let mut conn = browser.connect().await;
    assert!(conn.send(&browser.bytes(&ask)).await);
    assert!(conn.send(begin.as_bytes()).await);
    let piece = vec![b'x'; MIB];
    let mut highest = 0;
    for n in 0..megabytes {
        assert!(conn.send(&piece).await, "cut after {n} MiB");
        highest = highest.max(resident(world.gateway.pid()));
    }
    assert!(conn.send(end.as_bytes()).await);
    let answer = conn.answer(false).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let file = world.standin.received().pop().unwrap();
    assert_eq!(file.length, (megabytes * MIB) as u64, "{file:?}");
    highest
}

/// Downloads so many MiB; memory of the gateway at its highest, in KiB.
async fn download(world: &World, browser: &Browser, megabytes: usize) -> u64 {
    let bytes = megabytes * MIB;
    let ask = Ask::get(&format!("/dokumen/unduh/1?bytes={bytes}"));
    let mut conn = browser.connect().await;
    conn.send(&browser.bytes(&ask)).await;
    let head = conn.head().await;
    assert_eq!(head.header("content-length"), bytes.to_string(), "{head:?}");
    let mut highest = 0;
    let total = conn
        .drain(PATIENCE, |read| {
            if read % (8 * MIB) < 64 * 1024 {
                highest = highest.max(resident(world.gateway.pid()));
            }
        })
        .await;
    assert!(total >= bytes, "{total} of {bytes}");
    highest
}

async fn both_ways(megabytes: usize) {
    let world = world().await;
    let browser = world.browser();
    first(&browser, "REKANAN1").await;
    // Once small, so that buffers which stay are there.
    upload(&world, &browser, 4).await;
    download(&world, &browser, 4).await;
    let before = resident(world.gateway.pid());
    let up = upload(&world, &browser, megabytes).await;
    assert!(
        up < before + 32 * 1024,
        "{before} KiB before, {up} while uploading"
    );
    let down = download(&world, &browser, megabytes).await;
    assert!(
        down < before + 32 * 1024,
        "{before} KiB before, {down} while downloading"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_megabytes_go_up_and_down_in_flat_memory() {
    both_ways(200).await;
}

mod load_bodies {
    #[tokio::test(flavor = "multi_thread")]
    async fn two_gigabytes_go_up_and_down_in_flat_memory() {
        super::both_ways(2_048).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn resumable_uploads_go_through_with_their_methods_and_headers() {
    let world = world().await;
    let browser = world.browser();
    first(&browser, "REKANAN1").await;
    let tus = |method: &str, path: &str| Ask::new(method, path).with("Tus-Resumable", "1.0.0");
    let options = browser.fetch(tus("OPTIONS", "/tus/")).await;
    assert_eq!(
        (options.status, options.header("tus-extension")),
        (204, "creation,termination"),
        "{options:?}"
    );
    let created = browser
        .fetch(
            tus("POST", "/tus/")
                .with("Upload-Length", "3000000")
                .body(b""),
        )
        .await;
    assert_eq!(created.status, 201, "{created:?}");
    let path = created.location();
    for (offset, length) in [(0, 1_000_000), (1_000_000, 2_000_000)] {
        let head = browser.fetch(tus("HEAD", &path)).await;
        assert_eq!(head.header("upload-offset"), offset.to_string(), "{head:?}");
        let patch = tus("PATCH", &path)
            .with("Content-Type", "application/offset+octet-stream")
            .with("Upload-Offset", &offset.to_string())
            .body(&vec![b'y'; length]);
        let patched = browser.fetch(patch).await;
        assert_eq!(patched.status, 204, "{patched:?}");
    }
    assert_eq!(world.standin.received().pop().unwrap().length, 3_000_000);
    let other = browser
        .fetch(tus("POST", "/tus/").with("Upload-Length", "10").body(b""))
        .await;
    let deleted = browser.fetch(tus("DELETE", &other.location())).await;
    assert_eq!(deleted.status, 204, "{deleted:?}");
    // Without the second factor not a byte of it.
    let stranger = world.browser();
    stranger.get("/").await;
    let refused = stranger
        .fetch(tus("POST", "/tus/").with("Upload-Length", "10").body(b""))
        .await;
    assert_ne!(refused.status, 201, "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn expect_100_continue_is_answered_before_the_body_is_sent() {
    let world = World::with(
        Config {
            check_tokens: false,
            ..Config::default()
        },
        |g| g,
    )
    .await;
    let browser = world.browser();
    first(&browser, "PPK301").await;
    for path in ["/pesan", "/login"] {
        let visitor = world.browser();
        let who = if path == "/login" { &visitor } else { &browser };
        let body = b"isi=a&txtUserId=PPK2";
        let ask = Ask::new("POST", path)
            .with("Content-Type", "application/x-www-form-urlencoded")
            .with("Expect", "100-continue")
            .with("Content-Length", &body.len().to_string());
        let mut conn = who.connect().await;
        conn.send(&who.bytes(&ask)).await;
        let first = conn.head().await;
        assert_eq!(first.status, 100, "{path} {first:?}");
        conn.send(body).await;
        let answer = conn.answer(false).await;
        assert!(matches!(answer.status, 200 | 302), "{path} {answer:?}");
        assert!(
            world
                .sent(path)
                .iter()
                .all(|r| r.header("expect").is_none())
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_cut_off_upstream_is_cut_off_downstream_too() {
    let world = World::start(SessionMode::ServerSide).await;
    let browser = world.browser();
    first(&browser, "PPK301").await;
    world.standin.set(|config| {
        config.fault("/dokumen", spse_standin::FaultKind::CutAfter(5_000));
    });
    let mut conn = browser.connect().await;
    conn.send(&browser.bytes(&Ask::get("/dokumen/unduh/1?bytes=100000")))
        .await;
    let answer = conn.answer(false).await;
    assert!(!answer.whole || answer.status == 502, "{answer:?}");
    assert!(conn.ends_within(Duration::from_secs(5)).await);
}
