//! One entry of a pipeline becomes what it describes: its recipe found, filled, checked against what stands before it, and built.

use std::collections::BTreeSet;

use super::registry::{Filled, Registry};
use crate::config::{Entry, Problem, Table};
use crate::doc::TagTable;
use crate::stage::{Built, Complaint, Shop, Spec};

/// What entry after entry is made with, and what was found wrong.
pub struct Maker {
    registry: Registry,
    seed: u64,
    /// Names of the tags so far.
    pub tags: TagTable,
    /// Data files that were read.
    pub files: BTreeSet<String>,
    /// Fields and tags that stand on a document here.
    pub given: BTreeSet<String>,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

/// What an entry has become.
pub struct Made {
    pub built: Built,
    pub spec: Spec,
    pub reasons: Vec<String>,
}

impl Maker {
    pub fn new(registry: Registry, seed: u64) -> Maker {
        Maker { registry, seed, tags: TagTable::default(), files: BTreeSet::new(), given: BTreeSet::new(), problems: Vec::new() }
    }

    /// Fills, checks and builds one entry; what is wrong goes to the problems.
    pub fn make(&mut self, entry: &Entry, section: &str) -> Option<Made> {
        let filled = self.fill(entry, section)?;
        self.build(entry, filled)
    }

    /// Finds the recipe and fills it from what was written.
    pub fn fill(&mut self, entry: &Entry, section: &str) -> Option<Box<dyn Filled>> {
        let shelf = match section {
            "source" => &self.registry.sources,
            "stage" => &self.registry.stages,
            _ => &self.registry.sinks,
        };
        let known = match shelf.find(&entry.recipe) {
            Ok(known) => *known,
            Err(help) => {
                self.problems.push(Problem::at(entry.span.clone(), format!("there is no {section} `{}`", entry.recipe), help));
                return None;
            }
        };
        match known.fill(&entry.table) {
            Ok(filled) => Some(filled),
            Err(found) => {
                self.problems.extend(found);
                // What it would have given is unknown: the likeliest fields keep later stages from complaining as well.
                self.given.extend(["html", "text", "url", "tokens", "lang"].map(str::to_owned));
                None
            }
        }
    }

    /// Checks what it needs and builds it.
    pub fn build(&mut self, entry: &Entry, filled: Box<dyn Filled>) -> Option<Made> {
        let spec = filled.spec();
        for need in spec.needs.iter().filter(|need| !self.given.contains(*need)) {
            let message = format!("{} needs `{need}`, which nothing before it gives", entry.table.title);
            self.problems.push(Problem::at(entry.span.clone(), message, giver(need)));
        }
        for clash in spec.clashes.iter().filter(|clash| self.given.contains(&clash.given)) {
            self.problems.push(Problem::at(entry.table.place(&clash.key), format!("{}: {}", entry.table.title, clash.message), clash.help.clone()));
        }
        self.given.extend(spec.gives.iter().cloned());
        let mut shop = Shop { stage: &entry.name, seed: self.seed, tags: &mut self.tags, reasons: spec.reasons.clone(), files: &mut self.files };
        let built = filled.build(&mut shop);
        let reasons = shop.reasons;
        match built {
            Ok(built) => Some(Made { built, spec, reasons }),
            Err(complaints) => {
                self.problems.extend(complaints.into_iter().map(|complaint| placed(complaint, &entry.table)));
                None
            }
        }
    }
}

fn placed(complaint: Complaint, table: &Table) -> Problem {
    let message = if complaint.message.contains('`') { complaint.message } else { format!("{}: {}", table.title, complaint.message) };
    Problem::at(table.place(&complaint.key), message, complaint.help)
}

/// What to say where a need is not met.
fn giver(need: &str) -> String {
    match need {
        "text" => "put `extract` before it, or map a column of the source to `text`".to_owned(),
        "html" => "use a source that gives pages, or map a column to `html`".to_owned(),
        "tokens" => "put `tokenize` before it".to_owned(),
        "turns" => "read conversations, with the source `chat`".to_owned(),
        "lang" => "put `language` before it".to_owned(),
        other => format!("put a stage that gives `{other}` before it"),
    }
}
