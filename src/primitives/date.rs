//! Dates that people read and type, in the zone of a site. Indonesia has no summer time, so a zone is
//! an offset and a label.

use super::UnixSeconds;
use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use time::{Date, Duration, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcOffset};

/// A zone without summer time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Zone {
    /// Seconds east of UTC.
    pub offset_seconds: u32,
    /// As printed behind a time.
    pub label: String,
}

impl Zone {
    fn offset(&self) -> UtcOffset {
        let seconds = i32::try_from(self.offset_seconds).unwrap_or(0);
        UtcOffset::from_whole_seconds(seconds).unwrap_or(UtcOffset::UTC)
    }

    fn local(&self, at: UnixSeconds) -> OffsetDateTime {
        let seconds = i64::try_from(at.0).unwrap_or(i64::MAX);
        OffsetDateTime::from_unix_timestamp(seconds)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
            .to_offset(self.offset())
    }

    /// `02-01-2027 10.32 WIB`: digits only, so that it reads the same in both languages.
    pub fn date(&self, at: UnixSeconds) -> String {
        let local = self.local(at);
        format!(
            "{:02}-{:02}-{} {:02}.{:02} {}",
            local.day(),
            u8::from(local.month()),
            local.year(),
            local.hour(),
            local.minute(),
            self.label
        )
    }

    /// `02-01-2027`, with the time of day behind it where it is not the day's first minute.
    pub fn day(&self, at: UnixSeconds) -> String {
        let local = self.local(at);
        if (local.hour(), local.minute()) == (0, 0) {
            LocalDate(local.date()).to_string()
        } else {
            self.date(at)
        }
    }

    /// `10.32.05 WIB`.
    pub fn clock(&self, at: UnixSeconds) -> String {
        let (hour, minute, second) = self.local(at).time().as_hms();
        format!("{hour:02}.{minute:02}.{second:02} {}", self.label)
    }

    /// `2027-01-02 10:32:05`, as commands read and write it.
    pub fn stamp(&self, at: UnixSeconds) -> String {
        let local = self.local(at);
        let (hour, minute, second) = local.time().as_hms();
        format!("{} {hour:02}:{minute:02}:{second:02}", local.date())
    }

    /// `2027-01-02T10:32:05+07:00` (RFC 3339).
    pub fn rfc3339(&self, at: UnixSeconds) -> String {
        self.local(at).format(&Rfc3339).unwrap_or_default()
    }

    /// Reads a time: `2027-01-02` (its first second), `2027-01-02 10:32`, with seconds, with `T` in
    /// between, RFC 3339 with a zone of its own, or a span from now on: `30m`, `6h`, `2d`, `3w`, and
    /// `now`. `None` when it is none of these.
    pub fn parse(&self, text: &str, now: UnixSeconds) -> Option<UnixSeconds> {
        let text = text.trim();
        if text == "now" {
            return Some(now);
        }
        if let Some(seconds) = span(text) {
            return Some(now.plus(seconds));
        }
        if let Ok(full) = OffsetDateTime::parse(text, &Rfc3339) {
            return u64::try_from(full.unix_timestamp()).ok().map(UnixSeconds);
        }
        let (date, rest) = text.split_once(['T', ' ']).unwrap_or((text, ""));
        let local = PrimitiveDateTime::new(parse_date(date)?, parse_time(rest.trim())?);
        let at = local.assume_offset(self.offset()).unix_timestamp();
        u64::try_from(at).ok().map(UnixSeconds)
    }
}

/// A day of the calendar, without a time or a zone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct LocalDate(Date);

impl LocalDate {
    /// Reads `2027-01-02`; `None` when it is no day, or one before the year 2000.
    pub fn parse(text: &str) -> Option<Self> {
        parse_date(text).map(Self)
    }
}

/// `02-01-2027`: as [`Zone::date`] writes it.
impl std::fmt::Display for LocalDate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (year, month, day) = self.0.to_calendar_date();
        write!(f, "{day:02}-{:02}-{year}", u8::from(month))
    }
}

