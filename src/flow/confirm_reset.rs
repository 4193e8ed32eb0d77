//! Behind a mailed link: "YA", which shows a code, and "bukan saya". Looking (GET) changes nothing.

use crate::domain::audit::AuditEvent;
use crate::domain::reset::{CaseState, Link, ResetCase};
use crate::domain::standing::{GRANT_SECONDS, MailedCode, Standing};
use crate::flow::{Client, Engine, FlowError, TRIES};
use crate::primitives::{AccountId, ActivationCode, LinkToken, UnixSeconds};
use crate::seal::{Purpose, SealError};
use crate::store::Expect;
use crate::store::records::{Draft, LinkPurpose, RecordError, Stored};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// What a mailed link leads to.
#[derive(Debug)]
pub enum ResetPage {
    /// The question whether the second factor is to be reset.
    Open {
        /// Whose.
        account: AccountId,
    },
    /// It was confirmed: the code for the next login.
    Confirmed {
        /// Whose.
        account: AccountId,
        /// Eight digits.
        code: ActivationCode,
        /// First second in which it is no good any more.
        until: UnixSeconds,
        /// Whether there is an authenticator that goes on until then.
        bound: bool,
    },
    /// Nothing any more.
    Over,
}

/// What "bukan saya" did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DenyOutcome {
    /// Nothing comes of the reset any more.
    Cancelled,
    /// Its code was used before, or replaced by the help desk. Those who run the gateway are told.
    TooLate,
    /// It was denied before, or nothing is known of it.
    Over,
}

