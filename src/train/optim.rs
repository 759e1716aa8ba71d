//! AdamW (Loshchilov and Hutter 2019), gradient clipping, and a learning rate that warms up and falls along a cosine.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::config::{Parameter, Start};
use super::ops::simd::{dot, wide};

/// How to descend.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OptimConfig {
    /// Highest learning rate.
    pub learning_rate: f64,
    /// Learning rate at the end, as a share of the highest.
    pub final_share: f64,
    /// Steps over which the learning rate rises.
    pub warmup: usize,
    /// Decay of the mean of gradients.
    pub beta1: f64,
    /// Decay of the mean of squared gradients.
    pub beta2: f64,
    /// Decay of matrices and embeddings (not of norms and biases), times the learning rate.
    pub weight_decay: f64,
    /// Largest norm of a step's gradient; 0 for no bound.
    pub clip: f64,
}

impl Default for OptimConfig {
    fn default() -> Self {
        Self { learning_rate: 1e-3, final_share: 0.1, warmup: 100, beta1: 0.9, beta2: 0.99, weight_decay: 0.1, clip: 1.0 }
    }
}

impl OptimConfig {
    /// Learning rate of `step` (from 0) of `steps`, as nanoGPT has it.
    pub fn rate(&self, step: usize, steps: usize) -> f64 {
        if step < self.warmup {
            return self.learning_rate * (step + 1) as f64 / (self.warmup + 1) as f64;
        }
        let gone = (step - self.warmup) as f64 / steps.saturating_sub(self.warmup).max(1) as f64;
        let height = 0.5 * (1.0 + (std::f64::consts::PI * gone.min(1.0)).cos());
        self.learning_rate * (self.final_share + height * (1.0 - self.final_share))
    }
}

/// Weights that one thread handles at a time; fixed, so that sums over them are too.
const PIECE: usize = 1 << 15;

/// The optimizer's memory of past gradients.
pub struct AdamW {
    /// Running mean of gradients.
    pub mean: Vec<f32>,
    /// Running mean of their squares.
    pub square: Vec<f32>,
    pieces: Vec<(Range<usize>, bool)>,
}

impl AdamW {
    /// No memory yet.
    pub fn new(parameters: &[Parameter]) -> Self {
        let pieces: Vec<_> = parameters
            .iter()
            .flat_map(|parameter| {
                let decays = matches!(parameter.start, Start::Normal(_));
                let at = parameter.at.clone();
                at.clone().step_by(PIECE).map(move |start| (start..(start + PIECE).min(at.end), decays))
            })
            .collect();
        let len = pieces.last().map_or(0, |(piece, _)| piece.end);
        Self { mean: vec![0.0; len], square: vec![0.0; len], pieces }
    }

    /// Adds up `gradients`, in their order, into the first of them, and gives the norm of the sum. Runs on the current rayon pool.
    pub fn gather(&self, gradients: &mut [Vec<f32>]) -> f64 {
        let Some((first, others)) = gradients.split_first_mut() else { return 0.0 };
        let squares: Vec<f64> = self
            .split(first)
            .into_par_iter()
            .zip(&self.pieces)
            .map(|(sum, (piece, _))| {
                others.iter().for_each(|other| add(sum, &other[piece.clone()]));
                squares(sum)
            })
            .collect();
        squares.iter().sum::<f64>().sqrt()
    }

