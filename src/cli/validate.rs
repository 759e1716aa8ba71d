use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::after::After;
use super::progress::{LogFormat, watch};
use super::run::{STOP, stop_on_ctrl_c};
use super::say::say;
use super::train::bar;
use super::{Done, Failure, Outcome, all_threads, count, size};
use crate::config::Config;
use crate::plan::Pipeline;
use crate::run::{Options, Unwatched, run};
use crate::train::config::ModelConfig;
use crate::trial::{Difference, Estimate, Event, Files, Forecast, Report, Settings, TrialError, Validation, WHOLE, Watch, count_arms, of_files};

/// Ask whether the data got better: train the same small model on two corpora or more and compare what it then makes of held-out text.
///
/// All arms have one tokenizer, one token budget, one set of held-out documents and several trainings each. They are scored in bits per byte of held-out
/// text (the mean of its domains) and by minimal pairs made from it; n-gram models of more of each arm's tokens are scored beside them. A difference is called
/// `better` or `worse` only where the interval of either says so, in both together right 95 times of 100; else it is `not_resolved`, and the table says how
/// small a difference could have been seen. Exit code 0 whatever the verdict, unless `[expect]
/// verdict = "better"` asks for one.
///
/// The arms of a pipeline, in `[validate] arms`: `extracted` (nothing dropped), `full` (the whole pipeline), `without:STAGE` (all but one stage),
/// `sample:STAGE` (of that, an equal number of tokens at random), `removed:STAGE` (what the stage takes out), or `"each_stage"`.
///
/// Writes `validate.json`, the same on every machine, and `timing.json`, forecast and truth. A verdict that was stopped goes on where it was.
#[derive(clap::Args)]
pub struct Validate {
    /// A pipeline file: its arms are compared as its `[validate]` says.
    #[arg(required_unless_present = "arm", conflicts_with = "arm")]
    file: Option<PathBuf>,
    /// A corpus to compare, as NAME=FILE (.jsonl, .parquet, .csv, .warc or text); give it twice or more. The verdict is that of the last against the first.
    #[arg(long, value_name = "NAME=FILE")]
    arm: Vec<String>,
    /// Held-out documents, for corpora given as files; several, as NAME=FILE, are domains that count alike.
    #[arg(long, requires = "arm", value_name = "[NAME=]FILE")]
    heldout: Vec<String>,
    /// What parts held-out documents into domains: `lang`, or `column:NAME` for a key of theirs.
    #[arg(long, requires = "arm", value_name = "TAG")]
    heldout_by: Option<String>,
    /// Where results go, for corpora given as files.
    #[arg(long, requires = "arm")]
    out: Option<PathBuf>,
    /// Time for all trainings, as 2m or 90s: sets the tokens of each by a rough speed of this program, to no more than the settings say.
    #[arg(long)]
    budget: Option<String>,
    /// Trainings of each arm.
    #[arg(long)]
    seeds: Option<usize>,
    /// Tokens of each training.
    #[arg(long)]
    tokens: Option<u64>,
    /// Override one key of the pipeline file, as validate.arms=each_stage; for corpora given as files a key of `[validate]`, as validate.seq_len=256.
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
        match &self.file {
            Some(file) => self.pipeline(file, &options),
            None => self.files(&options),
        }
    }

    fn files(&self, options: &Options<'_>) -> Outcome {
        let arms = self.arm.iter().map(|arm| named(arm).ok_or_else(|| Failure(format!("`--arm {arm}` is not NAME=FILE: as `--arm clean=clean.jsonl`"))));
        let arms = Files(arms.collect::<Result<Vec<_>, _>>()?);
        let heldout = Files(self.heldout.iter().map(|file| named(file).unwrap_or_else(|| (WHOLE.to_owned(), PathBuf::from(file)))).collect());
        let Some(out) = self.out.as_ref().filter(|_| !heldout.0.is_empty()) else {
            return Err(Failure("corpora given as files need `--heldout FILE` and `--out DIR`".to_owned()));
        };
        for Files(files) in [&arms, &heldout] {
            if let Some((name, _)) = files.iter().enumerate().find(|(at, (name, _))| files[..*at].iter().any(|(other, _)| other == name)).map(|(_, file)| file)
            {
                return Err(Failure(format!("two files are named `{name}`: give each a name of its own, as NAME=FILE")));
            }
            for (_, path) in files {
                std::fs::metadata(path).map_err(|error| Failure(format!("cannot read {}: {error}", path.display())))?;
            }
        }
        let mut settings = Settings { heldout_by: self.heldout_by.clone(), ..self.settings_of_files()? };
        settings.seeds = self.seeds.unwrap_or(settings.seeds);
        settings.tokens = self.tokens_for(&settings, arms.0.len(), options.threads)?;
        let report = show_trial(self.quiet, |watch| of_files(&arms, &heldout, &settings, out, options, watch))?;
        if !self.quiet {
            print_report(&report)?;
        }
        Ok(Done::Fine)
    }

    /// What `--set` says where there is no pipeline file.
    fn settings_of_files(&self) -> Result<Settings, Failure> {
        for set in &self.set {
            let key = set.split('=').next().unwrap_or_default();
            let flag = NOT_OF_FILES.iter().find(|(other, _)| key == format!("validate.{other}")).map(|(_, flag)| format!("say it by `{flag}`"));
            let other = (!key.starts_with("validate.")).then(|| "it takes keys of `[validate]`, as `--set validate.seq_len=256`".to_owned());
            if let Some(help) = flag.or(other) {
                return Err(Failure(format!("`--set {set}` says nothing of corpora given as files: {help}")));
            }
        }
        let config =
            Config::parse("--arm", "[run]\noutput = \".\"\n[source]\nuse = \"jsonl\"\npath = \".\"\n[[sink]]\nuse = \"jsonl\"\n[validate]\n", &self.set)?;
        Ok(After::read(&config)?.validate_or_default().clone())
    }

    fn pipeline(&self, file: &Path, options: &Options<'_>) -> Outcome {
        let pipeline = Pipeline::load(file, &self.set)?;
        let config = pipeline.config().clone();
        let mut after = After::read(&config)?;
        let settings = after.validate_or_default();
        settings.seeds = self.seeds.unwrap_or(settings.seeds);
        settings.tokens = self.tokens_for(settings, count_arms(&config, settings), options.threads)?;
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
        let Settings { preset, vocab_size, seq_len, layers, heads, width, .. } = *settings;
        let flops = ModelConfig::preset(preset, vocab_size, seq_len, layers, heads, width).flops_per_token();
        let tokens = seconds * FLOPS * threads as f64 / flops / (arms * settings.seeds).max(1) as f64;
        // Past the settings a verdict gains little, and the same tokens give the same result on another machine.
        Ok((tokens as u64).min(settings.tokens))
    }
}

