use std::path::PathBuf;

use super::super::say::say;
use super::super::{Done, Outcome, count};
use super::{one, whole_folder};
use crate::shard::Shards;
use crate::shard::export::{Format, write};

/// Write shards as another trainer reads them; where its payload is the same bytes, as links.
#[derive(clap::Args)]
pub struct Export {
    /// The shards, or the folder of a run.
    #[arg(value_parser = super::super::place::local)]
    shards: PathBuf,
    /// megatron, megatron-sentences, datatrove, llmc, nanogpt, olmo, mds, litdata, parquet or arrow.
    #[arg(long)]
    to: Format,
    /// Rows of the pack list for so many tokens instead of documents: for mds, parquet and arrow.
    #[arg(long, value_name = "TOKENS")]
    rows: Option<u32>,
    /// The new folder.
    #[arg(long)]
    out: PathBuf,
}

impl Export {
    pub(super) fn call(self) -> Outcome {
        let shards = Shards::open(&one(&self.shards)?)?;
        let done = whole_folder(&self.out, |dir| Ok(write(&shards, dir, self.to, self.rows)?))?;
        let what = if self.rows.is_some() { "rows" } else { "documents" };
        let empty = if done.empty > 0 { format!("; {} documents without tokens left out", count(done.empty)) } else { String::new() };
        say!("{} {what}, {} tokens in {} files, {} of them links{empty}", count(done.records), count(done.tokens), done.files.len(), done.linked)?;
        Ok(Done::Fine)
    }
}
