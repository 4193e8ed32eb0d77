//! Request bodies: by length or in chunks, read piece by piece, counted and hashed on the way.

use std::fmt::Write as _;
use std::io;

use ring::digest;

use super::head::Head;
use super::wire::Wire;
use crate::record::BODY_KEPT;

/// Longest line of chunk framing, in bytes.
const MAX_CHUNK_LINE: usize = 8_192;

/// What is left of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Nothing,
    /// So many bytes.
    Bytes(u64),
    /// A chunk's length line comes next; `true` behind a chunk, whose line end comes first.
    ChunkLine(bool),
    /// So many bytes of this chunk.
    Chunk(u64),
}

/// The body of one request.
pub(crate) struct Body<'w> {
    wire: &'w mut Wire,
    left: Left,
    length: u64,
    kept: Vec<u8>,
    hash: digest::Context,
}

/// A body that does not keep to its framing, or a client that went away in the middle of it.
fn broken() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "request body")
}

impl<'w> Body<'w> {
    /// The body that belongs to `head`. Chunked wins over a length, the first of several lengths counts.
    pub(crate) fn new(wire: &'w mut Wire, head: &Head) -> io::Result<Self> {
        let coding = head.header("transfer-encoding").unwrap_or_default();
        let left = if coding.to_ascii_lowercase().contains("chunked") {
            Left::ChunkLine(false)
        } else {
            match head.header("content-length") {
                None => Left::Nothing,
                Some(text) => match text.parse().map_err(|_| broken())? {
                    0 => Left::Nothing,
                    length => Left::Bytes(length),
                },
            }
        };
        let hash = digest::Context::new(&digest::SHA256);
        Ok(Self {
            wire,
            left,
            length: 0,
            kept: Vec::new(),
            hash,
        })
    }

    /// Appends the next piece to `out`. `false` says that the body is at its end.
    pub(crate) async fn next(&mut self, out: &mut Vec<u8>) -> io::Result<bool> {
        loop {
            match self.left {
                Left::Nothing => return Ok(false),
                Left::ChunkLine(behind) => self.chunk_line(behind).await?,
                Left::Bytes(left) => {
                    let taken = self.take(left, out).await?;
                    self.left = if taken == left {
                        Left::Nothing
                    } else {
                        Left::Bytes(left - taken)
                    };
                    return Ok(true);
                }
                Left::Chunk(left) => {
                    let taken = self.take(left, out).await?;
                    self.left = if taken == left {
                        Left::ChunkLine(true)
                    } else {
                        Left::Chunk(left - taken)
                    };
                    return Ok(true);
                }
            }
        }
    }

    /// Reads to the end and forgets it.
    pub(crate) async fn drain(&mut self) -> io::Result<()> {
        let mut piece = Vec::new();
        while self.next(&mut piece).await? {
            piece.clear();
        }
        Ok(())
    }

    /// Reads to the end. `None` when it is longer than `limit` bytes; then it was read all the same.
    pub(crate) async fn whole(&mut self, limit: usize) -> io::Result<Option<Vec<u8>>> {
        let mut all = Vec::new();
        while self.next(&mut all).await? {
            if all.len() > limit {
                self.drain().await?;
                return Ok(None);
            }
        }
        Ok(Some(all))
    }

    /// Bytes read so far.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// The first bytes, at most [`BODY_KEPT`].
    pub(crate) fn kept(&self) -> &[u8] {
        &self.kept
    }

    /// SHA-256 of what has been read so far.
    pub(crate) fn sha256(&self) -> String {
        hex(self.hash.clone().finish().as_ref())
    }

    async fn take(&mut self, left: u64, out: &mut Vec<u8>) -> io::Result<u64> {
        if self.wire.pending().is_empty() && !self.wire.fill().await? {
            return Err(broken());
        }
        let pending = self.wire.pending();
        let count = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(pending.len());
        let piece = &pending[..count];
        self.hash.update(piece);
        let room = BODY_KEPT.saturating_sub(self.kept.len()).min(count);
        self.kept.extend_from_slice(&piece[..room]);
        out.extend_from_slice(piece);
        self.wire.consume(count);
        self.length += count as u64;
        Ok(count as u64)
    }

    async fn chunk_line(&mut self, behind: bool) -> io::Result<()> {
        if behind && !self.line().await?.is_empty() {
            return Err(broken());
        }
        let line = self.line().await?;
        let size = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(size, 16).map_err(|_| broken())?;
        if size > 0 {
            self.left = Left::Chunk(size);
            return Ok(());
        }
        // Trailers are read and dropped.
        while !self.line().await?.is_empty() {}
        self.left = Left::Nothing;
        Ok(())
    }

    async fn line(&mut self) -> io::Result<String> {
        loop {
            let pending = self.wire.pending();
            if let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
                let line = String::from_utf8_lossy(&pending[..end])
                    .trim_end()
                    .to_owned();
                self.wire.consume(end + 1);
                return Ok(line);
            }
            if pending.len() > MAX_CHUNK_LINE || !self.wire.fill().await? {
                return Err(broken());
            }
        }
    }
}

/// Bytes in hex, lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
