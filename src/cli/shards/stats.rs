use std::path::{Path, PathBuf};

use super::super::say::say;
use super::super::{Done, Failure, Outcome, count, size};
use super::some;
use crate::shard::{Shards, Stats as Numbers};

/// Sources that are listed; the rest is added up.
const MOST_SOURCES: usize = 20;
/// Signs of the longest bar.
const BAR: u64 = 40;

/// Say what shards hold: documents, tokens, lengths, sources, and how full their rows are.
#[derive(clap::Args)]
pub struct Stats {
    /// The shards, or the folder of a run: then all its shards.
    #[arg(value_parser = super::super::place::local)]
    shards: PathBuf,
}

impl Stats {
    pub(super) fn call(self) -> Outcome {
        for set in some(&self.shards)? {
            tell(&set)?;
        }
        Ok(Done::Fine)
    }
}

fn tell(set: &Path) -> Result<(), Failure> {
    let shards = Shards::open(set)?;
    let (manifest, numbers) = (shards.manifest(), Numbers::of(&shards)?);
    let all = numbers.all;
    say!("{}", set.display())?;
    say!("tokenizer   {} of {} entries, {} tokens", manifest.tokenizer.name, count(manifest.vocab_size.into()), manifest.dtype)?;
    say!("documents   {}, {} of them empty, in {} parts", count(all.documents), count(numbers.empty), manifest.parts.len())?;
    if manifest.pairs() > 0 {
        say!("pairs       {}, two documents each", count(manifest.pairs()))?;
    }
    say!("tokens      {}, the longest document has {}", count(all.tokens), count(numbers.longest))?;
    say!("text        {}, {:.3} bytes per token", size(all.bytes), all.bytes_per_token())?;
    for mixed in &manifest.mixture {
        let (tokens, epochs) = (count(mixed.tokens), mixed.epochs());
        say!("mixed       {tokens} tokens of {}, weight {}, {epochs:.3} epochs, last document cut by {}", mixed.name, mixed.weight, mixed.cut)?;
    }
    for takedown in &manifest.takedowns {
        say!("taken out   {} documents, {} tokens", takedown.keys.len(), count(takedown.tokens))?;
    }
    say!("\nlength up to   documents        tokens")?;
    let most = numbers.lengths.iter().map(|class| class.documents).max().unwrap_or(1);
    for class in &numbers.lengths {
        let bar = "#".repeat((u128::from(class.documents) * u128::from(BAR)).div_ceil(u128::from(most)) as usize);
        say!("{:>12} {:>11} {:>13}  {bar}", count(class.up_to), count(class.documents), count(class.tokens))?;
    }
    say!("\nsource                           documents        tokens  bytes per token")?;
    let mut sources: Vec<_> = numbers.sources.iter().collect();
    sources.sort_by_key(|(name, source)| (std::cmp::Reverse(source.tokens), *name));
    for (name, source) in sources.iter().take(MOST_SOURCES) {
        let name = if name.is_empty() { "(not known)" } else { name };
        say!("{name:<30} {:>11} {:>13} {:>16.3}", count(source.documents), count(source.tokens), source.bytes_per_token())?;
    }
    if sources.len() > MOST_SOURCES {
        let rest = &sources[MOST_SOURCES..];
        let sum = |number: fn(&crate::shard::SourceStats) -> u64| count(rest.iter().map(|(_, source)| number(source)).sum());
        let name = format!("{} more", rest.len());
        say!("{name:<30} {:>11} {:>13}", sum(|source| source.documents), sum(|source| source.tokens))?;
    }
    say!("\nrows of   packing        rows  pieces a row  documents cut  cut needlessly  padding")?;
    for pack in &manifest.packs {
        let (stats, method) = (&pack.stats, serde_json::to_value(pack.method)?);
        say!(
            "{:>7}   {:<11} {:>7} {:>13.2} {:>13.2} % {:>15} {:>6.3} %",
            pack.seq_len,
            method.as_str().unwrap_or_default(),
            count(stats.rows),
            stats.documents_per_row(),
            100.0 * stats.truncated_share(),
            count(stats.needless_cuts),
            100.0 * stats.padding_share()
        )?;
        if stats.left_out > 0 {
            say!("          in no row: {} documents of {} tokens, of pairs longer than a row", count(stats.left_out), count(stats.left_out_tokens))?;
        }
    }
    Ok(())
}
