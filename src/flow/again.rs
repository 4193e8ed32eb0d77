//! The same request twice: a double click, or a form that is sent again after a lost answer, gets the
//! answer of the first one, since browsers show the answer to the last one alone.

use crate::primitives::UnixSeconds;

/// For how long, in seconds.
const DOUBLE_CLICK_SECONDS: u64 = 15;

/// What a request came to.
#[derive(Clone, Debug)]
pub(super) struct Answered<T> {
    digest: [u8; 32],
    at: UnixSeconds,
    answer: T,
}

impl<T> Answered<T> {
    /// The answer to the request of this digest.
    pub(super) fn new(digest: [u8; 32], answer: T, now: UnixSeconds) -> Self {
        Self {
            digest,
            at: now,
            answer,
        }
    }

    /// The answer, where this is the very same request a moment later.
    pub(super) fn to(&self, digest: [u8; 32], now: UnixSeconds) -> Option<&T> {
        let again = self.digest == digest && now.since(self.at) < DOUBLE_CLICK_SECONDS;
        again.then_some(&self.answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_same_request_and_only_at_once() {
        let now = UnixSeconds(1_800_000_000);
        let last = Answered::new([1; 32], "done", now);
        assert_eq!(last.to([1; 32], now), Some(&"done"));
        assert_eq!(last.to([1; 32], now.plus(14)), Some(&"done"));
        assert_eq!(last.to([1; 32], now.plus(15)), None);
        assert_eq!(last.to([2; 32], now), None);
    }
}
