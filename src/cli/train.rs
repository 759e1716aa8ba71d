use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::run::{STOP, stop_on_ctrl_c};
use super::say::say;
use super::{Done, Failure, Outcome, all_threads, count};
use crate::config::suggestion;
use crate::run::{Options, Unwatched};
use crate::train::Metrics;
use crate::train::objective::Objective;
use crate::train::preset::Preset;
use crate::train::session::{Settings, train};

/// Train the bundled Transformer on a shard set.
///
/// A preset is a published shape at the size that `--layers`, `--heads` and `--width` give; any objective can be learned by any preset, but that `t5` and `transformer`, with an
/// encoder and a decoder, need one of prefix_lm, span_corruption, blank_infilling and seq2seq, and `bidirectional` needs `elmo`.
///
///   causal           the next token (gpt, llama, bloom)
///   prefix_lm        what follows a beginning that is seen both ways (transformer)
///   fim              the next token, half of the texts with their middle at the end
///   sft              the next token of answers, by the loss mask of shards made with `chat_template`
///   mlm              masked tokens, masked anew in each epoch (roberta)
///   nsp              the same, and whether one part follows the other (bert)
///   sop              the same, and whether two parts stand in order (albert)
///   span_corruption  spans that are cut out (t5)
///   blank_infilling  the same, one after the other behind the text (glm)
///   bidirectional    the next token and the one before, by LSTMs for each direction (elmo)
///   seq2seq          a target behind its input, as a translation: shards made of the source `parallel` (t5, transformer)
///   classify, tag    the label of each text, or of each token: shards made with `label` in stage `tokenize`
///   reward           which of two answers is better: neighbouring documents of one key, the better one first
///   dpo              that the better of two answers gains on the other, from a model that can answer (--from)
///   ppo              answers of its own that a reward model likes (--from, --reward-model), to the prompts of such shards
///
/// With --from training begins with the weights of another training, whose shape it takes, as in
/// `dataprep train labelled/shards --from out/bert --objective classify --out out/classifier`.
///
/// nsp and sop need shards that say where sentences start, --whole-words where words do: `marks = true` in stage `tokenize` and `mask = true` in
/// sink `shards`. Special tokens (mask, cls, sep, eos, ...) are those that the shards name; a role that an objective needs and they lack gets an id behind the
/// vocabulary, unless --special names one of it.
///
/// OUT gets metrics.json (held-out loss in nats a target, bits per byte for causal, share of right answers for nsp, sop, reward and labels, F1 of labels, margin of dpo, reward of ppo) and
/// checkpoint.bin, from which the same command goes on.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Train {
    /// Folder of the shards.
    #[arg(value_parser = super::place::local)]
    shards: PathBuf,
    /// Model family: gpt, llama, bert, roberta, albert, t5, glm, bloom, elmo or transformer.
    #[arg(long, default_value = "gpt")]
    preset: String,
    /// What is learned; what the preset was published with, or the model of --from was trained for, where it is left out.
    #[arg(long)]
    objective: Option<String>,
    /// A checkpoint, or the folder of a training, whose model training begins with.
    #[arg(long, value_name = "CHECKPOINT", value_parser = super::place::local, conflicts_with_all = ["preset", "layers", "heads", "width"])]
    from: Option<PathBuf>,
    /// The checkpoint, or folder, of the reward model for ppo.
    #[arg(long, value_name = "CHECKPOINT", value_parser = super::place::local)]
    reward_model: Option<PathBuf>,
    /// Mask whole words.
    #[arg(long)]
    whole_words: bool,
    /// Mask, cut or pair a row in the same way in every epoch.
    #[arg(long)]
    fixed: bool,
    /// A special token, such as mask=103; may be given several times.
    #[arg(long, value_name = "ROLE=ID", value_parser = special)]
    special: Vec<(String, u32)>,
    /// Where checkpoints and metrics.json go.
    #[arg(long)]
    out: PathBuf,
    /// Steps.
    #[arg(long)]
    steps: Option<usize>,
    /// Rows of a step.
    #[arg(long)]
    batch: Option<usize>,
    /// Tokens of a row; those of --from, or the first pack list of the shards, where it is left out.
    #[arg(long)]
    seq_len: Option<usize>,
    /// Layers, of encoder and decoder each.
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

/// `ROLE=ID`.
fn special(given: &str) -> Result<(String, u32), String> {
    let (role, id) = given.split_once('=').ok_or("wanted ROLE=ID, such as mask=103")?;
    Ok((role.to_owned(), id.parse().map_err(|_| format!("`{id}` is not the id of a token"))?))
}

/// The value of that name.
fn named<T: Copy, const N: usize>(what: &str, name: &str, names: [(&'static str, T); N]) -> Result<T, Failure> {
    let found = names.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    found.ok_or_else(|| Failure(format!("there is no {what} `{name}`: {}", suggestion(name, names.iter().map(|(known, _)| *known)))))
}

impl Train {
    pub(super) fn call(self) -> Outcome {
        stop_on_ctrl_c();
        let standard = Settings::default();
        let settings = Settings {
            preset: named("preset", &self.preset, Preset::NAMES)?,
            objective: self.objective.map(|name| named("objective", &name, Objective::NAMES)).transpose()?,
            from: self.from,
            reward_model: self.reward_model,
            whole_words: self.whole_words,
            fixed: self.fixed,
            special: self.special.into_iter().collect(),
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
    if let Some(loss) = metrics.val_loss {
        let bits = metrics.val_bits_per_byte.map(|bits| format!(", {bits:.4} bits per byte")).unwrap_or_default();
        let right = metrics.val_accuracy.map(|share| format!(", {:.1} % of the answers right", 100.0 * share)).unwrap_or_default();
        let f1 = metrics.val_f1.map(|f1| format!(", F1 {f1:.3}")).unwrap_or_default();
        let margin = metrics.val_margin.map(|margin| format!(", {margin:+.3} nats gained by the better answer")).unwrap_or_default();
        say!("held out: {loss:.4} nats a target{bits}{right}{f1}{margin}")?;
    }
    if let Some(reward) = metrics.val_reward {
        say!("held out: reward {reward:.4}")?;
    }
    Ok(())
}
