//! A phone that signs: a P-256 key that its browser made and does not give away (WebCrypto ECDSA with
//! `extractable: false`), and the requests that it signs.
//!
//! What is signed names everything that a request could be mistaken for: the site, method and path, the
//! body, the login that it is about, and the time. A signature is raw `r || s` (IEEE P1363), as
//! WebCrypto gives it; the key is an uncompressed point (SEC 1 section 2.3.3).

use crate::primitives::{P256Point, UnixSeconds};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Bytes of a signature: r and s.
const SIGNATURE_BYTES: usize = 64;
/// First line of what is signed; another version of it is another line.
const SCHEME: &str = "gerbang-device-v1";

/// How far the time of a request may be from the gateway's, in seconds. Phones whose clock is wrong learn
/// the gateway's time first.
pub const SKEW_SECONDS_MAX: u64 = 60;

/// A phone's public key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeviceKey(P256Point);

/// A signature as it was sent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DeviceSignature([u8; SIGNATURE_BYTES]);

/// What a request says, as its phone signed it.
#[derive(Clone, Copy, Debug)]
pub struct SignedRequest<'a> {
    /// Scheme, host and port of the site as its users know it.
    pub origin: &'a str,
    /// Method, upper case.
    pub method: &'a str,
    /// Path with the context, without a query.
    pub path: &'a str,
    /// The login that it is about; empty where it is about none.
    pub challenge: &'a str,
    /// The gateway's time as the phone knows it.
    pub time: UnixSeconds,
    /// The body, byte for byte.
    pub body: &'a [u8],
}

impl DeviceKey {
    /// A point in its text form; whether it lies on the curve shows with the first signature.
    pub fn parse(text: &str) -> Option<Self> {
        P256Point::parse(text).map(Self)
    }

    /// Whether this phone signed this request.
    pub fn signed(&self, request: &SignedRequest<'_>, signature: &DeviceSignature) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.0.to_bytes())
            .verify(request.text().as_bytes(), &signature.0)
            .is_ok()
    }
}

impl DeviceSignature {
    /// From its text form.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = B64.decode(text).ok()?;
        <[u8; SIGNATURE_BYTES]>::try_from(bytes.as_slice())
            .ok()
            .map(Self)
    }
}

impl SignedRequest<'_> {
    /// The signed text: seven lines. No part can hold a line break, so that no two requests share one.
    fn text(&self) -> String {
        let hash = ring::digest::digest(&ring::digest::SHA256, self.body);
        let parts = [
            SCHEME,
            self.origin,
            self.method,
            self.path,
            self.challenge,
            &self.time.0.to_string(),
            &B64.encode(hash.as_ref()),
        ];
        parts.join("\n")
    }

    /// Whether its time is the gateway's, near enough.
    pub fn is_timely(&self, now: UnixSeconds) -> bool {
        now.0.abs_diff(self.time.0) <= SKEW_SECONDS_MAX
    }
}

impl fmt::Debug for DeviceSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeviceSignature(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made by WebCrypto of Node.js 20: two keys, and what the first one signed.
    const POINT: &str =
        "BE_Sk4jRC4hw6JkkTlGgYC9UnfH60vE8Smn-89Lgc1TtQwMmugLnaRkgJrXvEgsUjGTqgqbZYZCK-BuYs36Ls-8";
    const OTHER: &str =
        "BKpFDploZiVCvcTHnIBz73_dlrYFQh8SNiD5vb4Gqs_nAIydwpkNfRqwGE3XbPvNqdWBW4dmA2poxe7nqY37xVM";
    const SIGNATURE: &str =
        "ATqg70Pkj2O83PzN6NqgVydRN8jL8Jn7qwmiLuFp7DZJTE1OHpVQJwXYAsuAuEaTMd48-k8NtuoTDgIr21EwDQ";

    fn key(point: &str) -> DeviceKey {
        DeviceKey::parse(point).unwrap()
    }

    fn signature() -> DeviceSignature {
        DeviceSignature::parse(SIGNATURE).unwrap()
    }

    const REQUEST: SignedRequest<'static> = SignedRequest {
        origin: "https://lpse.example.go.id",
        method: "POST",
        path: "/eproc4/gerbang/authenticator/api/v1/approve",
        challenge: "AAAAAAAAAAAAAAAAAAAAAA",
        time: UnixSeconds(1_800_000_000),
        body: b"{}",
    };

    #[test]
    fn what_is_signed_reads_as_it_is_documented() {
        assert_eq!(
            REQUEST.text(),
            "gerbang-device-v1\nhttps://lpse.example.go.id\nPOST\n\
             /eproc4/gerbang/authenticator/api/v1/approve\nAAAAAAAAAAAAAAAAAAAAAA\n1800000000\n\
             RBNvo1WzZ4oRRq0W9-hknpT7T8If536DEMBg9hyq_4o"
        );
    }

    #[test]
    fn a_signature_is_good_for_its_own_request_and_its_own_phone_only() {
        assert!(key(POINT).signed(&REQUEST, &signature()));
        assert!(!key(OTHER).signed(&REQUEST, &signature()));
        assert_eq!(key(POINT).0.to_text(), POINT);
        let time = REQUEST.time.plus(1);
        for changed in [
            SignedRequest {
                origin: "https://lpse.example.com",
                ..REQUEST
            },
            SignedRequest {
                method: "GET",
                ..REQUEST
            },
            SignedRequest {
                path: "/eproc4/gerbang/authenticator/api/v1/deny",
                ..REQUEST
            },
            SignedRequest {
                challenge: "",
                ..REQUEST
            },
            SignedRequest { time, ..REQUEST },
            SignedRequest {
                body: b"{} ",
                ..REQUEST
            },
        ] {
            assert!(!key(POINT).signed(&changed, &signature()), "{changed:?}");
        }
    }

    #[test]
    fn the_time_of_a_request_is_near_the_gateways() {
        for (now, timely) in [(0, true), (60, true), (61, false)] {
            assert_eq!(REQUEST.is_timely(REQUEST.time.plus(now)), timely, "{now}");
            let early = UnixSeconds(REQUEST.time.0 - now);
            assert_eq!(REQUEST.is_timely(early), timely, "-{now}");
        }
    }

    #[test]
    fn only_signatures_of_their_length_are_read() {
        for length in [0, 63, 65] {
            assert_eq!(DeviceSignature::parse(&B64.encode(vec![1; length])), None);
        }
    }

    #[test]
    fn a_point_that_is_not_on_the_curve_signed_nothing() {
        let mut bytes = key(POINT).0.to_bytes();
        bytes[64] ^= 1;
        let stray = DeviceKey(P256Point::from_bytes(&bytes).unwrap());
        assert!(!stray.signed(&REQUEST, &signature()));
    }

    #[test]
    fn no_bit_of_a_signature_may_change() {
        for at in 0..SIGNATURE_BYTES * 8 {
            let mut changed = signature();
            changed.0[at / 8] ^= 1 << (at % 8);
            assert!(!key(POINT).signed(&REQUEST, &changed), "{at}");
        }
    }
}
