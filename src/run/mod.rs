//! The executor: everything that is not about one document. Order, threads, counting, files under final names, resuming.

mod barrier;
mod chain;
mod collect;
mod feed;
mod files;
mod journal;
mod ledger;
mod prepare;
mod progress;
mod report;
mod room;
mod runs;
mod segment;
mod spool;
mod survey;

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

pub use ledger::{Ledger, StageCount};
pub use progress::{Snapshot, Unwatched, Watch};
pub use report::{ListedFault, Report, SourceReport, StageReport, Totals};
pub use survey::survey;

use barrier::Barrier;
use chain::{Chain, Hold, Step};
use collect::Outlet;
use feed::Feed;
use files::RunDir;
use journal::{Decided, Line};
use progress::Meter;
use segment::Workers;
use spool::SpoolTexts;

use crate::plan::{Plan, PlannedKind};
use crate::profile::Profile;
use crate::stage::{Artifacts, Decision, Dice, Global, Result, RunError, Sink, Stage, Vocabulary, Written};

/// What the documents look like that a run has written: a [`Profile`] as JSON.
pub const PROFILE_FILE: &str = "profile.json";

/// How to run.
pub struct Options<'a> {
    /// Worker threads. The output does not depend on them.
    pub threads: usize,
    /// Set from outside (Ctrl-C) to stop; what is finished stays finished.
    pub stop: &'a AtomicBool,
    /// Who watches.
    pub watch: &'a dyn Watch,
}

/// What a run has done.
pub struct Summary {
    /// The report, as in `report.json`.
    pub report: Report,
    /// True where the directory held the finished run already.
    pub already: bool,
}

/// `manifest.json`, written last: a directory that has one is complete.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    version: String,
    fingerprint: String,
    /// (folder, part) of every part of every sink, in order.
    parts: Vec<(String, String)>,
    /// Files of documents with their hashes, in order of their names. Files of shards stand in the manifests of their sets.
    files: Vec<Written>,
    artifacts: Vec<String>,
}

/// Runs a plan in its output directory, or goes on with what an earlier process left there.
pub fn run(mut plan: Plan, options: &Options<'_>) -> Result<Summary> {
    prepare::no_input_in_output(&plan)?;
    let dir = RunDir::hold(&plan.config.run.output)?;
    if let Some(report) = prepare::prepare(&plan, &dir)? {
        return Ok(Summary { report, already: true });
    }
    let mut run = Running {
        dir: &dir,
        options,
        ledger: Ledger::default(),
        listed: Vec::new(),
        counts: BTreeMap::new(),
        timing: Vec::new(),
        parts: Vec::new(),
        files: Vec::new(),
        profile: Profile::default(),
    };
    let mut decision = None;
    let mut lines: Vec<Vec<Line>> = Vec::new();
    for at in 0..plan.segments.len() {
        (lines, decision) = run.segment(&mut plan, at, &lines, decision)?;
    }
    drop((lines, decision));
    run.finish(&plan)
}

fn pretty(value: &impl Serialize) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(RunError::stop)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Artifacts of finished barriers, on disk.
struct Committed<'a>(&'a RunDir);

impl Artifacts for Committed<'_> {
    fn read(&self, stage: &str, name: &str) -> Result<Vec<u8>> {
        let inside = format!("artifacts/{stage}/{name}");
        self.0.read(&inside)?.ok_or_else(|| RunError::stop(format!("stage `{stage}` has left no `{name}`: a stage that uses it must come after it")))
    }
}

/// Seconds of one segment in this process, for `timing.json`.
#[derive(Serialize)]
struct SegmentTime {
    segment: usize,
    wall_seconds: f64,
    barrier_seconds: f64,
    bytes: u64,
    stage_seconds: BTreeMap<String, f64>,
}

struct Running<'a> {
    dir: &'a RunDir,
    options: &'a Options<'a>,
    ledger: Ledger,
    listed: Vec<ListedFault>,
    counts: BTreeMap<String, BTreeMap<String, u64>>,
    timing: Vec<SegmentTime>,
    parts: Vec<(String, String)>,
    files: Vec<Written>,
    profile: Profile,
}

