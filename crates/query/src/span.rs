//! A place in a filter's text.

/// A range of bytes in the text of a filter, on character boundaries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte behind the last one.
    pub end: usize,
}

impl Span {
    /// Makes a span of a start and the byte behind the end.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// Returns the smallest span that covers both.
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Returns the part of `text` that is meant; empty when the span does not fit the text.
    pub fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or("")
    }

    /// Returns line and column of the start, both counted from 1, the column in characters.
    pub fn line_and_column(self, text: &str) -> (usize, usize) {
        let before = text.get(..self.start).unwrap_or(text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_from_one_in_characters() {
        assert_eq!(Span::new(0, 1).line_and_column("é=1"), (1, 1));
        assert_eq!(Span::new(2, 3).line_and_column("é=1"), (1, 2));
        assert_eq!(Span::new(4, 5).line_and_column("a\nbc=1"), (2, 3));
        assert_eq!(Span::new(9, 9).line_and_column("a\nb"), (2, 2));
    }
}
