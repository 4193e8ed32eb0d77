//! Time-based one-time passwords (RFC 6238): SHA-1, 6 digits, 30 s, 160 bit.
//!
//! One time step to either side of the remembered drift is accepted (RFC 6238 section 5.2 and 6;
//! a documented deviation from ASVS 6.5.5, which wants 30 s). A step is accepted once: whoever
//! calls [`verify`] stores the step it returns before anything is released.

use crate::primitives::{OtpCode, SharedSecret, TimeStep, UnixSeconds};
use serde::{Deserialize, Serialize};
use totp_rs::{Algorithm, Builder, Totp};

/// Step size X in seconds (RFC 6238 section 4.1).
pub const STEP_SECONDS: u64 = 30;
/// Accepted steps to either side of the remembered drift (RFC 6238 section 5.2).
pub const SKEW_STEPS: i64 = 1;
/// Largest remembered drift in steps: no more than the skew, so that a phone whose clock was set
/// right again always finds its code in the window.
pub const DRIFT_STEPS_MAX: i64 = SKEW_STEPS;
/// How far back a code is still told to be late instead of wrong, in steps.
const LATE_STEPS: u64 = 10;

/// What the verifier knows of one credential.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Credential {
    /// Shared secret.
    pub secret: SharedSecret,
    /// Highest step ever accepted; only larger ones are accepted (invariant I5).
    pub last_step: Option<TimeStep>,
    /// Remembered drift of the phone in steps, at most [`DRIFT_STEPS_MAX`] to either side.
    pub drift_steps: i64,
}

impl Credential {
    /// A fresh credential.
    pub fn new(secret: SharedSecret) -> Self {
        Self {
            secret,
            last_step: None,
            drift_steps: 0,
        }
    }
}

/// What a typed code proves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Good; `step` and `drift_steps` are to be stored before anything is released.
    Accepted {
        /// Step that matched.
        step: TimeStep,
        /// Drift to remember.
        drift_steps: i64,
    },
    /// A step that was accepted before, or one older than it.
    Used {
        /// Seconds until the app shows the next code.
        wait_seconds: u64,
    },
    /// Was good some minutes ago.
    Late,
    /// No step fits.
    Wrong,
}

/// The step of `now` (RFC 6238 section 4.2).
pub fn step_at(now: UnixSeconds) -> TimeStep {
    TimeStep(now.0 / STEP_SECONDS)
}

/// Judges `code` at `now`. Pure: it changes nothing.
pub fn verify(credential: &Credential, code: &OtpCode, now: UnixSeconds) -> Verdict {
    let totp = calculator(&credential.secret);
    let matches = |step: u64| {
        step.checked_mul(STEP_SECONDS)
            .is_some_and(|time| totp.check(code.expose(), time).is_some())
    };
    let current = step_at(now).0;
    let drift = credential
        .drift_steps
        .clamp(-DRIFT_STEPS_MAX, DRIFT_STEPS_MAX);
    let last = credential.last_step.map(|step| step.0);
    let mut used = false;
    for offset in drift - SKEW_STEPS..=drift + SKEW_STEPS {
        let Some(step) = current.checked_add_signed(offset) else {
            continue;
        };
        // Every step of the window is calculated, whatever matched before.
        if !matches(step) {
            continue;
        }
        if last.is_none_or(|last| step > last) {
            let drift_steps = offset.clamp(-DRIFT_STEPS_MAX, DRIFT_STEPS_MAX);
            return Verdict::Accepted {
                step: TimeStep(step),
                drift_steps,
            };
        }
        used = true;
    }
    if used {
        return Verdict::Used {
            wait_seconds: STEP_SECONDS - now.0 % STEP_SECONDS,
        };
    }
    let oldest = current.saturating_sub(LATE_STEPS);
    if (oldest..current).any(matches) {
        Verdict::Late
    } else {
        Verdict::Wrong
    }
}

/// The standard `otpauth://` address for a QR code or a link
/// (issuer and label as the Key Uri Format has them).
///
/// # Errors
/// [`LabelError`] when the issuer or label is empty after colons were replaced.
pub fn otpauth_url(secret: &SharedSecret, issuer: &str, label: &str) -> Result<String, LabelError> {
    // A colon parts issuer and label in the address; it cannot stand inside either.
    let clean = |text: &str| text.replace(':', " ");
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_step_duration(STEP_SECONDS)
        .with_secret(secret.expose().to_vec())
        .with_issuer(Some(clean(issuer)))
        .with_account_name(clean(label))
        .build()
        .and_then(|totp| totp.to_url())
        .map_err(|_| LabelError)
}

/// An issuer or label that no app could show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("issuer or label cannot stand in an otpauth address")]
pub struct LabelError;

fn calculator(secret: &SharedSecret) -> Totp {
    // Skew 0: the window is walked here, so that a used step never hides a fresh one.
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(0)
        .with_step_duration(STEP_SECONDS)
        .with_secret(secret.expose().to_vec())
        .build_noncompliant()
}

#[cfg(test)]
mod tests;
