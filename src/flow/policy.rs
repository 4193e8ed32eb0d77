//! The policy in force: read at start, asked at every login, changed at run time.
//!
//! A session asks again only when something may have changed: every change, and every moment at
//! which time alone changes something, gives the policy another token.

use crate::domain::approval::Confirm;
use crate::domain::audit::{AuditEvent, Ceilings};
use crate::domain::enforcement::{Decision, Enrolled, requirement};
use crate::domain::enrollment::Account;
use crate::domain::policy::act::{Act, ActError};
use crate::domain::policy::{Facts, Glass, InForce, PolicyState, Signature};
use crate::domain::policy_file::{Mode, Rule, Subject, Unread};
use crate::domain::standing::Standing;
use crate::flow::{Client, Engine, FlowError, Vault};
use crate::primitives::{Identity, UnixSeconds};
use crate::store::Expect;
use crate::store::records::{POLICY, RecordError};
use std::sync::Arc;

/// The policy as requests see it.
#[derive(Debug, Default)]
pub struct Policy {
    /// What the store holds.
    pub state: PolicyState,
    /// Broken by a file of root.
    pub file_glass: Option<Glass>,
    /// Grows with every change in this process.
    serial: u64,
    boundaries: Vec<UnixSeconds>,
}

/// Tokens of one serial: more boundaries than any policy has.
const TOKENS_PER_SERIAL: u64 = 1 << 20;

impl Policy {
    /// With the first serial.
    pub fn new(state: PolicyState) -> Self {
        Self::with_serial(state, None, 1)
    }

    fn with_serial(state: PolicyState, file_glass: Option<Glass>, serial: u64) -> Self {
        let boundaries = state.boundaries(file_glass.as_ref());
        Self {
            state,
            file_glass,
            serial,
            boundaries,
        }
    }

    /// The same policy with glass broken, or mended, by a file.
    pub(super) fn with_glass(old: &Self, file_glass: Option<Glass>) -> Self {
        Self::with_serial(old.state.clone(), file_glass, old.serial + 1)
    }

    /// Two moments with the same token have the same rules in force.
    pub fn token(&self, now: UnixSeconds) -> u64 {
        let passed = self.boundaries.partition_point(|time| *time <= now);
        let passed = u64::try_from(passed).unwrap_or(u64::MAX);
        self.serial * TOKENS_PER_SERIAL + passed.min(TOKENS_PER_SERIAL - 1)
    }
}

