//! Recovery codes: made with a binding, shown once, made anew; and the new phone of somebody who lost
//! the old one.
//!
//! What asks for what. New codes ask for a current code of the app, as a disable does: a session alone,
//! found open or stolen, must not get at codes that outlive it. A recovery code is a whole second
//! factor, so for an hour the session that it opened may bind another phone without a further one:
//! whoever has typed his last code must not need the help desk. The old phone's entry, which a thief
//! may hold, goes on until the new one is confirmed, and dies with it.

use crate::authenticator::Factor;
use crate::authenticator::recovery::{CODES, RecoveryCode};
use crate::domain::audit::AuditEvent;
use crate::domain::enrollment::Activation;
use crate::domain::recovery::RecoverySet;
use crate::entropy;
use crate::flow::account_change::AccountChange;
use crate::flow::activate::Holder;
use crate::flow::compare::{CodeRefusal, Compared, Typed};
use crate::flow::sessions::LiveSession;
use crate::flow::{Client, Engine, FlowError, TRIES};
use crate::primitives::{AccountId, UnixSeconds};
use crate::store::Expect;
use crate::store::records::RecordError;
use std::sync::Arc;

/// So long after a login by recovery code another phone may be bound, in seconds: an hour, for those
/// who first have to send what is due.
pub const REPLACE_SECONDS: u64 = 3_600;
/// So long the very same request is shown the same codes again, in seconds: browsers show the answer to
/// the second click alone. A reload comes later than that.
const SHOWN_SECONDS: u64 = 5;

/// Recovery codes that are being shown.
#[derive(Clone)]
pub struct RecoveryCodes(Vec<RecoveryCode>);

impl RecoveryCodes {
    /// The codes, for the page or file that shows them.
    pub fn expose(&self) -> &[RecoveryCode] {
        &self.0
    }
}

/// Recovery codes that were made a moment ago, and by which request.
pub(crate) struct ShownCodes {
    digest: [u8; 32],
    at: UnixSeconds,
    codes: RecoveryCodes,
}

impl ShownCodes {
    /// The codes, as long as they may be shown; of this request alone where one is named.
    pub(super) fn again(
        &self,
        digest: Option<&[u8; 32]>,
        now: UnixSeconds,
    ) -> Option<&RecoveryCodes> {
        let same = digest.is_none_or(|digest| *digest == self.digest);
        (same && now.since(self.at) < SHOWN_SECONDS).then_some(&self.codes)
    }
}

/// What a code typed for new recovery codes did.
pub enum RenewOutcome {
    /// These are good from now on, those before are dead.
    Made(RecoveryCodes),
    /// Refused; nothing changed.
    Refused(CodeRefusal),
    /// There is no second factor that they could stand in for.
    NotActive,
}

impl Engine {
    /// A new set: what is stored, and what is shown once.
    pub(super) fn recovery_set(
        &self,
        id: &AccountId,
        digest: [u8; 32],
    ) -> Result<(RecoverySet, ShownCodes), FlowError> {
        let records = self.records()?;
        let mut codes = Vec::with_capacity(CODES);
        for _ in 0..CODES {
            codes.push(entropy::random(&*self.entropy).map(RecoveryCode::new)?);
        }
        let digests = codes.iter().map(|code| records.recovery_digest(id, code));
        let at = self.now();
        let set = RecoverySet::new(digests.collect(), at);
        let codes = RecoveryCodes(codes);
        Ok((set, ShownCodes { digest, at, codes }))
    }

