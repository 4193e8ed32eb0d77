//! Browsers and front servers that keep asking while the gateway is restarted.

use super::*;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::io::{AsyncBufReadExt, BufReader};

/// Askers at once, each on a connection that it keeps as long as it may.
const ASKERS: usize = 12;
/// Times that the gateway is restarted under them.
const RESTARTS: usize = 3;
/// Public pages, one of the gateway's own, and a search, which is a POST.
const ASKS: [&str; 3] = [
    "GET /eproc4/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET /eproc4/gerbang/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "POST /eproc4/dt/lelang HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
     Content-Length: 6\r\n\r\ndraw=1",
];

/// A connection, and whether it is kept.
type Kept = Option<BufReader<TcpStream>>;

/// One question and its whole answer; the connection, where it is kept.
async fn ask(address: SocketAddr, kept: Kept, question: &str) -> std::io::Result<(u16, Kept)> {
    let mut stream = match kept {
        Some(stream) => stream,
        None => BufReader::new(TcpStream::connect(address).await?),
    };
    stream.get_mut().write_all(question.as_bytes()).await?;
    let (mut status, mut length, mut chunked, mut keep) = (0, 0, false, true);
    for number in 0.. {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end().to_ascii_lowercase();
        match line.split_once(": ") {
            _ if number == 0 => status = line[9..12].parse().unwrap(),
            _ if line.is_empty() => break,
            Some(("content-length", value)) => length = value.parse().unwrap(),
            Some(("transfer-encoding", _)) => chunked = true,
            Some(("connection", value)) => keep = value != "close",
            Some(_) | None => {}
        }
    }
    loop {
        if chunked {
            let mut line = String::new();
            stream.read_line(&mut line).await?;
            length = usize::from_str_radix(line.trim(), 16).map_err(std::io::Error::other)?;
        }
        let mut body = vec![0; length + if chunked { 2 } else { 0 }];
        stream.read_exact(&mut body).await?;
        if !chunked || length == 0 {
            return Ok((status, keep.then_some(stream)));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn load_restarts_of_a_held_socket_fail_no_request() {
    let mut world = supervised().await;
    let address = world.gateway.addr();
    let ending = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicU64::new(0));
    let askers: Vec<_> = (0..ASKERS)
        .map(|number| {
            let (ending, answered) = (ending.clone(), answered.clone());
            tokio::spawn(async move {
                let mut kept = None;
                let mut asks = ASKS.iter().cycle().skip(number);
                while !ending.load(Ordering::SeqCst) {
                    let question = asks.next().unwrap();
                    let (status, again) = ask(address, kept, question)
                        .await
                        .unwrap_or_else(|error| panic!("{error}: {question}"));
                    assert!(status < 500, "{status}: {question}");
                    answered.fetch_add(1, Ordering::SeqCst);
                    kept = again;
                }
            })
        })
        .collect();
    for _ in 0..RESTARTS {
        let before = answered.load(Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(answered.load(Ordering::SeqCst) > before + 100);
        tokio::task::block_in_place(|| world.gateway.stop()).unwrap();
        world.gateway.restart().await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    ending.store(true, Ordering::SeqCst);
    for asker in askers {
        asker.await.unwrap();
    }
    let log = world.gateway.log();
    let cut = log.lines().find(|line| line.contains("the grace is over"));
    assert_eq!(cut, None);
}
