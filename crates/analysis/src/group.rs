//! How matches are grouped, and in which order groups are shown.

use jiff::tz::TimeZone;
use jiff::{Timestamp as Instant, ToSpan, Unit, ZonedRound, civil};
use std::fmt;
use timberline_entry::Timestamp;
use timberline_query::FieldPath;

/// One way to group matches.
#[derive(Clone, Debug, PartialEq)]
pub enum GroupBy {
    /// By the revision that wrote the entry.
    Revision,
    /// By service.
    Service,
    /// By severity.
    Severity,
    /// By the pattern of the message.
    Pattern,
    /// By the exception that the entry tells of.
    Exception,
    /// By hour, in the zone of the question.
    Hour,
    /// By day.
    Day,
    /// By week, beginning on Monday.
    Week,
    /// By month.
    Month,
    /// By the value of a field; an entry with several values counts in each of their groups.
    Field(FieldPath),
}

/// The text is not a way to group.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "{text:?} is neither one of revision, service, severity, pattern, exception, hour, day, week, month nor a field: {reason}"
)]
pub struct GroupByError {
    /// What was given.
    pub text: String,
    /// Why it is no field.
    pub reason: String,
}

impl GroupBy {
    /// Reads `revision`, `day`, `jsonPayload.error.type`, ….
    ///
    /// # Errors
    /// [`GroupByError`] when it is neither a known name nor a field.
    pub fn parse(text: &str) -> Result<Self, GroupByError> {
        Ok(match text {
            "revision" => Self::Revision,
            "service" => Self::Service,
            "severity" => Self::Severity,
            "pattern" => Self::Pattern,
            "exception" => Self::Exception,
            "hour" => Self::Hour,
            "day" => Self::Day,
            "week" => Self::Week,
            "month" => Self::Month,
            _ => {
                Self::Field(FieldPath::parse(text).map_err(|error| GroupByError {
                    text: text.to_owned(),
                    reason: error.kind.to_string(),
                })?)
            }
        })
    }

    /// Returns the name that answers use for the group's key.
    pub fn name(&self) -> String {
        match self {
            Self::Revision => "revision".to_owned(),
            Self::Service => "service".to_owned(),
            Self::Severity => "severity".to_owned(),
            Self::Pattern => "pattern".to_owned(),
            Self::Exception => "exception".to_owned(),
            Self::Hour => "hour".to_owned(),
            Self::Day => "day".to_owned(),
            Self::Week => "week".to_owned(),
            Self::Month => "month".to_owned(),
            Self::Field(path) => path.to_string(),
        }
    }

    /// Says whether the groups are stretches of time.
    pub const fn is_time(&self) -> bool {
        matches!(self, Self::Hour | Self::Day | Self::Week | Self::Month)
    }
}

impl fmt::Display for GroupBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// A stretch of time in a zone: from its start, inclusive, to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Bucket {
    pub(crate) from_ns: i64,
    pub(crate) to_ns: i64,
}

impl Bucket {
    /// Returns the bucket that a point in time lies in.
    ///
    /// Days are those of the zone, so one may have 23 or 25 hours.
    pub(crate) fn of(by: &GroupBy, time: Timestamp, zone: &TimeZone) -> Self {
        let instant = Instant::from_nanosecond(i128::from(time.as_nanos()))
            .expect("64 bits of nanoseconds are in range");
        let zoned = instant.to_zoned(zone.clone());
        let date = zoned.date();
        let (from, to) = match by {
            GroupBy::Hour => {
                let round = ZonedRound::new().smallest(Unit::Hour).mode(jiff::RoundMode::Trunc);
                let from = zoned.round(round).expect("an hour's start is in range");
                let to = from.checked_add(1.hour()).expect("the range ends in the year 9999");
                return Self { from_ns: nanos(from.timestamp()), to_ns: nanos(to.timestamp()) };
            }
            GroupBy::Week => {
                let from = date
                    .checked_sub(i64::from(date.weekday().to_monday_zero_offset()).days())
                    .expect("a week's start is in range");
                (from, from.checked_add(7.days()).expect("the range ends in the year 9999"))
            }
            GroupBy::Month => {
                let from = date.first_of_month();
                (from, from.checked_add(1.month()).expect("the range ends in the year 9999"))
            }
            _ => (date, date.checked_add(1.day()).expect("the range ends in the year 9999")),
        };
        let start =
            |date: civil::Date| nanos(date.to_zoned(zone.clone()).expect("midnight is in range").timestamp());
        Self { from_ns: start(from), to_ns: start(to) }
    }

