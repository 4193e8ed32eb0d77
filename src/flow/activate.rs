//! Activation: showing a secret, to be bound once a code proves that it arrived ([`super::bind`]).
//!
//! It hangs on a waiting login (`required`, `encouraged`) or on an accepted session (opened from the
//! status page). Entry letters are drawn from the account and never come back, so that a half-scanned
//! QR in the app is told apart from the one that counts.
//!
//! Where first use is not trusted any more, nothing is shown before a code of the help desk was typed
//! ([`super::proof`]). That is decided each time a secret is shown and again when it is bound: a page
//! that was opened before the date is no way around it.

use crate::domain::enrollment::{Account, Activation, Entry};
use crate::domain::invitation::Invitation;
use crate::domain::login::{Need, WaitingLogin};
use crate::entropy;
use crate::flow::accept::code_digest;
use crate::flow::sessions::LiveSession;
use crate::flow::{Engine, FlowError, TRIES};
use crate::primitives::{AccountId, DeviceId, GatewaySessionId, Identity, OtpCode};
use crate::store::Expect;
use crate::store::records::{Draft, RecordError, Stored};
use std::sync::Arc;

/// On what an activation hangs.
#[derive(Clone)]
pub enum Holder {
    /// A waiting login, found by its ticket.
    Login(Box<Stored<WaitingLogin>>),
    /// An accepted session.
    Session(Arc<LiveSession>),
}

/// What shows that a secret arrived.
#[derive(Clone, Debug)]
pub enum Evidence {
    /// A code that was typed, on a page that named this phone as joined.
    Code {
        /// The code.
        code: OtpCode,
        /// The phone, if there was one.
        beside: Option<DeviceId>,
    },
    /// A phone that joined, and sent its code itself.
    Phone,
}

/// How an activation stands.
#[derive(Debug)]
pub enum ActivationState {
    /// It runs: its QR may be shown.
    Running(Activation),
    /// A code of the help desk is due first.
    ProofDue,
    /// There is none: the account has a binding (another one than it would replace), or the login waits for something else or is over.
    Over,
}

impl Holder {
    /// Where its activation lies.
    pub fn key(&self) -> Vec<u8> {
        match self {
            Self::Login(login) => [b"w", &login.value.reference.0[..]].concat(),
            Self::Session(session) => [b"s", &session.id().0[..]].concat(),
        }
    }

    /// What is kept of what confirmed it, to recognise the same request again.
    pub(super) fn digest_of(&self, evidence: &Evidence) -> [u8; 32] {
        let code = match evidence {
            Evidence::Code { code, .. } => code.expose().as_bytes(),
            Evidence::Phone => b"phone",
        };
        match self {
            Self::Login(login) => code_digest(login.value.reference, code),
            Self::Session(session) => session.code_digest(code),
        }
    }

    /// Who activates; `None` for a session whose page was never read.
    pub fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Login(login) => Some(&login.value.identity),
            Self::Session(session) => session.record().identity.as_ref(),
        }
    }
}

