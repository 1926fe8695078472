//! What begins at a word: the dispatch for letters and digits.
//!
//! One pass over the characters of the word and its dotted continuation collects what the classes need; after that every
//! class is a few comparisons. Classes are asked from the most to the least specific.

use super::HoleKind;
use super::class::{ALPHA, CLASS, DIGIT, UNDERSCORE, boundary, digits_end, is, word_len};
use super::{id, net, number, path, time};

/// What stands at a place of the text.
pub(super) enum Step {
    /// A value up to this byte.
    Value(usize, HoleKind),
    /// No value; the next one begins at this byte or later.
    Skip(usize),
}

/// The longest name of a host, file or setting that is looked at, in bytes. Every word of `a-b-c.d` asks anew, so without
/// a bound a long name would cost the square of its length.
const MAX_NAME: usize = 255;

/// The extent of a word and of what continues it.
struct Run {
    /// End of the word characters.
    word: usize,
    /// End of word characters and hyphens.
    hyphened: usize,
    /// Whether a digit stands before `hyphened`.
    has_digit: bool,
    /// End and number of parts of a name of parts with dots between; hyphens allowed.
    dotted: (usize, usize),
    /// The same with dollar signs allowed.
    dotted_dollar: (usize, usize),
}

/// What is known of the text ahead from an earlier word of the same run.
///
/// Every word of `a-b-c-d` has the same continuation. Without this memory each would look for it anew, and a long run
/// would cost the square of its length.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// End of a run of word characters and hyphens, the end of its last digit, and what follows it.
    hyphened: usize,
    digit_end: usize,
    dotted: (usize, usize),
    /// The same with dollar signs.
    with_dollar: usize,
    dotted_dollar: (usize, usize),
}

impl Run {
    #[inline]
    fn at(text: &str, idx: usize, ahead: &mut Ahead) -> Self {
        let bytes = text.as_bytes();
        let (mut end, mut has_digit) = (idx, false);
        while let Some(&byte) = bytes.get(end) {
            let class = CLASS[usize::from(byte)];
            if class & (ALPHA | UNDERSCORE) != 0 {
                end += 1;
            } else if class & DIGIT != 0 {
                has_digit = true;
                end += 1;
            } else {
                match word_len(text, end) {
                    0 => break,
                    len => end += len,
                }
            }
        }
        let word = end;
        let mut run = Self { word, hyphened: word, has_digit, dotted: (word, 1), dotted_dollar: (word, 1) };
        if !matches!(bytes.get(word), Some(b'-' | b'.' | b'$')) {
            return run;
        }
        if idx < ahead.hyphened {
            run.has_digit |= ahead.digit_end > idx;
        } else {
            (ahead.hyphened, ahead.digit_end) = part(text, word, false);
            run.has_digit |= ahead.digit_end > word;
            ahead.dotted = dotted(text, ahead.hyphened, false);
        }
        run.hyphened = ahead.hyphened;
        run.dotted = ahead.dotted;
        run.dotted_dollar = run.dotted;
        if matches!(bytes.get(run.dotted.0), Some(b'$')) {
            if idx >= ahead.with_dollar {
                ahead.with_dollar = part(text, run.hyphened, true).0;
                ahead.dotted_dollar = dotted(text, ahead.with_dollar, true);
            }
            run.dotted_dollar = ahead.dotted_dollar;
        }
        run
    }
}

/// Returns the end of one part of a dotted name and the end of its last digit, 0 without digits.
fn part(text: &str, idx: usize, dollar: bool) -> (usize, usize) {
    let bytes = text.as_bytes();
    let (mut end, mut digit_end) = (idx, 0);
    loop {
        match bytes.get(end) {
            Some(b'-') => end += 1,
            Some(b'$') if dollar => end += 1,
            _ => match word_len(text, end) {
                0 => return (end, digit_end),
                len => {
                    end += len;
                    if is(bytes, end - 1, DIGIT) {
                        digit_end = end;
                    }
                }
            },
        }
    }
}

/// Continues a dotted name whose first part ends at `idx`.
fn dotted(text: &str, idx: usize, dollar: bool) -> (usize, usize) {
    let (mut end, mut n_parts) = (idx, 1);
    while text.as_bytes().get(end) == Some(&b'.') {
        let next = part(text, end + 1, dollar).0;
        if next == end + 1 {
            break;
        }
        end = next;
        n_parts += 1;
    }
    (end, n_parts)
}

