//! Groups of documents that are linked by pairs, where they do not fit into memory: large stars and small stars in turn (Kiveris et al. 2014, "Connected
//! components in MapReduce and beyond").
//!
//! Pairs come sorted: those of one document side by side, whomever it is paired with in survivor order. A star hangs these on the first of them: a large
//! star those after the document, a small star those before it. The first of a group comes nearer to all of it with each, in about the logarithm of the longest way.
//! When neither finds anything to move, every document but the first of its group is paired with that one alone.

use super::records::Place;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Large,
    Small,
}

/// One star after the other; nothing but the document at hand is held.
#[derive(Debug)]
pub struct Stars {
    kind: Kind,
    /// The document at hand, the first of its star, and whomever it was last paired with.
    hand: Option<(Place, Place, Place)>,
    /// Pairs that were moved.
    pub moved: u64,
}

impl Stars {
    /// Large stars. They want each pair both ways.
    pub fn large() -> Stars {
        Stars { kind: Kind::Large, hand: None, moved: 0 }
    }

    /// Small stars. They want each pair under the later document.
    pub fn small() -> Stars {
        Stars { kind: Kind::Small, hand: None, moved: 0 }
    }

    /// Takes a pair of `of`; gives the pair that comes of it, later document first.
    pub fn pair(&mut self, of: Place, with: Place) -> Option<(Place, Place)> {
        let before = self.hand.filter(|(same, ..)| *same == of);
        if before.is_some_and(|(.., last)| last == with) {
            return None;
        }
        let first = before.map_or(of.min(with), |(_, first, _)| first);
        self.hand = Some((of, first, with));
        let (pair, moved) = match self.kind {
            Kind::Large if with > of => ((with, first), first != of),
            Kind::Small if with == first => ((of, first), false),
            Kind::Small if with < of => ((with, first), true),
            _ => return None,
        };
        self.moved += u64::from(moved);
        Some(pair)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::clusters::Union;
    use super::super::greedy::Bits;
    use super::super::mix;
    use super::*;

    /// Documents of one split are in survivor order; the order of the splits is another than theirs.
    fn place(doc: u64) -> Place {
        Place { rank: mix(1 + (doc >> 32)) % 5, doc }
    }

    /// The first of each document's group, and how many rounds of both stars that took.
    fn stars(pairs: &[(u64, u64)]) -> (BTreeMap<u64, u64>, u32) {
        let mut pairs: Vec<(Place, Place)> = pairs.iter().map(|(a, b)| (place(*a), place(*b))).collect();
        for round in 1..200 {
            let (mut large, mut small) = (Stars::large(), Stars::small());
            let mut both: Vec<_> = pairs.iter().flat_map(|(a, b)| [(*a, *b), (*b, *a)]).collect();
            both.sort_unstable();
            let mut one: Vec<_> = both.into_iter().filter_map(|(a, b)| large.pair(a, b)).collect();
            one.sort_unstable();
            pairs = one.into_iter().filter_map(|(a, b)| small.pair(a, b)).collect();
            if large.moved + small.moved == 0 {
                return (pairs.iter().flat_map(|(a, b)| [(a.doc, b.doc), (b.doc, b.doc)]).collect(), round);
            }
        }
        panic!("stars that do not end");
    }

    /// The same by union and find.
    fn united(pairs: &[(u64, u64)]) -> BTreeMap<u64, u64> {
        let mut ordered: Vec<(Place, Place)> = pairs.iter().map(|(a, b)| (place(*a).min(place(*b)), place(*a).max(place(*b)))).collect();
        ordered.sort_unstable();
        let mut members = Bits::default();
        pairs.iter().for_each(|(a, b)| [a, b].into_iter().for_each(|document| members.add(*document)));
        let mut union = Union::of(&members).unwrap();
        ordered.iter().for_each(|(earlier, later)| union.link(earlier.doc, later.doc).unwrap());
        let groups = union.groups().unwrap();
        pairs.iter().flat_map(|(a, b)| [*a, *b]).map(|document| (document, groups.find(document).unwrap())).collect()
    }

    #[test]
    fn stars_are_the_components_of_random_graphs() {
        for seed in 0..300u64 {
            let roll = |what: u64| mix(mix(seed + 1) ^ what);
            let (documents, count) = (2 + roll(0) % 200, roll(1) % 300);
            // Few hubs or none, so that groups are deep as well as wide.
            let end = |n: u64| if roll(3 * n + 9).is_multiple_of(1 + seed % 9) { roll(n) % 3 % documents } else { roll(3 * n + 10) % documents };
            let document = |number: u64| ((mix(number + 1) % 7) << 32) | number;
            let pairs: Vec<(u64, u64)> = (0..count).map(|n| (document(end(2 * n)), document(end(2 * n + 1)))).filter(|(a, b)| a != b).collect();
            let (found, rounds) = stars(&pairs);
            assert_eq!(found, united(&pairs), "seed {seed}");
            assert!(rounds < 12, "seed {seed}: {rounds} rounds");
        }
    }

    #[test]
    fn chains_of_a_hundred_thousand_end_in_a_few_rounds() {
        const LENGTH: u64 = 100_000;
        // In order, scattered (by a prime above), and over several splits.
        let orders: [fn(u64) -> u64; 3] = [|at| at, |at| at * 40_009 % 100_003, |at| ((at % 7) << 32) | (at / 7)];
        for (number, order) in orders.into_iter().enumerate() {
            let pairs: Vec<(u64, u64)> = (1..LENGTH).map(|at| (order(at - 1), order(at))).collect();
            let (found, rounds) = stars(&pairs);
            assert_eq!(found, united(&pairs), "order {number}");
            assert_eq!((found.len() as u64, found.values().min() == found.values().max()), (LENGTH, true), "order {number}");
            assert!(rounds <= 20, "order {number}: {rounds} rounds");
        }
    }

    #[test]
    fn a_star_is_left_as_it_is() {
        let pairs: Vec<(u64, u64)> = (1..1000).map(|leaf| (leaf, 0)).collect();
        let first = |pairs: &[(u64, u64)]| stars(pairs).1;
        let centre = (0..1000).min_by_key(|doc| place(*doc)).unwrap();
        let swapped: Vec<(u64, u64)> = (0..1000).filter(|leaf| *leaf != centre).map(|leaf| (leaf, centre)).collect();
        assert_eq!((first(&swapped), first(&[]), first(&pairs) <= 3), (1, 1, true));
    }
}
