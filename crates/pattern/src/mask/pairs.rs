//! The word behind an equals sign is a value: `state=ready`, `name = "x"`.

use super::class::{ALPHA, SPACE, UNDERSCORE, is, word_before, word_len};

/// Returns the extent of the plain or quoted word behind the equals sign at `idx`.
///
/// The sign must follow a word or a closing bracket, one space allowed on either side. A quoted value is taken with its
/// quotes. A plain one starts with a letter and must be followed by white space, `,`, `;`, a closing bracket or the end.
pub(super) fn value_behind(text: &str, idx: usize) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let before = idx - usize::from(idx > 0 && is(bytes, idx - 1, SPACE));
    let after_bracket = before > 0 && matches!(bytes[before - 1], b']' | b')');
    if !after_bracket && !word_before(text, before) {
        return None;
    }
    let start = idx + 1 + usize::from(is(bytes, idx + 1, SPACE));
    match bytes.get(start) {
        Some(&quote @ (b'"' | b'\'')) => {
            let close = memchr::memchr(quote, &bytes[start + 1..])?;
            Some((start, start + close + 2))
        }
        Some(_) if is(bytes, start, ALPHA | UNDERSCORE) => plain(text, start).map(|end| (start, end)),
        _ => None,
    }
}

fn plain(text: &str, start: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut end = start;
    loop {
        match bytes.get(end) {
            None => return Some(end),
            Some(b'.' | b'/' | b'@' | b'-') => end += 1,
            Some(b',' | b';' | b')' | b']' | b'}' | 0x1b) => return Some(end),
            Some(_) if is(bytes, end, SPACE) => return Some(end),
            Some(_) => match word_len(text, end) {
                0 => return None,
                len => end += len,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stand_behind_the_sign() {
        for (text, idx, found) in [
            ("state=ready x", 5, "ready"),
            ("state = ready", 6, "ready"),
            ("a=\"b c\" d", 1, "\"b c\""),
            ("a='b", 1, ""),
            ("a==b", 2, ""),
            ("x]=y;", 2, "y"),
            ("a=b:c", 1, ""),
            ("= b", 0, ""),
        ] {
            let (start, end) = value_behind(text, idx).unwrap_or((0, 0));
            assert_eq!(&text[start..end], found, "{text}");
        }
    }
}
