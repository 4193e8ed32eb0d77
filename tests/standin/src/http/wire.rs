//! A connection's reading side: the socket and what has been read ahead.

use std::io;

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// How much is asked of the socket at a time, in bytes.
const READ_SIZE: usize = 64 * 1024;

/// The socket with its read-ahead.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
    start: usize,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
            start: 0,
        }
    }

    /// What has been read and not consumed.
    pub(crate) fn pending(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    /// Drops so many bytes of [`Self::pending`].
    pub(crate) fn consume(&mut self, count: usize) {
        self.start = (self.start + count).min(self.buffer.len());
        if self.start == self.buffer.len() {
            self.buffer.clear();
            self.start = 0;
        }
    }

    /// Reads more. `false` says that the client has ended its side.
    pub(crate) async fn fill(&mut self) -> io::Result<bool> {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        // Heads and forms are small: an idle connection keeps little, an upload grows its buffer once.
        let room = if self.buffer.capacity() == 0 {
            8 * 1024
        } else {
            READ_SIZE
        };
        self.buffer.reserve(room.min(READ_SIZE));
        Ok(self.stream.read_buf(&mut self.buffer).await? > 0)
    }

    /// Gives back memory between two requests.
    pub(crate) fn shrink(&mut self) {
        if self.start == self.buffer.len() {
            self.buffer = Vec::new();
            self.start = 0;
        }
    }
}
