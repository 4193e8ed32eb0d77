//! What is written down for good: who, what, from where, under which request. No secret can get
//! in: the fields are ids, labels and numbers (invariant I10).
//!
//! A code is no text, and has no way to become one by accident; a secret and a ticket neither:
//!
//! ```compile_fail,E0308
//! # use gerbang::{authenticator::Factor, domain::{audit::AuditEvent, throttle::Lane}};
//! # use gerbang::primitives::OtpCode;
//! fn refused(code: OtpCode) -> AuditEvent {
//!     AuditEvent::CodeRefused { factor: Factor::Totp, lane: Lane::Unknown, reason: code, failures: 1 }
//! }
//! ```
//! ```compile_fail,E0277
//! fn reason(code: gerbang::primitives::OtpCode) -> String {
//!     code.to_string()
//! }
//! ```
//! ```compile_fail,E0277
//! fn reason(code: gerbang::primitives::OtpCode) -> String {
//!     code.into()
//! }
//! ```
//! ```compile_fail,E0308
//! # use gerbang::{domain::audit::AuditEvent, primitives::SharedSecret};
//! fn activated(secret: SharedSecret) -> AuditEvent {
//!     AuditEvent::Activated { entry: secret, replaced: false, phone: None }
//! }
//! ```
//! ```compile_fail,E0277
//! fn entry(secret: gerbang::primitives::SharedSecret) -> String {
//!     format!("{secret}")
//! }
//! ```
//! ```compile_fail,E0308
//! # use gerbang::{domain::audit::AuditEvent, primitives::Ticket};
//! fn ended(ticket: Ticket) -> AuditEvent {
//!     AuditEvent::SessionEnded { reason: ticket }
//! }
//! ```
//! ```compile_fail,E0277
//! fn reason(ticket: gerbang::primitives::Ticket) -> String {
//!     format!("{ticket}")
//! }
//! ```
//! What may be given compiles:
//! ```
//! # use gerbang::domain::audit::AuditEvent;
//! let event = AuditEvent::SessionEnded { reason: "idle".into() };
//! assert_eq!(event.kind(), "session-ended");
//! ```

pub mod sample;

use crate::authenticator::Factor;
use crate::domain::policy::act::Act;
use crate::domain::policy_file::{Mode, Rule};
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
    /// The admin who did it, where it was not the account's owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// What happened.
    pub event: AuditEvent,
}

/// The most that is asked of anybody, before an act and after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ceilings {
    /// Before.
    pub before: Mode,
    /// After.
    pub after: Mode,
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
        /// Where it was a recovery code: how many are left.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        left: Option<u64>,
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
    /// The phone said no to a login, which ended unless that was too late.
    LoginDenied {
        /// "Bukan saya", rather than a slip of the finger.
        not_me: bool,
        /// The login was over, or its session could not be found: nothing was ended.
        late: bool,
        /// Address of the client that had logged in.
        asker: String,
    },
    /// An authenticator was bound, and recovery codes were made with it.
    Activated {
        /// Which entry, as its letter.
        entry: String,
        /// Whether it replaced another one.
        replaced: bool,
        /// What the phone calls itself that may approve logins, where one joined.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        phone: Option<String>,
    },
    /// The authenticator was removed by its owner, with a current code; its recovery codes went with it.
    Disabled {
        /// Which entry.
        entry: String,
    },
    /// The owner made new recovery codes, with a current code; those before are dead.
    RecoveryMade {
        /// How many of those before were left.
        left: u64,
    },
    /// A link to reset the second factor was mailed to the registered address.
    ResetMailed,
    /// The owner confirmed the reset behind the link and was shown a code.
    ResetConfirmed,
    /// The owner said "bukan saya": the reset was cancelled, if it was not too late.
    ResetDenied {
        /// Address of the client that had asked for it.
        asker: String,
        /// Its code was used before, or replaced: there was nothing left to cancel.
        late: bool,
    },
    /// An activation code was mailed to the registered address, after the password.
    CodeMailed {
        /// Who says that the address is the owner's: one word.
        source: String,
    },
    /// The owner typed an address of his own, and a code goes there.
    AddressTyped,
    /// The owner confirmed an address of his own by a mailed code.
    AddressConfirmed,
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
    /// An activation was put off ("nanti saja") and the login released with the password alone.
    PutOff {
        /// How often now.
        skips: u32,
    },
    /// An activation code was typed after the password and allows an activation.
    CodeTyped,
    /// The policy was changed by an admin, or rolled back by the gateway itself.
    PolicyChanged {
        /// What was done.
        act: Act,
        /// Why.
        reason: String,
        /// The rules that are not any more what they were.
        before: Vec<Rule>,
        /// What they are now.
        after: Vec<Rule>,
        /// The most that was and is asked of anybody, where that changed: ceiling and break glass.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ceiling: Option<Ceilings>,
        /// The policy's number afterwards.
        revision: u64,
    },
    /// Something planned came to its time.
    PolicySettled {
        /// The rules that are not any more what they were.
        before: Vec<Rule>,
        /// What they are now.
        after: Vec<Rule>,
        /// The policy's number afterwards.
        revision: u64,
    },
    /// Break glass by a file of root, seen or gone.
    GlassFile {
        /// Whether it is broken now.
        broken: bool,
        /// The ceiling meanwhile.
        ceiling: Mode,
        /// First second after it.
        until: UnixSeconds,
        /// Why.
        reason: String,
    },
    /// The help desk took the second factor and its recovery codes away.
    Reset {
        /// Which entry was bound, if any.
        entry: Option<String>,
        /// Letter or ticket.
        number: String,
        /// What was checked.
        checked: String,
        /// Why.
        reason: String,
    },
    /// The help desk handed an activation code out.
    CodeIssued {
        /// First second in which it is no good any more.
        until: UnixSeconds,
        /// Letter or ticket.
        number: String,
        /// What was checked.
        #[serde(default)]
        checked: String,
        /// Why.
        reason: String,
    },
    /// An admin ended sessions; each end has its own record besides.
    SessionsEnded {
        /// Which: an id, a user id, or all.
        which: String,
        /// How many, waiting logins included.
        count: u64,
        /// Why.
        reason: String,
    },
    /// An account was exempted, or its exemption changed or taken back.
    Exempted {
        /// End of the exemption before, if there was one.
        before: Option<UnixSeconds>,
        /// End of the exemption now, if there is one.
        until: Option<UnixSeconds>,
        /// Why.
        reason: String,
    },
    /// An account's counters of wrong codes were cleared.
    Unlocked {
        /// Wrong codes that had been counted.
        failures: u32,
        /// Why.
        reason: String,
    },
    /// The help desk set the registered address of an account, or took its own back.
    EmailSet {
        /// Whether there is one from the help desk now.
        set: bool,
        /// Letter or ticket.
        number: String,
        /// What was checked.
        checked: String,
        /// Why.
        reason: String,
    },
    /// A list of registered addresses was taken over.
    DirectoryImported {
        /// Accounts in it.
        accounts: u64,
        /// Accounts that lost the address of an earlier list.
        removed: u64,
        /// Why.
        reason: String,
    },
    /// The clock was accepted as right though it is behind the highest time ever seen.
    ClockAccepted {
        /// Highest time before.
        before: UnixSeconds,
        /// The time now.
        now: UnixSeconds,
        /// Why.
        reason: String,
    },
    /// The forms of the login do not fit the profile any more: logins may go unrecognised.
    ProfileDrifted {
        /// What was seen instead; words of the profile and names of fields only.
        sign: String,
    },
    /// They fit again.
    ProfileFits,
}

