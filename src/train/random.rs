//! Seeded random numbers: one independent stream for every (seed, purpose), so that no draw depends on another's order.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A stream of random numbers (SplitMix64, Steele et al. 2014), named by what it is for.
pub struct Random(u64);

impl Random {
    /// The stream of `purpose` under `seed`.
    pub fn new(seed: u64, purpose: &str) -> Self {
        Self(xxh3_64_with_seed(purpose.as_bytes(), seed))
    }

    /// Sixty-four random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in 0..`end`, which must not be 0.
    pub fn below(&mut self, end: usize) -> usize {
        // Multiply and shift (Lemire 2019): its bias is under end / 2^64.
        ((u128::from(self.bits()) * end as u128) >> 64) as usize
    }

    /// A number above 0 and at most 1.
    pub fn unit(&mut self) -> f64 {
        ((self.bits() >> 11) + 1) as f64 / (1u64 << 53) as f64
    }

    /// A number of the standard normal distribution (Box and Muller 1958, one of the pair).
    pub fn normal(&mut self) -> f32 {
        let radius = (-2.0 * self.unit().ln()).sqrt();
        (radius * (std::f64::consts::TAU * self.unit()).cos()) as f32
    }

    /// Puts `items` in a random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (2..=items.len()).rev() {
            let chosen = self.below(end);
            items.swap(chosen, end - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_named_and_distributed_as_they_say() {
        assert_ne!(Random::new(1, "a").bits(), Random::new(1, "b").bits());
        assert_ne!(Random::new(1, "a").bits(), Random::new(2, "a").bits());
        let mut random = Random::new(7, "test");
        let drawn: Vec<f64> = (0..20_000).map(|_| f64::from(random.normal())).collect();
        let mean = drawn.iter().sum::<f64>() / 20_000.0;
        let variance = drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.04, "mean {mean}, variance {variance}");
        let mut items: Vec<usize> = (0..100).collect();
        random.shuffle(&mut items);
        assert_ne!(items[..5], [0, 1, 2, 3, 4]);
        items.sort_unstable();
        assert!(items.iter().copied().eq(0..100));
    }
}
