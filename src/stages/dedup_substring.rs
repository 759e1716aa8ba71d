//! Cuts passages that stand more than once in the corpus, in other documents or in the same one.
//!
//! Use it last of the deduplications: licences, notices, quotations and boilerplate stand in documents that are otherwise unlike. A passage counts from
//! `min_bytes` on, to the byte: every byte that lies in a repeated window of `min_bytes` bytes is found, and no other. With `keep = "first"` a window
//! goes if an equal one starts earlier in input order, so one copy of each passage stays; with `"none"` every copy goes. A cut then
//! shrinks to whole characters, words or lines (`snap`), and with `"word"` and `"line"` the white space at its edges is joined. A document that has lost
//! something and has fewer than `min_left` bytes left is dropped (`little_left`). With `mode = "drop"` nothing is cut, and a document goes where repeats are
//! more than `max_share` of its bytes (`mostly_repeated`). A second pass may find more: a cut brings together what stood apart.
//!
//! ```toml
//! [[stage]]
//! use = "dedup_substring"
//! min_bytes = 200
//! snap = "line"
//! ```
//!
//! With `min_tokens = 50` and `tokenizer = "tokenizer.json"` a passage is so many tokens in a row, with the same ids: a window begins and ends with a token,
//! and what the vocabulary does not know is equal only where its text is. Where a tokenizer folds case, so does this.
//!
//! `against = "index/"` holds the texts against an earlier corpus as well, of which `dataprep index-corpus --min-bytes 100` has made an index: what stands
//! there counts as if it came before, so no copy of it stays here. `min_bytes` may be larger than the index's. With `index = true` the run writes an index of
//! the documents as they come here (`artifacts/dedup_substring/index`), for the next; `against` takes a list of them. An index keeps the texts, compressed, and 16
//! bytes for each 33 bytes of text: for 26.9 MB of English text 23.9 MB.
//!
//! The decision holds `cuts-SPLIT` (with `"drop"`, `repeats-SPLIT`): document, range, and where the surviving copy stands (that of the range's first window);
//! `earlier-SPLIT.jsonl` names the documents of an earlier corpus among these; `examples.jsonl` shows a few documents with their passages, as report.html does.
//! Notes take about 0.6 bytes a byte of text on disk at `min_bytes = 100`.
//!
//! Source: the definition is that of Lee et al. 2022, "Deduplicating training data makes language models better"; in place of a suffix array,
//! windows meet by their anchors (winnowing, Schleimer et al. 2003), and matches are verified on the bytes.

mod compare;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::Deserialize;

use self::compare::{Comparison, Read};
use super::passages::{self, Copies, Keys, Mode, Passages, Rows};
use super::{against, vocabularies};
use crate::dedup::anchors::Anchors;
use crate::dedup::cuts::Snap;
use crate::dedup::index::{Index, Settings, Windows};
use crate::dedup::ranges::{Note, Range, WIDTH};
use crate::dedup::recent::Recent;
use crate::dedup::records::OLD;
use crate::dedup::repeats::Group;
use crate::dedup::sketch::Profile;
use crate::dedup::symbols::Symbol;
use crate::dedup::tokens::{Tokens, Work};
use crate::doc::{Doc, DocId};
use crate::scratch::Scratch;
use crate::stage::{
    Built, ByteSize, Complaint, Decision, Global, Next, NoteShape, NoteStream, Notes, OneOrMany, Recipe, Result, Round, RunError, Share, Shop, Spec, Stage,
    Texts,
};

/// Bytes of a passage where nothing says otherwise.
const LENGTH: usize = 100;
/// Blob that says that all repeats are found.
const SETTLED: &str = "settled";

