//! Drops near-duplicates: documents most of whose word sequences stand in a document that is kept.
//!
//! Use it after the filters and after `dedup_exact`, before the tokenizer. Two documents are alike if the Jaccard similarity of their sets of
//! shingles (5 words each) reaches `threshold`. Candidates are found by MinHash in bands; each is then compared on its whole text, so a document
//! is only dropped because of one that is kept and truly alike, the first in survivor order (`keep`): never through a chain of others, and no two
//! documents that were found alike are both kept. 16 bands of 7 rows find 90 % of the pairs at similarity 0.75, 98 % at 0.8, 99.8 % at 0.85 (14 of 8,
//! which is usual, 77, 92 and 99 % from as many minima);
//! `target = 0.8` computes bands and rows that find 95 % of the pairs at 0.8, and `dataprep plan` prints the curve.
//! Dropping is by whole document; a passage repeated in otherwise unlike documents is the matter of `dedup_substring`.
//!
//! ```toml
//! [[stage]]
//! use = "dedup_minhash"
//! threshold = 0.8
//! keep = "longest"
//! memory = "1 GiB"
//! ```
//!
//! Words are lower-cased runs of letters and digits; punctuation does not count. In scripts written without spaces (Chinese, Japanese, Thai, ...)
//! each character is a word. A document of fewer words than `ngram` has one shingle, of what there is; one without words is always kept. With
//! `by = "token"` a shingle is made of ids of tokens, those of the file `tokenizer`: then case and punctuation count, as far as the tokenizer tells them
//! apart. What the vocabulary does not know is alike only where its text is, and a text that the tokenizer refuses is kept.
//!
//! Who stays is said by `keep`, with the rules of `dedup_exact`. `"none"` drops every document that was found alike to another. With
//! `clusters = "components"` a document goes, too, that is linked to the one that stays through others only, however far apart the ends are.
//! `profile = "datatrove"` has the words, hashes and permutations of datatrove 0.10, to the bit, and its clusters: all that share a band, unread;
//! give `threshold` to have them compared. Who stays of a cluster is still said by `keep`.
//!
//! `against = "index/"` holds the documents against an earlier corpus as well, of which `dataprep index-corpus` has made an index: they lose to its
//! documents, and the drop names the one that was met. What is not written is taken from the index; what is written must agree with it. With `index = true`
//! the run writes an index of what stays here itself (`artifacts/dedup_minhash/index`), for the next; `against` takes a list of them.
//!
//! In a bucket of more than 16 documents, members are compared with representatives, more of them in each round, as long as two documents that
//! stay share the bucket uncompared; at most 56 representatives a bucket. What that leaves out is counted (`pairs_left_out`). A chain through a
//! document that goes is then not looked for.
//! The decision holds `drops-SPLIT`, and for whoever wants to look `edges.parquet` (every pair found alike, with its similarity) and
//! `clusters.parquet` (groups with their members), which `dataprep clusters RUN` shows. All of it streams; beside `memory` the choice takes a bit a document, and
//! connected components (and `keep = "none"`) 4 bytes a document and 10 for each that is like another, or else, where that is more than `memory`, more rounds on disk.
//!
//! Source: Broder 1997, "On the resemblance and containment of documents"; bands and rows as in datatrove (Penedo et al. 2024).

mod draw;
mod outcome;
mod stars;
mod tables;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::Deserialize;

use self::draw::Place;
use self::outcome::Step;
use super::keep::{Keep, Survivor};
use super::{against, vocabularies};
use crate::dedup::clusters::Rule;
use crate::dedup::drops;
use crate::dedup::index::{Index, Settings};
use crate::dedup::recent::Recent;
use crate::dedup::records::{Form, OLD, Record};
use crate::dedup::shingles::{Unit, jaccard};
use crate::dedup::signature::{bands_for, detection};
use crate::dedup::sketch::{Buffers, Profile, Sketch};
use crate::dedup::tokens::Tokens;
use crate::doc::{Doc, DocId};
use crate::scratch::Scratch;
use crate::stage::{
    Built, ByteSize, Complaint, Decision, Drop, Global, Next, NoteShape, NoteStream, Notes, OneOrMany, Reason, Recipe, Result, Round, RunError, Share, Shop,
    Spec, Split, Stage, Texts, Verdict,
};

const REASON: &str = "near_duplicate";
/// Blob of the documents that go by the choice made so far, for the next round.
const GONE: &str = "gone";
/// Counts that travel through the rounds as tallies, by number.
const COMPARED: u64 = 0;
const LEFT_OUT: u64 = 1;
/// Similarity from which a document goes where the table does not say.
const THRESHOLD: f64 = 0.75;

