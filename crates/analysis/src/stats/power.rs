//! What would have been noticed: the smallest ratio of rates the conditional test detects with a given power.
//!
//! "No regression found" is worth as much as the regression one could have found. For a base rate λ and exposures E1,
//! E0 the counts are Poisson, the test rejects when X1 reaches the smallest count c(x0) with mid-p ≤ α, and
//!
//! ```text
//!   power(ρ) = Σ_x0 Poisson(x0; λ E0) · P(Poisson(ρ λ E1) ≥ c(x0))
//! ```
//!
//! which rises with ρ and is solved for the wanted power. Beyond [`EXACT_UP_TO`] expected base events the logarithm of
//! the ratio is normal for all practical purposes: ln ρ = (z_α + z_power) √(1/(λE0) + 1/(ρλE1)).
//!
//! Source: conditional test as in [`super::conditional`]; normal form by the delta method.

use super::claims::Coverage;
use super::conditional;
use super::observed::{Observed, as_f64};
use super::special::{gamma_tails, ln_poisson_term, normal_quantile};
use rayon::iter::ParallelIterator;
use rayon::slice::ParallelSlice;
use std::collections::{BTreeSet, HashMap};

/// Expected base events up to which the power is summed exactly.
pub const EXACT_UP_TO: f64 = 2000.0;

/// Ratio beyond which nothing is looked for: such a change needs no statistics.
pub const LARGEST_RATIO: f64 = 1e6;

/// Base counts that are less probable than this are left out. Together they stay below 10⁻¹³.
const SMALLEST_P: f64 = 1e-15;

/// Steps after which narrowing ends, however wide what is left.
const MAX_STEPS: usize = 40;

/// What a detection has to fulfil.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demand {
    /// Largest one-sided mid-p that counts as detected, above 0 and below ½.
    pub alpha: f64,
    /// Probability of detecting, from ½ to below 1.
    pub power: f64,
}

/// Detection at a one-sided mid-p of 0.05 in four of five cases.
pub const USUAL_DEMAND: Demand = Demand { alpha: 0.05, power: 0.8 };

/// Returns the smallest ratio ρ ≥ 1 of new rate to base rate that is detected as demanded.
///
/// Units: `base_rate` in events per unit of the coverage. Shape: `None` if the base rate is not above 0 (a ratio to
/// nothing has no size) or if even [`LARGEST_RATIO`] would not do. Accuracy: 10⁻⁹ relative in the exact range.
///
/// Cost: of the order of the base count's square root times a hundred steps: at most some milliseconds.
pub fn min_detectable_ratio(base_rate: f64, coverage: Coverage, demand: Demand) -> Option<f64> {
    Detection::of([base_rate], coverage, demand).min_ratio(base_rate)
}

/// What is detected of several patterns under one coverage: from how many new events on the test rejects does not depend on how
/// often a pattern comes.
#[derive(Debug)]
pub struct Detection {
    coverage: Coverage,
    demand: Demand,
    /// By base count, from how many new events on the test rejects.
    from_n_new: HashMap<u64, f64>,
}

impl Detection {
    /// Works out what patterns of some base rates need.
    ///
    /// Units: as of [`min_detectable_ratio`]. Cost: some tails of the beta distribution for every base count that one of the
    /// rates may give, shared out among threads.
    pub fn of(base_rates: impl IntoIterator<Item = f64>, coverage: Coverage, demand: Demand) -> Self {
        let means = base_rates.into_iter().map(|base_rate| base_rate * coverage.base_exposure());
        let is_summed = |mean_base: &f64| *mean_base > 0.0 && *mean_base <= EXACT_UP_TO;
        let counts: BTreeSet<u64> = means
            .filter(is_summed)
            .flat_map(|mean_base| base_counts(mean_base).map(|(count, _)| count))
            .collect();
        let counts: Vec<u64> = counts.into_iter().collect();
        let of_part = |counts: &[u64]| {
            // The limit never falls when the base count rises, so the search goes on where it stopped.
            let mut from_n_new = 0.0;
            let limit = |count: &u64| {
                from_n_new = first_rejected(from_n_new, as_f64(*count), coverage, demand.alpha);
                (*count, from_n_new)
            };
            counts.iter().map(limit).collect::<Vec<_>>()
        };
        let parts: Vec<Vec<(u64, f64)>> = counts.par_chunks(COUNTS_AT_ONCE).map(of_part).collect();
        Self { coverage, demand, from_n_new: parts.into_iter().flatten().collect() }
    }

