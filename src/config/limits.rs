//! `[limits]`: how much of everything.

use super::reader::{Reader, Section};
use std::time::Duration;

/// Largest body of a login that can be carried out by the gateway itself, in bytes.
const LOGIN_BODY_BYTES_CEILING: u64 = 60 * 1024;

/// Sizes in bytes, counts, budgets. Refusals name the status that fits.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of a request's header block, request line included; beyond it 431.
    pub header_bytes_max: usize,
    /// Bytes of a form sent to the gateway's own pages; beyond it 413.
    pub form_body_bytes_max: usize,
    /// Bytes of a known login's body, at most 60 KiB; beyond it 413.
    pub login_body_bytes_max: usize,
    /// Known logins carried out at once; beyond it 503.
    pub logins_max: usize,
    /// Requests waiting for the verdict on their session; beyond it 503.
    pub waiting_posts_max: usize,
    /// How long such a request waits.
    pub waiting_post: Duration,
    /// Probes of known logins at once.
    pub probes_known_max: usize,
    /// Probes of blind candidates at once: a budget of its own, so that a flood of them cannot
    /// starve logins.
    pub probes_blind_max: usize,
}

pub(super) fn read(reader: &mut Reader) -> Limits {
    let section = Section::named("limits");
    let mut size = |name: &str, default: usize, low: u64, high: u64| {
        reader.size(&section, name, default, low..=high)
    };
    let limits = Limits {
        header_bytes_max: size("header_bytes_max", 16 * 1024, 2048, 1_048_575),
        form_body_bytes_max: size("form_body_bytes_max", 16 * 1024, 1024, 1_048_576),
        login_body_bytes_max: size(
            "login_body_bytes_max",
            60 * 1024,
            1024,
            LOGIN_BODY_BYTES_CEILING,
        ),
        logins_max: size("logins_max", 64, 1, 10_000),
        waiting_posts_max: size("waiting_posts_max", 256, 1, 100_000),
        probes_known_max: size("probes_known_max", 32, 1, 10_000),
        probes_blind_max: size("probes_blind_max", 8, 1, 10_000),
        waiting_post: Duration::ZERO,
    };
    Limits {
        waiting_post: Duration::from_secs(reader.number(
            &section,
            "waiting_post_seconds",
            10,
            1..=60,
        )),
        ..limits
    }
}

/// The place of the first of these keys that somebody wrote.
pub(super) fn written_of(
    reader: &mut Reader,
    section: &Section,
    names: &[&str],
) -> super::problem::Place {
    let written = names.iter().find_map(|name| reader.written(section, name));
    written.unwrap_or_else(|| section.place(names.first().copied().unwrap_or_default()))
}