/// The table in pipeline.toml.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DedupMinhash {
    /// Words (or characters) in a shingle. Default 5.
    ngram: Option<usize>,
    /// What a shingle is made of: `"word"` (default), `"char"` or `"token"`.
    by: Option<Unit>,
    /// A file (`tokenizer.json`, SentencePiece, tiktoken ranks of a known vocabulary), or `"bytes"`; for `by = "token"`.
    tokenizer: Option<String>,
    /// Bands. Default 16; with the profile `datatrove` 14.
    bands: Option<usize>,
    /// Minima in a band. Default 7; with the profile `datatrove` 8.
    rows: Option<usize>,
    /// Similarity of which 95 % of the pairs are to be found, 0 to 1: bands and rows are computed from it.
    target: Option<Share>,
    /// Jaccard similarity from which a document is dropped, 0 to 1. Default 0.75; with the profile `datatrove` none: nothing is compared.
    threshold: Option<Share>,
    /// Whose shingles and permutations: `"fast"` (default) or `"datatrove"`.
    profile: Option<Profile>,
    /// What makes a group: `"greedy"` (default: alike to the one that stays) or `"components"` (linked; the default of `datatrove`).
    clusters: Option<Rule>,
    /// Who stays, as in `dedup_exact`. Default `"first"`.
    keep: Keep,
    /// Folder, or folders, of an index of an earlier corpus, to whose documents these lose.
    against: Option<OneOrMany>,
    /// Whether to write an index of the documents that stay, `artifacts/STAGE/index`, for `against` in a later run. Default false.
    index: bool,
    /// Memory for sorting and comparing; beyond it the disk is used. Default `"256 MiB"`.
    memory: ByteSize,
}

impl Default for DedupMinhash {
    fn default() -> Self {
        let (ngram, by, tokenizer, bands, rows, target, threshold, profile, clusters, against, index) = Default::default();
        let (keep, memory) = (Keep::default(), ByteSize::new(256 << 20));
        DedupMinhash { ngram, by, tokenizer, bands, rows, target, threshold, profile, clusters, keep, against, index, memory }
    }
}

impl Recipe for DedupMinhash {
    const NAME: &'static str = "dedup_minhash";

    fn spec(&self) -> Spec {
        self.keep.needs().into_iter().filter(|need| need != "text").fold(Spec::new().needs("text").reason(REASON), Spec::needs)
    }

    fn build(mut self, shop: &mut Shop<'_>) -> std::result::Result<Built, Vec<Complaint>> {
        let mut complaints = Vec::new();
        for (key, value, most) in [("ngram", self.ngram, 1000), ("bands", self.bands, 1000), ("rows", self.rows, 100)] {
            if value.is_some_and(|value| value == 0 || value > most) {
                complaints.push(Complaint::new(key, format!("{} is out of range", value.unwrap_or(0)), format!("give a number from 1 to {most}")));
            }
        }
        if let Some(target) = self.target {
            match bands_for(target.get()) {
                _ if self.bands.is_some() || self.rows.is_some() => {
                    complaints.push(Complaint::new("target", "bands and rows are computed from `target`", "give either `target` or `bands` and `rows`"));
                }
                None => {
                    let message = format!("pairs of similarity {} cannot be found with 128 minima", target.get());
                    complaints.push(Complaint::new("target", message, "give a higher similarity, or `bands` and `rows`"));
                }
                Some((bands, rows)) => (self.bands, self.rows) = (Some(bands), Some(rows)),
            }
        }
        if !complaints.is_empty() {
            return Err(complaints);
        }
        let old = self.against.as_ref().map(|folders| against::open(shop, folders)).transpose()?;
        let tokens = self.tokenizer.as_deref().map(|name| vocabularies::tokens(shop, name)).transpose()?;
        let settings = self.settings(old.as_deref(), tokens.as_deref(), shop.seed())?;
        let threshold = match settings.profile {
            Profile::Fast => Some(self.threshold.map_or(THRESHOLD, Share::get)),
            Profile::Datatrove => self.threshold.map(Share::get),
        };
        let rule = self.clusters.unwrap_or(if settings.profile == Profile::Fast { Rule::Greedy } else { Rule::Components });
        if rule == Rule::Greedy && threshold.is_none() {
            return Err(Complaint::new("clusters", "`greedy` needs similarities, and nothing is compared", "give `threshold`").into());
        }
        if settings.profile == Profile::Datatrove && settings.by != Unit::Word {
            return Err(Complaint::new("by", "the profile `datatrove` has shingles of words alone", "leave `by` out").into());
        }
        let keep = self.keep.build(shop)?;
        Ok(Built::global(NearDuplicates {
            sketch: settings.sketch(tokens.as_ref()),
            settings,
            tokens,
            index: self.index,
            form: Form { ranked: keep.ranks() || old.is_some(), spare: 0 },
            rule: if matches!(keep, Survivor::None) { Rule::Components } else { rule },
            keep,
            threshold,
            old,
            memory: self.memory.as_usize(),
            reason: shop.reason(REASON),
        }))
    }
}

