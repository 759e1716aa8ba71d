//! A small convolutional network over the blocks of a page: reading the file that `benches/training/export.py` writes, and evaluating it.
//!
//! Layers: inputs to [`WIDTH`] units; means of these over blocks of the same area, parent and so on, and over the page, added;
//! convolutions along the page with reaches 1, 2, 4 and so on, each added to what it saw; one output, to which the inputs also
//! lead directly. Sums run in a fixed order, so that the result is the same on every machine.
//!
//! File: `DPNN`, u16 inputs, u8 [`WIDTH`], u8 convolutions, then f32 little-endian in the order of [`Net`]'s fields.

/// Units of each layer.
pub const WIDTH: usize = 32;
/// Ways in which blocks are grouped for means.
pub const GROUPINGS: usize = 5;
/// Bound of a scaled input.
const FARTHEST: f32 = 6.0;

type Row = [f32; WIDTH];

/// One convolution: weights of the block before, the block and the block after.
#[derive(Clone, Debug)]
struct Convolution {
    taps: [Vec<Row>; 3],
    bias: Row,
}

/// The network.
#[derive(Clone, Debug)]
pub struct Net {
    pub inputs: usize,
    /// What inputs are multiplied with.
    scale: Vec<f32>,
    first: Vec<Row>,
    first_bias: Row,
    means: Vec<Row>,
    page: Vec<Row>,
    means_bias: Row,
    convolutions: Vec<Convolution>,
    last: Row,
    last_bias: f32,
    direct: Vec<f32>,
}

/// Which group each block belongs to.
#[derive(Clone, Debug)]
pub struct Grouping {
    /// One index below `count` a block.
    pub of: Vec<u32>,
    pub count: usize,
}

fn floats<const N: usize>(from: &mut &[u8]) -> Option<[f32; N]> {
    let (head, tail) = from.split_at_checked(N * 4)?;
    *from = tail;
    let mut out = [0.0; N];
    for (to, bytes) in out.iter_mut().zip(head.as_chunks::<4>().0) {
        *to = f32::from_le_bytes(*bytes);
    }
    Some(out)
}

fn many<const N: usize>(count: usize, from: &mut &[u8]) -> Option<Vec<[f32; N]>> {
    (0..count).map(|_| floats(from)).collect()
}

/// Adds a row of inputs times a matrix. Sums are kept in a value of their own, so that they stay in registers.
fn add(out: &mut Row, values: &[f32], weights: &[Row]) {
    let mut sums = *out;
    for (value, weights) in values.iter().zip(weights) {
        for (sum, weight) in sums.iter_mut().zip(weights) {
            *sum += value * weight;
        }
    }
    *out = sums;
}

/// Adds what is above zero of `from`.
fn add_positive(to: &mut Row, from: &Row) {
    to.iter_mut().zip(from).for_each(|(t, f)| *t += f.max(0.0));
}

impl Net {
    /// Reads a network. `None` when the bytes are not exactly one.
    pub fn read(bytes: &[u8]) -> Option<Net> {
        let mut rest = bytes.strip_prefix(b"DPNN")?;
        let from = &mut rest;
        let (head, tail) = from.split_first_chunk::<4>()?;
        *from = tail;
        let inputs = usize::from(u16::from_le_bytes([head[0], head[1]]));
        if usize::from(head[2]) != WIDTH {
            return None;
        }
        let scale = many::<1>(inputs, from)?.into_flattened();
        let (first, first_bias) = (many(inputs, from)?, floats(from)?);
        let (means, page, means_bias) = (many(GROUPINGS * WIDTH, from)?, many(2 * WIDTH, from)?, floats(from)?);
        let mut convolutions = Vec::new();
        for _ in 0..head[3] {
            convolutions.push(Convolution { taps: [many(WIDTH, from)?, many(WIDTH, from)?, many(WIDTH, from)?], bias: floats(from)? });
        }
        let (last, [last_bias]) = (floats(from)?, floats(from)?);
        let direct = many::<1>(inputs, from)?.into_flattened();
        rest.is_empty().then_some(Net { inputs, scale, first, first_bias, means, page, means_bias, convolutions, last, last_bias, direct })
    }

