//! What may be claimed about a pattern that one side has never seen: new, gone, regressed, how rare at most.
//!
//! ```text
//!   p_new  = (E1 / (E0 + E1))^x1      seen x1 times in B, never in base coverage E0
//!   p_gone = (E0 / (E0 + E1))^x0      seen x0 times in A, never in B's coverage E1
//!   bound  = −ln(1 − confidence) / E0  on the rate of what stayed away for E0 (95 %: 2.9957 / E0)
//! ```
//!
//! *First seen* is a fact; *new in B* is a claim and needs p_new. One sighting under equal coverage has p 0.5: first
//! seen, not yet distinguishable from rare. *Regressed* means there, then significantly gone ([`GONE_LIMIT`]), then
//! back; without the middle condition every rare pattern regresses all the time.
//!
//! Source: the conditional test ([`super::conditional`]) with a count of zero on one side.

use super::cells;
use super::observed::Cells;

/// Largest p_gone at which a silence counts as "was gone".
pub const GONE_LIMIT: f64 = 0.01;

/// Largest p_new at which a pattern counts as new rather than rare.
pub const NEW_LIMIT: f64 = 0.01;

/// Largest q at which a pattern counts as increased or decreased.
pub const CHANGED_LIMIT: f64 = 0.05;

/// Factor of rates (either way) that is too small to matter, whatever its significance.
pub const RATIO_MARGIN: f64 = 1.2;

/// Exposures of the two sides.
///
/// Shape: both above 0 and finite. Units: any, the same for both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coverage {
    new: f64,
    base: f64,
}

impl Coverage {
    /// Returns the coverage, or `None` if a side has none.
    pub fn new(new: f64, base: f64) -> Option<Self> {
        let is_valid = |exposure: f64| exposure.is_finite() && exposure > 0.0;
        (is_valid(new) && is_valid(base)).then_some(Self { new, base })
    }

    /// Returns the exposure of the new side.
    pub fn new_exposure(self) -> f64 {
        self.new
    }

    /// Returns the exposure of the base.
    pub fn base_exposure(self) -> f64 {
        self.base
    }

    fn ln_share_of_new(self) -> f64 {
        -(self.base / self.new).ln_1p()
    }

    fn ln_share_of_base(self) -> f64 {
        -(self.new / self.base).ln_1p()
    }
}

/// Returns the probability that all `n_new` events of an unchanged pattern fall on the new side.
pub fn p_new(n_new: f64, coverage: Coverage) -> f64 {
    (n_new * coverage.ln_share_of_new()).exp()
}

/// Returns the probability that all `n_base` events of an unchanged pattern fall on the base side.
pub fn p_gone(n_base: f64, coverage: Coverage) -> f64 {
    (n_base * coverage.ln_share_of_base()).exp()
}

/// Returns [`p_new`] for cells: Fisher's p with no base cell among `n_base_covered`.
///
/// Returns `None` if the base covers no cell.
pub fn p_new_in_cells(new: Cells, n_base_covered: u64) -> Option<f64> {
    Some(cells::compare(new, Cells::new(0, n_base_covered)?).p_greater)
}

/// Returns [`p_gone`] for cells: Fisher's p with no new cell among `n_new_covered`.
///
/// Returns `None` if the new side covers no cell.
pub fn p_gone_in_cells(base: Cells, n_new_covered: u64) -> Option<f64> {
    Some(cells::compare(Cells::new(0, n_new_covered)?, base).p_less)
}

/// Returns the upper bound, with this confidence, of the rate of a pattern not seen during `clean_exposure`.
///
/// Units: events per unit of the exposure. Shape: confidence from 0 to below 1, exposure above 0.
pub fn upper_rate_bound(clean_exposure: f64, confidence: f64) -> f64 {
    -(-confidence).ln_1p() / clean_exposure
}

/// Returns how many sightings in the new side make [`p_new`] at most `limit`.
///
/// Shape: at least 1 for a limit below 1; 7 for p ≤ 0.01 under equal coverage. `limit` above 0.
pub fn sightings_needed(limit: f64, coverage: Coverage) -> f64 {
    let needed = (limit.ln() / coverage.ln_share_of_new()).ceil().max(0.0);
    // A limit that is itself a power of the share must not cost one sighting more by rounding.
    let is_enough = |n: f64| n >= 0.0 && p_new(n, coverage) <= limit * (1.0 + 1e-12);
    if is_enough(needed - 1.0) { needed - 1.0 } else { needed }
}

#[cfg(test)]
mod tests {
    use super::super::conditional;
    use super::super::generator::sweep;
    use super::super::observed::Observed;
    use super::*;

    fn check(actual: f64, expected: f64) {
        assert!((actual - expected).abs() <= 1e-9 * expected.abs(), "{actual} is not {expected}");
    }

    #[test]
    fn claims_have_their_reference_values() {
        let coverage = |new, base| Coverage::new(new, base).unwrap();
        check(p_new(1.0, coverage(7.0, 7.0)), 0.5);
        check(p_new(3.0, coverage(20.0, 180.0)), 0.001);
        check(p_gone(3.0, coverage(180.0, 20.0)), 0.001);
        check(upper_rate_bound(1.0, 0.95), 2.995_732_273_553_991);
        check(upper_rate_bound(180.0, 0.95), 2.995_732_273_553_991 / 180.0);
        assert_eq!(sightings_needed(0.01, coverage(1.0, 1.0)), 7.0);
        assert_eq!(sightings_needed(0.01, coverage(1.0, 20.0)), 2.0);
        check(p_new(2.0, coverage(1.0, 20.0)), 1.0 / 441.0);
        assert_eq!(sightings_needed(0.25, coverage(3.0, 3.0)), 2.0);
        assert_eq!(sightings_needed(0.001, coverage(20.0, 180.0)), 3.0);
        assert!(Coverage::new(0.0, 1.0).is_none());
    }

    #[test]
    fn cells_are_fisher_with_a_zero() {
        check(p_new_in_cells(Cells::new(3, 50).unwrap(), 500).unwrap(), 0.000710708859566105);
        check(p_gone_in_cells(Cells::new(3, 50).unwrap(), 500).unwrap(), 0.000710708859566105);
        assert_eq!(p_new_in_cells(Cells::new(3, 50).unwrap(), 0), None);
    }

    #[test]
    fn claims_are_the_conditional_test_with_a_zero() {
        sweep(300, |draw| {
            let (n, new, base) = (draw.between(0.0, 50.0), draw.across(0.1, 100.0), draw.across(0.1, 100.0));
            let coverage = Coverage::new(new, base).unwrap();
            let seen = |count, exposure| Observed::new(count, exposure).unwrap();
            check(p_new(n, coverage), conditional::compare(seen(n, new), seen(0.0, base), 1.0).p_greater);
            check(p_gone(n, coverage), conditional::compare(seen(0.0, new), seen(n, base), 1.0).p_less);
            let needed = sightings_needed(0.01, coverage);
            assert!(p_new(needed, coverage) <= 0.01 * (1.0 + 1e-11));
            assert!(p_new(needed - 1.0, coverage) > 0.01);
        });
    }
}
