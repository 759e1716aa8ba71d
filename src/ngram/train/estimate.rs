//! From counts to probabilities, order by order.
//!
//! What an n-gram's probability needs of the others stands elsewhere in its order: the sums over its history's continuations. So the n-grams are sorted by
//! their histories, and what was found sorted back by their places; everything else is read side by side, as all orders are sorted alike.

use std::io::Result;

use super::counts::{Counts, PRUNED};
use super::spill::{Rows, Sorted, Space, Tape};
use super::{BOS, MAX_TRAINED};
use crate::ngram::NgramError;

/// What is taken off the counts of n-grams seen once, twice, and three times or more.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Discounts(pub [f64; 3]);

impl Discounts {
    /// What lmplz falls back to.
    pub const FALLBACK: Discounts = Discounts([0.5, 1.0, 1.5]);

    fn of(self, count: u32) -> f64 {
        match count {
            0 => 0.0,
            count => self.0[(count as usize).min(3) - 1],
        }
    }

    /// Equation 26 of Chen and Goodman, over the numbers of n-grams seen once to four times.
    fn from_counts(seen: [u64; 4]) -> std::result::Result<Discounts, String> {
        if let Some(times) = seen[..3].iter().position(|number| *number == 0) {
            return Err(format!("none has the count {}", times + 1));
        }
        let n = seen.map(|number| number as f64);
        let y = n[0] / (n[0] + 2.0 * n[1]);
        let discounts = [0, 1, 2].map(|k| (k + 1) as f64 - (k + 2) as f64 * y * n[k + 1] / n[k]);
        match (1..).zip(discounts).find(|(count, discount)| !(0.0..=f64::from(*count)).contains(discount)) {
            Some((count, discount)) => Err(format!("that of the count {count} would be {discount:.3}")),
            None => Ok(Discounts(discounts)),
        }
    }
}

/// The n-grams of one order.
pub(super) struct Order {
    /// The words, last word first, then the probability; its sign says that the n-gram is pruned.
    probs: Tape,
    /// The words and the back-off weight of those that begin a longer n-gram; all others have the weight 1.
    backoffs: Tape,
    /// How many are not pruned.
    pub kept: u64,
    /// The discounts used.
    pub discounts: Discounts,
}

/// An n-gram of a model: the last word first, and linear probability and back-off weight.
pub(super) struct Entry<'a> {
    pub words: &'a [u32],
    pub prob: f32,
    pub backoff: f32,
}

impl Order {
    /// Its n-grams that are not pruned, in the order of their words from the last to the first.
    pub fn entries(&self) -> Result<Entries<'_>> {
        Ok(Entries { probs: self.probs.read()?, backoffs: self.backoffs.read()?, begun: false })
    }
}

/// See [`Order::entries`].
pub(super) struct Entries<'a> {
    probs: Rows<'a>,
    backoffs: Rows<'a>,
    begun: bool,
}

impl Entries<'_> {
    pub fn next(&mut self) -> Result<Option<Entry<'_>>> {
        loop {
            if std::mem::replace(&mut self.begun, true) {
                self.probs.advance()?;
            }
            match self.probs.row().and_then(<[u32]>::split_last) {
                Some((prob, _)) if prob & PRUNED != 0 => {}
                Some(_) => break,
                None => return Ok(None),
            }
        }
        let Some((prob, words)) = self.probs.row().and_then(<[u32]>::split_last) else { return Ok(None) };
        let backoff = self.backoffs.seek(words)?.map_or(1.0, f32::from_bits);
        Ok(Some(Entry { words, prob: f32::from_bits(*prob), backoff }))
    }
}

/// All orders, from 1.
pub(super) fn orders(counts: Vec<Counts>, fallback: Option<Discounts>, space: &Space) -> std::result::Result<Vec<Order>, NgramError> {
    let mut orders: Vec<Order> = Vec::new();
    for (index, counts) in counts.into_iter().enumerate() {
        let discounts = match (Discounts::from_counts(counts.seen), fallback) {
            (Ok(discounts), _) | (Err(_), Some(discounts)) => discounts,
            (Err(fault), None) => return Err(NgramError::Discounts { order: index + 1, fault }),
        };
        let probs = match orders.last_mut() {
            None => unigrams(&counts, discounts, space)?,
            Some(shorter) => {
                let (backoffs, parts) = match index + 1 {
                    2 => by_history::<5>(&counts.tape, discounts, space),
                    3 => by_history::<6>(&counts.tape, discounts, space),
                    4 => by_history::<7>(&counts.tape, discounts, space),
                    5 => by_history::<8>(&counts.tape, discounts, space),
                    _ => by_history::<{ MAX_TRAINED + 3 }>(&counts.tape, discounts, space),
                }?;
                shorter.backoffs = backoffs;
                interpolated(&counts.tape, parts, &shorter.probs, space)?
            }
        };
        orders.push(Order { probs, backoffs: space.tape(index + 2), kept: counts.kept, discounts });
    }
    Ok(orders)
}

