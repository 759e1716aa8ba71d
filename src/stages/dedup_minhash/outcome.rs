//! What comes of the pairs found alike: who goes and because of whom, and what the tables of pairs and groups are made of. All of it streams: what is not
//! sorted as it comes is sorted as the notes of a last round.

use super::{GONE, LEFT_OUT, NearDuplicates, damaged};
use crate::dedup::clusters::{Groups, Rule, Union};
use crate::dedup::drops;
use crate::dedup::greedy::{Bits, Greedy};
use crate::dedup::records::{OLD, Place, Record};
use crate::stage::{Decision, Next, NoteStream, Result, Round};
use crate::stages::keep::Survivor;

/// Blobs on the way to their tables: rows of two documents and a similarity, 24 bytes, and the sizes of groups, 4 bytes.
pub(super) const EDGES: &str = "edges";
pub(super) const MEMBERS: &str = "members";
pub(super) const SIZES: &str = "sizes";

/// Blob of the groups of connected documents.
const GROUPS: &str = "groups";
/// Blob of the documents that are in pairs.
const PAIRED: &str = "paired";
/// Blob that says what the rounds are at, a byte; none while pairs are compared.
const STEP: &str = "step";

/// What follows the last choice, of which each is a round.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Greedy: who goes finds the one because of whom.
    Settle = 1,
    /// Components: pairs are sorted and united,
    Link,
    /// their sides gathered by group,
    Gather,
    /// and each group parted into who stays and who goes.
    Part,
    /// Where memory is too small to unite them: pairs are made to go both ways,
    Spread,
    /// stars hang documents on the first they know, in turns,
    Large,
    /// until nothing moves,
    Small,
    /// and the sides of the pairs are sorted to their documents,
    Sides,
    /// where they find their groups, to be parted.
    Join,
}

const STEPS: [Step; 9] = [Step::Settle, Step::Link, Step::Gather, Step::Part, Step::Spread, Step::Large, Step::Small, Step::Sides, Step::Join];

impl Step {
    pub(super) fn put(self, decision: &mut Decision) {
        decision.put(STEP, vec![self as u8]);
    }

    pub(super) fn of(decision: &Decision) -> Result<Option<Step>> {
        let step = decision.get(STEP)?;
        let found = |byte: u8| STEPS.into_iter().find(|step| *step as u8 == byte);
        step.map(|step| step.first().and_then(|byte| found(*byte)).ok_or_else(damaged)).transpose()
    }
}

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

/// A group whose members are coming.
#[derive(Default)]
struct Group {
    /// The first in survivor order.
    leader: u64,
    /// The first of the others in input order, and how alike it is.
    first: Option<(u64, f64)>,
}

impl NearDuplicates {
    /// Makes the choice over the pairs known to be alike; another round follows as long as pairs are to be compared, and more after the last choice.
    pub(super) fn choose(&self, round: u32, outcomes: &mut dyn NoteStream, decision: &mut Decision) -> Result<Next> {
        let (mut greedy, mut paired) = (Greedy::default(), Bits::default());
        let (mut pairs, mut members, mut tallies) = (false, false, [0; 2]);
        let (mut last, mut alike_pairs) = (None, 0);
        while let Some(record) = self.next_record(outcomes)? {
            match record {
                Record::Pair { .. } => pairs = true,
                Record::Member { .. } => members = true,
                Record::Tally { what, count } => tallies[usize::from(what == LEFT_OUT)] += count,
                // A pair that meets in several bands, or in two rounds, comes more than once.
                Record::Edge { later, earlier, .. } if last.replace((later, earlier)) != Some((later, earlier)) => {
                    alike_pairs += 1;
                    if self.threshold.is_some() {
                        greedy.edge(earlier.doc, later.doc);
                    }
                    if self.rule == Rule::Components {
                        paired.add(earlier.doc);
                        paired.add(later.doc);
                    }
                }
                Record::Edge { .. } => {}
                _ => return Err(damaged()),
            }
        }
        let again = pairs || (members && round % 2 == 1);
        if again && round.is_multiple_of(2) {
            return Ok(Next::Again);
        }
        decision.put(GONE, greedy.gone.to_bytes());
        if again {
            return Ok(Next::Again);
        }
        for (name, count) in [("pairs_compared", tallies[0]), ("pairs_alike", alike_pairs), ("pairs_left_out", tallies[1])] {
            decision.count(name, count);
        }
        let step = match self.rule {
            Rule::Greedy => Step::Settle,
            Rule::Components if Union::bytes(&paired).is_some_and(|bytes| bytes <= self.memory as u64) => {
                decision.put(PAIRED, paired.to_bytes());
                Step::Link
            }
            Rule::Components => Step::Spread,
        };
        step.put(decision);
        Ok(Next::Again)
    }

