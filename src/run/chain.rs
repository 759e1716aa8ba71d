//! One batch through all stages of a segment: verdicts carried out or written down, counted, timed, panics caught.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::ledger::{Ledger, StageCount};
use super::survey::survey;
use crate::doc::{Doc, DocId, Finding, TagTable};
use crate::profile::Profile;
use crate::scratch::Scratch;
use crate::stage::{Dice, Drop, Fault, Global, NoteBuffer, Notes, Result, Stage, Verdict};

/// A stage of the plan, or one made for a split over a decision.
pub enum Hold<'a> {
    /// Made for this chain.
    Made(Box<dyn Stage>),
    /// The plan's.
    Planned(&'a dyn Stage),
}

impl Hold<'_> {
    fn get(&self) -> &dyn Stage {
        match self {
            Hold::Made(stage) => stage.as_ref(),
            Hold::Planned(stage) => *stage,
        }
    }
}

/// A stage with what is needed to speak of it.
pub struct Step<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its drop reasons.
    pub reasons: &'a [String],
    /// What it needs, for annotate mode.
    pub needs: &'a [String],
    /// The running stage.
    pub stage: Hold<'a>,
}

/// The stages of a segment over the documents of one split.
pub struct Chain<'a> {
    /// In order; the decision of the barrier before comes first.
    pub steps: Vec<Step<'a>>,
    /// The barrier at the end.
    pub barrier: Option<&'a dyn Global>,
    /// Names of the tags.
    pub tags: &'a TagTable,
    /// True where verdicts are written down, not carried out.
    pub annotate: bool,
    /// Chooses which dropped documents are kept as samples.
    pub samples: Dice,
    /// Their share.
    pub sample_share: f64,
}

/// What a reader found, placed.
pub struct Batch {
    /// Documents in order.
    pub docs: Vec<Doc>,
    /// Damage found between them.
    pub faults: Vec<Fault>,
    /// Records that are no documents, by kind.
    pub skipped: BTreeMap<String, u64>,
}

/// A dropped document, for `dropped/`.
#[derive(Serialize)]
pub struct Sample {
    id: String,
    url: Option<String>,
    place: DocId,
    stage: String,
    reason: String,
    value: Option<f64>,
    threshold: Option<f64>,
    other: Option<DocId>,
    detail: Option<Box<str>>,
    text: String,
}

/// A document whose stage panicked, for `quarantine/`.
pub struct Quarantined {
    /// Its place in the input.
    pub place: DocId,
    /// The stage.
    pub stage: String,
    /// The document as it was, as far as it can be written.
    pub bytes: Vec<u8>,
}

/// A batch after its stages.
pub struct Worked {
    /// Documents that go on, in order.
    pub docs: Vec<Doc>,
    /// Notes for the barrier.
    pub notes: Option<NoteBuffer>,
    /// What the documents look like, where they go to the sinks.
    pub profile: Option<Profile>,
    /// Counts.
    pub ledger: Ledger,
    /// Samples of what was dropped.
    pub samples: Vec<Sample>,
    /// What made a stage panic.
    pub quarantined: Vec<Quarantined>,
    /// Time of each step.
    pub times: Vec<Duration>,
}

/// The reason under which a panic is counted.
pub const PANICKED: &str = "panicked";

