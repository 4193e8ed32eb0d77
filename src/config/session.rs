//! `[session]`, `[login]`, `[activation]`: how long things live, in seconds.

use super::limits::written_of;
use super::reader::{Reader, Section};

/// Accepted sessions.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SessionTimes {
    /// Without a request, seconds; requests under way hold the session open.
    pub idle_seconds: u64,
    /// Since acceptance, seconds (800-63B: at most 12 h at AAL2).
    pub absolute_seconds: u64,
}

/// Logins that wait for their second factor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoginTimes {
    /// Whole life of a waiting login, seconds.
    pub waiting_seconds: u64,
    /// The acceptor's countdown, seconds.
    pub acceptor_window_seconds: u64,
    /// How often the countdown can be started anew.
    pub extensions_max: u32,
}

/// Activations under way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActivationTimes {
    /// Whole life of an activation, seconds.
    pub lifetime_seconds: u64,
    /// How long each QR is shown, seconds.
    pub qr_window_seconds: u64,
}

pub(super) fn read_session(reader: &mut Reader) -> SessionTimes {
    let section = Section::named("session");
    let times = SessionTimes {
        idle_seconds: reader.number(&section, "idle_seconds", 1800, 60..=86_400),
        absolute_seconds: reader.number(&section, "absolute_seconds", 43_200, 300..=86_400),
    };
    let (idle, absolute) = (times.idle_seconds, times.absolute_seconds);
    if idle > absolute {
        let place = written_of(reader, &section, &["idle_seconds", "absolute_seconds"]);
        let message = format!("idle_seconds ({idle}) is more than absolute_seconds ({absolute})");
        reader.problem(&place, message);
    }
    times
}

pub(super) fn read_login(reader: &mut Reader) -> LoginTimes {
    let section = Section::named("login");
    let times = LoginTimes {
        waiting_seconds: reader.number(&section, "waiting_seconds", 600, 60..=3600),
        acceptor_window_seconds: reader.number(&section, "acceptor_window_seconds", 60, 30..=600),
        extensions_max: u32::try_from(reader.number(&section, "extensions_max", 2, 0..=10))
            .unwrap_or(2),
    };
    let waits = times.acceptor_window_seconds * (1 + u64::from(times.extensions_max));
    if waits > times.waiting_seconds {
        let names = [
            "acceptor_window_seconds",
            "extensions_max",
            "waiting_seconds",
        ];
        let place = written_of(reader, &section, &names);
        let message = format!(
            "the countdown with its extensions takes {waits} s, but the login waits only \
             waiting_seconds ({})",
            times.waiting_seconds
        );
        reader.problem(&place, message);
    }
    times
}

pub(super) fn read_activation(reader: &mut Reader) -> ActivationTimes {
    let section = Section::named("activation");
    let times = ActivationTimes {
        lifetime_seconds: reader.number(&section, "lifetime_seconds", 600, 60..=3600),
        qr_window_seconds: reader.number(&section, "qr_window_seconds", 60, 30..=3600),
    };
    let (window, life) = (times.qr_window_seconds, times.lifetime_seconds);
    if window > life {
        let place = written_of(reader, &section, &["qr_window_seconds", "lifetime_seconds"]);
        let message =
            format!("qr_window_seconds ({window}) is more than lifetime_seconds ({life})");
        reader.problem(&place, message);
    }
    times
}
