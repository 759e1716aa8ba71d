//! Counting: every distinct n-gram of the highest order with its count, sorted by its words from the last to the first.
//!
//! A row is an array of `order + 1` numbers: the ids of the words, last word first, then the count. Sorted so, the n-grams that end alike stand
//! together, and all shorter n-grams are prefixes of rows.

use std::io::Result;

use super::spill::{Sorted, Sorter, Space, Tape};
use super::{BOS, EOS};
use crate::ngram::MAX_TRAINED;

/// Marks the count of an n-gram that is pruned; counts stay below it.
pub(super) const PRUNED: u32 = 1 << 31;

/// Rows of all orders there are.
pub(super) enum Counter {
    One(Sorter<2>),
    Two(Sorter<3>),
    Three(Sorter<4>),
    Four(Sorter<5>),
    Five(Sorter<6>),
    Six(Sorter<7>),
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
    pub fn new(order: usize, space: &Space) -> Option<Counter> {
        Some(match order {
            1 => Counter::One(space.counter()),
            2 => Counter::Two(space.counter()),
            3 => Counter::Three(space.counter()),
            4 => Counter::Four(space.counter()),
            5 => Counter::Five(space.counter()),
            MAX_TRAINED => Counter::Six(space.counter()),
            _ => return None,
        })
    }

    /// Counts the n-grams of a sentence that ends in `</s>`, in `memory` bytes.
    pub fn add(&mut self, sentence: &[u32], memory: usize) -> Result<()> {
        each!(self, rows => add(rows, sentence, memory))
    }

    /// The n-grams of every order, from 1. `least`: the counts, from order 2, up to which n-grams are pruned.
    pub fn finish(self, least: &[u32], space: &Space) -> Result<Vec<Counts>> {
        each!(self, rows => adjusted(rows.finish()?, least, space))
    }
}

fn add<const M: usize>(rows: &mut Sorter<M>, sentence: &[u32], memory: usize) -> Result<()> {
    rows.allow(memory / 3 * 2);
    let mut row = [BOS; M];
    row[M - 1] = 1;
    for word in sentence {
        debug_assert!(*word >= EOS);
        row.copy_within(0..M - 2, 1);
        row[0] = *word;
        rows.push(row)?;
    }
    Ok(())
}

/// The n-grams of one order with their adjusted counts: how often one occurs (the longest, and what begins a sentence), or after how many
/// different words.
pub(super) struct Counts {
    /// The words, last word first, then the count with its mark. Unigrams begin with `<unk>` and `<s>`, which have the count 0.
    pub tape: Tape,
    /// How many have the counts 1 to 4.
    pub seen: [u64; 4],
    /// How many are not pruned.
    pub kept: u64,
}

impl Counts {
    fn put(&mut self, words: &[u32], count: u32, pruned: bool) -> Result<()> {
        if let Some(slot) = (count as usize).checked_sub(1).and_then(|at| self.seen.get_mut(at)) {
            *slot += 1;
        }
        self.kept += u64::from(!pruned);
        self.tape.push(words.iter().copied().chain([count | if pruned { PRUNED } else { 0 }]))
    }
}

/// An n-gram whose rows are being read: its adjusted count, and how often it has occurred, which is what pruning goes by.
#[derive(Clone, Copy, Default)]
struct Open {
    adjusted: u32,
    occurred: u32,
}

/// One pass over the rows.
fn adjusted<const M: usize>(mut rows: Sorted<M>, least: &[u32], space: &Space) -> Result<Vec<Counts>> {
    let highest = M - 1;
    let mut orders: Vec<Counts> = (1..=highest).map(|n| Counts { tape: space.tape(n + 1), seen: [0; 4], kept: 0 }).collect();
    orders[0].put(&[0], 0, false)?;
    orders[0].put(&[BOS], 0, false)?;
    let mut open = [Open::default(); M];
    let (mut before, mut depth) = ([0; M], 0);
    loop {
        let row = rows.next()?;
        let shared = row.map_or(0, |row| before[..depth].iter().zip(&row).take_while(|(a, b)| a == b).count());
        for n in shared + 1..=depth {
            let Open { adjusted, occurred } = open[n];
            orders[n - 1].put(&before[..n], adjusted, n >= 2 && occurred <= least[n - 2])?;
        }
        let Some(row) = row else { break };
        depth = row[..highest].iter().position(|word| *word == BOS).map_or(highest, |at| at + 1);
        for n in shared + 1..=depth {
            open[n] = Open::default();
            // The n-gram one shorter has another word before it.
            open[n - 1].adjusted += 1;
        }
        let count = row[highest];
        open[1..=depth].iter_mut().for_each(|open| open.occurred = open.occurred.saturating_add(count));
        if depth == highest || row[depth - 1] == BOS {
            open[depth].adjusted = open[depth].adjusted.saturating_add(count).min(PRUNED - 1);
        }
        before = row;
    }
    Ok(orders)
}
