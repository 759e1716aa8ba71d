use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::run::{STOP, stop_on_ctrl_c};
use super::say::say;
use super::{Done, Failure, Outcome, all_threads, count};
use crate::run::{Options, Unwatched};
use crate::train::session::{Settings, train};
use crate::train::{Metrics, config::Preset};

/// Train the bundled Transformer on a shard set.
#[derive(clap::Args)]
pub struct Train {
    /// Folder of the shards.
    shards: PathBuf,
    /// Model family: gpt or llama.
    #[arg(long, default_value = "gpt")]
    preset: String,
    /// What is learned: causal.
    #[arg(long, default_value = "causal")]
    objective: String,
    /// Where checkpoints and metrics.json go.
    #[arg(long)]
    out: PathBuf,
    /// Steps.
    #[arg(long)]
    steps: Option<usize>,
    /// Rows of a step.
    #[arg(long)]
    batch: Option<usize>,
    /// Tokens of a row; the first pack list of the shards where it is left out.
    #[arg(long)]
    seq_len: Option<usize>,
    /// Layers.
    #[arg(long)]
    layers: Option<usize>,
    /// Attention heads.
    #[arg(long)]
    heads: Option<usize>,
    /// Width.
    #[arg(long)]
    width: Option<usize>,
    /// Highest learning rate.
    #[arg(long)]
    learning_rate: Option<f64>,
    /// Seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Worker threads; the result does not depend on them.
    #[arg(long)]
    threads: Option<usize>,
    /// Print nothing but errors.
    #[arg(long)]
    quiet: bool,
}

impl Train {
    pub(super) fn call(self) -> Outcome {
        stop_on_ctrl_c();
        if self.objective != "causal" {
            return Err(Failure(format!("there is no objective `{}`: one of: causal", self.objective)));
        }
        let preset = match self.preset.as_str() {
            "gpt" => Preset::Gpt,
            "llama" => Preset::Llama,
            other => return Err(Failure(format!("there is no preset `{other}`: {}", crate::config::suggestion(other, ["gpt", "llama"])))),
        };
        let standard = Settings::default();
        let settings = Settings {
            preset,
            steps: self.steps.unwrap_or(standard.steps),
            batch: self.batch.unwrap_or(standard.batch),
            seq_len: self.seq_len,
            layers: self.layers.unwrap_or(standard.layers),
            heads: self.heads.unwrap_or(standard.heads),
            width: self.width.unwrap_or(standard.width),
            learning_rate: self.learning_rate.unwrap_or(standard.learning_rate),
            seed: self.seed,
            ..standard
        };
        let options = Options { threads: self.threads.unwrap_or_else(all_threads), stop: &STOP, watch: &Unwatched };
        let metrics = show_training(&self.shards, &settings, &options, &self.out, self.quiet)?;
        if !self.quiet {
            print_metrics(&metrics)?;
        }
        Ok(Done::Fine)
    }
}

/// A bar that draws on a terminal, and stays silent elsewhere or when told to.
pub(super) fn bar(length: usize, quiet: bool) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:24} {percent:>3} % {eta:>4} {wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
    if quiet { ProgressBar::hidden() } else { ProgressBar::new(length as u64).with_style(style) }
}

/// Trains, showing how far it is.
pub(super) fn show_training(shards: &Path, settings: &Settings, options: &Options<'_>, out: &Path, quiet: bool) -> Result<Metrics, Failure> {
    let bar = bar(settings.steps, quiet);
    let began = Instant::now();
    let mut told = Instant::now();
    let metrics = train(
        shards,
        settings,
        options.threads,
        out,
        &mut |progress, _| {
            if told.elapsed() > Duration::from_millis(100) {
                told = Instant::now();
                bar.set_position(progress.step as u64);
                bar.set_message(format!("training: loss {:.4}", progress.train_loss));
            }
            !options.stop.load(std::sync::atomic::Ordering::Relaxed)
        },
        &|| began.elapsed().as_secs_f64(),
    )?;
    bar.finish_and_clear();
    metrics.ok_or_else(|| Failure("stopped; the same command goes on from here".to_owned()))
}

pub(super) fn print_metrics(metrics: &Metrics) -> std::io::Result<()> {
    say!(
        "\ntrained {} parameters on {} tokens ({:.1} epochs) in {:.0} s",
        count(metrics.parameters as u64),
        count(metrics.tokens),
        metrics.epochs,
        metrics.seconds
    )?;
    if let (Some(loss), Some(bits)) = (metrics.val_loss, metrics.val_bits_per_byte) {
        say!("held out: {loss:.4} nats a token, {bits:.4} bits per byte")?;
    }
    Ok(())
}
