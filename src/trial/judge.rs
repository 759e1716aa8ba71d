//! From corpora and held-out documents to `validate.json`: every training once, each kept as soon as it is finished.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Instant;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::counting::{Counted, FOLDS};
use super::forecast::{Forecast, forecast, with_memory};
use super::heldout::Held;
use super::selection::Selection;
use super::settings::{Arm, Settings};
use super::study::{Arm as StudyArm, Run, Study};
use super::validation::Validation;
use super::{Event, Step, TrialError, Watch, shards};
use crate::run::Options;
use crate::train::config::ModelConfig;
use crate::train::corpus::ShardCorpus;
use crate::train::data::{Corpus as _, Sampling};
use crate::train::optim::OptimConfig;
use crate::train::trainer::{TrainConfig, steps_for};
use crate::train::workers::Workers;

/// Seed of the choice of equal random samples.
const EQUAL_SAMPLE: u64 = 0x_5a3e;

/// What `validate.json` holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Scores, differences, the verdict.
    #[serde(flatten)]
    pub validation: Validation,
    /// Stages that no arm goes without, since later ones need what they give.
    pub stages_left_in: Vec<String>,
    /// Held-out documents of domains too small to be scored.
    pub heldout_left_out: usize,
}

/// What `timing.json` holds: what was forecast and what came of it. Apart from `validate.json`, which is the same on every machine.
#[derive(Serialize)]
struct Timing {
    forecast: Forecast,
    /// Seconds that those trainings took.
    seconds: f64,
    /// The most bytes of memory that the process held for itself.
    memory: u64,
}

/// The documents of an arm on disk.
pub struct Corpus {
    name: String,
    /// What it is about, where it is an arm of a pipeline.
    arm: Option<Arm>,
    shards: ShardCorpus,
    /// The whole pipeline's documents, for arms that are chosen by comparison with them.
    full: Option<ShardCorpus>,
    /// What its documents depend on.
    identity: String,
}

impl Corpus {
    /// All documents of a run.
    pub fn whole(name: String, run: &Path) -> Result<Corpus, TrialError> {
        let (shards, identity) = shards(&run.join("shards"))?;
        Ok(Corpus { name, arm: None, shards, full: None, identity })
    }

    /// The documents of an arm, out of those of the run that was made for it.
    pub fn of_arm(arm: Arm, run: &Path, full: Option<&Path>) -> Result<Corpus, TrialError> {
        let mut corpus = Corpus::whole(arm.name(), run)?;
        let chosen = match &arm {
            Arm::Sample(_) => Some("sample"),
            Arm::Removed(_) => Some("removed"),
            _ => None,
        };
        if let (Some(chosen), Some(full)) = (chosen, full) {
            let (full, manifest) = shards(&full.join("shards"))?;
            corpus.full = Some(full);
            corpus.identity.push_str(&format!("{chosen} {manifest}"));
        }
        corpus.arm = Some(arm);
        Ok(corpus)
    }

    fn documents(&self) -> Selection<'_> {
        let all = Selection::all([&self.shards as _]);
        match (&self.arm, &self.full) {
            (Some(Arm::Sample(_)), Some(full)) => {
                let tokens = (0..full.documents()).map(|document| full.tokens(document) as u64).sum();
                all.sample(tokens, EQUAL_SAMPLE)
            }
            (Some(Arm::Removed(_)), Some(full)) => all.beyond(full),
            _ => all,
        }
    }
}

/// Which arms are held against each other. Arms of one kind: every later one against every earlier one, the last against the first at the end. What a
/// stage does: the whole pipeline against it, so that `better` speaks for the stage. The verdict is that of the last pair.
fn compared(corpora: &[Corpus]) -> Vec<(usize, usize)> {
    let about_stage = |corpus: &Corpus| corpus.arm.as_ref().is_some_and(|arm| arm.stage().is_some());
    let whole: Vec<usize> = (0..corpora.len()).filter(|&i| !about_stage(&corpora[i])).collect();
    let mut pairs: Vec<(usize, usize)> = whole.iter().enumerate().flat_map(|(at, &arm)| whole[..at].iter().map(move |&against| (arm, against))).collect();
    if let Some(full) = corpora.iter().position(|corpus| corpus.arm == Some(Arm::Full)) {
        let stages = (0..corpora.len()).filter(|&i| about_stage(&corpora[i])).map(|i| (full, i));
        pairs.splice(0..0, stages);
    }
    if let (Some(&first), Some(&last)) = (whole.first(), whole.last())
        && first != last
    {
        pairs.retain(|pair| *pair != (last, first));
        pairs.push((last, first));
    }
    pairs
}

