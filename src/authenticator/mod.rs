//! Second factors, one file each, pure: what is asked, what is typed, what it proves.
//!
//! May import: primitives. To add a factor: a file here, a variant in [`Factor`]; it is matched
//! without `_`, so the compiler lists the other places (stored record, page, template, sample).

pub mod device;
pub mod recovery;
pub mod totp;

use serde::{Deserialize, Serialize};

/// The kinds of second factor. Attempts are counted per account, factor and lane.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Factor {
    /// Time-based one-time password (RFC 6238).
    Totp,
    /// Code from the help desk that allows an activation. It opens no session by itself.
    ActivationCode,
    /// One of the printed codes, for when the phone is gone.
    Recovery,
    /// A yes of the phone that joined, with the number that the waiting page shows.
    Device,
}

impl Factor {
    /// Stable number in stored keys.
    pub fn number(self) -> u8 {
        match self {
            Self::Totp => 1,
            Self::ActivationCode => 2,
            Self::Recovery => 3,
            Self::Device => 4,
        }
    }
}
