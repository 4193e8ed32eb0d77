//! What is written down for good: who, what, from where, under which request. No secret can get
//! in: the fields are ids, labels and numbers (invariant I10).

use crate::authenticator::Factor;
use crate::domain::policy_file::Mode;
use crate::domain::throttle::Lane;
use crate::primitives::{AccountId, UnixSeconds};
use serde::{Deserialize, Serialize};

/// One record of the audit log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuditRecord {
    /// When.
    pub at: UnixSeconds,
    /// Whose account, as far as it is known.
    pub account: Option<AccountId>,
    /// Role label at that time.
    pub role: Option<String>,
    /// Address of the client.
    pub client: String,
    /// Request that led to it.
    pub request: String,
    /// What happened.
    pub event: AuditEvent,
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum AuditEvent {
    /// The password was accepted and a second factor is due.
    LoginWaiting {
        /// Mode that asked for it.
        mode: Mode,
        /// Whether an activation is due, rather than a code.
        activation: bool,
    },
    /// Released without a second factor, because the policy asks for none.
    LoginReleased {
        /// Mode that allowed it.
        mode: Mode,
        /// Under `observe`: whether a second factor would have been asked.
        would_ask: bool,
    },
    /// A second factor was accepted.
    LoginAccepted {
        /// Which.
        factor: Factor,
        /// In which lane.
        lane: Lane,
    },
    /// A code was refused.
    CodeRefused {
        /// Which factor.
        factor: Factor,
        /// In which lane.
        lane: Lane,
        /// Why, one word.
        reason: String,
        /// Consecutive failures in this lane now.
        failures: u32,
    },
    /// A waiting login ended without acceptance.
    LoginAbandoned {
        /// Why, one word.
        reason: String,
    },
    /// An authenticator was bound.
    Activated {
        /// Which entry, as its letter.
        entry: String,
        /// Whether it replaced another one.
        replaced: bool,
    },
    /// The authenticator was removed by its owner, with a current code.
    Disabled {
        /// Which entry.
        entry: String,
    },
    /// A session ended.
    SessionEnded {
        /// Why, one word.
        reason: String,
    },
    /// Somebody else appeared inside an accepted session.
    IdentityChanged {
        /// Who.
        to: AccountId,
    },
    /// The forms of the login do not fit the profile any more: logins may go unrecognised.
    ProfileDrifted {
        /// What was seen instead; words of the profile and names of fields only.
        sign: String,
    },
    /// They fit again.
    ProfileFits,
}
