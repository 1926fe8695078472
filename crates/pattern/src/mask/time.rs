//! Dates and times of day.

use super::class::{ALPHA, DIGIT, SPACE, boundary, digits_end, is};

const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];
const DAYS: [&[u8; 3]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];

/// Matches `2025-08-25`, `2025/8/25` and the same with a time of day and an offset.
pub(super) fn date(text: &str, idx: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let day = digits_up_to(bytes, separator(bytes, month_end(bytes, idx)?)?, 2)?;
    if matches!(bytes.get(day), Some(b'T' | b' '))
        && let Some(minutes) = hours_minutes(bytes, day + 1)
    {
        let seconds = seconds_end(bytes, minutes);
        let fraction = fraction_end(bytes, seconds);
        for end in [fraction, seconds, minutes] {
            if let Some(offset) = offset_end(bytes, end).filter(|&offset| boundary(text, offset)) {
                return Some(offset);
            }
            if boundary(text, end) {
                return Some(end);
            }
        }
    }
    boundary(text, day).then_some(day)
}

fn month_end(bytes: &[u8], idx: usize) -> Option<usize> {
    let year = digits_end(bytes, idx);
    if year != idx + 4 {
        return None;
    }
    digits_up_to(bytes, separator(bytes, year)?, 2)
}

fn separator(bytes: &[u8], idx: usize) -> Option<usize> {
    matches!(bytes.get(idx), Some(b'-' | b'/' | b'.')).then_some(idx + 1)
}

fn digits_up_to(bytes: &[u8], idx: usize, most: usize) -> Option<usize> {
    let mut end = idx;
    while end < idx + most && is(bytes, end, DIGIT) {
        end += 1;
    }
    (end > idx).then_some(end)
}

/// Matches `h:mm` or `hh:mm` and returns its end.
fn hours_minutes(bytes: &[u8], idx: usize) -> Option<usize> {
    let hours = digits_up_to(bytes, idx, 2)?;
    (bytes.get(hours) == Some(&b':') && is(bytes, hours + 1, DIGIT) && is(bytes, hours + 2, DIGIT))
        .then_some(hours + 3)
}

fn seconds_end(bytes: &[u8], idx: usize) -> usize {
    let there = bytes.get(idx) == Some(&b':') && is(bytes, idx + 1, DIGIT) && is(bytes, idx + 2, DIGIT);
    if there { idx + 3 } else { idx }
}

fn fraction_end(bytes: &[u8], idx: usize) -> usize {
    if !matches!(bytes.get(idx), Some(b'.' | b',')) {
        return idx;
    }
    let end = digits_end(bytes, idx + 1);
    if end == idx + 1 { idx } else { end }
}

fn offset_end(bytes: &[u8], idx: usize) -> Option<usize> {
    match bytes.get(idx)? {
        b'Z' => Some(idx + 1),
        b'+' | b'-' => {
            let hours = digits_up_to(bytes, idx + 1, 2).filter(|&end| end == idx + 3)?;
            let minutes = hours + usize::from(bytes.get(hours) == Some(&b':'));
            digits_up_to(bytes, minutes, 2).filter(|&end| end == minutes + 2)
        }
        _ => None,
    }
}

/// Matches a time of day: `16:20`, `16:20:09`, `16:20:09.774`.
pub(super) fn time_of_day(text: &str, idx: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let minutes = hours_minutes(bytes, idx)?;
    let seconds = seconds_end(bytes, minutes);
    let fraction = if seconds > minutes { fraction_end(bytes, seconds) } else { seconds };
    [fraction, seconds, minutes].into_iter().find(|&end| boundary(text, end))
}

/// Matches `Jun 9`, `Sun Dec 4 04:47:44 2005`, `Thu, Jun 9 2005`.
pub(super) fn named_month(text: &str, idx: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut month = idx;
    if let Some(day) = bytes.get(idx..idx + 3)
        && DAYS.iter().any(|name| name.as_slice() == day)
    {
        let comma = idx + 3 + usize::from(bytes.get(idx + 3) == Some(&b','));
        month = spaces_end(bytes, comma).filter(|&end| end > comma)?;
    }
    let name = bytes.get(month..month + 3)?;
    if !MONTHS.iter().any(|known| known.as_slice() == name) {
        return None;
    }
    let day = spaces_end(bytes, month + 3).and_then(|start| digits_up_to(bytes, start, 2))?;
    let clock = spaces_end(bytes, day).and_then(|start| clock_end(bytes, start));
    for end in clock.into_iter().chain([day]) {
        if let Some(year) = year_end(bytes, end).filter(|&year| boundary(text, year)) {
            return Some(year);
        }
        if boundary(text, end) {
            return Some(end);
        }
    }
    None
}

fn clock_end(bytes: &[u8], idx: usize) -> Option<usize> {
    let minutes = hours_minutes(bytes, idx)?;
    Some(seconds_end(bytes, minutes)).filter(|&end| end > minutes)
}

/// Matches ` 2005` or ` UTC 2005` behind a day or a time.
fn year_end(bytes: &[u8], idx: usize) -> Option<usize> {
    let mut start = spaces_end(bytes, idx)?;
    if is(bytes, start, ALPHA) {
        let mut zone = start;
        while bytes.get(zone).is_some_and(u8::is_ascii_uppercase) && zone < start + 5 {
            zone += 1;
        }
        if !(3..=4).contains(&(zone - start)) {
            return None;
        }
        start = spaces_end(bytes, zone)?;
    }
    digits_up_to(bytes, start, 4).filter(|&end| end == start + 4)
}

/// Returns the end of at least one white space character.
fn spaces_end(bytes: &[u8], idx: usize) -> Option<usize> {
    let mut end = idx;
    while is(bytes, end, SPACE) {
        end += 1;
    }
    (end > idx).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_take_their_time_and_offset() {
        for (text, end) in [
            ("2025-08-25", 10),
            ("2025-08-25 16:20:09.774 |", 23),
            ("2025-08-28 00:20:14,510 - x", 23),
            ("2025-09-16T01:42:55Z", 20),
            ("2025-09-16 01:42:55 +0000]", 19),
            ("2025/8/5x", 0),
            ("2025-08-25T16:20+02:00", 22),
        ] {
            assert_eq!(date(text, 0).unwrap_or(0), end, "{text}");
        }
    }

    #[test]
    fn times_of_day_end_at_a_boundary() {
        for (text, end) in [("16:20", 5), ("6:20:09", 7), ("16:20:09,1 x", 10), ("16:2", 0), ("16:20x", 0)] {
            assert_eq!(time_of_day(text, 0).unwrap_or(0), end, "{text}");
        }
    }

    #[test]
    fn named_months_take_day_clock_and_year() {
        for (text, end) in [
            ("Sun Dec  4 04:47:44 2005 x", 24),
            ("Jun 9", 5),
            ("Thu, Jun 9 2005", 15),
            ("Jun 9 06:06:01 UTC 2005", 23),
            ("Mon went", 0),
            ("Sep 99999", 0),
        ] {
            assert_eq!(named_month(text, 0).unwrap_or(0), end, "{text}");
        }
    }
}
