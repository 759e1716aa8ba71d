//! The barrier of `dedup_lines`, `dedup_paragraphs` and `dedup_sentences`: pieces that stand more than once in the corpus, exactly.
//!
//! First pass: each piece leaves its 128-bit digest and its place; sorted, equal ones meet, in input order. Second pass: what goes is cut out.

use super::passages::{Passages, Rows};
use crate::dedup::normal::{Normal, digest};
use crate::dedup::ranges::{Note, Range, WIDTH};
use crate::dedup::units::Unit;
use crate::dedup::words::each_word;
use crate::doc::Doc;
use crate::scratch::Scratch;
use crate::stage::{Complaint, Decision, Global, Next, NoteShape, NoteStream, Notes, Result, Round, RunError, Stage, Texts};

/// Most copies that can be demanded: so many places are remembered until they are reached.
const MOST_COPIES: usize = 1_000_000;

/// Which pieces count, and what becomes of them.
pub(super) struct Units {
    /// The pieces.
    pub unit: Unit,
    /// What of a piece counts.
    pub normal: Normal,
    /// Copies from which a piece is repeated, itself among them.
    pub min_copies: usize,
    /// Words that a piece must have.
    pub min_words: usize,
    /// Bytes that a piece must have, white space around it aside.
    pub min_bytes: usize,
    /// Whether copies in one document count as several.
    pub same_document: bool,
    /// What becomes of repeated ones.
    pub passages: Passages,
    /// Bytes of memory.
    pub memory: usize,
}

/// Refuses a number of copies that means nothing.
pub(super) fn check_copies(min_copies: usize) -> std::result::Result<(), Complaint> {
    if (2..=MOST_COPIES).contains(&min_copies) {
        return Ok(());
    }
    Err(Complaint::new("min_copies", format!("{min_copies} is out of range"), format!("give a number from 2 to {MOST_COPIES}")))
}

impl Units {
    fn counts(&self, piece: &str) -> bool {
        let words = |piece| {
            let mut words = 0;
            each_word(piece, |_, _| words += 1);
            words
        };
        piece.len() >= self.min_bytes && (self.min_words == 0 || words(piece) >= self.min_words)
    }
}

impl Global for Units {
    /// Round 0: digest, document, start, end. After it: ranges.
    fn shape(&self, round: u32) -> NoteShape {
        if round == 0 { NoteShape { key: 16, width: Some(32) } } else { NoteShape { key: 8, width: Some(WIDTH) } }
    }

    fn observe(&self, doc: &Doc, _: &mut Scratch, notes: &mut Notes<'_>) -> Result<()> {
        let (id, text) = (doc.id().to_bytes(), doc.text());
        self.unit.each(text, |start, end| {
            let piece = text[start as usize..end as usize].trim();
            if self.counts(piece)
                && let Some(digest) = digest(piece, self.normal)
            {
                notes.push(&[&digest.to_be_bytes(), &id, &start.to_be_bytes(), &end.to_be_bytes()]);
            }
        });
        Ok(())
    }

    fn reduce(&self, _: &Round<'_>, notes: &mut dyn NoteStream, outcomes: &mut Notes<'_>) -> Result<()> {
        let mut group = Group::default();
        let mut known = None;
        while let Some(note) = notes.next()? {
            let (Some((digest, place)), 32) = (note.split_first_chunk::<16>(), note.len()) else { return Err(damaged()) };
            if known.replace(*digest) != Some(*digest) {
                group.begin();
            }
            let number = |at: usize| u32::from_be_bytes(std::array::from_fn(|byte| place[at + byte]));
            let place = Place { document: u64::from(number(0)) << 32 | u64::from(number(4)), start: number(8), end: number(12) };
            group.add(self, place, |range| outcomes.push(&[&Note::Range(range).to_bytes()]));
        }
        Ok(())
    }

    fn decide(&self, _: u32, outcomes: &mut dyn NoteStream, decision: &mut Decision) -> Result<Next> {
        let mut rows = Rows::new(self.passages, None, decision);
        while let Some(note) = outcomes.next()? {
            let Some(Note::Range(range)) = Note::from_bytes(note) else { return Err(damaged()) };
            rows.put(range)?;
        }
        rows.end();
        Ok(Next::Done)
    }

    fn publish(&self, decision: &mut Decision, texts: &dyn Texts) -> Result<()> {
        self.passages.publish(decision, texts, None)
    }

    fn stage(&self, decision: &Decision, split: u32) -> Result<Box<dyn Stage>> {
        self.passages.stage(decision, split, None)
    }

    fn memory(&self) -> usize {
        self.memory
    }

    fn forecast(&self, text: u64) -> u64 {
        // Bytes of text that a piece has, roughly.
        32 * text / if self.unit == Unit::Paragraph { 300 } else { 80 }
    }
}

fn damaged() -> RunError {
    RunError::stop("the notes of repeated passages are damaged: remove the run's spool and start again")
}

#[derive(Clone, Copy)]
struct Place {
    document: u64,
    start: u32,
    end: u32,
}

/// Equal pieces, which come in input order.
#[derive(Default)]
struct Group {
    first: Option<Place>,
    copies: usize,
    last: Option<u64>,
    /// Pieces that go if enough copies come.
    waiting: Vec<Place>,
}

impl Group {
    fn begin(&mut self) {
        (self.first, self.copies, self.last) = (None, 0, None);
        self.waiting.clear();
    }

    fn add(&mut self, units: &Units, place: Place, mut goes: impl FnMut(Range)) {
        let first = *self.first.get_or_insert(place);
        let again = self.last.replace(place.document) == Some(place.document);
        self.copies += usize::from(units.same_document || !again);
        let stays = units.passages.first_stays && if units.same_document { self.copies == 1 } else { place.document == first.document };
        if !stays {
            self.waiting.push(place);
        }
        if self.copies >= units.min_copies {
            for place in self.waiting.drain(..) {
                goes(Range { document: place.document, start: place.start, end: place.end, copy: first.document, copy_start: first.start });
            }
        }
    }
}

#[cfg(test)]
mod tests;