impl Running<'_> {
    /// Brings one segment to its end: all chunks in the journal, and its barrier decided.
    fn segment(&mut self, plan: &mut Plan, at: usize, before: &[Vec<Line>], decision: Option<Decision>) -> Result<(Vec<Vec<Line>>, Option<Decision>)> {
        let segment = plan.segments[at].clone();
        let began = Instant::now();
        let vocabulary = self.open(plan, at)?;
        let decided = journal::decided(at, self.dir)?;
        let mut lines = journal::finished(at, plan.splits.len(), self.dir)?;
        let ended = |chunks: &[Line]| chunks.last().is_some_and(|line| line.next.is_none());
        let todo: Vec<(u32, u32)> = (0u32..).zip(&lines).filter(|(_, chunks)| !ended(chunks)).map(|(split, chunks)| (split, chunks.len() as u32)).collect();
        if segment.barrier.is_none() {
            // Also where all chunks stand already: the sinks have still to be finished.
            for planned in &mut plan.sinks {
                planned.sink.input(&plan.splits);
                planned.sink.open(&plan.tags, vocabulary.clone())?;
            }
        }
        let mut bytes = 0;
        let mut times = Vec::new();
        if !todo.is_empty() {
            let global = segment.barrier.map(|barrier| self.global(plan, barrier));
            let sinks: Vec<&dyn Sink> = plan.sinks.iter().map(|planned| planned.sink.as_ref()).collect();
            let outlet = Outlet {
                dir: self.dir,
                segment: at,
                barrier: global,
                sinks: &sinks,
                lang_slot: plan.tags.iter().position(|(name, _)| name == "lang"),
                note_limit: global.map_or(0, |global| global.memory() / 4 / self.options.threads.max(1)),
            };
            let input = plan.splits.iter().map(|split| split.bytes).sum();
            let consumed: HashMap<u32, u64> = (0u32..).zip(&lines).filter_map(|(split, chunks)| Some((split, chunks.last()?.consumed))).collect();
            let meter = Meter::new(self.options.watch, format!("segment {} of {}", at + 1, plan.segments.len()), input, consumed);
            let spooled = at.checked_sub(1).map(|before| self.dir.path(format!("spool/{before}")));
            let finished = &lines;
            let open = |split: u32| {
                let chain = self.chain(plan, at, split, decision.as_ref())?;
                let chunks = &finished[split as usize];
                let chunk = chunks.len() as u32;
                let feed = match &spooled {
                    Some(folder) => Feed::spool(folder.clone(), split, chunk, &before[split as usize]),
                    None => {
                        let resume = chunks.last().and_then(|line| line.next);
                        let reader = plan.source.open(&plan.splits[split as usize], resume.map(|resume| resume.position))?;
                        Feed::source(reader, split, chunk, resume.map_or(0, |resume| resume.ordinal), plan.config.run.part.get())
                    }
                };
                Ok((chain, feed))
            };
            let workers = Workers { outlet: &outlet, open: &open, todo, stop: self.options.stop, meter: &meter };
            let (new, stage_times) = workers.run(self.options.threads)?;
            meter.done();
            bytes = new.iter().map(|line| line.ledger.bytes_read).sum();
            times = stage_times;
            for line in new {
                lines[line.split as usize].push(line);
            }
            lines.iter_mut().for_each(|chunks| chunks.sort_by_key(|line| line.chunk));
        }
        self.take_in(plan, at, &lines);
        if segment.barrier.is_none() {
            self.profile = journal::profile(at, &lines, self.dir)?;
        }
        let worked = began.elapsed();
        let barrier_began = Instant::now();
        let next = match segment.barrier {
            Some(barrier) => Some(self.decide(plan, at, barrier, &lines, decided)?),
            None => None,
        };
        if at > 0 {
            self.dir.remove(&format!("spool/{}", at - 1))?;
        }
        self.time(plan, at, worked, barrier_began.elapsed(), bytes, &times);
        Ok((lines, next))
    }

    /// Opens the segment's stages; the vocabulary of the last that tokenizes in the plan so far.
    fn open(&self, plan: &mut Plan, at: usize) -> Result<Option<Vocabulary>> {
        let mut vocabulary = None;
        let end = plan.segments[at].stages.end;
        let start = plan.segments[at].stages.start;
        for (number, planned) in plan.stages[..end].iter_mut().enumerate() {
            if let PlannedKind::Stage(stage) = &mut planned.kind {
                if number >= start {
                    stage.open(&Committed(self.dir))?;
                }
                vocabulary = stage.vocabulary().or(vocabulary);
            }
        }
        Ok(vocabulary)
    }

    fn global<'p>(&self, plan: &'p Plan, at: usize) -> &'p dyn Global {
        match &plan.stages[at].kind {
            PlannedKind::Global(global) => global.as_ref(),
            PlannedKind::Stage(_) => unreachable!("segments end at barriers"),
        }
    }

    fn chain<'p>(&self, plan: &'p Plan, at: usize, split: u32, decision: Option<&Decision>) -> Result<Chain<'p>> {
        let segment = &plan.segments[at];
        let step = |number: usize, stage: Hold<'p>| {
            let planned = &plan.stages[number];
            Step { name: &planned.name, reasons: &planned.reasons, needs: &planned.spec.needs, stage }
        };
        let mut steps = Vec::new();
        if let (Some(number), Some(decision)) = (segment.decided, decision) {
            let mut stage: Box<dyn Stage> = self.global(plan, number).stage(decision, split)?;
            stage.open(&Committed(self.dir))?;
            steps.push(step(number, Hold::Made(stage)));
        }
        for number in segment.stages.clone() {
            if let PlannedKind::Stage(stage) = &plan.stages[number].kind {
                steps.push(step(number, Hold::Planned(stage.as_ref())));
            }
        }
        Ok(Chain {
            steps,
            barrier: segment.barrier.map(|barrier| self.global(plan, barrier)),
            tags: &plan.tags,
            annotate: plan.annotates(),
            samples: Dice::new(plan.config.run.seed, "dropped"),
            sample_share: plan.config.run.dropped.get(),
        })
    }

    fn decide(&mut self, plan: &Plan, at: usize, barrier: usize, lines: &[Vec<Line>], decided: Option<Decided>) -> Result<Decision> {
        let name = &plan.stages[barrier].name;
        let mut decision = match decided {
            Some(decided) => {
                let mut decision = Decision::at(&self.dir.path("artifacts").join(name));
                decision.counts = decided.counts;
                decision
            }
            None => {
                let spool: Vec<String> = lines.iter().flatten().filter_map(|line| line.spool.clone()).collect();
                let texts = SpoolTexts::open(&self.dir.path(format!("spool/{at}")), &spool)?;
                let notes: Vec<PathBuf> = lines.iter().flatten().flat_map(|line| &line.notes).map(|name| self.dir.path(name)).collect();
                let (size, memory) =
                    (notes.iter().filter_map(|path| path.metadata().ok()).map(|meta| meta.len()).sum::<u64>(), self.global(plan, barrier).memory());
                let phase = format!("deciding `{name}` over {} MB of notes, in at most {} MB of memory", size / 1_000_000, memory / 1_000_000);
                let now = Snapshot { phase, ..Snapshot::default() };
                self.options.watch.update(&now);
                let barrier =
                    Barrier { global: self.global(plan, barrier), name, dir: self.dir, texts: &texts, threads: self.options.threads, stop: self.options.stop };
                let decision = barrier.decide(notes)?;
                journal::decide(at, &Decided { counts: decision.counts.clone() }, self.dir)?;
                decision
            }
        };
        for name in lines.iter().flatten().flat_map(|line| &line.notes) {
            self.dir.remove(name)?;
        }
        self.counts.insert(name.clone(), std::mem::take(&mut decision.counts));
        Ok(decision)
    }

    /// Adds a finished segment to the ledger of the run.
    fn take_in(&mut self, plan: &Plan, at: usize, lines: &[Vec<Line>]) {
        for line in lines.iter().flatten() {
            let mut ledger = line.ledger.clone();
            if at > 0 {
                (ledger.read, ledger.bytes_read) = (0, 0);
            }
            self.ledger.add(&ledger);
            let file = plan.splits[line.split as usize].files.first().cloned().unwrap_or_default();
            self.listed.extend(line.faults.iter().map(|fault| ListedFault { file: file.clone(), fault: fault.clone() }));
            self.parts.extend(line.parts.iter().cloned());
            self.files.extend(line.files.iter().cloned());
        }
    }

    fn time(&mut self, plan: &Plan, at: usize, worked: Duration, barrier: Duration, bytes: u64, times: &[Duration]) {
        let segment = &plan.segments[at];
        let names = segment.decided.into_iter().chain(segment.stages.clone()).map(|number| plan.stages[number].name.clone());
        let stage_seconds = names.zip(times).map(|(name, time)| (name, time.as_secs_f64())).collect();
        self.timing.push(SegmentTime { segment: at, wall_seconds: worked.as_secs_f64(), barrier_seconds: barrier.as_secs_f64(), bytes, stage_seconds });
    }

    /// Sinks end, the ledger is balanced, report and manifest are written.
    fn finish(mut self, plan: &Plan) -> Result<Summary> {
        self.parts.sort();
        self.files.sort_by(|a, b| a.name.cmp(&b.name));
        for planned in &plan.sinks {
            let folder = planned.sink.folder();
            let names: Vec<String> = self.parts.iter().filter(|(of, _)| of == folder).map(|(_, name)| name.clone()).collect();
            let tmp = self.dir.fresh_tmp("finish")?;
            let inside = tmp.join(folder);
            std::fs::create_dir_all(&inside).map_err(RunError::file("cannot create", &inside))?;
            let standing = self.dir.path(folder);
            std::fs::create_dir_all(&standing).map_err(RunError::file("cannot create", &standing))?;
            planned.sink.finish(&standing, &names, &inside)?;
            self.dir.publish(&tmp)?;
        }
        let order: Vec<String> = plan.stages.iter().map(|stage| stage.name.clone()).collect();
        self.ledger.balance(&order)?;
        let report = Report::of(plan, &self.ledger, std::mem::take(&mut self.listed), &self.counts);
        self.dir.write("report.json", &pretty(&report)?)?;
        self.dir.write(PROFILE_FILE, &serde_json::to_vec(&self.profile).map_err(RunError::stop)?)?;
        self.dir.write("timing.json", &pretty(&self.timing)?)?;
        self.dir.remove("spool")?;
        self.dir.remove("tmp")?;
        let artifacts = plan.stages.iter().filter(|stage| matches!(stage.kind, PlannedKind::Global(_))).map(|stage| stage.name.clone()).collect();
        let (version, fingerprint) = (env!("CARGO_PKG_VERSION").to_owned(), plan.fingerprint.digest());
        let manifest = Manifest { version, fingerprint, parts: self.parts, files: self.files, artifacts };
        self.dir.write("manifest.json", &pretty(&manifest)?)?;
        Ok(Summary { report, already: false })
    }
}