/// Decides what begins at the letter or underscore at `idx`.
pub(super) fn letter(text: &str, idx: usize, ahead: &mut Ahead) -> Step {
    let bytes = text.as_bytes();
    let run = Run::at(text, idx, ahead);
    let word = &bytes[idx..run.word];
    if matches!(bytes.get(run.word), Some(b'+' | b'/'))
        && let Some(end) = id::base64(text, idx)
    {
        return Step::Value(end, HoleKind::Word);
    }
    match bytes.get(run.dotted.0) {
        Some(b':') => {
            if bytes.get(run.dotted.0 + 1) == Some(&b'/')
                && let Some(end) = net::url(text, idx)
            {
                return Step::Value(end, HoleKind::Url);
            }
            if word.len() == 1
                && run.dotted.0 == run.word
                && let Some(end) = path::drive_path(text, idx)
            {
                return Step::Value(end, HoleKind::Path);
            }
            if word.len() <= 4
                && run.dotted.0 == run.word
                && let Some(end) = colons(text, idx)
            {
                return end;
            }
        }
        Some(b'@') => {
            if let Some(end) = net::email(text, idx) {
                return Step::Value(end, HoleKind::Email);
            }
        }
        Some(b'+') => {
            if let Some(end) = net::url(text, idx) {
                return Step::Value(end, HoleKind::Url);
            }
            if let Some(end) = net::email(text, idx) {
                return Step::Value(end, HoleKind::Email);
            }
        }
        _ => {}
    }
    if word.len() == 3
        && bytes[idx].is_ascii_uppercase()
        && let Some(end) = time::named_month(text, idx)
    {
        return Step::Value(end, HoleKind::Time);
    }
    if run.hyphened > run.word {
        if word.len() == 8
            && let Some(end) = id::uuid(text, idx)
        {
            return Step::Value(end, HoleKind::Uuid);
        }
        if word.len() == 2
            && let Some(end) = net::mac(text, idx)
        {
            return Step::Value(end, HoleKind::Mac);
        }
    }
    if let Some(step) = dotted_name(text, idx, &run) {
        return step;
    }
    if run.has_digit {
        if id::is_bare_hex(word) {
            return Step::Value(run.word, HoleKind::Hex);
        }
        return Step::Value(without_hyphens(bytes, run.hyphened), HoleKind::Word);
    }
    if is_constant(word) {
        return Step::Value(run.word, HoleKind::Bool);
    }
    Step::Skip(run.word)
}

/// Decides what begins at the digit at `idx`; digits always begin some value.
pub(super) fn digit(text: &str, idx: usize, ahead: &mut Ahead) -> Step {
    let bytes = text.as_bytes();
    let digits = digits_end(bytes, idx);
    match bytes.get(digits) {
        // The plain cases first: they are most of all numbers.
        None => return Step::Value(digits, HoleKind::Num),
        Some(b'.') => {
            if let Some(end) = net::ipv4(text, idx) {
                return Step::Value(end, HoleKind::Ip);
            }
            if let Some(end) = time::date(text, idx) {
                return Step::Value(end, HoleKind::Time);
            }
        }
        Some(b'-' | b'/') => {
            if let Some(end) = time::date(text, idx) {
                return Step::Value(end, HoleKind::Time);
            }
            if digits == idx + 2
                && let Some(end) = net::mac(text, idx)
            {
                return Step::Value(end, HoleKind::Mac);
            }
            if digits == idx + 8
                && let Some(end) = id::uuid(text, idx)
            {
                return Step::Value(end, HoleKind::Uuid);
            }
        }
        Some(b':') => {
            if let Some(step) = colons(text, idx) {
                return step;
            }
        }
        Some(b'x' | b'X') => {
            if let Some(end) = id::prefixed_hex(text, idx) {
                return Step::Value(end, HoleKind::Hex);
            }
        }
        _ => {}
    }
    if let Some(end) = number::size(bytes, idx) {
        return Step::Value(end, HoleKind::Size);
    }
    if is(bytes, digits, super::class::SPACE) || matches!(bytes.get(digits), Some(b',' | b')' | b']' | b';'))
    {
        return match number::number(bytes, idx) {
            Some((end, kind)) => Step::Value(end, kind),
            None => Step::Value(digits, HoleKind::Num),
        };
    }
    let run = Run::at(text, idx, ahead);
    if matches!(bytes.get(run.word), Some(b'+' | b'/'))
        && let Some(end) = id::base64(text, idx)
    {
        return Step::Value(end, HoleKind::Word);
    }
    if matches!(bytes.get(run.dotted.0), Some(b'@' | b'+'))
        && let Some(end) = net::email(text, idx)
    {
        return Step::Value(end, HoleKind::Email);
    }
    if run.word == idx + 8
        && run.hyphened > run.word
        && let Some(end) = id::uuid(text, idx)
    {
        return Step::Value(end, HoleKind::Uuid);
    }
    if run.word <= idx + 4
        && matches!(bytes.get(run.word), Some(b':' | b'-'))
        && let Some(step) = colons(text, idx)
    {
        return step;
    }
    if let Some(step) = dotted_name(text, idx, &run) {
        return step;
    }
    if id::is_bare_hex(&bytes[idx..run.word]) {
        return Step::Value(run.word, HoleKind::Hex);
    }
    // `0042_add_index` is one name.
    let is_name = bytes.get(digits) == Some(&b'_') && is(bytes, digits + 1, ALPHA);
    if let Some((end, kind)) = number::number(bytes, idx).filter(|_| !is_name) {
        return Step::Value(end, kind);
    }
    Step::Value(without_hyphens(bytes, run.hyphened), HoleKind::Word)
}

