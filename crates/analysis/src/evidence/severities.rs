//! Sets of severities.

use timberline_entry::Severity;

/// A set of severities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Severities(u16);

impl Severities {
    /// Every severity.
    pub const ALL: Self = Self(0x1ff);

    /// The severities from this one upwards.
    pub const fn at_least(severity: Severity) -> Self {
        Self(Self::ALL.0 & (Self::ALL.0 << severity.rank()))
    }

    /// This severity alone.
    pub const fn only(severity: Severity) -> Self {
        Self(1 << severity.rank())
    }

    /// Returns the set with a severity added.
    pub const fn with(self, severity: Severity) -> Self {
        Self(self.0 | 1 << severity.rank())
    }

    /// Returns what belongs to both sets.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Returns what belongs to either set.
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns what belongs to this set and not to the other.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Says whether a severity belongs to the set.
    pub const fn contains(self, severity: Severity) -> bool {
        self.0 >> severity.rank() & 1 == 1
    }
}
