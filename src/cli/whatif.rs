use std::path::PathBuf;

use super::say::say;
use super::{Done, Outcome, count, size};
use crate::review::{
    Folder,
    whatif::{Change, answer},
};

/// Say what another bound would keep and drop, from the annotations of a run and without running it.
#[derive(clap::Args)]
#[command(
    after_help = "The run must have been made with --set run.mode=annotate.\nExample: dataprep whatif out/web --set stage.gopher.bounds.too_few_words.min=20"
)]
pub struct WhatIf {
    /// The run's folder.
    #[arg(value_parser = super::place::local)]
    run: PathBuf,
    /// A changed bound, stage.NAME.bounds.RULE.min=VALUE, or stage.NAME.disable=RULE; may be given more than once.
    #[arg(long = "set", required = true, value_name = "KEY=VALUE")]
    changes: Vec<String>,
    /// Documents to show that change sides.
    #[arg(short, default_value_t = 20)]
    n: usize,
}

impl WhatIf {
    pub(super) fn call(self) -> Outcome {
        let changes = self.changes.iter().map(|change| Change::parse(change)).collect::<Result<Vec<_>, _>>()?;
        let answer = answer(&Folder::open(&self.run)?, &changes, self.n)?;
        let share = |(documents, bytes): (u64, u64)| {
            let of = |part: u64, all: u64| if all == 0 { 0.0 } else { 100.0 * part as f64 / all as f64 };
            let (documents_share, bytes_share) = (of(documents, answer.all.0), of(bytes, answer.all.1));
            format!("{:>10} documents ({documents_share:.2} %)  {:>10} ({bytes_share:.2} %)", count(documents), size(bytes))
        };
        say!("kept before  {}\nkept then    {}", share(answer.before), share(answer.after))?;
        say!("{} would come in, {} would go", count(answer.gained), count(answer.lost))?;
        if answer.unjudged > 0 {
            say!("{} of those that would come in were not judged by stages that choose among documents: run again to know", count(answer.unjudged))?;
        }
        for example in &answer.examples {
            let values: Vec<String> = example.values.iter().map(|value| format!("{value:.4}")).collect();
            say!("{} {}  {}  {}", if example.kept { "+" } else { "-" }, values.join(" "), example.name, example.excerpt)?;
        }
        Ok(Done::Fine)
    }
}
