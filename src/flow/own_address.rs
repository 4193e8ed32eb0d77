//! An address that the owner registers himself: typed with a current code of his authenticator, confirmed
//! by a code that is mailed there. It hears of what happens to the account, and a reset may go there; it is
//! used only where the LPSE has registered none.

use crate::authenticator::Factor;
use crate::authenticator::totp::STEP_SECONDS;
use crate::domain::audit::AuditEvent;
use crate::domain::directory::{PENDING_SECONDS, Pending, Registered};
use crate::domain::enrollment::Account;
use crate::domain::mail::Letter;
use crate::entropy;
use crate::flow::account_change::AccountChange;
use crate::flow::address::Known;
use crate::flow::compare::{CodeRefusal, Compared, Typed};
use crate::flow::sessions::LiveSession;
use crate::flow::{Client, Engine, FlowError};
use crate::primitives::{AccountId, EmailAddress, Identity, Lang};
use crate::store::Expect;
use crate::store::records::RecordError;
use std::sync::Arc;

/// How an account's address stands, as its owner sees it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddressState {
    /// Number of the authenticator that it belongs to.
    pub bound: u32,
    /// What is registered, and who says so.
    pub known: Known,
    /// What waits for its code.
    pub pending: Option<EmailAddress>,
}

/// What became of an address that was typed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TypedOutcome {
    /// A code goes there.
    Sent,
    /// The day has had its letters; no code was looked at.
    TooMany,
    /// No letter can be written now; no code was looked at.
    Busy,
    /// The code of the authenticator was refused; nothing changed.
    Refused(CodeRefusal),
    /// Nothing can be registered here now: no mail, no authenticator, or the LPSE has registered one.
    NotHere,
}

