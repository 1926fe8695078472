//! The one source of randomness: a small deterministic generator with a fixed seed.
//!
//! SplitMix64 steps a counter by a constant and scrambles it. Its period of 2⁶⁴ and its quality are ample for some
//! thousand simulated series, it needs no dependency, and its output is the same on every machine, so a simulated p
//! is as reproducible as a computed one.
//!
//! Source: G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom Number Generators" (2014).

use super::special::{Split, ln_binomial_term};

/// Seed of every simulation: the first 64 bits of the fractional part of the golden ratio.
pub const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// Deterministic generator of uniform and binomial numbers.
#[derive(Debug, Clone)]
pub struct Generator {
    state: u64,
}

impl Generator {
    /// Returns a generator that always produces the same sequence for the same seed.
    pub fn from_seed(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Returns the next 64 bits.
    pub fn next_bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a uniform number from 0 (possible) to 1 (impossible), a multiple of 2⁻⁵³.
    pub fn unit(&mut self) -> f64 {
        (self.next_bits() >> 11) as f64 * 2f64.powi(-53)
    }

    /// Returns how many of `n` independent trials succeed, each with probability `at.share`.
    ///
    /// Shape: `n` is a whole number, at least 0. Method: inversion that walks outwards from the mode.
    /// Cost: of the order of the standard deviation.
    pub fn binomial(&mut self, n: f64, at: Split) -> f64 {
        if n == 0.0 || at.share == 0.0 {
            return 0.0;
        }
        if at.rest == 0.0 {
            return n;
        }
        let mode = ((n + 1.0) * at.share).floor().min(n);
        let odds = at.share / at.rest;
        let mut left = self.unit();
        let (mut low, mut high) = (mode, mode);
        let mut p_low = ln_binomial_term(mode, n - mode, at).exp();
        let mut p_high = p_low;
        left -= p_low;
        while left >= 0.0 && (low > 0.0 || high < n) {
            if high < n {
                p_high *= (n - high) / (high + 1.0) * odds;
                high += 1.0;
                left -= p_high;
                if left < 0.0 {
                    return high;
                }
            }
            if low > 0.0 {
                p_low *= low / ((n - low + 1.0) * odds);
                low -= 1.0;
                left -= p_low;
                if left < 0.0 {
                    return low;
                }
            }
            // Both tails have underflowed: what is left of the draw is rounding.
            if p_low + p_high == 0.0 {
                break;
            }
        }
        mode
    }
}

#[cfg(test)]
impl Generator {
    /// A number between two bounds, evenly.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A number between two positive bounds, evenly on the logarithmic scale.
    pub(super) fn across(&mut self, low: f64, high: f64) -> f64 {
        self.between(low.ln(), high.ln()).exp()
    }
}

/// Runs a property on many drawn cases, always the same ones.
#[cfg(test)]
pub(super) fn sweep(n_cases: u32, mut property: impl FnMut(&mut Generator)) {
    let mut draw = Generator::from_seed(SEED);
    for _ in 0..n_cases {
        property(&mut draw);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_those_of_the_published_generator() {
        let mut generator = Generator::from_seed(1_234_567);
        let bits: Vec<u64> = (0..3).map(|_| generator.next_bits()).collect();
        assert_eq!(bits, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn binomial_draws_have_the_right_mean_and_variance() {
        let mut generator = Generator::from_seed(SEED);
        for (n, share) in [(1.0, 0.3), (40.0, 0.02), (1000.0, 0.5), (1_000_000.0, 0.999)] {
            let draws: Vec<f64> = (0..4000).map(|_| generator.binomial(n, Split::of_share(share))).collect();
            let mean = draws.iter().sum::<f64>() / 4000.0;
            let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 4000.0;
            let expected = n * share * (1.0 - share);
            assert!((mean - n * share).abs() < 4.0 * (expected / 4000.0).sqrt(), "{n} {share}: mean {mean}");
            assert!((variance / expected - 1.0).abs() < 0.15, "{n} {share}: variance {variance}");
        }
    }

    #[test]
    fn certain_trials_need_no_luck() {
        let mut generator = Generator::from_seed(SEED);
        assert_eq!(generator.binomial(0.0, Split::of_share(0.5)), 0.0);
        assert_eq!(generator.binomial(7.0, Split::of_share(0.0)), 0.0);
        assert_eq!(generator.binomial(7.0, Split::of_share(1.0)), 7.0);
    }
}
