//! The regularised incomplete beta function, both of its tails, and its inverse.
//!
//! ```text
//!   I_x(a, b) = 1/B(a, b) ∫₀ˣ t^(a−1) (1−t)^(b−1) dt = T(a, b, x) · b/(a+b) · h(x)
//!
//!   T  the binomial term (saddle point form), h the continued fraction
//!           1    d₁   d₂            d₂ₘ   =  m (b−m) x / ((a+2m−1)(a+2m))
//!      h = ───  ───  ─── …          d₂ₘ₊₁ = −(a+m)(a+b+m) x / ((a+2m)(a+2m+1))
//!          1 +  1 +  1 +
//! ```
//!
//! The fraction converges quickly for x ≤ (a+1)/(a+b+2), that is on the side of the smaller tail; the other tail is
//! the complement. Limits: I(0, ·) = 1 and I(·, 0) = 0, as the tests with a count of zero need.
//!
//! Source: DLMF 8.17.22, <https://dlmf.nist.gov/8.17>; evaluation by the modified Lentz method.

use super::invert::climb;
use super::saddle::ln_binomial_term;

/// A probability kept together with its complement, so that neither end loses digits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split {
    /// The probability itself, from 0 to 1.
    pub share: f64,
    /// One minus the probability, from 0 to 1.
    pub rest: f64,
}

impl Split {
    /// Returns the split of a plain probability; its complement has the absolute precision of 1.
    pub fn of_share(share: f64) -> Self {
        Self { share, rest: 1.0 - share }
    }

    /// Returns `part / (part + other)` and its complement. Shape: both at least 0, not both 0.
    pub fn of_parts(part: f64, other: f64) -> Self {
        let whole = part + other;
        Self { share: part / whole, rest: other / whole }
    }

    /// Returns the split whose logarithm of `share / rest` is `ln_odds`.
    pub fn of_ln_odds(ln_odds: f64) -> Self {
        Self { share: 1.0 / (1.0 + (-ln_odds).exp()), rest: 1.0 / (1.0 + ln_odds.exp()) }
    }

    /// Returns the same split seen from the other side.
    #[must_use]
    pub fn mirrored(self) -> Self {
        Self { share: self.rest, rest: self.share }
    }

    /// Returns the logarithm of the complement, from whichever member knows it better.
    pub fn ln_rest(self) -> f64 {
        if self.share < 0.5 { (-self.share).ln_1p() } else { self.rest.ln() }
    }
}

/// Logarithms of the two tails of a distribution at one point; their exponentials sum to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tails {
    /// ln of the probability at or below the point.
    pub ln_lower: f64,
    /// ln of the probability above the point.
    pub ln_upper: f64,
}

impl Tails {
    pub(super) fn from_ln_lower(ln_lower: f64) -> Self {
        // A tail that rounding has put above 1 is 1.
        let ln_lower = ln_lower.min(0.0);
        Self { ln_lower, ln_upper: ln_complement(ln_lower) }
    }

    pub(super) fn mirrored(self) -> Self {
        Self { ln_lower: self.ln_upper, ln_upper: self.ln_lower }
    }

    /// Returns the probability at or below the point.
    pub fn lower(self) -> f64 {
        self.ln_lower.exp()
    }

    /// Returns the probability above the point.
    pub fn upper(self) -> f64 {
        self.ln_upper.exp()
    }
}

/// Returns both tails of the Beta(a, b) distribution at `at`: I and 1 − I.
///
/// Shape: `a`, `b` at least 0 and real. Cost: of the order of √max(a, b) steps in the middle, a few in the tails.
pub fn beta_tails(a: f64, b: f64, at: Split) -> Tails {
    if a == 0.0 || at.rest == 0.0 {
        return Tails { ln_lower: 0.0, ln_upper: f64::NEG_INFINITY };
    }
    if b == 0.0 || at.share == 0.0 {
        return Tails { ln_lower: f64::NEG_INFINITY, ln_upper: 0.0 };
    }
    if at.share * (a + b + 2.0) <= a + 1.0 {
        Tails::from_ln_lower(ln_smaller_tail(a, b, at))
    } else {
        Tails::from_ln_lower(ln_smaller_tail(b, a, at.mirrored())).mirrored()
    }
}

/// Returns ln(x / (1 − x)) of the point x below which Beta(a, b) has probability `p`.
///
/// Shape: `a`, `b` above 0; `p` from 0 to 1, whose ends give minus and plus infinity. The odds rather than x are
/// returned because x itself cannot tell 1 − 10⁻²⁰ from 1.
///
/// Cost: about ten evaluations of [`beta_tails`].
pub fn beta_quantile_ln_odds(a: f64, b: f64, p: f64) -> f64 {
    if p > 0.5 {
        return -beta_quantile_ln_odds(b, a, 1.0 - p);
    }
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    // The density of the log odds is x^a (1−x)^b / B(a, b), which is log-concave.
    let ln_scale = (a / (a + b)).ln() + b.ln();
    climb((a / b).ln(), p.ln(), |ln_odds| {
        let at = Split::of_ln_odds(ln_odds);
        (beta_tails(a, b, at).ln_lower, ln_scale + ln_binomial_term(a, b, at))
    })
}

