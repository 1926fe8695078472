//! Which revision brought it: where along the ordered revisions the rate of a pattern changed.
//!
//! One change ([`one_change`]). Revisions 1..R have counts x_i and exposures E_i; for each split k = 1..R−1
//! the left side is 1..k, the right side k+1..R:
//!
//! ```text
//!   LLR(k)        = x_L ln(x_L/E_L) + x_R ln(x_R/E_R) − x ln(x/E)                     0 ln 0 = 0
//!   posterior(k)  ∝ m(L) · m(R)
//!   ln m(s, e)    = lnΓ(a+s) − lnΓ(a) + a ln b − (a+s) ln(b+e)        a = ½, b = a E / x
//!   Bayes factor  = mean_k m(L) m(R) / m(all)
//! ```
//!
//! All three are unchanged when exposures are measured in expected events, E_i x/E. That unit makes b = a and the
//! pooled rate 1, LLR a sum of two deviances, and keeps every intermediate small; it is used throughout.
//!
//! The counts are a [`Series`]. Several changes ([`segments`]) and the p of the largest LLR ([`simulate`]) are in their
//! own files.
//!
//! Rejected: online detection (BOCPD) solves a streaming problem an archive does not have.
//!
//! Source: D. Hinkley, Biometrika 57 (1970); A. Smith, Biometrika 62 (1975) for the posterior of the split.

mod series;

pub mod segments;

pub mod simulate;

use std::ops::Range;

use serde::Serialize;

use super::conditional;
use super::observed::Observed;
use super::special::{ln_gamma, stirling_error};

pub use series::Series;

/// Share of the posterior that the candidate set holds.
pub const CANDIDATE_SHARE: f64 = 0.9;

/// Prior events `a` on each side of a split.
const PRIOR_EVENTS: f64 = 0.5;

/// Which way the rate went at a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Direction {
    /// More often after the change.
    Up,
    /// Less often after the change.
    Down,
    /// The two rates are equal: there is no change.
    Level,
}

/// Everything known about the place of a single change.
///
/// Shape: vectors have R−1 members; member i is the split with i+1 revisions on the left, so that revision i+1
/// (counted from 0) is the first after the change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OneChange {
    /// Log likelihood ratio of each split against no change, at least 0.
    pub llr: Vec<f64>,
    /// Posterior probability of each split, given that there is exactly one; sums to 1.
    pub posterior: Vec<f64>,
    /// ln of the Bayes factor of "a change somewhere" against "no change".
    pub ln_bayes_factor: f64,
    /// First revision (from 0) after the split with the largest LLR; the earliest of equals.
    pub first_after: usize,
    /// First revisions after the change that together hold [`CANDIDATE_SHARE`] of the posterior, ascending.
    pub candidates: Vec<usize>,
    /// Revision (from 0) at the posterior median: the next one worth collecting or testing.
    pub median: usize,
    /// Direction of the change at [`Self::first_after`].
    pub direction: Direction,
    /// Whether one side of that split is a single revision: more of a spike than of a change.
    pub rests_on_one_revision: bool,
    /// Bonferroni's p of "there is a change": R−1 times the smallest exact two-sided p of any split, at most 1.
    pub p_bound: f64,
}

impl OneChange {
    /// Returns the largest log likelihood ratio.
    pub fn max_llr(&self) -> f64 {
        self.llr[self.first_after - 1]
    }

    /// Returns the Bayes factor; infinite beyond 10³⁰⁸.
    pub fn bayes_factor(&self) -> f64 {
        self.ln_bayes_factor.exp()
    }
}