/// Trains what is not yet trained, judges, and writes `validate.json` and `timing.json` into `out`.
pub fn judge(
    corpora: &[Corpus],
    held: &Held,
    stages_left_in: Vec<String>,
    settings: &Settings,
    out: &Path,
    options: &Options<'_>,
    watch: &mut Watch<'_>,
) -> Result<Report, TrialError> {
    let model = ModelConfig::preset(settings.preset, held.vocab_size(), settings.seq_len, settings.layers, settings.heads, settings.width);
    let steps = steps_for(settings.tokens, settings.batch, settings.seq_len);
    let optim = OptimConfig { learning_rate: settings.learning_rate, warmup: (steps / 20).max(1), ..OptimConfig::default() };
    let train = TrainConfig { steps, batch: settings.batch, seed: settings.seed, sampling: Sampling::InOrder, evaluate_every: 0, optim };
    let documents: Vec<Selection<'_>> = corpora.iter().map(Corpus::documents).collect();
    let arms = corpora.iter().zip(&documents).map(|(corpus, documents)| StudyArm { name: &corpus.name, corpus: documents }).collect();
    let asked = format!("{model:?} {train:?} {} {}", settings.seeds, held.identity);
    let study = Study::new(arms, compared(corpora), held.heldout(settings)?, model, train, settings.seeds)?;
    // A finished training is kept under a hash of all that it depends on: changed settings or corpora never meet it, and equal arms share it.
    let folder = out.join("runs");
    let path = |arm: &Corpus, part: &dyn Display| {
        let whole = format!("{asked} {} {} {part}", study.folds(), arm.identity);
        folder.join(format!("{:032x}.json", xxhash_rust::xxh3::xxh3_128(whole.as_bytes())))
    };
    std::fs::create_dir_all(&folder).map_err(|cause| TrialError::File { path: folder.clone(), cause })?;
    let workers = Workers::new(options.threads)?;
    let runs = corpora.iter().flat_map(|arm| (0..settings.seeds).map(|run| path(arm, &run)));
    let missing: BTreeSet<_> = runs.filter(|path| !path.exists()).collect();
    let ngrams = format!("{} ngrams", study.counted_bytes());
    let uncounted: BTreeSet<_> = corpora.iter().map(|arm| path(arm, &ngrams)).filter(|path| !path.exists()).collect();
    let forecast = forecast(&study, steps, [missing.len(), uncounted.len()], &workers)?;
    watch(&Event::Forecast(forecast));
    let begun = Instant::now();
    let (measured, memory) = with_memory(|| -> Result<_, TrialError> {
        let mut counted: Vec<Counted> = Vec::new();
        for (number, arm) in corpora.iter().enumerate() {
            let path = path(arm, &ngrams);
            if let Some(kept) = kept::<Counted>(&path) {
                counted.push(Counted { arm: arm.name.clone(), ..kept });
                continue;
            }
            watch(&Event::Counting(arm.name.clone()));
            let found = workers.map((0..FOLDS).collect(), |fold, _| match options.stop.load(Ordering::Relaxed) {
                true => Err(TrialError::Stopped),
                false => study.count(number, fold),
            });
            let found = Counted { arm: arm.name.clone(), nats: found.into_iter().collect::<Result<_, _>>()? };
            write(&path, &found)?;
            counted.push(found);
        }
        let mut runs: Vec<Run> = Vec::new();
        let trainings = corpora.len() * settings.seeds;
        for run in 0..settings.seeds {
            for (number, arm) in corpora.iter().enumerate() {
                let path = path(arm, &run);
                if let Some(kept) = kept::<Run>(&path) {
                    runs.push(Run { arm: arm.name.clone(), ..kept });
                    continue;
                }
                let done = runs.len();
                let result = study.run(number, run, &workers, &mut |progress| {
                    watch(&Event::Step(Step { arm: arm.name.clone(), run, step: progress.step, steps, done, trainings }));
                    if options.stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                })?;
                let result = result.ok_or(TrialError::Stopped)?;
                write(&path, &result)?;
                runs.push(result);
            }
        }
        Ok((runs, counted))
    });
    let (runs, counted) = measured?;
    let report = Report { validation: study.judge(&runs, &counted)?, stages_left_in, heldout_left_out: held.left_out };
    write(&out.join("timing.json"), &Timing { forecast, seconds: begun.elapsed().as_secs_f64(), memory })?;
    write(&out.join("validate.json"), &report)?;
    Ok(report)
}

/// A finished training, or what was counted, if it lies there whole.
fn kept<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

fn write(path: &Path, value: &impl Serialize) -> Result<(), TrialError> {
    let failed = |cause: std::io::Error| TrialError::File { path: path.to_owned(), cause };
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|error| failed(error.into()))?;
    bytes.push(b'\n');
    let partial = path.with_extension("partial");
    std::fs::write(&partial, bytes).map_err(failed)?;
    std::fs::rename(&partial, path).map_err(failed)
}
