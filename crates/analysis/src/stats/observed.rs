//! What was seen, and how long one looked: the two shapes every test takes.

use serde::Serialize;

/// Events of a pattern under some exposure.
///
/// Shape: the count is real (over-dispersed counts are divided by φ̂) and at least 0; the exposure is above 0; both
/// finite. Units: exposure in any unit, the same on both sides of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Observed {
    count: f64,
    exposure: f64,
}

impl Observed {
    /// Returns the observation, or `None` if a number is out of range: without exposure nothing can be compared.
    pub fn new(count: f64, exposure: f64) -> Option<Self> {
        let is_valid = count.is_finite() && count >= 0.0 && exposure.is_finite() && exposure > 0.0;
        is_valid.then_some(Self { count, exposure })
    }

    /// Returns an observation whose numbers the caller has already validated.
    pub(super) fn of_valid(count: f64, exposure: f64) -> Self {
        debug_assert!(Self::new(count, exposure).is_some(), "the caller checked {count} and {exposure}");
        Self { count, exposure }
    }

    /// Returns the number of events.
    pub fn count(self) -> f64 {
        self.count
    }

    /// Returns the exposure.
    pub fn exposure(self) -> f64 {
        self.exposure
    }

    /// Returns the events per unit of exposure.
    pub fn rate(self) -> f64 {
        self.count / self.exposure
    }
}

/// Cells (stream × time slice) in which a pattern was seen, among the cells covered.
///
/// Shape: at least one cell covered, at most all of them seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Cells {
    n_seen: u64,
    n_covered: u64,
}

impl Cells {
    /// Returns the cells, or `None` if none is covered or more are seen than covered.
    pub fn new(n_seen: u64, n_covered: u64) -> Option<Self> {
        (n_covered > 0 && n_seen <= n_covered).then_some(Self { n_seen, n_covered })
    }

    /// Returns the cells with the pattern.
    pub fn n_seen(self) -> u64 {
        self.n_seen
    }

    /// Returns the cells with at least one entry of any pattern.
    pub fn n_covered(self) -> u64 {
        self.n_covered
    }

    /// Returns the cells as a count (cells with the pattern) under an exposure (cells covered).
    pub fn as_observed(self) -> Observed {
        Observed::of_valid(as_f64(self.n_seen), as_f64(self.n_covered))
    }

    /// Returns the share of covered cells with the pattern, from 0 to 1.
    pub fn share(self) -> f64 {
        as_f64(self.n_seen) / as_f64(self.n_covered)
    }
}

/// A cell count as a real number; counts stay far below 2⁵³, so nothing is lost.
pub(super) fn as_f64(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_observations_cannot_be_made() {
        assert!(Observed::new(0.0, 1.0).is_some());
        assert!(Observed::new(1.0, 0.0).is_none());
        assert!(Observed::new(-1.0, 1.0).is_none());
        assert!(Observed::new(f64::NAN, 1.0).is_none());
        assert!(Observed::new(1.0, f64::INFINITY).is_none());
        assert!(Cells::new(2, 1).is_none());
        assert!(Cells::new(0, 0).is_none());
        assert_eq!(Cells::new(1, 4).unwrap().share(), 0.25);
    }
}
