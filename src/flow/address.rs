//! Where an account's owner is reached.

use crate::directory::Unavailable;
use crate::domain::directory::{Address, Registered};
use crate::flow::{Engine, FlowError};
use crate::primitives::AccountId;

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
            return Ok(known(kept.best(None)));
        }
        Ok(match self.addresses.look_up(account).await {
            Ok(database) => known(kept.best(database)),
            // An address of less trust must not stand in for one that could not be asked for.
            Err(Unavailable(why)) => Known::Unsure(why),
        })
    }
}

fn known(best: Option<Address>) -> Known {
    best.map_or(Known::Nowhere, Known::At)
}
