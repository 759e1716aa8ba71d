//! Multi-head attention (Vaswani et al. 2017) of queries over keys and values: causal, over a prefix, both ways, or across to another text; heads of
//! keys may be fewer than those of queries (grouped-query attention, Ainslie et al. 2023).
//!
//! Queries go in blocks, and a block is multiplied only with the keys that one of it sees, which saves almost half of the products of causal attention.

use std::ops::Range;

use super::matrix::{Matrix, MatrixMut, Output, product};
use super::position::Distances;
use super::simd::{dot, exp, max, sum, wide};

/// Queries of one block.
const BLOCK: usize = 64;

/// Which keys a run of queries sees: the first `prefix` of `keys` and, for query number i, number i and all before it.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// Rows of the queries.
    pub queries: Range<usize>,
    /// Rows of the keys.
    pub keys: Range<usize>,
    /// Keys that all queries see.
    pub prefix: usize,
}

/// Numbers that a score gets by how far its key lies from its query.
#[derive(Clone, Copy)]
pub struct Bias<'a> {
    /// Heads x distances.
    pub values: &'a [f32],
    /// How distances are numbered.
    pub distances: &'a Distances,
    /// Position of each row.
    pub positions: &'a [u32],
}

/// The shape of an attention, and who sees whom. A row of queries holds all heads; a row of keys and values the keys of all their heads, then the values.
#[derive(Clone, Copy)]
pub struct Attention<'a> {
    /// Heads of the queries.
    pub heads: usize,
    /// Heads of keys and values; divides `heads`.
    pub kv_heads: usize,
    /// Numbers of a head.
    pub size: usize,
    /// Who sees whom; every query stands in one view, and every view has a key.
    pub views: &'a [View],
    /// What is added to scores.
    pub bias: Option<Bias<'a>>,
}

/// A block of queries of one head: where its rows are, which keys it sees, where its probabilities lie.
struct Block {
    queries: Range<usize>,
    keys: Range<usize>,
    /// Keys that the first query sees, if they are more than the prefix.
    first: usize,
    prefix: usize,
    head: usize,
    probabilities: Range<usize>,
}

