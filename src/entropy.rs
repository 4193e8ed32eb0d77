//! The only place that draws random bytes (invariant I12).

use crate::primitives::{
    ActivationCode, ApprovalNumber, ChallengeId, DeviceId, GatewaySessionId, InviteToken,
    SharedSecret, Ticket, WaitingRef,
};
use ring::rand::SecureRandom;

/// Gives random bytes.
pub trait Entropy: Send + Sync {
    /// Fills the whole buffer.
    ///
    /// # Errors
    /// [`EntropyError`] when the system gives none; whoever asked must refuse what it was doing.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError>;
}

/// The system gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no random bytes")]
pub struct EntropyError;

/// `getrandom` through ring.
#[derive(Debug)]
pub struct SystemEntropy(ring::rand::SystemRandom);

impl Default for SystemEntropy {
    fn default() -> Self {
        Self(ring::rand::SystemRandom::new())
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        self.0.fill(buffer).map_err(|_| EntropyError)
    }
}

/// The system's randomness for operations of ring that take no other: fresh key pairs and signatures.
pub fn for_ring() -> impl SecureRandom {
    ring::rand::SystemRandom::new()
}

/// An array of random bytes.
///
/// # Errors
/// [`EntropyError`].
pub fn random<const N: usize>(entropy: &dyn Entropy) -> Result<[u8; N], EntropyError> {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes)?;
    Ok(bytes)
}

/// A new shared secret of 160 bits.
///
/// # Errors
/// [`EntropyError`].
pub fn shared_secret(entropy: &dyn Entropy) -> Result<SharedSecret, EntropyError> {
    random(entropy).map(SharedSecret::new)
}

/// A new activation code of eight digits.
///
/// # Errors
/// [`EntropyError`].
pub fn activation_code(entropy: &dyn Entropy) -> Result<ActivationCode, EntropyError> {
    random(entropy).map(ActivationCode::from_random)
}

/// A new number of six digits for a page that waits.
///
/// # Errors
/// [`EntropyError`].
pub fn approval_number(entropy: &dyn Entropy) -> Result<ApprovalNumber, EntropyError> {
    random(entropy).map(ApprovalNumber::from_random)
}

/// A new id of a request for approval, of 128 bits.
///
/// # Errors
/// [`EntropyError`].
pub fn challenge_id(entropy: &dyn Entropy) -> Result<ChallengeId, EntropyError> {
    random(entropy).map(ChallengeId)
}

/// A new id of a phone, of 128 bits.
///
/// # Errors
/// [`EntropyError`].
pub fn device_id(entropy: &dyn Entropy) -> Result<DeviceId, EntropyError> {
    random(entropy).map(DeviceId)
}

/// A new invitation of 80 bits.
///
/// # Errors
/// [`EntropyError`].
pub fn invite_token(entropy: &dyn Entropy) -> Result<InviteToken, EntropyError> {
    random(entropy).map(InviteToken::new)
}

/// A new ticket of 256 bits.
///
/// # Errors
/// [`EntropyError`].
pub fn ticket(entropy: &dyn Entropy) -> Result<Ticket, EntropyError> {
    random(entropy).map(Ticket::new)
}

/// A new reference of 64 bits.
///
/// # Errors
/// [`EntropyError`].
pub fn waiting_ref(entropy: &dyn Entropy) -> Result<WaitingRef, EntropyError> {
    random(entropy).map(WaitingRef)
}

/// A new gateway session id of 128 bits.
///
/// # Errors
/// [`EntropyError`].
pub fn gateway_session_id(entropy: &dyn Entropy) -> Result<GatewaySessionId, EntropyError> {
    random(entropy).map(GatewaySessionId)
}
