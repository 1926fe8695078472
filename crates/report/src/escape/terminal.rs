//! Text for a terminal.

use std::borrow::Cow;

use super::hazard::{Charset, Layout, push_visible};

/// What becomes of line breaks inside the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// The text has to stay on one line: a line break is shown as `⏎`, a tab as `␉`.
    One,
    /// Line breaks stay, a tab becomes four spaces.
    Keep,
}

/// Makes untrusted text safe to send to a terminal: what is left can be drawn and does nothing else.
///
/// Shape: no control character (but `\n` with [`Lines::Keep`]), no bidi control, nothing invisible; such characters are
/// shown as `␛` or `\u{202e}`. With [`Charset::Ascii`] the answer is printable ASCII.
/// Cost: one pass; printable ASCII is borrowed, not copied.
///
/// Letters of right-to-left scripts are text, not controls, and stay: a terminal that reorders may draw them and the
/// signs beside them in another place on the same line.
#[must_use]
pub fn terminal(text: &str, lines: Lines, charset: Charset) -> Cow<'_, str> {
    let harmless = |byte: u8| matches!(byte, b' '..=b'~') || (byte == b'\n' && lines == Lines::Keep);
    if text.bytes().all(harmless) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let layout = if lines == Lines::One { Layout::OneLine } else { Layout::Block };
    push_visible(text, layout, charset, &mut out);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::is_hazard;
    use super::*;

    fn check(input: &str, unicode: &str, ascii: &str) {
        assert_eq!(terminal(input, Lines::One, Charset::Unicode), unicode, "unicode: {input:?}");
        assert_eq!(terminal(input, Lines::One, Charset::Ascii), ascii, "ascii: {input:?}");
    }

    #[test]
    fn hazards_are_shown() {
        check("plain text", "plain text", "plain text");
        check("\u{1B}[2J\u{1B}]0;owned\u{7}", "␛[2J␛]0;owned␇", "\\u{1b}[2J\\u{1b}]0;owned\\u{7}");
        check("a\u{202E}b\u{2066}c", "a\\u{202e}b\\u{2066}c", "a\\u{202e}b\\u{2066}c");
        check("one\ntwo\r\nthree\rfour", "one⏎two⏎three␍four", "one\\ntwo\\nthree\\rfour");
        check("\tat Main", "␉at Main", "\\tat Main");
        check(
            "del\u{7F} c1\u{9B}31m nel\u{85}",
            "del␡ c1\\u{9b}31m nel\\u{85}",
            "del\\u{7f} c1\\u{9b}31m nel\\u{85}",
        );
        check("zero\u{200B}width\u{FEFF}", "zero\\u{200b}width\\u{feff}", "zero\\u{200b}width\\u{feff}");
        check("größe 🔴", "größe 🔴", "gr\\u{f6}\\u{df}e \\u{1f534}");
    }

    #[test]
    fn one_variation_selector_passes_and_no_more() {
        check("⚠\u{FE0F} disk", "⚠\u{FE0F} disk", "\\u{26a0}\\u{fe0f} disk");
        check(
            "⚠\u{FE0F}\u{FE0F}\u{FE0E}",
            "⚠\u{FE0F}\\u{fe0f}\\u{fe0e}",
            "\\u{26a0}\\u{fe0f}\\u{fe0f}\\u{fe0e}",
        );
        check("\u{FE0F}x", "\\u{fe0f}x", "\\u{fe0f}x");
        check("a\u{E0101}\u{E0102}", "a\\u{e0101}\\u{e0102}", "a\\u{e0101}\\u{e0102}");
    }

    #[test]
    fn blocks_keep_their_lines() {
        assert_eq!(terminal("a\r\n\tb\n\u{1B}c", Lines::Keep, Charset::Unicode), "a\n    b\n␛c");
    }

    proptest! {
        #[test]
        fn nothing_that_steers_is_left(text in any::<String>()) {
            let shown = terminal(&text, Lines::One, Charset::Unicode);
            let allowed = |c: char| !is_hazard(c) || matches!(c, '\u{FE0E}' | '\u{FE0F}');
            prop_assert!(shown.chars().all(allowed));
            let kept = terminal(&text, Lines::Keep, Charset::Unicode);
            prop_assert!(kept.chars().all(|c| c == '\n' || !c.is_control()));
            let ascii = terminal(&text, Lines::One, Charset::Ascii);
            prop_assert!(ascii.bytes().all(|byte| matches!(byte, b' '..=b'~')));
        }

        #[test]
        fn showing_twice_is_showing_once(text in any::<String>()) {
            let once = terminal(&text, Lines::One, Charset::Unicode).into_owned();
            prop_assert_eq!(terminal(&once, Lines::One, Charset::Unicode), once.as_str());
        }

        #[test]
        fn text_without_hazards_is_untouched(text in "[ -~é漢🔴]*") {
            prop_assert_eq!(terminal(&text, Lines::One, Charset::Unicode), text.as_str());
        }
    }
}
