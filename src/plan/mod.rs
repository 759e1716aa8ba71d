//! What the pipeline means: recipes filled and built, needs checked, segments cut at the barriers, everything hashed. No document is processed here.

mod alone;
mod fingerprint;
mod forecast;
mod make;
mod manual;
mod manuals;
mod registry;

use std::ops::Range;
use std::path::{Path, PathBuf};

pub use alone::Alone;
pub use fingerprint::{Difference, Fingerprint, RUN_FILE};
pub use forecast::Forecast;
pub use manual::Manual;
pub use registry::{Filled, Known, Registry, Shelf};

use make::{Made, Maker};

use crate::config::{Config, Entry, Mode, Problem, Problems};
use crate::doc::TagTable;
use crate::stage::{Built, Global, Recipe, Register, Sink, Source, Spec, Split, Stage};

/// A stage in its place.
pub struct Planned {
    /// Its name in this pipeline.
    pub name: String,
    /// What `use` says.
    pub recipe: String,
    /// Fields and tags it needs and gives.
    pub spec: Spec,
    /// Its drop reasons; a [`crate::stage::Reason`] is an index into them.
    pub reasons: Vec<String>,
    /// The running thing.
    pub kind: PlannedKind,
}

/// Which kind of stage it is.
pub enum PlannedKind {
    /// Sees one document.
    Stage(Box<dyn Stage>),
    /// Ends a segment.
    Global(Box<dyn Global>),
}

/// A sink in its place.
pub struct PlannedSink {
    /// Its name in this pipeline.
    pub name: String,
    /// What `use` says.
    pub recipe: String,
    /// The running thing.
    pub sink: Box<dyn Sink>,
}

/// A run of stages between two barriers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The barrier whose decision it begins with.
    pub decided: Option<usize>,
    /// Plain stages.
    pub stages: Range<usize>,
    /// The barrier it ends with; the last segment ends in the sinks.
    pub barrier: Option<usize>,
}

/// A pipeline that can be run.
pub struct Plan {
    /// What was written.
    pub config: Config,
    /// Where documents come from.
    pub source: Box<dyn Source>,
    /// Name of the source's recipe.
    pub source_recipe: String,
    /// The input in its order.
    pub splits: Vec<Split>,
    /// All stages in order, barriers among them.
    pub stages: Vec<Planned>,
    /// Stretches between barriers.
    pub segments: Vec<Segment>,
    /// All sinks in order.
    pub sinks: Vec<PlannedSink>,
    /// Names of tags.
    pub tags: TagTable,
    /// What the output depends on.
    pub fingerprint: Fingerprint,
}

/// A pipeline file with the recipes it may use.
pub struct Pipeline {
    config: Config,
    registry: Registry,
}

impl Pipeline {
    /// Reads a pipeline file and lays `KEY=VALUE` settings over it.
    pub fn load(path: impl AsRef<Path>, settings: &[String]) -> Result<Pipeline, Problems> {
        Ok(Pipeline::of(Config::load(path.as_ref(), settings)?))
    }

    /// The same from a text; `name` is shown in messages.
    pub fn parse(name: &str, toml: &str, settings: &[String]) -> Result<Pipeline, Problems> {
        Ok(Pipeline::of(Config::parse(name, toml, settings)?))
    }

    /// A pipeline over what was written.
    pub fn of(config: Config) -> Pipeline {
        Pipeline { config, registry: Registry::default() }
    }

    /// Adds a stage of the caller's own.
    pub fn with<R: Recipe>(mut self) -> Pipeline {
        self.registry.stages.add::<R>("");
        self
    }

    /// The same, over a directory other than the one that is written down: the run's own may be mounted elsewhere here.
    pub fn at(mut self, output: PathBuf) -> Pipeline {
        self.config.run.output = output;
        self
    }

    /// What was written.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Makes the plan, or says everything that stands against it.
    pub fn plan(self) -> Result<Plan, Problems> {
        let maker = Maker::new(self.registry, self.config.run.seed);
        Planner { config: self.config, maker }.plan()
    }
}

struct Planner {
    config: Config,
    maker: Maker,
}

