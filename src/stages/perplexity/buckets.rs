//! Buckets by shares of the corpus: a barrier that sorts all perplexities.

use std::sync::Arc;

use super::judge::{Cutoffs, Judge};
use super::scorer::Scorer;
use crate::doc::Doc;
use crate::scratch::Scratch;
use crate::stage::{Decision, Global, Next, NoteShape, NoteStream, Notes, Result, Round, RunError, Stage};

/// Documents of each model, and the cutoffs of each.
const COUNTS: &str = "counts";
const CUTOFFS: &str = "cutoffs";

pub(super) struct Percentiles {
    scorer: Arc<Scorer>,
    judge: Judge,
    /// Of the head; of head and middle.
    shares: [f64; 2],
    memory: usize,
}

impl Percentiles {
    pub fn new(scorer: Arc<Scorer>, judge: Judge, shares: [f64; 2], memory: usize) -> Percentiles {
        Percentiles { scorer, judge, shares, memory }
    }
}

impl Global for Percentiles {
    /// In all rounds: number of the model, bits of the perplexity (which sort as positive numbers do).
    fn shape(&self, _: u32) -> NoteShape {
        NoteShape { key: 16, width: Some(16) }
    }

    fn observe(&self, doc: &Doc, scratch: &mut Scratch, notes: &mut Notes<'_>) -> Result<()> {
        if let Some((group, perplexity)) = self.scorer.score(doc, scratch)? {
            notes.push(&[&(group as u64).to_be_bytes(), &perplexity.to_bits().to_be_bytes()]);
        }
        Ok(())
    }

    fn reduce(&self, _: &Round<'_>, notes: &mut dyn NoteStream, outcomes: &mut Notes<'_>) -> Result<()> {
        while let Some(note) = notes.next()? {
            outcomes.push(&[note]);
        }
        Ok(())
    }

    /// The first round counts; the second, which knows how many there are, finds the perplexities at the shares.
    fn decide(&self, round: u32, outcomes: &mut dyn NoteStream, decision: &mut Decision) -> Result<Next> {
        let groups = self.scorer.groups();
        let mut passed = vec![0u64; groups];
        if round == 0 {
            while let Some(note) = outcomes.next()? {
                *passed.get_mut(parts(note)?.0).ok_or_else(damaged)? += 1;
            }
            decision.count("scored", passed.iter().sum());
            decision.put(COUNTS, passed.iter().flat_map(|count| count.to_le_bytes()).collect());
            return Ok(Next::Again);
        }
        let counts = decision.get(COUNTS)?.ok_or_else(damaged)?;
        let counts: Vec<u64> = counts.as_chunks().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect();
        let ranks: Vec<[u64; 2]> = counts.iter().map(|count| self.shares.map(|share| (share * *count as f64) as u64)).collect();
        let mut cutoffs = vec![[f64::INFINITY; 2]; groups];
        while let Some(note) = outcomes.next()? {
            let (group, perplexity) = parts(note)?;
            let (Some(rank), Some(ranks), Some(cutoffs)) = (passed.get_mut(group), ranks.get(group), cutoffs.get_mut(group)) else { return Err(damaged()) };
            for (wanted, cutoff) in ranks.iter().zip(cutoffs) {
                if wanted == rank {
                    *cutoff = perplexity;
                }
            }
            *rank += 1;
        }
        decision.put(CUTOFFS, cutoffs.as_flattened().iter().flat_map(|cutoff| cutoff.to_le_bytes()).collect());
        Ok(Next::Done)
    }

    fn stage(&self, decision: &Decision, _: u32) -> Result<Box<dyn Stage>> {
        let bytes = decision.get(CUTOFFS)?.ok_or_else(damaged)?;
        let numbers: Vec<f64> = bytes.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect();
        let cutoffs: Vec<Cutoffs> = numbers.as_chunks().0.iter().map(|pair| Some(*pair)).collect();
        Ok(Box::new(self.judge.clone().with(self.scorer.clone(), cutoffs)))
    }

    fn memory(&self) -> usize {
        self.memory
    }

    fn forecast(&self, _text: u64) -> u64 {
        16
    }
}

/// Model and perplexity of a note.
fn parts(note: &[u8]) -> Result<(usize, f64)> {
    let (Some(group), Some(bits)) = (note.first_chunk(), note.last_chunk()) else { return Err(damaged()) };
    Ok((u64::from_be_bytes(*group) as usize, f64::from_bits(u64::from_be_bytes(*bits))))
}

fn damaged() -> RunError {
    RunError::stop("the notes of perplexity are damaged: remove the run's spool and start again")
}
