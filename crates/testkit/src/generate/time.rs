//! Instants as microseconds since the Unix epoch, UTC, and the ways exports write them.

/// Microseconds in a second.
pub const SECOND_US: i64 = 1_000_000;
/// Microseconds in a minute.
pub const MINUTE_US: i64 = 60 * SECOND_US;
/// Microseconds in an hour.
pub const HOUR_US: i64 = 60 * MINUTE_US;
/// Microseconds in a day.
pub const DAY_US: i64 = 24 * HOUR_US;

/// An instant taken apart, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Year, four digits.
    pub year: i64,
    /// Month, 1 to 12.
    pub month: i64,
    /// Day of the month, 1 to 31.
    pub day: i64,
    /// Hour, 0 to 23.
    pub hour: i64,
    /// Minute, 0 to 59.
    pub minute: i64,
    /// Second, 0 to 59.
    pub second: i64,
    /// Microsecond, 0 to 999,999.
    pub micro: i64,
}

/// Takes an instant apart.
///
/// Source: Howard Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`.
#[must_use]
pub fn civil(at_us: i64) -> Civil {
    let days = at_us.div_euclid(DAY_US);
    let within = at_us.rem_euclid(DAY_US);
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Civil {
        year,
        month,
        day,
        hour: within / HOUR_US,
        minute: within / MINUTE_US % 60,
        second: within / SECOND_US % 60,
        micro: within % SECOND_US,
    }
}

/// Appends `2025-05-20T08:00:01` for an instant.
pub fn push_seconds(out: &mut String, at_us: i64, separator: char) {
    let at = civil(at_us);
    push_digits(out, at.year, 4);
    out.push('-');
    push_digits(out, at.month, 2);
    out.push('-');
    push_digits(out, at.day, 2);
    out.push(separator);
    push_digits(out, at.hour, 2);
    out.push(':');
    push_digits(out, at.minute, 2);
    out.push(':');
    push_digits(out, at.second, 2);
}

/// Appends an instant as the service prints it: no fraction, three or six digits, as many as are needed, and `Z`.
pub fn push_rfc3339(out: &mut String, at_us: i64) {
    push_seconds(out, at_us, 'T');
    let micro = at_us.rem_euclid(SECOND_US);
    if micro % 1000 != 0 {
        out.push('.');
        push_digits(out, micro, 6);
    } else if micro != 0 {
        out.push('.');
        push_digits(out, micro / 1000, 3);
    }
    out.push('Z');
}

/// Returns an instant as the service prints it.
#[must_use]
pub fn rfc3339(at_us: i64) -> String {
    let mut out = String::with_capacity(27);
    push_rfc3339(&mut out, at_us);
    out
}

/// Returns an instant as Python's `isoformat` prints it: six digits and whatever `zone` is.
#[must_use]
pub fn isoformat(at_us: i64, zone: &str) -> String {
    let mut out = String::with_capacity(32);
    push_seconds(&mut out, at_us, 'T');
    out.push('.');
    push_digits(&mut out, at_us.rem_euclid(SECOND_US), 6);
    out.push_str(zone);
    out
}

/// Appends an instant with nine fraction digits, the last three given apart.
pub fn push_nanos(out: &mut String, at_us: i64, nanos: i64) {
    push_seconds(out, at_us, 'T');
    out.push('.');
    push_digits(out, at_us.rem_euclid(SECOND_US), 6);
    push_digits(out, nanos, 3);
    out.push('Z');
}

/// Returns `2025-05-20` for an instant.
#[must_use]
pub fn date(at_us: i64) -> String {
    let mut out = String::with_capacity(20);
    push_seconds(&mut out, at_us, 'T');
    out.truncate(10);
    out
}

/// Appends the last `width` decimal digits of a number that is not negative.
pub fn push_digits(out: &mut String, number: i64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut left = number;
    for place in digits[..width].iter_mut().rev() {
        *place = b'0' + u8::try_from(left % 10).unwrap_or(0);
        left /= 10;
    }
    for digit in &digits[..width] {
        out.push(char::from(*digit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(at_us: i64, expected: &str) {
        assert_eq!(rfc3339(at_us), expected);
    }

    #[test]
    fn known_instants() {
        check(0, "1970-01-01T00:00:00Z");
        check(-1, "1969-12-31T23:59:59.999999Z");
        check(951_782_400_000_000, "2000-02-29T00:00:00Z");
        check(1_735_689_599_120_000, "2024-12-31T23:59:59.120Z");
        check(crate::generate::START_US + 42, "2025-05-20T00:00:00.000042Z");
    }

    #[test]
    fn the_other_spellings() {
        let at = crate::generate::START_US + 3 * HOUR_US + 7;
        assert_eq!(isoformat(at, "+00:00"), "2025-05-20T03:00:00.000007+00:00");
        assert_eq!(isoformat(at, ""), "2025-05-20T03:00:00.000007");
        assert_eq!(date(at), "2025-05-20");
        let mut nanos = String::new();
        push_nanos(&mut nanos, at, 45);
        assert_eq!(nanos, "2025-05-20T03:00:00.000007045Z");
    }
}
