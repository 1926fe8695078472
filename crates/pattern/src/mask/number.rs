//! Numbers, sizes and durations.

use super::HoleKind;
use super::class::{ALNUM, SPACE, digits_end, is};

const SIZE_UNITS: [&[u8]; 10] = [b"bytes", b"KiB", b"MiB", b"GiB", b"TiB", b"KB", b"MB", b"GB", b"TB", b"B"];

/// Units a number may carry, longest first where one begins another.
const UNITS: [(&[u8], HoleKind); 31] = [
    (b"bytes", HoleKind::Size),
    (b"seconds", HoleKind::Duration),
    (b"secs", HoleKind::Duration),
    (b"sec", HoleKind::Duration),
    (b"ms", HoleKind::Duration),
    (b"us", HoleKind::Duration),
    (b"ns", HoleKind::Duration),
    (b"KiB", HoleKind::Size),
    (b"MiB", HoleKind::Size),
    (b"GiB", HoleKind::Size),
    (b"TiB", HoleKind::Size),
    (b"PiB", HoleKind::Size),
    (b"KB", HoleKind::Size),
    (b"MB", HoleKind::Size),
    (b"GB", HoleKind::Size),
    (b"TB", HoleKind::Size),
    (b"PB", HoleKind::Size),
    (b"kB", HoleKind::Size),
    (b"kb", HoleKind::Size),
    (b"Kb", HoleKind::Size),
    (b"Mb", HoleKind::Size),
    (b"Gb", HoleKind::Size),
    (b"B", HoleKind::Size),
    (b"b", HoleKind::Size),
    (b"s", HoleKind::Duration),
    (b"m", HoleKind::Duration),
    (b"h", HoleKind::Duration),
    (b"d", HoleKind::Duration),
    ("µs".as_bytes(), HoleKind::Duration),
    ("μs".as_bytes(), HoleKind::Duration),
    (b"%", HoleKind::Num),
];

/// Matches `4096 bytes` or `96.6 KB`-like sizes with their repeat in brackets, `1024 bytes (1.0 KB)`.
pub(super) fn size(bytes: &[u8], idx: usize) -> Option<usize> {
    let digits = digits_end(bytes, idx);
    let unit = digits + usize::from(is(bytes, digits, SPACE));
    let first = *bytes.get(unit)?;
    if !matches!(first, b'b' | b'B' | b'K' | b'M' | b'G' | b'T') {
        return None;
    }
    let end = SIZE_UNITS.iter().find(|name| bytes[unit..].starts_with(name)).map(|name| unit + name.len())?;
    if let Some(repeat) = bracketed_size(bytes, end).filter(|&repeat| !is(bytes, repeat, ALNUM)) {
        return Some(repeat);
    }
    (!is(bytes, end, ALNUM)).then_some(end)
}

/// Matches ` (1.0 KB)` behind a size.
fn bracketed_size(bytes: &[u8], idx: usize) -> Option<usize> {
    if !is(bytes, idx, SPACE) || bytes.get(idx + 1) != Some(&b'(') {
        return None;
    }
    let whole = digits_end(bytes, idx + 2);
    if whole == idx + 2 {
        return None;
    }
    let mut end = fraction_end(bytes, whole);
    end += usize::from(is(bytes, end, SPACE));
    end += usize::from(matches!(bytes.get(end), Some(b'K' | b'M' | b'G' | b'T')));
    end += usize::from(bytes.get(end) == Some(&b'i'));
    if bytes.get(end) != Some(&b'B') {
        return None;
    }
    end += 1;
    if bytes[end..].starts_with(b"ytes") {
        end += 4;
    }
    (bytes.get(end) == Some(&b')')).then_some(end + 1)
}

