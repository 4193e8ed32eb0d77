//! Identifiers and bearer values: upstream session key, gateway session id, ticket, reference.

use super::crockford::{parts_groups, sign_of, value_of};
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

/// Id of one phone that was bound to an account (128 random bits). It opens nothing by itself: what the
/// phone asks for it signs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeviceId(pub [u8; 16]);

/// What a phone names itself by: the key of its account's record (a keyed hash) and its own id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PhoneHandle {
    /// Where the account lies.
    pub account: [u8; 16],
    /// Which phone.
    pub device: DeviceId,
}

impl PhoneHandle {
    /// URL-safe text.
    pub fn to_text(self) -> String {
        B64.encode([self.account, self.device.0].concat())
    }

    /// The value of its text form, `None` when it is not exactly one.
    pub fn from_text(text: &str) -> Option<Self> {
        let bytes = B64.decode(text).ok()?;
        let (account, device) = bytes.split_at_checked(16)?;
        Some(Self {
            account: account.try_into().ok()?,
            device: DeviceId(device.try_into().ok()?),
        })
    }
}

/// Id of one request for approval (128 random bits), bound to one waiting login.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChallengeId(pub [u8; 16]);

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
text_form!(DeviceId, 16);
text_form!(ChallengeId, 16);

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

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "d:{}", B64.encode(&self.0[..6]))
    }
}

impl fmt::Debug for ChallengeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c:{}", B64.encode(&self.0[..6]))
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

/// Signs of an invitation.
const INVITE_SIGNS: u32 = 16;

/// What lets a phone join an activation (80 random bits): it lives as long as that activation and is used
/// once. In a link it stands behind the `#`, so that no server sees it unasked; it can be typed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop, Default, Serialize, Deserialize)]
pub struct InviteToken([u8; 10]);

impl InviteToken {
    /// Wraps 80 random bits.
    pub fn new(bytes: [u8; 10]) -> Self {
        Self(bytes)
    }

    /// Sixteen signs of Crockford's base32.
    pub fn to_text(&self) -> String {
        let mut bits = [0; 16];
        bits[6..].copy_from_slice(&self.0);
        let bits = u128::from_be_bytes(bits);
        let signs = (0..INVITE_SIGNS).rev();
        signs
            .map(|behind| sign_of((bits >> (5 * behind)) % 32))
            .collect()
    }

    /// In groups of four, as people type it.
    pub fn grouped(&self) -> String {
        let text = self.to_text();
        let groups: Vec<&str> = (0..4)
            .filter_map(|at| text.get(at * 4..at * 4 + 4))
            .collect();
        groups.join("-")
    }

    /// The value of its text form; upper and lower case, blanks, hyphens and look-alikes do not matter.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut bits = 0_u128;
        let mut signs = 0;
        for sign in text.chars().filter(|sign| !parts_groups(*sign)) {
            bits = bits << 5 | u128::from(value_of(sign)?);
            signs += 1;
            if signs > INVITE_SIGNS {
                return None;
            }
        }
        let bytes = bits.to_be_bytes();
        let bytes = bytes.get(6..)?.try_into().ok()?;
        (signs == INVITE_SIGNS).then_some(Self(bytes))
    }

    /// Under what its record lies: SHA-256 of the value.
    pub fn digest(&self) -> [u8; 32] {
        let hash = ring::digest::digest(&ring::digest::SHA256, &self.0);
        let mut out = [0; 32];
        out.copy_from_slice(hash.as_ref());
        out
    }
}

impl fmt::Debug for InviteToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InviteToken(..)")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_reads_as_people_type_it() {
        let token = InviteToken::new([0xff, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
        let text = token.to_text();
        assert_eq!(text.len(), 16);
        assert_eq!(token.grouped().len(), 19);
        for typed in [
            text.clone(),
            token.grouped(),
            text.to_lowercase(),
            format!(" {} ", text.replace('0', "O").replace('1', "l")),
        ] {
            assert_eq!(
                InviteToken::from_text(&typed),
                Some(token.clone()),
                "{typed}"
            );
        }
        for bad in [
            "",
            &text[1..],
            &format!("{text}0"),
            "*",
            &text.replace('0', "!"),
        ] {
            assert_eq!(InviteToken::from_text(bad), None, "{bad}");
        }
        assert_eq!(format!("{token:?}"), "InviteToken(..)");
    }
}