/// `30m`, `6h`, `2d`, `3w` in seconds.
pub fn span(text: &str) -> Option<u64> {
    let unit = match text.chars().last()? {
        's' => Duration::SECOND,
        'm' => Duration::MINUTE,
        'h' => Duration::HOUR,
        'd' => Duration::DAY,
        'w' => Duration::WEEK,
        _ => return None,
    };
    let count = &text[..text.len() - 1];
    let digits = !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit());
    let count: u64 = count.parse().ok().filter(|_| digits)?;
    count.checked_mul(unit.whole_seconds().unsigned_abs())
}

fn numbers<const N: usize>(text: &str, between: char) -> Option<[u16; N]> {
    let parts: Vec<u16> = text
        .split(between)
        .map(|part| {
            let digits = (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
            part.parse().ok().filter(|_| digits)
        })
        .collect::<Option<_>>()?;
    parts.try_into().ok()
}

fn parse_date(text: &str) -> Option<Date> {
    let [year, month, day] = numbers(text, '-')?;
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    // Nobody means the year 26.
    let year = Some(year).filter(|year| *year >= 2000)?;
    Date::from_calendar_date(i32::from(year), month, u8::try_from(day).ok()?).ok()
}

fn parse_time(text: &str) -> Option<Time> {
    if text.is_empty() {
        return Some(Time::MIDNIGHT);
    }
    let small = |number: u16| u8::try_from(number).ok();
    match numbers(text, ':') {
        Some([hour, minute]) => Time::from_hms(small(hour)?, small(minute)?, 0).ok(),
        None => {
            let [hour, minute, second] = numbers(text, ':')?;
            Time::from_hms(small(hour)?, small(minute)?, small(second)?).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wib() -> Zone {
        Zone {
            offset_seconds: 7 * 3600,
            label: "WIB".into(),
        }
    }

    /// `date -u -d '2026-11-22 07:37:53' +%s`
    const NOW: UnixSeconds = UnixSeconds(1_795_333_073);

    #[test]
    fn dates_are_those_of_the_zone() {
        assert_eq!(wib().date(NOW), "22-11-2026 14.37 WIB");
        assert_eq!(wib().clock(NOW), "14.37.53 WIB");
        assert_eq!(wib().stamp(NOW), "2026-11-22 14:37:53");
        assert_eq!(wib().rfc3339(NOW), "2026-11-22T14:37:53+07:00");
        // The day changes with the zone.
        assert_eq!(
            wib().date(UnixSeconds(1_795_370_400)),
            "23-11-2026 01.00 WIB"
        );
    }

    #[test]
    fn days_are_read_and_written_without_a_time() {
        let day = LocalDate::parse("2027-01-02").unwrap();
        assert_eq!(day.to_string(), "02-01-2027");
        assert_eq!(wib().day(UnixSeconds(1_795_280_400)), "22-11-2026");
        assert_eq!(wib().day(NOW), "22-11-2026 14.37 WIB");
        for bad in [
            "",
            "2027-02-29",
            "02-01-2027",
            "2027-01-02 10:00",
            "1999-12-31",
            "besok",
        ] {
            assert_eq!(LocalDate::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn times_are_read_as_people_type_them() {
        let day = UnixSeconds(1_795_280_400);
        for (text, want) in [
            ("2026-11-22", day),
            ("2026-11-22 14:37:53", NOW),
            ("2026-11-22T14:37:53", NOW),
            ("2026-11-22T07:37:53Z", NOW),
            ("2026-11-22T16:37:53+09:00", NOW),
            ("2026-11-22 00:01", day.plus(60)),
            ("now", NOW),
            ("30m", NOW.plus(1_800)),
            ("2d", NOW.plus(172_800)),
            (" 1w ", NOW.plus(604_800)),
        ] {
            assert_eq!(wib().parse(text, NOW), Some(want), "{text}");
        }
        for bad in [
            "",
            "tomorrow",
            "2026-02-29",
            "2026-13-01",
            "26-11-22",
            "22-11-2026",
            "2026-11-22 24:00",
            "2026-11-22 14",
            "2026-11-22 14:37:53:10",
            "-3d",
            "3",
            "d",
            "9999999999999999999999d",
            "2026-11-22x",
            "2026-11-22 +1:00",
        ] {
            assert_eq!(wib().parse(bad, NOW), None, "{bad}");
        }
    }
}
