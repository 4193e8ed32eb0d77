//! Activation: showing a secret and binding it once a code proves that it arrived.
//!
//! It hangs on a waiting login (`required`) or on an accepted session (opened from the status
//! page). Entry letters are drawn from the account and never come back, so that a half-scanned QR
//! in the app is told apart from the one that counts.

use crate::authenticator::Factor;
use crate::domain::audit::AuditEvent;
use crate::domain::enrollment::{Account, Activation, Binding, Confirmation, entry_letter};
use crate::domain::login::{Need, WaitingLogin};
use crate::domain::session::GatewaySession;
use crate::domain::throttle::{Attempts, Lane};
use crate::entropy;
use crate::flow::accept::{AcceptOutcome, Acceptance, Accepted, Cleared, code_digest};
use crate::flow::sessions::LiveSession;
use crate::flow::verify::CodeRefusal;
use crate::flow::{Client, Engine, FlowError};
use crate::primitives::{AccountId, Identity, OtpCode};
use crate::store::Expect;
use crate::store::records::{RecordError, Stored};
use std::sync::Arc;

/// How often a read-compare-write is tried again.
const TRIES: u32 = 5;

/// On what an activation hangs.
#[derive(Clone)]
pub enum Holder {
    /// A waiting login, found by its ticket.
    Login(Box<Stored<WaitingLogin>>),
    /// An accepted session.
    Session(Arc<LiveSession>),
}

/// What a typed code did.
pub enum ActivateOutcome {
    /// Bound, and the waiting login is accepted.
    Accepted(Accepted),
    /// Bound from inside a session, which goes on.
    Bound,
    /// Refused; the same QR stays.
    Refused(CodeRefusal),
    /// The activation is over.
    Closed,
    /// The upstream cannot say whose session it is: the same code may be sent again.
    UpstreamBusy,
}

impl Holder {
    fn key(&self) -> Vec<u8> {
        match self {
            Self::Login(login) => [b"w", &login.value.reference.0[..]].concat(),
            Self::Session(session) => [b"s", &session.id().0[..]].concat(),
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
    /// The activation of this holder, begun when there is none; `None` when the account already
    /// has a binding, or the login waits for something else or is over.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn activation(&self, holder: &Holder) -> Result<Option<Activation>, FlowError> {
        self.activation_with(holder, false).await
    }

    /// "QR Code baru": a new secret with the next letter. `None` as above, or after too many.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn renew_activation(&self, holder: &Holder) -> Result<Option<Activation>, FlowError> {
        self.activation_with(holder, true).await
    }