/// Keys of `[validate]` that corpora given as files have arguments for.
const NOT_OF_FILES: [(&str, &str); 4] =
    [("arms", "--arm NAME=FILE"), ("heldout", "--heldout FILE"), ("heldout_share", "--heldout FILE"), ("heldout_by", "--heldout-by TAG")];

/// Floating-point operations a second and core in training, on the low side: what is scored after a training has to fit in too.
const FLOPS: f64 = 2e10;

/// NAME and FILE of NAME=FILE; a path with a `=` in a folder's name is a path.
fn named(argument: &str) -> Option<(String, PathBuf)> {
    let (name, path) = argument.split_once('=')?;
    (!name.is_empty() && !name.contains(['/', '\\'])).then(|| (name.to_owned(), PathBuf::from(path)))
}

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

/// Runs a verdict, showing what it will take and how far it is.
pub(super) fn show_trial(quiet: bool, trial: impl FnOnce(&mut Watch<'_>) -> Result<Report, TrialError>) -> Result<Report, Failure> {
    let bar = bar(0, quiet);
    let mut told = Instant::now();
    let report = trial(&mut |event| match event {
        Event::Making(name) => bar.set_message(format!("making `{name}`")),
        Event::Forecast(forecast) if !quiet => bar.suspend(|| {
            // A terminal that is gone stops nothing.
            let _ = print_forecast(forecast);
        }),
        Event::Forecast(_) => {}
        Event::Counting(name) => bar.set_message(format!("counting the n-grams of `{name}`")),
        Event::Step(step) if told.elapsed() > Duration::from_millis(100) => {
            told = Instant::now();
            bar.set_length((step.trainings * step.steps) as u64);
            bar.set_position((step.done * step.steps + step.step) as u64);
            bar.set_message(format!("training on `{}`, run {}", step.arm, step.run + 1));
        }
        Event::Step(_) => {}
    })?;
    bar.finish_and_clear();
    Ok(report)
}

fn print_forecast(forecast: &Forecast) -> std::io::Result<()> {
    let (minutes, seconds) = ((forecast.seconds / 60.0) as u64, forecast.seconds % 60.0);
    say!("\n{} trainings ahead: about {minutes} min {seconds:.0} s, {} of memory", forecast.trainings, size(forecast.memory))
}

pub(super) fn print_report(report: &Report) -> std::io::Result<()> {
    let validation = &report.validation;
    say!(
        "\nverdict on {} held-out documents ({} bytes) and {} minimal pairs, {} trainings an arm of {} tokens each, n-grams of {} bytes",
        count(validation.heldout_documents as u64),
        count(validation.heldout_bytes),
        count(validation.minimal_pairs as u64),
        validation.seeds,
        count(validation.budget_tokens),
        count(validation.ngram_bytes)
    )?;
    if report.heldout_left_out > 0 {
        say!("{} held-out documents of domains too small to score are left out", count(report.heldout_left_out as u64))?;
    }
    print_arms(validation)?;
    print_differences(&validation.differences)?;
    if !report.stages_left_in.is_empty() {
        say!("no arm goes without {}: later stages need what it gives", report.stages_left_in.join(", "))?;
    }
    say!("± is the smallest difference that could have been seen (97.5 % each); either measure may resolve one, unless another surely says the opposite")?;
    if validation.differences.len() > 2 {
        say!("each verdict stands by itself: of twenty differences that are none, one may be called otherwise")?;
    }
    Ok(())
}

fn print_arms(validation: &Validation) -> std::io::Result<()> {
    let (domains, probe) = (validation.arms.iter().any(|arm| arm.domains.len() > 1), validation.minimal_pairs > 0);
    let width = validation.arms.iter().map(|arm| arm.name.chars().count()).max().unwrap_or(0).max(14);
    let column = |shown: bool, text: String| if shown { text } else { String::new() };
    let (worst, pairs) = (column(domains, format!(" {:>12}", "worst domain")), column(probe, format!(" {:>12}", "pairs right")));
    say!("{:<width$} {:>13} {:>8} {:>8}{worst}{pairs} {:>10} {:>10} {:>7}", "arm", "bits per byte", "spread", "n-grams", "documents", "tokens", "epochs")?;
    for arm in &validation.arms {
        let worst = column(domains, format!(" {:>12.4}", arm.worst_domain));
        let pairs = arm.probe.as_ref().map(|probe| format!(" {:>11.1}%", 100.0 * probe.accuracy)).unwrap_or_default();
        say!(
            "{:<width$} {:>13.4} {:>8.4} {:>8.4}{worst}{pairs} {:>10} {:>10} {:>7.1}",
            arm.name,
            arm.bits_per_byte,
            arm.spread,
            arm.ngram,
            count(arm.documents as u64),
            count(arm.tokens),
            arm.epochs
        )?;
    }
    Ok(())
}

fn print_differences(differences: &[Difference]) -> std::io::Result<()> {
    let name = |difference: &Difference| format!("{} against {}", difference.arm, difference.against);
    let width = differences.iter().map(|difference| name(difference).chars().count()).max().unwrap_or(0);
    // The half-width of the interval is the smallest difference that could have been seen.
    let shown = |estimate: &Estimate, unit: f64, digits: usize| format!("{:+.digits$} ±{:.digits$}", unit * estimate.mean, unit * estimate.smallest);
    say!("{:<width$} {:>15} {:>15} {:>13}  verdict", "", "bits per byte", "n-grams", "pairs, points")?;
    for difference in differences {
        let pairs = difference.probe.as_ref().map(|probe| shown(probe, 100.0, 1)).unwrap_or_default();
        let [bits, ngram] = [&difference.bits, &difference.ngram].map(|estimate| shown(estimate, 1.0, 4));
        say!("{:<width$} {bits:>15} {ngram:>15} {pairs:>13}  {}", name(difference), difference.verdict.word())?;
        // That both are small the table says.
        let seen = [&difference.bits, &difference.ngram].iter().any(|estimate| estimate.smallest < estimate.mean.abs());
        if let (Some(why), true) = (&difference.why, seen) {
            say!("    {why}")?;
        }
    }
    Ok(())
}
