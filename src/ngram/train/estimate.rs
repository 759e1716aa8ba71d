//! From counts to probabilities, order by order.

use super::BOS;
use super::counts::Grams;
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
    fn from_counts(seen: [u64; 4]) -> Result<Discounts, String> {
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

/// Marks the count of an n-gram that is pruned; counts stay below it.
const PRUNED: u32 = 1 << 31;

/// The n-grams of one order. Those of order 1 stand at their ids.
#[derive(Default)]
pub(super) struct Order {
    /// The row that an n-gram is a prefix of: the first of them.
    at: Vec<u32>,
    /// How often it occurs (the longest, and what begins a sentence), or after how many different words; and whether it is pruned.
    count: Vec<u32>,
    prob: Vec<f32>,
    /// Empty for the longest.
    backoff: Vec<f32>,
    /// The discounts used.
    pub discounts: Option<Discounts>,
}

/// An n-gram of a model: the last word first, and linear probability and back-off weight.
pub(super) struct Entry<'a> {
    pub words: &'a [u32],
    pub prob: f32,
    pub backoff: f32,
}

pub(super) struct Estimate {
    /// From order 1.
    pub orders: Vec<Order>,
}

impl Estimate {
    /// `least`: the counts, from order 2, up to which n-grams are pruned.
    pub fn new(grams: &Grams, word_count: usize, least: &[u32], fallback: Option<Discounts>) -> Result<Estimate, NgramError> {
        let mut orders = adjusted(grams, word_count, least);
        for index in 0..orders.len() {
            let discounts = Discounts::from_counts(orders[index].seen(index));
            let discounts = match (discounts, fallback) {
                (Ok(discounts), _) | (Err(_), Some(discounts)) => discounts,
                (Err(fault), None) => return Err(NgramError::Discounts { order: index + 1, fault }),
            };
            orders[index].discounts = Some(discounts);
            if index == 0 {
                orders[0].estimate_unigrams(discounts);
            } else {
                let (shorter, longer) = orders.split_at_mut(index);
                longer[0].estimate(&mut shorter[index - 1], grams, index + 1, word_count, discounts);
            }
        }
        Ok(Estimate { orders })
    }

    /// The n-grams of an order that are not pruned, in an order of their own.
    pub fn entries<'a>(&'a self, grams: &'a Grams, order: usize) -> impl Iterator<Item = Entry<'a>> {
        let of = &self.orders[order - 1];
        let kept = (0..of.count.len()).filter(move |index| of.count[*index] & PRUNED == 0);
        kept.map(move |index| Entry {
            words: if order == 1 { &[] } else { &grams.words(of.at[index] as usize)[..order] },
            prob: of.prob[index],
            backoff: of.backoff.get(index).copied().unwrap_or(1.0),
        })
    }

    /// How many those are.
    pub fn len(&self, order: usize) -> u64 {
        self.orders[order - 1].count.iter().filter(|count| **count & PRUNED == 0).count() as u64
    }
}

/// One pass over the rows: which n-grams there are, and their adjusted counts.
fn adjusted(grams: &Grams, word_count: usize, least: &[u32]) -> Vec<Order> {
    let mut orders: Vec<Order> = (0..grams.order).map(|_| Order::default()).collect();
    orders[0].count = vec![0; word_count];
    // How often the latest n-gram of each order has occurred, which is what pruning goes by.
    let mut raw = vec![0u32; grams.order + 1];
    let close = |order: &mut Order, raw: u32, n: usize| {
        if n >= 2
            && raw <= least[n - 2]
            && let Some(count) = order.count.last_mut()
        {
            *count |= PRUNED;
        }
    };
    let mut before: &[u32] = &[];
    for row in 0..grams.len() {
        let words = grams.words(row);
        let length = words.iter().position(|word| *word == BOS).map_or(grams.order, |at| at + 1);
        let shared = before.iter().zip(words).take_while(|(a, b)| a == b).count();
        for n in shared + 1..=length {
            let order = &mut orders[n - 1];
            if n >= 2 {
                close(order, raw[n], n);
                order.at.push(row as u32);
                order.count.push(0);
                // The n-gram one shorter has another word before it.
                let shorter = if n == 2 { orders[0].count.get_mut(words[0] as usize) } else { orders[n - 2].count.last_mut() };
                shorter.into_iter().for_each(|count| *count += 1);
            }
            raw[n] = 0;
        }
        let count = grams.count(row);
        raw[1..=length].iter_mut().for_each(|raw| *raw = raw.saturating_add(count));
        if length == grams.order || words[length - 1] == BOS {
            let longest = if length == 1 { orders[0].count.get_mut(words[0] as usize) } else { orders[length - 1].count.last_mut() };
            longest.into_iter().for_each(|adjusted| *adjusted = adjusted.saturating_add(count).min(PRUNED - 1));
        }
        before = words;
    }
    for n in 2..=grams.order {
        close(&mut orders[n - 1], raw[n], n);
    }
    orders
}