impl AuditEvent {
    /// Every label, as stored, exported and named in `[audit.retention]`.
    pub const KINDS: [&'static str; 32] = [
        "login-waiting",
        "login-released",
        "login-accepted",
        "code-refused",
        "login-abandoned",
        "login-denied",
        "activated",
        "disabled",
        "recovery-made",
        "reset-mailed",
        "reset-confirmed",
        "reset-denied",
        "code-mailed",
        "address-typed",
        "address-confirmed",
        "session-ended",
        "identity-changed",
        "put-off",
        "code-typed",
        "policy-changed",
        "policy-settled",
        "glass-file",
        "reset",
        "code-issued",
        "sessions-ended",
        "exempted",
        "unlocked",
        "email-set",
        "directory-imported",
        "clock-accepted",
        "profile-drifted",
        "profile-fits",
    ];

    /// The label of what happened.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::LoginWaiting { .. } => "login-waiting",
            Self::LoginReleased { .. } => "login-released",
            Self::LoginAccepted { .. } => "login-accepted",
            Self::CodeRefused { .. } => "code-refused",
            Self::LoginAbandoned { .. } => "login-abandoned",
            Self::LoginDenied { .. } => "login-denied",
            Self::Activated { .. } => "activated",
            Self::Disabled { .. } => "disabled",
            Self::RecoveryMade { .. } => "recovery-made",
            Self::ResetMailed => "reset-mailed",
            Self::ResetConfirmed => "reset-confirmed",
            Self::ResetDenied { .. } => "reset-denied",
            Self::CodeMailed { .. } => "code-mailed",
            Self::AddressTyped => "address-typed",
            Self::AddressConfirmed => "address-confirmed",
            Self::SessionEnded { .. } => "session-ended",
            Self::IdentityChanged { .. } => "identity-changed",
            Self::PutOff { .. } => "put-off",
            Self::CodeTyped => "code-typed",
            Self::PolicyChanged { .. } => "policy-changed",
            Self::PolicySettled { .. } => "policy-settled",
            Self::GlassFile { .. } => "glass-file",
            Self::Reset { .. } => "reset",
            Self::CodeIssued { .. } => "code-issued",
            Self::SessionsEnded { .. } => "sessions-ended",
            Self::Exempted { .. } => "exempted",
            Self::Unlocked { .. } => "unlocked",
            Self::EmailSet { .. } => "email-set",
            Self::DirectoryImported { .. } => "directory-imported",
            Self::ClockAccepted { .. } => "clock-accepted",
            Self::ProfileDrifted { .. } => "profile-drifted",
            Self::ProfileFits => "profile-fits",
        }
    }
}

#[cfg(test)]
mod tests;
