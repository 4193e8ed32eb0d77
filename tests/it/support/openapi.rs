//! The committed document of the app's protocol, and a strict reader of what it says: every answer that a
//! test gets from the protocol is held against it, and every request that was taken.
//!
//! Of JSON Schema it knows what the document uses, and fails on anything else.

use serde_json::Value;
use std::sync::LazyLock;

/// The document.
pub(crate) static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    const PLACE: &str = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/deploy/authenticator.openapi.json"
    );
    serde_json::from_str(&std::fs::read_to_string(PLACE).unwrap()).unwrap()
});

/// The action below its server, or nothing.
fn operation(action: &str) -> &'static Value {
    &DOCUMENT["paths"][format!("/{action}")]["post"]
}

fn followed(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str() {
        Some(to) => DOCUMENT.pointer(to.strip_prefix('#').unwrap()).unwrap(),
        None => value,
    }
}

/// Holds an answer against the document. What is no action at all is answered as the others are.
#[track_caller]
pub(crate) fn check_answer(action: &str, status: u16, body: &Value) {
    let known = match operation(action).is_null() {
        true => operation("waiting"),
        false => operation(action),
    };
    let answer = followed(&known["responses"][status.to_string()]);
    assert!(
        answer.is_object(),
        "{action}: {status} is not in the document: {body}"
    );
    let schema = &answer["content"]["application/json"]["schema"];
    check(schema, body, &format!("{action} {status}"));
}

/// Holds a request that was taken against the document.
#[track_caller]
pub(crate) fn check_request(action: &str, body: &Value) {
    let schema = &operation(action)["requestBody"]["content"]["application/json"]["schema"];
    assert!(schema.is_object(), "{action} is not in the document");
    check(schema, body, action);
}

#[track_caller]
fn check(schema: &'static Value, value: &Value, what: &str) {
    let schema = followed(schema);
    for (rule, said) in schema.as_object().unwrap() {
        let good = match rule.as_str() {
            "description" => true,
            "const" => value == said,
            "enum" => said.as_array().unwrap().contains(value),
            "type" => is_of(said, value),
            "pattern" => fits(said.as_str().unwrap(), value.as_str().unwrap()),
            "minimum" => value.as_u64().unwrap() >= said.as_u64().unwrap(),
            "maximum" => value.as_u64().unwrap() <= said.as_u64().unwrap(),
            "required" => said
                .as_array()
                .unwrap()
                .iter()
                .all(|name| value.get(name.as_str().unwrap()).is_some()),
            "additionalProperties" => value
                .as_object()
                .unwrap()
                .keys()
                .all(|name| schema["properties"].get(name).is_some()),
            "properties" => {
                for (name, inner) in said.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        check(inner, value, &format!("{what}.{name}"));
                    }
                }
                true
            }
            "items" => {
                for value in value.as_array().unwrap() {
                    check(said, value, what);
                }
                true
            }
            other => panic!("{what}: a rule that is not understood: {other}"),
        };
        assert!(good, "{what}: {rule} {said}: {value}");
    }
}

fn is_of(kind: &Value, value: &Value) -> bool {
    match kind {
        Value::Array(kinds) => kinds.iter().any(|kind| is_of(kind, value)),
        _ => match kind.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "integer" => value.is_u64(),
            "null" => value.is_null(),
            other => panic!("a type that is not understood: {other}"),
        },
    }
}

fn fits(pattern: &str, text: &str) -> bool {
    regex::Regex::new(pattern).unwrap().is_match(text)
}
