//! What was decided about requests a moment ago, for `explain request`. In memory, bounded; paths
//! and names stay out: they are in the audit log where they belong.

use crate::primitives::UnixSeconds;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// Decisions kept, and refusals kept.
const KEPT_MAX: usize = 20_000;

/// One decision about one request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trace {
    /// When.
    pub at: UnixSeconds,
    /// What was decided, for an operator.
    pub what: String,
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// The last decisions. Requests that were only passed on leave none.
#[derive(Debug, Default)]
pub struct Traces {
    decisions: Ring,
    /// Apart: whoever asks for error pages must not push the decisions out.
    refusals: Ring,
}

#[derive(Debug, Default)]
struct Ring(Mutex<VecDeque<(String, Trace)>>);

impl Traces {
    /// Notes a decision.
    pub fn note(&self, request: &str, at: UnixSeconds, what: String) {
        self.decisions.note(request, at, what);
    }

    /// Notes an error page.
    pub fn note_refusal(&self, request: &str, at: UnixSeconds, what: String) {
        self.refusals.note(request, at, what);
    }

    /// What was decided about a request, in order, and the error page that it got.
    pub fn of(&self, request: &str) -> Vec<Trace> {
        let mut all = self.decisions.of(request);
        all.extend(self.refusals.of(request));
        all
    }
}

impl Ring {
    fn note(&self, request: &str, at: UnixSeconds, what: String) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back((request.to_owned(), Trace { at, what }));
    }

    fn of(&self, request: &str) -> Vec<Trace> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_request = kept.iter().filter(|(id, _)| id == request);
        of_request.map(|(_, trace)| trace.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first_and_requests_are_told_apart() {
        let traces = Traces::default();
        let now = UnixSeconds(1_800_000_000);
        traces.note("a", now, "first".into());
        for n in 0..KEPT_MAX - 1 {
            traces.note("b", now, n.to_string());
        }
        assert_eq!(traces.of("a").len(), 1);
        assert_eq!(traces.of("b").len(), KEPT_MAX - 1);
        traces.note("c", now, "last".into());
        assert!(traces.of("a").is_empty());
        assert_eq!(traces.of("c")[0].to_string(), "last");
        for _ in 0..=KEPT_MAX {
            traces.note_refusal("d", now, "an error page".into());
        }
        assert_eq!(traces.of("c").len(), 1, "error pages push no decision out");
    }
}
