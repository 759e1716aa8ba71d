//! The even rounds of MinHash deduplication: which pairs are to be compared.

use super::{GONE, LEFT_OUT, damaged};
use crate::dedup::greedy::Bits;
use crate::dedup::near::{Buckets, Kind, Record, Redraw};
use crate::stage::{NoteStream, Result, Round};

/// Round 0: pairs out of the buckets.
pub(super) fn first_pairs(notes: &mut dyn NoteStream, emit: &mut impl FnMut(Record)) -> Result<()> {
    let mut buckets = Buckets::default();
    while let Some(note) = notes.next()? {
        let (Some((digest, _)), Some((_, document))) = (note.split_first_chunk::<8>(), note.split_last_chunk::<8>()) else { return Err(damaged()) };
        buckets.add(u64::from_be_bytes(*digest), u64::from_be_bytes(*document), emit);
    }
    buckets.end(emit);
    Ok(())
}

/// Later even rounds: more pairs out of the large buckets, among those that stay so far; passes on the rest.
pub(super) fn more_pairs(round: &Round<'_>, notes: &mut dyn NoteStream, emit: &mut impl FnMut(Record)) -> Result<()> {
    let gone = round.decided.get(GONE)?.and_then(|bytes| Bits::from_bytes(&bytes)).ok_or_else(damaged)?;
    let mut redraw = Redraw::new(round.number / 2);
    while let Some(record) = next_record(notes)? {
        match record.kind {
            Kind::Member => redraw.add(record, !gone.has(record.x), emit),
            Kind::Tally if record.x == LEFT_OUT => {}
            _ => emit(record),
        }
    }
    emit(Record { key: 0, kind: Kind::Tally, x: LEFT_OUT, y: redraw.left_out });
    Ok(())
}

pub(super) fn next_record(notes: &mut dyn NoteStream) -> Result<Option<Record>> {
    notes.next()?.map(|note| Record::from_bytes(note).ok_or_else(damaged)).transpose()
}
