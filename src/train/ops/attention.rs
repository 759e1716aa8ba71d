//! Causal multi-head self-attention (Vaswani et al. 2017) over segments: a token sees itself and what precedes it in its own segment.
//!
//! Queries go in blocks, and a block is multiplied only with the keys up to its end, which saves almost half of the products.

use std::ops::Range;

use super::matrix::{Matrix, MatrixMut, Output, product};
use super::simd::{dot, exp, max, sum, wide};

/// Queries of one block.
const BLOCK: usize = 64;

/// Heads and the width of all of them together. A row of `qkv` holds the queries of all heads, then the keys, then the values.
#[derive(Clone, Copy, Debug)]
pub struct Attention {
    /// Number of heads.
    pub heads: usize,
    /// Numbers of all heads together.
    pub width: usize,
}

/// A block of queries of one head: where its rows are, which keys it sees, where its probabilities lie.
struct Block {
    queries: Range<usize>,
    keys: Range<usize>,
    head: usize,
    probabilities: Range<usize>,
}

impl Attention {
    /// How many probabilities the segments take.
    pub fn probabilities(self, segments: &[Range<usize>]) -> usize {
        self.blocks(segments).last().map_or(0, |block| block.probabilities.end)
    }

    fn blocks(self, segments: &[Range<usize>]) -> impl Iterator<Item = Block> {
        let mut taken = 0;
        segments
            .iter()
            .flat_map(move |segment| (0..self.heads).map(move |head| (segment.clone(), head)))
            .flat_map(move |(segment, head)| {
                segment.clone().step_by(BLOCK).map(move |start| {
                    let end = (start + BLOCK).min(segment.end);
                    (start..end, segment.start..end, head)
                })
            })
            .map(move |(queries, keys, head)| {
                let start = taken;
                taken += queries.len() * keys.len();
                Block { queries, keys, head, probabilities: start..taken }
            })
    }

    /// Rows of queries (part 0), keys (1) or values (2) of a head.
    fn part<'a>(self, qkv: &'a [f32], rows: &Range<usize>, part: usize, head: usize) -> Matrix<'a> {
        Matrix::within(&qkv[self.place(rows, part, head)..], rows.len(), self.width / self.heads, 3 * self.width)
    }

    fn part_mut<'a>(self, qkv: &'a mut [f32], rows: &Range<usize>, part: usize, head: usize) -> MatrixMut<'a> {
        let place = self.place(rows, part, head);
        MatrixMut::within(&mut qkv[place..], rows.len(), self.width / self.heads, 3 * self.width)
    }

    fn place(self, rows: &Range<usize>, part: usize, head: usize) -> usize {
        rows.start * 3 * self.width + part * self.width + head * (self.width / self.heads)
    }

    /// Sets `out` (n x width) from `qkv` (n x 3 width), and `probabilities`, which the backward pass wants.
    pub fn forward(self, qkv: &[f32], segments: &[Range<usize>], probabilities: &mut [f32], out: &mut [f32]) {
        let size = self.width / self.heads;
        let scale = 1.0 / (size as f32).sqrt();
        for block in self.blocks(segments) {
            let (rows, seen) = (block.queries.len(), block.keys.len());
            let p = &mut probabilities[block.probabilities];
            let queries = self.part(qkv, &block.queries, 0, block.head);
            product(MatrixMut::new(p, rows, seen), Output::Set, queries, self.part(qkv, &block.keys, 1, block.head).t());
            causal_softmax(p, rows, scale);
            let target = MatrixMut::within(&mut out[block.queries.start * self.width + block.head * size..], rows, size, self.width);
            product(target, Output::Set, Matrix::new(p, rows, seen), self.part(qkv, &block.keys, 2, block.head));
        }
    }

    /// Sets `dqkv` from `dout`, the gradient of [`Attention::forward`]'s `out`.
    pub fn backward(self, qkv: &[f32], segments: &[Range<usize>], probabilities: &[f32], dout: &[f32], dqkv: &mut [f32]) {
        let size = self.width / self.heads;
        let scale = 1.0 / (size as f32).sqrt();
        dqkv.fill(0.0);
        let mut ds = Vec::new();
        for block in self.blocks(segments) {
            let (rows, seen, head) = (block.queries.len(), block.keys.len(), block.head);
            let p = &probabilities[block.probabilities];
            let dout = Matrix::within(&dout[block.queries.start * self.width + head * size..], rows, size, self.width);
            product(self.part_mut(dqkv, &block.keys, 2, head), Output::Add, Matrix::new(p, rows, seen).t(), dout);
            ds.resize(rows * seen, 0.0);
            product(MatrixMut::new(&mut ds, rows, seen), Output::Set, dout, self.part(qkv, &block.keys, 2, head).t());
            softmax_backward(p, &mut ds, seen, scale);
            let ds = Matrix::new(&ds, rows, seen);
            product(self.part_mut(dqkv, &block.queries, 0, head), Output::Set, ds, self.part(qkv, &block.keys, 1, head));
            product(self.part_mut(dqkv, &block.keys, 1, head), Output::Add, ds.t(), self.part(qkv, &block.queries, 0, head));
        }
    }
}

