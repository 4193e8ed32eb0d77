use super::*;
use serde_json::Value;

/// Every field that can be recorded, and what it is in JSON. A new line here is a decision: it may
/// hold ids, labels and numbers, and nothing that opens anything (invariant I10).
const FIELDS: [&str; 102] = [
    "activated.entry: text",
    "activated.phone: text",
    "activated.replaced: flag",
    "clock-accepted.before: number",
    "clock-accepted.now: number",
    "clock-accepted.reason: text",
    "code-issued.checked: text",
    "code-issued.number: text",
    "code-issued.reason: text",
    "code-issued.until: number",
    "code-mailed.source: text",
    "code-refused.factor: text",
    "code-refused.failures: number",
    "code-refused.lane: text",
    "code-refused.reason: text",
    "directory-imported.accounts: number",
    "directory-imported.reason: text",
    "directory-imported.removed: number",
    "disabled.entry: text",
    "email-set.checked: text",
    "email-set.number: text",
    "email-set.reason: text",
    "email-set.set: flag",
    "exempted.before: number",
    "exempted.reason: text",
    "exempted.until: number",
    "glass-file.broken: flag",
    "glass-file.ceiling: text",
    "glass-file.reason: text",
    "glass-file.until: number",
    "identity-changed.to.user_id: text",
    "identity-changed.to.user_type: text",
    "login-abandoned.reason: text",
    "login-accepted.factor: text",
    "login-accepted.lane: text",
    "login-accepted.left: number",
    "login-denied.asker: text",
    "login-denied.late: flag",
    "login-denied.not_me: flag",
    "login-released.mode: text",
    "login-released.would_ask: flag",
    "login-waiting.activation: flag",
    "login-waiting.mode: text",
    "policy-changed.act.act: text",
    "policy-changed.act.change.demand.from: number",
    "policy-changed.act.change.demand.mode: text",
    "policy-changed.act.change.demand.proof: text",
    "policy-changed.act.change.demand.skips: number",
    "policy-changed.act.change.demand.unread: text",
    "policy-changed.act.change.demand.until: number",
    "policy-changed.act.change.subjects[].role: text",
    "policy-changed.act.change.subjects[].user_type: text",
    "policy-changed.act.rollback.least: number",
    "policy-changed.act.rollback.minutes: number",
    "policy-changed.act.rollback.percent: number",
    "policy-changed.after[].mode: text",
    "policy-changed.after[].proof: text",
    "policy-changed.after[].subject.role: text",
    "policy-changed.after[].subject.user_type: text",
    "policy-changed.after[].unread: text",
    "policy-changed.before[].mode: text",
    "policy-changed.before[].proof: text",
    "policy-changed.before[].subject.role: text",
    "policy-changed.before[].subject.user_type: text",
    "policy-changed.before[].unread: text",
    "policy-changed.ceiling.after: text",
    "policy-changed.ceiling.before: text",
    "policy-changed.reason: text",
    "policy-changed.revision: number",
    "policy-settled.after[].mode: text",
    "policy-settled.after[].proof: text",
    "policy-settled.after[].subject.role: text",
    "policy-settled.after[].subject.user_type: text",
    "policy-settled.after[].unread: text",
    "policy-settled.before[].mode: text",
    "policy-settled.before[].proof: text",
    "policy-settled.before[].subject.role: text",
    "policy-settled.before[].subject.user_type: text",
    "policy-settled.before[].unread: text",
    "policy-settled.revision: number",
    "profile-drifted.sign: text",
    "put-off.skips: number",
    "record.account.user_id: text",
    "record.account.user_type: text",
    "record.actor: text",
    "record.at: number",
    "record.client: text",
    "record.request: text",
    "record.role: text",
    "recovery-made.left: number",
    "reset-denied.asker: text",
    "reset-denied.late: flag",
    "reset.checked: text",
    "reset.entry: text",
    "reset.number: text",
    "reset.reason: text",
    "session-ended.reason: text",
    "sessions-ended.count: number",
    "sessions-ended.reason: text",
    "sessions-ended.which: text",
    "unlocked.failures: number",
    "unlocked.reason: text",
];

/// The kinds that serde knows, in its own words.
fn kinds_of_serde() -> Vec<String> {
    let error = serde_json::from_str::<AuditEvent>(r#"{"kind":"?"}"#).unwrap_err();
    let text = error.to_string();
    let (_, known) = text.split_once("expected one of ").unwrap();
    let quoted = known.split('`').skip(1).step_by(2);
    quoted.map(str::to_owned).collect()
}

#[test]
fn kinds_are_the_labels_that_are_stored() {
    assert_eq!(kinds_of_serde(), AuditEvent::KINDS);
    let samples = sample::events();
    assert_eq!(
        samples.iter().map(AuditEvent::kind).collect::<Vec<_>>(),
        AuditEvent::KINDS,
        "every kind has its sample"
    );
    for event in samples {
        let stored = serde_json::to_value(&event).unwrap();
        assert_eq!(stored["kind"], event.kind());
    }
}

fn leaves(path: &str, value: &Value, found: &mut Vec<(String, &'static str, String)>) {
    let shape = match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                leaves(&format!("{path}.{name}"), value, found);
            }
            return;
        }
        Value::String(_) => "text",
        Value::Number(_) => "number",
        Value::Bool(_) => "flag",
        Value::Array(items) => {
            for item in items {
                leaves(&format!("{path}[]"), item, found);
            }
            return;
        }
        Value::Null => "nothing",
    };
    let shown = value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned);
    found.push((path.to_owned(), shape, shown));
}

#[test]
fn fields_are_ids_labels_and_numbers() {
    let mut found = Vec::new();
    for record in sample::records(UnixSeconds(1_800_000_000)) {
        let mut whole = serde_json::to_value(&record).unwrap();
        let mut event = whole.as_object_mut().unwrap().remove("event").unwrap();
        event.as_object_mut().unwrap().remove("kind");
        leaves("record", &whole, &mut found);
        leaves(record.event.kind(), &event, &mut found);
    }
    let mut fields: Vec<String> = found
        .iter()
        .map(|(path, shape, _)| format!("{path}: {shape}"))
        .collect();
    fields.sort();
    fields.dedup();
    assert_eq!(fields, FIELDS);
    // A code is six digits, a secret 20 bytes, a ticket 32: no sample may look like one.
    for (path, _, shown) in &found {
        let digits = shown.bytes().all(|byte| byte.is_ascii_digit());
        assert!(
            !(digits && shown.len() == 6),
            "{path} looks like a code: {shown}"
        );
        assert!(shown.len() < 27, "{path} is as long as a secret: {shown}");
    }
}
