//! What becomes of passages that stand more than once: keys and the stage that `dedup_substring`, `dedup_lines` and their kin share.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{against, examples};
use crate::dedup::cuts::{Snap, without};
use crate::dedup::index::Index;
use crate::dedup::ranges::{EARLIER, Note, Range};
use crate::dedup::records::OLD;
use crate::doc::Doc;
use crate::scratch::Scratch;
use crate::stage::{Complaint, Decision, Drop, Reason, Result, RunError, Share, Shop, Spec, Stage, Texts, Verdict};

const REPEATED: &str = "mostly_repeated";
const LITTLE: &str = "little_left";

/// Which copies stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Copies {
    /// The first in input order.
    First,
    /// No copy.
    None,
}

/// What happens to a document that holds repeated passages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// They are cut out.
    Cut,
    /// It goes as a whole where they are too large a share of it; else nothing happens.
    Drop,
}

/// The keys as written.
pub struct Keys {
    /// `keep`.
    pub keep: Copies,
    /// `mode`.
    pub mode: Mode,
    /// `max_share`.
    pub max_share: Option<Share>,
    /// `min_left`.
    pub min_left: Option<usize>,
}

/// Adds the reasons of these keys.
pub fn spec() -> Spec {
    Spec::new().needs("text").gives("text").reason(REPEATED).reason(LITTLE)
}

impl Keys {
    /// The rule that the keys describe; cuts shrink to what `snap` says.
    pub fn build(self, shop: &mut Shop<'_>, snap: Snap) -> std::result::Result<Passages, Complaint> {
        let unused = |key: &str, other: &str| {
            let message = format!("`{key}` goes with `mode = \"{other}\"`, which is not given");
            Complaint::new(key, message, format!("leave it out, or give `mode = \"{other}\"`"))
        };
        match self.mode {
            Mode::Cut if self.max_share.is_some() => return Err(unused("max_share", "drop")),
            Mode::Drop if self.min_left.is_some() => return Err(unused("min_left", "cut")),
            _ => {}
        }
        Ok(Passages {
            mode: self.mode,
            snap,
            max_share: self.max_share.unwrap_or(Share::new(0.5)).get(),
            min_left: self.min_left.unwrap_or(0),
            first_stays: self.keep == Copies::First,
            repeated: shop.reason(REPEATED),
            little: shop.reason(LITTLE),
        })
    }
}

/// The rule.
#[derive(Clone, Copy, Debug)]
pub struct Passages {
    mode: Mode,
    snap: Snap,
    max_share: f64,
    min_left: usize,
    /// Whether the first copy of a passage stays.
    pub first_stays: bool,
    repeated: Reason,
    little: Reason,
}

impl Passages {
    /// Cuts to the byte, as far as characters go.
    #[cfg(test)]
    pub fn cutting(keep: Copies) -> Passages {
        let (repeated, little) = (Reason(0), Reason(1));
        Passages { mode: Mode::Cut, snap: Snap::Char, max_share: 0.5, min_left: 0, first_stays: keep == Copies::First, repeated, little }
    }

    /// The name of the decision's blob for a split: what is cut out, or what was only looked at.
    pub fn blob(&self, split: impl std::fmt::Display) -> String {
        let kind = if self.mode == Mode::Cut { "cuts" } else { "repeats" };
        format!("{kind}-{split:0>5}")
    }

    /// Cuts the ranges, which are ascending, out of a text, or says that it goes.
    pub fn judge(&self, doc: &mut Doc, mut ranges: Vec<(usize, usize)>) -> Verdict {
        // Those that touch are one, so that a seam is mended once.
        ranges.dedup_by(|next, last| {
            let touch = next.0 <= last.1;
            if touch {
                last.1 = last.1.max(next.1);
            }
            touch
        });
        if ranges.is_empty() {
            return Verdict::Keep;
        }
        let drop = match self.mode {
            Mode::Drop => {
                let share = ranges.iter().map(|(start, end)| end - start).sum::<usize>() as f64 / doc.text().len().max(1) as f64;
                (share > self.max_share).then(|| Drop::measured(self.repeated, share, self.max_share))
            }
            Mode::Cut => match without(doc.text(), ranges, self.snap) {
                Some(left) if left.len() < self.min_left => Some(Drop::measured(self.little, left.len() as f64, self.min_left as f64)),
                Some(left) => {
                    doc.set_text(left);
                    None
                }
                None => None,
            },
        };
        drop.map_or(Verdict::Keep, Verdict::Drop)
    }

