//! The counts of a pattern along the ordered revisions, as running sums in natural units.
//!
//! Exposures are kept as events expected at the pooled rate, `E_i · x / E`: then the pooled rate is 1, any range of
//! revisions costs two subtractions, and the log likelihood gained by a rate of its own is one deviance
//! `D(x, e) = x ln(x/e) + e − x`, which is exactly 0 where nothing differs.

use std::ops::Range;

use crate::stats::special::deviance;

/// Counts and exposures of the revisions, oldest first.
///
/// Shape: at least two revisions, at least one event in total. A revision may be without exposure, and then without
/// events: it cannot be told from its neighbours, and the posterior says so by giving its splits equal weight.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Events up to and excluding each revision; one more than revisions.
    counts_before: Vec<f64>,
    /// Exposures likewise, in events expected at the pooled rate.
    expected_before: Vec<f64>,
    pooled_rate: f64,
}

impl Series {
    /// Returns the series of `(count, exposure)` per revision, or `None` if it cannot hold a change.
    ///
    /// That is: fewer than two revisions, no event, a number that is negative or not finite, or events without
    /// exposure. Units: counts may be cells, entries, or entries over φ̂; exposures in any one unit.
    pub fn new(revisions: &[(f64, f64)]) -> Option<Self> {
        let is_valid = |&(count, exposure): &(f64, f64)| {
            count.is_finite()
                && exposure.is_finite()
                && count >= 0.0
                && exposure >= 0.0
                && (count == 0.0 || exposure > 0.0)
        };
        if revisions.len() < 2 || !revisions.iter().all(is_valid) {
            return None;
        }
        let total: f64 = revisions.iter().map(|revision| revision.0).sum();
        let exposure: f64 = revisions.iter().map(|revision| revision.1).sum();
        if total <= 0.0 {
            return None;
        }
        let mut series =
            Self { counts_before: vec![0.0], expected_before: vec![0.0], pooled_rate: total / exposure };
        let (mut count_before, mut exposure_before) = (0.0, 0.0);
        for (count, exposure_here) in revisions {
            count_before += count;
            exposure_before += exposure_here;
            series.counts_before.push(count_before);
            series.expected_before.push(exposure_before * total / exposure);
        }
        Some(series)
    }

    /// Returns the number of revisions.
    pub fn n_revisions(&self) -> usize {
        self.counts_before.len() - 1
    }

    /// Returns the events of some revisions.
    pub fn count(&self, revisions: Range<usize>) -> f64 {
        self.counts_before[revisions.end] - self.counts_before[revisions.start]
    }

    /// Returns the events per unit of exposure of some revisions; not a number if they are without exposure.
    pub fn rate(&self, revisions: Range<usize>) -> f64 {
        self.count(revisions.clone()) / self.expected(revisions) * self.pooled_rate
    }

    /// Returns the events per unit of exposure of all revisions together.
    pub fn pooled_rate(&self) -> f64 {
        self.pooled_rate
    }

    /// Events expected in some revisions at the pooled rate.
    pub(super) fn expected(&self, revisions: Range<usize>) -> f64 {
        self.expected_before[revisions.end] - self.expected_before[revisions.start]
    }

    /// What a rate of their own gains some revisions in log likelihood over the pooled rate.
    pub(super) fn gain(&self, revisions: Range<usize>) -> f64 {
        // Revisions without exposure add nothing to either running sum, so both differences are exactly 0 there.
        deviance(self.count(revisions.clone()), self.expected(revisions))
    }

    /// The revisions left and right of a split.
    pub(super) fn sides(&self, n_left: usize) -> (Range<usize>, Range<usize>) {
        (0..n_left, n_left..self.n_revisions())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_series_cannot_be_made() {
        assert_eq!(Series::new(&[(1.0, 1.0)]), None);
        assert_eq!(Series::new(&[(0.0, 1.0), (0.0, 1.0)]), None);
        assert_eq!(Series::new(&[(1.0, 0.0), (1.0, 1.0)]), None);
        assert_eq!(Series::new(&[(1.0, 1.0), (f64::NAN, 1.0)]), None);
    }

    #[test]
    fn ranges_are_sums() {
        let series = Series::new(&[(2.0, 4.0), (0.0, 0.0), (6.0, 4.0)]).unwrap();
        assert_eq!(series.n_revisions(), 3);
        assert_eq!(series.count(0..2), 2.0);
        assert_eq!((series.rate(0..1), series.rate(1..3), series.pooled_rate()), (0.5, 1.5, 1.0));
        assert_eq!(series.gain(1..2), 0.0);
        assert_eq!(series.gain(0..3), 0.0);
    }
}
