//! Repeated word n-grams, by hashes; most n-grams that stand once are told apart without one.
//!
//! Definitions of datatrove 0.10.1's `gopher_repetition_filter.py`; lengths are in code points.

mod peers;
#[cfg(test)]
mod tests;

use xxhash_rust::xxh3::xxh3_64;

use super::{Span, bytes::pack_at, chars, slice};

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
    /// Whether the `HEAD` bytes at the start of each word stand at that of another too.
    same_head: Vec<bool>,
    /// Where n-grams of `again_of` words may stand that stand elsewhere too; 0 where that is not known.
    again: Vec<u32>,
    again_of: usize,
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
    /// Where those stand, in order, that stand elsewhere too; a longer n-gram can only if both of its parts do.
    again: Vec<u32>,
    /// A hash of each, right only for what is in `again`.
    hashes: Vec<u64>,
}

impl Rolled {
    /// Makes those of `n` words, `total` of them, the ones to be counted.
    fn grow(&mut self, n: usize, total: usize) {
        if self.n == 0 || self.n >= n {
            self.n = 0;
            self.again.clear();
            self.again.extend(0..total as u32);
            self.hashes.clear();
            self.hashes.resize(total, 0);
        } else {
            let mut next = 0;
            retain(&mut self.again, |at, again| {
                next += 1;
                at < total && again.get(next).is_some_and(|next| *next as usize == at + 1)
            });
        }
    }
}

/// Keeps those places for which `keep` holds, without a branch to be foretold. `keep` is given the list too, in which all entries from the place's own on are
/// as they were.
#[inline]
fn retain(places: &mut Vec<u32>, mut keep: impl FnMut(usize, &[u32]) -> bool) {
    let mut kept = 0;
    for index in 0..places.len() {
        let at = places[index];
        let stays = keep(at as usize, places);
        places[kept] = at;
        kept += usize::from(stays);
    }
    places.truncate(kept);
}

/// Finds the first of equal hashes in a list, and counts them.
#[derive(Clone, Debug, Default)]
struct Index {
    /// Places in the list plus one; 0 where empty. A power of two of them, at most half in use.
    slots: Vec<u32>,
    /// Where the same hash stands first, for each place that was put in.
    firsts: Vec<u32>,
    /// How often the same hash was put in, at the first of them.
    counts: Vec<u32>,
}

impl Index {
    /// For at most `expected` places of a list of `length`.
    fn clear(&mut self, expected: usize, length: usize) {
        self.slots.clear();
        self.slots.resize((expected * 2).next_power_of_two().max(64), 0);
        self.firsts.resize(length, 0);
        self.counts.resize(length, 0);
    }

