//! What the rounds of near-duplicate search tell each other, as bytes that sort: pairs to compare, pairs alike, members of large buckets, who
//! goes and because of whom, counts.

use super::mix;

/// Bit of a document's number that says it is of an earlier corpus, not of this one.
pub const OLD: u64 = 1 << 63;
/// Bit of a similarity, its sign, that says that it is one to the document that stays.
const DIRECT: u64 = 1 << 63;
/// Bytes of the longest record.
const WIDEST: usize = 41;

/// A document in survivor order: whoever has the smaller place stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// What the rule for who stays makes of it (see [`super::rank`]).
    pub rank: u64,
    /// Its number: packed so that input order is its order.
    pub doc: u64,
}

impl Place {
    /// A document of an earlier corpus: before all of this one, whose ranks begin at 1 then.
    pub fn old(number: u64) -> Place {
        Place { rank: 0, doc: OLD | number }
    }

    /// True for a document of an earlier corpus.
    pub fn is_old(self) -> bool {
        self.doc & OLD != 0
    }
}

/// A note of the rounds after the first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Record {
    /// To be compared. Pairs of one earlier document sort side by side.
    Pair {
        /// Whoever would stay.
        earlier: Place,
        /// Whoever would go.
        later: Place,
    },
    /// Found alike. Edges sort by the later document in survivor order.
    Edge {
        /// Whoever would go.
        later: Place,
        /// Whoever would stay.
        earlier: Place,
        /// Their similarity; not a number where it was not measured.
        alike: f64,
    },
    /// A member of a large bucket.
    Member {
        /// The bucket's digest.
        bucket: u64,
        /// The member.
        place: Place,
        /// The representatives it was compared with, a bit each, and above them its own number among them.
        compared: u64,
    },
    /// A document goes. Sorts by the document.
    Gone {
        /// The document.
        document: u64,
        /// Because of whom.
        other: u64,
        /// Their similarity.
        alike: f64,
    },
    /// A document of a group. Sorts by the one that stays, then by the document.
    Follower {
        /// The document that stays.
        leader: u64,
        /// The document.
        document: u64,
        /// Their similarity.
        alike: f64,
    },
    /// Found alike. Links sort by the earlier document in survivor order.
    Link {
        /// Whoever would stay.
        earlier: Place,
        /// Whoever would go.
        later: Place,
        /// Their similarity; not a number where it was not measured.
        alike: f64,
    },
    /// One side of a link. Sorts by the group, then by the document in survivor order; of one document's, the link to the one that stays sorts last, before it the most alike.
    Linked {
        /// The document that stays.
        root: u64,
        /// The document.
        document: Place,
        /// Whether the other side is the document that stays.
        direct: bool,
        /// Their similarity.
        alike: f64,
    },
    /// Found alike, or connected through others. Sorts by the first document, then by the second in survivor order.
    Near {
        /// A document.
        of: Place,
        /// Another of its group.
        with: Place,
    },
    /// One side of a link, while its group is not known. Sorts by the document, behind whom it is near.
    Side {
        /// The document.
        document: Place,
        /// The other side.
        other: Place,
        /// Their similarity.
        alike: f64,
    },
    /// A count.
    Tally {
        /// Of what.
        what: u64,
        /// How many.
        count: u64,
    },
}

/// How records are written: with ranks, or without where all are 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Whether ranks are written.
    pub ranked: bool,
    /// Upper bits that no document's number uses. Where there are no ranks, keys leave them out, so that their first byte tells documents apart and key
    /// ranges are of one size.
    pub spare: u32,
}

impl Form {
    /// Bytes of a record.
    pub fn width(self) -> usize {
        if self.ranked { WIDEST } else { 25 }
    }

