//! Fits the prose model: one hidden layer, logistic loss, Adam (Kingma and Ba 2015).

use dataprep::language::prose::{FEATURES, HIDDEN};

use crate::random::Random;

const WIDE: usize = FEATURES + 1;
pub const VALUES: usize = WIDE * HIDDEN + HIDDEN + 1;

fn forward(values: &[f32], features: &[f32; FEATURES]) -> ([f32; HIDDEN], f32) {
    let hidden = std::array::from_fn(|at| {
        let row = &values[at * WIDE..(at + 1) * WIDE];
        (row.iter().zip(features).map(|(a, b)| a * b).sum::<f32>() + row[FEATURES]).max(0.0)
    });
    let output = &values[WIDE * HIDDEN..];
    let sum = hidden.iter().zip(output).map(|(a, b): (&f32, _)| a * b).sum::<f32>() + output[HIDDEN];
    (hidden, 1.0 / (1.0 + (-sum).exp()))
}

/// `examples`: features, no language, weight.
pub fn fit(examples: &[([f32; FEATURES], bool, f32)], rounds: usize, random: &mut Random) -> Vec<f32> {
    let mut values: Vec<f32> = (0..VALUES).map(|_| (random.share() as f32 - 0.5) * 0.5).collect();
    let (mut first, mut second, mut slopes) = (vec![0f32; VALUES], vec![0f32; VALUES], vec![0f32; VALUES]);
    let mut order: Vec<usize> = (0..examples.len()).collect();
    let (mut step, batches) = (0, rounds * examples.len() / 64);
    for round in 0..rounds {
        for at in (1..order.len()).rev() {
            order.swap(at, random.below(at + 1));
        }
        let mut loss = 0.0;
        for batch in order.chunks_exact(64) {
            slopes.fill(0.0);
            for at in batch {
                let (features, none, weight) = &examples[*at];
                let (hidden, p) = forward(&values, features);
                loss -= weight * if *none { p } else { 1.0 - p }.max(1e-6).ln();
                let off = (p - f32::from(*none)) * weight / 64.0;
                for unit in 0..HIDDEN {
                    slopes[WIDE * HIDDEN + unit] += off * hidden[unit];
                    if hidden[unit] > 0.0 {
                        let back = off * values[WIDE * HIDDEN + unit];
                        for feature in 0..FEATURES {
                            slopes[unit * WIDE + feature] += back * features[feature];
                        }
                        slopes[unit * WIDE + FEATURES] += back;
                    }
                }
                slopes[VALUES - 1] += off;
            }
            step += 1;
            let rate = 0.004 * (1.0 - 0.95 * step as f32 / batches as f32);
            for at in 0..VALUES {
                first[at] = 0.9 * first[at] + 0.1 * slopes[at];
                second[at] = 0.999 * second[at] + 0.001 * slopes[at] * slopes[at];
                let (a, b) = (first[at] / (1.0 - 0.9f32.powi(step)), second[at] / (1.0 - 0.999f32.powi(step)));
                values[at] -= rate * a / (b.sqrt() + 1e-8);
            }
        }
        if round % 4 == 3 {
            eprintln!("round {round} loss {:.4}", loss / examples.len() as f32);
        }
    }
    values
}