/// Returns what the series says about a single change.
///
/// Cost: linear in the revisions, plus one conditional test per split.
pub fn one_change(series: &Series) -> OneChange {
    let splits = 1..series.n_revisions();
    let llr: Vec<f64> = splits.clone().map(|n_left| llr(series, n_left)).collect();
    let ln_all = ln_margin(series, 0..series.n_revisions());
    let ln_weights: Vec<f64> = splits
        .clone()
        .map(|n_left| {
            let (left, right) = series.sides(n_left);
            ln_margin(series, left) + ln_margin(series, right) - ln_all
        })
        .collect();
    let ln_largest = ln_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = ln_weights.iter().map(|ln_weight| (ln_weight - ln_largest).exp()).collect();
    let total: f64 = weights.iter().sum();
    let posterior: Vec<f64> = weights.iter().map(|weight| weight / total).collect();

    let best = (0..llr.len()).fold(0, |best, i| if llr[i] > llr[best] { i } else { best });
    let n_left = best + 1;
    let (left, right) = series.sides(n_left);
    OneChange {
        ln_bayes_factor: ln_largest + (total / llr.len() as f64).ln(),
        first_after: n_left,
        candidates: candidates(&posterior),
        median: median(&posterior),
        direction: direction(series, left.clone(), right.clone()),
        rests_on_one_revision: left.len() == 1 || right.len() == 1,
        p_bound: p_bound(series),
        llr,
        posterior,
    }
}

fn llr(series: &Series, n_left: usize) -> f64 {
    let (left, right) = series.sides(n_left);
    series.gain(left) + series.gain(right)
}

/// ln m(s, e) plus s, with ln Γ by Stirling.
///
/// The s is left in because it cancels in m(L) m(R) / m(all), and with it the large `z ln z − z` of ln Γ and the large
/// `z ln(a+e)` become one small `z ln(z/(a+e))`.
fn ln_margin(series: &Series, revisions: Range<usize>) -> f64 {
    let z = PRIOR_EVENTS + series.count(revisions.clone());
    let mean = PRIOR_EVENTS + series.expected(revisions);
    let ln_gamma_at_prior = ln_gamma(PRIOR_EVENTS) - PRIOR_EVENTS * PRIOR_EVENTS.ln() + PRIOR_EVENTS;
    stirling_error(z) - 0.5 * z.ln() + 0.5 * std::f64::consts::TAU.ln() + z * (z / mean).ln()
        - ln_gamma_at_prior
}

/// Most probable splits first (the earlier of equals), until they hold the share.
fn candidates(posterior: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..posterior.len()).collect();
    // The sort is stable, so equals stay in the order of the revisions.
    order.sort_by(|&i, &j| posterior[j].total_cmp(&posterior[i]));
    let mut held = 0.0;
    let mut first_after: Vec<usize> = Vec::new();
    for i in order {
        first_after.push(i + 1);
        held += posterior[i];
        // Rounding must not add a split to a share that is met exactly.
        if held >= CANDIDATE_SHARE - 1e-12 {
            break;
        }
    }
    first_after.sort_unstable();
    first_after
}

fn median(posterior: &[f64]) -> usize {
    let mut held = 0.0;
    for (i, p) in posterior.iter().enumerate() {
        held += p;
        if held >= 0.5 - 1e-12 {
            return i + 1;
        }
    }
    posterior.len()
}

fn direction(series: &Series, left: Range<usize>, right: Range<usize>) -> Direction {
    // Cross products instead of rates: a side may be without exposure.
    let (after, before) = (
        series.count(right.clone()) * series.expected(left.clone()),
        series.count(left) * series.expected(right),
    );
    match after.total_cmp(&before) {
        std::cmp::Ordering::Greater => Direction::Up,
        std::cmp::Ordering::Less => Direction::Down,
        std::cmp::Ordering::Equal => Direction::Level,
    }
}

