use super::explain::{is_chinese, manual};
use super::say::say;
use super::translate::told_in;
use super::{Done, Outcome, report};
use crate::plan::Registry;
use crate::review::page::Language;

/// List the sources, stages and sinks.
#[derive(clap::Args)]
pub struct Stages {
    /// As a Markdown table, as in the README.
    #[arg(long)]
    markdown: bool,
    /// Language: zh, or en; that of messages where it is left out.
    #[arg(long, value_parser = report::language)]
    lang: Option<Language>,
}

impl Stages {
    pub(super) fn call(self) -> Outcome {
        let registry = Registry::default();
        let chinese = is_chinese(self.lang);
        if self.markdown {
            say!("{}", table(&registry, chinese).trim_end())?;
            return Ok(Done::Fine);
        }
        for (kind, shelf) in [("Sources", &registry.sources), ("Stages", &registry.stages), ("Sinks", &registry.sinks)] {
            say!("{}", told_in(kind, chinese))?;
            for known in shelf.iter() {
                say!("  {:<18} {}", known.name, manual(known, chinese).summary())?;
            }
        }
        say!("\n{}", told_in("`dataprep explain NAME` prints a manual.", chinese))?;
        Ok(Done::Fine)
    }
}

/// The README's table.
fn table(registry: &Registry, chinese: bool) -> String {
    let mut out = told_in("| kind | name | what it does |\n|---|---|---|\n", chinese);
    for (kind, shelf) in [("source", &registry.sources), ("stage", &registry.stages), ("sink", &registry.sinks)] {
        for known in shelf.iter() {
            out.push_str(&format!("| {} | `{}` | {} |\n", told_in(kind, chinese), known.name, manual(known, chinese).summary()));
        }
    }
    out
}
