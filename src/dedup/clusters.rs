//! Groups of documents that are linked by pairs, however far apart: dense union and find (Galler and Fischer 1964).

use std::collections::BTreeMap;

/// What makes a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// A document belongs to the first one that stays and is alike: no chains.
    Greedy,
    /// All that are linked by pairs, however far apart.
    Components,
}

/// Groups in the making: 4 bytes for each document of a split up to the last that is in a pair, and 4 for each that is in one.
#[derive(Debug, Default)]
pub struct Union {
    /// By split and ordinal: the document's number, or 0. Documents are numbered from 1 as they are met.
    numbers: BTreeMap<u32, Vec<u32>>,
    /// By number less 1: the number of another document of the group, less 1, that was met before; or its own.
    parents: Vec<u32>,
}

impl Union {
    /// Takes a pair; `None` where there are more documents than 32 bits can number. Pairs come ordered by their earlier document in survivor order. The document
    /// that stays of a group is the earlier one of all its pairs, and nobody of the group comes before it: so it has the least number of them.
    #[must_use]
    pub fn link(&mut self, earlier: u64, later: u64) -> Option<()> {
        let (a, b) = (self.number(earlier)?, self.number(later)?);
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b) as usize] = a.min(b);
        Some(())
    }

    fn number(&mut self, document: u64) -> Option<u32> {
        let numbers = self.numbers.entry((document >> 32) as u32).or_default();
        let ordinal = document as u32 as usize;
        if numbers.len() <= ordinal {
            numbers.resize(ordinal + 1, 0);
        }
        if numbers[ordinal] == 0 {
            let number = u32::try_from(self.parents.len()).ok().filter(|number| *number < u32::MAX)?;
            self.parents.push(number);
            numbers[ordinal] = number + 1;
        }
        Some(numbers[ordinal] - 1)
    }

    fn root(&mut self, mut at: u32) -> u32 {
        while self.parents[at as usize] != at {
            // Halving the path keeps it short for whoever comes next.
            self.parents[at as usize] = self.parents[self.parents[at as usize] as usize];
            at = self.parents[at as usize];
        }
        at
    }

    /// The groups as bytes, in pieces: how many splits; each split with how many documents; their numbers; the roots by number.
    pub fn write<E>(mut self, mut write: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        write(&(self.numbers.len() as u32).to_le_bytes())?;
        for (split, numbers) in &self.numbers {
            write([*split, numbers.len() as u32].map(u32::to_le_bytes).as_flattened())?;
        }
        // A parent has the smaller number, so one step leads to the root of whoever has its own already.
        for at in 0..self.parents.len() {
            self.parents[at] = self.parents[self.parents[at] as usize];
        }
        for part in self.numbers.values().chain([&self.parents]) {
            for piece in part.chunks(1 << 14) {
                let bytes: Vec<u8> = piece.iter().flat_map(|number| number.to_le_bytes()).collect();
                write(&bytes)?;
            }
        }
        Ok(())
    }
}

/// Groups as [`Union::write`] has written them, read in place.
#[derive(Debug)]
pub struct Groups {
    bytes: Vec<u8>,
    /// By split: where its numbers begin, counted in numbers, and how many there are.
    splits: BTreeMap<u32, (usize, usize)>,
    /// Where the roots begin.
    roots: usize,
}

impl Groups {
    /// `None` for other bytes.
    pub fn read(bytes: Vec<u8>) -> Option<Groups> {
        let all = bytes.as_chunks::<4>().0;
        let (count, rest) = all.split_first()?;
        let mut splits = BTreeMap::new();
        let heads = rest.get(..2 * u32::from_le_bytes(*count) as usize)?;
        let mut at = 1 + heads.len();
        for head in heads.as_chunks::<2>().0 {
            let [split, length] = head.map(u32::from_le_bytes);
            splits.insert(split, (at, length as usize));
            at += length as usize;
        }
        let whole = bytes.len().is_multiple_of(4) && at <= all.len();
        whole.then_some(Groups { bytes, splits, roots: at })
    }

    /// The number of the document that stays of a document's group, and the document's own; `None` for one that is in no pair.
    pub fn find(&self, document: u64) -> Option<(u32, u32)> {
        let (at, length) = self.splits.get(&((document >> 32) as u32))?;
        let ordinal = document as u32 as usize;
        let number = if ordinal < *length { self.number(at + ordinal)?.checked_sub(1)? } else { return None };
        Some((self.number(self.roots + number as usize)?, number))
    }

    fn number(&self, at: usize) -> Option<u32> {
        self.bytes.as_chunks::<4>().0.get(at).map(|number| u32::from_le_bytes(*number))
    }
}

#[cfg(test)]
mod tests {
    use super::super::mix;
    use super::*;

    fn groups(pairs: &[(u64, u64)]) -> Groups {
        let (mut union, mut bytes) = (Union::default(), Vec::new());
        pairs.iter().for_each(|(earlier, later)| union.link(*earlier, *later).unwrap());
        union
            .write(|piece| {
                bytes.extend_from_slice(piece);
                Ok::<_, ()>(())
            })
            .unwrap();
        Groups::read(bytes).unwrap()
    }

    #[test]
    fn chains_are_followed_over_splits() {
        let far = 7 << 32;
        let found = groups(&[(1, 3), (2, 3), (2, far + 4), (5, 6)]);
        let root = |document| found.find(document).map(|(root, _)| root);
        assert_eq!([1, 3, 2, far + 4].map(root), [found.find(1).map(|(_, own)| own); 4]);
        assert_eq!((root(6), root(0), root(far), root(far + 5), root(1 << 40)), (found.find(5).map(|(_, own)| own), None, None, None, None));
        assert!(root(5) != root(1) && Groups::read(vec![9, 0, 0, 0, 1]).is_none() && Groups::read(Vec::new()).is_none());
    }

    #[test]
    fn components_are_those_of_a_search_and_their_first_has_the_least_number() {
        for seed in 0..200u64 {
            let roll = |what: u64| mix(mix(seed + 1) ^ what);
            let (documents, count) = (2 + roll(0) % 40, roll(1) % 50);
            let pairs = (0..count).map(|n| (roll(2 * n + 9) % documents, roll(2 * n + 10) % documents)).filter(|(a, b)| a != b);
            let mut pairs: Vec<(u64, u64)> = pairs.map(|(a, b)| (a.min(b), a.max(b))).collect();
            // Survivor order is that of these numbers; the documents lie elsewhere, in two splits.
            let document = |rank: u64| (rank % 2) << 32 | (mix(rank) % 97) << 6 | rank;
            pairs.sort_unstable();
            let mut least: Vec<u64> = (0..documents).collect();
            for _ in 0..documents {
                for (a, b) in &pairs {
                    let both = least[*a as usize].min(least[*b as usize]);
                    (least[*a as usize], least[*b as usize]) = (both, both);
                }
            }
            let found = groups(&pairs.iter().map(|(a, b)| (document(*a), document(*b))).collect::<Vec<_>>());
            for one in 0..documents {
                let paired = pairs.iter().any(|(a, b)| *a == one || *b == one);
                let first = found.find(document(least[one as usize])).map(|(_, own)| own);
                assert_eq!(found.find(document(one)).map(|(root, _)| root), first.filter(|_| paired), "seed {seed}, document {one}");
            }
        }
    }
}
