//! Voluntary application server identification (RFC 8292): a push service takes messages for a browser
//! only from the key that the browser subscribed with.

use super::PushError;
use crate::entropy::for_ring;
use crate::primitives::{EmailAddress, P256Point, UnixSeconds};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::json;
use std::fmt;

/// Life of a token in seconds; a service may refuse more than 24 hours (RFC 8292 section 2).
const LIFE_SECONDS: u64 = 12 * 3_600;

/// The operator's key, and whom a service may write to.
pub struct Vapid {
    pair: EcdsaKeyPair,
    public: String,
    contact: EmailAddress,
}

impl Vapid {
    /// From a private key as PKCS#8 in DER.
    ///
    /// # Errors
    /// [`PushError::OwnKey`] when it is none on the curve P-256.
    pub fn new(pkcs8: &[u8], contact: EmailAddress) -> Result<Self, PushError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &for_ring())
            .map_err(|_| PushError::OwnKey)?;
        let public = P256Point::from_bytes(pair.public_key().as_ref()).ok_or(PushError::OwnKey)?;
        Ok(Self {
            pair,
            public: public.to_text(),
            contact,
        })
    }

    /// The public key, as browsers want it (`applicationServerKey`).
    pub fn public(&self) -> &str {
        &self.public
    }

    /// Value of `Authorization` for a message to this origin (RFC 8292 sections 2 and 3).
    ///
    /// # Errors
    /// [`PushError::Seal`] without randomness.
    pub fn authorization(&self, origin: &str, now: UnixSeconds) -> Result<String, PushError> {
        let claims = json!({
            "aud": origin,
            "exp": now.plus(LIFE_SECONDS).0,
            "sub": format!("mailto:{}", self.contact.as_str()),
        });
        let head = B64.encode(r#"{"typ":"JWT","alg":"ES256"}"#);
        let signed = format!("{head}.{}", B64.encode(claims.to_string()));
        let signature = self.pair.sign(&for_ring(), signed.as_bytes());
        let signature = signature.map_err(|_| PushError::Seal)?;
        let token = format!("{signed}.{}", B64.encode(signature.as_ref()));
        Ok(format!("vapid t={token}, k={}", self.public))
    }
}

impl fmt::Debug for Vapid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vapid({})", self.public)
    }
}