    /// Puts in the hash at `at` of `hashes`; gives where it was put in first, `at` itself if it is new, and how often it was.
    #[inline(always)]
    fn add(&mut self, at: usize, hashes: &[u64]) -> (usize, u32) {
        let hash = hashes[at];
        let mask = self.slots.len() - 1;
        let mut slot = (hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & mask;
        let first = loop {
            match self.slots[slot] {
                0 => {
                    self.slots[slot] = at as u32 + 1;
                    self.counts[at] = 0;
                    break at;
                }
                place if hashes[place as usize - 1] == hash => break place as usize - 1,
                _ => slot = (slot + 1) & mask,
            }
        };
        self.firsts[at] = first as u32;
        self.counts[first] += 1;
        (first, self.counts[first])
    }

    /// How often the hash at `at`, which was put in, was so.
    fn count(&self, at: usize) -> u32 {
        self.counts[self.firsts[at] as usize]
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
        self.joined.resize(text.len() + HEAD, 0);
        self.rolled.n = 0;
        self.again_of = 0;
        let (mut chars, mut end) = (0, 0);
        for span in words {
            self.chars.push(chars);
            self.starts.push(end as u32);
            let (from, to) = (span.0 as usize, span.1 as usize);
            let (word, packed) = (slice(text, *span).as_bytes(), pack_at(text.as_bytes(), from, to));
            let hash = if word.len() <= 8 {
                // The zeros that are too many are written over.
                self.joined[end..end + 8].copy_from_slice(&packed.to_le_bytes());
                packed
            } else {
                self.joined[end..end + word.len()].copy_from_slice(word);
                xxh3_64(word)
            };
            chars += chars::count_packed(word, packed) as u32;
            end += word.len();
            self.hashes.push(mix(hash ^ (word.len() as u64).rotate_right(4)));
        }
        self.chars.push(chars);
        self.starts.push(end as u32);
        self.joined.truncate(end + HEAD);
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
        let (rolled, marks, words) = (&mut self.rolled, &mut self.marks, &self.hashes);
        rolled.grow(n, total);
        let grown = std::mem::replace(&mut rolled.n, n);
        marks.clear(rolled.again.len());
        for at in rolled.again.iter().map(|at| *at as usize) {
            let hash = words[at + grown..at + n].iter().fold(rolled.hashes[at], |sum, word| mix(sum.wrapping_add(*word)));
            rolled.hashes[at] = hash;
            marks.mark(hash);
        }
        retain(&mut rolled.again, |at, _| marks.may_be_again(rolled.hashes[at]));
        let index = &mut self.index;
        index.clear(rolled.again.len(), total);
        // Of n-grams that stand once, the first counts as well as any.
        let (mut best, mut most) = (0, 1);
        for at in rolled.again.iter().map(|at| *at as usize) {
            let (first, count) = index.add(at, &rolled.hashes);
            if count > most || count == most && first < best {
                (best, most) = (first, count);
            }
        }
        retain(&mut rolled.again, |at, _| index.count(at) > 1);
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
            self.again_of = 0;
        } else if self.again_of != n {
            self.find_again(n);
        }
        let mut grams = std::mem::take(&mut self.grams);
        grams.clear();
        self.index.clear(self.again.len(), self.again.len());
        let (mut next, mut chars) = (0, 0);
        for at in &self.again {
            let at = *at as usize;
            if at < next || at >= total {
                continue;
            }
            grams.push(xxh3_64(self.gram(at, n)));
            if self.index.add(grams.len() - 1, &grams).1 > 1 {
                chars += self.chars(at, n);
                next = at + n;
            }
        }
        self.grams = grams;
        chars
    }

    /// Finds where n-grams may begin that stand elsewhere too: those shorter than `HEAD`, and those whose head does.
    fn find_again(&mut self, n: usize) {
        let places = self.hashes.len();
        if self.again_of == 0 {
            self.find_heads();
        }
        if self.again_of == 0 || self.again_of > n {
            self.again.clear();
            self.again.extend(0..places as u32);
        }
        let (starts, same_head) = (&self.starts, &self.same_head);
        let end = |at: usize| starts[(at + n).min(places)];
        retain(&mut self.again, |at, _| same_head[at] | (end(at) - starts[at] < HEAD as u32));
        self.again_of = n;
    }

    /// Finds which heads stand more than once.
    fn find_heads(&mut self) {
        let head = |start: u32| {
            let bytes = self.joined.get(start as usize..).and_then(|rest| rest.first_chunk::<HEAD>());
            let both = bytes.map_or(0, |head| u128::from_le_bytes(*head));
            mix(both as u64).wrapping_add((both >> 64) as u64)
        };
        let places = self.hashes.len();
        let (heads, marks, index) = (&mut self.grams, &mut self.marks, &mut self.index);
        heads.clear();
        heads.extend(self.starts.iter().take(places).map(|start| head(*start)));
        marks.clear(places);
        heads.iter().for_each(|head| marks.mark(*head));
        self.again.clear();
        self.again.extend(0..places as u32);
        retain(&mut self.again, |at, _| marks.may_be_again(heads[at]));
        index.clear(self.again.len(), places);
        self.again.iter().for_each(|at| _ = index.add(*at as usize, heads));
        self.same_head.clear();
        self.same_head.resize(places, false);
        self.again.iter().for_each(|at| self.same_head[*at as usize] = index.count(*at as usize) > 1);
    }
}

/// Spreads a hash over all its bits.
#[inline]
fn mix(hash: u64) -> u64 {
    let hash = (hash ^ hash >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
    hash ^ hash >> 32
}
