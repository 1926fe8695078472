//! The lines of a text as the line machines want them.
//!
//! A trace may stand on one line with `\n` and `\t` written out, as in JSON inside text; such lines are taken apart. Colour
//! codes are dropped. Every line knows where in the text it came from.

use crate::mask::escape_end;
use std::borrow::Cow;

/// One line, without its end.
#[derive(Debug, Clone)]
pub(super) struct Line<'t> {
    content: Cow<'t, str>,
    /// First byte in the text.
    pub(super) start: usize,
    /// The byte behind the line in the text, before its line end.
    pub(super) end: usize,
}

impl Line<'_> {
    pub(super) fn text(&self) -> &str {
        &self.content
    }

    /// Returns the byte of the text at which a part of the line starts; that of the line where it had to be rewritten.
    pub(super) fn place(&self, at: usize) -> usize {
        match self.content {
            Cow::Borrowed(_) => self.start + at,
            Cow::Owned(_) => self.start,
        }
    }
}

/// Splits a text at its line ends, and at written-out line ends in lines that hold a trace.
pub(super) fn split(text: &str) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for part in text.split('\n') {
        let content = part.strip_suffix('\r').unwrap_or(part);
        if is_written_out(content) {
            split_written_out(content, start, &mut lines);
        } else {
            lines.push(Line { content: plain(content), start, end: start + content.len() });
        }
        start += part.len() + 1;
    }
    lines
}

/// Tells whether a line holds a trace with its line ends written out as `\n`.
fn is_written_out(line: &str) -> bool {
    const FOLLOWERS: [&str; 14] = [
        "  File ",
        "\\tat ",
        "\tat ",
        "Stack trace:",
        "\\ngoroutine",
        "goroutine ",
        "#0 ",
        "\\tfrom ",
        "\tfrom ",
        "stack backtrace:",
        "Caused by:",
        "  + Exception",
        "  | ",
        "note: run with",
    ];
    let has_calls = line.contains(" called at ");
    line.match_indices("\\n").any(|(at, _)| {
        let rest = &line[at + 2..];
        // However deep: a cause and the members of a group stand further in.
        let n_spaces = rest.len() - rest.trim_start_matches(' ').len();
        FOLLOWERS.iter().any(|follower| rest.starts_with(follower))
            || (n_spaces >= 3 && rest[n_spaces..].starts_with("at "))
            || (has_calls && rest.starts_with("\\t"))
    })
}

/// Takes a line apart at `\n`, and undoes `\t`, `\r`, `\"`, `\/` and `\\`.
///
/// A text inside JSON ends at the first quote that is not escaped; what stands behind it becomes a line of its own.
fn split_written_out<'t>(line: &'t str, offset: usize, lines: &mut Vec<Line<'t>>) {
    let is_json = line.contains("\\\"") || line.contains("\":\"") || line.contains("\": \"");
    let mut content = String::new();
    let mut start = 0;
    let mut characters = line.char_indices().peekable();
    let mut inside = false;
    while let Some((at, character)) = characters.next() {
        if character == '\\' {
            match characters.peek().map(|next| next.1) {
                Some('n') => {
                    characters.next();
                    inside = true;
                    lines.push(Line {
                        content: Cow::Owned(plain(&content).into_owned()),
                        start: offset + start,
                        end: offset + at,
                    });
                    content.clear();
                    start = at + 2;
                    continue;
                }
                Some('t') => content.push('\t'),
                Some('r') => {}
                Some(escaped @ ('"' | '\\' | '/' | '\'')) => content.push(escaped),
                _ => {
                    content.push('\\');
                    continue;
                }
            }
            characters.next();
            continue;
        }
        if character == '"' && is_json {
            if inside {
                lines.push(Line {
                    content: Cow::Owned(plain(&content).into_owned()),
                    start: offset + start,
                    end: offset + at,
                });
                inside = false;
            }
            content.clear();
            start = at + 1;
            continue;
        }
        content.push(character);
    }
    // The quote around the whole text, not one that closes what it opened on this line.
    if !is_json
        && let Some(quote @ ('\'' | '"')) = content.chars().next_back()
        && content.matches(quote).count() % 2 == 1
    {
        content.pop();
    }
    if start < line.len() {
        lines.push(Line {
            content: Cow::Owned(plain(&content).into_owned()),
            start: offset + start,
            end: offset + line.len(),
        });
    }
}

/// Drops colour codes.
fn plain(content: &str) -> Cow<'_, str> {
    if !content.contains('\u{1b}') {
        return Cow::Borrowed(content);
    }
    let mut kept = String::with_capacity(content.len());
    let mut from = 0;
    for (at, _) in content.match_indices('\u{1b}') {
        if at >= from
            && let Some(end) = escape_end(content.as_bytes(), at)
        {
            kept.push_str(&content[from..at]);
            from = end;
        }
    }
    kept.push_str(&content[from..]);
    Cow::Owned(kept)
}

/// Removes a prefix of the same form from a line: digits for digits, letters for letters, all else equal.
///
/// Shippers repeat time, level and source on every line of a trace. The prefix of the line that began the trace tells
/// what to remove. A line without such a prefix is returned as it is.
pub(super) fn without_prefix<'l>(line: &'l str, prefix: &str) -> &'l str {
    if prefix.is_empty() {
        return line;
    }
    let form = |byte: u8| match byte {
        b'0'..=b'9' => b'0',
        b'a'..=b'z' | b'A'..=b'Z' => b'a',
        other => other,
    };
    match line.get(..prefix.len()) {
        Some(start) if start.bytes().map(form).eq(prefix.bytes().map(form)) => &line[prefix.len()..],
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        split(text).iter().map(|line| line.text().to_owned()).collect()
    }

    #[test]
    fn written_out_line_ends_are_line_ends_inside_traces_only() {
        assert_eq!(texts("a\\nb"), ["a\\nb"]);
        assert_eq!(texts("E: x\\n\\tat a.B.c(B.java:3)"), ["E: x", "\tat a.B.c(B.java:3)"]);
        assert_eq!(
            texts(r#"{"exc":"T:\n  File \"a.py\", line 3\nK: 'k'","x":1}"#),
            ["T:", "  File \"a.py\", line 3", "K: 'k'", ":1}"]
        );
        assert_eq!(texts("T: 'E: x\\n    at f (a.js:1:2)'"), ["T: 'E: x", "    at f (a.js:1:2)"]);
        assert_eq!(texts("T:\\n  File x\\nK: 'k'"), ["T:", "  File x", "K: 'k'"]);
        assert_eq!(texts("E: x {\\n        at f (a.js:1:2)"), ["E: x {", "        at f (a.js:1:2)"]);
    }

    #[test]
    fn lines_know_their_place() {
        let text = "one\r\n\u{1b}[1mtwo\u{1b}[0m";
        let lines = split(text);
        assert_eq!((lines[0].start, lines[0].end, lines[0].text()), (0, 3, "one"));
        assert_eq!((lines[1].start, lines[1].text()), (5, "two"));
        assert_eq!(lines[1].end, text.len());
    }

    #[test]
    fn prefixes_are_removed_by_form() {
        assert_eq!(without_prefix("12:31:07 ERROR   File", "12:30:59 ERROR "), "  File");
        assert_eq!(without_prefix("plain", "12:30:59 ERROR "), "plain");
        assert_eq!(without_prefix("é", "a"), "é");
    }
}