impl Planner {
    fn plan(mut self) -> Result<Plan, Problems> {
        let mut source_entry = self.config.source.clone();
        let mut filled = self.maker.fill(&source_entry, "source");
        // A run goes on with what the names of its source stood for when it began.
        if filled.as_ref().is_some_and(|filled| filled.spec().moves) {
            Fingerprint::pinned_before(&self.config).iter().for_each(|(key, value)| source_entry.table.set_text(key, value));
            filled = self.maker.fill(&source_entry, "source");
        }
        let source = filled.and_then(|filled| self.maker.build(&source_entry, filled));
        let stages: Vec<_> = self.config.stages.clone().iter().map(|entry| self.maker.make(entry, "stage").map(|made| (entry.clone(), made))).collect();
        self.references_are_met();
        if self.config.sinks.is_empty() && !self.config.run.keep_docs {
            let end = self.config.source.span.clone();
            self.maker.problems.push(Problem::at(end, "the pipeline has no sink", "add `[[sink]]` with `use = \"jsonl\"` or `use = \"shards\"`"));
        }
        let sinks: Vec<_> = self.config.sinks.clone().iter().map(|entry| self.maker.make(entry, "sink").map(|made| (entry.clone(), made))).collect();
        self.no_sink_writes_over_another(&sinks);
        let splits = match &source {
            Some(Made { built: Built::Source(source), .. }) => source.splits().unwrap_or_else(|error| {
                self.maker.problems.push(Problem::at(source_entry.span.clone(), error.to_string(), "check the paths of the source"));
                Vec::new()
            }),
            _ => Vec::new(),
        };
        let problems = Problems::new(std::mem::take(&mut self.maker.problems), self.config.text.clone());
        problems.or(())?;
        let Some(Made { built: Built::Source(source), .. }) = source else { unreachable!("a source that is none is a problem") };
        let mut stages: Vec<Planned> = stages.into_iter().flatten().map(|(entry, made)| planned(entry, made)).collect();
        for planned in &mut stages {
            if let PlannedKind::Global(global) = &mut planned.kind {
                global.learn(&splits);
            }
        }
        let mut sinks: Vec<PlannedSink> = sinks
            .into_iter()
            .flatten()
            .filter_map(|(entry, made)| match made.built {
                Built::Sink(sink) => Some(PlannedSink { name: entry.name, recipe: entry.recipe, sink }),
                _ => None,
            })
            .collect();
        if self.config.run.keep_docs && sinks.iter().all(|planned| planned.sink.folder() != "docs") {
            sinks.push(PlannedSink { name: "docs".to_owned(), recipe: "jsonl".to_owned(), sink: Box::new(crate::sink::Jsonl::all_fields()) });
        }
        let segments = segments(&stages);
        let mut fingerprint = Fingerprint::of(&self.config, &splits, &self.maker.files, &segments);
        fingerprint.pinned.extend(source.pinned().map(|(key, value)| (key.to_owned(), value)));
        Ok(Plan {
            source_recipe: self.config.source.recipe.clone(),
            config: self.config,
            source,
            splits,
            stages,
            segments,
            sinks,
            tags: self.maker.tags,
            fingerprint,
        })
    }

    /// `stage:NAME` must name a barrier that comes before.
    fn references_are_met(&mut self) {
        for (at, entry) in self.config.stages.iter().enumerate() {
            let Ok(value) = entry.table.value::<String>("tokenizer") else { continue };
            let Some(named) = value.strip_prefix("stage:") else { continue };
            let before: Vec<&str> = self.config.stages[..at].iter().map(|other| other.name.as_str()).collect();
            if !before.contains(&named) {
                let learners = self.config.stages[..at].iter().filter(|other| other.recipe == "learn_tokenizer").map(|other| other.name.as_str());
                let help = match learners.collect::<Vec<_>>() {
                    none if none.is_empty() => format!("put `learn_tokenizer` with `name = \"{named}\"` before it, or name a file"),
                    learners => crate::config::suggestion(named, learners),
                };
                self.maker.problems.push(Problem::at(
                    entry.table.place("tokenizer"),
                    format!("no stage named `{named}` comes before {}", entry.table.title),
                    help,
                ));
            }
        }
    }

    fn no_sink_writes_over_another(&mut self, sinks: &[Option<(Entry, Made)>]) {
        let mut folders: Vec<&str> = Vec::new();
        for (entry, made) in sinks.iter().flatten() {
            let Built::Sink(sink) = &made.built else { continue };
            if folders.contains(&sink.folder()) {
                let message = format!("two sinks write to `{}/`", sink.folder());
                self.maker.problems.push(Problem::at(entry.span.clone(), message, "remove one of them, or give one a `folder = \"...\"`"));
            }
            folders.push(sink.folder());
        }
    }
}

fn planned(entry: Entry, made: Made) -> Planned {
    let kind = match made.built {
        Built::Global(global) => PlannedKind::Global(global),
        Built::Stage(stage) => PlannedKind::Stage(stage),
        Built::Source(_) | Built::Sink(_) => unreachable!("the shelf of stages holds stages"),
    };
    Planned { name: entry.name, recipe: entry.recipe, spec: made.spec, reasons: made.reasons, kind }
}

fn segments(stages: &[Planned]) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut decided = None;
    let mut start = 0;
    for (at, stage) in stages.iter().enumerate() {
        if matches!(stage.kind, PlannedKind::Global(_)) {
            segments.push(Segment { decided, stages: start..at, barrier: Some(at) });
            decided = Some(at);
            start = at + 1;
        }
    }
    segments.push(Segment { decided, stages: start..stages.len(), barrier: None });
    segments
}

impl Plan {
    /// True where verdicts are written down, not carried out.
    pub fn annotates(&self) -> bool {
        self.config.run.mode == Mode::Annotate
    }
}
