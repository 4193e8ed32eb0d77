//! The stored record of an account's binding, and an activation in progress.
//!
//! Rules of design.md section 5: an activation lives 10 minutes; each QR is shown for 60 s; reload
//! and a wrong code show the same one; "QR Code baru" makes a new secret with the next letter; a
//! code of any QR of this activation confirms it, the others die; a new binding ends the old one.

use crate::authenticator::device::DeviceKey;
use crate::authenticator::totp::{self, Credential, Verdict};
use crate::domain::directory::{self, OwnAddress};
use crate::domain::recovery::RecoverySet;
use crate::primitives::{
    AccountId, BrowserName, DeviceId, InviteToken, OtpCode, SharedSecret, TimeStep, UnixSeconds,
};
use serde::{Deserialize, Serialize};

/// QR codes that one activation may show: one a minute for its ten minutes.
pub const QR_CODES_MAX: usize = 10;
/// Codes that may be typed in one activation. The secret is on the screen, so nothing can be
/// guessed; the limit only bounds the work.
pub const TRIES_MAX: u32 = 60;

/// What is kept of one account.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Account {
    /// Whose.
    pub id: AccountId,
    /// The bound authenticator.
    pub binding: Option<Binding>,
    /// Number of the next entry; never reused, so that letters in the app stay distinct.
    pub next_generation: u32,
    /// Raised by activation, disable and reset: sessions accepted before are over.
    pub epoch: u64,
}

/// A phone whose browser holds a key of its own, and so may approve logins.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Device {
    /// Which.
    pub id: DeviceId,
    /// What it signs with.
    pub key: DeviceKey,
    /// When it joined.
    pub since: UnixSeconds,
    /// What it calls itself, for its owner to know it by.
    #[serde(default)]
    pub browser: BrowserName,
}

/// A bound authenticator.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Binding {
    /// Secret, highest step, drift.
    pub credential: Credential,
    /// Number of the entry, shown as a letter.
    pub generation: u32,
    /// When it was bound.
    pub since: UnixSeconds,
    /// Its recovery codes; those who activated before there were any make them on the status page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<RecoverySet>,
    /// The address that its owner registered himself.
    #[serde(default)]
    pub own: Box<OwnAddress>,
    /// The phone that holds the same secret and may approve logins; it ends with the binding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Box<Device>>,
}

impl Account {
    /// Number of the entry that is bound.
    pub fn bound(&self) -> Option<u32> {
        self.binding.as_ref().map(|binding| binding.generation)
    }

    /// The address that its owner registered himself and confirmed.
    pub fn own_address(&self) -> Option<&directory::Entry> {
        self.binding.as_ref()?.own.confirmed.as_ref()
    }

    /// Ends the address that its owner registered himself or is about to register; `false` where there is
    /// none.
    pub fn end_own_address(&mut self) -> bool {
        let own = self.binding.as_mut().map(|binding| &mut *binding.own);
        let ended = own.map(std::mem::take).unwrap_or_default();
        ended != OwnAddress::default()
    }

    /// The phone that may approve its logins.
    pub fn device(&self) -> Option<&Device> {
        self.binding.as_ref()?.device.as_deref()
    }

    /// Its recovery codes.
    pub fn recovery(&self) -> Option<&RecoverySet> {
        self.binding.as_ref()?.recovery.as_ref()
    }

    /// How many of its recovery codes are still good.
    pub fn recovery_left(&self) -> usize {
        self.recovery().map_or(0, RecoverySet::left)
    }

    /// An account that was never activated.
    pub fn new(id: AccountId) -> Self {
        Self {
            id,
            binding: None,
            next_generation: 0,
            epoch: 0,
        }
    }
}

/// Letter(s) of an entry: A, B, ... Z, AA, AB, ...
pub fn entry_letter(generation: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = u64::from(generation) + 1;
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'A' + u8::try_from(rest % 26).unwrap_or(0)));
        rest /= 26;
    }
    letters.iter().rev().collect()
}

