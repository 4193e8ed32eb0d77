//! How an answer comes and what its header says: which answers get a link, and what is told of them.

use super::Becomes::Linked;
use super::{FORM, HEADER, Odd, TYPE, answer, framings, judge, page};
use crate::links::{DISABLE, same, with_reset, with_status};
use crate::support::browser::Ask;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_breaks_off_breaks_off() {
    let odd = Odd::start().await;
    let body = page(HEADER);
    let head = format!("HTTP/1.1 200 OK\r\n{TYPE}Content-Length: 90000\r\n\r\n");
    let cut = vec![[head.as_bytes(), body.as_bytes()].concat()];
    let got = odd.owners(cut.clone()).await;
    assert!(!got.whole || got.status == 502, "{got:?}");
    let linked = with_status(&body, DISABLE);
    assert!(
        got.status == 502 || linked.starts_with(&got.text()),
        "{got:?}"
    );
    let body = page(FORM);
    let cut = vec![[head.as_bytes(), body.as_bytes()].concat()];
    let got = odd.visitors(cut).await;
    assert!(!got.whole || got.status == 502, "{got:?}");
    assert!(
        got.status == 502 || with_reset(&body).starts_with(&got.text()),
        "{got:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_whole_pages_that_were_asked_for_get_a_link() {
    let odd = Odd::start().await;
    let body = page(HEADER);
    for (what, status, head) in [
        ("an error", "500 Internal Server Error", TYPE.to_owned()),
        ("not found", "404 Not Found", TYPE.to_owned()),
        ("text", "200 OK", "Content-Type: text/plain\r\n".to_owned()),
        (
            "json",
            "200 OK",
            "Content-Type: application/json\r\n".to_owned(),
        ),
        (
            "a file",
            "200 OK",
            format!("{TYPE}Content-Disposition: attachment\r\n"),
        ),
        (
            "a ban",
            "200 OK",
            format!("{TYPE}Cache-Control: no-transform\r\n"),
        ),
    ] {
        let head = format!("{head}ETag: \"e\"\r\nLast-Modified: Sat, 17 Apr 2021 00:00:00 GMT\r\n");
        let got = odd.owners(answer(status, &head, body.as_bytes())).await;
        assert_eq!(got.status.to_string(), status[..3], "{what} {got:?}");
        same(what, &got.text(), &body);
        assert_eq!(
            got.header("content-length"),
            body.len().to_string(),
            "{what}"
        );
        assert_eq!(got.header("etag"), "\"e\"", "{what} {got:?}");
    }
    let part = format!("{TYPE}Content-Range: bytes 0-9/10\r\n");
    let got = odd
        .owners(answer("206 Partial Content", &part, body.as_bytes()))
        .await;
    assert_eq!(got.status, 502, "{got:?}");
    let got = odd
        .owners(vec![b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()])
        .await;
    assert_eq!((got.status, got.body.len()), (204, 0), "{got:?}");
    let unchanged = format!("HTTP/1.1 304 Not Modified\r\n{TYPE}ETag: \"e\"\r\n\r\n");
    let got = odd.owners(vec![unchanged.into_bytes()]).await;
    assert_eq!((got.status, got.header("etag")), (304, "\"e\""), "{got:?}");
    odd.says(answer("200 OK", TYPE, body.as_bytes()));
    let posted = odd.owner.fetch(Ask::form("/aneh", &[("a", "b")])).await;
    same("a form's answer", &posted.text(), &body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_with_a_link_has_no_length_no_tag_and_no_sum() {
    let odd = Odd::start().await;
    let body = page(HEADER);
    let head = format!(
        "{TYPE}ETag: \"e\"\r\nLast-Modified: Sat, 17 Apr 2021 00:00:00 GMT\r\nAccept-Ranges: bytes\r\n\
         Content-MD5: x\r\nDigest: sha-256=x\r\nX-Lain: y\r\n"
    );
    let pieces = answer("200 OK", &head, body.as_bytes());
    let got = odd.owners(pieces.clone()).await;
    judge("get", &got, Linked, &body, &with_status(&body, DISABLE));
    let head_only: Vec<Vec<u8>> = pieces
        .iter()
        .map(|bytes| bytes[..bytes.len() - body.len()].to_vec())
        .collect();
    odd.says(head_only);
    let asked = odd
        .owner
        .fetch(Ask::new("HEAD", "/aneh").with("Accept", "text/html"))
        .await;
    assert_eq!((asked.status, asked.body.len()), (200, 0), "{asked:?}");
    for answer in [&got, &asked] {
        for gone in [
            "content-length",
            "etag",
            "last-modified",
            "accept-ranges",
            "content-md5",
            "digest",
        ] {
            assert_eq!(answer.header(gone), "", "{gone} {answer:?}");
        }
        assert_eq!(answer.header("x-lain"), "y", "{answer:?}");
    }
    assert_eq!(got.header("transfer-encoding"), "chunked", "{got:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_http_1_0_gets_no_chunks() {
    let odd = Odd::start().await;
    let (owners, visitors) = (page(HEADER), page(FORM));
    let mut seen = 0;
    for (framing, owner) in framings(owners.as_bytes(), 5) {
        odd.says(owner);
        let ask = Ask::get("/aneh").with("Connection", "keep-alive");
        let asked = String::from_utf8(odd.owner.bytes(&ask)).unwrap();
        let asked = asked.replacen("HTTP/1.1", "HTTP/1.0", 1);
        let mut conn = odd.owner.connect().await;
        conn.send(asked.as_bytes()).await;
        assert!(
            conn.ends_within(Duration::from_secs(5)).await,
            "{framing}: kept open"
        );
        let got = String::from_utf8_lossy(conn.buffer()).into_owned();
        let (head, body) = got.split_once("\r\n\r\n").unwrap();
        assert!(
            !head.to_lowercase().contains("transfer-encoding"),
            "{framing} {head}"
        );
        same(framing, body, &with_status(&owners, DISABLE));
        seen += 1;
    }
    assert_eq!(seen, 3);
    let visitor = odd.world.browser();
    for (path, body, wanted) in [
        ("/login", &visitors, with_reset(&visitors)),
        // Asked by the gateway's own client.
        ("/aneh", &visitors, visitors.clone()),
    ] {
        for (framing, pieces) in framings(body.as_bytes(), 5) {
            odd.says(pieces);
            let asked = String::from_utf8(visitor.bytes(&Ask::get(path))).unwrap();
            let got = visitor
                .raw(asked.replacen("HTTP/1.1", "HTTP/1.0", 1).as_bytes())
                .await;
            let got = String::from_utf8_lossy(&got).into_owned();
            let (head, body) = got.split_once("\r\n\r\n").unwrap();
            assert!(
                !head.to_lowercase().contains("transfer-encoding"),
                "{framing} {head}"
            );
            same(&format!("{path} {framing}"), body, &wanted);
        }
    }
}
