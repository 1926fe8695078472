//! Values as text, read as the types of fields.
//!
//! Source: Logging query language, edition of 2024-05-15, "Values and conversions".

use timberline_entry::Timestamp;

/// Reads a decimal number with optional sign, fraction and exponent, or `NaN`, `Infinity`, `-Infinity` in any case.
pub(crate) fn number(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let word = unsigned.eq_ignore_ascii_case("infinity") || text.eq_ignore_ascii_case("nan");
    let plain = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    // The standard library's grammar is this one but for a few more words, which are excluded above.
    if word || plain { text.parse().ok() } else { None }
}

/// Reads a 64-bit integer.
pub(crate) fn integer(text: &str) -> Option<i64> {
    text.parse().ok()
}

/// Reads an integer, also one that is written with a fraction or an exponent, as far as doubles hold it exactly.
pub(crate) fn whole(text: &str) -> Option<i64> {
    integer(text).or_else(|| {
        let number = number(text)?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "checked to be a whole number that doubles hold exactly"
        )]
        let whole = (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64);
        whole
    })
}

/// Reads `true` or `false` in any case.
pub(crate) const fn boolean(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// Reads a signed decimal and one unit of `ns us ms s m h`, in nanoseconds; what lies beyond 64 bits is the largest.
pub(crate) fn duration_ns(text: &str) -> Option<i64> {
    const UNITS: [(&str, i128); 6] = [
        ("ns", 1),
        ("us", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ];
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (decimal, unit) = text.split_at(unit_at);
    let scale = UNITS.into_iter().find(|(name, _)| *name == unit)?.1;
    let unsigned = decimal.strip_prefix(['+', '-']).unwrap_or(decimal);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    // 30 digits are more than 64 bits of nanoseconds hold, and far from the end of 128.
    let digits = |part: &str| part.bytes().take(30).fold(0_i128, |sum, b| sum * 10 + i128::from(b - b'0'));
    let mut ns = digits(whole).saturating_mul(scale);
    let mut part = scale;
    let mut sum = 0_i128;
    for b in fraction.bytes().take(18) {
        sum = sum * 10 + i128::from(b - b'0');
        part *= 10;
    }
    ns = ns.saturating_add(sum.saturating_mul(scale).saturating_mul(scale) / part);
    if decimal.starts_with('-') {
        ns = -ns;
    }
    Some(i64::try_from(ns).unwrap_or(if ns < 0 { i64::MIN } else { i64::MAX }))
}

/// Reads a point in time: RFC 3339 with `T`, without zone UTC, or a date alone, which is midnight UTC.
///
/// In nanoseconds since the Unix epoch. Years that a [`Timestamp`] cannot hold are valid and lie at its ends.
pub(crate) fn timestamp_ns(text: &str) -> Option<i64> {
    if is_date(text) {
        return timestamp_ns(&format!("{text}T00:00:00Z"));
    }
    if !matches!(text.as_bytes().get(10), Some(b'T' | b't')) || text.contains(',') {
        return None;
    }
    if let Some((time, _)) = Timestamp::parse(text) {
        return Some(time.as_nanos());
    }
    let year: u16 = text.get(..4)?.parse().ok()?;
    // The rest is judged in a year of the same length that can be held.
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let other = if is_leap { "2000" } else { "2001" };
    Timestamp::parse(&format!("{other}{}", text.get(4..)?))?;
    Some(if year < 2000 { i64::MIN } else { i64::MAX })
}

/// Says whether a text has the form of a date without time.
pub(crate) fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10
        && bytes
            .iter()
            .enumerate()
            .all(|(idx, b)| if idx == 4 || idx == 7 { *b == b'-' } else { b.is_ascii_digit() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (text, expected) in [
            ("5", Some(5.0)),
            ("-5.25", Some(-5.25)),
            ("+1e2", Some(100.0)),
            ("1E-2", Some(0.01)),
            ("-Infinity", Some(f64::NEG_INFINITY)),
            ("INFINITY", Some(f64::INFINITY)),
            ("inf", None),
            ("", None),
            ("abc", None),
            ("5 ", None),
            ("0x10", None),
            ("1.2.3", None),
            ("e5", None),
        ] {
            assert_eq!(number(text), expected, "{text}");
        }
        assert!(number("nan").is_some_and(f64::is_nan));
    }

    #[test]
    fn durations() {
        for (text, expected) in [
            ("3.2s", Some(3_200_000_000)),
            ("999ms", Some(999_000_000)),
            ("-1us", Some(-1_000)),
            ("1h", Some(3_600_000_000_000)),
            ("0.5m", Some(30_000_000_000)),
            ("1.108226s", Some(1_108_226_000)),
            ("0.0000000019s", Some(1)),
            ("7ns", Some(7)),
            ("99999999999999999999h", Some(i64::MAX)),
            ("-99999999999999999999h", Some(i64::MIN)),
            ("2", None),
            ("s", None),
            ("1m30s", None),
            ("1.s", None),
            ("1 s", None),
            ("1d", None),
        ] {
            assert_eq!(duration_ns(text), expected, "{text}");
        }
    }

    #[test]
    fn timestamps() {
        for (text, expected) in [
            ("1970-01-01", Some(0)),
            ("1970-01-01T00:00:00", Some(0)),
            ("1970-01-01T00:00:00.000000001Z", Some(1)),
            ("1970-01-01T00:00:01-00:01", Some(61_000_000_000)),
            ("9999-12-31T23:59:59Z", Some(i64::MAX)),
            ("0001-01-01", Some(i64::MIN)),
            ("9999-02-29", None),
            ("2020-01-27T 8:05:00Z", None),
            ("2020-01-27 08:05:00Z", None),
            ("yesterday", None),
            ("2020-13-01", None),
            ("éééééééé", None),
        ] {
            assert_eq!(timestamp_ns(text), expected, "{text}");
        }
    }
}
