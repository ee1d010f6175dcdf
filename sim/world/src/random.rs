//! Seeded random numbers: a stream of its own for each thing that needs some, so that one does not disturb another.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

/// A stream of random numbers.
pub(crate) struct Random(ChaCha8Rng);

impl Random {
    /// The stream `name` number `index` of a seed.
    pub fn new(seed: u64, name: &str, index: u64) -> Self {
        // FNV-1a tells the names apart, the mixer spreads the bits.
        let hash = name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |h: u64, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        Self(ChaCha8Rng::seed_from_u64(mix(seed ^ mix(hash ^ mix(index)))))
    }

    /// Normally distributed, mean 0, standard deviation `sigma`.
    pub fn normal(&mut self, sigma: f64) -> f64 {
        sigma * self.0.sample::<f64, _>(StandardNormal)
    }

    /// Uniform from `low` to `high`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.0.random::<f64>()
    }

    /// Uniform from 0 to `count` - 1; 0 for an empty range.
    pub fn index(&mut self, count: usize) -> usize {
        if count == 0 { 0 } else { self.0.random_range(0..count) }
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.0.random::<f64>() < probability
    }
}

/// Mixes the bits of a number (splitmix64, Steele et al. 2014): a random number for each counter value.
pub(crate) fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// First-order Gauss-Markov process: an error that wanders with a correlation time and has a given spread.
pub(crate) struct GaussMarkov {
    sigma: f64,
    time_constant_s: f64,
    /// The present error.
    pub value: f64,
}

impl GaussMarkov {
    /// Begins in its stationary distribution.
    pub fn new(random: &mut Random, sigma: f64, time_constant_s: f64) -> Self {
        Self { sigma, time_constant_s, value: random.normal(sigma) }
    }

    /// Goes on by `dt_s`.
    pub fn step(&mut self, random: &mut Random, dt_s: f64) -> f64 {
        let keep = (-dt_s / self.time_constant_s).exp();
        self.value = keep * self.value + random.normal(self.sigma * (1.0 - keep * keep).max(0.0).sqrt());
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_and_repeat() {
        let draw = |seed, name, index| Random::new(seed, name, index).uniform(0.0, 1.0);
        assert_eq!(draw(1, "imu", 0), draw(1, "imu", 0));
        assert_ne!(draw(1, "imu", 0), draw(1, "imu", 1));
        assert_ne!(draw(1, "imu", 0), draw(1, "gnss", 0));
        assert_ne!(draw(1, "imu", 0), draw(2, "imu", 0));
    }

    #[test]
    fn gauss_markov_keeps_its_spread() {
        let mut random = Random::new(5, "test", 0);
        let mut process = GaussMarkov::new(&mut random, 2.0, 1.0);
        let n = 200_000;
        let squares: f64 = (0..n).map(|_| process.step(&mut random, 0.1).powi(2)).sum();
        assert!(((squares / f64::from(n)).sqrt() - 2.0).abs() < 0.1);
    }
}
