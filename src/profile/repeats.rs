//! How much of a corpus stands in it more than once, from a sample of the values themselves.
//!
//! Kept are the values with the smallest hashes, each with its count. Which values these are depends on the set of values alone, so the share of
//! repeats among them estimates that of all, without bias, and sketches add up. Up to [`KEPT`] different values the share is exact; beyond, its
//! standard error is below 0.8 points.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Different values that are kept.
const KEPT: usize = 4096;

/// Counts of the values with the smallest hashes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeats {
    counts: BTreeMap<u64, u64>,
}

impl Repeats {
    /// Counts a value by its hash.
    pub fn add(&mut self, hash: u64) {
        self.put(hash, 1);
    }

    fn put(&mut self, hash: u64, times: u64) {
        // A value that was put out lies above all that are kept, so it cannot come in again with a part of its count.
        let full = self.counts.len() >= KEPT;
        if full && self.counts.last_key_value().is_some_and(|(last, _)| hash > *last) {
            return;
        }
        *self.counts.entry(hash).or_default() += times;
        if self.counts.len() > KEPT {
            self.counts.pop_last();
        }
    }

    /// Adds what another has seen.
    pub fn merge(&mut self, other: &Repeats) {
        other.counts.iter().for_each(|(hash, times)| self.put(*hash, *times));
    }

    /// (share of the values that were seen before, number of values that it was taken from).
    pub fn rate(&self) -> (f64, u64) {
        let all: u64 = self.counts.values().sum();
        let again = all - self.counts.len() as u64;
        (again as f64 / all.max(1) as f64, all)
    }
}

#[cfg(test)]
mod tests {
    use xxhash_rust::xxh3::xxh3_64;

    use super::*;

    #[test]
    fn the_share_is_exact_for_few_values_and_near_for_many() {
        let mut few = Repeats::default();
        (0..100u64).for_each(|i| few.add(xxh3_64(&(i % 80).to_le_bytes())));
        assert_eq!(few.rate(), (0.2, 100));
        let mut many = Repeats::default();
        (0..100_000u64).for_each(|i| many.add(xxh3_64(&(i % 80_000).to_le_bytes())));
        let (rate, of) = many.rate();
        assert!((rate - 0.2).abs() < 0.02 && (4096..6000).contains(&of), "{rate} of {of}");
    }

    #[test]
    fn pieces_add_up_to_the_whole() {
        let hashes: Vec<u64> = (0..30_000u64).map(|i| xxh3_64(&(i * i % 20_000).to_le_bytes())).collect();
        let of = |hashes: &[u64]| {
            let mut repeats = Repeats::default();
            hashes.iter().for_each(|hash| repeats.add(*hash));
            repeats
        };
        let whole = of(&hashes);
        let mut pieces = of(&hashes[20_000..]);
        pieces.merge(&of(&hashes[..7_000]));
        pieces.merge(&of(&hashes[7_000..20_000]));
        assert_eq!(pieces, whole);
    }
}
