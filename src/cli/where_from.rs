use std::path::PathBuf;

use super::say::say;
use super::shards::{describe, one, run_of, seq_len};
use super::{Done, Failure, Outcome};
use crate::review::Folder;
use crate::review::records::Copy;
use crate::shard::{ShardReader, Shards, Share};

/// Name the documents of a training row: key, URL, file and place, and what was cut out of them.
#[derive(clap::Args)]
#[command(
    after_help = "Samples count from 0 over all epochs, in the order of the library's ShardReader. A step of --world processes with --batch rows each is a stretch of so many \
                  samples. `dataprep train` holds back a share and draws in an order of its own: this does not tell its steps."
)]
pub struct Where {
    /// The shards, or the folder of a run.
    #[arg(value_parser = super::place::local)]
    shards: PathBuf,
    /// Number of the sample in the stream.
    #[arg(long, required_unless_present = "step", conflicts_with = "step")]
    sample: Option<u64>,
    /// Number of the step, from 0, instead.
    #[arg(long, requires = "batch")]
    step: Option<u64>,
    /// Number of the process.
    #[arg(long, default_value_t = 0, requires = "step")]
    rank: u64,
    /// Processes.
    #[arg(long, default_value_t = 1, requires = "step")]
    world: u64,
    /// Rows that a process takes a step.
    #[arg(long, requires = "step")]
    batch: Option<u64>,
    /// Tokens of a row; the first pack list where it is left out.
    #[arg(long)]
    seq_len: Option<u32>,
    /// Of the order, where it was not that of the pack list.
    #[arg(long)]
    seed: Option<u64>,
    /// The run that wrote the shards, where they do not lie in it: its records say what was cut.
    #[arg(long)]
    run: Option<PathBuf>,
}

impl Where {
    pub(super) fn call(self) -> Outcome {
        let set = one(&self.shards)?;
        let seq_len = seq_len(&Shards::open(&set)?, self.seq_len)?;
        let reader = ShardReader::open(&set, seq_len, self.seed)?;
        let run = self.run.clone().or_else(|| run_of(&set)).map(|run| Folder::open(&run)).transpose()?;
        let positions: Vec<u64> = match (self.sample, self.step, self.batch) {
            (Some(sample), ..) => vec![sample],
            (None, Some(step), Some(batch)) => {
                let share = Share { rank: self.rank, world: self.world, worker: 0, workers: 1, batch };
                let first = step.checked_mul(batch).and_then(|first| first.checked_add(batch).map(|_| first));
                let first =
                    first.ok_or_else(|| Failure("there is no such step\n  help: steps count from 0; --batch times --world rows make one".to_owned()))?;
                reader.positions(0, share)?.skip(first as usize).take(batch as usize).collect()
            }
            _ => Vec::new(),
        };
        for position in positions {
            let (sample, state) = (reader.sample(position)?, reader.state(position));
            say!("sample {position}: number {} of epoch {}, row {} of the list for {seq_len} tokens", state.samples, state.epoch, sample.row)?;
            for span in &sample.spans {
                describe(reader.shards(), span.document, span.start.into(), u64::from(span.start) + u64::from(span.length))?;
                let place = reader.shards().document_info(span.document)?.place;
                let cuts = run.as_ref().map_or(Ok(Vec::new()), |run| run.cuts((place.split, place.ordinal)))?;
                for cut in cuts {
                    let (stage, from, to) = (cut.stage, cut.start, cut.end);
                    let copy = match cut.copy {
                        Copy::Here((split, ordinal)) => format!("number {split}:{ordinal}"),
                        Copy::Earlier(id) => format!("`{id}` of an earlier corpus"),
                    };
                    say!("  {stage} cut bytes {from} to {to}, a copy of which stands in {copy}")?;
                }
            }
        }
        Ok(Done::Fine)
    }
}
