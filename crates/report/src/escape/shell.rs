//! Words of a POSIX shell.

/// Quotes a text as one word of a POSIX shell; plain words stay as they are. Control characters become their pictures, so
/// that a command stays one line and can be pasted.
#[must_use]
pub fn shell_word(text: &str) -> String {
    timberline_analysis::shell_word(&super::terminal(text, super::Lines::One, super::Charset::Unicode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_words() {
        assert_eq!(shell_word("a-b_c/d.e:f"), "a-b_c/d.e:f");
        assert_eq!(shell_word(""), "''");
        assert_eq!(shell_word("it's $(x) `y`"), "'it'\\''s $(x) `y`'");
        assert!(!shell_word("a\n\u{1b}[2Jb").contains(['\n', '\u{1b}']));
    }
}
