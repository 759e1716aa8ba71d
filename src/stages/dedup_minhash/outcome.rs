//! What comes of the pairs found alike: who goes and because of whom, and the tables of pairs and groups. All of it streams: what is not sorted as it
//! comes is sorted as the notes of a last round.

use std::io::{ErrorKind, Read};

use parquet::errors::ParquetError;

use super::{GONE, LEFT_OUT, NearDuplicates, SETTLED, damaged, unpack};
use crate::dedup::clusters::{Edge, Rule, members};
use crate::dedup::drops;
use crate::dedup::examples::Chosen;
use crate::dedup::greedy::{Bits, Greedy};
use crate::dedup::records::{OLD, Record};
use crate::dedup::tables::{self, Row};
use crate::stage::{Decision, Next, NoteStream, Result, Round, RunError, Texts};
use crate::stages::keep::Survivor;
use crate::stages::{against, examples};

/// Blobs on the way to their tables: rows of two documents and a similarity, 24 bytes, and the sizes of groups, 4 bytes.
const EDGES: &str = "edges";
const MEMBERS: &str = "members";
const SIZES: &str = "sizes";

/// Writes the drops of each split, and what the tables are made of. Each kind comes in its order.
pub(super) struct Outcome<'d> {
    decision: &'d mut Decision,
    /// The group that is open: its leader and its size so far.
    group: Option<(u64, u32)>,
    groups: u64,
}

impl<'d> Outcome<'d> {
    pub(super) fn new(decision: &'d mut Decision) -> Outcome<'d> {
        Outcome { decision, group: None, groups: 0 }
    }

    fn row(&mut self, blob: &str, a: u64, b: u64, alike: f64) -> Result<()> {
        self.decision.append(blob, [a, b, alike.to_bits()].map(u64::to_le_bytes).as_flattened())
    }

    /// A pair alike.
    pub(super) fn edge(&mut self, later: u64, earlier: u64, alike: f64) -> Result<()> {
        self.row(EDGES, later, earlier, alike)
    }

    /// A document goes; in order of the documents.
    pub(super) fn gone(&mut self, document: u64, other: u64, alike: f64) -> Result<()> {
        self.decision.append(&format!("drops-{:05}", document >> 32), &drops::row(document as u32, other, alike))
    }

    /// A document of a group; in order of the leaders.
    pub(super) fn follower(&mut self, leader: u64, document: u64, alike: f64) -> Result<()> {
        match &mut self.group {
            Some((same, size)) if *same == leader => *size += 1,
            _ => {
                self.end_group()?;
                self.group = Some((leader, 2));
            }
        }
        self.row(MEMBERS, leader, document, alike)
    }

    fn end_group(&mut self) -> Result<()> {
        let Some((_, size)) = self.group.take() else { return Ok(()) };
        self.groups += 1;
        self.decision.append(SIZES, &size.to_le_bytes())
    }

    pub(super) fn end(mut self) -> Result<()> {
        self.end_group()?;
        self.decision.count("clusters", self.groups);
        Ok(())
    }
}

/// The next so many bytes of a blob.
fn take<const N: usize>(blob: &mut dyn Read) -> Result<Option<[u8; N]>> {
    let mut bytes = [0; N];
    match blob.read_exact(&mut bytes) {
        Ok(()) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(RunError::stop(format!("cannot read what the tables of clusters are made of: {error}"))),
    }
}

fn next_row(blob: &mut dyn Read) -> Result<Option<(u64, u64, f64)>> {
    let number = |row: &[u8; 24], at: usize| u64::from_le_bytes(std::array::from_fn(|byte| row[at + byte]));
    Ok(take::<24>(blob)?.map(|row| (number(&row, 0), number(&row, 8), f64::from_bits(number(&row, 16)))))
}

impl NearDuplicates {
    /// Makes the choice over the pairs known to be alike; another round follows as long as pairs are to be compared, and one after the last choice.
    pub(super) fn choose(&self, round: u32, outcomes: &mut dyn NoteStream, decision: &mut Decision) -> Result<Next> {
        let mut greedy = Greedy::default();
        let mut edges: Vec<Edge> = Vec::new();
        let (mut pairs, mut members, mut tallies) = (false, false, [0; 2]);
        let (mut last, mut alike_pairs) = (None, 0);
        while let Some(record) = self.next_record(outcomes)? {
            match record {
                Record::Pair { .. } => pairs = true,
                Record::Member { .. } => members = true,
                Record::Tally { what, count } => tallies[usize::from(what == LEFT_OUT)] += count,
                // A pair that meets in several bands, or in two rounds, comes more than once.
                Record::Edge { later, earlier, alike } if last.replace((later, earlier)) != Some((later, earlier)) => {
                    alike_pairs += 1;
                    greedy.edge(earlier.doc, later.doc);
                    if self.rule == Rule::Components {
                        edges.push(Edge { earlier, later, alike });
                    }
                }
                Record::Edge { .. } => {}
                Record::Gone { .. } | Record::Follower { .. } => return Err(damaged()),
            }
        }
        if pairs || (members && round % 2 == 1) {
            if round % 2 == 1 {
                decision.put(GONE, greedy.gone.to_bytes());
            }
            return Ok(Next::Again);
        }
        for (name, count) in [("pairs_compared", tallies[0]), ("pairs_alike", alike_pairs), ("pairs_left_out", tallies[1])] {
            decision.count(name, count);
        }
        match self.rule {
            Rule::Greedy => {
                decision.put(GONE, greedy.gone.to_bytes());
                decision.put(SETTLED, Vec::new());
                Ok(Next::Again)
            }
            Rule::Components => {
                decision.put(GONE, Vec::new());
                self.components(&edges, decision)?;
                Ok(Next::Done)
            }
        }
    }