    async fn activation_with(
        &self,
        holder: &Holder,
        renew: bool,
    ) -> Result<Option<Activation>, FlowError> {
        let records = self.records()?;
        let Some(identity) = holder.identity() else {
            return Ok(None);
        };
        if !self.may_activate(holder) {
            return Ok(None);
        }
        let limits = self.settings.activation;
        for _ in 0..TRIES {
            let now = self.now();
            let (mut account, account_expect) = self.account_for_update(&identity.account).await?;
            if account.binding.is_some() {
                return Ok(None);
            }
            let stored = records.get::<Activation>(&holder.key()).await?;
            let expect = stored
                .as_ref()
                .map_or(Expect::Absent, |s| Expect::Version(s.version));
            let running = stored.map(|s| s.value).filter(|a| !a.is_over(limits, now));
            let activation = match running {
                Some(activation) if !renew => return Ok(Some(activation)),
                Some(mut activation) => {
                    let secret = entropy::shared_secret(&*self.entropy)?;
                    if !activation.renew(secret, account.next_generation, limits, now) {
                        return Ok(Some(activation));
                    }
                    activation
                }
                None => {
                    let secret = entropy::shared_secret(&*self.entropy)?;
                    self.metrics.activation_begun();
                    Activation::begin(account.next_generation, secret, limits, now)
                }
            };
            account.next_generation = account.next_generation.saturating_add(1);
            let draft = records
                .draft()
                .put(
                    &records.account_key(&identity.account),
                    account_expect,
                    &account,
                )
                .put(&holder.key(), expect, &activation);
            match records.commit(draft).await {
                Ok(()) => return Ok(Some(activation)),
                Err(RecordError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    fn may_activate(&self, holder: &Holder) -> bool {
        match holder {
            Holder::Login(login) => {
                login.value.need == Need::Activate
                    && login.value.seconds_left(self.settings.login, self.now()) > 0
            }
            Holder::Session(session) => !session.is_ended(),
        }
    }

    /// Judges a code typed on the activation page.
    ///
    /// # Errors
    /// [`FlowError`] when the store or the clock fails: nothing was bound.
    pub async fn confirm_activation(
        &self,
        holder: &Holder,
        typed: &str,
        client: &Client,
    ) -> Result<ActivateOutcome, FlowError> {
        self.check_clock()?;
        let Some(code) = OtpCode::parse(typed) else {
            return Ok(ActivateOutcome::Refused(CodeRefusal::Malformed));
        };
        if let Holder::Login(login) = holder
            && let Some(again) =
                self.same_acceptance(&login.value, &code_digest(login.value.reference, &code))
        {
            return Ok(ActivateOutcome::Accepted(again));
        }
        let outcome = self.confirm_once(holder, &code, client).await?;
        if let (Holder::Login(login), ActivateOutcome::Closed | ActivateOutcome::Refused(_)) =
            (holder, &outcome)
        {
            let reference = login.value.reference;
            let digest = code_digest(reference, &code);
            if let Some(again) = self.accepted_meanwhile(reference, &digest).await? {
                return Ok(ActivateOutcome::Accepted(again));
            }
        }
        Ok(outcome)
    }

    async fn confirm_once(
        &self,
        holder: &Holder,
        code: &OtpCode,
        client: &Client,
    ) -> Result<ActivateOutcome, FlowError> {
        if !self.may_activate(holder) {
            return Ok(ActivateOutcome::Closed);
        }
        let Some(activation) = self.count_try(holder).await? else {
            return match holder {
                Holder::Login(login) => self.accepted_before(login, code).await,
                Holder::Session(_) => Ok(ActivateOutcome::Closed),
            };
        };
        let confirmed = activation.confirm(code, self.settings.activation, self.now());
        match self.metrics.activation_judged(confirmed) {
            Confirmation::Over => Ok(ActivateOutcome::Closed),
            Confirmation::Late => Ok(ActivateOutcome::Refused(CodeRefusal::Late)),
            Confirmation::Wrong => Ok(ActivateOutcome::Refused(CodeRefusal::Wrong)),
            Confirmation::Bound(binding) => self.bind(holder, binding, code, client).await,
        }
    }

    /// The second click of a double click: the acceptance that the first one brought.
    async fn accepted_before(
        &self,
        login: &Stored<WaitingLogin>,
        code: &OtpCode,
    ) -> Result<ActivateOutcome, FlowError> {
        let reference = login.value.reference;
        let now = self.records()?.get::<WaitingLogin>(&reference.0).await?;
        let again =
            now.and_then(|now| self.same_acceptance(&now.value, &code_digest(reference, code)));
        Ok(again.map_or(ActivateOutcome::Closed, ActivateOutcome::Accepted))
    }

    async fn count_try(&self, holder: &Holder) -> Result<Option<Activation>, FlowError> {
        let records = self.records()?;
        for _ in 0..TRIES {
            let Some(stored) = records.get::<Activation>(&holder.key()).await? else {
                return Ok(None);
            };
            let mut activation = stored.value;
            activation.tries = activation.tries.saturating_add(1);
            let expect = Expect::Version(stored.version);
            let draft = records.draft().put(&holder.key(), expect, &activation);
            match records.commit(draft).await {
                Ok(()) => {
                    activation.tries -= 1;
                    return Ok(Some(activation));
                }
                Err(RecordError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    async fn bind(
        &self,
        holder: &Holder,
        binding: Binding,
        code: &OtpCode,
        client: &Client,
    ) -> Result<ActivateOutcome, FlowError> {
        let Some(identity) = holder.identity() else {
            return Ok(ActivateOutcome::Closed);
        };
        let (mut account, expect) = self.account_for_update(&identity.account).await?;
        if account.binding.is_some() {
            // Bound meanwhile, by a double click or by another login: that binding stands.
            return match holder {
                Holder::Login(login) => self.accepted_before(login, code).await,
                Holder::Session(_) => Ok(ActivateOutcome::Closed),
            };
        }
        let entry = entry_letter(binding.generation);
        account.binding = Some(binding);
        account.epoch = account.epoch.saturating_add(1);
        let event = AuditEvent::Activated {
            entry,
            replaced: false,
        };
        let changed = AccountChange {
            account,
            expect,
            event: event.clone(),
        };
        let outcome = match holder {
            Holder::Login(login) => {
                self.bind_login(holder, login, changed, code, client)
                    .await?
            }
            Holder::Session(session) => {
                let factor = Some(Factor::Totp);
                if !self
                    .change_from_session(session, changed, factor, client)
                    .await?
                {
                    return Ok(ActivateOutcome::Closed);
                }
                ActivateOutcome::Bound
            }
        };
        let keep = match (&outcome, holder) {
            (ActivateOutcome::Accepted(accepted), _) => accepted.session.id(),
            (_, Holder::Session(session)) => session.id(),
            (_, Holder::Login(_)) => return Ok(outcome),
        };
        self.end_others(&identity.account, keep, "activated", client)
            .await;
        self.notices.notify(crate::flow::notices::Notice {
            account: identity.account.clone(),
            event,
            client: client.address.to_string(),
        });
        Ok(outcome)
    }

    async fn bind_login(
        &self,
        holder: &Holder,
        login: &Stored<WaitingLogin>,
        changed: AccountChange,
        code: &OtpCode,
        client: &Client,
    ) -> Result<ActivateOutcome, FlowError> {
        let acceptance = Acceptance {
            code_digest: code_digest(login.value.reference, code),
            login: login.clone(),
            account: changed.account,
            account_expect: changed.expect,
            event: changed.event,
            client,
            lane: Lane::Unknown,
            cleared: vec![
                Cleared::Lane(Lane::KnownBrowser),
                Cleared::Lane(Lane::Unknown),
                Cleared::Activation(holder.key()),
            ],
        };
        match self.accept(acceptance).await? {
            AcceptOutcome::Accepted(accepted) => Ok(ActivateOutcome::Accepted(accepted)),
            AcceptOutcome::UpstreamBusy => Ok(ActivateOutcome::UpstreamBusy),
            AcceptOutcome::Overtaken => self.accepted_before(login, code).await,
            AcceptOutcome::Gone => {
                self.abandon_login(&login.value, "gone", client).await;
                Ok(ActivateOutcome::Closed)
            }
        }
    }

    /// Writes an account that its owner changed from inside a session, which goes on in the new
    /// epoch. `false` when somebody else wrote first.
    pub(crate) async fn change_from_session(
        &self,
        session: &Arc<LiveSession>,
        changed: AccountChange,
        factor: Option<Factor>,
        client: &Client,
    ) -> Result<bool, FlowError> {
        let records = self.records()?;
        let id = changed.account.id.clone();
        let role = session
            .record()
            .identity
            .as_ref()
            .map(|i| i.role.as_str().to_owned());
        let record = GatewaySession {
            account_epoch: changed.account.epoch,
            factor,
            ..session.to_record()
        };
        let who = role.as_deref().map(|role| (&id, role));
        let mut draft = records
            .draft()
            .put(&records.account_key(&id), changed.expect, &changed.account)
            .put(&record.id.0, Expect::Any, &record)
            .delete::<Activation>(&[b"s", &session.id().0[..]].concat(), Expect::Any)
            .audit(&self.audit(client, who, changed.event));
        for lane in [Lane::KnownBrowser, Lane::Unknown] {
            let key = records.attempts_key(&id, Factor::Totp, lane);
            draft = draft.delete::<Attempts>(&key, Expect::Any);
        }
        match records.commit(draft).await {
            Ok(()) => {
                session.go_on(changed.account.epoch, factor);
                Ok(true)
            }
            Err(RecordError::Conflict) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Ends every other session of an account (design.md section 4).
    pub(crate) async fn end_others(
        &self,
        account: &AccountId,
        keep: crate::primitives::GatewaySessionId,
        reason: &str,
        client: &Client,
    ) {
        for other in self.sessions.of_account(account) {
            if other.id() != keep {
                self.end_session(&other, reason, client).await;
            }
        }
    }
}

/// An account as it is to be, and what to write down about it.
pub(crate) struct AccountChange {
    pub(crate) account: Account,
    pub(crate) expect: Expect,
    pub(crate) event: AuditEvent,
}