impl Order {
    /// How many n-grams have the counts 1 to 4.
    fn seen(&self, index: usize) -> [u64; 4] {
        let mut seen = [0; 4];
        // <unk> and <s> are not counted.
        let not_words = if index == 0 { 2 } else { 0 };
        for count in self.count.iter().skip(not_words).map(|count| count & !PRUNED) {
            if let Some(slot) = (count as usize).checked_sub(1).and_then(|at| seen.get_mut(at)) {
                *slot += 1;
            }
        }
        seen
    }

    /// Unigrams are interpolated with the uniform distribution over all words, `<unk>` among them; `<s>` is never predicted.
    fn estimate_unigrams(&mut self, discounts: Discounts) {
        let sum: f64 = self.count.iter().map(|count| f64::from(*count)).sum();
        let left: f64 = self.count.iter().map(|count| discounts.of(*count)).sum();
        let uniform = 1.0 / (self.count.len() - 1) as f64;
        let prob = |count: &u32| ((f64::from(*count) - discounts.of(*count)) / sum + left / sum * uniform) as f32;
        self.prob = self.count.iter().map(prob).collect();
        self.prob[BOS as usize] = 1.0;
    }

    /// `shorter` has its probabilities, and is given its back-off weights.
    fn estimate(&mut self, shorter: &mut Order, grams: &Grams, n: usize, word_count: usize, discounts: Discounts) {
        let histories = shorter.histories(&self.at, grams, n, word_count);
        let mut sums = vec![(0.0f64, 0.0f64); shorter.count.len()];
        for (history, count) in histories.iter().zip(&self.count) {
            let (all, left) = &mut sums[*history as usize];
            let (pruned, count) = (count & PRUNED != 0, count & !PRUNED);
            *all += f64::from(count);
            *left += if pruned { f64::from(count) } else { discounts.of(count) };
        }
        let mut suffix = 0;
        self.prob = Vec::with_capacity(self.count.len());
        for ((history, count), at) in histories.iter().zip(&self.count).zip(&self.at) {
            // The words without the first are a prefix of the same row, so both lists are walked together.
            let lower = if n == 2 {
                grams.words(*at as usize)[0] as usize
            } else {
                while shorter.at.get(suffix + 1).is_some_and(|next| next <= at) {
                    suffix += 1;
                }
                suffix
            };
            let (all, left) = sums[*history as usize];
            let count = count & !PRUNED;
            let prob = (f64::from(count) - discounts.of(count)) / all + left / all * f64::from(shorter.prob[lower]);
            self.prob.push(prob as f32);
        }
        shorter.backoff = sums.into_iter().map(|(all, left)| if all > 0.0 { (left / all) as f32 } else { 1.0 }).collect();
    }

    /// For n-grams at these rows the place in this order of all their words but the last.
    fn histories(&self, rows: &[u32], grams: &Grams, n: usize, word_count: usize) -> Vec<u32> {
        let history = |row: &u32| &grams.words(*row as usize)[1..n];
        if n == 2 {
            return rows.iter().map(|row| history(row)[0]).collect();
        }
        // Where the n-grams of this order that end in each word begin.
        let mut begins = vec![0u32; word_count + 1];
        for at in &self.at {
            begins[grams.words(*at as usize)[0] as usize + 1] += 1;
        }
        for word in 0..word_count {
            begins[word + 1] += begins[word];
        }
        let find = |row: &u32| {
            let wanted = history(row);
            let (begin, end) = (begins[wanted[0] as usize], begins[wanted[0] as usize + 1]);
            let within = &self.at[begin as usize..end as usize];
            begin + within.partition_point(|at| &grams.words(*at as usize)[..n - 1] < wanted) as u32
        };
        rows.iter().map(find).collect()
    }
}
