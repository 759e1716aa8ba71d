//! Counting: every distinct n-gram of the highest order with its count, sorted by its words from the last to the first.
//!
//! A row is an array of `order + 1` numbers: the ids of the words, last word first, then the count. Rows of equal words are joined whenever the
//! buffer is full. Sorted so, the n-grams that end alike stand together, and all shorter n-grams are prefixes of rows.

use super::{BOS, EOS};
use crate::ngram::MAX_TRAINED;

/// Bytes that an n-gram takes for each order while a model is estimated and written: its place, count, probability and back-off weight (16), the
/// place of its history (4), sums over its continuations (16), and its row in KenLM's hash table (24).
const GRAM_BYTES: usize = 60;
/// Rows that are collected before the first joining.
const FIRST: usize = 1 << 20;

/// Rows of all orders there are.
pub(super) enum Counter {
    One(Rows<2>),
    Two(Rows<3>),
    Three(Rows<4>),
    Four(Rows<5>),
    Five(Rows<6>),
    Six(Rows<7>),
}

macro_rules! each {
    ($counter:expr, $rows:ident => $do:expr) => {
        match $counter {
            Counter::One($rows) => $do,
            Counter::Two($rows) => $do,
            Counter::Three($rows) => $do,
            Counter::Four($rows) => $do,
            Counter::Five($rows) => $do,
            Counter::Six($rows) => $do,
        }
    };
}

impl Counter {
    pub fn new(order: usize) -> Option<Counter> {
        Some(match order {
            1 => Counter::One(Rows::default()),
            2 => Counter::Two(Rows::default()),
            3 => Counter::Three(Rows::default()),
            4 => Counter::Four(Rows::default()),
            5 => Counter::Five(Rows::default()),
            MAX_TRAINED => Counter::Six(Rows::default()),
            _ => return None,
        })
    }

    /// Counts the n-grams of a sentence that ends in `</s>`. Fails with the number of distinct n-grams that `memory` bytes have no room for.
    pub fn add(&mut self, sentence: &[u32], memory: usize) -> Result<(), usize> {
        each!(self, rows => rows.add(sentence, memory))
    }

    pub fn finish(self, memory: usize) -> Result<Grams, usize> {
        each!(self, rows => rows.finish(memory))
    }
}

pub(super) struct Rows<const M: usize> {
    rows: Vec<[u32; M]>,
    /// The number of rows at which they are joined next, and the least there is.
    full: usize,
    least: usize,
}

impl<const M: usize> Default for Rows<M> {
    fn default() -> Rows<M> {
        Rows { rows: Vec::new(), full: FIRST, least: FIRST }
    }
}

impl<const M: usize> Rows<M> {
    #[cfg(test)]
    pub fn joining_at(full: usize) -> Rows<M> {
        Rows { full, least: full, ..Rows::default() }
    }

    /// Distinct n-grams that there is room for.
    fn most(memory: usize) -> usize {
        // Twice the rows: while they are collected there may be as many again.
        (memory / (2 * 4 * M + GRAM_BYTES * (M - 1))).min(u32::MAX as usize / 2)
    }

    pub fn add(&mut self, sentence: &[u32], memory: usize) -> Result<(), usize> {
        let mut row = [BOS; M];
        row[M - 1] = 1;
        for word in sentence {
            debug_assert!(*word >= EOS);
            row.copy_within(0..M - 2, 1);
            row[0] = *word;
            self.rows.push(row);
        }
        if self.rows.len() < self.full {
            return Ok(());
        }
        self.join();
        let most = Self::most(memory);
        self.full = (2 * self.rows.len()).min(2 * most).max(self.least);
        self.rows.reserve_exact(self.full.saturating_sub(self.rows.len()));
        if self.rows.len() > most { Err(self.rows.len()) } else { Ok(()) }
    }

    fn join(&mut self) {
        self.rows.sort_unstable();
        self.rows.dedup_by(|later, first| {
            let same = later[..M - 1] == first[..M - 1];
            if same {
                first[M - 1] = first[M - 1].saturating_add(later[M - 1]);
            }
            same
        });
    }

    pub fn finish(mut self, memory: usize) -> Result<Grams, usize> {
        self.join();
        self.rows.shrink_to_fit();
        if self.rows.len() > Self::most(memory) {
            return Err(self.rows.len());
        }
        Ok(Grams { order: M - 1, rows: self.rows.into_flattened() })
    }
}

/// All distinct n-grams of the highest order, sorted; those that begin a sentence are filled up with `<s>`.
pub(super) struct Grams {
    pub order: usize,
    rows: Vec<u32>,
}

impl Grams {
    pub fn len(&self) -> usize {
        self.rows.len() / (self.order + 1)
    }

    /// The words of a row, last word first.
    pub fn words(&self, row: usize) -> &[u32] {
        let at = row * (self.order + 1);
        &self.rows[at..at + self.order]
    }

    pub fn count(&self, row: usize) -> u32 {
        self.rows[(row + 1) * (self.order + 1) - 1]
    }
}
