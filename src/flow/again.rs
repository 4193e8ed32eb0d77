//! The same request twice: a double click, or a form that is sent again after a lost answer, gets the
//! answer of the first one, since browsers show the answer to the last one alone.

use crate::primitives::UnixSeconds;

/// For how long, in seconds.
const DOUBLE_CLICK_SECONDS: u64 = 15;

/// What the last request came to, with its digest and its time.
#[derive(Debug)]
pub(super) struct LastAnswer<T>(Option<([u8; 32], T, UnixSeconds)>);

impl<T> Default for LastAnswer<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> LastAnswer<T> {
    /// Keeps the answer to the request of this digest, in the place of the one before.
    pub(super) fn keep(&mut self, digest: [u8; 32], answer: T, now: UnixSeconds) {
        self.0 = Some((digest, answer, now));
    }

    /// The answer, where this is the very same request a moment later.
    pub(super) fn to(&self, digest: [u8; 32], now: UnixSeconds) -> Option<&T> {
        let (of, answer, at) = self.0.as_ref()?;
        (*of == digest && now.since(*at) < DOUBLE_CLICK_SECONDS).then_some(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_same_request_and_only_at_once() {
        let now = UnixSeconds(1_800_000_000);
        let mut last = LastAnswer::default();
        assert_eq!(last.to([1; 32], now), None);
        last.keep([1; 32], "done", now);
        assert_eq!(last.to([1; 32], now), Some(&"done"));
        assert_eq!(last.to([1; 32], now.plus(14)), Some(&"done"));
        assert_eq!(last.to([1; 32], now.plus(15)), None);
        assert_eq!(last.to([2; 32], now), None);
    }
}
