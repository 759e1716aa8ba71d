use std::path::PathBuf;

use super::super::say::{aside, say};
use super::super::{Done, Outcome, count};
use super::{some, swapped, tokenizer};
use crate::shard::Manifest;

/// Prove that shards are whole: every byte, every id, every length, every row. Exit code 1 where they are not.
#[derive(clap::Args)]
#[command(after_help = "Found are files that are missing, cut or changed, ids beyond the vocabulary, lengths and sums that do not add up, rows that \
                        reach beyond their documents or leave tokens out, and another tokenizer than the one that made the ids, where it lies in the run or is named.")]
pub struct Verify {
    /// The shards, or the folder of a run: then all its shards.
    #[arg(value_parser = super::super::place::local)]
    shards: PathBuf,
    /// Read no payload: sizes, indices and sums alone.
    #[arg(long)]
    quick: bool,
    /// The tokenizer's file: is it the one that made the ids?
    #[arg(long, value_name = "FILE")]
    tokenizer: Option<PathBuf>,
}

impl Verify {
    pub(super) fn call(self) -> Outcome {
        let mut done = Done::Fine;
        for set in some(&self.shards)? {
            let mut faults: Vec<String> = Vec::new();
            match Manifest::load(&set) {
                Err(fault) => faults.push(fault.to_string()),
                Ok(manifest) => {
                    faults.extend(manifest.verify(&set, self.quick).err().into_iter().flatten().map(|fault| fault.to_string()));
                    let at_hand = tokenizer(&set, self.tokenizer.as_deref(), &manifest.tokenizer)?;
                    faults.extend(at_hand.and_then(|tokenizer| swapped(&manifest, &tokenizer)));
                    if faults.is_empty() {
                        let files = manifest.files().count();
                        say!("{}: sound, {} documents, {} tokens, {files} files", set.display(), count(manifest.documents), count(manifest.tokens))?;
                    }
                }
            }
            for fault in faults {
                aside(format_args!("{}: {fault}", set.display()));
                done = Done::Unmet;
            }
        }
        Ok(done)
    }
}
