//! What is counted: one method for each happening.

use super::cells::{Counter, Durations, Level, NO_LABEL, OTHER, Share, Table, place};
use super::labels::{
    AdminAnswer, CookieDrop, Denied, Judged, Login, Mailed, ProbeKind, Pushed, RequestKind,
};
use crate::authenticator::Factor;
use crate::clock::Stopwatch;
use crate::domain::audit::AuditEvent;
use crate::domain::enrollment::Confirmation;
use crate::primitives::UnixSeconds;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// What stands for a code that was accepted among the reasons of refusal.
pub(super) const NOT_REFUSED: &str = "none";

/// Everything that is counted, for the life of the process.
#[derive(Debug)]
pub struct Metrics {
    pub(super) started: UnixSeconds,
    pub(super) requests: Table<7, 1>,
    pub(super) connections: Level,
    pub(super) connections_refused: Counter,
    pub(super) second_factor: Table<4, 8>,
    pub(super) drift_steps: Table<3, 1>,
    pub(super) activation: Table<4, 5>,
    pub(super) logins: Table<5, 1>,
    pub(super) acts: Table<22, 1>,
    pub(super) login_requests: Table<3, 1>,
    pub(super) recognised: Counter,
    pub(super) denied: Table<3, 1>,
    pub(super) dropped_cookies: Table<4, 1>,
    pub(super) probes: Table<3, 2>,
    pub(super) probe_seconds: Durations,
    pub(super) sessions_ended: Table<13, 1>,
    pub(super) identity_changes: Counter,
    pub(super) commit_seconds: Durations,
    pub(super) commits: Table<6, 1>,
    /// Place in [`COMMIT_WORDS`] of how the last commit ended.
    last_commit: AtomicUsize,
    pub(super) audit_sequence: AtomicU64,
    pub(super) looks: Table<3, 1>,
    pub(super) admin: Table<2, 1>,
    pub(super) mailed: Table<5, 1>,
    pub(super) pushed: Table<4, 1>,
    /// Letters that wait, and letters that were given up.
    pub(super) outbox: [AtomicUsize; 2],
    pub(super) role_ready: BTreeMap<String, Share>,
    alive: Stopwatch,
    /// Milliseconds of `alive` at the last sign of life.
    beat: AtomicU64,
}

/// What admins did, and what the gateway did in their name, by the kind of the audit record.
const ACTS: [&str; 22] = [
    "login-denied",
    "put-off",
    "code-typed",
    "recovery-made",
    "reset-mailed",
    "reset-confirmed",
    "reset-denied",
    "code-mailed",
    "address-typed",
    "address-confirmed",
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
    OTHER,
];

/// Second factors, as [`method`] names them.
const METHODS: [&str; 4] = ["totp", "activation-code", "recovery-code", "phone"];

/// How a commit ended, for metrics; `ok` and `conflict` are both the store at work.
pub(super) const COMMIT_WORDS: [&str; 6] = ["ok", "conflict", "full", "stopped", "stalled", OTHER];

