//! Doing the tasks of a run, phase by phase.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::barrier::Barrier;
use super::chain::{Chain, Hold, Step};
use super::collect::Outlet;
use super::feed::Feed;
use super::files::RunDir;
use super::finish::{self, SegmentTime};
use super::journal::{self, Line};
use super::lease::{Claims, Leases};
use super::phase::{Phase, Task};
use super::progress::{Meter, Snapshot};
use super::segment::{Lot, Workers};
use super::stand::Stand;
use super::{Options, Report, global};
use crate::plan::{Plan, PlannedKind};
use crate::stage::{Artifacts, Decision, Dice, Result, RunError, Sink, Stage};

/// How long to wait for tasks of others: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// A run as this process works on it.
pub struct Running<'a> {
    plan: Plan,
    dir: &'a RunDir,
    options: &'a Options<'a>,
    stand: Stand,
    /// The segment whose stages are open.
    opened: Option<usize>,
    timing: Vec<SegmentTime>,
}

/// Artifacts of finished barriers, on disk.
struct Committed<'a>(&'a RunDir);

impl Artifacts for Committed<'_> {
    fn read(&self, stage: &str, name: &str) -> Result<Vec<u8>> {
        let inside = format!("artifacts/{stage}/{name}");
        self.0.read(&inside)?.ok_or_else(|| RunError::stop(format!("stage `{stage}` has left no `{name}`: a stage that uses it must come after it")))
    }
}

