//! Barriers and everything that goes wrong on purpose.

mod common;

use std::time::{Duration, Instant};

use common::{Client, Reply, raw, start};
use spse_standin::{FaultKind, HeaderBlock, Standin};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// Bytes of an answer to `GET <path>`.
async fn bytes(standin: &Standin, path: &str) -> Vec<u8> {
    let request = format!("GET /eproc4{path} HTTP/1.1\r\nHost: h\r\n\r\n");
    raw(standin.addr(), request.as_bytes()).await
}

/// A standin with one fault on `/lelang`.
async fn with(kind: FaultKind) -> Standin {
    let standin = start().await;
    standin.set(|config| {
        config.fault("/lelang", kind);
    });
    standin
}

#[tokio::test]
async fn a_barrier_holds_before_acting_or_before_answering() {
    let standin = start().await;
    let mut client = Client::new(&standin);
    client.get("/").await;
    client.post("/login", "txtUserId=PPK301").await;

    let hold = standin.hold("/loginpass");
    let mut other = client.clone();
    let login =
        tokio::spawn(async move { other.post("/loginpass", "txtPassword=Rahasia-PPK301").await });
    hold.wait_for_arrival().await;
    assert_eq!(client.who().await, None);
    hold.release();
    assert_eq!(login.await.unwrap().status, 302);
    assert_eq!(client.who().await.as_deref(), Some("PPK301"));

    let hold = standin.hold_answer("/logout");
    let mut other = client.clone();
    let logout = tokio::spawn(async move { other.get("/logout").await.status });
    hold.wait_for_arrival().await;
    assert_eq!(client.who().await, None);
    assert!(!logout.is_finished());
    drop(hold);
    assert_eq!(logout.await.unwrap(), 302);
}

#[tokio::test]
async fn one_of_two_can_be_let_go() {
    let standin = start().await;
    let hold = standin.hold("/lelang");
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..2 {
        let mut client = Client::new(&standin);
        tasks.spawn(async move { client.get("/lelang").await.status });
    }
    hold.wait_for_arrivals(2).await;
    hold.release_one();
    assert_eq!(tasks.join_next().await.unwrap().unwrap(), 200);
    sleep(Duration::from_millis(20)).await;
    assert!(tasks.try_join_next().is_none());
    hold.release();
    assert_eq!(tasks.join_next().await.unwrap().unwrap(), 200);
}

