//! What can be wrong with a typed code, as words: shared by activation, acceptor and disable.

use crate::render::contact::{self, Contact};
use crate::render::problem::WordsError;
use crate::render::words::{Say, Words};
use serde_json::{Value, json};

/// Waits from here on are told in minutes: nobody counts 900 seconds.
const SECONDS_TOLD_MAX: u32 = 120;

/// `{what, advice}` of the error box.
pub(super) fn error(what: Say, advice: Option<Say>) -> Value {
    json!({ "what": what, "advice": advice })
}

pub(super) fn wrong() -> Say {
    Say::key("code.wrong")
}

pub(super) fn malformed() -> Value {
    error(
        Say::key("code.malformed"),
        Some(Say::key("code.malformed_advice")),
    )
}

pub(super) fn late() -> Value {
    error(Say::key("code.late"), Some(Say::key("code.late_advice")))
}

pub(super) fn used(seconds: u32) -> Value {
    error(Say::key("code.used").with("seconds", seconds), None)
}

pub(super) fn wait(seconds: u32) -> Value {
    let say = if seconds <= SECONDS_TOLD_MAX {
        Say::key("code.wait_seconds").with("seconds", seconds)
    } else {
        Say::key("code.wait_minutes").with("minutes", seconds.div_ceil(60))
    };
    error(say, None)
}

pub(super) fn exhausted(
    recovery_codes: bool,
    contacts: &[Contact],
    words: &Words,
) -> Result<Value, WordsError> {
    let key = if recovery_codes {
        "code.exhausted_recovery"
    } else {
        "code.exhausted"
    };
    Ok(error(
        Say::key(key).with("contact", contact::spoken(contacts, words)?),
        None,
    ))
}

pub(super) fn busy() -> Value {
    error(Say::key("code.busy"), Some(Say::key("code.busy_advice")))
}

/// `minutes` and `seconds` of what is left.
pub(super) fn split(seconds_left: u32) -> (u32, u32) {
    (seconds_left / 60, seconds_left % 60)
}
