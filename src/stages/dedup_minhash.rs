//! Drops near-duplicates: documents most of whose word sequences stand in a document that is kept.
//!
//! Use it after the filters and after `dedup_exact`, before the tokenizer. Two documents are alike if the Jaccard similarity of their sets of
//! shingles (5 words each) reaches `threshold`. Candidates are found by MinHash in bands; each is then compared on its whole text, so a document
//! is only dropped because of one that is kept and truly alike, the first in input order: never through a chain of others, and no two documents
//! that were found alike are both kept. `14` bands of `8` rows find 77 % of the pairs at similarity 0.75, 92 % at 0.8, 99 % at 0.85.
//! Dropping is by whole document; a passage repeated in otherwise unlike documents is the matter of `dedup_substring`.
//!
//! ```toml
//! [[stage]]
//! use = "dedup_minhash"
//! threshold = 0.8
//! memory = "1 GiB"
//! ```
//!
//! Words are lower-cased runs of letters and digits; punctuation does not count. In scripts written without spaces (Chinese, Japanese, Thai, ...)
//! each character is a word. A document of fewer words than `ngram` has one shingle, of what there is; one without words is always kept.
//!
//! In a bucket of more than 16 documents, members are compared with representatives, more of them in each round, as long as two documents that
//! stay share the bucket uncompared; at most 56 representatives a bucket. What that leaves out is counted (`pairs_left_out`).
//! The decision holds `drops-SPLIT` and `edges-SPLIT`: every pair found alike, with its similarity.
//!
//! Source: Broder 1997, "On the resemblance and containment of documents"; bands and rows as in datatrove (Penedo et al. 2024).

mod draw;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use self::draw::next_record;
use crate::dedup::drops;
use crate::dedup::greedy::Greedy;
use crate::dedup::near::{Kind, Record, WIDTH};
use crate::dedup::recent::Recent;
use crate::dedup::shingles::{Shingles, Unit, jaccard};
use crate::dedup::signature::{Signature, Work};
use crate::doc::{Doc, DocId};
use crate::scratch::Scratch;
use crate::stage::{
    Built, ByteSize, Complaint, Decision, Drop, Global, Next, NoteShape, NoteStream, Notes, Reason, Recipe, Result, Round, RunError, Share, Shop, Spec, Stage,
    Texts, Verdict,
};

const REASON: &str = "near_duplicate";
/// Blob of the documents that go by the choice made so far, for the next round.
const GONE: &str = "gone";
/// Counts that travel through the rounds as tallies, by number.
const COMPARED: u64 = 0;
const LEFT_OUT: u64 = 1;

/// The table in pipeline.toml.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DedupMinhash {
    /// Words (or characters) in a shingle. Default 5.
    ngram: usize,
    /// What a shingle is made of: `"word"` (default) or `"char"`.
    by: Unit,
    /// Bands. Default 14.
    bands: usize,
    /// Minima in a band. Default 8.
    rows: usize,
    /// Jaccard similarity from which a document is dropped, 0 to 1. Default 0.75.
    threshold: Share,
    /// Memory for sorting and comparing; beyond it the disk is used. Default `"256 MiB"`.
    memory: ByteSize,
}

impl Default for DedupMinhash {
    fn default() -> Self {
        DedupMinhash { ngram: 5, by: Unit::Word, bands: 14, rows: 8, threshold: Share::new(0.75), memory: ByteSize::new(256 << 20) }
    }
}

impl Recipe for DedupMinhash {
    const NAME: &'static str = "dedup_minhash";

    fn spec(&self) -> Spec {
        Spec::new().needs("text").reason(REASON)
    }

    fn build(self, shop: &mut Shop<'_>) -> std::result::Result<Built, Vec<Complaint>> {
        let mut complaints = Vec::new();
        for (key, value, most) in [("ngram", self.ngram, 1000), ("bands", self.bands, 1000), ("rows", self.rows, 100)] {
            if value == 0 || value > most {
                complaints.push(Complaint::new(key, format!("{value} is out of range"), format!("give a number from 1 to {most}")));
            }
        }
        if !complaints.is_empty() {
            return Err(complaints);
        }
        Ok(Built::global(NearDuplicates {
            shingles: Shingles::new(self.by, self.ngram),
            signature: Signature::new(self.bands, self.rows, shop.seed()),
            bands: self.bands,
            threshold: self.threshold.get(),
            memory: self.memory.as_usize(),
            reason: shop.reason(REASON),
        }))
    }
}