impl Attention<'_> {
    /// How many probabilities the views take.
    pub fn probabilities(&self) -> usize {
        self.blocks().last().map_or(0, |block| block.probabilities.end)
    }

    fn blocks(&self) -> impl Iterator<Item = Block> {
        let mut taken = 0;
        let all = self.views.iter().flat_map(|view| (0..self.heads).map(move |head| (view, head)));
        all.flat_map(|(view, head)| view.queries.clone().step_by(BLOCK).map(move |start| (view, head, start))).map(move |(view, head, start)| {
            let queries = start..(start + BLOCK).min(view.queries.end);
            let seen = view.prefix.max(queries.end - view.queries.start).min(view.keys.len());
            let begin = taken;
            taken += queries.len() * seen;
            let first = start - view.queries.start + 1;
            Block { queries, keys: view.keys.start..view.keys.start + seen, first, prefix: view.prefix, head, probabilities: begin..taken }
        })
    }

    /// Where the queries of a block begin, or what attention made of them, and the numbers of a row.
    fn query(&self, block: &Block) -> (usize, usize) {
        let stride = self.heads * self.size;
        (block.queries.start * stride + block.head * self.size, stride)
    }

    /// The same for the keys (part 0) or the values (part 1) that a block sees.
    fn key(&self, block: &Block, part: usize) -> (usize, usize) {
        let stride = 2 * self.kv_heads * self.size;
        let head = block.head * self.kv_heads / self.heads + part * self.kv_heads;
        (block.keys.start * stride + head * self.size, stride)
    }

    fn rows<'a>(&self, all: &'a [f32], rows: usize, (start, stride): (usize, usize)) -> Matrix<'a> {
        Matrix::within(&all[start..], rows, self.size, stride)
    }

    fn rows_mut<'a>(&self, all: &'a mut [f32], rows: usize, (start, stride): (usize, usize)) -> MatrixMut<'a> {
        MatrixMut::within(&mut all[start..], rows, self.size, stride)
    }

    /// Sets `out` (rows of queries) from `q` and `kv`, and `probabilities`, which the backward pass wants.
    pub fn forward(&self, q: &[f32], kv: &[f32], probabilities: &mut [f32], out: &mut [f32]) {
        let scale = 1.0 / (self.size as f32).sqrt();
        for block in self.blocks() {
            let (rows, seen) = (block.queries.len(), block.keys.len());
            let p = &mut probabilities[block.probabilities.clone()];
            let queries = self.rows(q, rows, self.query(&block));
            product(MatrixMut::new(p, rows, seen), Output::Set, queries, self.rows(kv, seen, self.key(&block, 0)).t());
            match &self.bias {
                Some(bias) => {
                    bias.add(p, &block, scale);
                    softmax(p, seen, block.first, block.prefix, 1.0);
                }
                None => softmax(p, seen, block.first, block.prefix, scale),
            }
            let values = self.rows(kv, seen, self.key(&block, 1));
            product(self.rows_mut(out, rows, self.query(&block)), Output::Set, Matrix::new(p, rows, seen), values);
        }
    }

    /// Sets `dq` and `dkv` from `dout`, the gradient of [`Attention::forward`]'s `out`; adds to `dbias`, the gradient of the bias' values.
    pub fn backward(&self, q: &[f32], kv: &[f32], probabilities: &[f32], dout: &[f32], (dq, dkv): (&mut [f32], &mut [f32]), mut dbias: Option<&mut [f32]>) {
        let scale = 1.0 / (self.size as f32).sqrt();
        dkv.fill(0.0);
        let mut scores = Vec::new();
        for block in self.blocks() {
            let (rows, seen) = (block.queries.len(), block.keys.len());
            let p = &probabilities[block.probabilities.clone()];
            let dout = self.rows(dout, rows, self.query(&block));
            product(self.rows_mut(dkv, seen, self.key(&block, 1)), Output::Add, Matrix::new(p, rows, seen).t(), dout);
            scores.resize(rows * seen, 0.0);
            product(MatrixMut::new(&mut scores, rows, seen), Output::Set, dout, self.rows(kv, seen, self.key(&block, 1)).t());
            softmax_backward(p, &mut scores, seen, scale);
            if let (Some(bias), Some(dbias)) = (&self.bias, &mut dbias) {
                bias.add_gradient(&scores, &block, scale, dbias);
            }
            let scores = Matrix::new(&scores, rows, seen);
            product(self.rows_mut(dq, rows, self.query(&block)), Output::Set, scores, self.rows(kv, seen, self.key(&block, 0)));
            product(self.rows_mut(dkv, seen, self.key(&block, 0)), Output::Add, scores.t(), self.rows(q, rows, self.query(&block)));
        }
    }
}

impl Bias<'_> {
    fn of_head<'a>(&self, values: &'a [f32], head: usize) -> &'a [f32] {
        &values[head * self.distances.count()..][..self.distances.count()]
    }

    /// Scales the scores of a block and adds the bias.
    fn add(&self, scores: &mut [f32], block: &Block, scale: f32) {
        let values = self.of_head(self.values, block.head);
        for (row, query) in scores.chunks_exact_mut(block.keys.len()).zip(block.queries.clone()) {
            let from = self.positions[query];
            row.iter_mut().zip(&self.positions[block.keys.clone()]).for_each(|(s, to)| *s = *s * scale + values[self.distances.number(from, *to)]);
        }
    }

    /// Adds the gradient of the bias, given that of the scores before scaling.
    fn add_gradient(&self, dscores: &[f32], block: &Block, scale: f32, dvalues: &mut [f32]) {
        let dvalues = &mut dvalues[block.head * self.distances.count()..][..self.distances.count()];
        for (row, query) in dscores.chunks_exact(block.keys.len()).zip(block.queries.clone()) {
            let from = self.positions[query];
            row.iter().zip(&self.positions[block.keys.clone()]).for_each(|(ds, to)| dvalues[self.distances.number(from, *to)] += ds / scale);
        }
    }
}

