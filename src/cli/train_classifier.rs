use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::say::say;
use super::train::bar;
use super::{Done, Failure, Outcome, all_threads, count, size, write_whole};
use crate::fasttext::measure::Measures;
use crate::fasttext::train::{Example, Quantise, Settings, Trained, train};
use crate::fasttext::{Model, Prepare, Scratch};
use crate::source::texts::Texts as Files;
use crate::stage::{Dice, RunError};

/// Train a fastText classifier of two kinds of texts, for the stage `classify`.
#[derive(clap::Args)]
#[command(
    after_help = "Files are JSON lines (.jsonl, .ndjson, .json), Parquet (.parquet) or texts (all else), compressed or not. The labels are `good` and `bad`.\nA small file: --quantize --bucket 50000 --min-count 2.\nThe same texts, options and seed give the same file on any number of threads."
)]
pub struct TrainClassifier {
    /// Files, folders or globs of texts that the model is to score high.
    #[arg(long, required = true, num_args = 1..)]
    good: Vec<String>,
    /// Files, folders or globs of texts that it is to score low.
    #[arg(long, required = true, num_args = 1..)]
    bad: Vec<String>,
    /// Where the model goes, as model.bin or, with --quantize, model.ftz.
    #[arg(long)]
    out: PathBuf,
    /// Write a quantised model, as fastText's .ftz: a byte for two numbers.
    #[arg(long)]
    quantize: bool,
    /// Column of the text in JSON lines and Parquet.
    #[arg(long, default_value = "text")]
    text: String,
    /// What is done with a text first; the stage must do the same: plain, dclm or datatrove.
    #[arg(long, default_value = "plain")]
    prepare: String,
    /// Share of the documents, chosen by their keys, that is kept back to measure the model on; 0 trains on all.
    #[arg(long, default_value_t = 0.2)]
    holdout: f64,
    /// Numbers in the vector of a feature.
    #[arg(long, default_value_t = Settings::default().dim)]
    dim: usize,
    /// Passes over the documents.
    #[arg(long, default_value_t = Settings::default().epochs)]
    epoch: usize,
    /// Learning rate at the start.
    #[arg(long, default_value_t = Settings::default().learning_rate)]
    lr: f32,
    /// Longest run of words that is a feature.
    #[arg(long, default_value_t = Settings::default().word_ngrams)]
    word_ngrams: usize,
    /// Shortest run of characters that is a feature.
    #[arg(long, default_value_t = Settings::default().min_chars)]
    minn: usize,
    /// Longest run of characters that is a feature; 0 for none.
    #[arg(long, default_value_t = Settings::default().max_chars)]
    maxn: usize,
    /// Rows that hashed n-grams share.
    #[arg(long, default_value_t = Settings::default().buckets)]
    bucket: u32,
    /// A rarer word has no row of its own.
    #[arg(long, default_value_t = Settings::default().min_count)]
    min_count: u64,
    /// Give both kinds the same weight, however many documents they have.
    #[arg(long)]
    balanced: bool,
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

/// The labels, by their numbers.
const NAMES: [&str; 2] = ["good", "bad"];

/// The texts of both labels.
#[derive(Default)]
struct Texts {
    /// Label and text.
    train: Vec<(usize, String)>,
    kept_back: Vec<(usize, String)>,
    /// What could not be read, by reason.
    faults: BTreeMap<String, u64>,
}

impl TrainClassifier {
    pub(super) fn call(self) -> Outcome {
        let prepare = match self.prepare.as_str() {
            "plain" => Prepare::Plain,
            "dclm" => Prepare::Dclm,
            "datatrove" => Prepare::Datatrove,
            other => return Err(Failure(format!("there is no way `{other}` to prepare a text: {}", suggestion(other)))),
        };
        if !(0.0..1.0).contains(&self.holdout) {
            return Err(Failure(format!("--holdout is {}: wanted a share of 0 or more and less than 1", self.holdout)));
        }
        let mut texts = Texts::default();
        for (label, entries) in [&self.good, &self.bad].into_iter().enumerate() {
            self.read(label, entries, prepare, &mut texts)?;
        }
        let settings = self.settings();
        let examples: Vec<Example<'_>> = texts.train.iter().map(|(label, text)| Example { text, label: *label }).collect();
        let bar = bar(1000, self.quiet);
        bar.set_message("training");
        let trained = train(&examples, &NAMES, &settings, &|share| bar.set_position((share * 1000.0) as u64))?;
        bar.finish_and_clear();
        let bytes = self.write(&trained)?;
        drop(trained);
        if !self.quiet {
            for (label, name) in NAMES.iter().enumerate() {
                let of = |texts: &[(usize, String)]| count(texts.iter().filter(|text| text.0 == label).count() as u64);
                say!("{name:<5} {:>10} documents, and {} kept back", of(&texts.train), of(&texts.kept_back))?;
            }
            for (reason, times) in &texts.faults {
                say!("{reason:<5} {:>10} passed over", count(*times))?;
            }
            say!("{}: {}", self.out.display(), size(bytes))?;
            self.measure(&texts.kept_back)?;
        }
        Ok(Done::Fine)
    }

