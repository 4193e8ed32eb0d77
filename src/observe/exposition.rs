//! The text that Prometheus reads, format 0.0.4
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>).

use super::cells::{BUCKETS, Durations, Table};
use super::metrics::{Metrics, NOT_REFUSED};
use super::process;
use super::readings::{Readings, SessionCounts};
use std::fmt::Write;
use std::sync::atomic::{AtomicUsize, Ordering};

/// `Content-Type` of the text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The text under way.
struct Text(String);

/// Kinds of Prometheus.
const COUNTER: &str = "counter";
const GAUGE: &str = "gauge";

impl Text {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // A string takes whatever is written to it.
        let _ = writeln!(self.0, "# HELP {name} {help}");
        let _ = writeln!(self.0, "# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        self.0.push_str(name);
        for (at, (label, word)) in labels.iter().enumerate() {
            self.0.push(if at == 0 { '{' } else { ',' });
            let _ = write!(self.0, "{label}=\"{}\"", escaped(word));
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        let _ = writeln!(self.0, " {value}");
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl std::fmt::Display) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }

    fn by_word<const A: usize>(&mut self, name: &str, label: &str, help: &str, of: &Table<A, 1>) {
        self.family(name, COUNTER, help);
        for (word, _, count) in of.read() {
            self.sample(name, &[(label, word)], count);
        }
    }

    fn levels(&mut self, name: &str, label: &str, help: &str, of: &[(&str, u64)]) {
        self.family(name, GAUGE, help);
        for (word, level) in of {
            self.sample(name, &[(label, word)], level);
        }
    }

    fn durations(&mut self, name: &str, help: &str, of: &Durations) {
        self.family(name, "histogram", help);
        let read = of.read();
        let bucket = format!("{name}_bucket");
        for ((end, _), up_to) in BUCKETS.iter().zip(read.up_to) {
            self.sample(&bucket, &[("le", end)], up_to);
        }
        self.sample(&bucket, &[("le", "+Inf")], read.count);
        self.sample(&format!("{name}_sum"), &[], read.seconds);
        self.sample(&format!("{name}_count"), &[], read.count);
    }
}

/// A label's value as the format wants it.
fn escaped(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for sign in word.chars() {
        match sign {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            other => out.push(other),
        }
    }
    out
}

impl Metrics {
    /// Everything, as Prometheus reads it.
    pub fn text(&self, now: &Readings) -> String {
        let mut text = Text(String::with_capacity(16 * 1024));
        self.write_process(&mut text);
        self.write_requests(&mut text);
        self.write_logins(&mut text, now);
        self.write_store(&mut text, now);
        self.write_mail(&mut text);
        self.write_health(&mut text, now);
        text.0
    }

    fn write_process(&self, text: &mut Text) {
        let name = "gerbang_build_info";
        text.family(name, GAUGE, "The program; always 1.");
        text.sample(name, &[("version", env!("CARGO_PKG_VERSION"))], 1);
        text.one(
            "process_start_time_seconds",
            GAUGE,
            "When the process started, seconds since 1970.",
            self.started.0,
        );
        if let Some(bytes) = process::resident_bytes() {
            let help = "Memory that the process takes.";
            text.one("process_resident_memory_bytes", GAUGE, help, bytes);
        }
        if let Some(fds) = process::open_fds() {
            let help = "File descriptors that are open.";
            text.one("process_open_fds", GAUGE, help, fds);
        }
    }

    fn write_requests(&self, text: &mut Text) {
        text.by_word(
            "gerbang_requests_total",
            "kind",
            "Requests of browsers by how they travel.",
            &self.requests,
        );
        text.one(
            "gerbang_connections",
            GAUGE,
            "Connections of browsers that are open.",
            self.connections.read(),
        );
        text.one(
            "gerbang_connections_refused_total",
            COUNTER,
            "Connections closed at once, because too many were open.",
            self.connections_refused.read(),
        );
        text.by_word(
            "gerbang_dropped_cookies_total",
            "reason",
            "Cookies that did not go up.",
            &self.dropped_cookies,
        );
        text.by_word(
            "gerbang_pre_second_factor_denied_total",
            "what",
            "What was kept from somebody without his second factor.",
            &self.denied,
        );
        text.by_word(
            "gerbang_admin_requests_total",
            "result",
            "Requests on this listener.",
            &self.admin,
        );
    }

