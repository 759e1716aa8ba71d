//! Which documents go, given which are alike: the greedy choice, in input order.

use std::collections::BTreeMap;

/// A set of documents, a bit each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bits {
    splits: BTreeMap<u32, Vec<u64>>,
}

impl Bits {
    /// True for a member.
    pub fn has(&self, document: u64) -> bool {
        let words = self.splits.get(&((document >> 32) as u32));
        words.and_then(|words| words.get(document as u32 as usize / 64)).is_some_and(|word| word >> (document % 64) & 1 == 1)
    }

    /// Adds a member.
    pub fn add(&mut self, document: u64) {
        let words = self.splits.entry((document >> 32) as u32).or_default();
        let place = document as u32 as usize / 64;
        if words.len() <= place {
            words.resize(place + 1, 0);
        }
        words[place] |= 1 << (document % 64);
    }

    /// Members.
    pub fn count(&self) -> u64 {
        self.splits.values().flatten().map(|word| u64::from(word.count_ones())).sum()
    }

    /// Splits with members, and how many documents each has up to the last of them, at most 63 too many.
    pub fn lengths(&self) -> impl Iterator<Item = (u32, usize)> {
        self.splits.iter().map(|(split, words)| (*split, 64 * words.len()))
    }

    /// For a later round.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (split, words) in &self.splits {
            bytes.extend_from_slice(&split.to_le_bytes());
            bytes.extend_from_slice(&(words.len() as u32).to_le_bytes());
            bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        }
        bytes
    }

    /// The inverse; `None` for other bytes.
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Bits> {
        let mut splits = BTreeMap::new();
        while let Some((split, rest)) = bytes.split_first_chunk::<4>() {
            let (length, rest) = rest.split_first_chunk::<4>()?;
            let (words, rest) = rest.split_at_checked(8 * u32::from_le_bytes(*length) as usize)?;
            splits.insert(u32::from_le_bytes(*split), words.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word)).collect());
            bytes = rest;
        }
        Some(Bits { splits })
    }
}

/// The greedy choice over pairs that come ordered by the later document.
#[derive(Debug, Default)]
pub struct Greedy {
    /// Who goes.
    pub gone: Bits,
}

impl Greedy {
    /// Takes a pair of documents alike; true where the later one goes because of the earlier one.
    pub fn edge(&mut self, earlier: u64, later: u64) -> bool {
        // All pairs in which the earlier document is the later one have come before: its fate is known.
        let goes = !self.gone.has(later) && !self.gone.has(earlier);
        if goes {
            self.gone.add(later);
        }
        goes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_survive_their_bytes() {
        let mut bits = Bits::default();
        [0, 63, 64, 1 << 32, (7 << 32) + 1000].into_iter().for_each(|document| bits.add(document));
        assert_eq!(Bits::from_bytes(&bits.to_bytes()), Some(bits.clone()));
        assert_eq!((bits.count(), bits.lengths().collect::<Vec<_>>()), (5, vec![(0, 128), (1, 64), (7, 1024)]));
        assert!(bits.has(64) && !bits.has(65) && bits.has((7 << 32) + 1000) && !bits.has(8 << 32));
        assert_eq!(Bits::from_bytes(&bits.to_bytes()[1..]), None);
    }

    #[test]
    fn nobody_goes_because_of_one_that_goes() {
        let mut greedy = Greedy::default();
        let edges = [(1, 2), (2, 3), (3, 4), (2, 5)];
        assert_eq!(edges.map(|(earlier, later)| greedy.edge(earlier, later)), [true, false, true, false]);
    }
}