impl Chain<'_> {
    /// Runs a batch.
    pub fn work(&self, batch: Batch, scratch: &mut Scratch) -> Result<Worked> {
        scratch.audit(self.annotate);
        let mut counts: Vec<Counter> = self.steps.iter().map(|step| Counter::new(step.reasons.len())).collect();
        let mut worked = Worked {
            docs: Vec::with_capacity(batch.docs.len()),
            notes: None,
            profile: None,
            ledger: Ledger { skipped: batch.skipped, ..Ledger::default() },
            samples: Vec::new(),
            quarantined: Vec::new(),
            times: vec![Duration::ZERO; self.steps.len()],
        };
        for fault in batch.faults {
            *worked.ledger.faults.entry(fault.reason).or_default() += 1;
        }
        let mut docs = batch.docs;
        worked.ledger.read = docs.len() as u64;
        worked.ledger.bytes_read = docs.iter().map(|doc| doc.html.as_ref().map_or(doc.text().len(), |html| html.bytes.len()) as u64).sum();
        let mut from = 0;
        while from < self.steps.len() {
            // Stages that gain from batches run alone; the others one document at a time, while its text is in the cache.
            let to = (from..self.steps.len()).find(|at| self.steps[*at].stage.get().batched()).map_or(self.steps.len(), |at| at.max(from + 1));
            docs = if self.steps[from].stage.get().batched() {
                self.batch_step(from, docs, scratch, &mut counts, &mut worked)?
            } else {
                let mut kept = Vec::with_capacity(docs.len());
                for doc in docs {
                    kept.extend(self.doc_steps(from..to, doc, scratch, &mut counts, &mut worked)?);
                }
                kept
            };
            from = to;
        }
        if let Some(barrier) = self.barrier {
            let mut notes = Notes::new(barrier.shape(0));
            for doc in &docs {
                if doc.findings.iter().all(|finding| finding.keep) {
                    barrier.observe(doc, scratch, &mut notes)?;
                }
            }
            worked.notes = Some(notes.finish()?);
        } else {
            let profile = worked.profile.get_or_insert_default();
            docs.iter().for_each(|doc| survey(doc, Some(self.tags), profile));
        }
        for (step, counter) in self.steps.iter().zip(counts) {
            worked.ledger.stages.insert(step.name.to_owned(), counter.named(step.reasons));
        }
        worked.docs = docs;
        Ok(worked)
    }

    fn doc_steps(
        &self,
        steps: std::ops::Range<usize>,
        mut doc: Doc,
        scratch: &mut Scratch,
        counts: &mut [Counter],
        worked: &mut Worked,
    ) -> Result<Option<Doc>> {
        let mut clock = Instant::now();
        for at in steps {
            let step = &self.steps[at];
            if self.lacks_text(step, &mut doc, &mut counts[at]) {
                continue;
            }
            counts[at].enter(&doc);
            let verdict = catch_unwind(AssertUnwindSafe(|| step.stage.get().apply(&mut doc, scratch)));
            let now = Instant::now();
            worked.times[at] += now - clock;
            clock = now;
            let Ok(verdict) = verdict else {
                self.quarantine(step, doc, worked, &mut counts[at]);
                self.renew(scratch);
                return Ok(None);
            };
            match self.carry_out(step, doc, verdict?, scratch, &mut counts[at], worked) {
                Some(kept) => doc = kept,
                None => return Ok(None),
            }
        }
        Ok(Some(doc))
    }

    fn batch_step(&self, at: usize, mut docs: Vec<Doc>, scratch: &mut Scratch, counts: &mut [Counter], worked: &mut Worked) -> Result<Vec<Doc>> {
        let step = &self.steps[at];
        let clock = Instant::now();
        // A stage that panics may have edited some of them by then.
        let before = docs.clone();
        let verdicts = catch_unwind(AssertUnwindSafe(|| step.stage.get().apply_batch(&mut docs, scratch)));
        worked.times[at] += clock.elapsed();
        let Ok(verdicts) = verdicts else {
            self.renew(scratch);
            // One by one, so that those who are not to blame are not lost.
            let mut kept = Vec::with_capacity(before.len());
            for doc in before {
                kept.extend(self.doc_steps(at..at + 1, doc, scratch, counts, worked)?);
            }
            return Ok(kept);
        };
        before.iter().for_each(|doc| counts[at].enter(doc));
        let judged = docs.into_iter().zip(verdicts?);
        Ok(judged.filter_map(|(doc, verdict)| self.carry_out(step, doc, verdict, scratch, &mut counts[at], worked)).collect())
    }

    /// What a worker remembers after a panic is not to be trusted.
    fn renew(&self, scratch: &mut Scratch) {
        *scratch = Scratch::default();
        scratch.audit(self.annotate);
    }

    /// In annotate mode, a stage whose text is missing (because a drop before it was not carried out) is skipped and says so.
    fn lacks_text(&self, step: &Step<'_>, doc: &mut Doc, counter: &mut Counter) -> bool {
        let lacks = self.annotate && !doc.has_text() && step.needs.iter().any(|need| need == "text");
        if lacks {
            counter.enter(doc);
            counter.leave(doc);
            doc.findings.push(finding(step.name, "skipped", true, None, None));
        }
        lacks
    }

    fn carry_out(&self, step: &Step<'_>, mut doc: Doc, verdict: Verdict, scratch: &mut Scratch, counter: &mut Counter, worked: &mut Worked) -> Option<Doc> {
        if self.annotate {
            let mut findings = scratch.take_findings();
            findings.iter_mut().for_each(|finding| finding.stage = step.name.to_owned());
            if findings.is_empty() {
                let failed = if let Verdict::Drop(drop) = &verdict { Some(drop) } else { None };
                findings.extend(step.reasons.iter().enumerate().map(|(at, reason)| match failed {
                    Some(drop) if usize::from(drop.reason.0) == at => finding(step.name, reason, false, drop.value, drop.threshold),
                    _ => finding(step.name, reason, true, None, None),
                }));
            }
            doc.findings.append(&mut findings);
        }
        match verdict {
            Verdict::Drop(drop) if !self.annotate => {
                counter.drop(&drop);
                if self.samples.roll(doc.key()) < self.sample_share {
                    worked.samples.push(sample(step, &doc, drop));
                }
                None
            }
            _ => {
                counter.leave(&doc);
                Some(doc)
            }
        }
    }

    fn quarantine(&self, step: &Step<'_>, doc: Doc, worked: &mut Worked, counter: &mut Counter) {
        let mut bytes = Vec::new();
        // What cannot be written is still counted; the file then is empty.
        if doc.write_wire(&mut bytes).is_err() {
            bytes.clear();
        }
        counter.panicked += 1;
        worked.quarantined.push(Quarantined { place: doc.id(), stage: step.name.to_owned(), bytes });
    }
}

