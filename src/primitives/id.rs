//! Identifiers and bearer values: upstream session key, gateway session id, ticket, reference.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Key of one upstream session: 128 bits of a hash over site and the upstream's own session id.
/// The id itself is a bearer secret in some applications, so it is never kept in the clear.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UpstreamKey(pub [u8; 16]);

/// Id of one gateway session (128 random bits). A new one at every acceptance.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GatewaySessionId(pub [u8; 16]);

/// Short public reference of one waiting login (64 random bits): it stands in the address and the
/// form and opens nothing without its [`Ticket`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WaitingRef(pub [u8; 8]);

macro_rules! text_form {
    ($name:ident, $len:expr) => {
        impl $name {
            /// URL-safe text without padding.
            pub fn to_text(self) -> String {
                B64.encode(self.0)
            }

            /// The value of its text form, `None` when it is not exactly one.
            pub fn from_text(text: &str) -> Option<Self> {
                let bytes = B64.decode(text).ok()?;
                <[u8; $len]>::try_from(bytes.as_slice()).ok().map(Self)
            }
        }
    };
}
text_form!(GatewaySessionId, 16);
text_form!(WaitingRef, 8);

impl fmt::Debug for UpstreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A prefix of a one-way hash: enough to follow a session through the log.
        write!(f, "up:{}", B64.encode(&self.0[..6]))
    }
}

impl fmt::Debug for GatewaySessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gs:{}", B64.encode(&self.0[..4]))
    }
}

impl fmt::Debug for WaitingRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "w:{}", B64.encode(self.0))
    }
}

/// The bearer value of a mailed link: the key of its record (128 bits, a keyed hash of the account) and
/// 256 bits that only the site's key can make. Never stored.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct LinkToken([u8; LinkToken::BYTES]);

impl LinkToken {
    const KEY_BYTES: usize = 16;
    const BYTES: usize = Self::KEY_BYTES + 32;

    /// Of a record's key and what proves it.
    pub fn new(key: [u8; Self::KEY_BYTES], proof: [u8; 32]) -> Self {
        let mut bytes = [0; Self::BYTES];
        let (front, back) = bytes.split_at_mut(Self::KEY_BYTES);
        front.copy_from_slice(&key);
        back.copy_from_slice(&proof);
        Self(bytes)
    }

    /// Text for an address: 64 URL-safe signs.
    pub fn to_text(&self) -> String {
        B64.encode(self.0)
    }

    /// The value of its text form, `None` when it is not exactly one.
    pub fn from_text(text: &str) -> Option<Self> {
        let bytes = B64.decode(text).ok()?;
        <[u8; Self::BYTES]>::try_from(bytes.as_slice())
            .ok()
            .map(Self)
    }

    /// Where its record lies.
    pub fn key(&self) -> &[u8] {
        &self.0[..Self::KEY_BYTES]
    }

    /// Everything, to be compared in constant time.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken(..)")
    }
}

/// The bearer value of one waiting login (256 random bits), in a cookie of its own.
/// Stored only as a hash.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Ticket([u8; 32]);

impl Ticket {
    /// Wraps 256 random bits.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Cookie text.
    pub fn to_text(&self) -> String {
        B64.encode(self.0)
    }

    /// Parses the cookie text.
    pub fn from_text(text: &str) -> Option<Self> {
        let bytes = B64.decode(text).ok()?;
        <[u8; 32]>::try_from(bytes.as_slice()).ok().map(Self)
    }

    /// What is stored and compared: SHA-256 of the value.
    pub fn digest(&self) -> [u8; 32] {
        let hash = ring::digest::digest(&ring::digest::SHA256, &self.0);
        let mut out = [0; 32];
        out.copy_from_slice(hash.as_ref());
        out
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ticket(..)")
    }
}
