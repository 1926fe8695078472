//! Text measured in terminal columns: padding, shortening, wrapping.
//!
//! All text that comes here is safe already, so every character has a width and none moves the cursor.

use anstyle::Style;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::Color;
use super::paint::{PLAIN, painted};
use crate::escape::Charset;

/// A piece of safe text in one style.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) style: Style,
    pub(super) text: String,
}

impl Run {
    pub(super) fn new(style: Style, text: &str) -> Self {
        Self { style, text: text.to_owned() }
    }
}

pub(super) fn width_of(text: &str) -> usize {
    text.width()
}

/// Returns the text with blanks behind it, at least `width` columns wide.
pub(super) fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(width_of(text))))
}

/// Returns the text with blanks in front of it, at least `width` columns wide.
pub(super) fn pad_left(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(width_of(text))))
}

/// Returns the text in at most `width` columns, its end replaced by an ellipsis if it had to be cut.
pub(super) fn shorten(text: &str, width: usize, charset: Charset) -> String {
    if width_of(text) <= width {
        return text.to_owned();
    }
    let ellipsis = if charset == Charset::Unicode { "…" } else { "..." };
    let ellipsis = if width_of(ellipsis) <= width { ellipsis } else { "" };
    let (kept, _) = split_at_width(text, width - width_of(ellipsis));
    format!("{}{ellipsis}", kept.trim_end())
}

/// Returns the longest beginning of `text` that is at most `width` columns wide, and the rest.
///
/// The width of a text is not the sum of its characters' widths (a variation selector makes the sign before it wider),
/// so the sum only proposes a place and the real width decides.
pub(super) fn split_at_width(text: &str, width: usize) -> (&str, &str) {
    let mut sum = 0;
    let mut end = text.len();
    for (at, c) in text.char_indices() {
        sum += c.width().unwrap_or(0);
        if sum > width {
            end = at;
            break;
        }
    }
    while width_of(&text[..end]) > width {
        end = text[..end].char_indices().next_back().map_or(0, |(at, _)| at);
    }
    text.split_at(end)
}

/// Breaks runs into lines of at most `width` columns, at blanks where there are any.
///
/// Shape: `lead` stands before the first line, `indent` blanks before the others; at least one line.
pub(super) fn wrap(runs: &[Run], width: usize, lead: &str, indent: usize, color: Color) -> Vec<String> {
    let mut lines = Lines {
        width,
        color,
        done: Vec::new(),
        line: lead.to_owned(),
        used: width_of(lead),
        indent,
        is_fresh: true,
        has_blank: false,
    };
    for run in runs {
        for piece in run.text.split_inclusive(' ') {
            let word = piece.trim_end_matches(' ');
            if !word.is_empty() {
                lines.word(run.style, word);
            }
            if word.len() < piece.len() {
                lines.has_blank = true;
            }
        }
    }
    lines.done.push(lines.line);
    lines.done
}

struct Lines {
    width: usize,
    color: Color,
    done: Vec<String>,
    line: String,
    used: usize,
    indent: usize,
    /// Nothing but lead or indent stands on the line yet.
    is_fresh: bool,
    has_blank: bool,
}

impl Lines {
    fn word(&mut self, style: Style, word: &str) {
        let needs_blank = std::mem::take(&mut self.has_blank) && !self.is_fresh;
        if !self.is_fresh && self.used.saturating_add(usize::from(needs_blank) + width_of(word)) > self.width
        {
            if needs_blank {
                self.next_line();
            }
        } else if needs_blank {
            self.push(PLAIN, " ");
        }
        let mut rest = word;
        while !rest.is_empty() {
            let (now, later) = split_at_width(rest, self.width.saturating_sub(self.used));
            // A sign wider than an empty line would never fit; it is put there all the same.
            let (now, later) = if now.is_empty() && self.is_fresh {
                rest.split_at(rest.chars().next().map_or(0, char::len_utf8))
            } else {
                (now, later)
            };
            self.push(style, now);
            if !later.is_empty() {
                self.next_line();
            }
            rest = later;
        }
    }

    fn push(&mut self, style: Style, text: &str) {
        self.used += width_of(text);
        self.is_fresh = self.is_fresh && text.is_empty();
        self.line.push_str(&painted(self.color, style, text));
    }

    fn next_line(&mut self) {
        let next = " ".repeat(self.indent);
        self.done.push(std::mem::replace(&mut self.line, next));
        self.used = self.indent;
        self.is_fresh = true;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shortening_counts_columns() {
        fn check(text: &str, width: usize, expected: &str) {
            assert_eq!(shorten(text, width, Charset::Unicode), expected);
        }
        check("short", 5, "short");
        check("longer", 5, "long…");
        check("漢字漢字", 5, "漢字…");
        check("⚠\u{FE0F}⚠\u{FE0F}⚠\u{FE0F}", 5, "⚠\u{FE0F}⚠\u{FE0F}…");
        check("x", 0, "");
        assert_eq!(shorten("longer", 5, Charset::Ascii), "lo...");
    }

    #[test]
    fn words_wrap_at_blanks() {
        let run = |text: &str| Run::new(PLAIN, text);
        let lines = wrap(&[run("one two "), run("three"), run("four")], 10, "- ", 2, Color::Never);
        assert_eq!(lines, ["- one two", "  threefou", "  r"]);
        assert_eq!(wrap(&[], 10, "- ", 2, Color::Never), ["- "]);
    }

    proptest! {
        #[test]
        fn lines_fit_and_lose_nothing(text in "[a-c漢 ]{0,60}", width in 6..30_usize) {
            let lines = wrap(&[Run::new(PLAIN, &text)], width, "", 0, Color::Never);
            prop_assert!(lines.iter().all(|line| width_of(line) <= width));
            let letters = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            prop_assert_eq!(letters(&lines.concat()), letters(&text));
        }

        #[test]
        fn shortened_text_fits(text in any::<String>(), width in 0..20_usize) {
            let text = crate::escape::terminal(&text, crate::escape::Lines::One, Charset::Unicode);
            prop_assert!(width_of(&shorten(&text, width, Charset::Unicode)) <= width);
        }
    }
}
