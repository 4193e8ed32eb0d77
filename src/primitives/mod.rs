//! Newtypes: what every other room speaks of. Pure values, no clock, no randomness, no I/O.
//!
//! May import: nothing of this crate. To add one: a file with the type, its checks in the
//! constructor ("parse at the edge, once"), a redacted `Debug` when it is a secret.

pub mod account;
pub mod browser;
pub(crate) mod crockford;
pub mod date;
pub mod email;
pub mod id;
pub mod lang;
pub mod point;
pub mod secret;
pub mod time;

pub use account::{AccountId, Identity, Role, UserId, UserType};
pub use browser::BrowserName;
pub use date::{LocalDate, Zone};
pub use email::EmailAddress;
pub use id::{
    ChallengeId, DeviceId, GatewaySessionId, InviteToken, LinkToken, PhoneHandle, Ticket,
    UpstreamKey, WaitingRef,
};
pub use lang::Lang;
pub use point::P256Point;
pub use secret::{ActivationCode, ApprovalNumber, OtpCode, SharedSecret};
pub use time::{TimeStep, UnixSeconds};
