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
//! The decision holds `cuts-SPLIT` (with `"drop"`, `repeats-SPLIT`): document, range, and where the surviving copy stands (that of the range's first window).
//! Notes take about 0.6 bytes a byte of text on disk at `min_bytes = 100`.
//!
//! Source: the definition is that of Lee et al. 2022, "Deduplicating training data makes language models better"; in place of a suffix array,
//! windows meet by their anchors (winnowing, Schleimer et al. 2003), and matches are verified on the bytes.

mod compare;

use serde::Deserialize;

use self::compare::Comparison;
use super::passages::{self, Copies, Keys, Mode, Passages, Rows};
use crate::dedup::anchors::Anchors;
use crate::dedup::cuts::Snap;
use crate::dedup::ranges::{Note, Range, WIDTH};
use crate::dedup::repeats::Group;
use crate::doc::{Doc, DocId};
use crate::scratch::Scratch;
use crate::stage::{
    Built, ByteSize, Complaint, Decision, Global, Next, NoteShape, NoteStream, Notes, Recipe, Result, Round, RunError, Share, Shop, Spec, Stage,
};

/// The table in pipeline.toml.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DedupSubstring {
    /// Bytes from which a repeated passage counts, 20 to 65536. Default 100.
    min_bytes: usize,
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
    /// Memory for sorting and comparing; beyond it the disk is used. Default `"256 MiB"`.
    memory: ByteSize,
}

impl Default for DedupSubstring {
    fn default() -> Self {
        let memory = ByteSize::new(256 << 20);
        DedupSubstring { min_bytes: 100, keep: Copies::First, snap: Snap::Word, mode: Mode::Cut, max_share: None, min_left: None, memory }
    }
}

impl Recipe for DedupSubstring {
    const NAME: &'static str = "dedup_substring";

    fn spec(&self) -> Spec {
        passages::spec()
    }

    fn build(self, shop: &mut Shop<'_>) -> std::result::Result<Built, Vec<Complaint>> {
        if !(20..=65536).contains(&self.min_bytes) {
            let message = format!("{} is out of range", self.min_bytes);
            return Err(Complaint::new("min_bytes", message, "give a number from 20 to 65536: shorter repeats are ordinary language").into());
        }
        let keys = Keys { keep: self.keep, mode: self.mode, max_share: self.max_share, min_left: self.min_left };
        let passages = keys.build(shop, self.snap)?;
        Ok(Built::global(Repeats { anchors: Anchors::new(self.min_bytes), passages, memory: self.memory.as_usize() }))
    }
}

struct Repeats {
    anchors: Anchors,
    passages: Passages,
    memory: usize,
}

