use std::io::Write;
use std::path::PathBuf;

use super::few_shot::tokenizer;
use super::run::{STOP, stop_on_ctrl_c};
use super::say::say;
use super::train::bar;
use super::{Done, Failure, Outcome, all_threads, count, write_whole};
use crate::tokenizer::Tokenizer;
use crate::train::corpus::ShardCorpus;
use crate::train::vectors::{VectorConfig, Vectors, train};
use crate::train::workers::Workers;

/// Learn word vectors from a shard set, and show what stands near what.
///
/// Skip-gram with negative sampling over the tokens of the shards, in a minute or so: a quick look at what a corpus teaches. With the tokenizer that made the
/// shards tokens are shown by their texts, as in `--near bridge`; without it by their ids. OUT is in the text form of word2vec.
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub struct LearnVectors {
    /// Folder of the shards.
    #[arg(value_parser = super::place::local)]
    shards: PathBuf,
    /// Where the vectors go; they are only looked at where it is left out.
    #[arg(long)]
    out: Option<PathBuf>,
    /// The tokenizer.json that the shards were made with.
    #[arg(long)]
    tokenizer: Option<PathBuf>,
    /// Tokens whose neighbours are shown: texts as they stand in the tokenizer, or ids; the ten most frequent where it is left out.
    #[arg(long, num_args = 1.., value_name = "TOKENS")]
    near: Vec<String>,
    /// Numbers of a vector.
    #[arg(long, default_value_t = VectorConfig::default().width)]
    width: usize,
    /// The farthest that a neighbour may stand.
    #[arg(long, default_value_t = VectorConfig::default().window)]
    window: usize,
    /// Passes over the shards.
    #[arg(long, default_value_t = VectorConfig::default().epochs)]
    epochs: usize,
    /// Seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Worker threads; the result does not depend on them.
    #[arg(long)]
    threads: Option<usize>,
    /// Show no progress.
    #[arg(long)]
    quiet: bool,
}

/// Neighbours that are shown.
const SHOWN: usize = 8;

impl LearnVectors {
    pub(super) fn call(self) -> Outcome {
        stop_on_ctrl_c();
        let corpus = ShardCorpus::open(&self.shards)?;
        let tokenizer = self.tokenizer.as_deref().map(tokenizer).transpose()?;
        if let Some(tokenizer) = tokenizer.as_ref().filter(|tokenizer| tokenizer.vocab_size() as usize != corpus.vocab_size()) {
            let (own, of_shards) = (tokenizer.vocab_size(), corpus.vocab_size());
            return Err(Failure(format!("--tokenizer: it has {own} tokens, the shards {of_shards}: they were made with another")));
        }
        let named = self.near.iter().map(|token| id(token, tokenizer.as_ref(), corpus.vocab_size())).collect::<Result<Vec<u32>, _>>()?;
        let config = VectorConfig { width: self.width, window: self.window, epochs: self.epochs, seed: self.seed, ..VectorConfig::default() };
        let workers = Workers::new(self.threads.unwrap_or_else(all_threads))?;
        let bar = bar(1, self.quiet);
        let learned = train(&corpus, corpus.vocab_size(), &config, &workers, &mut |step, steps, loss| {
            bar.set_length(steps as u64);
            bar.set_position(step as u64);
            bar.set_message(format!("loss {loss:.4}"));
            !STOP.load(std::sync::atomic::Ordering::Relaxed)
        })?;
        bar.finish_and_clear();
        let Some(vectors) = learned else { return Err(Failure("stopped".to_owned())) };
        let pieces = tokenizer.as_ref().and_then(Tokenizer::pieces);
        let name = |id: u32| match &pieces {
            Some(pieces) => pieces[id as usize].clone(),
            None => id.to_string(),
        };
        let occurring = vectors.counts.iter().filter(|count| **count > 0).count() as u64;
        say!("{} vectors of {} numbers, {:.4} nats a neighbour", count(occurring), vectors.width, vectors.loss)?;
        for id in if named.is_empty() { frequent(&vectors) } else { named } {
            let near: Vec<String> = vectors.neighbours(id, SHOWN).into_iter().map(|(other, cosine)| format!("{} {cosine:.2}", name(other))).collect();
            say!("{}: {}", name(id), near.join(", "))?;
        }
        if let Some(out) = &self.out {
            write_whole(out, |out| write(&vectors, &name, out))?;
        }
        Ok(Done::Fine)
    }
}

/// The token of a name: its text, also with the mark that stands for a space before it, or its number.
fn id(name: &str, tokenizer: Option<&Tokenizer>, vocab_size: usize) -> Result<u32, Failure> {
    let known = match tokenizer {
        Some(tokenizer) => ["", "Ġ", "▁"].iter().rev().find_map(|space| tokenizer.token_id(&format!("{space}{name}"))),
        None => name.parse().ok().filter(|id| (*id as usize) < vocab_size),
    };
    known.ok_or_else(|| {
        Failure(format!("--near: there is no token `{name}`{}", if tokenizer.is_some() { "" } else { "; without --tokenizer tokens are numbers" }))
    })
}

/// The tokens that occur most often.
fn frequent(vectors: &Vectors) -> Vec<u32> {
    let mut ids: Vec<u32> = (0..vectors.counts.len() as u32).filter(|id| vectors.counts[*id as usize] > 0).collect();
    ids.sort_by_key(|id| std::cmp::Reverse(vectors.counts[*id as usize]));
    ids.truncate(10);
    ids
}

/// A line of sizes, then a line a token that occurs. A space in its text would end its name.
fn write(vectors: &Vectors, name: &dyn Fn(u32) -> String, out: &mut impl Write) -> std::io::Result<()> {
    let occurring = || (0..vectors.counts.len() as u32).filter(|id| vectors.counts[*id as usize] > 0);
    writeln!(out, "{} {}", occurring().count(), vectors.width)?;
    for id in occurring() {
        write!(out, "{}", name(id).replace(char::is_whitespace, "▁"))?;
        vectors.row(id).iter().try_for_each(|number| write!(out, " {number}"))?;
        writeln!(out)?;
    }
    Ok(())
}