    /// As [`min_detectable_ratio`], of one of the base rates that were named.
    pub fn min_ratio(&self, base_rate: f64) -> Option<f64> {
        if !(base_rate.is_finite() && base_rate > 0.0) {
            return None;
        }
        let mean_base = base_rate * self.coverage.base_exposure();
        let mean_new = base_rate * self.coverage.new_exposure();
        if mean_base > EXACT_UP_TO {
            return smallest_ratio(|ratio| {
                ratio.ln() - normal_ln_ratio(mean_base, ratio * mean_new, self.demand)
            });
        }
        let limits = self.limits(mean_base);
        smallest_ratio(|ratio| power(&limits, ratio * mean_new) - self.demand.power)
    }

    fn limits(&self, mean_base: f64) -> Vec<RejectionLimit> {
        let limit =
            |(count, p_base_count)| RejectionLimit { p_base_count, from_n_new: self.from_n_new[&count] };
        base_counts(mean_base).map(limit).collect()
    }
}

/// Base counts for which one thread finds the limits in one go.
const COUNTS_AT_ONCE: usize = 64;

/// From how many new events on the test rejects, for one possible base count.
struct RejectionLimit {
    p_base_count: f64,
    from_n_new: f64,
}

/// Returns the base counts that come into question, ascending, each with its probability.
fn base_counts(mean_base: f64) -> impl Iterator<Item = (u64, f64)> {
    let reach = 8.0 * mean_base.sqrt() + 30.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand at most")]
    let [first, last] = [(mean_base - reach).max(0.0), mean_base + reach].map(|count| count as u64);
    (first..=last)
        .map(move |count| (count, ln_poisson_term(as_f64(count), mean_base).exp()))
        .filter(|(_, p)| *p >= SMALLEST_P)
}

/// Smallest count from `at_least` on that is rejected: doubled steps up, halved steps down.
fn first_rejected(at_least: f64, base_count: f64, coverage: Coverage, alpha: f64) -> f64 {
    let is_rejected = |n_new: f64| mid_p(n_new, base_count, coverage) <= alpha;
    let mut accepted = at_least - 1.0;
    let mut step = 1.0;
    while !is_rejected(accepted + step) {
        accepted += step;
        step *= 2.0;
    }
    let mut rejected = accepted + step;
    while rejected - accepted > 1.0 {
        let middle = ((accepted + rejected) / 2.0).floor();
        if is_rejected(middle) { rejected = middle } else { accepted = middle }
    }
    rejected
}

fn mid_p(n_new: f64, n_base: f64, coverage: Coverage) -> f64 {
    conditional::mid_p_greater(
        Observed::of_valid(n_new, coverage.new_exposure()),
        Observed::of_valid(n_base, coverage.base_exposure()),
        conditional::EQUAL_RATES,
    )
}

/// Steps between limits, per limit, up to which walking from one to the next is faster than a tail for each.
const MAX_STEPS_PER_LIMIT: f64 = 32.0;

