//! A barrier: notes in, decision out, in rounds over key ranges.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::files::RunDir;
use super::room;
use super::runs::{Run, ranges, stream, write_run};
use super::spool::SpoolTexts;
use crate::stage::{Decision, Global, Next, Notes, Result, Round, RunError};

/// Bytes below which a key range is not cut further: a file opened for less is not worth it.
const SMALLEST_RANGE: u64 = 1 << 20;

/// What a barrier works with.
pub struct Barrier<'a> {
    /// The barrier.
    pub global: &'a dyn Global,
    /// Name of its stage.
    pub name: &'a str,
    /// The run directory.
    pub dir: &'a RunDir,
    /// The texts it may verify against.
    pub texts: &'a SpoolTexts,
    /// Threads.
    pub threads: usize,
    /// Set from outside to stop.
    pub stop: &'a AtomicBool,
}

impl Barrier<'_> {
    /// Decides over the runs of notes of a segment. The decision's blobs are published under `artifacts/<stage>/`.
    pub fn decide(&self, notes: Vec<PathBuf>) -> Result<Decision> {
        room::for_memory(self.name, self.global.memory() as u64)?;
        let folder = self.dir.path("artifacts").join(self.name);
        self.dir.remove(&format!("artifacts/{}", self.name))?;
        let mut decision = Decision::at(&folder);
        let mut runs = notes.into_iter().map(|path| Run::open(path, self.global.shape(0))).collect::<Result<Vec<_>>>()?;
        for round in 0.. {
            let outcomes = self.reduce(round, &runs, &decision)?;
            if round > 0 {
                self.dir.remove(&format!("tmp/round-{}", round - 1))?;
            }
            // Half of the memory for reading, half for what is being decided.
            let memory = self.global.memory() / 2;
            let tmp = self.dir.fresh_tmp("decision")?;
            let pending = tmp.join("artifacts").join(self.name);
            std::fs::create_dir_all(&pending).map_err(RunError::file("cannot create", &pending))?;
            decision.begin(pending);
            let next = self.global.decide(round, &mut *stream(&outcomes, (0, 256), memory)?, &mut decision)?;
            if next == Next::Done {
                self.global.publish(&mut decision, self.texts)?;
            }
            decision.finish()?;
            self.dir.publish(&tmp)?;
            if next == Next::Done {
                self.dir.remove(&format!("tmp/round-{round}"))?;
                break;
            }
            runs = outcomes;
        }
        Ok(decision)
    }

    fn reduce(&self, round: u32, runs: &[Run], decided: &Decision) -> Result<Vec<Run>> {
        let tmp = self.dir.fresh_tmp(&format!("round-{round}"))?;
        let memory = self.global.memory() / self.threads.max(1);
        // A range takes a third of a worker's memory sorted, and leaves the rest for its outcomes and the barrier's own use.
        let ranges = ranges(runs, (memory as u64 / 3).max(SMALLEST_RANGE));
        let shape = self.global.shape(round + 1);
        let turn = AtomicUsize::new(0);
        let made: Mutex<Vec<Result<Vec<PathBuf>>>> = Mutex::default();
        let work = || -> Result<Vec<PathBuf>> {
            let mut paths = Vec::new();
            while let Some(range) = ranges.get(turn.fetch_add(1, Ordering::Relaxed)) {
                if self.stop.load(Ordering::Relaxed) {
                    return Err(RunError::stop("stopped; the same command goes on from here"));
                }
                let name = |number: usize| tmp.join(format!("{:03}-{number:03}.notes", range.0));
                let mut written = Vec::new();
                let rest = {
                    let spill = |full| {
                        written.push(name(written.len()));
                        write_run(full, self.global, &name(written.len() - 1))
                    };
                    let mut outcomes = Notes::spilling(shape, memory / 3, Box::new(spill));
                    let context = Round { number: round, texts: self.texts, decided, memory: memory / 3 };
                    self.global.reduce(&context, &mut *stream(runs, *range, memory / 3)?, &mut outcomes)?;
                    outcomes.finish()?
                };
                if !rest.bytes.is_empty() {
                    write_run(rest, self.global, &name(written.len()))?;
                    written.push(name(written.len()));
                }
                paths.append(&mut written);
            }
            Ok(paths)
        };
        std::thread::scope(|scope| {
            for _ in 0..self.threads.max(1) {
                scope.spawn(|| {
                    let result = work();
                    made.lock().unwrap_or_else(PoisonError::into_inner).push(result);
                });
            }
        });
        let mut paths = Vec::new();
        for result in made.into_inner().unwrap_or_else(PoisonError::into_inner) {
            paths.append(&mut result?);
        }
        paths.sort();
        paths.into_iter().map(|path| Run::open(path, shape)).collect()
    }
}
