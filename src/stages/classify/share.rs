//! The barrier behind `keep_share`: scores of all documents, the best first, cut where the share is full.

use std::collections::BTreeMap;

use super::Judge;
use crate::doc::{Doc, DocId, Tag};
use crate::scratch::Scratch;
use crate::stage::{Built, Decision, Global, Next, NoteShape, NoteStream, Notes, Reason, Result, Round, RunError, Stage, Verdict};

pub const REASON: &str = "not_in_share";

/// Name of the blob that holds the number of documents, between the rounds.
const TOTAL: &str = "total";

pub fn build(judge: Judge, tag: Tag<f64>, share: f64, memory: usize, reason: Reason) -> Built {
    Built::global(Best { judge, tag, share, memory, reason })
}

struct Best {
    judge: Judge,
    tag: Tag<f64>,
    share: f64,
    memory: usize,
    reason: Reason,
}

/// A score as a number that falls where the score rises, evenly spread; every probability that a model can give has its own.
fn rank(score: f32) -> u64 {
    !((f64::from(score) * (1u64 << 63) as f64) as u64)
}

fn score(rank: u64) -> f32 {
    (!rank as f64 / (1u64 << 63) as f64) as f32
}

impl Global for Best {
    /// In every round: rank, a part of the document's key, document.
    fn shape(&self, _: u32) -> NoteShape {
        NoteShape { key: 16, width: Some(24) }
    }

    fn observe(&self, doc: &Doc, scratch: &mut Scratch, notes: &mut Notes<'_>) -> Result<()> {
        let rank = rank(self.judge.score(doc, scratch));
        notes.push(&[&rank.to_be_bytes(), &(doc.key() as u64).to_be_bytes(), &doc.id().to_bytes()]);
        Ok(())
    }

    /// Notes go on as they are: it is their order that matters, and how many there are.
    fn reduce(&self, _: &Round<'_>, notes: &mut dyn NoteStream, outcomes: &mut Notes<'_>) -> Result<()> {
        while let Some(note) = notes.next()? {
            outcomes.push(&[note]);
        }
        Ok(())
    }

    fn decide(&self, round: u32, outcomes: &mut dyn NoteStream, decision: &mut Decision) -> Result<Next> {
        if round == 0 {
            let mut total = 0u64;
            while outcomes.next()?.is_some() {
                total += 1;
            }
            decision.put(TOTAL, total.to_le_bytes().to_vec());
            return Ok(Next::Again);
        }
        let total = decision.get(TOTAL)?.and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes).ok_or_else(damaged)?;
        let wanted = (total as f64 * self.share).round() as u64;
        let (mut kept, mut last) = (0, 1.0);
        let mut splits: BTreeMap<u32, Vec<Row>> = BTreeMap::new();
        while let Some(note) = outcomes.next()? {
            let (Some((rank, _)), Some((_, document))) = (note.split_first_chunk(), note.split_last_chunk::<8>()) else { return Err(damaged()) };
            let (score, id) = (score(u64::from_be_bytes(*rank)), DocId::from_bytes(document).ok_or_else(damaged)?);
            let keep = kept < wanted;
            if keep {
                kept += 1;
                last = score;
            }
            splits.entry(id.split).or_default().push(Row { ordinal: id.ordinal, keep, score });
        }
        decision.put("threshold", f32::to_le_bytes(last).to_vec());
        decision.count("kept", kept);
        for (split, mut rows) in splits {
            rows.sort_unstable_by_key(|row| row.ordinal);
            decision.put(&format!("scores-{split:05}"), rows.iter().flat_map(|row| row.to_bytes()).collect());
        }
        Ok(Next::Done)
    }

    fn stage(&self, decision: &Decision, split: u32) -> Result<Box<dyn Stage>> {
        let rows = decision.get(&format!("scores-{split:05}"))?.unwrap_or_default();
        let threshold = decision.get("threshold")?.and_then(|bytes| bytes.try_into().ok()).map_or(1.0, f32::from_le_bytes);
        Ok(Box::new(Cut { rows, threshold: f64::from(threshold), tag: self.tag, reason: self.reason }))
    }

    fn memory(&self) -> usize {
        self.memory
    }

    fn forecast(&self, _text: u64) -> u64 {
        24
    }
}

fn damaged() -> RunError {
    RunError::stop("the notes of classify are damaged: remove the run's spool and start again")
}

/// What was decided of one document.
struct Row {
    ordinal: u32,
    keep: bool,
    score: f32,
}

const WIDTH: usize = 8;

impl Row {
    /// The score is never negative, so that its sign can say whether the document goes.
    fn to_bytes(&self) -> [u8; WIDTH] {
        let [a, b, c, d] = self.ordinal.to_le_bytes();
        let [e, f, g, h] = (if self.keep { self.score } else { -self.score }).to_le_bytes();
        [a, b, c, d, e, f, g, h]
    }

    fn from_bytes([a, b, c, d, e, f, g, h]: [u8; WIDTH]) -> Row {
        let score = f32::from_le_bytes([e, f, g, h]);
        Row { ordinal: u32::from_le_bytes([a, b, c, d]), keep: score.is_sign_positive(), score: score.abs() }
    }
}

/// Writes the scores that were found, and drops what is beyond the share.
struct Cut {
    rows: Vec<u8>,
    threshold: f64,
    tag: Tag<f64>,
    reason: Reason,
}

impl Stage for Cut {
    fn apply(&self, doc: &mut Doc, scratch: &mut Scratch) -> Result<Verdict> {
        let rows = self.rows.as_chunks().0;
        // Documents that the barrier did not see (in annotate mode, those that would have been dropped) are not judged.
        let Ok(at) = rows.binary_search_by_key(&doc.id().ordinal, |row| Row::from_bytes(*row).ordinal) else { return Ok(Verdict::Keep) };
        let Row { keep, score, .. } = Row::from_bytes(rows[at]);
        let score = f64::from(score);
        doc.set_tag(self.tag, score);
        scratch.report(REASON, keep, Some(score), Some(self.threshold));
        Ok(Verdict::keep_if(keep, self.reason, score, self.threshold))
    }
}
