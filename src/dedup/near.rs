//! Which documents are to be compared: candidate pairs out of buckets, in rounds with the greedy choice ([`super::greedy`]).
//!
//! Let E be the pairs of documents that share a bucket and are alike. The survivors are the greedy maximal independent set of E in input order:
//! a document goes exactly if an earlier one that stays is alike. That set is unique. It is found without comparing all members of a large
//! bucket: members are compared with a few representatives, the greedy choice is made over the pairs known to be alike, and as long as two
//! documents that stay share a bucket and were not compared, more representatives are drawn from those that stay. When no such pair is left, the
//! choice is the greedy set of E itself: who goes has an earlier alike document that stays; two that stay are not alike. "Earlier" is survivor
//! order throughout ([`Place`]); documents of an earlier corpus come before all others and are not compared with each other.

use super::records::{Place, Record};

/// Buckets of at most so many members are compared all with all at once.
pub const SMALL: usize = 16;
/// Representatives a larger bucket may have. Pairs of survivors beyond them are left out and counted.
pub const REPRESENTATIVES: u32 = 56;
/// Gathers the members of buckets, which come in order of bucket and document, and draws pairs from them.
#[derive(Debug, Default)]
pub struct Buckets {
    key: u64,
    members: Vec<Place>,
    large: bool,
}

impl Buckets {
    /// The next member.
    pub fn add(&mut self, key: u64, document: Place, emit: &mut impl FnMut(Record)) {
        if key != self.key {
            self.end(emit);
            self.key = key;
        }
        if self.large {
            self.compare_with_first(document, emit);
        } else {
            self.members.push(document);
            if self.members.len() > SMALL {
                self.large = true;
                emit(Record::Member { bucket: key, place: self.members[0], compared: 1 << REPRESENTATIVES });
                for later in self.members.split_off(1) {
                    self.compare_with_first(later, emit);
                }
            }
        }
    }

    /// Ends the last bucket.
    pub fn end(&mut self, emit: &mut impl FnMut(Record)) {
        if !self.large {
            for (number, later) in self.members.iter().enumerate() {
                if !later.is_old() {
                    self.members[..number].iter().for_each(|earlier| emit(Record::Pair { earlier: *earlier, later: *later }));
                }
            }
        }
        self.members.clear();
        self.large = false;
    }

    fn compare_with_first(&self, later: Place, emit: &mut impl FnMut(Record)) {
        if !later.is_old() {
            emit(Record::Pair { earlier: self.members[0], later });
        }
        emit(Record::Member { bucket: self.key, place: later, compared: 1 });
    }
}

/// Draws more pairs from the members of one large bucket after another, given who stays so far.
#[derive(Debug)]
pub struct Redraw {
    key: Option<u64>,
    /// Numbers that new representatives take in this round.
    slots: std::ops::Range<u32>,
    next: u32,
    /// (number, document) of the representatives that stay, in input order.
    standing: Vec<(u32, Place)>,
    /// Members that stay without being a representative, so far.
    others: u64,
    /// Pairs of these that no later round will compare.
    pub left_out: u64,
}

impl Redraw {
    /// The `number`-th redraw, counted from 1: each may take twice as many representatives as the one before.
    pub fn new(number: u32) -> Redraw {
        let bound = |number: u32| 1u32.checked_shl(number).unwrap_or(u32::MAX).saturating_sub(1).min(REPRESENTATIVES);
        let slots = bound(number)..bound(number.saturating_add(1));
        Redraw { key: None, next: slots.start, slots, standing: Vec::new(), others: 0, left_out: 0 }
    }

