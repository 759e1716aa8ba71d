//! The rounds of substring deduplication: anchors that occur once are left, the others are compared on the texts.

use std::sync::Arc;

use super::{damaged, unpack};
use crate::dedup::mix;
use crate::dedup::ranges::{Core, Note, Range};
use crate::dedup::recent::Recent;
use crate::dedup::repeats::{Group, Told};
use crate::doc::DocId;
use crate::stage::{NoteStream, Notes, Result, Round, RunError, Texts};

/// Round 0: hashes that occur once are done with; the others go by the place where they occur first.
pub(super) fn regroup(notes: &mut dyn NoteStream, outcomes: &mut Notes<'_>) -> Result<()> {
    let mut first: Option<[u8; 20]> = None;
    let mut alone = true;
    while let Some(note) = notes.next()? {
        let note: [u8; 20] = note.try_into().map_err(|_| damaged())?;
        match first {
            Some(known) if known[..8] == note[..8] => {
                let document = DocId::from_bytes(&known[8..]).ok_or_else(damaged)?;
                let key = mix(u64::from_be_bytes(document.to_bytes())).to_be_bytes();
                if std::mem::take(&mut alone) {
                    outcomes.push(&[&key, &known[16..], &known[8..]]);
                }
                outcomes.push(&[&key, &known[16..], &note[8..]]);
            }
            _ => {
                first = Some(note);
                alone = true;
            }
        }
    }
    Ok(())
}

/// Compares the occurrences of anchors, group by group, and writes what is found.
pub(super) struct Comparison<'a, 'n> {
    group: Group,
    texts: &'a dyn Texts,
    known: Recent<[u8]>,
    found: Writer<'a, 'n>,
}

struct Writer<'a, 'n> {
    outcomes: &'a mut Notes<'n>,
    /// Bytes of a window.
    length: usize,
    open: Option<Range>,
}

impl<'a, 'n> Comparison<'a, 'n> {
    pub(super) fn new(group: Group, round: &'a Round<'_>, outcomes: &'a mut Notes<'n>) -> Self {
        let found = Writer { outcomes, length: group.length(), open: None };
        Comparison { group, texts: round.texts, known: Recent::new(round.memory / 2), found }
    }

    /// Round 1. Groups that begin in the same document come together, so the documents that share a passage are loaded once for all its anchors.
    pub(super) fn anchors(mut self, reach: usize, notes: &mut dyn NoteStream) -> Result<()> {
        let mut name = None;
        while let Some(note) = notes.next()? {
            let (Some((start, rest)), Some((_, at))) = (note.split_first_chunk::<12>(), note.split_last_chunk::<4>()) else { return Err(damaged()) };
            if name.replace(*start) != Some(*start) {
                self.begin(reach);
            }
            self.add(DocId::from_bytes(rest).ok_or_else(damaged)?, u32::from_be_bytes(*at))?;
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
                self.add(unpack(core.document), core.start)?;
            }
        }
        self.end();
        Ok(())
    }

    fn begin(&mut self, reach: usize) {
        self.group.end(&mut |told| self.found.write(told));
        self.group.begin(reach);
    }

    fn add(&mut self, id: DocId, at: u32) -> Result<()> {
        let document = u64::from_be_bytes(id.to_bytes());
        let text = self.known.get(document, || Ok::<_, RunError>(Arc::from(self.texts.text(id)?.into_bytes())))?;
        // As far as anchors were looked for.
        let text = text.get(..u32::MAX as usize).unwrap_or(&text);
        self.group.add(text, (document, at), &mut |told| self.found.write(told));
        Ok(())
    }

    fn end(mut self) {
        self.begin(0);
        self.found.open.into_iter().for_each(|range| self.found.outcomes.push(&[&Note::Range(range).to_bytes()]));
    }
}

impl Writer<'_, '_> {
    /// Writes what a group tells; ranges that touch, as those of one letter's text, are joined first.
    fn write(&mut self, told: Told) {
        let note = match told {
            Told::Core(core) => Some(Note::Core(core)),
            Told::Found(found) => {
                let ((document, anchor), (copy, copy_anchor)) = (found.anchor, found.copy);
                let first = found.first as u32;
                let end = anchor - found.last as u32 + self.length as u32;
                let range = Range { document, start: anchor - first, end, copy, copy_start: copy_anchor - first };
                Range::extend(&mut self.open, range).map(Note::Range)
            }
        };
        note.into_iter().for_each(|note| self.outcomes.push(&[&note.to_bytes()]));
    }
}
