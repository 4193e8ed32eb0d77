//! Oddities of Play 1 and Netty 3 on the wire.

mod common;

use std::time::Duration;

use common::{Client, Reply, raw, start};
use spse_standin::{Config, FaultKind, Forwarded, Standin, walk};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

async fn ask(standin: &Standin, request: &str) -> Option<Reply> {
    Reply::parse(&raw(standin.addr(), request.as_bytes()).await, false)
}

#[tokio::test]
async fn long_heads_are_closed_without_an_answer() {
    let standin = start().await;
    let line = |length: usize| format!("GET /eproc4/?{} HTTP/1.1", "a".repeat(length - 22));
    let get = async |line: &str, header: usize| {
        let request = format!("{line}\r\nHost: h\r\nX: {}\r\n\r\n", "b".repeat(header));
        ask(&standin, &request).await.map(|reply| reply.status)
    };
    assert_eq!(get(&line(4_096), 10).await, Some(200));
    assert_eq!(get(&line(4_097), 10).await, None);
    assert_eq!(get(&line(100), 8_000).await, Some(200));
    assert_eq!(get(&line(100), 8_192).await, None);
    assert_eq!(standin.records().len(), 2);
}

#[tokio::test]
async fn expect_is_met_with_silence() {
    let standin = start().await;
    let mut stream = TcpStream::connect(standin.addr()).await.unwrap();
    let head = "POST /eproc4/logout HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut buffer = [0; 16];
    let early = timeout(Duration::from_millis(150), stream.read(&mut buffer)).await;
    assert!(early.is_err());
    stream.write_all(b"a=b").await.unwrap();
    stream.read_exact(&mut buffer).await.unwrap();
    assert_eq!(&buffer[..12], b"HTTP/1.1 302");
}

#[tokio::test]
async fn pipelining_and_old_http() {
    let standin = start().await;
    let one = "GET /eproc4/json/getservertime HTTP/1.1\r\nHost: h\r\n\r\n";
    let two = "POST /eproc4/logout HTTP/1.1\nHost: h\nContent-Length: 3\n\na=b";
    let bytes = raw(standin.addr(), format!("{one}{two}{one}").as_bytes()).await;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let statuses: Vec<_> = text
        .match_indices("HTTP/1.1 ")
        .map(|(at, _)| &text[at + 9..at + 12])
        .collect();
    assert_eq!(statuses, ["200", "302", "200"]);
    let records = standin.records();
    assert!(
        records
            .iter()
            .all(|record| record.connection == records[0].connection)
    );

    // HTTP/1.0 ends with its answer.
    let mut stream = TcpStream::connect(standin.addr()).await.unwrap();
    stream
        .write_all(b"GET /eproc4/lelang HTTP/1.0\r\n\r\n")
        .await
        .unwrap();
    let mut all = Vec::new();
    stream.read_to_end(&mut all).await.unwrap();
    assert_eq!(Reply::parse(&all, false).unwrap().status, 200);
}

#[tokio::test]
async fn redirects_are_absolute_and_https_needs_three_things() {
    let standin = start().await;
    let location = async |headers: &str| {
        let request = format!("GET /eproc4/logout HTTP/1.1\r\n{headers}\r\n");
        ask(&standin, &request)
            .await
            .map(|reply| (reply.status, reply.header("location").to_owned()))
    };
    let found = |text: &str| Some((302, text.to_owned()));
    let forwarded = "Host: a.b:8\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n";
    assert_eq!(
        location("Host: a.b:8\r\n").await,
        found("http://a.b:8/eproc4/")
    );
    assert_eq!(location("").await, found("http:///eproc4/"));
    assert_eq!(location(forwarded).await, found("https://a.b:8/eproc4/"));
    let bare = "Host: a\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n";
    assert_eq!(location(bare).await, found("http://a/eproc4/"));
    standin.set(|config| config.forwarded = Forwarded::Off);
    assert_eq!(location(forwarded).await, found("http://a.b:8/eproc4/"));
    standin.set(|config| config.forwarded = Forwarded::Only(vec!["10.0.0.1".into()]));
    assert_eq!(location(forwarded).await, Some((500, String::new())));
}