impl<'a> Running<'a> {
    /// At the beginning; what is done already is found in the journal.
    pub fn new(plan: Plan, dir: &'a RunDir, options: &'a Options<'a>) -> Running<'a> {
        let stand = Stand::new(&plan);
        let timing = (0..plan.segments.len()).map(SegmentTime::of).collect();
        Running { plan, dir, options, stand, opened: None, timing }
    }

    /// Does what there is to do until the run is finished. Without leases this process is alone.
    pub fn until_finished(mut self, leases: Option<&Leases<'_>>) -> Result<Report> {
        let mut pause = PAUSES.0;
        loop {
            match self.step(leases) {
                Ok(_) if self.stand.phase == Phase::Finished => return finish::report(self.dir),
                Ok(0) => {
                    self.stopped()?;
                    std::thread::sleep(pause);
                    pause = (pause * 3 / 2).min(PAUSES.1);
                }
                Ok(_) => pause = PAUSES.0,
                // What another process has ended is not there any more for this one to read and to move.
                Err(error) if !self.stand.is_past(self.stand.phase, self.dir)? => return Err(error),
                Err(_) => {}
            }
        }
    }

    /// Does what can be done now of one phase; gives how many tasks that were.
    fn step(&mut self, leases: Option<&Leases<'_>>) -> Result<usize> {
        self.stand.advance(&self.plan, self.dir)?;
        let claims = Claims::new(self.stand.phase, self.stand.todo(), leases);
        self.work(&claims)?;
        Ok(claims.taken())
    }

    /// Does one task; false where it was done before.
    pub fn one(mut self, task: Task, leases: &Leases<'_>) -> Result<bool> {
        self.stand.advance(&self.plan, self.dir)?;
        let phase = self.stand.phase;
        if phase.place() < task.phase.place() {
            return Err(RunError::stop(format!("{task} must wait for the tasks of {phase}, which `dataprep tasks` lists")));
        }
        if phase != task.phase {
            return Ok(false);
        }
        if task.rank >= self.stand.tasks() {
            return Err(RunError::stop(format!("there is no {task}: {phase} has {} tasks, counted from 0", self.stand.tasks())));
        }
        if !self.stand.todo().contains(&task.rank) {
            return Ok(false);
        }
        match self.work(&Claims::new(phase, vec![task.rank], Some(leases))) {
            Err(error) if !self.stand.is_past(phase, self.dir)? => Err(error),
            _ => Ok(true),
        }
    }

    fn stopped(&self) -> Result<()> {
        let stop = self.options.stop.load(std::sync::atomic::Ordering::Relaxed);
        if stop { Err(RunError::stop("stopped; the same command goes on from here")) } else { Ok(()) }
    }

    fn work(&mut self, claims: &Claims<'_>) -> Result<()> {
        let began = Instant::now();
        let done = match self.stand.phase {
            Phase::Map(at) => self.map(at, claims),
            Phase::Reduce(at, round) => self.reduce(at, round, claims),
            Phase::Decide(at, round) => self.decide(at, round, claims),
            Phase::Finish => self.finish(claims),
            Phase::Finished => Ok(()),
        };
        match self.stand.phase {
            Phase::Map(at) => self.timing[at].wall_seconds += began.elapsed().as_secs_f64(),
            Phase::Reduce(at, _) | Phase::Decide(at, _) => self.timing[at].barrier_seconds += began.elapsed().as_secs_f64(),
            Phase::Finish | Phase::Finished => {}
        }
        done.inspect_err(|error| claims.give_up(error))
    }

    fn map(&mut self, at: usize, claims: &Claims<'_>) -> Result<()> {
        let Some(first) = claims.next()? else { return Ok(()) };
        self.open(at)?;
        let (plan, dir, stand) = (&self.plan, self.dir, &self.stand);
        let segment = &plan.segments[at];
        let barrier = segment.barrier.map(|_| global(plan, at));
        let sinks: Vec<&dyn Sink> = plan.sinks.iter().map(|planned| planned.sink.as_ref()).collect();
        let outlet = Outlet {
            dir,
            segment: at,
            barrier,
            sinks: &sinks,
            lang_slot: plan.tags.iter().position(|(name, _)| name == "lang"),
            note_limit: barrier.map_or(0, |global| global.memory() / 4 / self.options.threads.max(1)),
        };
        let input = plan.splits.iter().map(|split| split.bytes).sum();
        let consumed: HashMap<u32, u64> = (0u32..).zip(&stand.lines[at]).filter_map(|(split, chunks)| Some((split, chunks.last()?.consumed))).collect();
        let meter = Meter::new(self.options.watch, format!("segment {} of {}", at + 1, plan.segments.len()), input, consumed);
        let decision = segment.decided.map(|number| {
            let mut decision = Decision::at(&dir.path("artifacts").join(&plan.stages[number].name));
            decision.counts = stand.decided[at - 1].counts.clone();
            decision
        });
        let spooled = at.checked_sub(1).map(|before| dir.path(format!("spool/{before}")));
        let open = |split: u32| {
            let mut chunks = Vec::new();
            journal::follow(dir, at, split, &mut chunks)?;
            if chunks.last().is_some_and(Line::is_last) {
                return Ok(None);
            }
            let chunk = chunks.len() as u32;
            let feed = match &spooled {
                Some(folder) => Feed::spool(folder.clone(), split, chunk, &stand.lines[at - 1][split as usize]),
                None => {
                    let resume = chunks.last().and_then(|line| line.next);
                    let reader = plan.source.open(&plan.splits[split as usize], resume.map(|resume| resume.position))?;
                    Feed::source(reader, split, chunk, resume.map_or(0, |resume| resume.ordinal), plan.config.run.part.get())
                }
            };
            Ok(Some((self.chain(at, split, decision.as_ref())?, feed, chunk)))
        };
        let mut dealt = Dealt::default();
        dealt.deal(first, stand.splits(first));
        let splits = Splits { stand, claims, state: Mutex::new(dealt) };
        let workers = Workers { outlet: &outlet, open: &open, lot: &splits, stop: self.options.stop, meter: &meter };
        let times = workers.run(self.options.threads)?;
        let read = meter.done();
        let names = segment.decided.into_iter().chain(segment.stages.clone()).map(|number| plan.stages[number].name.clone());
        let timing = &mut self.timing[at];
        timing.bytes += read;
        for (name, time) in names.zip(times) {
            *timing.stage_seconds.entry(name).or_default() += time.as_secs_f64();
        }
        Ok(())
    }

    /// Opens the stages of a segment, and the sinks where it ends in them, with the vocabulary of the last stage that tokenizes.
    fn open(&mut self, at: usize) -> Result<()> {
        if self.opened == Some(at) {
            return Ok(());
        }
        let plan = &mut self.plan;
        let segment = plan.segments[at].clone();
        let mut vocabulary = None;
        for (number, planned) in plan.stages[..segment.stages.end].iter_mut().enumerate() {
            if let PlannedKind::Stage(stage) = &mut planned.kind {
                if number >= segment.stages.start {
                    stage.open(&Committed(self.dir))?;
                }
                vocabulary = stage.vocabulary().or(vocabulary);
            }
        }
        if segment.barrier.is_none() {
            for planned in &mut plan.sinks {
                planned.sink.input(&plan.splits);
                planned.sink.open(&plan.tags, vocabulary.clone())?;
            }
        }
        self.opened = Some(at);
        Ok(())
    }

    fn chain(&self, at: usize, split: u32, decision: Option<&Decision>) -> Result<Chain<'_>> {
        let plan = &self.plan;
        let segment = &plan.segments[at];
        let step = |number: usize, stage| {
            let planned = &plan.stages[number];
            Step { name: &planned.name, reasons: &planned.reasons, needs: &planned.spec.needs, stage }
        };
        let mut steps = Vec::new();
        if let (Some(number), Some(decision)) = (segment.decided, decision) {
            let mut stage: Box<dyn Stage> = global(plan, at - 1).stage(decision, split)?;
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
            barrier: segment.barrier.map(|_| global(plan, at)),
            tags: &plan.tags,
            annotate: plan.annotates(),
            samples: Dice::new(plan.config.run.seed, "dropped"),
            sample_share: plan.config.run.dropped.get(),
        })
    }

    /// The round at hand, as the barrier sees it; nothing where there is no barrier.
    fn barrier(&self, at: usize, round: u32) -> Option<Barrier<'_>> {
        let stage = &self.plan.stages[self.plan.segments[at].barrier?];
        let (threads, stop) = (self.options.threads, self.options.stop);
        Some(Barrier { global: global(&self.plan, at), name: &stage.name, segment: at, round, dir: self.dir, table: self.stand.table.as_ref()?, threads, stop })
    }

    fn reduce(&self, at: usize, round: u32, claims: &Claims<'_>) -> Result<()> {
        let Some(barrier) = self.barrier(at, round) else { return Ok(()) };
        let notes: u64 = barrier.table.runs.iter().map(|run| run.bytes(0, 256)).sum();
        let megabytes = |bytes: u64| bytes / 1_000_000;
        let memory = megabytes(barrier.global.memory() as u64);
        let phase = format!("deciding `{}`, round {round}, over {} MB of notes, in at most {memory} MB of memory", barrier.name, megabytes(notes));
        self.options.watch.update(&Snapshot { phase, ..Snapshot::default() });
        barrier.reduce(claims)
    }

    fn decide(&self, at: usize, round: u32, claims: &Claims<'_>) -> Result<()> {
        let (Some(barrier), Some(rank)) = (self.barrier(at, round), claims.next()?) else { return Ok(()) };
        let phase = format!("deciding `{}`, end of round {round}", barrier.name);
        self.options.watch.update(&Snapshot { phase, ..Snapshot::default() });
        let done = barrier.decide()?;
        claims.done(rank)?;
        // Nobody reads what this round has read, and nobody needs the documents before this segment once its barrier has decided.
        match round.checked_sub(1) {
            Some(before) => self.dir.remove(&format!("spool/{at}/round-{before}"))?,
            None => self.stand.lines[at].iter().flatten().flat_map(|line| &line.notes).try_for_each(|name| self.dir.remove(name))?,
        }
        if done {
            self.dir.remove(&format!("spool/{at}/round-{round}"))?;
            at.checked_sub(1).map_or(Ok(()), |before| self.dir.remove(&format!("spool/{before}")))?;
        }
        Ok(())
    }

    fn finish(&mut self, claims: &Claims<'_>) -> Result<()> {
        let Some(rank) = claims.next()? else { return Ok(()) };
        self.open(self.plan.segments.len() - 1)?;
        finish::finish(&self.plan, &self.stand, self.dir, &self.timing)?;
        claims.done(rank)?;
        finish::clear(self.dir)
    }
}

