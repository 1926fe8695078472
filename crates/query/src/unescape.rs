//! The escapes of quoted strings.
//!
//! Source: the Ops Agent's `confgenerator/filter/internal/ast/ast.go`, which keeps parity with the service. An escape
//! that is not in its list stays as it is written, backslash included.

/// Resolves the escapes of a string's content and collects those that mean nothing.
pub(crate) fn unescape(raw: &str, unknown: &mut Vec<String>) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(c) = rest.chars().next() else {
            out.push('\\');
            return out;
        };
        rest = &rest[c.len_utf8()..];
        match c {
            '"' | '\\' | ',' | ':' | '=' | '<' | '>' | '+' | '~' | '.' | '*' => out.push(c),
            'a' => out.push('\u{7}'),
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'v' => out.push('\u{b}'),
            'u' => rest = push_hex(rest, 4, 'u', &mut out, unknown),
            'x' => rest = push_hex(rest, 2, 'x', &mut out, unknown),
            '0'..='7' => rest = push_octal(c, rest, &mut out),
            other => {
                out.push('\\');
                out.push(other);
                unknown.push(format!("\\{other}"));
            }
        }
    }
    out.push_str(rest);
    out
}

/// Returns the quoted form of a text: `unescape` of what stands between the quotes is the text again.
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// Makes the content of a string in single quotes that of one in double quotes: `"` gets its backslash, `\'` loses it.
pub(crate) fn requote(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => match chars.next() {
                Some('\'') => out.push('\''),
                Some(next) => out.extend(['\\', next]),
                None => out.push('\\'),
            },
            other => out.push(other),
        }
    }
    out
}

/// A surrogate, which is no character of its own, and digits that are missing stay as they are written.
fn push_hex<'t>(
    rest: &'t str,
    digits: usize,
    letter: char,
    out: &mut String,
    unknown: &mut Vec<String>,
) -> &'t str {
    let code = rest.get(..digits).filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit()));
    let c = code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
    match c {
        Some(c) => {
            out.push(c);
            &rest[digits..]
        }
        None => {
            out.push('\\');
            out.push(letter);
            unknown.push(format!("\\{letter}"));
            rest
        }
    }
}

/// One to three digits, as long as the value stays below 256: `\777` is `\77` and a 7.
fn push_octal<'t>(first: char, rest: &'t str, out: &mut String) -> &'t str {
    let mut value = first.to_digit(8).unwrap_or(0);
    let mut used = 0;
    for c in rest.chars().take(2) {
        let Some(digit) = c.to_digit(8).filter(|digit| value * 8 + digit < 256) else { break };
        value = value * 8 + digit;
        used += 1;
    }
    out.push(char::from_u32(value).expect("below 256"));
    &rest[used..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, expected: &str, unknown: &[&str]) {
        let mut found = Vec::new();
        assert_eq!(unescape(raw, &mut found), expected, "{raw}");
        assert_eq!(found, unknown, "{raw}");
    }

    #[test]
    fn known_escapes() {
        check(r#"a\"b\\c\.d"#, "a\"b\\c.d", &[]);
        check(r"\a\b\f\n\r\t\v", "\u{7}\u{8}\u{c}\n\r\t\u{b}", &[]);
        check(r"\u0050\x41", "PA", &[]);
        check(r"\101\377\777\08", "A\u{ff}\u{3f}7\u{0}8", &[]);
        check("\\", "\\", &[]);
        check("plain é", "plain é", &[]);
    }

    #[test]
    fn others_stay_as_written() {
        check(r"\[\d", r"\[\d", &["\\[", "\\d"]);
        check(r"\u12", r"\u12", &["\\u"]);
        check(r"\ud800", r"\ud800", &["\\u"]);
        check(r"\xé", r"\xé", &["\\x"]);
    }

    #[test]
    fn quoting_is_undone_by_unescaping() {
        for text in ["", "a\"b", "\\", "a\\n\n\t\r", "\u{7}é\\[", "\\u0041"] {
            let quoted = quote(text);
            check(&quoted[1..quoted.len() - 1], text, &[]);
        }
    }
}