/// An activation in progress.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Activation {
    /// When it began.
    pub started: UnixSeconds,
    /// Entries shown so far, oldest first; never empty.
    pub entries: Vec<Entry>,
    /// Until when the newest QR is shown.
    pub qr_until: UnixSeconds,
    /// Codes typed so far.
    pub tries: u32,
    /// Keyed hash of the activation code that allowed it, where one was due; used up by the binding.
    #[serde(default)]
    pub grant: Option<[u8; 16]>,
    /// Number of the entry that it replaces, where the owner changes phones; until it is confirmed that
    /// one goes on.
    #[serde(default)]
    pub replaces: Option<u32>,
}

/// One QR code of an activation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// Number of the entry.
    pub generation: u32,
    /// Its secret.
    pub secret: SharedSecret,
    /// What lets a phone's browser join; old ones have none that anybody holds.
    #[serde(default)]
    pub invite: InviteToken,
}

/// Lengths in seconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ActivationLimits {
    /// Life of an activation.
    pub lifetime_seconds: u64,
    /// How long one QR is shown.
    pub qr_seconds: u64,
}

/// What a typed code does to an activation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Confirmation {
    /// This binding is to be stored.
    Bound(Binding),
    /// Was good some minutes ago.
    Late,
    /// Fits none of the shown entries.
    Wrong,
    /// The activation is over, by age or by number of tries.
    Over,
}

impl Entry {
    /// The binding that it becomes once a code of it arrived: its step is used up, its drift remembered.
    pub fn binding(&self, (step, drift_steps): (TimeStep, i64), now: UnixSeconds) -> Binding {
        Binding {
            credential: Credential {
                last_step: Some(step),
                drift_steps,
                ..Credential::new(self.secret.clone())
            },
            generation: self.generation,
            since: now,
            recovery: None,
            own: Box::default(),
            device: None,
        }
    }
}

impl Activation {
    /// Begins with one entry.
    pub fn begin(entry: Entry, limits: ActivationLimits, now: UnixSeconds) -> Self {
        Self {
            started: now,
            entries: vec![entry],
            qr_until: now.plus(limits.qr_seconds),
            tries: 0,
            grant: None,
            replaces: None,
        }
    }

    /// Whether it is over by age.
    pub fn is_over(&self, limits: ActivationLimits, now: UnixSeconds) -> bool {
        now.since(self.started) >= limits.lifetime_seconds
    }

    /// The entry whose QR is shown, and for how many seconds; `None` when it is closed.
    pub fn shown(&self, now: UnixSeconds) -> Option<(&Entry, u64)> {
        let left = self.qr_until.since(now);
        self.entries
            .last()
            .filter(|_| left > 0)
            .map(|entry| (entry, left))
    }

    /// "QR Code baru": a new entry, shown from now on. `false` when there were too many.
    pub fn renew(&mut self, entry: Entry, limits: ActivationLimits, now: UnixSeconds) -> bool {
        if self.entries.len() >= QR_CODES_MAX {
            return false;
        }
        self.entries.push(entry);
        self.qr_until = now.plus(limits.qr_seconds);
        true
    }

