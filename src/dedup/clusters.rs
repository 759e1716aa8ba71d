//! Groups of documents that are linked by pairs, however far apart: dense union and find (Galler and Fischer 1964).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::greedy::Bits;

/// What makes a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// A document belongs to the first one that stays and is alike: no chains.
    Greedy,
    /// All that are linked by pairs, however far apart.
    Components,
}

/// Groups in the making.
#[derive(Debug)]
pub struct Union {
    /// By split and ordinal: the document's number, or 0. Documents are numbered from 1 as they are met.
    numbers: BTreeMap<u32, Vec<u32>>,
    /// By number less 1: the number of another document of the group, less 1, that was met before; or its own.
    parents: Vec<u32>,
}

impl Union {
    /// Bytes for groups of these documents: 4 for each document of a split up to the last of them, and 10 at most for each of them. `None` where they are
    /// more than 32 bits can number.
    pub fn bytes(members: &Bits) -> Option<u64> {
        let count = u32::try_from(members.count()).ok()?;
        Some(members.lengths().map(|(_, length)| 4 * length as u64).sum::<u64>() + 10 * u64::from(count))
    }

    /// For pairs of these documents; `None` where they are more than 32 bits can number.
    pub fn of(members: &Bits) -> Option<Union> {
        let count = u32::try_from(members.count()).ok()?;
        let numbers = members.lengths().map(|(split, length)| (split, vec![0; length])).collect();
        Some(Union { numbers, parents: Vec::with_capacity(count as usize) })
    }

    /// Takes a pair of members; `None` for others. Pairs come ordered by their earlier document in survivor order. The document that stays of a
    /// group is the earlier one of all its pairs, and nobody of the group comes before it: so it has the least number of them.
    #[must_use]
    pub fn link(&mut self, earlier: u64, later: u64) -> Option<()> {
        let (a, b) = (self.number(earlier)?, self.number(later)?);
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b) as usize] = a.min(b);
        Some(())
    }

    fn number(&mut self, document: u64) -> Option<u32> {
        let number = self.numbers.get_mut(&((document >> 32) as u32))?.get_mut(document as u32 as usize)?;
        if *number == 0 {
            self.parents.push(self.parents.len() as u32);
            *number = self.parents.len() as u32;
        }
        Some(*number - 1)
    }

    fn root(&mut self, mut at: u32) -> u32 {
        while self.parents[at as usize] != at {
            // Halving the path keeps it short for whoever comes next.
            self.parents[at as usize] = self.parents[self.parents[at as usize] as usize];
            at = self.parents[at as usize];
        }
        at
    }

    /// The groups as bytes, in pieces: how many splits; each split with how many documents; their numbers; how many numbers; the groups by number; the
    /// first documents by group.
    pub fn write<E>(mut self, mut write: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        write(&(self.numbers.len() as u32).to_le_bytes())?;
        for (split, numbers) in &self.numbers {
            write([*split, numbers.len() as u32].map(u32::to_le_bytes).as_flattened())?;
        }
        // A parent has the smaller number, so it has its group already, whose first document is its own parent.
        let mut firsts: Vec<u32> = Vec::new();
        for at in 0..self.parents.len() {
            let parent = self.parents[at] as usize;
            self.parents[at] = if parent == at { firsts.len() as u32 } else { self.parents[parent] };
            if parent == at {
                firsts.push(at as u32);
            }
        }
        let mut leaders = vec![0; firsts.len()];
        for (split, numbers) in &self.numbers {
            for (ordinal, number) in (0u64..).zip(numbers).filter(|(_, number)| **number > 0) {
                let group = self.parents[*number as usize - 1] as usize;
                if firsts[group] == number - 1 {
                    leaders[group] = u64::from(*split) << 32 | ordinal;
                }
            }
        }
        let mut write_all =
            |part: &[u32]| part.chunks(1 << 14).try_for_each(|piece| write(&piece.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>()));
        self.numbers.values().try_for_each(|part| write_all(part))?;
        write_all(&[self.parents.len() as u32])?;
        write_all(&self.parents)?;
        leaders.chunks(1 << 13).try_for_each(|piece| write(&piece.iter().flat_map(|leader: &u64| leader.to_le_bytes()).collect::<Vec<u8>>()))
    }

    /// The groups, in memory.
    pub fn groups(self) -> Option<Groups> {
        let mut bytes = Vec::new();
        let written: Result<(), std::convert::Infallible> = self.write(|piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        });
        written.ok()?;
        Groups::read(bytes.into())
    }
}

/// Groups as [`Union::write`] has written them, read in place.
#[derive(Debug)]
pub struct Groups {
    bytes: Arc<Vec<u8>>,
    /// By split: where its numbers begin, counted in numbers, and how many there are.
    splits: BTreeMap<u32, (usize, usize)>,
    /// Where the groups by number begin, and the first documents.
    groups: usize,
    leaders: usize,
}

impl Groups {
    /// `None` for other bytes.
    pub fn read(bytes: Arc<Vec<u8>>) -> Option<Groups> {
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
        let numbers = u32::from_le_bytes(*all.get(at)?) as usize;
        let (groups, leaders) = (at + 1, at + 1 + numbers);
        let whole = bytes.len().is_multiple_of(4) && leaders <= all.len();
        whole.then_some(Groups { bytes, splits, groups, leaders })
    }

    /// The document that stays of a document's group; `None` for one that is in no pair.
    pub fn find(&self, document: u64) -> Option<u64> {
        let (at, length) = self.splits.get(&((document >> 32) as u32))?;
        let ordinal = document as u32 as usize;
        let number = if ordinal < *length { self.number(at + ordinal)?.checked_sub(1)? } else { return None };
        let leader = self.leaders + 2 * self.number(self.groups + number as usize)? as usize;
        Some(u64::from(self.number(leader + 1)?) << 32 | u64::from(self.number(leader)?))
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
        let mut members = Bits::default();
        pairs.iter().for_each(|(a, b)| [a, b].into_iter().for_each(|document| members.add(*document)));
        let mut union = Union::of(&members).unwrap();
        pairs.iter().for_each(|(earlier, later)| union.link(*earlier, *later).unwrap());
        assert_eq!(union.link(1 << 50, 1), None);
        union.groups().unwrap()
    }

    #[test]
    fn chains_are_followed_over_splits() {
        let far = 7 << 32;
        let found = groups(&[(1, 3), (2, 3), (2, far + 4), (5, 6)]);
        assert_eq!([1, 3, 2, far + 4].map(|document| found.find(document)), [Some(1); 4]);
        assert_eq!([6, 5, 0, far, far + 5, far + 500, 1 << 40].map(|document| found.find(document)), [Some(5), Some(5), None, None, None, None, None]);
        assert!(Groups::read(vec![9, 0, 0, 0, 1].into()).is_none() && Groups::read(Vec::new().into()).is_none());
    }

    #[test]
    fn components_are_those_of_a_search_and_known_by_their_first() {
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
                assert_eq!(found.find(document(one)), paired.then(|| document(least[one as usize])), "seed {seed}, document {one}");
            }
        }
    }
}
