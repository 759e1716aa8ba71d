use super::say::say;
use super::{Done, Failure, Outcome, lint};
use crate::lint::RULES;
use crate::plan::Registry;

/// Print the manual of a stage, source or sink, or of a rule of `dataprep lint`.
#[derive(clap::Args)]
pub struct Explain {
    /// Its name, as in `use = "NAME"`, or the rule's code.
    name: String,
}

impl Explain {
    pub(super) fn call(self) -> Outcome {
        if let Some(rule) = RULES.iter().find(|rule| rule.code.eq_ignore_ascii_case(&self.name)) {
            say!("{}", lint::entry(rule).trim_end())?;
            return Ok(Done::Fine);
        }
        let registry = Registry::default();
        let shelves = [("stage", &registry.stages), ("source", &registry.sources), ("sink", &registry.sinks)];
        let found: Vec<_> = shelves.iter().filter_map(|(kind, shelf)| Some((*kind, shelf.find(&self.name).ok()?))).collect();
        if found.is_empty() {
            let names = shelves.iter().flat_map(|(_, shelf)| shelf.iter().map(|known| known.name)).collect::<Vec<_>>();
            return Err(Failure(format!("there is no stage, source or sink `{}`: {}", self.name, crate::config::suggestion(&self.name, names))));
        }
        for (kind, known) in found {
            say!("{kind} {}", known.manual())?;
        }
        Ok(Done::Fine)
    }
}
