//! Points in time and zones as people type them.

use crate::outcome::Failure;
use jiff::civil::{Date, DateTime};
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, Zoned};

const FORMS: &str =
    "write 2025-06-01, 2025-06-01T14:30:00Z, '2025-06-01 14:30', 90m, 2h, 3d, yesterday, today or now";

/// Finds a time zone: a name of the tz database, `UTC`, or an offset such as `+02:00`.
pub(super) fn zone(name: &str) -> Result<TimeZone, Failure> {
    static PARSER: DateTimeParser = DateTimeParser::new();
    PARSER.parse_time_zone(name).map_err(|_| {
        Failure::new(format!("--tz: there is no time zone '{name}'"))
            .hint("write a name such as Europe/Berlin, an offset such as +02:00, or UTC")
    })
}

/// Reads a point in time; what says no zone is in `zone`, what is relative is so to `now`.
///
/// In nanoseconds since the Unix epoch; times beyond what an entry can carry lie at the end of that range.
pub(super) fn parse(text: &str, now: Timestamp, zone: &TimeZone) -> Result<i64, Failure> {
    read(text.trim(), &now.to_zoned(zone.clone()))
        .map(nanos)
        .ok_or_else(|| Failure::new(format!("'{text}' is no point in time")).hint(FORMS))
}

/// Returns a time in nanoseconds since the Unix epoch, cut to what 64 bits hold.
fn nanos(time: Timestamp) -> i64 {
    let nanos = time.as_nanosecond();
    i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
}

fn read(text: &str, now: &Zoned) -> Option<Timestamp> {
    let zone = now.time_zone();
    let day = |days_ago: i64| -> Option<Timestamp> {
        let date = now.date().checked_sub(Span::new().try_days(days_ago).ok()?).ok()?;
        Some(date.to_zoned(zone.clone()).ok()?.timestamp())
    };
    match text.to_ascii_lowercase().as_str() {
        "now" => return Some(now.timestamp()),
        "today" => return day(0),
        "yesterday" => return day(1),
        _ => {}
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    if text.len() == "2025-06-01".len()
        && let Ok(date) = text.parse::<Date>()
    {
        return Some(date.to_zoned(zone.clone()).ok()?.timestamp());
    }
    if let Ok(time) = text.parse::<DateTime>() {
        return Some(time.to_zoned(zone.clone()).ok()?.timestamp());
    }
    // `2h` and `2h ago` are the same moment: nobody asks for entries of the future.
    let span: Span = text.trim_start_matches('-').parse().ok()?;
    Some(now.checked_sub(span.abs()).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, zone_name: &str, expected: Option<&str>) {
        let now = "2025-06-10T12:00:00Z".parse().unwrap();
        let got = parse(text, now, &zone(zone_name).unwrap()).ok();
        let expected = expected.map(|time| nanos(time.parse().unwrap()));
        assert_eq!(got, expected, "{text} in {zone_name}");
    }

    #[test]
    fn absolute_times() {
        check("2025-06-01T14:30:00Z", "Europe/Berlin", Some("2025-06-01T14:30:00Z"));
        check("2025-06-01T14:30:00.5+02:00", "UTC", Some("2025-06-01T12:30:00.5Z"));
        check("2025-06-01", "UTC", Some("2025-06-01T00:00:00Z"));
        check("2025-06-01", "Europe/Berlin", Some("2025-05-31T22:00:00Z"));
        check("2025-06-01 14:30", "+02:00", Some("2025-06-01T12:30:00Z"));
        check("2025-06-01T14:30:15", "America/New_York", Some("2025-06-01T18:30:15Z"));
        // A local time that the clocks skipped is read as the moment after the gap.
        check("2025-03-30T02:30:00", "Europe/Berlin", Some("2025-03-30T01:30:00Z"));
    }

    #[test]
    fn relative_times() {
        check("now", "UTC", Some("2025-06-10T12:00:00Z"));
        check("today", "UTC", Some("2025-06-10T00:00:00Z"));
        check("Yesterday", "Europe/Berlin", Some("2025-06-08T22:00:00Z"));
        check("2h", "UTC", Some("2025-06-10T10:00:00Z"));
        check("-2h", "UTC", Some("2025-06-10T10:00:00Z"));
        check("90m ago", "UTC", Some("2025-06-10T10:30:00Z"));
        check("1d 12h", "UTC", Some("2025-06-09T00:00:00Z"));
        check("2 weeks", "UTC", Some("2025-05-27T12:00:00Z"));
        check("1mo", "UTC", Some("2025-05-10T12:00:00Z"));
    }

    #[test]
    fn what_is_no_time() {
        for text in ["", "tomorrowish", "2025-13-01", "2025-06-31", "12", "2025-06-01T25:00:00Z", "h2"] {
            check(text, "UTC", None);
        }
        assert!(zone("Mars/Olympus").is_err());
    }
}