fn p_bound(series: &Series) -> f64 {
    let mut smallest = 1f64;
    for n_left in 1..series.n_revisions() {
        let (left, right) = series.sides(n_left);
        let before = Observed::new(series.count(left.clone()), series.expected(left));
        let after = Observed::new(series.count(right.clone()), series.expected(right));
        if let (Some(before), Some(after)) = (before, after) {
            let p_up = conditional::p_greater(after, before, conditional::EQUAL_RATES);
            let p_down = conditional::p_greater(before, after, conditional::EQUAL_RATES);
            smallest = smallest.min(2.0 * p_up.min(p_down));
        }
    }
    (smallest * (series.n_revisions() - 1) as f64).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::super::special::deviance;
    use super::*;

    fn series(counts: &[f64], exposures: &[f64]) -> Series {
        let revisions: Vec<(f64, f64)> = counts.iter().copied().zip(exposures.iter().copied()).collect();
        Series::new(&revisions).unwrap()
    }

    fn check(actual: f64, expected: f64, tolerance: f64) {
        assert!((actual - expected).abs() <= tolerance * expected.abs(), "{actual} is not {expected}");
    }

    #[test]
    fn a_clear_change_is_found() {
        let change = one_change(&series(&[2.0, 1.0, 3.0, 0.0, 2.0, 9.0, 11.0, 8.0, 10.0], &[1.0; 9]));
        check(change.max_llr(), 14.26394370, 1e-9);
        check(change.bayes_factor(), 32_965.147_947_776_63, 1e-9);
        check(change.posterior[4], 0.9691867970231918, 1e-9);
        check(change.posterior[3], 0.027917912003160437, 1e-9);
        assert_eq!((change.first_after, change.median, change.candidates), (5, 5, vec![5]));
        assert_eq!(change.direction, Direction::Up);
        assert!(!change.rests_on_one_revision);
        assert!(change.p_bound < 1e-5);
    }

    #[test]
    fn a_rare_pattern_leaves_several_candidates() {
        let change =
            one_change(&series(&[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 2.0, 1.0, 3.0], &[10.0; 11]));
        check(change.max_llr(), 5.51920152, 1e-9);
        check(change.posterior[5], 0.392446991805501, 1e-9);
        check(change.bayes_factor(), 18.01131723172464, 1e-9);
        assert_eq!((change.first_after, change.median), (6, 6));
        assert_eq!(change.candidates, [4, 5, 6, 7, 8]);
    }

    #[test]
    fn unequal_coverage_is_not_a_change() {
        let counts = [4.0, 6.0, 5.0, 5.0, 40.0, 7.0, 3.0, 50.0, 60.0];
        let exposures = [100.0, 100.0, 100.0, 100.0, 800.0, 100.0, 100.0, 1000.0, 1000.0];
        let change = one_change(&series(&counts, &exposures));
        check(change.max_llr(), 0.6507789164465976, 1e-9);
        check(change.bayes_factor(), 0.1700735836284199, 1e-9);
        assert!(change.rests_on_one_revision);
        assert_eq!(change.p_bound, 1.0);
    }

    #[test]
    fn level_series_favour_no_split_over_another() {
        let change = one_change(&series(&[5.0; 6], &[1.0; 6]));
        assert_eq!(change.llr, [0.0; 5]);
        assert_eq!(change.direction, Direction::Level);
        check(change.posterior[0], change.posterior[4], 1e-12);
    }

    #[test]
    fn units_of_exposure_do_not_matter() {
        let counts = [3.0, 1.5, 0.0, 8.25, 9.0];
        let hours = one_change(&series(&counts, &[1.0, 2.0, 0.5, 1.0, 1.0]));
        let seconds = one_change(&series(&counts, &[3600.0, 7200.0, 1800.0, 3600.0, 3600.0]));
        check(hours.ln_bayes_factor, seconds.ln_bayes_factor, 1e-12);
        check(hours.max_llr(), seconds.max_llr(), 1e-12);
    }

    #[test]
    fn revisions_without_coverage_are_candidates_too() {
        let with_gap = one_change(&series(&[0.0, 0.0, 0.0, 0.0, 9.0, 9.0], &[5.0, 5.0, 0.0, 0.0, 5.0, 5.0]));
        check(with_gap.posterior[1], with_gap.posterior[2], 1e-12);
        check(with_gap.posterior[1], with_gap.posterior[3], 1e-12);
        assert_eq!(with_gap.candidates, [2, 3, 4]);
        assert_eq!(with_gap.median, 3);
    }

    #[test]
    fn large_counts_keep_their_digits() {
        // A change of 1 % in ten million events; the textbook form of ln m loses nine digits here.
        let change = one_change(&series(&[1e7, 1e7, 1.01e7, 1.01e7], &[1.0; 4]));
        let mean: f64 = 1.005e7;
        let expected = 2.0 * (deviance(1e7, mean) + deviance(1.01e7, mean));
        check(change.max_llr(), expected, 1e-9);
        assert_eq!(change.candidates, [2]);
    }
}
