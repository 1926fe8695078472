//! Cells compared within strata (services, hosts), then put together: Mantel–Haenszel.
//!
//! When A and B cover different services, one pooled table compares the services, not the revisions. Each stratum
//! s therefore keeps its own table, whose k1 has the hypergeometric mean and variance of its own margin:
//!
//! ```text
//!   m_s = n1 k / N      v_s = n1 n0 k (N−k) / (N² (N−1))      z = (Σ k1 − Σ m_s) / √Σ v_s
//!   ratio = Σ (k1 n0 / N) / Σ (k0 n1 / N)
//! ```
//!
//! The normal approximation of z is poor exactly where new patterns live (three cells against none). So, as long as
//! the tables are small, the distribution of Σ k1 is computed exactly, as the convolution of the strata's
//! hypergeometric distributions; z decides only beyond [`EXACT_LIMIT`]. One stratum is always exact.
//!
//! Source: N. Mantel and W. Haenszel, J. Natl. Cancer Inst. 22 (1959); exact form: M. Gart, Biometrika 57 (1970).

use super::cells::{CellTest, Margin, compare};
use super::conditional::{CONFIDENCE, RatioInterval, ratio_interval};
use super::observed::{Cells, Observed, as_f64};
use super::special::normal_upper_tail;

/// Largest number of possible values of Σ k1 that is still convolved exactly (a tenth of a millisecond).
pub const EXACT_LIMIT: u64 = 1024;

/// The cells of one stratum on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stratum {
    /// Cells of the new revision.
    pub new: Cells,
    /// Cells of the base.
    pub base: Cells,
}

/// Tests whether the pattern's cells prefer one side, within strata.
///
/// Shape: a stratum covered by one side only cannot be made and must be left out (and reported). No stratum, or none
/// with the pattern, gives p 1. In the approximation `p_greater` and `p_less` carry the continuity correction of ½,
/// the mid-p's do not. `min_attainable` is exact always.
///
/// Cost: the square of the number of possible values up to [`EXACT_LIMIT`], then linear in the strata.
pub fn compare_within(strata: &[Stratum]) -> CellTest {
    if let [only] = strata {
        return compare(only.new, only.base);
    }
    let margins: Vec<Margin> = strata.iter().map(|stratum| Margin::of(stratum.new, stratum.base)).collect();
    let k1: u64 = strata.iter().map(|stratum| stratum.new.n_seen()).sum();
    let width: u64 = margins.iter().map(|margin| margin.most() - margin.fewest()).sum();
    let (p_greater, p_less, mid_p_greater, mid_p_less) =
        if width <= EXACT_LIMIT { exact_tails(&margins, k1) } else { normal_tails(&margins, k1) };
    let ln_min: f64 = margins.iter().map(|margin| margin.ln_p(margin.most())).sum();
    let ratio = common_ratio(strata);
    CellTest {
        ratio,
        interval: common_interval(strata, &margins, ratio),
        p_greater,
        p_less,
        mid_p_greater,
        mid_p_less,
        min_attainable: ln_min.exp(),
    }
}

/// The interval of all the pattern's cells together, under the exposures that make their ratio the common one.
///
/// Where that ratio is 0, infinite or absent, the exposures are the cells expected on each side instead.
fn common_interval(strata: &[Stratum], margins: &[Margin], ratio: Option<f64>) -> RatioInterval {
    let k1 = as_f64(strata.iter().map(|stratum| stratum.new.n_seen()).sum());
    let k0 = as_f64(strata.iter().map(|stratum| stratum.base.n_seen()).sum());
    let expected_new: f64 = margins.iter().map(|margin| margin.mean()).sum();
    let base_exposure = match ratio {
        Some(ratio) if ratio > 0.0 && ratio.is_finite() => ratio * k0 / k1,
        _ => (k1 + k0 - expected_new) / expected_new,
    };
    match (Observed::new(k1, 1.0), Observed::new(k0, base_exposure)) {
        (Some(new), Some(base)) => ratio_interval(new, base, CONFIDENCE),
        // No stratum has the pattern: nothing is known about the ratio.
        _ => RatioInterval { lower: 0.0, upper: f64::INFINITY },
    }
}

fn common_ratio(strata: &[Stratum]) -> Option<f64> {
    let (mut new, mut base) = (0.0, 0.0);
    for stratum in strata {
        let (n1, n0) = (as_f64(stratum.new.n_covered()), as_f64(stratum.base.n_covered()));
        new += as_f64(stratum.new.n_seen()) * n0 / (n1 + n0);
        base += as_f64(stratum.base.n_seen()) * n1 / (n1 + n0);
    }
    (new > 0.0 || base > 0.0).then(|| new / base)
}

fn exact_tails(margins: &[Margin], k1: u64) -> (f64, f64, f64, f64) {
    // probabilities[i] belongs to Σ k1 = fewest + i.
    let mut probabilities = vec![1.0];
    let mut fewest = 0;
    for margin in margins {
        let here: Vec<f64> = (margin.fewest()..=margin.most()).map(|k| margin.ln_p(k).exp()).collect();
        let mut sums = vec![0.0; probabilities.len() + here.len() - 1];
        for (i, so_far) in probabilities.iter().enumerate() {
            for (j, p) in here.iter().enumerate() {
                sums[i + j] += so_far * p;
            }
        }
        probabilities = sums;
        fewest += margin.fewest();
    }
    let at = usize::try_from(k1 - fewest).expect("the exact limit keeps the table small");
    let p_less = probabilities[..=at].iter().sum::<f64>().min(1.0);
    // From the far end, so that the smallest terms are added first.
    let p_greater = probabilities[at..].iter().rev().sum::<f64>().min(1.0);
    let half = 0.5 * probabilities[at];
    (p_greater, p_less, p_greater - half, p_less - half)
}