impl DedupMinhash {
    /// What is written, else what the index says, else the defaults.
    fn settings(&self, old: Option<&Index>, tokens: Option<&Tokens>, seed: u64) -> std::result::Result<Settings, Complaint> {
        let base = old.map_or_else(|| Settings::of(self.profile.unwrap_or_default(), seed), |old| old.settings.clone());
        let made = Settings {
            profile: self.profile.unwrap_or(base.profile),
            by: self.by.unwrap_or(base.by),
            ngram: self.ngram.unwrap_or(base.ngram),
            bands: self.bands.unwrap_or(base.bands),
            rows: self.rows.unwrap_or(base.rows),
            ..base.clone()
        };
        match (made.by, tokens) {
            (Unit::Token, None) => return Err(Complaint::new("by", "tokens are those of a tokenizer", "give `tokenizer`")),
            (Unit::Word | Unit::Char, Some(_)) => {
                return Err(Complaint::new("tokenizer", "shingles are not made of tokens", "give `by = \"token\"`, or leave it out"));
            }
            (Unit::Token, Some(tokens)) if old.is_some() && base.tokenizer != Some(tokens.hash()) => {
                return Err(Complaint::new("tokenizer", "the index was made with another tokenizer", "name that one, or make the index again"));
            }
            _ => {}
        }
        if old.is_some() && made != base {
            let message = format!("the index was made with other settings: {base}");
            return Err(Complaint::new("against", message, "leave out `profile`, `by`, `ngram`, `bands`, `rows` and `target`, or make the index again"));
        }
        Ok(made)
    }
}

struct NearDuplicates {
    settings: Settings,
    /// What shingles are made of, if it is tokens.
    tokens: Option<Arc<Tokens>>,
    /// Whether an index of what stays is written.
    index: bool,
    sketch: Sketch,
    form: Form,
    rule: Rule,
    keep: Survivor,
    /// None where documents that share a band are alike, unread.
    threshold: Option<f64>,
    old: Option<Arc<Index>>,
    memory: usize,
    reason: Reason,
}

impl Global for NearDuplicates {
    /// Round 0: band digest, rank where there are ranks, document. After it: [`Record`]s; even rounds draw pairs, odd ones compare them, until a [`Step`] is said. A
    /// group of documents has its number in the first four bytes.
    fn shape(&self, round: u32) -> NoteShape {
        let (key, width) = match (round, self.form.ranked) {
            (0, false) => (8, 16),
            (0, true) => (8, 24),
            _ => (4, self.form.width()),
        };
        NoteShape { key, width: Some(width) }
    }

    fn learn(&mut self, splits: &[Split]) {
        self.form.spare = (splits.len().saturating_sub(1) as u32).leading_zeros();
        self.keep.learn(splits);
    }

    fn remarks(&self) -> Vec<String> {
        let Settings { bands, rows, .. } = self.settings;
        let found = |s: f64| format!("{:.1} % at {s}", 100.0 * detection(s, bands, rows));
        vec![format!("{bands} bands of {rows} rows find of the pairs: {}", [0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95].map(found).join(", "))]
    }

    fn observe(&self, doc: &Doc, scratch: &mut Scratch, notes: &mut Notes<'_>) -> Result<()> {
        let buffers: &mut Buffers = scratch.buffer();
        self.sketch.digests(doc.text(), buffers);
        let id = doc.id().to_bytes();
        // Documents of an earlier corpus have rank 0.
        let rank = self.keep.rank(doc).max(u64::from(self.old.is_some())).to_be_bytes();
        let rank = if self.form.ranked { &rank[..] } else { &[] };
        buffers.digests.iter().for_each(|digest| notes.push(&[&digest.to_be_bytes(), rank, &id]));
        Ok(())
    }

