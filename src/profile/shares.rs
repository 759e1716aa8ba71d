//! Which values a text field takes, and how often: languages, hosts, labels.
//!
//! A field may have millions of values. Where it has more than [`MOST`], the rare half of those seen so far is counted together as "other"; frequent ones
//! stay, with counts that lack at most what they had while they were rare.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Values that are told apart.
const MOST: usize = 2000;

/// Counts by value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shares {
    /// How often each value was seen.
    pub counts: BTreeMap<String, u64>,
    /// How often any of the values that are not told apart was seen.
    pub other: u64,
}

impl Shares {
    /// Counts a value.
    pub fn add(&mut self, value: &str) {
        match self.counts.get_mut(value) {
            Some(count) => *count += 1,
            None => {
                self.counts.insert(value.to_owned(), 1);
                self.shorten();
            }
        }
    }

    /// Adds what another has seen.
    pub fn merge(&mut self, other: &Shares) {
        for (value, count) in &other.counts {
            *self.counts.entry(value.clone()).or_default() += count;
        }
        self.other += other.other;
        self.shorten();
    }

    /// Values seen, all together.
    pub fn total(&self) -> u64 {
        self.counts.values().sum::<u64>() + self.other
    }

    fn shorten(&mut self) {
        if self.counts.len() <= MOST {
            return;
        }
        let mut by_count: Vec<(u64, String)> = std::mem::take(&mut self.counts).into_iter().map(|(value, count)| (count, value)).collect();
        by_count.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        self.other += by_count.split_off(MOST / 2).iter().map(|(count, _)| count).sum::<u64>();
        self.counts = by_count.into_iter().map(|(count, value)| (value, count)).collect();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequent_values_outlive_many_rare_ones_and_nothing_is_lost() {
        let mut shares = Shares::default();
        for i in 0..10_000 {
            shares.add(&format!("rare{i}"));
            shares.add(["en", "zh"][i % 2]);
        }
        assert!(shares.counts.len() <= MOST);
        assert_eq!((shares.counts["en"], shares.counts["zh"], shares.total()), (5_000, 5_000, 20_000));
        let mut twice = shares.clone();
        twice.merge(&shares);
        assert_eq!((twice.counts["en"], twice.total()), (10_000, 40_000));
    }
}