/// Why the policy was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The act makes no sense.
    #[error(transparent)]
    Act(#[from] ActError),
    /// Somebody else changed it first, or since it was looked at.
    #[error("the policy was changed by somebody else meanwhile: it is number {now} now")]
    Conflict {
        /// Its number.
        now: u64,
    },
    /// The store failed.
    #[error(transparent)]
    Flow(#[from] FlowError),
}

impl Engine {
    /// Reads the policy; the one of the configuration is written down when there is none yet.
    ///
    /// # Errors
    /// [`FlowError`] when it cannot be read or written: then the store must not be used.
    pub async fn restore_policy(&self) -> Result<(), FlowError> {
        let records = self.records()?;
        let first = self.policy.load().state.clone();
        let Some(stored) = records.get::<PolicyState>(POLICY).await? else {
            let draft = records.draft().put(POLICY, Expect::Absent, &first);
            return Ok(records.commit(draft).await?);
        };
        let differs = stored.value.revision > first.revision || stored.value.rules != first.rules;
        if differs {
            tracing::info!(
                revision = stored.value.revision,
                "the policy of the store holds; [policy] of the configuration was only the first"
            );
        }
        let state = self.with_profile(stored.value);
        self.policy.store(Arc::new(Policy::new(state)));
        Ok(())
    }

    /// Puts a newer state in force; one that somebody else's newer one has overtaken is dropped.
    fn put_policy(&self, state: &PolicyState) {
        self.policy.rcu(|old| {
            if old.state.revision >= state.revision {
                return old.clone();
            }
            let glass = old.file_glass.clone();
            Arc::new(Policy::with_serial(state.clone(), glass, old.serial + 1))
        });
    }

    /// What is asked of an account at its login.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn decide(
        &self,
        identity: &Identity,
        account: &Account,
    ) -> Result<Decision, FlowError> {
        let standing = self.standing(identity).await?;
        let decision = self.decide_with(identity, account, &standing);
        // Noted at every login, so that a clock that goes back is seen at once.
        let clock = self.check_clock_for_policy();
        if !decision.requirement.stops() {
            clock?;
        }
        Ok(decision)
    }

    /// A clock that was set back must not bring back what was in force then: a start date to come, an
    /// exemption that had ended (invariant I8). Where nobody is asked for anything it stops nobody.
    ///
    /// # Errors
    /// [`FlowError::Clock`].
    pub(crate) fn check_clock_for_policy(&self) -> Result<(), FlowError> {
        match self.check_clock() {
            Err(_) if self.only_watches() => Ok(()),
            checked => checked,
        }
    }

    /// Whom a freeze protects is the profile's word, which may have changed since it was stored.
    fn with_profile(&self, mut state: PolicyState) -> PolicyState {
        state.freeze_types = self.profile().freeze_types().to_vec();
        state
    }

    /// The same with what is kept of the account at hand.
    pub fn decide_with(
        &self,
        identity: &Identity,
        account: &Account,
        standing: &Standing,
    ) -> Decision {
        let enrolled = standing.enrolled(account.binding.is_some(), self.now());
        requirement(self.in_force(Some(identity), standing.facts()), enrolled)
    }

    /// What is asked of somebody whose page cannot be read.
    pub fn decide_unread(&self) -> Decision {
        requirement(self.in_force(None, Facts::default()), Enrolled::No)
    }

    /// What becomes of a page that cannot be read, in somebody's session or a visitor's.
    pub fn unread_of(&self, who: Option<&Identity>) -> Unread {
        self.in_force(who, Facts::default()).unread
    }

    /// Whether an account may bind a second factor, and is asked for it once it has: what an account
    /// did or was excused from never lowers the mode that far.
    pub fn asks(&self, who: &Identity) -> bool {
        self.in_force(Some(who), Facts::default()).mode > Mode::Observe
    }

    /// [`PolicyState::start_date`] of now.
    pub fn start_date(&self, user_type: Option<&str>, role: Option<&str>) -> Option<UnixSeconds> {
        let policy = self.policy.load();
        policy.state.start_date(user_type, role, self.now())
    }

    /// Whether that holds for anybody.
    pub fn asks_anybody(&self) -> bool {
        let policy = self.policy.load();
        let glass = policy.file_glass.as_ref();
        policy.state.asks_anybody(glass, self.now())
    }

    /// Whether a mailed code proves who activates or resets.
    pub(crate) fn mail_is_proof(&self, who: &Identity) -> bool {
        self.in_force(Some(who), Facts::default()).by_mail
    }

    /// What a phone has to do to approve a login of this role.
    pub(crate) fn approval_by(&self, who: &Identity) -> Confirm {
        self.in_force(Some(who), Facts::default()).approval
    }

    /// What is in force now for somebody, or for whom nothing is known of.
    fn in_force(&self, who: Option<&Identity>, facts: Facts) -> InForce {
        let policy = self.policy.load();
        let who = who.map(|who| (&who.account.user_type, &who.role));
        let glass = policy.file_glass.as_ref();
        policy.state.in_force(who, facts, glass, self.now())
    }

    /// Changes whenever a session has to be asked about again: with the policy, with time, and when
    /// the profile stops or begins to fit.
    pub(crate) fn policy_token(&self) -> u64 {
        let token = self.policy.load().token(self.now());
        token * 2 + u64::from(self.drift())
    }

    /// After the profile was read again: what depends on it in the policy.
    pub fn take_profile_over(&self) {
        self.policy.rcu(|old| {
            let state = self.with_profile(old.state.clone());
            Arc::new(Policy::with_serial(
                state,
                old.file_glass.clone(),
                old.serial + 1,
            ))
        });
    }

    /// Whether nobody is asked for anything: then a page that does not fit the profile stops nobody.
    pub fn only_watches(&self) -> bool {
        let policy = self.policy.load();
        policy.state.ceiling(policy.file_glass.as_ref(), self.now()) <= Mode::Observe
    }

    /// What is kept of an account beside its second factor.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn standing(&self, identity: &Identity) -> Result<Standing, FlowError> {
        match self.standing_for_update(&identity.account).await {
            Ok((standing, _)) => Ok(standing),
            Err(_) if self.open_by_file() => Ok(Standing::new(identity.account.clone())),
            Err(error) => Err(error),
        }
    }

    /// Carries an act out, durably and with its audit record. `seen` is the number of the policy
    /// that the admin looked at, if he said so; `client` is written down as whose act it is.
    ///
    /// # Errors
    /// [`ChangeError`]; nothing changed then.
    pub async fn change_policy(
        &self,
        act: &Act,
        signature: &Signature,
        seen: Option<u64>,
        client: &Client,
    ) -> Result<PolicyState, ChangeError> {
        let records = self.records()?;
        let stored = records
            .get::<PolicyState>(POLICY)
            .await
            .map_err(FlowError::from)?;
        let (before, expect) = match stored {
            Some(stored) => (
                self.with_profile(stored.value),
                Expect::Version(stored.version),
            ),
            None => (self.policy.load().state.clone(), Expect::Absent),
        };
        self.put_policy(&before);
        if let Some(seen) = seen.filter(|seen| *seen != before.revision) {
            tracing::info!(
                seen,
                now = before.revision,
                "a change of the policy was refused"
            );
            let now = before.revision;
            return Err(ChangeError::Conflict { now });
        }
        let after = before.after(act, signature, self.now())?;
        let event = AuditEvent::PolicyChanged {
            act: act.clone(),
            reason: signature.reason.clone(),
            before: replaced(&before, &after),
            after: replaced(&after, &before),
            ceiling: ceilings(&before, &after, self.now()),
            revision: after.revision,
        };
        let record = self.audit(client, None, event);
        let draft = records.draft().put(POLICY, expect, &after).audit(&record);
        match records.commit(draft).await {
            Ok(()) => {}
            Err(RecordError::Conflict) => {
                let now = before.revision.saturating_add(1);
                return Err(ChangeError::Conflict { now });
            }
            Err(error) => return Err(FlowError::from(error).into()),
        }
        self.put_policy(&after);
        Ok(after)
    }

    /// Takes over what the store holds, where it is newer: a write whose outcome was left open may
    /// have come to the disk afterwards. Then writes down what time has brought: planned changes
    /// become rules. They are in force already.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails; nothing is lost, the next sweep tries again.
    pub async fn settle_policy(&self) -> Result<(), FlowError> {
        let Vault::Open(records) = &self.vault else {
            return Ok(());
        };
        let Some(stored) = records.get::<PolicyState>(POLICY).await? else {
            return Ok(());
        };
        let before = self.with_profile(stored.value);
        self.put_policy(&before);
        let mut state = before.clone();
        if !state.settle(self.now()) {
            return Ok(());
        }
        state.revision = state.revision.saturating_add(1);
        let event = AuditEvent::PolicySettled {
            before: replaced(&before, &state),
            after: replaced(&state, &before),
            revision: state.revision,
        };
        let record = self.audit(&self.own_client(), None, event);
        let expect = Expect::Version(stored.version);
        let draft = records.draft().put(POLICY, expect, &state).audit(&record);
        match records.commit(draft).await {
            Ok(()) => self.put_policy(&state),
            // An admin was faster: his change settled it too.
            Err(RecordError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

/// The most that was and is asked of anybody, where an act changed that.
fn ceilings(before: &PolicyState, after: &PolicyState, now: UnixSeconds) -> Option<Ceilings> {
    let ceilings = Ceilings {
        before: before.ceiling(None, now),
        after: after.ceiling(None, now),
    };
    (ceilings.before != ceilings.after).then_some(ceilings)
}

/// The rules that are not any more what they were, the default under the empty subject.
fn replaced(before: &PolicyState, after: &PolicyState) -> Vec<Rule> {
    let rules = before.rules.rules.iter().cloned();
    let default = Rule {
        subject: Subject::default(),
        demand: before.rules.default,
    };
    let changed = |rule: &Rule| {
        if rule.subject == Subject::default() {
            return rule.demand != after.rules.default;
        }
        !after.rules.rules.contains(rule)
    };
    rules.chain([default]).filter(changed).collect()
}