    fn reduce(&self, round: &Round<'_>, notes: &mut dyn NoteStream, outcomes: &mut Notes<'_>) -> Result<()> {
        let mut emit = |record: Record| self.form.write(record, |bytes| outcomes.push(&[bytes]));
        match (Step::of(round.decided)?, round.number) {
            (None, 0) => self.first_pairs(notes, &mut emit),
            (None, number) if number % 2 == 0 => self.more_pairs(round, notes, &mut emit),
            (None, _) => self.compare(round, notes, &mut emit),
            (Some(Step::Settle), _) => self.settle(round, notes, &mut emit),
            (Some(Step::Link), _) => self.links(notes, &mut emit),
            (Some(Step::Gather), _) => self.gather(round, notes, &mut emit),
            (Some(Step::Part), _) => self.part(notes, &mut emit),
            (Some(Step::Spread), _) => self.spread(notes, &mut emit),
            (Some(Step::Large), _) => self.large_stars(notes, &mut emit),
            (Some(Step::Small), _) => self.small_stars(notes, &mut emit),
            (Some(Step::Sides), _) => self.sides(notes, &mut emit),
            (Some(Step::Join), _) => self.join(notes, &mut emit),
        }
    }

    fn decide(&self, round: u32, outcomes: &mut dyn NoteStream, decision: &mut Decision) -> Result<Next> {
        let next = match Step::of(decision)? {
            None => return self.choose(round, outcomes, decision),
            Some(Step::Link) => return self.unite(outcomes, decision),
            Some(Step::Small) => return self.again(outcomes, decision),
            Some(Step::Settle | Step::Part) => return self.outcome(outcomes, decision),
            Some(Step::Spread) => Step::Large,
            Some(Step::Large) => Step::Small,
            Some(Step::Sides) => Step::Join,
            Some(Step::Gather | Step::Join) => Step::Part,
        };
        next.put(decision);
        Ok(Next::Again)
    }

    fn publish(&self, decision: &mut Decision, texts: &dyn Texts) -> Result<()> {
        self.tables(decision, texts)?;
        if !self.index {
            return Ok(());
        }
        against::write(decision, (self.settings.clone(), self.tokens.clone()), self.memory, texts, against::not_dropped())
    }

    fn stage(&self, decision: &Decision, split: u32) -> Result<Box<dyn Stage>> {
        let rows = decision.get(&format!("drops-{split:05}"))?.unwrap_or_default();
        Ok(Box::new(DropThese { rows, threshold: self.threshold.unwrap_or(f64::NAN), reason: self.reason, old: self.old.clone() }))
    }

    fn memory(&self) -> usize {
        self.memory
    }

    fn forecast(&self, _text: u64) -> u64 {
        if self.form.ranked { 24 * self.settings.bands as u64 } else { 16 * self.settings.bands as u64 }
    }
}

impl NearDuplicates {
    /// Odd rounds: compares the pairs, which come grouped by their earlier document; passes on the rest.
    fn compare(&self, round: &Round<'_>, notes: &mut dyn NoteStream, emit: &mut impl FnMut(Record)) -> Result<()> {
        let Some(threshold) = self.threshold else { return Err(damaged()) };
        let (mut sets, mut buffers): (Recent<[u64]>, Buffers) = (Recent::new(round.memory / 2), Buffers::default());
        let mut one: Option<(Place, Arc<[u64]>)> = None;
        let (mut last, mut compared) = (None, 0);
        while let Some(record) = self.next_record(notes)? {
            let Record::Pair { earlier, later } = record else {
                emit(record);
                continue;
            };
            if last == Some((earlier, later)) {
                continue;
            }
            last = Some((earlier, later));
            let mut load = |place: Place| sets.get(place.doc, || self.set(round.texts, place, &mut buffers));
            let first = match &one {
                Some((place, set)) if *place == earlier => set.clone(),
                _ => load(earlier)?,
            };
            one = Some((earlier, first.clone()));
            compared += 1;
            if let Some(alike) = jaccard(&first, &load(later)?, threshold) {
                emit(Record::Edge { later, earlier, alike });
            }
        }
        emit(Record::Tally { what: COMPARED, count: compared });
        Ok(())
    }

    fn set(&self, texts: &dyn Texts, place: Place, buffers: &mut Buffers) -> Result<Arc<[u64]>> {
        let text = match &self.old {
            Some(old) if place.is_old() => old.doc(place.doc & !OLD).map_err(against::unread)?.text,
            _ => texts.text(unpack(place.doc))?,
        };
        Ok(self.sketch.set(&text, buffers).into())
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
    old: Option<Arc<Index>>,
}

impl Stage for DropThese {
    fn apply(&self, doc: &mut Doc, _: &mut Scratch) -> Result<Verdict> {
        let Some((other, alike)) = drops::find(&self.rows, doc.id().ordinal) else { return Ok(Verdict::Keep) };
        let drop = if alike.is_nan() {
            Drop::plain(self.reason)
        } else {
            Drop { value: Some(alike), threshold: (!self.threshold.is_nan()).then_some(self.threshold), ..Drop::plain(self.reason) }
        };
        Ok(Verdict::Drop(against::because_of(drop, other, self.old.as_deref())?))
    }
}
