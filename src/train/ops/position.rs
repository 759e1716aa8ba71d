//! What tells a model which token and which place it sees: embedding tables (learned positions are one too) and rotary turns.

use super::simd::wide;

/// Adds row `ids[i]` of `table` to row i of `x`, both of `width` columns.
pub fn embed(table: &[f32], ids: &[u32], x: &mut [f32], width: usize) {
    for (x, &id) in x.chunks_exact_mut(width).zip(ids) {
        let row = &table[id as usize * width..][..width];
        x.iter_mut().zip(row).for_each(|(x, t)| *x += t);
    }
}

/// Adds row i of `dx` to row `ids[i]` of `gradient`.
pub fn embed_backward(dx: &[f32], ids: &[u32], gradient: &mut [f32], width: usize) {
    for (dx, &id) in dx.chunks_exact(width).zip(ids) {
        let row = &mut gradient[id as usize * width..][..width];
        row.iter_mut().zip(dx).for_each(|(g, dx)| *g += dx);
    }
}

/// Rotary positions (Su et al. 2021), base 10,000; a head's first half turns with its second, as in Llama.
pub struct Rotary {
    /// For each position: the cosines of half a head, then the sines.
    turns: Vec<f32>,
    half: usize,
}

/// Which way to turn.
#[derive(Clone, Copy, PartialEq)]
pub enum Turn {
    /// Queries and keys, before attention.
    Forward,
    /// Their gradients, after it: the transpose of a turn is the turn back.
    Back,
}

impl Rotary {
    /// Turns for positions below `seq_len` and heads of `head` numbers.
    pub fn new(seq_len: usize, head: usize) -> Self {
        let half = head / 2;
        let mut turns = Vec::with_capacity(seq_len * head);
        for position in 0..seq_len {
            let angle = |i: usize| position as f64 * 10_000f64.powf(-(i as f64) / half as f64);
            turns.extend((0..half).map(|i| angle(i).cos() as f32));
            turns.extend((0..half).map(|i| angle(i).sin() as f32));
        }
        Self { turns, half }
    }

    /// Turns the first `columns` numbers of each row of `x` (rows `stride` apart), head by head, by the row's position.
    pub fn turn(&self, x: &mut [f32], columns: usize, stride: usize, positions: &[u32], way: Turn) {
        let sign = if way == Turn::Forward { 1.0 } else { -1.0 };
        for (row, &position) in x.chunks_exact_mut(stride).zip(positions) {
            turn_heads(&mut row[..columns], &self.turns[position as usize * 2 * self.half..][..2 * self.half], sign);
        }
    }
}

wide! {
    fn turn_heads(row: &mut [f32], turns: &[f32], sign: f32) {
        let (cos, sin) = turns.split_at(turns.len() / 2);
        for head in row.chunks_exact_mut(turns.len()) {
            let (a, b) = head.split_at_mut(cos.len());
            for (((a, b), cos), sin) in a.iter_mut().zip(b).zip(cos).zip(sin) {
                let (x, y) = (*a, *b);
                *a = x * cos - sign * y * sin;
                *b = y * cos + sign * x * sin;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{close, noise};
    use super::*;

    #[test]
    fn embedding_gradient() {
        let (table, dy, ids) = (noise(5 * 3, 1), noise(4 * 3, 2), [4, 0, 4, 1]);
        let mut gradient = vec![0.0; table.len()];
        embed_backward(&dy, &ids, &mut gradient, 3);
        close(&gradient, &table, &dy, |table| {
            let mut x = vec![0.0; 4 * 3];
            embed(table, &ids, &mut x, 3);
            x
        });
    }

    #[test]
    fn rotary_gradient_and_relative_products() {
        let rotary = Rotary::new(9, 8);
        let (x, dy, positions) = (noise(3 * 24, 1), noise(3 * 24, 2), [0, 5, 8]);
        let mut dx = dy.clone();
        rotary.turn(&mut dx, 16, 24, &positions, Turn::Back);
        close(&dx, &x, &dy, |x| {
            let mut y = x.to_vec();
            rotary.turn(&mut y, 16, 24, &positions, Turn::Forward);
            y
        });
        let product = |places: [u32; 2]| {
            let mut pair = noise(16, 3);
            rotary.turn(&mut pair, 8, 8, &places, Turn::Forward);
            (0..8).map(|i| pair[i] * pair[8 + i]).sum::<f32>()
        };
        assert!((product([1, 4]) - product([5, 8])).abs() < 1e-5);
    }
}
