//! The exact conditional test of two rates, for counts or for time exposure.
//!
//! Given n = x1 + x0 events, and if the new rate is ρ times the base rate, each event falls on the new side with
//! probability π = ρ E1 / (ρ E1 + E0), whatever the rates are:
//!
//! ```text
//!   p_greater = P(X1 ≥ x1) = I_π(x1, x0 + 1)
//!   mid-p     = ½ [ I_π(x1, x0 + 1) + I_π(x1 + 1, x0) ] = p_greater − ½ P(X1 = x1)
//!   interval  = q/(1−q) · E0/E1   at q = BetaInv(0.025; x1, x0+1) and q = BetaInv(0.975; x1+1, x0)
//! ```
//!
//! The beta form takes real counts, so over-dispersed counts are divided by φ̂ first ([`super::dispersion`]).
//!
//! Why not the E-test: it is a little more powerful for small counts, costs a double sum, and its common form with
//! the unpooled variance fails for unequal exposure (7 in 10 h against 7 in 100 h: 0.277, here 9.9·10⁻⁵).
//!
//! Source: J. Przyborowski and H. Wilenski, Biometrika 31 (1940); interval of C. Clopper and E. Pearson (1934);
//! mid-p of H. Lancaster (1961).

use serde::Serialize;

use super::observed::Observed;
use super::special::{Split, beta_quantile_ln_odds, beta_tails, ln_binomial_term};

/// Null ratio of the plain question "is the rate different at all?".
pub const EQUAL_RATES: f64 = 1.0;

/// Confidence of the interval in [`RateTest`].
pub const CONFIDENCE: f64 = 0.95;

/// Outcome of comparing two rates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RateTest {
    /// Observed rate ratio new / base; infinite if the base count is 0, absent if both counts are.
    pub ratio: Option<f64>,
    /// Exact probability of at least this many events on the new side.
    pub p_greater: f64,
    /// Exact probability of at most this many events on the new side.
    pub p_less: f64,
    /// [`Self::p_greater`] with half the weight of the observed count; the p to use for "more often".
    pub mid_p_greater: f64,
    /// [`Self::p_less`] with half the weight of the observed count; the p to use for "less often".
    pub mid_p_less: f64,
    /// Interval of the ratio with confidence [`CONFIDENCE`]; it does not depend on the null ratio.
    pub interval: RatioInterval,
}

impl RateTest {
    /// Returns the two-sided mid-p: twice the smaller side, at most 1.
    pub fn two_sided_mid_p(&self) -> f64 {
        (2.0 * self.mid_p_greater.min(self.mid_p_less)).min(1.0)
    }
}

/// Bounds of a rate ratio, from 0 to infinity.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RatioInterval {
    /// Lower bound; 0 if nothing was seen on the new side.
    pub lower: f64,
    /// Upper bound; infinite if nothing was seen on the base side.
    pub upper: f64,
}

impl RatioInterval {
    /// Returns whether the whole interval lies outside `[1/margin, margin]`.
    ///
    /// `true` means the difference is not only significant but also large enough to matter.
    pub fn excludes(&self, margin: f64) -> bool {
        self.lower > margin || self.upper < margin.recip()
    }
}

/// Tests whether the new rate is more or less than `null_ratio` times the base rate.
///
/// Shape: `null_ratio` above 0: [`EQUAL_RATES`], or 1.2 to ask for "at least 20 % more". With no event at all both
/// one-sided p's are 1 and both mid-p's ½. Cost: at most some thousand steps for millions of events.
pub fn compare(new: Observed, base: Observed, null_ratio: f64) -> RateTest {
    let half_of_observed = half_of_observed(new, base, null_ratio);
    let p_greater = p_greater(new, base, null_ratio);
    // The other side is the same question with the sides swapped.
    let p_less = self::p_greater(base, new, null_ratio.recip());
    RateTest {
        ratio: (new.count() > 0.0 || base.count() > 0.0).then(|| new.rate() / base.rate()),
        p_greater,
        p_less,
        // The observed count is part of the tail, so at most half of it cancels and no digits are lost.
        mid_p_greater: p_greater - half_of_observed,
        mid_p_less: p_less - half_of_observed,
        interval: ratio_interval(new, base, CONFIDENCE),
    }
}

