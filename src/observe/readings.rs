//! What is not counted but looked up when somebody scrapes.

/// What is not counted but looked up at a scrape.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Readings {
    /// Accepted sessions.
    pub sessions: SessionCounts,
    /// Upstream sessions that are remembered.
    pub upstream: UpstreamCounts,
    /// Pages that wait for a phone.
    pub waiting_pages: u64,
    /// The store takes writes.
    pub store_up: bool,
    /// What the store holds; `None` while it is shut.
    pub store: Option<StoreReading>,
    /// How far the clock is behind the highest time ever seen, in seconds.
    pub clock_behind: u64,
    /// It is confirmed that the profile does not fit the application.
    pub drift: bool,
    /// Something points that way.
    pub drift_suspected: bool,
    /// The application answered at the last look.
    pub upstream_up: bool,
    /// Logins can be served.
    pub ready: bool,
}

/// Accepted sessions by what they were accepted with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SessionCounts {
    /// With a second factor.
    pub second_factor: u64,
    /// With the password alone, because the policy asks for no more.
    pub password: u64,
}

/// Upstream sessions that are remembered, by state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct UpstreamCounts {
    /// Free.
    pub free: u64,
    /// No verdict yet.
    pub suspect: u64,
    /// A second factor is due.
    pub awaiting: u64,
    /// Released.
    pub accepted: u64,
    /// Released, and in doubt for the moment.
    pub held: u64,
    /// Over.
    pub ended: u64,
}

/// What the store holds.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct StoreReading {
    /// Bytes on the disk.
    pub bytes: u64,
    /// Records by kind, with the kind's word.
    pub records: Vec<(&'static str, u64)>,
    /// Sequence number of the last audit record.
    pub audit_sequence: u64,
}
