//! HTTP/1.x as the Netty 3 under Play 1 speaks it, oddities included (`spse44.md` section 10).
//!
//! - [`wire`]: the connection and what has been read ahead
//! - [`head`]: request line and headers, with Netty's limits
//! - [`body`]: request bodies, streamed
//! - [`answer`]: an answer as plain data
//! - [`send`]: writing it, and everything that can go wrong with that
//! - [`encode`]: checksums, gzip, PNG, UTF-16
//! - [`connection`]: one connection from accept to close
//!
//! It may use `config` and `record`, nothing that knows SPSE's pages.

pub(crate) mod answer;
pub(crate) mod body;
pub(crate) mod connection;
pub(crate) mod encode;
pub(crate) mod head;
pub(crate) mod send;
pub(crate) mod wire;
