//! The frequency tables of Lingua (crates `lingua-*-language-model` 1.3, `models/ngrams.fst`), read as a language model that writes words.
//!
//! The tables hold ln p(last letter | letters before) of all runs of one to five letters inside words. What the conditional probabilities
//! of a run's continuations lack to one is the share of words that end there, and what the runs one letter longer to the left lack is the share
//! that begin there; so the counts with word edges follow from the tables, exactly up to four letters, and words can be drawn.

use std::collections::BTreeMap;
use std::path::Path;

use dataprep::language::grams::EDGE;
use fst::Streamer;

use crate::random::Random;

pub const ORDER: usize = 5;
const BITS: u32 = 21;

/// Runs of `n` letters, sorted, with their counts relative to all letters.
#[derive(Default)]
struct Runs {
    keys: Vec<u128>,
    counts: Vec<f64>,
    sums: Vec<f64>,
}

impl Runs {
    fn new(map: BTreeMap<u128, f64>) -> Runs {
        let mut runs = Runs { keys: Vec::new(), counts: Vec::new(), sums: vec![0.0] };
        let mut sum = 0.0;
        for (key, count) in map {
            runs.keys.push(key);
            runs.counts.push(count);
            sum += count;
            runs.sums.push(sum);
        }
        runs
    }

    fn range(&self, prefix: u128) -> (usize, usize) {
        let low = prefix << BITS;
        (self.keys.partition_point(|key| *key < low), self.keys.partition_point(|key| *key < low + (1 << BITS)))
    }

    fn total(&self, prefix: u128) -> f64 {
        let (low, high) = self.range(prefix);
        self.sums[high] - self.sums[low]
    }

    fn count(&self, key: u128) -> f64 {
        self.keys.binary_search(&key).map_or(0.0, |at| self.counts[at])
    }

    /// The continuation of `prefix` at `at`, counted in the units of the table; none beyond the last.
    fn draw(&self, prefix: u128, at: f64) -> Option<u128> {
        let (low, high) = self.range(prefix);
        let target = self.sums[low] + at;
        let found = low + self.sums[low + 1..=high].partition_point(|sum| *sum <= target);
        (found < high).then(|| self.keys[found] & ((1 << BITS) - 1))
    }
}

pub struct Lingua {
    runs: Vec<Runs>,
    starts: Vec<Runs>,
}

fn letters(key: u128, n: usize) -> Vec<u32> {
    (0..n).rev().map(|at| (key >> (at as u32 * BITS)) as u32 & ((1 << BITS) - 1)).collect()
}

impl Lingua {
    pub fn read(path: &Path) -> Option<Lingua> {
        let map = fst::Map::new(std::fs::read(path).ok()?).expect("an fst");
        let mut by = vec![BTreeMap::new(); ORDER];
        let mut stream = map.stream();
        while let Some((gram, bits)) = stream.next() {
            let key = std::str::from_utf8(gram).expect("text").chars().fold(0u128, |key, c| key << BITS | c as u128);
            let n = std::str::from_utf8(gram).expect("text").chars().count();
            by[n - 1].insert(key, f64::from_bits(bits).exp());
        }
        let mut runs: Vec<Runs> = Vec::new();
        for (n, map) in by.into_iter().enumerate() {
            let counts = map.into_iter().map(|(key, p)| (key, if n == 0 { p } else { p * runs[n - 1].count(key >> BITS) }));
            let counts = counts.collect();
            runs.push(Runs::new(counts));
        }
        let starts = (0..ORDER - 1).map(|n| {
            let mut left: BTreeMap<u128, f64> = runs[n].keys.iter().copied().zip(runs[n].counts.iter().copied()).collect();
            let mask = (1u128 << (BITS * (n as u32 + 1))) - 1;
            for (key, count) in runs[n + 1].keys.iter().zip(&runs[n + 1].counts) {
                if let Some(rest) = left.get_mut(&(key & mask)) {
                    *rest -= count;
                }
            }
            left.retain(|key, rest| *rest > 1e-3 * runs[n].count(*key) && *rest > 0.0);
            Runs::new(left)
        });
        let starts = starts.collect();
        Some(Lingua { runs, starts })
    }

    /// Words for a letter of text.
    fn words(&self) -> f64 {
        *self.starts[0].sums.last().expect("a sum")
    }

    /// Calls `each` with every n-gram, edges included, and how often it stands in a word.
    pub fn grams(&self, mut each: impl FnMut(&[u32], f64)) {
        let words = self.words();
        let mut signs = Vec::new();
        let mut tell = |before: bool, key: u128, n: usize, after: bool, count: f64| {
            signs.clear();
            if before {
                signs.push(EDGE);
            }
            signs.extend(letters(key, n));
            if after {
                signs.push(EDGE);
            }
            each(&signs, count / words);
        };
        for n in 0..ORDER {
            for (key, count) in self.runs[n].keys.iter().zip(&self.runs[n].counts) {
                tell(false, *key, n + 1, false, *count);
                if n + 1 < ORDER {
                    tell(false, *key, n + 1, true, count - self.runs[n + 1].total(*key));
                }
            }
        }
        for n in 0..ORDER - 1 {
            for (key, count) in self.starts[n].keys.iter().zip(&self.starts[n].counts) {
                tell(true, *key, n + 1, false, *count);
                if n + 2 < ORDER {
                    tell(true, *key, n + 1, true, count - self.starts[n + 1].total(*key));
                }
            }
        }
    }

    /// One word, drawn as often as it is likely.
    pub fn draw(&self, random: &mut Random) -> String {
        let mut word = String::new();
        let mut key = 0;
        for n in 0..30 {
            let (table, before) = match n {
                0 => (&self.starts[0], self.words()),
                1..=3 => (&self.starts[n], self.starts[n - 1].count(key)),
                _ => (&self.runs[ORDER - 1], self.runs[ORDER - 2].count(key)),
            };
            let Some(letter) = table.draw(key, random.share() * before) else { break };
            key = key << BITS | letter;
            if n >= 3 {
                key &= (1 << (BITS * 4)) - 1;
            }
            word.extend(char::from_u32(letter as u32));
        }
        word
    }
}