/// Returns only [`RateTest::p_greater`], for callers that need many of them.
pub fn p_greater(new: Observed, base: Observed, null_ratio: f64) -> f64 {
    beta_tails(new.count(), base.count() + 1.0, new_share(new, base, null_ratio)).lower()
}

/// Returns only [`RateTest::mid_p_greater`], for callers that need many of them.
pub fn mid_p_greater(new: Observed, base: Observed, null_ratio: f64) -> f64 {
    p_greater(new, base, null_ratio) - half_of_observed(new, base, null_ratio)
}

/// Returns the exact interval of the rate ratio, both tails with `(1 − confidence) / 2`.
pub fn ratio_interval(new: Observed, base: Observed, confidence: f64) -> RatioInterval {
    let tail = 0.5 * (1.0 - confidence);
    let (x1, x0) = (new.count(), base.count());
    let scale = base.exposure() / new.exposure();
    let lower = if x1 > 0.0 { beta_quantile_ln_odds(x1, x0 + 1.0, tail).exp() * scale } else { 0.0 };
    // The upper point of Beta(x1+1, x0) is the mirrored lower point of Beta(x0, x1+1).
    let upper =
        if x0 > 0.0 { (-beta_quantile_ln_odds(x0, x1 + 1.0, tail)).exp() * scale } else { f64::INFINITY };
    RatioInterval { lower, upper }
}

/// The probability π that an event falls on the new side under the null ratio.
fn new_share(new: Observed, base: Observed, null_ratio: f64) -> Split {
    Split::of_parts(null_ratio * new.exposure(), base.exposure())
}

fn half_of_observed(new: Observed, base: Observed, null_ratio: f64) -> f64 {
    0.5 * ln_binomial_term(new.count(), base.count(), new_share(new, base, null_ratio)).exp()
}

#[cfg(test)]
mod tests {
    use super::super::generator::sweep;
    use super::*;

    fn test(x1: f64, e1: f64, x0: f64, e0: f64, null_ratio: f64) -> RateTest {
        compare(Observed::new(x1, e1).unwrap(), Observed::new(x0, e0).unwrap(), null_ratio)
    }

    /// The tables of the design carry ten digits.
    fn check(actual: f64, expected: f64) {
        assert!((actual - expected).abs() <= 1e-9 * expected.abs(), "{actual} is not {expected}");
    }

    #[test]
    fn counts_have_their_reference_values() {
        for (x1, e1, x0, e0, p_greater, mid_p) in [
            (0.0, 100.0, 10.0, 100.0, 1.0, 0.9995117188),
            (1.0, 100.0, 0.0, 100.0, 0.5, 0.25),
            (3.0, 100.0, 0.0, 100.0, 0.125, 0.0625),
            (8.0, 100.0, 2.0, 100.0, 0.0546875, 0.03271484375),
            (20.0, 100.0, 10.0, 100.0, 0.04936857335, 0.03537777299),
            (12.0, 50.0, 10.0, 100.0, 0.03270391624, 0.02215351558),
            (40.0, 100.0, 20.0, 100.0, 0.006744646866, 0.004926724098),
            (7.0, 10.0, 7.0, 100.0, 9.883765553e-05, 5.36500123e-05),
            (5.0, 10.0, 5.0, 1000.0, 2.300443195e-08, 1.159781632e-08),
            (1100.0, 5000.0, 1000.0, 5000.0, 0.01536035393, 0.01455531684),
            (
                250_000.0,
                7200.0,
                240_000.0,
                7200.0,
                1.36135855e-46 * 0.999_999_997_1,
                1.33400195e-46 * 0.999_999_998_5,
            ),
        ] {
            let outcome = test(x1, e1, x0, e0, EQUAL_RATES);
            check(outcome.p_greater, p_greater);
            check(outcome.mid_p_greater, mid_p);
        }
    }