/// The table in pipeline.toml.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DedupSubstring {
    /// Bytes from which a repeated passage counts, 20 to 65536. Default 100, or what the index has.
    min_bytes: Option<usize>,
    /// Tokens from which a repeated passage counts, 10 to 65536, in place of bytes: those of `tokenizer`.
    min_tokens: Option<usize>,
    /// A file (`tokenizer.json`, SentencePiece, tiktoken ranks of a known vocabulary), or `"bytes"`; for `min_tokens`.
    tokenizer: Option<String>,
    /// Which copies stay: `"first"` (default) in input order, or `"none"`.
    keep: Copies,
    /// Where cuts may begin and end: `"word"` (default), `"line"` or `"char"`, which cuts all it can and joins nothing.
    snap: Snap,
    /// What happens: `"cut"` (default) them out, or `"drop"` the document where they are more than `max_share` of its bytes.
    mode: Mode,
    /// With `mode = "drop"`: the share, 0 to 1, beyond which a document goes (`mostly_repeated`). Default 0.5.
    max_share: Option<Share>,
    /// With `mode = "cut"`: bytes that must be left of a document that was cut, or it goes (`little_left`). Default 0: keep it even if empty.
    min_left: Option<usize>,
    /// Folder, or folders, of an index of an earlier corpus, to whose documents these lose.
    against: Option<OneOrMany>,
    /// Whether to write an index of the documents as they come here, `artifacts/STAGE/index`, for `against` in a later run. Default false.
    index: bool,
    /// Memory for sorting and comparing; beyond it the disk is used. Default `"256 MiB"`.
    memory: ByteSize,
}

impl Default for DedupSubstring {
    fn default() -> Self {
        let memory = ByteSize::new(256 << 20);
        DedupSubstring {
            min_bytes: None,
            min_tokens: None,
            tokenizer: None,
            keep: Copies::First,
            snap: Snap::Word,
            mode: Mode::Cut,
            max_share: None,
            min_left: None,
            against: None,
            index: false,
            memory,
        }
    }
}

impl Recipe for DedupSubstring {
    const NAME: &'static str = "dedup_substring";

    fn spec(&self) -> Spec {
        passages::spec()
    }

    fn build(self, shop: &mut Shop<'_>) -> std::result::Result<Built, Vec<Complaint>> {
        let old = self.against.as_ref().map(|folders| against::open(shop, folders)).transpose()?;
        let tokens = self.tokenizer.as_deref().map(|name| vocabularies::tokens(shop, name)).transpose()?;
        let windows = self.windows(old.as_deref(), tokens.as_deref())?;
        let indexed = old.as_deref().and_then(|old| old.settings.passages).unwrap_or(windows);
        let (Windows::Bytes(length) | Windows::Tokens(length), Windows::Bytes(shortest) | Windows::Tokens(shortest)) = (windows, indexed);
        let keys = Keys { keep: self.keep, mode: self.mode, max_share: self.max_share, min_left: self.min_left };
        let passages = keys.build(shop, self.snap)?;
        let settings = old.as_deref().map_or_else(|| Settings::of(Profile::Fast, shop.seed()), |old| old.settings.clone());
        let index = self.index.then_some(Settings { passages: Some(indexed), ..settings });
        Ok(Built::global(Repeats { anchors: Anchors::new(shortest), length, tokens, passages, old, index, memory: self.memory.as_usize() }))
    }
}

impl DedupSubstring {
    /// From what length on passages count: what is written, else what the index has, else the default.
    fn windows(&self, old: Option<&Index>, tokens: Option<&Tokens>) -> std::result::Result<Windows, Complaint> {
        let indexed = old.map(|old| old.settings.passages.ok_or(())).transpose().map_err(|()| {
            Complaint::new("against", "the index holds no passages", "make it again with `dataprep index-corpus --min-bytes` or `--min-tokens`")
        })?;
        let windows = match (self.min_bytes, self.min_tokens) {
            (Some(_), Some(_)) => return Err(Complaint::new("min_tokens", "passages are measured in bytes or in tokens", "give one of the two")),
            (Some(bytes), None) => Windows::Bytes(bytes),
            (None, Some(tokens)) => Windows::Tokens(tokens),
            (None, None) => indexed.unwrap_or(Windows::Bytes(LENGTH)),
        };
        let (key, length, least) = match windows {
            Windows::Bytes(length) => ("min_bytes", length, 20),
            Windows::Tokens(length) => ("min_tokens", length, 10),
        };
        if !(least..=65536).contains(&length) {
            let help = format!("give a number from {least} to 65536: shorter repeats are ordinary language");
            return Err(Complaint::new(key, format!("{length} is out of range"), help));
        }
        match (windows, tokens) {
            (Windows::Tokens(_), None) => return Err(Complaint::new(key, "tokens are those of a tokenizer", "give `tokenizer`")),
            (Windows::Bytes(_), Some(_)) => return Err(Complaint::new("tokenizer", "passages are measured in bytes", "give `min_tokens`, or leave it out")),
            _ => {}
        }
        let refused = |message: String| Complaint::new("against", message, "make the index again, or ask for what it has");
        match (windows, indexed) {
            (Windows::Bytes(own), Some(Windows::Bytes(shortest))) | (Windows::Tokens(own), Some(Windows::Tokens(shortest))) if own < shortest => {
                Err(refused(format!("the index was made for passages from {shortest} on, and {own} are asked for")))
            }
            (Windows::Bytes(_), Some(Windows::Tokens(_))) => Err(refused("the index measures passages in tokens".into())),
            (Windows::Tokens(_), Some(Windows::Bytes(_))) => Err(refused("the index measures passages in bytes".into())),
            (Windows::Tokens(_), Some(_)) if old.and_then(|old| old.settings.tokenizer.as_ref()) != tokens.map(Tokens::hash).as_ref() => {
                Err(refused("the index was made with another tokenizer".into()))
            }
            _ => Ok(windows),
        }
    }
}

