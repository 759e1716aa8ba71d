//! A barrier: notes in, decision out, in rounds over key ranges.

use std::sync::atomic::{AtomicBool, Ordering};

use serde::de::DeserializeOwned;

use super::files::RunDir;
use super::journal::{self, Decided, Reduced};
use super::lease::Claims;
use super::room;
use super::runs::{stream, write_run};
use super::stand::{Table, open_runs, round_notes};
use crate::stage::{Decision, Global, Next, Notes, Result, Round, RunError};

/// A round of a barrier.
pub struct Barrier<'a> {
    /// The barrier.
    pub global: &'a dyn Global,
    /// Name of its stage.
    pub name: &'a str,
    /// Its segment.
    pub segment: usize,
    /// Number of the round.
    pub round: u32,
    /// The run directory.
    pub dir: &'a RunDir,
    /// The notes of the round.
    pub table: &'a Table,
    /// Threads.
    pub threads: usize,
    /// Set from outside to stop.
    pub stop: &'a AtomicBool,
}

impl Barrier<'_> {
    /// The decision as earlier rounds have left it.
    fn decided(&self) -> Result<Decision> {
        let mut decision = Decision::at(&self.dir.path("artifacts").join(self.name));
        if let Some(before) = self.round.checked_sub(1) {
            let before: Option<Decided> = journal::read(self.dir, &Decided::name(self.segment, before))?;
            decision.counts = before.unwrap_or_default().counts;
        }
        Ok(decision)
    }

    /// Works through the key ranges that it is given.
    pub fn reduce(&self, claims: &Claims<'_>) -> Result<()> {
        room::for_memory(self.name, self.global.memory() as u64)?;
        let decided = self.decided()?;
        let work = || -> Result<()> {
            while let Some(rank) = claims.next()? {
                if self.stop.load(Ordering::Relaxed) {
                    return Err(RunError::stop("stopped; the same command goes on from here"));
                }
                let late = |error| self.first(&Reduced::name(self.segment, self.round, rank), error).map(|_: Reduced| ());
                self.range(rank, &decided).or_else(late)?;
                claims.done(rank)?;
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads.max(1)).map(|_| scope.spawn(work)).collect();
            let panicked = |_| RunError::stop(format!("`{}` panicked over its notes; this is a fault of dataprep, please report it", self.name));
            threads.into_iter().map(|thread| thread.join().map_err(panicked).flatten()).fold(Ok(()), Result::and)
        })
    }

    /// A range takes a third of a thread's memory sorted, and leaves the rest for its outcomes and the barrier's own use.
    fn range(&self, rank: u32, decided: &Decision) -> Result<()> {
        let memory = self.global.memory() / self.threads.max(1) / 3;
        let tmp = self.dir.fresh_tmp(&format!("reduced-{}-{}-{rank}", self.segment, self.round))?;
        let folder = format!("spool/{}/round-{}", self.segment, self.round);
        std::fs::create_dir_all(tmp.join(&folder)).map_err(RunError::file("cannot create", &tmp))?;
        let name = |number: usize| format!("{folder}/{rank:03}-{number:03}.notes");
        let mut written = Vec::new();
        let rest = {
            let spill = |full| {
                written.push(name(written.len()));
                write_run(full, self.global, &tmp.join(name(written.len() - 1)))
            };
            let mut outcomes = Notes::spilling(self.global.shape(self.round + 1), memory, Box::new(spill));
            let context = Round { number: self.round, texts: &self.table.texts, decided, memory };
            self.global.reduce(&context, &mut *stream(&self.table.runs, self.table.ranges[rank as usize], memory)?, &mut outcomes)?;
            outcomes.finish()?
        };
        if !rest.bytes.is_empty() {
            write_run(rest, self.global, &tmp.join(name(written.len())))?;
            written.push(name(written.len()));
        }
        journal::commit(self.dir, &Reduced::name(self.segment, self.round, rank), &tmp, Reduced { notes: written })?;
        Ok(())
    }

    /// Decides over the outcomes of the round; true where there is no other round. The decision's blobs end up under `artifacts/<stage>/`.
    pub fn decide(&self) -> Result<bool> {
        self.try_decide().or_else(|error| self.first(&Decided::name(self.segment, self.round), error).map(|decided: Decided| decided.done))
    }

    /// Who comes late may find what it reads changed by who was first, which is no error: the line that stands counts.
    fn first<T: DeserializeOwned>(&self, name: &str, error: RunError) -> Result<T> {
        journal::read(self.dir, name)?.ok_or(error)
    }

    fn try_decide(&self) -> Result<bool> {
        room::for_memory(self.name, self.global.memory() as u64)?;
        let outcomes = open_runs(self.dir, round_notes(self.dir, &[], self.segment, self.round + 1)?, self.global.shape(self.round + 1))?;
        let tmp = self.dir.fresh_tmp(&format!("decided-{}-{}", self.segment, self.round))?;
        let pending = tmp.join("artifacts").join(self.name);
        std::fs::create_dir_all(&pending).map_err(RunError::file("cannot create", &pending))?;
        let mut decision = self.decided()?;
        decision.begin(pending);
        // Half of the memory for reading, half for what is being decided.
        let next = self.global.decide(self.round, &mut *stream(&outcomes, (0, 256), self.global.memory() / 2)?, &mut decision)?;
        if next == Next::Done {
            self.global.publish(&mut decision, &self.table.texts)?;
        }
        decision.finish()?;
        let decided = Decided { counts: decision.counts, done: next == Next::Done, removed: decision.removed };
        Ok(journal::commit(self.dir, &Decided::name(self.segment, self.round), &tmp, decided)?.done)
    }
}