/// Deals out the splits of the tasks that this process takes up.
struct Splits<'a> {
    stand: &'a Stand,
    claims: &'a Claims<'a>,
    state: Mutex<Dealt>,
}

#[derive(Default)]
struct Dealt {
    /// Splits of tasks taken up, with their task.
    todo: VecDeque<(u32, u32)>,
    /// Task of each split that is being worked on.
    open: HashMap<u32, u32>,
    /// Splits of each task that have not ended.
    left: BTreeMap<u32, usize>,
}

impl Dealt {
    fn deal(&mut self, task: u32, splits: Range<u32>) {
        self.left.insert(task, splits.len());
        self.todo.extend(splits.map(|split| (split, task)));
    }
}

impl Lot for Splits<'_> {
    fn next(&self) -> Result<Option<u32>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.todo.is_empty()
            && let Some(task) = self.claims.next()?
        {
            state.deal(task, self.stand.splits(task));
        }
        let Some((split, task)) = state.todo.pop_front() else { return Ok(None) };
        state.open.insert(split, task);
        Ok(Some(split))
    }

    fn ended(&self, split: u32) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(task) = state.open.remove(&split) else { return Ok(()) };
        let left = state.left.entry(task).and_modify(|left| *left -= 1).or_default();
        if *left == 0 { self.claims.done(task) } else { Ok(()) }
    }
}
