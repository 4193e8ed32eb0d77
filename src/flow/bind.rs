//! The binding: a code proves that a shown secret arrived, and the account has a second factor from
//! here on.

use crate::authenticator::Factor;
use crate::domain::audit::AuditEvent;
use crate::domain::enrollment::{Activation, Binding, Confirmation, entry_letter};
use crate::domain::login::WaitingLogin;
use crate::domain::standing::Standing;
use crate::flow::accept::{AcceptOutcome, Acceptance, Accepted};
use crate::flow::account_change::AccountChange;
use crate::flow::activate::{Evidence, Holder};
use crate::flow::compare::CodeRefusal;
use crate::flow::recovery::ShownCodes;
use crate::flow::{Client, Engine, FlowError, TRIES};
use crate::primitives::{DeviceId, Identity, OtpCode};
use crate::store::Expect;
use crate::store::records::{RecordError, Stored};

/// What a typed code did.
pub enum ActivateOutcome {
    /// Bound, and the waiting login is accepted.
    Accepted(Accepted),
    /// Bound from inside a session, which goes on.
    Bound {
        /// Number of the entry that it replaced, where that is known.
        replaced: Option<u32>,
    },
    /// Refused; the same QR stays.
    Refused(CodeRefusal),
    /// The activation is over.
    Closed,
    /// It began before a code of the help desk was asked for, and now one is: nothing was bound.
    ProofDue,
    /// The upstream cannot say whose session it is: the same code may be sent again.
    UpstreamBusy,
}

impl Engine {
    /// Judges a code typed on the activation page.
    ///
    /// # Errors
    /// [`FlowError`] when the store or the clock fails: nothing was bound.
    pub async fn confirm_activation(
        &self,
        holder: &Holder,
        (typed, beside): (&str, Option<DeviceId>),
        client: &Client,
    ) -> Result<ActivateOutcome, FlowError> {
        self.check_clock()?;
        let Some(code) = OtpCode::parse(typed) else {
            return Ok(ActivateOutcome::Refused(CodeRefusal::Malformed));
        };
        let evidence = Evidence::Code { code, beside };
        self.confirm_by(holder, &evidence, client).await
    }

    /// Binds the phone that joined, for the page that waits for it.
    ///
    /// # Errors
    /// [`FlowError`] when the store or the clock fails: nothing was bound.
    pub async fn confirm_by_phone(
        &self,
        holder: &Holder,
        client: &Client,
    ) -> Result<ActivateOutcome, FlowError> {
        self.check_clock()?;
        self.confirm_by(holder, &Evidence::Phone, client).await
    }

    async fn confirm_by(
        &self,
        holder: &Holder,
        evidence: &Evidence,
        client: &Client,
    ) -> Result<ActivateOutcome, FlowError> {
        let digest = holder.digest_of(evidence);
        let _order = match holder {
            Holder::Login(login) => {
                if let Some(again) = self.same_acceptance(&login.value, &digest) {
                    return Ok(ActivateOutcome::Accepted(again));
                }
                None
            }
            Holder::Session(session) => {
                let order = session.making.lock().await;
                if session.codes_shown(Some(&digest), self.now()).is_some() {
                    // The second click of a double click.
                    return Ok(ActivateOutcome::Bound { replaced: None });
                }
                Some(order)
            }
        };
        let outcome = self.confirm_once(holder, evidence, client).await?;
        if let (Holder::Login(login), ActivateOutcome::Closed | ActivateOutcome::Refused(_)) =
            (holder, &outcome)
        {
            let reference = login.value.reference;
            if let Some(again) = self.accepted_meanwhile(reference, &digest).await? {
                return Ok(ActivateOutcome::Accepted(again));
            }
        }
        Ok(outcome)
    }

