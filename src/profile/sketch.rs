//! The distribution of a number, in buckets 1 to 2 % wide: any quantile, whatever was seen and in whatever order, from a few hundred counts.
//!
//! A bucket is a sign, a power of two and one 64th of the way to the next, which are the first bits of the number itself; whole numbers up to 128 have
//! each a bucket of their own. Sketches add up exactly, so that a corpus may be measured in pieces. The idea is that of DDSketch (Masson, Rim and Lee 2019),
//! with buckets that need no logarithm.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Bits of a number that are left out of its bucket.
const LEFT_OUT: u32 = 52 - 6;

/// How often which values were seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sketch {
    /// Count by bucket; buckets are in the order of their values.
    buckets: BTreeMap<i32, u64>,
}

impl Sketch {
    /// Counts a value; what is not a number is not counted.
    pub fn add(&mut self, value: f64) {
        if !value.is_nan() {
            *self.buckets.entry(bucket(value)).or_default() += 1;
        }
    }

    /// Adds what another has seen.
    pub fn merge(&mut self, other: &Sketch) {
        for (bucket, count) in &other.buckets {
            *self.buckets.entry(*bucket).or_default() += count;
        }
    }

    /// Values seen.
    pub fn count(&self) -> u64 {
        self.buckets.values().sum()
    }

    /// The value below which a share `q` of all lies, as the lower end of its bucket; `None` where nothing was seen.
    pub fn quantile(&self, q: f64) -> Option<f64> {
        let count = self.count();
        let rank = ((q * count as f64).ceil() as u64).clamp(1, count.max(1));
        let mut below = 0;
        self.buckets.iter().find_map(|(bucket, count)| {
            below += count;
            (below >= rank).then(|| lower_end(*bucket))
        })
    }

    /// The greatest distance between the two shares of values below any bound (Kolmogorov and Smirnov), 0 to 1.
    pub fn distance(&self, other: &Sketch) -> f64 {
        let (of_self, of_other) = (self.count().max(1) as f64, other.count().max(1) as f64);
        let mut steps: BTreeMap<i32, f64> = BTreeMap::new();
        self.buckets.iter().for_each(|(bucket, count)| *steps.entry(*bucket).or_default() += *count as f64 / of_self);
        other.buckets.iter().for_each(|(bucket, count)| *steps.entry(*bucket).or_default() -= *count as f64 / of_other);
        let mut gap = 0.0;
        steps.values().fold(0.0, |most: f64, step| {
            gap += step;
            most.max(f64::abs(gap))
        })
    }

    /// (lower end, count) of the buckets that hold something, in order.
    pub fn buckets(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        self.buckets.iter().map(|(bucket, count)| (lower_end(*bucket), *count))
    }
}

fn bucket(value: f64) -> i32 {
    let size = (value.abs().to_bits() >> LEFT_OUT) as i32;
    if value < 0.0 { -size } else { size }
}

fn lower_end(bucket: i32) -> f64 {
    let size = f64::from_bits(u64::from(bucket.unsigned_abs()) << LEFT_OUT);
    if bucket < 0 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl IntoIterator<Item = f64>) -> Sketch {
        let mut sketch = Sketch::default();
        values.into_iter().for_each(|value| sketch.add(value));
        sketch
    }

    #[test]
    fn quantiles_are_exact_for_small_numbers_and_near_for_large_ones() {
        let sketch = of((1..=100).map(f64::from));
        assert_eq!([0.0, 0.01, 0.5, 0.99, 1.0].map(|q| sketch.quantile(q).unwrap()), [1.0, 1.0, 50.0, 99.0, 100.0]);
        let large = of((1..=100_000).map(f64::from));
        let median = large.quantile(0.5).unwrap();
        assert!((49_000.0..=50_000.0).contains(&median), "{median}");
        assert_eq!(of([]).quantile(0.5), None);
    }

    #[test]
    fn signs_zero_and_what_is_no_number() {
        let sketch = of([-3.0, -0.5, 0.0, -0.0, 0.25, f64::NAN, f64::INFINITY]);
        assert_eq!(sketch.count(), 6);
        assert_eq!(sketch.buckets().collect::<Vec<_>>(), [(-3.0, 1), (-0.5, 1), (0.0, 2), (0.25, 1), (f64::INFINITY, 1)]);
    }

    #[test]
    fn the_order_and_the_pieces_do_not_matter() {
        let values: Vec<f64> = (0..500).map(|i| f64::from(i * 7919 % 500) / 3.0 - 40.0).collect();
        let (mut left, right) = (of(values[..123].iter().copied()), of(values[123..].iter().rev().copied()));
        left.merge(&right);
        assert_eq!(left, of(values));
    }

    #[test]
    fn distance_is_the_largest_gap_between_shares() {
        assert_eq!(of([1.0, 2.0]).distance(&of([1.0, 2.0, 1.0, 2.0])), 0.0);
        assert_eq!(of([1.0, 2.0, 3.0, 4.0]).distance(&of([3.0, 4.0, 5.0, 6.0])), 0.5);
        assert_eq!(of([-1.0]).distance(&of([1.0])), 1.0);
    }
}
