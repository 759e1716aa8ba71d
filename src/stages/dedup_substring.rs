//! Cuts passages that stand more than once in the corpus, in other documents or in the same one.
//!
//! Use it last of the deduplications: licences, notices, quotations and boilerplate stand in documents that are otherwise unlike. A passage counts from
//! `min_bytes` on, to the byte: every byte that lies in a repeated window of `min_bytes` bytes is found, and no other. With `keep = "first"` a window
//! goes if an equal one starts earlier in input order, so one copy of each passage stays; with `"none"` every copy goes. A cut then
//! shrinks to whole characters, words or lines (`snap`), and with `"word"` and `"line"` the white space at its edges is joined. A document that has lost
//! something and has fewer than `min_left` bytes left is dropped (`mostly_repeated`).
//!
//! ```toml
//! [[stage]]
//! use = "dedup_substring"
//! min_bytes = 200
//! snap = "line"
//! ```
//!
//! The decision holds `cuts-SPLIT`: document, range, and where the surviving copy stands (that of the range's first window).
//! Notes take about 0.6 bytes a byte of text on disk at `min_bytes = 100`.
//!
//! Source: the definition is that of Lee et al. 2022, "Deduplicating training data makes language models better"; in place of a suffix array,
//! windows meet by their anchors (winnowing, Schleimer et al. 2003), and matches are verified on the bytes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use crate::dedup::anchors::Anchors;
use crate::dedup::cuts::{Snap, without};
use crate::dedup::mix;
use crate::dedup::recent::Recent;
use crate::dedup::repeats::{Found, Group};
use crate::doc::{Doc, DocId};
use crate::scratch::Scratch;
use crate::stage::{
    Built, ByteSize, Complaint, Decision, Drop, Global, Next, NoteShape, NoteStream, Notes, Reason, Recipe, Result, Round, RunError, Shop, Spec, Stage, Verdict,
};

const REASON: &str = "mostly_repeated";

/// The table in pipeline.toml.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DedupSubstring {
    /// Bytes from which a repeated passage counts, 20 to 65536. Default 100.
    min_bytes: usize,
    /// Which copies stay: `"first"` (default) in input order, or `"none"`.
    keep: Keep,
    /// Where cuts may begin and end: `"word"` (default), `"line"` or `"char"`, which cuts all it can and joins nothing.
    snap: Snap,
    /// Bytes that must be left of a document that was cut. Default 0: keep it even if empty.
    min_left: usize,
    /// Memory for sorting and comparing; beyond it the disk is used. Default `"256 MiB"`.
    memory: ByteSize,
}

/// Which copies stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Keep {
    First,
    None,
}

impl Default for DedupSubstring {
    fn default() -> Self {
        DedupSubstring { min_bytes: 100, keep: Keep::First, snap: Snap::Word, min_left: 0, memory: ByteSize::new(256 << 20) }
    }
}

impl Recipe for DedupSubstring {
    const NAME: &'static str = "dedup_substring";

    fn spec(&self) -> Spec {
        Spec::new().needs("text").gives("text").reason(REASON)
    }

    fn build(self, shop: &mut Shop<'_>) -> std::result::Result<Built, Vec<Complaint>> {
        if !(20..=65536).contains(&self.min_bytes) {
            let message = format!("{} is out of range", self.min_bytes);
            return Err(Complaint::new("min_bytes", message, "give a number from 20 to 65536: shorter repeats are ordinary language").into());
        }
        let cut = Cut { rows: Vec::new(), snap: self.snap, min_left: self.min_left, first_stays: self.keep == Keep::First, reason: shop.reason(REASON) };
        Ok(Built::global(Repeats { anchors: Anchors::new(self.min_bytes), cut, memory: self.memory.as_usize() }))
    }
}

struct Repeats {
    anchors: Anchors,
    /// The stage to be, its rows still empty.
    cut: Cut,
    memory: usize,
}

impl Global for Repeats {
    /// Round 0: anchor hash, document, offset. Round 1: the group (mixed first document, first offset), document, offset; the same hash may hold
    /// several anchors. After it: document, start, end, copy's document, copy's start.
    fn shape(&self, round: u32) -> NoteShape {
        let width = match round {
            0 => 20,
            1 => 24,
            _ => Row::WIDTH,
        };
        NoteShape { key: 8, width: Some(width) }
    }

    fn observe(&self, doc: &Doc, scratch: &mut Scratch, notes: &mut Notes<'_>) -> Result<()> {
        let id = doc.id().to_bytes();
        let ring: &mut Vec<u64> = scratch.buffer();
        self.anchors.each(doc.text().as_bytes(), ring, |at, hash| notes.push(&[&hash.to_be_bytes(), &id, &at.to_be_bytes()]));
        Ok(())
    }

