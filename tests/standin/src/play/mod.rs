//! Play 1 as SPSE uses it: what the application gets to see of a request, and what it adds to an answer.
//!
//! - [`cookie`]: the Cookie header, signed values, Set-Cookie lines
//! - [`session`]: SPSE_SESSION and SPSE_FLASH
//! - [`request`]: path, overrides, addresses
//! - [`params`], [`multipart`]: fields of query and body
//!
//! It may use `http` and `config`, nothing that knows SPSE's pages.

pub(crate) mod cookie;
pub(crate) mod multipart;
pub(crate) mod params;
pub(crate) mod request;
pub(crate) mod session;
