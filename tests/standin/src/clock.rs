//! Time as the answers show it. The only file that asks the system for the time of day.

use std::time::{SystemTime, UNIX_EPOCH};

/// The moment at which the clocks of a frozen stand-in rest: 17 April 2022, 17:10 WITA (`texts.md` section 0), in ms.
pub(crate) const FROZEN_MS: u64 = 1_650_186_600_000;

/// WITA, the offset of the guides' site, in seconds.
const WITA: u64 = 8 * 3600;

/// Milliseconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "the stand-in is another application with a clock of its own"
)]
pub(crate) fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |time| {
            u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
        })
}

/// Year, month, day, hour, minute, second and day of the week (0 = Sunday) of a time in seconds since 1970.
fn civil(seconds: u64) -> (u64, usize, u64, u64, u64, u64, usize) {
    let days = seconds / 86_400;
    let rest = seconds % 86_400;
    // Days since 1 March of year 0, in eras of 400 years.
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let month = usize::try_from(month).unwrap_or(1);
    let week_day = usize::try_from((days + 4) % 7).unwrap_or(0);
    (
        year,
        month,
        day,
        rest / 3600,
        rest % 3600 / 60,
        rest % 60,
        week_day,
    )
}

/// A date of the `Expires` attribute and of `Last-Modified`: `Sun, 17 Apr 2022 09:10:00 GMT`.
pub(crate) fn http_date(ms: u64) -> String {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (year, month, day, hour, minute, second, week_day) = civil(ms / 1000);
    let (week_day, month) = (DAYS[week_day], MONTHS[month - 1]);
    format!("{week_day}, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT")
}

/// The clock of the footer: `17 April 2022 17:10 WITA`.
pub(crate) fn long_date(ms: u64) -> String {
    const MONTHS: [&str; 12] = [
        "Januari",
        "Februari",
        "Maret",
        "April",
        "Mei",
        "Juni",
        "Juli",
        "Agustus",
        "September",
        "Oktober",
        "November",
        "Desember",
    ];
    let (year, month, day, hour, minute, _, _) = civil(ms / 1000 + WITA);
    format!(
        "{day} {} {year} {hour:02}:{minute:02} WITA",
        MONTHS[month - 1]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_the_frozen_moment() {
        assert_eq!(http_date(FROZEN_MS), "Sun, 17 Apr 2022 09:10:00 GMT");
        assert_eq!(long_date(FROZEN_MS), "17 April 2022 17:10 WITA");
        assert_eq!(http_date(951_782_400_000), "Tue, 29 Feb 2000 00:00:00 GMT");
    }
}
