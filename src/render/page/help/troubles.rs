//! What users see when something goes wrong, in the very words of the pages that say it, and what to do.

use crate::render::words::Say;
use serde_json::{Value, json};

/// Stands for a number that differs each time.
const SOME: &str = "…";

/// Anchor, the messages that are seen, and when it is shown. What to do is `trouble.<anchor>`.
const TROUBLES: [(&str, &[&str]); 20] = [
    ("kode-salah", &["code.wrong"]),
    ("jam-hp", &["code.clock"]),
    ("kode-dipakai", &["code.used"]),
    ("kode-lewat", &["code.late"]),
    ("entri-lama", &["code.old_entry"]),
    (
        "percobaan",
        &["code.wait_seconds", "code.exhausted_recovery"],
    ),
    ("qr-tertutup", &["activation.closed"]),
    ("tidak-bisa-memindai", &["trouble.scan_seen"]),
    ("kode-aktivasi", &["proof.code_label", "proof.wrong"]),
    ("kode-pemulihan", &["recover.wrong", "recover.used"]),
    (
        "sesi-tertutup",
        &["notice.session_closed.what", "notice.ticket_unknown.what"],
    ),
    ("kode-diterima", &["notice.already_accepted.what"]),
    ("ditolak", &["notice.forbidden.what"]),
    (
        "cookie",
        &["trouble.cookie_seen", "notice.bad_request_cookie.what"],
    ),
    ("javascript", &["trouble.javascript_seen"]),
    ("hp-hilang", &["trouble.lost_seen"]),
    ("ganti-hp", &["trouble.change_seen"]),
    ("email-reset", &["trouble.mail_seen"]),
    (
        "login-berhenti",
        &["notice.store_unavailable.what", "notice.clock_wrong.what"],
    ),
    (
        "spse",
        &[
            "notice.identity_unreadable.what",
            "notice.upstream_down.what",
        ],
    ),
];

/// The one that makes sense only where letters are sent.
const BY_MAIL: &str = "email-reset";

/// The troubles as the template shows them.
pub(super) fn views(by_mail: bool, contact: &str) -> Vec<Value> {
    TROUBLES
        .iter()
        .filter(|(id, _)| by_mail || *id != BY_MAIL)
        .map(|(id, seen)| {
            let seen: Vec<Say> = seen.iter().map(|key| seen_as(key, contact)).collect();
            json!({ "id": id, "seen": seen, "todo": todo(id, by_mail, contact) })
        })
        .collect()
}

/// A message as a page shows it, with what differs each time left open.
fn seen_as(key: &'static str, contact: &str) -> Say {
    let say = Say::key(key);
    match key {
        "code.used" | "code.wait_seconds" => say.with("seconds", SOME),
        "code.clock" => say.with("time", SOME),
        "code.exhausted_recovery" => say.with("contact", contact),
        _ => say,
    }
}

fn todo(id: &str, by_mail: bool, contact: &str) -> Say {
    let say = Say::key(match (id, by_mail) {
        ("kode-aktivasi", true) => "trouble.kode-aktivasi_email".to_owned(),
        _ => format!("trouble.{id}"),
    });
    match id {
        "percobaan" | "kode-aktivasi" | "hp-hilang" | "email-reset" | "login-berhenti" | "spse" => {
            say.with("contact", contact)
        }
        _ => say,
    }
}