/// Groups of hexadecimal digits with colons between: a MAC or IP address, else a time of day.
fn colons(text: &str, idx: usize) -> Option<Step> {
    if let Some(end) = net::mac(text, idx) {
        return Some(Step::Value(end, HoleKind::Mac));
    }
    if let Some(end) = net::ipv6(text, idx) {
        return Some(Step::Value(end, HoleKind::Ip));
    }
    if !is(text.as_bytes(), idx, DIGIT) {
        return None;
    }
    time::time_of_day(text, idx).map(|end| Step::Value(end, HoleKind::Time))
}

/// A name of two parts with a port, or of three parts and more.
fn dotted_name(text: &str, idx: usize, run: &Run) -> Option<Step> {
    let bytes = text.as_bytes();
    let (end, n_parts) = run.dotted;
    if n_parts >= 2
        && let Some(port) = net::port(text, end)
    {
        let kind = if is_source_file(&bytes[idx..end]) { HoleKind::Path } else { HoleKind::Host };
        return Some(Step::Value(port, kind));
    }
    if n_parts == 2 && end - idx <= MAX_NAME && bytes.get(end) != Some(&b'(') {
        let name = &bytes[idx..end];
        if net::is_plain_host(name) {
            return Some(Step::Value(end, HoleKind::Host));
        }
        if path::is_file_name(name) {
            return Some(Step::Value(end, HoleKind::Path));
        }
    }
    let (end, n_parts) = run.dotted_dollar;
    if n_parts < 3 {
        return None;
    }
    let end = trim_to_boundary(text, idx, end);
    let name = &bytes[idx..end];
    // `java.io.tmpdir=/tmp` names a setting; what is set is the value.
    if bytes.get(end) == Some(&b'=') && name.len() <= MAX_NAME && !name.iter().any(u8::is_ascii_digit) {
        return None;
    }
    let kind = if name.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') {
        HoleKind::Version
    } else if net::looks_like_host(name) {
        HoleKind::Host
    } else {
        HoleKind::Name
    };
    Some(Step::Value(end, kind))
}

fn trim_to_boundary(text: &str, idx: usize, mut end: usize) -> usize {
    while end > idx + 1 && matches!(text.as_bytes()[end - 1], b'-' | b'$') {
        end -= 1;
    }
    debug_assert!(boundary(text, end), "a trimmed name ends at its last word character");
    end
}

fn without_hyphens(bytes: &[u8], mut end: usize) -> usize {
    while bytes[end - 1] == b'-' {
        end -= 1;
    }
    end
}

/// Tells whether `name.ext` is a source file, which makes `name.ext:150` a place in it and not a port.
fn is_source_file(name: &[u8]) -> bool {
    const ENDINGS: [&[u8]; 20] = [
        b"py", b"js", b"mjs", b"ts", b"tsx", b"jsx", b"rs", b"go", b"java", b"kt", b"rb", b"php", b"c",
        b"cc", b"cpp", b"h", b"cs", b"scala", b"dart", b"pl",
    ];
    name.rsplit(|&byte| byte == b'.').next().is_some_and(|ending| ENDINGS.contains(&ending))
}

/// Tells whether a word is a truth value or the absence of a value.
fn is_constant(word: &[u8]) -> bool {
    if !(3..=5).contains(&word.len()) || !matches!(word[0], b't' | b'f' | b'n' | b'T' | b'F' | b'N') {
        return false;
    }
    matches!(word, b"true" | b"false" | b"null" | b"True" | b"False" | b"None" | b"nil")
}
