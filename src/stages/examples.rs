//! Writes examples of what a barrier has found, with their texts, among its files.

use std::io::Read;

use super::against;
use crate::dedup::cuts::Snap;
use crate::dedup::examples::{Chosen, Example, FILE, Named, PASSAGES, pieces};
use crate::dedup::index::Index;
use crate::dedup::ranges::{Note, Range, WIDTH};
use crate::dedup::records::OLD;
use crate::doc::DocId;
use crate::stage::{Decision, Result, RunError, Texts};

/// Blob in which the ranges of the chosen documents wait for their texts.
const WAITING: &str = "examples";

/// The ranges of some documents, chosen while all of them come by.
#[derive(Default)]
pub struct Repeats(Chosen<Vec<Range>>);

impl Repeats {
    /// Takes up a range.
    pub fn offer(&mut self, range: Range) {
        if let Some(ranges) = self.0.offer([range.document, 0], Vec::new)
            && ranges.len() < PASSAGES
        {
            ranges.push(range);
        }
    }

    /// Leaves them in the decision until the texts are there.
    pub fn end(self, decision: &mut Decision) {
        let ranges = self.0.into_sorted().into_iter().flat_map(|(_, ranges)| ranges);
        let notes: Vec<u8> = ranges.flat_map(|range| Note::Range(range).to_bytes()).collect();
        decision.put(WAITING, notes);
    }
}

/// Writes what [`Repeats`] has chosen; `old` is the earlier corpus, if copies may stand there.
pub fn repeats(decision: &mut Decision, texts: &dyn Texts, snap: Snap, old: Option<&Index>) -> Result<()> {
    let mut notes = Vec::new();
    decision.take(WAITING)?.read_to_end(&mut notes).map_err(RunError::stop)?;
    let ranges: Vec<Range> = notes.as_chunks::<WIDTH>().0.iter().filter_map(|note| Note::from_bytes(note)).filter_map(Note::range).collect();
    let mut found = Vec::new();
    for of_document in ranges.chunk_by(|a, b| a.document == b.document) {
        let Some(first) = of_document.first() else { continue };
        let copy = |copy: u64| match old {
            Some(old) if copy & OLD != 0 => old.doc(copy & !OLD).map(|doc| doc.name).map_err(against::unread),
            _ => texts.name(place(copy)).map(|(id, url)| url.unwrap_or(id)),
        };
        let named = of_document.iter().map(|range| Ok((range.start as usize, range.end as usize, Some(copy(range.copy)?)))).collect::<Result<Vec<_>>>()?;
        let (id, url) = texts.name(place(first.document))?;
        found.push(Example::Repeats { id, url, pieces: pieces(&texts.text(place(first.document))?, named, snap) });
    }
    write(decision, &found)
}

/// Writes pairs of documents of this run: whoever stays, whoever goes, and how alike they are (not a number where that was not measured).
pub fn alike(decision: &mut Decision, texts: &dyn Texts, pairs: Chosen<f64>) -> Result<()> {
    let named = |document: u64| -> Result<Named> { Ok(Named::new(texts.name(place(document))?, &texts.text(place(document))?)) };
    let found = pairs.into_sorted().into_iter().map(|([stays, goes], alike)| {
        let similarity = (!alike.is_nan()).then_some(alike);
        Ok(Example::Alike { stays: named(stays)?, goes: named(goes)?, similarity })
    });
    write(decision, &found.collect::<Result<Vec<_>>>()?)
}

fn write(decision: &mut Decision, found: &[Example]) -> Result<()> {
    let mut lines = Vec::new();
    for example in found {
        serde_json::to_writer(&mut lines, example).map_err(RunError::stop)?;
        lines.push(b'\n');
    }
    if !lines.is_empty() {
        decision.put(FILE, lines);
    }
    Ok(())
}

fn place(document: u64) -> DocId {
    DocId { split: (document >> 32) as u32, ordinal: document as u32 }
}
