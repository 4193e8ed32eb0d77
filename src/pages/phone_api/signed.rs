//! Who asks: the header that names a phone and signs its request.

use super::{Refusal, Stop};
use crate::authenticator::device::{DeviceKey, DeviceSignature, SignedRequest};
use crate::flow::phone::{Phone, PhoneRefusal};
use crate::pages::{PageRequest, Pages};
use crate::primitives::{ChallengeId, InviteToken, PhoneHandle, UnixSeconds};
use http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;

/// Where the signature stands.
pub(super) const SIGNATURE_HEADER: &str = "gerbang-device";
/// Longest signature header, in bytes.
const HEADER_BYTES_MAX: usize = 512;

/// What the phone says about itself and this request.
pub(super) struct Head {
    handle: Option<PhoneHandle>,
    pub(super) challenge: Option<ChallengeId>,
    time: UnixSeconds,
    signature: DeviceSignature,
    challenge_text: String,
}

/// Token and key of a phone that joins: whoever sends a key has to sign with it.
pub(super) fn invited(
    pages: &Pages,
    request: &PageRequest<'_>,
    head: &Head,
    token: &str,
    key: &str,
) -> Result<(InviteToken, DeviceKey), Refusal> {
    let token = InviteToken::from_text(token).ok_or(Refusal::Over)?;
    let key = DeviceKey::parse(key).ok_or(Refusal::Request)?;
    let (origin, path) = place(pages, request);
    let signed = head.signed(request, &origin, &path);
    if !key.signed(&signed, &head.signature) {
        return Err(Refusal::Unknown);
    }
    if !signed.is_timely(pages.engine.now()) {
        return Err(Refusal::Clock);
    }
    Ok((token, key))
}

/// The phone that signed, and what it sent.
pub(super) async fn known<T: DeserializeOwned>(
    pages: &Pages,
    request: &PageRequest<'_>,
    head: &Head,
) -> Result<(Phone, T), Stop> {
    let (Some(handle), Some(content)) = (head.handle, body(request)) else {
        return Err(Refusal::Request.into());
    };
    let (origin, path) = place(pages, request);
    let signed = head.signed(request, &origin, &path);
    let phone = pages
        .engine
        .phone(&handle, &signed, &head.signature)
        .await?;
    match phone {
        Ok(phone) => Ok((phone, content)),
        Err(PhoneRefusal::Unknown) => Err(Refusal::Unknown.into()),
        Err(PhoneRefusal::Untimely) => Err(Refusal::Clock.into()),
    }
}

pub(super) fn body<T: DeserializeOwned>(request: &PageRequest<'_>) -> Option<T> {
    let kind = request.headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let kind = kind.split(';').next()?.trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return None;
    }
    // An array would do for a struct as well.
    let object = request.body.trim_ascii_start().starts_with(b"{");
    object.then(|| serde_json::from_slice(&request.body).ok())?
}

/// Where the request was sent to, as the phone's browser knows it.
fn place(pages: &Pages, request: &PageRequest<'_>) -> (String, String) {
    let path = format!("{}{}", pages.frame.base, request.path);
    (pages.origin_of(request), path)
}

impl Head {
    pub(super) fn read(request: &PageRequest<'_>) -> Option<Self> {
        let mut sent = request.headers.get_all(SIGNATURE_HEADER).iter();
        let text = sent.next()?.to_str().ok()?;
        if sent.next().is_some() {
            return None;
        }
        if text.len() > HEADER_BYTES_MAX {
            return None;
        }
        let mut fields: Vec<(&str, &str)> = Vec::new();
        for part in text.split(',') {
            let (name, value) = part.trim().split_once('=')?;
            let value = value.strip_prefix('"')?.strip_suffix('"')?;
            if fields.iter().any(|(known, _)| *known == name) {
                return None;
            }
            fields.push((name, value));
        }
        let field = |name: &str| {
            let found = fields.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| *value)
        };
        // Empty where there is none; anything else has to be one.
        let handle = match field("handle")? {
            "" => None,
            text => Some(PhoneHandle::from_text(text)?),
        };
        let challenge = match field("challenge")? {
            "" => None,
            text => Some(ChallengeId::from_text(text)?),
        };
        Some(Self {
            handle,
            challenge,
            time: UnixSeconds(field("time")?.parse().ok()?),
            signature: DeviceSignature::parse(field("signature")?)?,
            challenge_text: challenge.map(ChallengeId::to_text).unwrap_or_default(),
        })
    }

    fn signed<'r>(
        &'r self,
        request: &'r PageRequest<'_>,
        origin: &'r str,
        path: &'r str,
    ) -> SignedRequest<'r> {
        SignedRequest {
            origin,
            method: request.method.as_str(),
            path,
            challenge: &self.challenge_text,
            time: self.time,
            body: &request.body,
        }
    }
}
