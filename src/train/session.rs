//! `[train]` and `dataprep train`: one training on a shard set, from settings to `metrics.json`, resumable.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::checkpoint::Saved;
use super::config::ModelConfig;
use super::corpus::ShardCorpus;
use super::data::{Corpus, Packs, Rows, Sampling, Windows};
use super::objective::{Objective, Task};
use super::optim::OptimConfig;
use super::preset::Preset;
use super::rollout::Judge;
use super::stream::check_marks;
use super::trainer::{Progress, TrainConfig, Trainer};
use super::workers::Workers;
use super::{Metrics, TrainError};

/// What `[train]` says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The model family: `gpt`, `llama`, `bert`, `roberta`, `albert`, `t5`, `glm`, `bloom`, `elmo` or `transformer`.
    pub preset: Preset,
    /// What is learned, by its name in [`Objective::NAMES`]; that of the checkpoint which training begins with, or the preset's own, where it is left out.
    pub objective: Option<Objective>,
    /// A checkpoint to begin with, or the folder of its training: it says the model's shape, in the place of `preset`, `layers`, `heads` and `width`.
    pub from: Option<PathBuf>,
    /// The checkpoint of the reward model, for objective `ppo`.
    pub reward_model: Option<PathBuf>,
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
            from: None,
            reward_model: None,
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
    let from = settings.from.as_deref().map(saved).transpose()?;
    let objective = settings.objective.or(from.as_ref().map(|from| from.task.objective)).unwrap_or(settings.preset.objective());
    let whole = objective.takes_whole_documents();
    let (corpus, heldout) = ShardCorpus::split(shards, settings.val_share.clamp(0.0, 1.0), whole).map_err(|error| TrainError::Corpus(error.to_string()))?;
    check_marks(corpus.shards(), objective, settings.whole_words)?;
    let (model, task) = shape(settings, &corpus, from.as_ref(), objective)?;
    let packed = || corpus.packs(task.row_len()).filter(|_| objective.takes_any_rows());
    let rows: Box<dyn Rows + '_> = match settings.sampling {
        Sampling::Windows if objective.takes_any_rows() => Box::new(Windows::new(&corpus, task.row_len())),
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
    if let Some(from) = &from {
        let weights = from.begin(trainer.model(), settings.seed)?;
        trainer = trainer.begin(weights);
    }
    if let Some(reward) = settings.reward_model.as_deref().filter(|_| objective == Objective::Ppo) {
        trainer = trainer.judged_by(Judge::new(saved(reward)?)?)?;
    }
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

/// The checkpoint in the file `path`, or in the folder of a training.
pub fn saved(path: &Path) -> Result<Saved, TrainError> {
    let path = if path.is_dir() { path.join(CHECKPOINT) } else { path.to_owned() };
    let file = File::open(&path).map_err(|error| TrainError::Checkpoint(format!("cannot open {}: {error}", path.display())))?;
    Saved::read(&mut BufReader::new(file))
}

/// The model and what it learns: of the settings, or of the checkpoint that training begins with.
fn shape(settings: &Settings, corpus: &ShardCorpus, from: Option<&Saved>, objective: Objective) -> Result<(ModelConfig, Task), TrainError> {
    let mismatch = |said: String| Err(TrainError::Mismatch(said));
    if let Some(role) = settings.special.keys().find(|role| !objective.roles().contains(&role.as_str())) {
        let roles = objective.roles().join(", ");
        return mismatch(format!("the objective has no special token `{role}`: {}", if roles.is_empty() { "it needs none" } else { &roles }));
    }
    if from.is_none() && matches!(objective, Objective::Dpo | Objective::Ppo) {
        return mismatch("preferences are learned by a model that can answer already: give --from CHECKPOINT".to_owned());
    }
    if objective == Objective::Ppo && settings.reward_model.is_none() {
        return mismatch("objective `ppo` needs --reward-model CHECKPOINT, trained by objective `reward` on such tokens".to_owned());
    }
    if let Some(from) = from.filter(|from| from.task.vocab_size != corpus.vocab_size()) {
        return mismatch(format!(
            "the checkpoint knows {} ids, the shards {}: were they made with another tokenizer?",
            from.task.vocab_size,
            corpus.vocab_size()
        ));
    }
    let packed = || corpus.packed_lengths().first().copied();
    let seq_len = settings.seq_len.or_else(|| from.map(|from| from.model.seq_len)).or_else(packed).ok_or(TrainError::Setting("seq_len"))?;
    let model = match from {
        Some(from) => ModelConfig { seq_len, ..from.model.clone() },
        None => ModelConfig::preset(settings.preset, corpus.vocab_size(), seq_len, settings.layers, settings.heads, settings.width),
    };
    let mut special = corpus.special().clone();
    special.extend(from.into_iter().flat_map(|from| from.task.special.clone()));
    special.extend(settings.special.clone());
    let labels_texts = matches!(objective, Objective::Classify | Objective::Tag);
    let sees_both_ways = from.map_or(settings.preset.objective().sees_both_ways(), |from| from.task.objective.sees_both_ways() || from.task.both_ways);
    let task = Task {
        whole_words: settings.whole_words,
        fixed: settings.fixed,
        labels: if labels_texts { corpus.labels().len() } else { 0 },
        both_ways: labels_texts && sees_both_ways,
        ..Task::new(objective, seq_len, model.encoder, corpus.vocab_size(), &special)
    };
    Ok((model, task))
}

/// Writes a file so that it is there whole or not at all.
fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> Result<(), TrainError>) -> Result<(), TrainError> {
    let partial = path.with_extension("partial");
    let mut file = BufWriter::new(File::create(&partial)?);
    write(&mut file)?;
    file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
    Ok(std::fs::rename(&partial, path)?)
}