    /// Calls `with` with the bytes: 8 bytes of key (16 with ranks), the kind, a place, a number, all big-endian.
    pub fn write<T>(self, record: Record, with: impl FnOnce(&[u8]) -> T) -> T {
        let (high, low, kind, place, number) = match record {
            Record::Pair { earlier, later } => (mix(earlier.doc), earlier.rank, 0, later, earlier.doc),
            Record::Edge { later, earlier, alike } => (later.rank, later.doc, 1, earlier, alike.to_bits()),
            Record::Member { bucket, place, compared } => (bucket, 0, 2, place, compared),
            Record::Gone { document, other, alike } => (document, 0, 4, Place { rank: 0, doc: other }, alike.to_bits()),
            Record::Follower { leader, document, alike } => (leader, 0, 5, Place { rank: 0, doc: document }, alike.to_bits()),
            Record::Link { earlier, later, alike } => (earlier.rank, earlier.doc, 6, later, alike.to_bits()),
            Record::Linked { root, document, direct, alike } => {
                let bits = alike.to_bits() & !DIRECT | if direct { DIRECT } else { 0 };
                // Ordinals are spread more evenly than splits.
                (root.reverse_bits(), 0, 7, document, bits)
            }
            Record::Near { of, with } => (of.doc.reverse_bits(), of.rank, 8, with, 0),
            Record::Side { document, other, alike } => (document.doc.reverse_bits(), document.rank, 9, other, alike.to_bits()),
            Record::Tally { what, count } => (0, 0, 3, Place { rank: 0, doc: what }, count),
        };
        let mut bytes = [0; WIDEST];
        let mut at = 0;
        let mut put = |part: &[u8]| {
            bytes[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        };
        if self.ranked {
            put(&high.to_be_bytes());
            put(&low.to_be_bytes());
        } else {
            put(&match kind {
                1 | 6 => low << self.spare,
                4 | 5 => high << self.spare,
                _ => high,
            }
            .to_be_bytes());
        }
        put(&[kind]);
        if self.ranked {
            put(&place.rank.to_be_bytes());
        }
        put(&place.doc.to_be_bytes());
        put(&number.to_be_bytes());
        with(&bytes[..at])
    }

    /// The inverse; `None` for other bytes.
    pub fn read(self, bytes: &[u8]) -> Option<Record> {
        let mut rest = bytes;
        let high = number(&mut rest)?;
        let low = if self.ranked { number(&mut rest)? } else { 0 };
        let (kind, after) = rest.split_first()?;
        rest = after;
        let high = if !self.ranked && matches!(kind, 1 | 4 | 5 | 6) { high >> self.spare } else { high };
        let place = Place { rank: if self.ranked { number(&mut rest)? } else { 0 }, doc: number(&mut rest)? };
        let key = if self.ranked { Place { rank: high, doc: low } } else { Place { rank: 0, doc: high } };
        let last = number(&mut rest)?;
        if !rest.is_empty() {
            return None;
        }
        Some(match kind {
            0 => Record::Pair { earlier: Place { rank: low, doc: last }, later: place },
            1 => Record::Edge { later: key, earlier: place, alike: f64::from_bits(last) },
            2 => Record::Member { bucket: high, place, compared: last },
            3 => Record::Tally { what: place.doc, count: last },
            4 => Record::Gone { document: high, other: place.doc, alike: f64::from_bits(last) },
            5 => Record::Follower { leader: high, document: place.doc, alike: f64::from_bits(last) },
            6 => Record::Link { earlier: key, later: place, alike: f64::from_bits(last) },
            7 => Record::Linked { root: high.reverse_bits(), document: place, direct: last & DIRECT != 0, alike: f64::from_bits(last & !DIRECT) },
            8 => Record::Near { of: Place { rank: low, doc: high.reverse_bits() }, with: place },
            9 => Record::Side { document: Place { rank: low, doc: high.reverse_bits() }, other: place, alike: f64::from_bits(last) },
            _ => return None,
        })
    }
}

fn number(rest: &mut &[u8]) -> Option<u64> {
    let (head, tail) = rest.split_first_chunk::<8>()?;
    *rest = tail;
    Some(u64::from_be_bytes(*head))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_survive_their_bytes_and_edges_sort_in_survivor_order() {
        for (ranked, spare) in [(false, 0), (false, 24), (true, 24)] {
            let form = Form { ranked, spare };
            let rank = |rank| if ranked { rank } else { 0 };
            let (a, b) = (Place { rank: rank(1 << 60), doc: 7 << 32 }, Place { rank: rank(5), doc: 9 << 32 });
            let records = [
                Record::Pair { earlier: b, later: a },
                Record::Edge { later: a, earlier: b, alike: 0.875 },
                Record::Member { bucket: 3, place: a, compared: 9 },
                Record::Tally { what: 1, count: 1000 },
                Record::Gone { document: 7 << 32, other: OLD | 3, alike: 0.5 },
                Record::Follower { leader: if ranked { OLD | 3 } else { 3 }, document: 7 << 32, alike: 0.5 },
                Record::Link { earlier: b, later: a, alike: 0.875 },
                Record::Linked { root: OLD | 3, document: a, direct: false, alike: 0.5 },
                Record::Linked { root: 3, document: b, direct: true, alike: 0.5 },
                Record::Near { of: a, with: b },
                Record::Side { document: a, other: b, alike: 0.5 },
            ];
            for record in records {
                form.write(record, |bytes| {
                    assert_eq!((bytes.len(), form.read(bytes)), (form.width(), Some(record)));
                    assert_eq!((form.read(&bytes[1..]), form.read(&[bytes, &[0]].concat())), (None, None));
                });
            }
            let linked = |doc, direct, alike| form.write(Record::Linked { root: 3, document: Place { rank: 0, doc }, direct, alike }, <[u8]>::to_vec);
            assert!([linked(1, false, 0.5), linked(1, false, 0.9), linked(1, true, 0.2), linked(2, false, 0.1)].is_sorted());
            let near = |with| form.write(Record::Near { of: a, with }, <[u8]>::to_vec);
            let side = form.write(Record::Side { document: a, other: Place::default(), alike: 0.5 }, <[u8]>::to_vec);
            assert!(near(a.min(b)) < near(a.max(b)) && near(a.max(b)) < side);
            let bytes = |later| form.write(Record::Edge { later, earlier: b, alike: 1.0 }, <[u8]>::to_vec);
            let mut places = [a, b, Place { rank: rank(5), doc: 8 << 32 }];
            let mut sorted = places.map(bytes);
            sorted.sort();
            places.sort();
            assert_eq!(sorted, places.map(bytes));
        }
    }
}