fn power(limits: &[RejectionLimit], mean_new: f64) -> f64 {
    // P(Poisson(mean) ≥ c) is the lower tail of Gamma(c) at the mean.
    let reaches = |n_new: f64| gamma_tails(n_new, mean_new).lower();
    let (Some(first), Some(last)) = (limits.first(), limits.last()) else { return 0.0 };
    #[expect(clippy::cast_precision_loss, reason = "there are a few hundred limits")]
    let most_steps = MAX_STEPS_PER_LIMIT * limits.len() as f64;
    if last.from_n_new - first.from_n_new > most_steps {
        return limits.iter().map(|limit| limit.p_base_count * reaches(limit.from_n_new)).sum();
    }
    // Tails of neighbouring counts differ by one term, so one tail is enough. Terms are largest next to the mean, so those
    // that come out as nothing from there are nothing. Errors stay absolute, of the order of 10⁻¹⁶ a step.
    let middle = mean_new.floor().clamp(first.from_n_new, last.from_n_new);
    let start = (middle, reaches(middle), ln_poisson_term(middle, mean_new).exp());
    let (below, above) = limits.split_at(limits.partition_point(|limit| limit.from_n_new < middle));
    let mut sum = 0.0;
    let (mut count, mut tail, mut term) = start;
    for limit in above {
        while count < limit.from_n_new {
            tail -= term;
            count += 1.0;
            term *= mean_new / count;
        }
        sum += limit.p_base_count * tail.max(0.0);
    }
    let (mut count, mut tail, mut term) = start;
    for limit in below.iter().rev() {
        while count > limit.from_n_new {
            term *= count / mean_new;
            count -= 1.0;
            tail += term;
        }
        sum += limit.p_base_count * tail.min(1.0);
    }
    sum
}

fn normal_ln_ratio(mean_base: f64, mean_new: f64, demand: Demand) -> f64 {
    let quantiles = normal_quantile(demand.power) - normal_quantile(demand.alpha);
    quantiles * (mean_base.recip() + mean_new.recip()).sqrt()
}

/// Smallest ratio that is detected, where every larger one is, too; halves the interval of ln ρ. A ratio is detected where its
/// `excess` is not below 0.
///
/// The excess is dear, so the interval is narrowed by straight lines first (the Illinois method). Halving then asks only within
/// what is left, and ends where it would have ended without.
fn smallest_ratio(excess: impl Fn(f64) -> f64) -> Option<f64> {
    let at = |ln_ratio: f64| excess(ln_ratio.exp());
    let last = LARGEST_RATIO.ln();
    let largest = excess(LARGEST_RATIO);
    if largest.is_nan() || largest < 0.0 {
        return None;
    }
    let (mut low, mut high) = ((0.0, at(0.0)), (last, largest));
    let mut was_detected = None;
    for _ in 0..MAX_STEPS {
        let width = high.0 - low.0;
        if width <= 1e-9 || !(low.1 < 0.0 && high.1 > 0.0) {
            break;
        }
        // Far from the root the excess hardly changes, and lines would lead astray.
        let on_line = low.0 - low.1 * width / (high.1 - low.1);
        let is_near = width < 0.25 && low.0 < on_line && on_line < high.0;
        let next = if is_near { on_line } else { f64::midpoint(low.0, high.0) };
        let found = at(next);
        let is_detected = found >= 0.0;
        // An end that stays twice is given less weight, or the other would creep.
        let stays_again = was_detected.replace(is_detected) == Some(is_detected);
        if is_detected {
            high = (next, found);
            low.1 /= if stays_again { 2.0 } else { 1.0 };
        } else {
            low = (next, found);
            high.1 /= if stays_again { 2.0 } else { 1.0 };
        }
    }
    let is_detected = |ln_ratio: f64| {
        if ln_ratio >= high.0 {
            return true;
        }
        ln_ratio > low.0 && at(ln_ratio) >= 0.0
    };
    let (mut missed, mut detected) = (0.0, last);
    while detected - missed > 1e-10 {
        let middle: f64 = f64::midpoint(missed, detected);
        if is_detected(middle) { detected = middle } else { missed = middle }
    }
    Some(detected.exp())
}

#[cfg(test)]
mod tests {
    use super::super::generator::sweep;
    use super::super::special::Split;
    use super::*;
    use proptest::prelude::*;

