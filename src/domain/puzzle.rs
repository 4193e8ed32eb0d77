//! The Kode Keamanan of the page for everybody: five signs in a picture, or a sum in words for who cannot
//! see it. It is a courtesy to the mail server; what defends an account are the limits on letters.

use crate::primitives::UnixSeconds;
use crate::primitives::secret::plain_sign;

/// Signs that nobody takes for another one.
pub const SIGNS: &[u8; 22] = b"ACDEFHJKLMNPRTUVWXY379";
/// Signs in one picture.
pub const LENGTH: usize = 5;
/// How long an answer is taken, in seconds.
pub const LIFETIME_SECONDS: u64 = 600;
/// Bytes of its id.
pub const ID_BYTES: usize = 8;
/// Random bytes of one puzzle.
pub const RANDOM_BYTES: usize = ID_BYTES + LENGTH + 2;
/// Bytes of its sealed form before sealing.
const PLAIN_BYTES: usize = RANDOM_BYTES + 8;

/// One puzzle.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Puzzle {
    /// So that it is answered once.
    pub id: [u8; ID_BYTES],
    /// What the picture shows.
    pub signs: [u8; LENGTH],
    /// The two numbers of the sum, from one to ten.
    pub sum: [u8; 2],
    /// When it was made.
    pub made: UnixSeconds,
}

impl Puzzle {
    /// Of random bytes.
    pub fn from_random(bits: [u8; RANDOM_BYTES], now: UnixSeconds) -> Self {
        let mut id = [0; ID_BYTES];
        let (front, rest) = bits.split_at(ID_BYTES);
        id.copy_from_slice(front);
        let (drawn, numbers) = rest.split_at(LENGTH);
        let mut signs = [b'A'; LENGTH];
        for (sign, bits) in signs.iter_mut().zip(drawn) {
            // 256 is no multiple of 22: some signs come a little more often, which helps nobody.
            *sign = SIGNS[usize::from(*bits) % SIGNS.len()];
        }
        let mut sum = [1; 2];
        for (number, bits) in sum.iter_mut().zip(numbers) {
            *number = bits % 10 + 1;
        }
        Self {
            id,
            signs,
            sum,
            made: now,
        }
    }

    /// Whether an answer is right: the signs, in capitals or not, or the sum. Full-width digits of some
    /// keyboards are digits.
    pub fn fits(&self, answer: &str, now: UnixSeconds) -> bool {
        // One from the future is not older than its life: the clock went back.
        if now.since(self.made) >= LIFETIME_SECONDS {
            return false;
        }
        let typed = answer.chars().filter(|c| !c.is_whitespace());
        let typed: String = typed
            .map(plain_sign)
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let [first, second] = self.sum;
        typed.as_bytes() == self.signs || typed == (first + second).to_string()
    }

    /// What is sealed into the form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let made = self.made.0.to_be_bytes();
        [&self.id[..], &self.signs, &self.sum, &made].concat()
    }

    /// From what was sealed.
    pub fn from_bytes(plain: &[u8]) -> Option<Self> {
        let plain: &[u8; PLAIN_BYTES] = plain.try_into().ok()?;
        let (id, rest) = plain.split_first_chunk()?;
        let (signs, rest) = rest.split_first_chunk()?;
        let (sum, made) = rest.split_first_chunk()?;
        Some(Self {
            id: *id,
            signs: *signs,
            sum: *sum,
            made: UnixSeconds(u64::from_be_bytes(made.try_into().ok()?)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

    fn puzzle() -> Puzzle {
        let mut bits = [0; RANDOM_BYTES];
        bits[ID_BYTES..].copy_from_slice(&[0, 1, 21, 22, 244, 9, 4]);
        Puzzle::from_random(bits, NOW)
    }

    #[test]
    fn signs_in_any_case_or_the_sum() {
        let puzzle = puzzle();
        assert_eq!(&puzzle.signs, b"AC9AD");
        assert_eq!(puzzle.sum, [10, 5]);
        for good in ["AC9AD", "ac9ad", " aC 9 Ad ", "15", "１５"] {
            assert!(puzzle.fits(good, NOW), "{good}");
        }
        for bad in ["", "AC9A", "AC9ADD", "14", "10+5", "0015", "A"] {
            assert!(!puzzle.fits(bad, NOW), "{bad}");
        }
    }

    #[test]
    fn it_is_good_for_ten_minutes() {
        assert!(puzzle().fits("15", NOW.plus(599)));
        assert!(!puzzle().fits("15", NOW.plus(600)));
    }

    #[test]
    fn it_comes_back_whole_or_not_at_all() {
        let bytes = puzzle().to_bytes();
        assert_eq!(Puzzle::from_bytes(&bytes), Some(puzzle()));
        assert_eq!(Puzzle::from_bytes(&bytes[1..]), None);
        assert_eq!(Puzzle::from_bytes(&[bytes, vec![0]].concat()), None);
    }
}
