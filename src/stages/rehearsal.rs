//! A rehearsal of the executor in memory, to test and to measure barriers: observe, sort, reduce by key ranges, decide, the rounds, the stage.

use std::collections::{BTreeSet, HashMap};

use crate::doc::{Doc, DocId, TagTable};
use crate::scratch::Scratch;
use crate::stage::{Built, Decision, Global, Next, NoteBuffer, NoteStream, Notes, Recipe, Result, Round, RunError, Shop, Texts, Verdict};

/// How a barrier is played.
#[derive(Clone, Copy, Debug)]
pub struct Play {
    /// Number of key ranges of each round.
    pub ranges: usize,
    /// Seed of the cuts between ranges and of the order in which documents are observed.
    pub seed: u64,
    /// Bytes of memory a call may use.
    pub memory: usize,
}

/// What came of it.
pub struct Played {
    /// The decision, uncommitted.
    pub decision: Decision,
    /// How many rounds it took.
    pub rounds: u32,
}

struct Shelf<'a> {
    places: HashMap<DocId, &'a Doc>,
}

impl Texts for Shelf<'_> {
    fn text(&self, id: DocId) -> Result<String> {
        self.places.get(&id).map(|doc| doc.text().to_owned()).ok_or_else(|| RunError::stop(format!("no document {id}")))
    }

    fn name(&self, id: DocId) -> Result<(String, Option<String>)> {
        let found = self.places.get(&id).map(|doc| (doc.name().into_owned(), doc.url.clone()));
        found.ok_or_else(|| RunError::stop(format!("no document {id}")))
    }

    fn each(&self, see: &mut dyn FnMut(&Doc) -> Result<()>) -> Result<()> {
        let mut docs: Vec<&Doc> = self.places.values().copied().collect();
        docs.sort_unstable_by_key(|doc| doc.id().to_bytes());
        docs.into_iter().try_for_each(see)
    }
}

struct Stream<'a> {
    notes: &'a [&'a [u8]],
}

impl NoteStream for Stream<'_> {
    fn next(&mut self) -> Result<Option<&[u8]>> {
        let Some((first, rest)) = self.notes.split_first() else { return Ok(None) };
        self.notes = rest;
        Ok(Some(first))
    }
}

/// Builds a barrier from its table as written in a pipeline file.
pub fn build<R: Recipe>(table: &str) -> std::result::Result<Box<dyn Global>, String> {
    let recipe: R = toml::from_str(table).map_err(|error| error.to_string())?;
    let (mut tags, mut files) = (TagTable::default(), BTreeSet::new());
    let mut shop = Shop { stage: R::NAME, seed: 7, tags: &mut tags, reasons: Vec::new(), files: &mut files };
    match recipe.build(&mut shop) {
        Ok(Built::Global(global)) => Ok(global),
        Ok(_) => Err("not a barrier".into()),
        Err(complaints) => Err(complaints.iter().map(|complaint| format!("{}: {}", complaint.key, complaint.message)).collect::<Vec<_>>().join("; ")),
    }
}

/// Places documents in splits of the given size.
pub fn place(docs: &mut [Doc], split: usize) {
    for (number, doc) in docs.iter_mut().enumerate() {
        doc.place(DocId { split: (number / split) as u32, ordinal: (number % split) as u32 });
    }
}

/// A number that follows from a seed.
pub fn roll(seed: u64, number: u64) -> u64 {
    crate::dedup::mix(crate::dedup::mix(seed + 1) ^ number)
}

/// First bytes of keys at which ranges are cut.
fn cuts(play: Play, round: u32) -> Vec<u8> {
    let mut cuts: Vec<u8> = (1..play.ranges).map(|n| roll(play.seed, u64::from(round) << 32 | n as u64) as u8).collect();
    cuts.sort_unstable();
    cuts
}

/// Runs a barrier over documents that are already placed.
pub fn play(global: &dyn Global, docs: &[Doc], play: Play) -> Result<Played> {
    let texts = Shelf { places: docs.iter().map(|doc| (doc.id(), doc)).collect() };
    let mut order: Vec<usize> = (0..docs.len()).collect();
    if play.seed > 0 {
        order.sort_by_key(|number| roll(play.seed, *number as u64));
    }
    let mut notes = Notes::new(global.shape(0));
    let mut scratch = Scratch::default();
    for number in order {
        global.observe(&docs[number], &mut scratch, &mut notes)?;
    }
    let mut notes = notes.finish()?;
    let (mut decision, mut decided) = (Decision::in_memory(), Decision::in_memory());
    let mut rounds = 0;
    for number in 0.. {
        rounds = number + 1;
        assert!(number < 100, "a barrier that does not end");
        notes.sort();
        let round = Round { number, texts: &texts, decided: &decided, memory: play.memory };
        let all: Vec<&[u8]> = notes.iter().collect();
        let cuts = cuts(play, number);
        let mut outcomes = NoteBuffer { shape: global.shape(number + 1), bytes: Vec::new() };
        let mut start = 0;
        for end in cuts.iter().map(|cut| all.partition_point(|note| note[0] < *cut)).chain([all.len()]) {
            let mut part = Notes::new(global.shape(number + 1));
            global.reduce(&round, &mut Stream { notes: &all[start..end] }, &mut part)?;
            outcomes.bytes.append(&mut part.finish()?.bytes);
            start = end;
        }
        outcomes.sort();
        let all: Vec<&[u8]> = outcomes.iter().collect();
        let next = global.decide(number, &mut Stream { notes: &all }, &mut decision)?;
        drop(all);
        if next == Next::Done {
            global.publish(&mut decision, &texts)?;
            break;
        }
        decided = Decision::in_memory();
        decision.fresh().for_each(|(name, bytes)| decided.put(name, bytes.to_vec()));
        notes = outcomes;
    }
    Ok(Played { decision, rounds })
}

/// Lets the stages of a decision loose on the documents.
pub fn apply(global: &dyn Global, decision: &Decision, docs: &mut [Doc]) -> Result<Vec<Verdict>> {
    let mut scratch = Scratch::default();
    let mut verdicts = Vec::new();
    for part in docs.chunk_by_mut(|a, b| a.id().split == b.id().split) {
        let split = part.first().map_or(0, |doc| doc.id().split);
        verdicts.extend(global.stage(decision, split)?.apply_batch(part, &mut scratch)?);
    }
    Ok(verdicts)
}
