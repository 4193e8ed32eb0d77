//! The activation code: eight digits, handed out by the help desk, mailed to the registered address, or
//! shown to whoever confirmed a reset by mail. It is typed after the password and opens nothing by
//! itself: it only lets an activation begin, which may take the place of an authenticator that is bound.

use crate::authenticator::Factor;
use crate::domain::audit::AuditEvent;
use crate::domain::directory::Source;
use crate::domain::enrollment::Activation;
use crate::domain::login::{Need, WaitingLogin};
use crate::domain::mail::Letter;
use crate::domain::policy::Signature;
use crate::domain::reset::Share;
use crate::domain::standing::{GRANT_SECONDS, Grant, MailedCode, Standing};
use crate::domain::throttle::{Admission, Attempts, Lane};
use crate::entropy;
use crate::flow::activate::{ActivationState, Holder};
use crate::flow::address::Known;
use crate::flow::verify::CodeRefusal;
use crate::flow::{Client, Engine, FlowError, TRIES};
use crate::primitives::{AccountId, ActivationCode, EmailAddress, Identity, Lang};
use crate::store::Expect;
use crate::store::records::{Draft, RecordError, Stored};
use subtle::ConstantTimeEq;

/// What a typed activation code did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProofOutcome {
    /// The activation has begun.
    Allowed,
    /// Refused; nothing changed.
    Refused(CodeRefusal),
    /// The login or session is over, or has nothing to activate.
    Closed,
}

/// Whether a code can be mailed for an activation, and what became of the wish.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MailOutcome {
    /// It goes to this address.
    Sent(EmailAddress),
    /// The day has had its letters; the last code is still good.
    TooMany(EmailAddress),
    /// No address is registered that proves anything.
    NoAddress,
    /// It cannot be told now whether there is one.
    Unsure,
    /// No mail can be sent here, or mail proves nothing for this role.
    NotHere,
    /// The login or session is over, or no code is due.
    Closed,
}

/// An activation code that was counted and compared.
enum Judged {
    /// Its digest, for the activation.
    Good([u8; 16]),
    Refused(CodeRefusal),
}

impl Engine {
    /// Judges an activation code. It is counted before it is compared (invariant I6), and used up
    /// only by the binding: whoever does not finish may type it again within its day.
    ///
    /// # Errors
    /// [`FlowError`] when the store or the clock fails: nothing was allowed.
    pub async fn prove(
        &self,
        holder: &Holder,
        typed: &str,
        lane: Lane,
        client: &Client,
    ) -> Result<ProofOutcome, FlowError> {
        self.check_clock()?;
        let Some(identity) = holder.identity().filter(|_| self.may_activate(holder)) else {
            return Ok(ProofOutcome::Closed);
        };
        let Some(code) = ActivationCode::parse(typed) else {
            return Ok(ProofOutcome::Refused(CodeRefusal::Malformed));
        };
        match self.activation(holder).await? {
            ActivationState::ProofDue => {}
            // Typed already, or not due any more.
            ActivationState::Running(_) => return Ok(ProofOutcome::Allowed),
            ActivationState::Over => return Ok(ProofOutcome::Closed),
        }
        let digest = match self.judge_code(identity, &code, lane, client).await? {
            Judged::Good(digest) => digest,
            Judged::Refused(refusal) => return Ok(ProofOutcome::Refused(refusal)),
        };
        let begun = self.activation_with(holder, false, Some(digest)).await?;
        if !matches!(begun, ActivationState::Running(_)) {
            return Ok(ProofOutcome::Closed);
        }
        let records = self.records()?;
        let attempts = records.attempts_key(&identity.account, Factor::ActivationCode, lane);
        let who = (&identity.account, identity.role.as_str());
        let draft = records
            .draft()
            .delete::<Attempts>(&attempts, Expect::Any)
            .audit(&self.audit(client, Some(who), AuditEvent::CodeTyped));
        records.commit(draft).await?;
        Ok(ProofOutcome::Allowed)
    }

    /// Judges an activation code typed where a code of the authenticator is due: whoever lost that may
    /// bind another one, which takes its place once it is confirmed.
    ///
    /// # Errors
    /// [`FlowError`] when the store or the clock fails: nothing was allowed.
    pub async fn prove_loss(
        &self,
        login: &Stored<WaitingLogin>,
        typed: &str,
        lane: Lane,
        client: &Client,
    ) -> Result<ProofOutcome, FlowError> {
        self.check_clock()?;
        let left = login.value.seconds_left(self.settings.login, self.now());
        if login.value.need != Need::Verify || left == 0 || !self.still_waits(&login.value) {
            return Ok(ProofOutcome::Closed);
        }
        let Some(code) = ActivationCode::parse(typed) else {
            return Ok(ProofOutcome::Refused(CodeRefusal::Malformed));
        };
        let identity = &login.value.identity;
        match self.judge_code(identity, &code, lane, client).await? {
            Judged::Good(digest) => self.begin_replacement(login, digest, lane, client).await,
            Judged::Refused(refusal) => Ok(ProofOutcome::Refused(refusal)),
        }
    }