    /// Judges a typed code against every entry of this activation, newest first.
    pub fn confirm(
        &self,
        code: &OtpCode,
        limits: ActivationLimits,
        now: UnixSeconds,
    ) -> Confirmation {
        if self.is_over(limits, now) || self.tries >= TRIES_MAX {
            return Confirmation::Over;
        }
        let mut late = false;
        for entry in self.entries.iter().rev() {
            let credential = Credential::new(entry.secret.clone());
            match totp::verify(&credential, code, now) {
                Verdict::Accepted { step, drift_steps } => {
                    return Confirmation::Bound(entry.binding((step, drift_steps), now));
                }
                Verdict::Late => late = true,
                Verdict::Used { .. } | Verdict::Wrong => {}
            }
        }
        if late {
            Confirmation::Late
        } else {
            Confirmation::Wrong
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::primitives::{UserId, UserType};

    const LIMITS: ActivationLimits = ActivationLimits {
        lifetime_seconds: 600,
        qr_seconds: 60,
    };
    const START: UnixSeconds = UnixSeconds(1_800_000_000);

    pub(crate) fn code(secret: &SharedSecret, now: UnixSeconds) -> OtpCode {
        // The independent calculation: HMAC-SHA1 by hand (RFC 4226 section 5.3).
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.expose());
        let tag = ring::hmac::sign(&key, &(now.0 / 30).to_be_bytes());
        let bytes = tag.as_ref();
        let at = usize::from(bytes[19] & 15);
        let number = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
        OtpCode::parse(&format!("{:06}", number % 1_000_000)).unwrap()
    }

    fn entry(generation: u32, secret: &SharedSecret) -> Entry {
        Entry {
            generation,
            secret: secret.clone(),
            invite: InviteToken::default(),
        }
    }

    #[test]
    fn letters_go_on_after_z() {
        let letters: Vec<String> = [0, 1, 25, 26, 27, 701, 702].map(entry_letter).into();
        assert_eq!(letters, ["A", "B", "Z", "AA", "AB", "ZZ", "AAA"]);
        assert!(!entry_letter(u32::MAX).is_empty());
    }

    #[test]
    fn a_code_of_any_shown_qr_confirms_and_binds_that_entry() {
        let first = SharedSecret::new([1; 20]);
        let second = SharedSecret::new([2; 20]);
        let mut activation = Activation::begin(entry(3, &first), LIMITS, START);
        assert_eq!(activation.shown(START.plus(59)).unwrap().1, 1);
        assert!(activation.shown(START.plus(60)).is_none());
        assert!(activation.renew(entry(4, &second), LIMITS, START.plus(61)));
        let now = START.plus(70);
        for (secret, generation) in [(&first, 3), (&second, 4)] {
            let Confirmation::Bound(binding) = activation.confirm(&code(secret, now), LIMITS, now)
            else {
                panic!()
            };
            assert_eq!(binding.generation, generation);
            assert!(binding.credential.last_step.is_some());
        }
        let stranger = code(&SharedSecret::new([9; 20]), now);
        assert_eq!(
            activation.confirm(&stranger, LIMITS, now),
            Confirmation::Wrong
        );
        let old = code(&first, START);
        assert_eq!(
            activation.confirm(&old, LIMITS, START.plus(120)),
            Confirmation::Late
        );
    }

    #[test]
    fn an_activation_ends_by_age_tries_and_number_of_codes() {
        let secret = SharedSecret::new([1; 20]);
        let mut activation = Activation::begin(entry(0, &secret), LIMITS, START);
        let end = START.plus(600);
        assert_eq!(
            activation.confirm(&code(&secret, end), LIMITS, end),
            Confirmation::Over
        );
        for _ in 1..QR_CODES_MAX {
            assert!(activation.renew(entry(1, &secret), LIMITS, START));
        }
        assert!(!activation.renew(entry(1, &secret), LIMITS, START));
        activation.tries = TRIES_MAX;
        assert_eq!(
            activation.confirm(&code(&secret, START), LIMITS, START),
            Confirmation::Over
        );
    }

    #[test]
    fn an_account_of_before_recovery_codes_is_read_and_has_none() {
        let mut account = Account::new(AccountId {
            user_type: UserType::parse("t").unwrap(),
            user_id: UserId::parse("U").unwrap(),
        });
        account.binding = Some(Binding {
            credential: Credential::new(SharedSecret::new([1; 20])),
            generation: 3,
            since: START,
            recovery: None,
            own: Box::default(),
            device: None,
        });
        let stored = serde_json::to_string(&account).unwrap();
        assert!(!stored.contains("recovery"), "{stored}");
        let read: Account = serde_json::from_str(&stored).unwrap();
        assert_eq!((read.bound(), read.recovery_left()), (Some(3), 0));
        let set = RecoverySet::new(vec![[1; 16]], START);
        account.binding.as_mut().unwrap().recovery = Some(set);
        let stored = serde_json::to_string(&account).unwrap();
        let read: Account = serde_json::from_str(&stored).unwrap();
        assert_eq!(read.recovery_left(), 1);
    }
}