    /// Writes a few documents with their repeated passages into the decision, for people to look at.
    pub fn publish(&self, decision: &mut Decision, texts: &dyn Texts, old: Option<&Index>) -> Result<()> {
        examples::repeats(decision, texts, self.snap, old)
    }

    /// The stage over a decision, for one split; `old` is the earlier corpus, if copies may stand there.
    pub fn stage(self, decision: &Decision, split: u32, old: Option<Arc<Index>>) -> Result<Box<dyn Stage>> {
        let rows = decision.get(&self.blob(split))?.unwrap_or_default();
        Ok(Box::new(Apart { rows, rule: self, old }))
    }
}

/// Writes repeated ranges, which come in order of document and start, into the decision.
pub struct Rows<'d> {
    rule: Passages,
    old: Option<&'d Index>,
    decision: &'d mut Decision,
    /// The document of the earlier corpus that was named last.
    named: (u64, String),
    ranges: u64,
    bytes: u64,
    /// The last document, and where its ranges end so far.
    reached: (u64, u32),
    shown: examples::Repeats,
}

impl<'d> Rows<'d> {
    /// Rows of a decision; `old` is the earlier corpus, if copies may stand there.
    pub fn new(rule: Passages, old: Option<&'d Index>, decision: &'d mut Decision) -> Rows<'d> {
        Rows { rule, old, decision, named: Default::default(), ranges: 0, bytes: 0, reached: (0, 0), shown: Default::default() }
    }

    /// Takes up a range; what an earlier one covers is not counted again.
    pub fn put(&mut self, range: Range) -> Result<()> {
        let covered = if self.reached.0 == range.document { self.reached.1 } else { 0 };
        self.ranges += 1;
        self.bytes += u64::from(range.end.saturating_sub(range.start.max(covered)));
        self.reached = (range.document, range.end.max(covered));
        self.shown.offer(range);
        let split = range.document >> 32;
        if let Some(old) = self.old.filter(|_| range.copy & OLD != 0) {
            if self.named.0 != range.copy {
                self.named = (range.copy, old.doc(range.copy & !OLD).map_err(against::unread)?.name);
            }
            let line = Earlier { ordinal: range.document as u32, start: range.start, end: range.end, copy: &self.named.1, copy_start: range.copy_start };
            let mut line = serde_json::to_string(&line).map_err(RunError::stop)?;
            line.push('\n');
            self.decision.append(&format!("{EARLIER}{split:0>5}.jsonl"), line.as_bytes())?;
        }
        self.decision.append(&self.rule.blob(split), &Note::Range(range).to_bytes())
    }

    /// Writes the counts, and what [`Passages::publish`] needs.
    pub fn end(self) {
        self.shown.end(self.decision);
        self.decision.count("ranges_repeated", self.ranges);
        self.decision.count("bytes_repeated", self.bytes);
    }
}

/// A range of which a copy stands in an earlier corpus, for whoever wants to look.
#[derive(Serialize)]
struct Earlier<'n> {
    ordinal: u32,
    start: u32,
    end: u32,
    copy: &'n str,
    copy_start: u32,
}

struct Apart {
    /// Ranges of one split, in order of document and start.
    rows: Vec<u8>,
    rule: Passages,
    old: Option<Arc<Index>>,
}

impl Stage for Apart {
    fn apply(&self, doc: &mut Doc, _: &mut Scratch) -> Result<Verdict> {
        let id = u64::from_be_bytes(doc.id().to_bytes());
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        let mut other = None;
        for range in Range::of(&self.rows, id) {
            ranges.push((range.start as usize, range.end as usize));
            // What stays: a copy of this run where the first does, and any of an earlier corpus.
            let stays = |copy: &u64| *copy & OLD != 0 || self.rule.first_stays && *copy != id;
            other = other.or(Some(range.copy).filter(stays));
        }
        match (self.rule.judge(doc, ranges), other) {
            (Verdict::Drop(drop), Some(other)) => Ok(Verdict::Drop(against::because_of(drop, other, self.old.as_deref())?)),
            (verdict, _) => Ok(verdict),
        }
    }
}
