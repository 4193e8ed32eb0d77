//! Writing an answer, and everything that a test can make go wrong with that.

use std::io;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::sleep;

use super::answer::{Answer, Payload, reason};
use super::encode;
use crate::config::FaultKind;

/// Size of the pieces in which downloads are written, in bytes.
const PIECE: usize = 64 * 1024;

/// What the request says about the form of its answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    /// HEAD: no body.
    pub(crate) head_only: bool,
    /// HTTP/1.0: no chunks.
    pub(crate) old: bool,
    /// The connection may stay open.
    pub(crate) keep_alive: bool,
    /// Say `Connection: close`, because it is the server that wants to close.
    pub(crate) say_close: bool,
}

/// Faults of the answer, sorted.
#[derive(Debug, Default)]
struct Plan {
    slow: Option<(usize, Duration)>,
    cut: Option<usize>,
    endless: bool,
}

/// Writes the answer. `Ok(true)` says that the connection can take another request.
pub(crate) async fn send(
    stream: &mut TcpStream,
    mut answer: Answer,
    form: Form,
    faults: &[FaultKind],
) -> io::Result<bool> {
    if faults.contains(&FaultKind::Garbage) {
        stream
            .write_all(b"\x00\x01SPSE\xff\xfe ??? bukan HTTP\r\n\r\n<html>\x00")
            .await?;
        return Ok(false);
    }
    for fault in faults {
        if let FaultKind::Raw(pieces) = fault {
            return raw(stream, pieces).await;
        }
    }
    let plan = shape(&mut answer, faults);
    let chunked = match &answer.body {
        _ if plan.endless => true,
        Payload::Bytes(bytes) => {
            if !matches!(answer.status, 101 | 204 | 304) {
                let length = bytes.len().to_string();
                answer.set("Content-Length", length);
            }
            false
        }
        Payload::Pattern { length, .. } => {
            let length = length.to_string();
            answer.set("Content-Length", length);
            false
        }
        Payload::Ticks { .. } => answer.status != 101,
    };
    if chunked && !form.old {
        answer.set("Transfer-Encoding", "chunked");
    }
    if form.say_close {
        answer.set("Connection", "close");
    }
    let mut out = Out {
        stream,
        chunked: chunked && !form.old,
        plan,
        sent: 0,
    };
    let head = head(&answer);
    if form.head_only {
        out.stream.write_all(head.as_bytes()).await?;
        return Ok(form.keep_alive);
    }
    let whole = out.body(head, answer.body).await?;
    Ok(whole && form.keep_alive && !(chunked && form.old))
}

/// Pieces in segments of their own, then the end.
async fn raw(stream: &mut TcpStream, pieces: &[Vec<u8>]) -> io::Result<bool> {
    for piece in pieces {
        stream.write_all(piece).await?;
        if pieces.len() > 1 {
            sleep(Duration::from_millis(3)).await;
        }
    }
    Ok(false)
}

/// Applies the faults that change the answer itself and collects those that change its way.
fn shape(answer: &mut Answer, faults: &[FaultKind]) -> Plan {
    let mut plan = Plan::default();
    for fault in faults {
        match fault {
            FaultKind::Gzip => {
                if let Payload::Bytes(bytes) = &mut answer.body {
                    *bytes = encode::gzip(bytes);
                    answer.set("Content-Encoding", "gzip");
                }
            }
            FaultKind::Utf16 => {
                if let Payload::Bytes(bytes) = &mut answer.body {
                    *bytes = encode::utf16(bytes);
                    answer.set("Content-Type", "text/html; charset=utf-16");
                }
            }
            FaultKind::SlowBody { bytes, every } => plan.slow = Some((*bytes, *every)),
            FaultKind::CutAfter(bytes) => plan.cut = Some(*bytes),
            FaultKind::EndlessBody => plan.endless = true,
            _ => {}
        }
    }
    plan
}

fn head(answer: &Answer) -> String {
    let status = answer.status;
    let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(status));
    for (name, value) in &answer.headers {
        head.push_str(name);
        head.push_str(": ");
        head.push_str(value);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    head
}

struct Out<'s> {
    stream: &'s mut TcpStream,
    chunked: bool,
    plan: Plan,
    sent: usize,
}

impl Out<'_> {
    /// Writes head and body. `false` says that it was cut off.
    async fn body(&mut self, head: String, body: Payload) -> io::Result<bool> {
        let mut first = head.into_bytes();
        match body {
            Payload::Bytes(bytes) if self.plan.endless => {
                self.stream.write_all(&first).await?;
                return self.endless(bytes).await;
            }
            // The usual case in one write.
            Payload::Bytes(bytes) if self.plan.slow.is_none() && self.plan.cut.is_none() => {
                first.extend_from_slice(&bytes);
                self.stream.write_all(&first).await?;
            }
            Payload::Bytes(bytes) => {
                self.stream.write_all(&first).await?;
                return self.piece(&bytes).await;
            }
            Payload::Pattern { line, length } => {
                self.stream.write_all(&first).await?;
                return self.pattern(&line, length).await;
            }
            Payload::Ticks { every, mut source } => {
                self.stream.write_all(&first).await?;
                while let Some(bytes) = source() {
                    if !self.piece(&bytes).await? {
                        return Ok(false);
                    }
                    sleep(every).await;
                }
                if self.chunked {
                    self.stream.write_all(b"0\r\n\r\n").await?;
                }
            }
        }
        Ok(true)
    }

    async fn endless(&mut self, bytes: Vec<u8>) -> io::Result<bool> {
        let mut piece = bytes;
        loop {
            if !self.piece(&piece).await? {
                return Ok(false);
            }
            piece = b"<!-- tanpa akhir -->\n".repeat(200);
            sleep(Duration::from_millis(5)).await;
        }
    }

    async fn pattern(&mut self, line: &[u8], length: u64) -> io::Result<bool> {
        // Whole lines, so that every piece continues where the last one ended.
        let block = line.repeat((PIECE / line.len().max(1)).max(1));
        let mut left = length;
        while left > 0 {
            let count = usize::try_from(left).unwrap_or(usize::MAX).min(block.len());
            if !self.piece(&block[..count]).await? {
                return Ok(false);
            }
            left -= count as u64;
        }
        Ok(true)
    }

    /// Writes one piece, slowly or cut off if so planned.
    async fn piece(&mut self, bytes: &[u8]) -> io::Result<bool> {
        let room = self.plan.cut.map_or(bytes.len(), |cut| {
            cut.saturating_sub(self.sent).min(bytes.len())
        });
        let allowed = &bytes[..room];
        match self.plan.slow {
            None => self.frame(allowed).await?,
            Some((size, every)) => {
                for part in allowed.chunks(size.max(1)) {
                    self.frame(part).await?;
                    sleep(every).await;
                }
            }
        }
        self.sent += room;
        Ok(room == bytes.len() && self.plan.cut != Some(self.sent))
    }

    async fn frame(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.chunked {
            return self.stream.write_all(bytes).await;
        }
        if bytes.is_empty() {
            return Ok(());
        }
        let mut framed = format!("{:x}\r\n", bytes.len()).into_bytes();
        framed.extend_from_slice(bytes);
        framed.extend_from_slice(b"\r\n");
        self.stream.write_all(&framed).await
    }
}
