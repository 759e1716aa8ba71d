//! The shape of a model, and the list of its parameters in one flat vector. [`super::preset`] has the published ones.

use std::ops::Range;

use serde::{Deserialize, Serialize};

pub use super::preset::Preset;
use super::random::Random;

/// How a norm treats its rows.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Norm {
    /// LayerNorm: centred.
    Layer,
    /// RMSNorm: scaled only.
    Rms,
}

/// Where norms stand (Xiong et al. 2020 compare the two).
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Placement {
    /// Before each part of a layer, and once at the end.
    Pre,
    /// Behind each part, over its sum with what went in.
    Post,
}

/// How a model learns where a token stands. Positions count from the start of a token's segment.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// A learned vector a position.
    Learned,
    /// A fixed vector of sines and cosines a position; tokens' vectors are multiplied by the root of the width.
    Sinusoidal,
    /// Rotary turns of queries and keys.
    Rotary,
    /// A learned bias of attention by distance, in T5's buckets.
    Relative,
    /// A fixed one that grows with distance (ALiBi).
    Alibi,
    /// Not at all: a recurrent model goes by the order.
    None,
}

/// The nonlinearity of the feed-forward layers.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// max(x, 0).
    Relu,
    /// GELU, tanh form.
    Gelu,
    /// SwiGLU: twice the hidden width goes in.
    SwiGlu,
}

/// A Transformer: a stack of layers over embeddings, or two of them. Who sees whom is the objective's.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Token ids are below this.
    pub vocab_size: usize,
    /// Positions are below this: the longest segment attention sees.
    pub seq_len: usize,
    /// Number of layers, of encoder and decoder each.
    pub layers: usize,
    /// Attention heads of a layer.
    pub heads: usize,
    /// Heads of keys and values, which groups of heads share; divides `heads`.
    pub kv_heads: usize,
    /// Width of the residual stream.
    pub width: usize,
    /// Width inside the feed-forward layers.
    pub hidden: usize,
    /// Width of the embedding; where it is not `width`, a matrix stands between (ALBERT), and `transform` must lead back.
    pub embedding: usize,
    /// Rows of a table for the second number of a place (BERT's two parts, GLM's positions within spans); 0 for none.
    pub kinds: usize,
    /// Classes that whole texts are told apart by, or 1 for a score; 0 for none.
    pub classes: usize,
    /// Kind of norm.
    pub norm: Norm,
    /// Where norms stand.
    pub placement: Placement,
    /// Kind of positions.
    pub position: Position,
    /// Nonlinearity.
    pub activation: Activation,
    /// Whether linear layers and norms have biases.
    pub bias: bool,
    /// Whether the output table is the embedding.
    pub tied: bool,
    /// Whether embeddings go through a norm (BERT).
    pub embedding_norm: bool,
    /// Whether a layer with GELU and a norm stands before the output table (BERT).
    pub transform: bool,
    /// Whether an encoder reads the prefix and the layers look across to it.
    pub encoder: bool,
    /// Whether all layers have the same weights (ALBERT).
    pub shared: bool,
    /// Whether layers are LSTMs, with weights of their own for each of two directions (ELMo).
    #[serde(default)]
    pub recurrent: bool,
}

/// Why a model cannot be built.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// A size is 0.
    #[error("`{0}` of the model must be above 0")]
    Zero(&'static str),
    /// Heads do not divide the width (into even parts, for rotary positions).
    #[error("`width` {width} does not divide into {heads} heads of {} size", if *.rotary { "even" } else { "equal" })]
    Heads {
        /// Width asked for.
        width: usize,
        /// Heads asked for.
        heads: usize,
        /// Whether positions are rotary.
        rotary: bool,
    },
    /// Heads do not share keys evenly.
    #[error("{heads} heads cannot share {kv_heads} heads of keys and values evenly")]
    Groups {
        /// Heads asked for.
        heads: usize,
        /// Heads of keys and values asked for.
        kv_heads: usize,
    },
    /// Nothing leads from the width to that of the output table.
    #[error("an `embedding` of {embedding} beside a `width` of {width} needs `transform`")]
    Embedding {
        /// Width of the embedding.
        embedding: usize,
        /// Width asked for.
        width: usize,
    },
}

impl ModelConfig {
    /// Numbers that go into the nonlinearity of a token.
    pub fn expanded(&self) -> usize {
        if self.activation == Activation::SwiGlu { 2 * self.hidden } else { self.hidden }
    }

    /// Numbers of a head.
    pub fn head(&self) -> usize {
        self.width / self.heads
    }

    /// Numbers of the keys of a token, and of its values.
    pub fn kv_width(&self) -> usize {
        self.kv_heads * self.head()
    }

