//! The second QR code of an activation: a link that a phone's browser opens, and how the phone joins.
//!
//! *Offered* → *claimed* (the phone sent its key and got the shared secret) → *confirmed* (a code that it
//! calculated arrived). The page that shows the QR code then binds it, by the ticket or the session in
//! its browser: the link alone binds nothing. The first phone that claims it has it; another one is told so.

use crate::authenticator::device::DeviceKey;
use crate::authenticator::totp::{self, Credential, Verdict};
use crate::domain::enrollment::Device;
use crate::primitives::{
    AccountId, BrowserName, DeviceId, OtpCode, SharedSecret, TimeStep, UnixSeconds,
};
use serde::{Deserialize, Serialize};

/// Codes that a phone may send. It holds the secret, so nothing is guessed; the limit bounds the work.
const TRIES_MAX: u8 = 20;

/// What is kept of one link; it lies under the digest of its [`InviteToken`](crate::primitives::InviteToken).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Invitation {
    /// Whose activation it belongs to.
    pub account: AccountId,
    /// Where that activation lies in the store.
    pub activation: Vec<u8>,
    /// Number of the entry that the phone gets.
    pub generation: u32,
    /// End of the activation.
    pub until: UnixSeconds,
    /// Codes that the phone sent.
    pub tries: u8,
    /// How far the phone has come.
    pub state: Joining,
}

/// How far a phone has come.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Joining {
    /// Nobody has opened the link.
    Offered,
    /// A phone has the secret.
    Claimed {
        /// Which.
        device: Device,
    },
    /// And calculates with it.
    Confirmed {
        /// Which.
        device: Device,
        /// Step of its code: used up by the binding.
        step: TimeStep,
        /// Drift to remember.
        drift_steps: i64,
    },
}

/// What a code of the phone did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Joined {
    /// Confirmed, now or before.
    Confirmed,
    /// No code of this moment: the phone's clock is wrong.
    Wrong,
    /// The link is over, or another phone's.
    Over,
}

impl Invitation {
    /// A link that nobody has opened.
    pub fn new(
        account: AccountId,
        activation: Vec<u8>,
        generation: u32,
        until: UnixSeconds,
    ) -> Self {
        Self {
            account,
            activation,
            generation,
            until,
            tries: 0,
            state: Joining::Offered,
        }
    }

    /// Whether it is over by age.
    pub fn is_over(&self, now: UnixSeconds) -> bool {
        now >= self.until
    }

    /// A phone opens the link: the first one has it, and has it again when its answer was lost. `false`
    /// for any other, and when it is over.
    pub fn claim(
        &mut self,
        (id, key): (DeviceId, DeviceKey),
        browser: BrowserName,
        now: UnixSeconds,
    ) -> bool {
        if self.is_over(now) {
            return false;
        }
        match &self.state {
            Joining::Offered => {
                let device = Device {
                    id,
                    key,
                    since: now,
                    browser,
                };
                self.state = Joining::Claimed { device };
                true
            }
            Joining::Claimed { device } | Joining::Confirmed { device, .. } => device.key == key,
        }
    }

    /// The phone that has it.
    pub fn device(&self) -> Option<&Device> {
        match &self.state {
            Joining::Offered => None,
            Joining::Claimed { device } | Joining::Confirmed { device, .. } => Some(device),
        }
    }

    /// The phone sends a code that it calculated with the secret of its entry.
    pub fn confirm(&mut self, secret: &SharedSecret, code: &OtpCode, now: UnixSeconds) -> Joined {
        let device = match &self.state {
            _ if self.is_over(now) => return Joined::Over,
            Joining::Offered => return Joined::Over,
            Joining::Confirmed { .. } => return Joined::Confirmed,
            Joining::Claimed { device } => device.clone(),
        };
        if self.tries >= TRIES_MAX {
            return Joined::Over;
        }
        self.tries += 1;
        match totp::verify(&Credential::new(secret.clone()), code, now) {
            Verdict::Accepted { step, drift_steps } => {
                self.state = Joining::Confirmed {
                    device,
                    step,
                    drift_steps,
                };
                Joined::Confirmed
            }
            Verdict::Used { .. } | Verdict::Late | Verdict::Wrong => Joined::Wrong,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::enrollment::tests::code as by_hand;
    use crate::primitives::{UserId, UserType};

    const START: UnixSeconds = UnixSeconds(1_800_000_000);

    fn invitation() -> Invitation {
        let account = AccountId {
            user_type: UserType::parse("t").unwrap(),
            user_id: UserId::parse("U").unwrap(),
        };
        Invitation::new(account, b"lxxxxxxxx".to_vec(), 0, START.plus(600))
    }

    fn key(number: u8) -> DeviceKey {
        use base64::Engine as _;
        let point = [&[4][..], &[number; 64]].concat();
        let text = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(point);
        DeviceKey::parse(&text).unwrap()
    }

    fn secret() -> SharedSecret {
        SharedSecret::new([7; 20])
    }

    fn code(now: UnixSeconds) -> OtpCode {
        by_hand(&secret(), now)
    }

    #[test]
    fn the_first_phone_has_it_and_has_it_again() {
        let mut invitation = invitation();
        let (first, again) = (DeviceId([1; 16]), DeviceId([2; 16]));
        assert!(invitation.claim((first, key(1)), BrowserName::default(), START));
        assert!(invitation.claim((again, key(1)), BrowserName::default(), START.plus(1)));
        assert_eq!(invitation.device().unwrap().id, first);
        assert!(!invitation.claim((again, key(2)), BrowserName::default(), START.plus(1)));
        assert_eq!(invitation.device().unwrap().key, key(1));
    }

    #[test]
    fn a_code_confirms_a_claim_and_nothing_else() {
        let mut invitation = invitation();
        assert_eq!(
            invitation.confirm(&secret(), &code(START), START),
            Joined::Over
        );
        assert!(invitation.claim((DeviceId([1; 16]), key(1)), BrowserName::default(), START));
        let late = code(START.plus(300));
        assert_eq!(invitation.confirm(&secret(), &late, START), Joined::Wrong);
        assert!(matches!(invitation.state, Joining::Claimed { .. }));
        assert_eq!(
            invitation.confirm(&secret(), &code(START), START),
            Joined::Confirmed
        );
        let Joining::Confirmed { step, .. } = invitation.state else {
            panic!("{invitation:?}")
        };
        assert_eq!(step, totp::step_at(START));
        // A lost answer.
        assert_eq!(
            invitation.confirm(&secret(), &late, START),
            Joined::Confirmed
        );
    }

    #[test]
    fn it_ends_by_age_and_by_tries() {
        let mut late = invitation();
        let end = START.plus(600);
        assert!(!late.claim((DeviceId([1; 16]), key(1)), BrowserName::default(), end));
        assert!(late.claim(
            (DeviceId([1; 16]), key(1)),
            BrowserName::default(),
            UnixSeconds(end.0 - 1)
        ));
        assert_eq!(late.confirm(&secret(), &code(end), end), Joined::Over);
        let mut tried = invitation();
        assert!(tried.claim((DeviceId([1; 16]), key(1)), BrowserName::default(), START));
        let wrong = code(START.plus(900));
        for _ in 0..TRIES_MAX {
            assert_eq!(tried.confirm(&secret(), &wrong, START), Joined::Wrong);
        }
        assert_eq!(tried.confirm(&secret(), &code(START), START), Joined::Over);
    }
}
