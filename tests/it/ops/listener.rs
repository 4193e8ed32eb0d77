//! The admin listener on the wire: what it answers, what it refuses, and that it is there only when
//! it is asked for.

use super::{ask, ask_at, health, metrics};
use crate::support::World;
use crate::support::browser::Browser;
use crate::support::quick;
use spse_standin::SessionMode;
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Duration;

async fn world() -> World {
    World::with(quick(SessionMode::ServerSide), |gateway| {
        gateway
            .with_admin()
            .set("admin", "hosts", "[\"gerbang.internal\"]")
    })
    .await
}

/// Status of the answer to these bytes; 0 when there is none.
async fn status(world: &World, bytes: &[u8]) -> u16 {
    let client = Browser::new(world.gateway.admin(), Default::default());
    let raw = client.raw(bytes).await;
    let text = String::from_utf8_lossy(&raw).into_owned();
    assert!(!text.to_lowercase().contains("\r\nserver:"), "{text}");
    assert!(
        text.is_empty() || text.contains("Cache-Control: no-store"),
        "{text}"
    );
    let status = text
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3));
    status.map_or(0, |status| status.parse().unwrap())
}

/// Requests by the status of their answer.
const REQUESTS: [(u16, &str); 22] = [
    (200, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    (
        200,
        "GET /metrics?x=1 HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n",
    ),
    (200, "GET /livez HTTP/1.1\r\nhost: GERBANG.internal\r\n\r\n"),
    (200, "HEAD /readyz HTTP/1.1\r\nHost: [::1]:9\r\n\r\n"),
    (200, "GET /startupz HTTP/1.0\r\nHost: localhost\r\n\r\n"),
    // The names of others: a page in the operator's browser.
    (421, "GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
    (
        421,
        "GET /metrics HTTP/1.1\r\nHost: localhost.evil.example\r\n\r\n",
    ),
    (421, "GET /metrics HTTP/1.1\r\nHost: 10.9.8.7\r\n\r\n"),
    (421, "GET /nothing HTTP/1.1\r\nHost: evil.example\r\n\r\n"),
    (421, "GET /metrics HTTP/1.1\r\nHost:\r\n\r\n"),
    (400, "GET /metrics HTTP/1.1\r\n\r\n"),
    (400, "GET /metrics HTTP/1.0\r\n\r\n"),
    (
        400,
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
    ),
    (400, "GET /metrics HTTP/1.1\r\nHost localhost\r\n\r\n"),
    (400, "nonsense\r\n\r\n"),
    (404, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    (404, "GET /metrics/ HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    (404, "GET /../metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    (
        404,
        "GET http://localhost/metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ),
    (
        404,
        "POST /eproc4/login HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ),
    (
        405,
        "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc",
    ),
    (405, "DELETE /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n"),
];

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_asked_rightly_is_answered() {
    let world = world().await;
    let long = "x".repeat(9_000);
    let many = "A: b\r\n".repeat(100);
    for (wanted, text) in REQUESTS {
        assert_eq!(status(&world, text.as_bytes()).await, wanted, "{text:.80}");
    }
    for text in [
        format!("GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: {long}\r\n\r\n"),
        format!("GET /metrics HTTP/1.1\r\nHost: localhost\r\n{many}\r\n"),
    ] {
        assert_eq!(status(&world, text.as_bytes()).await, 431, "{text:.80}");
    }
    let after = metrics(&world).await;
    let refused = after.value("gerbang_admin_requests_total", &[("result", "refused")]);
    assert_eq!(refused, 19.0);
    let head = Browser::new(world.gateway.admin(), Default::default());
    let raw = head
        .raw(b"HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    assert!(raw.ends_with(b"\r\n\r\n"), "a body for HEAD");
}

/// Who opens connections and says nothing keeps nobody else out for long.
#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_end() {
    let world = world().await;
    let silent = Browser::new(world.gateway.admin(), Default::default());
    let mut conns = Vec::new();
    for _ in 0..16 {
        conns.push(silent.connect().await);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(
        status(&world, b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").await,
        0
    );
    for conn in &mut conns {
        assert!(
            conn.ends_within(Duration::from_secs(12)).await,
            "still open"
        );
    }
    assert_eq!(ask(&world, "/livez").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_find_nothing_of_it_and_it_nothing_of_theirs() {
    let world = world().await;
    for path in [
        "/metrics",
        "/readyz",
        "/eproc4/metrics",
        "/eproc4/gerbang/metrics",
    ] {
        let answer = world.browser().get(path).await;
        assert!(answer.status >= 400, "{path}: {answer:?}");
        assert!(!answer.has("gerbang_"), "{path}: {answer:?}");
    }
    for path in ["/eproc4/", "/eproc4/gerbang/"] {
        assert_eq!(
            ask_at(world.gateway.admin(), path).await.status,
            404,
            "{path}"
        );
    }
    let (status, body) = health(&world, "/startupz").await;
    assert_eq!((status, body["status"].as_str()), (200, Some("started")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_taken_ends_the_start_before_anything_is_touched() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_gerbang"))
        .args(["serve", "--upstream", "http://127.0.0.1:9"])
        .current_dir(folder.path())
        .env_clear()
        .env("GERBANG__ADMIN__ADDRESS", address.to_string())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let wanted = format!("[admin] cannot listen on {address}: Address already in use");
    assert!(said.contains(&wanted), "{said}");
    assert!(!folder.path().join("gerbang-data").exists());
}
