use super::say::say;
use super::{Done, Outcome};
use crate::plan::Registry;

/// List the sources, stages and sinks.
#[derive(clap::Args)]
pub struct Stages {
    /// As a Markdown table, as in the README.
    #[arg(long)]
    markdown: bool,
}

impl Stages {
    pub(super) fn call(self) -> Outcome {
        let registry = Registry::default();
        if self.markdown {
            say!("{}", table(&registry).trim_end())?;
            return Ok(Done::Fine);
        }
        for (kind, shelf) in [("Sources", &registry.sources), ("Stages", &registry.stages), ("Sinks", &registry.sinks)] {
            say!("{kind}")?;
            for known in shelf.iter() {
                say!("  {:<18} {}", known.name, known.manual().summary())?;
            }
        }
        say!("\n`dataprep explain NAME` prints a manual.")?;
        Ok(Done::Fine)
    }
}

/// The README's table.
pub fn table(registry: &Registry) -> String {
    let mut out = String::from("| kind | name | what it does |\n|---|---|---|\n");
    for (kind, shelf) in [("source", &registry.sources), ("stage", &registry.stages), ("sink", &registry.sinks)] {
        for known in shelf.iter() {
            out.push_str(&format!("| {kind} | `{}` | {} |\n", known.name, known.manual().summary()));
        }
    }
    out
}
