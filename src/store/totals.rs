//! What a store knows of itself: how many records there are and a sum over them.

use super::engine::{Kind, LogEnd, Versioned};
use crate::seal::{Link, digest};

/// What the store knows of itself; stored with every group, compared when it is opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Totals {
    /// Number of the last commit; the version that its records got.
    pub(super) commit: u64,
    /// The sequence number that the next audit record gets.
    pub(super) next_sequence: u64,
    /// How many records there are of each kind, in the order of [`Kind::ALL`].
    pub(super) records: [u64; Kind::ALL.len()],
    /// Sum over [`fingerprint`]s of all records that are not in a log: it does not depend on
    /// order, so it can follow every change, and it finds a record that is lost, doubled, or an
    /// older self.
    pub(super) sum: u128,
    /// The link of the newest audit record.
    pub(super) link: Link,
}

impl Totals {
    /// Of a store in which nothing was ever written.
    pub(super) fn empty() -> Self {
        Self {
            commit: 0,
            next_sequence: 1,
            records: [0; Kind::ALL.len()],
            sum: 0,
            link: Link::ZERO,
        }
    }

    /// Where the audit log ends.
    pub(super) fn log_end(&self) -> LogEnd {
        LogEnd {
            sequence: self.next_sequence.saturating_sub(1),
            link: self.link,
        }
    }

    /// Stored form.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(TOTALS_BYTES);
        bytes.extend_from_slice(&self.commit.to_be_bytes());
        bytes.extend_from_slice(&self.next_sequence.to_be_bytes());
        for count in self.records {
            bytes.extend_from_slice(&count.to_be_bytes());
        }
        bytes.extend_from_slice(&self.sum.to_be_bytes());
        bytes.extend_from_slice(&self.link.0);
        bytes
    }

    /// From the stored form. One that was written when there were fewer kinds is shorter: new kinds
    /// stand at the end of [`Kind::ALL`], and there are no records of them yet.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let numbers_bytes = bytes
            .len()
            .checked_sub(TOTALS_BYTES - TOTALS_NUMBERS_BYTES)?;
        let (numbers, rest) = bytes.split_at_checked(numbers_bytes)?;
        let (sum, link) = rest.split_first_chunk()?;
        let (numbers, odd) = numbers.as_chunks::<{ size_of::<u64>() }>();
        if !odd.is_empty() || numbers.len() > TOTALS_NUMBERS_BYTES / size_of::<u64>() {
            return None;
        }
        let mut numbers = numbers.iter().copied().map(u64::from_be_bytes);
        let mut totals = Self {
            commit: numbers.next()?,
            ..Self::empty()
        };
        totals.next_sequence = numbers.next()?;
        for (count, stored) in totals.records.iter_mut().zip(numbers) {
            *count = stored;
        }
        totals.sum = u128::from_be_bytes(*sum);
        totals.link = Link(link.try_into().ok()?);
        Some(totals)
    }

    /// A record came.
    pub(super) fn add(&mut self, name: &[u8], record: &Versioned) {
        if let Some((place, kind)) = kind_of(name) {
            self.records[place] = self.records[place].wrapping_add(1);
            if !kind.is_log() {
                self.sum = self.sum.wrapping_add(fingerprint(name, record));
            }
        }
    }

    /// A record went. (Records of logs never do.)
    pub(super) fn remove(&mut self, name: &[u8], record: &Versioned) {
        if let Some((place, _)) = kind_of(name) {
            self.records[place] = self.records[place].wrapping_sub(1);
            self.sum = self.sum.wrapping_sub(fingerprint(name, record));
        }
    }
}

const TOTALS_NUMBERS_BYTES: usize = (2 + Kind::ALL.len()) * size_of::<u64>();
const TOTALS_BYTES: usize = TOTALS_NUMBERS_BYTES + size_of::<u128>() + size_of::<Link>();

/// The kind of a name and its place in [`Kind::ALL`].
pub(super) fn kind_of(name: &[u8]) -> Option<(usize, Kind)> {
    let first = name.first()?;
    Kind::ALL
        .into_iter()
        .enumerate()
        .find(|(_, kind)| kind.byte() == *first)
}

/// 128 bits of a hash over everything that a record is.
fn fingerprint(name: &[u8], record: &Versioned) -> u128 {
    let length = (name.len() as u64).to_be_bytes();
    let version = record.version.to_be_bytes();
    digest(&[&length, name, &version, &record.bytes])
        .iter()
        .take(size_of::<u128>())
        .fold(0, |sum, byte| sum << 8 | u128::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Totals {
        let mut totals = Totals {
            commit: 7,
            next_sequence: 3,
            sum: 11,
            link: Link([5; 32]),
            ..Totals::empty()
        };
        totals.records[0] = 2;
        totals.records[11] = 4;
        totals
    }

    #[test]
    fn totals_of_a_store_with_fewer_kinds_are_read() {
        let totals = some();
        let bytes = totals.to_bytes();
        assert_eq!(Totals::from_bytes(&bytes), Some(totals.clone()));
        // Twelve kinds there were before mail.
        let mut older = bytes.clone();
        older.drain(14 * 8..(2 + Kind::ALL.len()) * 8);
        assert_eq!(Totals::from_bytes(&older), Some(totals));
    }

    #[test]
    fn other_lengths_are_no_totals() {
        let bytes = some().to_bytes();
        for length in [0, 1, 8, 48, bytes.len() - 1] {
            assert_eq!(Totals::from_bytes(&bytes[..length]), None, "{length}");
        }
        let mut longer = bytes;
        longer.splice(16..16, [0; 8]);
        assert_eq!(Totals::from_bytes(&longer), None);
    }
}
