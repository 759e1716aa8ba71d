//! How numbers are spread: bars for a table, and the same as a chart, with the bounds that were laid on them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::chart;
use super::numbers::{percent, visible};
use crate::profile::{Profile, Sketch};
use crate::review::Document;

/// How a number is spread.
#[derive(Debug, PartialEq, Serialize)]
pub struct Histogram {
    name: String,
    median: f64,
    bars: Vec<Bar>,
    /// Bounds that were laid on the number.
    thresholds: Vec<f64>,
    chart: String,
}

/// A stretch of values.
#[derive(Debug, PartialEq, Serialize)]
pub struct Bar {
    from: f64,
    count: u64,
    /// Of the tallest, 0 to 100.
    percent: f64,
}

/// Bars of a histogram, at most.
const BARS: usize = 24;

/// Where the bars of a histogram lie.
struct Scale {
    low: f64,
    width: f64,
    /// Each is twice as long as the one before.
    doubling: bool,
}

impl Scale {
    fn slot(&self, value: f64) -> f64 {
        if self.doubling { value.max(1.0).log2() } else { (value - self.low) / self.width }
    }

    fn from(&self, slot: f64) -> f64 {
        if self.doubling { slot.exp2() } else { self.low + slot * self.width }
    }
}

impl Histogram {
    /// Of lengths and of every number field.
    pub fn all(profile: &Profile) -> Vec<Histogram> {
        let tokens = profile.tokens.iter().map(|tokens| ("tokens", &tokens.lengths));
        let lengths = [("characters", &profile.characters)].into_iter().chain(tokens).filter_map(|(name, sketch)| Histogram::of(name, sketch, true, &[]));
        lengths.chain(profile.numbers.iter().filter_map(|(name, sketch)| Histogram::of(name, sketch, false, &[]))).collect()
    }

    /// Stretches of equal length, or each twice as long as the one before where `doubling` says so; `None` where nothing was seen.
    pub fn of(name: &str, sketch: &Sketch, doubling: bool, thresholds: &[f64]) -> Option<Histogram> {
        let (low, high, median) = (sketch.quantile(0.0)?, sketch.quantile(1.0)?, sketch.quantile(0.5)?);
        // A bound lies in the picture, also where no value has reached it.
        let low = thresholds.iter().copied().fold(low, f64::min);
        let high = thresholds.iter().copied().fold(high, f64::max);
        let scale = Scale { low, width: ((high - low) / (BARS - 1) as f64).max(f64::MIN_POSITIVE), doubling };
        let mut counts: BTreeMap<i64, u64> = BTreeMap::new();
        for (value, count) in sketch.buckets() {
            *counts.entry(scale.slot(value).floor() as i64).or_default() += count;
        }
        let tallest = counts.values().copied().max().unwrap_or(0);
        let bar = |(slot, count): (&i64, &u64)| Bar { from: scale.from(*slot as f64), count: *count, percent: percent(*count, tallest) };
        let bounds: Vec<f64> = thresholds.iter().map(|value| scale.slot(*value)).collect();
        // Between two powers of two a number would say little.
        let chart = chart::bars(&counts, &bounds, &|slot| (!doubling || slot.fract() == 0.0).then(|| scale.from(slot)));
        Some(Histogram { name: name.to_owned(), median, bars: counts.iter().map(bar).collect(), thresholds: thresholds.to_vec(), chart })
    }
}

/// What rules measured in the documents that pass by, and the bounds that they laid on it.
#[derive(Debug, Default)]
pub struct Measured(BTreeMap<(String, String), (Sketch, BTreeSet<u64>)>);

/// Rules that are drawn: those with the most values.
const RULES: usize = 30;
/// Bounds of one rule that are drawn: it may have one for each language.
const BOUNDS: usize = 4;

impl Measured {
    /// Takes up what is said of a document.
    pub fn see(&mut self, document: &Document) {
        if let (Some(stage), Some(reason)) = (&document.stage, &document.reason) {
            self.add(stage, reason, document.value, document.threshold);
        }
        for said in &document.verdicts {
            self.add(&said.stage, &said.rule, said.value, said.threshold);
        }
    }

    fn add(&mut self, stage: &str, rule: &str, value: Option<f64>, threshold: Option<f64>) {
        let (Some(value), Some(threshold)) = (value.filter(|value| value.is_finite()), threshold.filter(|bound| bound.is_finite())) else { return };
        let (sketch, bounds) = self.0.entry((stage.to_owned(), rule.to_owned())).or_default();
        sketch.add(value);
        if bounds.len() < BOUNDS {
            bounds.insert(threshold.to_bits());
        }
    }

    /// A histogram for each rule.
    pub fn histograms(self) -> Vec<Histogram> {
        let mut rules: Vec<_> = self.0.into_iter().collect();
        rules.sort_by_key(|(_, (sketch, _))| std::cmp::Reverse(sketch.count()));
        rules.truncate(RULES);
        let drawn = |((stage, rule), (sketch, bounds)): ((String, String), (Sketch, BTreeSet<u64>))| {
            let bounds: Vec<f64> = bounds.into_iter().map(f64::from_bits).collect();
            Histogram::of(&visible(&format!("{stage}: {rule}")), &sketch, false, &bounds)
        };
        rules.into_iter().filter_map(drawn).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_hold_every_value_once() {
        let mut sketch = Sketch::default();
        [0.0, 1.0, 2.0, 3.0, 4.0, 7.0, 8.0, 100.0].into_iter().for_each(|value| sketch.add(value));
        let histogram = Histogram::of("characters", &sketch, true, &[]).unwrap();
        let bars: Vec<_> = histogram.bars.iter().map(|bar| (bar.from, bar.count, bar.percent)).collect();
        assert_eq!(bars, [(1.0, 2, 100.0), (2.0, 2, 100.0), (4.0, 2, 100.0), (8.0, 1, 50.0), (64.0, 1, 50.0)]);
        let even = Histogram::of("score", &sketch, false, &[]).unwrap();
        assert_eq!((even.bars.iter().map(|bar| bar.count).sum::<u64>(), even.median), (8, 3.0));
        assert!(even.bars.len() <= BARS);
        assert_eq!(Histogram::of("nothing", &Sketch::default(), true, &[]), None);
    }

    #[test]
    fn a_rules_values_are_drawn_with_its_bounds() {
        let mut measured = Measured::default();
        for (value, bound) in [(3.0, 50.0), (7.0, 50.0), (9.0, 20.0)] {
            let line = format!("{{\"stage\":\"g\",\"reason\":\"short\",\"value\":{value},\"threshold\":{bound}}}");
            measured.see(&serde_json::from_str(&line).unwrap());
        }
        measured.see(&serde_json::from_str("{\"stage\":\"g\",\"reason\":\"other\",\"value\":1}").unwrap());
        let drawn = measured.histograms();
        assert_eq!((drawn.len(), drawn[0].name.as_str(), drawn[0].thresholds.as_slice()), (1, "g: short", [20.0, 50.0].as_slice()));
        assert_eq!(drawn[0].chart.matches("bound").count(), 2, "{}", drawn[0].chart);
    }
}
