//! Who speaks: a phone names its account and itself, and signs what it asks. Nothing else lets it in, no
//! cookie and no address.

use crate::authenticator::device::{DeviceSignature, SignedRequest};
use crate::domain::enrollment::{Account, Device};
use crate::flow::{Engine, FlowError};
use crate::primitives::PhoneHandle;

/// A phone that proved itself.
#[derive(Debug)]
pub struct Phone {
    /// Whose.
    pub account: Account,
    /// Which.
    pub device: Device,
}

/// Why a phone is not listened to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PhoneRefusal {
    /// No account has this phone, or the signature is another's. Which of them is nobody's business.
    Unknown,
    /// Signed well, at another time than the gateway's.
    Untimely,
}

impl Engine {
    /// The phone that signed this request.
    ///
    /// # Errors
    /// [`FlowError`] when the store or the clock fails.
    pub async fn phone(
        &self,
        handle: &PhoneHandle,
        request: &SignedRequest<'_>,
        signature: &DeviceSignature,
    ) -> Result<Result<Phone, PhoneRefusal>, FlowError> {
        self.check_clock()?;
        let found = self.records()?.get::<Account>(&handle.account).await?;
        let Some(account) = found.map(|stored| stored.value) else {
            return Ok(Err(PhoneRefusal::Unknown));
        };
        let device = account
            .device()
            .filter(|device| device.id == handle.device && device.key.signed(request, signature));
        let Some(device) = device.cloned() else {
            return Ok(Err(PhoneRefusal::Unknown));
        };
        if !request.is_timely(self.now()) {
            return Ok(Err(PhoneRefusal::Untimely));
        }
        Ok(Ok(Phone { account, device }))
    }
}
