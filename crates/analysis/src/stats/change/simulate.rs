//! How often would a series without any change show a split as good as the best one found?
//!
//! The best of R−1 splits cannot be judged by the p of one split. Given the total x, counts without a change are
//! Multinomial(x, E_i/E); [`p_of_best_split`] draws such series and compares their largest log likelihood ratio.
//!
//! ```text
//!   p = (1 + #{simulated max LLR ≥ observed}) / (1 + n_simulations)
//! ```
//!
//! The one added to both is the observed series itself, which keeps the test exact and p above 0. The generator is
//! the fixed one of [`super::super::generator`], restarted for every call: the p of a pattern depends on its own
//! numbers alone.
//!
//! Source: A. Davison and D. Hinkley, "Bootstrap Methods" (1997), section 4.2.

use super::Series;
use crate::stats::generator::{Generator, SEED};
use crate::stats::special::{Split, deviance};

/// Simulations that tell 0.01 from 0.02 safely.
pub const USUAL_SIMULATIONS: u32 = 1999;

/// Returns the p of the largest log likelihood ratio over all splits.
///
/// Shape: a multiple of `1 / (1 + n_simulations)`, above 0. A total that is not whole (counts over φ̂) is rounded for
/// the simulated series, to at least one event.
///
/// Cost: per simulation one binomial draw per revision, each of the order of √x_i steps; 2,000 simulations of 100
/// revisions take some tens of milliseconds. [`super::OneChange::p_bound`] costs nothing more and is valid
/// as well, but larger, the more so the more revisions there are.
pub fn p_of_best_split(series: &Series, n_simulations: u32) -> f64 {
    let n_revisions = series.n_revisions();
    let observed = (1..n_revisions).map(|n_left| super::llr(series, n_left)).fold(0.0, f64::max);
    // Equal series must count as equal whatever the rounding of their sums.
    let as_good = observed * (1.0 - 1e-12) - 1e-12;
    let total = series.count(0..n_revisions).round().max(1.0);
    let mut generator = Generator::from_seed(SEED);
    let mut n_as_good = 0;
    for _ in 0..n_simulations {
        if largest_simulated(series, total, &mut generator) >= as_good {
            n_as_good += 1;
        }
    }
    f64::from(1 + n_as_good) / (1.0 + f64::from(n_simulations))
}

/// Draws the counts revision by revision, each a binomial share of what is left, and returns the largest LLR.
fn largest_simulated(series: &Series, total: f64, generator: &mut Generator) -> f64 {
    let all_expected = series.expected(0..series.n_revisions());
    let (mut count_left, mut expected_left, mut largest) = (0.0, 0.0, 0f64);
    for n_left in 1..series.n_revisions() {
        let here = series.expected(n_left - 1..n_left);
        let later = (all_expected - expected_left - here).max(0.0);
        if here > 0.0 {
            count_left += generator.binomial(total - count_left, Split::of_parts(here, later));
        }
        expected_left += here;
        // The rounded total need not equal the expected one, so each side is scaled to it.
        let scale = total / all_expected;
        let left = deviance(count_left, expected_left * scale);
        let right = deviance(total - count_left, later * scale);
        largest = largest.max(left + right);
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::change::one_change;
    use crate::stats::generator::sweep;

    fn series(counts: &[f64], exposure: f64) -> Series {
        Series::new(&counts.iter().map(|&count| (count, exposure)).collect::<Vec<_>>()).unwrap()
    }

    #[test]
    fn a_rare_pattern_has_its_reference_value() {
        let rare = series(&[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 2.0, 1.0, 3.0], 10.0);
        let p = p_of_best_split(&rare, 20_000);
        assert!((p - 0.008).abs() < 0.002, "{p}");
        assert_eq!(p, p_of_best_split(&rare, 20_000));
    }

    #[test]
    fn clear_and_absent_changes_are_told_apart() {
        let clear = series(&[2.0, 1.0, 3.0, 0.0, 2.0, 9.0, 11.0, 8.0, 10.0], 1.0);
        assert_eq!(p_of_best_split(&clear, USUAL_SIMULATIONS), 1.0 / 2000.0);
        assert_eq!(p_of_best_split(&series(&[5.0; 6], 1.0), USUAL_SIMULATIONS), 1.0);
    }

    #[test]
    fn series_without_a_change_are_rarely_alarming() {
        // 400 series of 8 revisions; at p ≤ 0.1 about one in ten may pass, by chance up to 60.
        let mut n_alarms = 0;
        sweep(400, |draw| {
            let counts: Vec<f64> = (0..8).map(|_| draw.binomial(1000.0, Split::of_share(0.006))).collect();
            n_alarms += u32::from(p_of_best_split(&series(&counts, 1.0), 199) <= 0.1);
        });
        assert!((20..=60).contains(&n_alarms), "{n_alarms}");
    }

    #[test]
    fn less_than_one_event_is_no_change() {
        // Half an event in the last of two revisions: a whole one would be there half of the time.
        assert_eq!(p_of_best_split(&series(&[0.0, 0.4], 1.0), USUAL_SIMULATIONS), 1.0);
    }

    #[test]
    fn the_bound_is_a_bound() {
        let rare = series(&[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 2.0, 1.0, 3.0], 10.0);
        assert!(one_change(&rare).p_bound >= p_of_best_split(&rare, USUAL_SIMULATIONS));
    }
}
