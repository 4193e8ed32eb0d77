//! Message encryption (RFC 8291) in the coding `aes128gcm` (RFC 8188), one record.

use super::PushError;
use crate::domain::push::AUTH_BYTES;
use crate::entropy::{Entropy, for_ring, random};
use crate::primitives::P256Point;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};
use zeroize::Zeroizing;

/// Bytes of the salt (RFC 8188 section 2.1).
const SALT_BYTES: usize = 16;
/// Record size that is told; there is one record, and it is shorter (RFC 8291 section 4).
const RECORD_BYTES: u32 = 4_096;
/// What follows the message in the last record; zeros may follow (RFC 8188 section 2).
const LAST_RECORD: u8 = 2;
/// Bytes of every message with its padding: none can be told from another by its length.
const PADDED_BYTES: usize = 128;
/// Longest message in bytes.
pub const MESSAGE_BYTES_MAX: usize = PADDED_BYTES - 1;

/// Seals a message for a browser: header and record, as they are sent.
///
/// # Errors
/// [`PushError`].
pub fn seal(
    message: &[u8],
    (theirs, auth): (P256Point, &[u8; AUTH_BYTES]),
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, PushError> {
    let salt = random(entropy)?;
    let private = EphemeralPrivateKey::generate(&ECDH_P256, &for_ring());
    let private = private.map_err(|_| PushError::Seal)?;
    let public = private.compute_public_key().map_err(|_| PushError::Seal)?;
    let ours = P256Point::from_bytes(public.as_ref()).ok_or(PushError::Seal)?;
    let peer = UnparsedPublicKey::new(&ECDH_P256, theirs.to_bytes());
    let keys = agree_ephemeral(private, &peer, |secret| {
        Keys::derive(secret, (theirs, ours), auth, &salt)
    });
    keys.map_err(|_| PushError::Key)??
        .record(message, ours, &salt)
}

/// Key and nonce of one message.
struct Keys {
    key: Zeroizing<[u8; 16]>,
    nonce: [u8; NONCE_LEN],
}

impl Keys {
    /// RFC 8291 section 3.4.
    fn derive(
        secret: &[u8],
        (theirs, ours): (P256Point, P256Point),
        auth: &[u8; AUTH_BYTES],
        salt: &[u8; SALT_BYTES],
    ) -> Result<Self, PushError> {
        let info = [b"WebPush: info\0", &theirs.to_bytes()[..], &ours.to_bytes()];
        let shared: Zeroizing<[u8; 32]> = expand(auth, secret, &info)?;
        Ok(Self {
            key: expand(salt, &*shared, &[b"Content-Encoding: aes128gcm\0"])?,
            nonce: *expand(salt, &*shared, &[b"Content-Encoding: nonce\0"])?,
        })
    }

    /// RFC 8188 sections 2 and 2.1.
    fn record(
        self,
        message: &[u8],
        ours: P256Point,
        salt: &[u8; SALT_BYTES],
    ) -> Result<Vec<u8>, PushError> {
        if message.len() > MESSAGE_BYTES_MAX {
            return Err(PushError::TooLong);
        }
        let mut padded = message.to_vec();
        padded.push(LAST_RECORD);
        padded.resize(PADDED_BYTES, 0);
        let key = UnboundKey::new(&AES_128_GCM, &*self.key).map_err(|_| PushError::Seal)?;
        // Used once: its secret and salt are of this message alone.
        LessSafeKey::new(key)
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(self.nonce),
                Aad::empty(),
                &mut padded,
            )
            .map_err(|_| PushError::Seal)?;
        let key_bytes = u8::try_from(P256Point::BYTES).map_err(|_| PushError::Seal)?;
        let head = [
            &salt[..],
            &RECORD_BYTES.to_be_bytes(),
            &[key_bytes],
            &ours.to_bytes(),
        ];
        Ok([&head.concat()[..], &padded].concat())
    }
}