    /// The end of the last round of the greedy choice: everything comes sorted.
    pub(super) fn outcome(&self, outcomes: &mut dyn NoteStream, decision: &mut Decision) -> Result<Next> {
        let mut outcome = Outcome::new(decision);
        while let Some(record) = self.next_record(outcomes)? {
            match record {
                Record::Edge { later, earlier, alike } => outcome.edge(later.doc, earlier.doc, alike)?,
                Record::Gone { document, other, alike } => outcome.gone(document, other, alike)?,
                Record::Follower { leader, document, alike } => outcome.follower(leader, document, alike)?,
                _ => return Err(damaged()),
            }
        }
        outcome.end()?;
        decision.put(GONE, Vec::new());
        Ok(Next::Done)
    }

    /// The last round of the greedy choice, which is made: each document that goes finds the one because of which it does.
    pub(super) fn settle(&self, round: &Round<'_>, notes: &mut dyn NoteStream, emit: &mut impl FnMut(Record)) -> Result<()> {
        let gone = round.decided.get(GONE)?.and_then(|bytes| Bits::from_bytes(&bytes)).ok_or_else(damaged)?;
        let (mut last, mut done) = (None, None);
        while let Some(record) = self.next_record(notes)? {
            let Record::Edge { later, earlier, alike } = record else { continue };
            // A pair that meets in several bands, or in two rounds, comes more than once.
            if last.replace((later, earlier)) == Some((later, earlier)) {
                continue;
            }
            emit(record);
            if done != Some(later) && gone.has(later.doc) && !gone.has(earlier.doc) {
                done = Some(later);
                emit(Record::Gone { document: later.doc, other: earlier.doc, alike });
                emit(Record::Follower { leader: earlier.doc, document: later.doc, alike });
            }
        }
        Ok(())
    }

    /// What comes of connected components, which are found in memory.
    pub(super) fn components(&self, edges: &[Edge], decision: &mut Decision) -> Result<()> {
        let mut found = members(edges, self.rule);
        found.sort_unstable_by_key(|member| (member.leader.doc, member.place.doc));
        let none = matches!(self.keep, Survivor::None);
        let mut outcome = Outcome::new(decision);
        let mut gone: Vec<(u64, u64, f64)> = Vec::new();
        let mut last = None;
        for member in found {
            let (leader, document) = (member.leader.doc, member.place.doc);
            if last.replace(leader) != Some(leader) && none && leader & OLD == 0 {
                gone.push((leader, document, member.alike));
            }
            if document & OLD == 0 {
                gone.push((document, leader, member.alike));
            }
            outcome.follower(leader, document, member.alike)?;
        }
        gone.sort_unstable_by_key(|(document, ..)| *document);
        gone.into_iter().try_for_each(|(document, other, alike)| outcome.gone(document, other, alike))?;
        edges.iter().try_for_each(|edge| outcome.edge(edge.later.doc, edge.earlier.doc, edge.alike))?;
        outcome.end()
    }

    /// Turns pairs and groups into tables, with the documents' names.
    pub(super) fn tables(&self, decision: &mut Decision, texts: &dyn Texts) -> Result<()> {
        let mut edges = decision.take(EDGES)?;
        let table = tables::edges::<Trouble>(|| Ok(next_row(&mut *edges)?), |bytes| Ok(decision.append("edges.parquet", bytes)?));
        table.map_err(|Trouble(error)| error)?;
        let (mut members, mut sizes) = (decision.take(MEMBERS)?, decision.take(SIZES)?);
        let kept = !matches!(self.keep, Survivor::None);
        let (mut cluster, mut size, mut waiting, mut leader) = (0, 0, None, None);
        let mut shown = Chosen::default();
        let mut next = || -> Result<Option<Row>> {
            let (doc, similarity) = match waiting.take() {
                Some(member) => member,
                None => {
                    let Some((of, document, alike)) = next_row(&mut *members)? else { return Ok(None) };
                    if (of | document) & OLD == 0 {
                        shown.offer([of, document], || alike);
                    }
                    if leader == Some(of) {
                        (document, alike)
                    } else {
                        // A group begins with the one that stays.
                        cluster += u64::from(leader.is_some());
                        leader = Some(of);
                        size = take::<4>(&mut *sizes)?.map(u32::from_le_bytes).ok_or_else(damaged)?;
                        waiting = Some((document, alike));
                        (of, 1.0)
                    }
                }
            };
            let (id, url) = match &self.old {
                Some(old) if doc & OLD != 0 => old.doc(doc & !OLD).map(|old| (old.name, old.url)).map_err(against::unread)?,
                _ => texts.name(unpack(doc))?,
            };
            let kept = doc & OLD != 0 || (kept && leader == Some(doc));
            Ok(Some(Row { cluster, size, doc, id, url, kept, similarity }))
        };
        let table = tables::clusters::<Trouble>(|| Ok(next()?), |bytes| Ok(decision.append("clusters.parquet", bytes)?));
        table.map_err(|Trouble(error)| error)?;
        examples::alike(decision, texts, shown)
    }
}

/// What may go wrong while a table is made.
struct Trouble(RunError);

impl From<RunError> for Trouble {
    fn from(error: RunError) -> Trouble {
        Trouble(error)
    }
}

impl From<ParquetError> for Trouble {
    fn from(error: ParquetError) -> Trouble {
        Trouble(RunError::stop(format!("cannot write the tables of clusters: {error}")))
    }
}