#[tokio::test]
async fn a_late_login_is_carried_out_though_the_client_is_gone() {
    let standin = start().await;
    standin.set(|config| {
        config.fault("/loginpass", FaultKind::ActLate(Duration::from_millis(400)));
    });
    let mut client = Client::new(&standin);
    client.get("/").await;
    client.post("/login", "txtUserId=PPK301").await;
    let body = format!(
        "txtPassword=Rahasia-PPK301&authenticityToken={}",
        client.token()
    );
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    let head = client.head("POST", "/loginpass", &[kind]);
    let mut stream = TcpStream::connect(standin.addr()).await.unwrap();
    let request = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(request.as_bytes()).await.unwrap();
    let login = || {
        let mut records = standin.records().into_iter();
        records.find(|record| record.path.ends_with("/loginpass"))
    };
    while login().is_none_or(|login| login.body_length == 0) {
        sleep(Duration::from_millis(1)).await;
    }
    drop(stream);
    assert_eq!(client.who().await, None);
    while client.who().await.is_none() {
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(client.who().await.as_deref(), Some("PPK301"));
    assert_eq!(login().unwrap().user_after.as_deref(), Some("PPK301"));
}

#[tokio::test]
async fn a_logout_fails_as_often_as_it_should() {
    let standin = start().await;
    standin.set(|config| {
        config.fault_times("/logout", FaultKind::Status500, 2);
    });
    let mut client = Client::new(&standin);
    client.login("PPK301").await;
    for _ in 0..2 {
        let reply = client.send("POST", "/logout", &[], b"").await;
        assert_eq!(reply.status, 500);
        assert!(
            reply
                .text()
                .contains("Maaf, terjadi error pada aplikasi SPSE.<br>Kode Error: ")
        );
    }
    assert!(client.who().await.is_some());
    assert_eq!(client.send("POST", "/logout", &[], b"").await.status, 302);
    assert_eq!(client.who().await, None);
    standin.set(|config| {
        config.fault("/logout", FaultKind::Hang);
    });
    let hangs = timeout(Duration::from_millis(100), client.get("/logout")).await;
    assert!(hangs.is_err());
}

#[tokio::test]
async fn answers_are_spoilt_in_many_ways() {
    let page = bytes(&start().await, "/lelang").await;
    let length = Reply::parse(&page, false).unwrap().body.len();

    let answer = bytes(&with(FaultKind::Garbage).await, "/lelang").await;
    assert!(Reply::parse(&answer, false).is_none_or(|reply| reply.status == 0));
    assert!(
        bytes(&with(FaultKind::ActThenClose).await, "/lelang")
            .await
            .is_empty()
    );

    let cut = Reply::parse(
        &bytes(&with(FaultKind::CutAfter(100)).await, "/lelang").await,
        false,
    );
    let cut = cut.unwrap();
    assert_eq!(cut.body.len(), 100);
    assert_eq!(cut.header("content-length"), length.to_string());

    let gzip = Reply::parse(&bytes(&with(FaultKind::Gzip).await, "/lelang").await, false).unwrap();
    assert_eq!(gzip.header("content-encoding"), "gzip");
    assert_eq!(&gzip.body[..3], [0x1f, 0x8b, 8]);
    assert_eq!(gzip.body.len(), length + 23);

    let wide = Reply::parse(
        &bytes(&with(FaultKind::Utf16).await, "/lelang").await,
        false,
    )
    .unwrap();
    assert_eq!(wide.header("content-type"), "text/html; charset=utf-16");
    assert!(wide.body.starts_with(&[0xff, 0xfe, b'<', 0]));

    let slow = FaultKind::SlowBody {
        bytes: length / 4 + 1,
        every: Duration::from_millis(20),
    };
    let begun = Instant::now();
    let slow = Reply::parse(&bytes(&with(slow).await, "/lelang").await, false).unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(80));
    assert_eq!(slow.body.len(), length);

    let begun = Instant::now();
    let late = FaultKind::AnswerLate(Duration::from_millis(60));
    assert!(!bytes(&with(late).await, "/lelang").await.is_empty());
    assert!(begun.elapsed() >= Duration::from_millis(60));

    let standin = with(FaultKind::EndlessBody).await;
    let endless = timeout(Duration::from_millis(100), bytes(&standin, "/lelang")).await;
    assert!(endless.is_err());
}

#[tokio::test]
async fn an_answer_can_be_any_bytes() {
    let standin = start().await;
    let pieces = vec![b"HTTP/1.1 299 X\r\n".to_vec(), b"\xff\0".to_vec()];
    standin.set(|config| {
        config.fault("/lelang", FaultKind::Raw(pieces.clone()));
    });
    assert_eq!(bytes(&standin, "/lelang").await, pieces.concat());
    assert_eq!(standin.records().len(), 1);
}

#[tokio::test]
async fn the_header_block_can_be_wrong() {
    let standin = start().await;
    let mut client = Client::new(&standin);
    client.login("PPK301").await;
    let mut count = async |block: HeaderBlock, text: &str| {
        standin.set(|config| config.header_block = block);
        client.get("/home").await.text().matches(text).count()
    };
    assert_eq!(
        count(HeaderBlock::Literal, "<div class=\"float-right\">").await,
        1
    );
    assert_eq!(
        count(HeaderBlock::Missing, "<div class=\"float-right\">").await,
        0
    );
    assert_eq!(
        count(HeaderBlock::Disagreeing, "viewuser?userid=REKANAN1").await,
        1
    );
    assert_eq!(
        count(HeaderBlock::Doubled, "<div class=\"float-right\">").await,
        2
    );
}