fn finding(stage: &str, rule: &str, keep: bool, value: Option<f64>, threshold: Option<f64>) -> Finding {
    Finding { stage: stage.to_owned(), ..Finding::new(rule, keep, value, threshold) }
}

fn sample(step: &Step<'_>, doc: &Doc, drop: Drop) -> Sample {
    Sample {
        id: doc.name().into_owned(),
        url: doc.url.clone(),
        place: doc.id(),
        stage: step.name.to_owned(),
        reason: step.reasons.get(usize::from(drop.reason.0)).cloned().unwrap_or_default(),
        value: drop.value,
        threshold: drop.threshold,
        other: drop.other,
        detail: drop.detail,
        text: doc.text().to_owned(),
    }
}

/// Counts of one step over one batch, by reason number.
struct Counter {
    count: StageCount,
    drops: Vec<u64>,
    panicked: u64,
}

impl Counter {
    fn new(reasons: usize) -> Counter {
        Counter { count: StageCount::default(), drops: vec![0; reasons], panicked: 0 }
    }

    fn enter(&mut self, doc: &Doc) {
        self.count.documents_in += 1;
        self.count.bytes_in += doc.text().len() as u64;
    }

    fn leave(&mut self, doc: &Doc) {
        self.count.documents_out += 1;
        self.count.bytes_out += doc.text().len() as u64;
    }

    fn drop(&mut self, drop: &Drop) {
        let at = usize::from(drop.reason.0);
        if self.drops.len() <= at {
            self.drops.resize(at + 1, 0);
        }
        self.drops[at] += 1;
    }

    fn named(self, reasons: &[String]) -> StageCount {
        let mut count = self.count;
        for (at, drops) in self.drops.into_iter().enumerate().filter(|(_, drops)| *drops > 0) {
            let reason = reasons.get(at).cloned().unwrap_or_else(|| format!("reason {at}"));
            *count.drops.entry(reason).or_default() += drops;
        }
        if self.panicked > 0 {
            count.drops.insert(PANICKED.to_owned(), self.panicked);
        }
        count
    }
}

#[cfg(test)]
mod tests;
