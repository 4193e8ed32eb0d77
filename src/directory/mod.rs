//! The application's own directory of registered e-mail addresses, only read.
//!
//! May import: `primitives`, `config`. To add another kind of directory: a file with an implementation
//! of [`Addresses`], and its line in `app/`.

mod sql;

pub use sql::SqlAddresses;

use crate::primitives::{AccountId, EmailAddress};
use async_trait::async_trait;

/// Registered addresses that the application itself keeps.
#[async_trait]
pub trait Addresses: Send + Sync {
    /// The address of an account; `None` where it has none, or more than one.
    ///
    /// # Errors
    /// [`Unavailable`]: it cannot be told at this moment.
    async fn look_up(&self, account: &AccountId) -> Result<Option<EmailAddress>, Unavailable>;
}

/// The directory does not answer; the text is for the operator.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub String);

/// There is nowhere to ask.
#[derive(Debug, Default)]
pub struct NoAddresses;

#[async_trait]
impl Addresses for NoAddresses {
    async fn look_up(&self, _: &AccountId) -> Result<Option<EmailAddress>, Unavailable> {
        Ok(None)
    }
}
