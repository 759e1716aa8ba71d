//! Masked language modelling (BERT, RoBERTa): a share of the tokens is to be told from what stands around them.

use std::ops::Range;

use super::super::data::Row;
use super::super::random::Random;
use super::{Sample, Task, spans};
use crate::shard::mask::WORD_START;

/// Share of the tokens that are to be told.
const SHARE: f64 = 0.15;

impl Task {
    /// Spans see themselves both ways.
    pub(super) fn masked(&self, row: &Row, random: &mut Random) -> Sample {
        let mut ids = row.ids.clone();
        let targets = self.mask(&mut ids, &row.marks, random);
        let mut sample = Sample::default();
        let mut at = 0;
        for (span, ..) in spans(row) {
            let here = at..at + span.len();
            at = here.end;
            sample.push(ids[here.clone()].iter().copied(), targets[here].iter().copied(), span.len());
        }
        sample
    }

    /// Chooses tokens that are not special, whole words at a time if asked for, until their share is reached: of ten eight become the mask, one any token, one stays.
    /// Gives what stood there.
    pub(super) fn mask(&self, ids: &mut [u32], marks: &[u8], random: &mut Random) -> Vec<Option<u32>> {
        let mut units: Vec<Range<usize>> = Vec::new();
        for place in (0..ids.len()).filter(|place| !self.is_special(ids[*place])) {
            match units.last_mut() {
                Some(word) if self.whole_words && marks[place] & WORD_START == 0 && word.end == place => word.end += 1,
                _ => units.push(place..place + 1),
            }
        }
        let tokens: usize = units.iter().map(Range::len).sum();
        // One is taken even where all are longer than the share.
        let shortest = units.iter().map(Range::len).min().unwrap_or(0);
        let mut left = ((tokens as f64 * SHARE).round() as usize).max(shortest);
        random.shuffle(&mut units);
        let mut targets = vec![None; ids.len()];
        for unit in units {
            // A word that is longer than what is left waits for another turn.
            if unit.len() > left {
                continue;
            }
            left -= unit.len();
            for place in unit {
                targets[place] = Some(ids[place]);
                match random.below(10) {
                    0 => {}
                    1 => ids[place] = random.below(self.vocab_size) as u32,
                    _ => ids[place] = self.token("mask"),
                }
            }
        }
        targets
    }
}
