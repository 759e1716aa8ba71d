//! Where a run stands, read from its journal.

use std::ops::Range;
use std::path::PathBuf;

use super::files::RunDir;
use super::journal::{self, Decided, Line, Reduced};
use super::phase::{Phase, groups};
use super::runs::{Run, ranges};
use super::spool::SpoolTexts;
use super::{MANIFEST, global};
use crate::plan::Plan;
use crate::stage::Result;

/// So many key ranges fit into the third of a barrier's memory that is for sorting: as many threads as that can each hold one.
const RANGES: u64 = 8;
/// Bytes below which a key range is not cut further: a file opened for less is not worth it.
const SMALLEST_RANGE: u64 = 1 << 20;

/// What the journal says, as far as it has been read.
pub struct Stand {
    /// The first phase with something left to do.
    pub phase: Phase,
    /// Chunks by segment and split, of the segments reached so far.
    pub lines: Vec<Vec<Vec<Line>>>,
    /// What the barrier of each segment passed has decided.
    pub decided: Vec<Decided>,
    /// The notes of the round at hand, in phases of a barrier.
    pub table: Option<Table>,
    groups: Vec<Range<u32>>,
}

/// The notes of a round of a barrier.
pub struct Table {
    /// The round, by its segment and number.
    of: (usize, u32),
    /// The notes.
    pub runs: Vec<Run>,
    /// Their key ranges: one a task.
    pub ranges: Vec<(usize, usize)>,
    /// Those that are done.
    pub reduced: Vec<Option<Reduced>>,
    /// The texts that notes speak of.
    pub texts: SpoolTexts,
}

impl Stand {
    /// At the beginning.
    pub fn new(plan: &Plan) -> Stand {
        Stand { phase: Phase::Map(0), lines: Vec::new(), decided: Vec::new(), table: None, groups: groups(&plan.splits, plan.config.run.part.get()) }
    }

    /// Reads on, up to the first phase with something left to do.
    pub fn advance(&mut self, plan: &Plan, dir: &RunDir) -> Result<()> {
        let mut failed = None;
        loop {
            match self.read_on(plan, dir) {
                // What another process has ended is not there any more for this one to read: it has to look again.
                Err(_) if failed != Some(self.phase) && self.is_past(self.phase, dir)? => failed = Some(self.phase),
                done => return done,
            }
        }
    }

    fn read_on(&mut self, plan: &Plan, dir: &RunDir) -> Result<()> {
        loop {
            let next = match self.phase {
                Phase::Map(at) => {
                    if self.lines.len() == at {
                        self.lines.push(vec![Vec::new(); plan.splits.len()]);
                    }
                    journal::follow_all(dir, at, &mut self.lines[at])?;
                    if self.lines[at].iter().any(|chunks| !ended(chunks)) {
                        return Ok(());
                    }
                    if plan.segments[at].barrier.is_some() { Phase::Reduce(at, 0) } else { Phase::Finish }
                }
                Phase::Reduce(at, round) | Phase::Decide(at, round) => match journal::read::<Decided>(dir, &Decided::name(at, round))? {
                    Some(decided) if decided.done => {
                        self.table = None;
                        self.decided.push(decided);
                        Phase::Map(at + 1)
                    }
                    Some(_) => Phase::Reduce(at, round + 1),
                    None => {
                        let table = self.table(plan, dir, at, round)?;
                        table.follow(dir)?;
                        let phase = if table.reduced.iter().all(Option::is_some) { Phase::Decide(at, round) } else { Phase::Reduce(at, round) };
                        self.phase = phase;
                        return Ok(());
                    }
                },
                Phase::Finish if dir.path(MANIFEST).is_file() => Phase::Finished,
                Phase::Finish | Phase::Finished => return Ok(()),
            };
            self.phase = next;
        }
    }