#[tokio::test]
async fn path_variants_and_odd_methods_are_404() {
    let standin = start().await;
    let mut client = Client::new(&standin);
    client.login("PPK301").await;
    for path in [
        "//home",
        "/./home",
        "/Home",
        "/%68ome",
        "/home;x",
        "/home/",
        "/x/../home",
    ] {
        let reply = client.get(path).await;
        assert_eq!(reply.status, 404, "{path}");
        assert!(reply.text().contains("Halaman yang dituju tidak ditemukan"));
    }
    for method in ["OPTIONS", "TRACE", "PUT", "DELETE", "PATCH"] {
        assert_eq!(
            client.send(method, "/home", &[], b"").await.status,
            404,
            "{method}"
        );
    }
    let head = client.send("HEAD", "/home", &[], b"").await;
    assert_eq!((head.status, head.rest.len()), (200, 0));
    assert!(head.header("content-length").parse::<usize>().unwrap() > 1_000);
    assert_eq!(
        ask(&standin, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            .await
            .unwrap()
            .status,
        404
    );
}

#[tokio::test]
async fn static_files_know_etag_and_range() {
    let standin = start().await;
    let mut client = Client::new(&standin);
    let path = "/public/files/panduan.pdf";
    let whole = client.get(path).await;
    let tag = whole.header("etag").to_owned();
    assert_eq!(
        client
            .send("GET", path, &[("If-None-Match", &tag)], b"")
            .await
            .status,
        304
    );
    let part = client
        .send("GET", path, &[("Range", "bytes=10-19")], b"")
        .await;
    assert_eq!(
        (part.status, part.body.as_slice()),
        (206, &whole.body[10..20])
    );
    assert_eq!(part.header("content-range"), "bytes 10-19/300000");
}

/// The walk, answer by answer, without the one line that may differ.
async fn walked(standin: &Standin) -> Vec<(&'static str, Vec<u8>)> {
    let mut client = Client::new(standin);
    let mut answers = Vec::new();
    for step in walk("/eproc4") {
        let request = step.request(&client.token());
        let cookie = format!("SPSE_SESSION={}", client.session());
        let with_session = step.with_session && !client.jar.is_empty();
        let bytes = request.bytes("spse.test", with_session.then_some(&cookie));
        let answer = raw(standin.addr(), &bytes).await;
        let reply = Reply::parse(&answer, request.method == "HEAD").expect(&request.target);
        if step.with_session {
            client.keep(&reply);
        }
        let session = answer
            .windows(25)
            .position(|w| w == b"Set-Cookie: SPSE_SESSION=");
        let mut rest = answer.clone();
        if let Some(at) = session {
            let end = at + answer[at..].iter().position(|byte| *byte == b'\n').unwrap();
            rest.drain(at..end);
        }
        answers.push((step.name, rest));
    }
    answers
}

#[tokio::test]
async fn two_walks_over_a_frozen_server_are_the_same_and_nothing_private_shows() {
    let config = Config {
        frozen: true,
        ..Config::default()
    };
    let standin = Standin::start(config).await.unwrap();
    let mut user = Client::new(&standin);
    user.login("PPK301").await;
    let (first, second) = (walked(&standin).await, walked(&standin).await);
    assert!(first.len() > 60);
    for (one, two) in first.iter().zip(&second) {
        assert_eq!(
            String::from_utf8_lossy(&one.1),
            String::from_utf8_lossy(&two.1),
            "{}",
            one.0
        );
        assert!(!one.1.windows(8).any(|w| w == b"RAHASIA-"), "{}", one.0);
    }
    let good = first
        .iter()
        .filter(|(_, bytes)| bytes.starts_with(b"HTTP/1.1 200"))
        .count();
    assert!(good > 50, "{good}");
    standin.set(|config| {
        config.fault("/lelang", FaultKind::Status500);
    });
    assert_ne!(walked(&standin).await[2], first[2]);
}
