//! The output layer and its softmax cross-entropy in one operation, a few tokens at a time: logits of a whole batch are never held.

use super::matrix::{Matrix, MatrixMut, Output, product};
use super::simd::{exp, max, sum, wide};

/// Tokens whose logits are held at once.
const CHUNK: usize = 128;

/// What the backward pass of a batch gives beside the loss.
pub struct Gradients<'a> {
    /// Set: gradient of x.
    pub dx: &'a mut [f32],
    /// Added to: gradient of the table.
    pub dtable: &'a mut [f32],
    /// What each token's loss is multiplied with: one over the number of targets of the step.
    pub scale: f32,
}

/// Negative log-likelihood in nats of each target under `softmax(x tableᵀ)`, 0 where there is none; with gradients if asked for.
///
/// x is n x width, `table` vocabulary x width.
pub fn cross_entropy(
    x: &[f32],
    table: &[f32],
    targets: &[Option<u32>],
    width: usize,
    nats: &mut [f32],
    mut gradients: Option<Gradients>,
    logits: &mut Vec<f32>,
) {
    let vocabulary = table.len() / width;
    logits.resize(CHUNK * vocabulary, 0.0);
    let view = Matrix::new(table, vocabulary, width);
    for (chunk, x) in x.chunks(CHUNK * width).enumerate() {
        let n = x.len() / width;
        let tokens = chunk * CHUNK..chunk * CHUNK + n;
        let logits = &mut logits[..n * vocabulary];
        product(MatrixMut::new(logits, n, vocabulary), Output::Set, Matrix::new(x, n, width), view.t());
        let scale = gradients.as_ref().map(|gradients| gradients.scale);
        for ((row, target), nats) in logits.chunks_exact_mut(vocabulary).zip(&targets[tokens.clone()]).zip(&mut nats[tokens.clone()]) {
            *nats = target.map_or(0.0, |target| surprise(row, target as usize, scale));
            if target.is_none() && scale.is_some() {
                row.fill(0.0);
            }
        }
        if let Some(Gradients { dx, dtable, .. }) = &mut gradients {
            let dlogits = Matrix::new(logits, n, vocabulary);
            product(MatrixMut::new(&mut dx[tokens.start * width..tokens.end * width], n, width), Output::Set, dlogits, view);
            product(MatrixMut::new(dtable, vocabulary, width), Output::Add, dlogits.t(), Matrix::new(x, n, width));
        }
    }
}

wide! {
    /// Nats of one target; turns the logits into their gradient if `scale` is given.
    fn surprise(row: &mut [f32], target: usize, scale: Option<f32>) -> f32 {
        let logit = row[target];
        let largest = max(row);
        row.iter_mut().for_each(|l| *l = exp(*l - largest));
        let total = sum(row);
        if let Some(scale) = scale {
            let share = scale / total;
            row.iter_mut().for_each(|p| *p *= share);
            row[target] -= scale;
        }
        total.ln() + largest - logit
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{close, noise};
    use super::*;

    #[test]
    fn cross_entropy_values_and_gradients() {
        let (n, width, vocabulary) = (CHUNK + 2, 3, 17);
        let (x, table) = (noise(n * width, 1), noise(vocabulary * width, 2));
        let targets: Vec<_> = (0..n as u32).map(|i| (i % 5 != 0).then_some(i % 17)).collect();
        let loss = |x: &[f32], table: &[f32]| {
            let mut nats = vec![f32::NAN; n];
            cross_entropy(x, table, &targets, width, &mut nats, None, &mut Vec::new());
            nats
        };
        let weights: Vec<f32> = vec![0.5; n];
        let (mut dx, mut dtable, mut nats) = (vec![f32::NAN; x.len()], vec![0.0; table.len()], vec![0.0; n]);
        let gradients = Gradients { dx: &mut dx, dtable: &mut dtable, scale: 0.5 };
        cross_entropy(&x, &table, &targets, width, &mut nats, Some(gradients), &mut Vec::new());
        assert_eq!(nats, loss(&x, &table));
        close(&dx, &x, &weights, |x| loss(x, &table));
        close(&dtable, &table, &weights, |table| loss(&x, table));

        let flat = {
            let mut nats = [0.0];
            cross_entropy(&[0.0], &[1.0; 8], &[Some(3)], 1, &mut nats, None, &mut Vec::new());
            nats[0]
        };
        assert!((flat - 8f32.ln()).abs() < 1e-6);
    }
}
