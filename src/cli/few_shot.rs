use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::say::say;
use super::{Done, Failure, Outcome, all_threads, count};
use crate::source::texts::Texts;
use crate::tokenizer::{EncodeScratch, Tokenizer};
use crate::train::few_shot::{Question, choose};
use crate::train::session::saved;
use crate::train::workers::Workers;

/// Ask a trained language model for the labels of texts, by a few examples in front of each.
///
/// No weight changes: a text stands behind the examples, each with its label a line below, and the label that the model finds likeliest to come next is its answer. Compare it with
/// the share of the most frequent label, and with `dataprep train --from CHECKPOINT --objective classify`.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct FewShot {
    /// A checkpoint of a model that goes on with texts (gpt, llama, bloom), or the folder of its training.
    #[arg(value_parser = super::place::local)]
    checkpoint: PathBuf,
    /// The tokenizer.json that its shards were made with.
    #[arg(long)]
    tokenizer: PathBuf,
    /// Texts with labels that stand in front: files, folders or globs.
    #[arg(long, required = true, num_args = 1.., value_name = "FILES")]
    examples: Vec<String>,
    /// Texts with labels that are asked for.
    #[arg(long, required = true, num_args = 1.., value_name = "FILES")]
    questions: Vec<String>,
    /// Column of the label.
    #[arg(long, default_value = "label")]
    label: String,
    /// Examples of each label, the first of the files.
    #[arg(long, default_value_t = 2)]
    shots: usize,
    /// Worker threads; the result does not depend on them.
    #[arg(long)]
    threads: Option<usize>,
}

/// A text with its label.
type Labelled = (String, String);

impl FewShot {
    pub(super) fn call(self) -> Outcome {
        let saved = saved(&self.checkpoint)?;
        let tokenizer = tokenizer(&self.tokenizer)?;
        if tokenizer.vocab_size() as usize != saved.task.vocab_size {
            let (own, trained) = (tokenizer.vocab_size(), saved.task.vocab_size);
            return Err(Failure(format!("--tokenizer: it has {own} tokens, the model was trained on {trained}: it is not its tokenizer")));
        }
        let (examples, asked) = (self.read(&self.examples)?, self.read(&self.questions)?);
        let mut by_label: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        examples.iter().for_each(|(text, label)| by_label.entry(label).or_default().push(text));
        // Labels take turns, so that none stands last more often than need be.
        let shots = (0..self.shots).flat_map(|shot| by_label.iter().filter_map(move |(label, texts)| Some(format!("{}\n{label}\n\n", texts.get(shot)?))));
        let shots: String = shots.collect();
        let labels: Vec<&str> = by_label.keys().copied().collect();
        let encode = |text: &str| {
            let mut ids = Vec::new();
            tokenizer.encode(text, false, &mut ids, &mut EncodeScratch::new()).map(|()| ids)
        };
        let choices = labels.iter().map(|label| encode(label)).collect::<Result<Vec<_>, _>>()?;
        if labels.len() < 2 || choices.contains(&Vec::new()) {
            return Err(Failure(format!("--examples: {} labels: wanted two, of which none is empty", labels.len())));
        }
        let question = |(text, _): &Labelled| Ok::<_, Failure>(Question { prompt: encode(&format!("{shots}{text}\n"))?, choices: choices.clone() });
        let questions = asked.iter().map(question).collect::<Result<Vec<_>, _>>()?;
        let answers = choose(&saved, &questions, &Workers::new(self.threads.unwrap_or_else(all_threads))?)?;
        let right = asked.iter().zip(answers).filter(|((_, label), answer)| label == labels[*answer]).count();
        let most = labels.iter().map(|label| asked.iter().filter(|(_, own)| own == label).count()).max().unwrap_or(0);
        let share = |number: usize| 100.0 * number as f64 / asked.len().max(1) as f64;
        say!(
            "{:.1} % of {} texts rightly labelled with {} examples a label; the most frequent label would have {:.1} %",
            share(right),
            count(asked.len() as u64),
            self.shots,
            share(most)
        )?;
        Ok(Done::Fine)
    }

    /// The texts of files that have a label.
    fn read(&self, files: &[String]) -> Result<Vec<Labelled>, Failure> {
        let mut found = Vec::new();
        Texts::open(files, None)?.each(&mut |doc| {
            if let Some(label) = doc.extra.get(&self.label).filter(|label| !label.is_null()) {
                found.push((doc.text().trim().to_owned(), label.as_str().map_or_else(|| label.to_string(), str::to_owned)));
            }
            Ok(())
        })?;
        if found.is_empty() { Err(Failure(format!("{}: no text has a `{}`", files.join(", "), self.label))) } else { Ok(found) }
    }
}

/// The tokenizer in a file that an option names.
pub(super) fn tokenizer(path: &Path) -> Result<Tokenizer, Failure> {
    let file = std::fs::read(path).map_err(|error| Failure(format!("--tokenizer: cannot read {}: {error}", path.display())))?;
    Ok(Tokenizer::from_bytes(&path.display().to_string(), &file, None)?)
}