/// Matches a number that starts at `idx`, sign included, with its unit.
///
/// Nothing matches when a letter or digit follows: `12ab` is a word.
pub(super) fn number(bytes: &[u8], idx: usize) -> Option<(usize, HoleKind)> {
    let start = idx + usize::from(matches!(bytes.get(idx), Some(b'-' | b'+')));
    let whole = digits_end(bytes, start);
    if whole == start {
        return None;
    }
    let fraction = fraction_end(bytes, whole);
    let exponent = exponent_end(bytes, fraction);
    // From the longest reading to the shortest, as a backtracking matcher would find them.
    for end in [exponent, fraction, whole] {
        if let Some(found) = with_unit(bytes, end) {
            return Some(found);
        }
    }
    None
}

fn with_unit(bytes: &[u8], end: usize) -> Option<(usize, HoleKind)> {
    for unit in [end + usize::from(is(bytes, end, SPACE)), end] {
        let Some(&first) = bytes.get(unit) else { continue };
        if !matches!(
            first,
            b'K' | b'M'
                | b'G'
                | b'T'
                | b'P'
                | b'k'
                | b'B'
                | b'b'
                | b'm'
                | b'u'
                | b'n'
                | b's'
                | b'h'
                | b'd'
                | b'%'
        ) && first < 0x80
        {
            continue;
        }
        for (name, kind) in &UNITS {
            if bytes[unit..].starts_with(name) && !is(bytes, unit + name.len(), ALNUM) {
                return Some((unit + name.len(), *kind));
            }
        }
    }
    (!is(bytes, end, ALNUM)).then_some((end, HoleKind::Num))
}

fn fraction_end(bytes: &[u8], idx: usize) -> usize {
    if bytes.get(idx) != Some(&b'.') {
        return idx;
    }
    let end = digits_end(bytes, idx + 1);
    if end == idx + 1 { idx } else { end }
}

fn exponent_end(bytes: &[u8], idx: usize) -> usize {
    if !matches!(bytes.get(idx), Some(b'e' | b'E')) {
        return idx;
    }
    let start = idx + 1 + usize::from(matches!(bytes.get(idx + 1), Some(b'-' | b'+')));
    let end = digits_end(bytes, start);
    if end == start { idx } else { end }
}

/// Matches `<1ms` and `< 5 sec`, the way proxies write very short times.
pub(super) fn less_than(bytes: &[u8], idx: usize) -> Option<usize> {
    let start = idx + 1 + usize::from(is(bytes, idx + 1, SPACE));
    let digits = digits_end(bytes, start);
    if digits == start {
        return None;
    }
    let unit = digits + usize::from(is(bytes, digits, SPACE));
    [b"seconds".as_slice(), b"secs", b"sec", b"ms", b"s"]
        .iter()
        .find(|name| {
            bytes.get(unit..).is_some_and(|rest| rest.starts_with(name))
                && !is(bytes, unit + name.len(), super::class::WORD)
        })
        .map(|name| unit + name.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, end: usize, kind: HoleKind) {
        assert_eq!(number(text.as_bytes(), 0), Some((end, kind)), "{text}");
    }

    #[test]
    fn numbers_take_their_units() {
        check("15", 2, HoleKind::Num);
        check("-1.5e-3 x", 7, HoleKind::Num);
        check("12 ms", 5, HoleKind::Duration);
        check("12.5s,", 5, HoleKind::Duration);
        check("3 secs.", 6, HoleKind::Duration);
        check("5 foo", 1, HoleKind::Num);
        check("10KiB", 5, HoleKind::Size);
        check("99%", 3, HoleKind::Num);
        check("40µs", 5, HoleKind::Duration);
        check("5.", 1, HoleKind::Num);
        assert_eq!(number(b"12ab", 0), None);
    }

    #[test]
    fn sizes_take_their_repeat() {
        assert_eq!(size(b"1024 bytes (1.0 KB) sent", 0), Some(19));
        assert_eq!(size(b"1024 bytes sent", 0), Some(10));
        assert_eq!(size(b"64 KB", 0), Some(5));
        assert_eq!(size(b"64 Bees", 0), None);
        assert_eq!(less_than(b"<1 sec x", 0), Some(6));
        assert_eq!(less_than(b"< 12ms", 0), Some(6));
        assert_eq!(less_than(b"<12", 0), None);
    }
}
