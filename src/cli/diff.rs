use std::path::PathBuf;

use super::say::say;
use super::{Done, Outcome, count};
use crate::review::Folder;
use crate::review::diff::{Diff as Found, Documents, Example, diff};

/// Compare two runs: settings, counts, and which documents changed sides, and why.
#[derive(clap::Args)]
#[command(
    after_help = "Documents meet by id, else by URL. One that a run has neither kept nor written down as dropped is `absent` there: `run.dropped = 1.0` writes all of them down.\n\n\
                  Example: dataprep diff out/web out/web-stricter"
)]
pub struct Diff {
    /// The folder of the first run.
    #[arg(value_parser = super::place::local)]
    first: PathBuf,
    /// The folder of the second.
    #[arg(value_parser = super::place::local)]
    second: PathBuf,
    /// Documents to name of each kind of change.
    #[arg(short, default_value_t = 5)]
    n: usize,
    /// Print one object of JSON.
    #[arg(long)]
    json: bool,
}

impl Diff {
    pub(super) fn call(self) -> Outcome {
        let found = diff(&Folder::open(&self.first)?, &Folder::open(&self.second)?, self.n)?;
        if self.json {
            say!("{}", serde_json::to_string_pretty(&found)?)?;
            return Ok(Done::Fine);
        }
        let Found { settings, counts, documents } = found;
        say!("settings")?;
        for setting in &settings {
            let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "not there".to_owned());
            say!("  {}\n    - {}\n    + {}", setting.key, value(&setting.first), value(&setting.second))?;
        }
        if settings.is_empty() {
            say!("  are equal")?;
        }
        say!("counts")?;
        let mut equal = true;
        for found in counts.iter().filter(|count| count.first != count.second) {
            equal = false;
            let number = |number: Option<u64>| number.map_or_else(|| "-".to_owned(), count);
            let change = found.second.unwrap_or(0) as i64 - found.first.unwrap_or(0) as i64;
            let sign = if change < 0 { '-' } else { '+' };
            say!("  {:<40} {:>12} -> {:>12}  {sign}{}", found.name, number(found.first), number(found.second), count(change.unsigned_abs()))?;
        }
        if equal {
            say!("  are equal")?;
        }
        say!("documents")?;
        match &documents {
            Some(documents) => show(documents),
            None => say!("  cannot be followed: one of the runs has not written its kept documents (sink `jsonl` or `parquet`, or `run.keep_docs = true`)"),
        }?;
        Ok(Done::Fine)
    }
}

fn show(found: &Documents) -> std::io::Result<()> {
    say!("  {} kept in both, {} of them with another text", count(found.kept), count(found.edited_count))?;
    found.edited.iter().try_for_each(example)?;
    for moved in &found.moves {
        say!("  {} {} -> {}", count(moved.count), moved.first, moved.second)?;
        moved.examples.iter().try_for_each(example)?;
    }
    if found.repeated > 0 {
        say!("  {} have the id of one before them and were not followed", count(found.repeated))?;
    }
    if found.unnamed > 0 {
        say!("  {} have neither id nor URL and were not followed", count(found.unnamed))?;
    }
    Ok(())
}

fn example(example: &Example) -> std::io::Result<()> {
    let number = crate::check::shown;
    let measured = match example.measured {
        Some((value, Some(threshold))) => format!(" ({} against {})", number(value), number(threshold)),
        Some((value, None)) => format!(" ({})", number(value)),
        None => String::new(),
    };
    say!("    {}{measured}  {}", example.name, example.excerpt)
}
