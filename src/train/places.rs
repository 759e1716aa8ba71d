//! Tokens on their way through a stack.

use std::ops::Range;

use super::objective::Sample;
use super::ops::attention::View;

/// Tokens on their way through a stack.
#[derive(Default)]
pub(super) struct Stream {
    pub ids: Vec<u32>,
    pub positions: Vec<u32>,
    pub kinds: Vec<u32>,
    /// Who sees whom.
    pub views: Vec<View>,
    /// Who sees whom of the encoder's stream.
    pub across: Vec<View>,
}

impl Stream {
    /// Empties it.
    pub fn clear(&mut self) {
        self.ids.clear();
        self.positions.clear();
        self.kinds.clear();
        self.views.clear();
        self.across.clear();
    }

    /// Adds places of a sample that see each other as `prefix` says, and gives where they came to lie.
    pub fn push(&mut self, sample: &Sample, places: Range<usize>, prefix: usize) -> Range<usize> {
        let start = self.ids.len();
        self.ids.extend(&sample.inputs[places.clone()]);
        self.positions.extend(&sample.positions[places.clone()]);
        self.kinds.extend(&sample.kinds[places]);
        let rows = start..self.ids.len();
        if !rows.is_empty() {
            self.views.push(View { queries: rows.clone(), keys: rows.clone(), prefix });
        }
        rows
    }
}

/// Rows of a stream in the order of a recurrence: the first of all texts, longest text first, then the second of those that have one, and so on.
pub(super) struct Steps {
    /// Numbers of the rows.
    pub rows: Vec<usize>,
    /// Which of them a step takes; the texts that go on are always the first ones of the step before.
    pub steps: Vec<Range<usize>>,
}

impl Stream {
    /// The texts of a kind, step by step.
    pub fn steps(&self, kind: u32) -> Steps {
        let mut texts: Vec<Range<usize>> = self.views.iter().map(|view| view.queries.clone()).filter(|rows| self.kinds[rows.start] == kind).collect();
        texts.sort_by_key(|rows| std::cmp::Reverse(rows.len()));
        let (mut rows, mut steps) = (Vec::new(), Vec::new());
        for step in 0..texts.first().map_or(0, Range::len) {
            let first = rows.len();
            rows.extend(texts.iter().take_while(|rows| rows.len() > step).map(|rows| rows.start + step));
            steps.push(first..rows.len());
        }
        Steps { rows, steps }
    }
}

/// Copies rows of `x` one behind the other.
pub(super) fn pick(x: &[f32], rows: &[usize], picked: &mut Vec<f32>, width: usize) {
    picked.clear();
    rows.iter().for_each(|row| picked.extend_from_slice(&x[row * width..(row + 1) * width]));
}

/// Adds rows to those of `x` that they were picked from.
pub(super) fn put_back(picked: &[f32], rows: &[usize], x: &mut [f32], width: usize) {
    for (row, from) in rows.iter().zip(picked.chunks_exact(width)) {
        x[row * width..(row + 1) * width].iter_mut().zip(from).for_each(|(x, p)| *x += p);
    }
}
