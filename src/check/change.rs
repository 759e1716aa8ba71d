//! How far a fact has moved from its baseline, and how far chance alone would move it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::fact::Fact;
use crate::profile::Shares;

/// A way of measuring change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// |new - old|, of numbers and shares.
    Absolute,
    /// |new - old| / |old|, of numbers and counts.
    Relative,
    /// The largest |new - old| of the share of any one value.
    Share,
    /// Jensen and Shannon's divergence of shares, in bits: 0 to 1.
    Js,
    /// Population stability index of shares: sum of (new - old) ln(new / old).
    Psi,
    /// Kolmogorov and Smirnov's distance of how numbers are spread: 0 to 1.
    Ks,
    /// 0 where the two are the same text, else 1.
    Equal,
}

/// A change that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// How far, in the measure asked for.
    pub by: f64,
    /// How far two samples of one corpus, of these sizes, may well lie apart: below, a change proves nothing.
    pub noise: f64,
    /// What moved most, in words.
    pub most: String,
}

/// Chance moves a share by less than so many of its standard errors, once in 16,000 times.
const DEVIATIONS: f64 = 4.0;

/// Shares below it are counted as it is, so that a value that is new or gone has a finite psi.
const LEAST_SHARE: f64 = 1e-4;

impl Change {
    /// How far `new` has moved from `old`; `None` where this measure does not apply to such facts.
    pub fn between(self, old: &Fact, new: &Fact) -> Option<Moved> {
        match (self, old, new) {
            (Change::Equal, Fact::Text(old), Fact::Text(new)) => {
                Some(Moved { by: if old == new { 0.0 } else { 1.0 }, noise: 0.0, most: format!("{old} became {new}") })
            }
            (Change::Absolute | Change::Relative, ..) => {
                let (before, now) = (old.value()?, new.value()?);
                let noise = match (old, new) {
                    (Fact::Share { share: p, of: n }, Fact::Share { share: q, of: m }) => noise_of_share(*p, *n, *q, *m),
                    _ => 0.0,
                };
                let scale = if self == Change::Relative { before.abs().max(f64::MIN_POSITIVE) } else { 1.0 };
                Some(Moved { by: (now - before).abs() / scale, noise: noise / scale, most: format!("{} became {}", shown(before), shown(now)) })
            }
            (Change::Ks, Fact::Numbers(old), Fact::Numbers(new)) => {
                // Two samples of one distribution lie further apart once in a thousand times.
                let noise = 1.95 * (1.0 / old.count().max(1) as f64 + 1.0 / new.count().max(1) as f64).sqrt();
                let median = |of: &crate::profile::Sketch| of.quantile(0.5).map_or_else(|| "none".to_owned(), shown);
                Some(Moved { by: old.distance(new), noise, most: format!("median {} became {}", median(old), median(new)) })
            }
            (Change::Share | Change::Js | Change::Psi, Fact::Values { values: old, of: n }, Fact::Values { values: new, of: m }) => {
                Some(self.of_shares(&pairs(old, new), *n, *m))
            }
            (Change::Share | Change::Js | Change::Psi, Fact::Classes(old), Fact::Classes(new)) if old.len() == new.len() => {
                let (n, m): (u64, u64) = (old.iter().sum(), new.iter().sum());
                let pairs: Vec<_> = (0..old.len()).map(|at| (format!("class {at}"), part(old[at], n), part(new[at], m))).collect();
                Some(self.of_shares(&pairs, n, m))
            }
            _ => None,
        }
    }

    /// Of (name, old share, new share), from so many documents each.
    fn of_shares(self, pairs: &[(String, f64, f64)], n: u64, m: u64) -> Moved {
        let moved = |pair: &&(String, f64, f64)| (pair.2 - pair.1).abs();
        let most = pairs.iter().max_by(|a, b| moved(a).total_cmp(&moved(b)));
        let said = most.map_or_else(String::new, |(name, old, new)| format!("{name}: {} became {}", shown(*old), shown(*new)));
        let inverse = 1.0 / n.max(1) as f64 + 1.0 / m.max(1) as f64;
        let seen = pairs.iter().filter(|(_, old, new)| *old > 0.0 || *new > 0.0).count().saturating_sub(1) as f64;
        let (by, noise) = match self {
            Change::Js => {
                let half = |p: f64, q: f64| if p > 0.0 { p * (2.0 * p / (p + q)).log2() } else { 0.0 };
                let js = pairs.iter().map(|(_, p, q)| (half(*p, *q) + half(*q, *p)) / 2.0).sum();
                // The mean under chance is that of chi squared with as many degrees of freedom as there are values less one.
                (js, 2.0 * seen * inverse / (8.0 * std::f64::consts::LN_2))
            }
            Change::Psi => {
                let psi = pairs.iter().map(|(_, p, q)| (p.max(LEAST_SHARE), q.max(LEAST_SHARE))).map(|(p, q)| (q - p) * (q / p).ln()).sum();
                (psi, 2.0 * seen * inverse)
            }
            _ => most.map_or((0.0, 0.0), |(_, p, q)| ((q - p).abs(), noise_of_share(*p, n, *q, m))),
        };
        Moved { by, noise, most: said }
    }
}

fn noise_of_share(p: f64, n: u64, q: f64, m: u64) -> f64 {
    let (n, m) = (n.max(1) as f64, m.max(1) as f64);
    // One more hit and one more miss on each side, so that a share of 0 is not held to be certain.
    let both = ((p * n + q * m + 1.0) / (n + m + 2.0)).clamp(0.0, 1.0);
    DEVIATIONS * (both * (1.0 - both) * (1.0 / n + 1.0 / m)).sqrt()
}