struct NearDuplicates {
    shingles: Shingles,
    signature: Signature,
    bands: usize,
    threshold: f64,
    memory: usize,
    reason: Reason,
}

#[derive(Default)]
struct Buffers {
    units: Vec<u64>,
    shingles: Vec<u64>,
    digests: Vec<u64>,
    work: Work,
}

impl Global for NearDuplicates {
    /// Round 0: band digest and document. After it: records, see [`crate::dedup::near`]; even rounds draw pairs, odd ones compare them.
    fn shape(&self, round: u32) -> NoteShape {
        NoteShape { key: 8, width: Some(if round == 0 { 16 } else { WIDTH }) }
    }

    fn observe(&self, doc: &Doc, scratch: &mut Scratch, notes: &mut Notes<'_>) -> Result<()> {
        let Buffers { units, shingles, digests, work } = scratch.buffer();
        self.shingles.of(doc.text(), units, shingles);
        self.signature.bands(shingles, work, digests);
        let id = doc.id().to_bytes();
        digests.iter().for_each(|digest| notes.push(&[&digest.to_be_bytes(), &id]));
        Ok(())
    }

    fn reduce(&self, round: &Round<'_>, notes: &mut dyn NoteStream, outcomes: &mut Notes<'_>) -> Result<()> {
        let mut emit = |record: Record| outcomes.push(&[&record.to_bytes()]);
        match round.number {
            0 => draw::first_pairs(notes, &mut emit),
            number if number % 2 == 0 => draw::more_pairs(round, notes, &mut emit),
            _ => self.compare(round, notes, &mut emit),
        }
    }

    fn decide(&self, round: u32, outcomes: &mut dyn NoteStream, decision: &mut Decision) -> Result<Next> {
        let mut greedy = Greedy::default();
        let mut blobs: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        let (mut pairs, mut members, mut tallies) = (false, false, [0; 2]);
        let (mut edges, mut last) = (0, None);
        while let Some(record) = next_record(outcomes)? {
            match record.kind {
                Kind::Pair => pairs = true,
                Kind::Member => members = true,
                Kind::Tally => tallies[usize::from(record.x == LEFT_OUT)] += record.y,
                // A pair compared in two rounds comes twice.
                Kind::Edge if last == Some(record) => {}
                Kind::Edge => {
                    last = Some(record);
                    edges += 1;
                    let mut put = |name| {
                        let rows = blobs.entry(format!("{name}-{:05}", record.key >> 32)).or_default();
                        drops::push(rows, record.key as u32, record.x, f64::from_bits(record.y));
                    };
                    put("edges");
                    if greedy.edge(record.x, record.key) {
                        put("drops");
                    }
                }
            }
        }
        if pairs || (members && round % 2 == 1) {
            if round % 2 == 1 {
                decision.put(GONE, greedy.gone.to_bytes());
            }
            return Ok(Next::Again);
        }
        if round > 1 {
            decision.put(GONE, Vec::new());
        }
        blobs.into_iter().for_each(|(name, bytes)| decision.put(&name, bytes));
        for (name, count) in [("pairs_compared", tallies[0]), ("pairs_alike", edges), ("pairs_left_out", tallies[1])] {
            decision.count(name, count);
        }
        Ok(Next::Done)
    }

    fn stage(&self, decision: &Decision, split: u32) -> Result<Box<dyn Stage>> {
        let rows = decision.get(&format!("drops-{split:05}"))?.unwrap_or_default();
        Ok(Box::new(DropThese { rows, threshold: self.threshold, reason: self.reason }))
    }

    fn memory(&self) -> usize {
        self.memory
    }

    fn forecast(&self, _text: u64) -> u64 {
        16 * self.bands as u64
    }
}

