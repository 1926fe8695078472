//! Reproducible randomness from a seed.
//!
//! Only integer operations and IEEE basic arithmetic are used: `ln` and `powf` come from the platform's mathematics library and may differ
//! in the last bit between systems, which would make the committed samples differ as well.

/// A stream of pseudo-random numbers (SplitMix64).
///
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
#[derive(Clone, Debug)]
pub struct Rng {
    state: u64,
}

impl Rng {
    /// Returns the stream of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { state: mix(seed ^ 0x9e37_79b9_7f4a_7c15) }
    }

    /// Returns a stream that depends on the seed and the label alone, not on how far this one has been read.
    #[must_use]
    pub fn labelled(seed: u64, label: u64) -> Self {
        Self::new(mix(seed).wrapping_add(mix(label ^ 0x6c62_272e_07bb_0142)))
    }

    /// Returns the next 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }

    /// Returns a number from 0 up to, not including, `n`; 0 when `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        let wide = u128::from(self.bits()) * (n as u128);
        usize::try_from(wide >> 64).expect("smaller than n, which is a usize")
    }

    /// Returns a number between `low` and `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        debug_assert!(low <= high, "an interval with at least one number");
        let width = usize::try_from(high - low + 1).expect("a positive width");
        low + i64::try_from(self.below(width)).expect("smaller than the width, which fits")
    }

    /// Returns a number in [0, 1) with 53 random bits.
    pub fn unit(&mut self) -> f64 {
        let bits = self.bits() >> 11;
        bits as f64 / (1u64 << 53) as f64
    }

    /// Returns true with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// Returns a positive number with mean 1 and a tail like the exponential distribution.
    ///
    /// Each further unit of the tail is half as likely as the one before, and within a unit the number is uniform, which needs no logarithm.
    pub fn waiting(&mut self) -> f64 {
        let halvings = f64::from(self.bits().trailing_zeros().min(40));
        (halvings + self.unit()) / 1.5
    }

    /// Returns one of the items.
    ///
    /// # Panics
    /// When there are none.
    pub fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    /// Appends `n_digits` random lower-case hexadecimal digits.
    pub fn push_hex(&mut self, out: &mut String, n_digits: usize) {
        let mut left = n_digits;
        while left > 0 {
            let mut bits = self.bits();
            for _ in 0..left.min(16) {
                out.push(char::from(HEX[(bits & 15) as usize]));
                bits >>= 4;
            }
            left -= left.min(16);
        }
    }

    /// Returns `n_digits` random lower-case hexadecimal digits.
    pub fn hex(&mut self, n_digits: usize) -> String {
        let mut out = String::with_capacity(n_digits);
        self.push_hex(&mut out, n_digits);
        out
    }

    /// Returns `n` random characters of `0-9a-z`.
    pub fn base36(&mut self, n: usize) -> String {
        let alphabet = b"0123456789abcdefghijklmnopqrstuvwxyz";
        (0..n).map(|_| char::from(self.pick(alphabet))).collect()
    }
}

/// The sixteen digits, lower case.
pub(crate) const HEX: &[u8; 16] = b"0123456789abcdef";

/// Ranks that are drawn with probability proportional to 1 / (rank + offset): a few common ones and a long tail.
#[derive(Clone, Debug)]
pub struct LongTail {
    cumulative: Vec<f64>,
}

impl LongTail {
    /// Returns the distribution over the ranks 0 to `n_ranks` - 1. A larger `offset` flattens the head.
    #[must_use]
    pub fn new(n_ranks: usize, offset: f64) -> Self {
        debug_assert!(n_ranks > 0, "something to draw from");
        let mut cumulative = Vec::with_capacity(n_ranks);
        let mut total = 0.0;
        for rank in 0..n_ranks {
            total += 1.0 / (rank as f64 + offset);
            cumulative.push(total);
        }
        Self { cumulative }
    }

    /// Returns a rank.
    pub fn draw(&self, rng: &mut Rng) -> usize {
        let total = self.cumulative.last().copied().unwrap_or(0.0);
        let goal = rng.unit() * total;
        self.cumulative.partition_point(|sum| *sum <= goal).min(self.cumulative.len() - 1)
    }
}

/// Returns the whole part of a number.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the whole part is what is asked for; the cast saturates"
)]
pub fn whole(number: f64) -> i64 {
    number as i64
}

/// Scatters the bits of a number; the finishing step of SplitMix64.
#[must_use]
pub fn mix(bits: u64) -> u64 {
    let mut z = bits;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_inside_their_bounds() {
        let mut rng = Rng::new(7);
        for n in 1..2000 {
            assert!(rng.below(n) < n);
            let number = rng.between(-3, 4);
            assert!((-3..=4).contains(&number));
            assert!((0.0..1.0).contains(&rng.unit()));
        }
        assert_eq!(rng.below(0), 0);
    }

    #[test]
    fn waiting_has_mean_one_and_a_tail() {
        let mut rng = Rng::new(11);
        let samples: Vec<f64> = (0..200_000).map(|_| rng.waiting()).collect();
        let mean = samples.iter().sum::<f64>() / samples.len() as f64;
        assert!((mean - 1.0).abs() < 0.01, "{mean}");
        let long = samples.iter().filter(|sample| **sample > 5.0).count();
        assert!(long > 100, "{long}");
    }

    #[test]
    fn the_long_tail_is_long() {
        let tail = LongTail::new(5000, 3.0);
        let mut rng = Rng::new(13);
        let mut counts = vec![0u32; 5000];
        for _ in 0..100_000 {
            counts[tail.draw(&mut rng)] += 1;
        }
        assert!(counts[0] > 3000, "{}", counts[0]);
        let rare = counts[1000..].iter().filter(|count| **count > 0).count();
        assert!(rare > 2500, "{rare}");
    }

    #[test]
    fn labels_give_unrelated_streams() {
        let first = Rng::labelled(1, 1).bits();
        assert_eq!(first, Rng::labelled(1, 1).bits());
        assert_ne!(first, Rng::labelled(1, 2).bits());
        assert_ne!(first, Rng::labelled(2, 1).bits());
    }

    #[test]
    fn hex_has_the_length_asked_for() {
        for n in [0, 1, 8, 16, 17, 158] {
            let hex = Rng::new(3).hex(n);
            assert_eq!(hex.len(), n);
            assert!(hex.bytes().all(|byte| HEX.contains(&byte)));
        }
    }
}
