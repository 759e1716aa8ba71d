//! Objectives that read from left to right: the next token, of everything, of answers, of what follows a beginning, and with the middle moved to the end.

use super::super::data::Row;
use super::super::random::Random;
use super::{SHORTEST, Sample, Task, spans};
use crate::shard::mask::LOSS;

/// Causal language modelling: every token predicts its successor in its document.
///
/// Each span of the row is a segment: attention and positions start anew with it, so documents that share a row do not see each other.
pub fn causal(row: &Row) -> Sample {
    let mut sample = Sample { tokens: row.ids.len(), ..Sample::default() };
    for (ids, _, next, _) in spans(row) {
        sample.push(ids.iter().copied(), successors(ids, next), 0);
    }
    sample
}

/// The same, but only successors with the mark [`LOSS`] count.
pub(super) fn answers(row: &Row) -> Sample {
    let mut sample = Sample::default();
    for (ids, marks, next, next_mark) in spans(row) {
        let marks = marks.iter().skip(1).copied().chain([next_mark]);
        let targets = successors(ids, next).zip(marks).map(|(target, mark)| target.filter(|_| mark & LOSS != 0));
        sample.push(ids.iter().copied(), targets, 0);
    }
    sample
}

/// Each span twice: as it is, and backwards with kind 1.
pub(super) fn both_directions(row: &Row) -> Sample {
    let mut sample = Sample::default();
    for (ids, _, next, _) in spans(row) {
        sample.push(ids.iter().copied(), successors(ids, next), 0);
        let (first, reversed) = (sample.inputs.len(), ids.iter().rev().copied().collect::<Vec<_>>());
        sample.push(reversed.iter().copied(), successors(&reversed, None), 0);
        sample.kinds[first..].fill(1);
    }
    sample
}

/// Where the first token stands that counts: the end of an input, or of a prompt.
fn border(marks: &[u8]) -> usize {
    marks.iter().position(|mark| mark & LOSS != 0).unwrap_or(marks.len())
}

fn successors(ids: &[u32], next: Option<u32>) -> impl Iterator<Item = Option<u32>> {
    ids.iter().skip(1).copied().map(Some).chain([next])
}

impl Task {
    /// Each span is cut at a place of its own.
    pub(super) fn prefix_lm(&self, row: &Row, random: &mut Random) -> Sample {
        let mut sample = Sample::default();
        for (ids, ..) in spans(row) {
            let cut = if ids.len() < SHORTEST { ids.len() } else { 1 + random.below(ids.len() - 1) };
            sample.push_pair(&ids[..cut], self.token("start"), &ids[cut..]);
        }
        sample
    }

    /// What does not count at the beginning of a span is the input, the rest the target. An encoder and a decoder take the first `seq_len` tokens of each; where they share the
    /// places, what there is of the input beside the target.
    pub(super) fn seq2seq(&self, row: &Row) -> Sample {
        let mut sample = Sample::default();
        for (ids, marks, ..) in spans(row) {
            let (source, target) = ids.split_at(border(marks));
            let target = &target[..target.len().min(self.seq_len)];
            let most = if self.encoder { self.seq_len } else { self.seq_len - target.len() };
            sample.push_pair(&source[..source.len().min(most)], self.token("start"), target);
        }
        sample
    }

    /// What stands before the first answer, its last half of a row; there is no target, since the model gives its own.
    pub(super) fn prompt(&self, row: &Row) -> Sample {
        let mut sample = Sample::default();
        for (ids, marks, ..) in spans(row) {
            let prompt = &ids[..border(marks).clamp(1, ids.len())];
            let prompt = &prompt[prompt.len().saturating_sub(self.seq_len.div_ceil(2))..];
            sample.push(prompt.iter().copied(), std::iter::repeat_n(None, prompt.len()), 0);
        }
        sample
    }

    /// Every other span becomes beginning, end and middle, each behind a token that says so, and ends with `eos`; four tokens of its end make room for these.
    pub(super) fn fill_middle(&self, row: &Row, random: &mut Random) -> Sample {
        const SHORTEST: usize = 8;
        let mut sample = Sample::default();
        for (ids, _, next, _) in spans(row) {
            if ids.len() < SHORTEST || random.below(2) == 0 {
                sample.push(ids.iter().copied(), successors(ids, next), 0);
                continue;
            }
            let ids = &ids[..ids.len() - 4];
            let (a, b) = (random.below(ids.len() + 1), random.below(ids.len() + 1));
            let (from, to) = (a.min(b), a.max(b));
            let parts = [("fim_prefix", &ids[..from]), ("fim_suffix", &ids[to..]), ("fim_middle", &ids[from..to])];
            let moved: Vec<u32> = parts.into_iter().flat_map(|(role, part)| [self.token(role)].into_iter().chain(part.iter().copied())).collect();
            sample.push(moved.iter().copied(), successors(&moved, Some(self.token("eos"))), 0);
        }
        sample
    }
}
