//! What is looked up when somebody scrapes the metrics. Walks over sessions in memory; no request
//! waits for it.

use crate::domain::upstream_session::State;
use crate::flow::Engine;
use crate::observe::{Readings, SessionCounts, StoreReading, UpstreamCounts};

impl Engine {
    /// The metrics, as Prometheus reads them.
    pub fn metrics_text(&self) -> String {
        self.metrics.text(&self.readings())
    }

    fn readings(&self) -> Readings {
        let ready = self.readiness();
        let up = |name: &str| {
            let check = ready.checks.iter().find(|check| check.name == name);
            check.is_some_and(|check| check.ok)
        };
        let stats = self.records().ok().and_then(|records| records.stats());
        Readings {
            sessions: self.session_counts(),
            upstream: self.upstream_counts(),
            waiting_pages: u64::try_from(self.wakes.listeners()).unwrap_or(u64::MAX),
            store_up: up("store"),
            store: stats.map(|stats| StoreReading {
                bytes: stats.bytes_on_disk,
                audit_sequence: stats.audit_sequence,
                records: stats
                    .records
                    .into_iter()
                    .map(|(kind, count)| (kind.word(), count))
                    .collect(),
            }),
            clock_behind: self.clock_behind(),
            drift: self.drift(),
            drift_suspected: self.drift_suspected(),
            upstream_up: up("upstream"),
            ready: ready.is_ok(),
        }
    }

    fn session_counts(&self) -> SessionCounts {
        let mut counts = SessionCounts::default();
        for session in self.sessions.all() {
            match session.factor() {
                Some(_) => counts.second_factor += 1,
                None => counts.password += 1,
            }
        }
        counts
    }

    fn upstream_counts(&self) -> UpstreamCounts {
        let mut counts = UpstreamCounts::default();
        self.table.each_state(|state| {
            let count = match state {
                State::Free => &mut counts.free,
                State::Suspect => &mut counts.suspect,
                State::Awaiting(_) => &mut counts.awaiting,
                State::Accepted(_) => &mut counts.accepted,
                State::Held(_) => &mut counts.held,
                State::Ended => &mut counts.ended,
            };
            *count += 1;
        });
        counts
    }
}
