//! Does this pipeline make the data better? The same small model is trained on corpora made from it, at one token budget, and judged on held-out text.
//!
//! `arms` makes the corpora, each an ordinary run; [`crate::train::verdict`] trains and judges; this module holds the two together, keeps every finished
//! training on disk so that a stopped verdict goes on, and writes `validate.json`.

mod arms;
mod settings;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

pub use settings::{Arm, Settings};

use crate::config::{Config, Problems};
use crate::run::Options;
use crate::stage::RunError;
use crate::train::TrainError;
use crate::train::config::ModelConfig;
use crate::train::corpus::ShardCorpus;
use crate::train::data::Sampling;
use crate::train::optim::OptimConfig;
use crate::train::trainer::{TrainConfig, steps_for};
use crate::train::verdict::{Arm as StudyArm, Run, Study, Validation};
use crate::train::workers::Workers;

/// Why there is no verdict.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    /// A pipeline of an arm cannot be planned.
    #[error(transparent)]
    Problems(#[from] Problems),
    /// A run failed.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A training failed.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// The shards of an arm cannot be read.
    #[error("{path}: {cause}")]
    Shards {
        /// Their folder.
        path: PathBuf,
        /// What is wrong.
        cause: crate::shard::ShardError,
    },
    /// Something cannot be written or read.
    #[error("{path}: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: std::io::Error,
    },
    /// Set from outside.
    #[error("stopped; the same command goes on from here")]
    Stopped,
}

/// How far a verdict is.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// The arm in training.
    pub arm: String,
    /// Number of its training, from 0.
    pub run: usize,
    /// Steps done in it.
    pub step: usize,
    /// Steps of each training.
    pub steps: usize,
    /// Trainings done of all arms.
    pub done: usize,
    /// Trainings in all.
    pub trainings: usize,
}

/// A vocabulary for corpora given as files: small, since they may be small.
const FILE_VOCABULARY: usize = 1024;

/// The verdict over a pipeline's own arms. `tokenizer` is the one all arms are tokenized with; results go to `out`.
pub fn of_pipeline(
    config: &Config,
    settings: &Settings,
    tokenizer: &str,
    out: &Path,
    options: &Options<'_>,
    watch: &mut dyn FnMut(&Step),
) -> Result<Validation, TrialError> {
    let (heldout, made) = arms::of_pipeline(config, settings, tokenizer, &folder(settings, tokenizer, out))?;
    let heldout = arms::make(heldout, options)?;
    let made = made.into_iter().map(|(name, config)| Ok((name, arms::make(config, options)?))).collect::<Result<Vec<_>, TrialError>>()?;
    judge(&made, &heldout, settings, out, options, watch)
}

/// The verdict over corpora given as files: a tokenizer is learned from all arms together.
pub fn of_files(
    files: &[(String, PathBuf)],
    heldout: &Path,
    settings: &Settings,
    out: &Path,
    options: &Options<'_>,
    watch: &mut dyn FnMut(&Step),
) -> Result<Validation, TrialError> {
    let folder = folder(settings, "", out);
    let paths: Vec<&Path> = files.iter().map(|(_, path)| path.as_path()).collect();
    let (learning, tokenizer) = arms::tokenizer_of_files(&paths, FILE_VOCABULARY, &folder)?;
    arms::make(learning, options)?;
    let tokenizer = tokenizer.to_string_lossy().into_owned();
    let held = arms::make(arms::of_file("heldout", heldout, settings, &tokenizer, &folder)?, options)?;
    let mut made = Vec::new();
    for (name, path) in files {
        made.push((name.clone(), arms::make(arms::of_file(&format!("arm-{name}"), path, settings, &tokenizer, &folder)?, options)?));
    }
    judge(&made, &held, settings, out, options, watch)
}

/// Where the arms lie: under a hash of what makes them differ from those of other settings, so that changed settings never meet another run.
fn folder(settings: &Settings, tokenizer: &str, out: &Path) -> PathBuf {
    let Settings { heldout, heldout_share, seq_len, .. } = settings;
    let hash = xxhash_rust::xxh3::xxh3_64(format!("{heldout:?} {heldout_share:?} {seq_len} {tokenizer}").as_bytes());
    out.join("arms").join(format!("{hash:016x}"))
}

fn judge(
    made: &[(String, PathBuf)],
    heldout_shards: &Path,
    settings: &Settings,
    out: &Path,
    options: &Options<'_>,
    watch: &mut dyn FnMut(&Step),
) -> Result<Validation, TrialError> {
    let open = |path: &Path| ShardCorpus::open(path).map_err(|cause| TrialError::Shards { path: path.to_owned(), cause });
    let heldout = open(heldout_shards)?;
    let corpora = made.iter().map(|(name, path)| Ok((name.as_str(), open(path)?))).collect::<Result<Vec<_>, TrialError>>()?;
    let model = ModelConfig::preset(settings.preset, heldout.vocab_size(), settings.seq_len, settings.layers, settings.heads, settings.width);
    let steps = steps_for(settings.tokens, settings.batch, settings.seq_len);
    let optim = OptimConfig { learning_rate: settings.learning_rate, warmup: (steps / 20).max(1), ..OptimConfig::default() };
    let train = TrainConfig { steps, batch: settings.batch, seed: settings.seed, sampling: Sampling::InOrder, evaluate_every: 0, optim };
    let arms: Vec<StudyArm<'_>> = corpora.iter().map(|(name, corpus)| StudyArm { name, corpus }).collect();
    // Finished trainings are kept under a hash of all that they depend on, so that changed settings or corpora never meet old results.
    let mut asked = format!("{model:?} {train:?} {}", settings.seeds);
    for path in made.iter().map(|(_, path)| path.as_path()).chain([heldout_shards]) {
        asked.push_str(&std::fs::read_to_string(path.join("manifest.json")).map_err(|cause| TrialError::File { path: path.to_owned(), cause })?);
    }
    let folder = out.join("runs").join(format!("{:032x}", xxhash_rust::xxh3::xxh3_128(asked.as_bytes())));
    let names: Vec<String> = arms.iter().map(|arm| arm.name.to_owned()).collect();
    let study = Study::new(arms, &heldout, model, train, settings.seeds)?;
    let workers = Workers::new(options.threads)?;
    std::fs::create_dir_all(&folder).map_err(|cause| TrialError::File { path: folder.clone(), cause })?;
    let mut runs: Vec<Run> = Vec::new();
    let trainings = names.len() * settings.seeds;
    for run in 0..settings.seeds {
        for (arm, name) in names.iter().enumerate() {
            let path = folder.join(format!("{name}-{run}.json"));
            if let Some(kept) = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<Run>(&bytes).ok()) {
                runs.push(kept);
                continue;
            }
            let done = runs.len();
            let result = study.run(arm, run, &workers, &mut |progress| {
                watch(&Step { arm: name.clone(), run, step: progress.step, steps, done, trainings });
                if options.stop.load(std::sync::atomic::Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })?;
            let result = result.ok_or(TrialError::Stopped)?;
            write(&path, &result)?;
            runs.push(result);
        }
    }
    let validation = study.judge(&runs)?;
    write(&out.join("validate.json"), &validation)?;
    Ok(validation)
}

fn write(path: &Path, value: &impl serde::Serialize) -> Result<(), TrialError> {
    let failed = |cause: std::io::Error| TrialError::File { path: path.to_owned(), cause };
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|error| failed(error.into()))?;
    bytes.push(b'\n');
    let partial = path.with_extension("partial");
    std::fs::write(&partial, bytes).map_err(failed)?;
    std::fs::rename(&partial, path).map_err(failed)
}