    /// Floating-point operations of training on one token of a full row: six a weight of the matrix products (two forward, four
    /// backward) and those of attention, whose causal half alone is needed. An estimate to plan with, for models of one stack; norms and the like are left out.
    pub fn flops_per_token(&self) -> f64 {
        let layer = self.width * (2 * self.width + 2 * self.kv_width() + self.expanded() + self.hidden);
        let weights = self.layers * layer + self.vocab_size * self.embedding;
        let attention = self.layers * self.width * self.seq_len;
        6.0 * (weights + attention) as f64
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let sizes = [
            ("vocab_size", self.vocab_size),
            ("seq_len", self.seq_len),
            ("layers", self.layers),
            ("heads", self.heads),
            ("kv_heads", self.kv_heads),
            ("width", self.width),
            ("hidden", self.hidden),
            ("embedding", self.embedding),
        ];
        if let Some((name, _)) = sizes.iter().find(|(_, size)| *size == 0) {
            return Err(ConfigError::Zero(name));
        }
        let rotary = self.position == Position::Rotary;
        let part = if rotary { 2 * self.heads } else { self.heads };
        if !self.width.is_multiple_of(part) {
            return Err(ConfigError::Heads { width: self.width, heads: self.heads, rotary });
        }
        if !self.heads.is_multiple_of(self.kv_heads) {
            return Err(ConfigError::Groups { heads: self.heads, kv_heads: self.kv_heads });
        }
        if self.embedding != self.width && !self.transform {
            return Err(ConfigError::Embedding { embedding: self.embedding, width: self.width });
        }
        Ok(())
    }
}

/// How a parameter starts.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Start {
    /// Normal with this deviation: matrices, the parameters that weight decay acts on.
    Normal(f32),
    /// One: factors of norms.
    One,
    /// Zero: biases.
    Zero,
}

/// One named parameter within the flat vector of all of them.
#[derive(Clone, PartialEq, Debug)]
pub struct Parameter {
    /// Such as `layers.0.attention.qkv.weight`.
    pub name: String,
    /// Where it lies; matrices are outputs x inputs, row after row.
    pub at: Range<usize>,
    /// How it starts.
    pub start: Start,
}

/// Lists parameters one behind the other.
#[derive(Default)]
pub(super) struct Layout {
    pub parameters: Vec<Parameter>,
    len: usize,
}

impl Layout {
    /// A table of numbers that start at 0, rows x columns.
    pub fn table(&mut self, name: &str, rows: usize, columns: usize) -> Range<usize> {
        let start = self.len;
        self.push(name.to_owned(), rows * columns, Start::Zero);
        start..self.len
    }

    fn push(&mut self, name: String, len: usize, start: Start) {
        let at = self.len..self.len + len;
        self.len = at.end;
        self.parameters.push(Parameter { name, at, start });
    }

    /// A matrix, and its bias behind it if it has one; the range covers both.
    pub fn matrix(&mut self, name: &str, outputs: usize, inputs: usize, deviation: f32, bias: bool) -> Range<usize> {
        let start = self.len;
        self.push(format!("{name}.weight"), outputs * inputs, Start::Normal(deviation));
        if bias {
            self.push(format!("{name}.bias"), outputs, Start::Zero);
        }
        start..self.len
    }

    /// The factors of a norm, and its bias behind them if it has one.
    pub fn norm(&mut self, name: &str, width: usize, bias: bool) -> Range<usize> {
        let start = self.len;
        self.push(format!("{name}.weight"), width, Start::One);
        if bias {
            self.push(format!("{name}.bias"), width, Start::Zero);
        }
        start..self.len
    }
}

/// First values of all parameters: each draws from a stream of its own, so that models which share a parameter share its start.
pub fn initial(parameters: &[Parameter], seed: u64) -> Vec<f32> {
    let mut weights = Vec::with_capacity(parameters.last().map_or(0, |last| last.at.end));
    for parameter in parameters {
        let mut random = Random::new(seed, &parameter.name);
        let len = parameter.at.len();
        match parameter.start {
            Start::Normal(deviation) => weights.extend((0..len).map(|_| deviation * random.normal())),
            Start::One => weights.extend(std::iter::repeat_n(1.0, len)),
            Start::Zero => weights.extend(std::iter::repeat_n(0.0, len)),
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_shapes_are_refused() {
        let odd = ModelConfig::preset(Preset::Gpt, 10, 8, 1, 3, 16);
        assert_eq!(odd.check(), Err(ConfigError::Heads { width: 16, heads: 3, rotary: false }));
        let uneven = ModelConfig::preset(Preset::Llama, 10, 8, 1, 4, 12);
        assert_eq!(uneven.check().unwrap_err().to_string(), "`width` 12 does not divide into 4 heads of even size");
        let even = ModelConfig { heads: 4, ..odd.clone() };
        assert_eq!(ModelConfig { kv_heads: 3, ..even.clone() }.check(), Err(ConfigError::Groups { heads: 4, kv_heads: 3 }));
        assert_eq!(ModelConfig { kv_heads: 2, embedding: 8, ..even }.check(), Err(ConfigError::Embedding { embedding: 8, width: 16 }));
        assert_eq!(ModelConfig { layers: 0, ..odd }.check(), Err(ConfigError::Zero("layers")));
    }

    #[test]
    fn flops_of_a_known_shape() {
        let config = ModelConfig::preset(Preset::Gpt, 4096, 256, 4, 4, 128);
        let weights = 4 * 12 * 128 * 128 + 4096 * 128;
        assert_eq!(config.flops_per_token(), 6.0 * (weights + 4 * 128 * 256) as f64);
    }
}