impl NearDuplicates {
    /// Odd rounds: compares the pairs, which come grouped by their earlier document; passes on the rest.
    fn compare(&self, round: &Round<'_>, notes: &mut dyn NoteStream, emit: &mut impl FnMut(Record)) -> Result<()> {
        let mut sets: Recent<[u64]> = Recent::new(round.memory / 2);
        let mut one: Option<(u64, Arc<[u64]>)> = None;
        let (mut last, mut compared) = (None, 0);
        while let Some(record) = next_record(notes)? {
            if record.kind != Kind::Pair {
                emit(record);
            } else if last != Some(record) {
                last = Some(record);
                let mut load = |document| sets.get(document, || self.set(round.texts, document));
                let earlier = match &one {
                    Some((document, set)) if *document == record.y => set.clone(),
                    _ => load(record.y)?,
                };
                one = Some((record.y, earlier.clone()));
                compared += 1;
                if let Some(alike) = jaccard(&earlier, &load(record.x)?, self.threshold) {
                    emit(Record::edge(record.y, record.x, alike));
                }
            }
        }
        emit(Record { key: 0, kind: Kind::Tally, x: COMPARED, y: compared });
        Ok(())
    }

    fn set(&self, texts: &dyn Texts, document: u64) -> Result<Arc<[u64]>> {
        Ok(self.shingles.set(&texts.text(unpack(document))?).into())
    }
}

fn damaged() -> RunError {
    RunError::stop("the notes of dedup_minhash are damaged: remove the run's spool and start again")
}

fn unpack(document: u64) -> DocId {
    DocId { split: (document >> 32) as u32, ordinal: document as u32 }
}

struct DropThese {
    rows: Vec<u8>,
    threshold: f64,
    reason: Reason,
}