    /// Judges a code of the app and makes new recovery codes. The same code sent again at once gets the
    /// same answer.
    ///
    /// # Errors
    /// [`FlowError`] when the store or the clock fails: nothing changed.
    pub async fn renew_recovery(
        &self,
        session: &Arc<LiveSession>,
        typed: &str,
        client: &Client,
    ) -> Result<RenewOutcome, FlowError> {
        let Some(code) = Typed::Otp(typed).parse() else {
            return Ok(RenewOutcome::Refused(CodeRefusal::Malformed));
        };
        let Some(identity) = session.record().identity.clone() else {
            return Ok(RenewOutcome::NotActive);
        };
        let digest = session.code_digest(code.bytes());
        let _order = session.making.lock().await;
        if let Some(codes) = session.codes_shown(Some(&digest), self.now()) {
            return Ok(RenewOutcome::Made(codes));
        }
        self.check_clock()?;
        let compared = self
            .compare(&identity, &code, session.lane(), client)
            .await?;
        let (mut account, expect) = match compared {
            Compared::Refused(refusal) => return Ok(RenewOutcome::Refused(refusal)),
            Compared::Unbound => return Ok(RenewOutcome::NotActive),
            Compared::Good { account, expect } => (*account, expect),
        };
        let left = account.recovery_left();
        let (set, shown) = self.recovery_set(&identity.account, digest)?;
        if let Some(binding) = account.binding.as_mut() {
            binding.recovery = Some(set);
        }
        let event = AuditEvent::RecoveryMade {
            left: u64::try_from(left).unwrap_or(u64::MAX),
        };
        let changed = AccountChange {
            account,
            expect,
            standing: None,
            ended: None,
            event,
        };
        if !self
            .change_from_session(session, changed, session.factor(), client)
            .await?
        {
            let wait_seconds = crate::authenticator::totp::STEP_SECONDS;
            return Ok(RenewOutcome::Refused(CodeRefusal::Used { wait_seconds }));
        }
        let codes = shown.codes.clone();
        session.show_codes(shown);
        Ok(RenewOutcome::Made(codes))
    }

    /// The codes of a text, parted by commas, if all of them are of the account's set: what the page
    /// that shows them sends back to have them as a file.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn own_codes(
        &self,
        session: &LiveSession,
        text: &str,
    ) -> Result<Option<RecoveryCodes>, FlowError> {
        let Some(identity) = &session.record().identity else {
            return Ok(None);
        };
        let account = self.account(identity).await?;
        let Some(set) = account.recovery() else {
            return Ok(None);
        };
        let records = self.records()?;
        let codes = text.split(',').take(CODES + 1).map(|text| {
            let code = RecoveryCode::parse(text)?;
            let digest = records.recovery_digest(&account.id, &code);
            set.knows(&digest).then_some(code)
        });
        let codes: Option<Vec<RecoveryCode>> = codes.collect();
        Ok(codes
            .filter(|codes| codes.len() <= CODES)
            .map(RecoveryCodes))
    }

    /// Whether a session may bind another phone: a recovery code opened it, not long ago.
    pub fn may_replace(&self, session: &LiveSession) -> bool {
        session.factor() == Some(Factor::Recovery)
            && self.now().since(session.record().created) < REPLACE_SECONDS
            && !session.is_ended()
    }

    /// Begins the activation of another phone, which replaces the one that is bound once it is
    /// confirmed. `false` when this session may not, or there is nothing to replace.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn replace(&self, session: &Arc<LiveSession>) -> Result<bool, FlowError> {
        let (Some(id), true) = (session.account(), self.may_replace(session)) else {
            return Ok(false);
        };
        let records = self.records()?;
        let key = Holder::Session(session.clone()).key();
        let limits = self.settings.activation;
        for _ in 0..TRIES {
            let now = self.now();
            let (mut account, account_expect) = self.account_for_update(id).await?;
            let Some(bound) = account.bound() else {
                return Ok(false);
            };
            let running = records.get::<Activation>(&key).await?;
            if let Some(running) = &running
                && running.value.replaces == Some(bound)
                && !running.value.is_over(limits, now)
            {
                // A double click, or back from the page: the QR code stays the same.
                return Ok(true);
            }
            let expect = running.map_or(Expect::Absent, |r| Expect::Version(r.version));
            let activation = self.replacement(&mut account, bound)?;
            let draft = records
                .draft()
                .put(&records.account_key(id), account_expect, &account)
                .put(&key, expect, &activation);
            let draft = self.with_invitation(draft, id, &key, &activation);
            match records.commit(draft).await {
                Ok(()) => {
                    self.metrics.activation_begun();
                    return Ok(true);
                }
                Err(RecordError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(false)
    }
}
