//! What tells a model which token and which place it sees: embedding tables (learned positions are one too), sinusoids, rotary turns, and biases by
//! distance.

use super::simd::wide;

/// Adds `factor` times row `ids[i]` of `table` to row i of `x`, both of `width` columns.
pub fn embed(table: &[f32], ids: &[u32], x: &mut [f32], width: usize, factor: f32) {
    for (x, &id) in x.chunks_exact_mut(width).zip(ids) {
        let row = &table[id as usize * width..][..width];
        x.iter_mut().zip(row).for_each(|(x, t)| *x += factor * t);
    }
}

/// Adds `factor` times row i of `dx` to row `ids[i]` of `gradient`.
pub fn embed_backward(dx: &[f32], ids: &[u32], gradient: &mut [f32], width: usize, factor: f32) {
    for (dx, &id) in dx.chunks_exact(width).zip(ids) {
        let row = &mut gradient[id as usize * width..][..width];
        row.iter_mut().zip(dx).for_each(|(g, dx)| *g += factor * dx);
    }
}

/// The table of sinusoids (Vaswani et al. 2017), positions x `width`: sines at even columns, cosines at odd ones.
pub fn sinusoids(positions: usize, width: usize) -> Vec<f32> {
    let wave = |position: usize, column: usize| {
        let angle = position as f64 * 10_000f64.powf(-((column - column % 2) as f64) / width as f64);
        (if column.is_multiple_of(2) { angle.sin() } else { angle.cos() }) as f32
    };
    (0..positions).flat_map(|position| (0..width).map(move |column| wave(position, column))).collect()
}

/// Distances from a query to a key, both at positions below a bound, numbered from the farthest before it to the farthest behind it.
pub struct Distances {
    positions: usize,
}

impl Distances {
    /// Distances between positions below `positions`.
    pub fn new(positions: usize) -> Self {
        Self { positions }
    }

    /// How many there are: `2 positions - 1`.
    pub fn count(&self) -> usize {
        2 * self.positions - 1
    }

    /// The number of the distance from a query to a key.
    pub fn number(&self, query: u32, key: u32) -> usize {
        key as usize + self.positions - 1 - query as usize
    }

    /// ALiBi (Press et al. 2022), heads x distances: each head takes off its slope times the distance. Slopes are the powers of 2^(-8 / heads).
    pub fn slopes(&self, heads: usize) -> Vec<f32> {
        let near = self.positions as f64 - 1.0;
        let slope = |head: usize| 2f64.powf(-8.0 * (head + 1) as f64 / heads as f64);
        (0..heads).flat_map(|head| (0..self.count()).map(move |number| (-slope(head) * (number as f64 - near).abs()) as f32)).collect()
    }

    /// The bucket of each distance among `buckets`, as T5 has them (Raffel et al. 2020): near distances one each, far ones in ranges that grow, all beyond 128 in
    /// the last. With `both` half of the buckets are for keys behind the query; without, these share the bucket of distance 0.
    pub fn buckets(&self, buckets: usize, both: bool) -> Vec<usize> {
        const FARTHEST: f64 = 128.0;
        let side = if both { buckets / 2 } else { buckets };
        let single = side / 2;
        let bucket = |number: usize| {
            let before = self.positions - 1;
            let (far, behind) = (number.abs_diff(before), number > before);
            let far = if behind && !both { 0 } else { far };
            let within = if far < single {
                far
            } else {
                let grown = (far as f64 / single as f64).ln() / (FARTHEST / single as f64).ln() * (side - single) as f64;
                (single + grown as usize).min(side - 1)
            };
            within + if behind && both { side } else { 0 }
        };
        (0..self.count()).map(bucket).collect()
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
        embed_backward(&dy, &ids, &mut gradient, 3, 1.5);
        close(&gradient, &table, &dy, |table| {
            let mut x = vec![0.0; 4 * 3];
            embed(table, &ids, &mut x, 3, 1.5);
            x
        });
    }

    #[test]
    fn distances_have_slopes_and_buckets() {
        let distances = Distances::new(200);
        let at = |query, key| distances.number(query, key);
        let slopes = distances.slopes(8);
        assert_eq!((slopes[at(9, 9)], slopes[at(9, 5)], slopes[7 * distances.count() + at(9, 8)]), (0.0, -2.0, -1.0 / 256.0));
        // Of transformers' T5 with 32 buckets.
        let both = distances.buckets(32, true);
        let found = [0, 1, 7, 8, 11, 12, 40, 127, 128, 199].map(|far| (both[at(199, 199 - far)], both[at(0, far)]));
        assert_eq!(found, [(0, 0), (1, 17), (7, 23), (8, 24), (8, 24), (9, 25), (12, 28), (15, 31), (15, 31), (15, 31)]);
        let causal = distances.buckets(32, false);
        assert_eq!([0, 15, 16, 40, 127, 199].map(|far| causal[at(199, 199 - far)]), [0, 15, 16, 23, 31, 31]);
        assert_eq!(causal[at(0, 50)], 0);
        let waves = sinusoids(5, 4);
        assert_eq!((waves[0], waves[1]), (0.0, 1.0));
        assert!((waves[4 * 4 + 2] - 0.04f32.sin()).abs() < 1e-7 && (waves[4 * 4 + 3] - 0.04f32.cos()).abs() < 1e-7);
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
