//! Rows held against each other, in bounded memory: a record for each row under a hash of its prompt, in as many passes over the files as records fit.

use super::{Findings, Place};
use crate::dedup::normal::{Normal, digest};
use crate::doc::{Role, Turn};

/// Most records of a pass: 40 bytes each.
pub(super) const RECORDS: usize = 8 << 20;

/// What a row is to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Record {
    /// Of the prompt; of a pair, of both answers besides, in an order of their own.
    key: u64,
    place: Place,
    /// Of the answer; of a pair, which of the two is chosen.
    answer: u64,
    pair: bool,
}

impl Record {
    /// The record of a row; `None` where nothing is said but white space.
    pub fn of(turns: &[Turn<'_>], place: Place) -> Option<Record> {
        let hash = |text: &str| digest(text, Normal::Space).map_or(0, |digest| digest as u64);
        let joined = |turns: &[Turn<'_>]| {
            let parts: String = turns.iter().map(|turn| format!("{}:{:016x};", turn.role.name(), hash(turn.content))).collect();
            hash(&parts)
        };
        match turns {
            [prompt @ .., chosen, rejected] if rejected.role == Role::Rejected => {
                let (chosen, rejected) = (hash(chosen.content), hash(rejected.content));
                let key = hash(&format!("{:x} {:x} {:x}", joined(prompt), chosen.min(rejected), chosen.max(rejected)));
                Some(Record { key, place, answer: u64::from(chosen < rejected), pair: true })
            }
            [prompt @ .., answer] => Some(Record { key: joined(prompt), place, answer: hash(answer.content), pair: false }),
            [] => None,
        }
    }
}

/// The records of one pass: those whose keys lie in a range, which ends where memory does.
pub(super) struct Records {
    range: std::ops::RangeInclusive<u64>,
    most: usize,
    held: Vec<Record>,
}

impl Records {
    /// Of keys from `from` on.
    pub fn new(from: u64, most: usize) -> Records {
        Records { range: from..=u64::MAX, most: most.max(2), held: Vec::new() }
    }

    /// Takes a record if it is of this pass.
    pub fn add(&mut self, record: Record) {
        if !self.range.contains(&record.key) {
            return;
        }
        if self.held.len() >= self.most {
            self.shrink();
            if !self.range.contains(&record.key) {
                return;
            }
        }
        self.held.push(record);
    }

    /// Leaves the upper half of the keys to a later pass. One key alone is not parted.
    fn shrink(&mut self) {
        let middle = self.held.len() / 2;
        let (_, median, _) = self.held.select_nth_unstable_by_key(middle, |record| record.key);
        let end = median.key.saturating_sub(1).max(*self.range.start());
        self.range = *self.range.start()..=end;
        self.held.retain(|record| record.key <= end);
    }

    /// Says what was found, and where the next pass begins, if there is one.
    pub fn end(mut self, findings: &mut Findings) -> Option<u64> {
        self.held.sort_unstable();
        for group in self.held.chunk_by(|a, b| a.key == b.key && a.pair == b.pair) {
            let mut answers = std::collections::BTreeMap::new();
            for record in group {
                let first = group[0].place;
                match answers.get(&record.answer) {
                    Some(earlier) => findings.beside("repeated_row", record.place, "the same stands at", *earlier),
                    None if answers.is_empty() => {}
                    None if record.pair => findings.beside("swapped_pair", record.place, "chosen and rejected stand the other way around at", first),
                    None => findings.beside("conflicting_answers", record.place, "the same turns are answered otherwise at", first),
                }
                answers.entry(record.answer).or_insert(record.place);
            }
        }
        self.range.end().checked_add(1)
    }
}
