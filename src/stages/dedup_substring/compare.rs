//! The rounds of substring deduplication: anchors that occur once are left, the others are compared on the texts.
//!
//! Documents are numbered here so that those of an earlier corpus come before all of this run: [`OLD`] is the other way round.

use std::sync::Arc;

use super::damaged;
use crate::dedup::anchors::Anchors;
use crate::dedup::index::Index;
use crate::dedup::mix;
use crate::dedup::ranges::{Core, Note, Range};
use crate::dedup::recent::Recent;
use crate::dedup::records::OLD;
use crate::dedup::repeats::{Group, Place, Told};
use crate::dedup::symbols::Symbol;
use crate::stage::{NoteStream, Notes, Result};

/// Round 0: hashes that occur once are done with; the others, with where the earlier corpus has them, go by the place where they occur first.
pub(super) fn regroup(old: Option<&Index>, notes: &mut dyn NoteStream, outcomes: &mut Notes<'_>) -> Result<()> {
    let mut old = old.map(Index::anchors);
    let mut tell = |(first, start): Place, (document, at): Place| {
        outcomes.push(&[&mix(first).to_be_bytes(), &start.to_be_bytes(), &document.to_be_bytes(), &at.to_be_bytes()]);
    };
    let mut last: Option<[u8; 8]> = None;
    // Where the hash occurs first, and whether that has been told.
    let mut first: Option<(Place, bool)> = None;
    while let Some(note) = notes.next()? {
        let (Some((hash, rest)), 20) = (note.split_first_chunk::<8>(), note.len()) else { return Err(damaged()) };
        if last.replace(*hash) != Some(*hash) {
            first = None;
            if let Some(old) = &mut old {
                old.find(hash, |number, at| {
                    let place = (number, u32::from_be_bytes(std::array::from_fn(|byte| at.get(byte).copied().unwrap_or_default())));
                    let (first, _) = first.get_or_insert((place, true));
                    tell(*first, place);
                });
            }
        }
        let place = place(rest)?;
        let place = (place.0 ^ OLD, place.1);
        match &mut first {
            None => first = Some((place, false)),
            Some((first, told)) => {
                if !std::mem::replace(told, true) {
                    tell(*first, *first);
                }
                tell(*first, place);
            }
        }
    }
    Ok(())
}

fn place(bytes: &[u8]) -> Result<Place> {
    let (document, at) = bytes.split_first_chunk::<8>().ok_or_else(damaged)?;
    Ok((u64::from_be_bytes(*document), u32::from_be_bytes(at.try_into().map_err(|_| damaged())?)))
}

/// Reads a document, by its number in the order of these rounds, as symbols.
pub(super) type Read<'a, S> = Box<dyn FnMut(u64) -> Result<Arc<[S]>> + 'a>;

/// Compares the occurrences of anchors, group by group, and writes what is found.
pub(super) struct Comparison<'a, 'n, S> {
    group: Group<S>,
    read: Read<'a, S>,
    known: Recent<[S]>,
    /// Symbols of a window beside the anchor of the group.
    reach: usize,
    /// Whether the first copy of a window stays.
    first_stays: bool,
    /// The last two places that were added.
    last: [Option<Place>; 2],
    found: Writer<'a, 'n>,
}

struct Writer<'a, 'n> {
    outcomes: &'a mut Notes<'n>,
    /// Symbols of a window.
    length: usize,
    open: Option<Range>,
}

impl<'a, 'n, S: Symbol> Comparison<'a, 'n, S> {
    /// `memory` is for documents that are compared.
    pub(super) fn new(group: Group<S>, first_stays: bool, read: Read<'a, S>, memory: usize, outcomes: &'a mut Notes<'n>) -> Self {
        let found = Writer { outcomes, length: group.length(), open: None };
        Comparison { group, read, known: Recent::new(memory), reach: 0, first_stays, last: [None; 2], found }
    }