struct Repeats {
    /// Those of windows of `length` bytes, or of shorter ones: a window has the anchors of all that lie in it.
    anchors: Anchors,
    length: usize,
    /// None where symbols are bytes.
    tokens: Option<Arc<Tokens>>,
    passages: Passages,
    old: Option<Arc<Index>>,
    /// How the index of the documents is made, if one is.
    index: Option<Settings>,
    memory: usize,
}

impl Repeats {
    /// The text of a document by its number in the order of [`compare`].
    fn text(&self, round: &Round<'_>, number: u64) -> Result<String> {
        match &self.old {
            Some(old) if number & OLD == 0 => Ok(old.doc(number).map_err(against::unread)?.text),
            _ => round.texts.text(unpack(number ^ OLD)),
        }
    }

    fn compare<'a, S: Symbol>(&self, round: &Round<'_>, read: Read<'a, S>, notes: &mut dyn NoteStream, outcomes: &'a mut Notes<'_>) -> Result<()> {
        let group = Group::new(self.length, !self.passages.first_stays, self.memory / 8);
        let comparison = Comparison::new(group, self.passages.first_stays, read, round.memory / 2, outcomes);
        if round.number == 1 { comparison.anchors(self.length - self.anchors.k, notes) } else { comparison.cores(notes) }
    }

    /// The last round: ranges that touch are joined, and what they are in tokens becomes what they are in bytes.
    fn settle(&self, round: &Round<'_>, notes: &mut dyn NoteStream, outcomes: &mut Notes<'_>) -> Result<()> {
        let (mut known, mut work) = (Recent::new(round.memory / 2), Work::default());
        let mut settled = |range: Range| {
            let Some(tokens) = &self.tokens else { return Ok(Some(range)) };
            let mut bounds = |document: u64| {
                known.get(document, || {
                    let text = self.text(round, document ^ OLD)?;
                    Ok(Arc::from(tokens.bounds(&text, &mut work).map_err(RunError::stop)?))
                })
            };
            in_bytes(range, &bounds(range.document)?, &bounds(range.copy)?)
        };
        let mut open = None;
        loop {
            let next = notes.next()?.map(|note| if let Some(Note::Range(range)) = Note::from_bytes(note) { Ok(range) } else { Err(damaged()) }).transpose()?;
            let whole = match next {
                Some(range) => Range::extend(&mut open, range),
                None => open.take(),
            };
            let whole = whole.map(&mut settled).transpose()?.flatten();
            whole.into_iter().for_each(|range| outcomes.push(&[&Note::Range(range).to_bytes()]));
            if next.is_none() {
                return Ok(());
            }
        }
    }
}

/// A range of tokens as one of bytes, given where the tokens of its document and of its copy begin and end; none where not one whole character is in it.
fn in_bytes(range: Range, own: &[(u32, u32)], copy: &[(u32, u32)]) -> Result<Option<Range>> {
    let begin = |bounds: &[(u32, u32)], at: u32| bounds.get(at as usize).map(|(begin, _)| *begin).ok_or_else(damaged);
    let end = own.get(..range.end as usize).and_then(|bounds| bounds.last()).ok_or_else(damaged)?.1;
    let placed = Range { start: begin(own, range.start)?, end, copy_start: begin(copy, range.copy_start)?, ..range };
    Ok((placed.start < placed.end).then_some(placed))
}

