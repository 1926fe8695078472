//! ln Γ, the regularised incomplete gamma function with both tails, its inverse, and the normal tail.
//!
//! ```text
//!   P(a, x) = 1/Γ(a) ∫₀ˣ t^(a−1) e^(−t) dt
//!   x < a + 1:   P = T · (1 + x/(a+1) + x²/((a+1)(a+2)) + …)          T = x^a e^(−x) / Γ(a+1)
//!   otherwise:   Q = 1 − P = a T · continued fraction
//! ```
//!
//! Source: DLMF 8.11.4 and 8.9.2, <https://dlmf.nist.gov/8>; the normal tail is ½ Q(½, z²/2).

use std::f64::consts::TAU;

use super::Tails;
use super::invert::climb;
use super::saddle::{ln_poisson_term, stirling_error};

/// Returns the natural logarithm of Γ(z) for `z > 0`.
///
/// Accuracy: 2·10⁻¹⁶ of the larger of 1 and the result; exact zeros at 1 and 2.
///
/// Source: Stirling's series; see [`stirling_error`].
pub fn ln_gamma(z: f64) -> f64 {
    if z == 1.0 || z == 2.0 {
        return 0.0;
    }
    stirling_error(z) + (z - 0.5) * z.ln() - z + 0.5 * TAU.ln()
}

/// Returns both tails of the Gamma(shape, rate 1) distribution at `x`: P and Q.
///
/// Shape: `shape` above 0, `x` at least 0. The upper tail at the mean is the Poisson probability of fewer than
/// `shape` events. Cost: of the order of √shape steps in the middle, a few in the tails.
pub fn gamma_tails(shape: f64, x: f64) -> Tails {
    if x <= 0.0 {
        return Tails { ln_lower: f64::NEG_INFINITY, ln_upper: 0.0 };
    }
    if x == f64::INFINITY {
        return Tails { ln_lower: 0.0, ln_upper: f64::NEG_INFINITY };
    }
    let ln_term = ln_poisson_term(shape, x);
    if x < shape + 1.0 {
        Tails::from_ln_lower(ln_term + series(shape, x).ln())
    } else {
        Tails::from_ln_lower(ln_term + shape.ln() + continued_fraction(shape, x).ln()).mirrored()
    }
}

/// Returns the point below which the Gamma(shape, rate 1) distribution has probability `p`.
///
/// Shape: `shape` above 0; `p` from 0 to 1, whose ends give 0 and infinity. Cost: about ten evaluations of
/// [`gamma_tails`].
pub fn gamma_quantile(shape: f64, p: f64) -> f64 {
    if p > 0.5 { upper_gamma_quantile(shape, 1.0 - p) } else { lower_gamma_quantile(shape, p) }
}

/// Returns the probability that a standard normal variable exceeds `z`; accurate far into both tails.
pub fn normal_upper_tail(z: f64) -> f64 {
    let half = gamma_tails(0.5, 0.5 * z * z).upper() / 2.0;
    if z < 0.0 { 1.0 - half } else { half }
}

/// Returns the point below which a standard normal variable lies with probability `p`.
///
/// Shape: `p` from 0 to 1, whose ends give minus and plus infinity.
pub fn normal_quantile(p: f64) -> f64 {
    if p < 0.5 {
        return -(2.0 * upper_gamma_quantile(0.5, 2.0 * p)).sqrt();
    }
    (2.0 * upper_gamma_quantile(0.5, 2.0 * (1.0 - p))).sqrt()
}

fn lower_gamma_quantile(shape: f64, p: f64) -> f64 {
    if p <= 0.0 {
        return 0.0;
    }
    // The density of ln x is x^a e^(−x) / Γ(a), which is log-concave.
    climb(shape.ln(), p.ln(), |ln_x| {
        let x = ln_x.exp();
        (gamma_tails(shape, x).ln_lower, shape.ln() + ln_poisson_term(shape, x))
    })
    .exp()
}

