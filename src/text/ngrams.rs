//! Repeated word n-grams, by hashes; most n-grams that stand once are told apart without one.
//!
//! Definitions of datatrove 0.10.1's `gopher_repetition_filter.py`; lengths are in code points.

mod peers;

use xxhash_rust::xxh3::xxh3_64;

use super::{Span, bytes::pack, chars, slice};

/// What n-gram counting needs to know of the words of a text.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// A hash of each word.
    hashes: Vec<u64>,
    /// Characters in the words before each word; one entry more than there are words.
    chars: Vec<u32>,
    /// All words, joined by nothing, and `HEAD` bytes of padding.
    joined: Vec<u8>,
    /// Where each word starts in `joined`; one entry more.
    starts: Vec<u32>,
    rolled: Rolled,
    /// Where n-grams of `FEW` words or more may stand that stand elsewhere too.
    again: Vec<u32>,
    again_known: bool,
    /// Hashes of the n-grams looked at.
    grams: Vec<u64>,
    marks: Marks,
    index: Index,
}

/// n-grams of at least `HEAD` bytes are alike only if their first `HEAD` bytes are.
const HEAD: usize = 16;
/// No n-gram of fewer words is asked for often.
const FEW: usize = 5;

/// The n-grams last counted, from which those of one word more are made.
#[derive(Clone, Debug, Default)]
struct Rolled {
    n: usize,
    /// A hash of each; right only where `again` holds.
    hashes: Vec<u64>,
    /// Whether the same words stand elsewhere too; a longer n-gram can only if both of its parts do.
    again: Vec<bool>,
    /// Those that may stand elsewhere too; the two below are right for these alone.
    suspects: Vec<u32>,
    /// Where the same words stand first.
    firsts: Vec<u32>,
    /// How often the same words stand, at the first of them.
    counts: Vec<u32>,
}

/// Finds the first of equal hashes in a list.
#[derive(Clone, Debug, Default)]
struct Index {
    /// Places in the list plus one; 0 where empty. A power of two of them, at most half in use.
    slots: Vec<u32>,
}

impl Index {
    fn clear(&mut self, expected: usize) {
        self.slots.clear();
        self.slots.resize((expected * 2).next_power_of_two().max(64), 0);
    }

    /// Where the hash at `at` of `hashes` was put in first: `at` itself if it is new.
    #[inline]
    fn first(&mut self, at: usize, hashes: &[u64]) -> usize {
        let hash = hashes[at];
        let mask = self.slots.len() - 1;
        let mut slot = (hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & mask;
        loop {
            match self.slots[slot] {
                0 => {
                    self.slots[slot] = at as u32 + 1;
                    return at;
                }
                place if hashes[place as usize - 1] == hash => return place as usize - 1,
                _ => slot = (slot + 1) & mask,
            }
        }
    }
}

/// Tells most hashes that occur once from those that may occur again, in little memory.
#[derive(Clone, Debug, Default)]
struct Marks {
    /// For each of 64 hash values a bit: met once, met again.
    planes: Vec<[u64; 2]>,
}

impl Marks {
    fn clear(&mut self, expected: usize) {
        self.planes.clear();
        self.planes.resize((expected / 8).next_power_of_two().max(8), [0; 2]);
    }

    #[inline]
    fn place(&self, hash: u64) -> (usize, u64) {
        let mixed = hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 24;
        ((mixed >> 6) as usize & (self.planes.len() - 1), 1 << (mixed & 63))
    }

    #[inline]
    fn mark(&mut self, hash: u64) {
        let (place, bit) = self.place(hash);
        let [once, again] = &mut self.planes[place];
        *again |= *once & bit;
        *once |= bit;
    }

    #[inline]
    fn may_be_again(&self, hash: u64) -> bool {
        let (place, bit) = self.place(hash);
        self.planes[place][1] & bit != 0
    }
}

impl Words {
    /// Learns the words of `text`.
    pub fn learn(&mut self, text: &str, words: &[Span]) {
        self.hashes.clear();
        self.hashes.reserve(words.len());
        for list in [&mut self.chars, &mut self.starts] {
            list.clear();
            list.reserve(words.len() + 1);
        }
        self.joined.clear();
        self.joined.reserve(text.len() + HEAD);
        self.rolled.n = 0;
        self.again_known = false;
        let mut chars = 0;
        for span in words {
            self.chars.push(chars);
            self.starts.push(self.joined.len() as u32);
            let word = slice(text, *span);
            self.joined.extend_from_slice(word.as_bytes());
            chars += chars::count(word) as u32;
            let hash = if word.len() <= 8 { pack(word.as_bytes()) } else { xxh3_64(word.as_bytes()) };
            self.hashes.push(mix(hash ^ (word.len() as u64).rotate_right(4)));
        }
        self.chars.push(chars);
        self.starts.push(self.joined.len() as u32);
        self.joined.resize(self.joined.len() + HEAD, 0);
    }

    /// The bytes of the `n` words at `at`, joined by nothing.
    fn gram(&self, at: usize, n: usize) -> &[u8] {
        match (self.starts.get(at), self.starts.get(at + n)) {
            (Some(from), Some(to)) => self.joined.get(*from as usize..*to as usize).unwrap_or_default(),
            _ => &[],
        }
    }

    /// Characters of the `n` words at `at`.
    fn chars(&self, at: usize, n: usize) -> usize {
        match (self.chars.get(at), self.chars.get(at + n)) {
            (Some(from), Some(to)) => (to - from) as usize,
            _ => 0,
        }
    }