/// Length of what HKDF gives, in bytes.
struct Length(usize);

impl KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

/// HKDF-SHA256 (RFC 5869), both steps.
fn expand<const N: usize>(
    salt: &[u8],
    secret: &[u8],
    info: &[&[u8]],
) -> Result<Zeroizing<[u8; N]>, PushError> {
    let mut out = Zeroizing::new([0; N]);
    Salt::new(HKDF_SHA256, salt)
        .extract(secret)
        .expand(info, Length(N))
        .and_then(|okm| okm.fill(&mut *out))
        .map_err(|_| PushError::Seal)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::{EntropyError, SystemEntropy};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;

    // RFC 8291 section 5 and appendix A.
    const THEIRS: &str =
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    const OURS: &str =
        "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";
    const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";
    const SALT: &str = "DGv6ra1nlYgDCS1FRnbzlw";
    const SECRET: &str = "kyrL1jIIOHEzg3sM2ZWRHDRB62YACZhhSlknJ672kSs";
    const TEXT: &str = "When I grow up, I want to be a watermelon";

    fn bytes<const N: usize>(text: &str) -> [u8; N] {
        B64.decode(text).unwrap().try_into().unwrap()
    }

    #[test]
    fn keys_are_those_of_the_rfc() {
        let points = (
            P256Point::parse(THEIRS).unwrap(),
            P256Point::parse(OURS).unwrap(),
        );
        let secret: [u8; 32] = bytes(SECRET);
        let keys = Keys::derive(&secret, points, &bytes(AUTH), &bytes(SALT)).unwrap();
        assert_eq!(*keys.key, bytes("oIhVW04MRdy2XN9CiKLxTg"));
        assert_eq!(keys.nonce, bytes("4h_95klXJ5E_qnoN"));
        // The record of the RFC has no padding; the stream of the cipher is the same.
        let body = keys
            .record(TEXT.as_bytes(), points.1, &bytes(SALT))
            .unwrap();
        let wanted = B64
            .decode(
                "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLoc\
                 InmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLV\
                 WGNWQexSgSxsj_Qulcy4a-fN",
            )
            .unwrap();
        let tag = 16;
        assert_eq!(body[..wanted.len() - tag], wanted[..wanted.len() - tag]);
        assert_eq!(body.len(), 86 + PADDED_BYTES + tag);
    }

    #[test]
    fn every_message_has_one_length_and_its_own_key() {
        let to = (P256Point::parse(THEIRS).unwrap(), &bytes(AUTH));
        let entropy = SystemEntropy::default();
        let one = seal(b"", to, &entropy).unwrap();
        let other = seal(&[b'x'; MESSAGE_BYTES_MAX], to, &entropy).unwrap();
        assert_eq!(one.len(), other.len());
        assert_ne!(one[..SALT_BYTES], other[..SALT_BYTES]);
        assert_ne!(one[21..86], other[21..86]);
        let long = [b'x'; MESSAGE_BYTES_MAX + 1];
        assert_eq!(seal(&long, to, &entropy), Err(PushError::TooLong));
    }

    #[test]
    fn a_key_off_the_curve_and_a_system_without_randomness_are_refused() {
        let mut stray = P256Point::parse(THEIRS).unwrap().to_bytes();
        stray[64] ^= 1;
        let stray = P256Point::from_bytes(&stray).unwrap();
        let entropy = SystemEntropy::default();
        let sealed = seal(b"x", (stray, &bytes(AUTH)), &entropy);
        assert_eq!(sealed, Err(PushError::Key));
        struct Nothing;
        impl Entropy for Nothing {
            fn fill(&self, _: &mut [u8]) -> Result<(), EntropyError> {
                Err(EntropyError)
            }
        }
        let to = (P256Point::parse(THEIRS).unwrap(), &bytes(AUTH));
        assert_eq!(seal(b"x", to, &Nothing), Err(PushError::Seal));
    }
}