    /// Round 1. Groups that begin in the same document come together, so the documents that share a passage are loaded once for all its anchors.
    pub(super) fn anchors(mut self, reach: usize, notes: &mut dyn NoteStream) -> Result<()> {
        let mut name = None;
        while let Some(note) = notes.next()? {
            let (start, rest) = note.split_first_chunk::<12>().ok_or_else(damaged)?;
            if name.replace(*start) != Some(*start) {
                self.begin(reach);
            }
            self.add(place(rest)?)?;
        }
        self.end();
        Ok(())
    }

    /// Later rounds: the cores of groups that were divided; passes on the ranges found.
    pub(super) fn cores(mut self, notes: &mut dyn NoteStream) -> Result<()> {
        let (mut last, mut waiting): (Option<Core>, Option<Core>) = (None, None);
        while let Some(note) = notes.next()? {
            let core = match Note::from_bytes(note).ok_or_else(damaged)? {
                Note::Range(_) => {
                    self.found.outcomes.push(&[note]);
                    continue;
                }
                Note::Core(core) => core,
            };
            // Two anchors of a document can have one core in common.
            let before = last.replace(core);
            if before == Some(core) {
                continue;
            }
            if before.is_none_or(|before| (before.hash, before.reach) != (core.hash, core.reach)) {
                self.begin(core.reach as usize);
                waiting = Some(core);
                continue;
            }
            // The first of a group is looked at when a second comes.
            for core in waiting.take().into_iter().chain([core]) {
                self.add((core.document, core.start))?;
            }
        }
        self.end();
        Ok(())
    }

    fn begin(&mut self, reach: usize) {
        self.group.end(&mut |told| self.found.write(told));
        self.group.begin(reach);
        (self.reach, self.last) = (reach, [None; 2]);
    }

    fn add(&mut self, place: Place) -> Result<()> {
        let text = self.known.get(place.0, || (self.read)(place.0))?;
        // As far as anchors were looked for.
        let text = text.get(..u32::MAX as usize).unwrap_or(&text);
        self.group.add(text, place, &mut |told| self.found.write(told));
        // Anchors that were passed over.
        if let [Some(one), Some(two)] = self.last
            && (one.0, two.0) == (place.0, place.0)
            && let Some((start, end)) = Anchors::stretch(text, self.found.length - self.reach, [one.1, two.1, place.1])
            && let step = two.1 - one.1
            && (end - start - step) as usize >= self.found.length
        {
            // Everything repeats what stands a step before; the first step is what is repeated.
            let from = if self.first_stays { start + step } else { start };
            self.found.range(Range { document: place.0, start: from, end, copy: place.0, copy_start: start });
        }
        self.last = [self.last[1], Some(place)];
        Ok(())
    }

    fn end(mut self) {
        self.begin(0);
        self.found.open.into_iter().for_each(|range| self.found.outcomes.push(&[&Note::Range(range).to_bytes()]));
    }
}

impl Writer<'_, '_> {
    /// Writes what a group tells; ranges that touch, as those of one letter's text, are joined first. What the earlier corpus repeats is not our matter.
    fn write(&mut self, told: Told) {
        match told {
            Told::Core(core) => self.outcomes.push(&[&Note::Core(core).to_bytes()]),
            Told::Found(found) => {
                let ((document, anchor), (copy, copy_anchor)) = (found.anchor, found.copy);
                let first = found.first as u32;
                let end = anchor - found.last as u32 + self.length as u32;
                self.range(Range { document, start: anchor - first, end, copy, copy_start: copy_anchor - first });
            }
        }
    }

    /// Writes a range, its documents numbered as in these rounds.
    fn range(&mut self, range: Range) {
        if range.document & OLD != 0 {
            let range = Range { document: range.document ^ OLD, copy: range.copy ^ OLD, ..range };
            let whole = Range::extend(&mut self.open, range);
            whole.into_iter().for_each(|range| self.outcomes.push(&[&Note::Range(range).to_bytes()]));
        }
    }
}
