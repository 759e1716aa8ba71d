//! Fits the weights: logistic regression of each label by itself, AdaGrad, one thread, so that the same examples give the same file.

use super::features::Features;

/// How a model file begins.
pub(super) const MAGIC: &[u8] = b"dpl1";

/// A text of at most some hundred characters, and what is known of it.
pub struct Example<'t> {
    /// One window: what is beyond is used all the same, but weighs otherwise than in scoring.
    pub text: &'t str,
    /// For each label whether it holds; `None` where nobody knows.
    pub holds: Vec<Option<bool>>,
}

/// How to train.
pub struct Settings {
    /// Binary logarithm of the number of rows.
    pub bits: u32,
    /// Passes over the examples.
    pub epochs: usize,
    /// Length of the first steps.
    pub rate: f32,
    /// What every step takes from the weights that it touches, as a part of them.
    pub decay: f32,
    /// Seed of the order of the examples.
    pub seed: u64,
}

/// A model file of these labels. Weights are kept in 255 steps, the largest of a label as 127 of them.
///
/// # Panics
/// Where an example knows of another number of labels than there are names, or a name is longer than 255 bytes.
pub fn train(names: &[&str], examples: &[Example<'_>], settings: &Settings) -> Vec<u8> {
    let labels = names.len();
    examples.iter().for_each(|example| assert_eq!(example.holds.len(), labels, "labels of an example"));
    let mut weights = vec![0f32; labels << settings.bits];
    let mut squares = vec![1e-3f32; weights.len()];
    let (mut intercepts, mut intercept_squares) = (vec![0f32; labels], vec![1e-3f32; labels]);
    let mut features = Features::default();
    let mut order: Vec<usize> = (0..examples.len()).collect();
    let mut state = settings.seed;
    let mut below = |n: u64| {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        ((u128::from(state) * u128::from(n)) >> 64) as u64
    };
    // Of each label the examples that have it weigh as much as those that are known not to, however many there are.
    let shares: Vec<[f32; 2]> = (0..labels)
        .map(|label| {
            let count = |holds| examples.iter().filter(|example| example.holds[label] == Some(holds)).count().max(1) as f32;
            let (without, with) = (count(false), count(true));
            [without, with].map(|kind| (without + with) / (2.0 * kind))
        })
        .collect();
    for _ in 0..settings.epochs {
        for at in (1..order.len()).rev() {
            order.swap(at, below(at as u64 + 1) as usize);
        }
        for example in order.iter().map(|at| &examples[*at]) {
            let rows = features.of(example.text, settings.bits);
            if rows.is_empty() {
                continue;
            }
            let value = 1.0 / (rows.len() as f32).sqrt();
            for label in 0..labels {
                let Some(holds) = example.holds[label] else { continue };
                let sum: f32 = rows.iter().map(|row| weights[*row as usize * labels + label]).sum();
                let error = super::logistic(intercepts[label] + sum * value) - f32::from(u8::from(holds));
                let error = error * shares[label][usize::from(holds)];
                let step = |weight: &mut f32, square: &mut f32, gradient: f32| {
                    *square += gradient * gradient;
                    *weight -= settings.rate * gradient / square.sqrt();
                };
                step(&mut intercepts[label], &mut intercept_squares[label], error);
                for row in rows {
                    let at = *row as usize * labels + label;
                    let gradient = error * value + settings.decay * weights[at];
                    step(&mut weights[at], &mut squares[at], gradient);
                }
            }
        }
    }
    let count = |n: usize| u8::try_from(n).unwrap_or_else(|_| panic!("{n} is more than a byte holds"));
    let mut file = MAGIC.to_vec();
    file.extend([count(labels), count(settings.bits as usize)]);
    let most = |label: usize| weights[label..].iter().step_by(labels).fold(0f32, |most, weight| most.max(weight.abs()));
    let steps: Vec<f32> = (0..labels).map(|label| (most(label) / 127.0).max(f32::MIN_POSITIVE)).collect();
    for label in 0..labels {
        file.push(count(names[label].len()));
        file.extend(names[label].bytes());
        file.extend(intercepts[label].to_le_bytes());
        file.extend(steps[label].to_le_bytes());
    }
    file.extend(weights.iter().enumerate().map(|(at, weight)| (weight / steps[at % labels]).round() as i8).map(i8::cast_unsigned));
    file
}