    /// Log-odds of each block. `rows` holds [`Net::inputs`] values a block, `weights` how much a block counts in means.
    pub fn log_odds(&self, rows: &[f32], weights: &[f32], groupings: &[Grouping; GROUPINGS]) -> Vec<f32> {
        let mut odds = Vec::with_capacity(weights.len());
        let mut state = Vec::with_capacity(weights.len());
        let mut inputs = vec![(0, 0.0f32); self.inputs];
        for row in rows.chunks_exact(self.inputs.max(1)) {
            // Most inputs are zero.
            let mut count = 0;
            for (at, &value) in row.iter().enumerate() {
                inputs[count] = (at, value);
                count += usize::from(value != 0.0);
            }
            let (mut units, mut direct) = (self.first_bias, self.last_bias);
            for &(at, value) in &inputs[..count] {
                let value = (value * self.scale[at]).clamp(-FARTHEST, FARTHEST);
                direct += value * self.direct[at];
                for (unit, weight) in units.iter_mut().zip(&self.first[at]) {
                    *unit += value * weight;
                }
            }
            odds.push(direct);
            state.push(units.map(|u| u.max(0.0)));
        }
        self.add_means(&mut state, weights, groupings);
        for (step, convolution) in self.convolutions.iter().enumerate() {
            let before = state.clone();
            let reach = 1usize << step;
            for (at, own) in state.iter_mut().enumerate() {
                let mut units = convolution.bias;
                let [left, middle, right] = &convolution.taps;
                if let Some(row) = at.checked_sub(reach).map(|other| &before[other]) {
                    add(&mut units, row, left);
                }
                add(&mut units, &before[at], middle);
                if let Some(row) = before.get(at + reach) {
                    add(&mut units, row, right);
                }
                add_positive(own, &units);
            }
        }
        for (odds, state) in odds.iter_mut().zip(&state) {
            *odds += state.iter().zip(&self.last).map(|(s, w)| s * w).sum::<f32>();
        }
        odds
    }

    /// Adds what groups of blocks and the page say to each block's units.
    fn add_means(&self, state: &mut [Row], weights: &[f32], groupings: &[Grouping; GROUPINGS]) {
        let means: Vec<Vec<Row>> = groupings.iter().map(|g| group_means(state, weights, g)).collect();
        let whole = Grouping { of: vec![0; state.len()], count: 1 };
        let mut highest = [0.0f32; WIDTH];
        state.iter().for_each(|row| highest.iter_mut().zip(row).for_each(|(h, v)| *h = h.max(*v)));
        let mut page = self.means_bias;
        group_means(state, weights, &whole).iter().for_each(|mean| add(&mut page, mean, &self.page[..WIDTH]));
        add(&mut page, &highest, &self.page[WIDTH..]);
        // What a group says is the same for all its blocks, so it is computed once a group.
        let said: Vec<Vec<Row>> = means
            .iter()
            .zip(self.means.chunks_exact(WIDTH))
            .map(|(means, matrix)| {
                means
                    .iter()
                    .map(|mean| {
                        let mut out = [0.0; WIDTH];
                        add(&mut out, mean, matrix);
                        out
                    })
                    .collect()
            })
            .collect();
        for (at, own) in state.iter_mut().enumerate() {
            let mut units = page;
            for (grouping, said) in groupings.iter().zip(&said) {
                units.iter_mut().zip(&said[grouping.of[at] as usize]).for_each(|(u, s)| *u += s);
            }
            add_positive(own, &units);
        }
    }
}

fn group_means(state: &[Row], weights: &[f32], grouping: &Grouping) -> Vec<Row> {
    let mut sums = vec![([0.0; WIDTH], 0.0f32); grouping.count];
    for ((row, &weight), &group) in state.iter().zip(weights).zip(&grouping.of) {
        let (sum, total) = &mut sums[group as usize];
        sum.iter_mut().zip(row).for_each(|(s, v)| *s += v * weight);
        *total += weight;
    }
    sums.into_iter().map(|(sum, total)| sum.map(|s| s / total.max(1e-3))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(convolutions: u8) -> Vec<u8> {
        let mut out = b"DPNN\x01\0\x20".to_vec();
        out.push(convolutions);
        let mut put = |value: f32, count: usize| (0..count).for_each(|_| out.extend(value.to_le_bytes()));
        put(0.5, 1);
        put(1.0, WIDTH);
        put(0.0, WIDTH + (GROUPINGS + 2) * WIDTH * WIDTH + WIDTH);
        for _ in 0..convolutions {
            // Only the block before counts.
            put(1.0, WIDTH * WIDTH);
            put(0.0, 2 * WIDTH * WIDTH + WIDTH);
        }
        put(1.0, WIDTH);
        put(-3.0, 1);
        put(2.0, 1);
        out
    }

    #[test]
    fn layers_add_up() {
        let one = Grouping { of: vec![0, 0], count: 1 };
        let groupings = [(); GROUPINGS].map(|_| one.clone());
        let run = |convolutions| Net::read(&file(convolutions)).unwrap().log_odds(&[4.0, -2.0], &[1.0, 1.0], &groupings);
        // 4 is scaled to 2: 2 in each of 32 units, 2 * 2 - 3 directly; the second block gives no unit above zero.
        assert_eq!(run(0), [65.0, -5.0]);
        // The convolution hands the first block's 32 units of 2 to each of the second's.
        assert_eq!(run(1), [65.0, -5.0 + 32.0 * 64.0]);
    }

    #[test]
    fn broken_files_are_refused() {
        let bytes = file(1);
        assert!((0..bytes.len()).step_by(97).all(|end| Net::read(&bytes[..end]).is_none()));
        assert!(Net::read(&[&bytes[..], &[7]].concat()).is_none());
    }
}