    fn settings(&self) -> Settings {
        Settings {
            dim: self.dim,
            epochs: self.epoch,
            learning_rate: self.lr,
            word_ngrams: self.word_ngrams,
            min_chars: self.minn,
            max_chars: self.maxn,
            buckets: self.bucket,
            min_count: self.min_count,
            balanced: self.balanced,
            seed: self.seed,
            threads: self.threads.unwrap_or_else(all_threads),
            ..Settings::default()
        }
    }

    /// Reads the texts of one label and keeps a share of them back.
    fn read(&self, label: usize, entries: &[String], prepare: Prepare, texts: &mut Texts) -> Result<(), Failure> {
        let flag = NAMES[label];
        let said = |error: RunError| Failure(error.to_string().lines().map(|line| format!("--{flag}: {line}")).collect::<Vec<_>>().join("\n"));
        let source = Files::open(entries, Some(&self.text)).map_err(said)?;
        // Not of the training's seed, so that models of several seeds are measured on the same documents.
        let dice = Dice::new(0, "holdout");
        let (before, mut buffer, mut empty) = (texts.train.len(), String::new(), 0);
        let faults = source.each(&mut |doc| {
            if doc.text().trim().is_empty() {
                empty += 1;
                return Ok(());
            }
            let side = if dice.roll(doc.key()) < self.holdout { &mut texts.kept_back } else { &mut texts.train };
            side.push((label, prepare.apply(doc.text(), &mut buffer).to_owned()));
            Ok(())
        })?;
        for (reason, times) in faults.into_iter().chain((empty > 0).then(|| ("empty".to_owned(), empty))) {
            *texts.faults.entry(reason).or_default() += times;
        }
        if texts.train.len() == before {
            let found: Vec<String> = texts.faults.iter().map(|(reason, times)| format!(", {reason} {times}")).collect();
            return Err(Failure(format!("--{flag}: no document with a text to train on in {}{}", entries.join(" "), found.concat())));
        }
        Ok(())
    }

    /// Writes the model; gives its size.
    fn write(&self, trained: &Trained) -> Result<u64, Failure> {
        write_whole(&self.out, |out| if self.quantize { trained.write_quantised(&Quantise::default(), out) } else { trained.write(out) })
    }

    /// Measures the file as it was written.
    fn measure(&self, kept_back: &[(usize, String)]) -> Result<(), Failure> {
        let scores = scores(&self.out, kept_back)?;
        match Measures::of(&scores) {
            Some(Measures { accuracy, roc_auc, average_precision }) => {
                say!("kept back: accuracy {accuracy:.4}, ROC AUC {roc_auc:.4}, average precision {average_precision:.4}")?;
            }
            None => say!("not measured: no documents of both kinds were kept back")?,
        }
        Ok(())
    }
}

/// The scores of texts, and whether each is good.
fn scores(model: &Path, texts: &[(usize, String)]) -> Result<Vec<(f32, bool)>, Failure> {
    let bytes = std::fs::read(model).map_err(|error| Failure(format!("cannot read {}: {error}", model.display())))?;
    let model = Model::load(&bytes)?;
    let good = model.find_label(NAMES[0]).unwrap_or(0);
    let mut scratch = Scratch::default();
    Ok(texts.iter().map(|(label, text)| (model.probability(text, good, &mut scratch), *label == 0)).collect())
}

fn suggestion(name: &str) -> String {
    crate::config::suggestion(name, ["plain", "dclm", "datatrove"])
}
