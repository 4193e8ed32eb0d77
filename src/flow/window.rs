//! How long the acceptor of a waiting login is open.

use crate::domain::login::{LoginLimits, WaitingLogin};
use crate::flow::{Engine, FlowError, TRIES};
use crate::primitives::{Ticket, UnixSeconds, WaitingRef};
use crate::store::Expect;
use crate::store::records::RecordError;

/// A change of a waiting login; `false` when there is nothing to change.
type Change = fn(&mut WaitingLogin, LoginLimits, UnixSeconds) -> bool;

impl Engine {
    /// Extends the acceptor's window.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn extend(&self, reference: WaitingRef, ticket: &Ticket) -> Result<bool, FlowError> {
        self.change_window(reference, ticket, WaitingLogin::extend)
            .await
    }

    /// Keeps the acceptor open for the rest of the login's life, for whoever turns to a recovery code.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn give_time(
        &self,
        reference: WaitingRef,
        ticket: &Ticket,
    ) -> Result<bool, FlowError> {
        self.change_window(reference, ticket, WaitingLogin::give_time)
            .await
    }

    async fn change_window(
        &self,
        reference: WaitingRef,
        ticket: &Ticket,
        change: Change,
    ) -> Result<bool, FlowError> {
        for _ in 0..TRIES {
            let Some(mut login) = self.waiting_login(reference, ticket).await? else {
                return Ok(false);
            };
            if !change(&mut login.value, self.settings.login, self.now()) {
                return Ok(false);
            }
            let records = self.records()?;
            let expect = Expect::Version(login.version);
            match records
                .commit(records.draft().put(&reference.0, expect, &login.value))
                .await
            {
                Ok(()) => return Ok(true),
                Err(RecordError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(false)
    }
}
