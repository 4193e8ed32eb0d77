//! Kode Keamanan: made, sealed into its form, answered once.

use crate::domain::puzzle::{ID_BYTES, LIFETIME_SECONDS, Puzzle};
use crate::entropy;
use crate::flow::{Engine, FlowError};
use crate::primitives::UnixSeconds;
use crate::seal::Purpose;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Answered puzzles that are remembered at most; each was sealed by us and lives ten minutes.
const ANSWERED_MAX: usize = 50_000;

/// Puzzles that were answered, rightly or not, in this process, and with what form.
#[derive(Debug, Default)]
pub struct Answered(Mutex<HashMap<[u8; ID_BYTES], Taken>>);

#[derive(Debug)]
struct Taken {
    made: UnixSeconds,
    /// `None`: wrongly.
    form: Option<[u8; 32]>,
}

/// What an answer is worth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Right, for the first time.
    Right,
    /// The very form that was taken before: the second click of a double click.
    Again,
    /// Wrong, too late, or used for another form.
    Wrong,
}

impl Answered {
    fn take(&self, puzzle: &Puzzle, form: Option<[u8; 32]>, now: UnixSeconds) -> Answer {
        let mut answered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if answered.len() >= ANSWERED_MAX {
            answered.retain(|_, taken| now.since(taken.made) < LIFETIME_SECONDS);
            if answered.len() >= ANSWERED_MAX {
                // So many answers are no people. It is a courtesy: whoever fills this up must not
                // close the page for everybody.
                answered.clear();
            }
        }
        match answered.get(&puzzle.id) {
            Some(taken) if form.is_some() && taken.form == form => Answer::Again,
            Some(_) => Answer::Wrong,
            None => {
                let made = puzzle.made;
                answered.insert(puzzle.id, Taken { made, form });
                match form {
                    Some(_) => Answer::Right,
                    None => Answer::Wrong,
                }
            }
        }
    }

    fn forget(&self, puzzle: &Puzzle) {
        let mut answered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answered.remove(&puzzle.id);
    }
}

impl Engine {
    /// What came with the answer was not taken after all: sent again, it is answered anew.
    pub fn unanswer_puzzle(&self, sealed: &str) {
        if let Some(puzzle) = self.opened_puzzle(sealed) {
            self.answered.forget(&puzzle);
        }
    }

    fn opened_puzzle(&self, sealed: &str) -> Option<Puzzle> {
        let plain = self.seals.open(Purpose::Puzzle, sealed.as_bytes())?;
        Puzzle::from_bytes(&plain)
    }

    /// A new puzzle, and its sealed form for the page's form.
    ///
    /// # Errors
    /// [`FlowError::Seal`] without randomness.
    pub fn puzzle(&self) -> Result<(Puzzle, String), FlowError> {
        let puzzle = Puzzle::from_random(entropy::random(&*self.entropy)?, self.now());
        let sealed = self.seals.seal(Purpose::Puzzle, &puzzle.to_bytes())?;
        Ok((puzzle, sealed))
    }

    /// Whether an answer fits a puzzle that we made, sent with a form of which this is the digest.
    pub fn judge_puzzle(&self, sealed: &str, answer: &str, form: [u8; 32]) -> Answer {
        let Some(puzzle) = self.opened_puzzle(sealed) else {
            return Answer::Wrong;
        };
        // A wrong answer uses it up as well: a sum is guessed in a few.
        let form = puzzle.fits(answer, self.now()).then_some(form);
        self.answered.take(&puzzle, form, self.now())
    }
}
