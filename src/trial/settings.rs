//! What `[validate]` says.

use std::path::PathBuf;

use serde::Deserialize;

use crate::stage::Share;
use crate::train::config::Preset;

/// What `[validate]` says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The arms in order; the verdict compares the last with the first. `extracted`: the documents as extracted; `full`: as kept by the whole pipeline.
    pub arms: Vec<Arm>,
    /// Held-out documents: files of the pipeline's source form, or `.jsonl` with a `text`. No arm's stages touch them; their text is only extracted.
    pub heldout: Option<PathBuf>,
    /// Where `heldout` is left out: the share of the documents, chosen by key before any stage, that is held out of every arm.
    pub heldout_share: Share,
    /// Trainings of each arm.
    pub seeds: usize,
    /// Seed of the first training; the next ones count on from it.
    pub seed: u64,
    /// Tokens each training sees.
    pub tokens: u64,
    /// The model family.
    pub preset: Preset,
    /// Layers.
    pub layers: usize,
    /// Attention heads of a layer.
    pub heads: usize,
    /// Width of the model.
    pub width: usize,
    /// Tokens of a training row.
    pub seq_len: usize,
    /// Rows of a step.
    pub batch: usize,
    /// Highest learning rate.
    pub learning_rate: f64,
}

/// A corpus made from the pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arm {
    /// The documents as extracted, nothing dropped.
    Extracted,
    /// The documents as kept by the whole pipeline.
    Full,
}

impl Arm {
    /// Its name in the verdict.
    pub fn name(self) -> &'static str {
        match self {
            Arm::Extracted => "extracted",
            Arm::Full => "full",
        }
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            arms: vec![Arm::Extracted, Arm::Full],
            heldout: None,
            heldout_share: Share::new(0.1),
            seeds: 5,
            seed: 0,
            tokens: 400_000,
            preset: Preset::Gpt,
            layers: 2,
            heads: 4,
            width: 64,
            seq_len: 128,
            batch: 8,
            learning_rate: 3e-3,
        }
    }
}
