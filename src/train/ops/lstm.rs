//! Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000) over texts side by side.
//!
//! Rows come step by step: a step's rows are one row a text, and the texts that go on are the first ones of the step before. A row of gates holds those of input, forgetting,
//! candidate and output, `width` numbers each.

use std::ops::Range;

use super::matrix::{Matrix, MatrixMut, Output, product};
use super::simd::{sigmoid, wide};

/// What [`forward`] computed.
#[derive(Clone, Copy)]
pub struct Forward<'a> {
    /// The gates, rows x 4 width.
    pub gates: &'a [f32],
    /// Cells, rows x width.
    pub cells: &'a [f32],
    /// Outputs, rows x width.
    pub out: &'a [f32],
}

/// The rows of the step before that a step's texts had there.
fn before(steps: &[Range<usize>], number: usize) -> Range<usize> {
    let start = steps[number - 1].start;
    start..start + steps[number].len()
}

/// Sets `cells` and `out`. `gates` comes with what the inputs make of them and leaves with their values; `weights`, 4 width x width, lead from the outputs of the step before.
pub fn forward(width: usize, steps: &[Range<usize>], weights: &[f32], gates: &mut [f32], cells: &mut [f32], out: &mut [f32]) {
    for (number, step) in steps.iter().enumerate() {
        let gates = &mut gates[step.start * 4 * width..step.end * 4 * width];
        let (old_cells, cells) = cells.split_at_mut(step.start * width);
        let mut old: &[f32] = &[];
        if number > 0 {
            let rows = before(steps, number);
            old = &old_cells[rows.start * width..rows.end * width];
            let outputs = Matrix::new(&out[rows.start * width..rows.end * width], step.len(), width);
            product(MatrixMut::new(gates, step.len(), 4 * width), Output::Add, outputs, Matrix::new(weights, 4 * width, width).t());
        }
        cell(width, gates, old, &mut cells[..step.len() * width], &mut out[step.start * width..step.end * width]);
    }
}

/// Sets `dgates`, the gradient of what the inputs make of the gates, from `dout`, that of the outputs, which it uses up; adds to `dweights`.
pub fn backward(width: usize, steps: &[Range<usize>], weights: &[f32], done: Forward, dout: &mut [f32], dgates: &mut [f32], dweights: &mut [f32]) {
    let mut dcells = vec![0.0; dout.len()];
    for (number, step) in steps.iter().enumerate().rev() {
        let rows = if number > 0 { before(steps, number) } else { 0..0 };
        let (at, of_gates) = (step.start * width..step.end * width, step.start * 4 * width..step.end * 4 * width);
        let (old_dcells, now_dcells) = dcells.split_at_mut(at.start);
        let old = &done.cells[rows.start * width..rows.end * width];
        let dgates = &mut dgates[of_gates.clone()];
        dgates.copy_from_slice(&done.gates[of_gates]);
        let old_dcells = &mut old_dcells[rows.start * width..rows.end * width];
        cell_backward(width, dgates, old, &done.cells[at.clone()], &dout[at.clone()], &now_dcells[..at.len()], old_dcells);
        if number > 0 {
            let dgates = Matrix::new(dgates, step.len(), 4 * width);
            let of_rows = rows.start * width..rows.end * width;
            product(MatrixMut::new(&mut dout[of_rows.clone()], step.len(), width), Output::Add, dgates, Matrix::new(weights, 4 * width, width));
            product(MatrixMut::new(dweights, 4 * width, width), Output::Add, dgates.t(), Matrix::new(&done.out[of_rows], step.len(), width));
        }
    }
}

#[inline(always)]
fn tanh(x: f32) -> f32 {
    2.0 * sigmoid(2.0 * x) - 1.0
}

wide! {
    /// One step. `old` is empty at the first.
    fn cell(width: usize, gates: &mut [f32], old: &[f32], cells: &mut [f32], out: &mut [f32]) {
        for (row, gates) in gates.chunks_exact_mut(4 * width).enumerate() {
            for i in 0..width {
                let (input, forget) = (sigmoid(gates[i]), sigmoid(gates[width + i]));
                let (candidate, output) = (tanh(gates[2 * width + i]), sigmoid(gates[3 * width + i]));
                (gates[i], gates[width + i], gates[2 * width + i], gates[3 * width + i]) = (input, forget, candidate, output);
                let at = row * width + i;
                cells[at] = forget * old.get(at).unwrap_or(&0.0) + input * candidate;
                out[at] = output * tanh(cells[at]);
            }
        }
    }
}

wide! {
    /// Turns the values of the gates into the gradient of what they were made from; adds to `dold`, the gradient of the cells of the step before.
    fn cell_backward(width: usize, gates: &mut [f32], old: &[f32], cells: &[f32], dout: &[f32], dcells: &[f32], dold: &mut [f32]) {
        for (row, gates) in gates.chunks_exact_mut(4 * width).enumerate() {
            for i in 0..width {
                let at = row * width + i;
                let (input, forget, candidate, output) = (gates[i], gates[width + i], gates[2 * width + i], gates[3 * width + i]);
                let active = tanh(cells[at]);
                let dcell = dcells[at] + dout[at] * output * (1.0 - active * active);
                gates[i] = dcell * candidate * input * (1.0 - input);
                gates[width + i] = dcell * old.get(at).unwrap_or(&0.0) * forget * (1.0 - forget);
                gates[2 * width + i] = dcell * input * (1.0 - candidate * candidate);
                gates[3 * width + i] = dout[at] * active * output * (1.0 - output);
                if let Some(dold) = dold.get_mut(at) {
                    *dold += dcell * forget;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{close, noise};
    use super::*;

    #[test]
    fn gradients_over_texts_of_unequal_length() {
        // Texts of three, two and one tokens.
        let (width, steps) = (3, [0..3, 3..5, 5..6]);
        let (inputs, weights, dy) = (noise(6 * 4 * width, 1), noise(4 * width * width, 2), noise(6 * width, 3));
        let run = |inputs: &[f32], weights: &[f32]| {
            let (mut gates, mut cells, mut out) = (inputs.to_vec(), vec![f32::NAN; 6 * width], vec![f32::NAN; 6 * width]);
            forward(width, &steps, weights, &mut gates, &mut cells, &mut out);
            (gates, cells, out)
        };
        let (gates, cells, out) = run(&inputs, &weights);
        let (mut dout, mut dgates, mut dweights) = (dy.clone(), vec![f32::NAN; inputs.len()], vec![0.0; weights.len()]);
        backward(width, &steps, &weights, Forward { gates: &gates, cells: &cells, out: &out }, &mut dout, &mut dgates, &mut dweights);
        close(&dgates, &inputs, &dy, |inputs| run(inputs, &weights).2);
        close(&dweights, &weights, &dy, |weights| run(&inputs, weights).2);
        // By hand: with nothing before it, the first output is sigmoid(o) tanh(sigmoid(i) tanh(g)).
        let s = |x: f32| 1.0 / (1.0 + (-x).exp());
        let want = s(inputs[9]) * (s(inputs[0]) * inputs[6].tanh()).tanh();
        assert!((out[0] - want).abs() < 1e-6);
    }
}
