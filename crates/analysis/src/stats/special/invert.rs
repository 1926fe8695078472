//! One way to invert a distribution function: Newton's method on its logarithm.
//!
//! If a density is log-concave, so is its distribution function F. The tangent of a concave, rising ln F lies above
//! it, so a step from anywhere lands left of the solution, and from there every step moves right without ever
//! passing it: the method needs no bracket and cannot run away. Beta and Gamma variables have log-concave densities
//! for all parameters once they are measured as ln(x/(1−x)) and ln x.

/// Returns `t` with `ln F(t) = ln_target`, where `ln_cdf_and_ln_density(t)` gives ln F and ln F′.
///
/// Shape: `ln_target` is negative and finite. Where F underflows to 0 before the target is met, the result is a
/// point so far left that the caller's variable is 0 as well.
pub(super) fn climb(start: f64, ln_target: f64, ln_cdf_and_ln_density: impl Fn(f64) -> (f64, f64)) -> f64 {
    // Convergence is quadratic; a dozen steps is much, and the bound only guards against rounding at the end.
    const MAX_STEPS: u32 = 200;
    const SMALLEST_STEP: f64 = 1e-15;
    let mut t = start;
    let mut last_step = f64::INFINITY;
    for _ in 0..MAX_STEPS {
        let (ln_cdf, ln_density) = ln_cdf_and_ln_density(t);
        if ln_cdf == f64::NEG_INFINITY {
            return t;
        }
        let step = (ln_target - ln_cdf) * (ln_cdf - ln_density).exp();
        t += step;
        let is_rounding = step.abs() < 1e-10 && step.abs() >= last_step;
        if is_rounding || step.abs() <= SMALLEST_STEP * t.abs().max(1.0) {
            break;
        }
        last_step = step.abs();
    }
    t
}