/// Returns the point x below which Beta(a, b) has probability `p`; see [`beta_quantile_ln_odds`].
pub fn beta_quantile(a: f64, b: f64, p: f64) -> f64 {
    Split::of_ln_odds(beta_quantile_ln_odds(a, b, p)).share
}

/// ln(1 − e^x) for x ≤ 0, from whichever of the two forms keeps its digits.
fn ln_complement(x: f64) -> f64 {
    if x > -std::f64::consts::LN_2 { (-x.exp_m1()).ln() } else { (-x.exp()).ln_1p() }
}

fn ln_smaller_tail(a: f64, b: f64, at: Split) -> f64 {
    ln_binomial_term(a, b, at) + (b / (a + b)).ln() + continued_fraction(a, b, at.share).ln()
}

fn continued_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };

    let mut c = 1.0;
    let mut d = away_from_zero(1.0 - (a + b) * x / (a + 1.0)).recip();
    let mut h = d;
    let mut m = 1.0;
    // The fraction always converges here; the bound only keeps the loop finite for arguments beyond 10¹².
    while m < 1e7 {
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = away_from_zero(1.0 + even * d).recip();
        c = away_from_zero(1.0 + even / c);
        h *= d * c;

        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = away_from_zero(1.0 + odd * d).recip();
        c = away_from_zero(1.0 + odd / c);
        h *= d * c;
        if (d * c - 1.0).abs() <= f64::EPSILON {
            break;
        }
        m += 1.0;
    }
    h
}

#[cfg(test)]
mod tests {
    use super::super::super::generator::sweep;
    use super::*;

    fn check(x: f64, a: f64, b: f64, expected: f64) {
        let actual = beta_tails(a, b, Split::of_share(x)).lower();
        assert!((actual - expected).abs() <= 1e-11 * expected, "I_{x}({a}, {b}) = {actual}, not {expected}");
    }

    #[test]
    fn incomplete_beta_has_its_known_values() {
        check(0.5, 5.0, 3.0, 0.2265625);
        check(0.1, 2.0, 9.0, 0.2639010709);
        check(0.9, 20.0, 0.5, 0.041327483918087285);
        check(0.01, 1.0, 50.0, 0.394_993_932_862_463_4);
        check(0.999, 200.0, 3.0, 0.998_833_436_846_883_4);
        check(0.5, 10_000.0, 10_100.0, 0.759707411543753);
        check(0.2, 0.5, 0.5, 0.2951672353008665);
        check(1e-6, 3.0, 1000.0, 1.6704180011115633e-10);
        check(0.5, 1_000_000.0, 1_000_500.0, 0.638_146_663_623_179_8);
        // The tail of a quarter of a million events.
        check(0.5, 250_000.0, 240_001.0, 1.3613585461079364e-46);
    }

    #[test]
    fn zero_arguments_are_the_limits() {
        assert_eq!(beta_tails(0.0, 3.0, Split::of_share(0.3)).lower(), 1.0);
        assert_eq!(beta_tails(3.0, 0.0, Split::of_share(0.3)).lower(), 0.0);
        assert_eq!(beta_tails(2.0, 3.0, Split::of_share(0.0)).lower(), 0.0);
        assert_eq!(beta_tails(2.0, 3.0, Split::of_share(1.0)).upper(), 0.0);
        assert_eq!(beta_quantile(2.0, 3.0, 0.0), 0.0);
        assert_eq!(beta_quantile(2.0, 3.0, 1.0), 1.0);
    }

    #[test]
    fn agrees_with_the_second_implementation() {
        sweep(2000, |draw| {
            let (a, b, x) = (draw.between(0.1, 300.0), draw.between(0.1, 300.0), draw.between(0.001, 0.999));
            let theirs = statrs::function::beta::beta_reg(a, b, x);
            let ours = beta_tails(a, b, Split::of_share(x)).lower();
            assert!((ours - theirs).abs() <= 1e-10 * theirs.max(1e-14), "I_{x}({a}, {b}): {ours} {theirs}");
        });
    }

    #[test]
    fn quantile_inverts() {
        sweep(2000, |draw| {
            let (a, b) = (draw.across(0.05, 1e5), draw.across(0.05, 1e5));
            let p = if draw.unit() < 0.5 { draw.across(1e-300, 1.0) } else { draw.unit() };
            let at = Split::of_ln_odds(beta_quantile_ln_odds(a, b, p));
            let back = beta_tails(a, b, at).lower();
            // Quantiles too small for a number of full precision cannot be inverted.
            assert!(at.share < 1e-300 || (back - p).abs() <= 1e-10 * p, "Beta({a}, {b}): {back} {p}");
        });
    }

    #[test]
    fn tails_are_mirror_images() {
        sweep(2000, |draw| {
            let (a, b) = (draw.across(0.05, 1e5), draw.across(0.05, 1e5));
            let at = Split::of_share(draw.unit());
            let (here, there) = (beta_tails(a, b, at), beta_tails(b, a, at.mirrored()));
            assert!((here.lower() - there.upper()).abs() <= 1e-11, "Beta({a}, {b}) at {at:?}");
            assert!((here.lower() + here.upper() - 1.0).abs() <= 1e-14);
        });
    }
}
