//! `[train]` and `dataprep train`: one training on a shard set, from settings to `metrics.json`, resumable.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

use serde::Deserialize;

use super::config::ModelConfig;
use super::corpus::ShardCorpus;
use super::data::{Corpus, Packs, Rows, Sampling, Windows};
use super::objective::Objective;
use super::optim::OptimConfig;
use super::preset::Preset;
use super::stream::Wanted;
use super::trainer::{Progress, TrainConfig, Trainer};
use super::workers::Workers;
use super::{Metrics, TrainError};

/// What `[train]` says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The model family: `gpt`, `llama`, `bert`, `roberta`, `albert`, `t5`, `glm` or `transformer`.
    pub preset: Preset,
    /// What is learned: `causal`, `prefix_lm`, `fim`, `sft`, `mlm`, `nsp`, `sop`, `span_corruption`, `blank_infilling` or `reward`; the preset's own where it is left out.
    pub objective: Option<Objective>,
    /// Masks cover whole words (the shards must say where they start).
    pub whole_words: bool,
    /// A row is masked, cut or paired in the same way in every epoch.
    pub fixed: bool,
    /// Special tokens by role, over those that the shards name: `mask`, `cls`, `sep`, `eos`, `start`, `sentinel`, `fim_prefix`, `fim_suffix`, `fim_middle`. A role that an
    /// objective needs and nobody names gets an id behind the vocabulary.
    pub special: BTreeMap<String, u32>,
    /// Layers.
    pub layers: usize,
    /// Attention heads of a layer.
    pub heads: usize,
    /// Width of the model.
    pub width: usize,
    /// Tokens of a training row; the shards' first pack list where it is left out.
    pub seq_len: Option<usize>,
    /// Rows of a step.
    pub batch: usize,
    /// Steps.
    pub steps: usize,
    /// Highest learning rate.
    pub learning_rate: f64,
    /// Steps over which the learning rate rises.
    pub warmup: usize,
    /// Order of rows: `epochs` (every row of the pack list once an epoch) or `windows` (any window of the token stream at any time).
    pub sampling: Sampling,
    /// Share of the tokens, at the end, that is held out for validation.
    pub val_share: f64,
    /// Steps between two evaluations.
    pub evaluate_every: usize,
    /// Seed of the first weights and of the order of rows.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            preset: Preset::Gpt,
            objective: None,
            whole_words: false,
            fixed: false,
            special: BTreeMap::new(),
            layers: 4,
            heads: 4,
            width: 128,
            seq_len: None,
            batch: 12,
            steps: 2_000,
            learning_rate: 1e-3,
            warmup: 100,
            sampling: Sampling::Epochs,
            val_share: 0.1,
            evaluate_every: 250,
            seed: 0,
        }
    }
}

const CHECKPOINT: &str = "checkpoint.bin";
const METRICS: &str = "metrics.json";

/// Trains on the shard set in `shards`, writing checkpoints and `metrics.json` into `out`; goes on from a checkpoint that is there. `watch` sees every
/// step and says whether to go on; where it says no, a checkpoint is written and `None` given back. The clock is the caller's: `seconds` since the start.
pub fn train(
    shards: &Path,
    settings: &Settings,
    threads: usize,
    out: &Path,
    watch: &mut dyn FnMut(&Progress, usize) -> bool,
    seconds: &dyn Fn() -> f64,
) -> Result<Option<Metrics>, TrainError> {
    let workers = Workers::new(threads)?;
    let objective = settings.objective.unwrap_or(settings.preset.objective());
    let pairs = objective == Objective::Reward;
    let (corpus, heldout) = ShardCorpus::split(shards, settings.val_share.clamp(0.0, 1.0), pairs).map_err(|error| TrainError::Corpus(error.to_string()))?;
    let seq_len = settings.seq_len.or_else(|| corpus.packed_lengths().first().copied()).ok_or(TrainError::Setting("seq_len"))?;
    let model = ModelConfig::preset(settings.preset, corpus.vocab_size(), seq_len, settings.layers, settings.heads, settings.width);
    let wanted =
        Wanted { objective, seq_len, encoder: model.encoder, whole_words: settings.whole_words, fixed: settings.fixed, special: settings.special.clone() };
    let task = wanted.task(corpus.shards())?;
    let streams = objective.streams();
    let packed = || corpus.packs(task.row_len()).filter(|_| streams);
    let rows: Box<dyn Rows + '_> = match settings.sampling {
        Sampling::Windows if streams => Box::new(Windows::new(&corpus, task.row_len())),
        _ => Box::new(packed().map_or_else(|| task.rows(&corpus), |packs| Packs::new(&corpus, packs))),
    };
    std::fs::create_dir_all(out)?;
    let optim = OptimConfig { learning_rate: settings.learning_rate, warmup: settings.warmup, ..OptimConfig::default() };
    let config = TrainConfig {
        steps: settings.steps,
        batch: settings.batch,
        seed: settings.seed,
        sampling: settings.sampling,
        evaluate_every: settings.evaluate_every,
        optim,
    };
    let heldout: Option<&dyn Corpus> = (heldout.documents() > 0).then_some(&heldout);
    let path = out.join(CHECKPOINT);
    let mut trainer = Trainer::of_task(model, task, config, rows.as_ref(), &workers)?;
    if let Ok(file) = File::open(&path) {
        trainer = trainer.resume(&mut BufReader::new(file))?;
    }
    while !trainer.finished() {
        let marked = trainer.step(heldout)?.step;
        let go_on = watch(trainer.progress(), settings.steps);
        let due = settings.evaluate_every > 0 && marked.is_multiple_of(settings.evaluate_every);
        if due || !go_on || trainer.finished() {
            replace(&path, |file| trainer.write_to(file))?;
        }
        if !go_on {
            return Ok(None);
        }
    }
    let metrics = Metrics { seconds: seconds(), ..trainer.metrics(heldout)? };
    let json = serde_json::to_vec_pretty(&metrics).map_err(|error| TrainError::Io(error.into()))?;
    replace(&out.join(METRICS), |file| Ok(file.write_all(&json)?))?;
    Ok(Some(metrics))
}

/// Writes a file so that it is there whole or not at all.
fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<(), TrainError>) -> Result<(), TrainError> {
    let partial = path.with_extension("partial");
    let mut file = BufWriter::new(File::create(&partial)?);
    write(&mut file)?;
    file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
    Ok(std::fs::rename(&partial, path)?)
}
