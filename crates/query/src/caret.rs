//! Draws a message under the place it speaks of. Plain text: colours belong to whoever prints.
//!
//! ```text
//! line 2, column 5: unexpected character '+'
//!   2 | and +foo
//!     |     ^
//!   hint: put it in double quotes
//! ```

use crate::span::Span;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr as _;

/// Lines longer than this are cut around the place, so that the caret stays on the screen.
const MAX_COLUMNS: usize = 100;

/// Returns the message, the line it is about, a caret under the place and the hint, each line ended by a newline.
///
/// Control characters of the filter are drawn as one space each: the drawing has as many columns as characters.
pub fn render(text: &str, span: Span, message: &str, hint: Option<&str>) -> String {
    let (line_number, column) = span.line_and_column(text);
    let line: Vec<char> = text.split('\n').nth(line_number - 1).unwrap_or("").chars().collect();
    let column = column.min(line.len() + 1) - 1;
    let first = column.saturating_sub(MAX_COLUMNS / 2);
    let shown: String =
        line.iter().skip(first).take(MAX_COLUMNS).map(|c| if c.is_control() { ' ' } else { *c }).collect();
    let marked = span.of(text).split('\n').next().unwrap_or("").chars().count();
    let marked = marked.clamp(1, (MAX_COLUMNS - (column - first)).max(1));
    // A terminal gives some characters two columns, and some none.
    let (before, place): (String, String) = (
        shown.chars().take(column - first).collect(),
        shown.chars().skip(column - first).take(marked).collect(),
    );
    let (indent, width) = (before.width(), place.width().max(1));
    let number = line_number.to_string();
    let mut out = String::new();
    writeln!(out, "line {line_number}, column {}: {message}", column + 1).expect("a string takes everything");
    writeln!(out, "  {number} | {shown}").expect("a string takes everything");
    let gutter = " ".repeat(number.len());
    let indent = " ".repeat(indent);
    writeln!(out, "  {gutter} | {indent}{}", "^".repeat(width)).expect("a string takes everything");
    if let Some(hint) = hint {
        writeln!(out, "  hint: {hint}").expect("a string takes everything");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caret_stands_under_the_place() {
        let drawn = render("é=1\nand +foo", Span::new(9, 10), "unexpected", Some("quote it"));
        assert_eq!(drawn, "line 2, column 5: unexpected\n  2 | and +foo\n    |     ^\n  hint: quote it\n");
    }

    #[test]
    fn the_caret_stands_under_the_place_behind_wide_characters() {
        let text = "日本 bogus=1";
        let drawn = render(text, Span::new(7, 12), "unknown", None);
        assert_eq!(drawn, "line 1, column 4: unknown\n  1 | 日本 bogus=1\n    |      ^^^^^\n");
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let text = "x".repeat(500);
        let drawn = render(&text, Span::new(300, 303), "here", None);
        assert!(drawn.lines().all(|line| line.chars().count() <= MAX_COLUMNS + 8), "{drawn}");
        assert!(drawn.ends_with(&format!("{}^^^\n", " ".repeat(50))), "{drawn}");
    }

    #[test]
    fn places_behind_the_end_and_control_characters_are_drawn() {
        assert_eq!(render("a=", Span::new(2, 2), "m", None), "line 1, column 3: m\n  1 | a=\n    |   ^\n");
        assert!(render("a\u{1b}[31m", Span::new(0, 1), "m", None).contains("a [31m"));
        assert!(render("", Span::new(7, 9), "m", None).contains('^'));
    }
}