impl Metrics {
    /// For a process that started at `started`, in front of an application with these role labels.
    pub fn new<'r>(started: UnixSeconds, roles: impl IntoIterator<Item = &'r str>) -> Self {
        let roles = roles.into_iter().chain([OTHER]);
        let refusals = [
            NOT_REFUSED,
            "malformed",
            "wrong",
            "used",
            "late",
            "wait",
            "exhausted",
            OTHER,
        ];
        let ends = [
            "logout",
            "idle",
            "absolute",
            "upstream-ended",
            "other-user",
            "in-doubt",
            "policy",
            "activated",
            "disabled",
            "admin",
            "reset",
            "clock",
            OTHER,
        ];
        Self {
            started,
            requests: Table::new(RequestKind::WORDS, NO_LABEL),
            connections: Level::default(),
            connections_refused: Counter::default(),
            second_factor: Table::new(METHODS, refusals),
            drift_steps: Table::new(["-1", "0", "1"], NO_LABEL),
            activation: Table::new(
                ["begin", "confirm", "remove", OTHER],
                ["ok", "wrong", "late", "closed", OTHER],
            ),
            logins: Table::new(Login::WORDS, NO_LABEL),
            acts: Table::new(ACTS, NO_LABEL),
            login_requests: Table::new(Judged::WORDS, NO_LABEL),
            recognised: Counter::default(),
            denied: Table::new(Denied::WORDS, NO_LABEL),
            dropped_cookies: Table::new(CookieDrop::WORDS, NO_LABEL),
            probes: Table::new(Judged::WORDS, ProbeKind::WORDS),
            probe_seconds: Durations::default(),
            sessions_ended: Table::new(ends, NO_LABEL),
            identity_changes: Counter::default(),
            commit_seconds: Durations::default(),
            commits: Table::new(COMMIT_WORDS, NO_LABEL),
            last_commit: AtomicUsize::new(0),
            audit_sequence: AtomicU64::new(0),
            looks: Table::new(["fits", "drift", "unreachable"], NO_LABEL),
            admin: Table::new(AdminAnswer::WORDS, NO_LABEL),
            mailed: Table::new(Mailed::WORDS, NO_LABEL),
            pushed: Table::new(Pushed::WORDS, NO_LABEL),
            outbox: Default::default(),
            role_ready: roles
                .map(|role| (role.to_owned(), Share::unknown()))
                .collect(),
            alive: Stopwatch::start(),
            beat: AtomicU64::new(0),
        }
    }

    /// A request came.
    pub fn request(&self, kind: RequestKind) {
        self.requests.count(kind.word(), "");
    }

    /// A connection of a browser; it counts as open until the guard is dropped.
    pub fn connection(self: &std::sync::Arc<Self>) -> OpenConnection {
        self.connections.add(1);
        OpenConnection(self.clone())
    }

    /// Connections that are open now.
    pub fn open_connections(&self) -> i64 {
        self.connections.read()
    }

    /// A connection was closed at once, because too many are open.
    pub fn connection_refused(&self) {
        self.connections_refused.count();
    }

    /// The drift of a code that fits, in steps.
    pub fn code_fits(&self, drift_steps: i64) {
        let word = match drift_steps {
            ..0 => "-1",
            0 => "0",
            1.. => "1",
        };
        self.drift_steps.count(word, "");
    }

    /// An activation began: a secret is shown.
    pub fn activation_begun(&self) {
        self.activation.count("begin", "ok");
    }

    /// A code typed for an activation was compared. One that binds is told by its audit event.
    pub fn activation_judged(&self, confirmed: Confirmation) -> Confirmation {
        match &confirmed {
            Confirmation::Over => self.activation.count("confirm", "closed"),
            Confirmation::Late => self.activation.count("confirm", "late"),
            Confirmation::Wrong => self.activation.count("confirm", "wrong"),
            Confirmation::Bound(_) => {}
        }
        confirmed
    }

    /// How a login went on. Those that an audit event tells are counted by [`Metrics::count`].
    pub fn login(&self, how: Login) {
        self.logins.count(how.word(), "");
    }

    /// The answer to a known login was judged.
    pub fn login_request(&self, judged: Judged) {
        self.login_requests.count(judged.word(), "");
    }

    /// Somebody was found to be logged in, by whatever evidence.
    pub fn login_recognised(&self) {
        self.recognised.count();
    }

    /// Something was kept from somebody without his second factor.
    pub fn denied(&self, what: Denied) {
        self.denied.count(what.word(), "");
    }

    /// A cookie did not go up.
    pub fn dropped_cookie(&self, why: CookieDrop) {
        self.dropped_cookies.count(why.word(), "");
    }

    /// A probe was made and took so long, its turn included.
    pub fn probe(&self, judged: Judged, of: ProbeKind, took: Duration) {
        self.probes.count(judged.word(), of.word());
        self.probe_seconds.note(took);
    }

    /// A commit to the store ended: one of `ok`, `conflict`, `full`, `stopped`, `stalled`, else other.
    pub fn commit(&self, how: &str, took: Duration) {
        self.commits.count(how, "");
        self.last_commit
            .store(place(&COMMIT_WORDS, how), Ordering::Relaxed);
        self.commit_seconds.note(took);
    }

    /// How the last commit ended; `ok` before the first.
    pub fn last_commit(&self) -> &'static str {
        let at = self.last_commit.load(Ordering::Relaxed);
        COMMIT_WORDS.get(at).copied().unwrap_or(OTHER)
    }

    /// The audit log reached this sequence number.
    pub fn audit_reached(&self, sequence: u64) {
        self.audit_sequence.fetch_max(sequence, Ordering::Relaxed);
    }

    /// A look at the forms of the login ended: `fits`, `drift` or `unreachable`.
    pub fn look(&self, how: &str) {
        self.looks.count(how, "");
    }

    /// A letter was tried.
    pub fn mailed(&self, how: Mailed) {
        self.mailed.count(how.word(), "");
    }

    /// A message was to wake a phone.
    pub fn pushed(&self, how: Pushed) {
        self.pushed.count(how.word(), "");
    }

    /// Letters that wait, and letters that were given up.
    pub fn set_outbox(&self, waiting: usize, dead: usize) {
        for (cell, count) in self.outbox.iter().zip([waiting, dead]) {
            cell.store(count, Ordering::Relaxed);
        }
    }

    /// The admin listener answered.
    pub fn admin(&self, how: AdminAnswer) {
        self.admin.count(how.word(), "");
    }

    /// How many of each role's users have a second factor, and how many there are. Those that the
    /// profile does not list are added up as `other`; a role of nobody has no value.
    pub fn set_roles_ready<'r>(&self, roles: impl IntoIterator<Item = (&'r str, usize, usize)>) {
        let mut sums: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for (role, active, seen) in roles {
            let known = self.role_ready.contains_key(role);
            let sum = sums.entry(if known { role } else { OTHER }).or_default();
            *sum = (sum.0 + active, sum.1 + seen);
        }
        let number = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        for (role, cell) in &self.role_ready {
            let sum = sums.get(role.as_str()).filter(|(_, seen)| *seen > 0);
            cell.set(sum.map(|(active, seen)| number(*active) / number(*seen)));
        }
    }

    /// The sweeper is through with a sweep.
    pub fn beat(&self) {
        let millis = u64::try_from(self.alive.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.beat.fetch_max(millis, Ordering::Relaxed);
    }

    /// Time since the sweeper was last through, or since the start.
    pub fn since_beat(&self) -> Duration {
        let last = Duration::from_millis(self.beat.load(Ordering::Relaxed));
        self.alive.elapsed().saturating_sub(last)
    }

    /// Counts what an audit event tells, so that a happening is counted in one place only.
    pub fn count(&self, event: &AuditEvent) {
        match event {
            AuditEvent::LoginWaiting { .. } => self.login(Login::Waiting),
            AuditEvent::LoginReleased { would_ask, .. } => self.login(match would_ask {
                true => Login::Observed,
                false => Login::Released,
            }),
            // Which logins were accepted is counted where the session begins: an activation is one
            // of the ways.
            AuditEvent::LoginAccepted { factor, .. } => {
                self.second_factor.count(method(*factor), NOT_REFUSED);
            }
            AuditEvent::CodeRefused { factor, reason, .. } => {
                // An unknown reason must not count as an acceptance, so the list ends with `other`.
                self.second_factor.count(method(*factor), reason);
            }
            AuditEvent::LoginAbandoned { .. } => self.login(Login::Abandoned),
            AuditEvent::Activated { .. } => self.activation.count("confirm", "ok"),
            AuditEvent::Disabled { .. } => self.activation.count("remove", "ok"),
            AuditEvent::SessionEnded { reason } => self.sessions_ended.count(reason, ""),
            AuditEvent::IdentityChanged { .. } => self.identity_changes.count(),
            AuditEvent::CodeTyped => {
                self.second_factor
                    .count(method(Factor::ActivationCode), NOT_REFUSED);
                self.acts.count(event.kind(), "");
            }
            AuditEvent::PutOff { .. }
            | AuditEvent::LoginDenied { .. }
            | AuditEvent::RecoveryMade { .. }
            | AuditEvent::PolicyChanged { .. }
            | AuditEvent::PolicySettled { .. }
            | AuditEvent::GlassFile { .. }
            | AuditEvent::Reset { .. }
            | AuditEvent::CodeIssued { .. }
            | AuditEvent::SessionsEnded { .. }
            | AuditEvent::Exempted { .. }
            | AuditEvent::Unlocked { .. }
            | AuditEvent::ResetMailed
            | AuditEvent::ResetConfirmed
            | AuditEvent::ResetDenied { .. }
            | AuditEvent::CodeMailed { .. }
            | AuditEvent::AddressTyped
            | AuditEvent::AddressConfirmed
            | AuditEvent::EmailSet { .. }
            | AuditEvent::DirectoryImported { .. }
            | AuditEvent::ClockAccepted { .. } => self.acts.count(event.kind(), ""),
            // Told by the gauge of the state and by the counter of looks.
            AuditEvent::ProfileDrifted { .. } | AuditEvent::ProfileFits => {}
        }
    }
}

fn method(factor: Factor) -> &'static str {
    match factor {
        Factor::Totp => "totp",
        Factor::ActivationCode => "activation-code",
        Factor::Recovery => "recovery-code",
        Factor::Device => "phone",
    }
}

/// Counts a connection as open.
#[derive(Debug)]
pub struct OpenConnection(std::sync::Arc<Metrics>);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.connections.add(-1);
    }
}