impl Global for Repeats {
    /// Round 0: anchor hash, document, offset. Round 1: the group (mixed first document, first offset), document in the order of [`compare`], offset.
    /// After it: [`Note`]s; as long as there are cores among them, another round; and a last one.
    fn shape(&self, round: u32) -> NoteShape {
        let width = match round {
            0 => 20,
            1 => 24,
            _ => WIDTH,
        };
        NoteShape { key: 8, width: Some(width) }
    }

    fn observe(&self, doc: &Doc, scratch: &mut Scratch, notes: &mut Notes<'_>) -> Result<()> {
        let id = doc.id().to_bytes();
        let (ring, work): &mut (Vec<u64>, Work) = scratch.buffer();
        let push = |at: u32, hash: u64| notes.push(&[&hash.to_be_bytes(), &id, &at.to_be_bytes()]);
        match &self.tokens {
            None => self.anchors.each(doc.text().as_bytes(), ring, push),
            Some(tokens) => {
                tokens.read(doc.text(), work);
                self.anchors.each(&work.ids, ring, push);
            }
        }
        Ok(())
    }

    fn reduce(&self, round: &Round<'_>, notes: &mut dyn NoteStream, outcomes: &mut Notes<'_>) -> Result<()> {
        if round.number == 0 {
            return compare::regroup(self.old.as_deref(), notes, outcomes);
        }
        if round.decided.get(SETTLED)?.is_some() {
            return self.settle(round, notes, outcomes);
        }
        match &self.tokens {
            None => self.compare::<u8>(round, Box::new(|number| Ok(self.text(round, number)?.into_bytes().into())), notes, outcomes),
            Some(tokens) => {
                let mut work = Work::default();
                let mut read = |text: &str| {
                    tokens.read(text, &mut work);
                    Arc::from(work.ids.as_slice())
                };
                self.compare::<u32>(round, Box::new(|number| Ok(read(&self.text(round, number)?))), notes, outcomes)
            }
        }
    }

    fn decide(&self, round: u32, outcomes: &mut dyn NoteStream, decision: &mut Decision) -> Result<Next> {
        if round == 0 {
            return Ok(Next::Again);
        }
        if decision.get(SETTLED)?.is_none() {
            let mut cores = false;
            while let Some(note) = outcomes.next()? {
                cores |= matches!(Note::from_bytes(note).ok_or_else(damaged)?, Note::Core(_));
            }
            if !cores {
                decision.put(SETTLED, Vec::new());
            }
            return Ok(Next::Again);
        }
        let mut rows = Rows::new(self.passages, self.old.as_deref(), decision);
        while let Some(note) = outcomes.next()? {
            let Some(Note::Range(range)) = Note::from_bytes(note) else { return Err(damaged()) };
            rows.put(range)?;
        }
        rows.end();
        decision.remove(SETTLED)?;
        Ok(Next::Done)
    }

    fn publish(&self, decision: &mut Decision, texts: &dyn Texts) -> Result<()> {
        self.passages.publish(decision, texts, self.old.as_deref())?;
        match &self.index {
            // As they come: of a passage that is cut here another copy may stay nowhere, and one that comes later is still a repeat.
            Some(settings) => against::write(decision, (settings.clone(), self.tokens.clone()), self.memory, texts, |_, _| Ok(true)),
            None => Ok(()),
        }
    }

    fn stage(&self, decision: &Decision, split: u32) -> Result<Box<dyn Stage>> {
        self.passages.stage(decision, split, self.old.clone())
    }

    fn memory(&self) -> usize {
        self.memory
    }

    fn forecast(&self, text: u64) -> u64 {
        40 * text / (self.anchors.reach as u64 + 2)
    }
}

fn unpack(document: u64) -> DocId {
    DocId { split: (document >> 32) as u32, ordinal: document as u32 }
}

fn damaged() -> RunError {
    RunError::stop("the notes of dedup_substring are damaged: remove the run's spool and start again")
}
