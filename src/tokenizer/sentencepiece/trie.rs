//! Which of many texts a text begins with.

use std::collections::HashMap;

use super::super::pairs::{NONE, PairTable};

/// A tree of bytes: of a node and a byte, the node below in the high half, and in the low the value of the text that ends there plus one, or 0.
pub(super) struct Trie(PairTable);

impl Trie {
    /// Texts with their values, which are below 2^32 - 1.
    pub fn new<'a>(texts: impl Iterator<Item = (&'a str, u32)>) -> Trie {
        let mut nodes: HashMap<(u32, u8), (u32, u32)> = HashMap::new();
        for (text, value) in texts {
            let mut node = 0;
            for (at, byte) in text.bytes().enumerate() {
                let next = nodes.len() as u32 + 1;
                let below = nodes.entry((node, byte)).or_insert((next, 0));
                node = below.0;
                if at + 1 == text.len() {
                    below.1 = value + 1;
                }
            }
        }
        let count = nodes.len();
        Trie(PairTable::new(nodes.into_iter().map(|((node, byte), (below, value))| (node, u32::from(byte), u64::from(below) << 32 | u64::from(value))), count))
    }

    /// Calls `see` with the length and the value of each text that `text` begins with, the shortest first.
    #[inline]
    pub fn prefixes(&self, text: &[u8], mut see: impl FnMut(usize, u32)) {
        let mut node = 0;
        for (length, byte) in (1..).zip(text) {
            let below = self.0.get(node, u32::from(*byte));
            if below == NONE {
                return;
            }
            node = (below >> 32) as u32;
            if let Some(value) = (below as u32).checked_sub(1) {
                see(length, value);
            }
        }
    }

    /// The length of the longest.
    pub fn longest(&self, text: &[u8]) -> Option<usize> {
        let mut longest = None;
        self.prefixes(text, |length, _| longest = Some(length));
        longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_beginnings_are_found() {
        let trie = Trie::new([("a", 0), ("abc", 7), ("桥", 2), ("桥梁", 3)].into_iter());
        let found = |text: &str| {
            let mut found = Vec::new();
            trie.prefixes(text.as_bytes(), |length, value| found.push((length, value)));
            found
        };
        assert_eq!((found("abcd"), found("ab"), found("b"), found("")), (vec![(1, 0), (3, 7)], vec![(1, 0)], vec![], vec![]));
        assert_eq!((found("桥梁a"), trie.longest("桥".as_bytes()), trie.longest("梁".as_bytes())), (vec![(3, 2), (6, 3)], Some(3), None));
    }
}