wide! {
    /// Scores of `rows` queries become probabilities; the last query sees all of its row, the one before it one key less, and so on.
    fn causal_softmax(scores: &mut [f32], rows: usize, scale: f32) {
        let seen = scores.len() / rows;
        for (i, row) in scores.chunks_exact_mut(seen).enumerate() {
            let (row, later) = row.split_at_mut(seen - rows + i + 1);
            let largest = max(row);
            row.iter_mut().for_each(|s| *s = exp((*s - largest) * scale));
            let share = 1.0 / sum(row);
            row.iter_mut().for_each(|s| *s *= share);
            later.fill(0.0);
        }
    }
}

wide! {
    /// Gradients of probabilities become those of the scores before scaling.
    fn softmax_backward(probabilities: &[f32], gradient: &mut [f32], seen: usize, scale: f32) {
        for (p, ds) in probabilities.chunks_exact(seen).zip(gradient.chunks_exact_mut(seen)) {
            let along = dot(p, ds);
            ds.iter_mut().zip(p).for_each(|(ds, p)| *ds = p * (*ds - along) * scale);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{close, noise};
    use super::*;

    const SHAPE: Attention = Attention { heads: 2, width: 6 };

    fn run(qkv: &[f32], segments: &[Range<usize>]) -> (Vec<f32>, Vec<f32>) {
        let mut probabilities = vec![f32::NAN; SHAPE.probabilities(segments)];
        let mut out = vec![0.0; qkv.len() / 3];
        SHAPE.forward(qkv, segments, &mut probabilities, &mut out);
        (out, probabilities)
    }

    #[test]
    fn attention_gradient_over_blocks_and_segments() {
        let segments = [0..70, 70..75];
        let (qkv, dy) = (noise(75 * 18, 1), noise(75 * 6, 2));
        let mut dqkv = vec![f32::NAN; qkv.len()];
        SHAPE.backward(&qkv, &segments, &run(&qkv, &segments).1, &dy, &mut dqkv);
        close(&dqkv, &qkv, &dy, |qkv| run(qkv, &segments).0);
    }

    #[test]
    fn nothing_is_seen_of_what_comes_later_or_of_other_segments() {
        let segments = [0..66, 66..70];
        let qkv = noise(70 * 18, 1);
        let before = run(&qkv, &segments).0;
        let mut other = qkv.clone();
        other[65 * 18..66 * 18].iter_mut().for_each(|x| *x += 1.0);
        let after = run(&other, &segments).0;
        assert_eq!(before[..65 * 6], after[..65 * 6]);
        assert_ne!(before[65 * 6..66 * 6], after[65 * 6..66 * 6]);
        assert_eq!(before[66 * 6..], after[66 * 6..]);
    }
}