    /// True where a phase has been ended meanwhile, perhaps by another process, which may have removed what the phase reads.
    pub fn is_past(&mut self, phase: Phase, dir: &RunDir) -> Result<bool> {
        Ok(match phase {
            Phase::Map(at) => {
                journal::follow_all(dir, at, &mut self.lines[at])?;
                self.lines[at].iter().all(|chunks| ended(chunks))
            }
            Phase::Reduce(at, round) | Phase::Decide(at, round) => dir.path(Decided::name(at, round)).is_file(),
            Phase::Finish | Phase::Finished => dir.path(MANIFEST).is_file(),
        })
    }

    fn table(&mut self, plan: &Plan, dir: &RunDir, at: usize, round: u32) -> Result<&mut Table> {
        match &mut self.table {
            Some(table) if table.of == (at, round) => {}
            table => {
                let global = global(plan, at);
                let runs = open_runs(dir, round_notes(dir, &self.lines[at], at, round)?, global.shape(round))?;
                let ranges = ranges(&runs, (global.memory() as u64 / 3 / RANGES).max(SMALLEST_RANGE));
                let spool: Vec<String> = self.lines[at].iter().flatten().filter_map(|line| line.spool.clone()).collect();
                let texts = match table.take() {
                    Some(before) if before.of.0 == at => before.texts,
                    _ => SpoolTexts::open(&dir.path(format!("spool/{at}")), &spool)?,
                };
                *table = Some(Table { of: (at, round), runs, reduced: vec![None; ranges.len()], ranges, texts });
            }
        }
        let Some(table) = &mut self.table else { unreachable!("just made") };
        Ok(table)
    }

    /// How many tasks the phase has.
    pub fn tasks(&self) -> u32 {
        match self.phase {
            Phase::Map(_) => self.groups.len() as u32,
            Phase::Reduce(..) => self.table.as_ref().map_or(0, |table| table.ranges.len() as u32),
            Phase::Decide(..) | Phase::Finish => 1,
            Phase::Finished => 0,
        }
    }

    /// The ranks of the phase that are not committed yet.
    pub fn todo(&self) -> Vec<u32> {
        let done = |rank: u32| match self.phase {
            Phase::Map(at) => self.groups[rank as usize].clone().all(|split| ended(&self.lines[at][split as usize])),
            Phase::Reduce(..) => self.table.as_ref().is_some_and(|table| table.reduced[rank as usize].is_some()),
            _ => false,
        };
        (0..self.tasks()).filter(|rank| !done(*rank)).collect()
    }

    /// The splits of a task of a map phase.
    pub fn splits(&self, rank: u32) -> Range<u32> {
        self.groups[rank as usize].clone()
    }
}

/// True where all of a split has been worked on.
fn ended(chunks: &[Line]) -> bool {
    chunks.last().is_some_and(Line::is_last)
}

/// Names of the notes that a round works on: those of the segment, later the outcomes of the round before.
pub fn round_notes(dir: &RunDir, lines: &[Vec<Line>], at: usize, round: u32) -> Result<Vec<String>> {
    let Some(before) = round.checked_sub(1) else { return Ok(lines.iter().flatten().flat_map(|line| line.notes.clone()).collect()) };
    let mut notes = Vec::new();
    for rank in 0.. {
        let Some(reduced) = journal::read::<Reduced>(dir, &Reduced::name(at, before, rank))? else { break };
        notes.extend(reduced.notes);
    }
    Ok(notes)
}

/// Opens runs by their names in the run directory.
pub fn open_runs(dir: &RunDir, names: Vec<String>, shape: crate::stage::NoteShape) -> Result<Vec<Run>> {
    names.iter().map(|name| -> PathBuf { dir.path(name) }).map(|path| Run::open(path, shape)).collect()
}

impl Table {
    fn follow(&mut self, dir: &RunDir) -> Result<()> {
        let round = self.of;
        for (rank, reduced) in (0u32..).zip(&mut self.reduced).filter(|(_, reduced)| reduced.is_none()) {
            *reduced = journal::read(dir, &Reduced::name(round.0, round.1, rank))?;
        }
        Ok(())
    }
}