    /// Turns a login that waits for a code into one that waits for an activation in place of the
    /// binding, in one step with everything that belongs to it.
    async fn begin_replacement(
        &self,
        login: &Stored<WaitingLogin>,
        digest: [u8; 16],
        lane: Lane,
        client: &Client,
    ) -> Result<ProofOutcome, FlowError> {
        let records = self.records()?;
        let identity = &login.value.identity;
        let key = records.account_key(&identity.account);
        for _ in 0..TRIES {
            let (mut account, expect) = self.account_for_update(&identity.account).await?;
            let Some(bound) = account.bound() else {
                return Ok(ProofOutcome::Closed);
            };
            let activation = Activation {
                grant: Some(digest),
                ..self.replacement(&mut account, bound)?
            };
            let changed = WaitingLogin {
                need: Need::Activate,
                // Whoever holds a phone that is to be replaced has no say in it any more.
                approval: None,
                ..login.value.clone()
            };
            let holder = Holder::Login(Box::new(login.clone())).key();
            let attempts = records.attempts_key(&identity.account, Factor::ActivationCode, lane);
            let who = (&identity.account, identity.role.as_str());
            let draft = records
                .draft()
                .put(&key, expect, &account)
                .put(
                    &login.value.reference.0,
                    Expect::Version(login.version),
                    &changed,
                )
                .put(&holder, Expect::Any, &activation)
                .delete::<Attempts>(&attempts, Expect::Any)
                .audit(&self.audit(client, Some(who), AuditEvent::CodeTyped));
            let draft = self.with_invitation(draft, &account.id, &holder, &activation);
            match records.commit(draft).await {
                Ok(()) => {
                    self.metrics.activation_begun();
                    return Ok(ProofOutcome::Allowed);
                }
                Err(RecordError::Conflict) => {
                    let now = records
                        .get::<WaitingLogin>(&login.value.reference.0)
                        .await?;
                    if now.is_none_or(|now| now.version != login.version) {
                        // Extended, accepted or closed meanwhile: the page is asked for again.
                        return Ok(ProofOutcome::Closed);
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(ProofOutcome::Closed)
    }

    /// Counts an activation code durably, then compares it with those that are out.
    async fn judge_code(
        &self,
        identity: &Identity,
        code: &ActivationCode,
        lane: Lane,
        client: &Client,
    ) -> Result<Judged, FlowError> {
        let pause = self.slowdown.pause(client.address, self.now().0);
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        let id = &identity.account;
        let counted = self.count_attempt(id, Factor::ActivationCode, lane).await?;
        let failures = match counted {
            Admission::Count(attempts) => attempts.failures,
            Admission::Wait { seconds } => {
                return Ok(Judged::Refused(CodeRefusal::Wait { seconds }));
            }
            Admission::Exhausted => return Ok(Judged::Refused(CodeRefusal::Exhausted)),
        };
        let (standing, _) = self.standing_for_update(id).await?;
        let digest = self.records()?.grant_digest(id, code);
        if self.is_granted(&standing, identity, &digest)? {
            return Ok(Judged::Good(digest));
        }
        self.slowdown.note_failure(client.address, self.now().0);
        let event = AuditEvent::CodeRefused {
            factor: Factor::ActivationCode,
            lane,
            reason: CodeRefusal::Wrong.as_str().to_owned(),
            failures,
        };
        let who = (id, identity.role.as_str());
        self.note_refusal(who, event, client).await?;
        Ok(Judged::Refused(CodeRefusal::Wrong))
    }

    /// Whether this is the digest of a code that is out: the help desk's, or a mailed one where mail
    /// proves anything.
    pub(super) fn is_granted(
        &self,
        standing: &Standing,
        identity: &Identity,
        digest: &[u8; 16],
    ) -> Result<bool, FlowError> {
        let records = self.records()?;
        let now = self.now();
        let desk = standing.grant(now).map(|grant| grant.digest);
        let mailed = standing.mailed(now).map(|mailed| {
            let code = records.mailed_code(&standing.id, &mailed.nonce);
            records.grant_digest(&standing.id, &code)
        });
        let mailed = mailed.filter(|_| self.mail_is_proof(identity));
        let fits = |own: Option<[u8; 16]>| own.is_some_and(|own| own.ct_eq(digest).into());
        // Both are looked at, whichever it is.
        Ok(fits(desk) | fits(mailed))
    }

    /// Whether codes are mailed here, to whom this role trusts to read his mail alone.
    pub fn mails_codes(&self, identity: &Identity) -> bool {
        self.outbox.is_open() && self.mail_is_proof(identity)
    }

    /// Mails an activation code to the registered address, for an activation that needs one. A code
    /// that is out already goes again.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails: nothing was sent.
    pub async fn mail_code(
        &self,
        holder: &Holder,
        lang: Lang,
        client: &Client,
    ) -> Result<MailOutcome, FlowError> {
        let Some(identity) = holder.identity().filter(|_| self.may_activate(holder)) else {
            return Ok(MailOutcome::Closed);
        };
        if !self.mails_codes(identity) {
            return Ok(MailOutcome::NotHere);
        }
        if !matches!(self.activation(holder).await?, ActivationState::ProofDue) {
            return Ok(MailOutcome::Closed);
        }
        let id = &identity.account;
        let (email, source) = match self.address_of(id).await? {
            Known::At(address) if address.source.is_proof() => (address.email, address.source),
            Known::At(_) | Known::Nowhere => return Ok(MailOutcome::NoAddress),
            Known::Unsure(_) => return Ok(MailOutcome::Unsure),
        };
        if !self.outbox.has_room() {
            return Ok(MailOutcome::Unsure);
        }
        for _ in 0..TRIES {
            match self.write_code(identity, source, lang, client).await {
                Ok(Share::Sent) => {
                    self.outbox.ring();
                    return Ok(MailOutcome::Sent(email));
                }
                // The second click of a double click.
                Ok(Share::UnderWay) => return Ok(MailOutcome::Sent(email)),
                Ok(Share::UsedUp) => return Ok(MailOutcome::TooMany(email)),
                Err(FlowError::Store(Some(RecordError::Conflict))) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(MailOutcome::Unsure)
    }

    /// Writes the code and its letter, if the day has room for one.
    async fn write_code(
        &self,
        identity: &Identity,
        source: Source,
        lang: Lang,
        client: &Client,
    ) -> Result<Share, FlowError> {
        let records = self.records()?;
        let id = &identity.account;
        let key = records.account_key(id);
        let (mut case, case_expect) = self.case_for_update(id).await?;
        let (mut standing, expect) = self.standing_for_update(id).await?;
        let new = standing.mailed(self.now()).is_none();
        let share = case.codes.take(new, self.now());
        if share != Share::Sent {
            return Ok(share);
        }
        let mut draft = records.draft();
        if new {
            draft = self.with_fresh_counters(draft, id)?;
            standing.mailed = Some(MailedCode {
                nonce: entropy::random(&*self.entropy)?,
                until: self.now().plus(GRANT_SECONDS),
            });
        }
        let event = AuditEvent::CodeMailed {
            source: source.word().to_owned(),
        };
        let who = (id, identity.role.as_str());
        let draft = draft
            .put(&key, case_expect, &case)
            .put(&key, expect, &standing)
            .audit(&self.audit(client, Some(who), event));
        let letter = Letter::Code {
            account: id.clone(),
            role: identity.role.clone(),
            lang,
        };
        records.commit(self.with_letter(draft, letter)?).await?;
        Ok(Share::Sent)
    }

    /// A new activation code for an account; the one before it is no good any more, and neither are
    /// the failures that were counted on it. Only the returned value ever shows it.
    pub(crate) fn granted(
        &self,
        mut standing: Standing,
        signature: Signature,
    ) -> Result<(Standing, ActivationCode), FlowError> {
        let code = entropy::activation_code(&*self.entropy)?;
        standing.grant = Some(Grant {
            digest: self.records()?.grant_digest(&standing.id, &code),
            until: self.now().plus(GRANT_SECONDS),
            signature,
        });
        Ok((standing, code))
    }

    /// A code of its own has failures of its own.
    pub(crate) fn with_fresh_counters(
        &self,
        draft: Draft,
        id: &AccountId,
    ) -> Result<Draft, FlowError> {
        let records = self.records()?;
        let lanes = [Lane::KnownBrowser, Lane::Unknown].into_iter();
        Ok(lanes.fold(draft, |draft, lane| {
            let key = records.attempts_key(id, Factor::ActivationCode, lane);
            draft.delete::<Attempts>(&key, Expect::Any)
        }))
    }
}