    /// Returns the bucket that begins at a time in RFC 3339, which may lie before the first that an entry can have.
    pub(crate) fn starting(by: &GroupBy, start: &str, zone: &TimeZone) -> Self {
        let start: Instant = start.parse().expect("starts of stretches are written in RFC 3339");
        Self::of(by, Timestamp::from_nanos(nanos(start)), zone)
    }

    /// Returns the bucket that follows.
    pub(crate) fn next(self, by: &GroupBy, zone: &TimeZone) -> Self {
        Self::of(by, Timestamp::from_nanos(self.to_ns), zone)
    }
}

fn nanos(instant: Instant) -> i64 {
    let nanos = instant.as_nanosecond();
    i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(by: &GroupBy, zone: &str, time: &str, from: &str, to: &str) {
        let zone = TimeZone::get(zone).unwrap();
        let (time, _) = Timestamp::parse(time).unwrap();
        let bucket = Bucket::of(by, time, &zone);
        let show = |ns| Timestamp::from_nanos(ns).to_string().replace(".000000000Z", "Z");
        assert_eq!((show(bucket.from_ns).as_str(), show(bucket.to_ns).as_str()), (from, to));
        assert_eq!(bucket.next(by, &zone).from_ns, bucket.to_ns);
        assert_eq!(Bucket::starting(by, &show(bucket.from_ns), &zone), bucket);
    }

    #[test]
    fn buckets_begin_where_the_zone_says() {
        check(&GroupBy::Hour, "UTC", "2025-09-16T01:42:58Z", "2025-09-16T01:00:00Z", "2025-09-16T02:00:00Z");
        check(
            &GroupBy::Hour,
            "Asia/Kolkata",
            "2025-09-16T01:42:58Z",
            "2025-09-16T01:30:00Z",
            "2025-09-16T02:30:00Z",
        );
        check(&GroupBy::Day, "UTC", "2025-09-16T01:42:58Z", "2025-09-16T00:00:00Z", "2025-09-17T00:00:00Z");
        check(
            &GroupBy::Day,
            "America/New_York",
            "2025-09-16T01:42:58Z",
            "2025-09-15T04:00:00Z",
            "2025-09-16T04:00:00Z",
        );
        check(&GroupBy::Week, "UTC", "2025-09-16T01:42:58Z", "2025-09-15T00:00:00Z", "2025-09-22T00:00:00Z");
        check(&GroupBy::Month, "UTC", "2025-02-28T23:59:59Z", "2025-02-01T00:00:00Z", "2025-03-01T00:00:00Z");
        // The first and the last time that an entry can have.
        check(&GroupBy::Week, "UTC", "1678-01-01T00:00:00Z", "1677-12-27T00:00:00Z", "1678-01-03T00:00:00Z");
        check(&GroupBy::Month, "UTC", "2261-12-31T23:59:59Z", "2261-12-01T00:00:00Z", "2262-01-01T00:00:00Z");
        // The day on which clocks go forward has 23 hours.
        check(
            &GroupBy::Day,
            "Europe/Berlin",
            "2025-03-30T12:00:00Z",
            "2025-03-29T23:00:00Z",
            "2025-03-30T22:00:00Z",
        );
    }

    #[test]
    fn names_and_fields() {
        assert_eq!(GroupBy::parse("revision"), Ok(GroupBy::Revision));
        assert_eq!(GroupBy::parse("jsonPayload.error.type").unwrap().name(), "jsonPayload.error.type");
        assert!(GroupBy::parse("nonsense").is_err());
    }
}
