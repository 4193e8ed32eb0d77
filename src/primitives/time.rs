//! Time as plain numbers. Reading a clock is `clock.rs`' business alone (invariant I12).

use serde::{Deserialize, Serialize};

/// Seconds since the Unix epoch.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct UnixSeconds(pub u64);

impl UnixSeconds {
    /// Later by `seconds`.
    #[must_use]
    pub fn plus(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to here; 0 when `earlier` is later.
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The counter T derived from time (RFC 6238 section 4.2), T0 = 0.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct TimeStep(pub u64);
