use super::*;
use crate::authenticator::Factor;
use crate::domain::audit::AuditEvent;
use crate::domain::policy_file::Mode;
use crate::domain::throttle::Lane;
use crate::primitives::UnixSeconds;
use std::sync::Arc;
use std::time::Duration;

fn metrics() -> Arc<Metrics> {
    Arc::new(Metrics::new(
        UnixSeconds(1_800_000_000),
        ["Auditor", "a\"\\\nb"],
    ))
}

/// The line of a sample, without its value.
fn value(metrics: &Metrics, sample: &str) -> Option<String> {
    let text = metrics.text(&Readings::default());
    text.lines().find_map(|line| {
        let (name, value) = line.rsplit_once(' ')?;
        (name == sample).then(|| value.to_owned())
    })
}

#[track_caller]
fn assert_value(metrics: &Metrics, sample: &str, wanted: &str) {
    assert_eq!(value(metrics, sample).as_deref(), Some(wanted), "{sample}");
}

#[test]
fn every_event_is_counted_where_it_belongs() {
    let metrics = metrics();
    let refused = |reason: &str| AuditEvent::CodeRefused {
        factor: Factor::Totp,
        lane: Lane::Unknown,
        reason: reason.to_owned(),
        failures: 1,
    };
    let mode = Mode::Required;
    let waiting = AuditEvent::LoginWaiting {
        mode,
        activation: false,
    };
    let accepted = AuditEvent::LoginAccepted {
        factor: Factor::Totp,
        lane: Lane::Unknown,
        left: None,
    };
    let ended = |reason: &str| AuditEvent::SessionEnded {
        reason: reason.to_owned(),
    };
    for event in [
        waiting,
        accepted,
        refused("wrong"),
        refused("wrong"),
        refused("REKANAN1 203.0.113.9 /eproc4/home"),
        ended("logout"),
        ended("REKANAN1"),
        AuditEvent::LoginReleased {
            mode: Mode::Observe,
            would_ask: true,
        },
    ] {
        metrics.count(&event);
    }
    for (sample, wanted) in [
        ("gerbang_logins_total{result=\"waiting\"}", "1"),
        ("gerbang_logins_total{result=\"observed\"}", "1"),
        ("gerbang_logins_total{result=\"accepted\"}", "0"),
        (
            "gerbang_second_factor_total{method=\"totp\",result=\"accepted\",reason=\"none\"}",
            "1",
        ),
        (
            "gerbang_second_factor_total{method=\"totp\",result=\"refused\",reason=\"wrong\"}",
            "2",
        ),
        (
            "gerbang_second_factor_total{method=\"totp\",result=\"refused\",reason=\"other\"}",
            "1",
        ),
        ("gerbang_sessions_ended_total{reason=\"logout\"}", "1"),
        ("gerbang_sessions_ended_total{reason=\"other\"}", "1"),
    ] {
        assert_value(&metrics, sample, wanted);
    }
    assert!(!metrics.text(&Readings::default()).contains("REKANAN1"));
}

#[test]
fn durations_are_summed_up_by_bucket() {
    let metrics = metrics();
    for millis in [0, 1, 4, 700, 3_000, 60_000] {
        metrics.commit("ok", Duration::from_millis(millis));
    }
    let name = "gerbang_store_commit_seconds";
    for (le, count) in [
        ("0.001", "2"),
        ("0.005", "3"),
        ("0.5", "3"),
        ("1", "4"),
        ("2.5", "4"),
        ("10", "5"),
        ("+Inf", "6"),
    ] {
        assert_value(&metrics, &format!("{name}_bucket{{le=\"{le}\"}}"), count);
    }
    assert_value(&metrics, &format!("{name}_count"), "6");
    assert_value(&metrics, &format!("{name}_sum"), "63.705");
    assert_eq!(metrics.last_commit(), "ok");
    for (how, last) in [
        ("full", "full"),
        ("nonsense", "other"),
        ("conflict", "conflict"),
    ] {
        metrics.commit(how, Duration::ZERO);
        assert_eq!(metrics.last_commit(), last);
    }
}

#[test]
fn only_the_profiles_roles_are_labels() {
    let metrics = metrics();
    assert_eq!(
        value(&metrics, "gerbang_role_ready_ratio{role=\"Auditor\"}"),
        None
    );
    metrics.set_roles_ready([
        ("Auditor", 0, 3),
        // The same role of another user type.
        ("Auditor", 1, 1),
        ("a\"\\\nb", 2, 2),
        ("somebody's own", 2, 3),
        ("somebody else's", 0, 1),
    ]);
    assert_value(
        &metrics,
        "gerbang_role_ready_ratio{role=\"Auditor\"}",
        "0.25",
    );
    assert_value(
        &metrics,
        "gerbang_role_ready_ratio{role=\"a\\\"\\\\\\nb\"}",
        "1",
    );
    assert_value(&metrics, "gerbang_role_ready_ratio{role=\"other\"}", "0.5");
    metrics.set_roles_ready([]);
    assert_eq!(
        value(&metrics, "gerbang_role_ready_ratio{role=\"Auditor\"}"),
        None
    );
}

#[test]
fn connections_count_while_they_are_open() {
    let metrics = metrics();
    let one = metrics.connection();
    let two = metrics.connection();
    assert_value(&metrics, "gerbang_connections", "2");
    drop(one);
    assert_value(&metrics, "gerbang_connections", "1");
    drop(two);
    assert_value(&metrics, "gerbang_connections", "0");
}

#[test]
fn a_sign_of_life_resets_the_time_without_one() {
    let metrics = metrics();
    std::thread::park_timeout(Duration::from_millis(30));
    assert!(metrics.since_beat() >= Duration::from_millis(20));
    let before = metrics.since_beat();
    metrics.beat();
    assert!(metrics.since_beat() < before);
}

#[test]
fn drift_and_sequence() {
    let metrics = metrics();
    for steps in [-1, 0, 0, 1, 7, -9] {
        metrics.code_fits(steps);
    }
    for (steps, count) in [("-1", "2"), ("0", "2"), ("1", "2")] {
        let sample = format!("gerbang_totp_drift_steps_total{{steps=\"{steps}\"}}");
        assert_value(&metrics, &sample, count);
    }
    metrics.audit_reached(9);
    metrics.audit_reached(4);
    assert_value(&metrics, "gerbang_audit_last_sequence", "9");
    for (name, at_least) in [
        ("process_resident_memory_bytes", 100_000),
        ("process_open_fds", 1),
    ] {
        let read: u64 = value(&metrics, name).unwrap().parse().unwrap();
        assert!(read >= at_least, "{name} {read}");
    }
}
