//! A seeded permutation of 0..n, evaluated on demand: constant memory, random access.
//!
//! A balanced Feistel network on the smallest even number of bits that holds `n`, with cycle walking (Black and Rogaway 2002):
//! a value that falls outside is sent through again, fewer than four times on average.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A bijection of `0..len` chosen by a seed.
#[derive(Clone, Copy, Debug)]
pub struct Permutation {
    len: u64,
    seed: u64,
    half_bits: u32,
}

const ROUNDS: u64 = 6;

impl Permutation {
    /// Of `0..len`.
    pub fn new(len: u64, seed: u64) -> Permutation {
        let bits = 64 - len.saturating_sub(1).leading_zeros();
        Permutation { len, seed, half_bits: bits.div_ceil(2).max(1) }
    }

    /// How many numbers it permutes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Where `i` goes; `None` when `i` is not below the length.
    pub fn get(&self, i: u64) -> Option<u64> {
        if i >= self.len {
            return None;
        }
        let mut value = self.shuffle(i);
        while value >= self.len {
            value = self.shuffle(value);
        }
        Some(value)
    }

    fn shuffle(&self, value: u64) -> u64 {
        let low = (1u64 << self.half_bits) - 1;
        let (mut left, mut right) = (value >> self.half_bits, value & low);
        for round in 0..ROUNDS {
            let mixed = mix(self.seed ^ mix(right ^ (round << 56)));
            (left, right) = (right, left ^ (mixed & low));
        }
        (left << self.half_bits) | right
    }
}

/// Rows in an order of its own for each epoch; the first has that of the seed itself.
#[derive(Clone, Copy, Debug)]
pub struct Epochs {
    /// Rows of an epoch.
    pub rows: u64,
    /// Of every order.
    pub seed: u64,
}

impl Epochs {
    /// The row that is sample `position` of the stream of all epochs; `None` where there are no rows.
    pub fn row(self, position: u64) -> Option<u64> {
        let epoch = position.checked_div(self.rows)?;
        let seed = if epoch == 0 { self.seed } else { xxh3_64_with_seed(&epoch.to_le_bytes(), self.seed) };
        Permutation::new(self.rows, seed).get(position % self.rows)
    }
}

/// The finalizer of splitmix64 (Steele, Lea and Flood 2014).
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_comes_once() {
        for len in [0, 1, 2, 3, 5, 16, 17, 1000, 4097] {
            let order = Permutation::new(len, 7);
            let mut seen: Vec<u64> = (0..len).map(|i| order.get(i).unwrap()).collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..len).collect::<Vec<_>>(), "length {len}");
            assert_eq!(order.get(len), None);
        }
    }

    #[test]
    fn the_seed_decides() {
        let first: Vec<_> = (0..100).map(|i| Permutation::new(100, 1).get(i)).collect();
        let again: Vec<_> = (0..100).map(|i| Permutation::new(100, 1).get(i)).collect();
        let other: Vec<_> = (0..100).map(|i| Permutation::new(100, 2).get(i)).collect();
        assert_eq!(first, again);
        assert_ne!(first, other);
    }

    #[test]
    fn neighbours_are_scattered() {
        let order = Permutation::new(10_000, 3);
        let near = (1..10_000).filter(|&i| order.get(i).unwrap().abs_diff(order.get(i - 1).unwrap()) < 100).count();
        assert!(near < 400, "{near} of 9,999 neighbours stay within 1 %; 199 are expected by chance");
    }

    #[test]
    fn the_largest_length_does_not_overflow() {
        assert!(Permutation::new(u64::MAX, 1).get(u64::MAX - 1).is_some());
    }
}
