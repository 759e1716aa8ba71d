//! The recipes there are, by name: ours, and those a user's crate adds.

use std::collections::BTreeMap;

use super::manual::Manual;
use super::manuals;
use crate::config::{Problem, Table, fields_of, suggestion};
use crate::stage::{Built, Complaint, Recipe, Register, Shop, Spec};

/// A recipe filled from a table, its type forgotten.
pub trait Filled: Send {
    /// What it needs and gives.
    fn spec(&self) -> Spec;
    /// Builds it.
    fn build(self: Box<Self>, shop: &mut Shop<'_>) -> Result<Built, Vec<Complaint>>;
}

impl<R: Recipe> Filled for R {
    fn spec(&self) -> Spec {
        Recipe::spec(self)
    }

    fn build(self: Box<Self>, shop: &mut Shop<'_>) -> Result<Built, Vec<Complaint>> {
        Recipe::build(*self, shop)
    }
}

type Fill = fn(&Table) -> Result<Box<dyn Filled>, Vec<Problem>>;

/// One recipe that can be named in a pipeline.
#[derive(Clone, Copy)]
pub struct Known {
    /// What `use` says.
    pub name: &'static str,
    source_text: &'static str,
    /// The file of its Chinese manual, which recipes of a user's crate do not have.
    chinese: Option<&'static str>,
    fill: Fill,
    fields: fn() -> &'static [&'static str],
}

impl Known {
    /// Fills the recipe from what was written.
    pub fn fill(&self, table: &Table) -> Result<Box<dyn Filled>, Vec<Problem>> {
        (self.fill)(table)
    }

    /// Its manual, read from its source file.
    pub fn manual(&self) -> Manual {
        Manual::read(self.name, self.source_text, (self.fields)())
    }

    /// The same in Chinese, where there is one.
    pub fn chinese_manual(&self) -> Option<Manual> {
        Some(self.manual().in_chinese(self.chinese?))
    }
}

/// Recipes of one kind, in alphabetical order.
#[derive(Clone, Default)]
pub struct Shelf {
    known: BTreeMap<&'static str, Known>,
}

impl Register for Shelf {
    fn add<R: Recipe>(&mut self, manual: &'static str) {
        let fill = |table: &Table| table.fill::<R>().map(|recipe| Box::new(recipe) as Box<dyn Filled>);
        let known = Known { name: R::NAME, source_text: manual, chinese: None, fill, fields: || fields_of::<R>().unwrap_or_default() };
        self.known.insert(R::NAME, known);
    }
}

impl Shelf {
    /// The recipe of that name; else what to say about the name.
    pub fn find(&self, name: &str) -> Result<&Known, String> {
        self.known.get(name).ok_or_else(|| suggestion(name, self.known.keys().copied()))
    }

    fn translated(mut self, files: &[(&str, &'static str)]) -> Shelf {
        for known in self.known.values_mut() {
            known.chinese = files.iter().find(|(name, _)| *name == known.name).map(|(_, file)| *file);
        }
        self
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Known> {
        self.known.values()
    }
}

/// All recipes.
#[derive(Clone)]
pub struct Registry {
    /// What `[source]` can use.
    pub sources: Shelf,
    /// What `[[stage]]` can use.
    pub stages: Shelf,
    /// What `[[sink]]` can use.
    pub sinks: Shelf,
}

impl Default for Registry {
    fn default() -> Registry {
        let (mut sources, mut stages, mut sinks) = (Shelf::default(), Shelf::default(), Shelf::default());
        crate::source::register(&mut sources);
        crate::stages::register(&mut stages);
        crate::sink::register(&mut sinks);
        Registry { sources: sources.translated(manuals::SOURCES), stages: stages.translated(manuals::STAGES), sinks: sinks.translated(manuals::SINKS) }
    }
}