    async fn confirm_once(
        &self,
        holder: &Holder,
        evidence: &Evidence,
        client: &Client,
    ) -> Result<ActivateOutcome, FlowError> {
        if !self.may_activate(holder) {
            return Ok(ActivateOutcome::Closed);
        }
        let digest = holder.digest_of(evidence);
        let counted = match evidence {
            Evidence::Code { .. } => self.count_try(holder).await?,
            // Nothing is guessed: its page may ask again and again while the upstream is busy.
            Evidence::Phone => self.running(holder).await?,
        };
        let Some(activation) = counted else {
            return self.accepted_before(holder, &digest).await;
        };
        if let (None, Some(identity)) = (activation.grant, holder.identity())
            && self.proof_due(holder, identity).await?
        {
            return Ok(ActivateOutcome::ProofDue);
        }
        let confirmed = self.confirmed(&activation, evidence).await?;
        match self.metrics.activation_judged(confirmed) {
            Confirmation::Over => Ok(ActivateOutcome::Closed),
            Confirmation::Late => Ok(ActivateOutcome::Refused(CodeRefusal::Late)),
            Confirmation::Wrong => Ok(ActivateOutcome::Refused(CodeRefusal::Wrong)),
            Confirmation::Bound(binding) => {
                self.bind(holder, (binding, &activation), digest, client)
                    .await
            }
        }
    }

    /// What the evidence makes of an activation. A phone that joined comes along with a code that was
    /// typed from the app beside it: both hold the same secret.
    async fn confirmed(
        &self,
        activation: &Activation,
        evidence: &Evidence,
    ) -> Result<Confirmation, FlowError> {
        let (limits, now) = (self.settings.activation, self.now());
        let joined = self.joined(activation).await?;
        let (code, beside) = match evidence {
            Evidence::Code { code, beside } => (code, *beside),
            Evidence::Phone if activation.is_over(limits, now) => return Ok(Confirmation::Over),
            Evidence::Phone => return Ok(joined.map_or(Confirmation::Wrong, Confirmation::Bound)),
        };
        Ok(match activation.confirm(code, limits, now) {
            Confirmation::Bound(mut binding) => {
                // Only a phone that the page had named: whoever types a code has looked at it.
                let joined = joined.filter(|joined| {
                    let its = joined.device.as_ref().map(|device| device.id);
                    joined.generation == binding.generation && its.is_some() && its == beside
                });
                if let Some(joined) = joined {
                    let steps = [joined.credential.last_step, binding.credential.last_step];
                    binding.credential.last_step = steps.into_iter().max().flatten();
                    binding.device = joined.device;
                }
                Confirmation::Bound(binding)
            }
            other => other,
        })
    }

    /// The second click of a double click: the acceptance that the first one brought.
    async fn accepted_before(
        &self,
        holder: &Holder,
        digest: &[u8; 32],
    ) -> Result<ActivateOutcome, FlowError> {
        let Holder::Login(login) = holder else {
            return Ok(ActivateOutcome::Closed);
        };
        let reference = login.value.reference;
        let now = self.records()?.get::<WaitingLogin>(&reference.0).await?;
        let again = now.and_then(|now| self.same_acceptance(&now.value, digest));
        Ok(again.map_or(ActivateOutcome::Closed, ActivateOutcome::Accepted))
    }