    #[test]
    fn real_counts_and_other_null_ratios_have_their_reference_values() {
        check(test(2.5, 20.0, 1.25, 40.0, 1.0).mid_p_greater, 0.1163029901);
        check(test(10.4, 20.0, 7.3, 40.0, 1.0).mid_p_greater, 0.01601187425);
        check(test(33.3, 100.0, 20.1, 100.0, 1.0).mid_p_greater, 0.03626381119);
        check(test(40.0, 100.0, 20.0, 100.0, 1.5).mid_p_greater, 0.1477649687);
        check(test(7.0, 10.0, 7.0, 100.0, 2.0).mid_p_greater, 0.002397959554);
    }

    #[test]
    fn intervals_have_their_reference_values() {
        let interval = test(8.0, 100.0, 2.0, 100.0, 1.0).interval;
        check(interval.lower, 0.798_252_400_496_630_8);
        check(interval.upper, 38.665_656_079_715_37);
        let interval = test(1.0, 100.0, 0.0, 100.0, 1.0).interval;
        check(interval.lower, 0.025641025641025644);
        assert_eq!(interval.upper, f64::INFINITY);
        assert_eq!(test(0.0, 100.0, 10.0, 100.0, 1.0).interval.lower, 0.0);
    }

    #[test]
    fn nothing_on_either_side_says_nothing() {
        let outcome = test(0.0, 3.0, 0.0, 5.0, 1.0);
        assert_eq!(outcome.ratio, None);
        assert_eq!((outcome.p_greater, outcome.p_less), (1.0, 1.0));
        assert_eq!(outcome.two_sided_mid_p(), 1.0);
        assert!(!outcome.interval.excludes(1.2));
    }

    #[test]
    fn one_side_is_the_mirror_of_the_other() {
        sweep(1000, |draw| {
            let (x1, x0) = (draw.between(0.0, 500.0), draw.between(0.0, 500.0));
            let (e1, e0) = (draw.across(0.1, 100.0), draw.across(0.1, 100.0));
            let null_ratio = draw.across(0.3, 3.0);
            let here = test(x1, e1, x0, e0, null_ratio);
            let there = test(x0, e0, x1, e1, null_ratio.recip());
            assert!((here.p_greater - there.p_less).abs() <= 1e-10 * here.p_greater);
            assert!((here.mid_p_greater + here.mid_p_less - 1.0).abs() <= 1e-11);
            assert!(here.mid_p_greater <= here.p_greater);
        });
    }

    #[test]
    fn more_events_are_more_evidence() {
        sweep(1000, |draw| {
            let (x1, x0) = (draw.between(0.0, 300.0).floor(), draw.between(0.0, 300.0).floor());
            let e1 = draw.across(0.1, 100.0);
            let fewer = test(x1, e1, x0, 10.0, EQUAL_RATES);
            let more = test(x1 + 1.0, e1, x0, 10.0, EQUAL_RATES);
            assert!(more.p_greater <= fewer.p_greater);
            assert!(more.interval.lower >= fewer.interval.lower);
        });
    }

    #[test]
    fn interval_and_test_agree() {
        // The bounds are the null ratios at which one exact p is exactly one tail.
        sweep(1000, |draw| {
            let (x1, x0) = (draw.between(1.0, 300.0), draw.between(1.0, 300.0));
            let e1 = draw.across(0.1, 100.0);
            let interval = test(x1, e1, x0, 10.0, EQUAL_RATES).interval;
            assert!((test(x1, e1, x0, 10.0, interval.lower).p_greater - 0.025).abs() < 1e-10);
            assert!((test(x1, e1, x0, 10.0, interval.upper).p_less - 0.025).abs() < 1e-10);
        });
    }
}