    /// The next member; `stays` says whether it has not gone so far.
    pub fn add(&mut self, bucket: u64, place: Place, compared: u64, stays: bool, emit: &mut impl FnMut(Record)) {
        if self.key != Some(bucket) {
            self.key = Some(bucket);
            self.next = self.slots.start;
            self.standing.clear();
            self.others = 0;
        }
        let mut number = (compared >> REPRESENTATIVES) as u32;
        let mut compared = compared & ((1 << REPRESENTATIVES) - 1);
        if stays {
            for (representative, document) in &self.standing {
                if compared >> representative & 1 == 0 && !place.is_old() {
                    compared |= 1 << representative;
                    emit(Record::Pair { earlier: *document, later: place });
                }
            }
            if number == 0 && self.next < self.slots.end {
                self.next += 1;
                number = self.next;
            }
            if number > 0 {
                self.standing.push((number - 1, place));
            } else if self.slots.is_empty() && !place.is_old() {
                self.left_out += self.others;
            }
            // A later representative is compared with this one by its own turn only if this one is a representative too.
            self.others += u64::from(number == 0);
        }
        emit(Record::Member { bucket, place, compared: u64::from(number) << REPRESENTATIVES | compared });
    }
}

#[cfg(test)]
mod tests {
    use super::super::greedy::Greedy;
    use super::*;

    /// Plays all rounds over one bucket and an arbitrary likeness; returns who goes, the pairs compared and left out.
    fn play(members: u64, alike: impl Fn(u64, u64) -> bool) -> (Vec<u64>, usize, u64) {
        let (mut out, mut buckets) = (Vec::new(), Buckets::default());
        (0..members).for_each(|doc| buckets.add(9, Place { rank: 0, doc }, &mut |record| out.push(record)));
        buckets.end(&mut |record| out.push(record));
        let (mut edges, mut compared) = (std::collections::BTreeSet::new(), 0);
        for number in 1.. {
            let (mut large, mut pairs) = (Vec::new(), 0);
            for record in std::mem::take(&mut out) {
                match record {
                    Record::Pair { earlier, later } => {
                        pairs += 1;
                        if alike(earlier.doc, later.doc) {
                            edges.insert((later.doc, earlier.doc));
                        }
                    }
                    Record::Member { bucket, place, compared } => large.push((bucket, place, compared)),
                    other => panic!("{other:?}"),
                }
            }
            compared += pairs;
            let mut greedy = Greedy::default();
            for (later, earlier) in &edges {
                greedy.edge(*earlier, *later);
            }
            let mut redraw = Redraw::new(number);
            large.sort();
            large.into_iter().for_each(|(bucket, place, done)| redraw.add(bucket, place, done, !greedy.gone.has(place.doc), &mut |record| out.push(record)));
            if !out.iter().any(|record| matches!(record, Record::Pair { .. })) {
                return ((0..members).filter(|document| greedy.gone.has(*document)).collect(), compared, redraw.left_out);
            }
        }
        unreachable!()
    }

    #[test]
    fn rounds_end_at_the_greedy_set() {
        for seed in 0..300u64 {
            let members = 2 + seed % 60;
            let chance = 1 + seed % 7;
            let alike = |a: u64, b: u64| super::super::mix(seed << 40 | a << 20 | b).is_multiple_of(chance * chance);
            let mut greedy = Greedy::default();
            let all = (0..members).flat_map(|later| (0..later).map(move |earlier| (earlier, later)));
            for (earlier, later) in all.filter(|(a, b)| alike(*a, *b)) {
                greedy.edge(earlier, later);
            }
            let (gone, _, left_out) = play(members, alike);
            if left_out == 0 {
                assert_eq!(gone, (0..members).filter(|document| greedy.gone.has(*document)).collect::<Vec<_>>(), "seed {seed}");
            }
        }
    }

    #[test]
    fn work_in_a_large_bucket_is_bounded() {
        assert_eq!(play(5000, |_, _| true).1, 4999);
        assert_eq!(play(5000, |a, _| a == 1).1, 4999 + 4998 + 4997, "the first is like none, the second like all but the first");
        let (gone, compared, left_out) = play(500, |_, _| false);
        assert!(gone.is_empty() && compared < 500 * REPRESENTATIVES as usize);
        assert_eq!(left_out as usize, 500 * 499 / 2 - compared);
    }
}
