//! Random counts from one deterministic generator.

use timberline_analysis::stats::generator::Generator;

/// Draws numbers; the same seed always gives the same ones.
#[derive(Debug, Clone)]
pub struct Draw(Generator);

/// Poisson means up to this are drawn by multiplying uniform numbers.
const MAX_MEAN: f64 = 20.0;

impl Draw {
    /// Starts from a seed.
    pub fn from_seed(seed: u64) -> Self {
        let mut generator = Generator::from_seed(seed);
        generator.next_bits();
        Self(generator)
    }

    /// Returns a number from 0 to below 1.
    pub fn unit(&mut self) -> f64 {
        self.0.unit()
    }

    /// Returns a whole number of a range.
    pub fn whole(&mut self, range: std::ops::Range<usize>) -> usize {
        range.start + (self.0.next_bits() % (range.end - range.start) as u64) as usize
    }

    /// Returns a number between two, uniform on the logarithmic scale.
    pub fn log_uniform(&mut self, from: f64, to: f64) -> f64 {
        from * (to / from).powf(self.unit())
    }

    /// Returns a Poisson number.
    pub fn poisson(&mut self, mean: f64) -> u64 {
        if mean > 10.0 * MAX_MEAN {
            // So many are as good as normal, and cheaper.
            return (mean + mean.sqrt() * self.normal()).round().max(0.0) as u64;
        }
        if mean > MAX_MEAN {
            return self.poisson(mean / 2.0) + self.poisson(mean / 2.0);
        }
        let (limit, mut product, mut n) = ((-mean).exp(), self.unit(), 0);
        while product > limit {
            product *= self.unit();
            n += 1;
        }
        n
    }

    /// Returns a Poisson number that is not zero.
    pub fn poisson_but_zero(&mut self, mean: f64) -> u64 {
        if mean > 0.5 {
            loop {
                let n = self.poisson(mean);
                if n > 0 {
                    return n;
                }
            }
        }
        // For small means, walk up from 1: P(n) over P(n > 0).
        let (mut left, mut n) = (self.unit() * -(-mean).exp_m1(), 1);
        let mut p = mean * (-mean).exp();
        while left > p && p > 0.0 {
            left -= p;
            n += 1;
            p *= mean / n as f64;
        }
        n
    }

    /// Returns a geometric number of at least 1 with this mean.
    pub fn geometric(&mut self, mean: f64) -> u64 {
        if mean <= 1.0 {
            return 1;
        }
        1 + ((1.0 - self.unit()).ln() / (1.0 - 1.0 / mean).ln()) as u64
    }

    /// Returns a Gamma number of mean 1. Source: G. Marsaglia and W. Tsang (2000), with their boost for shapes below 1.
    pub fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let boost = (1.0 - self.unit()).powf(1.0 / shape);
            return self.gamma(shape + 1.0) * (shape + 1.0) / shape * boost;
        }
        let d = shape - 1.0 / 3.0;
        loop {
            let x = self.normal();
            let v = (1.0 + x / (9.0 * d).sqrt()).powi(3);
            if v > 0.0 && (1.0 - self.unit()).ln() < 0.5 * x * x + d * (1.0 - v + v.ln()) {
                return d * v / shape;
            }
        }
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_have_their_means() {
        let mut draw = Draw::from_seed(1);
        let mut mean = |one: &mut dyn FnMut(&mut Draw) -> f64| {
            (0..40_000).map(|_| one(&mut draw)).sum::<f64>() / 40_000.0
        };
        assert!((mean(&mut |draw| draw.poisson(0.3) as f64) - 0.3).abs() < 0.02);
        assert!((mean(&mut |draw| draw.poisson(70.0) as f64) - 70.0).abs() < 0.3);
        let positive = |mean: f64| mean / (1.0 - (-mean).exp());
        assert!((mean(&mut |draw| draw.poisson_but_zero(0.4) as f64) - positive(0.4)).abs() < 0.02);
        assert!((mean(&mut |draw| draw.poisson_but_zero(2.0) as f64) - positive(2.0)).abs() < 0.03);
        assert!((mean(&mut |draw| draw.poisson(900.0) as f64) - 900.0).abs() < 1.0);
        assert!((mean(&mut |draw| draw.geometric(5.0) as f64) - 5.0).abs() < 0.15);
        assert!((mean(&mut |draw| draw.gamma(0.7)) - 1.0).abs() < 0.04);
        assert!((mean(&mut |draw| draw.gamma(3.0)) - 1.0).abs() < 0.04);
    }
}
