//! What the key of the site's records makes of an account: the names of its records, what is kept of a
//! code, and the codes and tokens that are mailed.

use super::{LinkPurpose, Records};
use crate::authenticator::Factor;
use crate::authenticator::recovery::RecoveryCode;
use crate::domain::recovery::CodeDigest;
use crate::domain::reset::Nonce;
use crate::domain::throttle::Lane;
use crate::primitives::{AccountId, ActivationCode, LinkToken};

impl Records {
    /// Key of an account's record.
    pub fn account_key(&self, account: &AccountId) -> Vec<u8> {
        self.seal.fingerprint(&account.key()).to_vec()
    }

    /// The same key as a phone names it.
    pub fn account_handle(&self, account: &AccountId) -> [u8; 16] {
        self.seal.fingerprint(&account.key())
    }

    /// What is kept of an activation code: a keyed hash over account and code.
    pub fn grant_digest(&self, account: &AccountId, code: &ActivationCode) -> [u8; 16] {
        let account = account.key();
        let parts: [&[u8]; 3] = [b"grant\0", &account, code.expose().as_bytes()];
        self.seal.fingerprint(&parts.concat())
    }

    /// What is kept of a recovery code: a keyed hash over account and code.
    pub fn recovery_digest(&self, account: &AccountId, code: &RecoveryCode) -> CodeDigest {
        let account = account.key();
        let parts: [&[u8]; 3] = [b"recovery\0", &account, code.expose()];
        let parts = zeroize::Zeroizing::new(parts.concat());
        self.seal.fingerprint(&parts)
    }

    /// The token of a link in a mail: for one account, one nonce and one purpose.
    pub fn link_token(
        &self,
        account: &AccountId,
        nonce: &Nonce,
        purpose: LinkPurpose,
    ) -> LinkToken {
        let account = account.key();
        let parts: [&[u8]; 5] = [b"link\0", purpose.tag(), b"\0", nonce, &account];
        let key = self.seal.fingerprint(&account);
        LinkToken::new(key, self.seal.mac(&parts.concat()))
    }

    /// The activation code that is made of a nonce, for one account.
    pub fn mailed_code(&self, account: &AccountId, nonce: &Nonce) -> ActivationCode {
        self.code_of(b"mailed-code\0", account, nonce)
    }

    /// The code that confirms an address, made of a nonce, for one account.
    pub fn address_code(&self, account: &AccountId, nonce: &Nonce) -> ActivationCode {
        self.code_of(b"address-code\0", account, nonce)
    }

    fn code_of(&self, purpose: &[u8], account: &AccountId, nonce: &Nonce) -> ActivationCode {
        let account = account.key();
        let parts: [&[u8]; 3] = [purpose, nonce, &account];
        let mut bits = [0; 8];
        let mac = self.seal.mac(&parts.concat());
        bits.copy_from_slice(mac.first_chunk::<8>().unwrap_or(&[0; 8]));
        ActivationCode::from_random(bits)
    }

    /// Key of one lane of attempts.
    pub fn attempts_key(&self, account: &AccountId, factor: Factor, lane: Lane) -> Vec<u8> {
        let mut key = self.account_key(account);
        key.extend_from_slice(&[factor.number(), lane.number()]);
        key
    }
}
