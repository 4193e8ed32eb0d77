//! Keys, stamps and seals: what makes a cookie or a record ours (invariant I3).
//!
//! One master key (256 bit, a file of mode 0600) gives every other key by HKDF-SHA256. Cookies are
//! bound to the site and to the **epoch**: a store that is new, restored or replaced has another
//! epoch, so that every stamp and seal of before dies with it. Records are bound to their kind and
//! key, so that one record put in another's place does not open.
//!
//! ring's AES-256-GCM with random 96-bit nonces: 2^32 seals per key are allowed (NIST SP 800-38D
//! section 8.3), which is 136 years at one a second.

pub mod chain;
pub mod head;

pub use chain::{AuditChain, Link, LinkOf};
pub use head::{Head, HeadKey, HeadSigner};

use crate::entropy::{Entropy, EntropyError, random};
use crate::primitives::{UnixSeconds, UpstreamKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::{hkdf, hmac};
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Bytes of the master key.
pub const MASTER_KEY_BYTES: usize = 32;
/// Characters that a stamp adds to a cookie: a dot and 20 bytes in base64.
pub const STAMP_CHARS: usize = 28;
/// Bytes of the truncated MAC in a stamp: 128 bit.
const STAMP_MAC_BYTES: usize = 16;
/// First byte of every sealed value; another number is another format.
const FORMAT: u8 = 1;
/// AES-256-GCM's tag.
const TAG_BYTES: usize = 16;

/// What a sealed cookie is for; one purpose never opens another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The accepted session.
    Accepted,
    /// The known browser.
    KnownBrowser,
    /// The activation code of a reset that was confirmed in this browser.
    Reset,
    /// A Kode Keamanan in its form.
    Puzzle,
}

impl Purpose {
    fn tag(self) -> &'static [u8] {
        match self {
            Self::Accepted => b"accepted",
            Self::KnownBrowser => b"known-browser",
            Self::Reset => b"reset",
            Self::Puzzle => b"puzzle",
        }
    }
}

/// Nothing could be sealed: no randomness, or the input is beyond AES-GCM's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a value could not be sealed")]
pub struct SealError;

impl From<EntropyError> for SealError {
    fn from(_: EntropyError) -> Self {
        Self
    }
}

/// The master key, wiped on drop.
pub struct MasterKey(Zeroizing<[u8; MASTER_KEY_BYTES]>);

impl MasterKey {
    /// Wraps 256 random bits.
    pub fn new(bytes: [u8; MASTER_KEY_BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// A new random key.
    ///
    /// # Errors
    /// [`EntropyError`].
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        random(entropy).map(Self::new)
    }

    /// The text kept in the key file: `gerbang-key-1 <base64>`.
    pub fn to_file_text(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("gerbang-key-1 {}\n", B64.encode(*self.0)))
    }

    /// Reads the text of a key file; `None` when it is not one.
    pub fn from_file_text(text: &str) -> Option<Self> {
        let encoded = text.trim_end().strip_prefix("gerbang-key-1 ")?;
        let bytes = Zeroizing::new(B64.decode(encoded).ok()?);
        <[u8; MASTER_KEY_BYTES]>::try_from(bytes.as_slice())
            .ok()
            .map(Self::new)
    }

    fn derive(&self, info: &[u8]) -> Zeroizing<[u8; 32]> {
        let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, b"gerbang");
        let prk = salt.extract(&*self.0);
        let mut out = Zeroizing::new([0; 32]);
        let parts = [info];
        // 32 bytes are far below HKDF's limit of 255 hashes, so neither step can fail; were they
        // to, the derived key would stay all zero, which `Seals::new` and the tests refuse.
        if let Ok(okm) = prk.expand(&parts, hkdf::HKDF_SHA256) {
            let _ = okm.fill(&mut *out);
        }
        out
    }

    /// As `derive`, for keys that are used as they come.
    fn derive_checked(&self, info: &[u8]) -> Result<Zeroizing<[u8; 32]>, SealError> {
        let raw = self.derive(info);
        if raw.iter().all(|byte| *byte == 0) {
            return Err(SealError);
        }
        Ok(raw)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(..)")
    }
}

/// Seals records for the store: bound to a context (kind and key), not to the epoch.
pub struct RecordSeal {
    key: LessSafeKey,
    hash: hmac::Key,
    chain: AuditChain,
    entropy: Arc<dyn Entropy>,
}

