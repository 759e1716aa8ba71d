use std::fs::File;
use std::path::PathBuf;

use super::say::say;
use super::{Done, Failure, Outcome, count, size, write_whole};
use crate::dedup::contamination::{Builder, LONGEST};
use crate::text::listed::unpacked;

/// Write one index of evaluation sets for the stage `decontaminate`, built once and used by many runs.
#[derive(clap::Args)]
pub struct BuildIndex {
    /// Sets: JSON lines, one item each, plain, gzip or zstd.
    #[arg(required = true)]
    sets: Vec<PathBuf>,
    /// The file to write, as evals.index.
    #[arg(short, long)]
    output: PathBuf,
    /// Words of a run.
    #[arg(long, default_value_t = 13)]
    ngram: usize,
    /// Fields of an item that are looked for; every text in it where none is named.
    #[arg(long, value_delimiter = ',')]
    fields: Vec<String>,
}

impl BuildIndex {
    pub(super) fn call(self) -> Outcome {
        if !(1..=LONGEST).contains(&self.ngram) {
            return Err(Failure(format!("--ngram {}: wanted 1 to {LONGEST} words", self.ngram)));
        }
        let mut builder = Builder::new(self.ngram, &self.fields);
        for path in &self.sets {
            let failed = |error: std::io::Error| Failure(format!("cannot read {}: {error}", path.display()));
            let name = path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
            builder.read(&name, unpacked(File::open(path).map_err(failed)?).map_err(failed)?).map_err(failed)?;
        }
        if let Some(field) = builder.unknown_field() {
            return Err(Failure(format!(
                "no item has a field `{field}`\n  help: look how the sets name it, or leave --fields out: then every text of an item is looked for"
            )));
        }
        let short = builder.short();
        let index = builder.finish();
        let bytes = write_whole(&self.output, |out| index.write(out))?;
        let [items, windows, short] = [index.items(), index.windows(), short].map(|number| count(number as u64));
        say!("{items} items, {windows} runs of {} words, {}; {short} items are too short to be found", index.n(), size(bytes))?;
        Ok(Done::Fine)
    }
}
