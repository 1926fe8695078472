//! What a filter probably does not mean, although it can be used.

use crate::placed::Placed;

/// Something in a usable filter that deserves a second look.
pub type Warning = Placed<WarningKind>;

/// The traps of the language that can be seen in the text alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WarningKind {
    /// A string in single quotes, accepted.
    #[error("strings stand in double quotes; single quotes are accepted here only")]
    SingleQuotes,
    /// Typographic quotes, which quote nothing.
    #[error("typographic quotes are ordinary characters, not quotes")]
    TypographicQuotes,
    /// `\[` and its like in a string.
    #[error("unknown escape '{0}' is kept as it is written")]
    UnknownEscape(String),
    /// `- a`.
    #[error("the minus sign should touch what it negates")]
    LooseMinus,
    /// Lower-case `or`, `&&` and their like.
    #[error("'{0}' is a search term here, not an operator")]
    OperatorLookalike(String),
    /// AND and OR side by side without parentheses.
    #[error("OR binds tighter than AND")]
    Precedence,
    /// `field="A" OR "B"`.
    #[error("the text after OR is looked for in every field")]
    ValueOutsideList,
    /// `field!=("A" OR "B")`.
    #[error("differs from one or from the other: true for nearly everything")]
    NegatedList,
    /// A regular expression on something that is not text.
    #[error("{0} is not text: a regular expression never matches it")]
    RegexOnOtherType(String),
    /// `timestamp="2024-05-01"`.
    #[error("a date alone is midnight UTC, one instant and not the day")]
    DateAsInstant,
    /// `labels.a.b`.
    #[error("labels have no fields below them")]
    FieldBelowLabel,
    /// A key that the archive has never seen.
    #[error("no entry has a field '{0}'")]
    UnknownKey(String),
    /// `sample`, whose hash is not the service's.
    #[error("sample() selects a stable share of the entries, but not the same ones as the service")]
    SampleHash,
}