    fn ratio(base_rate: f64, new: f64, base: f64) -> Option<f64> {
        min_detectable_ratio(base_rate, Coverage::new(new, base).unwrap(), USUAL_DEMAND)
    }

    #[test]
    fn a_nearly_clean_base_needs_four_events() {
        // With base count 0 and equal coverage, mid-p is ½^(x+1): four events for 0.05. P(Poisson(m) ≥ 4) = 0.8 at
        // m = 5.5150, so at base rate 10⁻⁴ the ratio is that over 10⁻⁴, give or take the few base counts of 1.
        let found = ratio(1e-4, 1.0, 1.0).unwrap();
        assert!((found * 1e-4 - 5.515).abs() < 2e-3, "{found}");
    }

    #[test]
    fn what_cannot_be_asked_has_no_answer() {
        assert_eq!(ratio(0.0, 1.0, 1.0), None);
        assert_eq!(ratio(1e-9, 1.0, 1.0), None);
    }

    #[test]
    fn more_coverage_detects_smaller_changes() {
        let ratios: Vec<f64> = [1.0, 10.0, 100.0, 1000.0].map(|new| ratio(1.0, new, 100.0).unwrap()).to_vec();
        assert!(ratios.windows(2).all(|pair| pair[1] < pair[0]), "{ratios:?}");
        assert!(ratios[3] > 1.0);
    }

    #[test]
    fn both_methods_meet_at_the_limit() {
        let below = ratio(EXACT_UP_TO, 0.5, 1.0).unwrap();
        let above = ratio(EXACT_UP_TO * 1.000_001, 0.5, 1.0).unwrap();
        assert!((below - above).abs() < 0.002, "{below} {above}");
    }

    proptest! {
        #[test]
        fn walking_from_tail_to_tail_gives_the_power(
            mean_base in 1e-6_f64..400.0,
            new in 0.05_f64..20.0,
            ln_ratio in 0.0_f64..6.0,
        ) {
            let coverage = Coverage::new(new, 1.0).unwrap();
            let limits = Detection::of([mean_base], coverage, USUAL_DEMAND).limits(mean_base);
            let mean_new = ln_ratio.exp() * mean_base * new;
            let each = |limit: &RejectionLimit| limit.p_base_count * gamma_tails(limit.from_n_new, mean_new).lower();
            let expected: f64 = limits.iter().map(each).sum();
            prop_assert!((power(&limits, mean_new) - expected).abs() < 1e-12, "{} {expected}", power(&limits, mean_new));
            let certain: f64 = limits.iter().map(|limit| limit.p_base_count).sum();
            prop_assert!((certain - 1.0).abs() < 1e-12, "{certain}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn patterns_are_told_alike_alone_and_together(
            rates in proptest::collection::vec(1e-6_f64..2500.0, 1..6),
            new in 0.05_f64..20.0,
        ) {
            let coverage = Coverage::new(new, 1.0).unwrap();
            let together = Detection::of(rates.iter().copied(), coverage, USUAL_DEMAND);
            for rate in rates {
                prop_assert_eq!(together.min_ratio(rate), min_detectable_ratio(rate, coverage, USUAL_DEMAND));
            }
        }
    }

    #[test]
    fn simulated_power_is_the_demanded_one() {
        // Poisson counts as binomials of many trials; 4,000 draws know the power to 0.0063.
        let found = ratio(0.2, 100.0, 100.0).unwrap();
        let coverage = Coverage::new(100.0, 100.0).unwrap();
        let mut n_detected = 0;
        sweep(4000, |draw| {
            let n_base = draw.binomial(1e6, Split::of_share(20.0 / 1e6));
            let n_new = draw.binomial(1e6, Split::of_share(20.0 * found / 1e6));
            n_detected += u32::from(mid_p(n_new, n_base, coverage) <= USUAL_DEMAND.alpha);
        });
        let power = f64::from(n_detected) / 4000.0;
        assert!((power - USUAL_DEMAND.power).abs() < 0.02, "{power}");
    }
}
