//! An authenticator in somebody's hand: codes of `oathtool`, never of the gateway's own library.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Seconds of one step.
pub(crate) const STEP: u64 = 30;

/// The system's time, in seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "a phone has a clock of its own")]
pub(crate) fn system_seconds() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap().as_secs()
}

/// The code of `key` (base32) at a time in seconds since 1970.
pub(crate) fn code_at(key: &str, seconds: u64) -> String {
    let output = Command::new("oathtool")
        .args(["--totp", "-b", "-N", &format!("@{seconds}"), key])
        .output()
        .expect("oathtool is missing: apt-get install oathtool");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A phone with one entry. It never shows a code twice: whoever logs in again at once gets the
/// next one, which the gateway takes as well.
#[derive(Clone, Debug)]
pub(crate) struct Phone {
    pub(crate) key: String,
    used: u64,
    ahead: Arc<AtomicU64>,
}

impl Phone {
    /// With a key, in base32; `ahead` is how far the gateway's clock is ahead of the system's.
    pub(crate) fn new(key: &str, ahead: Arc<AtomicU64>) -> Self {
        Self {
            key: key.to_owned(),
            used: 0,
            ahead,
        }
    }

    /// The gateway's time in seconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        system_seconds() + self.ahead.load(Ordering::SeqCst)
    }

    /// A code that was not shown before.
    pub(crate) fn code(&mut self) -> String {
        let step = (self.now() / STEP).max(self.used + 1);
        self.used = step;
        code_at(&self.key, step * STEP)
    }

    /// The next code, looked at without being used up.
    pub(crate) fn peek(&self) -> String {
        self.clone().code()
    }

    /// The code that was shown last.
    pub(crate) fn last(&self) -> String {
        code_at(&self.key, self.used * STEP)
    }

    /// The code of so many seconds ago.
    pub(crate) fn old(&self, seconds: u64) -> String {
        code_at(&self.key, self.now() - seconds)
    }

    /// Six digits that are no code of this key within an hour.
    pub(crate) fn wrong(&self) -> String {
        self.wrong_nth(0)
    }

    /// One of many such, each another.
    pub(crate) fn wrong_nth(&self, which: usize) -> String {
        let now = self.now() / STEP * STEP;
        let near: Vec<String> = (0..20)
            .flat_map(|n| {
                [
                    code_at(&self.key, now + n * STEP),
                    code_at(&self.key, now - n * STEP),
                ]
            })
            .collect();
        let mut digits = (0..100).map(|n| format!("{:06}", 111_111 + n * 7_919));
        digits
            .by_ref()
            .filter(|digits| !near.contains(digits))
            .nth(which)
            .unwrap()
    }
}