    fn reduce(&self, round: &Round<'_>, notes: &mut dyn NoteStream, outcomes: &mut Notes<'_>) -> Result<()> {
        if round.number == 0 { regroup(notes, outcomes) } else { self.compare(round, notes, outcomes) }
    }

    fn decide(&self, round: u32, outcomes: &mut dyn NoteStream, decision: &mut Decision) -> Result<Next> {
        if round == 0 {
            return Ok(Next::Again);
        }
        let mut blobs: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
        let (mut ranges, mut bytes) = (0, 0);
        let mut put = |row: Row| {
            ranges += 1;
            bytes += u64::from(row.end - row.start);
            blobs.entry((row.document >> 32) as u32).or_default().extend_from_slice(&row.to_bytes());
        };
        let mut open: Option<Row> = None;
        while let Some(note) = outcomes.next()? {
            let next = Row::from_bytes(note).ok_or_else(damaged)?;
            if let Some(separate) = Row::extend(&mut open, next) {
                put(separate);
            }
        }
        open.into_iter().for_each(&mut put);
        for (split, rows) in blobs {
            decision.put(&format!("cuts-{split:05}"), rows);
        }
        decision.count("ranges_repeated", ranges);
        decision.count("bytes_repeated", bytes);
        Ok(Next::Done)
    }

    fn stage(&self, decision: &Decision, split: u32) -> Result<Box<dyn Stage>> {
        let rows = decision.get(&format!("cuts-{split:05}"))?.unwrap_or_default();
        Ok(Box::new(Cut { rows, ..self.cut.clone() }))
    }

    fn memory(&self) -> usize {
        self.memory
    }

    fn forecast(&self, text: u64) -> u64 {
        40 * text / (self.anchors.reach as u64 + 2)
    }
}

impl Repeats {
    /// Round 1: the occurrences of one anchor after another are compared on their texts. Groups that begin in the same document come together, so the
    /// documents that share a passage are loaded once for all its anchors.
    fn compare(&self, round: &Round<'_>, notes: &mut dyn NoteStream, outcomes: &mut Notes<'_>) -> Result<()> {
        let (k, reach) = (self.anchors.k, self.anchors.reach);
        let mut texts: Recent<[u8]> = Recent::new(round.memory / 2);
        let mut group = Group::new(k, reach, !self.cut.first_stays);
        let mut open = None;
        let mut put = |found: Found| {
            let (document, anchor) = found.anchor;
            let start = |anchor: u32| anchor - found.first as u32;
            let end = anchor - found.last as u32 + (k + reach) as u32;
            let row = Row { document, start: start(anchor), end, copy: found.copy.0, copy_start: start(found.copy.1) };
            // Neighbouring anchors of one letter's text give one row.
            if let Some(separate) = Row::extend(&mut open, row) {
                outcomes.push(&[&separate.to_bytes()]);
            }
        };
        let mut name = None;
        while let Some(note) = notes.next()? {
            let Some((start, [d0, d1, d2, d3, d4, d5, d6, d7, o0, o1, o2, o3])) = note.split_first_chunk::<12>() else { return Err(damaged()) };
            let (document, at) = (u64::from_be_bytes([*d0, *d1, *d2, *d3, *d4, *d5, *d6, *d7]), u32::from_be_bytes([*o0, *o1, *o2, *o3]));
            if name != Some(*start) {
                name = Some(*start);
                group.end(&mut put);
            }
            let text = texts.get(document, || {
                let text = round.texts.text(DocId { split: (document >> 32) as u32, ordinal: document as u32 })?;
                Ok::<_, RunError>(Arc::from(text.into_bytes()))
            })?;
            group.add(&text, (document, at), &mut put);
        }
        group.end(&mut put);
        open.into_iter().for_each(|row| outcomes.push(&[&row.to_bytes()]));
        Ok(())
    }
}

/// Round 0: hashes that occur once are done with; the others go by the place where they occur first.
fn regroup(notes: &mut dyn NoteStream, outcomes: &mut Notes<'_>) -> Result<()> {
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

fn damaged() -> RunError {
    RunError::stop("the notes of dedup_substring are damaged: remove the run's spool and start again")
}

/// A repeated range of a document. Its bytes (big-endian) sort by document and start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    document: u64,
    start: u32,
    end: u32,
    copy: u64,
    copy_start: u32,
}

impl Row {
    const WIDTH: usize = 28;