fn upper_gamma_quantile(shape: f64, p: f64) -> f64 {
    if p <= 0.0 {
        return f64::INFINITY;
    }
    if p >= 1.0 {
        return 0.0;
    }
    (-climb(-shape.ln(), p.ln(), |minus_ln_x| {
        let x = (-minus_ln_x).exp();
        (gamma_tails(shape, x).ln_upper, shape.ln() + ln_poisson_term(shape, x))
    }))
    .exp()
}

fn series(shape: f64, x: f64) -> f64 {
    let mut sum = 1.0;
    let mut term = 1.0;
    let mut next = shape + 1.0;
    // The terms fall like a geometric series at the latest once `next` has passed 2x.
    while term > 1e-17 * sum {
        term *= x / next;
        sum += term;
        next += 1.0;
    }
    sum
}

fn continued_fraction(shape: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };

    let mut b = x + 1.0 - shape;
    let mut c = TINY.recip();
    let mut d = away_from_zero(b).recip();
    let mut h = d;
    let mut i = 1.0;
    while i < 1e7 {
        let numerator = -i * (i - shape);
        b += 2.0;
        d = away_from_zero(numerator * d + b).recip();
        c = away_from_zero(b + numerator / c);
        h *= d * c;
        if (d * c - 1.0).abs() <= f64::EPSILON {
            break;
        }
        i += 1.0;
    }
    h
}

#[cfg(test)]
mod tests {
    use super::super::super::generator::sweep;
    use super::*;

    fn check(actual: f64, expected: f64) {
        assert!((actual - expected).abs() <= 1e-11 * expected.abs(), "{actual} is not {expected}");
    }

    #[test]
    fn ln_gamma_has_its_known_values() {
        check(ln_gamma(0.5), 0.5 * std::f64::consts::PI.ln());
        check(ln_gamma(5.0), 24f64.ln());
        check(ln_gamma(171.0), 706.573_062_245_787_4);
        check(ln_gamma(1e-10), 23.025_850_929_882_735);
        assert_eq!(ln_gamma(1.0), 0.0);
        assert_eq!(ln_gamma(2.0), 0.0);
    }

    #[test]
    fn tails_are_the_textbook_ones() {
        check(gamma_tails(1.0, 3.0).upper(), (-3f64).exp());
        check(gamma_tails(3.0, 2.0).upper(), 5.0 * (-2f64).exp());
        check(gamma_tails(0.5, 2.0).lower(), 0.954_499_736_103_641_6);
        check(gamma_quantile(1.0, 0.95), 20f64.ln());
        check(normal_upper_tail(1.0), 0.158_655_253_931_457_05);
        check(normal_upper_tail(10.0), 7.619_853_024_160_526e-24);
        check(normal_upper_tail(-1.0), 0.841_344_746_068_542_9);
        check(normal_quantile(0.975), 1.959_963_984_540_054);
        check(normal_quantile(0.2), -0.841_621_233_572_914_3);
        assert_eq!(normal_quantile(0.5), 0.0);
    }

    #[test]
    fn agrees_with_the_second_implementation() {
        sweep(2000, |draw| {
            let shape = draw.between(0.1, 300.0);
            let x = shape * draw.between(0.1, 3.0);
            let theirs = statrs::function::gamma::gamma_lr(shape, x);
            let ours = gamma_tails(shape, x).lower();
            assert!((ours - theirs).abs() <= 1e-10 * theirs.max(1e-14), "P({shape}, {x}): {ours} {theirs}");
        });
    }

    #[test]
    fn quantile_inverts() {
        sweep(2000, |draw| {
            let shape = draw.across(0.05, 1e6);
            let p = if draw.unit() < 0.5 { draw.across(1e-200, 1.0) } else { draw.unit() };
            let x = gamma_quantile(shape, p);
            let back = gamma_tails(shape, x).lower();
            // Quantiles too small for a number of full precision cannot be inverted.
            assert!(x < 1e-300 || (back - p).abs() <= 1e-10 * p, "Gamma({shape}): {back} {p}");
        });
    }
}