impl Engine {
    /// What a link leads to; looking changes nothing. Whoever confirmed it in this browser, as `cookie`
    /// says, sees the code again; everybody else is asked again, as long as the link lives.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn look_at_reset(
        &self,
        token: &LinkToken,
        cookie: Option<&[u8]>,
    ) -> Result<ResetPage, FlowError> {
        let Some(case) = self.case_of(token, LinkPurpose::Confirm).await? else {
            return Ok(ResetPage::Over);
        };
        let case = case.value;
        let (standing, _) = self.standing_for_update(&case.id).await?;
        let lives = self.code_lives(&case, &standing);
        let link = self.link_of(&case, &standing).await?;
        if link == Link::Over || self.known_by_mail(&case.id).await?.is_none() {
            return Ok(ResetPage::Over);
        }
        let held = self.code_of_browser(cookie, &case.id);
        let shown = self.shown_code(&standing).await?;
        if lives
            && let (Some(held), ResetPage::Confirmed { code, .. }) = (held, &shown)
            && held.expose() == code.expose()
        {
            return Ok(shown);
        }
        Ok(match link {
            Link::Open => ResetPage::Open { account: case.id },
            Link::Confirmed | Link::Over => ResetPage::Over,
        })
    }

    /// The code that is out.
    async fn shown_code(&self, standing: &Standing) -> Result<ResetPage, FlowError> {
        let Some(mailed) = standing.mailed(self.now()) else {
            return Ok(ResetPage::Over);
        };
        Ok(ResetPage::Confirmed {
            code: self.records()?.mailed_code(&standing.id, &mailed.nonce),
            account: standing.id.clone(),
            until: mailed.until,
            bound: self
                .account_for_update(&standing.id)
                .await?
                .0
                .bound()
                .is_some(),
        })
    }

    /// "YA": the owner wants it. Nothing is removed; the code allows a new activation after the
    /// password. Said again, it shows the same code, as long as that was not used.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails: nothing was confirmed.
    pub async fn confirm_reset(
        &self,
        token: &LinkToken,
        client: &Client,
    ) -> Result<ResetPage, FlowError> {
        let records = self.records()?;
        for _ in 0..TRIES {
            let Some(stored) = self.case_of(token, LinkPurpose::Confirm).await? else {
                return Ok(ResetPage::Over);
            };
            let mut case = stored.value;
            let (mut standing, expect) = self.standing_for_update(&case.id).await?;
            let lives = self.code_lives(&case, &standing);
            let open = self.link_of(&case, &standing).await? == Link::Open;
            if !open || self.known_by_mail(&case.id).await?.is_none() {
                return Ok(ResetPage::Over);
            }
            if lives {
                // "Ya" in one more browser: its attempts begin anew as well.
                let draft = records
                    .draft()
                    .put(&records.account_key(&case.id), expect, &standing);
                match records
                    .commit(self.with_fresh_counters(draft, &case.id)?)
                    .await
                {
                    Ok(()) => return self.shown_code(&standing).await,
                    Err(RecordError::Conflict) => continue,
                    Err(error) => return Err(error.into()),
                }
            }
            case.confirm();
            standing.mailed = Some(MailedCode {
                nonce: case.nonce,
                until: self.now().plus(GRANT_SECONDS),
            });
            let key = records.account_key(&case.id);
            let record = self.audit(client, Some((&case.id, "")), AuditEvent::ResetConfirmed);
            let draft = records
                .draft()
                .put(&key, Expect::Version(stored.version), &case)
                .put(&key, expect, &standing)
                .audit(&record);
            match records
                .commit(self.with_fresh_counters(draft, &case.id)?)
                .await
            {
                Ok(()) => return self.shown_code(&standing).await,
                Err(RecordError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(RecordError::Conflict.into())
    }

    /// Whether a "bukan saya" link still cancels something; looking changes nothing.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn may_deny(&self, token: &LinkToken) -> Result<bool, FlowError> {
        let case = self.case_of(token, LinkPurpose::Deny).await?;
        Ok(case.is_some_and(|case| case.value.clone().deny()))
    }

    /// "Bukan saya": nothing comes of the reset, nor of a code that came of it.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails: nothing was cancelled.
    pub async fn deny_reset(
        &self,
        token: &LinkToken,
        client: &Client,
    ) -> Result<DenyOutcome, FlowError> {
        let records = self.records()?;
        for _ in 0..TRIES {
            let Some(stored) = self.case_of(token, LinkPurpose::Deny).await? else {
                return Ok(DenyOutcome::Over);
            };
            let mut case = stored.value;
            let confirmed = case.state == CaseState::Confirmed;
            if !case.deny() {
                return Ok(DenyOutcome::Over);
            }
            let (mut standing, expect) = self.standing_for_update(&case.id).await?;
            // A binding takes the code away, and so does the help desk; its day alone does not.
            let unused = standing.mailed.is_some_and(|code| code.nonce == case.nonce);
            let late = confirmed && !unused;
            let (account, _) = self.account_for_update(&case.id).await?;
            // Whatever else was mailed: somebody reads along. But not what went to another owner's address.
            if unused || case.own.is_none() || case.own == account.bound() {
                standing.mailed = None;
            }
            let key = records.account_key(&case.id);
            let event = AuditEvent::ResetDenied {
                asker: case.client.clone(),
                late,
            };
            let record = self.audit(client, Some((&case.id, "")), event);
            let draft = records
                .draft()
                .put(&key, Expect::Version(stored.version), &case)
                .put(&key, expect, &standing)
                .audit(&record);
            match records.commit(draft).await {
                Ok(()) => {
                    self.outbox.ring();
                    return Ok(match late {
                        true => DenyOutcome::TooLate,
                        false => DenyOutcome::Cancelled,
                    });
                }
                Err(RecordError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(RecordError::Conflict.into())
    }

    /// What was mailed for an account is worth nothing from here on: its address is another one.
    pub(crate) async fn without_mailed(
        &self,
        mut draft: Draft,
        id: &AccountId,
    ) -> Result<Draft, FlowError> {
        let records = self.records()?;
        let key = records.account_key(id);
        if let Some(case) = records.get::<ResetCase>(&key).await? {
            draft = draft.delete::<ResetCase>(&key, Expect::Version(case.version));
        }
        let (mut standing, expect) = self.standing_for_update(id).await?;
        if standing.mailed.take().is_some() {
            draft = draft.put(&key, expect, &standing);
        }
        Ok(draft)
    }

    /// The cookie that types the code by itself in the browser in which the reset was confirmed.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn sealed_reset(
        &self,
        account: &AccountId,
        code: &ActivationCode,
        until: UnixSeconds,
    ) -> Result<String, SealError> {
        let until = until.0.to_be_bytes();
        let plain = Zeroizing::new([&until, code.expose().as_bytes(), &account.key()].concat());
        self.seals.seal(Purpose::Reset, &plain)
    }

    /// The code in that cookie, for this account.
    pub fn code_of_browser(
        &self,
        cookie: Option<&[u8]>,
        account: &AccountId,
    ) -> Option<ActivationCode> {
        let plain = self.seals.open(Purpose::Reset, cookie?)?;
        let (until, rest) = plain.split_first_chunk::<8>()?;
        let (code, whose) = rest.split_first_chunk::<8>()?;
        let good = UnixSeconds(u64::from_be_bytes(*until)) > self.now() && whose == account.key();
        let code = std::str::from_utf8(code).ok().filter(|_| good)?;
        ActivationCode::parse(code)
    }

    /// The case of a link, if it is its link.
    async fn case_of(
        &self,
        token: &LinkToken,
        purpose: LinkPurpose,
    ) -> Result<Option<Stored<ResetCase>>, FlowError> {
        let records = self.records()?;
        let stored = records.get::<ResetCase>(token.key()).await?;
        Ok(stored.filter(|case| {
            let own = records.link_token(&case.value.id, &case.value.nonce, purpose);
            own.expose().ct_eq(token.expose()).into()
        }))
    }
}
