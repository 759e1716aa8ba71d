//! Chance that is equal on every machine: hashes of the seed, a name and a counter.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The seed of the whole web; another one gives another web of the same make.
pub const SEED: u64 = 20_260_101;

/// A stream of numbers that depends on nothing but the seed and its name.
pub struct Dice {
    state: u64,
    turn: u64,
}

impl Dice {
    pub fn new(name: &str) -> Self {
        Dice { state: xxh3_64_with_seed(name.as_bytes(), SEED), turn: 0 }
    }

    pub fn roll(&mut self) -> u64 {
        self.turn += 1;
        xxh3_64_with_seed(&self.turn.to_le_bytes(), self.state)
    }

    /// A number from 0 to `n - 1`; `n` must not be 0.
    pub fn below(&mut self, n: usize) -> usize {
        (self.roll() % n as u64) as usize
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}