impl RecordSeal {
    /// The record key of this master key.
    ///
    /// # Errors
    /// [`SealError`] when the key cannot be made.
    pub fn new(master: &MasterKey, entropy: Arc<dyn Entropy>) -> Result<Self, SealError> {
        let hash = hmac::Key::new(hmac::HMAC_SHA256, &*master.derive(b"record-key"));
        Ok(Self {
            key: aead_key(master, b"record")?,
            hash,
            chain: AuditChain::new(master)?,
            entropy,
        })
    }

    /// What links the records of the audit log.
    pub fn chain(&self) -> &AuditChain {
        &self.chain
    }

    /// Keyed hash for a key of the store, so that the store shows no user ids.
    pub fn fingerprint(&self, name: &[u8]) -> [u8; 16] {
        truncated(&hmac::sign(&self.hash, name))
    }

    /// Keyed hash in full length, for what must be as hard to guess as a key.
    pub fn mac(&self, name: &[u8]) -> [u8; 32] {
        let mut tag = [0; 32];
        tag.copy_from_slice(hmac::sign(&self.hash, name).as_ref());
        tag
    }

    /// Seals `plain` under `context`.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal(&self, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, SealError> {
        seal(&self.key, &*self.entropy, context, plain)
    }

    /// Opens what was sealed under the same `context`; `None` otherwise.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        open(&self.key, context, sealed)
    }
}

impl fmt::Debug for RecordSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecordSeal(..)")
    }
}

/// Stamps and seals cookies of one site in one epoch, and hashes upstream session ids.
pub struct Seals {
    stamp: hmac::Key,
    hash: hmac::Key,
    form: hmac::Key,
    cookie: LessSafeKey,
    context: Vec<u8>,
    entropy: Arc<dyn Entropy>,
}

impl Seals {
    /// Keys for `site` in `epoch`.
    ///
    /// # Errors
    /// [`SealError`] when a key cannot be made.
    pub fn new(
        master: &MasterKey,
        site: &str,
        epoch: u64,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, SealError> {
        let mut context = epoch.to_be_bytes().to_vec();
        context.extend_from_slice(site.as_bytes());
        context.push(0);
        let mac = |info: &[u8]| hmac::Key::new(hmac::HMAC_SHA256, &*master.derive(info));
        Ok(Self {
            stamp: mac(b"stamp"),
            hash: mac(b"upstream-session"),
            form: mac(b"form"),
            cookie: aead_key(master, b"cookie")?,
            context,
            entropy,
        })
    }

    /// `value` with a stamp behind it: `.` and base64 of time of issue and MAC over site, epoch,
    /// name, value and time.
    pub fn stamp(&self, name: &[u8], value: &[u8], issued: UnixSeconds) -> Vec<u8> {
        // Seconds fit 32 bits until 2106.
        let issued = u32::try_from(issued.0).unwrap_or(u32::MAX).to_be_bytes();
        let mac = self.stamp_mac(name, value, issued);
        let mut tail = issued.to_vec();
        tail.extend_from_slice(mac.as_ref().get(..STAMP_MAC_BYTES).unwrap_or_default());
        let mut out = Vec::with_capacity(value.len() + STAMP_CHARS);
        out.extend_from_slice(value);
        out.push(b'.');
        out.extend_from_slice(B64.encode(tail).as_bytes());
        out
    }

    /// The value and time of issue of a cookie that we stamped; `None` for anything else.
    pub fn unstamp<'v>(&self, name: &[u8], stamped: &'v [u8]) -> Option<(&'v [u8], UnixSeconds)> {
        let (value, tail) = stamped.split_at_checked(stamped.len().checked_sub(STAMP_CHARS)?)?;
        let encoded = tail.strip_prefix(b".")?;
        let mut raw = [0; 4 + STAMP_MAC_BYTES];
        if B64.decode_slice(encoded, &mut raw).ok()? != raw.len() {
            return None;
        }
        let (issued, mac) = raw.split_at_checked(4)?;
        let issued = <[u8; 4]>::try_from(issued).ok()?;
        let expected = self.stamp_mac(name, value, issued);
        let expected = expected.as_ref().get(..STAMP_MAC_BYTES)?;
        let same = bool::from(subtle::ConstantTimeEq::ct_eq(expected, mac));
        same.then(|| (value, UnixSeconds(u64::from(u32::from_be_bytes(issued)))))
    }