    /// Characters of the most frequent n-gram, words joined by spaces, times its count; of several the first in the text.
    /// 0 where there is no n-gram.
    pub fn top(&mut self, n: usize) -> usize {
        let total = (self.hashes.len() + 1).saturating_sub(n);
        if total == 0 || n == 0 {
            return 0;
        }
        let (first, count) = self.count(n, total);
        (self.chars(first, n) + n - 1) * count
    }

    /// Counts the `total` n-grams; the place of the most frequent, the first of several, and its count.
    fn count(&mut self, n: usize, total: usize) -> (usize, usize) {
        let rolled = &mut self.rolled;
        if rolled.n == 0 || rolled.n >= n {
            rolled.n = 0;
            rolled.hashes.clear();
            rolled.hashes.resize(total, 0);
            rolled.again.clear();
            rolled.again.resize(total + 1, true);
        }
        let (grown, words) = (rolled.n, &self.hashes);
        rolled.n = n;
        self.marks.clear(total);
        for at in 0..total {
            rolled.again[at] &= rolled.again[at + 1];
            if rolled.again[at] {
                let hash = words[at + grown..at + n].iter().fold(rolled.hashes[at], |sum, word| mix(sum.wrapping_add(*word)));
                rolled.hashes[at] = hash;
                self.marks.mark(hash);
            }
        }
        let marks = &self.marks;
        rolled.suspects.clear();
        rolled.suspects.extend((0..total).filter(|at| rolled.again[*at] && marks.may_be_again(rolled.hashes[*at])).map(|at| at as u32));
        rolled.counts.resize(total, 0);
        rolled.firsts.resize(total, 0);
        self.index.clear(rolled.suspects.len());
        // Of n-grams that stand once, the first counts as well as any.
        let (mut best, mut most) = (0, 1);
        for at in rolled.suspects.iter().map(|at| *at as usize) {
            let first = self.index.first(at, &rolled.hashes);
            rolled.firsts[at] = first as u32;
            rolled.counts[first] = if first == at { 1 } else { rolled.counts[first] + 1 };
            let count = rolled.counts[first];
            if count > most || count == most && first < best {
                (best, most) = (first, count);
            }
        }
        rolled.again.truncate(total);
        rolled.again.fill(false);
        for at in rolled.suspects.iter().map(|at| *at as usize) {
            rolled.again[at] = rolled.counts[rolled.firsts[at] as usize] > 1;
        }
        (best, most as usize)
    }

    /// Characters in n-grams that stand earlier too, words joined by nothing; after such an n-gram the search goes on behind it.
    pub fn repeated(&mut self, n: usize) -> usize {
        let total = (self.hashes.len() + 1).saturating_sub(n);
        if n == 0 || total == 0 {
            return 0;
        }
        if n < FEW {
            self.again.clear();
            self.again.extend(0..total as u32);
            self.again_known = false;
        } else if !self.again_known {
            self.find_again();
        }
        let mut grams = std::mem::take(&mut self.grams);
        grams.clear();
        self.index.clear(self.again.len());
        let (mut next, mut chars) = (0, 0);
        for at in &self.again {
            let at = *at as usize;
            if at < next || at >= total {
                continue;
            }
            grams.push(xxh3_64(self.gram(at, n)));
            if self.index.first(grams.len() - 1, &grams) < grams.len() - 1 {
                chars += self.chars(at, n);
                next = at + n;
            }
        }
        self.grams = grams;
        chars
    }

    /// Finds where n-grams of `FEW` words or more may begin that stand elsewhere too: those shorter than `HEAD`, and those whose head does.
    fn find_again(&mut self) {
        let head = |start: u32| {
            let bytes = self.joined.get(start as usize..).and_then(|rest| rest.first_chunk::<HEAD>());
            let both = bytes.map_or(0, |head| u128::from_le_bytes(*head));
            mix(both as u64).wrapping_add((both >> 64) as u64)
        };
        let grams = self.starts.iter().zip(self.starts.get(FEW..).unwrap_or_default());
        self.grams.clear();
        self.grams.extend(grams.clone().map(|(start, _)| head(*start)));
        self.marks.clear(self.grams.len());
        self.grams.iter().for_each(|head| self.marks.mark(*head));
        self.again.clear();
        for ((at, (start, end)), head) in grams.enumerate().zip(&self.grams) {
            if end - start < HEAD as u32 || self.marks.may_be_again(*head) {
                self.again.push(at as u32);
            }
        }
        self.again_known = true;
    }
}

/// Spreads a hash over all its bits.
#[inline]
fn mix(hash: u64) -> u64 {
    let hash = (hash ^ hash >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
    hash ^ hash >> 32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Splitter;

    fn learnt(text: &str) -> Words {
        let (mut spans, mut words) = (Vec::new(), Words::default());
        Splitter::Whitespace.split(text, &mut spans);
        words.learn(text, &spans);
        words
    }

    #[test]
    fn the_first_of_the_most_frequent_counts() {
        assert_eq!(learnt("a bb c a bb c").top(2), 2 * 4);
        assert_eq!(learnt("éé b c").top(2), 4);
        assert_eq!(learnt("a").top(2), 0);
        assert_eq!(learnt("").top(1), 0);
    }

    #[test]
    fn repeated_ngrams_do_not_overlap() {
        assert_eq!(learnt("é é é é é é").repeated(2), 4);
        assert_eq!(learnt("a b c d a b c").repeated(3), 3);
        assert_eq!(learnt("a b").repeated(3), 0);
    }

    #[test]
    fn words_joined_alike_are_alike() {
        assert_eq!(learnt("ab c x a bc").repeated(2), 3);
    }

    #[test]
    fn long_words_hash_alike_wherever_they_stand() {
        let word = "é".repeat(100);
        assert_eq!(learnt(&format!("{word} x {word} x")).repeated(2), 101);
        assert_eq!(learnt(&format!("{word}a {word}b")).top(1), 101);
    }
}
