//! Labels that the shards' mask holds: of whole texts, and of tokens.

use super::super::data::Row;
use super::{Sample, Task, spans};
use crate::shard::mask::label;

impl Task {
    /// Each span is asked for its class: at its first place where that sees the whole text, as BERT's `cls` does, else at its last.
    pub(super) fn classify(&self, row: &Row) -> Sample {
        let mut sample = Sample::default();
        for (ids, marks, ..) in spans(row) {
            let first = sample.inputs.len();
            sample.push(ids.iter().copied(), std::iter::repeat_n(None, ids.len()), if self.both_ways { ids.len() } else { 0 });
            sample.questions.push(if self.both_ways { first } else { first + ids.len() - 1 });
            sample.answers.push(u32::from(label(marks[0])).saturating_sub(1));
        }
        sample
    }

    /// Each token is asked for its label, or for none (class 0); special tokens are not asked.
    pub(super) fn tag(&self, row: &Row) -> Sample {
        let mut sample = Sample::default();
        for (ids, marks, ..) in spans(row) {
            let first = sample.inputs.len();
            sample.push(ids.iter().copied(), std::iter::repeat_n(None, ids.len()), if self.both_ways { ids.len() } else { 0 });
            for place in (0..ids.len()).filter(|place| !self.is_special(ids[*place])) {
                sample.questions.push(first + place);
                sample.answers.push(u32::from(label(marks[place])));
            }
        }
        sample
    }
}