    fn stamp_mac(&self, name: &[u8], value: &[u8], issued: [u8; 4]) -> hmac::Tag {
        let mut mac = hmac::Context::with_key(&self.stamp);
        mac.update(&self.context);
        // Cookie names hold neither NUL nor `=`, so the boundary cannot be moved.
        mac.update(name);
        mac.update(&[0]);
        mac.update(&issued);
        mac.update(value);
        mac.sign()
    }

    /// Seals a cookie value; the result is URL-safe text.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal(&self, purpose: Purpose, plain: &[u8]) -> Result<String, SealError> {
        let sealed = seal(
            &self.cookie,
            &*self.entropy,
            &self.cookie_context(purpose),
            plain,
        )?;
        Ok(B64.encode(sealed))
    }

    /// Opens a cookie that we sealed for the same purpose, site and epoch.
    pub fn open(&self, purpose: Purpose, text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        open(
            &self.cookie,
            &self.cookie_context(purpose),
            &B64.decode(text).ok()?,
        )
    }

    fn cookie_context(&self, purpose: Purpose) -> Vec<u8> {
        [self.context.as_slice(), purpose.tag()].concat()
    }

    /// The key under which an upstream session id is remembered. Not bound to the epoch: a
    /// tombstone must be found again.
    pub fn upstream_key(&self, session_id: &[u8]) -> UpstreamKey {
        let mut mac = hmac::Context::with_key(&self.hash);
        mac.update(self.context.get(8..).unwrap_or_default());
        mac.update(session_id);
        UpstreamKey(truncated(&mac.sign()))
    }

    /// Token that ties a form to what it belongs to (session or waiting login), against CSRF.
    pub fn form_token(&self, bound_to: &[u8]) -> String {
        let mut mac = hmac::Context::with_key(&self.form);
        mac.update(&self.context);
        mac.update(bound_to);
        B64.encode(
            mac.sign()
                .as_ref()
                .get(..STAMP_MAC_BYTES)
                .unwrap_or_default(),
        )
    }

    /// Whether `token` is the form token of `bound_to`, in constant time.
    pub fn form_token_fits(&self, bound_to: &[u8], token: &str) -> bool {
        let expected = self.form_token(bound_to);
        bool::from(subtle::ConstantTimeEq::ct_eq(
            expected.as_bytes(),
            token.as_bytes(),
        ))
    }
}

impl fmt::Debug for Seals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seals(..)")
    }
}

/// SHA-256 over parts.
pub fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = ring::digest::Context::new(&ring::digest::SHA256);
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

fn truncated(tag: &hmac::Tag) -> [u8; 16] {
    let mut out = [0; 16];
    // A SHA-256 tag has 32 bytes.
    out.copy_from_slice(tag.as_ref().get(..16).unwrap_or(&[0; 16]));
    out
}

fn aead_key(master: &MasterKey, info: &[u8]) -> Result<LessSafeKey, SealError> {
    let raw = master.derive_checked(info)?;
    UnboundKey::new(&AES_256_GCM, &*raw)
        .map(LessSafeKey::new)
        .map_err(|_| SealError)
}

fn seal(
    key: &LessSafeKey,
    entropy: &dyn Entropy,
    context: &[u8],
    plain: &[u8],
) -> Result<Vec<u8>, SealError> {
    let nonce: [u8; NONCE_LEN] = random(entropy)?;
    let mut out = Vec::with_capacity(1 + NONCE_LEN + plain.len() + TAG_BYTES);
    out.push(FORMAT);
    out.extend_from_slice(&nonce);
    out.extend_from_slice(plain);
    let body = out.get_mut(1 + NONCE_LEN..).ok_or(SealError)?;
    let tag = key
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(context),
            body,
        )
        .map_err(|_| SealError)?;
    out.extend_from_slice(tag.as_ref());
    Ok(out)
}

fn open(key: &LessSafeKey, context: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (format, rest) = sealed.split_first()?;
    if *format != FORMAT {
        return None;
    }
    let (nonce, body) = rest.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut plain = Zeroizing::new(body.to_vec());
    let length = key
        .open_in_place(nonce, Aad::from(context), &mut plain)
        .ok()?
        .len();
    plain.truncate(length);
    Some(plain)
}

#[cfg(test)]
mod tests;
