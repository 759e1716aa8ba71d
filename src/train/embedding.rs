//! What makes a token's first vector: a row of a table, perhaps widened, its position and its kind. An encoder and its decoder share it.

use std::ops::Range;

use super::config::{Layout, ModelConfig, Position};
use super::ops::matrix::Output;
use super::ops::norm::{self, Moments};
use super::ops::position::{embed, embed_backward, sinusoids};
use super::stack::{DEVIATION, Stream, fit, linear, norm_shape};

/// Where its parameters lie.
pub(super) struct Embedding {
    config: ModelConfig,
    pub table: Range<usize>,
    /// From the table's width to the model's.
    up: Option<Range<usize>>,
    positions: Option<Range<usize>>,
    sinusoids: Vec<f32>,
    kinds: Option<Range<usize>>,
    norm: Option<Range<usize>>,
}

/// What forward keeps for backward.
#[derive(Default)]
pub(super) struct Kept {
    /// Rows of a table that is narrower than the model.
    small: Vec<f32>,
    dsmall: Vec<f32>,
    /// What the norm takes.
    sum: Vec<f32>,
    moments: Vec<Moments>,
}

impl Embedding {
    /// Lays out its parameters.
    pub fn new(layout: &mut Layout, config: &ModelConfig) -> Self {
        let (width, bias) = (config.width, config.bias);
        Self {
            table: layout.matrix("embedding", config.vocab_size, config.embedding, DEVIATION, false),
            up: (config.embedding != width).then(|| layout.matrix("embedding.up", width, config.embedding, DEVIATION, bias)),
            positions: (config.position == Position::Learned).then(|| layout.matrix("positions", config.seq_len, width, DEVIATION, false)),
            sinusoids: if config.position == Position::Sinusoidal { sinusoids(config.seq_len, width) } else { Vec::new() },
            kinds: (config.kinds > 0).then(|| layout.matrix("kinds", config.kinds, width, DEVIATION, false)),
            norm: config.embedding_norm.then(|| layout.norm("embedding.norm", width, bias)),
            config: config.clone(),
        }
    }

    /// Sets `x` to the vectors of a stream.
    pub fn forward(&self, weights: &[f32], stream: &Stream, x: &mut Vec<f32>, kept: &mut Kept) {
        let Kept { small, sum, moments, .. } = kept;
        let (n, width, narrow) = (stream.ids.len(), self.config.width, self.config.embedding);
        x.clear();
        x.resize(n * width, 0.0);
        match &self.up {
            None => embed(&weights[self.table.clone()], &stream.ids, x, width, self.factor()),
            Some(up) => {
                fit(small, n * narrow).fill(0.0);
                embed(&weights[self.table.clone()], &stream.ids, small, narrow, self.factor());
                linear(narrow, width).forward(&weights[up.clone()], small, x, Output::Set);
            }
        }
        if let Some(positions) = &self.positions {
            embed(&weights[positions.clone()], &stream.positions, x, width, 1.0);
        }
        if !self.sinusoids.is_empty() {
            embed(&self.sinusoids, &stream.positions, x, width, 1.0);
        }
        if let Some(kinds) = &self.kinds {
            embed(&weights[kinds.clone()], &stream.kinds, x, width, 1.0);
        }
        if let Some(norm) = &self.norm {
            sum.clone_from(x);
            norm::forward(norm_shape(&self.config), sum, &weights[norm.clone()], x, fit(moments, n));
        }
    }

    /// What the rows of the table are multiplied with: beside sinusoids of length root of half the width, tokens are to be heard.
    fn factor(&self) -> f32 {
        if self.config.position == Position::Sinusoidal { (self.config.width as f32).sqrt() } else { 1.0 }
    }

    /// Adds the gradients of [`Embedding::forward`], given that of its output, which is used up.
    pub fn backward(&self, weights: &[f32], stream: &Stream, kept: &mut Kept, dx: &mut Vec<f32>, gradient: &mut [f32]) {
        let (width, narrow) = (self.config.width, self.config.embedding);
        if let Some(norm) = &self.norm {
            let dy = std::mem::replace(dx, vec![0.0; dx.len()]);
            norm::backward(norm_shape(&self.config), &kept.sum, &weights[norm.clone()], &kept.moments, &dy, dx, &mut gradient[norm.clone()]);
        }
        if let Some(kinds) = &self.kinds {
            embed_backward(dx, &stream.kinds, &mut gradient[kinds.clone()], width, 1.0);
        }
        if let Some(positions) = &self.positions {
            embed_backward(dx, &stream.positions, &mut gradient[positions.clone()], width, 1.0);
        }
        match &self.up {
            None => embed_backward(dx, &stream.ids, &mut gradient[self.table.clone()], width, self.factor()),
            Some(up) => {
                let dsmall = fit(&mut kept.dsmall, stream.ids.len() * narrow);
                linear(narrow, width).backward(&weights[up.clone()], &kept.small, dx, (dsmall, Output::Set), &mut gradient[up.clone()]);
                embed_backward(dsmall, &stream.ids, &mut gradient[self.table.clone()], narrow, self.factor());
            }
        }
    }
}
