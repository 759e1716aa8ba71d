//! The bundled trainer: a small Transformer on CPU, its objectives, and its use as a judge of data.
//!
//! Read it in this order: `data` (documents, rows) and `objective` (what is predicted), `config`, `preset`, `stack` and `model` (the Transformer) over `ops`
//! (its operations), `optim` and `trainer` (the loop), `evaluate` (loss and bits per byte), `preference` and `rollout` (DPO and PPO). `vectors` stands by itself.
//! It knows files only through the trait `data::Corpus`; it never prints, and threads live in `workers` alone.

pub mod checkpoint;
pub mod config;
pub mod corpus;
pub mod data;
mod embedding;
pub mod evaluate;
pub mod few_shot;
mod head;
pub mod model;
pub mod objective;
pub mod ops;
pub mod optim;
mod places;
mod preference;
pub mod preset;
pub mod random;
mod recurrent;
pub mod rollout;
pub mod session;
mod stack;
pub mod stream;
pub mod trainer;
pub mod vectors;
pub mod workers;

use serde::{Deserialize, Serialize};

/// What `train/metrics.json` holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Held-out loss, nats a target; nats an answer where nothing but answers is asked for.
    pub val_loss: Option<f64>,
    /// Held-out bits a UTF-8 byte of text, where every token but the first is predicted.
    pub val_bits_per_byte: Option<f64>,
    /// Share of the held-out answers about texts or tokens that are right; of preferences, of the pairs whose better answer has gained on the other.
    #[serde(default)]
    pub val_accuracy: Option<f64>,
    /// Mean F1 of the labels of held-out texts or tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub val_f1: Option<f64>,
    /// By how many nats the better answers of held-out pairs have gained on the others since training began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub val_margin: Option<f64>,
    /// What the reward model gives for answers to held-out prompts, in the mean.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub val_reward: Option<f64>,
    /// Tokens trained on.
    pub tokens: u64,
    /// Steps trained.
    pub steps: usize,
    /// Passes over the corpus.
    pub epochs: f64,
    /// Weights of the model.
    pub parameters: usize,
    /// Loss along the way.
    pub curve: Vec<Point>,
    /// Time taken, filled in by the caller.
    pub seconds: f64,
}

/// A point of the curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Steps done.
    pub step: usize,
    /// Tokens trained on.
    pub tokens: u64,
    /// Mean training loss since the point before, nats a token; of PPO the reward, below 0 where it is good.
    pub train_loss: f64,
    /// Held-out loss, nats a token.
    pub val_loss: Option<f64>,
}

/// Why training cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The model's shape is impossible.
    #[error(transparent)]
    Model(#[from] config::ConfigError),
    /// A setting is 0 that must not be.
    #[error("`{0}` must be above 0")]
    Setting(&'static str),
    /// There is nothing to train on.
    #[error("the corpus has no tokens to train on")]
    NoRows,
    /// Model and objective do not go together.
    #[error("{0}")]
    Mismatch(String),
    /// A token id outside the vocabulary.
    #[error("token id {id} is not below the model's vocab_size {vocab_size}; was the corpus tokenized with another tokenizer?")]
    UnknownId {
        /// The id.
        id: u32,
        /// The model's vocabulary.
        vocab_size: usize,
    },
    /// A span longer than the model's rows.
    #[error("document {document} has a span of {len} tokens in one row; model and objective take {row_len} at most")]
    LongSpan {
        /// Number of the document.
        document: usize,
        /// Tokens of the span.
        len: usize,
        /// The most tokens of a span.
        row_len: usize,
    },
    /// The shard set cannot be read.
    #[error("the shards cannot be read: {0}")]
    Corpus(String),
    /// The loss is no longer a number.
    #[error("the loss is not finite at step {step}; a lower learning rate may help")]
    Diverged {
        /// Steps done.
        step: usize,
    },
    /// A checkpoint that cannot be used.
    #[error("the checkpoint cannot be used: {0}")]
    Checkpoint(String),
    /// Threads could not be started.
    #[error("threads could not be started: {0}")]
    Threads(String),
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}
