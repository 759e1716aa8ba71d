use std::path::PathBuf;

use super::super::place::local;
use super::super::say::say;
use super::super::{Done, Failure, Outcome, count};
use super::{one, whole_folder};
use crate::shard::Shards;
use crate::shard::merge::{Source, write};

/// Mix shards by weight into one set, to exact token quotas.
#[derive(clap::Args)]
#[command(
    after_help = "Weights are shares of the tokens. A source that is smaller than its quota is gone through again, in another order; the manifest says how often."
)]
pub struct Merge {
    /// A set or the folder of a run, and its weight.
    #[arg(required = true, value_name = "SHARDS=WEIGHT")]
    sources: Vec<String>,
    /// Tokens of the whole; without it as many as there are without repeating a document.
    #[arg(long)]
    tokens: Option<u64>,
    /// Of the order of the documents.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The new folder.
    #[arg(long)]
    out: PathBuf,
}

impl Merge {
    pub(super) fn call(self) -> Outcome {
        let mut sets = Vec::new();
        for source in &self.sources {
            let wanted = || Failure(format!("`{source}` is not SHARDS=WEIGHT: as `out/web/shards=0.7`"));
            let (name, weight) = source.rsplit_once('=').ok_or_else(wanted)?;
            let weight: f64 = weight.parse().map_err(|_| wanted())?;
            let set = local(name).map_err(|said| Failure(format!("{name}: {said}")))?;
            sets.push((name, weight, Shards::open(&one(&set)?)?));
        }
        let sources: Vec<Source> = sets.iter().map(|(name, weight, shards)| Source { name, weight: *weight, shards }).collect();
        let manifest = whole_folder(&self.out, |dir| Ok(write(dir, &sources, self.tokens, self.seed)?))?;
        for mixed in &manifest.mixture {
            say!("{:<40} {:>15} tokens, {:.3} epochs", mixed.name, count(mixed.tokens), mixed.epochs())?;
        }
        say!("{:<40} {:>15} tokens in {} documents", self.out.display(), count(manifest.tokens), count(manifest.documents))?;
        Ok(Done::Fine)
    }
}