wide! {
    /// Rows of scores become probabilities. The first row sees `first` keys, the next one more, and so on, but each at least `prefix` of them.
    fn softmax(scores: &mut [f32], seen: usize, first: usize, prefix: usize, scale: f32) {
        for (i, row) in scores.chunks_exact_mut(seen).enumerate() {
            let (row, later) = row.split_at_mut(prefix.max(first + i).min(seen));
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

    const WIDTH: usize = 12;

    /// Four heads of queries over two of keys and values.
    fn shape<'a>(views: &'a [View], bias: Option<Bias<'a>>) -> Attention<'a> {
        Attention { heads: 4, kv_heads: 2, size: 3, views, bias }
    }

    fn run(attention: Attention, q: &[f32], kv: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let mut probabilities = vec![f32::NAN; attention.probabilities()];
        let mut out = vec![f32::NAN; q.len()];
        attention.forward(q, kv, &mut probabilities, &mut out);
        (out, probabilities)
    }

    fn own(places: Range<usize>, prefix: usize) -> View {
        View { queries: places.clone(), keys: places, prefix }
    }

    /// Causal over two blocks, a prefix, and both ways.
    fn views() -> [View; 3] {
        [own(0..67, 0), own(67..72, 3), own(72..75, 3)]
    }

    #[test]
    fn gradients_over_blocks_and_prefixes() {
        let views = views();
        let (q, kv, dy) = (noise(75 * WIDTH, 1), noise(75 * WIDTH, 3), noise(75 * WIDTH, 2));
        let attention = shape(&views, None);
        let (mut dq, mut dkv) = (vec![f32::NAN; q.len()], vec![f32::NAN; kv.len()]);
        attention.backward(&q, &kv, &run(attention, &q, &kv).1, &dy, (&mut dq, &mut dkv), None);
        close(&dq, &q, &dy, |q| run(attention, q, &kv).0);
        close(&dkv, &kv, &dy, |kv| run(attention, &q, kv).0);
    }

    #[test]
    fn gradients_across_and_of_biases() {
        let views = [View { queries: 0..3, keys: 0..5, prefix: 5 }, View { queries: 3..5, keys: 5..6, prefix: 1 }];
        let distances = Distances::new(8);
        let (q, kv, dy, values) = (noise(5 * WIDTH, 1), noise(6 * WIDTH, 3), noise(5 * WIDTH, 2), noise(4 * distances.count(), 4));
        let positions = [0, 1, 2, 3, 7, 2];
        fn bias<'a>(values: &'a [f32], distances: &'a Distances, positions: &'a [u32]) -> Option<Bias<'a>> {
            Some(Bias { values, distances, positions })
        }
        let attention = shape(&views, bias(&values, &distances, &positions));
        let (mut dq, mut dkv, mut dvalues) = (vec![f32::NAN; q.len()], vec![f32::NAN; kv.len()], vec![0.0; values.len()]);
        attention.backward(&q, &kv, &run(attention, &q, &kv).1, &dy, (&mut dq, &mut dkv), Some(&mut dvalues));
        close(&dq, &q, &dy, |q| run(attention, q, &kv).0);
        close(&dkv, &kv, &dy, |kv| run(attention, &q, kv).0);
        close(&dvalues, &values, &dy, |values| run(shape(&views, bias(values, &distances, &positions)), &q, &kv).0);
    }

    #[test]
    fn nothing_is_seen_but_what_the_view_shows() {
        let views = views();
        let (q, kv) = (noise(75 * WIDTH, 1), noise(75 * WIDTH, 3));
        let before = run(shape(&views, None), &q, &kv).0;
        // Which rows change when the keys and values of one row do.
        let changed = |row: usize| {
            let mut other = kv.clone();
            other[row * WIDTH..(row + 1) * WIDTH].iter_mut().for_each(|x| *x += 1.0);
            let after = run(shape(&views, None), &q, &other).0;
            (0..75).filter(|i| before[i * WIDTH..(i + 1) * WIDTH] != after[i * WIDTH..(i + 1) * WIDTH]).collect::<Vec<_>>()
        };
        assert_eq!(changed(65), [65, 66]);
        assert_eq!(changed(69), [67, 68, 69, 70, 71]);
        assert_eq!(changed(70), [70, 71]);
        assert_eq!(changed(74), [72, 73, 74]);
    }
}