/// Unigrams are interpolated with the uniform distribution over all words, `<unk>` among them; `<s>` is never predicted.
fn unigrams(counts: &Counts, discounts: Discounts, space: &Space) -> Result<Tape> {
    let (mut sum, mut left) = (0.0, 0.0);
    let mut rows = counts.tape.read()?;
    while let Some([_, count]) = rows.row() {
        sum += f64::from(*count);
        left += discounts.of(*count);
        rows.advance()?;
    }
    let uniform = 1.0 / (counts.kept - 1) as f64;
    let mut out = space.tape(2);
    let mut rows = counts.tape.read()?;
    while let Some([word, count]) = rows.row() {
        let prob = ((f64::from(*count) - discounts.of(*count)) / sum + left / sum * uniform) as f32;
        out.push([*word, if *word == BOS { 1.0f32 } else { prob }.to_bits()])?;
        rows.advance()?;
    }
    Ok(out)
}

/// A 64-bit number as two, so that they sort alike.
fn halves(number: u64) -> [u32; 2] {
    [(number >> 32) as u32, number as u32]
}

fn whole(halves: [u32; 2]) -> u64 {
    u64::from(halves[0]) << 32 | u64::from(halves[1])
}

/// For each n-gram its place, its probability before interpolation, and the share that its history leaves to shorter ones.
type Parts = Sorted<6>;

/// The back-off weights of the histories of `W - 3` words less one, and the parts of the n-grams in the order of their places.
fn by_history<const W: usize>(counts: &Tape, discounts: Discounts, space: &Space) -> Result<(Tape, Parts)> {
    let n = W - 3;
    let mut sorter = space.sorter::<W>();
    let mut rows = counts.read()?;
    let mut places = 0u64..;
    while let (Some(row), Some(place)) = (rows.row(), places.next()) {
        // History, last word, count, place.
        let mut out = [0; W];
        out[..n - 1].copy_from_slice(&row[1..n]);
        out[n - 1] = row[0];
        out[n] = row[n];
        out[n + 1..].copy_from_slice(&halves(place));
        sorter.push(out)?;
        rows.advance()?;
    }
    let mut sorted = sorter.finish()?;
    let (mut backoffs, mut parts) = (space.tape(n), space.sorter::<6>());
    let mut next = sorted.next()?;
    let mut group = Vec::new();
    while let Some(first) = next {
        let history = &first[..n - 1];
        group.clear();
        let (mut all, mut left) = (0.0f64, 0.0f64);
        while let Some(row) = next.filter(|row| row[..n - 1] == *history) {
            let (pruned, count) = (row[n] & PRUNED != 0, row[n] & !PRUNED);
            all += f64::from(count);
            left += if pruned { f64::from(count) } else { discounts.of(count) };
            group.push((count, [row[n + 1], row[n + 2]]));
            next = sorted.next()?;
        }
        backoffs.push(history.iter().copied().chain([((left / all) as f32).to_bits()]))?;
        for (count, place) in &group {
            let [own_high, own_low] = halves(((f64::from(*count) - discounts.of(*count)) / all).to_bits());
            let [left_high, left_low] = halves((left / all).to_bits());
            parts.push([place[0], place[1], own_high, own_low, left_high, left_low])?;
        }
    }
    Ok((backoffs, parts.finish()?))
}

/// Probabilities, each with what its history leaves to the n-gram without its first word.
fn interpolated(counts: &Tape, mut parts: Parts, shorter: &Tape, space: &Space) -> Result<Tape> {
    let n = counts.width - 1;
    let mut out = space.tape(n + 1);
    let (mut rows, mut shorter) = (counts.read()?, shorter.read()?);
    while let (Some(row), Some([_, _, own_high, own_low, left_high, left_low])) = (rows.row(), parts.next()?) {
        let lower = shorter.seek(&row[..n - 1])?.map_or(0.0, |prob| f32::from_bits(prob & !PRUNED));
        let [own, left] = [[own_high, own_low], [left_high, left_low]].map(|bits| f64::from_bits(whole(bits)));
        let prob = (own + left * f64::from(lower)) as f32;
        out.push(row[..n].iter().copied().chain([prob.to_bits() | (row[n] & PRUNED)]))?;
        rows.advance()?;
    }
    Ok(out)
}
