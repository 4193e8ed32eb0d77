//! The known browser: it gives no access, it only chooses the lane in which attempts count.

use crate::domain::throttle::Lane;
use crate::flow::Engine;
use crate::primitives::{AccountId, UnixSeconds, UpstreamKey};
use crate::seal::{Purpose, SealError};

/// Accounts remembered in one browser: officials share office machines.
const KNOWN_ACCOUNTS_MAX: usize = 20;
/// How long a browser is known, in seconds: half a year.
const KNOWN_SECONDS: u64 = 182 * 86_400;
/// Bytes of one remembered account: its hash and when it was accepted.
const KNOWN_BYTES: usize = 20;

impl Engine {
    /// In which lane an account's attempts from this browser count.
    pub fn lane(&self, known: Option<&[u8]>, account: &AccountId) -> Lane {
        let remembered = self.known_accounts(known);
        let wanted = self.known_mark(account);
        if remembered.iter().any(|(mark, _)| *mark == wanted) {
            Lane::KnownBrowser
        } else {
            Lane::Unknown
        }
    }

    /// The known browser's cookie after a full acceptance of `account`.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn remember_browser(
        &self,
        known: Option<&[u8]>,
        account: &AccountId,
    ) -> Result<String, SealError> {
        let wanted = self.known_mark(account);
        let mut accounts = self.known_accounts(known);
        accounts.retain(|(mark, _)| *mark != wanted);
        accounts.insert(0, (wanted, self.now()));
        accounts.truncate(KNOWN_ACCOUNTS_MAX);
        let mut plain = Vec::with_capacity(accounts.len() * KNOWN_BYTES);
        for (mark, at) in accounts {
            plain.extend_from_slice(&mark.0);
            plain.extend_from_slice(&u32::try_from(at.0).unwrap_or(u32::MAX).to_be_bytes());
        }
        self.seals.seal(Purpose::KnownBrowser, &plain)
    }

    fn known_accounts(&self, known: Option<&[u8]>) -> Vec<(UpstreamKey, UnixSeconds)> {
        let now = self.now();
        let Some(plain) = known.and_then(|text| self.seals.open(Purpose::KnownBrowser, text))
        else {
            return Vec::new();
        };
        plain
            .chunks_exact(KNOWN_BYTES)
            .filter_map(|chunk| {
                let (mark, at) = chunk.split_at_checked(16)?;
                let at = u32::from_be_bytes(at.try_into().ok()?);
                Some((
                    UpstreamKey(mark.try_into().ok()?),
                    UnixSeconds(u64::from(at)),
                ))
            })
            .filter(|(_, at)| now.since(*at) < KNOWN_SECONDS)
            .collect()
    }

    fn known_mark(&self, account: &AccountId) -> UpstreamKey {
        self.seals
            .upstream_key(&[b"known\0", account.key().as_slice()].concat())
    }
}