impl Stage for DropThese {
    fn apply(&self, doc: &mut Doc, _: &mut Scratch) -> Result<Verdict> {
        Ok(match drops::find(&self.rows, doc.id().ordinal) {
            Some((other, alike)) => Verdict::Drop(Drop::measured(self.reason, alike, self.threshold).because_of(unpack(other))),
            None => Verdict::Keep,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stages::rehearsal::{Play, apply, build, place, play, roll};

    const CALM: Play = Play { ranges: 1, seed: 0, memory: 1 << 20 };

    fn corpus(texts: &[String]) -> Vec<Doc> {
        let mut docs: Vec<Doc> = texts.iter().map(Doc::from_text).collect();
        place(&mut docs, 7);
        docs
    }

    fn verdicts(table: &str, docs: &mut [Doc], how: Play) -> (Vec<Verdict>, BTreeMap<String, u64>) {
        let global = build::<DedupMinhash>(table).unwrap();
        let played = play(&*global, docs, how).unwrap();
        (apply(&*global, &played.decision, docs).unwrap(), played.decision.counts)
    }

    /// Texts of `words` words over many or few words, most of them revisions of earlier ones.
    fn revisions(seed: u64, count: u64, words: u64) -> Vec<String> {
        let mut texts: Vec<Vec<u64>> = Vec::new();
        for number in 0..count {
            let roll = |what: u64| roll(seed, number << 32 | what);
            let mut text = match texts.get(roll(0) as usize % (texts.len() + 2)) {
                Some(old) => old.clone(),
                None => (0..words).map(|word| roll(100 + word) % 5000).collect(),
            };
            for edit in 0..roll(1) % 5 {
                let place = roll(200 + edit) as usize % text.len();
                text[place] = roll(300 + edit) % 5000;
            }
            texts.push(text);
        }
        texts.iter().map(|text| text.iter().map(|word| format!("w{word}")).collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn a_copy_goes_because_of_the_first() {
        let text = "The quick brown fox jumps over the lazy dog and runs away into the deep dark forest behind the hill";
        let mut docs = corpus(&[text.to_owned(), "Something else that nobody else says in just these words here".into(), format!("{text}.")]);
        let (verdicts, counts) = verdicts("", &mut docs, CALM);
        assert_eq!(verdicts[..2], [Verdict::Keep, Verdict::Keep]);
        assert_eq!(verdicts[2], Verdict::Drop(Drop::measured(Reason(0), 1.0, 0.75).because_of(DocId { split: 0, ordinal: 0 })));
        assert_eq!((counts["pairs_alike"], counts["pairs_left_out"]), (1, 0));
    }

    #[test]
    fn short_and_wordless_documents_have_their_answer() {
        let texts = ["hello world", "Hello, world!", "hello", "...", "...", "", "我吃饭", "我吃饭。"].map(str::to_owned);
        let dropped: Vec<bool> = verdicts("", &mut corpus(&texts), CALM).0.iter().map(|verdict| *verdict != Verdict::Keep).collect();
        assert_eq!(dropped, [false, true, false, false, false, false, false, true]);
    }

    #[test]
    fn survivors_are_those_of_brute_force_for_every_cutting() {
        for seed in 0..40 {
            let mut docs = corpus(&revisions(seed, 20 + 3 * seed, if seed % 3 == 0 { 12 } else { 60 }));
            let (shingles, signature) = (Shingles::new(Unit::Word, 3), Signature::new(10, 2, seed));
            let global = NearDuplicates { shingles, signature, bands: 10, threshold: 0.6, memory: 1 << 20, reason: Reason(0) };
            let seen: Vec<(Vec<u64>, Vec<u64>)> = docs
                .iter()
                .map(|doc| {
                    let mut buffers = Buffers::default();
                    global.shingles.of(doc.text(), &mut buffers.units, &mut buffers.shingles);
                    global.signature.bands(&buffers.shingles, &mut buffers.work, &mut buffers.digests);
                    (buffers.digests, global.shingles.set(doc.text()))
                })
                .collect();
            // The similarity of two documents that share a band and are alike.
            let edge = |a: usize, b: usize| {
                let meet = seen[a].0.iter().zip(&seen[b].0).any(|(x, y)| x == y);
                if meet { jaccard(&seen[a].1, &seen[b].1, 0.6) } else { None }
            };
            let mut stays: Vec<bool> = Vec::new();
            for later in 0..docs.len() {
                stays.push(!(0..later).any(|earlier| stays[earlier] && edge(earlier, later).is_some()));
            }
            assert!(stays.contains(&false));
            let mut first = None;
            for (ranges, order, memory) in [(1, 0, 1 << 20), (5, 3, 3000), (40, 9, 0)] {
                let played = play(&global, &docs, Play { ranges, seed: order, memory }).unwrap();
                assert_eq!(played.decision.counts["pairs_left_out"], 0);
                let verdicts = apply(&global, &played.decision, &mut docs).unwrap();
                for (number, verdict) in verdicts.iter().enumerate() {
                    assert_eq!(*verdict == Verdict::Keep, stays[number], "seed {seed}, {ranges} ranges, document {number}");
                    if let Verdict::Drop(drop) = verdict {
                        let other = drop.other.map(|other| (other.split * 7 + other.ordinal) as usize).unwrap();
                        assert!(stays[other] && other < number && drop.value == edge(other, number), "seed {seed}, document {number}");
                    }
                }
                assert!(*first.get_or_insert_with(|| verdicts.clone()) == verdicts, "seed {seed}: cutting changed an answer");
            }
        }
    }

    #[test]
    fn a_second_pass_drops_nothing() {
        let mut docs = corpus(&revisions(5, 400, 50));
        let (first, _) = verdicts("threshold = 0.6", &mut docs, CALM);
        let mut fates = first.iter();
        docs.retain(|_| fates.next() == Some(&Verdict::Keep));
        assert!(docs.len() < 390);
        place(&mut docs, 9);
        assert!(verdicts("threshold = 0.6", &mut docs, CALM).0.iter().all(|verdict| *verdict == Verdict::Keep));
    }

    #[test]
    fn a_crowd_of_near_copies_is_compared_with_the_first_alone() {
        let common = revisions(1, 1, 200).remove(0);
        let mut docs = corpus(&(0..300).map(|number| format!("{common} {number}")).collect::<Vec<_>>());
        let (verdicts, counts) = verdicts("", &mut docs, CALM);
        assert_eq!(verdicts.iter().filter(|verdict| **verdict == Verdict::Keep).count(), 1);
        assert!(counts["pairs_compared"] <= 299, "{counts:?}");
    }

    #[test]
    fn wrong_tables_are_refused() {
        assert!(build::<DedupMinhash>("rows = 0").is_err_and(|said| said.contains("rows: 0 is out of range")));
        assert!(build::<DedupMinhash>("threshold = 1.5").is_err());
        assert!(build::<DedupMinhash>("row = 5").is_err());
    }
}
