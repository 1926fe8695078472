//! What there is to say of a place in a filter's text.

use crate::caret;
use crate::span::Span;
use std::fmt;

/// An error or a warning at its place.
///
/// [`Display`](fmt::Display) gives one line without the place; [`Placed::render`] draws the place under the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed<Kind> {
    /// What it is.
    pub kind: Kind,
    /// Where in the text.
    pub span: Span,
    /// What to write instead, when that can be guessed.
    pub hint: Option<String>,
}

impl<Kind> Placed<Kind> {
    pub(crate) const fn new(kind: Kind, span: Span) -> Self {
        Self { kind, span, hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl<Kind: fmt::Display> Placed<Kind> {
    /// Draws what there is to say under the line of `text` it speaks of. See [`caret::render`].
    pub fn render(&self, text: &str) -> String {
        caret::render(text, self.span, &self.kind.to_string(), self.hint.as_deref())
    }
}

impl<Kind: fmt::Display> fmt::Display for Placed<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}

impl<Kind: std::error::Error> std::error::Error for Placed<Kind> {}