    /// The pairs found alike, each once.
    pub(super) fn each_edge(&self, notes: &mut dyn NoteStream, mut see: impl FnMut(Place, Place, f64)) -> Result<()> {
        let mut last = None;
        while let Some(record) = self.next_record(notes)? {
            // A pair that meets in several bands, or in two rounds, comes more than once.
            if let Record::Edge { later, earlier, alike } = record
                && last.replace((later, earlier)) != Some((later, earlier))
            {
                see(later, earlier, alike);
            }
        }
        Ok(())
    }

    /// The last round of the greedy choice, which is made: each document that goes finds the one because of which it does.
    pub(super) fn settle(&self, round: &Round<'_>, notes: &mut dyn NoteStream, emit: &mut impl FnMut(Record)) -> Result<()> {
        let gone = round.decided.get(GONE)?.and_then(|bytes| Bits::from_bytes(&bytes)).ok_or_else(damaged)?;
        let mut done = None;
        self.each_edge(notes, |later, earlier, alike| {
            emit(Record::Edge { later, earlier, alike });
            if done != Some(later) && gone.has(later.doc) && !gone.has(earlier.doc) {
                done = Some(later);
                emit(Record::Gone { document: later.doc, other: earlier.doc, alike });
                emit(Record::Follower { leader: earlier.doc, document: later.doc, alike });
            }
        })
    }

    /// Connected components, first: the pairs, to be sorted by their earlier document.
    pub(super) fn links(&self, notes: &mut dyn NoteStream, emit: &mut impl FnMut(Record)) -> Result<()> {
        self.each_edge(notes, |later, earlier, alike| {
            emit(Record::Edge { later, earlier, alike });
            emit(Record::Link { earlier, later, alike });
        })
    }

    /// Then: they are united.
    pub(super) fn unite(&self, outcomes: &mut dyn NoteStream, decision: &mut Decision) -> Result<Next> {
        let paired = decision.get(PAIRED)?.and_then(|bytes| Bits::from_bytes(&bytes)).ok_or_else(damaged)?;
        let mut union = Union::of(&paired).ok_or_else(damaged)?;
        drop(paired);
        while let Some(record) = self.next_record(outcomes)? {
            if let Record::Link { earlier, later, .. } = record {
                union.link(earlier.doc, later.doc).ok_or_else(damaged)?;
            }
        }
        union.write(|bytes| decision.append(GROUPS, bytes))?;
        Step::put(Step::Gather, decision);
        Ok(Next::Again)
    }

    /// Then: both sides of each pair, to be sorted by group.
    pub(super) fn gather(&self, round: &Round<'_>, notes: &mut dyn NoteStream, emit: &mut impl FnMut(Record)) -> Result<()> {
        let groups = round.decided.share(GROUPS)?.and_then(Groups::read).ok_or_else(damaged)?;
        while let Some(record) = self.next_record(notes)? {
            match record {
                Record::Link { earlier, later, alike } => {
                    let root = groups.find(earlier.doc).ok_or_else(damaged)?;
                    for (document, other) in [(earlier, later), (later, earlier)] {
                        emit(Record::Linked { root, document, direct: other.doc == root, alike });
                    }
                }
                record => emit(record),
            }
        }
        Ok(())
    }

    /// The last round of connected components: of each group the first document stays, and the others go because of it. How alike one is, is said by its pair with the
    /// first, or else by its pair with whomever it is most like: the last of its records.
    pub(super) fn part(&self, notes: &mut dyn NoteStream, emit: &mut impl FnMut(Record)) -> Result<()> {
        let mut group = Group::default();
        let mut next = self.next_record(notes)?;
        while let Some(record) = next {
            next = self.next_record(notes)?;
            let Record::Linked { root, document, alike, .. } = record else {
                emit(record);
                continue;
            };
            if matches!(next, Some(Record::Linked { root: r, document: d, .. }) if (r, d) == (root, document)) {
                continue;
            }
            if group.leader != root {
                self.lead(std::mem::replace(&mut group, Group { leader: root, first: None }), emit);
            }
            let document = document.doc;
            if document == root {
                continue;
            }
            if document & OLD == 0 {
                emit(Record::Gone { document, other: group.leader, alike });
            }
            emit(Record::Follower { leader: group.leader, document, alike });
            group.first = group.first.filter(|(first, _)| *first < document).or(Some((document, alike)));
        }
        self.lead(group, emit);
        Ok(())
    }

    /// The end of a group, whose first document goes too where none is to stay: because of the first of the others.
    fn lead(&self, group: Group, emit: &mut impl FnMut(Record)) {
        if let (Survivor::None, Some((other, alike))) = (&self.keep, group.first)
            && group.leader & OLD == 0
        {
            emit(Record::Gone { document: group.leader, other, alike });
        }
    }

    /// The end: everything comes sorted.
    pub(super) fn outcome(&self, outcomes: &mut dyn NoteStream, decision: &mut Decision) -> Result<Next> {
        for name in [GONE, PAIRED, GROUPS, STEP] {
            decision.remove(name)?;
        }
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
        Ok(Next::Done)
    }
}