    async fn running(&self, holder: &Holder) -> Result<Option<Activation>, FlowError> {
        let found = self.records()?.get::<Activation>(&holder.key()).await?;
        Ok(found.map(|stored| stored.value))
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
        (mut binding, activation): (Binding, &Activation),
        digest: [u8; 32],
        client: &Client,
    ) -> Result<ActivateOutcome, FlowError> {
        let Some(identity) = holder.identity() else {
            return Ok(ActivateOutcome::Closed);
        };
        let (mut account, expect) = self.account_for_update(&identity.account).await?;
        if account.bound() != activation.replaces {
            // Bound meanwhile, by a double click or by another login: that binding stands.
            return self.accepted_before(holder, &digest).await;
        }
        let grant = activation.grant;
        let Some(standing) = self.used_up(identity, grant).await? else {
            return Ok(ActivateOutcome::Closed);
        };
        let (set, codes) = self.recovery_set(&identity.account, digest)?;
        binding.recovery = Some(set);
        let before = account.binding.take();
        // It goes over to another phone that is bound from inside a session which the one before opened,
        // and to no other: whoever binds by a code may be somebody else.
        let own = before.and_then(|before| before.own.confirmed);
        let same_owner = activation.replaces.is_some() && grant.is_none();
        let ended = own
            .as_ref()
            .filter(|_| !same_owner)
            .map(|own| own.email.clone());
        binding.own.confirmed = own.filter(|_| same_owner);
        let entry = entry_letter(binding.generation);
        let phone = binding.device.as_deref();
        let phone = phone.map(|device| device.browser.told());
        account.binding = Some(binding);
        account.epoch = account.epoch.saturating_add(1);
        let event = AuditEvent::Activated {
            entry,
            replaced: activation.replaces.is_some(),
            phone,
        };
        let changed = AccountChange {
            account,
            expect,
            standing: Some(standing),
            ended,
            event,
        };
        let outcome = match holder {
            Holder::Login(login) => {
                let made = (changed, codes);
                self.bind_login(holder, login, made, digest, client).await?
            }
            Holder::Session(session) => {
                let factor = Some(Factor::Totp);
                if !self
                    .change_from_session(session, changed, factor, client)
                    .await?
                {
                    return Ok(ActivateOutcome::Closed);
                }
                session.show_codes(codes);
                ActivateOutcome::Bound {
                    replaced: activation.replaces,
                }
            }
        };
        let keep = match (&outcome, holder) {
            (ActivateOutcome::Accepted(accepted), _) => accepted.session.id(),
            (_, Holder::Session(session)) => session.id(),
            (_, Holder::Login(_)) => return Ok(outcome),
        };
        self.end_others(&identity.account, keep, "activated", client)
            .await;
        Ok(outcome)
    }

    /// What is kept of an account once it is bound: no code outlives that, since it would allow another
    /// binding in its place. Written in any case, so that a code that is handed out at this moment spoils
    /// it. `None`: the code that allowed this activation is not good any more.
    async fn used_up(
        &self,
        identity: &Identity,
        grant: Option<[u8; 16]>,
    ) -> Result<Option<(Standing, Expect)>, FlowError> {
        let (mut standing, expect) = self.standing_for_update(&identity.account).await?;
        let allowed = match grant {
            // Begun before a reset: what it would bind is not proved.
            None => !standing.must_prove,
            Some(digest) => self.is_granted(&standing, identity, &digest)?,
        };
        standing.grant = None;
        standing.mailed = None;
        standing.must_prove = false;
        Ok(allowed.then_some((standing, expect)))
    }

    async fn bind_login(
        &self,
        holder: &Holder,
        login: &Stored<WaitingLogin>,
        (changed, codes): (AccountChange, ShownCodes),
        digest: [u8; 32],
        client: &Client,
    ) -> Result<ActivateOutcome, FlowError> {
        let acceptance = Acceptance {
            code_digest: digest,
            codes: Some(codes),
            login: login.clone(),
            factor: Some(Factor::Totp),
            account_epoch: changed.account.epoch,
            event: changed.event.clone(),
            writes: self
                .writes_of(&changed, Some(&login.value.identity.role))?
                .delete::<Activation>(&holder.key(), Expect::Any),
            client,
        };
        match self.accept(acceptance).await? {
            AcceptOutcome::Accepted(accepted) => Ok(ActivateOutcome::Accepted(accepted)),
            AcceptOutcome::UpstreamBusy => Ok(ActivateOutcome::UpstreamBusy),
            AcceptOutcome::Overtaken => self.accepted_before(holder, &digest).await,
            AcceptOutcome::Gone => {
                self.abandon_login(&login.value, "gone", client).await;
                Ok(ActivateOutcome::Closed)
            }
        }
    }
}
