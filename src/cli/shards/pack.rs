use std::path::PathBuf;

use super::super::say::say;
use super::super::{Done, Outcome, count};
use super::one;
use crate::shard::Shards;
use crate::shard::pack::{self, Method, PackOptions};

/// Make another list of training rows, without tokenizing again.
#[derive(clap::Args)]
pub struct Pack {
    /// The shards, or the folder of a run.
    #[arg(value_parser = super::super::place::local)]
    shards: PathBuf,
    /// Tokens of a row.
    #[arg(long)]
    seq_len: u32,
    /// How documents become rows.
    #[arg(long, value_enum, default_value = "best_fit")]
    how: How,
    /// Of the order of the rows; that of the set where it is left out.
    #[arg(long)]
    seed: Option<u64>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
enum How {
    /// No document is cut that fits a row.
    BestFit,
    /// Documents end to end, no padding.
    Concat,
    /// A document a row.
    #[value(alias = "one")]
    OnePerRow,
}

impl Pack {
    pub(super) fn call(self) -> Outcome {
        let set = one(&self.shards)?;
        let shards = Shards::open(&set)?;
        let method = match self.how {
            How::BestFit => Method::BestFit,
            How::Concat => Method::Concat,
            How::OnePerRow => Method::OnePerRow,
        };
        let options = PackOptions { seq_len: self.seq_len, method, seed: self.seed.unwrap_or(shards.manifest().seed), window: PackOptions::WINDOW };
        let stats = pack::add(&shards, &options)?.stats;
        say!(
            "{} rows of {}: {:.2} pieces a row, {:.3} % padding, {:.2} % of the documents cut, {} of them needlessly",
            count(stats.rows),
            self.seq_len,
            stats.documents_per_row(),
            100.0 * stats.padding_share(),
            100.0 * stats.truncated_share(),
            count(stats.needless_cuts)
        )?;
        if stats.left_out > 0 {
            say!("in no row: {} documents of {} tokens, of pairs longer than a row", count(stats.left_out), count(stats.left_out_tokens))?;
        }
        Ok(Done::Fine)
    }
}
