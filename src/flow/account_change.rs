//! Writing an account that its owner changed: what goes with it in one step, and what its sessions do then.

use crate::authenticator::Factor;
use crate::domain::audit::AuditEvent;
use crate::domain::enrollment::{Account, Activation};
use crate::domain::mail::AddressChange;
use crate::domain::push::Wakeable;
use crate::domain::session::GatewaySession;
use crate::domain::standing::Standing;
use crate::domain::throttle::{Attempts, Lane};
use crate::flow::sessions::LiveSession;
use crate::flow::{Client, Engine, FlowError};
use crate::primitives::{AccountId, EmailAddress, Role};
use crate::store::Expect;
use crate::store::records::{Draft, RecordError, Records};
use std::sync::Arc;

impl Engine {
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
        let role = session.record().identity.as_ref().map(|i| i.role.clone());
        let record = GatewaySession {
            account_epoch: changed.account.epoch,
            factor,
            ..session.to_record()
        };
        let who = role.as_ref().map(|role| (&id, role.as_str()));
        let audit = self.audit(client, who, changed.event.clone());
        let draft = self
            .writes_of(&changed, role.as_ref())?
            .put(&record.id.0, Expect::Any, &record)
            .delete::<Activation>(&[b"s", &session.id().0[..]].concat(), Expect::Any)
            .audit(&audit);
        match records.commit(draft).await {
            Ok(()) => {
                session.go_on(changed.account.epoch, factor);
                Ok(true)
            }
            Err(RecordError::Conflict) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// What a change writes, and the letter to an address that ends with it: the last one that it gets.
    pub(crate) fn writes_of(
        &self,
        changed: &AccountChange,
        role: Option<&Role>,
    ) -> Result<Draft, FlowError> {
        let draft = changed.writes(self.records()?);
        let whose = (&changed.account.id, role);
        let ended = changed.ended.clone();
        self.with_told(draft, whose, ended, AddressChange::OwnEnded)
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
    /// What is kept of it besides, where that changes too.
    pub(crate) standing: Option<(Standing, Expect)>,
    /// The owner's own address that ended with an authenticator.
    pub(crate) ended: Option<EmailAddress>,
    pub(crate) event: AuditEvent,
}

impl AccountChange {
    /// Account and standing; whoever gets this far has no failures any more.
    fn writes(&self, records: &Records) -> Draft {
        let key = records.account_key(&self.account.id);
        let mut draft = records.draft().put(&key, self.expect, &self.account);
        if let Some((standing, expect)) = &self.standing {
            draft = draft.put(&key, *expect, standing);
        }
        // Where a phone can be woken ends with it, and is said anew by the next.
        draft = draft.delete::<Wakeable>(&key, Expect::Any);
        for factor in [Factor::Totp, Factor::Recovery, Factor::Device] {
            for lane in [Lane::KnownBrowser, Lane::Unknown] {
                let key = records.attempts_key(&self.account.id, factor, lane);
                draft = draft.delete::<Attempts>(&key, Expect::Any);
            }
        }
        draft
    }
}
