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
            print!("{}", table(&registry));
            return Ok(Done::Fine);
        }
        for (kind, shelf) in [("Sources", &registry.sources), ("Stages", &registry.stages), ("Sinks", &registry.sinks)] {
            println!("{kind}");
            for known in shelf.iter() {
                println!("  {:<18} {}", known.name, known.manual().summary());
            }
        }
        println!("\n`dataprep explain NAME` prints a manual.");
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
