//! A layer of LSTM cells that reads the texts of a stream in one direction, all side by side.

use std::ops::Range;

use super::config::Layout;
use super::ops::lstm;
use super::ops::matrix::Output;
use super::places::{Steps, pick, put_back};
use super::stack::{DEVIATION, fit, linear};

/// Where the parameters of a direction lie.
#[derive(Clone)]
pub(super) struct Direction {
    width: usize,
    /// From the input to the four gates of each cell, with a bias.
    input: Range<usize>,
    /// From the outputs of the step before to the gates.
    hidden: Range<usize>,
}

/// What forward keeps for backward, rows in the order of the steps.
#[derive(Default)]
pub struct Kept {
    x: Vec<f32>,
    gates: Vec<f32>,
    cells: Vec<f32>,
    out: Vec<f32>,
}

impl Direction {
    /// Lays out its parameters.
    pub fn new(layout: &mut Layout, name: &str, width: usize) -> Self {
        let input = layout.matrix(&format!("{name}.input"), 4 * width, width, DEVIATION, true);
        Self { width, input, hidden: layout.matrix(&format!("{name}.hidden"), 4 * width, width, DEVIATION, false) }
    }

    /// Adds what the cells give to the rows of `out`.
    pub fn forward(&self, weights: &[f32], Steps { rows, steps }: &Steps, x: &[f32], kept: &mut Kept, out: &mut [f32]) {
        let (n, width) = (rows.len(), self.width);
        pick(x, rows, &mut kept.x, width);
        let gates = fit(&mut kept.gates, n * 4 * width);
        linear(width, 4 * width).forward(&weights[self.input.clone()], &kept.x, gates, Output::Set);
        lstm::forward(width, steps, &weights[self.hidden.clone()], gates, fit(&mut kept.cells, n * width), fit(&mut kept.out, n * width));
        put_back(&kept.out, rows, out, width);
    }

    /// Gradients of [`Direction::forward`], given that of its output: adds to `dx` and `gradient`.
    pub fn backward(&self, weights: &[f32], Steps { rows, steps }: &Steps, kept: &Kept, dout: &[f32], dx: &mut [f32], gradient: &mut [f32]) {
        let (n, width) = (rows.len(), self.width);
        let (mut dsteps, mut dgates) = (Vec::new(), vec![0.0; n * 4 * width]);
        pick(dout, rows, &mut dsteps, width);
        let forward = lstm::Forward { gates: &kept.gates, cells: &kept.cells, out: &kept.out };
        lstm::backward(width, steps, &weights[self.hidden.clone()], forward, &mut dsteps, &mut dgates, &mut gradient[self.hidden.clone()]);
        linear(width, 4 * width).backward(&weights[self.input.clone()], &kept.x, &dgates, (&mut dsteps, Output::Set), &mut gradient[self.input.clone()]);
        put_back(&dsteps, rows, dx, width);
    }
}
