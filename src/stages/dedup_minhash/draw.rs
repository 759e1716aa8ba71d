//! The even rounds of MinHash deduplication: which pairs are to be compared.

use super::{GONE, LEFT_OUT, NearDuplicates, damaged};
use crate::dedup::greedy::Bits;
use crate::dedup::near::{Buckets, Redraw};
pub(super) use crate::dedup::records::Place;
use crate::dedup::records::Record;
use crate::stage::{NoteStream, Result, Round};

impl NearDuplicates {
    /// Round 0: pairs out of the buckets, or links to the first of each bucket where nothing is compared.
    pub(super) fn first_pairs(&self, notes: &mut dyn NoteStream, emit: &mut impl FnMut(Record)) -> Result<()> {
        let mut old = self.old.as_deref().map(|old| old.bands());
        let mut buckets = Buckets::default();
        let mut bucket: Option<([u8; 8], Place)> = None;
        while let Some(note) = notes.next()? {
            let (Some((digest, rest)), Some((_, document))) = (note.split_first_chunk::<8>(), note.split_last_chunk::<8>()) else { return Err(damaged()) };
            let rank = if self.form.ranked { rest.first_chunk::<8>().map_or(0, |rank| u64::from_be_bytes(*rank)) } else { 0 };
            let place = Place { rank, doc: u64::from_be_bytes(*document) };
            let key = u64::from_be_bytes(*digest);
            let mut first = bucket.filter(|(same, _)| same == digest).map(|(_, first)| first);
            if let (None, Some(old)) = (first, &mut old) {
                old.find(digest, |number, _| {
                    let place = Place::old(number);
                    first.get_or_insert(place);
                    if self.threshold.is_some() {
                        buckets.add(key, place, emit);
                    }
                });
            }
            match (self.threshold, first) {
                (Some(_), _) => buckets.add(key, place, emit),
                (None, Some(first)) => emit(Record::Edge { later: place, earlier: first, alike: f64::NAN }),
                (None, None) => {}
            }
            bucket = Some((*digest, first.unwrap_or(place)));
        }
        buckets.end(emit);
        Ok(())
    }

    /// Later even rounds: more pairs out of the large buckets, among those that stay so far; passes on the rest.
    pub(super) fn more_pairs(&self, round: &Round<'_>, notes: &mut dyn NoteStream, emit: &mut impl FnMut(Record)) -> Result<()> {
        let gone = round.decided.get(GONE)?.and_then(|bytes| Bits::from_bytes(&bytes)).ok_or_else(damaged)?;
        let mut redraw = Redraw::new(round.number / 2);
        while let Some(record) = self.next_record(notes)? {
            match record {
                Record::Member { bucket, place, compared } => redraw.add(bucket, place, compared, !gone.has(place.doc), emit),
                Record::Tally { what: LEFT_OUT, .. } => {}
                record => emit(record),
            }
        }
        emit(Record::Tally { what: LEFT_OUT, count: redraw.left_out });
        Ok(())
    }

    pub(super) fn next_record(&self, notes: &mut dyn NoteStream) -> Result<Option<Record>> {
        notes.next()?.map(|note| self.form.read(note).ok_or_else(damaged)).transpose()
    }
}
