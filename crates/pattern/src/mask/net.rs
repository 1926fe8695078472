//! Addresses: IP, MAC, URL, e-mail, host and port.

use super::class::{DIGIT, SPACE, WORD, boundary, digits_end, is, word_before, word_len};

/// The longest scheme looked for; `postgresql+asyncpg` has 18 characters.
const MAX_SCHEME: usize = 32;

/// The longest name before the `@` of an address; mail allows 64 characters.
const MAX_LOCAL_PART: usize = 128;

/// Matches an IPv4 address with an optional port.
pub(super) fn ipv4(text: &str, idx: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut end = octet(bytes, idx)?;
    for _ in 0..3 {
        if bytes.get(end) != Some(&b'.') {
            return None;
        }
        end = octet(bytes, end + 1)?;
    }
    if bytes.get(end) == Some(&b':') {
        let port = digits_end(bytes, end + 1);
        if port > end + 1 && boundary(text, port) {
            return Some(port);
        }
    }
    boundary(text, end).then_some(end)
}

fn octet(bytes: &[u8], idx: usize) -> Option<usize> {
    let end = digits_end(bytes, idx);
    (end > idx && end <= idx + 3).then_some(end)
}

/// Matches an IPv6 address: hexadecimal groups with `::` among them, or eight groups; at least one digit.
pub(super) fn ipv6(text: &str, idx: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut end, mut n_groups, mut n_colons, mut shortened, mut has_digit) = (idx, 0, 0, false, false);
    loop {
        let start = end;
        while bytes.get(end).is_some_and(u8::is_ascii_hexdigit) {
            has_digit |= is(bytes, end, DIGIT);
            end += 1;
        }
        if end - start > 4 {
            return None;
        }
        n_groups += usize::from(end > start);
        if bytes.get(end) != Some(&b':') || n_colons == 7 {
            break;
        }
        if bytes.get(end + 1) == Some(&b':') {
            if shortened {
                return None;
            }
            shortened = true;
            end += 1;
            n_colons += 1;
        } else if !bytes.get(end + 1).is_some_and(u8::is_ascii_hexdigit) {
            break;
        }
        end += 1;
        n_colons += 1;
    }
    let complete = n_groups == 8 || (shortened && n_groups >= 1);
    (complete && has_digit && boundary(text, end)).then_some(end)
}

/// Matches six pairs of hexadecimal digits with colons or dashes between.
pub(super) fn mac(text: &str, idx: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let found = bytes.get(idx..idx + 17)?;
    let shaped = found.iter().enumerate().all(|(place, byte)| {
        if place % 3 == 2 { matches!(byte, b':' | b'-') } else { byte.is_ascii_hexdigit() }
    });
    (shaped && boundary(text, idx + 17)).then_some(idx + 17)
}

/// Matches an address with a scheme, `https://…`, up to a space, quote or closing bracket.
///
/// Punctuation that ends a sentence is left outside.
pub(super) fn url(text: &str, idx: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    if !bytes.get(idx).is_some_and(u8::is_ascii_lowercase) {
        return None;
    }
    let mut scheme = idx + 1;
    while scheme <= idx + MAX_SCHEME
        && bytes
            .get(scheme)
            .is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'+' | b'.' | b'-'))
    {
        scheme += 1;
    }
    if !(2..=MAX_SCHEME).contains(&(scheme - idx)) || !bytes[scheme..].starts_with(b"://") {
        return None;
    }
    let start = scheme + 3;
    let mut end = start;
    while bytes.get(end).is_some_and(|b| {
        !matches!(b, b'"' | b'\'' | b'<' | b'>' | b']' | b')' | 0x1b) && !is(bytes, end, SPACE)
    }) {
        end += 1;
    }
    if end == start {
        return None;
    }
    while end > start + 1 && matches!(bytes[end - 1], b'.' | b',' | b';' | b':' | b'!' | b'?') {
        end -= 1;
    }
    Some(end)
}

/// Matches an e-mail address, or any `name@dotted.host`.
pub(super) fn email(text: &str, idx: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = idx;
    loop {
        if at - idx > MAX_LOCAL_PART {
            return None;
        }
        match bytes.get(at)? {
            b'@' => break,
            b'.' | b'+' | b'-' => at += 1,
            _ => match word_len(text, at) {
                0 => return None,
                len => at += len,
            },
        }
    }
    let mut end = label_end(text, at + 1)?;
    let mut n_labels = 1;
    while bytes.get(end) == Some(&b'.')
        && let Some(next) = label_end(text, end + 1)
    {
        end = next;
        n_labels += 1;
    }
    (at > idx && n_labels > 1).then_some(end)
}

