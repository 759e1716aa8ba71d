//! Objectives over two parts: does the second follow the first (BERT), do they stand in order (ALBERT), which of two answers is better.

use super::super::data::{Row, Rows};
use super::super::random::Random;
use super::{Sample, Task, spans};
use crate::shard::mask::SENTENCE_START;

/// Share of the pairs that are made shorter than they could be, so that a model sees short texts too (BERT).
const SHORT: f64 = 0.1;

/// How often another row is looked for whose document is not the same.
const TRIES: usize = 16;

/// Ids with their marks.
type Part = Vec<(u32, u8)>;

/// Two documents are one pair, the better one first: the outputs at their ends are compared.
pub(super) fn reward(row: &Row) -> Sample {
    let mut sample = Sample::default();
    for (ids, ..) in spans(row) {
        sample.push(ids.iter().copied(), std::iter::repeat_n(None, ids.len()), 0);
    }
    if let [better, worse] = sample.segments.as_slice() {
        sample.questions = vec![better.places.end - 1, worse.places.end - 1];
        sample.answers = vec![0];
    }
    sample
}

impl Task {
    /// Half of the second parts are taken from another document (class 1).
    pub(super) fn next_sentence(&self, row: &Row, rows: &dyn Rows, random: &mut Random) -> Sample {
        let (first, mut second) = self.halves(row, random);
        let other = random.below(2) == 1;
        if other {
            let document = |row: &Row| row.spans.first().map(|span| span.document);
            let drawn = (0..TRIES).map(|_| rows.row(random.below(rows.rows()))).find(|drawn| document(drawn) != document(row));
            second = drawn.map_or(second, |drawn| self.halves(&drawn, random).1);
        }
        self.pair(first, second, u32::from(other), random)
    }

    /// Half of the pairs have their parts changed (class 1).
    pub(super) fn sentence_order(&self, row: &Row, random: &mut Random) -> Sample {
        let (first, second) = self.halves(row, random);
        if random.below(2) == 1 { self.pair(second, first, 1, random) } else { self.pair(first, second, 0, random) }
    }

    /// A row, its special tokens left out, cut where a sentence starts; in the middle where none does.
    fn halves(&self, row: &Row, random: &mut Random) -> (Part, Part) {
        let mut first: Part = row.ids.iter().copied().zip(row.marks.iter().copied()).filter(|(id, _)| !self.is_special(*id)).collect();
        let starts: Vec<usize> = (1..first.len()).filter(|place| first[*place].1 & SENTENCE_START != 0).collect();
        let cut = if starts.is_empty() { first.len() / 2 } else { starts[random.below(starts.len())] };
        let second = first.split_off(cut);
        (first, second)
    }

    /// `[CLS] first [SEP] second [SEP]`, made to fit by taking off at the far ends of the longer part, with a share of its tokens masked.
    fn pair(&self, mut first: Part, mut second: Part, class: u32, random: &mut Random) -> Sample {
        let mut most = self.row_len();
        if random.unit() < SHORT {
            most = 2 + random.below(most.saturating_sub(1).max(1));
        }
        let over = (first.len() + second.len()).saturating_sub(most);
        // What both lose is such that the longer one is cut down to the other first.
        let of_first = (over + first.len()).saturating_sub(second.len()).div_ceil(2).min(over).min(first.len());
        first.drain(..of_first);
        second.truncate(second.len() - (over - of_first).min(second.len()));

        let (cls, sep) = ((self.token("cls"), 0), (self.token("sep"), 0));
        let border = first.len() + 2;
        let (mut ids, marks): (Vec<u32>, Vec<u8>) = [cls].into_iter().chain(first).chain([sep]).chain(second).chain([sep]).unzip();
        let targets = self.mask(&mut ids, &marks, random);
        let kinds = (0..ids.len()).map(|place| u32::from(place >= border)).collect();
        let mut sample = Sample { questions: vec![0], answers: vec![class], ..Sample::default() };
        let places = ids.len();
        sample.push(ids, targets, places);
        sample.kinds = kinds;
        sample
    }
}
