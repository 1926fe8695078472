//! Points in time as log entries carry them: nanoseconds since the Unix epoch, UTC.

use std::fmt;
use std::ops::RangeInclusive;

/// A point in time: nanoseconds since 1970-01-01T00:00:00Z, no leap seconds.
///
/// Range: 1677-09-21 to 2262-04-11, which is all that 64 bits hold; of that, the years 1678 to 2261 can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// How a timestamp said which zone it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// `Z`
    Utc,
    /// `+hh:mm` or `-hh:mm`
    Offset,
    /// Nothing: read as UTC, which is a guess worth counting.
    Missing,
}

const NANOS: i64 = 1_000_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

impl Timestamp {
    /// The earliest point in time that can be held.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest point in time that can be held.
    pub const MAX: Self = Self(i64::MAX);
    /// What entries can say: the years 1678 to 2261, so that the weeks, months and years around it can be held too.
    const OF_ENTRIES: RangeInclusive<i64> = first_of_year(1678)..=first_of_year(2262) - 1;

    /// Makes a timestamp of nanoseconds since the Unix epoch.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Makes a timestamp of nanoseconds since the Unix epoch. `None` outside of the years 1678 to 2261.
    pub fn from_nanos_of_entry(nanos: i128) -> Option<Self> {
        i64::try_from(nanos).ok().filter(|nanos| Self::OF_ENTRIES.contains(nanos)).map(Self)
    }

    /// Returns nanoseconds since the Unix epoch.
    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    /// Returns microseconds since the Unix epoch, rounded down.
    pub const fn as_micros(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Reads `2025-09-16T01:42:58.995733Z` and its relatives.
    ///
    /// Accepted: `T`, `t` or one space between date and time; 0 to 9 fraction digits after `.` or `,` (further digits
    /// are cut); `Z`, `±hh:mm`, `±hhmm`, `±hh` or no zone; second 60 reads as 59.999…. Cost: one pass, no allocation.
    ///
    /// Returns `None` for anything else, and for years outside 1678 to 2261.
    pub fn parse(text: &str) -> Option<(Self, Zone)> {
        let bytes = text.as_bytes();
        if bytes.len() < 19 || bytes[4] != b'-' || bytes[7] != b'-' || bytes[13] != b':' || bytes[16] != b':'
        {
            return None;
        }
        if !matches!(bytes[10], b'T' | b't' | b' ') {
            return None;
        }
        let (year, month, day) = (number(&bytes[..4])?, number(&bytes[5..7])?, number(&bytes[8..10])?);
        let (hour, minute, second) =
            (number(&bytes[11..13])?, number(&bytes[14..16])?, number(&bytes[17..19])?);
        if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
            return None;
        }
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let (mut fraction, rest) = parse_fraction(&bytes[19..])?;
        let second = if second == 60 {
            fraction = NANOS - 1;
            59
        } else {
            second
        };
        let (offset_seconds, zone) = parse_zone(rest)?;
        let seconds =
            days_from_civil(year, month, day) * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second
                - offset_seconds;
        let nanos = i128::from(seconds) * i128::from(NANOS) + i128::from(fraction);
        Some((Self::from_nanos_of_entry(nanos)?, zone))
    }

    /// Returns year, month (1 to 12) and day of the UTC date.
    pub const fn utc_date(self) -> (i64, i64, i64) {
        civil_from_days(self.0.div_euclid(NANOS * SECONDS_PER_DAY))
    }

    /// Appends `2025-09-16T01:42:58.995733000Z`, or with fewer fraction digits.
    ///
    /// `digits` is 0 to 9; what does not fit is cut, not rounded.
    pub fn push_rfc3339(self, digits: usize, out: &mut String) {
        let (year, month, day) = self.utc_date();
        let seconds = self.0.div_euclid(NANOS).rem_euclid(SECONDS_PER_DAY);
        let mut text = *b"0000-00-00T00:00:00.000000000";
        for (place, number) in [
            (0..4, year),
            (5..7, month),
            (8..10, day),
            (11..13, seconds / 3600),
            (14..16, seconds / 60 % 60),
            (17..19, seconds % 60),
            (20..29, self.0.rem_euclid(NANOS)),
        ] {
            put_digits(number, &mut text[place]);
        }
        let len = if digits == 0 { 19 } else { 20 + digits.min(9) };
        out.push_str(str::from_utf8(&text[..len]).expect("digits are ASCII"));
        out.push('Z');
    }

    /// Returns the shortest of 0, 3, 6 and 9 fraction digits that loses nothing: the form the service writes.
    pub const fn shortest_digits(self) -> usize {
        let fraction = self.0.rem_euclid(NANOS);
        match (fraction % 1_000, fraction % 1_000_000, fraction) {
            (_, _, 0) => 0,
            (_, 0, _) => 3,
            (0, _, _) => 6,
            _ => 9,
        }
    }
}

/// RFC 3339, UTC, nine fraction digits.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(30);
        self.push_rfc3339(9, &mut text);
        f.write_str(&text)
    }
}

