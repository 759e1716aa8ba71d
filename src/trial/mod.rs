//! Does this pipeline make the data better? The same small model is trained on corpora made from it, at one token budget, and judged on held-out text.
//!
//! `arms` makes the corpora, each an ordinary run; `heldout` and `probe` make what every model is asked; `study` trains on
//! them and `validation` weighs what came of it; `judge` holds them together, says beforehand what it will take, keeps every finished training on disk so that a stopped verdict goes on, and writes
//! `validate.json`.

mod arms;
mod counting;
mod forecast;
mod heldout;
mod judge;
mod probe;
mod selection;
mod settings;
mod statistics;
mod study;
mod validation;

use std::io::Read;
use std::path::{Path, PathBuf};

pub use forecast::Forecast;
pub use judge::Report;
pub use probe::{Pair, pairs};
pub use settings::{Arm, Arms, Files, Settings, WHOLE};
pub use validation::{ArmScore, Difference, DomainScore, Estimate, PairScore, Validation, Verdict};

use crate::config::{Config, Problem, Problems};
use crate::ngram::NgramError;
use crate::run::Options;
use crate::stage::RunError;
use crate::store;
use crate::train::TrainError;
use crate::train::corpus::ShardCorpus;

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
    /// N-grams cannot be counted.
    #[error(transparent)]
    Ngram(#[from] NgramError),
    /// Arms or held-out texts do not make a comparison.
    #[error("{0}")]
    Study(String),
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

/// What a verdict tells while it is being made.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A run of this name makes documents of an arm or held-out ones.
    Making(String),
    /// What the trainings will take.
    Forecast(Forecast),
    /// The n-grams of the arm of this name are counted.
    Counting(String),
    /// A step of a training is done.
    Step(Step),
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

/// Who is told.
pub type Watch<'a> = dyn FnMut(&Event) + 'a;

/// Problems of `[validate]` that show only against the pipeline and the disk: arms that are none of it, held-out files that are not there.
pub fn problems(config: &Config, settings: &Settings) -> Vec<Problem> {
    let mut problems = arms::Workshop::new(config, settings, Path::new("")).choose().err().unwrap_or_default();
    let place = config.validate.as_ref().map_or(0..0, |table| table.place("heldout"));
    // Globs and addresses are looked up by the source that reads them.
    let plain = |path: &Path| !path.to_string_lossy().contains(['*', '?', '[']) && !store::is_address(path);
    for (_, path) in settings.heldout.iter().flat_map(|Files(files)| files).filter(|(_, path)| plain(path) && !path.exists()) {
        let help = "check the path; it is taken from the folder the command runs in";
        problems.push(Problem::at(place.clone(), format!("no file matches `{}`", path.display()), help));
    }
    problems
}

/// Number of corpora that the arms are trained on.
pub fn count_arms(config: &Config, settings: &Settings) -> usize {
    arms::Workshop::new(config, settings, Path::new("")).choose().map_or(0, |chosen| chosen.arms.len())
}

/// The verdict over a pipeline's own arms; results go to `out`.
pub fn of_pipeline(config: &Config, settings: &Settings, out: &Path, options: &Options<'_>, watch: &mut Watch<'_>) -> Result<Report, TrialError> {
    let folder = folder(settings, &[], out)?;
    let shop = arms::Workshop::new(config, settings, &folder);
    let chosen = shop.choose().map_err(|problems| Problems::new(problems, config.text.clone()))?;
    let mut make = |config: Config| {
        watch(&Event::Making(config.run.output.file_name().unwrap_or_default().to_string_lossy().into_owned()));
        arms::make(config, options)
    };
    let tokenizer = match &settings.tokenizer {
        Some(tokenizer) => tokenizer.clone(),
        None => {
            let (learning, path) = shop.learn_tokenizer()?;
            make(learning)?;
            path.to_string_lossy().into_owned()
        }
    };
    let mut heldout = Vec::new();
    for (domain, config) in shop.heldout(&tokenizer)? {
        heldout.push((domain, make(config)?));
    }
    let mut made = Vec::new();
    for arm in chosen.arms {
        let run = make(shop.arm_config(&arm, &tokenizer)?)?;
        made.push((arm, run));
    }
    let held = heldout::Held::open(&heldout, settings, &tokenizer, &folder, options)?;
    let full = made.iter().find(|(arm, _)| *arm == Arm::Full).map(|(_, run)| run.clone());
    let corpora = made.into_iter().map(|(arm, run)| judge::Corpus::of_arm(arm, &run, full.as_deref())).collect::<Result<Vec<_>, _>>()?;
    judge::judge(&corpora, &held, chosen.left_in, settings, out, options, watch)
}

/// The verdict over corpora given as files: a tokenizer is learned from all arms together.
pub fn of_files(files: &Files, heldout: &Files, settings: &Settings, out: &Path, options: &Options<'_>, watch: &mut Watch<'_>) -> Result<Report, TrialError> {
    let Files(files) = files;
    let Files(heldout) = heldout;
    let paths: Vec<&Path> = files.iter().map(|(_, path)| path.as_path()).collect();
    let all: Vec<&Path> = paths.iter().copied().chain(heldout.iter().map(|(_, path)| path.as_path())).collect();
    let folder = folder(settings, &all, out)?;
    let tokenizer = match &settings.tokenizer {
        Some(tokenizer) => tokenizer.clone(),
        None => {
            let (learning, tokenizer) = arms::tokenizer_of_files(&paths, settings, &folder)?;
            arms::make(learning, options)?;
            tokenizer.to_string_lossy().into_owned()
        }
    };
    let mut runs = Vec::new();
    for (name, path) in heldout {
        runs.push((name.clone(), arms::make(arms::heldout_of_file(name, path, settings, &tokenizer, &folder)?, options)?));
    }
    let mut corpora = Vec::new();
    for (name, path) in files {
        watch(&Event::Making(name.clone()));
        let run = arms::make(arms::of_file(&format!("arm-{name}"), path, settings, &tokenizer, &folder)?, options)?;
        corpora.push(judge::Corpus::whole(name.clone(), &run)?);
    }
    let held = heldout::Held::open(&runs, settings, &tokenizer, &folder, options)?;
    judge::judge(&corpora, &held, Vec::new(), settings, out, options, watch)
}

/// Where the arms lie: under a hash of what makes them differ from those of other settings and of other files, so that neither meets old runs.
fn folder(settings: &Settings, files: &[&Path], out: &Path) -> Result<PathBuf, TrialError> {
    let Settings { heldout, heldout_share, heldout_by, tokenizer, vocab_size, seq_len, .. } = settings;
    let mut hash = xxhash_rust::xxh3::Xxh3::new();
    hash.update(format!("{heldout:?} {heldout_share:?} {heldout_by:?} {tokenizer:?} {vocab_size} {seq_len} {files:?}").as_bytes());
    let mut buffer = vec![0; 1 << 16];
    for path in files {
        let failed = |cause| TrialError::File { path: path.to_path_buf(), cause };
        let mut file = std::fs::File::open(path).map_err(failed)?;
        loop {
            match file.read(&mut buffer).map_err(failed)? {
                0 => break,
                read => hash.update(&buffer[..read]),
            }
        }
    }
    Ok(out.join("arms").join(format!("{:016x}", hash.digest())))
}

/// Opens a shard set; with what its manifest says, which the set's content hangs on.
fn shards(path: &Path) -> Result<(ShardCorpus, String), TrialError> {
    let corpus = ShardCorpus::open(path).map_err(|cause| TrialError::Shards { path: path.to_owned(), cause })?;
    let file = path.join(crate::shard::MANIFEST_FILE);
    let manifest = std::fs::read_to_string(&file).map_err(|cause| TrialError::File { path: file, cause })?;
    Ok((corpus, manifest))
}
