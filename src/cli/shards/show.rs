use std::path::PathBuf;

use super::super::say::say;
use super::super::{Done, Failure, Outcome};
use super::{one, swapped, tokenizer};
use crate::shard::{ShardReader, Shards, pair};
use crate::tokenizer::Tokenizer;

/// Show a document or a training row: where it comes from, its ids, and its text where the tokenizer is at hand.
#[derive(clap::Args)]
pub struct Show {
    /// The shards, or the folder of a run.
    #[arg(value_parser = super::super::place::local)]
    shards: PathBuf,
    /// Number of a document.
    #[arg(long, required_unless_present = "row", conflicts_with = "row")]
    document: Option<u64>,
    /// Number of a row, in the order of reading.
    #[arg(long)]
    row: Option<u64>,
    /// Tokens of a row; the first pack list where it is left out.
    #[arg(long, requires = "row")]
    seq_len: Option<u32>,
    /// The tokenizer's file, where the run has not learned it.
    #[arg(long, value_name = "FILE")]
    tokenizer: Option<PathBuf>,
    /// Show so many ids at most.
    #[arg(long, default_value_t = 64)]
    ids: usize,
}

impl Show {
    pub(super) fn call(self) -> Outcome {
        let set = one(&self.shards)?;
        let shards = Shards::open(&set)?;
        let tokenizer = tokenizer(&set, self.tokenizer.as_deref(), &shards.manifest().tokenizer)?;
        if let Some(fault) = tokenizer.as_ref().and_then(|tokenizer| swapped(shards.manifest(), tokenizer)) {
            return Err(Failure(format!("{fault}\n  help: name the tokenizer that the set was made with by --tokenizer")));
        }
        if let Some(index) = self.document {
            let ids = shards.document(index)?.to_vec();
            describe(&shards, index, 0, ids.len() as u64)?;
            self.tokens(&ids, tokenizer.as_ref())?;
        }
        if let Some(row) = self.row {
            let seq_len = seq_len(&shards, self.seq_len)?;
            let reader = ShardReader::open(&set, seq_len, None)?;
            if row >= reader.rows() {
                return Err(Failure(format!("no row {row}: there are {} of {seq_len} tokens", reader.rows())));
            }
            let sample = reader.sample(row)?;
            for (span, ends) in sample.spans.iter().zip(sample.cu_seqlens.windows(2)) {
                describe(&shards, span.document, span.start.into(), u64::from(span.start) + u64::from(span.length))?;
                self.tokens(&sample.ids[ends[0] as usize..ends[1] as usize], tokenizer.as_ref())?;
            }
            say!("{} tokens of {seq_len}, the rest is padding", sample.ids.len())?;
        }
        Ok(Done::Fine)
    }

    fn tokens(&self, ids: &[u32], tokenizer: Option<&Tokenizer>) -> Result<(), Failure> {
        let shown: Vec<String> = ids.iter().take(self.ids).map(u32::to_string).collect();
        let more = ids.len().saturating_sub(self.ids);
        say!("  {}{}", shown.join(" "), if more > 0 { format!(" and {more} more") } else { String::new() })?;
        if let Some(tokenizer) = tokenizer {
            say!("  {}\n", tokenizer.decode(ids)?.trim_end())?;
        }
        Ok(())
    }
}

/// The row length that was asked for, or the first that there is.
pub(in crate::cli) fn seq_len(shards: &Shards, asked: Option<u32>) -> Result<u32, Failure> {
    let first = shards.manifest().packs.first().map(|pack| pack.seq_len);
    asked.or(first).ok_or_else(|| Failure("the shards have no rows: make them with `dataprep shards pack --seq-len N`".to_owned()))
}

/// Two lines on a stretch of a document.
pub(in crate::cli) fn describe(shards: &Shards, index: u64, from: u64, to: u64) -> Result<(), Failure> {
    let document = shards.document_info(index)?;
    if document.flags & crate::shard::forget::FORGOTTEN != 0 {
        say!("document {index}, taken out of the set")?;
        return Ok(());
    }
    let url = document.url.unwrap_or("without a URL");
    let member = match document.flags {
        flags if flags & pair::CHOSEN != 0 => ", the chosen one of a pair",
        flags if flags & pair::REJECTED != 0 => ", the rejected one of a pair",
        _ => "",
    };
    say!("document {index}, {url}, key {:032x}{member}", document.key)?;
    let source = if document.source.is_empty() { "a file that is not known" } else { document.source };
    let place = document.place;
    say!(
        "  tokens {from} to {to} of {}, from {source} at byte {}, number {}:{} of the input",
        document.tokens,
        document.source_offset,
        place.split,
        place.ordinal
    )?;
    Ok(())
}