    /// Moves `weights` against `gradient` of norm `norm`, as step number `step` (from 0) of `steps`. Runs on the current rayon pool.
    pub fn step(&mut self, config: &OptimConfig, weights: &mut [f32], gradient: &[f32], norm: f64, step: usize, steps: usize) {
        let clip = if config.clip > 0.0 { (config.clip / (norm + 1e-6)).min(1.0) as f32 } else { 1.0 };
        let rate = config.rate(step, steps);
        let correct = |beta: f64| 1.0 - beta.powi(i32::try_from(step).unwrap_or(i32::MAX).saturating_add(1));
        let (pace, root) = ((rate / correct(config.beta1)) as f32, (1.0 / correct(config.beta2).sqrt()) as f32);
        let (beta1, beta2) = (config.beta1 as f32, config.beta2 as f32);
        let decay = (1.0 - rate * config.weight_decay) as f32;
        let (mut mean, mut square) = (std::mem::take(&mut self.mean), std::mem::take(&mut self.square));
        let pieces = (self.split(weights), self.split(&mut mean), self.split(&mut square), &self.pieces);
        pieces.into_par_iter().for_each(|(weights, mean, square, (piece, decays))| {
            let keep = if *decays { decay } else { 1.0 };
            descend(weights, mean, square, &gradient[piece.clone()], [keep, clip, pace, root], [beta1, beta2]);
        });
        (self.mean, self.square) = (mean, square);
    }

    fn split<'a>(&self, mut all: &'a mut [f32]) -> Vec<&'a mut [f32]> {
        let mut split = Vec::with_capacity(self.pieces.len());
        for (piece, _) in &self.pieces {
            let (head, tail) = all.split_at_mut(piece.len());
            split.push(head);
            all = tail;
        }
        split
    }
}

wide! {
    fn add(sum: &mut [f32], other: &[f32]) {
        sum.iter_mut().zip(other).for_each(|(sum, x)| *sum += x);
    }
}

wide! {
    fn squares(x: &[f32]) -> f64 {
        x.chunks(1024).map(|part| f64::from(dot(part, part))).sum()
    }
}

wide! {
    fn descend(weights: &mut [f32], mean: &mut [f32], square: &mut [f32], gradient: &[f32], factors: [f32; 4], betas: [f32; 2]) {
        let ([keep, clip, pace, root], [beta1, beta2]) = (factors, betas);
        for (((w, m), s), g) in weights.iter_mut().zip(mean).zip(square).zip(gradient) {
            let g = g * clip;
            *m += (g - *m) * (1.0 - beta1);
            *s = beta2 * *s + (1.0 - beta2) * g * g;
            *w = keep * *w - pace * *m / (s.sqrt() * root + 1e-8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_and_falls() {
        let config = OptimConfig { learning_rate: 1.0, warmup: 9, ..OptimConfig::default() };
        assert_eq!(config.rate(0, 109), 0.1);
        assert_eq!(config.rate(9, 109), 1.0);
        assert!((config.rate(59, 109) - 0.55).abs() < 1e-12);
        assert!((config.rate(109, 109) - 0.1).abs() < 1e-12);
    }

    #[test]
    fn steps_follow_the_formula() {
        let parameters = [
            Parameter { name: "w".into(), at: 0..PIECE + 1, start: Start::Normal(1.0) },
            Parameter { name: "b".into(), at: PIECE + 1..PIECE + 2, start: Start::Zero },
        ];
        let mut adam = AdamW::new(&parameters);
        let len = PIECE + 2;
        let mut gradients = vec![vec![0.25; len], vec![0.75; len]];
        let norm = adam.gather(&mut gradients);
        assert!((norm - (len as f64).sqrt()).abs() < 1e-6);
        let config = OptimConfig { learning_rate: 0.1, warmup: 0, final_share: 1.0, weight_decay: 0.5, clip: 0.0, ..OptimConfig::default() };
        let mut weights = vec![2.0; len];
        adam.step(&config, &mut weights, &gradients[0], norm, 0, 10);
        // The first step moves by the rate in the direction of the gradient; matrices shrink by rate times decay before it.
        assert!((weights[PIECE] - (2.0 * 0.95 - 0.1)).abs() < 1e-5);
        assert!((weights[PIECE + 1] - 1.9).abs() < 1e-5);
        // Clipped to norm 1, a second gradient changes the running mean by a tenth of g / norm.
        let before = adam.mean[0];
        adam.step(&OptimConfig { clip: 1.0, ..config }, &mut weights, &gradients[0], norm, 1, 10);
        assert!((f64::from(adam.mean[0]) - (0.9 * f64::from(before) + 0.1 / norm)).abs() < 1e-6);
    }
}
