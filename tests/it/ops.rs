//! What the operator sees: metrics, health, the look at the login's forms. Over real sockets.

mod canary;
mod exposition;
mod health;
mod listener;
mod numbers;

use crate::support::World;
use crate::support::browser::Browser;
use crate::support::wire::Response;
use exposition::Samples;
use serde_json::Value;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::sleep;

/// Asks the admin listener.
async fn ask(world: &World, path: &str) -> Response {
    ask_at(world.gateway.admin(), path).await
}

async fn ask_at(admin: SocketAddr, path: &str) -> Response {
    let head = format!("GET {path} HTTP/1.1\r\nHost: {admin}\r\n\r\n");
    let mut conn = Browser::new(admin, Default::default()).connect().await;
    conn.send(head.as_bytes()).await;
    conn.answer(false).await
}

/// The metrics, parsed strictly.
pub(crate) async fn metrics(world: &World) -> Samples {
    let answer = ask(world, "/metrics").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        answer.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    exposition::parse(&answer.text())
}

/// Status and body of a health page.
async fn health(world: &World, path: &str) -> (u16, Value) {
    let answer = ask(world, path).await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    let body = serde_json::from_slice(&answer.body).unwrap();
    (answer.status, body)
}

/// One check of `/readyz`.
async fn check(world: &World, name: &str) -> (bool, String) {
    let (_, body) = health(world, "/readyz").await;
    let checks = body["checks"].as_array().unwrap().clone();
    let found = checks.into_iter().find(|check| check["name"] == name);
    let found = found.unwrap_or_else(|| panic!("no check {name}: {body}"));
    assert!(found["since"].as_u64().unwrap() > 1_700_000_000, "{found}");
    let detail = found["detail"].as_str().unwrap().to_owned();
    (found["ok"].as_bool().unwrap(), detail)
}

/// Waits until `/readyz` answers so, for twenty seconds at most.
#[track_caller]
fn readiness_becomes(world: &World, status: u16) -> impl Future<Output = Value> {
    let caller = std::panic::Location::caller();
    async move {
        let mut last = Value::Null;
        for _ in 0..200 {
            let (found, body) = health(world, "/readyz").await;
            if found == status {
                return body;
            }
            last = body;
            sleep(Duration::from_millis(100)).await;
        }
        panic!("never {status} ({caller}): {last}");
    }
}
