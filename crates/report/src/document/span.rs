//! Running text, and names to link to.

use super::Cell;

/// A piece of running text.
#[derive(Debug, Clone, PartialEq)]
pub enum Span {
    /// Ordinary words.
    Text(String),
    /// Words that stand out.
    Strong(String),
    /// Log text, names and ids: shown as they are, in one width.
    Code(String),
    /// A value, shown as in a table.
    Value(Cell),
    /// A way to another place in this document.
    Link(Link),
    /// The number of an issue in the tracker that the document goes to; Markdown there makes it a link.
    Issue(u64),
}

/// Words that lead to an anchor of the same document. Nothing in a document leads out of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The words.
    pub text: String,
    /// Where they lead.
    pub anchor: Anchor,
}

/// The name of a place in a document: `a-z`, `0-9` and `-`, nothing else, so that it needs no escaping anywhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Anchor(String);

impl Span {
    /// Returns ordinary words.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Returns words that stand out.
    #[must_use]
    pub fn strong(text: impl Into<String>) -> Self {
        Self::Strong(text.into())
    }

    /// Returns log text or a name.
    #[must_use]
    pub fn code(text: impl Into<String>) -> Self {
        Self::Code(text.into())
    }

    /// Returns a link.
    #[must_use]
    pub fn link(text: impl Into<String>, anchor: Anchor) -> Self {
        Self::Link(Link { text: text.into(), anchor })
    }
}

impl Anchor {
    /// Returns the anchor that `text` makes: lower case, everything but letters and digits of ASCII a single `-`.
    ///
    /// Two texts can make the same anchor; where that matters, put an id in the text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut name = String::with_capacity(text.len());
        for c in text.chars() {
            if c.is_ascii_alphanumeric() {
                name.push(c.to_ascii_lowercase());
            } else if !name.is_empty() && !name.ends_with('-') {
                name.push('-');
            }
        }
        if name.ends_with('-') {
            name.pop();
        }
        Self(if name.is_empty() { "section".to_owned() } else { name })
    }

    /// The name itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_need_no_escaping() {
        fn check(text: &str, expected: &str) {
            assert_eq!(Anchor::new(text).as_str(), expected);
        }
        check("P0 | Database: gone!", "p0-database-gone");
        check("\"><script>", "script");
        check("  ", "section");
        check("größe", "gr-e");
    }
}
