//! Ratios for ranking: shrunk towards 1 by as much as the evidence is thin.
//!
//! Sorting by p puts huge boring patterns first, sorting by the raw ratio the tiny ones. With n events where μ were
//! expected,
//!
//! ```text
//!   ratio | n ~ Gamma(α + n, rate β + μ)        prior α = β = ½        μ = E1 · (x0 + ½) / E0
//!   mean = (α + n)/(β + μ)      geometric mean = exp(ψ(α + n))/(β + μ)
//! ```
//!
//! Sort by the 5 % quantile ([`RANKING_QUANTILE`]), show the mean. Where both rates are unknown and the answer is to be
//! a probability ("more than twice as often?"), use [`RatioPosterior`]:
//!
//! ```text
//!   λ1/λ0 = B/(1−B) · E0/E1,   B ~ Beta(x1 + ½, x0 + ½)                 priors Gamma(½, 0)
//!   P(λ1 > ρ λ0) = 1 − I_z(x1 + ½, x0 + ½),   z = ρ E1 / (ρ E1 + E0)
//! ```
//!
//! Source: W. DuMouchel, "Bayesian Data Mining in Large Frequency Tables", Am. Stat. 53 (1999); H. Jeffreys' prior.

use serde::Serialize;
use statrs::function::gamma::digamma;

use super::observed::Observed;
use super::special::{Split, beta_quantile_ln_odds, beta_tails, gamma_quantile};

/// Quantile of the posterior to sort patterns by: a ratio that is exceeded with 95 % probability.
pub const RANKING_QUANTILE: f64 = 0.05;

/// Half an event: the prior's share in every rate.
const HALF: f64 = 0.5;

/// Prior of the ratio, worth `alpha` events where `beta` were expected.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RatioPrior {
    /// Shape, above 0.
    pub alpha: f64,
    /// Rate, at least 0.
    pub beta: f64,
}

/// The prior worth half an event around a ratio of 1.
pub const HALF_AN_EVENT: RatioPrior = RatioPrior { alpha: HALF, beta: HALF };

/// A Gamma distribution of a ratio.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ShrunkRatio {
    /// Shape α + n.
    pub shape: f64,
    /// Rate β + μ.
    pub rate: f64,
}

impl ShrunkRatio {
    /// Returns the mean, the number to show.
    pub fn mean(&self) -> f64 {
        self.shape / self.rate
    }

    /// Returns the geometric mean, e to the mean logarithm.
    pub fn geometric_mean(&self) -> f64 {
        digamma(self.shape).exp() / self.rate
    }

    /// Returns the ratio below which the posterior has probability `p`.
    pub fn quantile(&self, p: f64) -> f64 {
        gamma_quantile(self.shape, p) / self.rate
    }

    /// Returns the number to sort by: the quantile [`RANKING_QUANTILE`].
    pub fn rank_score(&self) -> f64 {
        self.quantile(RANKING_QUANTILE)
    }
}

/// Returns the posterior of the ratio of `n_events` to the `n_expected` ones.
///
/// Shape: both at least 0; not both `n_expected` and the prior's rate 0.
pub fn shrunk_ratio(n_events: f64, n_expected: f64, prior: RatioPrior) -> ShrunkRatio {
    ShrunkRatio { shape: prior.alpha + n_events, rate: prior.beta + n_expected }
}

/// Returns the events expected in the new side's exposure at the base rate (x0 + ½)/E0.
///
/// The half event keeps the expectation above 0 where the base has seen nothing.
pub fn expected_events(new_exposure: f64, base: Observed) -> f64 {
    new_exposure * (base.count() + HALF) / base.exposure()
}

/// Posterior of the ratio of two unknown rates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RatioPosterior {
    new: Observed,
    base: Observed,
}

impl RatioPosterior {
    /// Returns the posterior after seeing both sides.
    pub fn of(new: Observed, base: Observed) -> Self {
        Self { new, base }
    }

    /// Returns the probability that the new rate is more than `ratio` times the base rate.
    pub fn p_above(&self, ratio: f64) -> f64 {
        let at = Split::of_parts(ratio * self.new.exposure(), self.base.exposure());
        beta_tails(self.new.count() + HALF, self.base.count() + HALF, at).upper()
    }

    /// Returns the ratio below which the posterior has probability `p`.
    pub fn quantile(&self, p: f64) -> f64 {
        let ln_odds = beta_quantile_ln_odds(self.new.count() + HALF, self.base.count() + HALF, p);
        ln_odds.exp() * (self.base.exposure() / self.new.exposure())
    }

    /// Returns the ratio that is as likely too high as too low.
    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::super::generator::sweep;
    use super::*;

    fn check(actual: f64, expected: f64) {
        assert!((actual - expected).abs() <= 1e-9 * expected.abs(), "{actual} is not {expected}");
    }

    fn seen(count: f64, exposure: f64) -> Observed {
        Observed::new(count, exposure).unwrap()
    }

    #[test]
    fn shrunk_ratios_have_their_reference_values() {
        for (n, mu, mean, geometric_mean, q05) in [
            (1.0, 0.01, 2.941176470588235, 2.0336547163491896, 0.34494737034242295),
            (3.0, 0.5, 3.5, 3.013664079610108, 1.0836749546490285),
            (30.0, 5.0, 5.545454545454546, 5.454797936567887, 4.003443102445884),
            (300.0, 50.0, 5.9504950495049505, 5.940596809676253, 5.397352404141837),
            (5.0, 5.0, 1.0, 0.9105969152792305, 0.4158920981202022),
            (0.0, 4.0, 0.1111111111111111, 0.031192193531493616, 0.0004369044444466136),
        ] {
            let ratio = shrunk_ratio(n, mu, HALF_AN_EVENT);
            check(ratio.mean(), mean);
            check(ratio.geometric_mean(), geometric_mean);
            check(ratio.rank_score(), q05);
        }
    }

    #[test]
    fn posterior_has_its_reference_values() {
        let posterior = RatioPosterior::of(seen(8.0, 100.0), seen(2.0, 100.0));
        check(posterior.p_above(1.0), 0.9739633851952316);
        check(posterior.p_above(2.0), 0.8114771191742525);
        check(posterior.median(), 3.753447243754294);
        check(posterior.quantile(0.05), 1.2099660600317976);
        let posterior = RatioPosterior::of(seen(7.0, 10.0), seen(7.0, 100.0));
        check(posterior.p_above(2.0), 0.9982650198782947);
        check(posterior.median(), 10.0);
    }

    #[test]
    fn expectation_counts_half_an_event_more() {
        check(expected_events(20.0, seen(4.0, 10.0)), 9.0);
        check(expected_events(20.0, seen(0.0, 10.0)), 1.0);
    }

    #[test]
    fn ranking_prefers_evidence_over_raw_ratio() {
        let score = |n, mu| shrunk_ratio(n, mu, HALF_AN_EVENT).rank_score();
        assert!(score(300.0, 50.0) > score(30.0, 5.0));
        assert!(score(30.0, 5.0) > score(3.0, 0.5));
        assert!(score(3.0, 0.5) > score(1.0, 0.01));
    }

    #[test]
    fn quantile_and_probability_agree() {
        sweep(500, |draw| {
            let new = seen(draw.between(0.0, 100.0), draw.across(0.1, 100.0));
            let base = seen(draw.between(0.0, 100.0), draw.across(0.1, 100.0));
            let (posterior, p) = (RatioPosterior::of(new, base), draw.between(0.001, 0.999));
            check(posterior.p_above(posterior.quantile(p)), 1.0 - p);
            check(posterior.median(), RatioPosterior::of(base, new).median().recip());
        });
    }
}
