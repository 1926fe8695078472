//! Binomial and Poisson terms for real arguments, without the cancellation of ln Γ differences.
//!
//! ```text
//!   Γ(n+1)/(Γ(a+1)Γ(b+1)) x^a y^b  =  √(n / 2πab) · exp( δ(n) − δ(a) − δ(b) − D(a, nx) − D(b, ny) ),   n = a + b
//!   m^s e^(−m) / Γ(s+1)            =  1/√(2πs)    · exp( −δ(s) − D(s, m) )
//!
//!   δ(z)    = ln Γ(z+1) − (z+½) ln z + z − ½ ln 2π      the error of Stirling's formula, below 1/(12 z)
//!   D(s, m) = s ln(s/m) + m − s                         the deviance of a count s with mean m, never negative
//! ```
//!
//! Each part is as small as the logarithm of the result, so no digits are lost however large the counts are.
//!
//! Source: C. Loader, "Fast and Accurate Computation of Binomial Probabilities" (2000).

use std::f64::consts::TAU;

use super::Split;

/// Returns δ(z), the logarithm of Γ(z+1) over Stirling's formula.
///
/// Shape: `z > 0`; positive and falling. Cost: at most twelve logarithms.
///
/// Source: the asymptotic series of ln Γ; small arguments are shifted up with
/// `δ(z) = δ(z+1) + (z+½) ln(1 + 1/z) − 1`.
pub fn stirling_error(z: f64) -> f64 {
    // From 12 on, the first term left out (1/156 z⁻¹³) is below 10⁻¹⁶.
    const SERIES_FROM: f64 = 12.0;
    let mut shifted = z;
    let mut correction = 0.0;
    while shifted < SERIES_FROM {
        correction += (shifted + 0.5) * shifted.recip().ln_1p() - 1.0;
        shifted += 1.0;
    }
    let inverse = shifted.recip();
    let square = inverse * inverse;
    let mut series = -691.0 / 360_360.0;
    for coefficient in [1.0 / 1188.0, -1.0 / 1680.0, 1.0 / 1260.0, -1.0 / 360.0, 1.0 / 12.0] {
        series = series * square + coefficient;
    }
    series * inverse + correction
}

/// Returns `count · ln(count / mean) + mean − count`, the Poisson deviance (half of the textbook's).
///
/// Shape: both at least 0; the result is at least 0, and infinite if the mean is 0 and the count is not.
///
/// Source: Loader (2000), `bd0`: near `count = mean` the terms cancel, and a series in (c − m)/(c + m) takes over.
pub fn deviance(count: f64, mean: f64) -> f64 {
    if count == 0.0 {
        return mean;
    }
    if mean == 0.0 {
        return f64::INFINITY;
    }
    let difference = count - mean;
    if difference.abs() >= 0.1 * (count + mean) {
        return count * (count / mean).ln() - difference;
    }
    let slope = difference / (count + mean);
    let square = slope * slope;
    let mut sum = difference * slope;
    let mut power = 2.0 * count * slope;
    let mut odd = 3.0;
    loop {
        power *= square;
        let next = sum + power / odd;
        // The slope is below 0.1, so every turn gains two digits and the loop ends within ten.
        if next == sum {
            return next.max(0.0);
        }
        sum = next;
        odd += 2.0;
    }
}

/// Returns ln of `Γ(a+b+1) / (Γ(a+1) Γ(b+1)) · x^a · y^b`, the binomial probability of `a` of `a + b`.
///
/// Shape: `a`, `b` at least 0 and real; minus infinity where the term is 0.
pub fn ln_binomial_term(a: f64, b: f64, at: Split) -> f64 {
    if a == 0.0 && b == 0.0 {
        return 0.0;
    }
    if a == 0.0 {
        return b * at.ln_rest();
    }
    if b == 0.0 {
        return a * at.mirrored().ln_rest();
    }
    if at.share == 0.0 || at.rest == 0.0 {
        return f64::NEG_INFINITY;
    }
    let n = a + b;
    let saddle = stirling_error(n)
        - stirling_error(a)
        - stirling_error(b)
        - deviance(a, n * at.share)
        - deviance(b, n * at.rest);
    saddle - 0.5 * (TAU * a * (b / n)).ln()
}

/// Returns ln of `mean^count · e^(−mean) / Γ(count + 1)`, the Poisson probability of a real count.
///
/// Shape: both at least 0; minus infinity where the term is 0.
pub fn ln_poisson_term(count: f64, mean: f64) -> f64 {
    if count == 0.0 {
        return -mean;
    }
    if mean == 0.0 {
        return f64::NEG_INFINITY;
    }
    -stirling_error(count) - deviance(count, mean) - 0.5 * (TAU * count).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(actual: f64, expected: f64) {
        assert!((actual - expected).abs() <= 1e-13 * expected.abs().max(1e-3), "{actual} is not {expected}");
    }

    #[test]
    fn stirling_error_has_its_known_values() {
        // δ(1) = 1 − ½ ln 2π and δ(½) = ½ − ½ ln 2.
        check(stirling_error(1.0), 1.0 - 0.5 * TAU.ln());
        check(stirling_error(0.5), 0.5 - 0.5 * 2f64.ln());
        check(stirling_error(1e6), 8.333_333_333_330_556e-8);
    }

    #[test]
    fn deviance_is_smooth_where_the_formula_changes() {
        check(deviance(10.0, 10.0), 0.0);
        check(deviance(0.0, 3.0), 3.0);
        check(deviance(2.0, 1.0), 4f64.ln() - 1.0);
        // 1.2 against 1 is inside the series, where the plain formula still has thirteen digits.
        check(deviance(1.2, 1.0), 1.2 * 1.2f64.ln() - 0.2);
        assert_eq!(deviance(1.0, 0.0), f64::INFINITY);
    }

    #[test]
    fn terms_are_the_textbook_ones() {
        let half = Split::of_share(0.5);
        check(ln_binomial_term(3.0, 2.0, half).exp(), 10.0 / 32.0);
        check(ln_binomial_term(0.0, 0.0, half).exp(), 1.0);
        check(ln_binomial_term(0.0, 4.0, half).exp(), 1.0 / 16.0);
        check(ln_poisson_term(2.0, 3.0).exp(), 4.5 * (-3f64).exp());
        check(ln_poisson_term(0.0, 3.0), -3.0);
        assert_eq!(ln_poisson_term(1.0, 0.0), f64::NEG_INFINITY);
    }
}