    fn write_logins(&self, text: &mut Text, now: &Readings) {
        text.by_word(
            "gerbang_logins_total",
            "result",
            "Logins that the application accepted, by how they went on.",
            &self.logins,
        );
        text.by_word(
            "gerbang_login_requests_total",
            "verdict",
            "Known logins by who was logged in afterwards.",
            &self.login_requests,
        );
        text.by_word(
            "gerbang_acts_total",
            "kind",
            "What admins did, what was planned and came, and what users put off.",
            &self.acts,
        );
        text.one(
            "gerbang_login_recognised_total",
            COUNTER,
            "Logins that were recognised, by whatever evidence.",
            self.recognised.read(),
        );
        self.write_second_factor(text);
        let name = "gerbang_activation_total";
        text.family(name, COUNTER, "Activations by stage.");
        for (stage, result, count) in self.activation.read() {
            // Most combinations cannot be.
            if count > 0 || (stage, result) == ("confirm", "ok") {
                text.sample(name, &[("stage", stage), ("result", result)], count);
            }
        }
        text.by_word(
            "gerbang_totp_drift_steps_total",
            "steps",
            "Codes that fit, by how many steps the phone is off.",
            &self.drift_steps,
        );
        let name = "gerbang_probes_total";
        text.family(
            name,
            COUNTER,
            "Questions to the application who is logged in.",
        );
        for (verdict, budget, count) in self.probes.read() {
            text.sample(name, &[("verdict", verdict), ("budget", budget)], count);
        }
        text.durations(
            "gerbang_probe_seconds",
            "How long such a question took, its turn included.",
            &self.probe_seconds,
        );
        text.by_word(
            "gerbang_sessions_ended_total",
            "reason",
            "Accepted sessions that ended.",
            &self.sessions_ended,
        );
        text.one(
            "gerbang_identity_changes_total",
            COUNTER,
            "Somebody else appeared inside an accepted session.",
            self.identity_changes.read(),
        );
        self.write_sessions(text, now);
    }

    fn write_second_factor(&self, text: &mut Text) {
        let name = "gerbang_second_factor_total";
        text.family(name, COUNTER, "Second factors that were tried.");
        for (method, reason, count) in self.second_factor.read() {
            let accepted = reason == NOT_REFUSED;
            let result = if accepted { "accepted" } else { "refused" };
            let labels = [("method", method), ("result", result), ("reason", reason)];
            text.sample(name, &labels, count);
        }
    }

    fn write_sessions(&self, text: &mut Text, now: &Readings) {
        let SessionCounts {
            second_factor,
            password,
        } = now.sessions;
        text.levels(
            "gerbang_sessions",
            "kind",
            "Accepted sessions, by what they were accepted with.",
            &[("second_factor", second_factor), ("password", password)],
        );
        let up = &now.upstream;
        text.levels(
            "gerbang_upstream_sessions",
            "state",
            "Sessions of the application that are remembered.",
            &[
                ("free", up.free),
                ("suspect", up.suspect),
                ("awaiting", up.awaiting),
                ("accepted", up.accepted),
                ("held", up.held),
                ("ended", up.ended),
            ],
        );
        text.one(
            "gerbang_waiting_pages",
            GAUGE,
            "Pages that wait for a phone.",
            now.waiting_pages,
        );
        let name = "gerbang_role_ready_ratio";
        text.family(
            name,
            GAUGE,
            "Share of a role's users who have a second factor.",
        );
        for (role, share) in &self.role_ready {
            if let Some(share) = share.read() {
                text.sample(name, &[("role", role)], share);
            }
        }
    }

    fn write_store(&self, text: &mut Text, now: &Readings) {
        text.one(
            "gerbang_store_up",
            GAUGE,
            "1 while the store takes writes.",
            u8::from(now.store_up),
        );
        text.by_word(
            "gerbang_store_commits_total",
            "result",
            "Commits to the store.",
            &self.commits,
        );
        text.durations(
            "gerbang_store_commit_seconds",
            "How long a commit took until it was on the disk.",
            &self.commit_seconds,
        );
        let counted = self.audit_sequence.load(Ordering::Relaxed);
        let stored = now.store.as_ref().map_or(0, |store| store.audit_sequence);
        text.one(
            "gerbang_audit_last_sequence",
            GAUGE,
            "Number of the last audit record.",
            counted.max(stored),
        );
        if let Some(store) = &now.store {
            let help = "Bytes of the store on the disk.";
            text.one("gerbang_store_bytes", GAUGE, help, store.bytes);
            text.levels(
                "gerbang_store_records",
                "kind",
                "Records in the store.",
                &store.records,
            );
        }
    }

    fn write_mail(&self, text: &mut Text) {
        text.by_word(
            "gerbang_mail_total",
            "result",
            "Tries to send a letter.",
            &self.mailed,
        );
        text.by_word(
            "gerbang_push_total",
            "result",
            "Messages that were to wake a phone.",
            &self.pushed,
        );
        let [waiting, dead] = &self.outbox;
        let level = |cell: &AtomicUsize| cell.load(Ordering::Relaxed) as u64;
        text.levels(
            "gerbang_mail_letters",
            "state",
            "Letters in the outbox.",
            &[("waiting", level(waiting)), ("dead", level(dead))],
        );
    }

    fn write_health(&self, text: &mut Text, now: &Readings) {
        text.one(
            "gerbang_clock_behind_seconds",
            GAUGE,
            "How far the clock is behind the highest time ever seen.",
            now.clock_behind,
        );
        let flags = [
            (
                "gerbang_profile_drift",
                "1 when the login's forms do not fit the profile: it may not be recognised.",
                now.drift,
            ),
            (
                "gerbang_profile_drift_suspected",
                "1 when many known logins in a row logged nobody in.",
                now.drift_suspected,
            ),
            (
                "gerbang_upstream_up",
                "1 when the application answered at the last look.",
                now.upstream_up,
            ),
            ("gerbang_ready", "1 when logins can be served.", now.ready),
        ];
        for (name, help, flag) in flags {
            text.one(name, GAUGE, help, u8::from(flag));
        }
        text.by_word(
            "gerbang_profile_looks_total",
            "result",
            "Looks at the forms of the login.",
            &self.looks,
        );
    }
}