fn part(count: u64, of: u64) -> f64 {
    count as f64 / of.max(1) as f64
}

/// (name, old share, new share) of every value of either side.
fn pairs(old: &Shares, new: &Shares) -> Vec<(String, f64, f64)> {
    let (n, m) = (old.total(), new.total());
    let names: BTreeSet<&String> = old.counts.keys().chain(new.counts.keys()).collect();
    // A value that one side does not tell apart is not held to be absent there, where that side has others: it joins them.
    let together = |side: &Shares, name: &String| side.other > 0 && !side.counts.contains_key(name);
    let (mut pairs, mut others) = (Vec::new(), (old.other, new.other));
    for name in names {
        let count = |side: &Shares| side.counts.get(name).copied().unwrap_or(0);
        if together(old, name) || together(new, name) {
            others = (others.0 + count(old), others.1 + count(new));
        } else {
            pairs.push((name.clone(), part(count(old), n), part(count(new), m)));
        }
    }
    pairs.push(("all others".to_owned(), part(others.0, n), part(others.1, m)));
    pairs
}

/// The values whose shares have moved most, first the one that did so most: (value, share before, share now).
pub fn movers(old: &Shares, new: &Shares, most: usize) -> Vec<(String, f64, f64)> {
    let mut moved = pairs(old, new);
    moved.retain(|(_, old, new)| old != new);
    moved.sort_by(|a, b| (b.2 - b.1).abs().total_cmp(&(a.2 - a.1).abs()));
    moved.truncate(most);
    moved
}

/// A number for people.
pub fn shown(value: f64) -> String {
    if value == value.trunc() && value.abs() < 1e15 {
        format!("{value}")
    } else if value.abs() >= 1000.0 {
        format!("{value:.0}")
    } else {
        let digits = (3 - value.abs().log10().floor() as i32).clamp(0, 9) as usize;
        format!("{value:.digits$}").trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Sketch;

    fn values(counts: &[(&str, u64)], other: u64) -> Fact {
        let values = Shares { counts: counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect(), other };
        Fact::Values { of: values.total(), values }
    }

    fn moved(change: Change, old: &Fact, new: &Fact) -> Moved {
        change.between(old, new).unwrap()
    }

    #[test]
    fn a_mix_that_shifts_by_five_points() {
        let (old, new) = (values(&[("en", 500), ("zh", 500)], 0), values(&[("en", 5500), ("zh", 4500)], 0));
        let share = moved(Change::Share, &old, &new);
        assert!((share.by - 0.05).abs() < 1e-9 && share.most.contains("0.5 became 0."), "{share:?}");
        // 4 sqrt(.25 (1/1000 + 1/10000))
        assert!((share.noise - 0.0663).abs() < 0.001, "{share:?}");
        // By hand: the mean of two divergences of (.5, .5) and (.55, .45) from (.525, .475).
        assert!((moved(Change::Js, &old, &new).by - 0.001_808).abs() < 1e-5);
        assert!((moved(Change::Psi, &old, &new).by - 0.010_033).abs() < 1e-5);
    }

    #[test]
    fn values_that_a_side_does_not_tell_apart_are_not_new() {
        let (old, new) = (values(&[("a", 50)], 50), values(&[("a", 50), ("b", 30), ("c", 20)], 0));
        assert_eq!(moved(Change::Share, &old, &new).by, 0.0);
        let complete = values(&[("a", 50), ("d", 50)], 0);
        assert_eq!(moved(Change::Share, &complete, &new).by, 0.5);
    }

    #[test]
    fn what_moved_most_comes_first() {
        let shares = |counts: &[(&str, u64)]| Shares { counts: counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect(), other: 0 };
        let (old, new) = (shares(&[("a", 50), ("b", 30), ("c", 20)]), shares(&[("a", 10), ("b", 30), ("d", 60)]));
        let found: Vec<String> = movers(&old, &new, 2).into_iter().map(|(name, old, new)| format!("{name} {old} {new}")).collect();
        assert_eq!(found, ["d 0 0.6", "a 0.5 0.1"]);
    }

    #[test]
    fn numbers_counts_texts_and_spreads() {
        assert_eq!(moved(Change::Relative, &Fact::Count(200), &Fact::Count(150)).by, 0.25);
        let share = |share, of| Fact::Share { share, of };
        let zero = moved(Change::Absolute, &share(0.0, 1000), &share(0.01, 1000));
        assert!(zero.by == 0.01 && (0.008..0.015).contains(&zero.noise), "{zero:?}");
        let text = |text: &str| Fact::Text(text.to_owned());
        assert_eq!([moved(Change::Equal, &text("x"), &text("x")).by, moved(Change::Equal, &text("x"), &text("y")).by], [0.0, 1.0]);
        let spread = |range: std::ops::Range<u32>| {
            let mut sketch = Sketch::default();
            range.for_each(|value| sketch.add(f64::from(value)));
            Fact::Numbers(sketch)
        };
        assert!((moved(Change::Ks, &spread(0..100), &spread(50..150)).by - 0.5).abs() < 1e-9);
        assert_eq!(Change::Ks.between(&text("x"), &text("x")), None);
    }

    #[test]
    fn numbers_are_shown_with_four_digits() {
        assert_eq!([0.012_345, 12.0, 1234.5, 0.5, 0.000_049_99].map(shown), ["0.01235", "12", "1234", "0.5", "0.00004999"]);
    }
}