impl Global for Repeats {
    /// Round 0: anchor hash, document, offset. Round 1: the group (mixed first document, first offset), document, offset. After it:
    /// [`Note`]s; as long as there are cores among them, another round.
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
        let ring: &mut Vec<u64> = scratch.buffer();
        self.anchors.each(doc.text().as_bytes(), ring, |at, hash| notes.push(&[&hash.to_be_bytes(), &id, &at.to_be_bytes()]));
        Ok(())
    }

    fn reduce(&self, round: &Round<'_>, notes: &mut dyn NoteStream, outcomes: &mut Notes<'_>) -> Result<()> {
        if round.number == 0 {
            return compare::regroup(notes, outcomes);
        }
        let group = Group::new(self.anchors.k + self.anchors.reach, !self.passages.first_stays, self.memory / 8);
        let comparison = Comparison::new(group, round, outcomes);
        if round.number == 1 { comparison.anchors(self.anchors.reach, notes) } else { comparison.cores(notes) }
    }

    fn decide(&self, round: u32, outcomes: &mut dyn NoteStream, decision: &mut Decision) -> Result<Next> {
        if round == 0 {
            return Ok(Next::Again);
        }
        let mut rows = Rows::default();
        let (mut open, mut again) = (None, false);
        while let Some(note) = outcomes.next()? {
            match Note::from_bytes(note).ok_or_else(damaged)? {
                Note::Range(range) => Range::extend(&mut open, range).into_iter().for_each(|range| rows.put(range)),
                Note::Core(_) => again = true,
            }
        }
        if again {
            return Ok(Next::Again);
        }
        open.into_iter().for_each(|range| rows.put(range));
        rows.decide(&self.passages, decision);
        Ok(Next::Done)
    }

    fn stage(&self, decision: &Decision, split: u32) -> Result<Box<dyn Stage>> {
        self.passages.stage(decision, split)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::{Drop, Reason, Verdict};
    use crate::stages::rehearsal::{Play, apply, build, place, play, roll};

    const CALM: Play = Play { ranges: 1, seed: 0, memory: 1 << 20 };

    fn corpus(texts: &[String]) -> Vec<Doc> {
        let mut docs: Vec<Doc> = texts.iter().map(Doc::from_text).collect();
        place(&mut docs, 3);
        docs
    }

    /// With little memory groups of more than a few contexts are divided.
    fn global(min_bytes: usize, keep: Copies, memory: usize) -> Repeats {
        Repeats { anchors: Anchors::new(min_bytes), passages: Passages::cutting(keep), memory }
    }

    /// The texts without the bytes of windows that go, by comparing each window with each other; cuts shrink to whole characters.
    fn brute(texts: &[String], length: usize, keep: Copies) -> Vec<String> {
        let all: Vec<&[u8]> = texts.iter().flat_map(|text| text.as_bytes().windows(length)).collect();
        let mut number = 0;
        let mut left = Vec::new();
        for text in texts {
            let mut gone = vec![false; text.len()];
            for start in 0..(text.len() + 1).saturating_sub(length) {
                let same = |other: usize| all[other] == all[number];
                let goes = (0..number).any(same) || keep == Copies::None && (number + 1..all.len()).any(same);
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
            for keep in [Copies::First, Copies::None] {
                for (memory, how) in [(1 << 20, CALM), (1000, Play { ranges: 7, seed: seed + 1, memory: 100 })] {
                    let global = global(length, keep, memory);
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
            let global = global(6, Copies::First, 2000);
            let rows = |how| {
                let decision = play(&global, &docs, how).unwrap().decision;
                (0..4).map(|split| decision.get(&format!("cuts-{split:05}")).unwrap().unwrap_or_default()).collect::<Vec<_>>()
            };
            let calm = rows(CALM);
            assert_eq!(calm, rows(Play { ranges: 20, seed, memory: 0 }));
            for row in docs.iter().flat_map(|doc| Range::of(&calm[doc.id().split as usize], u64::from_be_bytes(doc.id().to_bytes()))) {
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
        let drop = Drop::measured(Reason(1), 0.0, 10.0).because_of(DocId { split: 0, ordinal: 0 });
        assert_eq!(verdicts, [Verdict::Keep, Verdict::Keep, Verdict::Drop(drop)]);
        // Of the second text all but "Second" and " too." is repeated, of the third all.
        let (left, verdicts) = run("mode = 'drop'\nmax_share = 0.8");
        assert_eq!(left, texts);
        let reasons = verdicts.iter().map(|verdict| if let Verdict::Drop(drop) = verdict { drop.value } else { None });
        assert_eq!(reasons.collect::<Vec<_>>(), [None, Some((texts[1].len() - 11) as f64 / texts[1].len() as f64), Some(1.0)]);
        assert_eq!(run("keep = 'none'\nsnap = 'line'").0, ["First text.\n\nIts end.", "Second text.\n\nIts end too.", ""]);
    }

    #[test]
    fn one_letter_and_a_crowd_take_bounded_work() {
        let mut texts = vec!["a".repeat(30_000), "ab".repeat(10_000)];
        texts.extend(
            (0..2000)
                .map(|number| format!("{number:08x} {} {number:08x}", "the same line in all of these documents, which is long enough to count ".repeat(2))),
        );
        let docs = corpus(&texts);
        let played = play(&global(100, Copies::First, 1 << 20), &docs, CALM).unwrap();
        assert_eq!(played.decision.counts["ranges_repeated"], 2 + 1999);
    }

    #[test]
    fn wrong_tables_are_refused() {
        assert!(build::<DedupSubstring>("min_bytes = 3").is_err_and(|said| said.contains("min_bytes: 3 is out of range")));
        assert!(build::<DedupSubstring>("max_share = 0.5").is_err_and(|said| said.contains("max_share")));
        assert!(build::<DedupSubstring>("mode = 'drop'\nmin_left = 5").is_err_and(|said| said.contains("min_left")));
        assert!(build::<DedupSubstring>("keep = 'last'").is_err());
        assert!(build::<DedupSubstring>("snip = 'word'").is_err());
    }
}
