//! How long a record of the audit log keeps its words. What is older is replaced by a stub that
//! keeps the chain whole; see `store/records/redact.rs`.

use crate::primitives::UnixSeconds;
use std::collections::BTreeMap;

/// Nothing is younger than this when it goes, whatever is configured, in days: an incident is
/// often noticed after months.
pub const RETENTION_DAYS_MIN: u64 = 90;

const DAY_SECONDS: u64 = 86_400;

/// Days by kind of record ([`AuditEvent::kind`](super::audit::AuditEvent::kind)).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Retention {
    default_days: u64,
    exceptions: BTreeMap<String, u64>,
}

/// Kinds that are kept equally long.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RetentionClass {
    /// How long, in days.
    pub days: u64,
    /// Which kinds, as one text: another text means that the log has to be looked through anew.
    pub label: String,
}

impl Default for Retention {
    fn default() -> Self {
        Self::new(730, BTreeMap::new())
    }
}

impl Retention {
    /// So many days for all kinds but those of `exceptions`; fewer than [`RETENTION_DAYS_MIN`]
    /// count as that many.
    pub fn new(default_days: u64, exceptions: BTreeMap<String, u64>) -> Self {
        let floor = |days: u64| days.max(RETENTION_DAYS_MIN);
        let exceptions = exceptions
            .into_iter()
            .map(|(kind, days)| (kind, floor(days)));
        Self {
            default_days: floor(default_days),
            exceptions: exceptions.collect(),
        }
    }

    /// How long records of a kind are kept, in days.
    pub fn days(&self, kind: &str) -> u64 {
        self.exceptions
            .get(kind)
            .copied()
            .unwrap_or(self.default_days)
    }

    /// Whether a record of this kind and time has been kept long enough at `now`.
    pub fn is_over(&self, kind: &str, at: UnixSeconds, now: UnixSeconds) -> bool {
        is_over(self.days(kind), at, now)
    }

    /// The kinds, put together by how long they are kept; the shortest time first.
    pub fn classes(&self) -> Vec<RetentionClass> {
        let mut kinds: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
        kinds.entry(self.default_days).or_default();
        for (kind, days) in &self.exceptions {
            kinds.entry(*days).or_default().push(kind);
        }
        let elsewhere: Vec<&str> = self
            .exceptions
            .iter()
            .filter(|(_, days)| **days != self.default_days)
            .map(|(kind, _)| kind.as_str())
            .collect();
        let classes = kinds.into_iter().map(|(days, kinds)| {
            let label = if days == self.default_days {
                format!("{days}:all but {}", elsewhere.join(","))
            } else {
                format!("{days}:{}", kinds.join(","))
            };
            RetentionClass { days, label }
        });
        classes.collect()
    }
}

impl RetentionClass {
    /// Whether a record of this time has been kept long enough at `now`.
    pub fn is_over(&self, at: UnixSeconds, now: UnixSeconds) -> bool {
        is_over(self.days, at, now)
    }
}

fn is_over(days: u64, at: UnixSeconds, now: UnixSeconds) -> bool {
    now.since(at) >= days.saturating_mul(DAY_SECONDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retention(default_days: u64, exceptions: &[(&str, u64)]) -> Retention {
        let exceptions = exceptions
            .iter()
            .map(|(kind, days)| ((*kind).to_owned(), *days));
        Retention::new(default_days, exceptions.collect())
    }

    #[test]
    fn a_kind_has_its_own_days_or_the_default() {
        let retention = retention(730, &[("code-refused", 180)]);
        assert_eq!(retention.days("code-refused"), 180);
        assert_eq!(retention.days("login-accepted"), 730);
        assert_eq!(retention.days("a kind of tomorrow"), 730);
        assert_eq!(Retention::default().days("activated"), 730);
    }

    #[test]
    fn nothing_goes_before_ninety_days() {
        let retention = retention(0, &[("code-refused", 1)]);
        let at = UnixSeconds(1_800_000_000);
        for kind in ["code-refused", "activated"] {
            assert_eq!(retention.days(kind), 90);
            assert!(!retention.is_over(kind, at, at.plus(90 * DAY_SECONDS - 1)));
            assert!(retention.is_over(kind, at, at.plus(90 * DAY_SECONDS)));
        }
    }

    #[test]
    fn a_record_of_the_future_is_kept() {
        let (at, now) = (UnixSeconds(2_000_000_000), UnixSeconds(1_000_000_000));
        assert!(!Retention::default().is_over("activated", at, now));
        assert!(
            !retention(u64::MAX, &[]).is_over("activated", now, at),
            "no overflow"
        );
    }

    #[test]
    fn kinds_that_are_kept_equally_long_are_one_class() {
        let classes = |retention: Retention| {
            let classes = retention.classes().into_iter();
            classes
                .map(|class| (class.days, class.label))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            classes(retention(
                365,
                &[("b", 180), ("a", 180), ("c", 365), ("d", 1000)]
            )),
            [
                (180, "180:a,b".to_owned()),
                (365, "365:all but a,b,d".to_owned()),
                (1000, "1000:d".to_owned()),
            ]
        );
        assert_eq!(
            classes(Retention::default()),
            [(730, "730:all but ".to_owned())]
        );
    }
}
