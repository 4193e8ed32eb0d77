//! Uploads, tus, downloads, Apendo, event stream, WebSocket.

mod common;

use std::time::Duration;

use common::{Client, Reply, start};
use ring::digest;
use spse_standin::CANARY;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

fn sha256(bytes: &[u8]) -> String {
    let hash = digest::digest(&digest::SHA256, bytes);
    hash.as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn form(file: &[u8]) -> Vec<u8> {
    let mut body = b"--X\r\nContent-Disposition: form-data; name=\"id\"\r\n\r\n7\r\n--X\r\nContent-Disposition: form-data; name=\"berkas\"; filename=\"a.rhs\"\r\nContent-Type: application/octet-stream\r\n\r\n".to_vec();
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--X--\r\n");
    body
}

const MULTIPART: (&str, &str) = ("Content-Type", "multipart/form-data; boundary=X");

#[tokio::test]
async fn a_form_upload_is_counted_and_hashed() {
    let standin = start().await;
    let file: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
    let mut client = Client::new(&standin);
    let refused = client
        .send("POST", "/penawaran/unggah", &[MULTIPART], &form(&file))
        .await;
    assert_eq!(refused.status, 403);
    client.login("REKANAN1").await;
    let reply = client
        .send("POST", "/penawaran/unggah", &[MULTIPART], &form(&file))
        .await;
    assert!(reply.text().contains(&sha256(&file)) && reply.text().contains(CANARY));
    let received = &standin.received()[0];
    assert_eq!(
        (received.user_id.as_str(), received.length),
        ("REKANAN1", 3_000_000)
    );
    let record = standin.records().pop().unwrap();
    assert_eq!(record.body.len(), 64 * 1024);
    assert_eq!(record.body_sha256, sha256(&form(&file)));
}

#[tokio::test]
async fn tus_goes_on_where_it_broke() {
    let standin = start().await;
    let mut client = Client::new(&standin);
    let version = ("Tus-Resumable", "1.0.0");
    assert_eq!(
        client
            .send("POST", "/tus/", &[version, ("Upload-Length", "9")], b"")
            .await
            .status,
        403
    );
    assert_eq!(
        client
            .send("OPTIONS", "/tus/", &[], b"")
            .await
            .header("tus-version"),
        "1.0.0"
    );
    client.login("REKANAN1").await;
    let made = client
        .send("POST", "/tus/", &[version, ("Upload-Length", "9")], b"")
        .await;
    assert_eq!(made.status, 201);
    let path = made
        .header("location")
        .strip_prefix("http://spse.test/eproc4")
        .unwrap()
        .to_owned();
    let kind = ("Content-Type", "application/offset+octet-stream");

    // Four of nine bytes, then the line breaks.
    let head = client.head("PATCH", &path, &[version, kind, ("Upload-Offset", "0")]);
    let mut stream = TcpStream::connect(standin.addr()).await.unwrap();
    let partial = format!("{head}Content-Length: 9\r\n\r\n1234");
    stream.write_all(partial.as_bytes()).await.unwrap();
    drop(stream);
    let mut offset = String::new();
    while offset != "4" {
        sleep(Duration::from_millis(5)).await;
        offset = client
            .send("HEAD", &path, &[version], b"")
            .await
            .header("upload-offset")
            .to_owned();
    }
    let wrong = client
        .send(
            "PATCH",
            &path,
            &[version, kind, ("Upload-Offset", "0")],
            b"x",
        )
        .await;
    assert_eq!(wrong.status, 409);
    let rest = client
        .send(
            "PATCH",
            &path,
            &[version, kind, ("Upload-Offset", "4")],
            b"56789",
        )
        .await;
    assert_eq!((rest.status, rest.header("upload-offset")), (204, "9"));
    assert_eq!(standin.received()[0].sha256, sha256(b"123456789"));
    assert_eq!(
        client.send("DELETE", &path, &[version], b"").await.status,
        204
    );
    assert_eq!(
        client.send("HEAD", &path, &[version], b"").await.status,
        404
    );
}

#[tokio::test]
async fn downloads_have_the_size_that_was_asked_for() {
    let standin = start().await;
    let mut client = Client::new(&standin);
    let open = client.get("/dl/9f86d081884c7d65?bytes=2000001").await;
    assert_eq!((open.status, open.body.len()), (200, 2_000_001));
    assert!(!open.text().contains(CANARY));
    client.login("REKANAN2").await;
    let own = client.get("/dokumen/unduh/3?bytes=200000").await;
    assert_eq!(own.body.len(), 200_000);
    assert!(own.text().starts_with("RAHASIA-REKANAN2"));
    assert!(
        own.header("content-disposition")
            .contains("RAHASIA-REKANAN2-3.bin")
    );
    assert!(
        client
            .get("/paket/unduh.csv")
            .await
            .text()
            .contains("RAHASIA-REKANAN2")
    );
    assert!(
        client
            .get("/dt/paket-ppk?status=1")
            .await
            .text()
            .contains("RAHASIA-REKANAN2")
    );
    let message = client.post("/pesan", "isi=<b>halo</b>").await;
    assert!(message.header("location").ends_with("/inbox"));
    assert!(client.get("/inbox").await.text().contains("&lt;b&gt;halo"));
}

#[tokio::test]
async fn tables_want_a_session_and_its_token() {
    let standin = start().await;
    let mut client = Client::new(&standin);
    assert_eq!(client.get("/dt/lelang?draw=1").await.status, 403);
    let token = client.token();
    let ok = client
        .get(&format!(
            "/dt/lelang?draw=3&length=-1&authenticityToken={token}"
        ))
        .await;
    let value: serde_json::Value = serde_json::from_slice(&ok.body).unwrap();
    assert_eq!(
        (
            value["draw"].as_u64(),
            value["data"].as_array().unwrap().len()
        ),
        (Some(3), 63)
    );
    let post = client.post("/dt/pl", "draw=1&start=60&length=10").await;
    let value: serde_json::Value = serde_json::from_slice(&post.body).unwrap();
    assert_eq!(value["data"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn apendo_needs_its_token_and_nothing_else() {
    let standin = start().await;
    let mut client = Client::new(&standin);
    client.login("REKANAN1").await;
    let page = client.get("/lt17/token").await.text();
    let token = page
        .split("/eproc4/lt17/")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    assert!(token.starts_with("eyJ"));
    let mut apendo = Client::new(&standin);
    let signature = (
        "Apendo-Signature",
        "1650186600000|abc|BwcHBwcHBwcHBwcHBwcHBwcHBwc=",
    );
    let path = format!("/lt17?access_token={token}");
    let info = apendo.send("GET", &path, &[signature], b"").await;
    assert!(info.text().contains("RAHASIA-REKANAN1"), "{}", info.text());
    apendo.jar.clear();
    assert_eq!(
        apendo
            .get(&format!("/lt17/download?id=1&access_token={token}"))
            .await
            .status,
        200
    );
    let path = format!("/lt17/submit_info_teknis?access_token={token}");
    assert_eq!(
        apendo
            .send("POST", &path, &[MULTIPART], &form(b"isi"))
            .await
            .status,
        200
    );
    assert_eq!(standin.received()[0].sha256, sha256(b"isi"));
    assert_eq!(apendo.get("/lt17?access_token=x").await.status, 403);
    let path = format!("/lt17/download?access_token={token}");
    let broken = [("Apendo-Signature", "x")];
    assert_eq!(apendo.send("GET", &path, &broken, b"").await.status, 403);
}

#[tokio::test]
async fn a_stream_names_whoever_the_session_has_by_then() {
    let standin = start().await;
    standin.set(|config| config.events_every = Duration::from_millis(10));
    let mut client = Client::new(&standin);
    client.get("/").await;
    let socket = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "13"),
    ];
    for (path, headers) in [
        ("/notifikasi/arus", &[][..]),
        ("/notifikasi/soket", &socket[..]),
    ] {
        let mut stream = TcpStream::connect(standin.addr()).await.unwrap();
        let head = client.head("GET", path, headers);
        stream
            .write_all(format!("{head}\r\n").as_bytes())
            .await
            .unwrap();
        let mut seen = String::new();
        let mut buffer = [0; 4096];
        while !seen.contains("belum login") {
            let count = stream.read(&mut buffer).await.unwrap();
            seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
        assert!(!seen.contains(CANARY));
        client.login("PPK301").await;
        while !seen.contains("RAHASIA-PPK301") {
            let count = stream.read(&mut buffer).await.unwrap();
            seen.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
        if path.ends_with("soket") {
            assert!(seen.starts_with("HTTP/1.1 101"));
            assert!(seen.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
        }
        client.get("/logout").await;
    }
    let ended = client.get("/notifikasi/arus?ticks=2").await;
    assert_eq!(ended.text(), "data: belum login\n\n".repeat(2));
    let reply: Reply = client.get("/notifikasi/soket").await;
    assert_eq!(reply.status, 404);
}
