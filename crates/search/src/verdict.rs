//! What is known of a test, or of a whole filter, before a row is looked at.

/// How the rows of a ring stand to a test. Ordered, so that OR is the maximum and AND the minimum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// No row matches.
    None,
    /// Some may, and only if the ring has the test's tokens.
    IfTokens,
    /// Some may.
    Some,
    /// All match.
    All,
}

impl Verdict {
    /// Returns the verdict of the opposite. Tokens prove nothing about it.
    pub const fn not(self) -> Self {
        match self {
            Self::None => Self::All,
            Self::All => Self::None,
            Self::IfTokens | Self::Some => Self::Some,
        }
    }

    /// Returns the verdict where no token can be asked for.
    pub(crate) const fn without_tokens(self) -> Self {
        match self {
            Self::IfTokens => Self::Some,
            verdict => verdict,
        }
    }

    /// Returns the verdict of a test that is certain.
    pub const fn certain(answer: bool) -> Self {
        if answer { Self::All } else { Self::None }
    }
}