    fn to_bytes(self) -> [u8; Row::WIDTH] {
        let mut bytes = [0; Row::WIDTH];
        bytes[..8].copy_from_slice(&self.document.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.start.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.end.to_be_bytes());
        bytes[16..24].copy_from_slice(&self.copy.to_be_bytes());
        bytes[24..].copy_from_slice(&self.copy_start.to_be_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Row> {
        let (document, rest) = bytes.split_first_chunk::<8>()?;
        let (start, rest) = rest.split_first_chunk::<4>()?;
        let (end, rest) = rest.split_first_chunk::<4>()?;
        let (copy, rest) = rest.split_first_chunk::<8>()?;
        Some(Row {
            document: u64::from_be_bytes(*document),
            start: u32::from_be_bytes(*start),
            end: u32::from_be_bytes(*end),
            copy: u64::from_be_bytes(*copy),
            copy_start: u32::from_be_bytes(rest.try_into().ok()?),
        })
    }

    /// Joins a row to the one open before it where they touch; else gives back the open one and opens the new one.
    fn extend(open: &mut Option<Row>, next: Row) -> Option<Row> {
        match open {
            Some(row) if row.document == next.document && row.start <= next.start && next.start <= row.end => {
                row.end = row.end.max(next.end);
                None
            }
            _ => open.replace(next),
        }
    }
}

/// Rows of one split, in order of document and start.
#[derive(Clone)]
struct Cut {
    rows: Vec<u8>,
    snap: Snap,
    min_left: usize,
    first_stays: bool,
    reason: Reason,
}

impl Stage for Cut {
    fn apply(&self, doc: &mut Doc, _: &mut Scratch) -> Result<Verdict> {
        let rows = self.rows.as_chunks::<{ Row::WIDTH }>().0;
        let id = doc.id().to_bytes();
        let from = rows.partition_point(|row| row[..8] < id[..]);
        let own = rows[from..].iter().take_while(|row| row[..8] == id[..]).filter_map(|row| Row::from_bytes(row));
        let mut own = own.peekable();
        let copy = own.peek().map(|row| row.copy);
        let Some(left) = without(doc.text(), own.map(|row| (row.start as usize, row.end as usize)), self.snap) else { return Ok(Verdict::Keep) };
        if left.len() < self.min_left {
            let drop = Drop::measured(self.reason, left.len() as f64, self.min_left as f64);
            let other = copy.filter(|_| self.first_stays).and_then(|copy| DocId::from_bytes(&copy.to_be_bytes()));
            return Ok(Verdict::Drop(Drop { other, ..drop }));
        }
        doc.set_text(left);
        Ok(Verdict::Keep)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::{Play, apply, build, place, play, roll};

    const CALM: Play = Play { ranges: 1, seed: 0, memory: 1 << 20 };

    fn corpus(texts: &[String]) -> Vec<Doc> {
        let mut docs: Vec<Doc> = texts.iter().map(Doc::from_text).collect();
        place(&mut docs, 3);
        docs
    }

    fn global(min_bytes: usize, keep: Keep) -> Repeats {
        let cut = Cut { rows: Vec::new(), snap: Snap::Char, min_left: 0, first_stays: keep == Keep::First, reason: Reason(0) };
        Repeats { anchors: Anchors::new(min_bytes), cut, memory: 1 << 20 }
    }

    /// The texts without the bytes of windows that go, by comparing each window with each other; cuts shrink to whole characters.
    fn brute(texts: &[String], length: usize, keep: Keep) -> Vec<String> {
        let all: Vec<&[u8]> = texts.iter().flat_map(|text| text.as_bytes().windows(length)).collect();
        let mut number = 0;
        let mut left = Vec::new();
        for text in texts {
            let mut gone = vec![false; text.len()];
            for start in 0..(text.len() + 1).saturating_sub(length) {
                let same = |other: usize| all[other] == all[number];
                let goes = (0..number).any(same) || keep == Keep::None && (number + 1..all.len()).any(same);
                gone[start..start + length].iter_mut().for_each(|byte| *byte |= goes);
                number += 1;
            }
            // A character goes if all its bytes do.
            let whole = |at: usize, c: char| gone[at..at + c.len_utf8()].iter().all(|gone| *gone);
            left.push(text.char_indices().filter(|(at, c)| !whole(*at, *c)).map(|(_, c)| c).collect());
        }
        left
    }

    fn random(seed: u64) -> Vec<String> {
        let alphabet = ["a", "b", "é", "中"];
        let letters = 2 + roll(seed, 0) % 3;
        let mut texts: Vec<String> = Vec::new();
        for number in 0..1 + roll(seed, 1) % 9 {
            let roll = |what: u64| roll(seed, number << 32 | 9 << 20 | what);
            let mut text: String = (0..roll(0) % 50).map(|i| alphabet[(roll(100 + i) % letters) as usize]).collect();
            match roll(1) % 4 {
                // A passage of an earlier text, a periodic text, or nothing more.
                0 if !texts.is_empty() => {
                    let other = &texts[roll(2) as usize % texts.len()];
                    text.extend(other.chars().skip(roll(3) as usize % 20).take(roll(4) as usize % 40));
                }
                1 => text += &text.chars().take(1 + roll(5) as usize % 3).collect::<String>().repeat(roll(6) as usize % 20),
                _ => {}
            }
            texts.push(text);
        }
        texts
    }

    #[test]
    fn random_corpora_come_out_as_by_brute_force() {
        let mut cut = 0;
        for seed in 0..1000 {
            let texts = random(seed);
            let length = [2, 3, 5, 8, 13, 20, 31][roll(seed, 2) as usize % 7];
            for keep in [Keep::First, Keep::None] {
                let global = global(length, keep);
                for how in [CALM, Play { ranges: 7, seed: seed + 1, memory: 100 }] {
                    let mut docs = corpus(&texts);
                    let played = play(&global, &docs, how).unwrap();
                    assert!(apply(&global, &played.decision, &mut docs).unwrap().iter().all(|verdict| *verdict == Verdict::Keep));
                    let left: Vec<&str> = docs.iter().map(Doc::text).collect();
                    assert_eq!(left, brute(&texts, length, keep), "seed {seed}, length {length}, {keep:?}, texts {texts:?}");
                    cut += usize::from(left != texts);
                }
            }
        }
        assert!(cut > 2000, "{cut}");
    }

    #[test]
    fn copies_are_named_and_the_decision_does_not_depend_on_cutting() {
        for seed in 0..200 {
            let docs = corpus(&random(seed));
            let global = global(6, Keep::First);
            let rows = |how| {
                let decision = play(&global, &docs, how).unwrap().decision;
                (0..4).map(|split| decision.get(&format!("cuts-{split:05}")).unwrap().unwrap_or_default()).collect::<Vec<_>>()
            };
            let calm = rows(CALM);
            assert_eq!(calm, rows(Play { ranges: 20, seed, memory: 0 }));
            for row in calm.iter().flat_map(|rows| rows.as_chunks::<28>().0).map(|row| Row::from_bytes(row).unwrap()) {
                let window = |document: u64, start: u32| {
                    let doc = docs.iter().find(|doc| doc.id().to_bytes() == document.to_be_bytes()).unwrap();
                    &doc.text().as_bytes()[start as usize..][..6]
                };
                assert_eq!(window(row.document, row.start), window(row.copy, row.copy_start));
                assert!((row.copy, row.copy_start) < (row.document, row.start));
            }
        }
    }

    #[test]
    fn a_notice_stays_once() {
        let notice = "This page is provided as it is, without any warranty of whatever kind, and you use it wholly at your own risk, dear reader.";
        let texts = [format!("First text.\n\n{notice}\n\nIts end."), format!("Second text.\n\n{notice}\n\nIts end too."), notice.to_owned()];
        let run = |table: &str| {
            let mut docs = corpus(&texts);
            let global = build::<DedupSubstring>(table).unwrap();
            let played = play(&*global, &docs, CALM).unwrap();
            let verdicts = apply(&*global, &played.decision, &mut docs).unwrap();
            (docs.iter().map(|doc| doc.text().to_owned()).collect::<Vec<_>>(), verdicts)
        };
        // The repeat reaches from " text." to "Its end".
        let (left, verdicts) = run("");
        assert_eq!(left, [texts[0].as_str(), "Second too.", ""]);
        assert_eq!(verdicts, [Verdict::Keep, Verdict::Keep, Verdict::Keep]);
        let (left, verdicts) = run("snap = 'line'\nmin_left = 10");
        assert_eq!(left, [texts[0].as_str(), "Second text.\n\nIts end too.", notice]);
        let drop = Drop::measured(Reason(0), 0.0, 10.0).because_of(DocId { split: 0, ordinal: 0 });
        assert_eq!(verdicts, [Verdict::Keep, Verdict::Keep, Verdict::Drop(drop)]);
        assert_eq!(run("keep = 'none'\nsnap = 'line'").0, ["First text.\n\nIts end.", "Second text.\n\nIts end too.", ""]);
    }

    #[test]
    fn one_letter_and_a_crowd_take_bounded_work() {
        let mut texts = vec!["a".repeat(30_000), "ab".repeat(10_000)];
        texts.extend((0..2000).map(|number| format!("{number:08x} {} {number:08x}", "the same line in all of these documents, which is long enough to count ".repeat(2))));
        let docs = corpus(&texts);
        let played = play(&global(100, Keep::First), &docs, CALM).unwrap();
        assert_eq!(played.decision.counts["ranges_repeated"], 2 + 1999);
    }

    #[test]
    fn wrong_tables_are_refused() {
        assert!(build::<DedupSubstring>("min_bytes = 3").is_err_and(|said| said.contains("min_bytes: 3 is out of range")));
        assert!(build::<DedupSubstring>("keep = 'last'").is_err());
        assert!(build::<DedupSubstring>("snip = 'word'").is_err());
    }
}
