//! Time as plain numbers. Reading a clock is `clock.rs`' business alone (invariant I12).

use serde::{Deserialize, Serialize};

/// Seconds since the Unix epoch.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct UnixSeconds(pub u64);

impl UnixSeconds {
    /// Later by `seconds`.
    #[must_use]
    pub fn plus(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to here; 0 when `earlier` is later.
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// As RFC 3339 writes it in UTC, `2026-11-22T07:44:33Z`. Its years have four digits: what is
    /// later than 9999 is written as the last second of that year.
    pub fn to_rfc3339(self) -> String {
        let seconds = self.0.min(LAST_SECOND_OF_9999);
        let (year, month, day) = date_of(seconds / DAY_SECONDS);
        let (hour, minute) = (seconds / 3600 % 24, seconds / 60 % 60);
        let second = seconds % 60;
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }

    /// Reads what [`UnixSeconds::to_rfc3339`] wrote, and nothing else.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let part = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
        let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
        let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
        if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        let time = hour * 3600 + minute * 60 + second;
        let read = Self(days_of(year, month, day) * DAY_SECONDS + time);
        // One way to write each moment: no 31 February, no 24:00, no sign in front of a number.
        (read.to_rfc3339() == text).then_some(read)
    }
}

const DAY_SECONDS: u64 = 86_400;
const LAST_SECOND_OF_9999: u64 = 253_402_300_799;
/// From 1 March of year 0, where eras of 400 years begin, to 1 January 1970.
const DAYS_TO_1970: u64 = 719_468;
/// Days of 400 years.
const ERA_DAYS: u64 = 146_097;

/// Year, month and day of a day since 1 January 1970, in the Gregorian calendar. Years begin in
/// March here, so that the day that leap years add is their last.
fn date_of(days: u64) -> (u64, u64, u64) {
    let shifted = days + DAYS_TO_1970;
    let (era, day_of_era) = (shifted / ERA_DAYS, shifted % ERA_DAYS);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

/// The day since 1 January 1970 of a date of that year or later.
fn days_of(year: u64, month: u64, day: u64) -> u64 {
    let year = year - u64::from(month <= 2);
    let (era, year_of_era) = (year / 400, year % 400);
    let month_from_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * ERA_DAYS + day_of_era - DAYS_TO_1970
}

/// The counter T derived from time (RFC 6238 section 4.2), T0 = 0.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
pub struct TimeStep(pub u64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_and_read_as_rfc_3339() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_795_333_473, "2026-11-22T07:44:33Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (LAST_SECOND_OF_9999, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(UnixSeconds(seconds).to_rfc3339(), text);
            assert_eq!(UnixSeconds::from_rfc3339(text), Some(UnixSeconds(seconds)));
        }
        assert_eq!(UnixSeconds(u64::MAX).to_rfc3339(), "9999-12-31T23:59:59Z");
        // Every day of four centuries, so every rule of the calendar.
        for day in 0..ERA_DAYS {
            let (year, month, date) = date_of(day);
            assert_eq!(days_of(year, month, date), day);
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for bad in [
            "",
            "2026-11-22",
            "2026-11-22T07:44:33",
            "2026-11-22T07:44:33+00:00",
            "2026-11-22 07:44:33Z",
            "2026-11-22t07:44:33z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-01-00T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:60Z",
            "1969-12-31T23:59:59Z",
            "0000-01-01T00:00:00Z",
            "+026-01-01T00:00:00Z",
            "2026-+1-01T00:00:00Z",
            "２０26-01-01T00:00:00Z",
        ] {
            assert_eq!(UnixSeconds::from_rfc3339(bad), None, "{bad}");
        }
    }
}