/// Returns the end of one label of a host name, of at least one character.
fn label_end(text: &str, idx: usize) -> Option<usize> {
    let mut end = idx;
    loop {
        if text.as_bytes().get(end) == Some(&b'-') {
            end += 1;
            continue;
        }
        match word_len(text, end) {
            0 => return (end > idx).then_some(end),
            len => end += len,
        }
    }
}

/// Matches `:8123` behind a host name.
pub(super) fn port(text: &str, idx: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.get(idx) != Some(&b':') {
        return None;
    }
    let end = digits_end(bytes, idx + 1);
    (end > idx + 1 && boundary(text, end)).then_some(end)
}

/// Tells whether a dotted name reads as a host rather than as a module, class or version.
pub(super) fn looks_like_host(name: &[u8]) -> bool {
    const ENDINGS: [&[u8]; 30] = [
        b"com",
        b"net",
        b"org",
        b"edu",
        b"gov",
        b"io",
        b"dev",
        b"app",
        b"ai",
        b"cloud",
        b"de",
        b"uk",
        b"fr",
        b"cn",
        b"jp",
        b"ru",
        b"us",
        b"eu",
        b"in",
        b"br",
        b"ch",
        b"nl",
        b"au",
        b"ca",
        b"tw",
        b"hk",
        b"local",
        b"internal",
        b"lan",
        b"arpa",
    ];
    let last = name.rsplit(|&byte| byte == b'.').next().unwrap_or(name);
    !name.contains(&b'_') && ENDINGS.contains(&last)
}

/// Tells whether a name of two parts is a host without doubt: `example.org`, but not `java.io`.
pub(super) fn is_plain_host(name: &[u8]) -> bool {
    const ENDINGS: [&[u8]; 9] =
        [b"com", b"net", b"org", b"edu", b"gov", b"local", b"internal", b"lan", b"arpa"];
    !name.contains(&b'_')
        && name[0].is_ascii_lowercase()
        && name.rsplit(|&byte| byte == b'.').next().is_some_and(|last| ENDINGS.contains(&last))
}

/// Matches the target of a request, the word behind `GET ` and its like; `idx` is the space in between.
///
/// A closing quote or comma stays outside, so that `"GET /a"` keeps both its quotes.
pub(super) fn request_target(text: &str, idx: usize) -> Option<(usize, usize)> {
    const METHODS: [&[u8]; 6] = [b"GET", b"POST", b"PUT", b"DELETE", b"HEAD", b"PATCH"];
    let bytes = text.as_bytes();
    let method = METHODS.iter().find(|name| bytes[..idx].ends_with(name))?;
    if word_before(text, idx - method.len()) {
        return None;
    }
    let start = idx + 1;
    let mut end = start;
    while end < bytes.len() && !is(bytes, end, SPACE) && bytes[end] != 0x1b {
        end += 1;
    }
    while end > start && matches!(bytes[end - 1], b'"' | b'\'' | b',' | b')' | b']') {
        end -= 1;
    }
    // A request line's target, not the next word of a sentence about the method.
    let plausible = is(bytes, start, WORD) || matches!(bytes.get(start), Some(b'/' | b'*' | b'%' | b'\\'));
    (end > start && plausible).then_some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(matcher: fn(&str, usize) -> Option<usize>, text: &str, found: &str) {
        assert_eq!(&text[..matcher(text, 0).unwrap_or(0)], found, "{text}");
    }

    #[test]
    fn addresses_end_where_they_should() {
        check(ipv4, "10.0.0.1:50010:", "10.0.0.1:50010");
        check(ipv4, "10.0.0.1:80a", "10.0.0.1");
        check(ipv4, "10.0.0.1.2", "10.0.0.1");
        check(ipv4, "10.0.0.1234", "");
        check(ipv6, "fe80::1 x", "fe80::1");
        check(ipv6, "2001:db8:0:0:0:0:2:1", "2001:db8:0:0:0:0:2:1");
        check(ipv6, "12:30:45", "");
        check(ipv6, "add::bad", "");
        check(mac, "00:1b:44:11:3A:B7,", "00:1b:44:11:3A:B7");
        check(url, "https://x.y/z?q=1).", "https://x.y/z?q=1");
        check(url, "git+ssh://x/y.", "git+ssh://x/y");
        check(url, "postgresql+asyncpg://u@h/d", "postgresql+asyncpg://u@h/d");
        check(url, "Http://x", "");
        check(email, "a.b+c@x-y.org.", "a.b+c@x-y.org");
        check(email, "user@host", "");
    }

    #[test]
    fn request_targets_follow_a_method() {
        assert_eq!(request_target("\"GET /a HTTP", 4), Some((5, 7)));
        assert_eq!(request_target("\"GET /a\"", 4), Some((5, 7)));
        assert_eq!(request_target("TARGET x", 6), None);
        assert_eq!(request_target("GET (x", 3), None);
    }
}
