//! Numbers as people read them: one spelling per kind of quantity, the same in every format.
//!
//! Nothing here depends on a locale or a clock. Rounding never turns something into nothing or nearly all into all:
//! a share that is not zero is never shown as `0%`, one that is not whole never as `100%`.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// How far down a point in time is shown. Finer digits are cut off, never rounded up into the next second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// `2025-09-16`
    Day,
    /// `2025-09-16 01:02`
    Minute,
    /// `2025-09-16 01:02:03`
    #[default]
    Second,
    /// `2025-09-16 01:02:03.004`
    Millisecond,
    /// `2025-09-16 01:02:03.004005`
    Microsecond,
    /// `2025-09-16 01:02:03.004005006`
    Nanosecond,
}

/// Returns a count with thousands set apart: `12,345`.
#[must_use]
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Returns a size in binary units with three digits: `512 B`, `1.50 KiB`, `3.21 GiB`. Cut off, not rounded.
#[must_use]
pub fn bytes(n: u64) -> String {
    const UNITS: [(u32, &str); 6] =
        [(60, "EiB"), (50, "PiB"), (40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
    for (power, name) in UNITS {
        if n >> power > 0 {
            return format!("{} {name}", three_digits(n.into(), 1 << power));
        }
    }
    format!("{n} B")
}

/// Returns a duration in the units a person would choose: `850 ns`, `12.3 ms`, `4.20 s`, `3 min 05 s`, `2 h 10 min`,
/// `3 d 04 h`. Cut off, not rounded.
#[must_use]
pub fn duration(duration: Duration) -> String {
    let ns = duration.as_nanos();
    let seconds = duration.as_secs();
    match ns {
        0 => "0 s".to_owned(),
        1..1_000 => format!("{ns} ns"),
        1_000..1_000_000 => format!("{} µs", three_digits(ns, 1_000)),
        1_000_000..1_000_000_000 => format!("{} ms", three_digits(ns, 1_000_000)),
        _ if seconds < 60 => format!("{} s", three_digits(ns, 1_000_000_000)),
        _ if seconds < 3_600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ if seconds < 86_400 => format!("{} h {:02} min", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{} d {:02} h", count(seconds / 86_400), seconds / 3_600 % 24),
    }
}

/// Returns `part` of `total` as a percentage: `0%`, `<0.01%`, `0.25%`, `12.3%`, `>99.9%`, `100%`; `n/a` of nothing.
#[must_use]
pub fn share(part: u64, total: u64) -> String {
    let (part, total) = (u128::from(part), u128::from(total));
    if total == 0 {
        return "n/a".to_owned();
    }
    let rounded = |steps: u128| (part * steps + total / 2) / total;
    if part == 0 {
        "0%".to_owned()
    } else if part == total {
        "100%".to_owned()
    } else if part * 10_000 < total {
        "<0.01%".to_owned()
    } else if part * 100 < total && rounded(10_000) < 100 {
        let hundredths = rounded(10_000);
        format!("{}.{:02}%", hundredths / 100, hundredths % 100)
    } else if part < total && rounded(1_000) >= 1_000 {
        ">99.9%".to_owned()
    } else {
        let tenths = rounded(1_000);
        format!("{}.{}%", tenths / 10, tenths % 10)
    }
}

/// Returns a measured number with three significant digits: `0`, `0.0123`, `4.20`, `123`, `12,346`; `n/a` if not finite.
#[must_use]
pub fn measure(value: f64) -> String {
    if !value.is_finite() {
        return "n/a".to_owned();
    }
    let size = value.abs();
    // The limits are where rounding to the next line's digits begins, so 9.996 is "10.0" and never "10.00".
    if size == 0.0 {
        "0".to_owned()
    } else if size < 0.000_999_5 {
        format!("{value:.2e}")
    } else if size < 0.009_995 {
        format!("{value:.5}")
    } else if size < 0.099_95 {
        format!("{value:.4}")
    } else if size < 0.999_5 {
        format!("{value:.3}")
    } else if size < 9.995 {
        format!("{value:.2}")
    } else if size < 99.95 {
        format!("{value:.1}")
    } else {
        let digits = format!("{size:.0}");
        let sign = if value < 0.0 { "-" } else { "" };
        match digits.parse::<u64>() {
            Ok(whole) => format!("{sign}{}", count(whole)),
            Err(_) => format!("{value:.2e}"),
        }
    }
}

/// Returns a value of a chart: a count where it is whole, else as [`measure`] does.
#[must_use]
pub fn amount(value: f64) -> String {
    // Above 2^53 not every whole number has an f64, so the digits would promise more than there is.
    const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && (0.0..=LARGEST_EXACT).contains(&value) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole and in range")]
        return count(value as u64);
    }
    measure(value)
}

/// Returns a rate with its interval, where there is one: `4.20 (3.10 to 5.40) per hour`.
#[must_use]
pub fn rate(value: f64, interval: Option<(f64, f64)>, per: &str) -> String {
    let value = measure(value);
    match interval {
        Some((low, high)) => format!("{value} ({} to {}) per {per}", measure(low), measure(high)),
        None => format!("{value} per {per}"),
    }
}

/// Returns a point in time in `zone`, the zone always beside it: `2025-09-16 03:00:00 UTC`, `… +02:00`.
#[must_use]
pub fn timestamp(at: Timestamp, precision: Precision, zone: &TimeZone) -> String {
    let local = at.to_zoned(zone.clone());
    let date = local.date();
    let time = local.time();
    let ns = time.subsec_nanosecond();
    let seconds = || format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
    let clock = match precision {
        Precision::Day => String::new(),
        Precision::Minute => format!(" {:02}:{:02}", time.hour(), time.minute()),
        Precision::Second => format!(" {}", seconds()),
        Precision::Millisecond => format!(" {}.{:03}", seconds(), ns / 1_000_000),
        Precision::Microsecond => format!(" {}.{:06}", seconds(), ns / 1_000),
        Precision::Nanosecond => format!(" {}.{:09}", seconds(), ns),
    };
    format!("{date}{clock} {}", zone_mark(at, zone, "UTC"))
}

/// Returns a point in time as RFC 3339 in `zone`, for programs: `2025-09-16T03:00:00.000000000Z`, `…+02:00`.
#[must_use]
pub fn rfc3339(at: Timestamp, zone: &TimeZone) -> String {
    let local = at.to_zoned(zone.clone());
    let time = local.time();
    format!(
        "{}T{:02}:{:02}:{:02}.{:09}{}",
        local.date(),
        time.hour(),
        time.minute(),
        time.second(),
        time.subsec_nanosecond(),
        zone_mark(at, zone, "Z")
    )
}

/// The offset at that moment, so a reader can tell both 02:30 of an October night apart; a name only for UTC itself.
fn zone_mark(at: Timestamp, zone: &TimeZone, utc: &str) -> String {
    let offset = zone.to_offset(at);
    if offset.is_zero() {
        return utc.to_owned();
    }
    let seconds = offset.seconds().unsigned_abs();
    let sign = if offset.is_negative() { '-' } else { '+' };
    let mut mark = format!("{sign}{:02}:{:02}", seconds / 3_600, seconds / 60 % 60);
    if !seconds.is_multiple_of(60) {
        mark.push_str(&format!(":{:02}", seconds % 60));
    }
    mark
}

/// `value / unit` with three digits, cut off: 1.23, 12.3, 123, and 1,023 where a unit has 1024 parts.
fn three_digits(value: u128, unit: u128) -> String {
    let whole = value / unit;
    let rest = value % unit;
    match whole {
        0..10 => format!("{whole}.{:02}", rest * 100 / unit),
        10..100 => format!("{whole}.{}", rest * 10 / unit),
        _ => count(u64::try_from(whole).unwrap_or(u64::MAX)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn counts_and_bytes() {
        assert_eq!([0, 7, 999, 1_000, 1_234_567].map(count), ["0", "7", "999", "1,000", "1,234,567"]);
        assert_eq!(count(u64::MAX), "18,446,744,073,709,551,615");
        assert_eq!(
            [0, 1023, 1024, 1536, 1_048_575, 1 << 30].map(bytes),
            ["0 B", "1023 B", "1.00 KiB", "1.50 KiB", "1,023 KiB", "1.00 GiB"]
        );
        assert_eq!(bytes(u64::MAX), "15.9 EiB");
    }

    #[test]
    fn durations() {
        let cases: [(u64, &str); 11] = [
            (0, "0 s"),
            (850, "850 ns"),
            (12_345, "12.3 µs"),
            (999_999_999, "999 ms"),
            (4_200_000_000, "4.20 s"),
            (59_999_999_999, "59.9 s"),
            (185_000_000_000, "3 min 05 s"),
            (7_800_000_000_000, "2 h 10 min"),
            (86_400_000_000_000, "1 d 00 h"),
            (273_600_000_000_000, "3 d 04 h"),
            (1_000, "1.00 µs"),
        ];
        for (ns, expected) in cases {
            assert_eq!(duration(Duration::from_nanos(ns)), expected);
        }
    }

    #[test]
    fn shares_never_round_to_nothing_or_all() {
        let cases = [
            (0, 0, "n/a"),
            (0, 5, "0%"),
            (5, 5, "100%"),
            (1, 1_000_000, "<0.01%"),
            (1, 10_000, "0.01%"),
            (25, 10_000, "0.25%"),
            (9_999, 1_000_000, "1.0%"),
            (1, 8, "12.5%"),
            (999_999, 1_000_000, ">99.9%"),
            (999, 1_000, "99.9%"),
            (u64::MAX - 1, u64::MAX, ">99.9%"),
        ];
        for (part, total, expected) in cases {
            assert_eq!(share(part, total), expected, "{part} of {total}");
        }
    }

    #[test]
    fn measures_and_rates() {
        let cases = [
            (0.0, "0"),
            (0.000_012, "1.20e-5"),
            (0.001_234, "0.00123"),
            (0.012_34, "0.0123"),
            (0.5, "0.500"),
            (0.9996, "1.00"),
            (9.996, "10.0"),
            (-42.42, "-42.4"),
            (12_345.6, "12,346"),
            (f64::NAN, "n/a"),
            (1e30, "1.00e30"),
        ];
        for (value, expected) in cases {
            assert_eq!(measure(value), expected, "{value}");
        }
        assert_eq!([3.0, 1_200.0, 0.0, 0.5, -1.0].map(amount), ["3", "1,200", "0", "0.500", "-1.00"]);
        assert_eq!(rate(4.2, Some((3.1, 5.4)), "hour"), "4.20 (3.10 to 5.40) per hour");
        assert_eq!(rate(0.0, None, "1,000 requests"), "0 per 1,000 requests");
    }

    #[test]
    fn times_carry_their_zone() {
        let at: Timestamp = "2025-10-26T00:59:59.123456789Z".parse().unwrap();
        let later: Timestamp = "2025-10-26T01:59:59.9Z".parse().unwrap();
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        assert_eq!(timestamp(at, Precision::Second, &TimeZone::UTC), "2025-10-26 00:59:59 UTC");
        assert_eq!(timestamp(at, Precision::Minute, &berlin), "2025-10-26 02:59 +02:00");
        assert_eq!(timestamp(later, Precision::Minute, &berlin), "2025-10-26 02:59 +01:00");
        assert_eq!(timestamp(at, Precision::Millisecond, &TimeZone::UTC), "2025-10-26 00:59:59.123 UTC");
        assert_eq!(timestamp(at, Precision::Day, &TimeZone::UTC), "2025-10-26 UTC");
        assert_eq!(rfc3339(at, &TimeZone::UTC), "2025-10-26T00:59:59.123456789Z");
        assert_eq!(rfc3339(at, &berlin), "2025-10-26T02:59:59.123456789+02:00");
    }

    proptest! {
        #[test]
        fn counts_read_back(n in any::<u64>()) {
            prop_assert_eq!(count(n).replace(',', "").parse::<u64>().unwrap(), n);
        }

        #[test]
        fn rfc3339_reads_back(seconds in -60_000_000_000_i64..200_000_000_000, ns in 0..1_000_000_000_i32) {
            let at = Timestamp::new(seconds, if seconds < 0 { 0 } else { ns }).unwrap();
            prop_assert_eq!(rfc3339(at, &TimeZone::UTC).parse::<Timestamp>().unwrap(), at);
        }

        #[test]
        fn shares_are_ordered_and_honest(part in 0..5_000_u64, total in 1..5_000_u64) {
            prop_assume!(part <= total);
            let shown = share(part, total);
            prop_assert_eq!(shown == "0%", part == 0);
            prop_assert_eq!(shown == "100%", part == total);
            if let Ok(percent) = shown.trim_end_matches('%').parse::<f64>() {
                #[expect(clippy::cast_precision_loss, reason = "small numbers")]
                let exact = part as f64 * 100.0 / total as f64;
                prop_assert!((percent - exact).abs() <= 0.051, "{shown} for {exact}");
            }
        }
    }
}
