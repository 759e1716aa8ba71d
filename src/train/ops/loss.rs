//! The output layer and its softmax cross-entropy in one operation, a few tokens at a time: logits of a whole batch are never held. Beside it the same
//! for questions about a whole text: which class it is of, or which of two is better.

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
    /// What each loss is multiplied with: one over the number of targets of the step.
    pub scale: f32,
    /// What each counts besides; empty where all count alike.
    pub weights: &'a [f32],
}

/// What was answered to a question about a text.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Answer {
    /// Nats of the right answer.
    pub nats: f32,
    /// The answer of the highest score; of several, one that is wrong.
    pub class: u32,
}

/// Negative log-likelihood in nats of each target under `softmax(x tableᵀ)`; with gradients if asked for.
///
/// x is n x width, `table` vocabulary x width.
pub fn cross_entropy(x: &[f32], table: &[f32], targets: &[u32], width: usize, nats: &mut [f32], mut gradients: Option<Gradients>, logits: &mut Vec<f32>) {
    let vocabulary = table.len() / width;
    logits.resize(CHUNK * vocabulary, 0.0);
    let view = Matrix::new(table, vocabulary, width);
    for (chunk, x) in x.chunks(CHUNK * width).enumerate() {
        let n = x.len() / width;
        let tokens = chunk * CHUNK..chunk * CHUNK + n;
        let logits = &mut logits[..n * vocabulary];
        product(MatrixMut::new(logits, n, vocabulary), Output::Set, Matrix::new(x, n, width), view.t());
        for (row, token) in logits.chunks_exact_mut(vocabulary).zip(tokens.clone()) {
            let scale = gradients.as_ref().map(|gradients| gradients.scale * gradients.weights.get(token).unwrap_or(&1.0));
            nats[token] = surprise(row, targets[token] as usize, scale);
        }
        if let Some(Gradients { dx, dtable, .. }) = &mut gradients {
            let dlogits = Matrix::new(logits, n, vocabulary);
            product(MatrixMut::new(&mut dx[tokens.start * width..tokens.end * width], n, width), Output::Set, dlogits, view);
            product(MatrixMut::new(dtable, vocabulary, width), Output::Add, dlogits.t(), Matrix::new(x, n, width));
        }
    }
}

/// `x tableᵀ`: x is n x width, `table` scores x width.
pub fn scores(x: &[f32], table: &[f32], width: usize) -> Vec<f32> {
    let (n, columns) = (x.len() / width, table.len() / width);
    let mut scores = vec![0.0; n * columns];
    product(MatrixMut::new(&mut scores, n, columns), Output::Set, Matrix::new(x, n, width), Matrix::new(table, columns, width).t());
    scores
}

/// What is answered to each question, of which `answers` are right. The [`scores`] of x are parted evenly among the questions: with two scores and a row a question they
/// are classes, with one score and two rows a question the first row is compared with the second (the pairwise loss of reward models, Ouyang et al. 2022).
pub fn choose(x: &[f32], table: &[f32], answers: &[u32], width: usize, gradients: Option<Gradients>) -> Vec<Answer> {
    if answers.is_empty() {
        return Vec::new();
    }
    let mut logits = scores(x, table, width);
    let scale = gradients.as_ref().map(|gradients| gradients.scale);
    let choices = logits.len() / answers.len();
    let answered = logits.chunks_exact_mut(choices).zip(answers).map(|(row, answer)| {
        let right = *answer as usize;
        let highest = (0..row.len()).max_by(|a, b| row[*a].total_cmp(&row[*b]).then((*b == right).cmp(&(*a == right)))).unwrap_or(right);
        Answer { nats: surprise(row, right, scale), class: highest as u32 }
    });
    let answered = answered.collect();
    if let Some(Gradients { dx, dtable, .. }) = gradients {
        let (n, columns) = (x.len() / width, table.len() / width);
        let dlogits = Matrix::new(&logits, n, columns);
        product(MatrixMut::new(dx, n, width), Output::Set, dlogits, Matrix::new(table, columns, width));
        product(MatrixMut::new(dtable, columns, width), Output::Add, dlogits.t(), Matrix::new(x, n, width));
    }
    answered
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
        let targets: Vec<_> = (0..n as u32).map(|i| i % 17).collect();
        let loss = |x: &[f32], table: &[f32]| {
            let mut nats = vec![f32::NAN; n];
            cross_entropy(x, table, &targets, width, &mut nats, None, &mut Vec::new());
            nats
        };
        let each: Vec<f32> = (0..n).map(|i| i as f32 / n as f32 - 0.3).collect();
        let weights: Vec<f32> = each.iter().map(|each| 0.5 * each).collect();
        let (mut dx, mut dtable, mut nats) = (vec![f32::NAN; x.len()], vec![0.0; table.len()], vec![0.0; n]);
        let gradients = Gradients { dx: &mut dx, dtable: &mut dtable, scale: 0.5, weights: &each };
        cross_entropy(&x, &table, &targets, width, &mut nats, Some(gradients), &mut Vec::new());
        assert_eq!(nats, loss(&x, &table));
        close(&dx, &x, &weights, |x| loss(x, &table));
        close(&dtable, &table, &weights, |table| loss(&x, table));

        let flat = {
            let mut nats = [0.0];
            cross_entropy(&[0.0], &[1.0; 8], &[3], 1, &mut nats, None, &mut Vec::new());
            nats[0]
        };
        assert!((flat - 8f32.ln()).abs() < 1e-6);
    }

    #[test]
    fn questions_about_texts() {
        let width = 3;
        for (scores, rows, answers) in [(2, 3, vec![1, 0, 1]), (1, 6, vec![0, 0, 0])] {
            let (x, table) = (noise(rows * width, 1), noise(scores * width, 2));
            let nats = |x: &[f32], table: &[f32]| choose(x, table, &answers, width, None).iter().map(|answer| answer.nats).collect::<Vec<_>>();
            let (mut dx, mut dtable) = (vec![f32::NAN; x.len()], vec![0.0; table.len()]);
            let answered = choose(&x, &table, &answers, width, Some(Gradients { dx: &mut dx, dtable: &mut dtable, scale: 0.5, weights: &[] }));
            assert!(answered.iter().zip(&answers).all(|(found, right)| (found.class == *right) == (found.nats < 2f32.ln())) && answered.len() == 3);
            let weights = vec![0.5; 3];
            close(&dx, &x, &weights, |x| nats(x, &table));
            close(&dtable, &table, &weights, |table| nats(&x, table));
        }
        let tie = choose(&[1.0, 1.0], &[2.0], &[0], 1, None);
        assert_eq!(tie[0].class, 1, "who cannot tell the two apart is not right");
    }
}