fn normal_tails(margins: &[Margin], k1: u64) -> (f64, f64, f64, f64) {
    let mean: f64 = margins.iter().map(|margin| margin.mean()).sum();
    let deviation = margins.iter().map(|margin| margin.variance()).sum::<f64>().sqrt();
    let above = as_f64(k1) - mean;
    (
        normal_upper_tail((above - 0.5) / deviation),
        normal_upper_tail((-above - 0.5) / deviation),
        normal_upper_tail(above / deviation),
        normal_upper_tail(-above / deviation),
    )
}

#[cfg(test)]
mod tests {
    use super::super::generator::sweep;
    use super::*;

    fn stratum(k1: u64, n1: u64, k0: u64, n0: u64) -> Stratum {
        Stratum { new: Cells::new(k1, n1).unwrap(), base: Cells::new(k0, n0).unwrap() }
    }

    fn check(actual: f64, expected: f64, tolerance: f64) {
        assert!((actual - expected).abs() <= tolerance * expected.abs(), "{actual} is not {expected}");
    }

    #[test]
    fn one_stratum_is_fisher() {
        let plain = compare(Cells::new(3, 50).unwrap(), Cells::new(0, 500).unwrap());
        assert_eq!(compare_within(&[stratum(3, 50, 0, 500)]), plain);
    }

    #[test]
    fn strata_without_the_pattern_change_nothing() {
        let plain = compare(Cells::new(3, 50).unwrap(), Cells::new(0, 500).unwrap());
        let both = compare_within(&[stratum(3, 50, 0, 500), stratum(0, 1000, 0, 10)]);
        check(both.p_greater, plain.p_greater, 1e-12);
        check(both.mid_p_greater, plain.mid_p_greater, 1e-12);
        check(both.min_attainable, plain.min_attainable, 1e-12);
        check(both.interval.lower, plain.interval.lower, 1e-12);
        assert_eq!((both.ratio, both.interval.upper), (Some(f64::INFINITY), f64::INFINITY));
    }

    #[test]
    fn two_strata_multiply_their_extremes() {
        // All cells on the new side in both: the probability is the product of the two extreme tables.
        let both = compare_within(&[stratum(2, 10, 0, 10), stratum(3, 20, 0, 60)]);
        let one = compare(Cells::new(2, 10).unwrap(), Cells::new(0, 10).unwrap()).p_greater;
        let other = compare(Cells::new(3, 20).unwrap(), Cells::new(0, 60).unwrap()).p_greater;
        check(both.p_greater, one * other, 1e-12);
        check(both.min_attainable, one * other, 1e-12);
    }

    #[test]
    fn a_mixture_of_services_is_not_a_regression() {
        // The new revision covers mostly the noisy service; within each service nothing changed.
        let strata = [stratum(90, 100, 9, 10), stratum(1, 10, 10, 100)];
        let pooled = compare(Cells::new(91, 110).unwrap(), Cells::new(19, 110).unwrap());
        let within = compare_within(&strata);
        assert!(pooled.p_greater < 1e-20);
        assert!((within.mid_p_greater - 0.5).abs() < 0.05);
        check(within.ratio.unwrap(), 1.0, 1e-12);
        assert!(within.interval.lower < 1.0 && within.interval.upper > 1.0);
    }

    #[test]
    fn the_approximation_meets_the_exact_value() {
        let strata = [stratum(330, 600, 280, 600), stratum(250, 500, 420, 900)];
        let margins: Vec<Margin> = strata.iter().map(|s| Margin::of(s.new, s.base)).collect();
        let (exact, normal) = (exact_tails(&margins, 580), normal_tails(&margins, 580));
        check(normal.0, exact.0, 0.03);
        check(normal.2, exact.2, 0.03);
        check(normal.3, exact.3, 0.001);
    }

    #[test]
    fn nothing_to_compare_gives_one() {
        let nothing = compare_within(&[]);
        assert_eq!((nothing.p_greater, nothing.p_less, nothing.ratio), (1.0, 1.0, None));
        assert_eq!((nothing.interval.lower, nothing.interval.upper), (0.0, f64::INFINITY));
    }

    #[test]
    fn mid_ps_are_complements() {
        sweep(300, |draw| {
            let strata: Vec<Stratum> = (0..1 + draw.next_bits() % 5)
                .map(|_| {
                    let (n1, n0) = (1 + draw.next_bits() % 30, 1 + draw.next_bits() % 30);
                    stratum(draw.next_bits() % (n1 + 1), n1, draw.next_bits() % (n0 + 1), n0)
                })
                .collect();
            let outcome = compare_within(&strata);
            check(outcome.mid_p_greater + outcome.mid_p_less, 1.0, 1e-11);
            assert!(outcome.p_greater >= outcome.min_attainable * (1.0 - 1e-9));
        });
    }
}
