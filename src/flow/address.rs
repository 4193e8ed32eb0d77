//! Where an account's owner is reached.

use crate::directory::Unavailable;
use crate::domain::directory::{Address, Registered};
use crate::domain::enrollment::Account;
use crate::domain::mail::{AddressChange, Letter};
use crate::flow::{Engine, FlowError};
use crate::primitives::{AccountId, EmailAddress, Role};
use crate::store::Expect;
use crate::store::records::Draft;

/// What is known of an account's address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Known {
    /// This one.
    At(Address),
    /// None.
    Nowhere,
    /// It cannot be told at this moment; the text is for the operator.
    Unsure(String),
}

impl Engine {
    /// The most trusted address of an account. May take as long as the database's time limit: never
    /// on the way of a request that has to be answered the same for everybody.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn address_of(&self, account: &AccountId) -> Result<Known, FlowError> {
        let records = self.records()?;
        let key = records.account_key(account);
        let stored = records.get::<Registered>(&key).await?;
        let kept = stored.map_or_else(|| Registered::new(account.clone()), |s| s.value);
        if kept.outranks_database() {
            return Ok(known(kept.best(None, None)));
        }
        let bound = records.get::<Account>(&key).await?;
        let own = bound.as_ref().and_then(|a| a.value.own_address());
        Ok(match self.addresses.look_up(account).await {
            Ok(database) => known(kept.best(database, own)),
            // An address of less trust must not stand in for one that could not be asked for.
            Err(Unavailable(why)) => Known::Unsure(why),
        })
    }

    /// With a letter to an address about what became of it there, where there is one: written in the
    /// step that changes it, so that it goes there and nowhere else.
    pub(crate) fn with_told(
        &self,
        draft: Draft,
        (account, role): (&AccountId, Option<&Role>),
        to: Option<EmailAddress>,
        change: AddressChange,
    ) -> Result<Draft, FlowError> {
        let Some(to) = to else {
            return Ok(draft);
        };
        let letter = Letter::AddressChanged {
            account: account.clone(),
            role: role.cloned(),
            to,
            change,
            at: self.now(),
        };
        self.with_letter(draft, letter)
    }
}

/// What is kept of an account's addresses, written; nothing where there is none.
pub(crate) fn with_kept(draft: Draft, key: &[u8], expect: Expect, kept: &Registered) -> Draft {
    match kept.is_empty() {
        true => draft.delete::<Registered>(key, expect),
        false => draft.put(key, expect, kept),
    }
}

fn known(best: Option<Address>) -> Known {
    best.map_or(Known::Nowhere, Known::At)
}