impl Engine {
    /// How the address of a session's account stands; `None` where no address can be registered: no mail
    /// is sent, or no authenticator is bound.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn own_address(
        &self,
        session: &LiveSession,
    ) -> Result<Option<AddressState>, FlowError> {
        let identity = session.record().identity.as_ref();
        let Some(identity) = identity.filter(|_| self.offers_address(session)) else {
            return Ok(None);
        };
        let Some(binding) = self.account(identity).await?.binding else {
            return Ok(None);
        };
        let pending = binding.own.pending(self.now());
        Ok(Some(AddressState {
            bound: binding.generation,
            known: self.address_of(&identity.account).await?,
            pending: pending.map(|pending| pending.email.clone()),
        }))
    }

    /// Takes an address, with a current code of the authenticator, and mails a code there.
    ///
    /// # Errors
    /// [`FlowError`] when the store or the clock fails: nothing was taken.
    pub async fn type_address(
        &self,
        session: &Arc<LiveSession>,
        email: EmailAddress,
        typed: &str,
        (lang, client): (Lang, &Client),
    ) -> Result<TypedOutcome, FlowError> {
        let Some(identity) = self.may_register(session).await? else {
            return Ok(TypedOutcome::NotHere);
        };
        let id = &identity.account;
        if !self.is_left_to_owner(id).await? {
            return Ok(TypedOutcome::NotHere);
        }
        let Some(code) = Typed::Otp(typed).parse() else {
            return Ok(TypedOutcome::Refused(CodeRefusal::Malformed));
        };
        let mut last = session.registering.lock().await;
        let digest = digest_of(
            session,
            b"typed",
            &[email.as_str().as_bytes(), code.bytes()],
        );
        if last.to(digest, self.now()).is_some() {
            return Ok(TypedOutcome::Sent);
        }
        self.check_clock()?;
        // Before the code is looked at: it is not used up for nothing.
        let (kept, _) = self.kept_addresses(id).await?;
        if !kept.mails.has_room(self.now()) {
            return Ok(TypedOutcome::TooMany);
        }
        if !self.outbox.has_room() {
            return Ok(TypedOutcome::Busy);
        }
        let compared = self
            .compare(&identity, &code, session.lane(), client)
            .await?;
        let good = match compared {
            Compared::Good { account, expect } => (*account, expect),
            Compared::Refused(refusal) => return Ok(TypedOutcome::Refused(refusal)),
            Compared::Unbound => return Ok(TypedOutcome::NotHere),
        };
        let outcome = self
            .mail_confirmation(&identity, good, email, (lang, client))
            .await?;
        if outcome == TypedOutcome::Sent {
            last.keep(digest, (), self.now());
        }
        Ok(outcome)
    }

    async fn mail_confirmation(
        &self,
        identity: &Identity,
        (mut account, expect): (Account, Expect),
        email: EmailAddress,
        (lang, client): (Lang, &Client),
    ) -> Result<TypedOutcome, FlowError> {
        let Some(binding) = &mut account.binding else {
            return Ok(TypedOutcome::NotHere);
        };
        let nonce = entropy::random(&*self.entropy)?;
        binding.own.pending = Some(Pending {
            email,
            nonce,
            until: self.now().plus(PENDING_SECONDS),
            tries: 0,
        });
        let records = self.records()?;
        let id = &identity.account;
        let (mut kept, kept_expect) = self.kept_addresses(id).await?;
        if !kept.mails.add(self.now()) {
            return Ok(TypedOutcome::TooMany);
        }
        let changed = AccountChange {
            account,
            expect,
            standing: None,
            ended: None,
            event: AuditEvent::AddressTyped,
        };
        let who = Some((id, identity.role.as_str()));
        let draft = self
            .writes_of(&changed, None)?
            .put(&records.account_key(id), kept_expect, &kept)
            .audit(&self.audit(client, who, changed.event.clone()));
        let letter = Letter::Confirm {
            account: id.clone(),
            nonce,
            role: identity.role.clone(),
            lang,
        };
        match records.commit(self.with_letter(draft, letter)?).await {
            Ok(()) => {
                self.outbox.ring();
                Ok(TypedOutcome::Sent)
            }
            // Somebody else wrote first: judged anew, and the same code may be the one that was used.
            Err(RecordError::Conflict) => Ok(TypedOutcome::Refused(CodeRefusal::Used {
                wait_seconds: STEP_SECONDS,
            })),
            Err(error) => Err(error.into()),
        }
    }

    /// The address that waits for its code.
    pub(super) async fn typed_address(&self, id: &AccountId) -> Result<Option<Pending>, FlowError> {
        let (account, _) = self.account_for_update(id).await?;
        let own = account.binding.map(|binding| binding.own);
        Ok(own.and_then(|own| own.pending(self.now()).cloned()))
    }

    /// Whether the LPSE has registered no address, as far as that can be told now.
    pub(super) async fn is_left_to_owner(&self, id: &AccountId) -> Result<bool, FlowError> {
        Ok(match self.address_of(id).await? {
            Known::At(address) => !address.source.is_proof(),
            Known::Nowhere => true,
            Known::Unsure(_) => false,
        })
    }

    /// Whether a session may register an address as far as the store need not be asked: letters are sent,
    /// a mailed code serves the role, and a second factor opened the session. The password alone registers
    /// nothing, also where the policy lets it in.
    pub fn offers_address(&self, session: &LiveSession) -> bool {
        let proved = matches!(
            session.factor(),
            Some(Factor::Totp | Factor::Recovery | Factor::Device)
        );
        let served = |identity: &Identity| self.mail_is_proof(identity);
        let served = session.record().identity.as_ref().is_some_and(served);
        self.outbox.is_open() && served && proved && !session.is_ended()
    }

    /// Who it is, where a session may register an address at all.
    pub(super) async fn may_register(
        &self,
        session: &LiveSession,
    ) -> Result<Option<Identity>, FlowError> {
        let identity = session.record().identity.clone();
        let Some(identity) = identity.filter(|_| self.offers_address(session)) else {
            return Ok(None);
        };
        let bound = self.account(&identity).await?.binding.is_some();
        Ok(bound.then_some(identity))
    }

    /// What is kept of an account's addresses, to be written again.
    pub(crate) async fn kept_addresses(
        &self,
        id: &AccountId,
    ) -> Result<(Registered, Expect), FlowError> {
        let records = self.records()?;
        let fresh = || Registered::new(id.clone());
        Ok(records.for_update(&records.account_key(id), fresh).await?)
    }
}

pub(super) fn digest_of(session: &LiveSession, what: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    crate::seal::digest(&[&[&session.id().0[..], what], parts].concat())
}
