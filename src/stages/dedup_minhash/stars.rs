//! Connected components that do not fit into memory: rounds of stars over sorted pairs. Nothing is held but the document at hand.

use super::outcome::Step;
use super::{NearDuplicates, damaged};
use crate::dedup::records::{Place, Record};
use crate::dedup::stars::Stars;
use crate::stage::{Decision, Next, NoteStream, Result};

/// Count of the pairs that a round has moved.
const MOVED: u64 = 2;

impl NearDuplicates {
    /// First: each pair both ways.
    pub(super) fn spread(&self, notes: &mut dyn NoteStream, emit: &mut impl FnMut(Record)) -> Result<()> {
        self.each_edge(notes, |later, earlier, alike| {
            emit(Record::Edge { later, earlier, alike });
            emit(Record::Near { of: earlier, with: later });
            emit(Record::Near { of: later, with: earlier });
        })
    }

    /// Then, in turn: large stars,
    pub(super) fn large_stars(&self, notes: &mut dyn NoteStream, emit: &mut impl FnMut(Record)) -> Result<()> {
        // What the round before has moved is known: counting begins anew.
        self.stars(Stars::large(), false, notes, emit)
    }

    /// and small ones, whose pairs go both ways again.
    pub(super) fn small_stars(&self, notes: &mut dyn NoteStream, emit: &mut impl FnMut(Record)) -> Result<()> {
        self.stars(Stars::small(), true, notes, &mut |record| {
            if let Record::Near { of, with } = record {
                emit(Record::Near { of: with, with: of });
            }
            emit(record);
        })
    }

    fn stars(&self, mut stars: Stars, counts: bool, notes: &mut dyn NoteStream, emit: &mut impl FnMut(Record)) -> Result<()> {
        while let Some(record) = self.next_record(notes)? {
            match record {
                Record::Near { of, with } => {
                    if let Some((of, with)) = stars.pair(of, with) {
                        emit(Record::Near { of, with });
                    }
                }
                Record::Tally { .. } if !counts => {}
                record => emit(record),
            }
        }
        emit(Record::Tally { what: MOVED, count: stars.moved });
        Ok(())
    }

    /// Whether either kind has moved a pair since the last pair of rounds.
    pub(super) fn again(&self, outcomes: &mut dyn NoteStream, decision: &mut Decision) -> Result<Next> {
        let mut moved = 0;
        while let Some(record) = self.next_record(outcomes)? {
            match record {
                Record::Tally { what: MOVED, count } => moved += count,
                // Tallies come before all documents but the very first.
                Record::Near { of: place, .. } | Record::Edge { later: place, .. } if place != Place::default() => break,
                Record::Near { .. } | Record::Edge { .. } => {}
                _ => return Err(damaged()),
            }
        }
        let step = if moved == 0 { Step::Sides } else { Step::Large };
        step.put(decision);
        Ok(Next::Again)
    }

    /// In the end: both sides of each pair, to be sorted to where their group stands.
    pub(super) fn sides(&self, notes: &mut dyn NoteStream, emit: &mut impl FnMut(Record)) -> Result<()> {
        while let Some(record) = self.next_record(notes)? {
            match record {
                Record::Edge { later, earlier, alike } => {
                    emit(record);
                    emit(Record::Side { document: later, other: earlier, alike });
                    emit(Record::Side { document: earlier, other: later, alike });
                }
                Record::Near { of, with } if with < of => emit(record),
                Record::Near { .. } | Record::Tally { .. } => {}
                _ => return Err(damaged()),
            }
        }
        Ok(())
    }

    /// Each side finds its group: that of the one document which its own is near, or its own.
    pub(super) fn join(&self, notes: &mut dyn NoteStream, emit: &mut impl FnMut(Record)) -> Result<()> {
        let mut near = None;
        while let Some(record) = self.next_record(notes)? {
            match record {
                Record::Near { of, with } => near = Some((of, with)),
                Record::Side { document, other, alike } => {
                    let root = near.filter(|(of, _)| *of == document).map_or(document, |(_, root)| root);
                    emit(Record::Linked { root: root.doc, document, direct: other == root, alike });
                }
                record => emit(record),
            }
        }
        Ok(())
    }
}
