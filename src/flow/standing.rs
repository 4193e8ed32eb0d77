//! How it stands with what a page waits for, without anybody's ticket: whoever asks has shown it.

use crate::domain::approval::Answered;
use crate::domain::enrollment::Activation;
use crate::domain::login::{Need, Outcome, WaitingLogin};
use crate::flow::{Engine, FlowError};
use crate::primitives::WaitingRef;

/// How it stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Nothing has happened.
    Waiting,
    /// The phone joined, or said yes: the page may go on.
    Ready,
    /// There is something else to be seen: the page is to be loaded again.
    Changed,
}

impl Standing {
    /// The word that scripts read.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Ready => "ready",
            Self::Changed => "changed",
        }
    }
}

impl Engine {
    /// Of a login that waits for its phone.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn login_standing(&self, reference: WaitingRef) -> Result<Standing, FlowError> {
        let found = self.records()?.get::<WaitingLogin>(&reference.0).await?;
        let now = self.now();
        Ok(match found.map(|stored| stored.value) {
            None => Standing::Changed,
            Some(login) if login.outcome != Outcome::Waiting || login.need != Need::Verify => {
                Standing::Changed
            }
            Some(login) => match login.approval.as_deref() {
                Some(asked) if asked.may_be_taken_up(now) => Standing::Ready,
                Some(asked) if asked.state == Answered::Open => Standing::Waiting,
                Some(_) | None => Standing::Changed,
            },
        })
    }

    /// Of an activation, by its key.
    ///
    /// # Errors
    /// [`FlowError`] when the store fails.
    pub async fn activation_standing(&self, key: &[u8]) -> Result<Standing, FlowError> {
        let Some(found) = self.records()?.get::<Activation>(key).await? else {
            return Ok(Standing::Changed);
        };
        Ok(match self.joined(&found.value).await? {
            Some(_) => Standing::Ready,
            None => Standing::Waiting,
        })
    }
}
