//! Messages that wake a phone: sealed for its browser (`encrypt.rs`, RFC 8291 over RFC 8188), sent in the
//! operator's name (`vapid.rs`, RFC 8292). How they travel is the business of `proxy/push.rs`; to whom
//! and when, of `flow/push.rs`.
//!
//! A push service learns that a phone is woken, when, and from where; never for whom or for what: what is
//! sent says in which language to speak, and has one length.
//!
//! May import: everything below flow. Own code on ring, because what libraries there are bring a second
//! TLS or crypto stack.

mod encrypt;
mod vapid;

pub use encrypt::{MESSAGE_BYTES_MAX, seal};
pub use vapid::Vapid;

use crate::entropy::EntropyError;

/// A message could not be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PushError {
    /// The browser's key is not on the curve.
    #[error("the browser's key cannot be used")]
    Key,
    /// The operator's key is none on the curve P-256.
    #[error("the operator's key cannot be used")]
    OwnKey,
    /// Longer than [`MESSAGE_BYTES_MAX`].
    #[error("the message is too long")]
    TooLong,
    /// No randomness, or nothing could be signed.
    #[error("nothing could be sealed or signed")]
    Seal,
}

impl From<EntropyError> for PushError {
    fn from(_: EntropyError) -> Self {
        Self::Seal
    }
}