/// Writes a number that is not negative and has no more digits than there is room for; years have four from 1677 to 2262.
fn put_digits(mut number: i64, out: &mut [u8]) {
    for digit in out.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).expect("a digit is one byte");
        number /= 10;
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |value, b| b.is_ascii_digit().then(|| value * 10 + i64::from(b - b'0')))
}

fn parse_fraction(bytes: &[u8]) -> Option<(i64, &[u8])> {
    let Some((b'.' | b',', digits)) = bytes.split_first() else { return Some((0, bytes)) };
    let len = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    if len == 0 {
        return None;
    }
    let mut nanos = number(&digits[..len.min(9)])?;
    for _ in len..9 {
        nanos *= 10;
    }
    Some((nanos, &digits[len..]))
}

fn parse_zone(bytes: &[u8]) -> Option<(i64, Zone)> {
    let (sign, digits) = match bytes {
        [] => return Some((0, Zone::Missing)),
        [b'Z' | b'z'] => return Some((0, Zone::Utc)),
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits {
        [h1, h2] => (number(&[*h1, *h2])?, 0),
        [h1, h2, m1, m2] | [h1, h2, b':', m1, m2] => (number(&[*h1, *h2])?, number(&[*m1, *m2])?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some((sign * (hours * 3600 + minutes * 60), Zone::Offset))
}

const fn first_of_year(year: i64) -> i64 {
    days_from_civil(year, 1, 1) * SECONDS_PER_DAY * NANOS
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar.
/// Source: Howard Hinnant, "chrono-compatible low-level date algorithms", <https://howardhinnant.github.io/date_algorithms.html>.
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

const fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day_of_year - (153 * month_index + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Option<(&str, Zone)>) {
        let got = Timestamp::parse(text).map(|(time, zone)| (time.to_string(), zone));
        assert_eq!(got, expected.map(|(time, zone)| (time.to_owned(), zone)), "{text}");
    }

    #[test]
    fn forms() {
        check("2025-09-16T01:42:58.995733Z", Some(("2025-09-16T01:42:58.995733000Z", Zone::Utc)));
        check("2025-09-16T01:42:58Z", Some(("2025-09-16T01:42:58.000000000Z", Zone::Utc)));
        check("2025-09-15T21:36:22.216925+00:00", Some(("2025-09-15T21:36:22.216925000Z", Zone::Offset)));
        check("2016-06-27T14:40:00-04:00", Some(("2016-06-27T18:40:00.000000000Z", Zone::Offset)));
        check("2016-06-27T14:40:00+0530", Some(("2016-06-27T09:10:00.000000000Z", Zone::Offset)));
        check("2025-09-15 14:36:54,864572", Some(("2025-09-15T14:36:54.864572000Z", Zone::Missing)));
        check("2024-02-29T00:00:00.1234567891Z", Some(("2024-02-29T00:00:00.123456789Z", Zone::Utc)));
        check("2016-12-31T23:59:60Z", Some(("2016-12-31T23:59:59.999999999Z", Zone::Utc)));
        check("1678-01-01T00:00:00Z", Some(("1678-01-01T00:00:00.000000000Z", Zone::Utc)));
        check("2261-12-31T23:59:59.999999999Z", Some(("2261-12-31T23:59:59.999999999Z", Zone::Utc)));
        check("1969-12-31T23:59:59.5Z", Some(("1969-12-31T23:59:59.500000000Z", Zone::Utc)));
    }

    #[test]
    fn refused() {
        for text in [
            "",
            "2025-09-16",
            "2025-13-01T00:00:00Z",
            "2025-02-29T00:00:00Z",
            "2025-01-01T24:00:00Z",
            "2025-01-01T00:00:00.Z",
            "2025-01-01T00:00:00+99:00",
            "2025-01-01T00:00:00 Z",
            "2025-01-01T 8:05:00Z",
            "9999-01-01T00:00:00Z",
            "2262-01-01T00:00:00Z",
            "2261-12-31T23:59:59-00:01",
            "1677-12-31T23:59:59.999999999Z",
            "1678-01-01T00:00:00+00:01",
            "not a time at all, no",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn every_day_agrees_with_the_calendar_of_another_library() {
        for day in (-100_000..100_000).step_by(17) {
            let time = Timestamp::from_nanos(day * SECONDS_PER_DAY * NANOS + 1);
            let other = jiff::Timestamp::from_nanosecond(i128::from(time.as_nanos())).unwrap();
            let expected = format!("{other:.9}");
            assert_eq!(time.to_string(), expected);
            assert_eq!(Timestamp::parse(&expected), Some((time, Zone::Utc)));
        }
    }

    #[test]
    fn the_services_own_digits() {
        for (text, digits) in
            [("00Z", 0), ("00.5Z", 3), ("00.859Z", 3), ("00.000120Z", 6), ("00.000000001Z", 9)]
        {
            let (time, _) = Timestamp::parse(&format!("2025-01-01T00:00:{text}")).unwrap();
            assert_eq!(time.shortest_digits(), digits, "{text}");
        }
    }
}