impl Engine {
    /// The activation of this holder, begun when there is none.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn activation(&self, holder: &Holder) -> Result<ActivationState, FlowError> {
        self.activation_with(holder, false, None).await
    }

    /// "QR Code baru": a new secret with the next letter, unless there were too many.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn renew_activation(&self, holder: &Holder) -> Result<ActivationState, FlowError> {
        self.activation_with(holder, true, None).await
    }

    /// The same, begun by a code of the help desk that was typed.
    pub(super) async fn activation_with(
        &self,
        holder: &Holder,
        renew: bool,
        grant: Option<[u8; 16]>,
    ) -> Result<ActivationState, FlowError> {
        let records = self.records()?;
        let Some(identity) = holder.identity() else {
            return Ok(ActivationState::Over);
        };
        if !self.may_activate(holder) {
            return Ok(ActivationState::Over);
        }
        let limits = self.settings.activation;
        for _ in 0..TRIES {
            let now = self.now();
            let (mut account, account_expect) = self.account_for_update(&identity.account).await?;
            let stored = records.get::<Activation>(&holder.key()).await?;
            let expect = stored
                .as_ref()
                .map_or(Expect::Absent, |s| Expect::Version(s.version));
            let running = stored.map(|s| s.value).filter(|a| !a.is_over(limits, now));
            let replaces = running.as_ref().and_then(|a| a.replaces);
            if account.bound() != replaces {
                return Ok(ActivationState::Over);
            }
            let proved = grant.or(running.as_ref().and_then(|a| a.grant));
            if proved.is_none() && self.proof_due(holder, identity).await? {
                return Ok(ActivationState::ProofDue);
            }
            let activation = match running {
                Some(activation) if !renew && grant.is_none() => {
                    return Ok(ActivationState::Running(activation));
                }
                Some(mut activation) if grant.is_none() => {
                    let entry = self.new_entry(&mut account)?;
                    if !activation.renew(entry, limits, now) {
                        return Ok(ActivationState::Running(activation));
                    }
                    activation
                }
                Some(_) | None => {
                    self.metrics.activation_begun();
                    let entry = self.new_entry(&mut account)?;
                    Activation {
                        grant,
                        ..Activation::begin(entry, limits, now)
                    }
                }
            };
            let account_key = records.account_key(&identity.account);
            let draft = records
                .draft()
                .put(&account_key, account_expect, &account)
                .put(&holder.key(), expect, &activation);
            let draft = self.with_invitation(draft, &account.id, &holder.key(), &activation);
            let draft = self.without_unclaimed(draft, &activation).await?;
            match records.commit(draft).await {
                Ok(()) => return Ok(ActivationState::Running(activation)),
                Err(RecordError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(ActivationState::Over)
    }

    /// A new activation that is to take the place of the entry that is bound; its letter is used up.
    pub(super) fn replacement(
        &self,
        account: &mut Account,
        bound: u32,
    ) -> Result<Activation, FlowError> {
        let entry = self.new_entry(account)?;
        let limits = self.settings.activation;
        Ok(Activation {
            replaces: Some(bound),
            ..Activation::begin(entry, limits, self.now())
        })
    }

    /// A secret and an invitation with the account's next letter, which never comes back.
    fn new_entry(&self, account: &mut Account) -> Result<Entry, FlowError> {
        let entry = Entry {
            generation: account.next_generation,
            secret: entropy::shared_secret(&*self.entropy)?,
            invite: entropy::invite_token(&*self.entropy)?,
        };
        account.next_generation = account.next_generation.saturating_add(1);
        Ok(entry)
    }

    /// The newest entry of an activation may be joined by a phone: written in one step with it.
    pub(super) fn with_invitation(
        &self,
        draft: Draft,
        account: &AccountId,
        holder: &[u8],
        activation: &Activation,
    ) -> Draft {
        let Some(entry) = activation.entries.last() else {
            return draft;
        };
        let until = activation
            .started
            .plus(self.settings.activation.lifetime_seconds);
        let invitation = Invitation::new(account.clone(), holder.to_vec(), entry.generation, until);
        draft.put(&entry.invite.digest(), Expect::Absent, &invitation)
    }

    /// Links of QR codes that were shown before end, unless a phone has opened them: whoever renews the QR
    /// code may do so because the last one was seen by somebody else.
    async fn without_unclaimed(
        &self,
        mut draft: Draft,
        activation: &Activation,
    ) -> Result<Draft, FlowError> {
        let Some((_, before)) = activation.entries.split_last() else {
            return Ok(draft);
        };
        for entry in before {
            let key = entry.invite.digest();
            let found = self.records()?.get::<Invitation>(&key).await?;
            if let Some(stored) = found.filter(|stored| stored.value.device().is_none()) {
                let expect = Expect::Version(stored.version);
                draft = draft.delete::<Invitation>(&key, expect);
            }
        }
        Ok(draft)
    }

    /// Whether the login or session of this key, on which an activation hangs, still lives.
    pub(super) async fn is_held(&self, key: &[u8]) -> Result<bool, FlowError> {
        Ok(match key.split_first() {
            Some((b'w', reference)) => {
                let login = self.records()?.get::<WaitingLogin>(reference).await?;
                login.is_some_and(|login| self.may_activate(&Holder::Login(Box::new(login))))
            }
            Some((b's', id)) => {
                let id = <[u8; 16]>::try_from(id).ok().map(GatewaySessionId);
                let session = id.and_then(|id| self.sessions.find(id));
                session.is_some_and(|session| self.may_activate(&Holder::Session(session)))
            }
            _ => false,
        })
    }

    pub(super) fn may_activate(&self, holder: &Holder) -> bool {
        match holder {
            Holder::Login(login) => {
                login.value.need == Need::Activate
                    && login.value.seconds_left(self.settings.login, self.now()) > 0
            }
            Holder::Session(session) => !session.is_ended(),
        }
    }

    /// Whether a code of the help desk has to be typed first: asked anew each time, since a page may
    /// have been opened before a start date that has come. Inside a session that a second factor
    /// opened it has not: whoever is in there has proved himself.
    pub(super) async fn proof_due(
        &self,
        holder: &Holder,
        identity: &Identity,
    ) -> Result<bool, FlowError> {
        match holder {
            Holder::Login(login) if login.value.proof_due => Ok(true),
            Holder::Session(session) if session.factor().is_some() => Ok(false),
            Holder::Login(_) | Holder::Session(_) => {
                let account = self.account(identity).await?;
                Ok(self.decide(identity, &account).await?.in_force.proof_due)
            }
        }
    }
}
