use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::after::After;
use super::progress::{LogFormat, watch};
use super::run::{STOP, stop_on_ctrl_c};
use super::say::say;
use super::train::bar;
use super::{Done, Failure, Outcome, all_threads, count};
use crate::plan::Pipeline;
use crate::run::{Options, Unwatched, run};
use crate::train::verdict::{Validation, Verdict};
use crate::trial::{Settings, Step, TrialError, of_files};

/// Ask whether the data got better: train the same small model on two corpora and compare bits per byte on held-out text.
#[derive(clap::Args)]
pub struct Validate {
    /// A pipeline file: its arms are compared as its `[validate]` says.
    #[arg(required_unless_present = "arm", conflicts_with = "arm")]
    file: Option<PathBuf>,
    /// A corpus to compare, as NAME=FILE (.jsonl, .parquet, .warc or text); give it twice or more.
    #[arg(long, value_name = "NAME=FILE")]
    arm: Vec<String>,
    /// Held-out documents, for corpora given as files.
    #[arg(long, requires = "arm")]
    heldout: Option<PathBuf>,
    /// Where results go, for corpora given as files.
    #[arg(long, requires = "arm")]
    out: Option<PathBuf>,
    /// Time for the whole comparison, as 2m or 90s: sets the tokens of each training.
    #[arg(long)]
    budget: Option<String>,
    /// Trainings of each arm.
    #[arg(long)]
    seeds: Option<usize>,
    /// Tokens of each training.
    #[arg(long)]
    tokens: Option<u64>,
    /// Override one key of the pipeline file.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Worker threads; the result does not depend on them.
    #[arg(long)]
    threads: Option<usize>,
    /// Print nothing but errors.
    #[arg(long)]
    quiet: bool,
}

impl Validate {
    pub(super) fn call(self) -> Outcome {
        stop_on_ctrl_c();
        let threads = self.threads.unwrap_or_else(all_threads);
        let options = Options { threads, stop: &STOP, watch: &Unwatched };
        if let Some(file) = &self.file {
            return self.pipeline(file, &options);
        }
        let arms = self.arm.iter().map(|arm| match arm.split_once('=') {
            Some((name, path)) if !name.is_empty() => Ok((name.to_owned(), PathBuf::from(path))),
            _ => Err(Failure(format!("`--arm {arm}` is not NAME=FILE: as `--arm clean=clean.jsonl`"))),
        });
        let arms = arms.collect::<Result<Vec<_>, _>>()?;
        let (Some(heldout), Some(out)) = (&self.heldout, &self.out) else {
            return Err(Failure("corpora given as files need `--heldout FILE` and `--out DIR`".to_owned()));
        };
        for path in arms.iter().map(|(_, path)| path).chain([heldout]) {
            std::fs::metadata(path).map_err(|error| Failure(format!("cannot read {}: {error}", path.display())))?;
        }
        let mut settings = Settings { seeds: self.seeds.unwrap_or(Settings::default().seeds), ..Settings::default() };
        settings.tokens = self.tokens_for(&settings, arms.len(), threads)?;
        // A comparison of files is asked anew each time: other files under the same names must not meet old results.
        let _ = std::fs::remove_dir_all(out);
        let validation = show_trial(self.quiet, |watch| of_files(&arms, heldout, &settings, out, &options, watch))?;
        if !self.quiet {
            print_validation(&validation)?;
        }
        Ok(Done::Fine)
    }

    fn pipeline(&self, file: &std::path::Path, options: &Options<'_>) -> Outcome {
        let pipeline = Pipeline::load(file, &self.set)?;
        let config = pipeline.config().clone();
        let mut after = After::read(&config)?;
        let settings = after.validate_or_default();
        settings.seeds = self.seeds.unwrap_or(settings.seeds);
        settings.tokens = self.tokens_for(settings, settings.arms.len(), options.threads)?;
        let watched = watch(self.quiet, LogFormat::Text);
        let summary = run(pipeline.plan()?, &Options { watch: watched.as_ref(), ..*options })?;
        after.call(&config, &summary.report, options, self.quiet)
    }

    /// Tokens of a training: as asked for, or as many as the time allows by a rough speed of this program, else as the settings say.
    fn tokens_for(&self, settings: &Settings, arms: usize, threads: usize) -> Result<u64, Failure> {
        if let Some(tokens) = self.tokens {
            return Ok(tokens);
        }
        let Some(budget) = &self.budget else { return Ok(settings.tokens) };
        let seconds = seconds(budget).ok_or_else(|| Failure(format!("`--budget {budget}` is not a time: as 2m, 90s or 1h")))?;
        let tokens = seconds * TOKENS_PER_SECOND * threads as f64 / (arms * settings.seeds).max(1) as f64;
        // Past the default a verdict gains little, and the same tokens give the same result on another machine.
        Ok((tokens as u64).min(settings.tokens))
    }
}

/// Tokens a second and core that the default model trains on, on the low side.
const TOKENS_PER_SECOND: f64 = 25_000.0;

fn seconds(text: &str) -> Option<f64> {
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic())?);
    let unit = match unit {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    number.parse::<f64>().ok().filter(|number| *number > 0.0).map(|number| number * unit)
}

/// Runs a verdict, showing how far it is.
pub(super) fn show_trial(quiet: bool, trial: impl FnOnce(&mut dyn FnMut(&Step)) -> Result<Validation, TrialError>) -> Result<Validation, Failure> {
    let bar = bar(0, quiet);
    let mut told = Instant::now();
    let validation = trial(&mut |step| {
        if told.elapsed() > Duration::from_millis(100) {
            told = Instant::now();
            bar.set_length((step.trainings * step.steps) as u64);
            bar.set_position((step.done * step.steps + step.step) as u64);
            bar.set_message(format!("training on `{}`, run {}", step.arm, step.run + 1));
        }
    })?;
    bar.finish_and_clear();
    Ok(validation)
}

/// The verdict's word.
pub(super) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "better",
        Verdict::Worse => "worse",
        Verdict::NotResolved => "not_resolved",
    }
}

pub(super) fn print_validation(validation: &Validation) -> std::io::Result<()> {
    say!(
        "\nverdict on {} held-out documents ({} bytes), {} trainings an arm of {} tokens each",
        count(validation.heldout_documents as u64),
        count(validation.heldout_bytes),
        validation.seeds,
        count(validation.budget_tokens)
    )?;
    say!("{:<14} {:>14} {:>9} {:>10} {:>10} {:>8}", "arm", "bits per byte", "spread", "documents", "tokens", "epochs")?;
    for arm in &validation.arms {
        say!(
            "{:<14} {:>14.4} {:>9.4} {:>10} {:>10} {:>8.1}",
            arm.name,
            arm.bits_per_byte,
            arm.spread,
            count(arm.documents as u64),
            count(arm.tokens),
            arm.epochs
        )?;
    }
    for difference in &validation.differences {
        say!(
            "{} against {}: {:+.4} bits per byte, 95 % interval {:+.4} to {:+.4}: {}",
            difference.arm,
            difference.against,
            difference.mean,
            difference.interval[0],
            difference.interval[1],
            word(difference.verdict)
        )?;
    }
    Ok(())
}
